//! SIGINT and SIGTERM: the first one stops in order, the second one at once.
//!
//! Whoever sends SIGTERM, a service manager, wants a service to end, so it has ended well. SIGINT is a person who interrupts: what
//! comes behind it in a script must not go on.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::signal::unix::{Signal, SignalKind, signal};
use transhume_engine::cancel::{Cancellation, cancellation};

use crate::{
    failure::{Exit, Failure, Result},
    show::terminal::{Terminal, screen},
};

/// How the program was asked to end; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stopping {
    by_sigterm: Arc<AtomicBool>,
}

impl Stopping {
    /// The end of a command that goes on until it is stopped.
    pub(crate) fn of_service(&self, ended: Result<Exit>) -> Result<Exit> {
        match ended {
            Err(failure) if failure.exit == Exit::Interrupted && self.by_sigterm.load(Ordering::Relaxed) => {
                Ok(Exit::Success)
            }
            ended => ended,
        }
    }
}

/// Begins to listen; the cancellation comes with the first signal.
pub(crate) fn listen(terminal: Terminal) -> Result<(Cancellation, Stopping)> {
    let register =
        |kind| signal(kind).map_err(|error| Failure::new(format!("cannot listen for signals: {error}")));
    let (mut interrupt, mut terminate) = (
        register(SignalKind::interrupt())?,
        register(SignalKind::terminate())?,
    );
    let (canceller, cancellation) = cancellation();
    let stopping = Stopping::default();
    let asked = stopping.clone();
    // Detached on purpose: it ends with the process. It holds the canceller, whose drop would cancel.
    tokio::spawn(async move {
        let is_sigterm = next(&mut interrupt, &mut terminate).await;
        asked.by_sigterm.store(is_sigterm, Ordering::Relaxed);
        terminal.warning("stopping in order; a second signal stops at once (nothing is lost either way)");
        canceller.cancel();
        next(&mut interrupt, &mut terminate).await;
        screen::give_back();
        std::process::exit(Exit::Interrupted as i32);
    });
    Ok((cancellation, stopping))
}

/// Whether it is SIGTERM. Cancel-safe.
async fn next(interrupt: &mut Signal, terminate: &mut Signal) -> bool {
    tokio::select! {
        _ = interrupt.recv() => false,
        _ = terminate.recv() => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_interruption_by_sigterm_is_a_good_end() {
        let exit = |stopping: &Stopping, failure| {
            stopping
                .of_service(Err(failure))
                .unwrap_or_else(|failure| failure.exit)
        };
        let stopping = Stopping::default();
        assert_eq!(exit(&stopping, Failure::interrupted()), Exit::Interrupted);
        stopping.by_sigterm.store(true, Ordering::Relaxed);
        assert_eq!(exit(&stopping, Failure::interrupted()), Exit::Success);
        assert_eq!(exit(&stopping, Failure::new("no connection")), Exit::NotDone);
    }
}
