//! Carrying the rows of one part from source to target, inside transactions that the caller holds.
//!
//! Bytes pass through unopened. Invariant: what arrives is exactly the part's rows under the source
//! session's snapshot, or the target's transaction must be given up: every error here means that.

use std::time::Instant;

use transhume_core::{
    guard::schema::{
        ColumnFacts,
        as_planned::{self, Described, Obstacle, Planned},
    },
    load::capacity::BuildMemory,
    sqlstate, value_encoding,
};
use transhume_wire::ident::quote_literal;

use crate::{
    catalog::emptying::{emptied, truncate},
    connection::{
        error::PgError,
        raw::{AnswerColumn, RawConnection},
        snapshot::{self, NamedSnapshot},
    },
    load::{
        copy::{CopyMeter, CopySide, RateLimit, copy_through},
        copy_statement,
    },
    state::load::{
        TextRow, array_literal,
        parts::{ClaimedPart, CopiedPart},
    },
};

/// Bytes of a table from which it is emptied and frozen in its COPY: below, the new file that a
/// TRUNCATE makes costs more than the later freezing of a few pages.
const FREEZE_FROM_BYTES: u64 = 1 << 20;

/// A part that could not be carried.
#[derive(Debug)]
pub enum PartError {
    Failed {
        side: CopySide,
        error: PgError,
    },
    /// Rows are there that no part of this migration can have written.
    NotEmpty,
}

impl PartError {
    fn source(error: PgError) -> Self {
        Self::Failed {
            side: CopySide::Source,
            error,
        }
    }

    fn target(error: PgError) -> Self {
        Self::Failed {
            side: CopySide::Target,
            error,
        }
    }
}

/// Opens the source's transaction and lets it see the snapshot. False where the name is another's now.
pub async fn read_under(source: &mut RawConnection, snapshot: &NamedSnapshot) -> Result<bool, PgError> {
    source
        .simple_query(include_str!("../connection/sql/snapshot_begin.sql"))
        .await?;
    let import = snapshot::set_snapshot(&snapshot.name);
    let rows = source
        .simple_query(&format!("{import};\n{}", include_str!("sql/snapshot_shows.sql")))
        .await?;
    let shows = snapshot::parse(source.endpoint(), single_value(&rows).unwrap_or_default())?;
    Ok(shows == snapshot.shows)
}

pub async fn begin(target: &mut RawConnection) -> Result<(), PgError> {
    target.simple_query("BEGIN").await.map(drop)
}

pub async fn commit(target: &mut RawConnection) -> Result<(), PgError> {
    target.simple_query("COMMIT").await.map(drop)
}

pub async fn roll_back(connection: &mut RawConnection) -> Result<(), PgError> {
    connection.simple_query("ROLLBACK").await.map(drop)
}

/// Loaders and builders need not wait for the disk: rows and "done" are lost together or not at all,
/// and [`crate::state::load::progress::flush`] makes all durable before the load counts as done.
pub async fn prepare_target(target: &mut RawConnection, memory: BuildMemory) -> Result<(), PgError> {
    let settings = format!(
        "SET synchronous_commit TO off; SET maintenance_work_mem TO '{}kB'; SET max_parallel_maintenance_workers TO {}",
        memory.maintenance_work_mem_kib, memory.max_parallel_maintenance_workers
    );
    target.simple_query(&settings).await?;
    // A table that is loaded anew has its triggers and foreign keys already, and the rows come with what
    // those did on the source. Where the role may not set this, they are set aside until the cutover.
    match target
        .simple_query(include_str!("../follow/apply/sql/replica_role.sql"))
        .await
    {
        Err(error) if error.sqlstate() != Some(sqlstate::INSUFFICIENT_PRIVILEGE) => Err(error),
        _ => Ok(()),
    }
}

/// Runs one statement of a build.
pub async fn run_statement(target: &mut RawConnection, statement: &str) -> Result<(), PgError> {
    target.simple_query(statement).await.map(drop)
}

