//! What this program left on a server: slots, publications, the state schema.

use tokio_postgres::Client;
use transhume_core::assess::{catalog::OurRow, observation::OurObjects};

use crate::connection::error::PgError;

const OUR_OBJECTS: &str = include_str!("sql/our_objects.sql");
const HAS_STATE: &str = include_str!("sql/has_state.sql");

/// Lasting slots of the cluster and publications of this database that carry our naming.
pub async fn our_objects(client: &Client) -> Result<OurObjects, PgError> {
    let mut ours = OurObjects::default();
    for row in &client.query(OUR_OBJECTS, &[]).await? {
        let row = OurRow {
            kind: row.try_get("kind")?,
            name: row.try_get("name")?,
            active: row.try_get("active")?,
            database: row.try_get("database")?,
            owner: row.try_get("owner")?,
            retained_bytes: row.try_get("retained_bytes")?,
            age: row.try_get("age")?,
        };
        row.add_to(&mut ours);
    }
    Ok(ours)
}

/// The schema `transhume` exists here.
pub async fn has_state(client: &Client) -> Result<bool, PgError> {
    Ok(client.query_one(HAS_STATE, &[]).await?.try_get(0)?)
}
