//! The configuration file: written by `init`, and refused with the place and the remedy.

use std::os::unix::fs::PermissionsExt;

use crate::program::Program;

#[test]
fn init_writes_a_commented_file_that_says_nothing_until_it_is_edited() {
    let mut program = Program::new(&["init"]);
    let ended = program.run();
    assert_eq!((ended.code, ended.output.as_str()), (0, ""), "{}", ended.error);

    let path = program.path("transhume.toml");
    let written = std::fs::read_to_string(&path).unwrap();
    for key in [
        "[source]",
        "#url = ",
        "[load]",
        "#part_size = \"",
        "[cutover]",
        "TRANSHUME_LOADERS",
    ] {
        assert!(written.contains(key), "wanted {key:?} in:\n{written}");
    }
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "passwords may be written into it");

    // Read as it stands, it gives no source either.
    Program::new(&["run"])
        .file("transhume.toml", &written)
        .run()
        .is_refusal(2, &["no source database is given"]);
}

#[test]
fn init_never_overwrites_a_file() {
    let mut program = Program::new(&["init"]).file("transhume.toml", "# mine\n");
    program.run().is_refusal(2, &["transhume.toml", "move it away"]);
    assert_eq!(
        std::fs::read_to_string(program.path("transhume.toml")).unwrap(),
        "# mine\n"
    );
}

#[test]
fn init_takes_another_name() {
    let mut program = Program::new(&["init", "shop.toml"]);
    assert_eq!(program.run().code, 0);
    assert!(program.path("shop.toml").exists());
    program.run().is_refusal(2, &["shop.toml"]);
}

#[test]
fn an_error_in_the_file_names_line_column_key_and_remedy() {
    for (content, words) in [
        (
            "[load]\nloader = 4\n",
            &[
                "transhume.toml:2:1: unknown key \"loader\" in [load]",
                "\"loaders\"?",
            ][..],
        ),
        (
            "[load]\nloaders = \"4\"\n",
            &["transhume.toml:2:11: bad value for \"loaders\"", "without quotes"],
        ),
        (
            "[load]\npart_size = \"much\"\n",
            &["transhume.toml:2:13:", "part_size", "512MB"],
        ),
        (
            "[selection]\nexclude = [\"a[\"]\n",
            &["transhume.toml:2:12:", "exclude", "a["],
        ),
        (
            "[cutover]\nlock_timeout = 5\n",
            &["transhume.toml:2:16:", "lock_timeout", "5s"],
        ),
        (
            "[source]\nurl = \"${NOWHERE}\"\n",
            &["transhume.toml:2:7:", "NOWHERE", "set NOWHERE"],
        ),
        (
            "[sauce]\n",
            &["transhume.toml:1:2: unknown section or key \"sauce\"", "[source]"],
        ),
        ("[source\n", &["transhume.toml:1:", "this is not TOML"]),
    ] {
        Program::new(&["status"])
            .file("transhume.toml", content)
            .run()
            .is_refusal(2, words);
    }
}

#[test]
fn a_file_that_was_named_must_be_there_and_readable() {
    Program::new(&["status", "--config", "other.toml"])
        .run()
        .is_refusal(2, &["other.toml", "transhume init"]);
    Program::new(&["status"])
        .variable("TRANSHUME_CONFIG", "other.toml")
        .run()
        .is_refusal(2, &["other.toml"]);
    // A directory is no file, for root as well.
    Program::new(&["status", "--config", "."])
        .run()
        .is_refusal(2, &["cannot read the configuration ."]);
}

#[test]
fn bad_values_of_flags_and_variables_are_refused_with_the_form_they_have() {
    for (arguments, word) in [
        (&["run", "--part-size", "much"][..], "512MB"),
        (&["run", "--loaders", "0"], "from 1 up"),
        (&["run", "--include", "a["], "a["),
        (&["cutover", "--lock-timeout", "5"], "such as 5s"),
    ] {
        let ended = Program::new(arguments).run();
        assert_eq!(ended.code, 2);
        assert!(ended.error.contains(word), "wanted {word:?} in:\n{}", ended.error);
    }
    let ended = Program::new(&["run"]).variable("TRANSHUME_LOADERS", "many").run();
    assert_eq!(ended.code, 2);
    assert!(ended.error.contains("from 1 up"), "{}", ended.error);
}

#[test]
fn a_bad_log_filter_is_named() {
    Program::new(&["status"])
        .variable("TRANSHUME_LOG", "a=b=c")
        .run()
        .is_refusal(2, &["TRANSHUME_LOG"]);
}

#[test]
fn config_check_tells_all_that_is_wrong_and_asks_no_server() {
    let text =
        "[load]\nloader = 4\n[follow]\nspill_directory = '/nowhere/at/all'\n[target]\nurl = '${NOWHERE}'\n";
    let mut program = Program::new(&["config", "check", "--json"])
        .variable(
            "TRANSHUME_SOURCE",
            "postgresql://ann:s3cret@unreachable.example.com/shop",
        )
        .variable("TRANSHUME_LODERS", "4")
        .file("transhume.toml", text);
    let ended = program.run();
    assert_eq!(ended.code, 2, "{}{}", ended.output, ended.error);
    let told: serde_json::Value = serde_json::from_str(&ended.output).unwrap();
    let problems: Vec<&str> = told["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["message"].as_str().unwrap())
        .collect();
    for words in [
        "2:1: unknown key",
        "NOWHERE is not set",
        "no directory /nowhere/at/all",
        "no target database",
    ] {
        assert!(
            problems.iter().any(|problem| problem.contains(words)),
            "no {words:?}: {told:#}"
        );
    }
    assert!(
        told["warnings"].to_string().contains("TRANSHUME_LODERS"),
        "{told:#}"
    );
    assert!(!ended.output.contains("s3cret"));

    let mut program = Program::new(&["config", "check"])
        .variable(
            "TRANSHUME_SOURCE",
            "postgresql://ann:s3cret@unreachable.example.com/shop",
        )
        .file(
            "transhume.toml",
            "[target]\nurl = 'postgresql://ann@new.example.com/shop'\n",
        );
    let ended = program.run();
    assert_eq!((ended.code, ended.error.as_str()), (0, ""), "{}", ended.output);
    assert!(
        ended.output.contains("can be used") && ended.output.contains("new.example.com"),
        "{}",
        ended.output
    );
    assert!(!ended.output.contains("s3cret"));
}

#[test]
fn a_log_of_json_has_one_object_a_line() {
    let ended = Program::new(&["status", "--log-format", "json"]).run();
    assert_eq!(ended.code, 2);
    let lines: Vec<serde_json::Value> = ended
        .error
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    assert_eq!(
        (&lines[0]["event"], &lines[0]["level"]),
        (&"failure".into(), &"error".into()),
        "{lines:?}"
    );
    assert!(
        lines[0]["data"]["hint"]
            .as_str()
            .is_some_and(|hint| hint.contains("--target")),
        "{lines:?}"
    );
}
