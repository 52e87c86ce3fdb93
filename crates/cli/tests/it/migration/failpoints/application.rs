//! An application behind PgBouncer, and probers that try to write on both servers all the time.
//!
//! Whatever a server acknowledges is remembered with the moments before and after, and held against the databases
//! afterwards. The prober of the source asks for a read-write transaction, whatever the database's default is; that of
//! the target writes only where the target says that it is open, since before that it is the migration's.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::JoinHandle};
use tokio_postgres::{Client, SimpleQueryMessage};
use transhume_testkit::connection::connect;

pub(super) const SCHEMA: &str = "
    create table purchase (id bigint generated always as identity primary key, client int not null, step int not null,
        unique (client, step));
    create table account (id int primary key, balance int not null);
    create table probe (id bigint generated always as identity primary key, written_on int not null);
    insert into account select n, 0 from generate_series(1, 50) n;
    grant select, insert, update on purchase, account to app with grant option;
    grant insert on probe to app; grant select on probe to app;
";

const CLIENTS: i32 = 3;

/// Rest after each transaction: the servers need some of the cores too.
const REST: Duration = Duration::from_millis(15);

/// A client that hangs for this long at a server is given up, and asks anew.
const PATIENCE: Duration = Duration::from_secs(20);

const PROBE_TARGET: &str = "begin read write; insert into probe (written_on) select inet_server_port() \
                            where (select phase from transhume.migration) = 'done' returning id, written_on; commit";

const PROBE_SOURCE: &str = "begin read write; insert into probe (written_on) select inet_server_port() \
                            returning id, written_on; commit";

/// An acknowledged commit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Write {
    pub(super) table: &'static str,
    pub(super) id: i64,
    /// The port of the server that it was written on.
    pub(super) side: u16,
    pub(super) began: Instant,
    pub(super) ended: Instant,
}

pub(super) struct Application {
    stop: watch::Sender<bool>,
    writes: Arc<Mutex<Vec<Write>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Application {
    /// `first_step` is beyond all steps of an earlier one.
    pub(super) fn start(pooler: &str, source: &str, target: &str, first_step: i32) -> Self {
        let (stop, is_over) = watch::channel(false);
        let writes = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        let mut begin =
            |url: &str, table: &'static str, statement: Box<dyn Fn(i32) -> String + Send + Sync>| {
                let (url, is_over, writes) = (url.to_owned(), is_over.clone(), Arc::clone(&writes));
                tasks.push(tokio::spawn(async move {
                    write_on(&url, table, &statement, first_step, (&is_over, &writes)).await;
                }));
            };
        for client in 0..CLIENTS {
            begin(pooler, "purchase", Box::new(move |step| buy(client, step)));
        }
        begin(&as_app(source), "probe", Box::new(|_| PROBE_SOURCE.to_owned()));
        begin(&as_app(target), "probe", Box::new(|_| PROBE_TARGET.to_owned()));
        Self { stop, writes, tasks }
    }

    /// Waits until the application itself has written this often on a side, from now on.
    pub(super) async fn wait_for(&self, side: u16, more: usize) {
        let began = Instant::now();
        let end = began + PATIENCE * 4;
        loop {
            let on_side =
                |write: &&Write| write.table == "purchase" && write.side == side && write.began > began;
            let count = self
                .writes
                .lock()
                .expect("no one panics")
                .iter()
                .filter(on_side)
                .count();
            if count >= more {
                return;
            }
            assert!(
                Instant::now() < end,
                "the application wrote {count} of {more} times on {side}"
            );
            tokio::time::sleep(REST).await;
        }
    }

    pub(super) async fn end(self) -> Vec<Write> {
        self.stop.send_replace(true);
        for task in self.tasks {
            task.await.expect("a client ends in order");
        }
        Arc::try_unwrap(self.writes)
            .expect("all have ended")
            .into_inner()
            .expect("no one panics")
    }
}

fn as_app(url: &str) -> String {
    url.replacen("postgres@", "app@", 1)
}

fn buy(client: i32, step: i32) -> String {
    format!(
        "begin; update account set balance = balance + 1 where id = {client} + 1; \
         insert into purchase (client, step) values ({client}, {step}) returning id, inet_server_port(); commit"
    )
}

async fn write_on(
    url: &str,
    table: &'static str,
    statement: &(dyn Fn(i32) -> String + Send + Sync),
    first_step: i32,
    (is_over, writes): (&watch::Receiver<bool>, &Mutex<Vec<Write>>),
) {
    let mut session: Option<Client> = None;
    let mut step = first_step;
    while !*is_over.borrow() {
        step += 1;
        if session.is_none() {
            session = tokio::time::timeout(PATIENCE, connect(url))
                .await
                .ok()
                .and_then(Result::ok);
        }
        let Some(client) = &session else {
            tokio::time::sleep(REST).await;
            continue;
        };
        let began = Instant::now();
        let asking = tokio::time::timeout(PATIENCE, client.simple_query(&statement(step))).await;
        match asking.ok().and_then(Result::ok) {
            Some(messages) => {
                writes
                    .lock()
                    .expect("no one panics")
                    .extend(told(&messages).map(|(id, side)| {
                        let ended = Instant::now();
                        Write {
                            table,
                            id,
                            side,
                            began,
                            ended,
                        }
                    }));
            }
            // Whether it was committed is not known: it was not promised.
            None => session = None,
        }
        tokio::time::sleep(REST).await;
    }
}

fn told(messages: &[SimpleQueryMessage]) -> impl Iterator<Item = (i64, u16)> {
    messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((row.get(0)?.parse().ok()?, row.get(1)?.parse().ok()?)),
        _ => None,
    })
}

/// What was written on the side that is left after something was acknowledged on the other: both were open.
pub(super) fn both_open(writes: &[Write], from: u16, to: u16) -> Vec<String> {
    let on = |side: u16| writes.iter().filter(move |write| write.side == side);
    let Some(first) = on(to).min_by_key(|write| write.ended) else {
        return Vec::new();
    };
    on(from)
        .filter(|write| write.began > first.ended)
        .map(|write| format!("{write:?} was acknowledged after {first:?}"))
        .collect()
}
