//! SIGINT and SIGTERM: the first one stops in order, the second one at once.

use tokio::signal::unix::{SignalKind, signal};
use transhume_engine::cancel::{Cancellation, cancellation};

use crate::{
    failure::{Exit, Failure, Result},
    show::terminal::Terminal,
};

/// Begins to listen; the returned value is cancelled by the first signal.
pub(crate) fn listen(terminal: Terminal) -> Result<Cancellation> {
    let register =
        |kind| signal(kind).map_err(|error| Failure::new(format!("cannot listen for signals: {error}")));
    let (mut interrupt, mut terminate) = (
        register(SignalKind::interrupt())?,
        register(SignalKind::terminate())?,
    );
    let (canceller, cancellation) = cancellation();
    // Detached on purpose: it ends with the process. It holds the canceller, whose drop would cancel.
    tokio::spawn(async move {
        next(&mut interrupt, &mut terminate).await;
        terminal.warning("stopping in order; a second signal stops at once (nothing is lost either way)");
        canceller.cancel();
        next(&mut interrupt, &mut terminate).await;
        std::process::exit(Exit::Interrupted as i32);
    });
    Ok(cancellation)
}

async fn next(interrupt: &mut tokio::signal::unix::Signal, terminate: &mut tokio::signal::unix::Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
