//! The one row of `transhume.migration`: what is migrated and how far it has come.
//!
//! Invariants: a phase changes only by a legal move and only from the phase that the caller
//! believed in; the identity of the source never changes once written, but for its timeline where it is promoted and
//! continues.

use tokio_postgres::types::Type;
use transhume_core::{direction::Direction, phase::Phase, selection::Selection};
use transhume_wire::lsn::Lsn;

use super::trust::{self, Trusted};
use crate::connection::{error::PgError, identity::Identity, session::Session};

/// Version of `sql/schema.sql`; a target that holds another layout is refused.
pub const LAYOUT: i32 = 13;

const SCHEMA: &str = include_str!("sql/schema.sql");

#[derive(Debug, Clone)]
pub struct Migration {
    pub id: String,
    pub layout: i32,
    pub direction: Direction,
    pub phase: Phase,
    pub phase_since: String,
    pub selection: Selection,
    /// Where the source is, for people; holds no password.
    pub source_label: String,
    pub identity: SourceIdentity,
    /// The database that holds this state.
    pub target: Identity,
    pub slot_name: String,
    pub publication_name: String,
    /// Where the stream begins; none until the slot exists.
    pub consistent_point: Option<Lsn>,
    /// A fresh snapshot is exact once its xmin has reached this (design §2.3).
    pub slot_xid_horizon: Option<i64>,
    pub load_end_lsn: Option<Lsn>,
    pub frontier: Lsn,
    /// Of the source when the latest of the load's snapshots was taken; 0 where the slot's was the only one.
    pub loaded: Lsn,
    /// With phase done: a reverse stream leads back to the old source.
    pub fallback: bool,
}

/// Which server and database the LSNs of a migration belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceIdentity {
    pub system: String,
    pub database_oid: u32,
    pub database: String,
    pub timeline: i32,
}

impl SourceIdentity {
    /// Without the timeline, which a fail-over changes.
    pub fn database(&self) -> Identity {
        Identity {
            system: Some(self.system.clone()),
            database_oid: self.database_oid,
            database: self.database.clone(),
        }
    }
}

/// What `sql/migration/create.sql` stores first.
#[derive(Debug, Clone)]
pub struct NewMigration {
    pub id: String,
    pub selection: Selection,
    /// Where the source is, for people; holds no password.
    pub source_label: String,
    pub identity: SourceIdentity,
    pub slot_name: String,
    pub publication_name: String,
}

impl Migration {
    /// Begun without a slot, for a source where nobody writes meanwhile: nothing is followed.
    pub fn is_offline(&self) -> bool {
        self.direction == Direction::Forward && self.consistent_point.is_none() && self.phase > Phase::Prepare
    }
}

/// Creates the schema and its one migration in a single transaction.
pub async fn create(target: &mut Session, new: &NewMigration) -> Result<(), PgError> {
    let transaction = target.transaction().await?;
    create_within(&transaction, new).await?;
    Ok(transaction.commit().await?)
}

pub(super) async fn create_within(
    transaction: &tokio_postgres::Transaction<'_>,
    new: &NewMigration,
) -> Result<(), PgError> {
    transaction.batch_execute(SCHEMA).await?;
    trust::keep_to_owner(transaction).await?;
    let target = identity(transaction).await?;
    let selection = serde_json::to_value(&new.selection).expect("a selection is plain data");
    transaction
        .execute(
            include_str!("sql/migration/create.sql"),
            &[
                &new.id,
                &LAYOUT,
                &env!("CARGO_PKG_VERSION"),
                &Phase::Prepare.name(),
                &selection,
                &new.source_label,
                &new.identity.system,
                &new.identity.database_oid,
                &new.identity.database,
                &new.identity.timeline,
                &new.slot_name,
                &new.publication_name,
                &target.system,
                &target.database_oid,
                &target.database,
            ],
        )
        .await?;
    transaction
        .batch_execute(include_str!("sql/migration/create_frontier.sql"))
        .await?;
    Ok(())
}

/// The migration that the target holds; none where there is no `transhume` schema, refused where that is not certainly
/// ours. Everything that works with the state begins here.
pub async fn read(target: &Session) -> Result<Option<Migration>, PgError> {
    // Both ask the catalogs alone.
    let (trusted, exists) = tokio::try_join!(biased; trust::examine(target), has_table(target))?;
    match trusted {
        Some(trusted) if exists => read_trusted(target, trusted).await,
        _ => Ok(None),
    }
}

async fn has_table(target: &Session) -> Result<bool, PgError> {
    let row = target
        .query_typed_one(include_str!("sql/migration/exists.sql"), &[])
        .await?;
    Ok(row.get(0))
}

