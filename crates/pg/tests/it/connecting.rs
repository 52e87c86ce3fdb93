//! Logins, pinned settings, and the words when it does not work.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, time::Duration};

use transhume_demo::cluster::{Authentication, Cluster, ClusterOptions};
use transhume_pg::connection::{
    conninfo::{ConnectionSettings, Environment},
    error::PgError,
    raw::{Mode, RawConnection},
    session::Session,
};
use transhume_testkit::server::{self, EVERYDAY_MAJOR};

pub(crate) fn settings(url: &str) -> ConnectionSettings {
    ConnectionSettings::parse(url, &Environment::of([])).unwrap()
}

pub(crate) async fn connect(url: &str) -> Result<Session, PgError> {
    Session::connect(&settings(url), "transhume:test:session").await
}

pub(crate) fn with_password(password: &str) -> Cluster {
    let mut options = ClusterOptions::new(server::server(EVERYDAY_MAJOR));
    options.authentication = Authentication::Scram {
        password: password.to_owned(),
    };
    server::start(options)
}

/// Longer than the time-out for idle sessions that a role is given.
const IDLE_FOR_LONG: Duration = Duration::from_millis(1_100);

/// A port where nobody listens.
pub(crate) fn dead_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[tokio::test]
async fn both_kinds_of_connection_answer_over_tcp_and_over_a_socket() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    for url in [cluster.url("postgres"), cluster.socket_url("postgres")] {
        let settings = settings(&url);
        let session = Session::connect(&settings, "transhume:test:session")
            .await
            .unwrap();
        let row = session
            .query_one(
                "SELECT pg_backend_pid(), current_setting('application_name')",
                &[],
            )
            .await
            .unwrap();
        assert_eq!(row.get::<_, i32>(0), session.backend_pid());
        assert_eq!(row.get::<_, &str>(1), "transhume:test:session");
        assert_eq!(session.server_version().major(), EVERYDAY_MAJOR);
        session.close().await;
        let mut raw = RawConnection::connect(&settings, "transhume:test:raw", Mode::Sql)
            .await
            .unwrap();
        let rows = raw
            .query("SELECT $1::text, NULL, 1 + $2", &[Some("a"), Some("2")])
            .await
            .unwrap();
        assert_eq!(rows, [[Some("a".to_owned()), None, Some("3".to_owned())]]);
        assert_eq!(
            raw.query("SELECT 1 / 0", &[]).await.unwrap_err().sqlstate(),
            Some("22012")
        );
        let rows = raw
            .execute(
                "CREATE TABLE public.numbers AS SELECT generate_series(1, 3) AS number",
                &[],
            )
            .await;
        assert_eq!(rows.unwrap(), 3);
        let rows = raw
            .simple_query("DROP TABLE public.numbers; SELECT 'last'")
            .await
            .unwrap();
        assert_eq!(rows, [[Some("last".to_owned())]]);
        raw.close().await;
        let mut sender = RawConnection::connect(&settings, "transhume:test:sender", Mode::Replication)
            .await
            .unwrap();
        let rows = sender.simple_query("IDENTIFY_SYSTEM").await.unwrap();
        assert_eq!(rows[0][3].as_deref(), Some("postgres"));
    }
}