/// Text in this encoding until the transactions end or [`copy_part`] has set it back: what else a session runs is in the usual one.
async fn carry(connection: &mut RawConnection, encoding: &str) -> Result<(), PgError> {
    let set = format!("SET LOCAL client_encoding TO {}", quote_literal(encoding));
    connection.simple_query(&set).await.map(drop)
}

/// Whether parts may be copied as they were planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fitness {
    All,
    /// The part at this place may not.
    Unfit(usize),
    /// One of them may not, and the transaction of this side is over: what it named is not there.
    SomeUnfit(CopySide),
}

/// Asks both sides, whose locks on the tables keep the answer true until their transactions end.
pub async fn fitness(
    source: &mut RawConnection,
    target: &mut RawConnection,
    parts: &[ClaimedPart],
) -> Result<Fitness, PartError> {
    let (side, answer) = described(source, parts, CopySide::Source).await?;
    let Some(on_source) = answer else {
        return Ok(Fitness::SomeUnfit(side));
    };
    let (side, answer) = described(target, parts, CopySide::Target).await?;
    let Some(on_target) = answer else {
        return Ok(Fitness::SomeUnfit(side));
    };
    let unfit = parts
        .iter()
        .zip(on_source.iter().zip(&on_target))
        .position(|(part, (source, target))| obstacle_of(part, source, target).is_some());
    Ok(unfit.map_or(Fitness::All, Fitness::Unfit))
}

type Answers = Vec<Vec<AnswerColumn>>;

/// None where the server does not know what the parts name.
async fn described(
    connection: &mut RawConnection,
    parts: &[ClaimedPart],
    side: CopySide,
) -> Result<(CopySide, Option<Answers>), PartError> {
    let statements: Vec<String> = parts
        .iter()
        .map(|part| {
            let table = match side {
                CopySide::Source => part.stored_in().1,
                CopySide::Target => &part.table,
            };
            copy_statement::described(table, &part.columns)
        })
        .collect();
    match connection.describe(&statements.join(";\n")).await {
        Ok(answers) => Ok((side, Some(answers))),
        Err(error) if is_of_definition(&error) => Ok((side, None)),
        Err(error) => Err(PartError::Failed { side, error }),
    }
}

/// A table, schema or column is not there, or is something else.
fn is_of_definition(error: &PgError) -> bool {
    matches!(
        error.sqlstate(),
        Some(
            sqlstate::UNDEFINED_TABLE
                | sqlstate::INVALID_SCHEMA_NAME
                | sqlstate::UNDEFINED_COLUMN
                | sqlstate::WRONG_OBJECT_TYPE
        )
    )
}

fn obstacle_of(part: &ClaimedPart, source: &[AnswerColumn], target: &[AnswerColumn]) -> Option<Obstacle> {
    let facts = part.facts.as_ref();
    let columns: Option<Vec<&ColumnFacts>> = facts.and_then(|facts| {
        let named = part.columns.iter();
        named
            .map(|name| facts.iter().find(|column| column.name == *name))
            .collect()
    });
    let planned = Planned {
        table: part.stored_in().0,
        columns: columns.as_deref(),
        is_partition: part.partition.is_some(),
        format: part.format,
    };
    let (table, source) = split(source);
    as_planned::obstacle(planned, table, &source, &split(target).1)
}

/// The table, and its columns without the first, which only tells it.
fn split(answer: &[AnswerColumn]) -> (u32, Vec<Described>) {
    let table = answer.first().map_or(0, |column| column.table_oid);
    let columns = answer.iter().skip(1).map(|column| Described {
        number: column.number,
        type_oid: column.type_oid,
        type_modifier: column.type_modifier,
    });
    (table, columns.collect())
}

