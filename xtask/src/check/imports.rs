//! Which file of a crate takes names from which other file of it, read from its `use` declarations and the paths in its code.
//!
//! A name that a module only hands on counts for the file that defines it. What a file takes from the `mod.rs` of a folder it
//! lies in is no arrow: there stands what the folder's files share. Not seen: methods that are called on a value, and
//! what a macro writes.

use std::collections::{BTreeMap, BTreeSet};

use super::{SourceFile, source_text::split};

/// From file to file: the names that the first takes.
pub(super) type Arrows = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Longer chains of names handed on are none that a reader could follow.
const HANDED_ON: usize = 8;

struct Module<'a> {
    file: &'a SourceFile,
    /// Without comments, strings and declarations of imports.
    code: String,
    uses: Vec<Use>,
}

struct Use {
    path: Vec<String>,
    /// What the file calls it.
    name: String,
}

/// The modules of one crate by their path.
struct Crate<'a>(BTreeMap<Vec<String>, Module<'a>>);

/// Of the files of one crate, tests left out. `root` is its folder of sources, with a slash at the end.
pub(super) fn arrows(files: &[SourceFile], root: &str) -> Arrows {
    let modules = files
        .iter()
        .filter(|file| file.path.starts_with(root) && !file.is_test())
        .map(|file| (module_path(&file.path[root.len()..]), Module::read(file)));
    let modules = Crate(modules.collect());
    modules
        .0
        .iter()
        .map(|(path, module)| (module.file.path.clone(), modules.taken_by(path, module)))
        .collect()
}

fn module_path(file: &str) -> Vec<String> {
    let mut path: Vec<String> = file
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    let last = path.last().map(String::as_str);
    let is_root = path.len() == 1 && matches!(last, Some("lib" | "main"));
    if is_root || last == Some("mod") {
        path.pop();
    }
    path
}

impl<'a> Module<'a> {
    fn read(file: &'a SourceFile) -> Self {
        let lines = split(file.product_text()).code;
        let lines: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
        let text = lines.join("\n");
        let mut module = Self {
            file,
            code: String::new(),
            uses: Vec::new(),
        };
        for statement in text.split_inclusive([';', '{', '}']) {
            module.statement(statement);
        }
        module
    }

    /// A declaration with braces comes in pieces; its last one ends with the semicolon.
    fn statement(&mut self, statement: &str) {
        let open = self
            .code
            .rfind("use ")
            .filter(|start| is_declaration(&self.code[*start..]));
        self.code.push_str(statement);
        let start = open.or_else(|| {
            let start = self.code.len() - statement.len() + statement.find("use ")?;
            is_declaration(&self.code[start..]).then_some(start)
        });
        if let Some(start) = start.filter(|_| statement.ends_with(';')) {
            let declaration = self.code.split_off(start);
            let tree = declaration["use ".len()..].trim_end_matches(';');
            flatten(tree, &[], &mut self.uses);
        }
    }
}

/// From its keyword on, and not at an end yet.
fn is_declaration(text: &str) -> bool {
    let tree = &text["use ".len()..];
    let tree = tree.strip_suffix(';').unwrap_or(tree);
    tree.chars().all(|character| {
        character.is_alphanumeric() || character.is_whitespace() || "_:{},*".contains(character)
    })
}

/// Each leaf of the tree as a path of its own.
fn flatten(tree: &str, before: &[String], uses: &mut Vec<Use>) {
    let tree = tree.trim();
    if tree.is_empty() {
        return;
    }
    let (head, inside) = tree
        .split_once('{')
        .map_or((tree, None), |(head, rest)| (head, rest.rsplit_once('}')));
    let (head, alias) = head
        .split_once(" as ")
        .map_or((head, None), |(head, alias)| (head, Some(alias.trim())));
    let mut path = before.to_vec();
    path.extend(
        head.split("::")
            .map(str::trim)
            .filter(|segment| !segment.is_empty())
            .map(str::to_owned),
    );
    match inside {
        Some((inside, _)) => {
            for branch in branches(inside) {
                flatten(branch, &path, uses);
            }
        }
        None => {
            if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
                path.pop();
            }
            let name = alias
                .or(path.last().map(String::as_str))
                .unwrap_or_default()
                .to_owned();
            uses.push(Use { path, name });
        }
    }
}

