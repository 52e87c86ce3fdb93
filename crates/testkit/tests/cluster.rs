//! Disposable servers start, stop, die and come back.
#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

use std::time::Duration;

use tokio_postgres::NoTls;
use transhume_demo::cluster::{Authentication, Cluster, ClusterOptions, StopMode};
use transhume_testkit::server::{self, EVERYDAY_MAJOR, start};

async fn connect(url: &str) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn one(url: &str, query: &str) -> String {
    let client = connect(url).await.expect("the server accepts connections");
    client.query_one(query, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_fresh_server_is_ready_for_logical_replication_on_both_addresses() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    for url in [cluster.url("postgres"), cluster.socket_url("postgres")] {
        assert_eq!(one(&url, "SHOW wal_level").await, "logical");
    }
}

#[tokio::test]
async fn settings_of_the_caller_win() {
    let options = ClusterOptions::new(server::server(EVERYDAY_MAJOR)).setting("wal_level", "replica");
    let mut cluster = start(options);
    assert_eq!(one(&cluster.url("postgres"), "SHOW wal_level").await, "replica");
    cluster.set("wal_level", "logical");
    cluster.restart().unwrap();
    assert_eq!(one(&cluster.url("postgres"), "SHOW wal_level").await, "logical");
}

#[tokio::test]
async fn a_killed_server_comes_back_with_what_was_committed() {
    let mut cluster = server::cluster(EVERYDAY_MAJOR);
    let client = connect(&cluster.url("postgres")).await.unwrap();
    client
        .batch_execute("CREATE TABLE kept AS SELECT 'yes' AS answer")
        .await
        .unwrap();
    cluster.kill_postmaster();
    assert!(connect(&cluster.url("postgres")).await.is_err());
    cluster.start_again().unwrap();
    assert_eq!(
        one(&cluster.url("postgres"), "SELECT answer FROM kept").await,
        "yes"
    );
    cluster.stop(StopMode::Immediate).unwrap();
    cluster.start_again().unwrap();
    assert_eq!(
        one(&cluster.url("postgres"), "SELECT answer FROM kept").await,
        "yes"
    );
}

#[tokio::test]
async fn a_server_with_passwords_refuses_who_has_none() {
    let mut options = ClusterOptions::new(server::server(EVERYDAY_MAJOR));
    options.authentication = Authentication::Scram {
        password: "p@ss word/ü".into(),
    };
    let cluster = start(options);
    assert_eq!(
        one(&cluster.url("postgres"), "SELECT current_user::text").await,
        "postgres"
    );
    let anonymous = format!("postgresql://postgres@127.0.0.1:{}/postgres", cluster.port());
    assert!(connect(&anonymous).await.is_err());
    assert!(!format!("{cluster:?}").contains("p@ss"));
}

#[test]
fn a_server_that_does_not_start_shows_its_log() {
    let options = ClusterOptions::new(server::server(EVERYDAY_MAJOR)).setting("shared_buffers", "nonsense");
    let error = Cluster::start(options).unwrap_err().to_string();
    assert!(error.contains("nonsense"), "{error}");
}

#[test]
fn a_dropped_server_leaves_no_files() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let directory = cluster.data_directory();
    drop(cluster);
    assert!(!directory.exists());
}

#[tokio::test]
async fn many_servers_start_at_once_from_one_template() {
    let start_one = || tokio::task::spawn_blocking(|| server::cluster(EVERYDAY_MAJOR));
    let starting = [start_one(), start_one(), start_one(), start_one()];
    for handle in starting {
        let cluster = tokio::time::timeout(Duration::from_secs(90), handle)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(one(&cluster.url("postgres"), "SELECT 'up'").await, "up");
    }
}

#[tokio::test]
async fn servers_of_every_fetched_version_start() {
    for major in [13, 17, 18] {
        let cluster = server::cluster(major);
        let version = one(&cluster.url("postgres"), "SHOW server_version_num").await;
        assert!(version.starts_with(&major.to_string()), "{version}");
    }
}
