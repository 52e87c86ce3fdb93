//! Shows what running work reports: bars on a terminal, plain lines elsewhere.
//!
//! Owns the receiving end of a [`Reporter`]; what it shows never steers the work. Ends when the work
//! has ended, after showing all that was reported until then.

mod bars;
mod figures;
mod lines;
mod rate;

use std::time::Instant;

use tokio::sync::{mpsc::UnboundedReceiver, oneshot};
use transhume_engine::report::{Report, Reporter};

use crate::{service, show::terminal::Terminal};

/// One way to show reports. `now` is passed in, so that both can be tested without waiting.
trait View: Send {
    fn show(&mut self, report: &Report, now: Instant);
    /// The work has ended: leave nothing half drawn.
    fn close(&mut self);
}

/// Runs `work` and shows what it reports meanwhile.
pub(crate) async fn shown<T>(terminal: &Terminal, work: impl AsyncFnOnce(&Reporter) -> T) -> T {
    let (reporter, reports) = Reporter::channel();
    let (ended, end) = oneshot::channel();
    let view: Box<dyn View> = match terminal.bars() {
        Some(bars) => Box::new(bars::Bars::new(terminal.clone(), bars.clone())),
        None => Box::new(lines::Lines::new(terminal.clone())),
    };
    let display = tokio::spawn(display(view, reports, end));
    // The work of a whole migration is a large future: not on the stack of whoever waits for it.
    let result = Box::pin(work(&reporter)).await;
    // A task of the work that outlives it may still hold a reporter, so the end is said, not inferred.
    let _ = ended.send(());
    let _ = display.await;
    result
}

/// Branches are cancel-safe; reports come first, so that none is lost at the end.
async fn display(
    mut view: Box<dyn View>,
    mut reports: UnboundedReceiver<Report>,
    mut end: oneshot::Receiver<()>,
) {
    loop {
        tokio::select! {
            biased;
            report = reports.recv() => match report {
                Some(report) => {
                    service::status(&report);
                    view.show(&report, Instant::now());
                }
                None => break,
            },
            _ = &mut end => break,
        }
    }
    while let Ok(report) = reports.try_recv() {
        view.show(&report, Instant::now());
    }
    view.close();
}
