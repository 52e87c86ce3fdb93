//! Changes written each in a savepoint of its own, so that one which is refused can be stored instead.
//!
//! Only for source transactions that were refused before, and only where the operator's policy says so: the
//! price is a round trip for each change. Invariant: a change is either written or stored, in the same target
//! transaction as all others of its source transaction and the frontier behind it.

use serde_json::{Value, json};
use transhume_core::{
    count::counted,
    follow::{
        change::Change,
        error_policy::{Care, ErrorAction, ErrorClass, class_of},
        exception::{StoredValue, Values, stored},
        portion::Origin,
    },
    value_encoding,
};

use super::{
    batch::BatchWriter,
    conflict::{ApplyError, Conflict, ConflictKind},
};
use crate::state::exception::{self, NewException};

impl Conflict {
    pub fn class(&self) -> ErrorClass {
        match &self.kind {
            ConflictKind::RowMissing | ConflictKind::SurplusRows(_) => ErrorClass::Conflict,
            ConflictKind::Refused(error) => class_of(&error.sqlstate),
            ConflictKind::Unwritable(_) => ErrorClass::Table,
        }
    }

    /// What was found, without values.
    pub fn reason(&self) -> String {
        match &self.kind {
            ConflictKind::RowMissing => "the row is not on the target".to_owned(),
            ConflictKind::SurplusRows(count) => format!("{} of the target matched", counted(*count, "row")),
            ConflictKind::Refused(error) => error.message.clone(),
            ConflictKind::Unwritable(cause) => cause.to_string(),
        }
    }

    /// The same, where it is to be sent as text of this encoding: it may quote a value.
    fn reason_in(&self, encoding: &str) -> String {
        let reason = self.reason();
        if reason.is_ascii() || matches!(encoding, value_encoding::USUAL | value_encoding::UNKNOWN) {
            return reason;
        }
        let plain = |letter: char| if letter.is_ascii() { letter } else { '?' };
        reason.chars().map(plain).collect()
    }

    fn sqlstate(&self) -> Option<&str> {
        match &self.kind {
            ConflictKind::Refused(error) => Some(&error.sqlstate),
            _ => None,
        }
    }
}

impl BatchWriter {
    /// Writes the change, or stores it where it is refused and the policy says so.
    pub(super) async fn write_or_store(
        &mut self,
        care: Care,
        origin: Origin,
        change: &Change,
    ) -> Result<(), ApplyError> {
        self.flight.drain().await?;
        self.session.batch_execute("savepoint one_change").await?;
        let written = match self.write_one(origin, change).await {
            Ok(()) => self.flight.drain().await,
            Err(error) => Err(error),
        };
        let conflict = match written {
            Ok(()) => {
                self.session.batch_execute("release savepoint one_change").await?;
                return Ok(());
            }
            Err(ApplyError::Conflict(conflict)) => conflict,
            Err(error) => return Err(error),
        };
        if care.policy.action(conflict.class()) != Some(ErrorAction::Log) {
            return Err(ApplyError::Conflict(conflict));
        }
        self.flight.abandon();
        self.session
            .batch_execute("rollback to savepoint one_change; release savepoint one_change")
            .await?;
        self.store(origin, change, &conflict).await
    }

    async fn store(
        &mut self,
        origin: Origin,
        change: &Change,
        conflict: &Conflict,
    ) -> Result<(), ApplyError> {
        for relation in change.relations() {
            // A table that the load has already, beside others of one TRUNCATE.
            if self.relations.is_loaded(*relation, origin.xid) {
                continue;
            }
            let plan = self.plan(*relation).await?;
            let columns: Vec<String> = plan.columns.iter().map(|column| column.name.clone()).collect();
            let what = stored(change, &columns, self.value_encoding());
            let json = |values: &Option<Values>| values.as_ref().map(as_json);
            let new = NewException {
                commit_lsn: origin.commit_lsn,
                xid: origin.xid,
                table: &plan.table,
                operation: what.operation,
                key: json(&what.key),
                old: json(&what.old),
                new: json(&what.new),
                class: conflict.class().name(),
                reason: &conflict.reason_in(self.session.client_encoding()),
                sqlstate: conflict.sqlstate(),
            };
            exception::add(&**self.session, &new).await?;
        }
        Ok(())
    }
}

/// An object of texts; bytes are an object of their own, so that no text is taken for them.
fn as_json(values: &Values) -> Value {
    let value = |value: &Option<StoredValue>| match value {
        None => Value::Null,
        Some(StoredValue::Text(text)) => text.clone().into(),
        Some(StoredValue::Bytes { digits, encoding }) => json!({ "hex": digits, "encoding": encoding }),
    };
    values
        .iter()
        .map(|(column, stored)| (column.clone(), value(stored)))
        .collect()
}
