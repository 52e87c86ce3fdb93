//! The connection of pg_dump, told by its environment alone: nothing secret is in its arguments.
//!
//! The password goes into a password file of its own (readable by this user only, removed with the
//! directory), since the environment of a process can be read longer than the file exists.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use secrecy::ExposeSecret as _;

use crate::conninfo::{Address, ConnectionSettings, Host, Negotiation, RootCertificates};

/// Variables for libpq; a password file is written into `directory` where a password is known.
pub(super) fn environment(
    settings: &ConnectionSettings,
    application_name: &str,
    directory: &Path,
) -> io::Result<Vec<(&'static str, String)>> {
    let list = |text: fn(&Host) -> String| settings.hosts.iter().map(text).collect::<Vec<_>>().join(",");
    let mut variables = vec![
        ("PGHOST", list(Host::name)),
        ("PGPORT", list(|host| host.port.to_string())),
        ("PGDATABASE", settings.database.clone()),
        ("PGUSER", settings.user.clone()),
        ("PGAPPNAME", application_name.to_owned()),
        ("PGTARGETSESSIONATTRS", "any".to_owned()),
    ];
    if settings
        .hosts
        .iter()
        .any(|host| matches!(host.address, Address::Fixed(..)))
    {
        variables.push(("PGHOSTADDR", list(fixed_address)));
    }
    if let Some(limit) = settings.connect_timeout {
        variables.push(("PGCONNECT_TIMEOUT", limit.as_secs().max(2).to_string()));
    }
    if let Some(options) = &settings.options {
        variables.push(("PGOPTIONS", options.clone()));
    }
    variables.extend(tls(settings));
    if let Some(file) = passfile(settings, directory)? {
        variables.push(("PGPASSFILE", file));
    }
    Ok(variables)
}

fn fixed_address(host: &Host) -> String {
    match &host.address {
        Address::Fixed(address, _) => address.to_string(),
        _ => String::new(),
    }
}

fn tls(settings: &ConnectionSettings) -> Vec<(&'static str, String)> {
    let tls = &settings.tls;
    let mut variables = vec![("PGSSLMODE", tls.mode.as_str().to_owned())];
    if tls.negotiation == Negotiation::Direct {
        variables.push(("PGSSLNEGOTIATION", "direct".to_owned()));
    }
    match &tls.roots {
        RootCertificates::System => variables.push(("PGSSLROOTCERT", "system".to_owned())),
        RootCertificates::File(file) => variables.push(("PGSSLROOTCERT", file.display().to_string())),
        RootCertificates::None => {}
    }
    if let Some((certificate, key)) = &tls.client {
        variables.push(("PGSSLCERT", certificate.display().to_string()));
        variables.push(("PGSSLKEY", key.display().to_string()));
    }
    variables
}

/// One line for each host with a password: `host:port:database:user:password`.
fn passfile(settings: &ConnectionSettings, directory: &Path) -> io::Result<Option<String>> {
    let mut lines = String::new();
    for host in &settings.hosts {
        let Some(password) = settings.password_for(host) else {
            continue;
        };
        let port = host.port.to_string();
        // For the default socket directory libpq looks for "localhost", for others for the directory.
        let names = if host.is_socket() {
            vec![host.name(), "localhost".to_owned()]
        } else {
            vec![host.name()]
        };
        for name in names {
            let fields = [
                &name,
                &port,
                &settings.database,
                &settings.user,
                password.expose_secret(),
            ];
            lines.push_str(&fields.map(escape).join(":"));
            lines.push('\n');
        }
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let path = directory.join("passfile");
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    file.write_all(lines.as_bytes())?;
    Ok(Some(path.display().to_string()))
}

fn escape(field: impl AsRef<str>) -> String {
    field.as_ref().replace('\\', "\\\\").replace(':', "\\:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::Environment;

    #[test]
    fn the_password_is_in_the_file_only_and_escaped() {
        let settings = ConnectionSettings::parse(
            "host=db.example port=5433 user=mover dbname=shop password='a:b\\\\c' sslmode=require",
            &Environment::of([]),
        )
        .unwrap();
        let directory = tempfile::tempdir().unwrap();
        let variables = environment(&settings, "transhume:x:dump", directory.path()).unwrap();
        assert!(variables.iter().all(|(_, value)| !value.contains("a:b")));
        assert!(variables.contains(&("PGSSLMODE", "require".to_owned())));
        let written = std::fs::read_to_string(directory.path().join("passfile")).unwrap();
        assert_eq!(written, "db.example:5433:shop:mover:a\\:b\\\\c\n");
    }
}
