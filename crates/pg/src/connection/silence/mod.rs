//! A connection that stays open and delivers nothing: who is at its other end is asked over a new one.
//!
//! Keepalives end a connection whose peer is unreachable while nobody writes. They end none whose bytes are acknowledged
//! on the way and go no further, and a time-out for unacknowledged ones would take a server that is busy for a dead one.
//! So the server is asked what its process does. Owns when that is asked, and when a connection is given up; what the
//! answer means is core's. Never ends a process of others.

mod owed;

use std::{
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::{sleep, timeout};
use transhume_core::silence::{BackendNow, Meaning, Use, judge};

pub(crate) use self::owed::{Owed, Tags};
use crate::connection::{
    conninfo::ConnectionSettings,
    error::PgError,
    raw::{Mode, RawConnection},
};

/// An answer that takes longer is asked after. Most statements take less, and asking costs one short connection.
const QUIET_BEFORE_ASKING: Duration = Duration::from_secs(20);
/// Between two questions where the first says that the server waits for us: what is on its way arrives meanwhile.
const BEFORE_BELIEVING: Duration = Duration::from_secs(5);
/// A new connection that is not answered within this is not answered at all.
const ASKING: Duration = Duration::from_secs(10);
/// Silence after which a server that answers no new connection either is given up. With the last question this ends
/// within 70 s.
const QUIET_BEFORE_LOST: Duration = Duration::from_secs(60);

/// Who the silent server process is, and how to ask after it. Without one nothing is asked, and nothing given up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Peer(Option<Arc<Process>>);

#[derive(Debug)]
struct Process {
    settings: ConnectionSettings,
    pid: i32,
    application_name: String,
}

type Asking<'a> = Pin<Box<dyn Future<Output = Result<Meaning, PgError>> + Send + 'a>>;

impl Peer {
    pub(crate) fn of(
        settings: &ConnectionSettings,
        connection: &RawConnection,
        application_name: &str,
    ) -> Self {
        if !settings.is_attended {
            return Self::default();
        }
        Self(Some(Arc::new(Process {
            settings: settings.only(connection.endpoint()).unattended(),
            pid: connection.backend_pid(),
            application_name: application_name.to_owned(),
        })))
    }

    /// Waits for `work`, in which the server owes us something, but not for a server that is gone: then it gives the reason.
    pub(crate) async fn attend<T>(&self, work: impl Future<Output = T>) -> Result<T, String> {
        tokio::select! {
            biased;
            outcome = work => Ok(outcome),
            reason = self.until_lost(Instant::now()) => Err(reason),
        }
    }

    /// Returns why the connection, silent since then, is to be given up; never while its process works.
    async fn until_lost(&self, since: Instant) -> String {
        let Some(process) = &self.0 else {
            return std::future::pending().await;
        };
        let mut waited_for_us = false;
        sleep(QUIET_BEFORE_ASKING.saturating_sub(since.elapsed())).await;
        loop {
            match process.ask(Use::Statements).await {
                Ok(Meaning::Gone) => return process.gone(),
                Ok(Meaning::WaitsForUs) if waited_for_us => return process.given_up().await,
                Ok(Meaning::WaitsForUs) => {
                    waited_for_us = true;
                    sleep(BEFORE_BELIEVING).await;
                }
                Ok(Meaning::Working) => {
                    waited_for_us = false;
                    sleep(QUIET_BEFORE_ASKING).await;
                }
                // It is there, and only lets nobody else in.
                Err(error) if error.server().is_some() => sleep(QUIET_BEFORE_ASKING).await,
                Err(_) if since.elapsed() >= QUIET_BEFORE_LOST => {
                    let seconds = since.elapsed().as_secs();
                    return format!("no answer for {seconds} s, nor to a new connection");
                }
                Err(_) => sleep(BEFORE_BELIEVING).await,
            }
        }
    }

    /// Whether the walsender of a stream, which was asked to answer and did not, is busy all the same.
    pub(crate) async fn works_on(self) -> bool {
        let Some(process) = &self.0 else { return false };
        match process.ask(Use::Stream).await {
            Ok(Meaning::Working) => true,
            Ok(Meaning::WaitsForUs) => {
                process.given_up().await;
                false
            }
            Ok(Meaning::Gone) => false,
            Err(error) => error.server().is_some(),
        }
    }

    /// Watches over a session whose answers others wait for; returns why it is to be given up.
    pub(crate) async fn until_session_lost(&self, owed: &Owed) -> String {
        loop {
            let since = owed.since().await;
            tokio::select! {
                biased;
                () = owed.heard(since) => {}
                reason = self.until_lost(since) => return reason,
            }
        }
    }
}

impl Process {
    /// Boxed: connecting attends to its connection too, if not to this one.
    fn ask(&self, usage: Use) -> Asking<'_> {
        Box::pin(async move {
            let rows = self.run(include_str!("sql/backend.sql")).await?;
            let backend = rows.first().map(|row| BackendNow {
                state: row.first().cloned().flatten().unwrap_or_default(),
                wait_event: row.get(1).cloned().flatten().unwrap_or_default(),
            });
            Ok(judge(usage, backend.as_ref()))
        })
    }

    fn gone(&self) -> String {
        format!("its server process {} has ended", self.pid)
    }

    /// The process, which is ours, would keep its locks or the slot from who comes next.
    async fn given_up(&self) -> String {
        // One that cannot be ended now meets the server's own keepalives.
        let _ = Box::pin(self.run(include_str!("sql/end.sql"))).await;
        format!(
            "its server process {} waits for us although we wait for its answer",
            self.pid
        )
    }

    async fn run(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>, PgError> {
        let asking = async {
            let mut connection =
                RawConnection::connect(&self.settings, &self.application_name, Mode::Sql).await?;
            let rows = connection
                .query(sql, &[Some(&self.pid.to_string()), Some(&self.application_name)])
                .await?;
            connection.close().await;
            Ok(rows)
        };
        timeout(ASKING, asking).await.unwrap_or_else(|_| {
            Err(PgError::Lost {
                endpoint: self.settings.host_label(),
                reason: format!("no answer within {} s", ASKING.as_secs()),
            })
        })
    }
}
