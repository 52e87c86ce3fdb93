//! Which columns of the source the announced relations mean.
//!
//! Names of a message may have meant other columns a moment before, so that whatever is announced, for the first time or
//! again, is asked of the source and compared with what is remembered (`core::follow::identity`). One question for all
//! relations of a portion; none for a change.
//!
//! Where statements announce what they leave behind, that is what the next announcement of the table means, and nothing need
//! be asked: the source's catalogs may be ahead by many statements that are still to come.
//!
//! Without a session of the source columns are matched by name: so in tests of writing alone.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use transhume_core::follow::{
    identity::{Ambiguous, Former, Identified, SourceTable, align, align_tree},
    portion::LoadedTable,
    row::{Drift, DriftKind},
};
use transhume_wire::pgoutput::Relation;

use super::{conflict::ApplyError, source_tables::SourceTables, target_table::TargetTables};

/// When the transactions that are written can be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    AfterCommit,
    /// Nobody sees what they did themselves to a table: that is asked again at their commit.
    InProgress,
}

pub(super) struct Identities {
    loaded: Arc<HashMap<u32, LoadedTable>>,
    /// Roots of the trees that are moved as a whole.
    trees: HashSet<u32>,
    source: Option<Arc<SourceTables>>,
    written: Written,
    /// Announced, and not asked since.
    unsettled: HashSet<u32>,
    settled: HashMap<u32, Identified>,
    /// What each was at its latest announcement.
    then: HashMap<u32, SourceTable>,
    /// Of tables that nothing was remembered of: as their first announcement was.
    first: HashMap<u32, Former>,
    /// What is remembered of these is how their latest statement left them.
    reported: HashSet<u32>,
}

impl std::fmt::Debug for Identities {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Identities")
            .field("unsettled", &self.unsettled)
            .finish_non_exhaustive()
    }
}

impl Identities {
    pub(super) fn new(loaded: Arc<HashMap<u32, LoadedTable>>) -> Self {
        Self {
            trees: loaded.values().filter_map(|table| table.tree).collect(),
            loaded,
            source: None,
            written: Written::AfterCommit,
            unsettled: HashSet::new(),
            settled: HashMap::new(),
            then: HashMap::new(),
            first: HashMap::new(),
            reported: HashSet::new(),
        }
    }

    /// These are now remembered as a statement of the stream has left them.
    pub(super) fn take_up(&mut self, loaded: Arc<HashMap<u32, LoadedTable>>, reported: &[u32]) {
        self.loaded = loaded;
        for id in reported {
            let former = self.loaded.get(id).and_then(|table| table.former.as_ref());
            if let Some(former) = former {
                self.then.insert(*id, former.source.clone());
                self.reported.insert(*id);
            }
        }
    }

    /// A statement left these otherwise than is remembered.
    pub(super) fn doubt(&mut self, ids: impl IntoIterator<Item = u32>) {
        for id in ids {
            self.reported.remove(&id);
        }
    }

    pub(super) fn doubt_all(&mut self) {
        self.reported.clear();
    }

    /// By the statement before, where the announcement is of exactly that.
    fn as_told(&self, relation: &Relation) -> Option<Identified> {
        let former = self.loaded.get(&relation.id)?.former.as_ref()?;
        if !self.reported.contains(&relation.id) {
            return None;
        }
        let numbers = align(&former.source, &former.source, &relation.columns).ok()?;
        let now = former.source.clone();
        Some(Identified { numbers, now })
    }

    pub(super) fn ask(&mut self, source: Arc<SourceTables>, written: Written) {
        self.source = Some(source);
        self.written = written;
    }

    pub(super) fn source(&self) -> Option<Arc<SourceTables>> {
        self.source.clone()
    }

    pub(super) fn announced(&mut self, id: u32) {
        self.unsettled.insert(id);
    }

    pub(super) fn is_settled(&self, id: u32) -> bool {
        self.source.is_none() || !self.unsettled.contains(&id)
    }

    /// What is known of the columns; none where names are all there is.
    pub(super) fn of(&self, id: u32) -> Option<(&Former, &Identified)> {
        let remembered = self.loaded.get(&id).and_then(|table| table.former.as_ref());
        let former = remembered.or_else(|| self.first.get(&id))?;
        Some((former, self.settled.get(&id)?))
    }

