//! Two snapshots, one on each side, that show exactly the same commits.
//!
//! The hold on apply is short and bounded: it begins only once no transaction that has been open for a
//! while stands in the way of a consistent point, ends as soon as the target's snapshot exists, and ends
//! by itself when this process dies. Where the source does not let a consistent point come about in time,
//! the hold is given up, it is said who blocks, and it is tried again.

use std::time::{Duration, Instant};

use transhume_core::{assess::observation::WritingTransaction, command::Command, follow::hold::CommandId};
use transhume_pg::{
    catalog::activity::{prepared_transactions, writing_transactions},
    connection::{
        names,
        raw::{Mode, RawConnection},
        session::Session,
        snapshot::SnapshotHolder,
    },
    follow::{marker, slot},
    state::{
        command::{self, Answer},
        migration::Migration,
    },
};
use transhume_wire::{lsn::Lsn, replication::SlotSnapshot};

use crate::{
    cancel::Cancellation,
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    prepare::slot_snapshot,
    report::Reporter,
    runner::awaited,
};

/// A hold that is not renewed ends after this: long enough for a slow answer, short enough that a
/// dead verifier does not let the lag grow.
const HOLD_TIME_TO_LIVE: Duration = Duration::from_secs(30);

/// How long the runner may take to reach the consistent point before the verifier gives up.
pub(super) const REACH_TIMEOUT: Duration = Duration::from_secs(600);

/// Between two words about who is waited for.
pub(super) const REPORTED_EVERY: Duration = Duration::from_secs(10);

/// How long to wait, without any hold, for transactions on the source that stand in the way.
const PATIENCE: Duration = Duration::from_secs(600);

/// A transaction that has been open for so long may stay so: apply is not held to wait for it.
const SHORT_TRANSACTION_SECONDS: i64 = 2;

/// Between two looks at the source's transactions.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Both holders live as long as this.
pub(crate) struct FrozenPair {
    pub(crate) consistent_point: Lsn,
    pub(crate) source: SnapshotHolder,
    pub(crate) target: SnapshotHolder,
}

/// What [`freeze`] works with.
pub(crate) struct Freezing<'run> {
    pub(crate) endpoints: &'run Endpoints,
    pub(crate) migration: &'run Migration,
    pub(crate) source: &'run Session,
    pub(crate) reporter: &'run Reporter,
    /// How long the source may take to give a consistent point while apply is held.
    pub(crate) hold_timeout: Duration,
}

/// A hold that is in force, with the consistent point and the source's snapshot: the target shows
/// exactly what the source's snapshot does, until the hold is withdrawn.
pub(crate) struct Standstill {
    pub(crate) consistent_point: Lsn,
    pub(crate) source: SnapshotHolder,
}

