//! What the help promises.

use crate::program::Program;

const COMMANDS: [&str; 20] = [
    "assess",
    "init",
    "config",
    "notify",
    "run",
    "worker",
    "pause",
    "resume",
    "status",
    "watch",
    "serve",
    "table",
    "verify",
    "cutover",
    "report",
    "review",
    "finish",
    "abort",
    "demo",
    "completions",
];

#[test]
fn the_help_lists_every_command_and_the_exit_codes() {
    let ended = Program::new(&["--help"]).run();
    assert_eq!((ended.code, ended.error.as_str()), (0, ""));
    for words in COMMANDS.iter().chain(&[
        "Exit codes:",
        "130  interrupted",
        "TRANSHUME_SOURCE",
        "PGPASSFILE",
    ]) {
        assert!(
            ended.output.contains(words),
            "wanted {words:?} in:\n{}",
            ended.output
        );
    }
}

#[test]
fn every_command_has_a_short_help_and_a_long_one_with_examples_and_exit_codes() {
    for command in COMMANDS {
        let short = Program::new(&[command, "-h"]).run();
        let long = Program::new(&[command, "--help"]).run();
        assert_eq!((short.code, long.code), (0, 0), "{command}");
        assert!(short.output.contains("Usage: transhume"), "{}", short.output);
        assert!(!short.output.contains("Examples:"), "{}", short.output);
        assert!(
            long.output.contains(&format!("Examples:\n  transhume {command}")),
            "{}",
            long.output
        );
        assert!(long.output.contains("Exit codes:"), "{}", long.output);
    }
}

#[test]
fn no_help_shows_a_connection_string_of_the_environment() {
    for arguments in [&["--help"][..], &["-h"], &["run", "--help"], &["status", "-h"]] {
        let url = "postgresql://ann:s3cret@host/shop";
        let ended = Program::new(arguments)
            .variable("TRANSHUME_SOURCE", url)
            .variable("TRANSHUME_TARGET", url)
            .run();
        assert!(!ended.output.contains("host/shop"), "{}", ended.output);
    }
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_was_meant() {
    let ended = Program::new(&["run", "--until-cought-up"]).run();
    assert_eq!(ended.code, 2);
    assert_eq!(ended.output, "");
    assert!(ended.error.contains("--until-caught-up"), "{}", ended.error);

    assert_eq!(Program::new(&[]).run().code, 2);
}

#[test]
fn the_version_is_data() {
    let ended = Program::new(&["--version"]).run();
    assert_eq!(ended.output, format!("transhume {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_know_commands_and_flags() {
    for shell in ["bash", "zsh", "fish"] {
        let ended = Program::new(&["completions", shell]).run();
        assert_eq!((ended.code, ended.error.as_str()), (0, ""), "{shell}");
        for words in ["cutover", "rehearse", "until-caught-up"] {
            assert!(ended.output.contains(words), "{shell}: no {words}");
        }
    }
    let ended = Program::new(&["completions", "ed"]).run();
    assert_eq!(ended.code, 2);
    assert!(ended.error.contains("bash"), "{}", ended.error);
}
