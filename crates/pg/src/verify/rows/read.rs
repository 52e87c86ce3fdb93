//! Reading one side under its frozen snapshot.

use futures_util::StreamExt as _;
use tokio_postgres::{Row, types::ToSql};
use transhume_core::verify::rows::{Cut, Digest, KeyedRow, Region, Subject};
use transhume_wire::ident::QualifiedName;

use super::{dividing, statement};
use crate::connection::{error::PgError, pieces::send_in_pieces, session::Session, snapshot};

/// What a snapshot shows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading<T> {
    Seen(T),
    /// Truncated, rewritten or dropped since: the snapshot does not show its rows any more.
    Moved,
}

/// Whoever waits for a second table with the first one locked can be part of a deadlock, which may end the application's
/// transaction: it is given up well before a server looks for one, after `deadlock_timeout`, 1 s by default.
const LOCKS_OF_ALL: &str = "set local lock_timeout = '100ms'";

/// A row's key and, column by column, its texts or their hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageColumns {
    pub key: Vec<String>,
    pub columns: Vec<Option<String>>,
}

/// A session on one side, and the snapshot that it reads under.
#[derive(Debug, Clone, Copy)]
pub struct ReadingSide<'a> {
    pub session: &'a Session,
    pub snapshot: &'a str,
}

impl<T> Reading<T> {
    pub fn map<U>(self, function: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Seen(seen) => Reading::Seen(function(seen)),
            Self::Moved => Reading::Moved,
        }
    }
}

