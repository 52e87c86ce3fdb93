//! What the application of `bench cutover` does: its tables, its transactions, and what its data must say afterwards.

use clap::ValueEnum;
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
pub(super) enum Workload {
    /// The transaction of pgbench, and a ledger
    Tpcb,
    /// A shop: large values, tables without a key, five sequences, locks in opposite orders, some reading
    Mixed,
}

/// Each with how many of a hundred are of its kind.
const MIXED: [(u64, &str); 4] = [
    (50, include_str!("../sql/cutover/mixed_sale.sql")),
    (15, include_str!("../sql/cutover/mixed_reverse.sql")),
    (15, include_str!("../sql/cutover/mixed_document.sql")),
    (20, include_str!("../sql/cutover/mixed_read.sql")),
];

impl Workload {
    pub(super) const ALL: [Self; 2] = [Self::Tpcb, Self::Mixed];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tpcb => "TPC-B",
            Self::Mixed => "mixed",
        }
    }

    /// The database that trials are copied from.
    pub(super) fn template(self) -> &'static str {
        match self {
            Self::Tpcb => "template_tpcb",
            Self::Mixed => "template_mixed",
        }
    }

    pub(super) fn schema(self) -> &'static str {
        match self {
            Self::Tpcb => include_str!("../sql/cutover/tpcb_schema.sql"),
            Self::Mixed => include_str!("../sql/cutover/mixed_schema.sql"),
        }
    }

    /// A query that returns what is wrong with the data.
    pub(super) fn check(self) -> &'static str {
        match self {
            Self::Tpcb => include_str!("../sql/cutover/tpcb_check.sql"),
            Self::Mixed => include_str!("../sql/cutover/mixed_check.sql"),
        }
    }

    /// The next transaction of a client, in one message.
    pub(super) fn transaction(
        self,
        client: u32,
        step: u64,
        scale: u64,
        random: &mut fastrand::Rng,
    ) -> String {
        let mut text = self
            .text(random.u64(0..100))
            .replace("$CLIENT", &client.to_string());
        for (name, value) in [("$STEP", step), ("$SCALE", scale)] {
            text = text.replace(name, &value.to_string());
        }
        for name in ["$A", "$B", "$C", "$D"] {
            text = text.replace(name, &random.u32(0..1_000_000_000).to_string());
        }
        text
    }

    fn text(self, mut chance: u64) -> &'static str {
        match self {
            Self::Tpcb => include_str!("../sql/cutover/tpcb.sql"),
            Self::Mixed => {
                for (share, text) in MIXED {
                    if chance < share {
                        return text;
                    }
                    chance -= share;
                }
                MIXED[0].1
            }
        }
    }
}
