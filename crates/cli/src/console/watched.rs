//! One database as the console knows it: what was read last, shared by all who look.
//!
//! Invariant: however many browsers are open, a server is asked for the same figures once in their age.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;
use transhume_engine::{
    conninfo::ConnectionSettings,
    cutover::{CutoverOptions, Gate, check},
    endpoints::Endpoints,
    error::EngineError,
    load::throttle::{Pausing, pause, resume},
    report::Reporter,
    status::{self, Sample, Status, Story, TableState},
};

use crate::{
    failure::{Failure, Result},
    invocation::{Invocation, cutover_options},
};

/// How old a status may be that is shown: the pace of the live pages.
pub(super) const STATUS_AGE: Duration = Duration::from_secs(2);
/// Samples are written every five seconds.
const SAMPLES_AGE: Duration = Duration::from_secs(5);
/// Every table is read for it.
const TABLES_AGE: Duration = Duration::from_secs(5);
const STORY_AGE: Duration = Duration::from_secs(5);
/// A day of samples is all that is kept.
const DAY: f64 = 86_400.0;

type Read<T> = std::result::Result<Arc<T>, Arc<Failure>>;

pub(super) struct Watched {
    pub(super) name: String,
    target: ConnectionSettings,
    endpoints: Option<Endpoints>,
    options: Option<CutoverOptions>,
    status: Shared<Status>,
    samples: Shared<Vec<Sample>>,
    tables: Shared<Vec<TableState>>,
    story: Shared<Story>,
}

impl Watched {
    pub(super) fn new(invocation: &Invocation) -> Result<Self> {
        Ok(Self {
            name: invocation.label()?,
            target: invocation.target()?,
            endpoints: invocation.endpoints().ok(),
            options: cutover_options(&invocation.settings).ok(),
            status: Shared::default(),
            samples: Shared::default(),
            tables: Shared::default(),
            story: Shared::default(),
        })
    }

    pub(super) async fn status(&self) -> Read<Status> {
        let source = self.endpoints.as_ref().map(|endpoints| &endpoints.source);
        let read = async || {
            let mut status = Box::pin(status::read(&self.target, source)).await?;
            Box::pin(status::add_way_back(&mut status, source, Some(&self.target))).await;
            Ok(status)
        };
        self.status.get(STATUS_AGE, read).await
    }

    /// Of the last day.
    pub(super) async fn samples(&self) -> Read<Vec<Sample>> {
        let read = async || Box::pin(status::samples(&self.target, DAY)).await;
        self.samples.get(SAMPLES_AGE, read).await
    }

    pub(super) async fn tables(&self) -> Read<Vec<TableState>> {
        let read = async || Box::pin(status::tables(&self.target)).await;
        self.tables.get(TABLES_AGE, read).await
    }

    pub(super) async fn story(&self) -> Read<Story> {
        let read = async || Box::pin(status::story(&self.target)).await;
        self.story.get(STORY_AGE, read).await
    }

    pub(super) async fn pause(&self) -> Result<Pausing> {
        Ok(Box::pin(pause(&self.target)).await?)
    }

    pub(super) async fn resume(&self) -> Result<Pausing> {
        Ok(Box::pin(resume(&self.target)).await?)
    }

    /// The checks of a cutover, as `cutover --check` does them.
    pub(super) async fn check(&self) -> Result<Gate> {
        let known = self.endpoints.clone().zip(self.options.clone());
        let (endpoints, options) = known.ok_or_else(|| {
            Failure::new("the console knows no source")
                .with_hint("start it with --source, or with [source] in the file")
        })?;
        // Its future borrows from several places at once and cannot wander between threads: it has one of its own.
        let runtime = tokio::runtime::Handle::current();
        let checking = tokio::task::spawn_blocking(move || {
            runtime.block_on(Box::pin(check(&endpoints, &options, &Reporter::silent())))
        });
        let checked = checking.await;
        Ok(checked.map_err(|error| Failure::new(format!("the checks were not completed: {error}")))??)
    }
}

/// The last of what was read, with when.
struct Shared<T>(Mutex<Option<(Instant, Read<T>)>>);

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Shared<T> {
    /// Reads anew where it is older than this; who comes meanwhile waits for the same.
    async fn get(
        &self,
        age: Duration,
        read: impl AsyncFnOnce() -> std::result::Result<T, EngineError>,
    ) -> Read<T> {
        let mut known = self.0.lock().await;
        if let Some((at, value)) = known.as_ref()
            && at.elapsed() < age
        {
            return value.clone();
        }
        let value = match read().await {
            Ok(value) => Ok(Arc::new(value)),
            Err(error) => Err(Arc::new(Failure::from(error))),
        };
        *known = Some((Instant::now(), value.clone()));
        value
    }
}
