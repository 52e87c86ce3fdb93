//! What belongs to a database and is in no dump of it.
//!
//! Reads only. A part that this role may not read is told as such by whoever asks for it.

use transhume_core::roles::{Surrounding, SurroundingKind};

use crate::connection::{error::PgError, session::Session};

/// Publications have columns, row filters and schemas from here on.
const RICH_PUBLICATIONS: u32 = 15;

/// `pg_settings_get_flags` tells from here on whether a setting is there, whoever asks.
const SETTING_FLAGS: u32 = 15;

const CRON_DATABASE: &str =
    "select nullif(pg_catalog.current_setting('cron.database_name', true), pg_catalog.current_database())";

const CRON_IS_LOADED: &str = "select pg_catalog.pg_settings_get_flags('cron.database_name') is not null";

/// As statements for a database that is called `database`.
pub async fn surroundings(session: &Session, database: &str) -> Result<Vec<Surrounding>, PgError> {
    let mut found = Vec::new();
    for row in session
        .query(include_str!("sql/surroundings.sql"), &[&database])
        .await?
    {
        let kind: &str = row.try_get("kind")?;
        let value: Option<String> = row.try_get("value")?;
        let object: String = row.try_get("object")?;
        found.push(match value {
            Some(value) => Surrounding::setting(object, &value, database),
            None => Surrounding {
                kind: SurroundingKind::of(kind),
                object,
                statement: row.try_get("statement")?,
            },
        });
    }
    let publications = if session.server_version().major() < RICH_PUBLICATIONS {
        include_str!("sql/publications_before_15.sql")
    } else {
        include_str!("sql/publications.sql")
    };
    for row in session.query(publications, &[]).await? {
        found.push(Surrounding {
            kind: SurroundingKind::Publication,
            object: row.try_get("object")?,
            statement: row.try_get("statement")?,
        });
    }
    found.extend(cron_jobs(session, database).await?);
    Ok(found)
}

/// pg_cron keeps the jobs of all databases in one of them.
async fn cron_jobs(session: &Session, database: &str) -> Result<Vec<Surrounding>, PgError> {
    let place = session.query_one(include_str!("sql/cron_place.sql"), &[]).await?;
    if place.try_get::<_, Option<bool>>("is_here")?.unwrap_or(false) {
        let rows = session
            .query(include_str!("sql/cron_jobs.sql"), &[&database])
            .await?;
        return rows
            .iter()
            .map(|row| {
                Ok(Surrounding {
                    kind: SurroundingKind::Cron,
                    object: row.try_get("object")?,
                    statement: row.try_get("statement")?,
                })
            })
            .collect();
    }
    if place.try_get("may_read")? {
        let elsewhere: Option<String> = session.query_one(CRON_DATABASE, &[]).await?.try_get(0)?;
        return Ok(elsewhere
            .map(|elsewhere| Surrounding::cron_elsewhere(&elsewhere))
            .into_iter()
            .collect());
    }
    // The value is hidden from this role; that the setting is there is not, from 15 on.
    let is_loaded: bool = if session.server_version().major() < SETTING_FLAGS {
        place.try_get("is_offered")?
    } else {
        session.query_one(CRON_IS_LOADED, &[]).await?.try_get(0)?
    };
    Ok(is_loaded.then(Surrounding::cron_hidden).into_iter().collect())
}
