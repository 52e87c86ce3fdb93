//! No advice destroys: a message that proposes `abort` says what goes with it.
//!
//! Owns the words by which that is said. Refuses to judge whether it is true: each place checks that before it speaks, and
//! `core::guard::anew` words it for those that have nothing of their own to say.

use super::SourceFile;
use super::source_text::split;

/// Crates that word remedies.
const ADVISING: [&str; 3] = ["core", "pg", "engine"];

/// How an operator is told to give a migration up.
const PROPOSALS: [&str; 4] = [
    "transhume abort",
    "abort this migration",
    "abort that migration",
    "abort again",
];

/// What is lost with it, or that nothing is.
const CONSEQUENCES: [&str; 3] = ["drops", "the copy on the target", "--keep-target"];

pub(super) fn complaints(file: &SourceFile) -> Vec<String> {
    if file.is_test() || !ADVISING.iter().any(|package| file.belongs_to(package)) {
        return Vec::new();
    }
    let strings = split(file.product_text()).strings.into_iter();
    let silent = strings.filter(|(_, text)| proposes(text) && !tells(text));
    silent
        .map(|(line, _)| {
            format!(
                "{}:{line}: say what abort drops, or take core::guard::anew",
                file.path
            )
        })
        .collect()
}

fn proposes(text: &str) -> bool {
    PROPOSALS.iter().any(|proposal| text.contains(proposal))
}

fn tells(text: &str) -> bool {
    CONSEQUENCES.iter().any(|consequence| text.contains(consequence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abort_is_not_proposed_without_what_it_drops() {
        let check = |text| complaints(&SourceFile::new("crates/engine/src/a.rs", text));
        assert_eq!(check("let a = \"begin anew: transhume abort\";").len(), 1);
        assert_eq!(check("let a = \"abort this migration\";").len(), 1);
        assert!(check("let a = \"transhume abort, which drops the copy\";").is_empty());
        assert!(check("let a = \"the transaction aborts\";").is_empty());
    }
}
