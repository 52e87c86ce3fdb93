//! WAL that the slot keeps on the source, against what it may keep there.
//!
//! Owns the judgement of a figure and what is to be done about it. A source whose disk is full stops the
//! application; a slot that the server gives up ends the migration. Refuses clocks: times are told.
//!
//! Invariant: nothing but the operator's own budget ever has the slot dropped.

use std::{collections::VecDeque, fmt, str::FromStr, time::Duration};

/// Growth is measured over this: long enough to even out a bulk write, short enough to warn in time.
const WINDOW: Duration = Duration::from_secs(60);
/// A backlog that is smaller than so long ago is being caught up with; a new observation is given as much time to show it. A quiet
/// source's slot is confirmed each 30 s, and the server moves what it keeps by what it writes each 15 s.
pub const CATCHING_UP: Duration = Duration::from_secs(60);
/// Two looks closer than this tell nothing about growth.
const SHORTEST_WINDOW: Duration = Duration::from_secs(1);
/// A limit that is reached sooner than this is worth a warning, however much is left now.
const WARNED_AHEAD: Duration = Duration::from_secs(3600);
/// Below this share of the limit a burst is no matter yet, however fast it grows.
const CALM_PERCENT: u64 = 20;
/// From this share on there is a warning in any case.
const WARNING_PERCENT: u64 = 50;
/// From this share on what holds the stream up is set aside, where the operator allows that.
const DANGER_PERCENT: u64 = 80;

/// What may be done before the source's disk is in danger. Each includes those before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum WalAction {
    /// Say so, and nothing else.
    #[default]
    Warn,
    /// At 80 % of the limit: suspend the table that the stream stands still for, so that it goes on.
    Suspend,
    /// At the whole of our own budget: drop the slot, which ends the migration and frees the WAL.
    DropSlot,
}

/// Who sets the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedBy {
    /// The operator, by `follow.wal_budget`.
    Budget,
    /// The server: beyond it, it gives the slot up.
    Server,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub bytes: u64,
    pub by: LimitedBy,
}

/// How near the limit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Calm,
    Warning,
    Danger,
    Reached,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Nothing,
    /// This table (its OID on the source) holds the stream up.
    Suspend(u32),
    DropSlot,
}

impl WalAction {
    pub const ALL: [Self; 3] = [Self::Warn, Self::Suspend, Self::DropSlot];

    pub fn name(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Suspend => "suspend",
            Self::DropSlot => "drop-slot",
        }
    }
}

impl fmt::Display for WalAction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is none of warn, suspend and drop-slot")]
pub struct UnknownWalAction(pub String);

impl FromStr for WalAction {
    type Err = UnknownWalAction;

    fn from_str(word: &str) -> Result<Self, UnknownWalAction> {
        Self::ALL
            .into_iter()
            .find(|action| action.name() == word)
            .ok_or_else(|| UnknownWalAction(word.to_owned()))
    }
}

impl LimitedBy {
    /// The setting to name to people.
    pub fn setting(self) -> &'static str {
        match self {
            Self::Budget => "follow.wal_budget",
            Self::Server => "max_slot_wal_keep_size",
        }
    }
}

/// The nearer of the two limits. `server_leaves` is what may still be written before the server gives the
/// slot up (`safe_wal_size`), none where it never does.
pub fn limit(retained: u64, budget: Option<u64>, server_leaves: Option<i64>) -> Option<Limit> {
    let budget = budget.map(|bytes| Limit {
        bytes,
        by: LimitedBy::Budget,
    });
    let server = server_leaves.map(|bytes| Limit {
        bytes: retained.saturating_add_signed(bytes),
        by: LimitedBy::Server,
    });
    [budget, server]
        .into_iter()
        .flatten()
        .min_by_key(|limit| limit.bytes)
}

