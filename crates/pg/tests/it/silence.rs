//! Connections that stay open and deliver nothing: noticed, given up, and their processes ended.

use std::time::{Duration, Instant};

use transhume_demo::cluster::Cluster;
use transhume_pg::connection::{
    error::PgError,
    raw::{Mode, RawConnection},
    session::Session,
};
use transhume_testkit::{
    proxy::Proxy,
    server::{self, EVERYDAY_MAJOR},
};

use crate::connecting::settings;

/// What is promised, without what this machine may take for it.
const NOTICED_WITHIN: Duration = Duration::from_secs(90);

async fn through(cluster: &Cluster) -> (Proxy, String) {
    let proxy = Proxy::start(cluster.port()).await;
    let url = proxy.through(&cluster.url("postgres"));
    (proxy, url)
}

async fn lost<T: std::fmt::Debug>(answer: impl Future<Output = Result<T, PgError>>) -> PgError {
    let began = Instant::now();
    let answer = tokio::time::timeout(NOTICED_WITHIN, answer).await;
    let error = answer
        .unwrap_or_else(|_| panic!("not noticed after {:?}", began.elapsed()))
        .unwrap_err();
    assert!(matches!(error, PgError::Lost { .. }), "{error:?}");
    error
}

#[tokio::test]
async fn a_server_that_answers_nobody_is_given_up() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let (proxy, url) = through(&cluster).await;
    let session = Session::connect(&settings(&url), "transhume:test:silent")
        .await
        .unwrap();
    let mut raw = RawConnection::connect(&settings(&url), "transhume:test:silent", Mode::Sql)
        .await
        .unwrap();
    proxy.freeze();
    let asked = async { Ok(session.query_one("select 1", &[]).await?) };
    let (_, error) = tokio::join!(lost(asked), lost(raw.simple_query("select 1")));
    assert!(error.to_string().contains("nor to a new connection"), "{error}");
}

/// Only the old connections are dead, as behind a firewall that has forgotten them: the server's processes, which know
/// nothing of it, hold their locks until they are ended.
#[tokio::test]
async fn a_connection_that_is_dead_alone_is_given_up_and_its_process_ended() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let (proxy, url) = through(&cluster).await;
    let session = Session::connect(&settings(&url), "transhume:test:silent")
        .await
        .unwrap();
    session
        .batch_execute("begin; create table public.held ()")
        .await
        .unwrap();
    let watching = Session::connect(&settings(&cluster.url("postgres")), "transhume:test:watching")
        .await
        .unwrap();
    proxy.silence();
    lost(async { Ok(session.query_one("select 1", &[]).await?) }).await;
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let still = watching
            .query_one(
                "select pg_catalog.count(*) from pg_catalog.pg_stat_activity where pid = $1",
                &[&session.backend_pid()],
            )
            .await
            .unwrap();
        if still.get::<_, i64>(0) == 0 {
            break;
        }
        assert!(Instant::now() < end, "the process lives on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A statement that takes long is answered, however long that is; the watch asks after it meanwhile.
#[tokio::test]
async fn who_works_for_long_is_not_given_up() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let url = cluster.url("postgres");
    let holder = Session::connect(&settings(&url), "transhume:test:holder")
        .await
        .unwrap();
    // Apart, since one text is one transaction.
    for statement in ["create table public.t ()", "begin; lock table public.t"] {
        holder.batch_execute(statement).await.unwrap();
    }
    let session = Session::connect(&settings(&url), "transhume:test:waiter")
        .await
        .unwrap();
    // Longer than two questions.
    let waiting = session.batch_execute("insert into public.t default values");
    let kept = async {
        tokio::time::sleep(Duration::from_secs(45)).await;
        holder.batch_execute("rollback").await.unwrap();
    };
    let (waited, ()) = tokio::join!(waiting, kept);
    waited.unwrap();
}

#[tokio::test]
async fn the_server_ends_sessions_whose_client_is_gone() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let session = Session::connect(&settings(&cluster.url("postgres")), "transhume:test:session")
        .await
        .unwrap();
    let row = session
        .query_one(
            "select pg_catalog.current_setting('tcp_keepalives_idle'), pg_catalog.current_setting('tcp_user_timeout'), \
             pg_catalog.current_setting('client_connection_check_interval')",
            &[],
        )
        .await
        .unwrap();
    let settings: [&str; 3] = [row.get(0), row.get(1), row.get(2)];
    assert_eq!(settings, ["15", "60000", "10s"]);
}
