//! SQL that is sent to servers is plain ASCII: one whose database has another encoding refuses the rest, even in comments.

use std::{fs, path::Path};

use anyhow::Result;

pub(super) fn complaints(workspace: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    // What tests send goes to databases of their own making.
    let mut directories = vec![workspace.join("crates/pg/src")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "sql") {
                let text = fs::read_to_string(&path)?;
                complaints.extend(complaint(&path.display().to_string(), &text));
            }
        }
    }
    Ok(complaints)
}

fn complaint(path: &str, text: &str) -> Option<String> {
    let line = text.lines().position(|line| !line.is_ascii())? + 1;
    Some(format!(
        "{path}:{line}: not ASCII; a source in LATIN1 refuses it, comment or not"
    ))
}

#[cfg(test)]
mod tests {
    use super::complaint;

    #[test]
    fn a_comment_with_an_ellipsis_is_refused() {
        assert_eq!(complaint("a.sql", "-- one\nselect 1;\n"), None);
        let found = complaint("a.sql", "select 1\n-- and so on \u{2026}\n").unwrap_or_default();
        assert!(found.starts_with("a.sql:2:"), "{found}");
    }
}
