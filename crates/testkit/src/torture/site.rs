//! Where a round happens: two servers, a proxy before each, the program between them, and who asks the servers
//! past the proxies.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use tokio_postgres::SimpleQueryMessage;
use transhume_demo::cluster::{Cluster, ClusterOptions};

use super::{
    faults::Side,
    reading::{Outcome, told},
};
use crate::{
    connection::connect,
    program::{Program, Running},
    proxy::Proxy,
    server::{EVERYDAY_MAJOR, client_programs, server, start},
};

/// What a healed pair needs, with room for a machine that does other things too.
pub(super) const DEADLINE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);

/// More memory than this is a leak: a debug build of the program takes some tens of megabytes (kilobytes here).
const MEMORY_LIMIT_KB: u64 = 400_000;

/// What changes as long as a migration comes on.
const PROGRESS: &str = "SELECT pg_catalog.concat_ws(' ', m.phase, f.lsn, \
                        (SELECT pg_catalog.count(*) FROM transhume.part WHERE done_at IS NOT NULL), \
                        (SELECT pg_catalog.count(*) FROM transhume.build WHERE done_at IS NOT NULL), \
                        (SELECT pg_catalog.count(*) FROM transhume.archive_item)) \
                        FROM transhume.migration AS m CROSS JOIN transhume.frontier AS f";

/// It was stopped by a signal of ours, or it could not do something: a run that ends so is started again.
const EXITS_TO_GO_ON_AFTER: [Option<i32>; 3] = [None, Some(2), Some(130)];

pub(super) struct Site {
    source: Cluster,
    target: Cluster,
    proxies: [Proxy; 2],
    urls: [String; 2],
    pub(super) program: Program,
    sends_in_progress: bool,
    running: Option<Running>,
    /// SIGTERM was sent to the one that runs: it ends well then.
    is_terminated: bool,
}

impl Site {
    pub(super) async fn start(program: &Path, sends_in_progress: bool) -> Outcome<Self> {
        // The least that a server takes, or what it has by itself.
        let memory = if sends_in_progress { "64kB" } else { "64MB" };
        let options = || {
            ClusterOptions::new(server(EVERYDAY_MAJOR))
                .setting("wal_receiver_timeout", "10s")
                .setting("logical_decoding_work_mem", memory)
        };
        let (source, target) = (start(options()), start(options()));
        for cluster in [&source, &target] {
            let client = told(connect(&cluster.url("postgres")).await)?;
            told(client.batch_execute("CREATE DATABASE torture").await)?;
        }
        let proxies = [
            Proxy::start(source.port()).await,
            Proxy::start(target.port()).await,
        ];
        let urls = [source.url("torture"), target.url("torture")];
        let program = Program::new(
            program,
            client_programs(EVERYDAY_MAJOR),
            proxies[0].through(&urls[0]),
            proxies[1].through(&urls[1]),
        );
        Ok(Self {
            source,
            target,
            proxies,
            urls,
            program,
            sends_in_progress,
            running: None,
            is_terminated: false,
        })
    }

    /// Past the proxy.
    pub(super) fn url(&self, side: Side) -> &str {
        &self.urls[side as usize]
    }

    pub(super) fn proxy(&self, side: Side) -> &Proxy {
        &self.proxies[side as usize]
    }

    pub(super) fn server(&mut self, side: Side) -> &mut Cluster {
        match side {
            Side::Source => &mut self.source,
            Side::Target => &mut self.target,
        }
    }

