//! The SQL of chosen archive entries, written by pg_restore and cut entry by entry.
//!
//! pg_restore connects nowhere: it prints the script, and the caller executes it on its own session,
//! so that the restored objects and the record of them commit together. Owners, grants, tablespaces
//! and table access methods of the script are settings of pg_restore; nothing is rewritten here but
//! names of roles, and that options of the source's server itself are left out.
//! Invariant: the pieces come in the order asked for and each is the text of exactly one entry,
//! recognised by its dump id, class and OID together, in turn.

mod drops;
mod group;
mod statements;
mod trial;

use std::fmt::Write as _;

use tokio::process::Command;
use transhume_core::{
    count::counted,
    roles::RoleMap,
    schema::{archive::Entry, reserved_options::without_reserved_options, role_names::with_target_roles},
};

pub use drops::{Dropped, drop_all, drops};
pub use group::{GroupError, restore_group};
pub use statements::statements;
pub use trial::{Attempted, Trial, lock_room};

use crate::{
    connection::error::PgError,
    schema::{archive_file::ArchiveFile, dump::Programs},
    unnamed_file::{UnnamedFile, no_file},
};

/// SQL of one entry. Settings that pg_restore writes before an entry (`SET default_table_access_method`)
/// stand at the end of the piece before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub dump_id: i32,
    pub sql: String,
}

impl Piece {
    /// The definition itself, and the settings behind it that the next pieces rest on.
    pub fn parts(&self) -> (&str, &str) {
        let mut definition = self.sql.as_str();
        loop {
            let trimmed = definition.trim_end();
            match trimmed.rsplit_once('\n') {
                Some((before, last)) if is_setting(last) => definition = before,
                None if is_setting(trimmed) => definition = "",
                _ => break,
            }
        }
        let definition = definition.trim_end();
        (definition, self.sql[definition.len()..].trim())
    }
}

fn is_setting(line: &str) -> bool {
    line.starts_with("SET default_") && line.ends_with(';')
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Session settings that the pieces rest on.
    pub prologue: String,
    pub pieces: Vec<Piece>,
}

impl Script {
    /// The same in several scripts of at most `size` pieces, to be run one after the other by one session.
    pub fn into_groups(self, size: usize) -> impl Iterator<Item = Self> {
        let mut pieces = self.pieces.into_iter().peekable();
        std::iter::from_fn(move || {
            pieces.peek()?;
            Some(Self {
                prologue: self.prologue.clone(),
                pieces: pieces.by_ref().take(size).collect(),
            })
        })
    }
}

/// What of the entries the script is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    Definitions,
    Grants,
}

/// The script of `entries`, in their order, with the names that roles have on the target.
pub async fn script(
    programs: &Programs,
    archive: &ArchiveFile,
    entries: &[&Entry],
    (content, roles): (Content, &RoleMap),
) -> Result<Script, PgError> {
    let options: &[&str] = match content {
        Content::Definitions => &["--no-acl"],
        Content::Grants => &[],
    };
    let text = printed(programs, archive, entries, options).await?;
    let mut script = cut(&text, entries)?;
    if !roles.is_empty() {
        for (piece, entry) in script.pieces.iter_mut().zip(entries) {
            piece.sql = with_target_roles(entry.kind, &piece.sql, roles).into_owned();
        }
    }
    Ok(script)
}

/// What pg_restore prints for these entries.
async fn printed(
    programs: &Programs,
    archive: &ArchiveFile,
    entries: &[&Entry],
    options: &[&str],
) -> Result<String, PgError> {
    let mut lines = String::new();
    for entry in entries {
        writeln!(lines, "{};", entry.dump_id).expect("writing to a string does not fail");
    }
    let list = UnnamedFile::holding(lines.as_bytes()).map_err(|error| no_file(&error))?;
    let mut command = Command::new(&programs.pg_restore);
    command
        .args(["--file=-", "--verbose", "--no-owner", "--no-tablespaces"])
        .args(["--no-publications", "--no-subscriptions", "--no-security-labels"])
        .args(options)
        .arg("--use-list")
        .arg(list.path());
    let printed = archive.read_by(&mut command).await?;
    String::from_utf8(printed).map_err(|_| PgError::Program {
        message: "the schema holds text that is not UTF-8".to_owned(),
        detail: "The source's encoding is SQL_ASCII, so pg_dump could not convert it.".to_owned(),
        hint: "correct the names, comments and definitions on the source".to_owned(),
    })
}

/// Begins every piece; what follows names the entry.
const HEADER: &str = "\n--\n-- TOC entry ";

fn cut(text: &str, entries: &[&Entry]) -> Result<Script, PgError> {
    let headers: Vec<usize> = text.match_indices(HEADER).map(|(at, _)| at).collect();
    // A text inside a definition that looks like a header would cut the definition in two.
    let in_turn = headers.len() == entries.len()
        && headers
            .iter()
            .zip(entries)
            .all(|(at, entry)| text[at + HEADER.len()..].starts_with(&header(entry)));
    if !in_turn {
        return Err(PgError::Program {
            message: "the script of pg_restore does not follow the archive's table of contents".to_owned(),
            detail: format!(
                "{} asked for, {} received.",
                counted(entries.len(), "entry"),
                headers.len()
            ),
            hint: "look for a definition on the source that holds a line beginning with \"-- TOC entry\""
                .to_owned(),
        });
    }
    let end = text.rfind("\n-- Completed on ").unwrap_or(text.len());
    let ends = headers.iter().skip(1).copied().chain([end]);
    let pieces = entries
        .iter()
        .zip(headers.iter().zip(ends))
        .map(|(entry, (start, end))| Piece {
            dump_id: entry.dump_id,
            sql: without_reserved_options(&clean(&text[*start..end])).into_owned(),
        })
        .collect();
    Ok(Script {
        prologue: prologue(&text[..headers.first().copied().unwrap_or(end)])?,
        pieces,
    })
}

