//! The password file (manual, "The Password File"): `host:port:database:user:password` lines.
//!
//! Refuses a file that others may read, with a warning, as libpq does.

use std::{os::unix::fs::MetadataExt, path::Path};

use secrecy::SecretString;

use super::hosts::Host;

/// Permission bits of group and others: none may be set.
const OTHERS: u32 = 0o077;

/// The password of the first line that fits.
pub(super) fn find(path: &Path, host: &Host, database: &str, user: &str) -> Option<SecretString> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() {
        tracing::warn!(path = %path.display(), "the password file is not a plain file and is ignored");
        return None;
    }
    if metadata.mode() & OTHERS != 0 {
        tracing::warn!(
            path = %path.display(),
            "the password file is readable by group or others and is ignored; set its permissions to 0600"
        );
        return None;
    }
    let text = SecretString::from(std::fs::read_to_string(path).ok()?);
    search(secrecy::ExposeSecret::expose_secret(&text), host, database, user)
}

fn search(text: &str, host: &Host, database: &str, user: &str) -> Option<SecretString> {
    // libpq looks up sockets in a default directory as "localhost"; both spellings are accepted for any socket.
    let mut names = vec![host.name()];
    if host.is_socket() {
        names.push("localhost".to_owned());
    }
    let port = host.port.to_string();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| {
            let (line_host, rest) = field(line)?;
            let (line_port, rest) = field(rest)?;
            let (line_database, rest) = field(rest)?;
            let (line_user, rest) = field(rest)?;
            let fits = |pattern: &str, value: &str| pattern == "*" || pattern == value;
            let all_fit = names.iter().any(|name| fits(&line_host, name))
                && fits(&line_port, &port)
                && fits(&line_database, database)
                && fits(&line_user, user);
            all_fit.then(|| SecretString::from(unescape(rest.trim_end_matches('\r'))))
        })
}

/// Cuts one field off at the next `:` that is not escaped.
fn field(line: &str) -> Option<(String, &str)> {
    let mut escaped = false;
    for (index, letter) in line.char_indices() {
        match letter {
            ':' if !escaped => return Some((unescape(&line[..index]), &line[index + 1..])),
            _ => escaped = letter == '\\' && !escaped,
        }
    }
    None
}

fn unescape(text: &str) -> String {
    let mut letters = text.chars();
    let mut plain = String::with_capacity(text.len());
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => plain.extend(letters.next()),
            _ => plain.push(letter),
        }
    }
    plain
}

/// A field written so that it is read back as it is.
pub(super) fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace(':', "\\:")
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use secrecy::ExposeSecret;

    use super::*;
    use crate::connection::conninfo::hosts::Address;

    fn host(name: &str) -> Host {
        Host {
            address: Address::Name(name.to_owned()),
            port: 5432,
        }
    }

    fn password(text: &str, name: &str) -> Option<String> {
        search(text, &host(name), "db", "o:x").map(|found| found.expose_secret().to_owned())
    }

    #[test]
    fn the_first_line_that_fits_wins_and_escapes_are_undone() {
        let text = "# note\nother:*:*:*:no\nh:5432:db:o\\:x:a\\:b\\\\c\nh:*:*:*:late\n";
        assert_eq!(password(text, "h").as_deref(), Some("a:b\\c"));
        assert_eq!(password(text, "missing"), None);
        let line = format!("h:*:*:*:{}", escape("p:\\q"));
        assert_eq!(password(&line, "h").as_deref(), Some("p:\\q"));
    }

    #[test]
    fn a_file_that_others_may_read_is_ignored() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pgpass");
        fs::write(&path, "*:*:*:*:secret\n").unwrap();
        for (mode, found) in [(0o600, true), (0o640, false), (0o604, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(find(&path, &host("h"), "db", "u").is_some(), found, "{mode:o}");
        }
        assert!(find(directory.path(), &host("h"), "db", "u").is_none());
    }
}
