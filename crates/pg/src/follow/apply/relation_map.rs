//! Relations of the stream and what we know of them on the target.
//!
//! Owns the cache: announced relation, its plan, the snapshot that its rows were loaded under and its
//! prepared statements. A new announcement of another shape forgets the plan; the next change of that
//! relation makes a new one, so that drift shows before the first change that it concerns.
//!
//! Invariant: nothing is written behind an announcement before it is known which columns it means, which is asked
//! in [`super::identities`] for all relations at once.

use std::{collections::HashMap, sync::Arc};

use tokio_postgres::Statement;
use transhume_core::follow::{
    identity::{Former, Identified, counterparts},
    net,
    portion::{LoadedTable, Portion, is_loaded},
    read_ranges::Undecided,
    row::{self, Drift, DriftKind, RowPlan, StatementShape, TableIdentity},
};
use transhume_core::guard::schema::Remembered;
use transhume_wire::{ident::QualifiedName, pgoutput::Relation};

use super::{
    conflict::ApplyError,
    flight::send,
    identities::Identities,
    set::{self, SetShape},
    statement,
    target_table::{TargetTables, read_tables},
};
use crate::connection::{error::PgError, session::Session};

/// Prepared statements kept for one relation. Shapes vary by columns and nulls; when a workload has
/// more than this, preparing anew is cheaper than the server's memory.
const STATEMENTS_PER_RELATION: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum AnyShape {
    Row(StatementShape),
    Set(SetShape),
}

#[derive(Debug)]
struct Known {
    plan: Arc<RowPlan>,
    /// None when changes are written one by one: that is all the table allows, or sets were refused.
    net_shape: Option<net::Shape>,
    statements: HashMap<AnyShape, Statement>,
}

#[derive(Debug)]
pub(super) struct RelationMap {
    table_query: Statement,
    loaded: Arc<HashMap<u32, LoadedTable>>,
    announced: HashMap<u32, Arc<Relation>>,
    known: HashMap<u32, Known>,
    pub(super) identities: Identities,
}

impl RelationMap {
    pub(super) fn new(loaded: Arc<HashMap<u32, LoadedTable>>, table_query: Statement) -> Self {
        Self {
            table_query,
            identities: Identities::new(Arc::clone(&loaded)),
            loaded,
            announced: HashMap::new(),
            known: HashMap::new(),
        }
    }

    pub(super) fn loaded_tables(&self) -> Arc<HashMap<u32, LoadedTable>> {
        Arc::clone(&self.loaded)
    }

    /// Nothing need be asked to write this portion.
    pub(super) fn knows_all_of(&self, portion: &Portion) -> bool {
        let is_known = |id: &u32| self.known.contains_key(id) && self.identities.is_settled(*id);
        portion.announced.is_empty() && portion.undecided.is_none() && portion.relations.iter().all(is_known)
    }

    /// Takes up what was announced, and matches the portion's relations with their tables.
    pub(super) async fn learn(&mut self, session: &Session, portion: &Portion) -> Result<(), ApplyError> {
        for relation in &portion.announced {
            self.identities.announced(relation.id);
            let before = self.announced.insert(relation.id, Arc::clone(relation));
            if before.is_none_or(|before| before != *relation) {
                self.known.remove(&relation.id);
            }
        }
        if let Some((id, undecided)) = &portion.undecided {
            return Err(self.undecided(*id, undecided)?.into());
        }
        let touched = || portion.relations.iter().copied();
        let unsettled: Vec<u32> = touched().filter(|id| !self.identities.is_settled(*id)).collect();
        let transactions = portion.buffer.transactions();
        let settled = self.identities.settle(&self.announced, &unsettled, &transactions);
        for id in settled.await? {
            self.known.remove(&id);
        }
        let unknown = touched()
            .filter(|id| !self.known.contains_key(id))
            .map(|id| self.announced.get(&id).cloned().ok_or_else(|| unannounced(id)));
        let unknown = unknown.collect::<Result<Vec<_>, _>>()?;
        // One question for all: a first batch may touch hundreds of tables.
        let tables = read_tables(&self.loaded, session, &self.table_query, &unknown).await?;
        for relation in &unknown {
            let plan = self.matched(&tables, relation)?;
            self.know(relation.id, plan);
        }
        Ok(())
    }

    /// Under the name that the target knows the table by.
    fn undecided(&self, id: u32, undecided: &Undecided) -> Result<Drift, ApplyError> {
        let announced = self.announced.get(&id).ok_or_else(|| unannounced(id))?;
        let mut relation = announced.as_ref().clone();
        if let Some(table) = self.loaded.get(&id) {
            relation.name.clone_from(&table.name);
        }
        Ok(Drift {
            relation: Arc::new(relation),
            kind: DriftKind::ReadInParts(undecided.clone()),
        })
    }