#[tokio::test]
async fn a_role_with_hostile_settings_changes_nothing() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let presets = [
        ("search_path", "hostile, public"),
        ("DateStyle", "'German'"),
        ("IntervalStyle", "'sql_standard'"),
        ("TimeZone", "'Asia/Kathmandu'"),
        ("extra_float_digits", "-15"),
        ("bytea_output", "escape"),
        ("client_encoding", "LATIN1"),
        ("standard_conforming_strings", "off"),
        ("statement_timeout", "'1ms'"),
        ("lock_timeout", "'1ms'"),
        ("idle_in_transaction_session_timeout", "'1ms'"),
        // Counts from the login on, and a busy machine may take its time before the first statement.
        ("idle_session_timeout", "'1s'"),
        ("row_security", "on"),
        ("default_transaction_isolation", "serializable"),
        ("default_transaction_deferrable", "on"),
        ("xmloption", "document"),
        ("quote_all_identifiers", "on"),
        ("transform_null_equals", "on"),
        ("array_nulls", "off"),
        ("exit_on_error", "on"),
        ("client_min_messages", "debug5"),
        ("jit", "on"),
        ("default_transaction_read_only", "on"),
    ];
    let setup = connect(&cluster.url("postgres")).await.unwrap();
    setup.batch_execute("CREATE ROLE hostile LOGIN").await.unwrap();
    for (name, value) in presets {
        setup
            .batch_execute(&format!("ALTER ROLE hostile SET {name} TO {value}"))
            .await
            .unwrap();
    }
    let url = cluster.url("postgres").replace("postgres@", "hostile@");
    let session = connect(&url).await.unwrap();
    let mut raw = RawConnection::connect(&settings(&url), "transhume:test:raw", Mode::Sql)
        .await
        .unwrap();
    let mut sender = RawConnection::connect(&settings(&cluster.url("postgres")), "x", Mode::Replication)
        .await
        .unwrap();
    let sql = "SELECT concat_ws('|', timestamptz '2024-03-01 12:00+00', interval '1 day 2 hours', 0.1::float8 + 0.2, \
               '\\x00ff'::bytea, '\\n', current_schemas(false)::text, '1'::money, pg_sleep(0.1))";
    let expected = "2024-03-01 12:00:00+00|1 day 02:00:00|0.30000000000000004|\\x00ff|\\n|{}|$1.00|";
    tokio::time::sleep(IDLE_FOR_LONG).await;
    assert_eq!(
        session.query_one(sql, &[]).await.unwrap().get::<_, &str>(0),
        expected
    );
    for raw in [&mut raw, &mut sender] {
        assert_eq!(
            raw.simple_query(sql).await.unwrap(),
            [[Some(expected.to_owned())]]
        );
    }
    assert!(
        session.is_read_only() && raw.is_read_only(),
        "a fence must be seen"
    );
    assert!(!setup.is_read_only());
    let error = session
        .batch_execute("CREATE TABLE public.t ()")
        .await
        .unwrap_err();
    assert_eq!(
        PgError::from(error).sqlstate(),
        Some("25006"),
        "and must not be lifted"
    );
}

#[tokio::test]
async fn who_writes_behind_a_fence_has_its_setting_lifted() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let url = cluster.url("postgres");
    let setup = connect(&url).await.unwrap();
    setup
        .batch_execute("ALTER DATABASE postgres SET default_transaction_read_only TO on")
        .await
        .unwrap();
    assert!(connect(&url).await.unwrap().is_read_only());
    let writing = settings(&url).writing_where_closed();
    let session = Session::connect(&writing, "transhume:test:reverse")
        .await
        .unwrap();
    assert!(!session.is_read_only());
    session
        .batch_execute("CREATE TABLE public.t ()")
        .await
        .expect("it may write");
}

#[tokio::test]
async fn the_words_for_a_failed_login_say_what_to_look_at() {
    let cluster = with_password("right");
    let good = cluster.url("postgres");
    let port = cluster.port().to_string();
    let dead = good.replace(&port, &dead_port().to_string());
    let unknown = dead.replace("127.0.0.1", "no-such-host.invalid");
    for (url, sqlstate, words, hint) in [
        (
            good.replace("right", "wr%6Fng"),
            Some("28P01"),
            "password authentication failed",
            "password file",
        ),
        (good.replace(":right", ""), None, "none is given", "PGPASSWORD"),
        (
            cluster.url("missing"),
            Some("3D000"),
            "\"missing\" does not exist",
            "create the database",
        ),
        (dead, None, "connection refused", "host and port"),
        (unknown, None, "no-such-host.invalid", "host and port"),
    ] {
        let error = connect(&url).await.unwrap_err();
        let text = error.to_string();
        assert_eq!(error.sqlstate(), sqlstate, "{text}");
        assert!(
            text.contains(words) && !text.contains("right") && !text.contains("wr"),
            "{text}"
        );
        assert!(error.hint().unwrap().contains(hint), "{text}: {:?}", error.hint());
    }
    fs::write(
        cluster.data_directory().join("pg_hba.conf"),
        "local all all trust\n",
    )
    .unwrap();
    cluster.reload().unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    let error = loop {
        match connect(&good).await {
            Err(error) => break error,
            Ok(_) => assert!(
                std::time::Instant::now() < deadline,
                "the rules are not read again"
            ),
        }
    };
    assert!(error.to_string().contains("no pg_hba.conf entry"), "{error}");
    assert!(error.hint().unwrap().contains("pg_hba.conf"));
}

