//! Two servers and a PgBouncer on which one move after the other is broken off, and what must hold after each.

mod judging;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use transhume_engine::failpoint::{Point, Stage as Side};
use transhume_testkit::{connection::connect, pgbouncer::PgBouncer, proxy::Proxy};

use super::{
    super::{
        points::Points,
        site::{DATABASE, Running, Site, phase},
        undone::ALL_RIGHTS,
    },
    application::{Application, SCHEMA, Write, both_open},
};

/// Between two looks at a condition.
const POLL: Duration = Duration::from_millis(50);

/// A debug build on a busy machine of two cores, and a server that recovers meanwhile.
const DEADLINE: Duration = Duration::from_secs(90);

/// A server or a way stays away for so long, which is longer than the pause may last.
const AWAY: Duration = Duration::from_secs(7);
const MAX_PAUSE: &str = "5s";

/// A way to move the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Cutover,
    Fallback,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Victim {
    Tool,
    Source,
    Target,
    PgBouncer,
    /// Its processes stop, and go on after the limit of the pause.
    SourceHangs,
    TargetHangs,
    /// The tool's two ways: connections are reset, and no new one can be had for the same time.
    WaysAreCut,
}

/// One thing that goes wrong at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    pub(super) way: Way,
    pub(super) point: Point,
    pub(super) victim: Victim,
    /// A runner lives beside the cutover; else it follows by itself.
    pub(super) with_runner: bool,
}

pub(super) struct Stage {
    site: Site,
    pooler: PgBouncer,
    /// The tool's ways where they are cut.
    ways: [Proxy; 2],
    runner: Option<Running>,
    points: Points,
    /// All that was acknowledged so far.
    writes: Vec<Write>,
    /// Names of points that were passed.
    pub(super) reached: HashSet<String>,
    rounds: i32,
}

impl Stage {
    pub(super) async fn set(major: u32) -> Self {
        let site = Site::empty(major, major).await;
        for url in [&site.source_url, &site.target_url] {
            let client = connect(url).await.expect("the server answers");
            client
                .batch_execute("create role app login")
                .await
                .expect("a role can be made");
        }
        site.execute_on_source(SCHEMA).await;
        let pooler = PgBouncer::start(&site.source, DATABASE);
        let ways = [
            Proxy::start(site.source.port()).await,
            Proxy::start(site.target.port()).await,
        ];
        let mut stage = Self {
            site,
            pooler,
            ways,
            runner: None,
            points: Points::new(),
            writes: Vec::new(),
            reached: HashSet::new(),
            rounds: 0,
        };
        stage.follow().await;
        stage
    }

    fn with_pooler(&self, arguments: &[&str]) -> Vec<String> {
        let file = self.pooler.file().display().to_string();
        let console = self.pooler.console();
        let pooler = ["--pgbouncer-admin", &console, "--pgbouncer-file", &file];
        arguments
            .iter()
            .chain(&pooler)
            .map(|&word| word.to_owned())
            .collect()
    }

    fn call(&self, arguments: &[&str]) -> String {
        let words = self.with_pooler(arguments);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ended = self.site.succeed(&words);
        ended.error
    }

    fn begin(&mut self, arguments: &[&str], victim: Victim) -> Running {
        let words = self.with_pooler(arguments);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let direct = (self.site.source_url.clone(), self.site.target_url.clone());
        if victim == Victim::WaysAreCut {
            self.site.source_url = self.ways[0].through(&direct.0);
            self.site.target_url = self.ways[1].through(&direct.1);
        }
        let tool = self.site.begin_with(&words, &[self.points.variable()]);
        (self.site.source_url, self.site.target_url) = direct;
        tool
    }

    async fn follow(&mut self) {
        self.site.succeed(&["run", "--until-caught-up"]);
        let target = connect(&self.site.target_url).await.expect("the target answers");
        let grant = "grant usage on schema transhume to app; grant select on transhume.migration to app";
        target
            .batch_execute(grant)
            .await
            .expect("a prober may look at the phase");
    }

