//! One database as whoever looks at it live knows it, in a browser or a terminal: what was read last, shared by all who look.
//!
//! Invariant: however many look, a server is asked for the same figures once in their age.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;
use transhume_engine::{
    cancel::Cancellation,
    conninfo::ConnectionSettings,
    cutover::{CutoverOptions, Gate, check},
    endpoints::Endpoints,
    error::EngineError,
    load::throttle::{Pausing, pause, resume},
    report::Reporter,
    status::{self, Sample, Status, Story, TableState},
    tables::{Wish, choose, fulfil},
    verify::VerifyOptions,
};

use crate::{
    failure::{Failure, Result},
    invocation::{Invocation, cutover_options, verify_options},
};

/// How old a status may be that is shown. With the pace of the events and the reading itself it stays below the three seconds
/// within which a stop is to be seen.
const STATUS_AGE: Duration = Duration::from_secs(1);
/// Samples are written every five seconds.
const SAMPLES_AGE: Duration = Duration::from_secs(5);
/// Every table is read for it.
const TABLES_AGE: Duration = Duration::from_secs(5);
const STORY_AGE: Duration = Duration::from_secs(5);
/// A day of samples is all that is kept.
const DAY: f64 = 86_400.0;

type Read<T> = std::result::Result<Arc<T>, Arc<Failure>>;

pub(crate) struct Watched {
    pub(crate) name: String,
    target: ConnectionSettings,
    endpoints: Option<Endpoints>,
    options: Option<CutoverOptions>,
    verification: VerifyOptions,
    status: Shared<Status>,
    samples: Shared<Vec<Sample>>,
    tables: Shared<Vec<TableState>>,
    story: Shared<Story>,
}

impl Watched {
    pub(crate) fn new(invocation: &Invocation) -> Result<Self> {
        Ok(Self {
            name: invocation.label()?,
            target: invocation.target()?,
            endpoints: invocation.endpoints().ok(),
            options: cutover_options(&invocation.settings).ok(),
            verification: verify_options(&invocation.settings),
            status: Shared::default(),
            samples: Shared::default(),
            tables: Shared::default(),
            story: Shared::default(),
        })
    }

    pub(crate) async fn status(&self) -> Read<Status> {
        let source = self.endpoints.as_ref().map(|endpoints| &endpoints.source);
        let read = async || {
            let mut status = Box::pin(status::read(&self.target, source)).await?;
            Box::pin(status::add_way_back(&mut status, source, Some(&self.target))).await;
            Ok(status)
        };
        self.status.get(STATUS_AGE, read).await
    }

    /// Of the last day.
    pub(crate) async fn samples(&self) -> Read<Vec<Sample>> {
        let read = async || Box::pin(status::samples(&self.target, DAY)).await;
        self.samples.get(SAMPLES_AGE, read).await
    }

    pub(crate) async fn tables(&self) -> Read<Vec<TableState>> {
        let read = async || Box::pin(status::tables(&self.target)).await;
        self.tables.get(TABLES_AGE, read).await
    }

    pub(crate) async fn story(&self) -> Read<Story> {
        let read = async || Box::pin(status::story(&self.target)).await;
        self.story.get(STORY_AGE, read).await
    }

    pub(crate) async fn pause(&self) -> Result<Pausing> {
        Ok(Box::pin(pause(&self.target)).await?)
    }

    pub(crate) async fn resume(&self) -> Result<Pausing> {
        Ok(Box::pin(resume(&self.target)).await?)
    }

    /// Both databases, for work that needs both.
    pub(crate) fn both(&self) -> Result<Endpoints> {
        self.endpoints.clone().ok_or_else(no_source)
    }

    /// With the settings of the file.
    pub(crate) fn verification(&self) -> VerifyOptions {
        self.verification.clone()
    }

    /// The checks of a cutover, as `cutover --check` does them.
    pub(crate) async fn check(&self) -> Result<Gate> {
        let known = self.endpoints.clone().zip(self.options.clone());
        let (endpoints, options) = known.ok_or_else(no_source)?;
        on_a_thread(async move || Ok(Box::pin(check(&endpoints, &options, &Reporter::silent())).await?)).await
    }

    /// Suspends or resumes one table, by its whole name: a name that is a pattern of others too is refused. A request that is given
    /// up stands all the same.
    pub(crate) async fn request(&self, wish: Wish, table: String, cancellation: Cancellation) -> Result<()> {
        let endpoints = self.endpoints.clone().ok_or_else(no_source)?;
        on_a_thread(async move || {
            let chosen = Box::pin(choose(&endpoints, wish, std::slice::from_ref(&table))).await?;
            if chosen.names() != [table.as_str()] {
                return Err(
                    Failure::new(format!("\"{}\" names other tables too", table.escape_debug()))
                        .with_hint("use `transhume table`, which asks for all of them"),
                );
            }
            Box::pin(fulfil(&endpoints, &chosen, &Reporter::silent(), &cancellation)).await?;
            Ok(())
        })
        .await
    }
}

fn no_source() -> Failure {
    Failure::new("no source is known").with_hint("start it with --source, or with [source] in the file")
}

/// For a future that borrows from several places at once and cannot wander between threads: it has one of its own.
async fn on_a_thread<T: Send + 'static>(work: impl AsyncFnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let runtime = tokio::runtime::Handle::current();
    let working = tokio::task::spawn_blocking(move || runtime.block_on(work()));
    working
        .await
        .map_err(|error| Failure::new(format!("it was not completed: {error}")))?
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
