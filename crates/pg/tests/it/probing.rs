//! What the probe finds out of roles of different rights, and that nothing of it stays.

use std::time::{Duration, Instant};

use transhume_core::{
    assess::capability::{Attempt, Capabilities},
    disposition::Disposition,
};
use transhume_demo::cluster::{Cluster, ClusterOptions};
use transhume_pg::{assess, catalog::objects, connection::session::Session};
use transhume_testkit::server::{self, EVERYDAY_MAJOR};
use transhume_wire::ident::QualifiedName;

use crate::connecting::settings;

const ROLES: &str = "
    create role mover login replication;
    create role stranger login;
    create role limited login connection limit 3;
    create schema shop authorization mover;
    create table shop.orders (id integer primary key);
    alter table shop.orders owner to mover;
    create table shop.others (id integer primary key)";

async fn session(cluster: &Cluster, role: &str) -> Session {
    let url = cluster.url("postgres").replace("postgres@", &format!("{role}@"));
    Session::connect(&settings(&url), "transhume:test:probe")
        .await
        .unwrap()
}

async fn cluster() -> (Cluster, Session) {
    let options = ClusterOptions::new(server::server(EVERYDAY_MAJOR)).setting("wal_level", "logical");
    let cluster = server::start(options);
    let owner = session(&cluster, "postgres").await;
    owner.batch_execute(ROLES).await.unwrap();
    (cluster, owner)
}

fn table(name: &str) -> QualifiedName {
    QualifiedName::new("shop", name)
}

/// Everything that a probe could have left, counted.
async fn leftovers(session: &Session) -> i64 {
    let row = session
        .query_one(
            "select (select count(*) from pg_publication) + (select count(*) from pg_event_trigger) \
                  + (select count(*) from pg_namespace where nspname ~ 'transhume')",
            &[],
        )
        .await
        .unwrap();
    row.get(0)
}

#[tokio::test]
async fn a_superuser_may_do_everything_and_nothing_stays() {
    let (_cluster, owner) = cluster().await;
    let source = assess::source(&owner, &[table("orders"), table("others")])
        .await
        .unwrap();
    assert_eq!(source.create_publication, Attempt::Allowed);
    assert_eq!(source.setting("wal_level"), Some("logical"));
    assert!(source.superuser && source.bypass_row_security && source.signal_backend);
    assert!(source.identity.is_some() && source.slots.free() > 0 && source.lock_capacity().unwrap() > 0);
    let target = assess::target(&owner).await.unwrap();
    for attempt in [
        &target.replica_role,
        &target.create_schema,
        &target.create_event_trigger,
    ] {
        assert_eq!(*attempt, Attempt::Allowed);
    }
    assert_eq!(leftovers(&owner).await, 0);
    let row = owner
        .query_one("show session_replication_role", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, &str>(0), "origin");
}

#[tokio::test]
async fn a_role_is_refused_what_it_may_not_do() {
    let (cluster, owner) = cluster().await;
    let mover = session(&cluster, "mover").await;
    let refused = |source: &Capabilities| source.create_publication.refusal().unwrap().to_owned();
    let source = assess::source(&mover, &[table("orders")]).await.unwrap();
    assert_eq!(refused(&source), "permission denied for database postgres");
    owner
        .batch_execute("grant create on database postgres to mover")
        .await
        .unwrap();
    let source = assess::source(&mover, &[table("orders")]).await.unwrap();
    assert_eq!(source.create_publication, Attempt::Allowed);
    let source = assess::source(&mover, &[table("orders"), table("others")])
        .await
        .unwrap();
    assert!(refused(&source).contains("others"));
    assert!(source.replication && !source.superuser && !source.signal_backend);

    let stranger = session(&cluster, "stranger").await;
    let target = assess::target(&stranger).await.unwrap();
    for attempt in [
        &target.replica_role,
        &target.create_schema,
        &target.create_event_trigger,
    ] {
        assert!(attempt.refusal().is_some(), "{attempt:?}");
    }
}

#[tokio::test]
async fn from_version_15_on_replica_role_can_be_granted() {
    let (cluster, owner) = cluster().await;
    owner
        .batch_execute("grant set on parameter session_replication_role to stranger")
        .await
        .unwrap();
    let stranger = session(&cluster, "stranger").await;
    assert_eq!(assess::replica_role(&stranger).await.unwrap(), Attempt::Allowed);
}

