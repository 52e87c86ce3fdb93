//! The schema's way between two real servers, compared by pg_dump and by the test kit's oracle.

mod restoring;

use restoring::{restoring, restoring_as};
use transhume_engine::{
    error::EngineError,
    schema::{self, GrantMoment},
};

use transhume_pg::{
    connection::session::Session,
    state::{
        deviation::{self, Side},
        undo::Undo,
    },
};
use transhume_testkit::{
    Pair,
    oracle::{self, Except},
    pair, server,
    workload::create_torture,
};

const RICH: &str = include_str!("rich.sql");

/// Findings about the machine, not about the schema.
fn about_the_schema(findings: Vec<(String, String)>) -> Vec<(String, String)> {
    findings
        .into_iter()
        .filter(|(code, _)| code != "client-programs-outdated")
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rich_schema_arrives_as_pg_dump_prints_it() {
    let restoring = restoring(RICH, "create role bob; create role \"ow\"\"ner\"").await;
    restoring.whole_way().await.unwrap();
    restoring
        .assert_same_schema(&[
            "--exclude-schema=nothing",
            "--no-publications",
            "--no-security-labels",
        ])
        .await;
    assert_eq!(about_the_schema(restoring.findings().await), []);
    let populated: i64 = restoring
        .one("select count(*) from pg_catalog.pg_matviews where ispopulated")
        .await;
    let source: i64 = restoring
        .source_client()
        .await
        .query_one(
            "select count(*) from pg_catalog.pg_matviews where ispopulated",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(populated, source);
    let analyzed: bool = restoring
        .one("select exists (select from transhume.build where kind = 'analyze partition tree' and done_at is not null)")
        .await;
    assert!(analyzed);
    let invalid: i64 = restoring
        .one("select count(*) from pg_catalog.pg_index where not indisvalid")
        .await;
    assert_eq!(invalid, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_may_be_called_again() {
    let restoring = restoring(RICH, "create role bob; create role \"ow\"\"ner\"").await;
    restoring.whole_way().await.unwrap();
    let before: String = restoring.schema_text(pair::Side::Target, &[]).await;
    let builds: i64 = restoring.one("select count(*) from transhume.build").await;
    restoring.dump().await.unwrap();
    schema::pre_data(&restoring.work()).await.unwrap();
    schema::plan_builds(&restoring.work()).await.unwrap();
    schema::post_data(&restoring.work()).await.unwrap();
    schema::owners_and_grants(&restoring.work(), GrantMoment::AfterData)
        .await
        .unwrap();
    assert_eq!(restoring.schema_text(pair::Side::Target, &[]).await, before);
    assert_eq!(
        restoring.one::<i64>("select count(*) from transhume.build").await,
        builds
    );
    let unsettled: i64 = restoring
        .one("select count(*) from transhume.archive_item where disposition <> 'restored' and reason = ''")
        .await;
    assert_eq!(
        unsettled, 0,
        "everything left out, replaced or failed has a reason"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_fails_leaves_nothing_and_is_restored_once_the_cause_is_gone() {
    let restoring = restoring(
        "create table a (i int); create table b (i int); create table c (i int)",
        "create table b (i int)",
    )
    .await;
    restoring.dump().await.unwrap();
    let error = schema::pre_data(&restoring.work()).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::Stopped { message, .. } if message.contains("TABLE public b")),
        "{error}"
    );
    assert_eq!(
        restoring
            .one::<Option<String>>("select pg_catalog.to_regclass('public.a')::text")
            .await,
        None
    );
    assert_eq!(
        restoring
            .one::<i64>("select count(*) from transhume.archive_item where disposition = 'restored'")
            .await,
        0
    );
    restoring
        .target_client()
        .await
        .batch_execute("drop table b")
        .await
        .unwrap();
    schema::pre_data(&restoring.work()).await.unwrap();
    assert_eq!(
        restoring
            .one::<Option<String>>("select pg_catalog.to_regclass('public.c')::text")
            .await
            .as_deref(),
        Some("c")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_role_without_rights_gets_findings_for_each_role_and_no_noise() {
    let source = "create role lord; create role guest; create table t1 (i int); create table t2 (i int); create table t3 (i int);\
        alter table t1 owner to lord; alter table t2 owner to lord; grant select on t1, t2, t3 to guest;\
        create function pg_temp.x() returns int language sql as 'select 1';\
        create function et() returns event_trigger language plpgsql as 'begin end';\
        create event trigger et on ddl_command_end execute function et()";
    let target = "create role mover login; grant create on database postgres to mover; grant create on schema public to mover";
    let restoring = restoring_as(source, target, "mover", &[]).await;
    restoring.whole_way().await.unwrap();
    let findings = about_the_schema(restoring.findings().await);
    let codes: Vec<&str> = findings.iter().map(|(code, _)| code.as_str()).collect();
    assert!(codes.contains(&"definition-refused"), "{findings:?}");
    assert!(
        codes.contains(&"owner-not-set") && codes.contains(&"grant-not-applied"),
        "{findings:?}"
    );
    let lord: Vec<_> = findings
        .iter()
        .filter(|(_, text)| text.contains("lord"))
        .filter(|(code, _)| code == "owner-not-set")
        .collect();
    assert_eq!(lord.len(), 1, "{findings:?}");
    assert!(
        lord[0].1.contains("2 objects") && lord[0].1.contains("CREATE ROLE \"lord\""),
        "{lord:?}"
    );
    let guest = findings
        .iter()
        .filter(|(code, text)| code == "grant-not-applied" && text.contains("guest"));
    assert_eq!(guest.count(), 1, "{findings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_selected_arrives_and_what_cannot_is_told() {
    let source = "create table customers (id int primary key);\
        create table orders (id int primary key, c int references customers, n int default 1);\
        create index on orders (c); create view v as select * from orders join customers using (id);\
        create view w as select c from orders; create function audit() returns trigger language plpgsql as 'begin return new; end';\
        create trigger t before insert on orders for each row execute function audit();\
        create schema other; create table other.x (i int); create function other.f() returns int language sql as 'select 1'";
    let restoring = restoring_as(source, "", "postgres", &["public.orders", "public.v", "public.w"]).await;
    restoring.whole_way().await.unwrap();
    let relations: Vec<String> = restoring
        .one("select pg_catalog.array_agg(c.relname::text order by c.relname::text) from pg_catalog.pg_class c where c.relnamespace = 'public'::regnamespace")
        .await;
    assert_eq!(relations, ["orders", "orders_c_idx", "orders_pkey", "w"]);
    assert_eq!(
        restoring
            .one::<i64>("select count(*) from pg_catalog.pg_namespace where nspname = 'other'")
            .await,
        0
    );
    assert_eq!(
        restoring
            .one::<i64>("select count(*) from pg_catalog.pg_trigger where tgname = 't'")
            .await,
        1
    );
    let findings = about_the_schema(restoring.findings().await);
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings.iter().all(|(code, _)| code == "selection-needs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_heir_without_its_parent_blocks_before_anything_is_made() {
    let restoring = restoring_as(
        "create table p (i int); create table c () inherits (p)",
        "",
        "postgres",
        &["public.c"],
    )
    .await;
    assert!(matches!(restoring.dump().await, Err(EngineError::Blocked(findings)) if findings.len() == 1));
    assert!(
        !restoring
            .one::<bool>("select exists (select from transhume.archive)")
            .await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_are_set_aside_and_can_be_brought_back_in_their_state() {
    let source = "create table t (i int); create function f() returns trigger language plpgsql as 'begin return new; end';\
        create trigger plain before insert on t for each row execute function f();\
        create trigger always before insert on t for each row execute function f();\
        create trigger never before insert on t for each row execute function f();\
        create rule r as on insert to t do also notify x;\
        alter table t enable always trigger always; alter table t disable trigger never";
    for replica_role in [true, false] {
        let mut restoring = restoring(source, "").await;
        restoring.options.replica_role = replica_role;
        restoring.whole_way().await.unwrap();
        let states = "select pg_catalog.string_agg(tgname || tgenabled::text, ' ' order by tgname) from pg_catalog.pg_trigger where not tgisinternal";
        let expected = if replica_role {
            "alwaysD neverD plainO"
        } else {
            "alwaysD neverD plainD"
        };
        assert_eq!(restoring.one::<String>(states).await, expected);
        let target = Session::connect(&restoring.endpoints.target, "test")
            .await
            .unwrap();
        let open = deviation::open(&target, Side::Target).await.unwrap();
        let undo = open.iter().filter(|deviation| deviation.kind == "triggers");
        for statement in undo.flat_map(|deviation| deviation.undo.iter().map(Undo::statement)) {
            restoring
                .target_client()
                .await
                .batch_execute(&statement)
                .await
                .unwrap();
        }
        assert_eq!(restoring.one::<String>(states).await, "alwaysA neverD plainO");
        assert_eq!(
            restoring
                .one::<String>("select ev_enabled::text from pg_catalog.pg_rewrite where rulename = 'r'")
                .await,
            "O"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_torture_schema_arrives_whole() {
    torture(15, 15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_moves_up_over_several_major_versions() {
    torture(13, 17).await;
    torture(15, 18).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_newer_than_the_target_work() {
    torture(17, 15).await;
}

async fn torture(source_major: u32, target_major: u32) {
    let servers = Pair::new(source_major, target_major);
    create_torture(&servers.source_url, &servers.target_url).await;
    let newest = server(source_major.max(target_major));
    let mut restoring = restoring::of(servers, "postgres", &[]).await;
    restoring.options.programs = Some(newest);
    restoring.whole_way().await.unwrap();
    // pg_dump cannot keep the order of columns of an heir that was attached later: compared by name.
    let (source, target) = (&restoring.servers.source_url, &restoring.servers.target_url);
    let differences = oracle::catalog_differences(source, target, &Except::default()).await;
    let of_schema: Vec<_> = differences
        .iter()
        .filter(|difference| !difference.starts_with("sequence torture."))
        // Whose the schema public is from the start changed in 15, and it is as the target made it.
        .filter(|difference| !difference.contains("schema public: "))
        .collect();
    assert_eq!(of_schema, Vec::<&String>::new());
    assert_eq!(about_the_schema(restoring.findings().await), []);
}
