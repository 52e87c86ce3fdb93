//! TLS in all of libpq's modes, channel binding, client certificates, against a server with a CA of the test's own.

use std::{fs, os::unix::fs::MetadataExt, path::Path, process::Command};

use tempfile::TempDir;
use transhume_demo::cluster::{Authentication, Cluster, ClusterOptions};
use transhume_pg::connection::{
    error::PgError,
    raw::{Mode, RawConnection},
    session::Session,
};
use transhume_testkit::server::{self, EVERYDAY_MAJOR};

use crate::connecting::settings;

/// A CA, a server certificate for "localhost" (version 3), one without extensions (version 1), a client certificate.
const CERTIFICATES: &str = r#"set -e
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.crt
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout other.key -out other.crt
sign() { openssl req -new -newkey $2 -nodes -subj "/CN=$3" -keyout $1.key -out $1.csr
  openssl x509 -req -in $1.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 $4 -out $1.crt $5 $6; }
printf 'subjectAltName=DNS:localhost\n' > names
printf 'basicConstraints=CA:FALSE\n' > plain
sign server rsa:2048 anything -sha384 -extfile names
sign common rsa:2048 localhost -sha256 -extfile plain
sign old rsa:2048 localhost -sha512
sign client rsa:2048 carol -sha256 -extfile plain
chmod 600 *.key"#;

struct Secured {
    cluster: Cluster,
    files: TempDir,
}

