//! Two servers with the mixed workload, and the program between them.

use std::{
    ffi::OsStr,
    fs::File,
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;
pub(super) use transhume_testkit::program::Running;
use transhume_testkit::{
    connection::connect,
    pair::{Pair, Side},
    program, workload,
};

use crate::schema::hold_printed;

/// Generous: a debug build on a busy machine of two cores does each wait in a few seconds.
const DEADLINE: Duration = Duration::from_secs(180);
/// Between two looks at a condition.
const POLL: Duration = Duration::from_millis(100);

pub(super) const DATABASE: &str = "shop";

/// A pair, which it stands for, with the program between.
pub(super) struct Site {
    pair: Pair,
    programs: PathBuf,
    directory: TempDir,
}

/// What a call left.
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) output: String,
    pub(super) error: String,
}

impl Site {
    /// Servers of these major versions, each with an empty database.
    pub(super) async fn empty(source: u32, target: u32) -> Self {
        Self::of(Pair::new(source, target)).await
    }

    pub(super) async fn of(pair: Pair) -> Self {
        let programs = pair.client_programs();
        Self::with_programs(pair, programs).await
    }

    /// With a pg_dump and a pg_restore of the test's choice.
    pub(super) async fn with_programs(mut pair: Pair, programs: PathBuf) -> Self {
        pair.create_database(DATABASE)
            .await
            .expect("a database can be created");
        Self {
            pair,
            programs,
            directory: TempDir::new().expect("a temporary directory can be made"),
        }
    }

    /// Puts a file where the program is called.
    pub(super) fn write(&self, name: &str, content: &str) {
        std::fs::write(self.directory.path().join(name), content).expect("a file can be written");
    }

    /// Where the program is called.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// With the mixed workload's schema and first rows in the source.
    pub(super) async fn with_torture(source: u32, target: u32) -> Self {
        let site = Self::empty(source, target).await;
        workload::create_torture(&site.source_url, &site.target_url).await;
        site
    }

    pub(super) async fn execute_on_source(&self, sql: &str) {
        self.execute(Side::Source, sql).await;
    }

