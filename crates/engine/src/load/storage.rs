//! Lets the load wait while the target's storage is nearly full, and go on when there is room again.
//!
//! Owns the looks and the words; when it waits is decided in core. What is under way ends, and builds go on: only no further part is
//! taken up. A pause of an operator is another one, and stays.

use std::time::{Duration, Instant};

use transhume_core::{count::size, load::Storage};
use transhume_pg::{
    connection::{error::PgError, session::Session},
    load::storage,
    state::command::{self, FOR_STORAGE},
};

use crate::report::Reporter;

/// Sizes are summed over all files of all databases: often enough for storage that fills by some GB in a minute.
const EVERY: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct StorageWatch {
    storage: Option<Storage>,
    waits: bool,
    looked: Option<Instant>,
}

impl StorageWatch {
    pub(super) fn new(storage: Option<Storage>) -> Self {
        Self {
            storage,
            waits: false,
            looked: None,
        }
    }

    /// Looks where it is time to.
    pub(super) async fn look(&mut self, target: &Session, reporter: &Reporter) -> Result<(), PgError> {
        if self.looked.is_some_and(|looked| looked.elapsed() < EVERY) {
            return Ok(());
        }
        let is_first = self.looked.replace(Instant::now()).is_none();
        let Some(storage) = self.storage else {
            // A run that is not told what the target has ends the pause of one that was.
            if is_first && command::end_pause(target, FOR_STORAGE).await? {
                reporter.step("the load continues: nothing is said of the target's storage any more");
            }
            return Ok(());
        };
        let used = storage::used(target).await?;
        let is_short = storage.is_short(used, self.waits);
        if is_short {
            command::pause(target, FOR_STORAGE).await?;
        } else if is_first || self.waits {
            command::end_pause(target, FOR_STORAGE).await?;
        }
        self.tell(is_short, used, storage, reporter);
        Ok(())
    }

    fn tell(&mut self, is_short: bool, used: u64, storage: Storage, reporter: &Reporter) {
        let room = format!("{} of the target's {} are used", size(used), size(storage.0));
        match (self.waits, is_short) {
            (false, true) => reporter.waiting(format!(
                "storage: {room}, and the load waits before the server turns read-only: give it more storage, then run again \
                 with that --target-storage"
            )),
            (true, false) => reporter.step(format!("the load continues: {room}")),
            _ => {}
        }
        self.waits = is_short;
    }
}
