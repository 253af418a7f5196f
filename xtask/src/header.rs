//! Generates `include/dhcpctl.h`: cbindgen reads the Rust sources, then a few
//! spellings are put right that it cannot be told.

use std::fs;
use std::path::{Path, PathBuf};

/// Where the header lives in the workspace.
pub const PATH: &str = "include/dhcpctl.h";

/// Where the structs are. All of them are printed, used by a function or not.
const LAYOUT: &str = "src/abi/layout.rs";
/// The result codes.
const CODES: &str = "crates/omapi/src/status/codes.rs";
/// The entry points, one file each group.
const CAPI: &str = "src/capi";
/// Entry points that the library itself needs below those.
const HANDLERS: &str = "src/remote/handlers.rs";

/// Stand for text while the header is in work; neither occurs in C.
const FORWARD: &str = "@forward@";
const DEFINITION: &str = "@define@ ";

/// Tags that differ from the name of the type. Programs write them where they
/// declare a struct without including the header, or in `struct TAG *`.
const TAGS: &[(&str, &str)] = &[
    ("dns_tsec_t", "dns_tsec"),
    ("dst_key_t", "dst_key"),
    ("isc_msgcat_t", "isc_msgcat"),
    ("isc_socket_t", "isc_socket"),
    ("omapi_auth_key_t", "auth_key"),
    ("omapi_buffer_t", "_omapi_buffer"),
    ("omapi_connection_object_t", "__omapi_connection_object"),
    ("omapi_generic_object_t", "__omapi_generic_object"),
    ("omapi_io_object_t", "__omapi_io_object"),
    ("omapi_listener_object_t", "__omapi_listener_object"),
    ("omapi_message_object_t", "__omapi_message_object"),
    ("omapi_object_t", "__omapi_object"),
    ("omapi_object_type_t", "__omapi_object_type_t"),
    ("omapi_protocol_object_t", "__omapi_protocol_object"),
    ("omapi_remote_auth_t", "__omapi_remote_auth"),
    ("omapi_waiter_object_t", "__omapi_waiter_object"),
];

/// The text of the header for the sources under `root`.
///
/// # Errors
/// A file that cannot be read or parsed, in words.
pub fn generate(root: &Path) -> Result<String, String> {
    let layout = read(&root.join(LAYOUT))?;
    let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    config.export.include = types(&layout);
    config.after_includes = Some(FORWARD.into());
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in sources(root)? {
        builder = builder.with_src(source);
    }
    let mut text = Vec::new();
    builder
        .generate()
        .map_err(|e| e.to_string())?
        .write(&mut text);
    let text = String::from_utf8(text).map_err(|e| e.to_string())?;
    Ok(respell(&text, &structs(&layout)))
}

/// The files that cbindgen reads: always in the same order, whatever the order
/// of the folder.
fn sources(root: &Path) -> Result<Vec<PathBuf>, String> {
    let capi = root.join(CAPI);
    let mut files = Vec::new();
    if capi.is_dir() {
        let entries = fs::read_dir(&capi).map_err(|e| format!("{}: {e}", capi.display()))?;
        for entry in entries {
            let path = entry.map_err(|e| e.to_string())?.path();
            // mod.rs has no entry points; cbindgen would follow it to all the
            // others and print them twice.
            if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("mod.rs") {
                files.push(path);
            }
        }
        files.push(root.join(HANDLERS));
        files.sort_by_key(|file| file.file_name().map(ToOwned::to_owned));
    }
    Ok([root.join(LAYOUT), root.join(CODES)]
        .into_iter()
        .chain(files)
        .collect())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// The items `pub KEYWORD NAME` of a source that are meant for C.
fn items<'a>(source: &'a str, keywords: &[&str]) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut export = true;
    for line in source.lines() {
        if line.starts_with("///") {
            export &= !line.contains("cbindgen:ignore");
        } else if let Some(rest) = line.strip_prefix("pub ") {
            let item = keywords.iter().find_map(|k| rest.strip_prefix(k));
            if let (Some(item), true) = (item, export) {
                let end = item.find(|c: char| !is_word(c)).unwrap_or(item.len());
                found.push(&item[..end]);
            }
            export = true;
        }
    }
    found
}

