//! Places in the program at which it is held; it writes down what it passes.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use transhume_engine::failpoint::{Point, VARIABLE};

use super::site::Running;

/// A debug build on a busy machine of two cores, and a server that recovers meanwhile.
const DEADLINE: Duration = Duration::from_secs(90);
/// Between two looks.
const POLL: Duration = Duration::from_millis(10);

pub(super) struct Points(TempDir);

impl Points {
    pub(super) fn new() -> Self {
        Self(TempDir::new().expect("a temporary directory"))
    }

    /// For the program's environment.
    pub(super) fn variable(&self) -> (&'static str, &str) {
        let directory = self.0.path().to_str().expect("a temporary path is UTF-8");
        (VARIABLE, directory)
    }

    pub(super) fn hold(&self, point: Point) {
        let path = self.0.path().join(format!("{}.hold", point.name()));
        std::fs::write(path, "").expect("a file can be written");
    }

    /// Whoever is held goes on.
    pub(super) fn let_go(&self) {
        let entries = std::fs::read_dir(self.0.path()).expect("a directory");
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.extension().is_some_and(|extension| extension == "hold") {
                std::fs::remove_file(path).expect("a file can be removed");
            }
        }
    }

    /// Names of the points that were come to, in their order.
    pub(super) fn passed(&self) -> Vec<String> {
        let names = std::fs::read_to_string(self.list()).unwrap_or_default();
        names.lines().map(str::to_owned).collect()
    }

    /// Nothing was passed so far.
    pub(super) fn forget(&self) {
        let _ = std::fs::remove_file(self.list());
    }

    pub(super) async fn wait_at(&self, tool: &mut Running, point: Point) {
        let end = Instant::now() + DEADLINE;
        while !self.passed().iter().any(|name| name == point.name()) {
            assert!(
                tool.is_alive() && Instant::now() < end,
                "did not come to {}: {:?}\n{}",
                point.name(),
                self.passed(),
                tool.log()
            );
            tokio::time::sleep(POLL).await;
        }
    }

    fn list(&self) -> PathBuf {
        self.0.path().join("reached")
    }
}