    /// True where the application lives on the target.
    fn has_moved(&self) -> bool {
        let status = self.site.status().expect("a status");
        phase(&status) == "done" && status["way_back"]["state"] != "fallen-back"
    }

    fn side(&self, is_moved: bool) -> u16 {
        if is_moved {
            self.site.target.port()
        } else {
            self.site.source.port()
        }
    }

    fn url(&self, is_moved: bool) -> &str {
        if is_moved {
            &self.site.target_url
        } else {
            &self.site.source_url
        }
    }

    /// Brings everything to where this way can be gone.
    async fn ready(&mut self, fault: Fault) {
        self.end_runner();
        if fault.way == Way::Fallback {
            if !self.has_moved() {
                self.restart_migration_if_over().await;
                self.call(&["cutover", "--yes", "--override", "verification"]);
            }
        } else {
            if self.has_moved() {
                self.call(&["fallback", "--yes", "--override", "verification"]);
            }
            self.restart_migration_if_over().await;
        }
        if fault.with_runner {
            self.begin_runner().await;
        }
    }

    /// After a fallback everything begins anew.
    async fn restart_migration_if_over(&mut self) {
        let status = self.site.status().expect("a status");
        if status["way_back"]["state"] != "fallen-back" {
            return;
        }
        self.site.succeed(&["finish", "--yes"]);
        let server = connect(&self.site.target.url("postgres"))
            .await
            .expect("the target answers");
        let anew = [
            format!("drop database {DATABASE} with (force)"),
            format!("create database {DATABASE}"),
        ];
        for statement in anew {
            server
                .batch_execute(&statement)
                .await
                .expect("the target begins anew");
        }
        self.follow().await;
    }

    fn end_runner(&mut self) {
        if let Some(mut runner) = self.runner.take() {
            runner.kill();
        }
    }

    async fn begin_runner(&mut self) {
        let mut runner = self.begin_plainly(&["run"]);
        let process = runner.process();
        self.site
            .wait_for(&mut runner, "a runner", |status| {
                status["runner"]["pid"] == process || status["way_back"]["stream"]["runner"]["pid"] == process
            })
            .await;
        self.runner = Some(runner);
    }

    fn begin_plainly(&self, arguments: &[&str]) -> Running {
        let words = self.with_pooler(arguments);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.site.begin(&words)
    }

    fn take_passed(&mut self) {
        self.reached.extend(self.points.passed());
    }

    fn strike(&mut self, victim: Victim, tool: &mut Running) {
        match victim {
            Victim::Tool => tool.kill(),
            Victim::PgBouncer => self.pooler.kill_and_start_again(),
            Victim::Source => {
                self.site.source.kill_postmaster();
                self.site.source.start_again().expect("the source starts again");
            }
            Victim::Target => {
                self.site.target.kill_postmaster();
                self.site.target.start_again().expect("the target starts again");
            }
            Victim::SourceHangs => self.site.source.hang(),
            Victim::TargetHangs => self.site.target.hang(),
            Victim::WaysAreCut => self.ways.iter().for_each(Proxy::refuse),
        }
    }

    /// Who is only away comes back.
    async fn come_back(&self, victim: Victim) {
        match victim {
            Victim::Tool | Victim::PgBouncer | Victim::Source | Victim::Target => return,
            Victim::SourceHangs | Victim::TargetHangs | Victim::WaysAreCut => {}
        }
        tokio::time::sleep(AWAY).await;
        self.site.source.go_on();
        self.site.target.go_on();
        self.ways.iter().for_each(Proxy::thaw);
    }

    async fn rights(&self, url: &str) -> String {
        let client = connect(url).await.expect("the server answers");
        let row = client.query_one(ALL_RIGHTS, &[]).await;
        row.expect("the catalogs can be read").get(0)
    }

