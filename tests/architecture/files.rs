//! What can be seen of a file without knowing it: its first lines say what it
//! is for, and no `unsafe` block is too long to be read with its reason.

use super::root;
use proc_macro2::Span;
use std::path::PathBuf;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Lines between the braces of an `unsafe` block: with more, one comment is no
/// argument for all of them.
const LONGEST: usize = 20;

/// Folders without sources of ours.
const OTHERS: [&str; 5] = ["target", ".git", "data", "node_modules", "old-style"];

/// The files of the tree with one of these endings.
fn files(endings: &[&str]) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if !OTHERS.contains(&name) {
                    folders.push(path);
                }
            } else if path
                .extension()
                .is_some_and(|e| endings.iter().any(|x| e == *x))
            {
                all.push(path);
            }
        }
    }
    all.sort();
    assert!(!all.is_empty());
    all
}

#[test]
fn first_lines_say_what_a_file_is_for() {
    let mut wrong = Vec::new();
    for path in files(&["rs", "c", "h", "py", "sh"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        let ending = path.extension().unwrap().to_str().unwrap();
        let head = head(ending, &text).unwrap_or_default();
        if head.split_whitespace().count() < 2 {
            wrong.push(format!("{}: {head}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The first sentence, or its first line, of what a source says about itself
/// before anything else.
fn head<'a>(ending: &str, text: &'a str) -> Option<&'a str> {
    let text = match text.strip_prefix("#!") {
        Some(script) => script.split_once('\n')?.1,
        None => text,
    };
    let line = |text: &'a str| text.lines().next().unwrap_or_default();
    match ending {
        "rs" => text.strip_prefix("//! ").map(line),
        "c" | "h" => {
            let (comment, rest) = text.trim_start().strip_prefix("/*")?.split_once("*/")?;
            // What a test program needs to run is not what it is for.
            if comment.starts_with(" servers:") || comment.starts_with(" test:") {
                return head(ending, rest);
            }
            // The text may begin on the second line.
            Some(line(comment.trim_start_matches(['*', ' ', '\n'])))
        }
        _ => {
            let text = text.trim_start();
            text.strip_prefix("\"\"\"")
                .or_else(|| text.strip_prefix("# "))
                .map(line)
        }
    }
}

#[test]
fn heads_are_read() {
    for (ending, text, expected) in [
        ("rs", "//! What it is.\nuse x;", Some("What it is.")),
        ("rs", "use x;\n//! Late.", None),
        ("rs", "// Not for the manual.", None),
        ("c", "/* Short. */\nint x;", Some("Short. ")),
        ("h", "/*\n * Second line.\n */", Some("Second line.")),
        (
            "c",
            "/* servers: testd */\n/* For this. */",
            Some("For this. "),
        ),
        ("c", "/* servers: testd */\nint x; /* Late. */", None),
        ("c", "#include \"x.h\"\n/* Late. */", None),
        ("sh", "#!/bin/sh\n# Does it.\n", Some("Does it.")),
        ("sh", "#!/bin/sh\nset -e\n# Late.\n", None),
        (
            "py",
            "#!/usr/bin/python3\n\"\"\"Does it.\"\"\"",
            Some("Does it.\"\"\""),
        ),
    ] {
        assert_eq!(head(ending, text), expected, "{text}");
    }
}

struct Blocks {
    too_long: Vec<(usize, usize)>,
    seen: usize,
}

impl<'a> Visit<'a> for Blocks {
    fn visit_expr_unsafe(&mut self, block: &'a syn::ExprUnsafe) {
        self.seen += 1;
        let line = |span: Span| (span.start().line, span.end().line);
        let (first, last) = line(block.block.span());
        if last - first > LONGEST + 1 {
            self.too_long.push((first, last - first - 1));
        }
        visit::visit_expr_unsafe(self, block);
    }
}

#[test]
fn unsafe_blocks_are_short() {
    let mut seen = 0;
    let mut wrong = Vec::new();
    for path in files(&["rs"]) {
        let file = syn::parse_file(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let mut blocks = Blocks {
            too_long: Vec::new(),
            seen: 0,
        };
        blocks.visit_file(&file);
        seen += blocks.seen;
        let path = path.strip_prefix(root()).unwrap().display();
        wrong.extend(
            blocks
                .too_long
                .iter()
                .map(|(line, n)| format!("{path}:{line}: {n} lines")),
        );
    }
    assert!(seen > 100, "{seen} blocks");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
