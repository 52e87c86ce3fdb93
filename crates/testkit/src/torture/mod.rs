//! Rounds of a whole migration under traffic while everything around it fails, judged at every step.
//!
//! A seed decides the tables, the statements that are tried, and which faults come after how many commits. How
//! the machine interleaves them it cannot decide: the same seed tries the same things, and most often finds the same.

mod decoded;
mod endurance;
mod failing_over;
mod faults;
mod invariants;
mod model;
mod moving;
mod random_tables;
mod reading;
mod round;
mod site;
mod writer;

pub use endurance::{Endurance, Endured, Sample};
pub use faults::Fault;

use std::{fmt, path::Path, time::Duration};

use crate::server::EVERYDAY_MAJOR;

/// One round's orders.
#[derive(Debug, Clone)]
pub struct Round {
    pub seed: u64,
    /// Faults that come one after the other; more of them take longer.
    pub faults: usize,
    /// Ends with a cutover under traffic, during which the program may be killed too.
    pub cutover: bool,
}

/// What a round that broke no rule did.
#[derive(Debug)]
pub struct Survived {
    pub trace: Vec<String>,
    /// How often the whole target was compared with what the source had been.
    pub compared: u64,
    pub committed: usize,
    /// Transactions that the source sent before their commit, since its last crash.
    pub in_progress: u64,
    pub took: Duration,
}

/// What a round that broke a rule leaves for whoever looks for the reason.
#[derive(Debug)]
pub struct Broken {
    pub seed: u64,
    pub what: String,
    pub trace: Vec<String>,
    pub last_words: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "seed {}: {}", self.seed, self.what)?;
        writeln!(formatter, "what was done:\n  {}", self.trace.join("\n  "))?;
        write!(formatter, "{}", self.last_words)
    }
}

impl Round {
    /// The usual round of this seed.
    pub fn of(seed: u64) -> Self {
        Self {
            seed,
            faults: 6 + usize::try_from(seed % 5).unwrap_or_default(),
            cutover: seed % 2 == 1,
        }
    }

    /// The servers have so little memory for decoding that transactions are sent before their commit.
    fn sends_in_progress(&self) -> bool {
        self.seed.is_multiple_of(3)
    }

    /// Of both servers. From 17 on the source fails over too.
    fn major(&self) -> u32 {
        if self.seed.is_multiple_of(5) {
            17
        } else {
            EVERYDAY_MAJOR
        }
    }

    /// It ends with a source that fails over without the slot, which must be refused; then the migration begins anew.
    fn loses_the_source(&self) -> bool {
        !self.cutover && self.seed % 4 == 2 && self.major() == EVERYDAY_MAJOR
    }

    /// What follows a cutover: the way back is taken, or it is ended.
    fn falls_back(&self) -> bool {
        self.seed % 4 == 3
    }

    /// Runs the program at this path through it, on servers of its own.
    pub async fn run(&self, program: &Path) -> Result<Survived, Box<Broken>> {
        round::run(self, program).await
    }
}

fn lsn_text(lsn: u64) -> String {
    format!("{:X}/{:X}", lsn >> 32, lsn & 0xFFFF_FFFF)
}
