//! Who writes: each again and again, on a new session where the last one was refused something.

use std::{
    collections::BTreeMap,
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    sync::watch,
    task::JoinHandle,
};
use tokio_postgres::{Client, SimpleQueryMessage};
use transhume_testkit::{
    connection::{connect, describe},
    server::{EVERYDAY_MAJOR, client_programs},
};

/// How a writer reaches the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Session,
    /// Under a name that our own sessions have.
    Lookalike,
    /// psql on a walsender of the database.
    Walsender,
    Pooler,
    /// From another database of the source, by a session that the source opens itself.
    Dblink,
    /// To the publisher that the source subscribes to.
    Publisher,
}

/// One who writes again and again, each time on a connection of his own where the last one failed.
pub(super) struct Hostile {
    pub(super) name: &'static str,
    role: &'static str,
    pub(super) way: Way,
    /// Sent line by line. With `{n}` for the number of the round; a number that it returns is what was promised, else that one is.
    statement: &'static str,
    /// Every row that was promised must be found there on the target.
    pub(super) rows: &'static str,
}

pub(super) const HOSTILE: [Hostile; 17] = [
    Hostile {
        name: "superuser",
        role: "postgres",
        way: Way::Session,
        statement: "insert into by_superuser values ({n})",
        rows: "select n from by_superuser",
    },
    Hostile {
        name: "table owner who asks to write",
        role: "owner",
        way: Way::Session,
        statement: "begin read write; insert into by_owner values ({n}); commit",
        rows: "select n from by_owner",
    },
    Hostile {
        name: "autocommit loop",
        role: "app",
        way: Way::Session,
        statement: "insert into by_app values ({n})",
        rows: "select n from by_app",
    },
    Hostile {
        name: "COPY",
        role: "postgres",
        way: Way::Session,
        statement: "copy by_copy from program 'seq -f \"{n}\t%g\" 200'",
        rows: "select n from by_copy group by n having count(*) = 200",
    },
    Hostile {
        name: "TRUNCATE",
        role: "app",
        way: Way::Session,
        statement: "begin read write; truncate by_truncate; insert into by_truncate values ({n}); commit",
        // The last one replaces all others.
        rows: "select generate_series(1, max(n)) from by_truncate",
    },
    Hostile {
        name: "nextval",
        role: "app",
        way: Way::Session,
        statement: "begin read write; select nextval('numbers'); commit",
        // None that was given out may come again.
        rows: "select generate_series(1, last_value - 1) from numbers",
    },
    Hostile {
        name: "DDL",
        role: "owner",
        way: Way::Session,
        statement: "begin; create table made_{n} (n int); drop table made_{n}; commit",
        rows: "select generate_series(1, 100000)",
    },
    Hostile {
        name: "vacuum",
        role: "postgres",
        way: Way::Session,
        statement: "vacuum (analyze) by_app",
        rows: "select generate_series(1, 100000)",
    },
    Hostile {
        name: "lo_create",
        role: "app",
        way: Way::Session,
        statement: "begin; select lo_create(0); commit",
        rows: "select oid::bigint from pg_largeobject_metadata",
    },
    Hostile {
        name: "superuser under our name",
        role: "postgres",
        way: Way::Lookalike,
        statement: "insert into by_lookalike values ({n})",
        rows: "select n from by_lookalike",
    },
    Hostile {
        name: "walsender that runs SQL",
        role: "postgres",
        way: Way::Walsender,
        statement: "insert into by_walsender values ({n})",
        rows: "select n from by_walsender",
    },
    Hostile {
        name: "session of the pooler",
        role: "postgres",
        way: Way::Pooler,
        statement: "insert into by_pooled values ({n})",
        rows: "select n from by_pooled",
    },
    Hostile {
        name: "session that the source opens itself",
        role: "postgres",
        way: Way::Dblink,
        statement: "select dblink_exec('{url}', 'insert into public.by_dblink values ({n})')::text",
        rows: "select n from by_dblink",
    },
    Hostile {
        name: "function of another's rights",
        role: "app",
        way: Way::Session,
        statement: "select write_as_definer({n})",
        rows: "select n from by_definer",
    },
    Hostile {
        name: "two phases",
        role: "postgres",
        way: Way::Session,
        statement: "begin; insert into by_two_phases values ({n}); prepare transaction 'of {n}'\n\
                    commit prepared 'of {n}'",
        rows: "select n from by_two_phases",
    },
    Hostile {
        name: "advisory lock and NOTIFY",
        role: "app",
        way: Way::Session,
        statement: "listen heard\n\
                    begin; select pg_advisory_xact_lock(7); insert into by_listener values ({n}); notify heard; commit",
        rows: "select n from by_listener",
    },
    Hostile {
        name: "subscription",
        role: "postgres",
        way: Way::Publisher,
        statement: "insert into fed values ({n})",
        // What has not come is kept by the publisher for the new side; what has come is compared as a whole.
        rows: "select generate_series(1, 100000)",
    },
];

/// Where they connect.
pub(super) struct Places {
    pub(super) source: String,
    /// Another database of the source's server.
    pub(super) beside: String,
    pub(super) pooler: String,
    pub(super) publisher: String,
}