#[tokio::test]
async fn a_password_file_serves_us_and_our_child_processes() {
    let cluster = with_password("a:b\\c");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pgpass");
    fs::write(
        &path,
        format!("127.0.0.1:{}:postgres:postgres:a\\:b\\\\c\n", cluster.port()),
    )
    .unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let environment = Environment::of([("PGPASSFILE", path.to_str().unwrap()), ("PGHOST", "127.0.0.1")]);
    let text = format!("port={} user=postgres", cluster.port());
    let settings = ConnectionSettings::parse(&text, &environment).unwrap();
    Session::connect(&settings, "transhume:test:session")
        .await
        .unwrap();
    let child = settings.child_connection("transhume:test:dump").await.unwrap();
    let mut dump = std::process::Command::new(server::client_programs(EVERYDAY_MAJOR).join("pg_dump"));
    child.apply_to(dump.arg("--no-password").arg("--schema-only"));
    let dumped = dump.output().unwrap();
    assert!(
        dumped.status.success(),
        "{}",
        String::from_utf8_lossy(&dumped.stderr)
    );
}

#[tokio::test]
async fn notifications_arrive_while_nothing_else_happens() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let mut listener = connect(&cluster.url("postgres")).await.unwrap();
    listener.batch_execute("LISTEN transhume").await.unwrap();
    let sender = connect(&cluster.url("postgres")).await.unwrap();
    sender.batch_execute("NOTIFY transhume, 'hello'").await.unwrap();
    let received = tokio::time::timeout(Duration::from_secs(30), listener.notifications().recv()).await;
    let notification = received.expect("it arrives").unwrap();
    assert_eq!(
        (notification.channel(), notification.payload()),
        ("transhume", "hello")
    );
    let sql = format!("SELECT pg_terminate_backend({})", listener.backend_pid());
    sender.batch_execute(&sql).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(30), listener.notifications().recv()).await;
    assert!(ended.expect("the end is seen").is_none());
}

#[tokio::test]
async fn a_command_is_cancelled_from_elsewhere() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let session = connect(&cluster.url("postgres")).await.unwrap();
    let canceller = session.canceller();
    assert!(!format!("{canceller:?}").contains("secret_key: Some"));
    let sleep = session.batch_execute("SELECT pg_sleep(600)");
    let cancel = async {
        let watcher = connect(&cluster.url("postgres")).await.unwrap();
        let sql = "SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'";
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        while watcher
            .query(sql, &[&session.backend_pid()])
            .await
            .unwrap()
            .is_empty()
        {
            assert!(std::time::Instant::now() < deadline, "the command does not begin");
        }
        canceller.cancel().await.unwrap();
    };
    let (slept, ()) = tokio::join!(sleep, cancel);
    assert_eq!(PgError::from(slept.unwrap_err()).sqlstate(), Some("57014"));
}

#[tokio::test]
async fn settings_hold_on_every_version_that_is_installed() {
    for major in 12..=server::NEWEST_MAJOR {
        let Some(binaries) = server::installed(major) else {
            continue;
        };
        let cluster = server::start(ClusterOptions::new(binaries));
        let session = connect(&cluster.url("postgres")).await.unwrap();
        assert_eq!(session.server_version().major(), major);
        let settings = settings(&cluster.url("postgres"));
        let sender = RawConnection::connect(&settings, "transhume:test:sender", Mode::Replication).await;
        assert!(sender.is_ok(), "{major}: {sender:?}");
    }
}
