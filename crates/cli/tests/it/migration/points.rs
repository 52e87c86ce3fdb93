//! A place in the program at which it is held.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use transhume_engine::failpoint::{Point, VARIABLE};

use super::site::Running;

const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Held {
    point: Point,
    directory: TempDir,
}

impl Held {
    pub(super) fn at(point: Point) -> Self {
        let directory = TempDir::new().expect("a directory");
        let held = Self { point, directory };
        std::fs::write(held.file(), "").expect("a file");
        held
    }

    /// For the program's environment.
    pub(super) fn variable(&self) -> (&'static str, &str) {
        let directory = self.directory.path().to_str().expect("a temporary path is UTF-8");
        (VARIABLE, directory)
    }

    pub(super) async fn is_reached(&self, running: &mut Running) {
        let end = Instant::now() + PATIENCE;
        let reached = self.directory.path().join("reached");
        loop {
            let passed = std::fs::read_to_string(&reached).unwrap_or_default();
            if passed.contains(self.point.name()) {
                return;
            }
            let is_alive = running.is_alive();
            assert!(is_alive && Instant::now() < end, "{}", running.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) fn release(&self) {
        std::fs::remove_file(self.file()).expect("a file");
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join(format!("{}.hold", self.point.name()))
    }
}
