//! What makes it hard to compare a source that is written to: hot rows, long transactions, and a synchronous standby
//! that lags, so that commits are in the WAL long before they are visible.

use std::{
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tempfile::TempDir;
use tokio::task::JoinHandle;
use transhume_testkit::{connection::connect, server::server};

use super::site::Site;

/// Twenty rows, of which the last is left alone.
pub(super) const TABLES: &str = "
create table hot (id int primary key, n bigint);
insert into hot select g, 0 from generate_series(1, 20) g;
create table lingering (id bigserial primary key, t text);
";

/// Between two changes of a hot row.
const REST: Duration = Duration::from_millis(2);
/// Longer than a transaction may be that a verification holds apply for.
const LINGERS: Duration = Duration::from_millis(2500);
/// How long the standby confirms nothing, and then confirms.
const LAGS: Duration = Duration::from_millis(300);
const CONFIRMS: Duration = Duration::from_millis(700);

/// Ends with [`Load::stop`].
pub(super) struct Load {
    stops: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Load {
    /// Hot rows only.
    pub(super) fn hot(site: &Site) -> Self {
        let stops = Arc::new(AtomicBool::new(false));
        let tasks = vec![tokio::spawn(heat(site.source_url.clone(), Arc::clone(&stops)))];
        Self { stops, tasks }
    }

    /// Long transactions too, and a standby that lags.
    pub(super) async fn heavy(site: &Site) -> Self {
        let mut load = Self::hot(site);
        let stops = Arc::clone(&load.stops);
        load.tasks
            .push(tokio::spawn(linger(site.source_url.clone(), stops)));
        let standby = Standby::start(site).await;
        load.tasks
            .push(tokio::spawn(standby.lag(Arc::clone(&load.stops))));
        load
    }

    pub(super) async fn stop(self) {
        self.stops.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.expect("nothing was refused");
        }
    }
}

/// Changes the rows forth and back too, so that a row often looks as it did before.
async fn heat(url: String, stops: Arc<AtomicBool>) {
    let client = connect(&url).await.expect("the source answers");
    let mut number = 0;
    while !stops.load(Ordering::Relaxed) {
        number += 1;
        let id = number * 7 % 19 + 1;
        let sql = match number / 19 % 4 {
            0 => format!("delete from hot where id = {id}; insert into hot values ({id}, 0)"),
            1 => format!("update hot set n = 1 - n % 2 where id = {id}"),
            _ => format!("update hot set n = n + 1 where id = {id}"),
        };
        client.batch_execute(&sql).await.expect("the source takes it");
        tokio::time::sleep(REST).await;
    }
}

/// One transaction after the other that is open for long, every second one for nothing.
async fn linger(url: String, stops: Arc<AtomicBool>) {
    let client = connect(&url).await.expect("the source answers");
    let mut commits = true;
    while !stops.load(Ordering::Relaxed) {
        let begun = "begin; insert into lingering (t) values ('long'); update lingering set t = t || '.' where id % 2 = 0";
        client.batch_execute(begun).await.expect("the source takes it");
        tokio::time::sleep(LINGERS).await;
        let end = if commits { "commit" } else { "rollback" };
        client.batch_execute(end).await.expect("it ends");
        commits = !commits;
        tokio::time::sleep(REST * 200).await;
    }
}

/// `pg_receivewal` as the standby that every commit waits for.
struct Standby {
    child: Child,
    source_url: String,
    _directory: TempDir,
}

impl Standby {
    async fn start(site: &Site) -> Self {
        let directory = TempDir::new().expect("a temporary directory can be made");
        let child = Command::new(server(15).join("pg_receivewal"))
            .args(["--synchronous", "--directory"])
            .arg(directory.path())
            .args(["--dbname", &site.source_url])
            .env("PGAPPNAME", "lagging")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pg_receivewal starts");
        let standby = Self {
            child,
            source_url: site.source_url.clone(),
            _directory: directory,
        };
        let streaming = "select count(*) from pg_stat_replication where application_name = 'lagging'";
        site.wait_for_count(&standby.source_url, streaming, 1).await;
        standby.is_awaited("'lagging'").await;
        let synchronous = "select count(*) from pg_stat_replication where application_name = 'lagging' and sync_state = 'sync'";
        site.wait_for_count(&standby.source_url, synchronous, 1).await;
        standby
    }

    async fn is_awaited(&self, names: &str) {
        let client = connect(&self.source_url).await.expect("the source answers");
        for sql in [
            &format!("alter system set synchronous_standby_names = {names}"),
            "select pg_reload_conf()",
        ] {
            client.batch_execute(sql).await.expect("the setting is taken");
        }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill is there").success());
    }

    /// Confirms by fits and starts.
    async fn lag(self, stops: Arc<AtomicBool>) {
        while !stops.load(Ordering::Relaxed) {
            self.signal("-STOP");
            tokio::time::sleep(LAGS).await;
            self.signal("-CONT");
            tokio::time::sleep(CONFIRMS).await;
        }
        self.is_awaited("default").await;
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        // It may have ended with its server.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
