//! Removing what entries of an archive made, by the statements that pg_dump wrote for it.
//!
//! No statement has CASCADE: what others built on these objects stops the removal. In reverse order of
//! the archive nearly every statement succeeds at once; those that do not (an index of a partition
//! belongs to its parent's) are tried again once others are gone. What is not there counts as removed. Views that rest on each
//! other are first made ones of nothing, as pg_dump proposes for them.

use tokio_postgres::{Client, Transaction};
use transhume_core::{schema::archive::Entry, sqlstate};

use super::{HEADER, printed, statements};
use crate::{
    connection::error::{PgError, ServerError},
    schema::{archive_file::ArchiveFile, dump::Programs},
};

/// Statements in one transaction: each takes some locks, and the default lock table holds about 6000 for
/// all sessions together. Up to this many, all are removed or none.
const GROUP: usize = 500;

/// Statements in one message. Nearly all succeed, and a round trip for each takes longer than what they do.
const TOGETHER: usize = 50;

/// Schema, table, function or other object that does not exist (any more).
const GONE: [&str; 4] = [
    sqlstate::INVALID_SCHEMA_NAME,
    sqlstate::UNDEFINED_TABLE,
    sqlstate::UNDEFINED_FUNCTION,
    sqlstate::UNDEFINED_OBJECT,
];

/// How a removal ended.
#[derive(Debug)]
pub enum Dropped {
    All,
    /// What could not be removed, with the server's answers.
    Refused(Vec<ServerError>),
}

/// The statements that remove what these entries made, in their order.
pub async fn drops(
    programs: &Programs,
    archive: &ArchiveFile,
    entries: &[&Entry],
) -> Result<Vec<String>, PgError> {
    let text = printed(
        programs,
        archive,
        entries,
        &["--no-acl", "--clean", "--if-exists"],
    )
    .await?;
    Ok(before_definitions(&text))
}

/// The removals stand between the settings and the first definition.
fn before_definitions(text: &str) -> Vec<String> {
    let removals = text.find(HEADER).map_or(text, |end| &text[..end]);
    let sql: String = removals
        .lines()
        .filter(|line| !line.starts_with("--") && !line.starts_with('\\'))
        .flat_map(|line| [line, "\n"])
        .collect();
    statements(&sql)
        .into_iter()
        .filter(|statement| {
            let others = ["SET ", "SELECT pg_catalog.set_config("];
            !others.iter().any(|other| statement.starts_with(other))
        })
        .map(str::to_owned)
        .collect()
}

/// A view that rests on a key or on itself by others is made one of nothing by such a statement.
const LOOSENING: &str = "CREATE OR REPLACE VIEW ";

/// Those that remove, and those that loosen views: where a view is gone these would make it again.
fn parted(statements: Vec<String>) -> (Vec<String>, Vec<String>) {
    statements
        .into_iter()
        .partition(|statement| !statement.starts_with(LOOSENING))
}

/// What loosens a view that is still to be removed.
fn loosening(statements: &[String], left: &[(String, ServerError)]) -> Vec<String> {
    let is_left = |statement: &&String| {
        let name = statement
            .strip_prefix(LOOSENING)
            .and_then(|rest| rest.split_once(" AS\n"));
        name.is_some_and(|(name, _)| {
            let removal = format!("DROP VIEW IF EXISTS {name}");
            left.iter().any(|(statement, _)| *statement == removal)
        })
    };
    statements.iter().filter(is_left).cloned().collect()
}

/// Runs the statements until all have succeeded or none does any more.
pub async fn drop_all(target: &mut Client, statements: Vec<String>) -> Result<Dropped, PgError> {
    if statements.len() <= GROUP {
        let transaction = target.transaction().await?;
        let outcome = drop_in(&transaction, statements).await?;
        match outcome {
            Dropped::All => transaction.commit().await?,
            Dropped::Refused(_) => transaction.rollback().await?,
        }
        return Ok(outcome);
    }
    let (mut left, mut views) = parted(statements);
    loop {
        let mut refused = Vec::new();
        for group in left.chunks(GROUP) {
            let transaction = target.transaction().await?;
            refused.extend(once(&transaction, group).await?);
            transaction.commit().await?;
        }
        if refused.is_empty() {
            return Ok(Dropped::All);
        }
        if refused.len() == left.len() {
            let loose = loosening(&std::mem::take(&mut views), &refused);
            if loose.is_empty() {
                return Ok(Dropped::Refused(answers(refused)));
            }
            let transaction = target.transaction().await?;
            once(&transaction, &loose).await?;
            transaction.commit().await?;
        }
        left = refused.into_iter().map(|(statement, _)| statement).collect();
    }
}

