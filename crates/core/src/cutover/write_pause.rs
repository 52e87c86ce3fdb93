//! The write pause of a cutover: its steps by name, and how long it will be.
//!
//! Owns the forecast, before anything is rehearsed and after it: each step takes what a rehearsal measured, else what its
//! round trips, commits and objects cost. Refuses clocks: what was measured is told. Invariants: the total is the sum of the
//! parts, and a part says whether it was measured; more lag, more objects or a longer way never make a forecast shorter.

use std::{fmt, str::FromStr, time::Duration};

use serde::Serialize;

/// What clients wait for, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PauseStep {
    ClientsHeld,
    Fence,
    Marker,
    Drain,
    Revoked,
    Prepared,
    SourceClosed,
    LargeObjects,
    TargetOpen,
    ClientsReleased,
    /// Of a rehearsal alone.
    Undone,
}

/// What is known of both sides before the cutover.
#[derive(Debug, Clone, PartialEq)]
pub struct Circumstances {
    pub tables: usize,
    pub sequences: usize,
    /// Foreign keys that are made inside the pause, since the target could not be told to disregard them.
    pub foreign_keys: usize,
    /// 0 where nothing is followed yet.
    pub lag_bytes: u64,
    /// What the target has kept up with so far, of the source's WAL; none where nothing was followed long enough.
    pub bytes_per_second: Option<u64>,
    /// From this program to the farther server and back.
    pub round_trip: Duration,
    /// PgBouncer holds the clients.
    pub holds_clients: bool,
}

/// What a rehearsal took for each step; the steps that it leaves out are missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rehearsed {
    pub steps: Vec<(PauseStep, f64)>,
}

/// How long writers will wait.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Forecast {
    pub milliseconds: f64,
    pub parts: Vec<PausePart>,
    /// A rehearsal of this migration has measured some of it.
    pub rehearsed: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PausePart {
    pub name: PauseStep,
    pub milliseconds: f64,
    /// By a rehearsal.
    pub measured: bool,
}

/// What a transaction of the application may take that is waited for, in milliseconds: one that is indexed well.
const TRANSACTION: f64 = 10.0;
/// A commit on a server's disk, without the way there, in milliseconds: a good network disk.
const COMMIT: f64 = 3.0;
/// Taking the lock on one table or sequence, in milliseconds.
const LOCK: f64 = 0.01;
/// Revoking the grants of one table or reading and closing one sequence, in milliseconds.
const REVOCATION: f64 = 0.04;
/// Reading and setting one sequence, in milliseconds.
const SEQUENCE: f64 = 0.05;
/// Making one foreign key without validating it, in milliseconds.
const FOREIGN_KEY: f64 = 2.0;
/// From the marker in the source's WAL through the stream to its commit on the target, in milliseconds, without commit
/// and ways.
const TRAVEL: f64 = 5.0;
/// WAL that is applied in a second at least, where the application writes too little to tell: rows of an everyday kind
/// were applied more than twice as fast on two slow cores.
const BYTES_PER_SECOND: u64 = 4 << 20;

impl PauseStep {
    pub const ALL: [Self; 11] = [
        Self::ClientsHeld,
        Self::Fence,
        Self::Marker,
        Self::Drain,
        Self::Revoked,
        Self::Prepared,
        Self::SourceClosed,
        Self::LargeObjects,
        Self::TargetOpen,
        Self::ClientsReleased,
        Self::Undone,
    ];

    /// As reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientsHeld => "clients held by PgBouncer",
            Self::Fence => "fence: lock every table and sequence",
            Self::Marker => "marker into the source's WAL",
            Self::Drain => "drain: the target reaches the marker",
            Self::Revoked => "write grants revoked, sequences read",
            Self::Prepared => "sequences set, target prepared",
            Self::SourceClosed => "source closed to writers",
            Self::LargeObjects => "large objects",
            Self::TargetOpen => "target open",
            Self::ClientsReleased => "clients let go",
            Self::Undone => "undone",
        }
    }

    /// In one word or two, where the line is short.
    pub fn short(self) -> &'static str {
        match self {
            Self::ClientsHeld => "holding clients",
            Self::Fence => "locks",
            Self::Marker => "marker",
            Self::Drain => "drain",
            Self::Revoked => "revoking",
            Self::Prepared => "preparing",
            Self::SourceClosed => "closing",
            Self::LargeObjects => "large objects",
            Self::TargetOpen => "opening",
            Self::ClientsReleased => "letting go",
            Self::Undone => "undoing",
        }
    }
}

