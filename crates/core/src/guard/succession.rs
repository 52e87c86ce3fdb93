//! Whether the server that answers now is still the source that a migration began with.
//!
//! Owns the judgement after every connect: the same server, a standby to be waited for, a promoted one that goes on where
//! the other stopped, one that was set back, or another server altogether. Refuses to compare LSNs before system and
//! timeline make them comparable. Invariant: nothing continues unless the new primary has all that was applied, and a
//! slot that still sends all that was not.

use transhume_wire::{lsn::Lsn, timeline::TimelineHistory};

use super::anew::{anew, anew_after_loss};
use crate::direction::Direction;

/// What a server says of itself, all of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerStanding {
    pub in_recovery: bool,
    /// None where the role may not ask for it: a replication connection tells it.
    pub system: Option<String>,
    /// Of the WAL that is being written; a standby writes none.
    pub timeline: Option<i32>,
    pub database_oid: u32,
    pub database: String,
    /// Written out, on a standby replayed.
    pub wal_end: Lsn,
    /// The slot that was asked for.
    pub slot: Option<SlotStanding>,
}

/// A slot as it stands at that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotStanding {
    pub plugin: String,
    pub database: String,
    pub active_pid: Option<i32>,
    pub confirmed_flush: Option<Lsn>,
    pub restart: Option<Lsn>,
    /// reserved, extended, unreserved or lost (13 and later).
    pub wal_status: Option<String>,
    /// Kept on standbys too, so that it outlives a promotion (17 and later).
    pub is_failover: bool,
}

/// What the migration remembers of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RememberedSource<'state> {
    pub system: &'state str,
    pub timeline: i32,
    pub database_oid: u32,
    pub database: &'state str,
    pub slot: &'state str,
    pub direction: Direction,
    /// Everything below is on the target.
    pub applied: Lsn,
    /// Rows that were loaded under snapshots of their own may be on the target up to here.
    pub loaded: Lsn,
}

