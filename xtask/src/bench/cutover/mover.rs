//! What moves the application: transhume, or the usual procedure by hand.

use std::{
    fs,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use transhume_testkit::pgbouncer::PgBouncer;

use super::{
    super::site::{copy_schema, script},
    clients::Clients,
    hook,
    trial::{APPLICATION, Direction, Trials, Way},
};

/// What is waited for takes far less; so long only when something hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// The report of a cutover, as far as it is about time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Reported {
    #[serde(rename(deserialize = "write_pause_milliseconds"))]
    pub(super) pause: f64,
    pub(super) fence_attempts: u32,
    #[serde(rename(deserialize = "eased_milliseconds"))]
    pub(super) eased: Vec<f64>,
    #[serde(rename(deserialize = "earlier_tries_milliseconds"))]
    pub(super) earlier_tries: Vec<f64>,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) milliseconds: f64,
}

pub(super) struct Mover<'a> {
    trials: &'a Trials<'a>,
    way: Way,
    runner: Option<Child>,
}

impl<'a> Mover<'a> {
    /// The target follows when this returns.
    pub(super) fn begin(trials: &'a Trials<'a>, way: Way) -> Result<Self> {
        let mut mover = Self {
            trials,
            way,
            runner: None,
        };
        if way.is_by_hand() {
            mover.subscribe()?;
        } else {
            mover.follow()?;
        }
        Ok(mover)
    }

    /// By hand there is no way back.
    pub(super) fn directions(&self) -> Vec<Direction> {
        if self.way.is_by_hand() {
            vec![Direction::Cutover]
        } else {
            vec![Direction::Cutover, Direction::Fallback]
        }
    }

    pub(super) fn switch(
        &mut self,
        direction: Direction,
        pooler: Option<&PgBouncer>,
        clients: &Clients,
    ) -> Result<Option<Reported>> {
        let new_home = match direction {
            Direction::Cutover => &self.trials.site.target,
            Direction::Fallback => &self.trials.site.source,
        };
        let new_home = new_home.url(APPLICATION);
        if self.way.is_by_hand() {
            self.switch_by_hand(pooler)?;
            if pooler.is_none() {
                clients.signpost().point_to(&new_home);
            }
            return Ok(None);
        }
        let name = match direction {
            Direction::Cutover => "cutover",
            Direction::Fallback => "fallback",
        };
        let mut command = self.transhume(&[name, "--yes", "--json", "--override", "verification"]);
        match pooler {
            Some(pooler) => command
                .args(["--pgbouncer-admin", &pooler.console()])
                .arg("--pgbouncer-file")
                .arg(pooler.file()),
            None => command
                .arg("--hook-opened")
                .arg(hook::listen(clients.signpost(), new_home)?),
        };
        let report = self.trials.scratch.join("report.json");
        command.stdout(fs::File::create(&report)?);
        let status = command.status().context("starting transhume")?;
        self.well(name, status)?;
        Ok(Some(serde_json::from_str(&fs::read_to_string(report)?)?))
    }

    /// Takes away what the move left.
    pub(super) fn end(mut self) -> Result<()> {
        if let Some(mut runner) = self.runner.take() {
            // It may have ended by itself.
            let _ = runner.kill();
            runner.wait()?;
        }
        if self.way.is_by_hand() {
            let drop = "set client_min_messages = warning; drop subscription bench";
            return self.target(drop).map(std::mem::drop);
        }
        self.succeed(self.transhume(&["finish", "--yes"]))
    }

    fn follow(&mut self) -> Result<()> {
        self.runner = Some(self.transhume(&["run"]).spawn().context("starting transhume")?);
        let reached = "select 1 from transhume.migration, transhume.runner r where phase = 'follow' \
                       and r.seen_at > clock_timestamp() - interval '1 second'";
        let exists = "select 1 where to_regclass('transhume.runner') is not null";
        self.wait_until(exists)?;
        self.wait_until(reached)
    }

    fn subscribe(&self) -> Result<()> {
        let source = self.trials.site.source.url(APPLICATION);
        self.trials
            .site
            .sql(&source, "create publication bench for all tables", 0)?;
        self.succeed(copy_schema())?;
        self.target(&format!(
            "set client_min_messages = warning; create subscription bench connection '{source}' publication bench"
        ))?;
        self.wait_until("select 1 from pg_subscription_rel having bool_and(srsubstate = 'r')")
    }

    fn switch_by_hand(&self, pooler: Option<&PgBouncer>) -> Result<()> {
        let mut script = script(include_str!("../sh/by_hand.sh"));
        let (console, file) = pooler.map_or_else(Default::default, |pooler| {
            (pooler.console(), pooler.file().display().to_string())
        });
        let site = self.trials.site;
        script
            .envs([("CONSOLE", console), ("FILE", file)])
            .env("SOURCE_PORT", site.source.port().to_string())
            .env("TARGET_PORT", site.target.port().to_string());
        self.succeed(script)
    }

    fn wait_until(&self, query: &str) -> Result<()> {
        let end = Instant::now() + DEADLINE;
        while self.target(query)?.is_empty() {
            ensure!(Instant::now() < end, "never: {query}\n{}", self.said());
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn target(&self, sql: &str) -> Result<String> {
        let site = self.trials.site;
        site.sql(&site.target.url(APPLICATION), sql, 0)
    }

    fn transhume(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.trials.transhume);
        command.args(arguments);
        self.surround(&mut command);
        command
    }

    fn surround(&self, command: &mut Command) {
        let site = self.trials.site;
        let (source, target) = (site.source.url(APPLICATION), site.target.url(APPLICATION));
        site.surround(command, &source, &target)
            .current_dir(self.trials.scratch)
            .stdout(Stdio::null());
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.trials.scratch.join("log"));
        if let Ok(log) = log {
            command.stderr(log);
        }
    }

    fn succeed(&self, mut command: Command) -> Result<()> {
        self.surround(&mut command);
        let status = command
            .status()
            .with_context(|| format!("starting {command:?}"))?;
        self.well(&format!("{command:?}"), status)
    }

    fn well(&self, what: &str, status: ExitStatus) -> Result<()> {
        ensure!(status.success(), "{what} failed ({status}):\n{}", self.said());
        Ok(())
    }

    fn said(&self) -> String {
        fs::read_to_string(self.trials.scratch.join("log")).unwrap_or_default()
    }
}

impl Drop for Mover<'_> {
    fn drop(&mut self) {
        if let Some(runner) = &mut self.runner {
            // A trial that failed leaves nothing running.
            let _ = runner.kill();
            let _ = runner.wait();
        }
    }
}