fn types(source: &str) -> Vec<String> {
    let names = items(source, &["struct ", "union ", "enum ", "type "]);
    names.into_iter().map(str::to_owned).collect()
}

fn structs(source: &str) -> Vec<&str> {
    items(source, &["struct "])
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The struct's tag: mostly its name.
fn tag(name: &str) -> &str {
    let special = TAGS.iter().find(|(n, _)| *n == name);
    special.map_or(name, |(_, tag)| tag)
}

/// Declares every struct before anything uses one.
fn forward(structs: &[&str]) -> String {
    let lines = structs
        .iter()
        .map(|name| format!("typedef struct {} {name};\n", tag(name)));
    lines.collect::<String>().trim_end().into()
}

/// What cbindgen cannot be told: the tags of structs; `omapi_object_t *` in
/// place of `struct omapi_object_t *`, which also makes each `typedef` the only
/// one; comments and ends of enums that old C knows; and no blank line between two constants.
fn respell(text: &str, structs: &[&str]) -> String {
    let mut text = text
        .replace("// __cplusplus", "/* __cplusplus */")
        .replace("// extern \"C\"", "/* extern \"C\" */")
        .replace(",\n}", "\n}");
    for name in structs {
        let definition = format!("{DEFINITION}{name} {{");
        text = text
            .replace(&format!("typedef struct {name} {name};\n\n"), "")
            .replace(&format!("typedef struct {name} {{"), &definition)
            .replace(&format!("\n}} {name};\n"), "\n};\n")
            .replace(&format!("struct {name} "), &format!("{name} "))
            .replace(&format!("struct {name}*"), &format!("{name}*"))
            .replace(&definition, &format!("struct {} {{", tag(name)));
    }
    text = text.replace(FORWARD, &forward(structs));
    let lines: Vec<&str> = text.lines().collect();
    let is_define = |i: usize| lines.get(i).is_some_and(|l| l.starts_with("#define "));
    let mut out = String::with_capacity(text.len());
    for (i, line) in lines.iter().enumerate() {
        let between = line.is_empty() && i > 0 && is_define(i - 1) && is_define(i + 1);
        if !between {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_meant_for_c() {
        let source = "pub struct a_t {\n/// x\n/// cbindgen:ignore\n#[repr(C)]\n\
            pub struct b_t;\npub type c_t = u8;\n    pub struct inner;\npub fn f() {}\n";
        assert_eq!(types(source), ["a_t", "c_t"]);
        assert_eq!(structs(source), ["a_t"]);
    }

    #[test]
    fn tags_and_uses() {
        let text = "typedef struct omapi_object_t {\n    struct omapi_object_t *outer;\n} \
            omapi_object_t;\n\ntypedef struct omapi_object_t *dhcpctl_handle;\n\
            int (*f)(struct omapi_object_t*);\n";
        assert_eq!(
            respell(text, &["omapi_object_t"]),
            "struct __omapi_object {\n    omapi_object_t *outer;\n};\n\n\
            typedef omapi_object_t *dhcpctl_handle;\nint (*f)(omapi_object_t*);\n"
        );
        assert_eq!(
            respell(
                "typedef struct a_t {\n    struct b_t b;\n} a_t;\n",
                &["b_t", "a_t"]
            ),
            "struct a_t {\n    b_t b;\n};\n"
        );
        let opaque = "typedef struct dst_key_t dst_key_t;\n\nint x;\n";
        assert_eq!(respell(opaque, &["dst_key_t"]), "int x;\n");
        assert_eq!(
            forward(&["dst_key_t", "a_t"]),
            "typedef struct dst_key dst_key_t;\ntypedef struct a_t a_t;"
        );
    }

    #[test]
    fn constants_stand_together() {
        let text = "#define A 1\n\n#define B 2\n\n/* x */\n#define C 3\n\nint y;\n";
        assert_eq!(
            respell(text, &[]),
            "#define A 1\n#define B 2\n\n/* x */\n#define C 3\n\nint y;\n"
        );
    }
}
