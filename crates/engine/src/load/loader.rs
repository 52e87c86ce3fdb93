//! Copying parts: claim, COPY through, mark done, commit.

use transhume_pg::{
    part_copy::{self, PartError},
    state::load::parts::{self, ClaimedPart, CopiedPart},
};

use super::hand::{Failure, Hand, Turn};
use crate::error::EngineError;

/// Bytes up to which parts are claimed several at a time: what a commit and a claim cost in round
/// trips is more than copying so little.
pub(super) const SMALL_PART_BYTES: u64 = 256 << 10;
/// Small parts in one transaction at most: as much as a crash makes a loader copy again.
pub(super) const SMALL_PARTS_AT_ONCE: u32 = 32;

type Outcome<T> = Result<T, Failure>;

/// Claims and copies the largest open part, or a handful of small ones.
pub(super) async fn load_next(hand: &mut Hand) -> Outcome<Turn> {
    let claimed = claim(hand).await?;
    let Some(first) = claimed.first() else {
        return Ok(Turn::Nothing);
    };
    match hand.both(&first.snapshot).await {
        Ok(_) => {}
        Err(failure) if failure.is_snapshot_lost() => return Ok(Turn::SnapshotLost),
        Err(failure) => return Err(failure),
    }
    let mut copied = Vec::with_capacity(claimed.len());
    for part in &claimed {
        match copy(hand, part).await? {
            Some(done) => copied.push(done),
            None => return outdated(hand, part).await,
        }
    }
    complete(hand, &copied).await?;
    hand.end_reading().await?;
    Ok(Turn::Did)
}

/// Gives up what was claimed, and lets the table wait for a fresh snapshot.
async fn outdated(hand: &mut Hand, part: &ClaimedPart) -> Outcome<Turn> {
    let target = hand.target().await?;
    let starting_anew = async {
        part_copy::roll_back(target).await?;
        parts::outdate(target, part).await
    };
    starting_anew
        .await
        .map_err(|error| Failure::target("starting a rewritten table anew", error))?;
    hand.end_reading().await?;
    hand.shared.lose_snapshot();
    hand.shared.reporter.step(format!(
        "{} was truncated or rewritten on the source meanwhile: it is loaded again under a fresh snapshot",
        part.table.plain()
    ));
    Ok(Turn::Did)
}

/// Begins a transaction and locks parts; ends it again where there are none.
async fn claim(hand: &mut Hand) -> Outcome<Vec<ClaimedPart>> {
    let target = hand.target().await?;
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
        .map_err(|error| Failure::target("claiming a part", error))
}

/// None where the table must be started anew.
async fn copy(hand: &mut Hand, part: &ClaimedPart) -> Outcome<Option<CopiedPart>> {
    let shared = std::sync::Arc::clone(&hand.shared);
    let meter = shared.start_meter(hand.number);
    let (source, target) = hand.both(&part.snapshot).await?;
    match part_copy::copy_part(source, target, part, &meter, shared.limit.as_ref()).await {
        Ok(copied) => Ok(Some(copied)),
        Err(PartError::Outdated) => Ok(None),
        Err(PartError::Failed { side, error }) => Err(Failure::Server {
            doing: format!("copying {}, part {}", part.table.plain(), part.number),
            side,
            error,
        }),
        Err(PartError::NotEmpty) => Err(Failure::Stop(EngineError::stopped(
            format!(
                "the table {} of the target holds rows already",
                part.table.plain()
            ),
            "This migration has not copied any row into it yet.",
            "empty the table on the target, or leave it out of the selection, then run the same command again",
        ))),
    }
}

async fn complete(hand: &mut Hand, copied: &[CopiedPart]) -> Outcome<()> {
    let name = hand.name.clone();
    let target = hand.target().await?;
    let failed = |error| Failure::target("completing a part", error);
    if !parts::mark_done(target, copied, &name).await.map_err(failed)? {
        return Err(Failure::Stop(EngineError::stopped(
            "a part that this process held was done by another",
            "Nothing was committed twice.",
            "this is a defect of transhume; please report it",
        )));
    }
    part_copy::commit(target).await.map_err(failed)
}
