//! Copying parts: claim, COPY through, mark done, commit. What small tables wait for is built in the same transaction:
//! finding and locking them once more would cost more than it, the more of them there are.

use transhume_pg::{
    load::{
        copy::CopySide,
        part_copy::{self, Fitness, PartError},
    },
    state::load::parts::{self, ClaimedPart, CopiedPart},
};

use super::{
    builder,
    sessions::{RefusedRows, Turn, WorkFailure, WorkerSessions, is_about_data},
};
use crate::error::EngineError;

/// Bytes up to which parts are claimed several at a time: what a commit and a claim cost in round
/// trips is more than copying so little.
pub(super) const SMALL_PART_BYTES: u64 = 256 << 10;
/// Small parts in one transaction at most: as much as a crash makes a loader copy again.
pub(super) const SMALL_PARTS_AT_ONCE: u32 = 32;

type Outcome<T> = Result<T, WorkFailure>;

/// Claims and copies the largest open part, or a handful of small ones.
pub(super) async fn load_next(worker: &mut WorkerSessions) -> Outcome<Turn> {
    let claimed = claim(worker).await?;
    let Some(first) = claimed.first() else {
        return Ok(Turn::Nothing);
    };
    worker.found_work();
    match worker.both(&first.snapshot).await {
        Ok(_) => {}
        Err(failure) if failure.is_snapshot_lost() => return Ok(Turn::SnapshotLost),
        Err(failure) => return Err(failure),
    }
    match unfit(worker, &claimed).await? {
        Fit::All => {}
        Fit::Not(part) => return outdated(worker, part).await,
        // Whatever it was, it is over: look again.
        Fit::Unknown => return give_up(worker).await,
    }
    let mut copied = Vec::with_capacity(claimed.len());
    for part in &claimed {
        copied.push(copy(worker, part).await?);
    }
    if let Some(part) = rewritten(worker, &claimed).await? {
        return outdated(worker, part).await;
    }
    worker.end_reading().await?;
    let loaded = mark(worker, &copied).await?;
    builder::build_small(worker, &loaded).await?;
    let target = worker.target().await?;
    part_copy::commit(target)
        .await
        .map_err(|error| WorkFailure::target("completing a part", error))?;
    Ok(Turn::Did)
}

/// Whether the tables of what was claimed are still those that were planned.
enum Fit<'a> {
    All,
    Not(&'a ClaimedPart),
    /// One was not, and none is by now.
    Unknown,
}

async fn unfit<'a>(worker: &mut WorkerSessions, claimed: &'a [ClaimedPart]) -> Outcome<Fit<'a>> {
    match fitness(worker, claimed).await? {
        Fitness::All => return Ok(Fit::All),
        Fitness::Unfit(place) => return Ok(Fit::Not(&claimed[place])),
        Fitness::SomeUnfit(_) => {}
    }
    for part in claimed {
        begin_again(worker).await?;
        if fitness(worker, std::slice::from_ref(part)).await? != Fitness::All {
            begin_again(worker).await?;
            return Ok(Fit::Not(part));
        }
    }
    Ok(Fit::Unknown)
}

async fn fitness(worker: &mut WorkerSessions, parts: &[ClaimedPart]) -> Outcome<Fitness> {
    let Some(first) = parts.first() else {
        return Ok(Fitness::All);
    };
    let (source, target) = worker.both(&first.snapshot).await?;
    part_copy::fitness(source, target, parts)
        .await
        .map_err(|error| failed("asking whether tables are as they were planned", error))
}

/// A transaction that failed answers nothing more. What was claimed in it is claimed no longer.
async fn begin_again(worker: &mut WorkerSessions) -> Outcome<()> {
    worker.end_reading().await?;
    let target = worker.target().await?;
    let beginning = async {
        part_copy::roll_back(target).await?;
        part_copy::begin(target).await
    };
    beginning
        .await
        .map_err(|error| WorkFailure::target("claiming a part", error))
}

async fn give_up(worker: &mut WorkerSessions) -> Outcome<Turn> {
    worker.end_reading().await?;
    let target = worker.target().await?;
    part_copy::roll_back(target)
        .await
        .map_err(|error| WorkFailure::target("giving up a part", error))?;
    Ok(Turn::Did)
}

