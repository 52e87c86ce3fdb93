//! The commented file that `transhume init` writes, made from the definition of the keys.

use std::fmt::Write;

use transhume_engine::instance::InstanceDatabase;

use super::{
    Config, databases,
    keys::{Key, keys},
    notify,
};

const OPENING: &str = "\
# Settings of one migration with transhume.
#
# Every setting can also be given as a flag or in the environment.
# A flag wins over the environment, the environment over this file, this file over the default.
# Lines that begin with # are not read: remove the # and change the value.
";

const SEVERAL: &str = "\
# Several databases that move together: each is a migration of its own, and every command works on all of them, or
# on one with --database. A cutover moves them under one fence.";

const NOTIFY: &str = "\
# Who is told of what happens to the migration, while `run` or `serve` is there. `transhume notify test` sends one to each.";

/// Every key with its meaning, commented out, so that the file as written says nothing.
pub(crate) fn template() -> String {
    written(&Config::default())
}

/// The same with the two servers, and a section for each database that is to move; the others are there, commented out
/// with the reason.
pub(crate) fn template_of_instance(servers: &Config, databases: &[InstanceDatabase]) -> String {
    let mut text = written(servers);
    for database in databases {
        let (mark, words) = if database.is_to_move {
            ("", "")
        } else {
            ("#", "Left out: ")
        };
        let name = quoted(&database.name);
        push(
            &mut text,
            format_args!(
                "\n# {words}{}.\n{mark}[[{}]]\n{mark}name = {name}\n",
                database.content,
                databases::SECTION
            ),
        );
    }
    text
}

fn written(servers: &Config) -> String {
    let mut text = OPENING.to_owned();
    let mut section = "";
    for key in keys() {
        if key.section != section {
            section = key.section;
            push(&mut text, format_args!("\n[{section}]\n"));
        }
        push_key(&mut text, key);
        push_value(&mut text, key, servers);
    }
    push(
        &mut text,
        format_args!("\n{SEVERAL}\n#[[{}]]\n", databases::SECTION),
    );
    for key in databases::KEYS {
        push_key(&mut text, key);
    }
    push(&mut text, format_args!("\n{NOTIFY}\n#[[{}]]\n", notify::SECTION));
    for key in notify::KEYS {
        push_key(&mut text, key);
    }
    text
}

fn push_key<Settings>(text: &mut String, key: &Key<Settings>) {
    push(text, format_args!("\n"));
    push(text, format_args!("# {}.\n", key.brief));
    for line in key.details.lines() {
        push(text, format_args!("# {line}\n"));
    }
    if !key.default.is_empty() {
        push(text, format_args!("# Default: {}.\n", key.default));
    }
    if !key.flag.is_empty() {
        push(
            text,
            format_args!("# Flag {}, environment {}.\n", key.flag, key.environment()),
        );
    }
    push(text, format_args!("#{} = {}\n", key.name, key.example));
}

/// What the file says of a server besides the example above it.
fn push_value(text: &mut String, key: &Key, servers: &Config) {
    let value = match (key.section, key.name) {
        ("source", "url") => &servers.source,
        ("target", "url") => &servers.target,
        ("source", "password_command") => &servers.source_password_command,
        ("target", "password_command") => &servers.target_password_command,
        _ => &None,
    };
    if let Some(value) = value {
        push(text, format_args!("{} = {}\n", key.name, quoted(value)));
    }
}

fn quoted(value: &str) -> String {
    toml::Value::from(value).to_string()
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("writing into a string cannot fail");
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use transhume_engine::{cutover::CutoverOptions, verify::VerifyOptions};

    use super::*;
    use crate::{
        settings::{Config, read::read},
        show::quantity::{Size, Span},
    };

    #[test]
    fn the_written_file_says_nothing_until_it_is_edited() {
        let config = read(Path::new("t.toml"), &template(), &|_| None).unwrap();
        assert_eq!(config, Config::default());
    }

    #[test]
    fn a_whole_instance_is_written_as_it_is_read() {
        let database = |name: &str, is_to_move| InstanceDatabase {
            name: name.to_owned(),
            content: "3 relations".to_owned(),
            is_to_move,
        };
        let servers = Config {
            source: Some("postgresql://ann@old/shop".to_owned()),
            target_password_command: Some("sh -c 'echo \"x\"'".to_owned()),
            ..Config::default()
        };
        let databases = [
            database("shop", true),
            database("a \"b\"", true),
            database("postgres", false),
        ];
        let text = template_of_instance(&servers, &databases);
        let config = read(Path::new("t.toml"), &text, &|_| None).unwrap();
        let names: Vec<_> = config.databases.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["shop", "a \"b\""]);
        assert_eq!((config.source, config.target), (servers.source, None));
        assert_eq!(config.target_password_command, servers.target_password_command);
        assert!(
            text.contains("# Left out: 3 relations.\n#[[database]]\n#name = \"postgres\"\n"),
            "{text}"
        );
    }

    fn edited() -> Config {
        let edited: String = template()
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(setting) if !setting.starts_with(' ') && !setting.is_empty() => format!("{setting}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        read(Path::new("t.toml"), &edited, &|_| Some("secret".to_owned())).unwrap()
    }

    #[test]
    fn the_written_values_of_verify_and_cutover_are_the_defaults() {
        let (config, cutover) = (edited(), CutoverOptions::default());
        let verify = VerifyOptions::default();
        assert_eq!(config.comparers, Some(verify.comparers));
        assert_eq!(config.hold_timeout, Some(Span(verify.hold_timeout)));
        assert_eq!(config.named_rows, Some(verify.most_rows));
        assert_eq!(config.max_lag, Some(Size(cutover.lag_limit_bytes)));
        assert_eq!(config.lock_timeout, Some(Span(cutover.lock_timeout)));
        assert_eq!(config.attempts, Some(cutover.attempts));
        assert_eq!(config.drain_timeout, Some(Span(cutover.drain_timeout)));
        assert_eq!(config.max_pause, Some(Span(cutover.max_pause)));
        assert_eq!(config.sequence_margin, Some(cutover.sequence_margin));
        assert_eq!(config.verified_within.map(|span| span.0), cutover.verified_within);
    }

    #[test]
    fn every_example_in_the_written_file_is_accepted() {
        let config = edited();
        assert_eq!(config.loaders, Some(4));
        assert!(config.source.is_some() && config.drain_timeout.is_some());
    }
}