async fn read_trusted(target: &Session, _: Trusted) -> Result<Option<Migration>, PgError> {
    let row = target
        .query_typed_opt(include_str!("sql/migration/read.sql"), &[])
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// Whether [`read`] failed because what stands there is another version's or not ours, and not because the server could
/// not answer just then.
pub fn is_unreadable(error: &PgError) -> bool {
    error.refusal().is_some() || matches!(error, PgError::Protocol { .. })
}

/// The phase once nobody is changing it any more.
pub async fn final_phase(target: &Session) -> Result<Option<Phase>, PgError> {
    let row = target
        .query_opt(include_str!("sql/migration/final_phase.sql"), &[])
        .await?;
    Ok(row.and_then(|row| row.get::<_, &str>("phase").parse().ok()))
}

fn from_row(row: &tokio_postgres::Row) -> Result<Migration, PgError> {
    let unreadable = |what: String| PgError::Protocol {
        endpoint: "transhume.migration".to_owned(),
        reason: what,
    };
    let phase: &str = row.get("phase");
    let direction: &str = row.get("direction");
    let selection: serde_json::Value = row.get("selection");
    Ok(Migration {
        id: row.get("id"),
        layout: row.get("layout"),
        direction: direction
            .parse()
            .map_err(|error| unreadable(format!("{error}")))?,
        phase: phase.parse().map_err(|error| unreadable(format!("{error}")))?,
        phase_since: row.get("phase_since"),
        selection: serde_json::from_value(selection).map_err(|error| unreadable(error.to_string()))?,
        source_label: row.get("source_label"),
        identity: SourceIdentity {
            system: row.get("source_system"),
            database_oid: row.get("source_database_oid"),
            database: row.get("source_database"),
            timeline: row.get("source_timeline"),
        },
        target: Identity {
            system: row.get("target_system"),
            database_oid: row.get("target_database_oid"),
            database: row.get("target_database"),
        },
        slot_name: row.get("slot_name"),
        publication_name: row.get("publication_name"),
        consistent_point: optional_lsn(row, "consistent_point"),
        slot_xid_horizon: row.get("slot_xid_horizon"),
        load_end_lsn: optional_lsn(row, "load_end_lsn"),
        loaded: optional_lsn(row, "loaded").unwrap_or_default(),
        frontier: optional_lsn(row, "frontier").unwrap_or_default(),
        fallback: row.get("fallback"),
    })
}

fn optional_lsn(row: &tokio_postgres::Row, column: &str) -> Option<Lsn> {
    row.get::<_, Option<&str>>(column)
        .map(|text| text.parse().expect("the server prints pg_lsn as X/Y"))
}

/// Moves to `next`; false when the migration was not in `from` any more.
pub async fn advance(
    client: &impl tokio_postgres::GenericClient,
    from: Phase,
    next: Phase,
) -> Result<bool, PgError> {
    debug_assert!(from.may_become(next), "{from} may not become {next}");
    let moved = client
        .execute_typed(
            include_str!("sql/migration/advance.sql"),
            &[(&from.name(), Type::TEXT), (&next.name(), Type::TEXT)],
        )
        .await?;
    Ok(moved == 1)
}

/// Records the new slot: the stream begins at `consistent_point`, which is the first frontier.
pub async fn set_slot(
    client: &impl tokio_postgres::GenericClient,
    consistent_point: Lsn,
    xid_horizon: i64,
) -> Result<(), PgError> {
    let point = consistent_point.to_string();
    client
        .execute(
            include_str!("sql/migration/set_slot.sql"),
            &[&point, &xid_horizon],
        )
        .await?;
    client
        .execute(include_str!("sql/migration/start_frontier.sql"), &[&point])
        .await?;
    Ok(())
}

/// The source was promoted and continues; false where it was not on `before` any more.
pub async fn set_timeline(target: &Session, before: i32, now: i32) -> Result<bool, PgError> {
    let moved = target
        .execute(include_str!("sql/migration/set_timeline.sql"), &[&before, &now])
        .await?;
    Ok(moved == 1)
}

/// Source WAL end when the last row was loaded: caught up means past this.
pub async fn set_load_end(client: &impl tokio_postgres::GenericClient, lsn: Lsn) -> Result<(), PgError> {
    client
        .execute(
            include_str!("sql/migration/set_load_end.sql"),
            &[&lsn.to_string()],
        )
        .await?;
    Ok(())
}

/// Removes the whole schema: the last step of `finish` and `abort`.
pub async fn drop_schema(target: &Session) -> Result<(), PgError> {
    Ok(target
        .batch_execute(include_str!("sql/migration/drop.sql"))
        .await?)
}

/// Eight hexadecimal digits that no other migration is likely to have.
pub async fn new_id(target: &Session) -> Result<String, PgError> {
    let row = target
        .query_one(include_str!("sql/migration/new_id.sql"), &[])
        .await?;
    Ok(row.get(0))
}

/// The database that a session is in, and its system where the server lets us ask.
pub async fn identity(session: &impl tokio_postgres::GenericClient) -> Result<Identity, PgError> {
    let row = session
        .query_typed_one(include_str!("../connection/sql/database_identity.sql"), &[])
        .await?;
    let system = if row.get(2) {
        let asked = include_str!("../connection/sql/system_identifier.sql");
        Some(
            session
                .query_typed_one(asked, &[])
                .await?
                .get::<_, i64>(0)
                .to_string(),
        )
    } else {
        None
    };
    Ok(Identity {
        system,
        database_oid: row.get(0),
        database: row.get(1),
    })
}

/// Name and OID of the database that a session is in.
pub async fn database(session: &Session) -> Result<(String, u32), PgError> {
    let row = session
        .query_one(include_str!("sql/migration/database.sql"), &[])
        .await?;
    Ok((row.get("name"), row.get("oid")))
}
