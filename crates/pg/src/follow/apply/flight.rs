//! Statements that are sent and not answered yet.
//!
//! Owns the window: statements go out in order without waiting, answers are checked in order. Memory
//! is bounded by number and bytes. The first answer that is not as it must be ends the batch.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::Poll,
};
use transhume_core::sqlstate;

use transhume_core::follow::row::{Operation, RowLookup, RowPlan};
use transhume_wire::{ident::QualifiedName, lsn::Lsn};

use super::conflict::{ApplyError, Conflict, ConflictKind};
use crate::connection::error::PgError;

/// Statements under way: enough to hide the way to a server 20 ms off at ten thousand changes a second.
const STATEMENTS: usize = 256;
/// Bytes of values under way; one larger value still goes, alone.
const BYTES: usize = 4 << 20;

/// An answer that is waited for.
pub(super) type Later<T> = Pin<Box<dyn Future<Output = Result<T, tokio_postgres::Error>> + Send>>;

/// Sends a statement without waiting. The first poll is what sends it, so order of calls is order of sending.
pub(super) async fn send<T: Send + 'static>(
    statement: impl Future<Output = Result<T, tokio_postgres::Error>> + Send + 'static,
) -> Later<T> {
    let mut answer: Later<T> = Box::pin(statement);
    match poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await {
        Poll::Ready(result) => Box::pin(std::future::ready(result)),
        Poll::Pending => answer,
    }
}

/// What a statement was for, to judge and explain its answer.
#[derive(Debug, Clone)]
pub(super) enum Subject {
    /// BEGIN and the like: any count is right.
    Control,
    /// One row of a table.
    Row {
        plan: Arc<RowPlan>,
        operation: Operation,
        commit_lsn: Lsn,
    },
    /// Rows of a table, by a statement that counts them itself.
    Counted {
        plan: Arc<RowPlan>,
        operation: Operation,
    },
    /// This many rows of a table.
    Rows {
        plan: Arc<RowPlan>,
        operation: Operation,
        count: u64,
    },
    Truncate {
        tables: Arc<[QualifiedName]>,
        commit_lsn: Lsn,
    },
    /// Whether the tables are those that the statements name.
    Tables,
    /// The stored frontier, which must have been this.
    Frontier { before: Lsn },
}

struct SentStatement {
    answer: Later<u64>,
    subject: Subject,
    bytes: usize,
}

#[derive(Default)]
pub(super) struct Flight {
    under_way: VecDeque<SentStatement>,
    bytes: usize,
}

impl Flight {
    /// Sends a statement. Waits for older answers only when the window is full.
    pub(super) async fn launch(
        &mut self,
        statement: impl Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'static,
        subject: Subject,
        bytes: usize,
    ) -> Result<(), ApplyError> {
        let answer = send(statement).await;
        self.bytes += bytes;
        self.under_way.push_back(SentStatement {
            answer,
            subject,
            bytes,
        });
        while self.under_way.len() >= STATEMENTS || (self.bytes >= BYTES && self.under_way.len() > 1) {
            self.land().await?;
        }
        Ok(())
    }

    /// Waits for every answer. Cancel-safe.
    pub(super) async fn drain(&mut self) -> Result<(), ApplyError> {
        while !self.under_way.is_empty() {
            self.land().await?;
        }
        Ok(())
    }

    /// Forgets what is under way: the transaction is given up.
    pub(super) fn abandon(&mut self) {
        *self = Self::default();
    }

    async fn land(&mut self) -> Result<(), ApplyError> {
        let Some(oldest) = self.under_way.front_mut() else {
            return Ok(());
        };
        let answer = (&mut oldest.answer).await;
        self.bytes -= oldest.bytes;
        let judged = judge(&oldest.subject, answer);
        self.under_way.pop_front();
        judged
    }
}

fn judge(subject: &Subject, result: Result<u64, tokio_postgres::Error>) -> Result<(), ApplyError> {
    let count = result.map_err(|error| refused(subject, error.into()))?;
    match subject {
        Subject::Row { .. } if count == 0 => Err(conflict(subject, ConflictKind::RowMissing)),
        Subject::Row { .. } if count > 1 => Err(conflict(subject, ConflictKind::SurplusRows(count))),
        Subject::Rows { count: sent, .. } if count < *sent => {
            Err(conflict(subject, ConflictKind::RowMissing))
        }
        Subject::Rows { count: sent, .. } if count > *sent => {
            Err(conflict(subject, ConflictKind::SurplusRows(count)))
        }
        _ => Ok(()),
    }
}

/// An error that passes by itself is the server's matter, any other one the change's.
pub(super) fn refused(subject: &Subject, error: PgError) -> ApplyError {
    if error.sqlstate() == Some(sqlstate::DIVISION_BY_ZERO) {
        match subject {
            Subject::Frontier { before } => return ApplyError::FrontierMoved { expected: *before },
            Subject::Tables => return ApplyError::TargetAltered,
            Subject::Counted { .. } => return conflict(subject, ConflictKind::RowMissing),
            _ => {}
        }
    }
    let is_change = matches!(
        subject,
        Subject::Row { .. } | Subject::Counted { .. } | Subject::Rows { .. } | Subject::Truncate { .. }
    );
    match error.refusal() {
        Some(server) if is_change => conflict(subject, ConflictKind::Refused(Box::new(server.clone()))),
        _ => error.into(),
    }
}

fn conflict(subject: &Subject, kind: ConflictKind) -> ApplyError {
    let (tables, operation, commit_lsn, key_columns) = match subject {
        Subject::Row {
            plan,
            operation,
            commit_lsn,
        } => (
            vec![plan.table.clone()],
            Some(*operation),
            *commit_lsn,
            key_columns(plan),
        ),
        Subject::Counted { plan, operation } | Subject::Rows { plan, operation, .. } => (
            vec![plan.table.clone()],
            Some(*operation),
            Lsn::ZERO,
            key_columns(plan),
        ),
        Subject::Truncate { tables, commit_lsn } => (tables.to_vec(), None, *commit_lsn, Vec::new()),
        Subject::Control | Subject::Tables | Subject::Frontier { .. } => {
            (Vec::new(), None, Lsn::ZERO, Vec::new())
        }
    };
    ApplyError::Conflict(Box::new(Conflict {
        tables,
        operation,
        commit_lsn,
        key_columns,
        kind,
    }))
}

pub(super) fn key_columns(plan: &RowPlan) -> Vec<String> {
    match &plan.identity {
        RowLookup::Key(key) => key.iter().map(|index| plan.columns[index].name.clone()).collect(),
        RowLookup::Image | RowLookup::Nothing => Vec::new(),
    }
}
