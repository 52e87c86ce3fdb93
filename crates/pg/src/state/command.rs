//! Requests to the runner, as rows of `transhume.command`: both sides.
//!
//! A request is announced by NOTIFY, but the row is what counts: a runner that starts later finds it.
//! A hold that its requester no longer renews expires and ends by itself, and at once where its requester's session is gone.

use std::time::Duration;

use transhume_core::{command::Command, follow::hold::CommandId, phase::Phase};

use crate::connection::{error::PgError, session::Session};

/// Channel that tells the runner of a new request.
pub const COMMAND_CHANNEL: &str = "transhume_command";
/// Channel that tells requesters of an answer.
pub const ANSWER_CHANNEL: &str = "transhume_answer";

/// How a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nobody has taken it up yet, or it is under way.
    Waiting,
    /// A hold is in force; the text is the frontier.
    Active(String),
    Done(String),
    Failed(String),
    /// It expired or was taken back.
    Withdrawn,
}

/// A request that is not answered for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    pub id: CommandId,
    pub command: Command,
    pub is_active: bool,
    pub is_expired: bool,
}

/// Writes a request. Without `time_to_live` it never expires; with it, it also ends with this session.
pub async fn request(
    target: &Session,
    command: Command,
    time_to_live: Option<Duration>,
) -> Result<CommandId, PgError> {
    let row = target
        .query_one(
            include_str!("sql/command/request.sql"),
            &[
                &command.name(),
                &command.argument(),
                &seconds(time_to_live),
                &COMMAND_CHANNEL,
            ],
        )
        .await?;
    Ok(row.get(0))
}

/// Lets an unanswered request or a hold live on; false when it has ended.
pub async fn renew(target: &Session, id: CommandId, time_to_live: Duration) -> Result<bool, PgError> {
    let renewed = target
        .execute(
            include_str!("sql/command/renew.sql"),
            &[&id, &seconds(Some(time_to_live))],
        )
        .await?;
    Ok(renewed == 1)
}

/// Takes a request or a hold back.
pub async fn withdraw(target: &Session, id: CommandId) -> Result<(), PgError> {
    target
        .execute(include_str!("sql/command/withdraw.sql"), &[&id, &COMMAND_CHANNEL])
        .await?;
    Ok(())
}

pub async fn read_answer(target: &Session, id: CommandId) -> Result<Answer, PgError> {
    let row = target
        .query_one(include_str!("sql/command/answer_of.sql"), &[&id])
        .await?;
    let text: String = row.get("answer");
    Ok(match row.get::<_, &str>("state") {
        "active" => Answer::Active(text),
        "done" => Answer::Done(text),
        "failed" => Answer::Failed(text),
        "withdrawn" => Answer::Withdrawn,
        _ => Answer::Waiting,
    })
}

/// Waits until the request is answered or `deadline` has passed, which gives `Waiting`. The session
/// must not be shared: it listens.
pub async fn await_answer(
    target: &mut Session,
    id: CommandId,
    deadline: Duration,
) -> Result<Answer, PgError> {
    /// An answer whose announcement was lost is found this much later at most.
    const LOOK_AGAIN: Duration = Duration::from_millis(500);
    target
        .batch_execute(include_str!("sql/command/listen_answer.sql"))
        .await?;
    let end = tokio::time::Instant::now() + deadline;
    loop {
        let answer = read_answer(target, id).await?;
        if answer != Answer::Waiting || tokio::time::Instant::now() >= end {
            return Ok(answer);
        }
        let next_look = end.min(tokio::time::Instant::now() + LOOK_AGAIN);
        // Whether it was told or the time is up: the row decides.
        let _ = tokio::time::timeout_at(next_look, target.notifications().recv()).await;
    }
}

/// Makes this session hear of new requests and of moves of the phase.
pub async fn listen(target: &Session) -> Result<(), PgError> {
    Ok(target
        .batch_execute(include_str!("sql/command/listen_command.sql"))
        .await?)
}

/// Whether anything is asked for, or the phase is another one by now: one round trip, and no answer.
pub async fn is_look_due(target: &Session, phase: Phase) -> Result<bool, PgError> {
    let row = target
        .query_one(include_str!("sql/command/is_look_due.sql"), &[&phase.name()])
        .await?;
    Ok(row.get(0))
}

/// All requests that are not answered for good, oldest first.
pub async fn pending(target: &Session) -> Result<Vec<Pending>, PgError> {
    let rows = target.query(include_str!("sql/command/pending.sql"), &[]).await?;
    let mut pending = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: CommandId = row.get("id");
        match Command::parse(row.get("name"), row.get("argument")) {
            Ok(command) => pending.push(Pending {
                id,
                command,
                is_active: row.get("is_active"),
                is_expired: row.get("is_expired"),
            }),
            Err(unknown) => answer(target, id, &Answer::Failed(unknown.to_string())).await?,
        }
    }
    Ok(pending)
}

/// Answers a request.
pub async fn answer(target: &Session, id: CommandId, answer: &Answer) -> Result<(), PgError> {
    answer_within(&**target, id, answer).await
}

/// Answers a request inside the transaction that does what it asked for.
pub async fn answer_within(
    target: &impl tokio_postgres::GenericClient,
    id: CommandId,
    answer: &Answer,
) -> Result<(), PgError> {
    let (state, text) = match answer {
        Answer::Waiting => ("requested", ""),
        Answer::Active(text) => ("active", text.as_str()),
        Answer::Done(text) => ("done", text.as_str()),
        Answer::Failed(text) => ("failed", text.as_str()),
        Answer::Withdrawn => ("withdrawn", ""),
    };
    target
        .execute(
            include_str!("sql/command/answer.sql"),
            &[&id, &state, &text, &ANSWER_CHANNEL],
        )
        .await?;
    Ok(())
}

/// A pause that stands: no loader of any process takes up a further part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    pub since: String,
    pub by: String,
    /// Empty where an operator asked for it.
    pub reason: String,
}

/// Why a load is paused by itself: the target's storage is nearly full. An operator's pause has no reason.
pub const FOR_STORAGE: &str = "storage";

/// Pauses the full load, for whoever loads, now or later; false when it was paused already for that reason.
pub async fn pause(target: &Session, reason: &str) -> Result<bool, PgError> {
    let added = target
        .execute(include_str!("sql/command/pause.sql"), &[&reason])
        .await?;
    Ok(added == 1)
}

/// Ends the pauses that were made for this reason; false when there was none.
pub async fn end_pause(target: &Session, reason: &str) -> Result<bool, PgError> {
    let ended = target
        .execute(include_str!("sql/command/end_pause.sql"), &[&reason])
        .await?;
    Ok(ended > 0)
}

/// Ends the pause; false when there was none.
pub async fn resume(target: &Session) -> Result<bool, PgError> {
    let row = target
        .query_one(include_str!("sql/command/resume.sql"), &[])
        .await?;
    Ok(row.try_get(0)?)
}

pub async fn standing_pause(target: &Session) -> Result<Option<Pause>, PgError> {
    let row = target
        .query_opt(include_str!("sql/command/standing_pause.sql"), &[])
        .await?;
    Ok(row.map(|row| Pause {
        since: row.get("since"),
        by: row.get("requested_by"),
        reason: row.get("reason"),
    }))
}

fn seconds(time: Option<Duration>) -> Option<f64> {
    time.map(|time| time.as_secs_f64())
}
