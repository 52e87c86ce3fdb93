//! The record of a move as files: one page for all databases, a CSV file of the tables and an SQL file of what would put things
//! back for each of them.
//!
//! Owns their names and what goes where: the page stays small whatever the number of tables, since all of them are in the CSV file.

mod files;
mod page;

use std::path::{Path, PathBuf};

use transhume_engine::status::{Record, Switch};

use crate::failure::{Failure, Result};

/// One database; what kept it from being read stands in its place.
pub(crate) struct Chapter {
    pub(crate) database: String,
    pub(crate) record: Result<Record>,
}

impl Chapter {
    /// A database may be called anything; a file may not.
    fn file(&self, ending: &str) -> String {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        let name = self.database.chars();
        let name: String = name
            .map(|letter| if is_plain(letter) { letter } else { '_' })
            .collect();
        format!("transhume-{name}-{ending}")
    }
}

/// The cutover that was done, if any; a rehearsal is none.
fn cutover(record: &Record) -> Option<&Switch> {
    record.switches.iter().find(|switch| switch.step == "cutover")
}

/// Writes all of them and returns their paths, the page first.
pub(crate) fn write(directory: &Path, chapters: &[Chapter]) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(directory).map_err(|error| unwritable(directory, &error))?;
    let mut files = vec![("transhume-report.html".to_owned(), page::page(chapters))];
    for chapter in chapters {
        let Ok(record) = &chapter.record else { continue };
        files.push((chapter.file("tables.csv"), files::tables(&record.tables)));
        files.push((
            chapter.file("return.sql"),
            files::returns(&chapter.database, record),
        ));
    }
    let mut paths = Vec::new();
    for (name, text) in files {
        let path = directory.join(name);
        std::fs::write(&path, text).map_err(|error| unwritable(&path, &error))?;
        paths.push(path);
    }
    Ok(paths)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot write the report {}: {error}", path.display()))
        .with_hint("check that the directory may be written to; --json prints the same")
}
