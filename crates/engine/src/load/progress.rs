//! Telling how far load and builds are, from the target's rows and this process's meters.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use transhume_core::load::SentBytes;
use transhume_pg::{
    connection::session::Session,
    state::load::progress::{Progress, progress},
};

use super::shared::Shared;
use crate::{
    error::Result,
    report::{BuildProgress, LoadProgress, Report},
};

/// Between two reports: often enough for a display that people watch.
const REPORT_INTERVAL: Duration = Duration::from_millis(500);
/// Looking takes at most one part in this many of the target's time, however many tables there are.
const SHARE: u32 = 20;

pub fn load_progress(progress: &Progress, bytes_under_way: u64) -> LoadProgress {
    let bytes = SentBytes {
        sent: progress.bytes,
        stored_done: progress.bytes_expected_done,
        stored: progress.bytes_expected,
    };
    LoadProgress {
        tables_done: progress.tables_done,
        tables: progress.tables,
        parts_done: progress.parts_done,
        parts: progress.parts,
        rows: progress.rows,
        bytes: progress.bytes + bytes_under_way,
        bytes_expected: bytes.expected(),
        large_objects_done: progress.large_objects_done,
        large_objects: progress.large_objects,
    }
}

pub fn build_progress(progress: &Progress, current: Vec<String>) -> BuildProgress {
    BuildProgress {
        done: progress.builds_done,
        all: progress.builds,
        current,
    }
}

/// Reports until its task is aborted. A connection that breaks is opened anew.
pub(super) async fn report_until_dropped(shared: Arc<Shared>) {
    let mut last = None;
    // What is over by then is told once, at its end: a session for it would cost more than it says.
    tokio::time::sleep(REPORT_INTERVAL).await;
    loop {
        if let Ok(session) = session(&shared).await {
            let mut began = Instant::now();
            while let Ok(now) = progress(&*session).await {
                let next = REPORT_INTERVAL.max(began.elapsed() * SHARE);
                let reports = reports(&shared, &now);
                if last.as_ref() != Some(&reports) {
                    send(&shared, &reports);
                    last = Some(reports);
                }
                tokio::time::sleep(next).await;
                began = Instant::now();
            }
        }
        tokio::time::sleep(REPORT_INTERVAL).await;
    }
}

/// One report of what is committed now; without a connection there is none.
pub(super) async fn report_once(shared: &Shared) {
    let Ok(session) = session(shared).await else {
        return;
    };
    if let Ok(now) = progress(&*session).await {
        send(shared, &reports(shared, &now));
    }
}

async fn session(shared: &Shared) -> Result<Session> {
    shared
        .endpoints
        .target_session(&shared.migration, "progress")
        .await
}

fn reports(shared: &Shared, now: &Progress) -> (LoadProgress, BuildProgress) {
    (
        load_progress(now, shared.bytes_under_way()),
        build_progress(now, shared.builds_under_way()),
    )
}

fn send(shared: &Shared, (load, build): &(LoadProgress, BuildProgress)) {
    shared.reporter.send(Report::Load(load.clone()));
    if build.all > 0 {
        shared.reporter.send(Report::Build(build.clone()));
    }
}
