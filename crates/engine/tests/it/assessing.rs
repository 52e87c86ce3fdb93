//! What an assessment finds on real servers, and that it leaves them as they were.

use std::collections::BTreeSet;

use transhume_demo::cluster::{Cluster, ClusterOptions};
use transhume_engine::{
    assess::{Assessment, Depth, Way, assess, assess_source},
    conninfo::{ConnectionSettings, Environment},
    endpoints::Endpoints,
    error::{EngineError, Result},
    report::Reporter,
    selection::Selection,
};
use transhume_pg::{
    connection::names,
    state::migration::{self, NewMigration, SourceIdentity},
};
use transhume_testkit::{
    connection::connect,
    server::{self, EVERYDAY_MAJOR},
    workload::create_torture,
};

const SHOP: &str = "
    create schema shop;
    create table shop.orders (id bigserial primary key, amount integer);
    insert into shop.orders (amount) select generate_series(1, 100);
    create table shop.ledger (amount integer)";

fn settings(url: &str) -> ConnectionSettings {
    ConnectionSettings::parse(url, &Environment::of([])).unwrap()
}

fn endpoints(source: &str, target: &str) -> Endpoints {
    Endpoints {
        source: settings(source),
        target: settings(target),
    }
}

/// A source with a small shop and an empty target.
struct Pair {
    source: Cluster,
    target: Cluster,
}

impl Pair {
    async fn with(options: ClusterOptions) -> Self {
        let pair = Self {
            source: server::start(options),
            target: server::cluster(EVERYDAY_MAJOR),
        };
        execute(&pair.source.url("postgres"), SHOP).await;
        pair
    }

    async fn usual() -> Self {
        Self::with(logical()).await
    }

    fn endpoints(&self) -> Endpoints {
        endpoints(&self.source.url("postgres"), &self.target.url("postgres"))
    }

    async fn assess(&self) -> Assessment {
        Box::pin(assess_everything(&self.endpoints())).await.unwrap()
    }
}

fn logical() -> ClusterOptions {
    ClusterOptions::new(server::server(EVERYDAY_MAJOR)).setting("wal_level", "logical")
}

async fn execute(url: &str, sql: &str) {
    connect(url).await.unwrap().batch_execute(sql).await.unwrap();
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
    let pair = Pair::usual().await;
    let urls = [pair.source.url("postgres"), pair.target.url("postgres")];
    let before = [objects(&urls[0]).await, objects(&urls[1]).await];
    let assessment = pair.assess().await;
    assert_eq!(blocking(&assessment), [""; 0]);
    assert_eq!([objects(&urls[0]).await, objects(&urls[1]).await], before);

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
    let replica = ClusterOptions::new(server::server(EVERYDAY_MAJOR)).setting("wal_level", "replica");
    assert_eq!(blocking(&Pair::with(replica).await.assess().await), ["wal-level"]);

    let full = Pair::with(logical().setting("max_replication_slots", "1")).await;
    execute(
        &full.source.url("postgres"),
        "select pg_create_physical_replication_slot('standby')",
    )
    .await;
    assert_eq!(blocking(&full.assess().await), ["replication-slots"]);
}

#[tokio::test]
async fn a_prepared_transaction_is_named() {
    let pair = Pair::with(logical().setting("max_prepared_transactions", "2")).await;
    execute(
        &pair.source.url("postgres"),
        "begin; insert into shop.ledger values (1); prepare transaction 'forgotten'",
    )
    .await;
    let warnings = pair.assess().await.warnings();
    let prepared = warnings
        .iter()
        .find(|finding| finding.code == "prepared-transactions")
        .unwrap();
    assert_eq!(prepared.object, "forgotten");
    assert!(prepared.remedy.contains("rollback prepared 'forgotten'"));
}