    /// The first column of each row, as text.
    pub(super) async fn ask(&self, side: Side, query: &str) -> Outcome<Vec<String>> {
        let client = told(connect(self.url(side)).await)?;
        let messages = told(client.simple_query(query).await)?;
        let text = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        };
        Ok(messages.iter().filter_map(text).collect())
    }

    /// Until the server, which may have to recover first, has answered.
    pub(super) async fn ask_until_done(&self, side: Side, query: &str) -> Outcome<Vec<String>> {
        let end = Instant::now() + DEADLINE;
        loop {
            match self.ask(side, query).await {
                Err(error) if Instant::now() > end => return Err(format!("{error} in: {query}")),
                Err(_) => tokio::time::sleep(POLL).await,
                answer => return answer,
            }
        }
    }

    /// Waits until a query of the target says `true`; the tool is kept running meanwhile.
    pub(super) async fn until(&mut self, what: &str, query: &str) -> Outcome {
        self.until_at(Side::Target, what, query).await
    }

    /// Gives up only once nothing has moved for a while: a slow machine is no broken rule.
    pub(super) async fn until_at(&mut self, side: Side, what: &str, query: &str) -> Outcome {
        let mut end = Instant::now() + DEADLINE;
        let mut moved = String::new();
        loop {
            self.keep_running()?;
            let progress = self.ask(side, PROGRESS).await.unwrap_or_default().concat();
            if progress != moved {
                moved = progress;
                end = Instant::now() + DEADLINE;
            }
            let answer = self.ask(side, query).await;
            if answer
                .as_ref()
                .is_ok_and(|rows| rows.first().is_some_and(|first| first == "true"))
            {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(format!("waited in vain until {what}; last seen: {answer:?}"));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Starts the tool where it does not run. One that ended by itself with another code than a passing trouble's
    /// has found something wrong, which nobody planted.
    pub(super) fn keep_running(&mut self) -> Outcome {
        if let Some(running) = &mut self.running {
            match running.ended() {
                None => return memory_within_limit(running.process()),
                Some(status) if EXITS_TO_GO_ON_AFTER.contains(&status.code()) => {}
                Some(status) if status.success() && self.is_terminated => {}
                Some(status) => return Err(format!("the tool ended by itself ({status})")),
            }
        }
        // Also what is written before its commit.
        let arguments: &[&str] = if self.sends_in_progress {
            &["run", "--early-from", "1B"]
        } else {
            &["run"]
        };
        self.running = Some(self.program.begin(arguments, &[]));
        self.is_terminated = false;
        Ok(())
    }

    /// The tool's, while it runs.
    pub(super) fn process(&self) -> Option<u32> {
        self.running.as_ref().map(Running::process)
    }

    pub(super) fn kill_tool(&mut self) {
        self.running = None;
    }

    pub(super) fn signal_tool(&mut self, name: &str) {
        self.is_terminated |= name == "TERM";
        if let Some(running) = &self.running {
            running.signal(name);
        }
    }

    /// Waits for its good end, as after a cutover; a signal of ours may have come first.
    pub(super) async fn tool_ends(&mut self) -> Outcome {
        let end = Instant::now() + DEADLINE;
        while let Some(running) = &mut self.running {
            match running.ended() {
                Some(status) if status.success() || EXITS_TO_GO_ON_AFTER.contains(&status.code()) => {
                    self.running = None;
                }
                Some(status) => return Err(format!("the tool ended with {status} after the cutover")),
                None if Instant::now() > end => return Err("the tool goes on after the cutover".to_owned()),
                None => tokio::time::sleep(POLL).await,
            }
        }
        Ok(())
    }

    /// Both servers' and the tool's last words.
    pub(super) fn last_words(&self) -> String {
        let shorten = |text: String| {
            text.lines()
                .rev()
                .take(12)
                .map(|line| format!("    {line}\n"))
                .collect::<Vec<_>>()
        };
        let in_order = |text: String| shorten(text).into_iter().rev().collect::<String>();
        format!(
            "the tool:\n{}\nthe source:\n{}the target:\n{}",
            self.program.log_tail(),
            in_order(self.source.log_tail()),
            in_order(self.target.log_tail())
        )
    }
}

/// What a process holds, while it lives.
pub(super) fn memory_kb(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    resident.trim().trim_end_matches("kB").trim().parse().ok()
}

fn memory_within_limit(process: u32) -> Outcome {
    match memory_kb(process) {
        Some(kilobytes) if kilobytes > MEMORY_LIMIT_KB => {
            Err(format!("the tool holds {kilobytes} kB of memory"))
        }
        _ => Ok(()),
    }
}