/// Between the commas that stand in no braces of their own.
fn branches(inside: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    inside
        .split(|character| {
            match character {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            character == ',' && depth == 0
        })
        .collect()
}

impl Crate<'_> {
    fn taken_by(&self, own: &[String], module: &Module) -> BTreeMap<String, BTreeSet<String>> {
        let mut taken: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let imported = module.uses.iter().map(|import| import.path.clone());
        for path in imported.chain(paths(&module.code)) {
            let found = self
                .absolute(own, &path)
                .and_then(|path| self.definition(&path, HANDED_ON));
            if let Some((file, name)) = found.filter(|(file, _)| !is_around(file, &module.file.path)) {
                taken.entry(file.to_owned()).or_default().insert(name);
            }
        }
        taken
    }

    /// From the root of the crate; none where the path leads out of it.
    fn absolute(&self, own: &[String], path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let joined = |start: &[String]| [start, rest].concat();
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some(joined(own)),
            "super" => {
                let (_, parent) = own.split_last()?;
                let own = parent;
                if rest.first().is_some_and(|next| next == "super") {
                    self.absolute(own, rest)
                } else {
                    Some(joined(own))
                }
            }
            _ => {
                let child = [own, &path[..1]].concat();
                if self.0.contains_key(&child) {
                    return Some(joined(&child));
                }
                // A module that was imported goes on from where it is; a type was counted with its import.
                let import = self
                    .0
                    .get(own)?
                    .uses
                    .iter()
                    .find(|import| import.name == *first)?;
                if import.path == path[..1] {
                    return None;
                }
                let module = self
                    .absolute(own, &import.path)
                    .filter(|path| self.0.contains_key(path))?;
                Some(joined(&module))
            }
        }
    }

    /// The file that defines what a path from the root names; a module as such is no name.
    fn definition(&self, path: &[String], handed_on: usize) -> Option<(&str, String)> {
        let length = (0..=path.len())
            .rev()
            .find(|length| self.0.contains_key(&path[..*length]))?;
        let (own, rest) = path.split_at(length);
        let module = &self.0[own];
        let name = rest.first()?;
        let import = module.uses.iter().find(|import| import.name == *name);
        let Some(import) = import.filter(|_| handed_on > 0) else {
            return Some((&module.file.path, name.clone()));
        };
        let origin = self.absolute(own, &import.path)?;
        self.definition(&[&origin, &rest[1..]].concat(), handed_on - 1)
    }
}

/// The same file, or the one whose folder the other lies in: what a folder's files share stands in its `mod.rs`.
fn is_around(outer: &str, inner: &str) -> bool {
    let folder = outer.strip_suffix("mod.rs");
    outer == inner || folder.is_some_and(|folder| inner.starts_with(folder))
}

/// Those of at least two segments.
fn paths(code: &str) -> impl Iterator<Item = Vec<String>> + '_ {
    code.split(|character: char| !(character.is_alphanumeric() || character == '_' || character == ':'))
        .filter(|path| path.contains("::") && !path.starts_with(':'))
        .map(|path| {
            let segments = path.split("::").filter(|segment| !segment.is_empty());
            segments.map(str::to_owned).collect()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile::new(&format!("crates/x/src/{path}"), text)
    }

    fn taken(files: &[SourceFile], from: &str, to: &str) -> Vec<String> {
        let arrows = arrows(files, "crates/x/src/");
        let names = arrows[&format!("crates/x/src/{from}")].get(&format!("crates/x/src/{to}"));
        names.map_or_else(Vec::new, |names| names.iter().cloned().collect())
    }

    #[test]
    fn a_name_leads_to_the_file_that_defines_it() {
        let files = [
            file("lib.rs", "mod a;\nmod b;\nuse a::{inner::Deep, Flat as Other};\n"),
            file(
                "a/mod.rs",
                "pub mod inner;\npub(crate) use self::inner::Deep;\npub struct Flat;",
            ),
            file(
                "a/inner.rs",
                "use super::Flat;\npub struct Deep;\npub fn call() {}",
            ),
            file(
                "b.rs",
                "use crate::a::{self, Deep, inner};\nfn f() { a::Flat; inner::call(); super::a::inner::other() }",
            ),
        ];
        assert_eq!(taken(&files, "b.rs", "a/inner.rs"), ["Deep", "call", "other"]);
        assert_eq!(taken(&files, "b.rs", "a/mod.rs"), ["Flat"]);
        assert_eq!(taken(&files, "a/inner.rs", "a/mod.rs"), [""; 0]);
        assert_eq!(taken(&files, "lib.rs", "a/inner.rs"), ["Deep"]);
        assert_eq!(taken(&files, "lib.rs", "a/mod.rs"), ["Flat"]);
        assert_eq!(taken(&files, "a/mod.rs", "b.rs"), [""; 0]);
    }

    #[test]
    fn comments_strings_and_unit_tests_import_nothing() {
        let files = [
            file(
                "a.rs",
                "// use crate::b::One;\nconst X: &str = \"crate::b::Two\";\n#[cfg(test)]\nmod tests { use crate::b::Three; }",
            ),
            file("b.rs", "use std::fmt;\n"),
        ];
        assert_eq!(taken(&files, "a.rs", "b.rs"), [""; 0]);
    }
}
