//! Tables that wait for a snapshot, and binding them to one.
//!
//! Every function runs inside the caller's transaction.

use std::time::Duration;

use tokio_postgres::GenericClient;
use transhume_core::guard::schema::TableFacts;
use transhume_wire::ident::QualifiedName;

use super::{
    followed,
    plan::{PlannedRelation, replace},
};
use crate::{
    catalog::emptying::empty,
    connection::error::PgError,
    state::build::{self, NewBuild},
};

/// Tables with open parts that no snapshot is bound to: they were outdated on the source, or are to be
/// loaded anew.
pub async fn without_snapshot(target: &impl GenericClient) -> Result<Vec<u32>, PgError> {
    let rows = target
        .query(include_str!("../sql/load/without_snapshot.sql"), &[])
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Those of these tables, waiting for a snapshot, that have finished parts. Nobody copies any of them meanwhile.
pub async fn begun(target: &impl GenericClient, oids: &[u32]) -> Result<Vec<u32>, PgError> {
    target
        .query(include_str!("../sql/load/lock_ranges_of.sql"), &[&oids])
        .await?;
    let rows = target
        .query(include_str!("../sql/load/begun_relations.sql"), &[&oids])
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Gives up the finished parts of tables that wait for a snapshot.
pub async fn begin_anew(target: &impl GenericClient, tables: &[(u32, QualifiedName)]) -> Result<(), PgError> {
    let oids: Vec<u32> = tables.iter().map(|(oid, _)| *oid).collect();
    let names: Vec<_> = tables.iter().map(|(_, name)| name.clone()).collect();
    empty(target, &names).await?;
    target
        .execute(include_str!("../sql/load/reopen_parts.sql"), &[&oids])
        .await?;
    Ok(())
}

/// From now on these tables are read under this snapshot.
pub async fn bind(target: &impl GenericClient, oids: &[u32], snapshot_id: i32) -> Result<(), PgError> {
    target
        .execute(
            include_str!("../sql/load/bind_relations.sql"),
            &[&oids, &snapshot_id],
        )
        .await?;
    Ok(())
}

/// Tables in ranges with open parts whose snapshot is of this age or older, by the target's clock.
pub async fn ranges_under_old(target: &impl GenericClient, age: Duration) -> Result<Vec<u32>, PgError> {
    let rows = target
        .query(
            include_str!("../sql/load/ranges_under_old.sql"),
            &[&age.as_secs_f64()],
        )
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// From now on the open ranges of these tables are claimed under this snapshot; what has ended or waits for one stays as it is.
pub async fn rebind_ranges(
    target: &impl GenericClient,
    oids: &[u32],
    snapshot_id: i32,
) -> Result<u64, PgError> {
    let bound = target
        .execute(
            include_str!("../sql/load/rebind_ranges.sql"),
            &[&oids, &snapshot_id],
        )
        .await?;
    Ok(bound)
}

/// Plans tables anew and binds them to the snapshot whose `facts` these are.
pub async fn replace_bound(
    target: &impl GenericClient,
    relations: &[PlannedRelation],
    facts: &[TableFacts],
    snapshot_id: i32,
) -> Result<(), PgError> {
    let oids: Vec<u32> = relations.iter().map(|relation| relation.source_oid).collect();
    replace(target, relations).await?;
    bind(target, &oids, snapshot_id).await?;
    followed::remember_facts(target, facts).await?;
    followed::identify_targets(target, &oids).await
}

/// What is still to be built of a table that was altered: as the source has it now. `former` is what it was called.
pub async fn replace_builds(
    target: &impl GenericClient,
    oid: u32,
    former: &QualifiedName,
    builds: &[NewBuild],
) -> Result<(), PgError> {
    let forgotten = target
        .execute(
            include_str!("../sql/load/forget_builds.sql"),
            &[&oid, &former.plain()],
        )
        .await?;
    if forgotten > 0 {
        build::add(target, builds).await?;
    }
    Ok(())
}
