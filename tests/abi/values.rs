//! Constants, result codes and their texts.

use crate::support::{assert_known, compilers, scratch, table};
use omapi::status::Status;

/// Constants that ours leaves out, for the same reason, or because they are in
/// <omapip/isclib.h>, which no program outside ISC's tree can include.
const CONSTANTS_LEFT_OUT: &[&str] = &[
    // hash tables, buffers, trace files, handle tables
    "DEFAULT_HASH_SIZE",
    "KEY_HASH_SIZE",
    "OMAPI_BUF_SIZE",
    "OMAPI_HANDLE_TABLE_SIZE",
    "TRACEFILE_MAGIC",
    "TRACEFILE_VERSION",
    "TRACE_INDEX_MAPPING_SIZE",
    // BIND's signing interface
    "SIG_MODE_INIT",
    "SIG_MODE_UPDATE",
    "SIG_MODE_FINAL",
    "SIG_MODE_ALL",
    // memory debugging
    "RC_LEASE",
    "RC_MISC",
    "DMDOFFSET",
    "DMDSIZE",
    "DMALLOC_PREAMBLE (default build)",
    // <omapip/isclib.h>
    "DHCP_CONTEXT_PRE_DB",
    "DHCP_CONTEXT_POST_DB",
    "DHCP_DNS_CLIENT_LAZY_INIT",
    "MAXWIRE",
    "DHCP_MAXDNS_WIRE",
    "DHCP_MAXNS",
    "DHCP_HMAC_MD5_NAME",
    "DHCP_HMAC_SHA1_NAME",
    "DHCP_HMAC_SHA224_NAME",
    "DHCP_HMAC_SHA256_NAME",
    "DHCP_HMAC_SHA384_NAME",
    "DHCP_HMAC_SHA512_NAME",
    // compared by `boolean_is_c_bool`
    "isc_boolean_t (C type)",
];

#[test]
fn constants_and_result_codes() {
    let rows = table("constants", 2);
    assert_known(CONSTANTS_LEFT_OUT, &rows);
    let mut expected = String::new();
    let mut prints = String::new();
    let results = table("results", 4)
        .into_iter()
        .filter(|row| !row[0].starts_with('('));
    for row in rows.into_iter().chain(results) {
        let (name, value) = (&row[0], &row[1]);
        if CONSTANTS_LEFT_OUT.contains(&&name[..]) {
            continue;
        }
        let (expression, value) = if let Some(type_) = name.strip_prefix("signedness(") {
            let type_ = type_.trim_end_matches(')');
            let unsigned = u8::from(value == "unsigned");
            (
                format!("(long long) ({type_}) -1 > 0"),
                unsigned.to_string(),
            )
        } else if name == "dhcpctl_null_handle" {
            ("(intptr_t) dhcpctl_null_handle".into(), "0".into())
        } else {
            (name.clone(), value.clone())
        };
        prints += &format!("    printf(\"{name} %lld\\n\", (long long) ({expression}));\n");
        expected += &format!("{name} {value}\n");
    }
    let text = format!(
        "#include <dhcpctl.h>\n#include <stdio.h>\nint main(void) {{\n{prints}    return 0;\n}}\n"
    );
    let dir = scratch("constants");
    for compiler in compilers() {
        let printed = compiler.output(&dir, "constants", &text);
        if let Some(diff) = xtask::diff::lines(&expected, &printed) {
            panic!("{}:\n{diff}", compiler.program);
        }
    }
}

#[test]
fn result_texts() {
    let mut seen = 0;
    for row in [table("results", 4), table("results_other_classes", 3)].concat() {
        if row[0].starts_with("(count") {
            continue;
        }
        let code = row[1].parse().unwrap_or_else(|e| panic!("{row:?}: {e}"));
        let text = Status(code).text().to_str().expect("text");
        assert_eq!(text, row[2], "{} {code}", row[0]);
        seen += 1;
    }
    assert!(seen > 250, "{seen} texts compared");
}

#[test]
fn boolean_is_c_bool() {
    let text = "#include <isc/boolean.h>\n\
        int x[_Generic((isc_boolean_t) 0, _Bool: 1, default: -1)];\n";
    let dir = scratch("boolean");
    for compiler in compilers().iter().filter(|c| c.is_c()) {
        if let Err(said) = compiler.check(&dir, "boolean", text) {
            panic!("{said}");
        }
    }
}
