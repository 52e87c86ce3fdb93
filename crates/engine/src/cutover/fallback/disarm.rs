//! Taking the way back away again, where the cutover that armed it was undone.
//!
//! The state goes last, since it knows of the rest; run again after any failure.

use transhume_core::direction::Direction;
use transhume_pg::{
    connection::session::Session,
    cutover::fence,
    follow::slot,
    state::{
        deviation::{self, Side},
        migration,
    },
};

use crate::{
    error::{Doing, Result},
    failpoint::{Point, reach},
};

/// Removes what arming made for the migration `id` on both sides; false where there is nothing.
pub(crate) async fn disarm(source: &Session, target: &Session, id: &str) -> Result<bool> {
    let reverse = migration::read(source)
        .await
        .doing("looking for reverse replication on the source")?;
    if !reverse.is_some_and(|reverse| reverse.direction == Direction::Reverse && reverse.id == id) {
        return Ok(false);
    }
    let open = deviation::open(source, Side::Source)
        .await
        .doing("reading what was made for reverse replication")?;
    for deviation in open {
        if deviation.kind == "slot" {
            slot::drop(target, &deviation.object).await.map(|_| ())
        } else {
            fence::undo_all(target, &deviation.undo).await
        }
        .doing(format!("undoing on the target: {}", deviation.description))?;
        deviation::undone(source, &[deviation.id])
            .await
            .doing("recording what was undone")?;
    }
    reach(Point::ReverseUnmade).await;
    migration::drop_schema(source)
        .await
        .doing("removing the schema transhume on the source")?;
    Ok(true)
}
