//! Shows who does not answer for as long as something waits for it.

use std::time::{Duration, Instant};

use crate::report::Reporter;

/// Most answers take milliseconds. What takes longer than this is told, again and again.
const SHOWN_AFTER: Duration = Duration::from_secs(10);

/// Does the work, and says meanwhile that `who` does not answer.
pub(crate) async fn shown<T>(reporter: &Reporter, who: &str, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(SHOWN_AFTER) => {
                reporter.waiting(format!("no answer from {who} for {} s", began.elapsed().as_secs()));
            }
        }
    }
}
