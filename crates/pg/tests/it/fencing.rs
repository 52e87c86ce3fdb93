//! Closing a database: nobody who was there, or was just coming in, writes once the locks are gone.

use std::time::Duration;

use transhume_demo::cluster::{Cluster, ClusterOptions};
use transhume_pg::{
    catalog::tables::tables,
    connection::{
        raw::{Mode, RawConnection},
        session::Session,
    },
    cutover::{
        fence::{self, EndedSessions, Fence, OwnSessions},
        lock_order::LockOrder,
    },
};
use transhume_testkit::{
    connection::connect,
    server::{self, EVERYDAY_MAJOR},
};

use crate::connecting::settings;

const NONE: OwnSessions<'static> = OwnSessions { pids: &[], slot: "" };

const SCHEMA: &str = "
    create table public.entry (id bigint generated always as identity);
    create role mover login;
    grant pg_signal_backend to mover;
    create role app login";

/// Between reading the settings and being listed: a second longer than most stay there.
const SLOW: &str = "?options=-c%20post_auth_delay%3D1";

const NEWCOMERS: &str = "
    select count(*) from pg_catalog.pg_locks
    where locktype = 'virtualxid'
      and pid not in (select pid from pg_catalog.pg_stat_activity where datid is not null)";

async fn session(cluster: &Cluster, role: &str) -> Session {
    let url = cluster.url("postgres").replace("postgres@", &format!("{role}@"));
    Session::connect(&settings(&url), "transhume:test:fence")
        .await
        .unwrap()
}

async fn cluster(major: u32) -> (Cluster, Session) {
    let cluster = server::start(ClusterOptions::new(server::server(major)));
    let owner = session(&cluster, "postgres").await;
    owner.batch_execute(SCHEMA).await.unwrap();
    (cluster, owner)
}

async fn count(session: &Session, query: &str) -> i64 {
    session.query_one(query, &[]).await.unwrap().get(0)
}

async fn a_newcomer_does_not_write(major: u32) {
    let (cluster, announcer) = cluster(major).await;
    let (close, _) = fence::read_only_statements(&announcer).await.unwrap().unwrap();
    let mut order = LockOrder::new(&tables(&announcer).await.unwrap(), &[]);
    let approach = Fence::approach(session(&cluster, "postgres").await, &order).await;
    let fence = approach
        .unwrap()
        .raise(&mut order, Duration::from_secs(5))
        .await
        .unwrap();

    let url = cluster.url("postgres") + SLOW;
    let writer = tokio::spawn(async move {
        let client = connect(&url).await?;
        client
            .execute("insert into public.entry default values", &[])
            .await
    });
    tokio::time::timeout(Duration::from_secs(30), async {
        while count(&announcer, NEWCOMERS).await == 0 {}
    })
    .await
    .unwrap();
    fence::run_briefly(&announcer, &close).await.unwrap();
    let own = OwnSessions {
        pids: &[fence.session().backend_pid()],
        slot: "",
    };
    let sessions = fence::end_other_sessions(&announcer, &own).await.unwrap();
    fence.close().await.unwrap();

    assert!(writer.await.unwrap().is_err());
    assert_eq!(sessions, EndedSessions { ended: 1, refused: 0 });
    assert_eq!(count(&announcer, "select count(*) from public.entry").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_who_is_just_coming_in_does_not_write_behind_the_fence() {
    a_newcomer_does_not_write(EVERYDAY_MAJOR).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_where_newcomers_are_listed_from_their_beginning() {
    a_newcomer_does_not_write(18).await;
}

#[tokio::test]
async fn who_may_signal_others_ends_their_sessions_without_seeing_what_they_are() {
    let (cluster, owner) = cluster(EVERYDAY_MAJOR).await;
    let mover = session(&cluster, "mover").await;
    let url = cluster.url("postgres").replace("postgres@", "app@");
    let app = connect(&url).await.unwrap();
    // A member of the superuser's role is none: the superuser's session is not for it to end, and costs nobody the rest.
    owner.batch_execute("grant postgres to mover").await.unwrap();
    let sessions = fence::end_other_sessions(&mover, &NONE).await.unwrap();
    assert_eq!(sessions, EndedSessions { ended: 1, refused: 1 });
    assert!(app.batch_execute("select 1").await.is_err());
}

#[tokio::test]
async fn a_name_like_ours_saves_nobody_and_a_walsender_runs_no_more_sql() {
    let (cluster, owner) = cluster(EVERYDAY_MAJOR).await;
    let announcer = session(&cluster, "postgres").await;
    let kept = session(&cluster, "postgres").await;
    let lookalike = session(&cluster, "app").await;
    let walsender = RawConnection::connect(
        &settings(&cluster.url("postgres")),
        "transhume:app",
        Mode::Replication,
    )
    .await
    .unwrap();
    let own = OwnSessions {
        pids: &[kept.backend_pid()],
        slot: "",
    };
    let ended = fence::end_other_sessions(&announcer, &own).await.unwrap();
    let all = EndedSessions { ended: 3, refused: 0 };
    assert_eq!(ended, all, "the owner, the lookalike and the walsender");
    for session in [&owner, &lookalike] {
        assert!(session.batch_execute("select 1").await.is_err());
    }
    let process = walsender.backend_pid();
    let listed = format!("select count(*) from pg_catalog.pg_stat_activity where pid = {process}");
    assert_eq!(count(&announcer, &listed).await, 0);
    kept.batch_execute("select 1").await.unwrap();
}