async fn drop_in(transaction: &Transaction<'_>, statements: Vec<String>) -> Result<Dropped, PgError> {
    let (mut left, mut views) = parted(statements);
    loop {
        let refused = once(transaction, &left).await?;
        if refused.is_empty() {
            return Ok(Dropped::All);
        }
        if refused.len() == left.len() {
            let loose = loosening(&std::mem::take(&mut views), &refused);
            if loose.is_empty() {
                return Ok(Dropped::Refused(answers(refused)));
            }
            once(transaction, &loose).await?;
        }
        left = refused.into_iter().map(|(statement, _)| statement).collect();
    }
}

fn answers(refused: Vec<(String, ServerError)>) -> Vec<ServerError> {
    refused.into_iter().map(|(_, answer)| answer).collect()
}

/// Tries the statements several at a time, and each by itself where one of several is refused; returns those that were.
async fn once(
    transaction: &Transaction<'_>,
    statements: &[String],
) -> Result<Vec<(String, ServerError)>, PgError> {
    let mut refused = Vec::new();
    for several in statements.chunks(TOGETHER) {
        if several.len() > 1 && attempt(transaction, &several.join(";\n")).await?.is_none() {
            continue;
        }
        for statement in several {
            let answer = attempt(transaction, statement).await?;
            let is_there = |answer: &ServerError| !GONE.contains(&answer.sqlstate.as_str());
            refused.extend(answer.filter(is_there).map(|answer| (statement.clone(), answer)));
        }
    }
    Ok(refused)
}

/// Why it was refused; then nothing of it was done.
async fn attempt(transaction: &Transaction<'_>, statements: &str) -> Result<Option<ServerError>, PgError> {
    // One round trip: the savepoint is released only where the statements succeeded.
    let attempt = format!("SAVEPOINT removal; {statements}; RELEASE SAVEPOINT removal");
    let Err(error) = transaction.batch_execute(&attempt).await else {
        return Ok(None);
    };
    let error = PgError::from(error);
    let PgError::Server(answer) = error else {
        return Err(error);
    };
    transaction
        .batch_execute("ROLLBACK TO SAVEPOINT removal; RELEASE SAVEPOINT removal")
        .await?;
    Ok(Some(*answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_removals_are_taken() {
        let text = "--\n-- it's a dump\n--\n\n\\restrict x\n\nSET statement_timeout = 0;\n\
            SELECT pg_catalog.set_config('search_path', '', false);\n\n\
            ALTER TABLE IF EXISTS ONLY s.t DROP CONSTRAINT IF EXISTS k;\nDROP TABLE IF EXISTS s.\"t;\";\n\
            CREATE OR REPLACE VIEW s.v AS\nSELECT NULL::integer AS id;\nSET default_tablespace = '';\n\n--\n-- TOC entry 7 (class 2615 OID 16384)\n--\n\nCREATE SCHEMA s;\n";
        assert_eq!(
            before_definitions(text),
            [
                "ALTER TABLE IF EXISTS ONLY s.t DROP CONSTRAINT IF EXISTS k",
                "DROP TABLE IF EXISTS s.\"t;\"",
                "CREATE OR REPLACE VIEW s.v AS\nSELECT NULL::integer AS id",
            ]
        );
    }

    #[test]
    fn a_view_is_loosened_only_while_it_is_there() {
        let view = |name: &str| format!("{LOOSENING}{name} AS\nSELECT NULL::integer AS id");
        let answer = ServerError {
            sqlstate: "2BP01".to_owned(),
            message: String::new(),
            detail: None,
            hint: None,
            context: None,
            table: None,
            constraint: None,
        };
        let left = [("DROP VIEW IF EXISTS s.v".to_owned(), answer)];
        assert_eq!(loosening(&[view("s.v"), view("s.gone")], &left), [view("s.v")]);
    }
}
