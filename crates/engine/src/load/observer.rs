//! Looks at the source once a second while the load runs: for the runner's row, and to warn of a
//! snapshot that is held for long.
//!
//! It steers nothing. A look that fails is tried again a second later on new sessions.

use std::time::Duration;

use tokio::task::JoinSet;
use transhume_core::finding::Finding;
use transhume_pg::{
    connection::{error::PgError, names, session::Session, snapshot},
    follow::wal,
    state::{
        command::{self, FOR_STORAGE, Pause},
        finding,
        load::watch::{self, OldestSnapshot, Watch},
    },
};

use super::{LoadContext, ORIGIN, storage::StorageWatch};
use crate::{
    endpoints::Endpoints,
    report::{Report, Reporter},
    sampling::Sampler,
};

/// Often enough for people, rarely enough to cost nothing.
const EVERY: Duration = Duration::from_secs(1);

/// Before the first look.
const FIRST_AFTER: Duration = Duration::from_millis(500);

/// Hours after which a held snapshot is worth a warning: dead rows that vacuum may not remove on a busy
/// source begin to be felt in queries within a working day.
const SNAPSHOT_AGE_WARNING: Duration = Duration::from_secs(6 * 3600);

pub(super) const CODE: &str = "snapshot-age";

struct LoadObserver {
    endpoints: Endpoints,
    migration: String,
    age_limit: Duration,
    reporter: Reporter,
    has_warned: bool,
    paused: bool,
    storage: StorageWatch,
    sampler: Sampler,
}

/// Looks until the set is dropped.
pub(super) fn observe(context: &LoadContext<'_>) -> JoinSet<()> {
    let observing = LoadObserver {
        endpoints: context.endpoints.clone(),
        migration: context.migration.id.clone(),
        age_limit: context
            .options
            .snapshot_age_warning
            .unwrap_or(SNAPSHOT_AGE_WARNING),
        reporter: context.reporter.clone(),
        has_warned: false,
        paused: false,
        storage: StorageWatch::new(context.options.target_storage),
        sampler: Sampler::new(),
    };
    let mut set = JoinSet::new();
    set.spawn(observing.run());
    set
}

fn waited_for(pause: &Pause) -> String {
    if pause.reason == FOR_STORAGE {
        return format!(
            "more storage on the target, since {}: --target-storage",
            pause.since
        );
    }
    format!("\"transhume resume\": paused by {} at {}", pause.by, pause.since)
}

impl LoadObserver {
    async fn run(mut self) {
        // A load that is over by then is not worth two sessions.
        tokio::time::sleep(FIRST_AFTER).await;
        loop {
            if let Err(error) = self.look_until_it_fails().await {
                tracing::debug!("looking at the source failed: {error}");
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn look_until_it_fails(&mut self) -> Result<(), PgError> {
        let name = names::application_name(&self.migration, "observer");
        let source = Session::connect(&self.endpoints.source, &name).await?;
        let target = Session::connect(&self.endpoints.target, &name).await?;
        loop {
            self.look(&source, &target).await?;
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn look(&mut self, source: &Session, target: &Session) -> Result<(), PgError> {
        self.storage.look(target, &self.reporter).await?;
        let holders = snapshot::holders(source, &self.migration).await?;
        let pause = command::standing_pause(target).await?;
        self.tell_of_pause(pause.as_ref().is_some_and(|pause| pause.reason.is_empty()));
        let watch = Watch {
            source_wal_end: wal::flushed_end(source).await?,
            snapshot_holder: holders.join("; "),
            waiting_for: pause.as_ref().map_or_else(String::new, waited_for),
        };
        watch::report(target, &watch).await?;
        self.sampler.loading(target).await?;
        match watch::oldest_snapshot(target).await? {
            Some(oldest) if !self.has_warned && oldest.age_seconds >= self.age_limit.as_secs_f64() => {
                self.warn(target, &oldest).await
            }
            _ => Ok(()),
        }
    }

    fn tell_of_pause(&mut self, paused: bool) {
        if paused && !self.paused {
            self.reporter
                .waiting("\"transhume resume\": the load is paused, loaders finish what they copy and wait");
        }
        self.paused = paused;
    }

    async fn warn(&mut self, target: &Session, oldest: &OldestSnapshot) -> Result<(), PgError> {
        let finding = Finding::warning(
            CODE,
            "",
            format!(
                "a snapshot of the full load has been held since {} ({:.1} hours) by {}: until the load is done, vacuum \
                 keeps every row that the source's application deletes or replaces",
                oldest.since,
                oldest.age_seconds / 3600.0,
                if oldest.holder.is_empty() {
                    "nobody"
                } else {
                    &oldest.holder
                },
            ),
            "make the load end sooner: more loaders or \"transhume worker\" on another machine, a higher rate limit, \
             \"transhume resume\" if it is paused; watch the growth of the source's busiest tables meanwhile",
        );
        finding::replace(&**target, ORIGIN, &finding).await?;
        self.reporter.send(Report::Finding { finding });
        self.has_warned = true;
        Ok(())
    }
}
