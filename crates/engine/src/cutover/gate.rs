//! The gate: both sides are looked at, and all conditions told at once.
//!
//! Judging is `core::gate`'s; this reads, and tries once more what could not be built.

use std::{collections::HashSet, time::Duration};

use transhume_core::{
    cutover::gate::{Condition, ConditionName, Gate, Limits, Observation, Runner, judge},
    direction::Direction,
    load::RelationState,
    phase::Phase,
    sides::Sides,
    table::{Persistence, Table},
};
use transhume_pg::{
    catalog::{activity, objects},
    connection::{error::PgError, server_limits::server_limits, session::Session},
    cutover::gate,
    follow::{publication, slot},
    schema::firing::firing,
    state::{
        addition,
        deviation::{self, Side},
        exception,
        load::{builds, relations},
        overview, verification,
    },
    wait::Wait,
};
use transhume_wire::ident::QualifiedName;

use super::{Cutover, RELEASE_INTERVAL, alterations, application, life};
use crate::{
    cancel::cancellation,
    cutover::fallback,
    endpoints::{Sessions, replica_role},
    error::{Doing, EngineError, Result},
    guard::schemas::CHANGED,
    load, roles,
    runner::awaited,
    schema::{self, SchemaOptions, SchemaWork},
    selection::selector,
};

/// How long a lag may take to come down before the gate refuses: a follower that has just been
/// started needs a moment.
const LAG_PATIENCE: Duration = Duration::from_secs(10);

const LAG_POLL: Duration = Duration::from_millis(200);

/// Transactions that are younger end by themselves, as far as anybody can tell.
const YOUNG: Duration = Duration::from_secs(5);

/// All conditions as they are now.
pub(super) async fn inspect(cutover: &Cutover<'_>) -> Result<Gate> {
    if cutover.migration.phase != Phase::Follow && !cutover.retreat.is_decided() {
        return Err(EngineError::refused(
            format!("the migration is in phase {}", cutover.migration.phase),
            "cut over while it is in phase follow (see \"transhume status\")",
        ));
    }
    if !cutover.retreat.is_decided() {
        let mut target = cutover
            .endpoints
            .target_session(&cutover.migration.id, "cutover")
            .await?;
        load::try_again(&mut target, cutover.reporter).await?;
        target.close().await;
        Box::pin(try_owners_again(cutover)).await?;
    }
    let seen = observe(cutover).await?;
    let options = cutover.options;
    let limits = Limits {
        lag_bytes: options.lag_limit_bytes,
        verified_within: options.verified_within,
        transaction_age: YOUNG.max((options.lock_timeout + RELEASE_INTERVAL) * options.attempts),
    };
    let mut conditions: Vec<Condition> = judge(&seen, &limits);
    conditions.extend(way_back(cutover).await?);
    conditions.extend(application::condition(cutover).await);
    Ok(Gate::new(conditions, &options.overrides))
}

/// Owners and grants that were refused, where the programs are at hand that read the archive.
async fn try_owners_again(cutover: &Cutover<'_>) -> Result<()> {
    if cutover.migration.direction == Direction::Reverse {
        return Ok(());
    }
    let selector = selector(&cutover.migration.selection)?;
    // Nobody asks it to stop: a few statements, each short.
    let (_canceller, cancellation) = cancellation();
    let work = SchemaWork {
        endpoints: cutover.endpoints,
        migration: &cutover.migration,
        selector: &selector,
        options: &SchemaOptions::default(),
        reporter: cutover.reporter,
        cancellation: &cancellation,
        addition: None,
    };
    match schema::try_again(&work).await {
        // What was refused is still told by its findings.
        Err(EngineError::Server {
            source: PgError::Program { .. },
            ..
        }) => Ok(()),
        tried => tried,
    }
}