/// On the first version that switches them off by themselves, while the right comes and goes.
#[tokio::test]
async fn event_triggers_stay_silent_for_as_long_as_the_role_may() {
    let cluster = server::start(ClusterOptions::new(server::server(17)));
    let owner = session(&cluster, "postgres").await;
    let log = "create role stranger login;
        create table public.log (tag text); grant insert on public.log to stranger;
        create function public.note() returns event_trigger language plpgsql as
            'begin insert into public.log select tg_tag; end';
        create event trigger note on ddl_command_end execute function public.note()";
    owner.batch_execute(log).await.unwrap();
    for (right, is_silent) in [
        ("select", false),
        ("grant set on parameter event_triggers to stranger", true),
        ("revoke set on parameter event_triggers from stranger", false),
    ] {
        owner.batch_execute(right).await.unwrap();
        let stranger = session(&cluster, "stranger").await;
        let fire = "create temporary table noted (); drop table pg_temp.noted";
        stranger.batch_execute(fire).await.unwrap();
        let told = &objects::event_triggers(&stranger).await.unwrap()[0];
        assert_eq!(told.fires, !is_silent);
        let noted = "with gone as (delete from public.log returning 1) select count(*) from gone";
        let noted: i64 = owner.query_one(noted, &[]).await.unwrap().get(0);
        assert_eq!(noted == 0, is_silent, "{right}");
    }
}

#[tokio::test]
async fn a_table_that_is_locked_does_not_hold_the_probe_up() {
    let (cluster, owner) = cluster().await;
    let other = session(&cluster, "postgres").await;
    other
        .batch_execute("begin; lock table shop.orders in access exclusive mode")
        .await
        .unwrap();
    let source = assess::source(&owner, &[table("orders")]).await.unwrap();
    assert_eq!(source.create_publication, Attempt::NotTried);
    assert_eq!(source.create_event_trigger, Attempt::Allowed);
}

#[tokio::test]
async fn a_replication_connection_is_tried_and_says_which_cluster_it_is() {
    let (cluster, owner) = cluster().await;
    let by_function = assess::identity(&owner).await.unwrap();
    let url = cluster.url("postgres");
    let (attempt, identity) =
        assess::replication(&settings(&url.replace("postgres@", "mover@")), "transhume:test:r")
            .await
            .unwrap();
    assert_eq!(attempt, Attempt::Allowed);
    assert_eq!(identity, by_function);
    let (attempt, identity) = assess::replication(
        &settings(&url.replace("postgres@", "stranger@")),
        "transhume:test:r",
    )
    .await
    .unwrap();
    assert!(attempt.refusal().is_some() && identity.is_none());
}

/// A server that is stopping says nothing of what it will allow once it is back: taken for a refusal, a restart in the wrong
/// moment would end a run for good.
#[tokio::test]
async fn a_server_that_is_stopping_refuses_nothing() {
    let (cluster, owner) = cluster().await;
    let identity = assess::identity(&owner).await.unwrap();
    let postmaster = std::fs::read_to_string(cluster.data_directory().join("postmaster.pid")).unwrap();
    let pid = postmaster.lines().next().and_then(|line| line.parse().ok());
    let pid = rustix::process::Pid::from_raw(pid.unwrap()).unwrap();
    // Smart: no session begins any more, and this one stays.
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();

    let patience = Instant::now() + Duration::from_secs(30);
    let error = loop {
        let tried = assess::replication(&settings(&cluster.url("postgres")), "transhume:test:r").await;
        match tried {
            Ok((Attempt::Allowed, _)) if Instant::now() < patience => {}
            Ok(outcome) => panic!("{outcome:?}"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.sqlstate(), Some("57P03"));
    assert_eq!(error.disposition(), Disposition::Retry);
    assert_eq!(assess::identity(&owner).await.unwrap(), identity);
}

#[tokio::test]
async fn senders_that_are_all_taken_are_a_refusal() {
    let options = ClusterOptions::new(server::server(EVERYDAY_MAJOR)).setting("max_wal_senders", "0");
    let cluster = server::start(options.setting("wal_level", "logical"));
    let tried = assess::replication(&settings(&cluster.url("postgres")), "transhume:test:r").await;
    let (attempt, identity) = tried.unwrap();
    assert!(attempt.refusal().unwrap().contains("max_wal_senders") && identity.is_none());
}

#[tokio::test]
async fn functions_that_a_service_refuses_are_done_without() {
    let (cluster, owner) = cluster().await;
    owner
        .batch_execute("revoke execute on function pg_control_system() from public")
        .await
        .unwrap();
    let mover = session(&cluster, "mover").await;
    assert_eq!(assess::source(&mover, &[]).await.unwrap().identity, None);
}

#[tokio::test]
async fn free_connections_heed_the_limits_of_the_role() {
    let (cluster, owner) = cluster().await;
    let all = assess::target(&owner).await.unwrap().free_connections;
    assert!(all > 50, "{all}");
    let limited = session(&cluster, "limited").await;
    assert_eq!(assess::target(&limited).await.unwrap().free_connections, 2);
}

#[tokio::test]
async fn every_version_is_probed() {
    let majors: Vec<u32> = (12..=18)
        .filter(|major| server::installed(*major).is_some())
        .collect();
    for major in majors {
        let cluster = server::cluster(major);
        let owner = session(&cluster, "postgres").await;
        assert_eq!(
            assess::source(&owner, &[]).await.unwrap().server_version.major(),
            major
        );
        assert_eq!(
            assess::target(&owner).await.unwrap().replica_role,
            Attempt::Allowed
        );
    }
}