    /// What is known of the target's tables is not so any more; these are remembered as a statement has left both sides.
    pub(super) fn take_up(&mut self, news: &[(u32, Remembered)]) {
        self.known.clear();
        if !news.is_empty() {
            let loaded = Arc::make_mut(&mut self.loaded);
            for (oid, remembered) in news {
                if let Some(table) = loaded.get_mut(oid) {
                    table.name = remembered.facts.name.clone();
                    table.former = remembered.former();
                }
            }
        }
        let reported: Vec<u32> = news.iter().map(|(oid, _)| *oid).collect();
        self.identities.take_up(Arc::clone(&self.loaded), &reported);
    }

    fn matched(&mut self, tables: &TargetTables, relation: &Arc<Relation>) -> Result<RowPlan, ApplyError> {
        self.identities.take_target(relation, tables);
        let identity = self.identities.of(relation.id);
        let plan = match_relation(&self.loaded, tables, relation, identity)?;
        let has_rows = self.loaded.get(&relation.id).and_then(|table| table.target_oid);
        if has_rows.is_some_and(|oid| oid != plan.target.oid) {
            // Another table has its name since the tables of the migration were read.
            return Err(ApplyError::TargetAltered);
        }
        Ok(plan)
    }

    /// What netting must know of these relations; one that is left out goes one by one.
    pub(super) fn net_shapes(&self, ids: impl Iterator<Item = u32>) -> net::Shapes {
        ids.filter_map(|id| Some((id, self.known.get(&id)?.net_shape.clone()?)))
            .collect()
    }

    /// Sets are not for this table: its changes go one by one until it is announced with another shape.
    pub(super) fn write_table_singly(&mut self, table: &QualifiedName) {
        for known in self.known.values_mut().filter(|known| known.plan.table == *table) {
            known.net_shape = None;
        }
    }

    pub(super) fn write_singly(&mut self, id: u32) {
        if let Some(known) = self.known.get_mut(&id) {
            known.net_shape = None;
        }
    }

    /// The table's load has read what this transaction did (design §2.3), or one to come will.
    pub(super) fn is_loaded(&self, id: u32, xid: u32) -> bool {
        is_loaded(&self.loaded, id, xid)
    }

    pub(super) fn known_plan(&self, id: u32) -> Option<Arc<RowPlan>> {
        self.known.get(&id).map(|known| Arc::clone(&known.plan))
    }

    /// The target's table that this relation's changes are written to.
    pub(super) fn planned_table(&self, id: u32) -> Option<&TableIdentity> {
        self.known.get(&id).map(|known| &known.plan.target)
    }

    pub(super) fn planned_tables<'a>(
        &'a self,
        names: &'a [QualifiedName],
    ) -> impl Iterator<Item = &'a TableIdentity> {
        let plans = self.known.values().map(|known| &known.plan);
        plans
            .filter(|plan| names.contains(&plan.table))
            .map(|plan| &plan.target)
    }

    /// Matches the relation with its table, asking the target's catalogs.
    pub(super) async fn make_plan(&mut self, session: &Session, id: u32) -> Result<Arc<RowPlan>, ApplyError> {
        let relation = self.announced.get(&id).cloned().ok_or_else(|| unannounced(id))?;
        let relations = std::slice::from_ref(&relation);
        let tables = read_tables(&self.loaded, session, &self.table_query, relations).await?;
        let plan = self.matched(&tables, &relation)?;
        Ok(self.know(id, plan))
    }

    fn know(&mut self, id: u32, plan: RowPlan) -> Arc<RowPlan> {
        let plan = Arc::new(plan);
        let known = Known {
            plan: Arc::clone(&plan),
            net_shape: plan.net_shape(),
            statements: HashMap::new(),
        };
        self.known.insert(id, known);
        plan
    }

    pub(super) fn statement(&self, id: u32, shape: &AnyShape) -> Option<Statement> {
        self.known.get(&id)?.statements.get(shape).cloned()
    }

    pub(super) async fn prepare(
        &mut self,
        session: &Session,
        id: u32,
        shape: AnyShape,
    ) -> Result<Statement, ApplyError> {
        let known = self.known.get_mut(&id).ok_or_else(|| unannounced(id))?;
        let text = text(&known.plan, &shape);
        let prepared = session.prepare(&text).await?;
        if known.statements.len() >= STATEMENTS_PER_RELATION {
            known.statements.clear();
        }
        known.statements.insert(shape, prepared.clone());
        Ok(prepared)
    }

    /// Prepares several statements at once; the first that is refused is told with its relation.
    pub(super) async fn prepare_all(
        &mut self,
        session: &Arc<Session>,
        shapes: Vec<(u32, AnyShape)>,
    ) -> Result<(), (u32, PgError)> {
        let mut answers = Vec::new();
        for (id, shape) in shapes {
            if let Some(known) = self.known.get(&id) {
                let (session, text) = (Arc::clone(session), text(&known.plan, &shape));
                answers.push((id, shape, send(async move { session.prepare(&text).await }).await));
            }
        }
        for (id, shape, answer) in answers {
            let prepared = answer.await.map_err(|error| (id, error.into()))?;
            if let Some(known) = self.known.get_mut(&id) {
                if known.statements.len() >= STATEMENTS_PER_RELATION {
                    known.statements.clear();
                }
                known.statements.insert(shape, prepared);
            }
        }
        Ok(())
    }
}

