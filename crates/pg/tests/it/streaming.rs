//! The replication stream against a real walsender.

use std::time::Duration;

use transhume_demo::cluster::{Cluster, ClusterOptions};
use transhume_pg::{
    connection::{
        raw::{Mode, RawConnection},
        session::Session,
    },
    follow::stream::{ReplicationStream, StreamOptions},
};
use transhume_testkit::server::{self, EVERYDAY_MAJOR};
use transhume_wire::{
    lsn::Lsn,
    pgoutput::{self, Message},
    replication::{ServerMessage, SlotLife, SlotSnapshot, StandbyStatus, create_slot},
};

use crate::connecting::settings;

fn logical_server() -> Cluster {
    server::start(ClusterOptions::new(server::server(EVERYDAY_MAJOR)).setting("wal_level", "logical"))
}

async fn stream(cluster: &Cluster, session: &Session, options: StreamOptions) -> ReplicationStream {
    session
        .batch_execute(
            "CREATE TABLE public.t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE public.t",
        )
        .await
        .unwrap();
    let settings = settings(&cluster.url("postgres"));
    let mut raw = RawConnection::connect(&settings, "transhume:test:stream", Mode::Replication)
        .await
        .unwrap();
    let rows = raw
        .simple_query(&create_slot("s", SlotSnapshot::Export, SlotLife::Server))
        .await
        .unwrap();
    assert_eq!(rows[0][0].as_deref(), Some("s"));
    raw.start_replication("s", Lsn::ZERO, &["p"], options)
        .await
        .unwrap()
}

async fn next_message(stream: &mut ReplicationStream) -> Message {
    loop {
        let next = tokio::time::timeout(Duration::from_secs(30), stream.next()).await;
        if let ServerMessage::Data { data, .. } = next.expect("the stream brings something").unwrap() {
            return pgoutput::decode(data).unwrap();
        }
    }
}

#[tokio::test]
async fn a_committed_row_comes_through_and_its_end_is_confirmed() {
    let cluster = logical_server();
    let session = Session::connect(&settings(&cluster.url("postgres")), "transhume:test:writer")
        .await
        .unwrap();
    let mut stream = stream(&cluster, &session, StreamOptions::default()).await;
    session
        .execute("INSERT INTO public.t VALUES (1, 'one')", &[])
        .await
        .unwrap();
    assert!(matches!(next_message(&mut stream).await, Message::Begin(_)));
    assert!(matches!(next_message(&mut stream).await, Message::Relation(_)));
    assert!(matches!(next_message(&mut stream).await, Message::Insert { .. }));
    let Message::Commit(commit) = next_message(&mut stream).await else {
        panic!("no commit")
    };
    let end = commit.end_lsn;
    stream
        .send_status(StandbyStatus {
            written: end,
            flushed: end,
            applied: end,
        })
        .await
        .unwrap();
    let confirmed = "SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE confirmed_flush_lsn >= $1::text::pg_lsn";
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while session
        .query(confirmed, &[&end.to_string()])
        .await
        .unwrap()
        .is_empty()
    {
        assert!(
            std::time::Instant::now() < deadline,
            "the slot does not reach {end}"
        );
        tokio::task::yield_now().await;
    }
    stream.close().await.unwrap();
}

#[tokio::test]
async fn a_reader_that_is_dropped_while_it_waits_loses_nothing() {
    let cluster = logical_server();
    let session = Session::connect(&settings(&cluster.url("postgres")), "transhume:test:writer")
        .await
        .unwrap();
    let mut stream = stream(&cluster, &session, StreamOptions::default()).await;
    let write = "INSERT INTO public.t SELECT n, repeat('x', 100) FROM generate_series(1, 50000) AS n";
    let mut inserted = 0;
    let mut behind = false;
    let mut writing = std::pin::pin!(session.execute(write, &[]));
    let mut written = false;
    loop {
        tokio::select! {
            biased;
            () = tokio::task::yield_now() => {}
            rows = &mut writing, if !written => { assert_eq!(rows.unwrap(), 50_000); written = true }
        }
        let Ok(next) = tokio::time::timeout(Duration::from_micros(100), stream.next()).await else {
            continue;
        };
        behind |= stream.is_dense();
        let ServerMessage::Data { data, .. } = next.unwrap() else {
            continue;
        };
        match pgoutput::decode(data).unwrap() {
            Message::Insert { .. } => inserted += 1,
            Message::Commit(_) => break,
            _ => {}
        }
    }
    assert_eq!(inserted, 50_000);
    assert!(behind && stream.bytes_received() > 5_000_000);
}

#[tokio::test]
async fn a_server_that_falls_silent_is_asked_and_then_given_up() {
    let cluster = logical_server();
    let session = Session::connect(&settings(&cluster.url("postgres")), "transhume:test:writer")
        .await
        .unwrap();
    let short = Duration::from_millis(300);
    let options = StreamOptions {
        quiet_before_asking: short,
        quiet_before_lost: short * 4,
        ..StreamOptions::default()
    };
    let mut stream = stream(&cluster, &session, options).await;
    // Asked, a living server answers: more than the deadline goes by.
    let started = std::time::Instant::now();
    while started.elapsed() < short * 8 {
        assert!(matches!(
            stream.next().await.unwrap(),
            ServerMessage::Keepalive { .. }
        ));
    }
    // One that is stopped in the middle of its work is taken for busy.
    let waiting = "select count(*) from pg_stat_activity where pid = $1 and wait_event is not null";
    let is_waiting = async || {
        session
            .query_one(waiting, &[&stream.connection().backend_pid()])
            .await
    };
    let end = std::time::Instant::now() + Duration::from_secs(10);
    while is_waiting().await.unwrap().get::<_, i64>(0) == 0 {
        assert!(std::time::Instant::now() < end, "the walsender is never idle");
    }
    let pid = rustix::process::Pid::from_raw(stream.connection().backend_pid()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let lost = loop {
        if let Err(error) = stream.next().await {
            break error;
        }
    };
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    assert!(lost.to_string().contains("silent"), "{lost}");
}

#[tokio::test]
async fn an_error_of_the_walsender_is_reported_as_the_servers() {
    let cluster = logical_server();
    let settings = settings(&cluster.url("postgres"));
    let raw = RawConnection::connect(&settings, "transhume:test:stream", Mode::Replication)
        .await
        .unwrap();
    let error = raw
        .start_replication("missing", Lsn::ZERO, &["p"], StreamOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.sqlstate(), Some("42704"), "{error}");
}
