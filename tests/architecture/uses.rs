//! What Rust sources use of their own crate.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};

/// The files below `src`, each with its module path. Unit tests in files of
/// their own are left out: they may use anything.
pub(crate) fn sources(src: &Path) -> Vec<(PathBuf, Vec<String>)> {
    let mut all = Vec::new();
    collect(src, &[], &mut all);
    all.sort();
    all
}

fn collect(folder: &Path, module: &[String], all: &mut Vec<(PathBuf, Vec<String>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let below = [module, std::slice::from_ref(&stem)].concat();
        if stem == "tests" {
            continue;
        }
        if path.is_dir() {
            collect(&path, &below, all);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let is_root = matches!(stem.as_str(), "lib" | "main" | "mod");
            all.push((path, if is_root { module.to_vec() } else { below }));
        }
    }
}

/// What a source uses of its own crate.
pub(crate) struct Uses {
    /// Where the source is.
    module: Vec<String>,
    /// The names in the crate's root with which its paths begin.
    pub(crate) found: BTreeSet<String>,
    /// What would hide from this test which modules are used.
    pub(crate) hidden: Vec<&'static str>,
}

/// Reads a source. `module` is where it is.
pub(crate) fn of(source: &str, module: &[String]) -> Uses {
    let file = syn::parse_file(source).expect("Rust");
    let mut uses = Uses {
        module: module.to_vec(),
        found: BTreeSet::new(),
        hidden: Vec::new(),
    };
    uses.visit_file(&file);
    uses
}

/// The names that a crate's root shows of its modules: each with its module.
pub(crate) fn shown_by_root(source: &str) -> BTreeMap<String, String> {
    let mut shown = BTreeMap::new();
    for item in syn::parse_file(source).expect("Rust").items {
        if let syn::Item::Use(item) = item {
            leaves(&[], &item.tree, &mut |path, name| {
                let from = path
                    .iter()
                    .find(|s| !matches!(s.as_str(), "crate" | "self"));
                if let Some(module) = from {
                    shown.insert(name, module.clone());
                }
            });
        }
    }
    shown
}

/// Calls `see` with each path of a use tree, and the name that it gets; `*` for
/// a glob.
fn leaves(before: &[String], tree: &syn::UseTree, see: &mut dyn FnMut(&[String], String)) {
    let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
    match tree {
        syn::UseTree::Path(p) => leaves(&with(&p.ident), &p.tree, see),
        syn::UseTree::Name(n) => see(&with(&n.ident), n.ident.to_string()),
        syn::UseTree::Rename(r) => see(&with(&r.ident), r.rename.to_string()),
        syn::UseTree::Glob(_) => see(before, "*".to_owned()),
        syn::UseTree::Group(g) => {
            for tree in &g.items {
                leaves(before, tree, see);
            }
        }
    }
}

impl Uses {
    /// Notes which module of the root a path leads to. Whether it leads to the
    /// root itself.
    fn note(&mut self, path: &[String]) -> bool {
        let mut at = match path.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("super" | "self") => self.module.clone(),
            _ => return false,
        };
        for name in path {
            match name.as_str() {
                "crate" | "self" => {}
                "super" => {
                    at.pop();
                }
                _ => at.push(name.clone()),
            }
        }
        let is_root = at.is_empty();
        self.found.extend(at.into_iter().next());
        is_root
    }

    fn note_tree(&mut self, tree: &syn::UseTree) {
        leaves(&[], tree, &mut |path, _| {
            // `use crate as x`, `use super::*` in a file of the root.
            if self.note(path) {
                self.hidden.push("a use of the whole crate");
            }
        });
    }

    /// Paths among the tokens of a macro, which has no syntax tree. `before` is
    /// the path in front of the braces that they are in.
    fn note_tokens(&mut self, before: &[String], tokens: TokenStream) {
        let mut path = before.to_vec();
        let mut in_path = !before.is_empty();
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if !in_path {
                        self.note(&std::mem::take(&mut path));
                    }
                    path.push(name.to_string());
                    in_path = false;
                }
                TokenTree::Punct(p) if p.as_char() == ':' => in_path = true,
                TokenTree::Group(group) => {
                    let before = if in_path { &path[..] } else { &[] };
                    self.note_tokens(before, group.stream());
                    self.note(&std::mem::take(&mut path));
                    in_path = false;
                }
                other => {
                    self.note(&std::mem::take(&mut path));
                    let next = matches!(&other, TokenTree::Punct(p) if p.as_char() == ',');
                    if next {
                        path = before.to_vec();
                    }
                    in_path = next && !before.is_empty();
                }
            }
        }
        self.note(&path);
    }
}

/// Whether an item is compiled for unit tests only: `cfg(test)`, `cfg(all(test, …))`.
pub(crate) fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string().replace(' ', "");
            condition == "test" || condition.starts_with("all(test")
        }
        _ => false,
    })
}

impl<'a> Visit<'a> for Uses {
    fn visit_item(&mut self, item: &'a syn::Item) {
        let attributes = match item {
            syn::Item::Const(i) => &i.attrs[..],
            syn::Item::Fn(i) => &i.attrs,
            syn::Item::Impl(i) => &i.attrs,
            syn::Item::Mod(i) => &i.attrs,
            syn::Item::Static(i) => &i.attrs,
            syn::Item::Struct(i) => &i.attrs,
            syn::Item::Use(i) => &i.attrs,
            _ => &[],
        };
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        if item.attrs.iter().any(|a| a.path().is_ident("path")) {
            self.hidden.push("a module in another place");
        }
        // A file of that name is not looked at.
        if item.ident == "tests" && item.content.is_none() {
            self.hidden.push("a module `tests` that is not for tests");
        }
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.note_tree(&item.tree);
    }

    fn visit_item_extern_crate(&mut self, item: &'a syn::ItemExternCrate) {
        if item.ident == "self" {
            self.hidden.push("another name for the crate");
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let names = path.segments.iter().map(|s| s.ident.to_string());
        self.note(&names.collect::<Vec<_>>());
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'a syn::Visibility) {
        // `pub(super)` names a module, but uses nothing of it.
    }

    fn visit_macro(&mut self, it: &'a syn::Macro) {
        if it.path.is_ident("include") {
            self.hidden.push("a source from another place");
        }
        self.note_tokens(&[], it.tokens.clone());
        visit::visit_macro(self, it);
    }
}
