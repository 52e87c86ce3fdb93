//! What this program left on a server: slots, publications, the state schema.

use tokio_postgres::Client;
use transhume_core::assess::observation::{OurObjects, OurPublication, OurSlot};

use crate::connection::{error::PgError, names};

const OUR_OBJECTS: &str = include_str!("sql/our_objects.sql");
/// Of the state.
const SCHEMA: &str = "transhume";

const HAS_STATE: &str = include_str!("sql/has_state.sql");

/// Lasting slots of the cluster and publications of this database that carry our naming.
pub async fn our_objects(client: &Client) -> Result<OurObjects, PgError> {
    let mut ours = OurObjects::default();
    for row in &client.query(OUR_OBJECTS, &[]).await? {
        let name: String = row.try_get("name")?;
        if !(names::is_ours(&name) || name == SCHEMA) {
            continue;
        }
        match row.try_get("kind")? {
            "slot" => ours.slots.push(OurSlot {
                name,
                database: row.try_get("database")?,
                active: row.try_get("active")?,
                retained_bytes: row.try_get("retained_bytes")?,
                age: row.try_get("age")?,
            }),
            "schema" => ours.schema_owner = Some(row.try_get("owner")?),
            _ => ours.publications.push(OurPublication {
                name,
                owner: row.try_get("owner")?,
                age: row.try_get::<_, Option<i64>>("age")?.unwrap_or_default(),
            }),
        }
    }
    Ok(ours)
}

/// The schema `transhume` exists here.
pub async fn has_state(client: &Client) -> Result<bool, PgError> {
    Ok(client.query_one(HAS_STATE, &[]).await?.try_get(0)?)
}