/// The reverse stream must be there before the target's first write, so it is a condition and no afterthought.
async fn way_back(cutover: &Cutover<'_>) -> Result<Option<Condition>> {
    let name = ConditionName::WayBack;
    if cutover.migration.direction == Direction::Reverse {
        return Ok(None);
    }
    if cutover.options.without_fallback {
        let evidence = "none is wanted: what the target writes will not reach the source";
        let remedy = "leave --without-fallback out";
        return Ok(Some(Condition::degraded(name, evidence, remedy)));
    }
    let obstacles = fallback::obstacles(
        cutover.endpoints,
        &cutover.migration.id,
        Sessions::of(&cutover.source, &cutover.target),
        &cutover.tables,
    )
    .await?;
    let met = "the target's changes can be written back to the source";
    Ok(Some(Condition::of_findings(name, met, &obstacles)))
}

async fn observe(cutover: &Cutover<'_>) -> Result<Observation> {
    let (source, target) = (&cutover.source, &cutover.target);
    let mut seen = Observation {
        lag_bytes: lag(cutover).await?,
        runner: life::runner(target).await?,
        tables_selected: cutover.moved_tables().count(),
        sequences_selected: cutover.sequences.len(),
        ..Observation::default()
    };
    seen.verification = verification::recency(target)
        .await
        .doing("reading the last verification")?;
    let reported = overview::read(target)
        .await
        .doing("reading the findings")?
        .findings;
    seen.findings = alterations::findings(cutover, &reported).await?;
    let others = reported.into_iter().filter(|finding| finding.code != CHANGED);
    seen.findings.extend(others);
    seen.differing = alterations::differing(cutover).await?;
    seen.altered_since_verified = alterations::since_verified(cutover).await?;
    seen.exceptions = exception::count(&**target)
        .await
        .doing("counting stored changes")?;
    seen.open_builds = builds::open(target).await.doing("reading the builds")?;
    seen.free_connections = Sides {
        source: free_connections(source)
            .await
            .doing("asking what the source has free")?,
        target: free_connections(target)
            .await
            .doing("asking what the target has free")?,
    };
    let sequences: Vec<String> = cutover
        .sequences
        .iter()
        .map(|sequence| sequence.name.lookup())
        .collect();
    seen.unsettable_sequences = gate::unsettable_sequences(target, &sequences)
        .await
        .doing("looking at the target's sequences")?;
    seen.logins = roles::faults(source, target, &cutover.migration.selection.roles).await?;
    observe_tables(cutover, &mut seen).await?;
    seen.changed_deviations = changed_deviations(cutover).await?;
    observe_writers(cutover, &mut seen).await?;
    Ok(seen)
}

async fn free_connections(session: &Session) -> std::result::Result<u32, PgError> {
    Ok(server_limits(session).await?.free_connections)
}

/// What stands in the fence's way on the source.
async fn observe_writers(cutover: &Cutover<'_>, seen: &mut Observation) -> Result<()> {
    let tables: Vec<u32> = cutover.tables.iter().map(|table| table.oid).collect();
    let sequences: Vec<u32> = cutover.sequences.iter().map(|sequence| sequence.oid).collect();
    seen.prepared = activity::prepared_transactions(&cutover.source)
        .await
        .doing("looking for prepared transactions")?;
    let database = &cutover.migration.identity.database;
    seen.prepared
        .retain(|transaction| transaction.database == *database);
    seen.subscriptions = objects::subscriptions(&cutover.source)
        .await
        .doing("looking for subscriptions")?;
    seen.locks = gate::blocking_locks(&cutover.source, &tables)
        .await
        .doing("looking for transactions in the fence's way")?;
    seen.fence = gate::fence_rights(&cutover.source, &tables, &sequences)
        .await
        .doing("asking which doors can be shut")?;
    Ok(())
}

