//! One comparer: claims a piece, digests it on both sides, and looks for the next; where all pieces of a
//! table are digested, it looks for the rows that differ and ends the table.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use transhume_core::count::counted;

use transhume_core::verify::rows::{Buckets, Region};
use transhume_pg::{
    connection::session::Session,
    load::copy::RateLimit,
    state::verification::{Claim, ClaimedPiece, ClaimedTable, Digests, TableResult},
    verify::rows::{Reading, ReadingSide},
};
use transhume_wire::{ident::QualifiedName, lsn::Lsn};

use super::{
    Settings,
    ledger::Ledger,
    search::{Found, Search},
};
use crate::{
    error::{Doing, Result},
    report::{Report, Reporter, VerifyProgress},
};

/// Between two looks for work where others hold all that is left.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Between two reports: counting what is left visits every table.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// What is the same for all comparers of a frozen pair.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) lsn: Lsn,
    pub(super) source_snapshot: String,
    pub(super) target_snapshot: String,
    pub(super) settings: Settings,
    pub(super) limit: Arc<RateLimit>,
    pub(super) reporter: Reporter,
}

pub(super) struct Comparer {
    /// `application_name` of its sessions.
    pub(super) name: String,
    pub(super) source: Session,
    pub(super) target: Session,
    pub(super) ledger: Ledger,
}

impl Comparer {
    /// Until every table has its result, by whomever.
    pub(super) async fn work(self, pair: Pair) -> Result<Self> {
        let mut reported = Instant::now();
        loop {
            match self.ledger.claim().await? {
                Claim::Piece(piece) => self.digest(&pair, &piece).await?,
                Claim::Table(table) => self.end(&pair, &table).await?,
                Claim::Nothing => {
                    let outcome = self.ledger.outcome().await?;
                    if outcome.open == 0 {
                        return Ok(self);
                    }
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            }
            if reported.elapsed() >= REPORT_EVERY {
                self.report(&pair).await?;
                reported = Instant::now();
            }
        }
    }

    async fn digest(&self, pair: &Pair, piece: &ClaimedPiece) -> Result<()> {
        let plain = piece.subject.table.plain();
        let mut buckets = Buckets::default();
        let search = self.search(pair, &piece.subject);
        let reading = search
            .digest(
                &Region::default(),
                &piece.source_predicate,
                &piece.target_predicate,
                &piece.subject.cut,
                &mut buckets,
            )
            .await
            .doing(format!("comparing {plain}"))?;
        match reading {
            Reading::Seen(()) if piece.is_only_piece => {
                let subject = piece.subject.clone();
                self.end(pair, &ClaimedTable { subject, buckets }).await?;
            }
            Reading::Seen(()) => self.ledger.finish_piece(piece, &self.name, &buckets).await?,
            Reading::Moved => self.moved(pair, &piece.subject.table).await?,
        }
        pair.limit
            .take(usize::try_from(piece.bytes).unwrap_or_default())
            .await;
        Ok(())
    }

    async fn end(&self, pair: &Pair, table: &ClaimedTable) -> Result<()> {
        let plain = table.subject.table.plain();
        let search = self.search(pair, &table.subject);
        let reading = if table.subject.is_sampled {
            search.sample().await
        } else {
            search.descend(&table.buckets).await
        };
        let found = match reading.doing(format!("looking for the rows of {plain} that differ"))? {
            Reading::Seen(found) => found,
            Reading::Moved => return self.moved(pair, &table.subject.table).await,
        };
        let result = result(pair.lsn, table, &found);
        self.ledger.end_table(result, found.rows).await
    }

    /// Its rows are not to be seen under this pair any more: another one must be taken.
    async fn moved(&self, pair: &Pair, table: &QualifiedName) -> Result<()> {
        let result = TableResult {
            name: table.clone(),
            lsn: pair.lsn,
            source_rows: None,
            target_rows: None,
            digests: None,
            equal: None,
            differences: 0,
            is_all: false,
            note: "truncated or rewritten while it was compared".to_owned(),
            has_ended: true,
            undecided: 0,
            unchanged: None,
        };
        self.ledger.end_table(result, Vec::new()).await
    }

    fn search<'a>(
        &'a self,
        pair: &'a Pair,
        subject: &'a transhume_core::verify::rows::Subject,
    ) -> Search<'a> {
        Search {
            subject,
            source: ReadingSide {
                session: &self.source,
                snapshot: &pair.source_snapshot,
            },
            target: ReadingSide {
                session: &self.target,
                snapshot: &pair.target_snapshot,
            },
            settings: pair.settings,
        }
    }

    async fn report(&self, pair: &Pair) -> Result<()> {
        let outcome = self.ledger.outcome().await?;
        pair.reporter.send(Report::Verify(VerifyProgress {
            tables_done: (outcome.tables - outcome.open).unsigned_abs(),
            tables: outcome.tables.unsigned_abs(),
            bytes_done: outcome.bytes_done.unsigned_abs(),
            bytes: outcome.bytes.unsigned_abs(),
        }));
        Ok(())
    }
}

fn result(lsn: Lsn, table: &ClaimedTable, found: &Found) -> TableResult {
    let total = table.buckets.total();
    let is_sampled = table.subject.is_sampled;
    let rows = |counted: i64| Some(counted).filter(|_| !is_sampled);
    TableResult {
        name: table.subject.table.clone(),
        lsn,
        source_rows: rows(total.source.rows),
        target_rows: rows(total.target.rows),
        digests: (!is_sampled).then(|| Digests {
            source: total.source.text(),
            target: total.target.text(),
        }),
        // The buckets decide; that rows were found says where.
        equal: Some(if is_sampled {
            found.differences == 0
        } else {
            table.buckets.different().next().is_none()
        }),
        differences: found.differences,
        is_all: found.is_all,
        note: if is_sampled {
            format!(
                "{} from all over the table compared",
                counted(found.looked_at, "row")
            )
        } else {
            String::new()
        },
        has_ended: true,
        undecided: 0,
        unchanged: None,
    }
}
