//! Messages to people: which events there are, how grave each is, and whether one may be sent now.
//!
//! Pure: what was sent before comes in as a value. Invariant: the same event is said once while it stands, and once in
//! [`QUIET`] however often it comes and goes.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// What was said is not said again within this time.
pub const QUIET: Duration = Duration::from_secs(900);
/// Whoever began to send and has not ended by then is gone: retries of a way out end within it.
pub const SENDING: Duration = Duration::from_secs(120);

/// How much it matters, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    Info,
    Warning,
    Critical,
}

/// What happened. Names are a stable face for whoever filters by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A phase began.
    Phase,
    /// The run stopped by itself.
    Stopped,
    /// Nobody applies while somebody should.
    RunnerGone,
    /// Something else blocks.
    Blocker,
    Warning,
    /// Changes were stored instead of being applied.
    ChangesStored,
    /// Tables are not kept up.
    TablesSuspended,
    /// The source's slot reaches its limit soon.
    SlotFilling,
    /// The target is far behind.
    Behind,
    /// The runner waits for something outside.
    Waiting,
    /// Both sides were found equal.
    Verified,
    /// They were not.
    Differences,
    /// The state of the migration cannot be read.
    Unreadable,
    /// Somebody tries whether messages arrive.
    Test,
}

impl EventKind {
    pub const ALL: [Self; 14] = [
        Self::Phase,
        Self::Stopped,
        Self::RunnerGone,
        Self::Blocker,
        Self::Warning,
        Self::ChangesStored,
        Self::TablesSuspended,
        Self::SlotFilling,
        Self::Behind,
        Self::Waiting,
        Self::Verified,
        Self::Differences,
        Self::Unreadable,
        Self::Test,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Phase => "phase",
            Self::Stopped => "stopped",
            Self::RunnerGone => "runner-gone",
            Self::Blocker => "blocker",
            Self::Warning => "warning",
            Self::ChangesStored => "changes-stored",
            Self::TablesSuspended => "tables-suspended",
            Self::SlotFilling => "slot-filling",
            Self::Behind => "behind",
            Self::Waiting => "waiting",
            Self::Verified => "verified",
            Self::Differences => "differences",
            Self::Unreadable => "unreadable",
            Self::Test => "test",
        }
    }

    pub fn urgency(self) -> Urgency {
        match self {
            Self::Phase | Self::Verified | Self::Test => Urgency::Info,
            Self::Warning | Self::Behind | Self::Waiting | Self::Unreadable => Urgency::Warning,
            Self::Stopped
            | Self::RunnerGone
            | Self::Blocker
            | Self::ChangesStored
            | Self::TablesSuspended
            | Self::SlotFilling
            | Self::Differences => Urgency::Critical,
        }
    }

    /// How long it must have stood before it is worth a message: what mends itself by then is none.
    pub fn settles_within(self) -> Duration {
        match self {
            // A service manager starts a runner anew within seconds.
            Self::RunnerGone | Self::Unreadable | Self::SlotFilling => Duration::from_secs(60),
            Self::Behind | Self::Waiting => Duration::from_secs(300),
            _ => Duration::ZERO,
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A word that is none of those that are known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{word}\" is none of {known}")]
pub struct UnknownWord {
    pub word: String,
    pub known: String,
}

fn named<T: Copy>(word: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, UnknownWord> {
    let found = all.iter().copied().find(|one| name(*one) == word);
    found.ok_or_else(|| UnknownWord {
        word: word.to_owned(),
        known: all.iter().map(|one| name(*one)).collect::<Vec<_>>().join(", "),
    })
}

impl FromStr for EventKind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        named(word, &Self::ALL, Self::name)
    }
}

impl Urgency {
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl FromStr for Urgency {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        named(word, &Self::ALL, Self::name)
    }
}

/// What is remembered of an event on one way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// Since somebody began to send it.
    pub begun: Duration,
    /// Since it was sent; none where that is not known to have happened.
    pub sent: Option<Duration>,
    /// It has stood ever since.
    pub stands: bool,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Send,
    /// It was said, and stands.
    Said,
    /// Somebody else sends it now, or it was said a moment ago.
    Later,
}

pub fn turn(earlier: Option<&Earlier>) -> Turn {
    match earlier {
        None => Turn::Send,
        Some(Earlier {
            sent: None, begun, ..
        }) if *begun >= SENDING => Turn::Send,
        Some(Earlier { sent: None, .. }) => Turn::Later,
        Some(Earlier { stands: true, .. }) => Turn::Said,
        Some(Earlier { sent: Some(age), .. }) if *age >= QUIET => Turn::Send,
        Some(_) => Turn::Later,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn earlier(begun: u64, sent: Option<u64>, stands: bool) -> Earlier {
        Earlier {
            begun: Duration::from_secs(begun),
            sent: sent.map(Duration::from_secs),
            stands,
        }
    }

    #[test]
    fn an_event_is_said_once_while_it_stands_and_once_in_a_quarter_of_an_hour() {
        assert_eq!(turn(None), Turn::Send);
        assert_eq!(turn(Some(&earlier(90_000, Some(90_000), true))), Turn::Said);
        assert_eq!(turn(Some(&earlier(600, Some(600), false))), Turn::Later);
        assert_eq!(turn(Some(&earlier(901, Some(901), false))), Turn::Send);
    }

    #[test]
    fn what_somebody_died_over_is_taken_up_by_another() {
        assert_eq!(turn(Some(&earlier(5, None, true))), Turn::Later);
        assert_eq!(turn(Some(&earlier(121, None, true))), Turn::Send);
    }

    #[test]
    fn every_word_reads_back() {
        for kind in EventKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert!(
            "everything"
                .parse::<EventKind>()
                .unwrap_err()
                .to_string()
                .contains("runner-gone")
        );
        assert_eq!("critical".parse(), Ok(Urgency::Critical));
    }
}