/// Tables that are not as the source's, and what is not valid on them.
async fn observe_tables(cutover: &Cutover<'_>, seen: &mut Observation) -> Result<()> {
    let all = relations::all(&*cutover.target)
        .await
        .doing("reading the state of the tables")?;
    let known: HashSet<u32> = all.iter().map(|relation| relation.source_oid).collect();
    let new = cutover.moved_tables().filter(|table| !known.contains(&table.oid));
    seen.new_tables = new.map(|table| table.name.plain()).collect();
    seen.tables = all
        .iter()
        .filter(|relation| relation.state != RelationState::Loaded)
        .map(|relation| (relation.name.plain(), relation.state))
        .collect();
    // A table that was added has its rows before it has its triggers, grants and attachment.
    let additions = addition::all(&*cutover.target)
        .await
        .doing("reading the additions")?;
    let open = additions.iter().filter(|addition| !addition.step.is_over());
    seen.tables
        .extend(open.map(|addition| (addition.title(), RelationState::Adding)));
    let names: Vec<&QualifiedName> = all.iter().map(|relation| &relation.name).collect();
    let (on_source, on_target) = tokio::try_join!(
        gate::invalid(&cutover.source, &names),
        gate::invalid(&cutover.target, &names),
    )
    .doing("looking for invalid indexes and constraints")?;
    // What the source never validated is not the migration's to validate.
    seen.invalid = on_target
        .into_iter()
        .filter(|name| !on_source.contains(name))
        .collect();
    Ok(())
}

/// Whatever is not as the migration left it: slot, publication, identities, triggers.
async fn changed_deviations(cutover: &Cutover<'_>) -> Result<Vec<String>> {
    let (source, target) = (&cutover.source, &cutover.target);
    let migration = &cutover.migration;
    let mut changed = Vec::new();
    let state = slot::state(source, &migration.slot_name)
        .await
        .doing("looking at the slot")?;
    if state.is_none_or(|state| state.wal_status.as_deref() == Some("lost")) {
        changed.push(format!(
            "replication slot {} is gone or lost",
            migration.slot_name
        ));
    }
    let published = publication::tables(source, &migration.publication_name)
        .await
        .doing("reading the publication")?
        .unwrap_or_default();
    let has_wal = |persistence| persistence == Persistence::Permanent;
    let known = relations::all(&**target)
        .await
        .doing("reading the state of the tables")?;
    let followed = cutover
        .moved_tables()
        .filter(|table| known.iter().any(|relation| relation.source_oid == table.oid));
    let unpublished = followed
        .flat_map(Table::stores)
        .filter(|table| has_wal(table.persistence) && !published.contains(&table.name));
    changed.extend(unpublished.map(|table| format!("{} is not published", table.name.plain())));
    let deviations = deviation::open(target, Side::Source)
        .await
        .doing("reading what was changed on the source")?;
    let identities: Vec<String> = deviations
        .into_iter()
        .filter(|deviation| deviation.kind == "replica-identity")
        .map(|deviation| deviation.object)
        .collect();
    let lost = gate::lost_identities(source, &identities)
        .await
        .doing("reading replica identities")?;
    changed.extend(
        lost.into_iter()
            .map(|table| format!("replica identity of {table} is not full")),
    );
    let replica_role = replica_role(target).await?;
    let active = firing(&**target, replica_role)
        .await
        .doing("looking for triggers on the target")?;
    let selector = selector(&migration.selection)?;
    let active = active
        .into_iter()
        .filter(|firing| selector.selects(&firing.table));
    changed.extend(active.map(|firing| {
        format!(
            "{} of {} act on what is applied",
            firing.names.join(", "),
            firing.table.plain()
        )
    }));
    Ok(changed)
}

/// The lag, once it is small enough or has been waited for, where somebody applies.
async fn lag(cutover: &Cutover<'_>) -> Result<u64> {
    let limit = cutover.options.lag_limit_bytes;
    let wait = Wait::up_to(LAG_PATIENCE, LAG_POLL);
    loop {
        let lag = cutover.lag().await?;
        if lag <= limit || wait.is_over() {
            return Ok(lag);
        }
        if !matches!(life::runner(&cutover.target).await?, Runner::Alive { .. }) {
            return Ok(lag);
        }
        cutover.reporter.waiting(format!(
            "the lag of {lag} bytes to fall below {limit}: {}",
            awaited(&cutover.target).await?
        ));
        wait.rest().await;
    }
}
