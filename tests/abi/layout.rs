//! Structs: C's view and Rust's against `layout.tsv`.

use crate::support::{assert_known, compilers, root, scratch, table};
use std::collections::BTreeMap;

/// Structs of the genuine headers that ours does not show: of its hash tables,
/// trace files, server and private bookkeeping. (Some exist as opaque types.)
const STRUCTS_LEFT_OUT: &[&str] = &[
    "dhcp_context_t",
    "hashed_object_t",
    "omapi_buffer_t",
    "omapi_handle_table_t",
    "omapi_listener_object_t",
    "struct hash_bucket",
    "struct hash_table",
    "struct named_hash",
    "trace_addr_t",
    "trace_iov_t",
    "trace_type_t",
    "tracefile_header_t",
    "trace_index_mapping_t",
    "tracepacket_t",
];

/// Every size, alignment, offset and field type that the genuine headers have.
#[test]
fn layout_in_c() {
    if cfg!(not(target_pointer_width = "64")) {
        return println!("left out: layout (the table is for 64-bit machines)");
    }
    let rows = table("layout", 5);
    assert_known(STRUCTS_LEFT_OUT, &rows);
    let mut text = String::from("#include <dhcpctl.h>\n#include <assert.h>\n");
    let mut seen = 0;
    for row in &rows {
        let [structure, field, offset, size, kind] = &row[..] else {
            panic!("{row:?}");
        };
        if STRUCTS_LEFT_OUT.contains(&&structure[..]) {
            continue;
        }
        seen += 1;
        let mut expect = |what: &str, value: &str| {
            text += &format!("static_assert({what} == {value}, \"{structure} {field}\");\n");
        };
        match &field[..] {
            "(sizeof)" => expect(&format!("sizeof({structure})"), size),
            "(alignof)" if structure.ends_with('*') => {}
            "(alignof)" => expect(
                &format!("offsetof(struct {{ char c; {structure} x; }}, x)"),
                size,
            ),
            _ => {
                let member = format!("(({structure} *) 0)->{field}");
                expect(&format!("offsetof({structure}, {field})"), offset);
                expect(&format!("sizeof({member})"), size);
                if !kind.is_empty() && !kind.contains("(anonymous)") {
                    text += &format!("SAME_TYPE({member}, {kind}, \"{structure} {field}\");\n");
                }
            }
        }
        if field == "(sizeof)" && kind.contains("signed") {
            let unsigned = u8::from(kind.contains("unsigned"));
            let positive = format!("(({structure}) -1 > ({structure}) 0)");
            // C++ compares enums as it likes.
            let in_c = if kind.contains("enum") { " // C" } else { "" };
            text += &format!("static_assert({positive} == {unsigned}, \"{structure}\");{in_c}\n");
        }
    }
    assert!(seen > 200, "{seen} rows compared");
    let dir = scratch("layout");
    for compiler in compilers() {
        // Types can be compared in C only; an offset of a struct made on the
        // spot is C too.
        let same_type = if compiler.is_c() {
            "static_assert(_Generic(&(member), __typeof__(type) *: 1, default: 0), name)"
        } else {
            "static_assert(true, name)"
        };
        let text = format!("#define SAME_TYPE(member, type, name) {same_type}\n{text}");
        let in_c_only = |l: &str| l.ends_with(" // C") || l.contains("struct { char c;");
        let text: String = text
            .lines()
            .filter(|l| compiler.is_c() || !in_c_only(l))
            .map(|l| format!("{l}\n"))
            .collect();
        if let Err(said) = compiler.check(&dir, "layout", &text) {
            panic!("{said}");
        }
        // The comparison is able to fail.
        let wrong = text.replace(
            "offsetof(omapi_value_t, name) == 8",
            "offsetof(omapi_value_t, name) == 4",
        );
        assert_ne!(wrong, text);
        let said = compiler
            .check(&dir, "layout_wrong", &wrong)
            .expect_err("4 is wrong");
        assert!(said.contains("omapi_value_t name"), "{said}");
    }
}

/// The compile-time asserts of `layout.rs` say what the table says, field by field.
#[test]
fn layout_in_rust() {
    let source = std::fs::read_to_string(root().join("src/abi/layout.rs")).expect("layout.rs");
    let (_, asserts) = source.split_once("\nlayout! {\n").expect("layout!");
    let mut rust: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for line in asserts.lines().take_while(|l| *l != "}") {
        let (name, rest) = line.trim().split_once(": ").expect(line);
        let (size, rest) = rest.split_once(" {").expect(line);
        let fields = rest.strip_suffix('}').expect(line).split(", ");
        let mut fields: BTreeMap<String, String> = fields
            .map(|f| f.trim_start_matches("r#").split_once(' ').expect(line))
            .map(|(field, offset)| (field.to_owned(), offset.to_owned()))
            .collect();
        fields.insert("(sizeof)".into(), size.into());
        rust.insert(name.into(), fields);
    }

    let mut table_: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for row in table("layout", 5) {
        let (name, field) = (&row[0], &row[1]);
        // The system's, and a second name of omapi_auth_key_t.
        let foreign = name.starts_with("struct ");
        if foreign || STRUCTS_LEFT_OUT.contains(&&name[..]) || field.contains('.') {
            continue;
        }
        let value = match &field[..] {
            "(alignof)" => continue,
            "(sizeof)" => &row[3],
            _ => &row[2],
        };
        let fields = table_.entry(name.clone()).or_default();
        fields.insert(field.clone(), value.clone());
    }
    // A type with nothing but a size is a number, pointer or enum.
    table_.retain(|_, fields| fields.len() > 1);
    assert!(table_.len() > 15);
    assert_eq!(rust, table_);
}
