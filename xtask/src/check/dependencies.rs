//! Crates point in one direction: wire ← core ← pg ← engine ← demo ← cli. Tests and xtask may use the testkit, nothing
//! else may.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

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

pub(super) fn complaints(workspace: &Path) -> Result<Vec<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut metadata = Command::new(cargo);
    metadata
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(workspace);
    let output = metadata.output().context("running cargo metadata")?;
    if !output.status.success() {
        bail!(
            "cargo metadata failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"]
        .as_array()
        .context("metadata without packages")?;
    Ok(packages.iter().flat_map(package_complaints).collect())
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
