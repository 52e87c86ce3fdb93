//! Passwords that a command prints: renewed when a server refuses them, and no throttle is met meanwhile.

use std::{fs, path::PathBuf};

use futures_util::future::join_all;
use tempfile::TempDir;
use transhume_core::disposition::Disposition;
use transhume_demo::cluster::Cluster;
use transhume_pg::connection::{
    conninfo::ConnectionSettings,
    error::PgError,
    login::{JUST_ACCEPTED, PasswordCommand},
    session::Session,
};
use transhume_testkit::server::{self, EVERYDAY_MAJOR};

use crate::connecting::{settings, with_password};

/// Sessions that are opened at once, as the workers of a load do.
const AT_ONCE: usize = 8;

/// A server, and a file whose first line is what the command prints.
struct Renewed {
    cluster: Cluster,
    files: TempDir,
    settings: ConnectionSettings,
}

impl Renewed {
    fn start() -> Self {
        let (cluster, files) = (with_password("first"), TempDir::new().unwrap());
        let file = files.path().join("token");
        fs::write(&file, "first\n").unwrap();
        let command = PasswordCommand::parse(&format!("cat {}", file.display())).unwrap();
        let settings =
            settings(&cluster.url("postgres").replace(":first", "")).with_password_command(command);
        Self {
            cluster,
            files,
            settings,
        }
    }

    async fn connect(&self) -> Result<Session, PgError> {
        Session::connect(&self.settings, "transhume:test:login").await
    }

    /// What the command prints from now on.
    fn print(&self, password: &str) {
        fs::write(self.file(), format!("{password}\n")).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.files.path().join("token")
    }

    /// What the server takes from now on; everybody's sessions end.
    async fn renew(&mut self, from: &str, to: &str) {
        self.cluster.restart().unwrap();
        let session = Session::connect(
            &settings(
                &self
                    .cluster
                    .url("postgres")
                    .replace(":first", &format!(":{from}")),
            ),
            "transhume:test:renew",
        )
        .await
        .unwrap();
        session
            .batch_execute(&format!("alter role postgres password '{to}'"))
            .await
            .unwrap();
        session.close().await;
        // Until then a login that was accepted before lets all others try at once.
        tokio::time::sleep(JUST_ACCEPTED).await;
    }

    fn refused(&self) -> usize {
        let log = fs::read_to_string(self.cluster.log_path()).unwrap();
        log.matches("password authentication failed").count()
    }
}

#[tokio::test]
async fn a_password_that_was_renewed_costs_one_refused_login_for_all() {
    let mut renewed = Renewed::start();
    renewed.connect().await.unwrap().close().await;
    renewed.renew("first", "second").await;
    renewed.print("second");
    let opened = join_all((0..AT_ONCE).map(|_| renewed.connect())).await;
    for session in opened {
        session.unwrap();
    }
    assert_eq!(renewed.refused(), 1, "{}", renewed.cluster.log_tail());
    assert!(renewed.settings.refused_login().is_none());
    // A child process gets the password of now.
    renewed.renew("second", "third").await;
    renewed.print("third");
    let child = renewed
        .settings
        .child_connection("transhume:test:dump")
        .await
        .unwrap();
    let mut dump = std::process::Command::new(server::client_programs(EVERYDAY_MAJOR).join("pg_dump"));
    child.apply_to(dump.arg("--no-password").arg("--schema-only"));
    assert!(dump.output().unwrap().status.success());
    assert_eq!(renewed.refused(), 1);
}

#[tokio::test]
async fn a_password_that_stays_wrong_is_tried_twice_and_then_waited_for() {
    let mut renewed = Renewed::start();
    renewed.connect().await.unwrap().close().await;
    renewed.renew("first", "second").await;
    renewed.print("neither");
    let refusals = join_all((0..AT_ONCE).map(|_| renewed.connect())).await;
    for refusal in refusals {
        let error = refusal.unwrap_err();
        assert!(error.is_refused_login(), "{error}");
        assert_eq!(error.disposition(), Disposition::Retry);
        assert_eq!(error.sqlstate(), Some("28P01"));
        assert!(
            error.to_string().contains("the next login is tried in"),
            "{error}"
        );
        assert!(!format!("{error:?}").contains("neither"));
    }
    assert_eq!(renewed.refused(), 2, "{}", renewed.cluster.log_tail());
    // Good or not: nobody asks before the time has come.
    renewed.print("second");
    assert!(renewed.connect().await.is_err());
    assert_eq!(renewed.refused(), 2);
    let told = renewed.settings.refused_login().expect("it is refused now");
    assert!(told.reason.contains("password authentication failed") && told.again_in.as_secs() < 30);
}

#[tokio::test]
async fn a_login_that_never_worked_is_no_reason_to_wait() {
    let renewed = Renewed::start();
    renewed.print("neither");
    let error = renewed.connect().await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("28P01"));
    assert_eq!(error.disposition(), Disposition::WaitForOperator, "{error}");
    fs::remove_file(renewed.file()).unwrap();
    let settings = renewed
        .settings
        .clone()
        .with_password_command(PasswordCommand::parse("false").unwrap());
    let error = Session::connect(&settings, "transhume:test:login")
        .await
        .unwrap_err();
    assert_eq!(error.disposition(), Disposition::WaitForOperator, "{error}");
    assert!(
        error.to_string().contains("the password command false failed"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("run it by hand"));
}
