//! What a server has to give: free connections and memory, as the server itself says.

use tokio_postgres::Client;
use transhume_core::load::capacity::ServerLimits;

use crate::connection::error::PgError;

pub async fn server_limits(client: &Client) -> Result<ServerLimits, PgError> {
    let row = client
        .query_one(include_str!("sql/server_limits.sql"), &[])
        .await?;
    let small = |name: &str| -> Result<u32, PgError> {
        let value: i64 = row.try_get(name)?;
        Ok(u32::try_from(value.max(0)).unwrap_or(u32::MAX))
    };
    let large = |name: &str| -> Result<u64, PgError> {
        let value: i64 = row.try_get(name)?;
        Ok(u64::try_from(value).unwrap_or_default())
    };
    Ok(ServerLimits {
        free_connections: small("free_connections")?,
        shared_buffers_kib: large("shared_buffers_kib")?,
        maintenance_work_mem_kib: large("maintenance_work_mem_kib")?,
        max_parallel_workers: small("max_parallel_workers")?,
        max_parallel_maintenance_workers: small("max_parallel_maintenance_workers")?,
    })
}