    /// Asks what these are; gives back which of them mean something else than before.
    pub(super) async fn settle(
        &mut self,
        announced: &HashMap<u32, Arc<Relation>>,
        ids: &[u32],
        transactions: &[u32],
    ) -> Result<Vec<u32>, ApplyError> {
        let (Some(source), false) = (self.source(), ids.is_empty()) else {
            return Ok(Vec::new());
        };
        let is_written = |id: &u32| {
            let table = self.loaded.get(id);
            table.is_some_and(|table| table.is_complete && table.tree.is_none())
        };
        let mut changed = Vec::new();
        let mut asked = Vec::with_capacity(ids.len());
        for id in ids.iter().copied().filter(is_written) {
            match announced.get(&id).and_then(|relation| self.as_told(relation)) {
                Some(reported) => {
                    if self.settled.get(&id) != Some(&reported) {
                        changed.push(id);
                    }
                    self.settled.insert(id, reported);
                    self.unsettled.remove(&id);
                }
                None => asked.push(id),
            }
        }
        let ids = asked;
        if ids.is_empty() {
            return Ok(changed);
        }
        let after = match self.written {
            Written::AfterCommit => transactions,
            Written::InProgress => &[],
        };
        let mut now = source.read(&ids, after).await.map_err(ApplyError::Source)?;
        for id in ids {
            self.reported.remove(&id);
            let before = self.settled.remove(&id);
            if let (Some(now), Some(relation)) = (now.remove(&id), announced.get(&id)) {
                self.identify(relation, now)?;
            }
            self.unsettled.remove(&id);
            if self.settled.get(&id) != before.as_ref() {
                changed.push(id);
            }
        }
        Ok(changed)
    }

    fn identify(&mut self, relation: &Arc<Relation>, now: SourceTable) -> Result<(), Drift> {
        let id = relation.id;
        let remembered = self.loaded.get(&id).and_then(|table| table.former.as_ref());
        let before = self
            .then
            .get(&id)
            .or_else(|| remembered.map(|former| &former.source));
        let is_first = before.is_none();
        // What the source is at the first look is all that there is to know.
        let before = before.unwrap_or(&now).clone();
        let align = if self.trees.contains(&id) {
            align_tree
        } else {
            align
        };
        let numbers = match align(&before, &now, &relation.columns) {
            Ok(numbers) => numbers,
            Err(_) if is_first => return Ok(()),
            Err(Ambiguous) => {
                return Err(Drift {
                    relation: Arc::clone(relation),
                    kind: DriftKind::ColumnReused {
                        column: before.first_doubt(&now, &relation.columns),
                    },
                });
            }
        };
        let identified = Identified { numbers, now };
        if !self.trees.contains(&id) {
            let then = identified.table(&before, &relation.columns);
            self.then.insert(id, then);
        }
        self.settled.insert(id, identified);
        Ok(())
    }

    /// Of a table that nothing is remembered of: the target's columns are those of the same names now.
    pub(super) fn take_target(&mut self, relation: &Relation, tables: &TargetTables) {
        let id = relation.id;
        let is_known = self.loaded.get(&id).is_some_and(|table| table.former.is_some());
        if is_known || self.first.contains_key(&id) {
            return;
        }
        let (Some(identified), Some(target)) = (self.settled.get(&id), tables.get(&relation.name)) else {
            return;
        };
        let columns = target.columns.iter();
        let former = Former {
            name: relation.name.clone(),
            source: identified.now.clone(),
            target: columns
                .map(|column| (column.name.clone(), column.number))
                .collect(),
        };
        self.first.insert(id, former);
    }

    /// The transaction in progress that was written has committed: true where none of its tables is another than was taken
    /// for it.
    pub(super) async fn are_confirmed(&mut self, xid: u32) -> Result<bool, ApplyError> {
        self.written = Written::AfterCommit;
        let Some(source) = self.source() else {
            return Ok(true);
        };
        let ids: Vec<u32> = self.settled.keys().copied().collect();
        let now = source.read(&ids, &[xid]).await.map_err(ApplyError::Source)?;
        let is_as_taken =
            |(id, identified): (&u32, &Identified)| now.get(id).is_none_or(|now| *now == identified.now);
        Ok(self.settled.iter().all(is_as_taken))
    }
}