impl Places {
    fn of(&self, hostile: &Hostile) -> String {
        let source = self
            .source
            .replacen("postgres@", &format!("{}@", hostile.role), 1);
        match hostile.way {
            Way::Session => source,
            Way::Lookalike => format!("{source}?application_name=transhume:0123abcd:apply"),
            Way::Walsender => format!("{source}?replication=database"),
            Way::Pooler => self.pooler.clone(),
            Way::Dblink => self.beside.clone(),
            Way::Publisher => self.publisher.clone(),
        }
    }
}

/// What became of one of them.
#[derive(Debug, Default, Clone)]
pub(super) struct Outcome {
    pub(super) promised: Vec<i64>,
    pub(super) refusals: Vec<String>,
}

pub(super) struct Crowd {
    stop: watch::Sender<bool>,
    outcomes: Arc<Mutex<BTreeMap<&'static str, Outcome>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Crowd {
    pub(super) fn start(places: &Places) -> Self {
        let (stop, is_over) = watch::channel(false);
        let outcomes = Arc::new(Mutex::new(BTreeMap::new()));
        let tasks = HOSTILE.iter().map(|hostile| {
            let (url, source) = (places.of(hostile), places.source.clone());
            let (is_over, outcomes) = (is_over.clone(), Arc::clone(&outcomes));
            tokio::spawn(async move { write(hostile, &url, &source, &is_over, &outcomes).await })
        });
        Self {
            tasks: tasks.collect(),
            stop,
            outcomes,
        }
    }

    fn so_far(&self) -> BTreeMap<&'static str, Outcome> {
        self.outcomes.lock().expect("no one panics").clone()
    }

    /// Waits until each of them fulfils a condition.
    pub(super) async fn wait_for(&self, what: &str, fulfilled: impl Fn(&Hostile, &Outcome) -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let outcomes = self.so_far();
            let lacking: Vec<_> = HOSTILE
                .iter()
                .filter(|hostile| {
                    let outcome = outcomes.get(hostile.name);
                    !outcome.is_some_and(|outcome| fulfilled(hostile, outcome))
                })
                .map(|hostile| hostile.name)
                .collect();
            if lacking.is_empty() {
                return;
            }
            assert!(Instant::now() < end, "no {what} of {lacking:?}: {outcomes:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(super) async fn end(self) -> BTreeMap<&'static str, Outcome> {
        self.stop.send_replace(true);
        for task in self.tasks {
            task.await.expect("it ends in order");
        }
        self.outcomes.lock().expect("no one panics").clone()
    }
}

async fn write(
    hostile: &Hostile,
    url: &str,
    source: &str,
    is_over: &watch::Receiver<bool>,
    outcomes: &Mutex<BTreeMap<&'static str, Outcome>>,
) {
    let mut session = None;
    let mut number = 0;
    while !*is_over.borrow() {
        number += 1;
        if session.is_none() {
            session = Talk::begin(hostile.way, url).await;
        }
        let Some(talk) = &mut session else { continue };
        let statement = hostile
            .statement
            .replace("{n}", &number.to_string())
            .replace("{url}", source);
        let answer = talk.say(&statement).await;
        let is_refused = answer.is_err();
        outcomes
            .lock()
            .expect("no one panics")
            .entry(hostile.name)
            .or_default()
            .note(number, answer);
        if is_refused {
            session = None;
            // A read-only session may still make large objects, and nobody can forbid it.
            if hostile.name == "lo_create" {
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl Outcome {
    fn note(&mut self, number: i64, answer: Result<Option<i64>, String>) {
        match answer {
            Ok(returned) => self.promised.push(returned.unwrap_or(number)),
            Err(refusal) => self.refusals.push(refusal),
        }
    }
}

/// A session that stays until it is refused something.
enum Talk {
    Driver(Client),
    /// The driver speaks with no walsender; psql does.
    Psql {
        child: Child,
        answers: Lines<BufReader<ChildStdout>>,
    },
}

impl Talk {
    async fn begin(way: Way, url: &str) -> Option<Self> {
        if way != Way::Walsender {
            return connect(url).await.ok().map(Self::Driver);
        }
        let mut child = Command::new(client_programs(EVERYDAY_MAJOR).join("psql"))
            .args(["--no-psqlrc", "--set=ON_ERROR_STOP=1", "--dbname", url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("psql starts");
        let answers = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Some(Self::Psql { child, answers })
    }

    /// The number that came back, where one did.
    async fn say(&mut self, statements: &str) -> Result<Option<i64>, String> {
        match self {
            Self::Driver(client) => {
                let mut returned = None;
                for statement in statements.lines() {
                    let messages = client.simple_query(statement).await;
                    let messages = messages.map_err(|error| describe(&error))?;
                    returned = returned.or(messages.iter().find_map(|message| match message {
                        SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
                        _ => None,
                    }));
                }
                Ok(returned)
            }
            Self::Psql { child, answers } => {
                let ended = || "psql has ended".to_owned();
                let input = child.stdin.as_mut().ok_or_else(ended)?;
                let statement = format!("{statements};\n");
                input.write_all(statement.as_bytes()).await.map_err(|_| ended())?;
                match answers.next_line().await {
                    Ok(Some(_)) => Ok(None),
                    _ => Err(ended()),
                }
            }
        }
    }
}
