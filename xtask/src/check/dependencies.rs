//! Crates point in one direction: wire ← core ← pg ← engine ← demo ← cli. Tests and xtask may use the testkit, nothing
//! else may. What is declared is used.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::SourceFile;
use crate::metadata::cargo_metadata;

/// From the bottom to the top; a crate may use those before it.
const ORDER: [&str; 6] = [
    "transhume-wire",
    "transhume-core",
    "transhume-pg",
    "transhume-engine",
    "transhume-demo",
    "transhume-cli",
];

/// What would let a crate do what it must not know.
const FOREIGN: [(&str, &[&str]); 4] = [
    (
        "transhume-wire",
        &["tokio", "tokio-postgres", "tokio-rustls", "futures-util"],
    ),
    (
        "transhume-core",
        &[
            "tokio",
            "tokio-postgres",
            "tokio-rustls",
            "futures-util",
            "fastrand",
            "jiff",
        ],
    ),
    (
        "transhume-engine",
        &["tokio-postgres", "postgres-protocol", "tokio-rustls", "rustls"],
    ),
    (
        "transhume-cli",
        &["tokio-postgres", "postgres-protocol", "tokio-rustls", "rustls"],
    ),
];

pub(super) fn complaints(workspace: &Path, files: &[SourceFile]) -> Result<Vec<String>> {
    let metadata = cargo_metadata(workspace, &["--no-deps"])?;
    let packages = metadata["packages"]
        .as_array()
        .context("metadata without packages")?;
    let mut complaints: Vec<_> = packages.iter().flat_map(package_complaints).collect();
    for package in packages {
        complaints.extend(unused(workspace, package, files)?);
    }
    Ok(complaints)
}

fn package_complaints(package: &Value) -> Vec<String> {
    let name = package["name"].as_str().unwrap_or_default();
    let dependencies = package["dependencies"].as_array().map_or(&[][..], Vec::as_slice);
    dependencies
        .iter()
        .filter(|dependency| dependency["kind"] != "dev")
        .filter_map(|dependency| complaint(name, dependency["name"].as_str()?))
        .collect()
}

/// Dependencies of a package whose names stand nowhere in its code; what only its tests use is a dev-dependency.
fn unused(workspace: &Path, package: &Value, files: &[SourceFile]) -> Result<Vec<String>> {
    let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
    let folder = manifest.parent().context("a manifest lies in a folder")?;
    let folder = folder.strip_prefix(workspace).unwrap_or(folder).to_string_lossy();
    let dependencies = package["dependencies"].as_array().map_or(&[][..], Vec::as_slice);
    let is_used = |dependency: &Value| {
        let name = dependency["name"].as_str().unwrap_or_default().replace('-', "_");
        let place = match dependency["kind"].as_str() {
            Some("dev") => format!("{folder}/"),
            _ => format!("{folder}/src/"),
        };
        let mut own = files.iter().filter(|file| file.path.starts_with(&place));
        own.any(|file| names(&file.text, &name))
    };
    let unused = dependencies.iter().filter(|dependency| !is_used(dependency));
    Ok(unused
        .map(|dependency| format!("{folder} declares {} and does not use it", dependency["name"]))
        .collect())
}

/// The name stands in the text as a word of its own.
fn names(text: &str, name: &str) -> bool {
    text.split(|character: char| !(character.is_alphanumeric() || character == '_'))
        .any(|word| word == name)
}

fn complaint(package: &str, dependency: &str) -> Option<String> {
    // Both are for developers only.
    let among_developers = (package, dependency) == ("xtask", "transhume-testkit");
    if ["transhume-testkit", "transhume-cli", "xtask"].contains(&dependency) && !among_developers {
        return Some(format!("{package} depends on {dependency}, which nothing may"));
    }
    let rank = |name: &str| ORDER.iter().position(|known| *known == name);
    if let (Some(own), Some(other)) = (rank(package), rank(dependency))
        && other >= own
    {
        return Some(format!(
            "{package} depends on {dependency}: the direction is {}",
            ORDER.join(" ← ")
        ));
    }
    let foreign = FOREIGN.iter().find(|(name, _)| *name == package)?;
    foreign
        .1
        .contains(&dependency)
        .then(|| format!("{package} depends on {dependency}, of which it must know nothing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_is_used_where_its_name_stands_alone() {
        assert!(names("use tokio::time;", "tokio"));
        assert!(!names("use tokio_postgres::Row;", "tokio"));
    }

    #[test]
    fn crates_point_downwards_only() {
        assert_eq!(complaint("transhume-pg", "transhume-core"), None);
        assert!(complaint("transhume-core", "transhume-pg").is_some());
        assert!(complaint("transhume-engine", "transhume-testkit").is_some());
        assert!(complaint("transhume-engine", "transhume-demo").is_some());
        assert!(complaint("transhume-engine", "tokio-postgres").is_some());
        assert_eq!(complaint("xtask", "transhume-testkit"), None);
        assert_eq!(complaint("transhume-testkit", "tokio-postgres"), None);
    }
}
