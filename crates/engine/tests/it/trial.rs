//! The trial restore: what the target would refuse is known beforehand, each with what hangs on it, and nothing stays.

use std::time::{Duration, Instant};

use transhume_demo::cluster::ClusterOptions;
use transhume_engine::{
    assess::{Assessment, Depth, Way, assess},
    finding::{Finding, Severity},
    report::Reporter,
    selection::Selection,
};
use transhume_testkit::{
    connection::connect,
    pair::{Pair, Side},
    server::{EVERYDAY_MAJOR, server},
};

use crate::migration::{endpoints, settings};

/// Of every catalog that a schema fills, without what statistics and vacuum change by themselves.
const CATALOG: &str = "
    select pg_catalog.md5(pg_catalog.string_agg(line, E'\\n' order by line)) from (
        select 'class' || (pg_catalog.to_jsonb(c) - '{relpages,reltuples,relallvisible,relfrozenxid,relminmxid}'::text[])::text as line
        from pg_catalog.pg_class c
        union all select 'proc' || p::text from pg_catalog.pg_proc p
        union all select 'type' || t::text from pg_catalog.pg_type t
        union all select 'namespace' || n::text from pg_catalog.pg_namespace n
        union all select 'attribute' || pg_catalog.to_jsonb(a)::text from pg_catalog.pg_attribute a
        union all select 'constraint' || c::text from pg_catalog.pg_constraint c
        union all select 'depend' || d::text from pg_catalog.pg_depend d
        union all select 'shdepend' || d::text from pg_catalog.pg_shdepend d
        union all select 'extension' || e::text from pg_catalog.pg_extension e
        union all select 'acl' || a::text from pg_catalog.pg_default_acl a
        union all select 'role' || r::text from pg_catalog.pg_roles r
    ) lines";

/// A source, and a target whose role `mover` is no superuser.
async fn pair(source_sql: &str) -> Pair {
    pair_with(source_sql, ClusterOptions::new(server(EVERYDAY_MAJOR))).await
}

async fn pair_with(source_sql: &str, target: ClusterOptions) -> Pair {
    let source = ClusterOptions::new(server(EVERYDAY_MAJOR)).setting("wal_level", "logical");
    let pair = Pair::start(source, target);
    pair.execute(Side::Source, source_sql).await;
    let mover = "create role mover login; grant create on database postgres to mover; \
                 grant create on schema public to mover";
    pair.execute(Side::Target, mover).await;
    pair
}

async fn assess_as_mover(pair: &Pair) -> Assessment {
    let mut endpoints = endpoints(pair);
    endpoints.target = settings(&pair.target_url.replace("postgres@", "mover@"));
    let (everything, reporter) = (Selection::default(), Reporter::silent());
    Box::pin(assess(
        &endpoints,
        &everything,
        None,
        (Depth::Trial, Way::Following),
        &reporter,
    ))
    .await
    .unwrap()
}

async fn catalog(pair: &Pair) -> String {
    let client = pair.connect(Side::Target).await;
    client.query_one(CATALOG, &[]).await.unwrap().get(0)
}

fn refused(assessment: &Assessment) -> Vec<&Finding> {
    let findings = assessment.findings.iter();
    findings
        .filter(|finding| finding.code == "definition-refused")
        .collect()
}

fn trial(assessment: &Assessment) -> &Finding {
    let mut findings = assessment.findings.iter();
    findings
        .find(|finding| finding.code == "trial-restore")
        .expect("the trial is told")
}

