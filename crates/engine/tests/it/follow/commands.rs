//! Hold, advance, release, stop and markers, asked for by another session.

use std::time::Duration;

use transhume_core::command::Command;
use transhume_engine::follow::{EndReason, Until};
use transhume_pg::{
    connection::session::Session,
    follow::marker,
    state::command::{self, Answer},
};
use transhume_wire::lsn::Lsn;

use super::bench::Bench;

const LIVES: Option<Duration> = Some(Duration::from_secs(60));
const WAIT: Duration = Duration::from_secs(60);

async fn ask(session: &mut Session, command: Command) -> Answer {
    let id = command::request(session, command, LIVES).await.unwrap();
    command::await_answer(session, id, WAIT).await.unwrap()
}

fn lsn_of(answer: &Answer) -> Lsn {
    match answer {
        Answer::Active(text) | Answer::Done(text) => text.parse().unwrap(),
        other => panic!("answered {other:?}"),
    }
}

async fn asking(bench: &Bench) -> Session {
    Session::connect(&bench.endpoints.target, "asking").await.unwrap()
}

#[tokio::test]
async fn a_hold_stands_an_advance_goes_exactly_so_far_and_a_release_goes_on() {
    let bench = Bench::new("create table public.t (id int primary key)").await;
    let running = bench.start(Until::Cancelled).await;
    let mut asking = asking(&bench).await;
    bench.run("insert into t values (1)").await;
    bench.wait_on_target("select count(*) from public.t", "1").await;

    let held_at = lsn_of(&ask(&mut asking, Command::Hold).await);
    bench.run("insert into t values (2)").await;
    let between = bench.source_end().await;
    bench.run("insert into t values (3)").await;
    assert_eq!(bench.on_target("select count(*) from public.t").await, "1");
    let row = bench.on_target("select lsn::text from transhume.frontier").await;
    assert_eq!(row, held_at.to_string());

    lsn_of(&ask(&mut asking, Command::AdvanceTo(between)).await);
    assert_eq!(bench.on_target("select count(*) from public.t").await, "2");

    // Nothing commits up there yet, so only the WAL end can prove that all below is here.
    let end = bench.source_end().await;
    bench
        .run("select pg_logical_emit_message(false, 'test', 'x')")
        .await;
    lsn_of(&ask(&mut asking, Command::AdvanceTo(end)).await);
    assert_eq!(bench.on_target("select count(*) from public.t").await, "3");

    bench.run("insert into t values (4)").await;
    assert_eq!(
        ask(&mut asking, Command::Release).await,
        Answer::Done(String::new())
    );
    bench.wait_on_target("select count(*) from public.t", "4").await;
    running.cancel().await.unwrap();
}

#[tokio::test]
async fn a_hold_that_nobody_renews_ends_by_itself() {
    let bench = Bench::new("create table public.t (id int primary key)").await;
    let running = bench.start(Until::Cancelled).await;
    let mut asking = asking(&bench).await;
    let short = Duration::from_millis(1500);
    let id = command::request(&asking, Command::Hold, Some(short))
        .await
        .unwrap();
    lsn_of(&command::await_answer(&mut asking, id, WAIT).await.unwrap());

    bench.run("insert into t values (1)").await;
    bench.wait_on_target("select count(*) from public.t", "1").await;

    assert_eq!(
        command::read_answer(&asking, id).await.unwrap(),
        Answer::Withdrawn
    );
    running.cancel().await.unwrap();
}

/// A verification that is killed has renewed it for a long time ahead.
#[tokio::test]
async fn a_hold_does_not_outlive_the_session_that_asked() {
    let bench = Bench::new("create table public.t (id int primary key)").await;
    let mut dying = asking(&bench).await;
    lsn_of_held(&bench, &mut dying).await;
    bench.run("insert into t values (1)").await;
    let running = bench.start(Until::Cancelled).await;
    dying.close().await;

    let looked = std::time::Instant::now();
    bench.wait_on_target("select count(*) from public.t", "1").await;
    assert!(
        looked.elapsed() < LIVES.unwrap_or_default() / 2,
        "{:?}",
        looked.elapsed()
    );
    let states = "select string_agg(distinct state, ',') from transhume.command";
    assert_eq!(bench.on_target(states).await, "withdrawn");
    running.cancel().await.unwrap();
}

/// Held, and whoever applied is gone.
async fn lsn_of_held(bench: &Bench, asking: &mut Session) -> Lsn {
    let running = bench.start(Until::Cancelled).await;
    let held = lsn_of(&ask(asking, Command::Hold).await);
    running.cancel().await.unwrap();
    held
}

