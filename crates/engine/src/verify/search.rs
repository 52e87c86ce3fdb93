//! From buckets that differ to the rows that do.
//!
//! What is read next is decided by `core::comparison::Descent` until rows can be looked at one by one. A
//! bounded number of rows is named; all are counted, unless that would mean to read millions.

use std::collections::HashMap;

use transhume_core::verify::rows::{
    Buckets, Descent, DifferenceKind, KeyedRow, Listed, NextReading, Region, RowDifference, Subject,
    Unsteady, compare_keyed,
};
use transhume_pg::{
    connection::error::PgError,
    state::verification::RecordedRow,
    verify::rows::{ImageColumns, Reading, ReadingSide},
};

use super::Settings;

/// Rows that are looked at one by one in one table before the count of those that differ becomes "at
/// least": a table that differs this much is loaded anew rather than mended, and what was read till then
/// took about as long as reading it a few times.
const LOOKED_AT_MOST: i64 = 2_000_000;

/// Likewise where a row that differs may be in two places, so that all are kept until the last one is looked at:
/// about 100 MB.
const KEPT_MOST: i64 = 200_000;

/// Pages of a table that a sample reads, in percent, and the most rows of it on either side.
const SAMPLE_PERCENT: f32 = 1.0;
const SAMPLE_ROWS: i64 = 10_000;

/// Both sides of one table under the frozen pair.
#[derive(Clone, Copy)]
pub(super) struct Search<'a> {
    pub(super) subject: &'a Subject,
    pub(super) source: ReadingSide<'a>,
    pub(super) target: ReadingSide<'a>,
    pub(super) settings: Settings,
}

/// What differs.
#[derive(Default)]
pub(super) struct Found {
    /// Those that are named.
    pub(super) rows: Vec<RecordedRow>,
    /// All that were seen.
    pub(super) differences: i64,
    /// Whether that is all there are.
    pub(super) is_all: bool,
    /// Looked at one by one.
    pub(super) looked_at: i64,
}

/// Ends the function where a side has moved.
macro_rules! seen {
    ($reading:expr) => {
        match $reading {
            Reading::Seen(seen) => seen,
            Reading::Moved => return Ok(Reading::Moved),
        }
    };
}