impl RememberedSource<'_> {
    /// The latest that may be on the target.
    fn reached(&self) -> Lsn {
        self.applied.max(self.loaded)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Succession {
    /// The server that was followed all along.
    Same,
    /// It takes no writes: it may become the source, or the source may come back.
    Standby,
    /// Promoted, with all that was applied and a slot that sends the rest.
    Continues {
        timeline: i32,
        switch_point: Lsn,
    },
    /// Promoted without the last of what was applied or loaded.
    SetBack {
        timeline: i32,
        switch_point: Lsn,
    },
    /// Promoted and complete, but what was not applied yet cannot be read from it any more.
    SlotUnusable {
        timeline: i32,
        reason: SlotLoss,
    },
    Other(Divergence),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotLoss {
    Missing,
    WalRemoved,
    /// It was moved beyond what is applied.
    Ahead {
        confirmed: Lsn,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Divergence {
    System {
        found: String,
    },
    Database {
        found: String,
        oid: u32,
    },
    /// Its history does not contain the timeline that was followed.
    Timeline {
        found: i32,
    },
}

/// Whether the history of `standing`'s timeline is needed to judge it: that of a lower one cannot hold the one that was followed,
/// and the first has none.
pub fn needs_history(remembered: &RememberedSource<'_>, standing: &ServerStanding) -> bool {
    standing
        .timeline
        .is_some_and(|timeline| timeline > remembered.timeline)
}

/// `system` is what the server says of itself, by whatever way; `history` that of its timeline where
/// [`needs_history`] says so.
pub fn judge(
    remembered: &RememberedSource<'_>,
    system: &str,
    standing: &ServerStanding,
    history: Option<&TimelineHistory>,
) -> Succession {
    if system != remembered.system {
        let found = system.to_owned();
        return Succession::Other(Divergence::System { found });
    }
    if standing.database_oid != remembered.database_oid {
        let (found, oid) = (standing.database.clone(), standing.database_oid);
        return Succession::Other(Divergence::Database { found, oid });
    }
    let Some(timeline) = standing.timeline.filter(|_| !standing.in_recovery) else {
        return Succession::Standby;
    };
    if timeline == remembered.timeline {
        return Succession::Same;
    }
    let switch_point = history.and_then(|history| history.switch_point(remembered.timeline));
    let Some(switch_point) = switch_point else {
        return Succession::Other(Divergence::Timeline { found: timeline });
    };
    if remembered.reached() > switch_point {
        return Succession::SetBack {
            timeline,
            switch_point,
        };
    }
    match slot_loss(remembered, standing.slot.as_ref()) {
        Some(reason) => Succession::SlotUnusable { timeline, reason },
        None => Succession::Continues {
            timeline,
            switch_point,
        },
    }
}

fn slot_loss(remembered: &RememberedSource<'_>, slot: Option<&SlotStanding>) -> Option<SlotLoss> {
    let Some(slot) = slot else {
        return Some(SlotLoss::Missing);
    };
    if slot.wal_status.as_deref() == Some("lost") {
        return Some(SlotLoss::WalRemoved);
    }
    let confirmed = slot
        .confirmed_flush
        .filter(|confirmed| *confirmed > remembered.applied)?;
    Some(SlotLoss::Ahead { confirmed })
}

/// Why nothing goes on, in words: message, detail and hint. None where it does, or will.
pub fn refusal(remembered: &RememberedSource<'_>, succession: &Succession) -> Option<[String; 3]> {
    let RememberedSource {
        slot,
        applied,
        direction,
        ..
    } = remembered;
    let reached = remembered.reached();
    match succession {
        Succession::Same | Succession::Standby | Succession::Continues { .. } => None,
        Succession::SetBack {
            timeline,
            switch_point,
        } => Some([
            format!(
                "the source failed over to a server that lacks changes which the target has (timeline {timeline})"
            ),
            format!(
                "It was promoted at {switch_point}; the target has the former server's changes up to {reached}. \
                 What lies between is on the target and on no source any more, and whatever the new server wrote since \
                 {switch_point} is not on the target."
            ),
            format!(
                "if the former server can come back, let it be the source again; else {}",
                anew_after_loss(*direction)
            ),
        ]),
        Succession::SlotUnusable { timeline, reason } => Some([
            format!(
                "the source failed over (timeline {timeline}), and {}",
                lost_slot(slot, *reason)
            ),
            format!(
                "Everything up to {applied} is on the target, and the new server has that too. Changes after it cannot be \
                 read any more."
            ),
            format!(
                "if the former server can come back, let it be the source again; else {}. From PostgreSQL 17 on a fail-over \
                 keeps the slot where the standby has sync_replication_slots = on",
                anew(*direction)
            ),
        ]),
        Succession::Other(difference) => Some(other(remembered, difference)),
    }
}

/// What the slot cannot send any more, on whichever server it is: message and remedy. None where it sends all that comes after
/// what is applied.
pub fn lost_slot_on(remembered: &RememberedSource<'_>, slot: Option<&SlotStanding>) -> Option<[String; 2]> {
    let RememberedSource {
        slot: name, applied, ..
    } = remembered;
    let what = match slot_loss(remembered, slot)? {
        SlotLoss::Missing => format!("the slot {name} does not exist on the source any more"),
        SlotLoss::WalRemoved => format!("the source has removed WAL that the slot {name} needs"),
        SlotLoss::Ahead { confirmed } => format!(
            "the slot {name} is confirmed up to {confirmed}: it was advanced or made anew, or the target was set back"
        ),
    };
    Some([
        format!("{what}; everything up to {applied} is applied, and changes after it will not be sent"),
        anew(remembered.direction).to_owned(),
    ])
}

fn lost_slot(slot: &str, reason: SlotLoss) -> String {
    match reason {
        SlotLoss::Missing => format!("the new server does not have the slot {slot}"),
        SlotLoss::WalRemoved => format!("the new server has removed WAL that the slot {slot} needs"),
        SlotLoss::Ahead { confirmed } => {
            format!("the slot {slot} is confirmed up to {confirmed} there, beyond what is applied")
        }
    }
}

fn other(remembered: &RememberedSource<'_>, difference: &Divergence) -> [String; 3] {
    let detail = match difference {
        Divergence::System { found } => format!("It is system {found} instead of {}.", remembered.system),
        Divergence::Database { found, oid } => format!(
            "It is the database {found} (OID {oid}) instead of {} ({}).",
            remembered.database, remembered.database_oid
        ),
        Divergence::Timeline { found } => format!(
            "It is on timeline {found}, which does not come from timeline {}: it was restored or promoted before that one \
             began.",
            remembered.timeline
        ),
    };
    let what = match difference {
        Divergence::Database { found, .. } => format!("source database {found}"),
        Divergence::System { .. } | Divergence::Timeline { .. } => "source server".to_owned(),
    };
    [
        format!("the {what} is not the one that this migration began with"),
        format!("{detail} LSNs of the two cannot be compared."),
        "name the right source; the migration's state on the target is untouched".to_owned(),
    ]
}

#[cfg(test)]
#[path = "succession_tests.rs"]
mod tests;
