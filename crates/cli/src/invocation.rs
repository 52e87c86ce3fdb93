//! What every command works with: the settings in force, the terminal, and the way to be stopped.

use transhume_engine::{
    cancel::Cancellation,
    conninfo::{ConnectionSettings, Environment},
    cutover::CutoverOptions,
    endpoints::Endpoints,
    error_policy::ErrorPolicy,
    follow::{FollowOptions, SpillOptions, WalPolicy},
    load::{LoadOptions, Storage},
    login::PasswordCommand,
    selection::Selection,
    verify::VerifyOptions,
};

use crate::{
    failure::{Failure, Result, with_causes},
    settings::{Config, Database},
    show::terminal::Terminal,
    signals::Stopping,
};

pub(crate) struct Invocation {
    /// Flag over environment over file; defaults are the engine's.
    pub(crate) settings: Config,
    /// Which of the file's databases this is about, where it names several.
    pub(crate) database: Option<Database>,
    pub(crate) terminal: Terminal,
    pub(crate) cancellation: Cancellation,
    /// Why it was cancelled.
    pub(crate) stopping: Stopping,
}

/// One of the two sides.
#[derive(Clone, Copy)]
enum Side {
    Source,
    Target,
}

impl Invocation {
    /// What a command line says, before it is known which database it is about.
    pub(crate) fn new(
        settings: Config,
        terminal: &Terminal,
        (cancellation, stopping): (Cancellation, Stopping),
    ) -> Self {
        Self {
            settings,
            database: None,
            terminal: terminal.clone(),
            cancellation,
            stopping,
        }
    }

    /// Both databases, for the commands that work with both.
    pub(crate) fn endpoints(&self) -> Result<Endpoints> {
        Ok(Endpoints {
            source: self.source()?,
            target: self.target()?,
        })
    }

    /// The source alone, before there is a target.
    pub(crate) fn source(&self) -> Result<ConnectionSettings> {
        self.connection(Side::Source)
    }

    /// The target alone, for the commands that only read what it remembers.
    pub(crate) fn target(&self) -> Result<ConnectionSettings> {
        self.connection(Side::Target)
    }

    /// The name of the database in the file; empty where the file is about one.
    pub(crate) fn name(&self) -> &str {
        self.database
            .as_ref()
            .map_or("", |database| database.name.as_str())
    }

    /// What it is called where several are told of together: its name in the file, else that of the target's database.
    pub(crate) fn label(&self) -> Result<String> {
        match self.name() {
            "" => Ok(self.target()?.database().to_owned()),
            name => Ok(name.to_owned()),
        }
    }

    /// The same for one of several databases.
    pub(crate) fn of_database(&self, database: &Database, terminal: Terminal) -> Self {
        Self {
            settings: self.settings.clone(),
            database: Some(database.clone()),
            terminal,
            cancellation: self.cancellation.clone(),
            stopping: self.stopping.clone(),
        }
    }

    pub(crate) fn selection(&self) -> Selection {
        let (settings, database) = (&self.settings, self.database.as_ref());
        let include = database.and_then(|database| database.include.clone());
        let exclude = database.and_then(|database| database.exclude.clone());
        Selection {
            include: include.or(settings.include.clone()).unwrap_or_default(),
            exclude: exclude.or(settings.exclude.clone()).unwrap_or_default(),
            leave_out: settings.leave_out.clone().unwrap_or_default(),
            roles: settings.roles.clone().unwrap_or_default(),
            ..Selection::default()
        }
    }

    /// A database of several has a connection of its own, or is another one on the server that all share.
    fn connection(&self, side: Side) -> Result<ConnectionSettings> {
        let (settings, database) = (&self.settings, self.database.as_ref());
        let own = database.and_then(|one| match side {
            Side::Source => one.source.as_ref().map(|url| (url, &one.source_password_command)),
            Side::Target => one.target.as_ref().map(|url| (url, &one.target_password_command)),
        });
        if let Some((url, command)) = own {
            return connection(Some(url), command.as_deref(), side.name());
        }
        let (url, command) = match side {
            Side::Source => (&settings.source, &settings.source_password_command),
            Side::Target => (&settings.target, &settings.target_password_command),
        };
        let shared = connection(url.as_deref(), command.as_deref(), side.name())?;
        Ok(match database {
            Some(database) => shared.with_database(&database.name),
            None => shared,
        })
    }

