//! What a statement announced on the source is done on the target, in the transaction that writes the rows around it.
//!
//! Owns the order (types, tables, what is gone) and the memory that goes with it. Each table is a matter of its own: what the
//! target refuses of it is taken back, and the table is held at its next change as if nothing had been announced.
//!
//! Invariants: statements are worded here from facts, with every identifier quoted; what is remembered of a table is
//! written in the same transaction as the statements that it describes.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use tokio_postgres::types::Json;
use transhume_core::{
    guard::{
        schema::{
            AnnouncedSchema, DescribedTable, Followed, Remembered, SchemaStep, details, steps, types_to_carry,
        },
        user_types::{self as types},
    },
    load::RelationState,
};
use transhume_wire::ident::quote_identifier;

use super::{
    batch::BatchWriter,
    carrying_access::carry_access,
    carrying_drops::{drop_left, drop_objects, drop_roots},
    carrying_objects::{carry_comments, carry_first, carry_objects, carry_owners, carry_renames},
    conflict::ApplyError,
    refusal::refusal,
};
use crate::{
    connection::{error::PgError, session::Session},
    follow::announcing::FACTS,
    guard::{
        schema_change::worded,
        user_types::{statement as type_statement, user_types},
    },
    state::{
        archive, known_type,
        load::{
            followed::{followed, remember},
            relations,
        },
        migration,
    },
};

impl BatchWriter {
    /// Behind all that was sent, which is answered.
    pub(super) async fn carry(&mut self, announced: &AnnouncedSchema) -> Result<(), ApplyError> {
        let session = Arc::clone(&self.session);
        let identities = &mut self.relations.identities;
        if announced.is_untold {
            identities.doubt_all();
        }
        identities.doubt(announced.tables.iter().map(|table| table.facts.oid));
        let Some(migration) = migration::read(&session).await? else {
            return Ok(());
        };
        // The schema was made as it left it, and rows were read later still.
        let shows = archive::first_shows(&session).await?;
        if shows.is_some_and(|shows| shows.sees(announced.xid)) {
            return Ok(());
        }
        let selector = migration
            .selection
            .selector()
            .map_err(|error| PgError::Protocol {
                endpoint: "transhume.migration".to_owned(),
                reason: error.to_string(),
            })?;
        let loaded = self.relations.loaded_tables();
        // What a table's rows were read with is there already, and may be older than what the target has.
        let is_news = |oid: u32| {
            let snapshot = loaded.get(&oid).and_then(|table| table.snapshot.as_ref());
            !snapshot.is_some_and(|snapshot| snapshot.sees(announced.xid))
        };
        let mut known = followed(&**session).await?;
        known.retain(|table| table.state == RelationState::Loaded);
        let (known, later): (Vec<Followed>, Vec<Followed>) =
            known.into_iter().partition(|table| is_news(table.oid));
        carry_renames(&session, &announced.renamed, &selector).await?;
        carry_first(&session, announced, &known, &selector).await?;
        carry_types(&session, announced).await?;
        let left = drop_objects(&session, &announced.gone_objects, &selector).await?;
        let news = carry_tables(&session, announced, &known).await?;
        carry_details(&session, announced, &later).await?;
        drop_roots(&session, &announced.gone_objects, &selector).await?;
        drop_left(&session, left).await?;
        let is_behind = |oid: &u32| {
            known.iter().any(|table| table.oid == *oid) && !news.iter().any(|(in_step, _)| in_step == oid)
        };
        let oids = announced.tables.iter().map(|table| table.facts.oid);
        let behind: HashSet<u32> = oids.filter(is_behind).collect();
        carry_objects(&session, announced, (&known, &behind), &selector).await?;
        carry_owners(&session, announced, &known, &selector).await?;
        let roles = &migration.selection.roles;
        carry_access(&session, &announced.access, (&selector, roles)).await?;
        carry_comments(&session, &announced.comments, &selector).await?;
        // Whatever was prepared may name something else now.
        self.relations.take_up(&news);
        Ok(())
    }
}

async fn carry_types(session: &Session, announced: &AnnouncedSchema) -> Result<(), PgError> {
    if announced.types.is_empty() {
        return Ok(());
    }
    let remembered = known_type::all(&**session).await?;
    let wanted = types_to_carry(&announced.types, &remembered);
    let there = user_types(&**session).await?;
    let changes = types::changes(&remembered, &wanted, &there);
    let statements: Vec<String> = changes.iter().map(type_statement).collect();
    if done(session, &statements).await? {
        known_type::remember(&**session, &wanted).await?;
    }
    Ok(())
}

/// Those of these tables that the statement made or altered, with what it left of each.
fn concerned<'a>(
    announced: &'a AnnouncedSchema,
    tables: &'a [Followed],
) -> Vec<(&'a Followed, &'a DescribedTable)> {
    let find = |oid: u32| tables.iter().find(|table| table.oid == oid);
    let left = announced.tables.iter();
    left.filter_map(|now| Some((find(now.facts.oid)?, now))).collect()
}

