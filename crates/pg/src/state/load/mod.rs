//! The full load's rows in `transhume`: snapshots, relations, parts and builds.
//!
//! Planning and resuming run on the driver's session; claims run on the raw connection that also
//! carries the COPY, so that a part's rows and its "done" are one commit. A claim is nothing but a
//! row lock: it ends with its transaction, however that ends.

pub mod binding;
pub mod builds;
pub mod followed;
pub mod large_objects;
pub mod maintenance;
pub mod parts;
pub mod plan;
pub mod progress;
pub mod refused;
pub mod relations;
pub mod watch;

use tokio_postgres::GenericClient;

use crate::connection::{error::PgError, raw::RawConnection};

/// What remains of load and builds; suspended tables do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkLeft {
    Nothing,
    /// A part or a build is open, whoever holds it.
    Some,
    /// A table among them waits for a fresh snapshot.
    NeedsSnapshot,
}

/// How many pieces of work are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenWork {
    pub large_parts: i64,
    pub small_parts: i64,
    pub large_objects: i64,
    /// Those that are claimed one by one.
    pub builds: i64,
    /// Partition trees without statistics.
    pub trees: i64,
}

/// Parts of up to `small_bytes` are small.
pub async fn open_work(target: &impl GenericClient, small_bytes: u64) -> Result<OpenWork, PgError> {
    let small_bytes = i64::try_from(small_bytes).unwrap_or(i64::MAX);
    let row = target
        .query_one(include_str!("../sql/load/open_work.sql"), &[&small_bytes])
        .await?;
    Ok(OpenWork {
        large_parts: row.try_get(0)?,
        small_parts: row.try_get(1)?,
        large_objects: row.try_get(2)?,
        builds: row.try_get(3)?,
        trees: row.try_get(4)?,
    })
}

pub async fn work_left(target: &mut RawConnection) -> Result<WorkLeft, PgError> {
    let rows = target
        .query(include_str!("../sql/load/work_left.sql"), &[])
        .await?;
    let row = rows.first().ok_or_else(|| unreadable("an answer is missing"))?;
    let mut row = TextRow::new(row);
    Ok(match (row.flag()?, row.flag()?) {
        (false, _) => WorkLeft::Nothing,
        (true, false) => WorkLeft::Some,
        (true, true) => WorkLeft::NeedsSnapshot,
    })
}

/// One row of an answer in text form, read column by column.
pub(crate) struct TextRow<'row> {
    columns: std::slice::Iter<'row, Option<String>>,
}

impl<'row> TextRow<'row> {
    pub(crate) fn new(row: &'row [Option<String>]) -> Self {
        Self { columns: row.iter() }
    }

    fn text(&mut self) -> Result<&'row str, PgError> {
        self.columns
            .next()
            .and_then(|value| value.as_deref())
            .ok_or_else(|| unreadable("a value is missing"))
    }

    fn optional(&mut self) -> Option<&'row str> {
        self.columns.next().and_then(|value| value.as_deref())
    }

    pub(crate) fn parse<T: std::str::FromStr>(&mut self) -> Result<T, PgError> {
        let text = self.text()?;
        text.parse()
            .map_err(|_| unreadable(&format!("\"{text}\" is not what belongs here")))
    }

    fn flag(&mut self) -> Result<bool, PgError> {
        Ok(self.text()? == "t")
    }

    fn list<T: serde::de::DeserializeOwned>(&mut self) -> Result<Vec<T>, PgError> {
        serde_json::from_str(self.text()?).map_err(|error| unreadable(&error.to_string()))
    }
}

fn unreadable(reason: &str) -> PgError {
    PgError::Protocol {
        endpoint: "the state schema".to_owned(),
        reason: reason.to_owned(),
    }
}

/// An array literal of values that need no quoting.
pub(crate) fn array_literal<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    let values: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
    format!("{{{}}}", values.join(","))
}
