//! Sizes, names and first lines of files.

use super::SourceFile;

/// Above this a file is split, whatever its reason.
const LINES_REFUSED: usize = 700;
/// Above this a file needs a reason in the list below.
const LINES_QUESTIONED: usize = 400;

/// Files above [`LINES_QUESTIONED`] and why they are whole.
const LONG_FILES: [(&str, &str); 1] = [(
    "crates/core/src/assess/fixture.rs",
    "one healthy pair of servers, and what is wrong with the wretched ones",
)];

/// Names that say nothing about what a module owns.
const EMPTY_NAMES: [&str; 8] = [
    "utils", "util", "common", "helpers", "helper", "manager", "types", "misc",
];

pub(super) fn complaints(file: &SourceFile) -> Vec<String> {
    let path = &file.path;
    let mut complaints = Vec::new();
    let lines = file.text.lines().count();
    let excused = file.is_test() || LONG_FILES.iter().any(|(known, _)| known == path);
    if lines > LINES_REFUSED {
        complaints.push(format!(
            "{path}: {lines} lines, more than {LINES_REFUSED}: split it"
        ));
    } else if lines > LINES_QUESTIONED && !excused {
        complaints.push(format!(
            "{path}: {lines} lines, more than {LINES_QUESTIONED}: split it or give a reason in xtask/src/check/files.rs"
        ));
    }
    let empty = path.split(['/', '.']).find(|part| EMPTY_NAMES.contains(part));
    if let Some(name) = empty {
        complaints.push(format!("{path}: \"{name}\" does not say what the module owns"));
    }
    let first = file.text.lines().find(|line| !line.trim().is_empty());
    if !file.is_test() && !first.is_some_and(|line| line.starts_with("//!")) {
        complaints.push(format!(
            "{path}: begins without \"//!\" lines that say what it owns and refuses"
        ));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_order_gives_no_complaint() {
        assert!(complaints(&SourceFile::new("crates/pg/src/slot.rs", "//! Slots.\n")).is_empty());
    }

    #[test]
    fn each_broken_rule_gives_one() {
        let long = format!("//! Long.\n{}", "x\n".repeat(LINES_QUESTIONED));
        assert_eq!(
            complaints(&SourceFile::new("crates/pg/src/long.rs", &long)).len(),
            1
        );
        let found = complaints(&SourceFile::new("crates/pg/src/utils/a.rs", "fn nothing() {}\n"));
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