    /// What is not set is decided by the engine, from what the servers have.
    pub(crate) fn load_options(&self) -> LoadOptions {
        LoadOptions {
            loaders: self.settings.loaders,
            builders: self.settings.builders,
            part_bytes: self.settings.part_size.map(|size| size.0),
            rate_limit_bytes_per_second: self.settings.rate_limit.map(|size| size.0),
            snapshot_age_warning: self.settings.snapshot_age_warning.map(|span| span.0),
            snapshot_renewal: self.settings.snapshot_renewal.map(|span| span.0),
            target_storage: self.settings.target_storage.map(|size| Storage(size.0)),
        }
    }

    pub(crate) fn follow_options(&self) -> FollowOptions {
        let defaults = FollowOptions::default();
        FollowOptions {
            wal: WalPolicy {
                budget_bytes: self.settings.wal_budget.map(|size| size.0),
                action: self.settings.wal_action.unwrap_or_default(),
            },
            on_error: ErrorPolicy {
                data: self.settings.on_data_error.unwrap_or_default(),
                conflict: self.settings.on_conflict.unwrap_or_default(),
                table: self.settings.on_table_error.unwrap_or_default(),
            },
            spill: spill_options(&self.settings),
            carry_over: self.settings.carry_over.clone().unwrap_or(defaults.carry_over),
            schema_changes: self.settings.schema_changes.unwrap_or_default(),
        }
    }

    /// Ends work that has no way of its own to be stopped, such as reading.
    pub(crate) async fn or_interrupted<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            result = work => Ok(result),
            () = self.cancellation.cancelled() => Err(Failure::interrupted()),
        }
    }
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
        }
    }
}

/// One end, as its URL and the command for its password say.
pub(crate) fn connection(url: Option<&str>, command: Option<&str>, side: &str) -> Result<ConnectionSettings> {
    // An empty variable of the environment counts as not given.
    let url = url
        .filter(|url| !url.trim().is_empty())
        .ok_or_else(|| missing(side))?;
    let settings = ConnectionSettings::parse(url, &Environment::of_process()).map_err(|error| {
        let failure = Failure::new(format!("the {side} database: {}", with_causes(&error)));
        match error.hint() {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    })?;
    let Some(line) = command.filter(|line| !line.trim().is_empty()) else {
        return Ok(settings);
    };
    let command = PasswordCommand::parse(line)
        .map_err(|error| Failure::new(format!("the {side} database: {error}")).with_hint(error.hint()))?;
    Ok(settings.with_password_command(command))
}

fn missing(side: &str) -> Failure {
    Failure::new(format!("no {side} database is given")).with_hint(format!(
        "add --{side} postgresql://user@host/dbname, set TRANSHUME_{}, or set url in the [{side}] section of \
         transhume.toml (`transhume init` writes one)",
        side.to_uppercase()
    ))
}

pub(crate) fn spill_options(settings: &Config) -> SpillOptions {
    let defaults = SpillOptions::default();
    SpillOptions {
        directory: settings.spill_directory.clone().unwrap_or(defaults.directory),
        limit_bytes: settings.spill_limit.map_or(defaults.limit_bytes, |size| size.0),
        early_from_bytes: settings
            .early_from
            .map_or(defaults.early_from_bytes, |size| size.0),
    }
}

/// Without what a call alone can ask for.
pub(crate) fn cutover_options(settings: &Config) -> Result<CutoverOptions> {
    let default = CutoverOptions::default();
    Ok(CutoverOptions {
        lag_limit_bytes: settings.max_lag.map_or(default.lag_limit_bytes, |size| size.0),
        lock_timeout: settings.lock_timeout.map_or(default.lock_timeout, |span| span.0),
        attempts: settings.attempts.unwrap_or(default.attempts),
        drain_timeout: settings
            .drain_timeout
            .map_or(default.drain_timeout, |span| span.0),
        max_pause: settings.max_pause.map_or(default.max_pause, |span| span.0),
        sequence_margin: settings.sequence_margin.unwrap_or(default.sequence_margin),
        verified_within: settings.verified_within.map_or(default.verified_within, |span| {
            Some(span.0).filter(|span| !span.is_zero())
        }),
        application: settings.application.options()?,
        spill: spill_options(settings),
        ..default
    })
}

/// Likewise: what is compared, and how hard, as the file says.
pub(crate) fn verify_options(settings: &Config) -> VerifyOptions {
    let defaults = VerifyOptions::default();
    VerifyOptions {
        comparers: settings.comparers.unwrap_or(defaults.comparers),
        roles: settings.roles.clone().unwrap_or_default(),
        most_rows: settings.named_rows.unwrap_or(defaults.most_rows),
        rate_limit: settings.compared_rate_limit.map_or(0, |size| size.0),
        hold_timeout: settings.hold_timeout.map_or(defaults.hold_timeout, |span| span.0),
        spill: spill_options(settings),
        ..defaults
    }
}
