//! One comparer: claims a piece, digests it on both sides, and looks for the next; where all pieces of a
//! table are digested, it looks for the rows that differ and ends the table.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use transhume_core::count::counted;

use transhume_core::verify::rows::{Buckets, Digest, Region, Subject};
use transhume_pg::{
    connection::session::Session,
    load::copy::RateLimit,
    state::verification::{Claim, ClaimedPiece, ClaimedTable, Digests, RecordedRow, Small, TableResult},
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

/// Small tables are read and recorded together, since asking for one costs more than reading it. So many are read within
/// some hundred milliseconds, for which their locks are held; what is larger is read alone.
const SMALL: Small = Small {
    bytes: 256 << 10,
    tables: 100,
    is_all: false,
};

type OfBuckets = Vec<(i32, Digest)>;

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
        let mut small = SMALL;
        loop {
            match self.ledger.claim(small).await? {
                Claim::Piece(piece) => {
                    // The largest comes first.
                    small.is_all = piece.bytes <= SMALL.bytes;
                    self.digest(&pair, &piece).await?;
                }
                Claim::Small(pieces) => self.digest_together(&pair, &pieces).await?,
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
        let search = self.search(pair, &piece.subject);
        let reading = search
            .digest(
                &Region::default(),
                &piece.source_predicate,
                &piece.target_predicate,
                &piece.subject.cut,
            )
            .await
            .doing(format!("comparing {plain}"))?;
        match reading {
            Reading::Seen(buckets) if !piece.is_only_piece => {
                self.ledger.finish_piece(piece, &self.name, &buckets).await?;
            }
            reading => {
                let (result, rows) = self.ended(pair, &piece.subject, reading).await?;
                self.ledger.end_table(result, rows).await?;
            }
        }
        pair.limit
            .take(usize::try_from(piece.bytes).unwrap_or_default())
            .await;
        Ok(())
    }

    /// Reads small tables in one statement on each side, and ends them in one.
    async fn digest_together(&self, pair: &Pair, pieces: &[ClaimedPiece]) -> Result<()> {
        let subjects: Vec<&Subject> = pieces.iter().map(|piece| &piece.subject).collect();
        let (source, target) = self.sides(pair);
        let read = tokio::join!(source.buckets_of_all(&subjects), target.buckets_of_all(&subjects));
        let mut ended = Vec::with_capacity(pieces.len());
        if let (Ok(source), Ok(target)) = read {
            for (subject, sides) in subjects.iter().zip(source.into_iter().zip(target)) {
                ended.push(self.ended(pair, subject, both(sides)).await?);
            }
        } else {
            // Whatever stands in the way is told with its table's name.
            for subject in &subjects {
                let search = self.search(pair, subject);
                let reading = search
                    .digest(&Region::default(), "", "", &subject.cut)
                    .await
                    .doing(format!("comparing {}", subject.table.plain()))?;
                ended.push(self.ended(pair, subject, reading).await?);
            }
        }
        self.ledger.end_tables(ended).await?;
        let bytes: i64 = pieces.iter().map(|piece| piece.bytes).sum();
        pair.limit.take(usize::try_from(bytes).unwrap_or_default()).await;
        Ok(())
    }

    async fn end(&self, pair: &Pair, table: &ClaimedTable) -> Result<()> {
        let (result, rows) = self.searched(pair, table).await?;
        self.ledger.end_table(result, rows).await
    }

    async fn ended(
        &self,
        pair: &Pair,
        subject: &Subject,
        reading: Reading<Buckets>,
    ) -> Result<(TableResult, Vec<RecordedRow>)> {
        match reading {
            Reading::Seen(buckets) => {
                let subject = subject.clone();
                self.searched(pair, &ClaimedTable { subject, buckets }).await
            }
            Reading::Moved => Ok((moved(pair, &subject.table), Vec::new())),
        }
    }

    /// The table's result, with the rows that differ.
    async fn searched(&self, pair: &Pair, table: &ClaimedTable) -> Result<(TableResult, Vec<RecordedRow>)> {
        let plain = table.subject.table.plain();
        let search = self.search(pair, &table.subject);
        let reading = if table.subject.is_sampled {
            search.sample().await
        } else {
            search.descend(&table.buckets).await
        };
        let found = match reading.doing(format!("looking for the rows of {plain} that differ"))? {
            Reading::Seen(found) => found,
            Reading::Moved => return Ok((moved(pair, &table.subject.table), Vec::new())),
        };
        Ok((result(pair.lsn, table, &found), found.rows))
    }

    fn search<'a>(&'a self, pair: &'a Pair, subject: &'a Subject) -> Search<'a> {
        let (source, target) = self.sides(pair);
        Search {
            subject,
            source,
            target,
            settings: pair.settings,
        }
    }

    fn sides<'a>(&'a self, pair: &'a Pair) -> (ReadingSide<'a>, ReadingSide<'a>) {
        let source = ReadingSide {
            session: &self.source,
            snapshot: &pair.source_snapshot,
        };
        let target = ReadingSide {
            session: &self.target,
            snapshot: &pair.target_snapshot,
        };
        (source, target)
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

/// Its rows are not to be seen under this pair any more: another one must be taken.
fn moved(pair: &Pair, table: &QualifiedName) -> TableResult {
    TableResult {
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
    }
}

/// What both sides have in each bucket; nothing where one has moved.
fn both(sides: (Reading<OfBuckets>, Reading<OfBuckets>)) -> Reading<Buckets> {
    let (Reading::Seen(source), Reading::Seen(target)) = sides else {
        return Reading::Moved;
    };
    Reading::Seen(Buckets::of_sides(source, target))
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
