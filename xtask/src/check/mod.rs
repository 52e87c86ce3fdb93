//! `cargo xtask check`: the rules of the house that neither the compiler nor clippy knows.
//!
//! Each rule is a function from what lies in the workspace to complaints, one line each with place and remedy.

mod advice;
mod circles;
mod codes;
mod dependencies;
mod files;
mod imports;
mod names;
mod source_text;
mod sql;
mod words;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// A Rust file of the workspace.
struct SourceFile {
    /// Relative to the workspace, with forward slashes.
    path: String,
    text: String,
}

impl SourceFile {
    fn new(path: &str, text: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            text: text.into(),
        }
    }

    /// Never part of the product.
    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.contains("/benches/") || self.path.ends_with("tests.rs")
    }

    fn belongs_to(&self, package: &str) -> bool {
        self.path.starts_with(&format!("crates/{package}/")) || self.path.starts_with(&format!("{package}/"))
    }

    /// The text up to the unit tests, which stand at the end by convention. A module of tests in a file of its own may be
    /// declared anywhere, and ends nothing.
    fn product_text(&self) -> &str {
        let mut modules = self.text.match_indices("\n#[cfg(test)]\nmod ");
        let tests = modules.find(|(start, found)| {
            let declaration = self.text[start + found.len()..].lines().next();
            declaration.is_some_and(|line| line.contains('{'))
        });
        &self.text[..tests.map_or(self.text.len(), |(start, _)| start)]
    }
}

pub(crate) fn check(workspace: &Path) -> Result<()> {
    let files = source_files(workspace)?;
    let mut complaints = dependencies::complaints(workspace, &files)?;
    complaints.extend(files.iter().flat_map(files::complaints));
    complaints.extend(files.iter().flat_map(words::complaints));
    complaints.extend(files.iter().flat_map(advice::complaints));
    complaints.extend(circles::complaints(&files));
    complaints.extend(codes::complaints(&files));
    complaints.extend(names::complaints(&files));
    complaints.extend(sql::complaints(workspace)?);
    for complaint in &complaints {
        println!("{complaint}");
    }
    if complaints.is_empty() {
        println!("the house is in order: {} files", files.len());
        return Ok(());
    }
    bail!("{} rules of the house are broken", complaints.len())
}

fn source_files(workspace: &Path) -> Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    let mut directories = vec![workspace.join("crates"), workspace.join("xtask")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).with_context(|| format!("listing {}", directory.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(read(workspace, &path)?);
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

fn read(workspace: &Path, path: &Path) -> Result<SourceFile> {
    let text = fs::read_to_string(path)?;
    let relative = path.strip_prefix(workspace).unwrap_or(path);
    Ok(SourceFile::new(&relative.to_string_lossy(), text))
}
