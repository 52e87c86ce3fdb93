//! `[[database]]`: several databases in one file, each a migration of its own.
//!
//! Owns what one entry may say. An entry has a name, by which people and `--database` call it; what it does
//! not say is taken from the rest of the file, its connections with the name in place of the database's.
//! Invariant: names are unique and not empty.

use std::ops::Range;

use super::{
    Config,
    keys::{COMMAND, Key, PATTERNS, URL},
    locate::Bad,
    read::{File, Section, in_order},
};
use crate::failure::Failure;

/// The section's name.
pub(super) const SECTION: &str = "database";

/// One entry.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Database {
    pub(crate) name: String,
    /// Instead of the one that all share.
    pub(crate) source: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) source_password_command: Option<String>,
    pub(crate) target_password_command: Option<String>,
    pub(crate) include: Option<Vec<String>>,
    pub(crate) exclude: Option<Vec<String>>,
}

pub(super) const KEYS: &[Key<Database>] = &[
    Key {
        section: SECTION,
        name: "name",
        brief: "The database's name; --database takes it",
        details: "Repeat the section for each database.",
        default: "",
        example: "\"shop\"",
        flag: "--database",
        form: "a name in quotes, such as \"shop\"",
        set: |database, value| value.text().map(|name| database.name = name),
    },
    Key {
        section: SECTION,
        name: "source",
        brief: "Where it is",
        details: "",
        default: "[source] with this name as database",
        example: "\"postgresql://migrator@old.example.com/shop\"",
        flag: "--source",
        form: URL,
        set: |database, value| value.url().map(|url| database.source = Some(url)),
    },
    Key {
        section: SECTION,
        name: "target",
        brief: "Where it goes",
        details: "",
        default: "[target] with this name as database",
        example: "\"postgresql://migrator@new.example.com/shop\"",
        flag: "--target",
        form: URL,
        set: |database, value| value.url().map(|url| database.target = Some(url)),
    },
    Key {
        section: SECTION,
        name: "source_password_command",
        brief: "A program that prints its password, where source is set here",
        details: "",
        default: "",
        example: "\"vault kv get -field=password secret/shop\"",
        flag: "--source-password-command",
        form: COMMAND,
        set: |database, value| {
            value
                .command()
                .map(|command| database.source_password_command = Some(command))
        },
    },
    Key {
        section: SECTION,
        name: "target_password_command",
        brief: "The same for the target",
        details: "",
        default: "",
        example: "\"vault kv get -field=password secret/shop\"",
        flag: "--target-password-command",
        form: COMMAND,
        set: |database, value| {
            value
                .command()
                .map(|command| database.target_password_command = Some(command))
        },
    },
    Key {
        section: SECTION,
        name: "include",
        brief: "Schemas and tables to take",
        details: "",
        default: "[selection]'s",
        example: "[]",
        flag: "--include",
        form: PATTERNS,
        set: |database, value| value.patterns().map(|patterns| database.include = Some(patterns)),
    },
    Key {
        section: SECTION,
        name: "exclude",
        brief: "Schemas and tables to leave",
        details: "",
        default: "[selection]'s",
        example: "[]",
        flag: "--exclude",
        form: PATTERNS,
        set: |database, value| value.patterns().map(|patterns| database.exclude = Some(patterns)),
    },
];

impl File<'_> {
    pub(super) fn read_databases(
        &self,
        config: &mut Config,
        entries: Vec<Section<'_>>,
        failures: &mut Vec<Failure>,
    ) {
        for (place, table) in entries {
            let mut database = Database::default();
            for (key, value) in in_order(table) {
                failures.extend(
                    self.read_key(&KEYS.iter(), &mut database, (SECTION, key), value)
                        .err(),
                );
            }
            match bad_name(
                &database.name,
                config.databases.iter().map(|other| other.name.as_str()),
            ) {
                Some(reason) => failures.push(self.bad_value(&KEYS[0], bad(place, reason))),
                None => config.databases.push(database),
            }
        }
    }
}

/// What is wrong with the name of an entry, beside those before it.
pub(super) fn bad_name<'a>(name: &str, mut others: impl Iterator<Item = &'a str>) -> Option<String> {
    match name {
        "" => Some("it has no name".to_owned()),
        name if others.any(|other| other == name) => Some(format!("there are two of the name \"{name}\"")),
        _ => None,
    }
}

pub(super) fn bad(range: Range<usize>, reason: String) -> Bad {
    Bad {
        range,
        reason,
        hint: None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::read::read;

    #[test]
    fn several_databases_are_read_in_their_order() {
        let text = "[source]\nurl = 'host=old'\n[[database]]\nname = 'shop'\nexclude = ['audit']\n\
                    [[database]]\nname = 'bills'\ntarget = 'host=other'\n";
        let config = read(Path::new("t.toml"), text, &|_| None).unwrap();
        let names: Vec<_> = config
            .databases
            .iter()
            .map(|database| database.name.as_str())
            .collect();
        assert_eq!(names, ["shop", "bills"]);
        assert_eq!(config.databases[0].exclude, Some(vec!["audit".to_owned()]));
        assert_eq!(config.databases[1].target.as_deref(), Some("host=other"));
    }

    #[test]
    fn what_is_wrong_with_an_entry_is_told_with_its_place() {
        for (text, message, hint) in [
            (
                "[database]\nname = 'shop'\n",
                "t.toml:1:2: \"database\" must be a list",
                "[[database]]",
            ),
            (
                "[[database]]\nsource = 'host=old'\n",
                "t.toml:1:1: bad value for \"name\" in [database]: it has no name",
                "such as \"shop\"",
            ),
            (
                "[[database]]\nname = 'a'\n[[database]]\nname = 'a'\n",
                "t.toml:3:1: bad value for \"name\" in [database]: there are two",
                "such as",
            ),
            (
                "[[database]]\nnmae = 'a'\n",
                "t.toml:2:1: unknown key \"nmae\" in [database]",
                "did you mean \"name\"?",
            ),
        ] {
            let failure = read(Path::new("t.toml"), text, &|_| None).unwrap_err();
            assert!(failure.message.contains(message), "{}", failure.message);
            let reported = failure.hint.expect("every configuration error has a hint");
            assert!(reported.contains(hint), "{reported}");
        }
    }
}
