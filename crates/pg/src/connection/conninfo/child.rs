//! The connection of a child process (pg_dump, pg_restore): all by environment, nothing secret in its arguments.
//!
//! The password goes through a password file without a name, which goes when this is dropped: keep it until the child has
//! ended. Of our own environment the child gets only what it needs.

use std::{
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
};

use secrecy::ExposeSecret;

use super::{
    ChannelBinding, ConnectionSettings, Negotiation, RootCertificates, TargetSession,
    hosts::{Address, Host},
    options::{TlsSettings, name_of},
    passfile,
};
use crate::{
    connection::error::PgError,
    unnamed_file::{UnnamedFile, no_file},
};

/// Where an operator says that trusted roots are, for us and for OpenSSL alike.
const ROOTS_VARIABLE: &str = "SSL_CERT_FILE";

/// Limits that a role or database may preset and that would end a long dump.
const NO_TIMEOUTS: &str = "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0";
/// Where systems keep their trusted roots as one file; libpq understands `system` only from version 16 on.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// What a libpq program needs of our environment: where programs, libraries and trusted roots are. All else may hold secrets,
/// the other server's address among them, or steer where it goes and what it prints.
const PASSED_ON: [&str; 8] = [
    "PATH",
    "HOME",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "OPENSSL_CONF",
    "OPENSSL_MODULES",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Takes everything else from a program's environment.
pub(crate) fn bare(command: &mut std::process::Command) {
    command.env_clear();
    let present = |name: &'static str| Some((name, std::env::var_os(name)?));
    command.envs(PASSED_ON.into_iter().filter_map(present));
    // Messages are read by programs and people alike: untranslated.
    command.env("LC_ALL", "C.UTF-8");
}

/// What a libpq program needs to connect as we do.
pub struct ChildConnection {
    variables: Vec<(String, String)>,
    database_argument: String,
    _passfile: Option<UnnamedFile>,
}

impl ChildConnection {
    /// The PG* variables to set; none holds a secret.
    pub fn environment(&self) -> &[(String, String)] {
        &self.variables
    }

    /// For programs that insist on `--dbname` (pg_restore).
    pub fn database_argument(&self) -> &str {
        &self.database_argument
    }

    /// Gives the child these variables, and of ours only what it needs.
    pub fn apply_to(&self, command: &mut std::process::Command) {
        bare(command);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }
}

impl ConnectionSettings {
    /// The same settings for a libpq program, with a password of now.
    pub async fn child_connection(&self, application_name: &str) -> Result<ChildConnection, PgError> {
        self.logins.renew(self).await?;
        self.with_known_password(application_name)
            .map_err(|error| no_file(&error))
    }

    /// Server, user and database as libpq's variables name them.
    pub(crate) fn named_server(&self) -> Vec<(String, String)> {
        let mut variables = self.host_variables();
        variables.push(("PGUSER".to_owned(), self.user.clone()));
        variables.push(("PGDATABASE".to_owned(), self.database.clone()));
        variables
    }

    fn with_known_password(&self, application_name: &str) -> io::Result<ChildConnection> {
        let mut variables = self.named_server();
        let mut set = |name: &str, value: &str| variables.push((name.to_owned(), value.to_owned()));
        set("PGAPPNAME", application_name);
        let options = self.options.as_deref().unwrap_or_default();
        set("PGOPTIONS", format!("{options} {NO_TIMEOUTS}").trim_start());
        set(
            "PGCONNECT_TIMEOUT",
            &self
                .connect_timeout
                .map_or(0, |limit| limit.as_secs())
                .to_string(),
        );
        set("PGGSSENCMODE", "disable");
        if self.target_session != TargetSession::Any {
            set("PGTARGETSESSIONATTRS", name_of(self.target_session));
        }
        if self.authentication.channel_binding != ChannelBinding::Prefer {
            let require = self.authentication.channel_binding == ChannelBinding::Require;
            set("PGCHANNELBINDING", if require { "require" } else { "disable" });
        }
        if let Some(methods) = &self.authentication.given {
            set("PGREQUIREAUTH", methods);
        }
        variables.extend(tls_variables(&self.tls));
        let passfile = self.write_passfile(&mut variables)?;
        let database = self.database.replace('\\', "\\\\").replace('\'', "\\'");
        Ok(ChildConnection {
            variables,
            database_argument: format!("dbname='{database}'"),
            _passfile: passfile,
        })
    }

    fn host_variables(&self) -> Vec<(String, String)> {
        let list = |item: &dyn Fn(&Host) -> String| self.hosts.iter().map(item).collect::<Vec<_>>().join(",");
        let mut variables = vec![
            ("PGHOST".to_owned(), list(&Host::name)),
            ("PGPORT".to_owned(), list(&|host| host.port.to_string())),
        ];
        let addresses = list(&|host| match &host.address {
            Address::Fixed(address, _) => address.to_string(),
            _ => String::new(),
        });
        if addresses.contains(|letter: char| letter != ',') {
            variables.push(("PGHOSTADDR".to_owned(), addresses));
        }
        variables
    }

    fn write_passfile(&self, variables: &mut Vec<(String, String)>) -> io::Result<Option<UnnamedFile>> {
        let mut lines = String::new();
        for host in &self.hosts {
            let Some(password) = self.logins.password(self, host) else {
                continue;
            };
            let password = passfile::escape(password.expose_secret());
            // libpq looks a socket in its default directory up as "localhost".
            let names = [
                Some(host.name()),
                host.is_socket().then(|| "localhost".to_owned()),
            ];
            for name in names.into_iter().flatten() {
                let _ = writeln!(lines, "{}:{}:*:*:{password}", passfile::escape(&name), host.port);
            }
        }
        if lines.is_empty() {
            return Ok(None);
        }
        let file = UnnamedFile::holding(lines.as_bytes())?;
        variables.push(("PGPASSFILE".to_owned(), file.path().display().to_string()));
        Ok(Some(file))
    }
}

fn tls_variables(tls: &TlsSettings) -> Vec<(String, String)> {
    let mut variables = vec![("PGSSLMODE".to_owned(), tls.mode.as_str().to_owned())];
    let mut set = |name: &str, path: &Path| variables.push((name.to_owned(), path.display().to_string()));
    match &tls.roots {
        RootCertificates::File(path) => set("PGSSLROOTCERT", path),
        RootCertificates::System => {
            // The same trust as ours: what the operator names comes before what the system has.
            let named = std::env::var_os(ROOTS_VARIABLE).map(PathBuf::from);
            let usual = SYSTEM_ROOTS.iter().map(PathBuf::from);
            let file = named.into_iter().chain(usual).find(|path| path.is_file());
            set("PGSSLROOTCERT", file.as_deref().unwrap_or(Path::new("system")));
        }
        RootCertificates::None => {}
    }
    if let Some((certificate, key)) = &tls.client {
        set("PGSSLCERT", certificate);
        set("PGSSLKEY", key);
    }
    if tls.negotiation == Negotiation::Direct {
        set("PGSSLNEGOTIATION", Path::new("direct"));
    }
    variables
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;
    use crate::connection::conninfo::Environment;

    fn child(text: &str) -> ChildConnection {
        let settings = ConnectionSettings::parse(text, &Environment::of([]).with_user("me")).unwrap();
        settings.with_known_password("transhume:test:dump").unwrap()
    }

    fn value<'a>(child: &'a ChildConnection, name: &str) -> Option<&'a str> {
        child
            .environment()
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    #[test]
    fn the_password_is_in_a_file_that_goes_with_the_guard() {
        let child = child("host=a,/tmp port=1 user=u dbname=d'b password=s:e\\\\c sslmode=require");
        let path = value(&child, "PGPASSFILE").unwrap().to_owned();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "a:1:*:*:s\\:e\\\\c\n/tmp:1:*:*:s\\:e\\\\c\nlocalhost:1:*:*:s\\:e\\\\c\n"
        );
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!format!("{:?}", child.environment()).contains("s:e"));
        assert_eq!(child.database_argument(), "dbname='d\\'b'");
        drop(child);
        assert!(!Path::new(&path).exists());
    }

    #[test]
    fn every_choice_reaches_the_child() {
        let child = child(
            "host=h hostaddr=10.0.0.1 sslmode=verify-full sslrootcert=/ca channel_binding=require \
             require_auth=scram-sha-256 target_session_attrs=read-write options='-c x=y' connect_timeout=7",
        );
        for (name, expected) in [
            ("PGHOST", "h"),
            ("PGHOSTADDR", "10.0.0.1"),
            ("PGPORT", "5432"),
            ("PGUSER", "me"),
            ("PGSSLMODE", "verify-full"),
            ("PGSSLROOTCERT", "/ca"),
            ("PGCHANNELBINDING", "require"),
            ("PGREQUIREAUTH", "scram-sha-256"),
            ("PGTARGETSESSIONATTRS", "read-write"),
            ("PGCONNECT_TIMEOUT", "7"),
        ] {
            assert_eq!(value(&child, name), Some(expected), "{name}");
        }
        assert!(
            value(&child, "PGOPTIONS")
                .unwrap()
                .starts_with("-c x=y -c statement_timeout=0")
        );
        assert_eq!(value(&child, "PGPASSFILE"), None);
    }
}
