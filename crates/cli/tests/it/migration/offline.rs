//! Moving without following, from a server that decodes no WAL and by a role that may only read.

use transhume_testkit::{connection::connect, oracle};

use super::site::{DATABASE, Site};

const TABLES: &str = "
    create schema app;
    create table app.parent (id int generated always as identity primary key, name text);
    create table app.child (id bigserial primary key, parent_id int not null references app.parent, note text);
    create table app.log (line text);
    create function app.stamp() returns trigger language plpgsql as
        $$ begin new.note := coalesce(new.note, '') || ' stamped'; return new; end $$;
    create trigger stamp before insert on app.child for each row execute function app.stamp();
    insert into app.parent (name) select 'parent ' || n from generate_series(1, 100) n;
    insert into app.child (parent_id, note) select 1 + n % 100, 'child' from generate_series(1, 500) n;
    insert into app.log select 'line' from generate_series(1, 10);
    create role reader login;
    grant pg_read_all_data to reader;
";

/// Nothing of ours on the source; the target is open: its trigger acts and its sequence goes on.
const LEFT_ON_SOURCE: &str =
    "select (select count(*) from pg_replication_slots) + (select count(*) from pg_publication)";
const NEXT: &str = "insert into app.child (parent_id) values (1) returning id::bigint * 1000 + length(note)";

#[tokio::test(flavor = "multi_thread")]
async fn an_offline_move_needs_no_replication_and_opens_what_it_found_equal() {
    let mut site = Site::empty(15, 15).await;
    site.source.set("wal_level", "replica");
    site.source.set("max_wal_senders", "0");
    site.source.set("max_replication_slots", "0");
    site.source.restart().expect("the source restarts");
    site.execute_on_source(TABLES).await;
    site.source_url = site.source_url.replacen("postgres@", "reader@", 1);
    let planned = site.succeed(&["run", "--offline", "--dry-run"]);
    assert!(
        planned.output.contains("nothing is followed"),
        "{}",
        planned.output
    );

    let ended = site.succeed(&["run", "--offline", "--json"]);
    assert!(ended.output.contains("\"moved\""), "{}", ended.output);
    let status = site.status().expect("the state can be read");
    assert_eq!(status["phase"], "done", "{status:#}");

    let owner = site.source.url(DATABASE);
    oracle::assert_equal(&owner, &site.target_url).await;
    let count = |url: String, sql: &'static str| async move {
        let client = connect(&url).await.expect("the server answers");
        let row = client.query_one(sql, &[]).await.expect("the query is in order");
        row.get::<_, i64>(0)
    };
    assert_eq!(count(owner, LEFT_ON_SOURCE).await, 0);
    assert_eq!(
        count(site.target_url.clone(), NEXT).await,
        501_008,
        "id 501, ' stamped'"
    );
    site.succeed(&["finish", "--yes"]);
}