impl Freezing<'_> {
    /// Both snapshots; apply goes on.
    pub(crate) async fn freeze(&self, cancellation: &Cancellation) -> Result<FrozenPair> {
        let (standstill, target) = self
            .standing_still(cancellation, async |_| {
                SnapshotHolder::fresh(&self.endpoints.target, &self.migration.id)
                    .await
                    .doing("taking the target's snapshot")
            })
            .await?;
        let frozen = FrozenPair {
            consistent_point: standstill.consistent_point,
            source: standstill.source,
            target,
        };
        self.reporter
            .step(format!("both sides frozen at {}", frozen.consistent_point));
        Ok(frozen)
    }

    /// Does `work` while both sides stand at the same commit, and lets apply go on after it.
    pub(crate) async fn standing_still<T>(
        &self,
        cancellation: &Cancellation,
        work: impl AsyncFn(&Standstill) -> Result<T>,
    ) -> Result<(Standstill, T)> {
        let started = Instant::now();
        loop {
            self.wait_for_long_transactions(started, cancellation).await?;
            let keeper = self
                .endpoints
                .target_session(&self.migration.id, "verify-hold")
                .await?;
            let hold = command::request(&keeper, Command::Hold, Some(HOLD_TIME_TO_LIVE))
                .await
                .doing("asking the runner to hold")?;
            let working = async {
                let Some(standstill) = self.standstill(hold).await? else {
                    return Ok(None);
                };
                let done = work(&standstill).await?;
                Ok(Some((standstill, done)))
            };
            let outcome = tokio::select! {
                outcome = working => outcome,
                error = keep_holding(&keeper, hold) => Err(error),
                () = cancellation.cancelled() => Err(EngineError::Interrupted),
            };
            command::withdraw(&keeper, hold)
                .await
                .doing("letting the runner go on")?;
            if let Some(done) = outcome? {
                return Ok(done);
            }
            if started.elapsed() > PATIENCE {
                return Err(self.blocked().await?);
            }
        }
    }

    /// None where the source did not give a consistent point within the bound.
    async fn standstill(&self, hold: CommandId) -> Result<Option<Standstill>> {
        let mut target = self
            .endpoints
            .target_session(&self.migration.id, "verify-wait")
            .await?;
        self.answered(&mut target, hold, "the runner to hold").await?;
        let Some((consistent_point, source)) = self.source_snapshot().await? else {
            return Ok(None);
        };
        // On a quiet source nothing would tell the runner that it is past the point.
        let nonce = marker::nonce(&target).await.doing("making a nonce")?;
        marker::emit_unawaited(self.source, &self.migration.id, &nonce)
            .await
            .doing("writing a marker on the source")?;
        self.reporter.waiting(format!(
            "the target to reach the source's commit position {consistent_point}"
        ));
        let advance = command::request(&target, Command::AdvanceTo(consistent_point), None)
            .await
            .doing("asking the runner to go to the consistent point")?;
        self.answered(&mut target, advance, "the runner to reach the consistent point")
            .await?;
        Ok(Some(Standstill {
            consistent_point,
            source,
        }))
    }

    /// Says now and then for whom it waits.
    async fn answered(&self, target: &mut Session, id: CommandId, whom: &str) -> Result<()> {
        let end = Instant::now() + REACH_TIMEOUT;
        let reason = loop {
            let answer = command::await_answer(target, id, REPORTED_EVERY)
                .await
                .doing(format!("waiting for {whom}"))?;
            match answer {
                Answer::Active(_) | Answer::Done(_) => return Ok(()),
                Answer::Waiting if Instant::now() < end => {
                    self.reporter
                        .waiting(format!("{whom}: {}", awaited(target).await?));
                }
                Answer::Waiting => break format!("It did not answer in time: {}.", awaited(target).await?),
                Answer::Failed(reason) => break reason,
                Answer::Withdrawn => break "The request was withdrawn.".to_owned(),
            }
        };
        Err(EngineError::stopped(
            format!("waited in vain for {whom}"),
            reason,
            "see \"transhume status\" for what the runner is doing, then try again",
        ))
    }

    /// The source as it was at the consistent point of a slot that lives for a moment.
    async fn source_snapshot(&self) -> Result<Option<(Lsn, SnapshotHolder)>> {
        let mut connection = RawConnection::connect(
            &self.endpoints.source,
            &names::application_name(&self.migration.id, "verify-slot"),
            Mode::Replication,
        )
        .await
        .doing("opening a replication connection to the source")?;
        let name = names::verify_slot(&self.migration.id, connection.backend_pid());
        let canceller = connection.canceller(&self.endpoints.source);
        let taking = async {
            let created = match slot::create(&mut connection, &name, SlotSnapshot::Export, true).await {
                // Another moment has fewer of them.
                Err(error) if slot::is_snapshot_too_large(&error) => return Ok(None),
                created => created.doing("creating a temporary slot")?,
            };
            let snapshot_name = created.snapshot_name.as_deref();
            let snapshot_name = snapshot_name.expect("invariant: a slot that exports its snapshot names it");
            let id = &self.migration.id;
            let holder = slot_snapshot::take_over(self.endpoints, id, snapshot_name, self.reporter).await?;
            Ok(Some((created.consistent_point, holder)))
        };
        let Ok(taken) = tokio::time::timeout(self.hold_timeout, taking).await else {
            // The server would go on waiting for the transactions, and a half-made slot would stay.
            canceller.cancel().await.doing("giving up the temporary slot")?;
            return Ok(None);
        };
        connection.close().await;
        taken
    }

    /// A consistent point needs every transaction that writes now to end: waits for those that may take
    /// long before apply is held, and says who they are.
    async fn wait_for_long_transactions(&self, started: Instant, cancellation: &Cancellation) -> Result<()> {
        let mut reported = String::new();
        loop {
            let blocking = self.long_transactions().await?;
            if blocking.is_empty() {
                return Ok(());
            }
            if started.elapsed() > PATIENCE {
                return Err(self.blocked().await?);
            }
            let names = blocking.join("; ");
            if names != reported {
                self.reporter.waiting(format!(
                    "transactions that are open on the source to end, while apply continues: {names}"
                ));
                reported = names;
            }
            cancellation.rest(LOOK_EVERY).await?;
        }
    }

    async fn long_transactions(&self) -> Result<Vec<String>> {
        let writing = writing_transactions(self.source)
            .await
            .doing("reading the source's transactions")?;
        let prepared = prepared_transactions(self.source)
            .await
            .doing("reading the source's prepared transactions")?;
        let is_long = |open: &WritingTransaction| open.age_seconds >= Some(SHORT_TRANSACTION_SECONDS);
        let mut blocking: Vec<String> = writing.iter().filter(|open| is_long(open)).map(session).collect();
        blocking.extend(prepared.into_iter().map(|open| {
            format!(
                "prepared transaction \"{}\" of {}",
                open.gid.escape_debug(),
                open.owner
            )
        }));
        Ok(blocking)
    }

    async fn blocked(&self) -> Result<EngineError> {
        let blocking = self.long_transactions().await?;
        let detail = if blocking.is_empty() {
            "Many transactions follow each other so closely that the source found no consistent point."
                .to_owned()
        } else {
            format!("These are open: {}.", blocking.join("; "))
        };
        Ok(EngineError::stopped(
            format!(
                "transactions on the source left no consistent point within {} minutes",
                PATIENCE.as_secs() / 60
            ),
            detail,
            "end them, or compare without such a point: \"transhume verify --mode recheck\"; --hold-timeout lets apply wait \
             longer for it",
        ))
    }
}

fn session(open: &WritingTransaction) -> String {
    let unknown = || "an unknown role".to_owned();
    let application = open
        .application
        .clone()
        .unwrap_or_else(|| "no application name".to_owned());
    format!(
        "process {} of {} ({})",
        open.pid,
        open.user.clone().unwrap_or_else(unknown).escape_debug(),
        application.escape_debug()
    )
}

/// Renews the hold until dropped; returns only when that fails.
async fn keep_holding(keeper: &Session, hold: CommandId) -> EngineError {
    loop {
        tokio::time::sleep(HOLD_TIME_TO_LIVE / 3).await;
        match command::renew(keeper, hold, HOLD_TIME_TO_LIVE)
            .await
            .doing("renewing the hold")
        {
            Ok(true) => {}
            Ok(false) => {
                return EngineError::stopped("the hold on apply ended early", "", "verify again");
            }
            Err(error) => return error,
        }
    }
}