impl ReadingSide<'_> {
    /// Digests of the region's rows by bucket. `piece` is a further condition; '' for none.
    pub async fn buckets(
        self,
        subject: &Subject,
        region: &Region,
        piece: &str,
        cut: &Cut,
    ) -> Result<Reading<Vec<(i32, Digest)>>, PgError> {
        let sql = statement::buckets(subject, region, piece, cut);
        let rows = self.read(&subject.table, &sql, &[]).await?;
        Ok(rows.map(|rows| rows.iter().map(|row| digest(row, 0)).collect()))
    }

    /// The same of several whole tables in one statement, in their order. Fails where a lock on one is not to be had at
    /// once: then they are to be read one by one.
    pub async fn buckets_of_all(
        self,
        subjects: &[&Subject],
    ) -> Result<Vec<Reading<Vec<(i32, Digest)>>>, PgError> {
        let names: Vec<String> = subjects.iter().map(|subject| subject.table.lookup()).collect();
        let sql = statement::buckets_of_all(subjects);
        snapshot::import(self.session, self.snapshot).await?;
        let read = async {
            self.session.batch_execute(LOCKS_OF_ALL).await?;
            let rows = self.session.query_typed(&sql, &[]).await?;
            // Asked last: the locks that reading took keep the files from changing now.
            let rewritten = self
                .session
                .query(include_str!("../sql/were_rewritten_by_name.sql"), &[&names])
                .await?;
            Ok((rows, rewritten))
        };
        let (rows, rewritten) = self.end(read.await).await?;
        let mut readings: Vec<_> = subjects.iter().map(|_| Reading::Moved).collect();
        for row in &rewritten {
            let (number, was_rewritten): (i64, bool) = (row.get(0), row.get(1));
            if !was_rewritten {
                let place = usize::try_from(number - 1).expect("invariant: ordinality counts from 1");
                readings[place] = Reading::Seen(Vec::new());
            }
        }
        for row in &rows {
            let place = usize::try_from(row.get::<_, i32>(0)).expect("invariant: a number of ours");
            if let Reading::Seen(buckets) = &mut readings[place] {
                buckets.push(digest(row, 1));
            }
        }
        Ok(readings)
    }

    pub async fn keyed_rows(
        self,
        subject: &Subject,
        region: &Region,
    ) -> Result<Reading<Vec<KeyedRow>>, PgError> {
        let sql = statement::keyed_rows(subject, region);
        let rows = self.read(&subject.table, &sql, &[]).await?;
        Ok(rows.map(|rows| rows.iter().map(keyed_row).collect()))
    }

    /// Whether a row has NULL in its key, as is possible where the key or NOT NULL is lost.
    pub async fn has_null_in_key(self, subject: &Subject) -> Result<Reading<bool>, PgError> {
        let sql = statement::null_in_key(subject);
        let rows = self.read(&subject.table, &sql, &[]).await?;
        Ok(rows.map(|rows| rows.iter().any(|row| row.get(0))))
    }

    /// Hashes of rows and how often each occurs.
    pub async fn images(
        self,
        subject: &Subject,
        region: &Region,
    ) -> Result<Reading<Vec<(i64, i64)>>, PgError> {
        let sql = statement::images(subject, region);
        let rows = self.read(&subject.table, &sql, &[]).await?;
        Ok(rows.map(|rows| rows.iter().map(|row| (row.get(0), row.get(1))).collect()))
    }

    /// Keys and hashes of the rows that have these keys.
    pub async fn rows_by_key(
        self,
        subject: &Subject,
        keys: &[Vec<String>],
    ) -> Result<Reading<Vec<KeyedRow>>, PgError> {
        let sql = statement::by_key(subject, &statement::wanted_image(subject));
        let rows = self.by_key(subject, &sql, keys).await?;
        Ok(rows.map(|rows| rows.iter().map(keyed_row).collect()))
    }

    /// The columns of the rows that have these keys: as text with `values`, else as hashes of it.
    pub async fn columns_by_key(
        self,
        subject: &Subject,
        keys: &[Vec<String>],
        values: bool,
    ) -> Result<Reading<Vec<ImageColumns>>, PgError> {
        let sql = statement::by_key(subject, &statement::wanted_columns(subject, values));
        let rows = self.by_key(subject, &sql, keys).await?;
        Ok(rows.map(|rows| {
            rows.iter()
                .map(|row| ImageColumns {
                    key: row.get(0),
                    columns: row.get(1),
                })
                .collect()
        }))
    }

    /// Keys of some rows from all over the table: of so many percent of its pages, at most so many.
    pub async fn sampled_keys(
        self,
        subject: &Subject,
        percent: f32,
        rows: i64,
    ) -> Result<Reading<Vec<Vec<String>>>, PgError> {
        let sql = statement::sample(subject);
        let rows = self.read(&subject.table, &sql, &[&percent, &rows]).await?;
        Ok(rows.map(|rows| rows.iter().map(|row| row.get(0)).collect()))
    }

    /// Values of the spread's columns in some rows of these pages, in their order, without those of more than so many
    /// bytes.
    pub async fn picked_values(
        self,
        subject: &Subject,
        pages: &[i64],
        most_bytes: i32,
    ) -> Result<Reading<Vec<Vec<String>>>, PgError> {
        let sql = dividing::picked_values(subject, pages);
        let rows = self.read_some(&subject.table, &sql, &[&most_bytes]).await?;
        Ok(rows.map(|rows| rows.iter().map(|row| row.get(0)).collect()))
    }

    /// Smallest and largest value of the column whose numbers rows are divided by, as texts; none in an empty table or
    /// where there is no such column.
    pub async fn extremes(self, subject: &Subject) -> Result<Option<(String, String)>, PgError> {
        let Some(sql) = statement::extremes(subject) else {
            return Ok(None);
        };
        let Reading::Seen(rows) = self.read(&subject.table, &sql, &[]).await? else {
            return Ok(None);
        };
        let ends = rows.first().map(|row| (row.get(0), row.get(1)));
        Ok(ends.and_then(|(low, high): (Option<String>, Option<String>)| low.zip(high)))
    }

    /// How many rows have each of these hashes.
    pub(super) async fn counts_by_image(
        self,
        subject: &Subject,
        hashes: &[i64],
    ) -> Result<Reading<Vec<(i64, i64)>>, PgError> {
        let sql = statement::counts_by_image(subject);
        let rows = self.read(&subject.table, &sql, &[&hashes]).await?;
        Ok(rows.map(|rows| rows.iter().map(|row| (row.get(0), row.get(1))).collect()))
    }

    /// Copies what the query gives into the target: how many rows.
    pub(super) async fn copy(
        self,
        table: &QualifiedName,
        query: &str,
        target: &Session,
        into: &str,
    ) -> Result<Reading<u64>, PgError> {
        snapshot::import(self.session, self.snapshot).await?;
        let copied = async {
            let rows = pass_on(self.session, query, target, into).await?;
            Ok(if self.is_rewritten(table).await? {
                Reading::Moved
            } else {
                Reading::Seen(rows)
            })
        };
        self.end(copied.await).await
    }

    async fn by_key(
        self,
        subject: &Subject,
        sql: &str,
        keys: &[Vec<String>],
    ) -> Result<Reading<Vec<Row>>, PgError> {
        let lists = lists(subject, keys);
        self.read(&subject.table, sql, &parameters(&lists)).await
    }

    async fn read(
        self,
        table: &QualifiedName,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Reading<Vec<Row>>, PgError> {
        snapshot::import(self.session, self.snapshot).await?;
        let read = self.read_within(table, sql, parameters).await;
        self.end(read).await
    }

    /// Few rows by an index or by their places, which the planner takes for dearer than reading the whole table.
    async fn read_some(
        self,
        table: &QualifiedName,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Reading<Vec<Row>>, PgError> {
        snapshot::import(self.session, self.snapshot).await?;
        let read = match self.session.batch_execute("set local enable_seqscan = off").await {
            Ok(()) => self.read_within(table, sql, parameters).await,
            Err(error) => Err(error.into()),
        };
        self.end(read).await
    }

    /// Also after an error, so that the session serves the next table.
    async fn end<T>(self, read: Result<T, PgError>) -> Result<T, PgError> {
        self.session.batch_execute("rollback").await?;
        read
    }

    async fn read_within(
        self,
        table: &QualifiedName,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Reading<Vec<Row>>, PgError> {
        let rows = self.session.query(sql, parameters).await?;
        Ok(if self.is_rewritten(table).await? {
            Reading::Moved
        } else {
            Reading::Seen(rows)
        })
    }

    /// Or is gone. Asked last: the lock that reading took keeps the file from changing now.
    async fn is_rewritten(self, table: &QualifiedName) -> Result<bool, PgError> {
        let rewritten = self
            .session
            .query_opt(
                include_str!("../sql/was_rewritten_by_name.sql"),
                &[&table.lookup()],
            )
            .await?;
        Ok(rewritten.is_none_or(|row| row.get(0)))
    }
}

/// From this column on.
fn digest(row: &Row, first: usize) -> (i32, Digest) {
    let digest = Digest {
        rows: row.get(first + 1),
        sum: row
            .get::<_, &str>(first + 2)
            .parse()
            .expect("a sum of bigint prints as a whole number"),
    };
    (row.get(first), digest)
}

fn keyed_row(row: &Row) -> KeyedRow {
    KeyedRow {
        key: row.get(0),
        hash: row.get(1),
    }
}

/// From one side to the other as they come, unopened: a row is held once, however large it is.
async fn pass_on(source: &Session, query: &str, target: &Session, into: &str) -> Result<u64, PgError> {
    let rows = source.copy_out(&format!("copy ({query}) to stdout")).await?;
    let sink = target.copy_in(into).await?;
    let (mut rows, mut sink) = (Box::pin(rows), Box::pin(sink));
    while let Some(row) = rows.next().await {
        send_in_pieces(sink.as_mut(), row?).await?;
    }
    Ok(sink.as_mut().finish().await?)
}

/// One list for each column of the key.
fn lists<'k>(subject: &Subject, keys: &'k [Vec<String>]) -> Vec<Vec<&'k str>> {
    (0..subject.key.len())
        .map(|column| keys.iter().map(|key| key[column].as_str()).collect())
        .collect()
}