/// The first of these parts, all copied, that the snapshot does not show as it was.
async fn rewritten<'a>(
    worker: &mut WorkerSessions,
    claimed: &'a [ClaimedPart],
) -> Outcome<Option<&'a ClaimedPart>> {
    let Some(first) = claimed.first() else {
        return Ok(None);
    };
    let (source, _) = worker.both(&first.snapshot).await?;
    let rewritten = part_copy::rewritten(source, claimed)
        .await
        .map_err(|error| WorkFailure::Server {
            doing: "asking whether what was copied was rewritten meanwhile".to_owned(),
            side: CopySide::Source,
            error,
        })?;
    let is_rewritten = |part: &&ClaimedPart| rewritten.contains(&part.stored_in().0);
    Ok(claimed.iter().find(is_rewritten))
}

/// Gives up what was claimed, and lets the table wait for a fresh snapshot.
async fn outdated(worker: &mut WorkerSessions, part: &ClaimedPart) -> Outcome<Turn> {
    // First: once the part is given up another worker may claim it and wait on the source behind the next TRUNCATE, which
    // waits for our lock on the table, while we wait here for that worker's lock on the part. No server sees such a circle.
    worker.end_reading().await?;
    let target = worker.target().await?;
    let starting_anew = async {
        part_copy::roll_back(target).await?;
        parts::outdate(target, part).await
    };
    starting_anew
        .await
        .map_err(|error| WorkFailure::target("starting a rewritten table anew", error))?;
    worker.shared.lose_snapshot();
    worker.shared.reporter.step(format!(
        "{} was truncated, rewritten or altered on the source meanwhile: it is loaded again under a fresh snapshot",
        part.table.plain()
    ));
    Ok(Turn::Did)
}

/// Begins a transaction and locks parts; ends it again where there are none.
async fn claim(worker: &mut WorkerSessions) -> Outcome<Vec<ClaimedPart>> {
    let target = worker.target().await?;
    let claimed = async {
        part_copy::begin(target).await?;
        let Some(first) = parts::claim_largest(target).await? else {
            part_copy::roll_back(target).await?;
            return Ok(Vec::new());
        };
        let mut claimed = Vec::new();
        if first.bytes <= SMALL_PART_BYTES {
            claimed = parts::claim_small(
                target,
                SMALL_PART_BYTES,
                SMALL_PARTS_AT_ONCE - 1,
                first.snapshot_id,
            )
            .await?;
            // The row locks are ours, so the same query may show the first again.
            claimed.retain(|part| part.id != first.id);
        }
        claimed.insert(0, first);
        Ok(claimed)
    };
    claimed
        .await
        .map_err(|error| WorkFailure::target("claiming a part", error))
}

async fn copy(worker: &mut WorkerSessions, part: &ClaimedPart) -> Outcome<CopiedPart> {
    let shared = std::sync::Arc::clone(&worker.shared);
    let meter = shared.start_meter(worker.number);
    let (source, target) = worker.both(&part.snapshot).await?;
    match part_copy::copy_part(
        source,
        target,
        part,
        &shared.value_encoding,
        (&meter, shared.limit.as_ref()),
    )
    .await
    {
        Ok(copied) => Ok(copied),
        Err(PartError::NotEmpty) => Err(WorkFailure::Stop(EngineError::stopped(
            format!(
                "the table {} of the target holds rows already",
                part.table.plain()
            ),
            "This migration has not copied any row into it yet.",
            "empty the table on the target, or leave it out of the selection, then run the same command again",
        ))),
        Err(error) => {
            let doing = format!("copying {}, part {}", part.table.plain(), part.number);
            Err(match error {
                PartError::Failed {
                    side: CopySide::Target,
                    error,
                } if is_about_data(&error) => WorkFailure::RefusedRows(Box::new(RefusedRows {
                    oid: part.source_oid,
                    table: part.table.clone(),
                    doing,
                    error,
                })),
                error => failed(&doing, error),
            })
        }
    }
}

fn failed(doing: &str, error: PartError) -> WorkFailure {
    match error {
        PartError::Failed { side, error } => WorkFailure::Server {
            doing: doing.to_owned(),
            side,
            error,
        },
        PartError::NotEmpty => WorkFailure::Stop(EngineError::stopped(
            format!("{doing}: the target's table holds rows already"),
            "",
            "this is a defect of transhume; please report it",
        )),
    }
}

/// The tables that are loaded now.
async fn mark(worker: &mut WorkerSessions, copied: &[CopiedPart]) -> Outcome<Vec<u32>> {
    let name = worker.name.clone();
    let target = worker.target().await?;
    let loaded = parts::mark_done(target, copied, &name)
        .await
        .map_err(|error| WorkFailure::target("completing a part", error))?;
    loaded.ok_or_else(|| {
        WorkFailure::Stop(EngineError::stopped(
            "a part that this process held was done by another",
            "Nothing was committed twice.",
            "this is a defect of transhume; please report it",
        ))
    })
}
