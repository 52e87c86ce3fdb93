//! Logins, pinned settings, several hosts, and the words when it does not work.

use transhume_pg::{
    conninfo::{ConnectionSettings, Environment},
    raw::{Mode, RawConnection},
    session::Session,
};
use transhume_testkit::server::{self, EVERYDAY_MAJOR};

pub(crate) fn settings(url: &str) -> ConnectionSettings {
    ConnectionSettings::parse(url, &Environment::of([])).unwrap()
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
        assert!(raw.query("SELECT 1 / 0", &[]).await.is_err());
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
