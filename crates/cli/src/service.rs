//! What systemd is told of a process that it started (`Type=notify`): that it has begun, what it does, that it lives, that it ends.
//!
//! Does nothing where nobody asked, and never fails: a service manager that does not listen is no reason not to migrate. The sign
//! of life comes from the runtime that does the work: where that hangs, it stays away, and systemd starts the process again.

use sd_notify::NotifyState;
use transhume_engine::{cancel::Cancellation, report::Report};

/// Signs of life within the time that systemd waits for one: a late one must not count as none.
const SIGNS: u32 = 3;

/// Says that it has begun; what follows is told in the background until the process ends.
pub(crate) fn begin(cancellation: &Cancellation) {
    say(&[NotifyState::Ready]);
    let stopping = cancellation.clone();
    tokio::spawn(async move {
        stopping.cancelled().await;
        say(&[NotifyState::Stopping]);
    });
    if let Some(within) = sd_notify::watchdog_enabled() {
        tokio::spawn(async move {
            let mut pace = tokio::time::interval(within / SIGNS);
            loop {
                pace.tick().await;
                say(&[NotifyState::Watchdog]);
            }
        });
    }
}

/// The line that `systemctl status` shows.
pub(crate) fn status(report: &Report) {
    match report {
        Report::Phase { phase } => say(&[NotifyState::Status(&format!("phase {phase}"))]),
        Report::Waiting { reason } => say(&[NotifyState::Status(&format!("waiting for {reason}"))]),
        _ => {}
    }
}

fn say(state: &[NotifyState<'_>]) {
    // Nobody can be told of it but the manager that does not listen.
    let _ = sd_notify::notify(state);
}
