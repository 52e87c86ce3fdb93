//! The software bill of materials: every crate that the program is made of, in CycloneDX's form (1.5, JSON), from what cargo knows.
//!
//! Crates that only build or test it are left out. The same Cargo.lock gives the same document.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::metadata::cargo_metadata;

const PROGRAM: &str = "transhume-cli";

pub(crate) fn write(workspace: &Path, file: &Path) -> Result<()> {
    let metadata = cargo_metadata(workspace, &["--locked"])?;
    let document = document(&metadata, &fs::read_to_string(workspace.join("Cargo.lock"))?)?;
    let text = serde_json::to_string_pretty(&document)? + "\n";
    fs::write(file, text).with_context(|| format!("writing {}", file.display()))
}

fn document(metadata: &Value, lock: &str) -> Result<Value> {
    let packages = list(&metadata["packages"]);
    let nodes = list(&metadata["resolve"]["nodes"]);
    let program = packages
        .iter()
        .find(|package| package["name"] == PROGRAM)
        .with_context(|| format!("there is no package {PROGRAM}"))?;
    let linked = linked(nodes, text(&program["id"]));
    let mut parts: Vec<&Value> = packages
        .iter()
        .filter(|package| linked.contains(text(&package["id"])) && package["id"] != program["id"])
        .collect();
    parts.sort_by_key(|package| (text(&package["name"]), text(&package["version"])));
    let components = parts.iter().map(|package| component(package, lock));
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": {
            "type": "application",
            "name": "transhume",
            "version": program["version"],
            "licenses": [{ "expression": program["license"] }],
        } },
        "components": components.collect::<Vec<_>>(),
    }))
}

/// All that is reached by dependencies that are neither for tests nor for building alone.
fn linked<'a>(nodes: &'a [Value], program: &'a str) -> BTreeSet<&'a str> {
    let mut linked = BTreeSet::new();
    let mut ahead = vec![program];
    while let Some(id) = ahead.pop() {
        if !linked.insert(id) {
            continue;
        }
        let node = nodes.iter().find(|node| node["id"] == id);
        let dependencies = node.map_or(&[][..], |node| list(&node["deps"]));
        let is_linked = |dependency: &&Value| {
            let kinds = list(&dependency["dep_kinds"]);
            kinds.iter().any(|kind| kind["kind"].is_null())
        };
        ahead.extend(
            dependencies
                .iter()
                .filter(is_linked)
                .map(|dependency| text(&dependency["pkg"])),
        );
    }
    linked
}

fn component(package: &Value, lock: &str) -> Value {
    let (name, version) = (text(&package["name"]), text(&package["version"]));
    let purl = format!("pkg:cargo/{name}@{version}");
    let mut component = json!({
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
    });
    if let Some(licence) = package["license"].as_str() {
        // Older crates separate alternatives by a stroke.
        component["licenses"] = json!([{ "expression": licence.replace('/', " OR ") }]);
    }
    if let Some(checksum) = checksum(lock, name, version) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    component
}

/// Of the crate as it was published; none of one that lies in this repository.
fn checksum<'a>(lock: &'a str, name: &str, version: &str) -> Option<&'a str> {
    let head = format!("name = \"{name}\"\nversion = \"{version}\"\n");
    let entry = lock
        .split("[[package]]\n")
        .find(|entry| entry.starts_with(&head))?;
    let (_, rest) = entry.split_once("checksum = \"")?;
    rest.split('"').next()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_is_listed_with_its_checksum_and_what_only_tests_is_not() {
        let dependency = |id: &str, kind: Value| json!({ "pkg": id, "dep_kinds": [{ "kind": kind }] });
        let metadata = json!({
            "packages": [
                { "id": "cli", "name": PROGRAM, "version": "0.1.0", "license": "Apache-2.0" },
                { "id": "serde", "name": "serde", "version": "1.0.1", "license": "MIT/Apache-2.0" },
                { "id": "proptest", "name": "proptest", "version": "1.0.0", "license": "MIT" },
            ],
            "resolve": { "nodes": [
                { "id": "cli", "deps": [dependency("serde", Value::Null), dependency("proptest", json!("dev"))] },
                { "id": "serde", "deps": [] },
            ] },
        });
        let lock = "[[package]]\nname = \"serde\"\nversion = \"1.0.1\"\nchecksum = \"abc\"\n";
        let components = document(&metadata, lock).unwrap()["components"].take();
        assert_eq!(
            components,
            json!([{
                "type": "library",
                "bom-ref": "pkg:cargo/serde@1.0.1",
                "name": "serde",
                "version": "1.0.1",
                "purl": "pkg:cargo/serde@1.0.1",
                "licenses": [{ "expression": "MIT OR Apache-2.0" }],
                "hashes": [{ "alg": "SHA-256", "content": "abc" }],
            }])
        );
    }
}