    /// Goes the way, lets the fault happen, puts things right as the guide says, and looks at what must hold.
    pub(super) async fn play(&mut self, fault: Fault) {
        self.ready(fault).await;
        let was_moved = fault.way == Way::Fallback;
        let before = self.rights(self.url(was_moved)).await;
        self.rounds += 1;
        let (source, target) = (&self.site.source_url, &self.site.target_url);
        let pooler = self.pooler.url(DATABASE);
        let application = Application::start(&pooler, source, target, self.rounds * 1_000_000);
        application.wait_for(self.side(was_moved), 5).await;

        let (code, said) = self.break_off(fault).await;
        let settled = self.settle().await;
        let is_moved = self.has_moved();
        application.wait_for(self.side(is_moved), 5).await;
        let writes = application.end().await;
        judging::judge(fault, (was_moved, is_moved), (code, &format!("{said}{settled}")));
        let (from, to) = (self.side(was_moved), self.side(!was_moved));
        assert_eq!(
            both_open(&writes, from, to),
            Vec::<String>::new(),
            "both open: {fault:?}\n{said}"
        );
        if is_moved == was_moved {
            assert!(
                writes.iter().all(|write| write.side == from),
                "written on a side that is not open: {fault:?}"
            );
            assert_eq!(
                self.rights(self.url(was_moved)).await,
                before,
                "{fault:?}\n{said}"
            );
        }
        self.writes.extend(writes);
        self.nothing_is_lost(is_moved, fault).await;
        self.both_sides_are_equal(fault).await;
    }

    /// Exit code and messages of the tool; no code where it was killed.
    async fn break_off(&mut self, fault: Fault) -> (Option<i32>, String) {
        let command = if fault.way == Way::Cutover {
            "cutover"
        } else {
            "fallback"
        };
        self.points.forget();
        self.points.hold(fault.point);
        let is_undoing = fault.point.stage() == Side::Undoing;
        if is_undoing {
            self.points.hold(Point::SourceClosed);
        }
        let words = [
            command,
            "--yes",
            "--override",
            "verification",
            "--max-pause",
            MAX_PAUSE,
        ];
        let mut tool = self.begin(&words, fault.victim);
        if is_undoing {
            self.points.wait_at(&mut tool, Point::SourceClosed).await;
            tool.interrupt();
        }
        self.points.wait_at(&mut tool, fault.point).await;
        self.strike(fault.victim, &mut tool);
        self.points.let_go();
        self.come_back(fault.victim).await;
        let code = (fault.victim != Victim::Tool).then_some(tool.ended().await);
        self.take_passed();
        (code, tool.log())
    }

    /// What an operator does: start `run` again where it does not run.
    async fn settle(&mut self) -> String {
        let Some(mut runner) = self.runner.take() else {
            return self.call(&["run", "--until-caught-up"]);
        };
        let end = Instant::now() + DEADLINE;
        loop {
            if !runner.is_alive() {
                let said = runner.log();
                return format!("{said}{}", self.call(&["run", "--until-caught-up"]));
            }
            let status = self.site.status();
            let is_settled = |status: &serde_json::Value| {
                let state = status["way_back"]["state"].as_str().unwrap_or_default();
                matches!(phase(status), "follow" | "done") && !matches!(state, "falling-back")
            };
            if status.as_ref().is_some_and(is_settled) && self.is_released().await {
                self.runner = Some(runner);
                let runner = self.runner.as_ref().expect("it was just put back");
                return runner.log();
            }
            assert!(Instant::now() < end, "not settled: {status:#?}\n{}", runner.log());
            tokio::time::sleep(POLL).await;
        }
    }

    /// No client is held any more.
    async fn is_released(&self) -> bool {
        let query =
            "select count(*) from transhume.deviation where side = 'application' and undone_at is null";
        for url in [&self.site.source_url, &self.site.target_url] {
            let Ok(client) = connect(url).await else {
                return false;
            };
            // One of them has no such schema, where there is no way back.
            if let Ok(row) = client.query_one(query, &[]).await
                && row.get::<_, i64>(0) > 0
            {
                return false;
            }
        }
        true
    }
}
