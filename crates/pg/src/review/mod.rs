//! What a server counted of its own work: statements, indexes, and who still works there.
//!
//! Reads only, in the session that it is given.

use tokio_postgres::Client;
use transhume_core::review::{COUNTING, IndexUse, OldServer, StatementFigures, Statements};
use transhume_wire::ident::QualifiedName;

use crate::{
    catalog::qualified_name,
    catalog::{extensions::extensions, objects},
    connection::error::PgError,
};

/// What the server puts in the place of a text that our role may not see.
const HIDDEN: &str = "<insufficient privilege>";

/// What `pg_stat_statements` tells of this database.
pub async fn statements(client: &Client) -> Result<Statements, PgError> {
    let mut present = extensions(client).await?.into_iter();
    let Some(counting) = present.find(|extension| extension.name == COUNTING) else {
        return Ok(Statements::NotThere);
    };
    let view = QualifiedName::new(counting.schema, COUNTING);
    let sql = include_str!("sql/statements.sql").replace("{view}", &view.to_string());
    let rows = match client.query(&sql, &[]).await.map_err(PgError::from) {
        Ok(rows) => rows,
        Err(error) => {
            return match error.server() {
                Some(answer) => Ok(Statements::Refused(answer.message.clone())),
                None => Err(error),
            };
        }
    };
    let mut figures = Vec::with_capacity(rows.len());
    let mut hidden = 0;
    for row in &rows {
        let one = StatementFigures {
            text: row.try_get("text")?,
            calls: row.try_get("calls")?,
            total_milliseconds: row.try_get("total_milliseconds")?,
        };
        if one.text == HIDDEN {
            hidden += 1;
        } else {
            figures.push(one);
        }
    }
    Ok(Statements::Read { figures, hidden })
}

/// Every index of the user's tables.
pub async fn index_use(client: &Client) -> Result<Vec<IndexUse>, PgError> {
    let rows = client.query(include_str!("sql/index_use.sql"), &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(IndexUse {
                table: qualified_name(row, "table_name")?,
                index: row.try_get("index_name")?,
                scans: row.try_get("scans")?,
                table_scans: row.try_get("table_scans")?,
                rows_read: row.try_get("rows_read")?,
            })
        })
        .collect()
}

/// What still happens on the server that the application has left.
pub async fn old_server(client: &Client) -> Result<OldServer, PgError> {
    let place = client.query_one(include_str!("sql/place.sql"), &[]).await?;
    let sessions = client.query(include_str!("sql/sessions.sql"), &[]).await?;
    let slots = client.query(include_str!("sql/slots.sql"), &[]).await?;
    let jobs = if place.try_get::<_, Option<bool>>("has_jobs")?.unwrap_or(false) {
        client.query(include_str!("sql/jobs.sql"), &[]).await?
    } else {
        Vec::new()
    };
    Ok(OldServer {
        sessions: sessions
            .iter()
            .map(|row| {
                Ok((
                    row.try_get("role")?,
                    row.try_get("application")?,
                    row.try_get("sessions")?,
                ))
            })
            .collect::<Result<_, PgError>>()?,
        jobs: jobs
            .iter()
            .map(|row| Ok(row.try_get("name")?))
            .collect::<Result<_, PgError>>()?,
        subscriptions: objects::subscriptions(client).await?,
        slots: slots
            .iter()
            .map(|row| Ok((row.try_get("name")?, row.try_get("active")?)))
            .collect::<Result<_, PgError>>()?,
        takes_writes: place.try_get("takes_writes")?,
    })
}
