//! Which databases are meant, and that no password comes out again.

use crate::program::Program;

/// Commands that work with both sides, and agree beforehand where they would ask.
const BOTH: [&[&str]; 6] = [
    &["assess"],
    &["run"],
    &["verify"],
    &["cutover", "--yes"],
    &["finish", "--yes"],
    &["abort", "--yes"],
];

const URL: &str = "postgresql://ann@127.0.0.1:9/shop";

#[test]
fn a_missing_side_is_named_with_all_the_ways_to_give_it() {
    for arguments in BOTH {
        Program::new(arguments).run().is_refusal(
            2,
            &[
                "no source database is given",
                "--source",
                "TRANSHUME_SOURCE",
                "transhume.toml",
            ],
        );
        Program::new(arguments)
            .variable("TRANSHUME_SOURCE", URL)
            .run()
            .is_refusal(2, &["no target database is given", "TRANSHUME_TARGET"]);
    }
    for command in ["status", "watch"] {
        Program::new(&[command])
            .run()
            .is_refusal(2, &["no target database is given"]);
    }
}

#[test]
fn an_empty_variable_counts_as_not_given() {
    Program::new(&["status"])
        .variable("TRANSHUME_TARGET", "")
        .run()
        .is_refusal(2, &["no target database is given"]);
}

#[test]
fn a_connection_string_that_cannot_be_read_is_refused_without_repeating_it() {
    let ended = Program::new(&["status", "--target", "host=db pasword=s3cret"]).run();
    ended.is_refusal(2, &["the target database", "did you mean \"password\"?"]);
    assert!(!ended.error.contains("s3cret"), "{}", ended.error);
}

#[test]
fn a_password_that_was_typed_is_warned_about_and_never_repeated() {
    let typed = "postgresql://ann:s3cret@127.0.0.1:9/shop";
    for arguments in [&["run", "--source", typed][..], &["--source", typed, "run"]] {
        let ended = Program::new(arguments).run();
        ended.is_refusal(
            2,
            &[
                "warning: the password in --source can be seen",
                "no target database is given",
            ],
        );
        assert!(!ended.error.contains("s3cret"), "{}", ended.error);
    }
    let ended = Program::new(&["run"]).variable("TRANSHUME_SOURCE", typed).run();
    assert!(
        !ended.error.contains("warning"),
        "the environment is not visible: {}",
        ended.error
    );
    assert!(!ended.error.contains("s3cret"), "{}", ended.error);

    let misplaced = Program::new(&["run", typed]).run();
    assert_eq!(misplaced.code, 2);
    assert!(!misplaced.error.contains("s3cret"), "{}", misplaced.error);
}

#[test]
fn what_cannot_be_taken_back_is_not_done_without_agreement() {
    for command in ["cutover", "finish", "abort"] {
        Program::new(&[command, "--source", URL, "--target", URL])
            .run()
            .is_refusal(2, &["asks before", "--yes"]);
    }
}

#[test]
fn a_server_that_cannot_be_reached_is_named_and_ends_with_2() {
    // Nobody listens on the discard port; the name is reserved for being unknown (RFC 2606).
    for url in [URL, "postgresql://ann:s3cret@nowhere.invalid/shop"] {
        let ended = Program::new(&["status"]).variable("TRANSHUME_TARGET", url).run();
        ended.is_refusal(2, &["connecting to the target", "cannot connect to"]);
        assert!(!ended.error.contains("s3cret"), "{}", ended.error);
    }
}