fn header(entry: &Entry) -> String {
    format!(
        "{} (class {} OID {})\n",
        entry.dump_id, entry.object.class, entry.object.oid
    )
}

/// Without the comment lines that frame a piece. A definition never begins or ends with `--`.
fn clean(sql: &str) -> String {
    let mut body = sql;
    while body.starts_with("--") || body.starts_with('\n') {
        body = body.split_once('\n').map_or("", |(_, rest)| rest);
    }
    body.trim_end().to_owned()
}

/// Keeps the settings; leaves out psql's `\restrict` and what an older server does not know.
fn prologue(text: &str) -> Result<String, PgError> {
    let mut kept = String::new();
    for line in text.lines() {
        let known = line.starts_with("SET ") || line.starts_with("SELECT pg_catalog.set_config(");
        if known && line.ends_with(';') {
            // All time-outs are off in our sessions already; transaction_timeout is new in 17.
            if !line.contains("_timeout = 0;") {
                kept.push_str(line);
                kept.push('\n');
            }
        } else if !(line.is_empty() || line.starts_with("--") || line.starts_with("\\restrict ")) {
            return Err(PgError::Program {
                message: "pg_restore printed a script that begins in an unknown way".to_owned(),
                detail: line.to_owned(),
                hint: "use pg_dump and pg_restore of a released PostgreSQL version".to_owned(),
            });
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\n-- Dumped from database version 15.18\n\n\
        SET statement_timeout = 0;\nSET transaction_timeout = 0;\nSET check_function_bodies = false;\n\
        SELECT pg_catalog.set_config('search_path', '', false);\n\n\
        --\n-- TOC entry 7 (class 2615 OID 16384)\n-- Name: A; Type: SCHEMA; Schema: -; Owner: p\n--\n\nCREATE SCHEMA \"A\";\n\n\n\
        SET default_table_access_method = heap;\n\n\
        --\n-- TOC entry 223 (class 1259 OID 16461)\n-- Dependencies: 7\n-- Name: f; Type: TABLE\n--\n\nCREATE TABLE f (\n    a int\n);\n\n\n\
        -- Completed on 2026-11-22\n\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n\n";

    fn entry(line: &str) -> Entry {
        Entry::parse(line).unwrap()
    }

    #[test]
    fn a_script_is_cut_at_the_entries_asked_for() {
        let schema = entry("7; 2615 16384 SCHEMA - A p");
        let table = entry("223; 1259 16461 TABLE public f p");
        let script = cut(TEXT, &[&schema, &table]).unwrap();
        assert_eq!(
            script.prologue,
            "SET check_function_bodies = false;\nSELECT pg_catalog.set_config('search_path', '', false);\n"
        );
        assert_eq!(
            script.pieces,
            [
                Piece {
                    dump_id: 7,
                    sql: "CREATE SCHEMA \"A\";\n\n\nSET default_table_access_method = heap;".into()
                },
                Piece {
                    dump_id: 223,
                    sql: "CREATE TABLE f (\n    a int\n);".into()
                },
            ]
        );
    }

    #[test]
    fn settings_behind_an_entry_are_those_of_the_next_ones() {
        let piece = |sql: &str| Piece {
            dump_id: 1,
            sql: sql.into(),
        };
        let schema = "CREATE SCHEMA a;\n\n\nSET default_table_access_method = heap;";
        let heap = "SET default_table_access_method = heap;";
        assert_eq!(piece(schema).parts(), ("CREATE SCHEMA a;", heap));
        assert_eq!(piece("CREATE SCHEMA a;").parts(), ("CREATE SCHEMA a;", ""));
        assert_eq!(piece(heap).parts(), ("", heap));
    }

    #[test]
    fn groups_hold_every_piece_in_turn_and_begin_alike() {
        let piece = |dump_id| Piece {
            dump_id,
            sql: String::new(),
        };
        let script = |ids: std::ops::Range<i32>| Script {
            prologue: "SET a = 0;\n".into(),
            pieces: ids.map(piece).collect(),
        };
        let groups: Vec<_> = script(0..5).into_groups(2).collect();
        assert_eq!(groups, [script(0..2), script(2..4), script(4..5)]);
        assert_eq!(script(0..0).into_groups(2).count(), 0);
    }

    #[test]
    fn a_definition_that_imitates_a_header_is_refused() {
        let schema = entry("7; 2615 16384 SCHEMA - A p");
        let table = entry("223; 1259 16461 TABLE public f p");
        let forged = TEXT.replace(
            "    a int",
            "    a int default $$\n--\n-- TOC entry 223 (class 1259 OID 16461)\n$$",
        );
        assert!(cut(&forged, &[&schema, &table]).is_err());
        assert!(cut(TEXT, &[&schema]).is_err());
    }

    #[test]
    fn an_unknown_beginning_is_refused() {
        assert!(prologue("SET a = 0;\nDROP DATABASE x;\n").is_err());
    }
}
