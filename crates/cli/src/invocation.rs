//! What every command works with: the settings in force, the terminal, and the way to be stopped.

use transhume_engine::cancel::Cancellation;

use crate::{
    config::Config,
    failure::{Failure, Result},
    terminal::Terminal,
};

pub(crate) struct Invocation {
    /// Flag over environment over file; defaults are the engine's.
    pub(crate) settings: Config,
    pub(crate) terminal: Terminal,
    pub(crate) cancellation: Cancellation,
}

impl Invocation {
    pub(crate) fn source(&self) -> Result<&str> {
        given(self.settings.source.as_deref(), "source")
    }

    pub(crate) fn target(&self) -> Result<&str> {
        given(self.settings.target.as_deref(), "target")
    }

    /// Ends work that has no way of its own to be stopped, such as reading.
    pub(crate) async fn or_interrupted<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            result = work => Ok(result),
            () = self.cancellation.cancelled() => Err(Failure::interrupted()),
        }
    }
}

/// An empty variable of the environment counts as not given.
fn given<'a>(url: Option<&'a str>, side: &str) -> Result<&'a str> {
    url.filter(|url| !url.trim().is_empty()).ok_or_else(|| {
        Failure::new(format!("no {side} database is given")).with_hint(format!(
            "add --{side} postgresql://user@host/dbname, set TRANSHUME_{}, or set url in the [{side}] section of \
             transhume.toml (`transhume init` writes one)",
            side.to_uppercase()
        ))
    })
}