    /// Waits until a count is at least this.
    pub(super) async fn wait_for_count(&self, url: &str, query: &str, wanted: i64) {
        let client = connect(url).await.expect("the server answers");
        let end = Instant::now() + DEADLINE;
        loop {
            let row = client.query_one(query, &[]).await;
            let count: i64 = row.expect("the query is in order").get(0);
            if count >= wanted {
                return;
            }
            assert!(
                Instant::now() < end,
                "{count} of {wanted}: {query}\n{:#?}",
                self.status()
            );
            tokio::time::sleep(POLL / 5).await;
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program::command(
            Path::new(env!("CARGO_BIN_EXE_transhume")),
            self.directory.path(),
            &self.programs,
            (&self.source_url, &self.target_url),
        );
        command.args(arguments);
        command
    }

    /// Not started yet, for whoever has a use of its own for its output.
    pub(super) fn prepared(&self, arguments: &[&str]) -> Command {
        self.command(arguments)
    }

    /// The same as a shell takes it, with its directory and its environment.
    pub(super) fn shell_command(&self, arguments: &[&str]) -> String {
        let command = self.command(arguments);
        let quoted = |text: &OsStr| format!("'{}'", text.to_string_lossy().replace('\'', "'\\''"));
        let variables = command
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)));
        let variables =
            variables.map(|(name, value)| format!("{}={}", name.to_string_lossy(), quoted(value)));
        let words = command.get_args().map(quoted);
        let all: Vec<String> = variables
            .chain([quoted(command.get_program())])
            .chain(words)
            .collect();
        format!(
            "cd {} && {}",
            quoted(self.directory.path().as_os_str()),
            all.join(" ")
        )
    }

    /// Of a file beside the program.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs to the end.
    pub(super) fn call(&self, arguments: &[&str]) -> Ended {
        let output = self.command(arguments).output().expect("the program starts");
        let ended = Ended {
            code: output.status.code().expect("the program was not killed"),
            output: String::from_utf8_lossy(&output.stdout).into_owned(),
            error: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        hold_printed(arguments, &ended.output);
        ended
    }

    /// Runs to the end, which must be a good one.
    #[track_caller]
    pub(super) fn succeed(&self, arguments: &[&str]) -> Ended {
        let ended = self.call(arguments);
        assert_eq!(
            ended.code, 0,
            "{arguments:?}\nstdout:\n{}\nstderr:\n{}",
            ended.output, ended.error
        );
        ended
    }

    /// Verifies under the mixed workload, which truncates a table several times a second: on a busy machine that table
    /// may come to no answer in one verification, and is asked for again.
    #[track_caller]
    pub(super) fn verify_under_traffic(&self) {
        /// So often in a row the table is hardly rewritten in the wrong moment.
        const TRIES: u32 = 5;
        for attempt in 1.. {
            let ended = self.call(&["verify", "--json"]);
            let report: Value = serde_json::from_str(&ended.output)
                .unwrap_or_else(|error| panic!("{error}: {}{}", ended.output, ended.error));
            let tables = report["tables"].as_array().expect("tables");
            let is_undecided = tables.iter().any(|table| table["decided"] == false);
            if ended.code != 2 || !is_undecided || attempt == TRIES {
                assert_eq!(ended.code, 0, "{report:#}{}", ended.error);
                return;
            }
            assert!(
                tables
                    .iter()
                    .all(|table| table["equal"] == true || table["table"]["name"] == "scratch"),
                "{report:#}"
            );
        }
    }

    /// Runs in the background.
    pub(super) fn begin(&self, arguments: &[&str]) -> Running {
        self.begin_with(arguments, &[])
    }

    /// As [`Self::begin`], with more in its environment.
    pub(super) fn begin_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Running {
        // Whatever may stand in a file's name, and not too much of it.
        let name = arguments.join("").replace('/', "_");
        let name: String = name.chars().take(100).collect();
        let log = self.directory.path().join(format!("{name}.log"));
        let file = File::create(&log).expect("a log can be written");
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied());
        Running::start(command, file, log)
    }

    pub(super) fn status(&self) -> Option<Value> {
        let ended = self.call(&["status", "--json"]);
        (ended.code == 0).then(|| serde_json::from_str(&ended.output).expect("status --json prints JSON"))
    }

    /// Waits until the status fulfils a condition, while `running` lives.
    pub(super) async fn wait_for(
        &self,
        running: &mut Running,
        what: &str,
        fulfilled: impl Fn(&Value) -> bool,
    ) -> Value {
        let end = Instant::now() + DEADLINE;
        loop {
            let status = self.status();
            if let Some(status) = status.as_ref().filter(|status| fulfilled(status)) {
                return status.clone();
            }
            if let Some(exit) = running.exit_status() {
                panic!("ended ({exit}) before {what}: {status:#?}\n{}", running.log());
            }
            assert!(Instant::now() < end, "no {what}: {status:#?}\n{}", running.log());
            tokio::time::sleep(POLL).await;
        }
    }

    /// Everything that is committed on the source now is below this.
    pub(super) async fn source_wal_end(&self) -> u64 {
        let source = connect(&self.source_url).await.expect("the source answers");
        let row = source
            .query_one(
                "select pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint",
                &[],
            )
            .await
            .expect("the position can be read");
        row.get::<_, i64>(0).unsigned_abs()
    }

    /// One column of text from the target.
    pub(super) async fn target_names(&self, query: &str) -> Vec<String> {
        names(&self.target_url, query).await
    }

    pub(super) async fn source_names(&self, query: &str) -> Vec<String> {
        names(&self.source_url, query).await
    }

    /// Slots and publications that bear our name on the source.
    pub(super) async fn traces(&self) -> Vec<String> {
        let source = connect(&self.source_url).await.expect("the source answers");
        let rows = source
            .query(
                "select slot_name::text from pg_replication_slots union all select pubname from pg_publication \
                 union all select relname from pg_class where relreplident = 'f' and relnamespace::regnamespace::text \
                 not in ('pg_catalog', 'information_schema')",
                &[],
            )
            .await
            .expect("the catalogs can be read");
        rows.iter().map(|row| row.get(0)).collect()
    }
}

async fn names(url: &str, query: &str) -> Vec<String> {
    let client = connect(url).await.expect("the server answers");
    let rows = client.query(query, &[]).await.expect("the query is in order");
    rows.iter().map(|row| row.get(0)).collect()
}

impl Deref for Site {
    type Target = Pair;

    fn deref(&self) -> &Pair {
        &self.pair
    }
}

impl DerefMut for Site {
    fn deref_mut(&mut self) -> &mut Pair {
        &mut self.pair
    }
}

pub(super) fn phase(status: &Value) -> &str {
    status["phase"].as_str().unwrap_or_default()
}
