//! A writer that asks the source which columns the relations of its portions mean.

use std::{collections::HashMap, sync::Arc};

use transhume_core::follow::portion::LoadedTable;

use super::{batch::BatchWriter, conflict::ApplyError, identities::Written, source_tables::SourceTables};
use crate::connection::session::Session;

impl BatchWriter {
    /// The same beside another writer, with the replica role and by what that one knows of the tables' loads, for a transaction
    /// that is in progress.
    pub async fn beside(
        session: Session,
        loaded: Arc<HashMap<u32, LoadedTable>>,
        source: Option<Arc<SourceTables>>,
    ) -> Result<Self, ApplyError> {
        session.batch_execute(include_str!("sql/beside.sql")).await?;
        let mut writer = Self::with_tables(session, true, loaded).await?;
        if let Some(source) = source {
            writer.relations.identities.ask(source, Written::InProgress);
        }
        Ok(writer)
    }

    /// Columns are known by what the source says of them, not by name alone.
    pub fn ask(&mut self, source: SourceTables) {
        let source = Arc::new(source);
        self.relations.identities.ask(source, Written::AfterCommit);
    }

    pub fn source_tables(&self) -> Option<Arc<SourceTables>> {
        self.relations.identities.source()
    }

    /// The transaction in progress that this writes has committed: false where it altered a table on the way.
    pub async fn is_confirmed(&mut self, xid: u32) -> Result<bool, ApplyError> {
        self.relations.identities.are_confirmed(xid).await
    }
}
