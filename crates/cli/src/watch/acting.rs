//! What an operator asked for and agreed to, done through the same requests as the commands make.

use transhume_engine::{cancel::Cancellation, cutover::Gate, load::throttle::Pausing, tables::Wish};

use super::model::Intervention;
use crate::{failure::Result, watched::Watched};

/// What became of it.
pub(super) struct Done {
    pub(super) database: usize,
    pub(super) is_good: bool,
    pub(super) text: String,
    /// Of the checks.
    pub(super) gate: Option<Gate>,
}

pub(super) async fn act(
    databases: &[Watched],
    index: usize,
    action: Intervention,
    given_up: Cancellation,
) -> Done {
    let done = perform(&databases[index], action, given_up).await;
    let (is_good, text, gate) = match done {
        Ok((text, gate)) => (true, text, gate),
        Err(failure) => {
            let hint = failure.hint.map_or_else(String::new, |hint| format!("; {hint}"));
            (false, format!("{}{hint}", failure.message), None)
        }
    };
    Done {
        database: index,
        is_good,
        text,
        gate,
    }
}

async fn perform(
    database: &Watched,
    action: Intervention,
    given_up: Cancellation,
) -> Result<(String, Option<Gate>)> {
    let text = match action {
        Intervention::PauseLoad => match database.pause().await? {
            Pausing { changed: true, .. } => "paused: loaders finish what they copy".to_owned(),
            Pausing { .. } => "it was paused already".to_owned(),
        },
        Intervention::ResumeLoad => match database.resume().await? {
            Pausing { changed: true, .. } => "the load continues".to_owned(),
            Pausing { .. } => "it was not paused".to_owned(),
        },
        Intervention::SuspendTable(table) => {
            database.request(Wish::Suspend, table.clone(), given_up).await?;
            format!("{table} is suspended")
        }
        Intervention::ResumeTable(table) => {
            database.request(Wish::Resume, table.clone(), given_up).await?;
            format!("{table} is loaded anew and followed")
        }
        Intervention::Check => {
            let gate = database.check().await?;
            let text = if gate.is_open() {
                "checks passed"
            } else {
                "checks failed"
            };
            return Ok((text.to_owned(), Some(gate)));
        }
    };
    Ok((text, None))
}
