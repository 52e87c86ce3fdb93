//! What is read for the screen: every database's status, and of the one in sight what its tab shows.
//!
//! Owns one task for each database, so that one that does not answer holds no other up; they end when this is dropped.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::{
    sync::{
        mpsc::{self, UnboundedReceiver, UnboundedSender},
        watch::{self, Receiver, Sender},
    },
    task::JoinSet,
};
use transhume_engine::status::{Sample, Status, Story, TableState};

use super::model::Model;
use crate::{failure::Failure, tab::Tab, watched::Watched};

type Read<T> = Result<Arc<T>, Arc<Failure>>;

/// What the reader looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sight {
    database: usize,
    tab: Tab,
    /// Raised to have all read once more.
    number: u64,
}

impl Sight {
    pub(super) fn of(model: &Model) -> Self {
        Self {
            database: model.chosen,
            tab: model.tab,
            number: 0,
        }
    }
}

/// One look at one database. None is what was not looked for.
pub(super) struct Reading {
    pub(super) database: usize,
    pub(super) status: Read<Status>,
    samples: Option<Read<Vec<Sample>>>,
    tables: Option<Read<Vec<TableState>>>,
    story: Option<Read<Story>>,
}

impl Reading {
    /// What cannot be read now stays as it was read last; why is told.
    pub(super) fn put(self, model: &mut Model) {
        let database = &mut model.databases[self.database];
        database.problem = None;
        let mut failed = |failure: Arc<Failure>| database.problem = Some(failure);
        match self.status {
            Ok(status) => database.status = Some(status),
            Err(failure) => failed(failure),
        }
        match self.samples {
            Some(Ok(samples)) => database.samples = samples,
            Some(Err(failure)) => failed(failure),
            None => {}
        }
        match self.tables {
            Some(Ok(tables)) => database.tables = Some(tables),
            Some(Err(failure)) => failed(failure),
            None => {}
        }
        match self.story {
            Some(Ok(story)) => database.story = Some(story),
            Some(Err(failure)) => failed(failure),
            None => {}
        }
    }
}

/// Before anything is drawn.
pub(super) async fn first(databases: &[Watched]) -> Vec<Reading> {
    let sight = Sight {
        database: 0,
        tab: Tab::Overview,
        number: 0,
    };
    join_all((0..databases.len()).map(|index| read(databases, index, sight))).await
}

async fn read(databases: &[Watched], index: usize, sight: Sight) -> Reading {
    let watched = &databases[index];
    let status = watched.status().await;
    let is_in_sight = sight.database == index && status.is_ok();
    let shows = |tabs: &[Tab]| is_in_sight && tabs.contains(&sight.tab);
    let samples = if shows(&[Tab::Overview]) {
        Some(watched.samples().await)
    } else {
        None
    };
    let tables = if shows(&[Tab::Tables, Tab::Verification]) {
        Some(watched.tables().await)
    } else {
        None
    };
    let story = if shows(&[Tab::Verification, Tab::Cutover, Tab::History]) {
        Some(watched.story().await)
    } else {
        None
    };
    Reading {
        database: index,
        status,
        samples,
        tables,
        story,
    }
}

pub(super) struct Readings {
    sight: Sender<Sight>,
    came: UnboundedReceiver<Reading>,
    /// Aborted when it is dropped.
    _readers: JoinSet<()>,
}

impl Readings {
    pub(super) fn begin(databases: &Arc<Vec<Watched>>, sight: Sight, interval: Duration) -> Self {
        let (sight, seen) = watch::channel(sight);
        let (sender, came) = mpsc::unbounded_channel();
        let mut readers = JoinSet::new();
        for index in 0..databases.len() {
            readers.spawn(reader(
                databases.clone(),
                index,
                seen.clone(),
                interval,
                sender.clone(),
            ));
        }
        Self {
            sight,
            came,
            _readers: readers,
        }
    }

    /// Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Reading> {
        self.came.recv().await
    }

    pub(super) fn look_at(&self, wanted: Sight) {
        self.sight.send_if_modified(|sight| {
            let is_new = (sight.database, sight.tab) != (wanted.database, wanted.tab);
            (sight.database, sight.tab) = (wanted.database, wanted.tab);
            is_new
        });
    }

    /// Something was done.
    pub(super) fn read_anew(&self) {
        self.sight.send_modify(|sight| sight.number += 1);
    }
}

/// Until the screen is gone.
async fn reader(
    databases: Arc<Vec<Watched>>,
    index: usize,
    mut sight: Receiver<Sight>,
    interval: Duration,
    readings: UnboundedSender<Reading>,
) {
    loop {
        let now = *sight.borrow_and_update();
        if readings.send(read(&databases, index, now).await).is_err() {
            return;
        }
        // Whoever looks elsewhere need not wait for it.
        if let Ok(Err(_)) = tokio::time::timeout(interval, sight.changed()).await {
            return;
        }
    }
}
