//! Every function of the table with NULL in each of its pointer arguments: a C
//! program made from the prototypes. It has to come back, each time.

use super::{Build, Linkage, Run, Workshop, all_pass, root};
use std::fmt::Write;

/// The text of a valid value for an argument; `None` for an unknown type.
fn valid(kind: &str, function: &str) -> Option<&'static str> {
    let kind: String = kind.split_whitespace().collect::<Vec<_>>().join(" ");
    // A slot that receives something is empty, one that gives something up is
    // not. Both are in memory of the heap.
    let slot = |full: &'static str| {
        if function.ends_with("_dereference") {
            full
        } else {
            "zeroes()"
        }
    };
    Some(match &kind[..] {
        "omapi_object_t *" | "dhcpctl_handle" => "object()",
        "omapi_object_t **" | "dhcpctl_handle *" => slot("full(object())"),
        "omapi_generic_object_t *" => "generic()",
        "omapi_generic_object_t **" => slot("full(generic())"),
        "omapi_message_object_t *" => "message()",
        "omapi_message_object_t **" => slot("full(message())"),
        "omapi_auth_key_t *" => "key()",
        "omapi_auth_key_t **" => slot("full(key())"),
        "omapi_data_string_t *" | "dhcpctl_data_string" => "bytes()",
        "omapi_data_string_t **" | "dhcpctl_data_string *" => slot("full(bytes())"),
        "omapi_typed_data_t *" => "typed()",
        "omapi_typed_data_t **" => slot("full(typed())"),
        "omapi_value_t *" => "value()",
        "omapi_value_t **" => slot("full(value())"),
        "omapi_addr_list_t *" => "addresses()",
        "omapi_addr_list_t **" => slot("full(addresses())"),
        "omapi_array_t *" => "array()",
        "omapi_array_t **" => {
            if function.ends_with("_free") {
                "full(array())"
            } else {
                "zeroes()"
            }
        }
        "omapi_array_ref_t" => "no_reference",
        "omapi_array_deref_t" => "no_dereference",
        "omapi_object_type_t *" => "omapi_type_generic",
        "const char *" => "text()",
        "char *" => "(char *) zeroes()",
        "const char **" => "texts()",
        "const unsigned char *" => "(const unsigned char *) text()",
        "struct timeval *" => "no_time()",
        "omapi_object_type_t **"
        | "omapi_addr_t *"
        | "isc_msgcat_t *"
        | "void *"
        | "char **"
        | "int *"
        | "long unsigned int *"
        | "dhcpctl_status *"
        | "omapi_handle_t *" => "zeroes()",
        "int" | "unsigned int" | "omapi_handle_t" | "size_t" | "isc_result_t" => "1",
        "omapi_datatype_t" => "omapi_datatype_int",
        "..." => "1",
        "va_list" => "",
        _ if kind.contains("(*)") => "NULL",
        _ => return None,
    })
}

/// The arguments of a prototype, split at the commas outside of parentheses.
fn arguments(prototype: &str) -> Vec<&str> {
    let open = prototype.find('(').expect("a function");
    let inside = &prototype[open + 1..prototype.rfind(')').expect("a function")];
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (i, c) in inside.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                found.push(inside[start..i].trim());
                start = i + 1;
            }
            _ => {}
        }
    }
    found.push(inside[start..].trim());
    found.retain(|a| *a != "void");
    found
}

fn is_pointer(kind: &str) -> bool {
    kind.contains('*')
        || ["dhcpctl_handle", "dhcpctl_data_string"].contains(&kind)
        || kind.starts_with("omapi_array_") && kind.ends_with("ref_t")
}

/// The program, and how many calls it makes.
fn program() -> (String, usize) {
    let table = std::fs::read_to_string(root().join("data/abi/required.tsv")).expect("the table");
    let (mut calls, mut main, mut count) = (String::new(), String::new(), 0);
    for row in table.lines().filter(|l| !l.starts_with('#')) {
        let cells: Vec<&str> = row.split('\t').collect();
        let &[name, "T", _, prototype] = &cells[..] else {
            continue;
        };
        let kinds = arguments(prototype);
        let pointers: Vec<usize> = (0..kinds.len()).filter(|&i| is_pointer(kinds[i])).collect();
        // One after the other, and all at once.
        let mut rounds: Vec<Vec<usize>> = pointers.iter().map(|&i| vec![i]).collect();
        if pointers.len() > 1 {
            rounds.push(pointers);
        }
        for nulls in rounds {
            let words: Vec<&str> = (0..kinds.len())
                .filter(|&i| kinds[i] != "va_list")
                .map(|i| {
                    if nulls.contains(&i) {
                        "NULL"
                    } else {
                        valid(kinds[i], name).unwrap_or_else(|| {
                            panic!("{name} has an argument of type {}", kinds[i])
                        })
                    }
                })
                .collect();
            let call = if kinds.contains(&"va_list") {
                format!("handle({name}, {}, 1, NULL)", words.join(", "))
            } else {
                format!("{name}({})", words.join(", "))
            };
            writeln!(calls, "static void call{count}(void) {{ (void) {call}; }}").expect("text");
            writeln!(
                main,
                "    try(call{count}, \"{}\");",
                call.replace('"', "\\\"")
            )
            .expect("text");
            count += 1;
        }
    }
    let values = root().join("c-tests/nulls.h");
    let text = format!(
        "#include \"{}\"\n\n{calls}\nint main(void)\n{{\n    tap_begin(120);\n    \
         dhcpctl_initialize();\n{main}    return tap_end();\n}}\n",
        values.display()
    );
    (text, count)
}

#[test]
fn every_function_survives_null() {
    let workshop = Workshop::new();
    let (text, count) = program();
    println!("{count} calls");
    assert!(count > 300, "{count}");
    let source = workshop.folder().join("nulls.c");
    std::fs::write(&source, text).expect("written");
    let source = source.to_str().expect("a path in UTF-8").to_owned();
    all_pass([Linkage::Shared, Linkage::Static].map(|linkage| {
        let build = Build {
            linkage,
            ..Build::PLAIN
        };
        workshop.compile(&source, build)?.check(&Run::default())
    }));
}
