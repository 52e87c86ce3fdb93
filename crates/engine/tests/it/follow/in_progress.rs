//! Transactions that are larger than the source's memory for decoding, which it sends before their commit.

use std::{fs, os::unix::fs::FileExt as _, path::Path, time::Duration};

use transhume_engine::follow::Until;
use transhume_pg::connection::session::Session;

use super::bench::{Bench, Running, session, stop_of};

const TABLES: &str = "create table public.big (id int primary key, x text);
                      create table public.small (n int)";
/// Some megabytes, fifty times the memory for decoding.
const LARGE: &str = "insert into big select g, repeat(md5(g::text), 20) from generate_series(1, 5000) g";

/// Nothing of a follow's time goes into waiting for memory to fill.
async fn bench() -> Bench {
    Bench::in_progress(TABLES, TABLES).await
}

async fn large(bench: &Bench) -> Session {
    session(&bench.endpoints.source).await
}

/// Waits until so many transactions have come before their commit.
async fn wait_until_streamed(bench: &Bench, count: i64) {
    let streamed = format!("select stream_txns >= {count} from pg_stat_replication_slots");
    bench.wait_on_source(&streamed, "true").await;
}

/// All that was committed arrives, and both sides hold the same rows.
async fn compare(bench: &Bench, running: Running) {
    bench.run("insert into small values (-1)").await;
    bench
        .wait_on_target("select count(*) > 0 from public.small where n = -1", "true")
        .await;
    running.cancel().await.unwrap();
    bench.compare().await;
}

#[tokio::test]
async fn what_savepoints_took_back_is_not_there_and_all_else_is() {
    let bench = bench().await;
    let running = bench.start(Until::Cancelled).await;
    let large = large(&bench).await;
    large.batch_execute("begin").await.unwrap();
    large.batch_execute(LARGE).await.unwrap();
    wait_until_streamed(&bench, 1).await;
    let lost = "insert into big select g, repeat('lost', 200) from generate_series(10001, 12000) g";
    for statement in [
        "savepoint a",
        lost,
        "savepoint b",
        "update big set x = 'lost with a' where id < 3000",
        "release b",
        "rollback to a",
        "insert into big select g, 'kept in a' from generate_series(10001, 12000) g",
        "savepoint c",
        "delete from big where id % 3 = 0",
        "savepoint d",
        "update big set x = repeat('lost', 100)",
        "rollback to d",
        "update big set x = 'kept in d' where id % 5 = 0",
        "release c",
        "do $$
         begin
             for n in 1..400 loop
                 begin
                     insert into public.big values (20000 + n, repeat('loop', 200));
                     if n % 3 = 0 then
                         raise exception 'back';
                     end if;
                 exception when raise_exception then
                     insert into public.small values (n);
                 end;
             end loop;
         end $$",
        "savepoint e",
        "delete from big",
        "rollback to e",
        "commit",
    ] {
        large.batch_execute(statement).await.unwrap();
    }

    compare(&bench, running).await;
    let kept = bench
        .on_target("select count(*) from public.big where x like 'kept%'")
        .await;
    assert_eq!(kept, "2000");
}

#[tokio::test]
async fn several_at_once_end_in_the_order_of_their_commits() {
    let bench = bench().await;
    let running = bench.start(Until::Cancelled).await;
    let (first, second, vain) = (large(&bench).await, large(&bench).await, large(&bench).await);
    for (session, base) in [(&first, 0), (&second, 10_000), (&vain, 20_000)] {
        session.batch_execute("begin").await.unwrap();
        for part in 0..3 {
            let insert = format!(
                "insert into big select {base} + {part} * 1000 + g, repeat('x', 500) from generate_series(1, 1000) g"
            );
            session.batch_execute(&insert).await.unwrap();
            bench.run(&format!("insert into small values ({part})")).await;
        }
    }
    wait_until_streamed(&bench, 3).await;
    bench
        .wait_on_target("select count(*) from public.small", "9")
        .await;
    assert_eq!(bench.on_target("select count(*) from public.big").await, "0");

    second.batch_execute("commit").await.unwrap();
    bench
        .wait_on_target("select count(*) from public.big where id > 10000", "3000")
        .await;
    vain.batch_execute("rollback").await.unwrap();
    first
        .batch_execute("update big set x = 'first' where id > 10000; commit")
        .await
        .unwrap();

    compare(&bench, running).await;
    let changed = bench
        .on_target("select count(*) from public.big where x = 'first'")
        .await;
    assert_eq!(changed, "3000");
}

