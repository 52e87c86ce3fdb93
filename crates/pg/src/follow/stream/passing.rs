//! A stream that nobody wants the changes of: it is read until the server is past a position.

use std::time::Duration;
use transhume_core::sqlstate;

use tokio::{
    select,
    time::{MissedTickBehavior, interval},
};
use transhume_wire::{lsn::Lsn, replication::ServerMessage};

use super::ReplicationStream;
use crate::connection::error::PgError;

/// Between two questions how far the server is.
const ASK_EVERY: Duration = Duration::from_millis(10);

impl ReplicationStream {
    /// Waits until the server has read its WAL past `position`, from which the stream was begun. Changes tell it too, since
    /// only those of transactions that end behind the position are sent; and so does a failure in decoding one.
    pub async fn passed(&mut self, position: Lsn) -> Result<(), PgError> {
        let mut asking = interval(ASK_EVERY);
        asking.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let message = select! {
                message = self.next() => message,
                _ = asking.tick() => {
                    self.queue_status(true);
                    self.flush_status().await?;
                    continue;
                }
            };
            match message {
                Ok(ServerMessage::Keepalive { wal_end, .. }) if wal_end < position => {}
                Ok(_) => return Ok(()),
                Err(error) if error.sqlstate() == Some(sqlstate::INTERNAL_ERROR) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}
