//! The flags that several commands share.
//!
//! A flag's environment variable is `TRANSHUME_` and its name; clap gives the flag precedence. What
//! belongs to one command stands in that command's file.

use std::{path::PathBuf, str::FromStr};

use clap::{ArgAction, Args};
use transhume_engine::{
    error_policy::ErrorAction, follow::CarryOver, selection::Selection, wal_retention::WalAction,
};

use crate::{
    settings::{Config, replace},
    show::{
        quantity::{Size, Span},
        terminal::style::ColorChoice,
    },
};

#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct CommonArguments {
    /// The database to migrate
    ///
    /// A URI or a keyword string, as libpq reads it; PG* variables and the password file apply.
    #[arg(long, global = true, value_name = "URL", env = "TRANSHUME_SOURCE")]
    pub(crate) source: Option<String>,
    /// The database to migrate to
    #[arg(long, global = true, value_name = "URL", env = "TRANSHUME_TARGET")]
    pub(crate) target: Option<String>,
    /// Configuration file [default: transhume.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE", env = "TRANSHUME_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// One of the databases that the configuration names; all of them when not given
    #[arg(long, global = true, value_name = "NAME", env = "TRANSHUME_DATABASE")]
    pub(crate) database: Option<String>,
    /// Say only what must be seen
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Log more; -vv and -vvv still more
    ///
    /// TRANSHUME_LOG takes levels for single modules, such as transhume_engine=debug.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// When to colour the output
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: ColorChoice,
}

/// Which schemas and tables; only for commands that come before the migration remembers it.
#[derive(Debug, Args)]
pub(crate) struct SelectionArguments {
    /// Schemas and tables to take, such as shop or public.order*; all when not given
    #[arg(long, value_name = "PATTERN", value_delimiter = ',', env = "TRANSHUME_INCLUDE", value_parser = pattern)]
    include: Option<Vec<String>>,
    /// Schemas and tables to leave; wins over --include
    #[arg(long, value_name = "PATTERN", value_delimiter = ',', env = "TRANSHUME_EXCLUDE", value_parser = pattern)]
    exclude: Option<Vec<String>>,
}

