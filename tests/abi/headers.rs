//! The header is fresh; it and every wrapper can be used as programs do.

use crate::support::{compilers, header, root, scratch};

#[test]
fn header_is_fresh() {
    let new = xtask::header::generate(root()).unwrap_or_else(|e| panic!("{e}"));
    if let Some(diff) = xtask::diff::lines(&header(), &new) {
        panic!("run `cargo run -p xtask -- header`:\n{diff}");
    }
}

/// What programs do with the types, and the old names of codes.
#[test]
fn programs_compile() {
    const USE: &str = r#"
#define INCLUDE_OLD_DHCP_ISC_ERROR_CODES
#include <dhcpctl/dhcpctl.h>

struct __omapi_object *any;
struct __omapi_object_type_t *kind;
struct auth_key *key;

typedef struct my_object {
    OMAPI_OBJECT_PREAMBLE;
    int mine;
} my_object_t;
static_assert(offsetof(my_object_t, mine) == sizeof(omapi_object_t), "preamble");
OMAPI_OBJECT_ALLOC_DECL(my_object, my_object_t, my_type)
OMAPI_ARRAY_TYPE_DECL(my_object, my_object_t);

extern isc_result_t my_signal(omapi_object_t *o, const char *name, va_list ap);
extern unsigned use_all(omapi_typed_data_t *t, my_object_t *o, omapi_auth_key_t *k, omapi_value_t *v);

unsigned use_all(omapi_typed_data_t *t, my_object_t *o, omapi_auth_key_t *k, omapi_value_t *v) {
    isc_boolean_t yes = ISC_TRUE;
    dhcpctl_handle none = dhcpctl_null_handle;
    omapi_object_type_t type;
    struct auth_key *same = k;
    type.signal_handler = my_signal;
    type.next = dhcpctl_remote_type;
    t->type = omapi_datatype_data;
    t->u.integer = -1;
    t->u.buffer.len = 1;
    t->u.buffer.value[0] = 0;
    t->u.object = (omapi_object_t *) o;
    t->u.ref.ptr = o;
    o->outer = o->inner = none;
    v->name->len = same->key->len;
    dmalloc_reuse(o, __FILE__, __LINE__, 0);
    if (yes && ISC_RESULTCLASS_INCLASS(ISC_RESULTCLASS_DHCP, DHCP_R_CONNRESET))
        return ISC_R_CONNRESET + (unsigned) o->mine + (unsigned) omapi_signal_in(none, "x", 1, MDL);
    return type.size != 0;
}

int main(void) { return 0; }
"#;
    // These expand to calls of functions, which have to be declared.
    const MACROS: &str = r#"
omapi_object_type_t *my_type;
OMAPI_OBJECT_ALLOC(my_object, my_object_t, my_type)
OMAPI_ARRAY_TYPE(my_object, my_object_t)
extern int sum(omapi_array_t *array);
int sum(omapi_array_t *array) {
    int total = 0;
    omapi_array_foreach_begin(array, my_object_t, item) {
        total += item->mine;
    }
    omapi_array_foreach_end(array, my_object_t, item)
    return total;
}
"#;
    let dir = scratch("programs");
    for compiler in compilers() {
        let text = format!("#include <assert.h>\n{USE}{MACROS}");
        // Casts between kinds of functions and unused arguments are in the
        // nature of these macros.
        let source = compiler.source(&dir, "use", &text);
        let quiet = ["-Wno-cast-function-type", "-Wno-unused-parameter"];
        let arguments = [&["-fsyntax-only"], &quiet[..]].concat();
        if let Err(said) = compiler.run(&[source], &arguments) {
            panic!("{said}");
        }
    }
}

/// `dhcpctl.h` and every wrapper, as one would include them.
fn all_headers() -> Vec<String> {
    let include = root().join("include");
    let mut headers = vec!["dhcpctl.h".to_owned()];
    for entry in std::fs::read_dir(&include).expect("include") {
        let folder = entry.expect("entry").path();
        if !folder.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&folder).expect("folder") {
            let path = entry.expect("entry").path();
            let name = path.strip_prefix(&include).expect("below include");
            headers.push(name.to_str().expect("text").to_owned());
        }
    }
    assert!(headers.len() >= 15, "{headers:?}");
    headers
}

/// Every header by itself, twice, in two files of one program.
#[test]
fn every_header_alone() {
    let headers = all_headers();
    let dir = scratch("headers");
    let compilers = compilers();
    std::thread::scope(|scope| {
        for compiler in &compilers {
            let (headers, dir) = (&headers, &dir);
            scope.spawn(move || {
                for header in headers {
                    let stem = header.replace(['/', '.', '-'], "_");
                    let twice = format!("#include <{header}>\n#include <{header}>\n");
                    let main = format!("{twice}int main(void) {{ return (int) ISC_R_SUCCESS; }}\n");
                    let other =
                        format!("{twice}extern dhcpctl_status other;\ndhcpctl_status other;\n");
                    let sources = [
                        compiler.source(dir, &format!("{stem}_main"), &main),
                        compiler.source(dir, &format!("{stem}_other"), &other),
                    ];
                    let program = dir.join(format!("{stem}.{}.out", compiler.program));
                    let to = program.to_str().expect("a path in UTF-8");
                    if let Err(said) = compiler.run(&sources, &["-o", to]) {
                        panic!("<{header}>: {said}");
                    }
                }
            });
        }
    });
}

/// The header and its wrappers say nothing that C of 1989 did not know, but for
/// `bool`, which the genuine ones have too.
#[test]
fn old_c() {
    let mut text = String::new();
    for header in all_headers() {
        text += &format!("#include <{header}>\n");
    }
    let dir = scratch("old_c");
    for compiler in compilers().iter().filter(|c| c.is_c()) {
        let source = compiler.source(&dir, "old", &text);
        let language = ["-std=c89", "-Wno-c99-extensions"];
        let arguments = [&["-fsyntax-only", "-D_DEFAULT_SOURCE"], &language[..]].concat();
        if let Err(said) = compiler.run(&[source], &arguments) {
            panic!("{said}");
        }
    }
}
