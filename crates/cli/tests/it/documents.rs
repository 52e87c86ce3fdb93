//! What the documents tell people to type: every command is one that the program knows.

use std::{fs, path::Path, path::PathBuf};

use crate::program::Program;

/// Nothing listens there, so that a command which is understood ends at once.
const NOWHERE: &str = "postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1";

/// Commands that do their work without a server, start servers, or answer until they are stopped.
const NOT_CALLED: [&str; 4] = ["demo", "init", "man", "serve"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md"), root().join("docs/tutorial.md")];
    for directory in ["docs/guides", "docs/reference"] {
        let entries = fs::read_dir(root().join(directory)).expect("the documents are there");
        pages.extend(entries.map(|entry| entry.expect("an entry can be read").path()));
    }
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages
}

/// Calls in blocks for the shell and in the text between backticks.
fn calls(page: &str) -> Vec<String> {
    let mut calls = Vec::new();
    let mut is_shell = false;
    for line in page.lines() {
        match line.trim_start().strip_prefix("```") {
            Some(language) => is_shell = matches!(language, "sh" | "shell" | "bash" | "console"),
            None if is_shell => calls.extend(line.split("&&").filter_map(call)),
            None => calls.extend(line.split('`').skip(1).step_by(2).filter_map(call)),
        }
    }
    calls
}

/// The call of the program in a piece of text, without a comment or what follows a pipe.
fn call(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches("$ ");
    let arguments = text.strip_prefix("transhume ")?;
    let end = arguments.find([';', '|', '>', '#']).unwrap_or(arguments.len());
    // A form such as `table add|reload …` or `--table NAME` is not to be typed.
    let is_form = arguments.contains('…')
        || arguments[..end].contains('<')
        || text[10..].contains('|') && !text.contains(" | ");
    (!is_form).then(|| arguments[..end].trim().to_owned())
}

fn words(call: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut quote = None;
    let mut word = String::new();
    for character in call.chars() {
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, ' ') => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            _ => word.push(character),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

#[test]
fn every_command_in_the_documents_is_understood() {
    let mut tried = 0;
    let mut refused = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page can be read");
        for call in calls(&text) {
            let words = words(&call);
            if words
                .first()
                .is_none_or(|first| NOT_CALLED.contains(&first.as_str()))
            {
                continue;
            }
            let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
            let ended = Program::new(&arguments)
                .variable("TRANSHUME_SOURCE", NOWHERE)
                .variable("TRANSHUME_TARGET", NOWHERE)
                .run();
            // A command that is only named in a sentence may lack what it needs.
            let is_usage = ["error: unexpected", "error: unrecognized", "error: invalid value"]
                .iter()
                .any(|words| ended.error.lines().any(|line| line.starts_with(words)));
            if is_usage {
                refused.push(format!("{}: transhume {call}\n{}", page.display(), ended.error));
            }
            tried += 1;
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    assert!(tried > 40, "only {tried} commands were found");
}

/// Links between pages lead to a file.
#[test]
fn every_link_between_the_documents_leads_somewhere() {
    let mut all = pages();
    let entries = fs::read_dir(root().join("docs")).expect("the documents are there");
    all.extend(
        entries
            .map(|entry| entry.expect("an entry can be read").path())
            .filter(|path| path.is_file()),
    );
    let entries = fs::read_dir(root().join("docs/decisions")).expect("the decisions are there");
    all.extend(entries.map(|entry| entry.expect("an entry can be read").path()));
    for page in all {
        let text = fs::read_to_string(&page).expect("a page can be read");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().expect("the first piece is always there");
            if file.is_empty() || link.contains("://") {
                continue;
            }
            let target = page.parent().expect("a page lies in a directory").join(file);
            assert!(target.exists(), "{}: {link}", page.display());
        }
    }
}
