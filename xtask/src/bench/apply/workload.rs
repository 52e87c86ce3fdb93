//! What changes in the benches of apply: each a file of SQL with the tables and the procedure that writes to them.

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Workload {
    /// TPC-B, a thousand accounts that change again and again
    Hot,
    /// TPC-B, a hundred thousand accounts
    Uniform,
    /// New rows only
    Inserts,
    /// Updates of wide rows with TOAST
    Wide,
    /// A table without a key
    Keyless,
    /// Many small tables
    Tables,
    /// One large transaction
    Huge,
    /// Updates of a few of 300 columns
    Columns,
    /// Mixed traffic of a shop
    Shop,
}

impl Workload {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Uniform => "uniform",
            Self::Inserts => "inserts",
            Self::Wide => "wide",
            Self::Keyless => "keyless",
            Self::Tables => "tables",
            Self::Huge => "huge",
            Self::Columns => "columns",
            Self::Shop => "shop",
        }
    }

    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Hot | Self::Uniform => include_str!("../sql/apply/tpcb.sql"),
            Self::Inserts => include_str!("../sql/apply/inserts.sql"),
            Self::Wide => include_str!("../sql/apply/wide.sql"),
            Self::Keyless => include_str!("../sql/apply/keyless.sql"),
            Self::Tables => include_str!("../sql/apply/tables.sql"),
            Self::Huge => include_str!("../sql/apply/huge.sql"),
            Self::Columns => include_str!("../sql/apply/columns.sql"),
            Self::Shop => include_str!("../sql/apply/shop.sql"),
        }
    }

    /// Transactions of the backlog at `--scale 1`; of the huge one, rows.
    fn transactions(self) -> f64 {
        match self {
            Self::Hot | Self::Uniform => 50_000.0,
            Self::Inserts | Self::Tables => 20_000.0,
            Self::Wide | Self::Shop => 15_000.0,
            Self::Keyless => 5_000.0,
            Self::Columns => 2_000.0,
            Self::Huge => 500_000.0,
        }
    }

    /// Changes of one transaction on average; of the huge one, for each row.
    fn changes_each(self) -> f64 {
        match self {
            Self::Hot | Self::Uniform => 4.0,
            Self::Inserts => 10.0,
            Self::Wide => 5.1,
            Self::Keyless => 3.5,
            Self::Tables => 6.0,
            Self::Huge => 1.2,
            Self::Columns => 100.0,
            Self::Shop => 11.25,
        }
    }

    /// So many may call its traffic at once: some count what is there to find their next key.
    pub(super) fn clients(self) -> u32 {
        match self {
            Self::Keyless | Self::Tables | Self::Huge => 1,
            Self::Hot | Self::Uniform | Self::Inserts | Self::Wide | Self::Columns | Self::Shop => 4,
        }
    }

    /// Keys that are drawn from, where the workload draws from a range.
    pub(super) fn spread(self) -> u32 {
        match self {
            Self::Hot => 1_000,
            _ => 100_000,
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small and positive"
    )]
    pub(super) fn scaled(self, scale: f64) -> u32 {
        (self.transactions() * scale).round().max(1.0) as u32
    }

    pub(super) fn changes(self, scale: f64) -> f64 {
        f64::from(self.scaled(scale)) * self.changes_each()
    }
}