fn parameters<'l>(lists: &'l [Vec<&str>]) -> Vec<&'l (dyn ToSql + Sync)> {
    lists.iter().map(|list| list as &(dyn ToSql + Sync)).collect()
}

/// Inside the transaction of `session`.
pub(super) async fn rows_by_key(
    session: &Session,
    subject: &Subject,
    keys: &[Vec<String>],
) -> Result<Vec<KeyedRow>, PgError> {
    let sql = statement::by_key(subject, &statement::wanted_image(subject));
    let lists = lists(subject, keys);
    let rows = session.query(&sql, &parameters(&lists)).await?;
    Ok(rows.iter().map(keyed_row).collect())
}

/// Key, hash and version of the rows that have these keys, as `session` sees them now.
pub(super) async fn versions_by_key(
    session: &Session,
    subject: &Subject,
    keys: &[Vec<String>],
) -> Result<Vec<(Vec<String>, i64, String)>, PgError> {
    let sql = statement::by_key(subject, &statement::wanted_version(subject));
    let lists = lists(subject, keys);
    let rows = session.query(&sql, &parameters(&lists)).await?;
    Ok(rows
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect())
}

/// Inside the transaction of `session`.
pub(super) async fn execute_by_key(
    session: &Session,
    subject: &Subject,
    sql: &str,
    keys: &[Vec<String>],
) -> Result<u64, PgError> {
    let lists = lists(subject, keys);
    Ok(session.execute(sql, &parameters(&lists)).await?)
}

/// Inside the transaction of `session`.
pub(super) async fn counts_by_image(
    session: &Session,
    subject: &Subject,
    hashes: &[i64],
) -> Result<Vec<(i64, i64)>, PgError> {
    let sql = statement::counts_by_image(subject);
    let rows = session.query(&sql, &[&hashes]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
