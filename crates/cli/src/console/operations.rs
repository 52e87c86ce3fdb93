//! RequestedWork that takes its time, asked for by whoever has the token: verifications, single tables. Told of until it is forgotten.
//!
//! Invariant: a database has one at a time; a second one is refused while the first is under way. All of it ends with the console.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use transhume_engine::{
    cancel::Cancellation,
    count::counted,
    endpoints::Endpoints,
    report::Reporter,
    tables::{Wish, choose, fulfil},
    verify::{VerifyOptions, verify},
};

use super::refusal::Refusal;
use crate::{
    failure::Failure,
    show::{
        document::{OperationDocument, OperationState, OperationsDocument},
        terminal::secret::redact,
    },
};

/// So many are remembered, those that have ended too.
const REMEMBERED: usize = 20;

pub(super) enum RequestedWork {
    Verify(Box<VerifyOptions>),
    Tables(Wish, Vec<String>),
}

impl RequestedWork {
    fn kind(&self) -> &'static str {
        match self {
            Self::Verify(_) => "verify",
            Self::Tables(Wish::Reload, _) => "reload",
            Self::Tables(Wish::Suspend, _) => "suspend",
            Self::Tables(Wish::Resume, _) => "resume",
        }
    }

    fn tables(&self) -> Vec<String> {
        match self {
            Self::Verify(_) => Vec::new(),
            Self::Tables(_, tables) => tables.clone(),
        }
    }

    /// What came of it, in a line.
    async fn done(&self, endpoints: &Endpoints, cancellation: &Cancellation) -> Result<String, Failure> {
        let reporter = Reporter::silent();
        match self {
            Self::Verify(options) => {
                let verification = Box::pin(verify(endpoints, options, &reporter, cancellation)).await?;
                let differing = verification.tables.iter().filter(|table| !table.equal).count();
                Ok(match (verification.equal, differing) {
                    (true, _) => format!("equal: {}", counted(verification.tables.len(), "table")),
                    (false, 0) => "the rows are equal, but not all objects are: see the findings".to_owned(),
                    (false, differing) => format!("different: {}", counted(differing, "table")),
                })
            }
            Self::Tables(wish, names) => {
                let chosen = Box::pin(choose(endpoints, *wish, names)).await?;
                let standing = Box::pin(fulfil(endpoints, &chosen, &reporter, cancellation)).await?;
                let each = standing.iter();
                let each: Vec<String> = each
                    .map(|one| format!("{} is {}", one.table.plain(), one.state.name()))
                    .collect();
                Ok(each.join(", "))
            }
        }
    }
}

/// Of one database.
#[derive(Clone, Default)]
pub(super) struct Ledger(Arc<Mutex<Vec<OperationDocument>>>);

impl Ledger {
    pub(super) fn told(&self) -> OperationsDocument {
        OperationsDocument {
            operations: self.open().iter().rev().cloned().collect(),
        }
    }

    /// Begins it in the background.
    pub(super) fn begin(
        &self,
        work: RequestedWork,
        endpoints: Endpoints,
        cancellation: Cancellation,
    ) -> Result<OperationDocument, Refusal> {
        let operation = self.enter(&work)?;
        let (ledger, number) = (self.clone(), operation.number);
        // Its future borrows from several places at once and cannot wander between threads: it has one of its own.
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || {
            let done = runtime.block_on(work.done(&endpoints, &cancellation));
            ledger.end(number, done);
        });
        Ok(operation)
    }

    fn enter(&self, work: &RequestedWork) -> Result<OperationDocument, Refusal> {
        let mut operations = self.open();
        if let Some(one) = operations.iter().find(|one| one.state == OperationState::Running) {
            return Err(Refusal::new(
                StatusCode::CONFLICT,
                &format!("\"{}\" is under way since {}", one.kind, one.started_at),
                "wait for its end: /operations tells of it",
            ));
        }
        let operation = OperationDocument {
            number: operations.last().map_or(1, |last| last.number + 1),
            kind: work.kind().to_owned(),
            tables: work.tables(),
            started_at: now(),
            ended_at: None,
            state: OperationState::Running,
            result: String::new(),
        };
        operations.push(operation.clone());
        let surplus = operations.len().saturating_sub(REMEMBERED);
        operations.drain(..surplus);
        Ok(operation)
    }

    fn end(&self, number: u64, done: Result<String, Failure>) {
        let mut operations = self.open();
        let Some(operation) = operations.iter_mut().find(|one| one.number == number) else {
            return;
        };
        operation.ended_at = Some(now());
        (operation.state, operation.result) = match done {
            Ok(result) => (OperationState::Done, result),
            Err(failure) => {
                let parts = [Some(failure.message), failure.detail, failure.hint];
                let parts: Vec<String> = parts.into_iter().flatten().collect();
                (OperationState::Failed, redact(&parts.join(". ")))
            }
        };
    }

    fn open(&self) -> MutexGuard<'_, Vec<OperationDocument>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> String {
    jiff::Timestamp::now().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_the_newest_are_remembered() {
        let ledger = Ledger::default();
        let work = || RequestedWork::Tables(Wish::Reload, vec!["shop.item".to_owned()]);
        for number in 1..=30 {
            let operation = ledger
                .enter(&work())
                .unwrap_or_else(|_| panic!("the last one has ended"));
            assert_eq!((operation.number, operation.kind.as_str()), (number, "reload"));
            assert!(ledger.enter(&work()).is_err());
            ledger.end(number, Err(Failure::new("no password=secret here")));
        }
        let told = ledger.told().operations;
        assert_eq!((told.len(), told[0].number), (REMEMBERED, 30));
        assert_eq!(told[0].state, OperationState::Failed);
        assert!(!told[0].result.contains("secret"), "{}", told[0].result);
    }
}