pub fn judge(retained: u64, limit: Option<Limit>, bytes_per_second: u64) -> Level {
    let Some(limit) = limit else { return Level::Calm };
    // A budget of nothing is always reached.
    let percent = retained.saturating_mul(100).checked_div(limit.bytes);
    let is_soon = time_to_full(retained, limit, bytes_per_second).is_some_and(|time| time < WARNED_AHEAD);
    match percent {
        Some(percent) if percent < CALM_PERCENT => Level::Calm,
        Some(percent) if percent < WARNING_PERCENT && !is_soon => Level::Calm,
        Some(percent) if percent < DANGER_PERCENT => Level::Warning,
        Some(percent) if percent < 100 => Level::Danger,
        Some(_) | None => Level::Reached,
    }
}

/// None while it does not grow.
pub fn time_to_full(retained: u64, limit: Limit, bytes_per_second: u64) -> Option<Duration> {
    let left = limit.bytes.saturating_sub(retained);
    left.checked_div(bytes_per_second).map(Duration::from_secs)
}

/// `stands_before` is the table that the stream stands still for, if it does. What is being caught up with is dropped by nobody:
/// the limit was passed while nothing could be done, as during an outage of the target, and each moment frees some of it.
pub fn act(
    level: Level,
    limit: Option<Limit>,
    action: WalAction,
    stands_before: Option<u32>,
    is_caught_up_with: bool,
) -> Act {
    let is_ours = limit.is_some_and(|limit| limit.by == LimitedBy::Budget);
    match stands_before {
        _ if level == Level::Reached && is_ours && action == WalAction::DropSlot && !is_caught_up_with => {
            Act::DropSlot
        }
        Some(table) if level >= Level::Danger && action >= WalAction::Suspend => Act::Suspend(table),
        _ => Act::Nothing,
    }
}

/// Whether the slot is being caught up with: what is not confirmed becomes less, or what is not sent; or the target works on the
/// greater part of what the slot keeps, as on one large transaction, of which nothing is confirmed before its end.
pub fn is_caught_up_with(shrinks: bool, is_applying: bool, backlog: u64, limit: Option<Limit>) -> bool {
    let is_most_of_it = limit.is_some_and(|limit| backlog > limit.bytes / 2);
    shrinks || is_applying && is_most_of_it
}

/// What is not confirmed yet, or not sent, over the last moments.
#[derive(Debug, Clone, Default)]
pub struct Backlog(VecDeque<(Duration, u64)>);

impl Backlog {
    /// A look at `elapsed` since some fixed moment; whether it is being caught up with.
    pub fn observe(&mut self, elapsed: Duration, bytes: u64) -> bool {
        while self.0.len() > 1 && self.0[1].0 + CATCHING_UP <= elapsed {
            self.0.pop_front();
        }
        self.0.push_back((elapsed, bytes));
        let (since, before) = self.0[0];
        let least = self.0.iter().map(|(_, bytes)| *bytes).min().unwrap_or_default();
        let grows_again = bytes > least + (before.saturating_sub(least)) / 2;
        elapsed.saturating_sub(since) < CATCHING_UP || bytes < before && !grows_again
    }
}

/// Retained bytes over the last minute.
#[derive(Debug, Clone, Default)]
pub struct Growth(VecDeque<(Duration, u64)>);

