//! What can be seen of a file without knowing it: its first lines say what it
//! is for, and no `unsafe` block is too long to be read with its reason.

use super::root;
use proc_macro2::Span;
use std::path::{Path, PathBuf};
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
    for path in files(&["rs", "c", "h", "py", "sh"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut lines = text.lines().filter(|line| !line.starts_with("#!"));
        let first = lines
            .by_ref()
            .find(|line| !line.is_empty())
            .unwrap_or_default();
        let says = ["//! ", "/*", "\"\"\"", "# "].iter().any(|mark| {
            let rest = first.strip_prefix(mark).map(str::trim);
            // The text of a C comment may begin on its second line.
            let rest = rest.map(|r| {
                if r.len() > 1 {
                    r
                } else {
                    lines.next().unwrap_or_default()
                }
            });
            rest.is_some_and(|text| text.split_whitespace().count() > 1)
        });
        assert!(says || is_generated(&path), "{}: {first}", path.display());
    }
}

fn is_generated(path: &Path) -> bool {
    path.ends_with("include/dhcpctl.h")
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
