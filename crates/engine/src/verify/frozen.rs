//! Two snapshots, one on each side, that show exactly the same commits.
//!
//! The hold on apply is short: it ends as soon as the target's snapshot exists, and by itself when
//! this process dies.

use std::time::Duration;

use transhume_core::{command::Command, hold::CommandId};
use transhume_pg::{
    marker, names,
    raw::{Mode, RawConnection},
    session::Session,
    slot,
    snapshot::SnapshotHolder,
    state::{
        command::{self, Answer},
        migration::Migration,
    },
};
use transhume_wire::lsn::Lsn;

use crate::{
    cancel::Cancellation,
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    report::Reporter,
};

/// A hold that is not renewed ends after this: long enough for a slow answer, short enough that a
/// dead verifier does not let the lag grow.
const HOLD_TIME_TO_LIVE: Duration = Duration::from_secs(30);

/// How long the runner may take to reach the consistent point before the verifier gives up.
const REACH_TIMEOUT: Duration = Duration::from_secs(600);

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
}

impl Freezing<'_> {
    pub(crate) async fn freeze(&self, cancellation: &Cancellation) -> Result<FrozenPair> {
        let keeper = self
            .endpoints
            .target_session(&self.migration.id, "verify-hold")
            .await?;
        let hold = command::request(&keeper, Command::Hold, Some(HOLD_TIME_TO_LIVE))
            .await
            .doing("asking the runner to hold")?;
        let frozen = tokio::select! {
            frozen = self.frozen_pair(hold) => frozen,
            error = keep_holding(&keeper, hold) => Err(error),
            () = cancellation.cancelled() => Err(EngineError::Interrupted),
        };
        command::withdraw(&keeper, hold)
            .await
            .doing("letting the runner go on")?;
        frozen
    }

    async fn frozen_pair(&self, hold: CommandId) -> Result<FrozenPair> {
        let mut target = self
            .endpoints
            .target_session(&self.migration.id, "verify-wait")
            .await?;
        answered(&mut target, hold, "the runner to hold").await?;
        let (consistent_point, source) = self.source_snapshot().await?;
        // On a quiet source nothing would tell the runner that it is past the point.
        let nonce = marker::nonce(&target).await.doing("making a nonce")?;
        marker::emit(self.source, &self.migration.id, &nonce)
            .await
            .doing("writing a marker on the source")?;
        self.reporter.waiting(format!(
            "the target to reach the source's commit position {consistent_point}"
        ));
        let advance = command::request(&target, Command::AdvanceTo(consistent_point), None)
            .await
            .doing("asking the runner to go to the consistent point")?;
        answered(&mut target, advance, "the runner to reach the consistent point").await?;
        let target = SnapshotHolder::fresh(&self.endpoints.target, &self.migration.id)
            .await
            .doing("taking the target's snapshot")?;
        self.reporter
            .step(format!("both sides frozen at {consistent_point}"));
        Ok(FrozenPair {
            consistent_point,
            source,
            target,
        })
    }

    /// The source as it was at the consistent point of a slot that lives for a moment.
    async fn source_snapshot(&self) -> Result<(Lsn, SnapshotHolder)> {
        let mut connection = RawConnection::connect(
            &self.endpoints.source,
            &names::application_name(&self.migration.id, "verify-slot"),
            Mode::Replication,
        )
        .await
        .doing("opening a replication connection to the source")?;
        let name = names::verify_slot(&self.migration.id, connection.backend_pid());
        self.reporter
            .waiting("transactions that are open on the source to end (a consistent point needs that)");
        let created = slot::create(&mut connection, &name, true)
            .await
            .doing("creating a temporary slot")?;
        let holder =
            SnapshotHolder::import(&self.endpoints.source, &self.migration.id, &created.snapshot_name)
                .await
                .doing("taking the source's snapshot")?;
        connection.close().await;
        Ok((created.consistent_point, holder))
    }
}

async fn answered(target: &mut Session, id: CommandId, whom: &str) -> Result<()> {
    let answer = command::await_answer(target, id, REACH_TIMEOUT)
        .await
        .doing(format!("waiting for {whom}"))?;
    let reason = match answer {
        Answer::Active(_) | Answer::Done(_) => return Ok(()),
        Answer::Waiting => "It did not answer in time.".to_owned(),
        Answer::Failed(reason) => reason,
        Answer::Withdrawn => "The request was withdrawn.".to_owned(),
    };
    Err(EngineError::stopped(
        format!("waited in vain for {whom}"),
        reason,
        "see \"transhume status\" for what the runner is doing, then try again",
    ))
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
