//! `[[database]]`: several databases in one file, each a migration of its own.
//!
//! Owns what one entry may say. An entry has a name, by which people and `--database` call it; what it does
//! not say is taken from the rest of the file, its connections with the name in place of the database's.
//! Invariant: names are unique and not empty.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::{
    Config,
    keys::{Key, PATTERNS, URL},
    locate::{Bad, Located},
    read::{File, in_order},
};
use crate::failure::Result;

/// The section's name.
pub(super) const SECTION: &str = "database";

/// One entry.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Database {
    pub(crate) name: String,
    /// Instead of the one that all share.
    pub(crate) source: Option<String>,
    pub(crate) target: Option<String>,
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
    pub(super) fn read_databases<'a>(
        &self,
        config: &mut Config,
        section: &'a Spanned<DeString<'a>>,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Result<()> {
        let tables = value.get_ref().as_array().map(|items| {
            items
                .iter()
                .map(|item| item.get_ref().as_table().map(|table| (item.span(), table)))
                .collect::<Option<Vec<_>>>()
        });
        let Some(Some(tables)) = tables else {
            return Err(self
                .failure(section.span().start, "\"database\" must be a list of sections")
                .with_hint("write [[database]] on a line of its own before the keys of each database"));
        };
        for (place, table) in tables {
            let database = self.read_database(config, place, table)?;
            config.databases.push(database);
        }
        Ok(())
    }

    fn read_database<'a>(
        &self,
        config: &Config,
        place: Range<usize>,
        table: &'a DeTable<'a>,
    ) -> Result<Database> {
        let mut database = Database::default();
        for (key, value) in in_order(table) {
            let known = self.known(KEYS, SECTION, key)?;
            let value = Located {
                value,
                environment: self.environment,
            };
            (known.set)(&mut database, &value).map_err(|bad| self.bad_value(known, bad))?;
        }
        let reason = match database.name.as_str() {
            "" => "it has no name".to_owned(),
            name if config.databases.iter().any(|other| other.name == name) => {
                format!("there are two of the name \"{name}\"")
            }
            _ => return Ok(database),
        };
        let bad = Bad {
            range: place,
            reason,
            hint: None,
        };
        Err(self.bad_value(&KEYS[0], bad))
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
            let told = failure.hint.expect("every configuration error has a hint");
            assert!(told.contains(hint), "{told}");
        }
    }
}
