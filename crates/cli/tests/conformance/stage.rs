//! One scenario's databases, sessions and program; takes its steps one after the other.

use std::{collections::HashMap, path::Path, time::Duration};

use tokio_postgres::Client;
use transhume_demo::cluster::Cluster;
use transhume_testkit::{
    connection::{connect, connect_canonical, describe},
    pair::{Pair, Side},
    program::{Program, Running},
    server::EVERYDAY_MAJOR,
};

use crate::{
    expectation,
    scenario::{Action, Scenario, Step},
    servers::{self, Shared},
};

/// Generous: a debug build on a busy machine of two cores needs seconds for each wait.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);
/// Between two looks at a condition.
const POLL: Duration = Duration::from_millis(25);

pub(crate) type Outcome<T = ()> = Result<T, String>;

pub(crate) struct Stage {
    pub(crate) program: Program,
    pub(crate) running: Option<Running>,
    urls: [String; 2],
    pair: Option<Pair>,
    sessions: HashMap<(Side, String), Client>,
}

impl Stage {
    /// Makes the databases.
    pub(crate) async fn set(name: &str, scenario: &Scenario, shared: &Shared) -> Outcome<Self> {
        let own = scenario.needs_own_servers().then(|| {
            let (source, target) = scenario.majors.unwrap_or((EVERYDAY_MAJOR, EVERYDAY_MAJOR));
            servers::start(source, target)
        });
        let pair = own.as_ref().unwrap_or_else(|| shared.pair());
        for (cluster, options) in [&pair.source, &pair.target].into_iter().zip(&scenario.database) {
            let client = connect(&cluster.url("postgres"))
                .await
                .map_err(|error| describe(&error))?;
            // From template0: nobody is ever connected to it.
            let create = format!("CREATE DATABASE \"{name}\" TEMPLATE template0 {options}");
            client
                .batch_execute(&create)
                .await
                .map_err(|error| describe(&error))?;
        }
        let program = Program::new(
            Path::new(env!("CARGO_BIN_EXE_transhume")),
            pair.client_programs(),
            pair.source.url(name),
            pair.target.url(name),
        );
        Ok(Self {
            program,
            running: None,
            urls: [pair.source.url(name), pair.target.url(name)],
            pair: own,
            sessions: HashMap::new(),
        })
    }

    /// As the superuser, whoever the program logs in as.
    pub(crate) fn url(&self, side: Side) -> &str {
        &self.urls[side as usize]
    }

    pub(crate) async fn take(&mut self, step: &Step) -> Outcome {
        match &step.action {
            Action::Execute {
                side,
                session,
                statements,
            } => self.execute(*side, session, statements).await,
            Action::Start(arguments) => {
                self.begin(arguments);
                Ok(())
            }
            Action::Run(arguments) => {
                self.begin(arguments);
                let follows = "select phase = 'follow' from transhume.migration";
                self.until_on_target("it follows", follows).await
            }
            Action::LogInAs(role) => {
                for url in [&mut self.program.source_url, &mut self.program.target_url] {
                    *url = url.replacen("//postgres@", &format!("//{role}@"), 1);
                }
                Ok(())
            }
            Action::Kill => {
                self.running = None;
                Ok(())
            }
            Action::Restart(side) => self.server(*side)?.restart().map_err(|error| error.to_string()),
            Action::Crash(side) => {
                let server = self.server(*side)?;
                server.kill_postmaster();
                server.start_again().map_err(|error| error.to_string())
            }
            expectation => expectation::check(self, expectation).await,
        }
    }

    fn begin(&mut self, arguments: &[String]) {
        let mut all = vec!["run"];
        all.extend(arguments.iter().map(String::as_str));
        // The one before is gone first, as an operator's would be.
        self.running = None;
        self.running = Some(self.program.begin(&all, &[]));
    }

    fn server(&mut self, side: Side) -> Outcome<&mut Cluster> {
        let pair = self.pair.as_mut().ok_or("shared servers are not stopped")?;
        Ok(pair.server_mut(side))
    }

    async fn execute(&mut self, side: Side, session: &str, statements: &[String]) -> Outcome {
        let key = (side, session.to_owned());
        if self.sessions.get(&key).is_none_or(Client::is_closed) {
            let client = connect(self.url(side)).await.map_err(|error| describe(&error))?;
            self.sessions.insert(key.clone(), client);
        }
        let client = self.sessions.get(&key).ok_or("the session is there")?;
        for statement in statements {
            client
                .batch_execute(statement)
                .await
                .map_err(|error| format!("{}\nin: {statement}", describe(&error)))?;
        }
        Ok(())
    }

    /// Waits until a query of one boolean on the target says true, while the run goes on.
    pub(crate) async fn until_on_target(&mut self, what: &str, query: &str) -> Outcome {
        let end = tokio::time::Instant::now() + DEADLINE;
        loop {
            let state = match connect_canonical(self.url(Side::Target)).await {
                Ok(client) => self.poll(&client, query, end).await?,
                Err(error) => describe(&error),
            };
            if state.is_empty() {
                return Ok(());
            }
            if let Some(status) = self.running.as_mut().and_then(Running::exit_status) {
                return Err(format!("the run ended ({status}) before {what}"));
            }
            if tokio::time::Instant::now() > end {
                return Err(format!("waited in vain until {what}; last seen: {state}"));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Asks until it is true (an empty text), the run ended, or time is up.
    async fn poll(&mut self, client: &Client, query: &str, end: tokio::time::Instant) -> Outcome<String> {
        loop {
            let state = match client.query_one(query, &[]).await {
                Ok(row) if row.get(0) => return Ok(String::new()),
                Ok(_) => "false".to_owned(),
                Err(error) => describe(&error),
            };
            let ended = self
                .running
                .as_mut()
                .is_some_and(|running| running.exit_status().is_some());
            if ended || client.is_closed() || tokio::time::Instant::now() > end {
                return Ok(state);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Leaves the shared servers without a slot of this database, which would keep their WAL.
    pub(crate) async fn clear(mut self) -> Outcome {
        self.running = None;
        let source = connect(self.url(Side::Source))
            .await
            .map_err(|error| describe(&error))?;
        let drop = "select pg_drop_replication_slot(slot_name) from pg_replication_slots \
                    where database = current_database() and not active";
        source.batch_execute(drop).await.map_err(|error| describe(&error))
    }

    /// A failure with all that explains it.
    pub(crate) fn tell(&self, path: &Path, step: &Step, error: &str) -> String {
        format!(
            "{}:{}, case \"{}\": {error}\nthe log of the program:\n{}",
            path.display(),
            step.line,
            step.case,
            self.program.log_tail()
        )
    }
}
