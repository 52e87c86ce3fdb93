//! The comparers of one process, on a verification of its own or of another process.

use std::sync::{Arc, Mutex};

use tokio::task::JoinSet;
use transhume_core::sides::Sides;
use transhume_pg::{
    connection::{names, session::Session, snapshot},
    load::copy::RateLimit,
    state::{
        migration::Migration,
        verification::{self, Running},
    },
};
use transhume_wire::lsn::Lsn;

use super::{
    Verification, VerifyOptions,
    comparer::{Comparer, Pair},
    ledger::{Book, Ledger},
    options::Settings,
    outcome,
};
use crate::{
    cancel::Cancellation,
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    report::Reporter,
};

#[derive(Clone, Copy)]
pub(super) struct Workers<'run> {
    pub(super) endpoints: &'run Endpoints,
    pub(super) options: &'run VerifyOptions,
    /// Its id, or what stands for it.
    pub(super) migration: &'run str,
    pub(super) reporter: &'run Reporter,
}

impl Workers<'_> {
    pub(super) fn pair(self, lsn: Lsn, snapshots: Sides<&str>, settings: Settings) -> Pair {
        Pair {
            lsn,
            source_snapshot: snapshots.source.to_owned(),
            target_snapshot: snapshots.target.to_owned(),
            settings,
            limit: Arc::new(RateLimit::new(self.options.rate_limit)),
            reporter: self.reporter.clone(),
        }
    }

    /// Compares until every table has its result.
    pub(super) async fn compare(
        self,
        pair: Pair,
        verification: Option<i64>,
        book: &Arc<Mutex<Book>>,
        cancellation: &Cancellation,
    ) -> Result<()> {
        let mut comparers = JoinSet::new();
        for number in 0..self.options.comparers.max(1) {
            let comparer = self.comparer(number, verification, book).await?;
            comparers.spawn(comparer.work(pair.clone()));
        }
        loop {
            tokio::select! {
                joined = comparers.join_next() => match joined {
                    Some(result) => drop(result.expect("a comparer does not panic")?),
                    None => return Ok(()),
                },
                () = cancellation.cancelled() => return Err(EngineError::Interrupted),
            }
        }
    }

    async fn comparer(
        self,
        number: usize,
        verification: Option<i64>,
        book: &Arc<Mutex<Book>>,
    ) -> Result<Comparer> {
        let role = format!("verify:{number}");
        let ledger = match verification {
            Some(verification) => Ledger::Target {
                session: Box::new(self.endpoints.target_session(self.migration, &role).await?),
                verification,
            },
            None => Ledger::Process(Arc::clone(book)),
        };
        Ok(Comparer {
            name: names::application_name(self.migration, &role),
            source: self.endpoints.source_session(self.migration, &role).await?,
            target: self.endpoints.target_session(self.migration, &role).await?,
            ledger,
        })
    }
}

/// Helps with the verification that runs elsewhere, until it is done.
pub(super) async fn join(
    endpoints: &Endpoints,
    options: &VerifyOptions,
    migration: Option<Migration>,
    target: &Session,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<Verification> {
    let nothing = || {
        EngineError::refused(
            "no verification is running that could be joined",
            "start one with \"transhume verify\" on any machine",
        )
    };
    let migration = migration.ok_or_else(nothing)?;
    let running: Option<Running<Settings>> = verification::running(target)
        .await
        .doing("reading the verification")?;
    let running = running.ok_or_else(nothing)?;
    if !is_alive(target, &running).await? {
        return Err(nothing());
    }
    let started = std::time::Instant::now();
    let workers = Workers {
        endpoints,
        options,
        migration: &migration.id,
        reporter,
    };
    let snapshots = Sides {
        source: running.source_snapshot.as_str(),
        target: running.target_snapshot.as_str(),
    };
    let pair = workers.pair(running.lsn, snapshots, running.settings);
    workers
        .compare(pair, Some(running.id), &Arc::default(), cancellation)
        .await?;
    let mut verification = outcome::read(target, running.id, running.lsn, &running.mode).await?;
    verification.seconds = started.elapsed().as_secs_f64();
    Ok(verification)
}

/// Whoever froze the pair still holds it.
pub(super) async fn is_alive(target: &Session, running: &Running<Settings>) -> Result<bool> {
    snapshot::is_usable(target, &running.target_snapshot)
        .await
        .doing("asking whether the verification is alive")
}
