//! The target's tables are still those that statements were made for.
//!
//! Statements name tables and columns, and a name may be given to another one at any moment until the first of them has its
//! lock. So the question is asked behind the writes, in the same transaction: from then on nobody can rename, retype or
//! drop what they wrote to. The answer need not be waited for, since the server refuses all that follows where it is no.
//!
//! Invariant: a portion is committed only with this question behind its writes.

use std::sync::Arc;

use transhume_core::follow::{portion::Portion, row::TableIdentity};
use transhume_wire::ident::QualifiedName;

use super::{batch::BatchWriter, conflict::ApplyError, flight::Subject, relation_map::RelationMap};

/// Parameters of the question.
#[derive(Default)]
struct Planned {
    oids: Vec<u32>,
    descriptions: Vec<String>,
}

impl Planned {
    fn of<'a>(tables: impl Iterator<Item = &'a TableIdentity>) -> Self {
        let mut planned = Self::default();
        for table in tables {
            planned.oids.push(table.oid);
            planned.descriptions.push(table.description.clone());
        }
        planned
    }

    fn parameters(self) -> [Box<dyn tokio_postgres::types::ToSql + Sync + Send>; 2] {
        [Box::new(self.oids), Box::new(self.descriptions)]
    }
}

impl RelationMap {
    /// Of the tables that this portion writes to.
    fn planned_of(&self, portion: &Portion) -> Planned {
        Planned::of(portion.relations.iter().filter_map(|id| self.planned_table(*id)))
    }

    fn planned_called(&self, names: &[QualifiedName]) -> Planned {
        Planned::of(self.planned_tables(names))
    }
}

impl BatchWriter {
    /// Sends the question behind what was written.
    pub(super) async fn confirm_tables(&mut self, portion: &Portion) -> Result<(), ApplyError> {
        let planned = self.relations.planned_of(portion);
        if planned.oids.is_empty() {
            return Ok(());
        }
        let (session, statement) = (Arc::clone(&self.session), self.statements.as_described.clone());
        let question = async move { session.execute_raw(&statement, planned.parameters()).await };
        self.flight.launch(question, Subject::Tables, 0).await
    }

    /// A refusal means nothing where it was another table that refused. Gives up what this writer was about, which had failed.
    pub async fn cause(&mut self, error: ApplyError) -> ApplyError {
        let ApplyError::Conflict(conflict) = &error else {
            return error;
        };
        let planned = self.relations.planned_called(&conflict.tables);
        if !self.is_usable || planned.oids.is_empty() {
            return error;
        }
        self.flight.abandon();
        self.in_air.clear();
        if self.session.batch_execute("rollback").await.is_err() {
            return error;
        }
        let statement = self.statements.as_described.clone();
        let answer = self.session.execute_raw(&statement, planned.parameters()).await;
        match answer.map_err(|answer| super::flight::refused(&Subject::Tables, answer.into())) {
            Err(altered @ ApplyError::TargetAltered) => altered,
            _ => error,
        }
    }
}
