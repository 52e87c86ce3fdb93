//! What this program left on a server: slots, publications, the state schema.

use tokio_postgres::Client;
use transhume_core::assess::observation::{OurObjects, OurSlot};

use crate::connection::{error::PgError, names};

const OUR_OBJECTS: &str = include_str!("sql/our_objects.sql");
const HAS_STATE: &str = include_str!("sql/has_state.sql");

/// Lasting slots of the cluster and publications of this database that carry our naming.
pub async fn our_objects(client: &Client) -> Result<OurObjects, PgError> {
    let mut ours = OurObjects::default();
    for row in &client.query(OUR_OBJECTS, &[]).await? {
        let name: String = row.try_get("name")?;
        if !names::is_ours(&name) {
            continue;
        }
        match row.try_get("kind")? {
            "slot" => ours.slots.push(OurSlot {
                name,
                active: row.try_get("active")?,
            }),
            _ => ours.publications.push(name),
        }
    }
    Ok(ours)
}

/// The schema `transhume` exists here.
pub async fn has_state(client: &Client) -> Result<bool, PgError> {
    Ok(client.query_one(HAS_STATE, &[]).await?.try_get(0)?)
}