impl Search<'_> {
    /// Goes down into every bucket that differs.
    pub(super) async fn descend(self, buckets: &Buckets) -> Result<Reading<Found>, PgError> {
        let subject = self.subject;
        let most = if subject.crosses() {
            KEPT_MOST
        } else {
            LOOKED_AT_MOST
        };
        let mut descent = Descent::new(subject, buckets, most);
        let mut found = Found::default();
        while let Some(step) = descent.step() {
            let taken = match step {
                NextReading::Digest { region, cut } => {
                    let inner = seen!(self.digest(&region, "", "", &cut).await?);
                    descent.digested(&cut, &inner)
                }
                NextReading::List(region) => {
                    let (source, target) = seen!(self.list(&region).await?);
                    descent.listed(source, target)
                }
            };
            taken.map_err(|Unsteady| self.unsteady())?;
            self.note(&mut found, descent.take_found());
        }
        self.note(&mut found, descent.take_found());
        found.is_all = descent.is_all();
        found.looked_at = descent.looked_at();
        seen!(self.name_columns(&mut found.rows).await?);
        Ok(Reading::Seen(found))
    }

    fn unsteady(self) -> PgError {
        PgError::Protocol {
            endpoint: "one of the servers".to_owned(),
            reason: format!(
                "{} did not show the same rows twice under one snapshot; a type's output that is not always the same, \
                 or a damaged file, does that (look at it with pg_amcheck)",
                self.subject.table.plain()
            ),
        }
    }

    /// Compares some rows from all over the table: of the source's, whether the target has them alike; of
    /// the target's, whether the source has them at all.
    pub(super) async fn sample(self) -> Result<Reading<Found>, PgError> {
        let (source, target) = tokio::join!(
            self.source
                .sampled_keys(self.subject, SAMPLE_PERCENT, SAMPLE_ROWS),
            self.target
                .sampled_keys(self.subject, SAMPLE_PERCENT, SAMPLE_ROWS)
        );
        let mut keys = seen!(source?);
        keys.extend(seen!(target?));
        keys.sort_unstable();
        keys.dedup();
        let (source, target) = seen!(self.rows_by_key(&keys).await?);
        let mut found = Found {
            looked_at: i64::try_from(keys.len()).unwrap_or(i64::MAX),
            ..Found::default()
        };
        self.note(&mut found, compare_keyed(source, target));
        seen!(self.name_columns(&mut found.rows).await?);
        Ok(Reading::Seen(found))
    }

    /// Digests a region on both sides at once; `pieces` are further conditions of either.
    pub(super) async fn digest(
        self,
        region: &Region,
        source_piece: &str,
        target_piece: &str,
        cut: &transhume_core::verify::rows::Cut,
    ) -> Result<Reading<Buckets>, PgError> {
        let (source, target) = tokio::join!(
            self.source.buckets(self.subject, region, source_piece, cut),
            self.target.buckets(self.subject, region, target_piece, cut)
        );
        let (source, target) = (seen!(source?), seen!(target?));
        Ok(Reading::Seen(Buckets::of_sides(source, target)))
    }

    async fn list(self, region: &Region) -> Result<Reading<(Listed, Listed)>, PgError> {
        if self.subject.key.is_empty() {
            let (source, target) = tokio::join!(
                self.source.images(self.subject, region),
                self.target.images(self.subject, region)
            );
            let (source, target) = (seen!(source?), seen!(target?));
            return Ok(Reading::Seen((Listed::Images(source), Listed::Images(target))));
        }
        let (source, target) = tokio::join!(
            self.source.keyed_rows(self.subject, region),
            self.target.keyed_rows(self.subject, region)
        );
        let (source, target) = (seen!(source?), seen!(target?));
        Ok(Reading::Seen((Listed::Keyed(source), Listed::Keyed(target))))
    }

    async fn rows_by_key(
        self,
        keys: &[Vec<String>],
    ) -> Result<Reading<(Vec<KeyedRow>, Vec<KeyedRow>)>, PgError> {
        let (source, target) = tokio::join!(
            self.source.rows_by_key(self.subject, keys),
            self.target.rows_by_key(self.subject, keys)
        );
        Ok(Reading::Seen((seen!(source?), seen!(target?))))
    }

    fn note(&self, found: &mut Found, differences: Vec<RowDifference>) {
        found.differences += differences.iter().map(|difference| difference.rows).sum::<i64>();
        let room = self.settings.most_rows.saturating_sub(found.rows.len());
        let rows = differences.into_iter().take(room).map(|row| RecordedRow {
            id: 0,
            table: self.subject.table.clone(),
            difference: row.difference,
            key_columns: self
                .subject
                .key
                .iter()
                .map(|column| column.name.clone())
                .collect(),
            key: row.key,
            hash: row.hash,
            rows: row.rows,
            columns: Vec::new(),
            source_values: None,
            target_values: None,
            is_repaired: false,
        });
        found.rows.extend(rows);
    }

    /// Which columns of the rows that are on both sides differ; with their values, if asked for.
    pub(super) async fn name_columns(self, rows: &mut [RecordedRow]) -> Result<Reading<()>, PgError> {
        let values = self.settings.show_values;
        let keys: Vec<Vec<String>> = rows
            .iter()
            .filter(|row| !row.key.is_empty() && (values || row.difference == DifferenceKind::Different))
            .map(|row| row.key.clone())
            .collect();
        if keys.is_empty() {
            return Ok(Reading::Seen(()));
        }
        let (source, target) = tokio::join!(
            self.source.columns_by_key(self.subject, &keys, values),
            self.target.columns_by_key(self.subject, &keys, values)
        );
        let (source, target) = (by_key(seen!(source?)), by_key(seen!(target?)));
        for row in rows.iter_mut() {
            let (left, right) = (source.get(&row.key), target.get(&row.key));
            self.name_columns_of(row, left, right);
        }
        Ok(Reading::Seen(()))
    }

    fn name_columns_of(
        self,
        row: &mut RecordedRow,
        source: Option<&Vec<Option<String>>>,
        target: Option<&Vec<Option<String>>>,
    ) {
        let differ = |number: usize| match (source, target) {
            (Some(source), Some(target)) => source[number] != target[number],
            // On one side only: all of it.
            _ => true,
        };
        let numbers: Vec<usize> = (0..self.subject.columns.len())
            .filter(|number| differ(*number))
            .collect();
        // A damaged index may not have found it on both sides.
        if row.difference == DifferenceKind::Different && source.is_some() && target.is_some() {
            row.columns = numbers
                .iter()
                .map(|number| self.subject.columns[*number].name.clone())
                .collect();
        }
        if self.settings.show_values {
            row.columns = numbers
                .iter()
                .map(|number| self.subject.columns[*number].name.clone())
                .collect();
            let values =
                |side: &Vec<Option<String>>| numbers.iter().map(|number| side[*number].clone()).collect();
            row.source_values = source.map(values);
            row.target_values = target.map(values);
        }
    }
}

fn by_key(rows: Vec<ImageColumns>) -> HashMap<Vec<String>, Vec<Option<String>>> {
    rows.into_iter().map(|row| (row.key, row.columns)).collect()
}
