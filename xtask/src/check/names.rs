//! One name for one type: no two types of a crate share one, so that a name alone says which is meant.

use std::collections::BTreeMap;

use super::{SourceFile, source_text::split};

/// Each command of the program has its own, and nobody else sees it.
const ONE_A_COMMAND: &str = "Arguments";

pub(super) fn complaints(files: &[SourceFile]) -> Vec<String> {
    let mut places: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for file in files
        .iter()
        .filter(|file| file.path.starts_with("crates/") && !file.is_test())
    {
        let Some((package, _)) = file.path.split_once("/src/") else {
            continue;
        };
        for name in types(file.product_text()) {
            if name != ONE_A_COMMAND {
                places.entry((package, name)).or_default().push(&file.path);
            }
        }
    }
    let twice = places.into_iter().filter(|(_, paths)| paths.len() > 1);
    twice
        .map(|((_, name), paths)| {
            format!(
                "{}: the type {name} has the name of another in {}: call it by what sets it apart",
                paths[1..].join(", "),
                paths[0]
            )
        })
        .collect()
}

/// The names of the types that a text makes.
fn types(text: &str) -> Vec<String> {
    let code = split(text).code;
    let words = code.iter().flat_map(|(_, line)| {
        line.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
            .filter(|word| !word.is_empty())
    });
    let words: Vec<&str> = words.collect();
    words
        .windows(2)
        .filter(|pair| ["struct", "enum", "trait"].contains(&pair[0]))
        .map(|pair| pair[1].to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_once_in_a_crate() {
        let files = [
            SourceFile::new("crates/pg/src/a.rs", "pub struct Plan;\n"),
            SourceFile::new("crates/pg/src/b.rs", "enum Plan { A }\n"),
            SourceFile::new("crates/core/src/a.rs", "pub struct Plan;\n"),
        ];
        let found = complaints(&files);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("crates/pg/src/b.rs"), "{found:?}");
    }

    #[test]
    fn tests_comments_and_commands_have_their_own() {
        let files = [
            SourceFile::new(
                "crates/cli/src/a.rs",
                "struct Arguments;\n// struct Plan\nstruct Plan;\n",
            ),
            SourceFile::new(
                "crates/cli/src/b.rs",
                "struct Arguments;\n#[cfg(test)]\nmod tests { struct Plan; }\n",
            ),
            SourceFile::new("crates/cli/src/b_tests.rs", "struct Plan;\n"),
        ];
        assert_eq!(complaints(&files), Vec::<String>::new());
    }
}
