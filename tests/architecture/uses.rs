//! What Rust sources use of their own crate.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
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

/// The modules of the crate's root that a source names. `module` is where the
/// source is.
pub(crate) fn modules(source: &str, module: &[String]) -> BTreeSet<String> {
    let file = syn::parse_file(source).expect("Rust");
    let mut uses = Uses {
        module: module.to_vec(),
        found: BTreeSet::new(),
    };
    uses.visit_file(&file);
    uses.found
}

struct Uses {
    module: Vec<String>,
    found: BTreeSet<String>,
}

impl Uses {
    /// Notes which module of the root a path leads to.
    fn note(&mut self, path: &[String]) {
        let mut at = match path.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("super" | "self") => self.module.clone(),
            _ => return,
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
        self.found.extend(at.into_iter().next());
    }

    fn note_tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(p) => self.note_tree(&with(&p.ident), &p.tree),
            syn::UseTree::Name(n) => self.note(&with(&n.ident)),
            syn::UseTree::Rename(r) => self.note(&with(&r.ident)),
            syn::UseTree::Glob(_) => self.note(before),
            syn::UseTree::Group(g) => {
                for tree in &g.items {
                    self.note_tree(before, tree);
                }
            }
        }
    }

    /// Paths among the tokens of a macro, which has no syntax tree.
    fn note_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        for token in tokens {
            match token {
                TokenTree::Ident(name) => path.push(name.to_string()),
                TokenTree::Punct(p) if p.as_char() == ':' => {}
                other => {
                    self.note(&std::mem::take(&mut path));
                    if let TokenTree::Group(group) = other {
                        self.note_tokens(group.stream());
                    }
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
            syn::Item::Fn(i) => &i.attrs[..],
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
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.note_tree(&[], &item.tree);
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
        self.note_tokens(it.tokens.clone());
        visit::visit_macro(self, it);
    }
}
