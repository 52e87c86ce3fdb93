//! Reads a file's text into a [`Config`].
//!
//! Every error names file, line, column and key, and says how to remedy it. All are found, in the order of the file; a command
//! refuses with the first, `config check` tells them all.

use std::{ops::Range, path::Path};

use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::{
    Config, databases,
    keys::{Key, keys},
    locate::{Bad, Located, Lookup, line_and_column, nearest},
    notify,
};
use crate::failure::{Failure, Result};

/// One of several sections of a name, with its place.
pub(super) type Section<'a> = (Range<usize>, &'a DeTable<'a>);

pub(super) struct File<'a> {
    path: &'a Path,
    text: &'a str,
    pub(super) environment: Lookup<'a>,
}

/// The same with the first failure alone.
#[cfg(test)]
pub(super) fn read(path: &Path, text: &str, environment: Lookup<'_>) -> Result<Config> {
    let (config, failures) = read_all(path, text, environment);
    match failures.into_iter().next() {
        Some(failure) => Err(failure),
        None => Ok(config),
    }
}

/// What can be read, and all that cannot.
pub(super) fn read_all(path: &Path, text: &str, environment: Lookup<'_>) -> (Config, Vec<Failure>) {
    let file = File {
        path,
        text,
        environment,
    };
    let mut config = Config::default();
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => return (config, vec![file.syntax_error(&error)]),
    };
    let mut failures = Vec::new();
    for (section, value) in in_order(document.get_ref()) {
        file.read_section(&mut config, section, value, &mut failures);
    }
    (config, failures)
}

