//! Texts of two servers, each made once on one of them beside all that is there, and printed as that server prints it.
//!
//! Everything happens in transactions that are rolled back, on temporary twins: a table like the one that a text
//! belongs to, a view, a function, a domain. Nothing in use is locked by more than reading it takes, nothing is waited
//! for, nothing stays. What cannot be made is told as such.

mod making;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio_postgres::SimpleQueryMessage;
use transhume_core::{
    sqlstate,
    verify::objects::{Reprinted, Wording},
};

use self::making::making;
use crate::connection::{error::PgError, session::Session};

/// A lock that somebody holds is not waited for, so that nobody queues behind us.
const BEGIN: &str = "begin isolation level read committed read write; \
    set local quote_all_identifiers = on; set local check_function_bodies = off; \
    set local lock_timeout = '500ms'; set local statement_timeout = '10s'; savepoint twin";

/// Texts under way at once: hides the round trip.
const PIPELINED: usize = 32;

/// Texts in one transaction: holds up vacuum for a moment only.
const TOGETHER: usize = 500;

/// Beside `wordings`, what both texts of each are once `session`'s server has read and printed them.
pub async fn reprinted(session: &Session, wordings: &[Wording]) -> Result<Vec<Reprinted>, PgError> {
    let mut all = Vec::with_capacity(wordings.len());
    for group in wordings.chunks(TOGETHER / 2) {
        match session.batch_execute(BEGIN).await.map_err(PgError::from) {
            Ok(()) => {}
            // A standby, or a session that may not write.
            Err(error) if error.refusal().is_some() => {
                all.extend(group.iter().map(|_| None));
                session.batch_execute("rollback").await?;
                continue;
            }
            Err(error) => return Err(error),
        }
        let texts = group
            .iter()
            .flat_map(|wording| wording.texts.iter().map(|text| (&wording.made_as, text)));
        let printed: Vec<Option<String>> = stream::iter(texts)
            .map(|(made_as, text)| async move {
                match making(made_as, text) {
                    Some(statements) => print(session, &statements).await,
                    None => Ok(None),
                }
            })
            .buffered(PIPELINED)
            .try_collect()
            .await?;
        session.batch_execute("rollback").await?;
        all.extend(printed.chunks_exact(2).map(|pair| match pair {
            [Some(source), Some(target)] => Some([source.clone(), target.clone()]),
            _ => None,
        }));
    }
    Ok(all)
}

/// Independent of what was made before, whether that was refused or not.
async fn print(session: &Session, statements: &str) -> Result<Option<String>, PgError> {
    let statements = format!("rollback to savepoint twin; {statements}");
    match session.simple_query(&statements).await.map_err(PgError::from) {
        Ok(messages) => Ok(messages.iter().find_map(value)),
        Err(error) if is_about_the_text(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn value(message: &SimpleQueryMessage) -> Option<String> {
    match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }
}

fn is_about_the_text(error: &PgError) -> bool {
    // Our own time-outs are.
    let ours = [sqlstate::LOCK_NOT_AVAILABLE, sqlstate::QUERY_CANCELED];
    error.refusal().is_some() || error.sqlstate().is_some_and(|state| ours.contains(&state))
}
