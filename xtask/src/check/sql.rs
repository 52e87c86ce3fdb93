//! SQL that is sent to servers is plain ASCII: one whose database has another encoding refuses the rest, even in comments.
//! And what names a table of the state lies beside the one module that reads and writes it.

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
                let shown = path.display().to_string();
                complaints.extend(not_ascii(&shown, &text));
                complaints.extend(elsewhere(&shown, &text));
            }
        }
    }
    Ok(complaints)
}

fn not_ascii(path: &str, text: &str) -> Option<String> {
    let line = text.lines().position(|line| !line.is_ascii())? + 1;
    Some(format!(
        "{path}:{line}: not ASCII; a source in LATIN1 refuses it, comment or not"
    ))
}

fn elsewhere(path: &str, text: &str) -> Option<String> {
    // In quotes it is the prefix of a message.
    let is_name = |line: &str| {
        line.match_indices("transhume.")
            .any(|(at, _)| !line[..at].ends_with('\''))
    };
    let named = |line: &str| !line.trim_start().starts_with("--") && is_name(line);
    if path.contains("/state/") || !text.lines().any(named) {
        return None;
    }
    Some(format!(
        "{path}: names a table of the state: crates/pg/src/state has its only reader and writer"
    ))
}

#[cfg(test)]
mod tests {
    use super::{elsewhere, not_ascii};

    #[test]
    fn a_comment_with_an_ellipsis_is_refused() {
        assert_eq!(not_ascii("a.sql", "-- one\nselect 1;\n"), None);
        let found = not_ascii("a.sql", "select 1\n-- and so on \u{2026}\n").unwrap_or_default();
        assert!(found.starts_with("a.sql:2:"), "{found}");
    }

    #[test]
    fn the_state_has_one_reader_and_writer() {
        let text = "-- transhume.part\nselect 1 from transhume.part;\n";
        assert!(elsewhere("crates/pg/src/cutover/sql/a.sql", text).is_some());
        assert_eq!(elsewhere("crates/pg/src/state/sql/a.sql", text), None);
        assert_eq!(
            elsewhere("crates/pg/src/cutover/sql/a.sql", "-- as transhume.part\n"),
            None
        );
    }
}
