//! The generated part of `COMPATIBILITY.md`: every symbol of the genuine
//! libraries, and what became of it.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Where the document lives in the workspace.
pub const PATH: &str = "COMPATIBILITY.md";
/// The generated part stands between these two lines.
pub const BEGIN: &str = "<!-- symbols: begin -->";
/// See [`BEGIN`].
pub const END: &str = "<!-- symbols: end -->";

/// How the table says that a symbol is there.
pub const PROVIDED: &str = "yes; weak";
/// How it says that one is not: the group follows.
pub const LEFT_OUT: &str = "no: ";

const GENUINE: &str = "data/abi/symbols.tsv";
const OURS: &str = "data/abi/required.tsv";

/// A kind of symbol that is left out, and why.
struct Group {
    name: &'static str,
    why: &'static str,
    /// Beginnings of names that belong here, wherever they are defined.
    names: &'static [&'static str],
    /// Object files of the genuine libraries whose other symbols belong here.
    files: &'static [&'static str],
}

/// The first group that fits takes a symbol.
const GROUPS: &[Group] = &[
    Group {
        name: "trace",
        why: "records what a server receives and plays it back; a client never traces",
        names: &[
            "trace_",
            "omapi_connection_trace_",
            "omapi_buffer_trace_",
            "omapi_listener_trace_",
        ],
        files: &["trace.o"],
    },
    Group {
        name: "listeners",
        why: "the server's side of a connection: accepting clients, and checking them",
        names: &[
            "omapi_protocol_listen",
            "omapi_protocol_configure_",
            "omapi_message_process",
            "omapi_protocol_send_status",
            "omapi_protocol_send_update",
        ],
        files: &["listener.o"],
    },
    Group {
        name: "hash",
        why: "a hash table that dhcpd and the library happen to share; names as common as `add_hash` belong to programs",
        names: &[
            "auth_key_hash",
            "omapi_auth_key_hash_",
            "omapi_auth_key_new_hash",
            "omapi_auth_key_free_hash_",
        ],
        files: &["hash.o"],
    },
    Group {
        name: "convert",
        why: "numbers from and to byte order (`getULong`, `putShort`), which dhcpd's packet code uses; programs have `htonl`",
        names: &[],
        files: &["convert.o"],
    },
    Group {
        name: "BIND glue",
        why: "connects the library with BIND's event loop, name resolution and signing; there is no BIND here",
        names: &[
            "isclib_",
            "omapi_iscsock_cb",
            "omapi_connection_sign_data",
            "omapi_connection_output_auth_length",
        ],
        files: &["isclib.o", "toisc.o", "result.o"],
    },
    Group {
        name: "logging",
        why: "names that programs define themselves; this library writes nothing, anywhere",
        names: &[],
        files: &["errwarn.o"],
    },
    Group {
        name: "connection buffers",
        why: "pieces of a message on its way; values go to the socket and come from it in one step, so there is nothing to copy into",
        names: &["omapi_buffer_"],
        files: &["buffer.o"],
    },
    Group {
        name: "server's clock",
        why: "the time of day and the timers of dhcpd's main loop",
        names: &[
            "cur_tv",
            "rw_queue_empty",
            "register_eventhandler",
            "unregister_eventhandler",
            "trigger_event",
        ],
        files: &[],
    },
    Group {
        name: "tables",
        why: "variables behind public functions; here a lock protects them, or they were never written (`omapi_type_datagram`, `omapi_object_type_count`)",
        names: &[
            "omapi_handle_table",
            "omapi_next_handle",
            "omapi_registered_messages",
            "omapi_connections",
            "omapi_type_datagram",
            "omapi_object_type_count",
        ],
        files: &[],
    },
    Group {
        name: "insides",
        why: "handlers and constructors of connection, protocol, io, waiter and message objects, which only the library itself makes: connect, and walk from the handle. The types' handlers are reachable through the type variables",
        names: &[],
        files: &["connection.o", "protocol.o", "dispatch.o", "message.o"],
    },
];