#[tokio::test]
async fn a_second_hold_and_an_advance_without_one_are_refused() {
    let bench = Bench::new("create table public.t (id int primary key)").await;
    let running = bench.start(Until::Cancelled).await;
    let mut asking = asking(&bench).await;

    assert!(matches!(
        ask(&mut asking, Command::AdvanceTo(Lsn(1))).await,
        Answer::Failed(_)
    ));
    lsn_of(&ask(&mut asking, Command::Hold).await);
    assert!(matches!(ask(&mut asking, Command::Hold).await, Answer::Failed(_)));
    running.cancel().await.unwrap();
}

#[tokio::test]
async fn a_hold_outlives_the_runner() {
    let bench = Bench::new("create table public.t (id int primary key)").await;
    let running = bench.start(Until::Cancelled).await;
    let mut asking = asking(&bench).await;
    lsn_of(&ask(&mut asking, Command::Hold).await);
    running.cancel().await.unwrap();
    bench.run("insert into t values (1)").await;
    let end = bench.source_end().await;
    bench
        .run("select pg_logical_emit_message(false, 'test', 'x')")
        .await;

    let running = bench.start(Until::Cancelled).await;
    let id = command::request(&asking, Command::AdvanceTo(end), LIVES)
        .await
        .unwrap();

    lsn_of(&command::await_answer(&mut asking, id, WAIT).await.unwrap());
    assert_eq!(bench.on_target("select count(*) from public.t").await, "1");
    running.cancel().await.unwrap();
}

#[tokio::test]
async fn a_stop_ends_it_in_order() {
    let bench = Bench::new("create table public.t (id int primary key)").await;
    let running = bench.start(Until::Cancelled).await;
    let mut asking = asking(&bench).await;

    assert_eq!(ask(&mut asking, Command::Stop).await, Answer::Done(String::new()));

    assert_eq!(running.ended().await.unwrap().reason, EndReason::Stopped);
}

#[tokio::test]
async fn markers_are_written_with_what_came_before_them() {
    let bench = Bench::new("create table public.t (id int primary key)").await;
    let running = bench.start(Until::Cancelled).await;
    bench.run("insert into t values (1)").await;
    marker::emit(&bench.source, "0123abcd", "n1").await.unwrap();
    marker::emit(&bench.source, "ffffffff", "n2").await.unwrap();

    let query = "select string_agg(nonce, ',') from transhume.marker";
    bench.wait_on_target(query, "n1").await;
    assert_eq!(bench.on_target("select count(*) from public.t").await, "1");
    running.cancel().await.unwrap();
}

/// As anybody may write them who may connect to the source.
#[tokio::test]
async fn markers_of_strangers_hold_up_nothing() {
    let bench = Bench::new("create table public.t (id int primary key)").await;
    let running = bench.start(Until::Cancelled).await;
    bench
        .target
        .batch_execute(
            "update transhume.migration set phase = 'cutover', fence_nonce = 'fence-fedcba9876543210'",
        )
        .await
        .unwrap();
    bench
        .run(
            "select pg_logical_emit_message(kind, 'transhume', convert_to('0123abcd:' || said, 'UTF8') || rest)
             from (values (true), (false)) as kinds (kind)
             cross join (values ('fence-0123456789abcdef', ''::bytea), ('fence-', ''), ('anchor-0', ''), ('', ''),
                                (repeat('x', 100000), ''), ('n', '\\x00ff'::bytea)) as content (said, rest);
             insert into t values (1)",
        )
        .await;
    bench.wait_on_target("select count(*) from public.t", "1").await;

    // The one that was announced does.
    marker::emit(&bench.source, "0123abcd", "fence-fedcba9876543210")
        .await
        .unwrap();
    let query = "select string_agg(nonce, ',') from transhume.marker where nonce like 'fence-f%'";
    bench.wait_on_target(query, "fence-fedcba9876543210").await;
    bench.run("insert into t values (2)").await;
    let mut asking = asking(&bench).await;
    assert!(matches!(ask(&mut asking, Command::Hold).await, Answer::Failed(_)));
    assert_eq!(bench.on_target("select count(*) from public.t").await, "1");
    running.cancel().await.unwrap();
}

#[tokio::test]
async fn it_ends_once_the_migration_is_done() {
    let bench = Bench::new("create table public.t (id int primary key)").await;
    let running = bench.start(Until::Cancelled).await;

    bench
        .target
        .batch_execute("update transhume.migration set phase = 'done'")
        .await
        .unwrap();

    assert_eq!(running.ended().await.unwrap().reason, EndReason::CutOver);
}