impl fmt::Display for PauseStep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Serialize for PauseStep {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl schemars::JsonSchema for PauseStep {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PauseStep".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "enum": Self::ALL.map(Self::name) })
    }
}

/// Not the name of a step.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no step of a cutover")]
pub struct UnknownStep(String);

impl FromStr for PauseStep {
    type Err = UnknownStep;

    fn from_str(name: &str) -> Result<Self, UnknownStep> {
        let found = Self::ALL.into_iter().find(|step| step.name() == name);
        found.ok_or_else(|| UnknownStep(name.to_owned()))
    }
}

impl Rehearsed {
    fn of(&self, step: PauseStep) -> Option<f64> {
        let found = self.steps.iter().find(|(of, _)| *of == step);
        found.map(|(_, milliseconds)| *milliseconds)
    }
}

impl Circumstances {
    /// The pause of a cutover that begins now. `rehearsed` is what the last rehearsal of this migration measured.
    pub fn forecast(&self, rehearsed: Option<&Rehearsed>) -> Forecast {
        let nothing = Rehearsed::default();
        let measured = rehearsed.unwrap_or(&nothing);
        let steps = PauseStep::ALL
            .into_iter()
            .filter(|step| self.has(*step, measured));
        let parts: Vec<PausePart> = steps.map(|step| self.part(step, measured)).collect();
        Forecast {
            milliseconds: parts.iter().map(|part| part.milliseconds).sum(),
            rehearsed: parts.iter().any(|part| part.measured),
            parts,
        }
    }

    fn has(&self, step: PauseStep, measured: &Rehearsed) -> bool {
        match step {
            PauseStep::ClientsHeld | PauseStep::ClientsReleased => {
                self.holds_clients || measured.of(PauseStep::ClientsHeld).is_some()
            }
            PauseStep::Undone => false,
            _ => true,
        }
    }

    fn part(&self, step: PauseStep, measured: &Rehearsed) -> PausePart {
        let estimated = self.estimate(step, measured);
        let own = measured.of(step).filter(|own| match step {
            // The lag may be another now.
            PauseStep::Drain => *own >= self.lag_milliseconds(),
            _ => true,
        });
        PausePart {
            name: step,
            milliseconds: own.unwrap_or(estimated),
            measured: own.is_some(),
        }
    }

    fn estimate(&self, step: PauseStep, measured: &Rehearsed) -> f64 {
        let way = self.round_trip.as_secs_f64() * 1_000.0;
        // The marker is a round trip and a commit, so a rehearsal tells what they take.
        let commit = measured.of(PauseStep::Marker).unwrap_or(way + COMMIT);
        let locked = count(self.tables + self.sequences);
        match step {
            PauseStep::ClientsHeld => TRANSACTION,
            PauseStep::Fence if self.holds_clients => way + LOCK * locked,
            PauseStep::Fence => TRANSACTION + way + LOCK * locked,
            PauseStep::Drain => TRAVEL + commit + way + self.lag_milliseconds(),
            PauseStep::Prepared => {
                way + commit + SEQUENCE * count(self.sequences) + FOREIGN_KEY * count(self.foreign_keys)
            }
            // It is done while the target drains.
            PauseStep::Revoked => {
                let drain = self.part(PauseStep::Drain, measured).milliseconds;
                (way + REVOCATION * locked - drain).max(0.0)
            }
            PauseStep::Marker => commit,
            // New sessions read-only, present ones ended, the fence committed: each a way to the source and back.
            PauseStep::SourceClosed => 3.0 * commit,
            // The phase, then the commit; the marker told of the source alone.
            PauseStep::TargetOpen => (2.0 * way + COMMIT).max(commit),
            PauseStep::LargeObjects | PauseStep::ClientsReleased => way,
            PauseStep::Undone => 0.0,
        }
    }