/// A table's keys as they stand in the file; the parser sorts them.
pub(super) fn in_order<'a>(
    table: &'a DeTable<'a>,
) -> Vec<(&'a Spanned<DeString<'a>>, &'a Spanned<DeValue<'a>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

impl File<'_> {
    fn read_section<'a>(
        &self,
        config: &mut Config,
        section: &'a Spanned<DeString<'a>>,
        value: &'a Spanned<DeValue<'a>>,
        failures: &mut Vec<Failure>,
    ) {
        let name = section.get_ref().as_ref();
        if [databases::SECTION, notify::SECTION].contains(&name) {
            match self.list_of_sections(section, value) {
                Ok(entries) if name == databases::SECTION => self.read_databases(config, entries, failures),
                Ok(entries) => self.read_notify(config, entries, failures),
                Err(failure) => failures.push(failure),
            }
        } else if keys().any(|key| key.section == name) {
            self.read_keys(config, (name, section), value, failures);
        } else {
            failures.push(self.unknown_section(section));
        }
    }

    fn list_of_sections<'a>(
        &self,
        section: &'a Spanned<DeString<'a>>,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Result<Vec<Section<'a>>> {
        let sections = value.get_ref().as_array().and_then(|items| {
            items
                .iter()
                .map(|item| item.get_ref().as_table().map(|table| (item.span(), table)))
                .collect()
        });
        let name = section.get_ref();
        sections.ok_or_else(|| {
            self.failure(
                section.span().start,
                &format!("\"{name}\" must be a list of sections"),
            )
            .with_hint(format!(
                "write [[{name}]] on a line of its own before the keys of each"
            ))
        })
    }

    /// The keys of a section, and the sections within it.
    fn read_keys<'a>(
        &self,
        config: &mut Config,
        (name, section): (&str, &'a Spanned<DeString<'a>>),
        value: &'a Spanned<DeValue<'a>>,
        failures: &mut Vec<Failure>,
    ) {
        let Some(table) = value.get_ref().as_table() else {
            let failure = self.failure(section.span().start, &format!("\"{name}\" must be a section"));
            failures
                .push(failure.with_hint(format!("write [{name}] on a line of its own and its keys below")));
            return;
        };
        for (key, value) in in_order(table) {
            let within = format!("{name}.{}", key.get_ref());
            if keys().any(|key| key.section == within) {
                self.read_keys(config, (&within, key), value, failures);
            } else {
                failures.extend(self.read_key(&keys(), config, (name, key), value).err());
            }
        }
    }

    pub(super) fn read_key<'a, Settings: 'static>(
        &self,
        known: &(impl Iterator<Item = &'static Key<Settings>> + Clone),
        settings: &mut Settings,
        (section, key): (&str, &'a Spanned<DeString<'a>>),
        value: &'a Spanned<DeValue<'a>>,
    ) -> Result<()> {
        let known = self.known(known, section, key)?;
        let value = Located {
            value,
            environment: self.environment,
        };
        (known.set)(settings, &value).map_err(|bad| self.bad_value(known, bad))
    }

    /// The definition of a section's key.
    fn known<Settings: 'static>(
        &self,
        known: &(impl Iterator<Item = &'static Key<Settings>> + Clone),
        section: &str,
        key: &Spanned<DeString<'_>>,
    ) -> Result<&'static Key<Settings>> {
        let mut all = known.clone();
        all.find(|known| known.section == section && known.name == key.get_ref().as_ref())
            .ok_or_else(|| self.unknown_key(known, section, key))
    }

    pub(super) fn failure(&self, byte: usize, what: &str) -> Failure {
        let (line, column) = line_and_column(self.text, byte);
        Failure::new(format!("{}:{line}:{column}: {what}", self.path.display()))
    }

    pub(super) fn bad_value<Settings>(&self, key: &Key<Settings>, bad: Bad) -> Failure {
        let Key {
            section, name, form, ..
        } = key;
        let hint = bad.hint.unwrap_or_else(|| format!("{name} takes {form}"));
        self.failure(
            bad.range.start,
            &format!("bad value for \"{name}\" in [{section}]: {}", bad.reason),
        )
        .with_hint(hint)
    }

    fn unknown_key<Settings: 'static>(
        &self,
        of_its_kind: &(impl Iterator<Item = &'static Key<Settings>> + Clone),
        section: &str,
        key: &Spanned<DeString<'_>>,
    ) -> Failure {
        let name = key.get_ref();
        let known = || {
            of_its_kind
                .clone()
                .filter(|key| key.section == section)
                .map(|key| key.name)
        };
        let elsewhere = keys()
            .find(|key| key.name == name.as_ref())
            .map(|key| key.section);
        let hint = match (nearest(name, known()), elsewhere) {
            (Some(nearest), _) => format!("did you mean \"{nearest}\"?"),
            (None, Some(section)) => format!("\"{name}\" belongs into [{section}]"),
            (None, None) => format!("the keys of [{section}] are {}", listed(known())),
        };
        self.failure(
            key.span().start,
            &format!("unknown key \"{name}\" in [{section}]"),
        )
        .with_hint(hint)
    }

    fn unknown_section(&self, section: &Spanned<DeString<'_>>) -> Failure {
        let name = section.get_ref();
        let mut sections: Vec<&str> = keys().map(|key| key.section).collect();
        sections.dedup();
        sections.extend([databases::SECTION, notify::SECTION]);
        let key = keys().find(|key| key.name == name.as_ref());
        let hint = match (nearest(name, sections.iter().copied()), key) {
            (Some(nearest), _) => format!("did you mean [{nearest}]?"),
            (None, Some(key)) => format!("\"{name}\" belongs into [{}]", key.section),
            (None, None) => format!("the sections are {}", listed(sections.into_iter())),
        };
        self.failure(
            section.span().start,
            &format!("unknown section or key \"{name}\""),
        )
        .with_hint(hint)
    }

    fn syntax_error(&self, error: &toml::de::Error) -> Failure {
        let byte = error.span().map_or(self.text.len(), |span| span.start);
        self.failure(
            byte,
            &format!("this is not TOML: {}", error.message().replace('\n', "; ")),
        )
        .with_hint(
            "write [section] lines and `key = value` lines, with text in quotes; `transhume init` shows all",
        )
    }
}

fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (String, String) {
        let failure = read(Path::new("t.toml"), text, &|_| None).unwrap_err();
        (
            failure.message,
            failure.hint.expect("every configuration error has a hint"),
        )
    }

    #[test]
    fn every_error_names_its_place_and_the_remedy() {
        for (text, message, hint) in [
            (
                "[load]\nloader = 4\n",
                "t.toml:2:1: unknown key \"loader\" in [load]",
                "did you mean \"loaders\"?",
            ),
            (
                "[laod]\n",
                "t.toml:1:2: unknown section or key \"laod\"",
                "did you mean [load]?",
            ),
            (
                "loaders = 4\n",
                "t.toml:1:1: unknown section or key \"loaders\"",
                "belongs into [load]",
            ),
            (
                "[source]\nloaders = 4\n",
                "t.toml:2:1: unknown key",
                "belongs into [load]",
            ),
            (
                "source = 'x'\n",
                "t.toml:1:1: \"source\" must be a section",
                "[source]",
            ),
            (
                "[load]\nloaders = 'four'\n",
                "t.toml:2:11: bad value for \"loaders\"",
                "such as 8",
            ),
            (
                "[load]\nloaders = 0\n",
                "t.toml:2:11: bad value for \"loaders\"",
                "such as 8",
            ),
            (
                "[load]\n\npart_size = '5 parsecs'\n",
                "t.toml:3:13: bad value for \"part_size\"",
                "512MB",
            ),
            (
                "[cutover]\nlock_timeout = 5\n",
                "t.toml:2:16: bad value for \"lock_timeout\"",
                "5s",
            ),
            (
                "[selection]\ninclude = ['ok', 'a[']\n",
                "t.toml:2:18: bad value for \"include\"",
                "patterns",
            ),
            (
                "[cutover.pgbouncer]\nfiel = 'x'\n",
                "t.toml:2:1: unknown key \"fiel\" in [cutover.pgbouncer]",
                "did you mean \"file\"?",
            ),
            (
                "[source]\nurl = 'x=${NOWHERE}'\n",
                "NOWHERE is not set",
                "set NOWHERE",
            ),
            ("[load\n", "t.toml:1:", "transhume init"),
        ] {
            let (actual_message, actual_hint) = refused(text);
            assert!(
                actual_message.contains(message),
                "{actual_message}\nwanted {message}"
            );
            assert!(actual_hint.contains(hint), "{actual_hint}\nwanted {hint}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_found_and_the_rest_is_read() {
        let text = "[load]\nloader = 4\nbuilders = 2\n[laod]\n[[database]]\nnmae = 'a'\n";
        let (config, failures) = read_all(Path::new("t.toml"), text, &|_| None);
        let places: Vec<&str> = failures.iter().map(|failure| &failure.message[..10]).collect();
        assert_eq!(places, ["t.toml:2:1", "t.toml:4:2", "t.toml:6:1", "t.toml:5:1"]);
        assert_eq!(config.builders, Some(2));
    }

    #[test]
    fn no_value_is_repeated_in_an_error() {
        let (message, hint) = refused("[source]\nurl = ['postgresql://ann:s3cret@host/db']\n");
        assert!(!format!("{message}{hint}").contains("s3cret"));
    }

    #[test]
    fn all_values_arrive_where_they_belong() {
        let text = "[load]\nloaders = 8\nrate_limit = '50MB/s'\n[selection]\nexclude = ['audit']\n";
        let config = read(Path::new("t.toml"), text, &|_| None).unwrap();
        assert_eq!(config.loaders, Some(8));
        assert_eq!(config.rate_limit.map(|size| size.0), Some(50 << 20));
        assert_eq!(config.exclude, Some(vec!["audit".to_owned()]));
    }
}