impl Growth {
    /// A look at `elapsed` since some fixed moment; returns bytes per second, never below 0.
    pub fn observe(&mut self, elapsed: Duration, retained: u64) -> u64 {
        while self.0.len() > 1 && self.0[1].0 + WINDOW <= elapsed {
            self.0.pop_front();
        }
        self.0.push_back((elapsed, retained));
        let (since, before) = self.0[0];
        let time = elapsed.saturating_sub(since);
        if time < SHORTEST_WINDOW {
            return 0;
        }
        retained.saturating_sub(before) / time.as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1 << 30;

    fn budget(bytes: u64) -> Option<Limit> {
        limit(0, Some(bytes), None)
    }

    #[test]
    fn the_nearer_limit_counts() {
        assert_eq!(limit(GB, None, None), None);
        let both = limit(GB, Some(10 * GB), Some(2 << 30)).unwrap();
        assert_eq!((both.bytes, both.by), (3 * GB, LimitedBy::Server));
        let ours = limit(GB, Some(2 * GB), Some(2 << 30)).unwrap();
        assert_eq!((ours.bytes, ours.by), (2 * GB, LimitedBy::Budget));
        // The server is about to give it up: less may be kept than is kept.
        assert_eq!(limit(GB, None, Some(-1)).unwrap().bytes, GB - 1);
    }

    #[test]
    fn levels_follow_the_share_and_the_time_that_is_left() {
        let level = |gigabytes, growth| judge(gigabytes * GB, budget(100 * GB), growth);
        assert_eq!(level(10, GB), Level::Calm);
        assert_eq!(level(30, 1 << 20), Level::Calm);
        assert_eq!(level(30, 30 << 20), Level::Warning);
        assert_eq!(level(50, 0), Level::Warning);
        assert_eq!(level(80, 0), Level::Danger);
        assert_eq!(level(100, 0), Level::Reached);
        assert_eq!(judge(0, budget(0), 0), Level::Reached);
        assert_eq!(judge(u64::MAX, None, GB), Level::Calm);
    }

    #[test]
    fn only_our_own_budget_drops_the_slot_and_only_where_it_is_allowed() {
        let server = limit(GB, None, Some(0));
        for action in WalAction::ALL {
            let expected = if action == WalAction::DropSlot {
                Act::DropSlot
            } else {
                Act::Nothing
            };
            assert_eq!(act(Level::Reached, budget(GB), action, None, false), expected);
            assert_eq!(act(Level::Reached, budget(GB), action, None, true), Act::Nothing);
            assert_ne!(act(Level::Reached, server, action, None, false), Act::DropSlot);
            assert_ne!(act(Level::Danger, budget(GB), action, None, false), Act::DropSlot);
        }
        assert_eq!(
            act(Level::Danger, server, WalAction::Suspend, Some(7), true),
            Act::Suspend(7)
        );
        assert_eq!(
            act(Level::Warning, server, WalAction::Suspend, Some(7), false),
            Act::Nothing
        );
        assert_eq!(
            act(Level::Danger, server, WalAction::Warn, Some(7), false),
            Act::Nothing
        );
    }

    #[test]
    fn a_backlog_that_shrinks_is_caught_up_with() {
        let at = Duration::from_secs;
        let mut backlog = Backlog::default();
        // Too early to tell.
        assert!(backlog.observe(at(0), 100));
        assert!(backlog.observe(at(30), 150));
        assert!(!backlog.observe(at(61), 160));
        // It begins to shrink, and is below what it was so long ago.
        assert!(!backlog.observe(at(75), 155));
        assert!(backlog.observe(at(100), 140));
        assert!(backlog.observe(at(160), 90));
        // It has been less meanwhile.
        assert!(!backlog.observe(at(200), 120));
    }

    #[test]
    fn a_target_at_work_counts_while_most_of_what_is_kept_is_its_to_apply() {
        let limit = budget(100);
        assert!(is_caught_up_with(false, true, 90, limit));
        assert!(!is_caught_up_with(false, false, 90, limit));
        // What else is kept is not the target's to free: an old transaction on the source, say.
        assert!(!is_caught_up_with(false, true, 10, limit));
        assert!(is_caught_up_with(true, false, 10, limit));
    }

    #[test]
    fn growth_is_that_of_the_last_minute() {
        let mut growth = Growth::default();
        let at = Duration::from_secs;
        assert_eq!(growth.observe(at(0), 1000), 0);
        assert_eq!(growth.observe(at(10), 2000), 100);
        assert_eq!(growth.observe(at(20), 500), 0);
        for second in 21..200 {
            growth.observe(at(second), 500);
        }
        assert_eq!(growth.observe(at(200), 600), 1);
    }

    #[test]
    fn time_to_full_is_what_is_left_by_the_growth() {
        let limit = budget(100).unwrap();
        assert_eq!(time_to_full(40, limit, 6), Some(Duration::from_secs(10)));
        assert_eq!(time_to_full(40, limit, 0), None);
    }

    #[test]
    fn actions_read_back_what_they_print() {
        for action in WalAction::ALL {
            assert_eq!(action.to_string().parse(), Ok(action));
        }
        assert!("shrug".parse::<WalAction>().is_err());
    }
}
