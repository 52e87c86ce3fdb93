//! Tables whose key ranges are read under snapshots of their own: a load that is killed goes on with the parts that are left,
//! and what has moved between them meanwhile is exact.

use transhume_testkit::{
    connection::connect,
    oracle::{self, Except},
};

use super::site::{Running, Site, phase};

/// Even keys, so that odd ones are free in every range. Values of `filed` and `papers` lie outside of their rows, and are not
/// sent where they stay.
const TABLES: &str = "
    create table orders (id bigint primary key, body text);
    create table filed (id integer primary key, body text, note text);
    alter table filed alter column body set storage external, replica identity full;
    create table papers (id bigint primary key, body text, note text);
    alter table papers alter column body set storage external;
    insert into orders select 2 * g, repeat('o', 500) from generate_series(1, 3000) g;
    insert into filed select 2 * g, repeat('f', 3000) || g, 'new' from generate_series(1, 500) g;
    insert into papers select 2 * g, repeat('p', 3000) || g, 'new' from generate_series(1, 500) g;
    analyze";

/// Moves rows between ranges, changes, deletes and makes some: $ is a number that is different each time.
const TRAFFIC: &str = "
    begin;
    update orders set id = 1 + (id * 7 + $ * 2) % 6000 where id = (select id from orders where id >= $ % 6000 limit 1)
        and not exists (select from orders taken where taken.id = 1 + (orders.id * 7 + $ * 2) % 6000);
    update orders set body = 'changed ' || $ where id % 50 = $ % 50;
    delete from orders where id = (select id from orders where id >= ($ * 31) % 6000 limit 1);
    insert into orders values ($ + 10000, 'new');
    update filed set id = 1 + (id * 7 + $ * 2) % 1000, note = 'moved ' || $
        where id = (select id from filed where id >= $ % 1000 limit 1)
        and not exists (select from filed taken where taken.id = 1 + (filed.id * 7 + $ * 2) % 1000);
    commit";

/// Parts that are done, as they were done.
const DONE: &str =
    "select r.table_name || ' ' || p.number || ' ' || p.id || ' ' || p.done_at || ' ' || p.snapshot_id
    from transhume.part p join transhume.relation r using (source_oid)
    where p.done_at is not null and p.snapshot_id = (select min(id) from transhume.snapshot) order by 1";

/// Parts that are claimed by the handful, and those that are claimed one by one.
const SMALL_PARTS: &str = "150kB";
const LARGE_PARTS: &str = "300kB";

/// Kills a run in mid-load.
async fn kill_in_mid_load(site: &Site, part_size: &str) {
    let mut runner = site.begin(&[
        "run",
        "--part-size",
        part_size,
        "--rate-limit",
        "400kB",
        "--loaders",
        "2",
    ]);
    site.wait_for(&mut runner, "some parts", |status| {
        status["load"]["parts_done"].as_u64() > Some(5)
    })
    .await;
    runner.kill();
}

async fn caught_up(site: &Site, mut runner: Running) {
    runner.kill();
    site.succeed(&["run", "--until-caught-up"]);
    let differences = oracle::row_differences(&site.source_url, &site.target_url, &Except::default()).await;
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_load_goes_on_with_the_parts_that_are_left() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(TABLES).await;
    let source = connect(&site.source_url).await.expect("the source answers");
    let traffic = tokio::spawn(async move {
        for number in 0_u32.. {
            let transaction = TRAFFIC.replace('$', &number.to_string());
            source
                .batch_execute(&transaction)
                .await
                .expect("the statements are in order");
        }
    });
    kill_in_mid_load(&site, LARGE_PARTS).await;
    let before = site.target_names(DONE).await;
    assert!(before.len() > 5, "{before:?}");

    // The snapshot of this run is renewed on purpose, while the load goes on.
    let mut runner = site.begin(&["run", "--snapshot-renewal", "1s", "--rate-limit", "500kB"]);
    site.wait_for_count(&site.target_url, "select count(*) from transhume.snapshot", 3)
        .await;
    let third =
        "select txid_snapshot_xmin(snapshot)::text from transhume.snapshot order by id offset 2 limit 1";
    let third = site.target_names(third).await.concat();
    let let_go = format!(
        "select (not exists (select from pg_stat_activity where application_name like 'transhume%'
            and backend_xmin::text::bigint < {third}))::int::bigint"
    );
    site.wait_for_count(&site.source_url, &let_go, 1).await;
    site.wait_for(&mut runner, "follow", |status| phase(status) == "follow")
        .await;
    traffic.abort();
    assert!(
        traffic.await.is_err_and(|error| error.is_cancelled()),
        "the traffic failed"
    );
    let log = runner.log();
    caught_up(&site, runner).await;

    assert_eq!(
        site.target_names(DONE).await,
        before,
        "finished parts were read again\n{log}"
    );
    let apart = "select table_name || ' ' || count(distinct p.snapshot_id) from transhume.relation r
        join transhume.part p using (source_oid) group by table_name having count(distinct p.snapshot_id) > 1";
    assert!(
        !site.target_names(apart).await.is_empty(),
        "no table has parts of two snapshots\n{log}"
    );
    let under = "select distinct snapshot_id::text from transhume.part where done_at is not null";
    assert!(
        site.target_names(under).await.len() > 2,
        "nothing was read under a renewed snapshot\n{log}"
    );
}

/// The row left a range that was read later for one that was read before, so that nobody has read it, and the stream does
/// not say all of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_moved_row_whose_values_were_not_sent_has_its_table_loaded_anew() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(TABLES).await;
    kill_in_mid_load(&site, SMALL_PARTS).await;
    let open = "select r.table_name || ' ' || p.number from transhume.part p join transhume.relation r using (source_oid)
        where p.done_at is null";
    let first_key = |is_done: bool| {
        let comparison = if is_done { "is not null" } else { "is null" };
        format!(
            "select coalesce(p.range_from, 2)::text from transhume.part p join transhume.relation r using (source_oid)
             where r.table_name = 'papers' and p.done_at {comparison} order by p.number desc"
        )
    };
    let (open_from, done_from) = (
        site.target_names(&first_key(false)).await,
        site.target_names(&first_key(true)).await,
    );
    let (Some(from), Some(to)) = (open_from.first(), done_from.first()) else {
        panic!(
            "the load of papers was not cut off in the middle; open: {:?}",
            site.target_names(open).await
        );
    };
    let moving = format!(
        "update papers set id = {to} | 1, note = 'moved' where id = (select min(id) from papers where id >= {from});
         update papers set note = 'later' where id = {to} | 1"
    );
    site.execute_on_source(&moving).await;

    let moved = "select count(*) from papers where note = 'later' and body like 'ppp%'";
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "follow", |status| phase(status) == "follow")
        .await;
    site.wait_for_count(&site.target_url, moved, 1).await;
    site.wait_for(&mut runner, "no table left", |status| {
        status["not_loaded"].as_array().is_some_and(Vec::is_empty)
    })
    .await;
    caught_up(&site, runner).await;

    let suspended = "select detail ->> 'reason' from transhume.history where step = 'tables suspended'";
    let reasons = site.target_names(suspended).await;
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(reasons[0].contains("its column body was not sent"), "{reasons:?}");
}