#[tokio::test]
async fn a_change_of_the_schema_within_one_means_what_comes_behind_it() {
    let bench = bench().await;
    let running = bench.start(Until::Cancelled).await;
    let large = large(&bench).await;
    for statement in [
        "begin",
        LARGE,
        "savepoint a",
        "alter table big add column gone int default 7",
        "insert into big select g, repeat('lost', 200), g from generate_series(10001, 12000) g",
        "rollback to a",
        "insert into big select g, repeat('kept', 200) from generate_series(10001, 12000) g",
        "alter table big replica identity full",
        "update big set x = 'by its whole row' where id % 2 = 0",
        "alter table big drop constraint big_pkey",
        "insert into big values (10001, 'twice')",
        "delete from big where x = 'twice'",
        "commit",
    ] {
        large.batch_execute(statement).await.unwrap();
    }
    wait_until_streamed(&bench, 1).await;
    bench.run("update big set x = 'afterwards' where id = 1").await;
    compare(&bench, running).await;

    large
        .batch_execute("begin; alter table big add column more int")
        .await
        .unwrap();
    large
        .batch_execute(
            "insert into big select g, repeat('more', 200), g from generate_series(30001, 33000) g",
        )
        .await
        .unwrap();
    large.batch_execute("commit").await.unwrap();
    let (message, _) = stop_of(bench.catch_up().await);
    assert!(message.contains("more"), "{message}");
    bench
        .target
        .batch_execute("alter table big add column more int")
        .await
        .unwrap();
    bench.catch_up_and_compare().await;
}

#[tokio::test]
async fn killed_in_the_middle_of_one_or_behind_its_commit_it_is_applied_once() {
    let bench = bench().await;
    let large = large(&bench).await;
    for round in 0..4 {
        let running = bench.start(Until::Cancelled).await;
        let insert = format!(
            "begin; insert into big select {round} * 10000 + g, repeat(md5(g::text), 20) from generate_series(1, 5000) g"
        );
        large.batch_execute(&insert).await.unwrap();
        wait_until_streamed(&bench, 1).await;
        if round % 2 == 0 {
            running.task.abort();
            large
                .batch_execute("update big set x = 'late' where id % 7 = 0; commit")
                .await
                .unwrap();
        } else {
            large.batch_execute("commit").await.unwrap();
            // In the middle of whatever is done with it.
            running.task.abort();
        }
    }

    bench.catch_up_and_compare().await;
    assert_eq!(bench.on_target("select count(*) from public.big").await, "20000");
}

#[tokio::test]
async fn where_there_is_no_room_the_source_keeps_them() {
    let mut bench = bench().await;
    for (directory, limit_bytes) in [(std::env::temp_dir(), 200_000), ("/nowhere".into(), 1 << 30)] {
        bench.spill.directory = directory;
        bench.spill.limit_bytes = limit_bytes;
        let running = bench.start(Until::Cancelled).await;
        let large = large(&bench).await;
        large.batch_execute("begin; delete from big").await.unwrap();
        large.batch_execute(LARGE).await.unwrap();
        wait_until_streamed(&bench, 1).await;
        bench.run("insert into small values (1)").await;
        large.batch_execute("commit").await.unwrap();

        compare(&bench, running).await;
        bench.run("truncate small").await;
    }
}

#[tokio::test]
async fn a_file_that_has_changed_stops_it_and_the_source_sends_everything_again() {
    let mut bench = bench().await;
    // Else it would have been read before.
    bench.spill.early_from_bytes = 0;
    let directory = tempfile::tempdir().unwrap();
    directory.path().clone_into(&mut bench.spill.directory);
    let running = bench.start(Until::Cancelled).await;
    let large = large(&bench).await;
    large.batch_execute("begin").await.unwrap();
    large.batch_execute(LARGE).await.unwrap();
    wait_until_streamed(&bench, 1).await;
    damage(directory.path()).await;
    large.batch_execute("commit").await.unwrap();

    let (message, hint) = stop_of(running.ended().await);
    assert!(
        message.contains(&directory.path().display().to_string()),
        "{message}"
    );
    assert!(hint.contains("spill_directory"), "{hint}");
    assert_eq!(bench.on_target("select count(*) from public.big").await, "0");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    bench.catch_up_and_compare().await;
}

/// Changes a byte of the file without a name that this process keeps there.
async fn damage(directory: &Path) {
    let end = tokio::time::Instant::now() + Duration::from_secs(25);
    loop {
        for descriptor in fs::read_dir("/proc/self/fd").unwrap().flatten() {
            let is_it = fs::read_link(descriptor.path()).is_ok_and(|link| link.starts_with(directory));
            let written = fs::metadata(descriptor.path()).map_or(0, |file| file.len());
            if is_it && written > 10_000 {
                let file = fs::File::options().write(true).open(descriptor.path()).unwrap();
                file.write_all_at(b"?!", 9_000).unwrap();
                return;
            }
        }
        assert!(tokio::time::Instant::now() < end, "no file was kept");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