/// Gives back what is remembered of those that are in step.
async fn carry_tables(
    session: &Session,
    announced: &AnnouncedSchema,
    known: &[Followed],
) -> Result<Vec<(u32, Remembered)>, PgError> {
    if announced.tables.is_empty() && announced.gone.is_empty() {
        return Ok(Vec::new());
    }
    let find = |oid: u32| known.iter().find(|table| table.oid == oid);
    let concerned = concerned(announced, known);
    let before = described(session, &on_target(concerned.iter().map(|(table, _)| *table))).await?;
    // What partitions share with their root is done once.
    let mut done_already = BTreeSet::new();
    let mut carried = Vec::new();
    for (table, now) in concerned {
        let Some(steps) = target_of(table, &before).and_then(|there| steps(table, now, there)) else {
            continue;
        };
        let mut statements: Vec<String> = steps.iter().map(worded_step).collect();
        statements.retain(|statement| !done_already.contains(statement));
        if done(session, &statements).await? {
            done_already.extend(statements);
            carried.push((table, now));
        }
    }
    let after = described(session, &on_target(carried.iter().map(|(table, _)| *table))).await?;
    let news = carried.into_iter().filter_map(|(table, now)| {
        let there = target_of(table, &after)?;
        let is_in_step = steps(table, now, there)?.is_empty();
        is_in_step.then(|| (table.oid, Remembered::in_step(&now.facts, &there.facts)))
    });
    let news: Vec<_> = news.collect();
    remember(&**session, &news).await?;
    drop_gone(session, announced.gone.iter().filter_map(|oid| find(*oid))).await?;
    Ok(news)
}

/// Of tables whose rows were read later than the statement.
async fn carry_details(
    session: &Session,
    announced: &AnnouncedSchema,
    later: &[Followed],
) -> Result<(), PgError> {
    let concerned = concerned(announced, later);
    let there = described(session, &on_target(concerned.iter().map(|(table, _)| *table))).await?;
    for (table, now) in concerned {
        let Some(there) = target_of(table, &there) else {
            continue;
        };
        let statements: Vec<String> = details(table, now, there).iter().map(worded_step).collect();
        done(session, &statements).await?;
    }
    Ok(())
}

async fn drop_gone<'a>(session: &Session, gone: impl Iterator<Item = &'a Followed>) -> Result<(), PgError> {
    for table in gone {
        let there = described(session, &on_target(std::iter::once(table))).await?;
        let Some(there) = target_of(table, &there) else {
            continue;
        };
        let statement = format!("drop table {}", there.facts.name);
        if done(session, &[statement]).await? {
            relations::drop(&**session, &[table.oid]).await?;
        }
    }
    Ok(())
}

pub(super) fn target_of<'a>(table: &Followed, described: &'a [DescribedTable]) -> Option<&'a DescribedTable> {
    let identity = table.remembered.as_ref()?.target.as_ref()?;
    described.iter().find(|there| there.facts.oid == identity.oid)
}

/// OIDs of the target's tables that have the rows of these.
fn on_target<'a>(tables: impl Iterator<Item = &'a Followed>) -> Vec<u32> {
    let identities = tables.filter_map(|table| table.remembered.as_ref()?.target.as_ref());
    identities.map(|identity| identity.oid).collect()
}

/// Tables of this server, with what only statements need.
pub async fn described(session: &Session, oids: &[u32]) -> Result<Vec<DescribedTable>, PgError> {
    if oids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = session.query(FACTS, &[&oids, &""]).await?;
    rows.iter()
        .map(|row| {
            let Json(described): Json<DescribedTable> = row.try_get("described")?;
            Ok(described)
        })
        .collect()
}

/// Runs these; false where the target refuses one of them, and then none is done.
async fn done(session: &Session, statements: &[String]) -> Result<bool, PgError> {
    Ok(refusal(session, statements).await?.is_none())
}

pub(super) fn worded_step(step: &SchemaStep) -> String {
    let alter = |table, column: &str, what: String| {
        format!(
            "alter table {table} alter column {} {what}",
            quote_identifier(column)
        )
    };
    match step {
        SchemaStep::Change(change) => worded(change).unwrap_or_default(),
        SchemaStep::Add { table, definition } => format!("alter table {table} add column {definition}"),
        SchemaStep::NoLongerComputed { table, column } => alter(table, column, "drop expression".to_owned()),
        SchemaStep::NotNull {
            table,
            column,
            is_set,
        } => {
            let word = if *is_set { "set" } else { "drop" };
            alter(table, column, format!("{word} not null"))
        }
        SchemaStep::Default {
            table,
            column,
            expression,
        } => {
            let what = expression.as_ref().map_or_else(
                || "drop default".to_owned(),
                |expression| format!("set default {expression}"),
            );
            alter(table, column, what)
        }
    }
}
