//! What an assessment finds on real servers, and that it leaves them as they were.

use std::collections::BTreeSet;

use transhume_demo::cluster::ClusterOptions;
use transhume_engine::{
    assess::{Assessment, Depth, Way, assess, assess_source},
    endpoints::Endpoints,
    error::{EngineError, Result},
    report::Reporter,
    selection::Selection,
};
use transhume_testkit::{
    connection::connect,
    pair::{Pair, Side},
    server::{self, EVERYDAY_MAJOR, server},
    workload::create_torture,
};

use crate::migration::{endpoints, record, settings};

const SHOP: &str = "
    create schema shop;
    create table shop.orders (id bigserial primary key, amount integer);
    insert into shop.orders (amount) select generate_series(1, 100);
    create table shop.ledger (amount integer)";

fn between(source: &str, target: &str) -> Endpoints {
    Endpoints {
        source: settings(source),
        target: settings(target),
    }
}

/// A source with a small shop and an empty target.
async fn shop(source: ClusterOptions) -> Pair {
    let pair = Pair::start(source, ClusterOptions::new(server(EVERYDAY_MAJOR)));
    pair.execute(Side::Source, SHOP).await;
    pair
}

async fn usual_shop() -> Pair {
    shop(logical()).await
}

async fn assess_pair(pair: &Pair) -> Assessment {
    Box::pin(assess_everything(&endpoints(pair))).await.unwrap()
}

fn logical() -> ClusterOptions {
    ClusterOptions::new(server(EVERYDAY_MAJOR)).setting("wal_level", "logical")
}

async fn assess_everything(endpoints: &Endpoints) -> Result<Assessment> {
    assess(
        endpoints,
        &Selection::default(),
        None,
        (Depth::Trial, Way::Following),
        &Reporter::silent(),
    )
    .await
}

/// Codes of the blockers.
fn blocking(assessment: &Assessment) -> Vec<String> {
    assessment
        .blockers()
        .into_iter()
        .map(|finding| finding.code)
        .collect()
}

/// Whatever an assessment could have left behind.
async fn objects(url: &str) -> Vec<i64> {
    let client = connect(url).await.unwrap();
    let counted = [
        "pg_class",
        "pg_namespace",
        "pg_publication",
        "pg_event_trigger",
        "pg_replication_slots",
        "pg_proc",
    ];
    let mut counts = Vec::new();
    for catalog in counted {
        let row = client
            .query_one(&format!("select count(*) from {catalog}"), &[])
            .await
            .unwrap();
        counts.push(row.get(0));
    }
    counts
}

#[tokio::test]
async fn a_sound_pair_has_no_blockers_and_stays_as_it_was() {
    let pair = usual_shop().await;
    let urls = [&pair.source_url, &pair.target_url];
    let before = [objects(urls[0]).await, objects(urls[1]).await];
    let assessment = assess_pair(&pair).await;
    assert_eq!(blocking(&assessment), [""; 0]);
    assert_eq!([objects(urls[0]).await, objects(urls[1]).await], before);

    assert!(assessment.findings.len() > 30);
    assert_eq!(assessment.estimate.tables, 2);
    assert_eq!(assessment.estimate.sequences, 1);
    assert_eq!(assessment.estimate.largest[0].table, "shop.orders");
    let keyless = assessment
        .warnings()
        .into_iter()
        .find(|finding| finding.code == "replica-identity")
        .unwrap();
    assert_eq!(keyless.object, "shop.ledger");
    assert!(assessment.source.identity.is_some() && !assessment.resuming);
}

#[tokio::test]
async fn settings_of_the_source_that_stand_in_the_way_block() {
    let replica = ClusterOptions::new(server(EVERYDAY_MAJOR)).setting("wal_level", "replica");
    assert_eq!(blocking(&assess_pair(&shop(replica).await).await), ["wal-level"]);

    let full = shop(logical().setting("max_replication_slots", "1")).await;
    full.execute(
        Side::Source,
        "select pg_create_physical_replication_slot('standby')",
    )
    .await;
    assert_eq!(blocking(&assess_pair(&full).await), ["replication-slots"]);
}

#[tokio::test]
async fn a_prepared_transaction_is_named() {
    let pair = shop(logical().setting("max_prepared_transactions", "2")).await;
    pair.execute(
        Side::Source,
        "begin; insert into shop.ledger values (1); prepare transaction 'forgotten'",
    )
    .await;
    let warnings = assess_pair(&pair).await.warnings();
    let prepared = warnings
        .iter()
        .find(|finding| finding.code == "prepared-transactions")
        .unwrap();
    assert_eq!(prepared.object, "forgotten");
    assert!(prepared.remedy.contains("rollback prepared 'forgotten'"));
}

#[tokio::test]
async fn a_target_that_is_not_empty_blocks_unless_it_holds_this_migration() {
    let pair = usual_shop().await;
    pair.execute(Side::Target, SHOP).await;
    let assessment = assess_pair(&pair).await;
    assert_eq!(blocking(&assessment), ["target-not-empty"]);

    record(&endpoints(&pair), Selection::default()).await;
    let resumed = assess_pair(&pair).await;
    assert_eq!(blocking(&resumed), [""; 0]);
    assert!(resumed.resuming);

    pair.execute(Side::Target, "update transhume.migration set source_system = '1'")
        .await;
    let other: BTreeSet<String> = blocking(&assess_pair(&pair).await).into_iter().collect();
    assert_eq!(
        other,
        BTreeSet::from(["other-migration".into(), "target-not-empty".into()])
    );
}

