//! Options that a server keeps for itself, whichever pg_dump made the archive: neither restored nor compared, while all
//! that somebody set arrives.

use serde_json::Value;
use transhume_testkit::{Pair, connection::connect, server::client_programs};

use super::site::Site;

/// Who has options: columns, relations and data wrappers, and how many columns of indexes have targets of their own.
const OPTIONS: &str = "
    select format('%s.%s: %s', attrelid::regclass, attname, (
        select string_agg(o, ' ' order by o) from unnest(attoptions) o where o !~ '^pg_attver='))
    from pg_attribute where attrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)
    and exists (select from unnest(attoptions) o where o !~ '^pg_attver=')
    union all
    select format('%s: %s', oid::regclass, (select string_agg(o, ' ' order by o) from unnest(reloptions) o))
    from pg_class where relnamespace in ('public'::regnamespace) and reloptions is not null
    union all
    select format('%s: %s', fdwname, fdwoptions) from pg_foreign_data_wrapper
    union all
    select format('statistics of %s: %s', attrelid::regclass, attstattarget) from pg_attribute
    where attstattarget > 0 and attrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)
    order by 1";

const SET_BY_SOMEBODY: [&str; 14] = [
    "booked_int4range_excl: fillfactor=75",
    "counted: fillfactor=50",
    "elsewhere: {pg_own=yes}",
    "kept.amount: n_distinct=-0.5",
    "kept.note: n_distinct=5 n_distinct_inherited=7",
    "kept: autovacuum_enabled=off fillfactor=70",
    "kept_note: fillfactor=60",
    "kept_pkey: fillfactor=80",
    "parts_low: fillfactor=90",
    "seen: security_barrier=true",
    "statistics of booked_int4range_excl: 55",
    "statistics of kept: 300",
    "statistics of kept_note: 77",
    "told",
];

/// What `verify` finds beside rows, all of which are equal.
fn findings(site: &Site) -> Value {
    let ended = site.succeed(&["verify", "--json"]);
    let mut report: Value = serde_json::from_str(&ended.output).expect("a report in JSON");
    report["objects"]["findings"].take()
}

fn verify_without_a_word(site: &Site) {
    assert_eq!(findings(site), Value::Array(Vec::new()));
}

async fn there_and_back(source: u32, target: u32, clients: u32) {
    let site = Site::with_programs(Pair::new(source, target), client_programs(clients)).await;
    site.execute_on_source(include_str!("sql/reserved.sql")).await;
    site.succeed(&["run", "--until-caught-up"]);
    let arrived = [
        site.target_names(OPTIONS).await,
        site.target_names("select 'told' where told() like '% ALTER a SET (pg_told=1); %'")
            .await,
    ];
    assert_eq!(
        arrived.concat(),
        SET_BY_SOMEBODY,
        "{source} to {target} with {clients}"
    );
    verify_without_a_word(&site);

    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "runner", |status| !status["runner"].is_null())
        .await;
    // As when a type is altered: the server counts on, and the tables are written meanwhile.
    site.execute_on_source(
        "set allow_system_table_mods = on;
         update pg_attribute set attoptions = array_replace(attoptions, 'pg_planted=1', 'pg_planted=2');
         insert into kept (id, amount) values (101, 1)",
    )
    .await;
    site.wait_for_count(&site.target_url, "select count(*) from kept", 101)
        .await;
    verify_without_a_word(&site);

    site.succeed(&["cutover", "--yes"]);
    site.wait_for(&mut runner, "reverse replication", |status| {
        status["way_back"]["state"] == "open" && !status["way_back"]["stream"]["runner"].is_null()
    })
    .await;
    let application = connect(&site.target_url).await.expect("the target answers");
    let written = application
        .execute("insert into kept (id, amount) values (102, 2)", &[])
        .await;
    assert_eq!(written.expect("the target is open"), 1);
    drop(application);
    site.wait_for_count(&site.source_url, "select count(*) from kept", 102)
        .await;
    // The old source is closed on purpose, which is told.
    let told = findings(&site).to_string();
    assert!(
        !told.contains("options") && !told.contains("pg_planted"),
        "{told}"
    );
    site.succeed(&["fallback", "--yes"]);
    assert_eq!(runner.ended().await, 0, "{}", runner.log());
    site.succeed(&["finish", "--yes"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_a_server_stay_with_it_from_15_to_15_whichever_clients_are_at_hand() {
    for clients in [15, 18] {
        there_and_back(15, 15, clients).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_a_server_stay_with_it_from_15_to_17() {
    there_and_back(15, 17, 17).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_a_server_stay_with_it_from_15_to_18() {
    there_and_back(15, 18, 18).await;
}