#[tokio::test]
async fn all_that_the_target_refuses_is_named_at_once_with_its_cause_and_nothing_stays() {
    let pair = pair(
        "create schema s;
         create table s.t (id int primary key, v text);
         create function s.now() returns timestamptz as 'now' language internal;
         create view s.late as select s.now() as at;
         create view s.later as select at from s.late;
         create function s.logged() returns int language sql set log_statement = 'all' as 'select 1';
         create role auditor;
         alter table s.t enable row level security;
         create policy p on s.t to auditor using (true);
         create access method own type table handler heap_tableam_handler;
         create table s.own (id int primary key) using own;
         create table s.parted (id int) partition by range (id);
         create sequence s.free",
    )
    .await;
    let before = catalog(&pair).await;
    let assessment = assess_as_mover(&pair).await;
    assert_eq!(
        catalog(&pair).await,
        before,
        "the trial has left something behind"
    );
    let found: Vec<(&str, &str)> = refused(&assessment)
        .into_iter()
        .map(|finding| (finding.object.as_str(), finding.message.as_str()))
        .collect();
    assert_eq!(
        found.iter().map(|(object, _)| *object).collect::<Vec<_>>(),
        [
            "function s.logged()",
            "function s.now()",
            "access method own",
            "policy p on s.t"
        ],
        "{found:#?}"
    );
    assert!(
        found[1]
            .1
            .contains("(SQLSTATE 42501); 2 others need it: view s.late, view s.later"),
        "{found:#?}"
    );
    assert!(found[2].1.contains("table s.own"), "{found:#?}");
    assert!(
        found[3].1.contains("role \"auditor\" does not exist"),
        "{found:#?}"
    );
    assert!(
        refused(&assessment)
            .iter()
            .all(|finding| finding.severity == Severity::Blocker)
    );
}

/// Of which objects the target refuses rows.
fn rows(assessment: &Assessment) -> Vec<(String, Severity)> {
    let findings = assessment.findings.iter();
    let mut found: Vec<_> = findings
        .filter(|finding| finding.code == "rows-refused")
        .map(|finding| (finding.object.clone(), finding.severity))
        .collect();
    found.sort();
    found
}

fn named(name: &str, severity: Severity) -> (String, Severity) {
    (name.to_owned(), severity)
}

/// Names without a schema, which no restore finds: in a check, a generated column, a domain, an index and a materialized view.
#[tokio::test]
async fn functions_that_rely_on_a_search_path_are_named_with_the_statement_that_helps() {
    let pair = pair(include_str!("sql/search_path.sql")).await;
    let before = catalog(&pair).await;
    let assessment = assess_as_mover(&pair).await;
    assert_eq!(
        catalog(&pair).await,
        before,
        "the trial has left something behind"
    );
    assert_eq!(
        rows(&assessment),
        [
            named("index s.by_function", Severity::Warning),
            named("materialized view s.quotients", Severity::Warning),
            named("materialized view s.secret", Severity::Warning),
            named("materialized view s.summed", Severity::Warning),
            named("materialized view s.viewed", Severity::Warning),
            named("statistics of table s.quiet", Severity::Warning),
            named("table s.asks", Severity::Warning),
            named("table s.checked", Severity::Blocker),
            named("table s.compared", Severity::Blocker),
            named("table s.generated", Severity::Blocker),
            named("table s.naming", Severity::Blocker),
            named("table s.of_domain", Severity::Blocker),
            named("table s.of_range", Severity::Blocker),
            named("table s.parted_rest", Severity::Blocker),
        ],
        "{:#?}",
        assessment.findings
    );
    assert_eq!(refused(&assessment), Vec::<&Finding>::new());
    let off = assessment
        .findings
        .iter()
        .find(|finding| finding.code == "foreign-keys-off");
    assert_eq!(off.unwrap().object, "s.child.child_of_fkey", "{off:?}");
    let remedies = [
        "outer_f(integer)",
        "agrees(integer, text)",
        "gather(integer, integer)",
    ]
    .map(|function| format!("alter function s.{function} set search_path = s, public"));
    let is_helped = |finding: &Finding| remedies.iter().any(|one| finding.remedy.contains(one));
    let blockers = assessment.blockers();
    let others = blockers
        .iter()
        .filter(|finding| finding.object != "table s.naming");
    assert!(others.clone().all(is_helped), "{blockers:#?}");

    pair.execute(Side::Source, &remedies.join("; ")).await;
    pair.execute(Side::Target, "create role gone").await;
    let left = [
        named("materialized view s.quotients", Severity::Warning),
        named("materialized view s.secret", Severity::Warning),
        named("table s.asks", Severity::Warning),
    ];
    assert_eq!(rows(&assess_as_mover(&pair).await), left);
}

