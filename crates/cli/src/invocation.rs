//! What every command works with: the settings in force, the terminal, and the way to be stopped.

use transhume_engine::{
    cancel::Cancellation,
    conninfo::{ConnectionSettings, Environment},
    endpoints::Endpoints,
    guard::WalPolicy,
    load::LoadOptions,
    selection::Selection,
};

use crate::{
    config::Config,
    failure::{Failure, Result, with_causes},
    terminal::Terminal,
};

pub(crate) struct Invocation {
    /// Flag over environment over file; defaults are the engine's.
    pub(crate) settings: Config,
    pub(crate) terminal: Terminal,
    pub(crate) cancellation: Cancellation,
}

impl Invocation {
    /// Both databases, for the commands that work with both.
    pub(crate) fn endpoints(&self) -> Result<Endpoints> {
        Ok(Endpoints {
            source: connection(self.settings.source.as_deref(), "source")?,
            target: self.target()?,
        })
    }

    /// The target alone, for the commands that only read what it remembers.
    pub(crate) fn target(&self) -> Result<ConnectionSettings> {
        connection(self.settings.target.as_deref(), "target")
    }

    pub(crate) fn selection(&self) -> Selection {
        Selection {
            include: self.settings.include.clone().unwrap_or_default(),
            exclude: self.settings.exclude.clone().unwrap_or_default(),
        }
    }

    /// What is not set is decided by the engine, from what the servers have.
    pub(crate) fn load_options(&self) -> LoadOptions {
        LoadOptions {
            loaders: self.settings.loaders,
            builders: self.settings.builders,
            part_bytes: self.settings.part_size.map(|size| size.0),
            rate_limit_bytes_per_second: self.settings.rate_limit.map(|size| size.0),
            snapshot_age_warning: self.settings.snapshot_age_warning.map(|span| span.0),
        }
    }

    pub(crate) fn wal_policy(&self) -> WalPolicy {
        WalPolicy {
            budget_bytes: self.settings.wal_budget.map(|size| size.0),
            action: self.settings.wal_action.unwrap_or_default(),
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

fn connection(url: Option<&str>, side: &str) -> Result<ConnectionSettings> {
    // An empty variable of the environment counts as not given.
    let url = url
        .filter(|url| !url.trim().is_empty())
        .ok_or_else(|| missing(side))?;
    ConnectionSettings::parse(url, &Environment::of_process()).map_err(|error| {
        let failure = Failure::new(format!("the {side} database: {}", with_causes(&error)));
        match error.hint() {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    })
}

fn missing(side: &str) -> Failure {
    Failure::new(format!("no {side} database is given")).with_hint(format!(
        "add --{side} postgresql://user@host/dbname, set TRANSHUME_{}, or set url in the [{side}] section of \
         transhume.toml (`transhume init` writes one)",
        side.to_uppercase()
    ))
}
