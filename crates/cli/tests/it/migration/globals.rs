//! What `pg_dumpall --globals-only` prints of two servers, attribute by attribute.

use std::{collections::BTreeSet, path::Path, process::Command};

/// Role and attribute, setting, comment or membership that the first server has and the second has not.
pub(super) fn lacking(programs: &Path, (first, second): (&str, &str)) -> BTreeSet<(String, String)> {
    let second = globals(programs, second);
    globals(programs, first)
        .into_iter()
        .filter(|one| !second.contains(one))
        .collect()
}

fn globals(programs: &Path, url: &str) -> BTreeSet<(String, String)> {
    let output = Command::new(programs.join("pg_dumpall"))
        .args(["--globals-only", "--dbname", url])
        .output()
        .expect("pg_dumpall starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let script = String::from_utf8(output.stdout).expect("it prints UTF-8");
    script
        .lines()
        .filter_map(|line| line.strip_suffix(';'))
        .flat_map(facts)
        .collect()
}

fn facts(statement: &str) -> Vec<(String, String)> {
    let of = |role: &str, what: &str| (role.trim_matches('"').to_owned(), what.to_owned());
    if let Some(membership) = statement.strip_prefix("GRANT ") {
        // Who granted it, and options that one of the versions does not know, differ.
        let Some((group, rest)) = membership.split_once(" TO ") else {
            return Vec::new();
        };
        let member = rest.split(' ').next().unwrap_or_default();
        let admin = if rest.contains("WITH ADMIN OPTION") {
            " with admin option"
        } else {
            ""
        };
        return vec![of(member, &format!("member of {group}{admin}"))];
    }
    if let Some(comment) = statement.strip_prefix("COMMENT ON ROLE ") {
        return comment
            .split_once(" IS ")
            .map(|(role, text)| of(role, text))
            .into_iter()
            .collect();
    }
    let Some((role, rest)) = statement
        .strip_prefix("ALTER ROLE ")
        .and_then(|rest| rest.split_once(' '))
    else {
        return Vec::new();
    };
    let Some(attributes) = rest.strip_prefix("WITH ") else {
        return vec![of(role, rest)];
    };
    let (attributes, validity) = attributes.split_once(" VALID UNTIL ").unwrap_or((attributes, ""));
    attributes
        .split(' ')
        .chain((!validity.is_empty()).then_some(validity))
        .map(|attribute| of(role, attribute))
        .collect()
}
