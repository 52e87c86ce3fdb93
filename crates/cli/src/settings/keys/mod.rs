//! Every key of the configuration, defined once, in a file for each part of a migration.

mod application;
mod cutover;
mod follow;
mod load;
mod schema;
mod servers;

use super::{
    Config,
    locate::{Bad, Located},
};

/// One key: what it means for people and where its value goes.
pub(in crate::settings) struct Key<Settings = Config> {
    pub(in crate::settings) section: &'static str,
    pub(in crate::settings) name: &'static str,
    /// What it is, in one line: the first of the flag's help.
    pub(in crate::settings) brief: &'static str,
    /// What else there is to know; empty where nothing is.
    pub(in crate::settings) details: &'static str,
    /// What holds where nothing is set, in words; empty where something must be.
    pub(in crate::settings) default: &'static str,
    /// The default, or an example where there is none, as TOML.
    pub(in crate::settings) example: &'static str,
    /// Empty where the file alone can say it.
    pub(in crate::settings) flag: &'static str,
    /// What a value looks like, for the hint of a wrong one.
    pub(in crate::settings) form: &'static str,
    pub(in crate::settings) set: fn(&mut Settings, &Located<'_>) -> Result<(), Bad>,
}

impl<Settings> Key<Settings> {
    /// The environment variable: that of `--part-size` is TRANSHUME_PART_SIZE.
    pub(in crate::settings) fn environment(&self) -> String {
        let name = self.flag.trim_start_matches('-').replace('-', "_");
        format!("TRANSHUME_{}", name.to_uppercase())
    }
}

pub(in crate::settings) const URL: &str =
    "a connection string in quotes, such as \"postgresql://user@host:5432/dbname\"";
pub(in crate::settings) const PATTERNS: &str = "a list of patterns, such as [\"shop\", \"public.order*\"]";
const NUMBER: &str = "a whole number without quotes, such as 8";
const SIZE: &str = "a size in quotes, such as \"512MB\"";
pub(in crate::settings) const DURATION: &str = "a duration in quotes, such as \"5s\"";

pub(in crate::settings) const COMMAND: &str =
    "a program and its arguments in quotes, such as \"vault kv get -field=password secret/shop\"";
const PASSWORD_COMMAND: &str = "\
Run without a shell (write sh -c '…' for one), with PGHOST, PGPORT, PGUSER and PGDATABASE. It prints one line, which is shown\n\
nowhere and kept in memory until a server refuses it; then it is run again. It goes before a password from elsewhere.";

/// In the order of the written file; keys of a section are together.
pub(in crate::settings) fn keys() -> impl Iterator<Item = &'static Key> + Clone {
    let parts = [
        servers::KEYS,
        load::KEYS,
        follow::KEYS,
        schema::KEYS,
        cutover::KEYS,
        application::KEYS,
    ];
    parts.into_iter().flatten()
}