fn text(plan: &RowPlan, shape: &AnyShape) -> String {
    match shape {
        AnyShape::Row(shape) => statement::text(plan, shape),
        AnyShape::Set(shape) => set::text(plan, shape),
    }
}

/// Matches the relation with its table, of those that were read for it.
pub(crate) fn match_relation(
    loaded: &HashMap<u32, LoadedTable>,
    tables: &TargetTables,
    relation: &Arc<Relation>,
    identity: Option<(&Former, &Identified)>,
) -> Result<RowPlan, Drift> {
    let relation = called_as_on_target(loaded, tables, relation);
    check_selected(loaded, tables, &relation)?;
    let drift = |kind| Drift {
        relation: Arc::clone(&relation),
        kind,
    };
    let (Some((former, identified)), Some(target)) = (identity, tables.get(&relation.name)) else {
        return row::plan(&relation, tables.get(&relation.name));
    };
    let called = counterparts(former, identified, &relation, target).map_err(drift)?;
    let mut named = relation.as_ref().clone();
    for (column, name) in named.columns.iter_mut().zip(called) {
        column.name = name;
    }
    row::plan(&Arc::new(named), Some(target)).map_err(|Drift { kind, .. }| drift(kind))
}

/// The relation under the name that the target's table has by now, where the source called it so when the rows were read:
/// whoever follows a rename may be ahead of the stream.
fn called_as_on_target(
    loaded: &HashMap<u32, LoadedTable>,
    tables: &TargetTables,
    relation: &Arc<Relation>,
) -> Arc<Relation> {
    let table = loaded.get(&relation.id);
    let is_former = |table: &&LoadedTable| {
        let former = table.former.as_ref();
        former.is_some_and(|former| former.name == relation.name) && tables.contains_key(&table.name)
    };
    match table.filter(is_former) {
        Some(table) => Arc::new(Relation {
            name: table.name.clone(),
            ..relation.as_ref().clone()
        }),
        None => Arc::clone(relation),
    }
}

/// The relation belongs to the migration, is loaded, and has the name that the target knows it by.
fn check_selected(
    loaded: &HashMap<u32, LoadedTable>,
    tables: &TargetTables,
    relation: &Arc<Relation>,
) -> Result<(), Drift> {
    let drift = |kind| Drift {
        relation: Arc::clone(relation),
        kind,
    };
    let table = loaded
        .get(&relation.id)
        .ok_or_else(|| drift(DriftKind::NotSelected))?;
    if let Some(tree) = table.tree {
        return Err(of_partition(relation, tree, table));
    }
    if !table.is_complete {
        return Err(drift(DriftKind::NotLoaded));
    }
    if table.name != relation.name {
        // The operator has renamed it too when the new name is there and the old one is gone.
        let is_followed = tables.contains_key(&relation.name) && !tables.contains_key(&table.name);
        if !is_followed {
            return Err(drift(DriftKind::Renamed {
                before: table.name.clone(),
            }));
        }
    }
    Ok(())
}

/// What a partition's own change is to the tree that its rows are moved under: only a TRUNCATE arrives so.
fn of_partition(relation: &Arc<Relation>, tree: u32, loaded: &LoadedTable) -> Drift {
    let kind = if loaded.is_complete {
        DriftKind::PartitionEmptied {
            partition: relation.name.clone(),
            loaded_under: loaded.snapshot.clone(),
        }
    } else {
        DriftKind::NotLoaded
    };
    Drift {
        relation: Arc::new(Relation {
            id: tree,
            name: loaded.name.clone(),
            ..relation.as_ref().clone()
        }),
        kind,
    }
}

fn unannounced(id: u32) -> ApplyError {
    PgError::Protocol {
        endpoint: "source".to_owned(),
        reason: format!("a change of relation {id} came before its description"),
    }
    .into()
}