/// Carries one claimed part, its values in this encoding. What [`rewritten`] says of it afterwards decides whether it may be kept.
pub async fn copy_part(
    source: &mut RawConnection,
    target: &mut RawConnection,
    part: &ClaimedPart,
    encoding: &str,
    (meter, limit): (&CopyMeter, Option<&RateLimit>),
) -> Result<CopiedPart, PartError> {
    let started = Instant::now();
    let (rows, bytes) = if part.columns.is_empty() {
        (fill_with_defaults(source, target, part).await?, 0)
    } else {
        // COPY FREEZE is not for partitioned tables.
        let freeze = part.is_only_part
            && part.partition.is_none()
            && part.bytes >= FREEZE_FROM_BYTES
            && empty_for_freeze(target, part).await?;
        let (_, stored_in) = part.stored_in();
        let out = copy_statement::copy_out(stored_in, &part.columns, &part.predicate, part.format);
        let into = copy_statement::copy_in(&part.table, &part.columns, part.format, freeze);
        let is_usual = encoding == value_encoding::USUAL;
        if !is_usual {
            carry(source, encoding).await.map_err(PartError::source)?;
            carry(target, encoding).await.map_err(PartError::target)?;
        }
        let totals = copy_through(source, &out, target, &into, meter, limit)
            .await
            .map_err(|error| PartError::Failed {
                side: error.side,
                error: error.error,
            })?;
        if !is_usual {
            carry(source, value_encoding::USUAL)
                .await
                .map_err(PartError::source)?;
            carry(target, value_encoding::USUAL)
                .await
                .map_err(PartError::target)?;
        }
        (totals.rows, totals.bytes)
    };
    Ok(CopiedPart {
        id: part.id,
        source_oid: part.source_oid,
        snapshot_id: part.snapshot_id,
        rows,
        bytes,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// OIDs of those of these tables that the source truncated or rewrote after the snapshot, which cannot see their rows now.
/// Asked after the COPY, whose locks on the tables keep the answer true until the source's transaction ends.
pub async fn rewritten(source: &mut RawConnection, parts: &[ClaimedPart]) -> Result<Vec<u32>, PgError> {
    let oids = array_literal(parts.iter().map(|part| part.stored_in().0));
    let rows = source
        .query(include_str!("sql/was_rewritten.sql"), &[Some(&oids)])
        .await?;
    rows.iter().map(|row| TextRow::new(row).parse()).collect()
}

/// COPY FREEZE wants a table emptied in its own transaction. Rows already there are not ours to throw
/// away: no other part exists, so none of this migration can have written them. False for a table that
/// is loaded anew while others reference it: it cannot be truncated.
async fn empty_for_freeze(target: &mut RawConnection, part: &ClaimedPart) -> Result<bool, PartError> {
    let rows = target
        .simple_query(&copy_statement::holds_a_row(&part.table))
        .await
        .map_err(PartError::target)?;
    if single_value(&rows) != Some("f") {
        return Err(PartError::NotEmpty);
    }
    let (is_referenced, emptied) = emptied(target, &part.table).await.map_err(PartError::target)?;
    if is_referenced {
        return Ok(false);
    }
    target
        .simple_query(&truncate(&[emptied]))
        .await
        .map(|_| true)
        .map_err(PartError::target)
}

/// A table without writable columns has nothing to copy but its number of rows.
async fn fill_with_defaults(
    source: &mut RawConnection,
    target: &mut RawConnection,
    part: &ClaimedPart,
) -> Result<u64, PartError> {
    let rows = source
        .simple_query(&copy_statement::count_rows(&part.table))
        .await
        .map_err(PartError::source)?;
    let count = single_value(&rows)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| {
            PartError::source(PgError::Protocol {
                endpoint: "source".to_owned(),
                reason: "count(*) is no number".to_owned(),
            })
        })?;
    if count > 0 {
        target
            .simple_query(&copy_statement::insert_empty_rows(&part.table, count))
            .await
            .map_err(PartError::target)?;
    }
    Ok(count)
}

fn single_value(rows: &[Vec<Option<String>>]) -> Option<&str> {
    rows.first()?.first()?.as_deref()
}