#[tokio::test]
async fn a_target_that_is_not_empty_blocks_unless_it_holds_this_migration() {
    let pair = Pair::usual().await;
    execute(&pair.target.url("postgres"), SHOP).await;
    let assessment = pair.assess().await;
    assert_eq!(blocking(&assessment), ["target-not-empty"]);

    record_migration(&pair, &assessment).await;
    let resumed = pair.assess().await;
    assert_eq!(blocking(&resumed), [""; 0]);
    assert!(resumed.resuming);

    execute(
        &pair.target.url("postgres"),
        "update transhume.migration set source_system = '1'",
    )
    .await;
    let other: BTreeSet<String> = blocking(&pair.assess().await).into_iter().collect();
    assert_eq!(
        other,
        BTreeSet::from(["other-migration".into(), "target-not-empty".into()])
    );
}

async fn record_migration(pair: &Pair, assessment: &Assessment) {
    let identity = assessment.source.identity.clone().unwrap();
    let client = connect(&pair.source.url("postgres")).await.unwrap();
    let row = client
        .query_one(
            "select oid from pg_database where datname = current_database()",
            &[],
        )
        .await
        .unwrap();
    let mut target = pair.endpoints().target_session("0123abcd", "test").await.unwrap();
    let new = NewMigration {
        id: "0123abcd".into(),
        selection: Selection::default(),
        source_label: "test".into(),
        identity: SourceIdentity {
            system: identity.system_identifier,
            database_oid: row.get(0),
            database: "postgres".into(),
            timeline: identity.timeline,
        },
        slot_name: names::slot("0123abcd"),
        publication_name: names::publication("0123abcd"),
    };
    migration::create(&mut target, &new).await.unwrap();
}

#[tokio::test]
async fn one_database_cannot_be_both_ends_but_one_cluster_can() {
    let cluster = server::start(logical());
    let url = cluster.url("postgres");
    execute(&url, SHOP).await;
    execute(&url, "create database other").await;
    let blockers = blocking(&assess_everything(&endpoints(&url, &url)).await.unwrap());
    assert!(blockers.contains(&"same-database".to_owned()), "{blockers:?}");
    let other = assess_everything(&endpoints(&url, &cluster.url("other")))
        .await
        .unwrap();
    assert_eq!(blocking(&other), [""; 0]);
}

#[tokio::test]
async fn a_selection_that_names_nothing_blocks_and_an_unreadable_one_is_refused() {
    let pair = Pair::usual().await;
    let select = |pattern: &str| Selection {
        include: vec![pattern.to_owned()],
        ..Selection::default()
    };
    let unmatched = assess(
        &pair.endpoints(),
        &select("shop.oders"),
        None,
        (Depth::Trial, Way::Following),
        &Reporter::silent(),
    )
    .await;
    assert_eq!(blocking(&unmatched.unwrap()), ["selection-unmatched"]);
    // The same of the source alone, with a target that is not there.
    let alone = pair.endpoints().source;
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
        &pair.endpoints(),
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
    let error = assess_everything(&endpoints(nobody, &target.url("postgres")))
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
    let pair = Pair::usual().await;
    let (source, target) = (pair.source.url("postgres"), pair.target.url("postgres"));
    execute(
        &source,
        "create role mover login; create role shop; alter table shop.orders owner to shop",
    )
    .await;
    execute(&target, "create role mover login; create role shop").await;
    let as_mover = endpoints(
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

    execute(
        &source,
        "alter schema shop owner to shop; alter table shop.ledger owner to shop",
    )
    .await;
    // As in README, "Rights".
    execute(
        &source,
        "alter role mover replication; grant shop to mover; grant create on database postgres to mover; \
         grant pg_signal_backend to mover",
    )
    .await;
    execute(
        &target,
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
    let source = server::start(logical());
    let target = server::cluster(EVERYDAY_MAJOR);
    create_torture(&source.url("postgres"), &target.url("postgres")).await;
    let assessment = assess_everything(&endpoints(&source.url("postgres"), &target.url("postgres")))
        .await
        .unwrap();
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