#[tokio::test]
async fn one_database_cannot_be_both_ends_but_one_cluster_can() {
    let cluster = server::start(logical());
    let url = cluster.url("postgres");
    let client = connect(&url).await.unwrap();
    client.batch_execute(SHOP).await.unwrap();
    client.batch_execute("create database other").await.unwrap();
    let blockers = blocking(&assess_everything(&between(&url, &url)).await.unwrap());
    assert!(blockers.contains(&"same-database".to_owned()), "{blockers:?}");
    let other = assess_everything(&between(&url, &cluster.url("other")))
        .await
        .unwrap();
    assert_eq!(blocking(&other), [""; 0]);
}

#[tokio::test]
async fn a_selection_that_names_nothing_blocks_and_an_unreadable_one_is_refused() {
    let pair = usual_shop().await;
    let select = |pattern: &str| Selection {
        include: vec![pattern.to_owned()],
        ..Selection::default()
    };
    let unmatched = assess(
        &endpoints(&pair),
        &select("shop.oders"),
        None,
        (Depth::Trial, Way::Following),
        &Reporter::silent(),
    )
    .await;
    assert_eq!(blocking(&unmatched.unwrap()), ["selection-unmatched"]);
    // The same of the source alone, with a target that is not there.
    let alone = endpoints(&pair).source;
    let alone = |selection: Selection| {
        let source = alone.clone();
        async move {
            assess_source(&source, &selection, &Reporter::silent())
                .await
                .unwrap()
        }
    };
    assert_eq!(
        blocking(&alone(select("shop.oders")).await),
        ["selection-unmatched"]
    );
    let everything = alone(Selection::default()).await;
    assert!(everything.target.is_none() && !everything.has_blockers());
    assert!(!everything.tables.is_empty());
    let unreadable = assess(
        &endpoints(&pair),
        &select("shop.[a"),
        None,
        (Depth::Trial, Way::Following),
        &Reporter::silent(),
    )
    .await;
    assert!(
        matches!(unreadable, Err(EngineError::Refused { .. })),
        "{unreadable:?}"
    );
}

#[tokio::test]
async fn an_end_that_does_not_answer_is_an_error_with_a_hint() {
    let target = server::cluster(EVERYDAY_MAJOR);
    let nobody = "postgresql://postgres@127.0.0.1:1/postgres";
    let error = assess_everything(&between(nobody, &target.url("postgres")))
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::Server { .. }), "{error:?}");
    assert!(
        error.to_string().starts_with("connecting to the source"),
        "{error}"
    );
    assert!(error.hint().is_some(), "{error:?}");
}

#[tokio::test]
async fn roles_without_superuser_need_just_the_documented_grants() {
    let pair = usual_shop().await;
    let (source, target) = (&pair.source_url, &pair.target_url);
    pair.execute(
        Side::Source,
        "create role mover login; create role shop; alter table shop.orders owner to shop",
    )
    .await;
    pair.execute(Side::Target, "create role mover login; create role shop")
        .await;
    let as_mover = between(
        &source.replace("postgres@", "mover@"),
        &target.replace("postgres@", "mover@"),
    );
    let blockers: BTreeSet<String> = blocking(&assess_everything(&as_mover).await.unwrap())
        .into_iter()
        .collect();
    let expected = [
        "publication-right",
        "replication-right",
        "sequences",
        "table-ownership",
        "table-reading",
        "target-create",
    ];
    assert_eq!(blockers, expected.map(str::to_owned).into());

    pair.execute(
        Side::Source,
        "alter schema shop owner to shop; alter table shop.ledger owner to shop",
    )
    .await;
    // As in README, "Rights".
    pair.execute(
        Side::Source,
        "alter role mover replication; grant shop to mover; grant create on database postgres to mover; \
         grant pg_signal_backend to mover",
    )
    .await;
    pair.execute(
        Side::Target,
        "grant create on database postgres to mover; grant shop to mover; \
         grant set on parameter session_replication_role to mover",
    )
    .await;
    let granted = assess_everything(&as_mover).await.unwrap();
    assert_eq!(blocking(&granted), [""; 0], "{:#?}", granted.blockers());
    let codes: BTreeSet<String> = granted
        .warnings()
        .into_iter()
        .map(|finding| finding.code)
        .collect();
    assert!(
        !codes.contains("replica-role") && !codes.contains("signal-backend"),
        "{codes:?}"
    );
}

#[tokio::test]
async fn a_database_with_every_odd_kind_of_table_is_judged_and_printed_as_json() {
    let pair = Pair::everyday();
    create_torture(&pair.source_url, &pair.target_url).await;
    let assessment = assess_pair(&pair).await;
    assert_eq!(blocking(&assessment), [""; 0], "{:#?}", assessment.blockers());
    let warned: BTreeSet<String> = assessment
        .warnings()
        .into_iter()
        .map(|finding| finding.code)
        .collect();
    for code in ["replica-identity", "unlogged-tables"] {
        assert!(warned.contains(code), "{warned:?}");
    }
    let json = serde_json::to_value(&assessment).unwrap();
    assert_eq!(
        json["source"]["server_version"]
            .as_str()
            .unwrap()
            .split('.')
            .next(),
        Some("15")
    );
    assert!(
        json["findings"]
            .as_array()
            .unwrap()
            .iter()
            .all(|finding| finding["code"].is_string())
    );
    assert!(
        json["source"]["endpoint"]
            .as_str()
            .unwrap()
            .starts_with("postgresql://")
    );
}