#[derive(Debug, Args)]
pub(crate) struct LoadArguments {
    /// Tables, or parts of tables, copied at once [default: 4, fewer where connections are scarce]
    #[arg(long, value_name = "NUMBER", env = "TRANSHUME_LOADERS", value_parser = count::<u32>)]
    loaders: Option<u32>,
    /// Indexes and constraints built at once [default: half as many as loaders]
    #[arg(long, value_name = "NUMBER", env = "TRANSHUME_BUILDERS", value_parser = count::<u32>)]
    builders: Option<u32>,
    /// Upper limit for reading from the source in a second [default: none]
    #[arg(long, value_name = "SIZE", env = "TRANSHUME_RATE_LIMIT")]
    rate_limit: Option<Size>,
    /// Warn once the load has held its snapshot on the source for this long [default: 6h]
    #[arg(long, value_name = "DURATION", env = "TRANSHUME_SNAPSHOT_AGE_WARNING")]
    snapshot_age_warning: Option<Span>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Following")]
pub(crate) struct FollowArguments {
    /// What to do where the target refuses a value: stop, log or suspend [default: stop]
    ///
    /// log: the whole change is stored in transhume.exception, in the same transaction as everything else of its source
    /// transaction. suspend: the table is skipped until it is loaded anew. Both bar the cutover until they are dealt with.
    /// A full disk, short memory or a read-only target is none of this: it is waited out.
    #[arg(long, value_name = "ACTION", env = "TRANSHUME_ON_DATA_ERROR")]
    on_data_error: Option<ErrorAction>,
    /// The same where a row is missing, there already, or against a constraint among rows [default: stop]
    #[arg(long, value_name = "ACTION", env = "TRANSHUME_ON_CONFLICT")]
    on_conflict: Option<ErrorAction>,
    /// The same where the table does not let it: rights, definition, identity [default: stop]
    #[arg(long, value_name = "ACTION", env = "TRANSHUME_ON_TABLE_ERROR")]
    on_table_error: Option<ErrorAction>,
    /// Changes of the schema that are brought to the target without asking [default: all of these]
    ///
    /// enum-labels, nullable-columns (without a default) and partitions of tables that are followed, with commas between;
    /// an empty list carries nothing over. Everything else holds the stream with the statement to run.
    #[arg(long, value_name = "CHANGES", env = "TRANSHUME_CARRY_OVER", value_parser = carried)]
    carry_over: Option<CarriedOver>,
    /// WAL that the slot may keep on the source [default: what max_slot_wal_keep_size allows]
    #[arg(long, value_name = "SIZE", env = "TRANSHUME_WAL_BUDGET")]
    wal_budget: Option<Size>,
    /// What to do before that is too much: warn, suspend or drop-slot [default: warn]
    ///
    /// suspend: at 80 % of the limit, the table that the stream stands still for is set aside. drop-slot: that too,
    /// and at the whole of --wal-budget the slot is dropped, which ends the migration and saves the source's disk.
    #[arg(long, value_name = "ACTION", env = "TRANSHUME_WAL_ACTION")]
    wal_action: Option<WalAction>,
    /// Where large transactions wait that the source sends before their commit [default: the temporary directory]
    ///
    /// Their files have no name and are gone with the process.
    #[arg(long, value_name = "DIRECTORY", env = "TRANSHUME_SPILL_DIRECTORY")]
    spill_directory: Option<PathBuf>,
    /// How much of them may wait there [default: 1GB]
    ///
    /// Where they are larger, or the disk is full, the source keeps large transactions until their commit, which then takes
    /// longer to reach the target. 0: it always does, as servers before PostgreSQL 14 do.
    #[arg(long, value_name = "SIZE", env = "TRANSHUME_SPILL_LIMIT")]
    spill_limit: Option<Size>,
    /// A transaction of this size is written to the target before its commit [default: 8MB]
    ///
    /// In a transaction of its own that is committed at its turn. Whoever waits for a lock of it is let through within seconds,
    /// and it is then written at its commit. 0: all are written at their commit.
    #[arg(long, value_name = "SIZE", env = "TRANSHUME_EARLY_FROM")]
    early_from: Option<Size>,
}

/// A list that may be empty, which clap's own lists may not.
#[derive(Debug, Clone)]
struct CarriedOver(Vec<CarryOver>);

fn carried(text: &str) -> Result<CarriedOver, String> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    words
        .map(|word| word.parse().map_err(|error| format!("{error}")))
        .collect::<Result<_, _>>()
        .map(CarriedOver)
}

impl FollowArguments {
    pub(crate) fn overlay(&self, config: &mut Config) {
        replace(&mut config.on_data_error, self.on_data_error.as_ref());
        replace(&mut config.on_conflict, self.on_conflict.as_ref());
        replace(&mut config.on_table_error, self.on_table_error.as_ref());
        if let Some(CarriedOver(changes)) = &self.carry_over {
            config.carry_over = Some(changes.clone());
        }
        replace(&mut config.wal_budget, self.wal_budget.as_ref());
        replace(&mut config.wal_action, self.wal_action.as_ref());
        replace(&mut config.spill_directory, self.spill_directory.as_ref());
        replace(&mut config.spill_limit, self.spill_limit.as_ref());
        replace(&mut config.early_from, self.early_from.as_ref());
    }
}

impl CommonArguments {
    pub(crate) fn overlay(&self, config: &mut Config) {
        replace(&mut config.source, self.source.as_ref());
        replace(&mut config.target, self.target.as_ref());
    }
}

impl SelectionArguments {
    pub(crate) fn overlay(&self, config: &mut Config) {
        replace(&mut config.include, self.include.as_ref());
        replace(&mut config.exclude, self.exclude.as_ref());
    }
}

impl LoadArguments {
    pub(crate) fn overlay(&self, config: &mut Config) {
        replace(&mut config.loaders, self.loaders.as_ref());
        replace(&mut config.builders, self.builders.as_ref());
        replace(&mut config.rate_limit, self.rate_limit.as_ref());
        replace(
            &mut config.snapshot_age_warning,
            self.snapshot_age_warning.as_ref(),
        );
    }
}

fn pattern(text: &str) -> Result<String, String> {
    let selection = Selection {
        include: vec![text.to_owned()],
        ..Selection::default()
    };
    selection
        .selector()
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

pub(crate) fn count<T: FromStr + PartialOrd + From<u8>>(text: &str) -> Result<T, String> {
    match text.parse() {
        Ok(number) if number >= T::from(1) => Ok(number),
        _ => Err("give a whole number from 1 up".to_owned()),
    }
}
