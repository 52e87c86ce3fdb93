//! The log for developers and for reports of defects: to stderr, never to stdout.
//!
//! What operators need is said by [`crate::show::terminal`]; the log repeats none of it. `TRANSHUME_LOG`
//! takes tracing's filter syntax and wins over `-v`.

use std::io;

use tracing::Metadata;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::{
    failure::{Failure, Result},
    show::terminal::{Terminal, log_line::Level},
};

const VARIABLE: &str = "TRANSHUME_LOG";

/// `verbosity` counts the `-v`.
pub(crate) fn begin(terminal: &Terminal, verbosity: u8) -> Result<()> {
    let level = match verbosity {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let directives = std::env::var(VARIABLE).ok().filter(|text| !text.is_empty());
    let filter = EnvFilter::try_new(directives.as_deref().unwrap_or(level)).map_err(|error| {
        Failure::new(format!("cannot read {VARIABLE}: {error}")).with_hint(
            "write a level such as debug, or levels of modules such as transhume_engine=debug,warn",
        )
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(LogWriter {
            terminal: terminal.clone(),
            level: Level::Info,
        })
        .with_ansi(false)
        .init();
    Ok(())
}

/// Writes whole log lines above the progress bars.
#[derive(Clone)]
struct LogWriter {
    terminal: Terminal,
    level: Level,
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }

    fn make_writer_for(&'a self, entry: &Metadata<'_>) -> Self {
        let level = match *entry.level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warning,
            tracing::Level::INFO => Level::Info,
            tracing::Level::DEBUG => Level::Debug,
            tracing::Level::TRACE => Level::Trace,
        };
        Self {
            level,
            ..self.clone()
        }
    }
}

impl io::Write for LogWriter {
    /// The subscriber formats an entry into one buffer and writes it in one call.
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.terminal.log(self.level, &String::from_utf8_lossy(buffer));
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
