//! What `status` shows beside the figures of load and verification.

use transhume_core::{finding::Finding, follow::behind::TableBehind};
use transhume_wire::lsn::Lsn;

use super::load::relations;
use crate::connection::{error::PgError, session::Session};

#[derive(Debug, Clone)]
pub struct Overview {
    pub transactions: i64,
    pub changes: i64,
    pub source_wal_end: Option<Lsn>,
    /// When a runner last looked at the source, RFC 3339; none before the first time.
    pub measured_at: Option<String>,
    pub measured_age_seconds: Option<f64>,
    pub slot: Slot,
    /// Age of the newest applied commit, by the target's clock.
    pub commit_age_seconds: Option<f64>,
    pub findings: Vec<Finding>,
    pub deviations: Vec<String>,
    pub held_until_cutover: Vec<String>,
    pub not_loaded: Vec<TableBehind>,
}

/// The slot as the runner last saw it on the source.
#[derive(Debug, Clone)]
pub struct Slot {
    pub retained_bytes: Option<i64>,
    pub limit_bytes: Option<i64>,
    /// The setting that limits it; empty where none does.
    pub limited_by: String,
    pub bytes_per_second: Option<i64>,
}

pub async fn read(target: &Session) -> Result<Overview, PgError> {
    let figures = target
        .query_one(include_str!("sql/overview/figures.sql"), &[])
        .await?;
    let findings = target
        .query(include_str!("sql/overview/findings.sql"), &[])
        .await?;
    Ok(Overview {
        transactions: figures.get("transactions"),
        changes: figures.get("changes"),
        source_wal_end: figures
            .get::<_, Option<&str>>("source_wal_end")
            .map(|text| text.parse().expect("the server prints pg_lsn as X/Y")),
        measured_at: figures.get("measured_at"),
        measured_age_seconds: figures.get("measured_age_seconds"),
        slot: Slot {
            retained_bytes: figures.get("slot_retained_bytes"),
            limit_bytes: figures.get("slot_limit_bytes"),
            limited_by: figures.get("slot_limit_by"),
            bytes_per_second: figures.get("slot_growth"),
        },
        commit_age_seconds: figures.get("commit_age_seconds"),
        findings: findings.iter().map(super::finding::read).collect(),
        deviations: lines(target, include_str!("sql/overview/deviations.sql")).await?,
        held_until_cutover: lines(target, include_str!("sql/overview/held.sql")).await?,
        not_loaded: not_loaded(target).await?,
    })
}

async fn not_loaded(target: &Session) -> Result<Vec<TableBehind>, PgError> {
    let rows = target
        .query(include_str!("sql/overview/not_loaded.sql"), &[])
        .await?;
    let not_loaded = |row: &tokio_postgres::Row| {
        Ok(TableBehind {
            table: row.try_get("table_name")?,
            state: relations::state_of(row)?,
        })
    };
    rows.iter().map(not_loaded).collect()
}

async fn lines(target: &Session, query: &str) -> Result<Vec<String>, PgError> {
    let rows = target.query(query, &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
