//! The flags that several commands share.
//!
//! A flag's environment variable is `TRANSHUME_` and its name; clap gives the flag precedence. What
//! belongs to one command stands in that command's file.

use std::{path::PathBuf, str::FromStr};

use clap::{ArgAction, Args};
use transhume_engine::{
    error_policy::ErrorAction,
    follow::{CarryOver, SchemaChanges},
    login::PasswordCommand,
    roles::RoleMap,
    selection::{Selection, check_left_out},
    wal_retention::WalAction,
};

use crate::{
    settings::{Config, replace},
    show::{
        quantity::{Size, Span},
        terminal::{log_line::LogFormat, style::ColorChoice},
    },
};

#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct CommonArguments {
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) source: Option<String>,
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) target: Option<String>,
    #[arg(long, global = true, value_name = "COMMAND", value_parser = password_command)]
    pub(crate) source_password_command: Option<String>,
    #[arg(long, global = true, value_name = "COMMAND", value_parser = password_command)]
    pub(crate) target_password_command: Option<String>,
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
    /// How stderr is written: lines for people, or one JSON object a line with stable names of events
    ///
    /// Lines of commands that stay begin with their time where stderr is no terminal.
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        env = "TRANSHUME_LOG_FORMAT",
        value_enum,
        default_value_t
    )]
    pub(crate) log_format: LogFormat,
    /// When to colour the output
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: ColorChoice,
}

/// Which schemas and tables; only for commands that come before the migration remembers it.
#[derive(Debug, Args)]
pub(crate) struct SelectionArguments {
    #[arg(long, value_name = "PATTERN", value_delimiter = ',', value_parser = pattern)]
    include: Option<Vec<String>>,
    #[arg(long, value_name = "PATTERN", value_delimiter = ',', value_parser = pattern)]
    exclude: Option<Vec<String>>,
    #[arg(long, value_name = "OBJECT", value_parser = object)]
    leave_out: Option<Vec<String>>,
    #[command(flatten)]
    roles: RoleArguments,
}

/// What roles are called on the target.
#[derive(Debug, Args)]
pub(crate) struct RoleArguments {
    #[arg(long, value_name = "ROLE=ROLE", value_delimiter = ',')]
    roles: Option<Vec<RoleMap>>,
}

#[derive(Debug, Args)]
pub(crate) struct LoadArguments {
    #[arg(long, value_name = "NUMBER", value_parser = count::<u32>)]
    loaders: Option<u32>,
    #[arg(long, value_name = "NUMBER", value_parser = count::<u32>)]
    builders: Option<u32>,
    #[arg(long, value_name = "SIZE")]
    rate_limit: Option<Size>,
    #[arg(long, value_name = "DURATION")]
    snapshot_age_warning: Option<Span>,
    #[arg(long, value_name = "DURATION")]
    snapshot_renewal: Option<Span>,
    #[arg(long, value_name = "SIZE")]
    target_storage: Option<Size>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Following")]
pub(crate) struct FollowArguments {
    #[arg(long, value_name = "ACTION")]
    on_data_error: Option<ErrorAction>,
    #[arg(long, value_name = "ACTION")]
    on_conflict: Option<ErrorAction>,
    #[arg(long, value_name = "ACTION")]
    on_table_error: Option<ErrorAction>,
    #[arg(long, value_name = "CHANGES", value_parser = carried)]
    carry_over: Option<CarriedOver>,
    #[arg(long, value_name = "POLICY")]
    schema_changes: Option<SchemaChanges>,
    #[arg(long, value_name = "SIZE")]
    wal_budget: Option<Size>,
    #[arg(long, value_name = "ACTION")]
    wal_action: Option<WalAction>,
    #[arg(long, value_name = "DIRECTORY")]
    spill_directory: Option<PathBuf>,
    #[arg(long, value_name = "SIZE")]
    spill_limit: Option<Size>,
    #[arg(long, value_name = "SIZE")]
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
        replace(&mut config.schema_changes, self.schema_changes.as_ref());
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
        replace(
            &mut config.source_password_command,
            self.source_password_command.as_ref(),
        );
        replace(
            &mut config.target_password_command,
            self.target_password_command.as_ref(),
        );
    }
}

impl SelectionArguments {
    pub(crate) fn overlay(&self, config: &mut Config) {
        replace(&mut config.include, self.include.as_ref());
        replace(&mut config.exclude, self.exclude.as_ref());
        replace(&mut config.leave_out, self.leave_out.as_ref());
        self.roles.overlay(config);
    }
}

impl RoleArguments {
    pub(crate) fn overlay(&self, config: &mut Config) {
        let Some(pairs) = &self.roles else {
            return;
        };
        let all = pairs.iter().fold(RoleMap::default(), |all, pair| all.with(pair));
        config.roles = Some(all);
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
        replace(&mut config.snapshot_renewal, self.snapshot_renewal.as_ref());
        replace(&mut config.target_storage, self.target_storage.as_ref());
    }
}

fn password_command(text: &str) -> Result<String, String> {
    PasswordCommand::parse(text)
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

fn object(text: &str) -> Result<String, String> {
    check_left_out(text)
        .map(|()| text.to_owned())
        .map_err(|error| error.to_string())
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
