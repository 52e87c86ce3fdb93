//! `transhume.notification`: which messages were sent on which way out, so that no restart and no second process says one twice.
//!
//! Whether one may be sent is core's to say ([`transhume_core::notify::turn`]); a row is decided upon while it is locked.

use std::time::Duration;

use transhume_core::notify::{Earlier, Turn, turn};

use crate::connection::{error::PgError, session::Session};

const INSERT: &str =
    "insert into transhume.notification (channel, event) values ($1, $2) on conflict do nothing";
const CLAIM: &str = "update transhume.notification set begun_at = pg_catalog.clock_timestamp(), sent_at = null, stands = true \
                     where channel = $1 and event = $2";
const STAND: &str = "update transhume.notification set stands = true where channel = $1 and event = $2 and not stands \
                     and sent_at is null";
const SENT: &str = "update transhume.notification set sent_at = pg_catalog.clock_timestamp() where channel = $1 and event = $2";

/// Takes it upon oneself to send the event, where nobody else does or did.
pub async fn claim(target: &mut Session, channel: &str, event: &str) -> Result<Turn, PgError> {
    let transaction = target.transaction().await?;
    let is_new = transaction.execute(INSERT, &[&channel, &event]).await? == 1;
    let turn = if is_new {
        Turn::Send
    } else {
        let row = transaction
            .query_one(include_str!("sql/notification/earlier.sql"), &[&channel, &event])
            .await?;
        let age = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let earlier = Earlier {
            begun: age(row.try_get("begun")?),
            sent: row.try_get::<_, Option<f64>>("sent")?.map(age),
            stands: row.try_get("stands")?,
        };
        let turn = turn(Some(&earlier));
        let statement = if turn == Turn::Send { CLAIM } else { STAND };
        transaction.execute(statement, &[&channel, &event]).await?;
        turn
    };
    transaction.commit().await?;
    Ok(turn)
}

/// It has arrived.
pub async fn sent(target: &Session, channel: &str, event: &str) -> Result<(), PgError> {
    target.execute(SENT, &[&channel, &event]).await?;
    Ok(())
}

/// Events that no longer stand may be said again later; what is old is forgotten.
pub async fn stand(target: &Session, channel: &str, events: &[String]) -> Result<(), PgError> {
    target
        .execute(include_str!("sql/notification/stand.sql"), &[&channel, &events])
        .await?;
    Ok(())
}
