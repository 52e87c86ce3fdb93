//! The first phase: everything that is made on the source before a row is read.
//!
//! Order matters: replica identities (or publishing would break the application's UPDATE and
//! DELETE), then the publication (or the slot's history would not know it), then the
//! event triggers that announce (or what they say of the load's first moments is in no stream), then the slot. Each
//! change is written down on the target before it is made, so that `abort` can undo it after a crash
//! at any point; on resume everything is looked at again and only what is missing is made.

pub(crate) mod identity;
pub(crate) mod publishing;
pub(crate) mod slot_snapshot;
mod sound_slot;

use transhume_core::{count::counted, guard::schema::SchemaChanges, phase::Phase, table::Table};
use transhume_pg::{
    connection::{session::Session, snapshot::SnapshotHolder},
    follow::{
        publication,
        slot::{self, CreatedSlot},
        wal,
    },
    state::{
        deviation::{self, NewDeviation, Side},
        history, migration,
        undo::{self, OwnName, Undo},
    },
};

use crate::{
    cancel::Cancellation,
    endpoints::{Endpoints, Sessions},
    error::{Doing, EngineError, Result},
    failpoint::{Point, reach},
    follow::{announcing, past},
    prepare::publishing::{Publishing, published_tables},
    report::Reporter,
};

/// What [`prepare`] works with.
pub(crate) struct Preparation<'run> {
    pub(crate) endpoints: &'run Endpoints,
    pub(crate) source: &'run mut Session,
    pub(crate) target: &'run mut Session,
    pub(crate) migration: &'run migration::Migration,
    /// Selected tables that hold rows.
    pub(crate) tables: &'run [Table],
    pub(crate) reporter: &'run Reporter,
    pub(crate) cancellation: &'run Cancellation,
}

/// Makes identities, publication, announcements and slot, and returns the slot's snapshot, held; none where the server could not export it.
pub(crate) async fn prepare(
    mut preparation: Preparation<'_>,
    schema_changes: SchemaChanges,
) -> Result<Option<SnapshotHolder>> {
    drop_unrecorded_slot(&preparation).await?;
    publish(&mut preparation).await?;
    announce(&preparation, schema_changes).await?;
    create_slot(&mut preparation).await
}

/// As [`prepare`] for a stream that begins later than its slot, with nothing to load: no snapshot is kept.
pub(crate) async fn prepare_stream(mut preparation: Preparation<'_>) -> Result<()> {
    publish(&mut preparation).await?;
    reach(Point::ReversePublished).await;
    let made = sound_slot::make(&preparation).await?;
    reach(Point::ReverseSlotMade).await;
    deviation::made(&**preparation.target, made.deviation)
        .await
        .doing("recording the slot")
}

/// Before the slot: what alters the schema from its snapshot on is in the stream.
async fn announce(preparation: &Preparation<'_>, schema_changes: SchemaChanges) -> Result<()> {
    announcing::ensure(
        preparation.migration,
        Some(schema_changes),
        Sessions::of(preparation.source, preparation.target),
        preparation.reporter,
    )
    .await?;
    Ok(())
}

async fn publish(preparation: &mut Preparation<'_>) -> Result<()> {
    let published = published_tables(preparation.tables);
    Publishing {
        source: preparation.source,
        target: preparation.target,
        reporter: preparation.reporter,
        cancellation: preparation.cancellation,
    }
    .set_replica_identities(&published)
    .await?;
    create_publication(preparation).await
}

/// A slot of ours without a consistent point on the target was made just before a crash: its
/// snapshot is gone, so it is made anew.
async fn drop_unrecorded_slot(preparation: &Preparation<'_>) -> Result<()> {
    if slot::drop(preparation.source, &preparation.migration.slot_name)
        .await
        .doing("dropping the slot of an interrupted start")?
    {
        preparation
            .reporter
            .step("dropped the slot of an interrupted start");
    }
    Ok(())
}

async fn create_publication(preparation: &Preparation<'_>) -> Result<()> {
    let name = &preparation.migration.publication_name;
    let drop_statement = undo::drop_publication(name);
    let id = deviation::intend(
        &**preparation.target,
        &NewDeviation {
            side: Side::Source,
            kind: "publication",
            object: name,
            description: &format!("publication {name}"),
            undo: &[Undo::DropPublication {
                name: OwnName::made(name),
            }],
        },
    )
    .await
    .doing("recording a change of the source")?;
    // One of this name is left over from an interrupted start, perhaps with other tables.
    preparation
        .source
        .batch_execute(&drop_statement)
        .await
        .map_err(Into::into)
        .doing("dropping the publication of an interrupted start")?;
    let published = published_tables(preparation.tables);
    publication::create(preparation.source, name, &published)
        .await
        .doing("creating the publication")?;
    deviation::made(&**preparation.target, id)
        .await
        .doing("recording a change of the source")?;
    preparation.reporter.step(format!(
        "publication {name} made for {}",
        counted(published.len(), "table")
    ));
    Ok(())
}

async fn create_slot(preparation: &mut Preparation<'_>) -> Result<Option<SnapshotHolder>> {
    let made = sound_slot::make(preparation).await?;
    let holder = match &made.slot.snapshot_name {
        Some(name) => Some(take_over(preparation, name).await?),
        None => None,
    };
    let horizon = wal::assign_xid(preparation.source)
        .await
        .doing("taking a transaction id on the source")?;
    record_slot(preparation, made.deviation, &made.slot, horizon).await?;
    past::emit_anchor(preparation.source, &preparation.migration.id)
        .await
        .doing("writing the first marker")?;
    preparation.reporter.step(format!(
        "slot {} made, consistent at {}",
        preparation.migration.slot_name, made.slot.consistent_point
    ));
    Ok(holder)
}

async fn take_over(preparation: &Preparation<'_>, name: &str) -> Result<SnapshotHolder> {
    let (endpoints, id) = (preparation.endpoints, &preparation.migration.id);
    tokio::select! {
        holder = slot_snapshot::take_over(endpoints, id, name, preparation.reporter) => holder,
        () = preparation.cancellation.cancelled() => Err(EngineError::Interrupted),
    }
}

async fn record_slot(
    preparation: &mut Preparation<'_>,
    deviation_id: i64,
    created: &CreatedSlot,
    horizon: i64,
) -> Result<()> {
    let recorded = async {
        let transaction = preparation.target.transaction().await?;
        migration::set_slot(&transaction, created.consistent_point, horizon).await?;
        deviation::made(&transaction, deviation_id).await?;
        migration::advance(&transaction, Phase::Prepare, Phase::PreData).await?;
        let detail = serde_json::json!({ "consistent_point": created.consistent_point });
        history::add(&transaction, "slot created", &detail).await?;
        Ok(transaction.commit().await?)
    };
    recorded.await.doing("recording the slot")
}