impl Secured {
    async fn start(certificate: &str) -> Self {
        let files = TempDir::new().unwrap();
        let made = Command::new("sh")
            .args(["-c", CERTIFICATES])
            .current_dir(files.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut options = ClusterOptions::new(server::server(EVERYDAY_MAJOR));
        options.authentication = Authentication::Scram {
            password: "se:cr@t".to_owned(),
        };
        let mut cluster = server::start(options);
        let session = Session::connect(&settings(&cluster.url("postgres")), "transhume:test:setup")
            .await
            .unwrap();
        session
            .batch_execute("CREATE ROLE carol LOGIN; CREATE ROLE plain LOGIN; CREATE ROLE tls LOGIN")
            .await
            .unwrap();
        session.close().await;
        let data = cluster.data_directory();
        install(
            &files.path().join(format!("{certificate}.crt")),
            &data.join("server.crt"),
            &data,
        );
        install(
            &files.path().join(format!("{certificate}.key")),
            &data.join("server.key"),
            &data,
        );
        install(&files.path().join("ca.crt"), &data.join("ca.crt"), &data);
        let rules = fs::read_to_string(data.join("pg_hba.conf")).unwrap();
        let first = "hostssl all carol all cert\nhostnossl all plain all trust\nhostssl all tls all trust\n\
                     host all carol,plain,tls all reject\n";
        fs::write(data.join("pg_hba.conf"), format!("{first}{rules}")).unwrap();
        cluster.set("ssl", "on");
        cluster.set("ssl_ca_file", "ca.crt");
        cluster.restart().unwrap();
        Self { cluster, files }
    }

    fn url(&self, user: &str, host: &str, rest: &str) -> String {
        let rest = rest.replace('@', &format!("{}/", self.files.path().display()));
        format!(
            "host={host} port={} dbname=postgres user={user} password=se:cr@t {rest}",
            self.cluster.port()
        )
    }

    async fn session(&self, user: &str, host: &str, rest: &str) -> Result<Session, PgError> {
        let session = Session::connect(&settings(&self.url(user, host, rest)), "transhume:test:tls").await?;
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let encrypted: bool = session.query_one(sql, &[]).await.unwrap().get(0);
        assert_eq!(encrypted, session.is_encrypted());
        Ok(session)
    }

    async fn refusal(&self, user: &str, host: &str, rest: &str) -> String {
        match self.session(user, host, rest).await {
            Ok(session) => panic!("{rest} must not connect, but gives {session:?}"),
            Err(error) => {
                assert!(!error.to_string().contains("se:cr@t"));
                format!("{error} HINT {}", error.hint().unwrap_or_default())
            }
        }
    }
}

fn install(from: &Path, to: &Path, like: &Path) {
    fs::copy(from, to).unwrap();
    let owner = fs::metadata(like).unwrap();
    std::os::unix::fs::chown(to, Some(owner.uid()), Some(owner.gid())).unwrap();
}

#[tokio::test]
async fn each_mode_checks_what_libpq_checks() {
    let secured = Secured::start("server").await;
    for (host, rest, encrypted) in [
        ("localhost", "sslmode=disable", false),
        ("localhost", "sslmode=allow", false),
        ("localhost", "sslmode=prefer", true),
        ("localhost", "", true),
        ("127.0.0.1", "sslmode=require", true),
        (
            "127.0.0.1",
            "sslmode=require channel_binding=require require_auth=scram-sha-256",
            true,
        ),
        ("127.0.0.1", "sslmode=require sslrootcert=@ca.crt", true),
        ("127.0.0.1", "sslmode=verify-ca sslrootcert=@ca.crt", true),
        (
            "localhost",
            "sslmode=verify-full sslrootcert=@ca.crt channel_binding=require",
            true,
        ),
        ("localhost", "sslmode=verify-full sslrootcert=@server.crt", true),
        (
            "localhost",
            "hostaddr=127.0.0.1 sslmode=verify-full sslrootcert=@ca.crt",
            true,
        ),
        ("localhost", "sslmode=prefer sslrootcert=@other.crt", false),
    ] {
        let session = secured.session("postgres", host, rest).await;
        let session = session.unwrap_or_else(|error| panic!("{host} {rest}: {error}"));
        assert_eq!(session.is_encrypted(), encrypted, "{host} {rest}");
    }
    for (host, rest, words) in [
        (
            "127.0.0.1",
            "sslmode=verify-full sslrootcert=@ca.crt",
            "use sslmode=verify-ca",
        ),
        (
            "localhost",
            "sslmode=verify-full sslrootcert=@other.crt",
            "UnknownIssuer",
        ),
        (
            "localhost",
            "sslmode=require sslrootcert=@other.crt",
            "sslrootcert must hold",
        ),
        ("localhost", "sslmode=verify-ca", "sslrootcert=system"),
        (
            "localhost",
            "sslmode=verify-ca sslrootcert=@missing.crt",
            "cannot be read",
        ),
        (
            "localhost",
            "sslmode=disable channel_binding=require",
            "channel binding is required",
        ),
        ("localhost", "require_auth=none", "require_auth does not allow"),
        ("localhost", "sslrootcert=system", "UnknownIssuer"),
    ] {
        let refusal = secured.refusal("postgres", host, rest).await;
        assert!(refusal.contains(words), "{host} {rest}: {refusal}");
    }
}

#[tokio::test]
async fn access_rules_that_want_tls_or_none_are_met_by_prefer_and_allow() {
    let secured = Secured::start("common").await;
    assert!(
        !secured
            .session("plain", "localhost", "sslmode=prefer")
            .await
            .unwrap()
            .is_encrypted()
    );
    assert!(
        secured
            .session("tls", "localhost", "sslmode=allow")
            .await
            .unwrap()
            .is_encrypted()
    );
    let refusal = secured.refusal("plain", "localhost", "sslmode=require").await;
    assert!(refusal.contains("pg_hba.conf"), "{refusal}");
    // No alternative names: the subject's name counts.
    let rest = "sslmode=verify-full sslrootcert=@ca.crt";
    assert!(
        secured
            .session("postgres", "localhost", rest)
            .await
            .unwrap()
            .is_encrypted()
    );
    let refusal = secured.refusal("postgres", "127.0.0.1", rest).await;
    assert!(refusal.contains("HINT"), "{refusal}");
    // A client certificate is the login.
    let rest = "sslmode=require sslcert=@client.crt sslkey=@client.key";
    assert!(secured.session("carol", "localhost", rest).await.is_ok());
    let refusal = secured.refusal("carol", "localhost", "sslmode=require").await;
    assert!(refusal.contains("certificate"), "{refusal}");
    let refusal = secured
        .refusal(
            "carol",
            "localhost",
            "sslmode=require sslcert=@client.crt sslkey=@names",
        )
        .await;
    assert!(refusal.contains("group or others"), "{refusal}");
}

#[tokio::test]
async fn a_certificate_of_version_1_still_binds_the_channel() {
    let secured = Secured::start("old").await;
    let rest = "sslmode=require channel_binding=require";
    assert!(
        secured
            .session("postgres", "127.0.0.1", rest)
            .await
            .unwrap()
            .is_encrypted()
    );
    let mut raw = RawConnection::connect(
        &settings(&secured.url("postgres", "localhost", rest)),
        "x",
        Mode::Sql,
    )
    .await
    .unwrap();
    assert!(raw.is_encrypted());
    // More than one TLS record each way.
    let rows = raw
        .query(
            "SELECT length($1), repeat('y', 300000)",
            &[Some(&"x".repeat(100_000))],
        )
        .await
        .unwrap();
    assert_eq!(rows[0][0].as_deref(), Some("100000"));
    assert_eq!(rows[0][1].as_ref().map(String::len), Some(300_000));
    let refusal = secured
        .refusal("postgres", "localhost", "sslmode=verify-ca sslrootcert=@ca.crt")
        .await;
    assert!(refusal.contains("version 3"), "{refusal}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_required() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    for (mode, connects) in [
        ("prefer", true),
        ("require", false),
        ("verify-full&sslrootcert=/missing", false),
    ] {
        let url = format!("{}?sslmode={mode}", cluster.url("postgres"));
        let connected = Session::connect(&settings(&url), "transhume:test:tls").await;
        assert_eq!(connected.is_ok(), connects, "{mode}");
        if let Err(error) = connected {
            assert!(error.to_string().contains("does not offer TLS"), "{error}");
        }
    }
}