    /// Until what the source has written by now is applied.
    fn lag_milliseconds(&self) -> f64 {
        let rate = self.bytes_per_second.unwrap_or_default().max(BYTES_PER_SECOND);
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let seconds = self.lag_bytes as f64 / rate as f64;
        seconds * 1_000.0
    }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn count(objects: usize) -> f64 {
    objects as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near() -> Circumstances {
        Circumstances {
            tables: 20,
            sequences: 10,
            foreign_keys: 0,
            lag_bytes: 0,
            bytes_per_second: None,
            round_trip: Duration::from_millis(1),
            holds_clients: false,
        }
    }

    fn part(forecast: &Forecast, step: PauseStep) -> &PausePart {
        let found = forecast.parts.iter().find(|part| part.name == step);
        found.expect("the forecast has the step")
    }

    #[test]
    fn a_small_database_without_lag_pauses_for_some_ten_milliseconds() {
        let forecast = near().forecast(None);
        assert!((20.0..100.0).contains(&forecast.milliseconds), "{forecast:?}");
        assert!(!forecast.rehearsed);
        assert_eq!(forecast.parts[0].name, PauseStep::Fence);
    }

    #[test]
    fn lag_is_drained_at_the_rate_that_was_kept_up_with_and_no_slower_than_everyday_rows() {
        let lagging = |bytes_per_second| Circumstances {
            lag_bytes: 16 << 20,
            bytes_per_second,
            ..near()
        };
        let drain =
            |circumstances: Circumstances| part(&circumstances.forecast(None), PauseStep::Drain).milliseconds;
        assert!((4_000.0..4_050.0).contains(&drain(lagging(Some(100)))));
        assert!((1_000.0..1_050.0).contains(&drain(lagging(Some(16 << 20)))));
    }

    #[test]
    fn what_a_rehearsal_measured_stands_and_what_it_left_out_follows_its_commit() {
        let rehearsed = Rehearsed {
            steps: vec![
                (PauseStep::Fence, 40.0),
                (PauseStep::Marker, 7.0),
                (PauseStep::Drain, 30.0),
                (PauseStep::Prepared, 5.0),
                (PauseStep::LargeObjects, 2.0),
                (PauseStep::Undone, 900.0),
            ],
        };
        let forecast = near().forecast(Some(&rehearsed));
        assert!((forecast.milliseconds - (40.0 + 7.0 + 30.0 + 5.0 + 3.0 * 7.0 + 2.0 + 7.0)).abs() < 1e-9);
        assert!(
            part(&forecast, PauseStep::Drain).measured && !part(&forecast, PauseStep::SourceClosed).measured
        );
        let lagging = Circumstances {
            lag_bytes: 8 << 20,
            ..near()
        };
        let drain = part(&lagging.forecast(Some(&rehearsed)), PauseStep::Drain).clone();
        assert!(drain.milliseconds >= 2_000.0 && !drain.measured, "{drain:?}");
    }

    #[test]
    fn every_step_is_known_by_its_name() {
        for step in PauseStep::ALL {
            assert_eq!(step.name().parse(), Ok(step));
        }
        assert!("".parse::<PauseStep>().is_err());
    }

    proptest! {
        #[test]
        fn more_of_anything_never_makes_it_shorter(
            (tables, sequences, keys, lag, way) in (0..5_000_usize, 0..5_000_usize, 0..500_usize, 0..1_u64 << 34, 0..200_u64),
            (more_objects, more_lag, more_way) in (0..1_000_usize, 0..1_u64 << 30, 0..100_u64),
            drain in proptest::option::of(0.0..5_000.0),
        ) {
            let here = Circumstances {
                tables, sequences, foreign_keys: keys, lag_bytes: lag, bytes_per_second: None,
                round_trip: Duration::from_millis(way), holds_clients: false,
            };
            let worse = Circumstances {
                tables: tables + more_objects, sequences: sequences + more_objects, foreign_keys: keys + more_objects,
                lag_bytes: lag + more_lag, round_trip: Duration::from_millis(way + more_way), ..here.clone()
            };
            let rehearsed = drain.map(|drain| Rehearsed { steps: vec![(PauseStep::Drain, drain)] });
            let (before, after) = (here.forecast(rehearsed.as_ref()), worse.forecast(rehearsed.as_ref()));
            prop_assert!(before.milliseconds <= after.milliseconds + 1e-6);
            let sum: f64 = before.parts.iter().map(|part| part.milliseconds).sum();
            prop_assert!((sum - before.milliseconds).abs() < 1e-6);
        }
    }
}