/// The text between the markers, without them.
///
/// # Errors
/// A table that cannot be read, or a symbol that belongs to no group, in words.
pub fn generate(root: &Path) -> Result<String, String> {
    let genuine = rows(root, GENUINE)?;
    let ours: Vec<String> = rows(root, OURS)?
        .into_iter()
        .map(|r| r[0].clone())
        .collect();
    let provided: BTreeSet<&str> = ours.iter().map(String::as_str).collect();
    let mut table = String::from("| symbol | library | kind | here |\n|---|---|---|---|\n");
    let mut counts = vec![0; GROUPS.len()];
    let mut there = 0;
    for row in &genuine {
        let [library, symbol, kind, ..] = &row[..] else {
            return Err(format!("{GENUINE}: {row:?}"));
        };
        let file = row.get(6).map_or("", String::as_str);
        let here = if provided.contains(symbol.as_str()) {
            there += 1;
            PROVIDED.to_owned()
        } else {
            let at = group(symbol, file).ok_or(format!("{symbol} of {file} is in no group"))?;
            counts[at] += 1;
            format!("{LEFT_OUT}{}", GROUPS[at].name)
        };
        let kind = if kind == "T" { "function" } else { "variable" };
        writeln!(table, "| {symbol} | {library} | {kind} | {here} |").map_err(|e| e.to_string())?;
    }
    let names: BTreeSet<&str> = genuine.iter().map(|r| r[1].as_str()).collect();
    let of_bind: Vec<&str> = provided.difference(&names).copied().collect();
    let mut text = format!(
        "{there} are provided. In the static library each is weak, so that another definition, a program's or \
         BIND's, wins. {} are not, and linking a program that needs one of them fails: there are no stubs. \
         {} ({}) come from BIND's libisc with the genuine library, and from this one here.\n\n\
         | not provided | symbols | why |\n|---|---|---|\n",
        genuine.len() - there,
        of_bind.len(),
        of_bind.join(", "),
    );
    for (group, count) in GROUPS.iter().zip(&counts) {
        if *count == 0 {
            return Err(format!("nothing belongs to {}", group.name));
        }
        writeln!(text, "| {} | {count} | {} |", group.name, group.why)
            .map_err(|e| e.to_string())?;
    }
    Ok(format!("{text}\n{table}"))
}

/// The document with its generated part replaced.
///
/// # Errors
/// Markers that are not there once each, in this order.
pub fn insert(document: &str, part: &str) -> Result<String, String> {
    let wrong = || format!("{PATH} has no {BEGIN} ... {END}");
    let (before, rest) = document.split_once(BEGIN).ok_or_else(wrong)?;
    let (_, after) = rest.split_once(END).ok_or_else(wrong)?;
    Ok(format!("{before}{BEGIN}\n{part}{END}{after}"))
}

/// The group of a symbol that is not provided.
fn group(symbol: &str, file: &str) -> Option<usize> {
    let by_name = GROUPS
        .iter()
        .position(|g| g.names.iter().any(|n| symbol.starts_with(n)));
    by_name.or_else(|| GROUPS.iter().position(|g| g.files.contains(&file)))
}

fn rows(root: &Path, table: &str) -> Result<Vec<Vec<String>>, String> {
    let text = fs::read_to_string(root.join(table)).map_err(|e| format!("{table}: {e}"))?;
    let lines = text
        .lines()
        .filter(|l| !l.starts_with('#') && !l.is_empty());
    Ok(lines
        .map(|l| l.split('\t').map(str::to_owned).collect())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_by_name_before_file() {
        let name = |symbol, file| group(symbol, file).map(|at| GROUPS[at].name);
        assert_eq!(name("trace_connect", "connection.o"), Some("trace"));
        assert_eq!(
            name("omapi_connection_require", "connection.o"),
            Some("insides")
        );
        assert_eq!(name("getULong", "convert.o"), Some("convert"));
        assert_eq!(name("unheard_of", "new.o"), None);
    }

    #[test]
    fn only_the_part_between_the_markers_changes() {
        let document = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let new = insert(&document, "new\n").expect("markers");
        assert_eq!(new, format!("a\n{BEGIN}\nnew\n{END}\nb\n"));
        assert!(insert("a\n", "new\n").is_err());
    }
}
