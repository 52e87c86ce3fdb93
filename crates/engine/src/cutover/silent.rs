//! Before the fence: a server that falls silent is named soon, and not waited for longer than the pause may last.
//!
//! Sessions bear silence for a minute, since statements may take long; so both servers are asked over new connections
//! meanwhile. Owns the bound of every step up to the fence. Refuses to judge a step that takes long on a server that
//! answers. Invariant: nobody has waited for a cutover that ends here.

use std::time::{Duration, Instant};

use tokio::time::timeout;
use transhume_core::count::counted;
use transhume_pg::connection::{
    conninfo::ConnectionSettings,
    names,
    raw::{Mode, RawConnection},
};

use super::Cutover;
use crate::{
    endpoints::Endpoints,
    error::{EngineError, Result},
    report::Reporter,
};

/// The steps before the fence take a second or two each where nothing is wrong: most end without a question.
const ASKED_EVERY: Duration = Duration::from_secs(2);
/// A login takes milliseconds, over a bad line a second or two.
const ASKING: Duration = Duration::from_secs(3);

/// Whom the steps before the fence work with.
pub(super) struct Attended<'run> {
    endpoints: &'run Endpoints,
    migration: String,
    /// A server that is silent for as long as the pause may last would have ended the pause too.
    most: Duration,
    reporter: &'run Reporter,
}

impl<'run> Attended<'run> {
    pub(super) fn of(cutover: &Cutover<'run>) -> Self {
        Self {
            endpoints: cutover.endpoints,
            migration: cutover.migration.id.clone(),
            most: cutover.options.max_pause,
            reporter: cutover.reporter,
        }
    }

    /// Does the work, unless one of the servers answers nobody any more.
    pub(super) async fn unless_silent<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            outcome = work => outcome,
            error = Box::pin(self.silence_of("source", &self.endpoints.source)) => Err(error),
            error = Box::pin(self.silence_of("target", &self.endpoints.target)) => Err(error),
        }
    }

    async fn silence_of(&self, side: &str, server: &ConnectionSettings) -> EngineError {
        let mut heard = Instant::now();
        loop {
            tokio::time::sleep(ASKED_EVERY).await;
            if self.answers(server).await {
                heard = Instant::now();
                continue;
            }
            let seconds = counted(heard.elapsed().as_secs(), "second");
            let who = format!("the {side}, {}", server.host_label());
            if heard.elapsed() >= self.most {
                return EngineError::stopped(
                    format!("{who}, has not answered for {seconds}, nor a new connection"),
                    "The fence was not raised: nobody has waited for this cutover.",
                    "see whether that server hangs (disk, memory, network), then cut over again; --max-pause bears silence for \
                     longer",
                );
            }
            self.reporter.waiting(format!(
                "{who}, which has not answered for {seconds}; the application continues meanwhile"
            ));
        }
    }

    /// A refusal is an answer too.
    async fn answers(&self, server: &ConnectionSettings) -> bool {
        let name = names::application_name(&self.migration, "cutover-asking");
        let server = server.clone().unattended();
        let asking = RawConnection::connect(&server, &name, Mode::Sql);
        match timeout(ASKING, asking).await {
            Ok(Ok(connection)) => {
                connection.close().await;
                true
            }
            Ok(Err(error)) => error.server().is_some(),
            Err(_) => false,
        }
    }
}
