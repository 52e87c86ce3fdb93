//! The table of contents of a schema archive, as `pg_restore --list --verbose` prints it.
//!
//! Verbose, since only then the dependencies are there: with them an entry without an object of its
//! own (a comment, a grant) is known to belong to another without reading names.

use tokio::process::Command;
use transhume_core::schema::archive::Entry;

use crate::{
    connection::error::PgError,
    schema::{archive_file::ArchiveFile, dump::Programs},
};

/// Entries of the archive in its order.
pub async fn read(programs: &Programs, archive: &ArchiveFile) -> Result<Vec<Entry>, PgError> {
    let mut command = Command::new(&programs.pg_restore);
    command.args(["--list", "--verbose"]);
    let printed = archive.read_by(&mut command).await?;
    parse(&String::from_utf8_lossy(&printed))
}

fn parse(list: &str) -> Result<Vec<Entry>, PgError> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in list.lines() {
        if let Some(needs) = line.strip_prefix(";\tdepends on:") {
            if let Some(entry) = entries.last_mut() {
                entry.depends_on = needs
                    .split_whitespace()
                    .filter_map(|id| id.parse().ok())
                    .collect();
            }
        } else if !line.starts_with(';') && !line.is_empty() {
            let entry = Entry::parse(line).map_err(|error| PgError::Program {
                message: error.to_string(),
                detail: String::new(),
                hint: "use pg_dump and pg_restore of a released PostgreSQL version".to_owned(),
            })?;
            entries.push(entry);
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = ";\n; Archive created at 2026-11-22\n;     Format: CUSTOM\n;\n\n\
        7; 2615 16384 SCHEMA - ATTACH postgres\n\
        3481; 0 16461 ROW SECURITY public f postgres\n;\tdepends on: 223 7\n\
        2; 3079 16393 EXTENSION - pgcrypto \n";

    #[test]
    fn entries_keep_their_order_and_dependencies() {
        let entries = parse(LIST).unwrap();
        let ids: Vec<i32> = entries.iter().map(|entry| entry.dump_id).collect();
        assert_eq!(ids, [7, 3481, 2]);
        assert_eq!(entries[1].depends_on, [223, 7]);
        assert_eq!(entries[2].description, "EXTENSION - pgcrypto");
    }

    #[test]
    fn an_unreadable_line_is_an_error() {
        assert!(parse("7; what\n").is_err());
    }
}
