//! Prototypes against `required.tsv`, both ways.

use crate::TIERS_IN_FORCE;
use crate::support::{Required, compilers, declarations, declared, required, scratch};
use std::collections::BTreeSet;

#[test]
fn prototypes() {
    let declarations = declarations();
    let required = required();
    let (there, missing): (Vec<&Required>, Vec<&Required>) = required
        .iter()
        .partition(|r| declared(&declarations, &r.name));
    println!("{} declared, {} not yet", there.len(), missing.len());
    let lacking: Vec<&str> = missing
        .iter()
        .filter(|r| TIERS_IN_FORCE.contains(&r.tier))
        .map(|r| &r.name[..])
        .collect();
    assert!(lacking.is_empty(), "not declared: {lacking:?}");

    let in_c = |declarations: String| {
        format!(
            "#include <dhcpctl.h>\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\
             {declarations}\n#ifdef __cplusplus\n}}\n#endif\n"
        )
    };
    let right = in_c(
        there
            .iter()
            .map(|r| format!("{};\n", r.prototype))
            .collect(),
    );
    let wrong = in_c(
        there
            .iter()
            .map(|r| match &r.kind[..] {
                "T" => format!("struct wrong *{}(void);\n", r.name),
                _ => format!("extern struct wrong *{};\n", r.name),
            })
            .collect(),
    );
    // As little different as can be: one `int` made a `long`.
    let slightly = "isc_result_t omapi_typed_data_new (const char *, long, \
        omapi_typed_data_t **, omapi_datatype_t, ...);";
    let dir = scratch("prototypes");
    for compiler in compilers() {
        if let Err(said) = compiler.check(&dir, "right", &right) {
            panic!("{said}");
        }
        let source = compiler.source(&dir, "wrong", &wrong);
        let all_errors = if compiler.program.starts_with("clang") {
            "-ferror-limit=0"
        } else {
            "-fmax-errors=0"
        };
        let said = compiler
            .run(&[source], &["-fsyntax-only", all_errors])
            .expect_err("all are wrong");
        for r in &there {
            assert!(said.contains(&r.name), "{} is not among the errors", r.name);
        }
        // C++ would take another function of that name for an overload.
        if compiler.is_c() {
            let said = compiler.check(&dir, "slightly", &in_c(slightly.into()));
            assert!(
                said.expect_err("long is wrong")
                    .contains("omapi_typed_data_new")
            );
        }
    }
}

/// Only the functions of the table are declared, so a program never meets one at
/// compile time that is missing when it links.
#[test]
fn nothing_else_is_declared() {
    let required: BTreeSet<String> = required().into_iter().map(|r| r.name).collect();
    let mut seen = 0;
    for line in declarations().lines() {
        let starts = line.starts_with(|c: char| c.is_ascii_lowercase());
        if !starts || line.starts_with("typedef ") || line.ends_with('{') {
            continue;
        }
        let Some((before, _)) = line.split_once(['(', ';']) else {
            continue;
        };
        let name = before.rsplit([' ', '*']).next().unwrap_or_default();
        assert!(required.contains(name), "not genuine: {line}");
        seen += 1;
    }
    assert!(seen >= 3, "{seen}");
}