#[tokio::test]
async fn a_schema_too_large_for_the_lock_table_is_tried_in_pieces_and_says_so() {
    let tables: Vec<String> = (0..400)
        .map(|number| format!("create table s.t{number} (id int primary key, v s.e default s.f());"))
        .collect();
    let partitions: Vec<String> = (0..40)
        .map(|number| format!("create table s.p{number} partition of s.p for values in ({number});"))
        .collect();
    let small = ClusterOptions::new(server(EVERYDAY_MAJOR))
        .setting("max_locks_per_transaction", "10")
        .setting("max_connections", "20");
    let sql = format!(
        "create schema s; create type s.e as enum ('a'); \
         create function s.f() returns s.e language sql as $$ select 'a'::s.e $$; {} \
         create table s.p (id int, k int, primary key (id, k)) partition by list (k); create index on s.p (k); {} \
         create extension intarray schema public; \
         create table s.apart (a int[], exclude using gist (a public.gist__int_ops with operator(public.&&))); \
         create function s.bad() returns int as 'now' language internal",
        tables.join(""),
        partitions.join("")
    );
    let pair = pair_with(&sql, small).await;
    let assessment = assess_as_mover(&pair).await;
    assert_eq!(refused(&assessment).len(), 1, "{:#?}", refused(&assessment));
    let trial = trial(&assessment);
    assert_eq!(trial.severity, Severity::Pass, "{trial:?}");
    assert!(
        trial
            .message
            .contains("transactions, as many as its lock table asks for,"),
        "{trial:?}"
    );
}

#[tokio::test]
async fn a_thousand_objects_are_tried_in_ten_seconds_while_the_target_is_used() {
    let objects: Vec<String> = (0..250)
        .map(|number| {
            format!(
                "create table s.t{number} (id int primary key, v text); create index on s.t{number} (v); \
                 create function s.f{number}(int) returns int language sql as 'select $1'; "
            )
        })
        .collect();
    let pair = pair(&format!("create schema s; {}", objects.join(""))).await;
    pair.execute(
        Side::Target,
        "create table in_use (id int); insert into in_use values (1)",
    )
    .await;
    // Somebody writes a table and alters the rights of a schema there.
    let other = connect(&pair.target_url).await.unwrap();
    other
        .batch_execute("begin; lock table in_use in exclusive mode; grant usage on schema public to public")
        .await
        .unwrap();
    let started = Instant::now();
    let assessment = assess_as_mover(&pair).await;
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
    assert!(refused(&assessment).is_empty(), "{:#?}", refused(&assessment));
    other.batch_execute("rollback").await.unwrap();
}

#[tokio::test]
async fn without_the_right_to_create_anything_that_alone_is_told() {
    let pair = pair("create extension citext; create table t (id int primary key, v citext)").await;
    let client = connect(&pair.target_url).await.unwrap();
    client
        .batch_execute("revoke create on database postgres from mover")
        .await
        .unwrap();
    client
        .batch_execute("grant temporary on database postgres to mover")
        .await
        .unwrap();
    let codes = |assessment: &Assessment| -> Vec<String> {
        assessment
            .blockers()
            .into_iter()
            .map(|finding| finding.code)
            .collect()
    };
    // Without the right to create anything, that is the finding; each definition for itself says nothing more.
    assert_eq!(codes(&assess_as_mover(&pair).await), ["target-create"]);
    client
        .batch_execute("grant create on database postgres to mover")
        .await
        .unwrap();
    assert_eq!(codes(&assess_as_mover(&pair).await), Vec::<String>::new());
}

/// Made and rolled back, one would keep the target from starting where it crashes within the same second.
#[tokio::test]
async fn no_unlogged_relation_is_made_for_a_trial() {
    let pair = pair(
        "create unlogged table cache (id int generated always as identity primary key, v text);
         create unlogged sequence counted;
         create unlogged table parted (id int) partition by list (id);",
    )
    .await;
    pair.execute(
        Side::Target,
        "create function refuse_unlogged() returns event_trigger language plpgsql as $$
         begin
           if exists (select from pg_class where relpersistence = 'u' and relkind <> 'p') then
             raise 'an unlogged relation';
           end if;
         end $$;
         create event trigger refuse_unlogged on ddl_command_end execute function refuse_unlogged();
         alter event trigger refuse_unlogged enable always",
    )
    .await;
    let assessment = assess_as_mover(&pair).await;
    assert_eq!(refused(&assessment), Vec::<&Finding>::new());
    assert!(
        trial(&assessment).message.contains("0 refused"),
        "{:?}",
        trial(&assessment)
    );
}
