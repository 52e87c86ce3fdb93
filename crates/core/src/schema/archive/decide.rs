//! The decision for each entry: one pass in the archive's order, in which needs come first.

use std::collections::{HashMap, HashSet};

use transhume_wire::ident::QualifiedName;

use super::{CatalogObject, Entry, EntryKind};
use crate::selection::{Selector, is_system_schema};

/// What the source's catalogs say of an object of the archive.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each stands for a column of the catalogs"
)]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fact {
    /// Schema that holds the object; none for objects outside of schemas.
    pub schema: Option<String>,
    /// For relations, their name; for what belongs to a relation, that relation's name. An owned
    /// sequence belongs to its table.
    pub relation: Option<QualifiedName>,
    /// A sequence that no column owns: taken also where something selected needs it.
    pub free_sequence: bool,
    /// A view or a foreign table: it holds no rows of its own and can be left out without stopping the migration.
    pub view: bool,
    /// The table is a partition: it is created by itself and attached by an entry of its own.
    pub partition: bool,
    /// Table that a foreign key refers to.
    pub refers_to: Option<QualifiedName>,
    /// The rule that is the definition of a view.
    pub view_rule: bool,
    /// A primary key, unique or exclusion constraint.
    pub key: bool,
    /// The name of an extension.
    pub extension: Option<String>,
}

pub type Facts = HashMap<CatalogObject, Fact>;

/// What the decisions depend on besides the archive.
#[derive(Debug)]
pub struct ArchiveContext<'a> {
    pub facts: &'a Facts,
    pub selector: &'a Selector,
    /// Schemas that the target already has, such as `public`.
    pub target_schemas: &'a HashSet<String>,
    /// Extensions that the target already has: they are not ours to remove.
    pub target_extensions: &'a HashSet<String>,
    /// Entries that the operator leaves out, by dump id.
    pub left_out: &'a HashMap<i32, LeaveOut>,
}

/// What becomes of that which needs an entry that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaveOut {
    /// It falls away too.
    Gone,
    /// It comes: the target has the object already.
    OnTarget,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// By pg_restore's script, before the data.
    BeforeData,
    /// By pg_restore's script, when data, indexes and keys are there.
    AfterData,
    /// By pg_restore's script as a piece of build work: materialized views wait for it.
    Definition,
    /// By build work from the source's catalog.
    Build,
    /// Privileges: applied one by one, failures are findings.
    Grant,
    LeftOut(String),
    /// Part of the archive's own bookkeeping.
    Ignored,
}

/// Something selected that cannot be made, since it needs something not selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    pub entry: String,
    pub needs: String,
    /// A table cannot come without it; a view or a foreign key can be left out.
    pub blocks: bool,
    /// The operator leaves out what it needs.
    pub by_choice: bool,
}

/// An entry that the operator leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub dump_id: i32,
    pub how: LeaveOut,
    /// Dump ids of what falls away with it.
    pub dependents: Vec<i32>,
}

#[derive(Debug, Default)]
pub struct Decisions {
    /// In the archive's order.
    pub entries: Vec<(Entry, Decision)>,
    pub unmet: Vec<Unmet>,
    pub chosen: Vec<Chosen>,
}

/// Decides for every entry; `entries` in the archive's order.
pub fn decide(entries: Vec<Entry>, situation: &ArchiveContext<'_>) -> Decisions {
    let wanted = wanted(&entries, situation);
    decide_wanted(entries, situation, &wanted, &HashSet::new())
}

/// Decides where it is known what the selection takes. Objects that are `known` came with an earlier
/// archive: the target has them.
pub(super) fn decide_wanted(
    entries: Vec<Entry>,
    situation: &ArchiveContext<'_>,
    wanted: &HashSet<i32>,
    known: &HashSet<CatalogObject>,
) -> Decisions {
    let mut result = Decisions::default();
    // Entries left out together with what builds on them, and how people know them.
    let mut absent: HashMap<i32, String> = HashMap::new();
    // Those that fall away with an entry that the operator leaves out: its place among the chosen.
    let mut causes: HashMap<i32, usize> = HashMap::new();
    let mut after_data = false;
    let kinds: HashMap<i32, EntryKind> = entries.iter().map(|entry| (entry.dump_id, entry.kind)).collect();
    for entry in entries {
        after_data |= entry.kind.begins_post_data();
        let mut decision = situation.by_kind(&entry, after_data);
        let on_extension = |id| kinds.get(id) == Some(&EntryKind::Extension);
        if entry.kind == EntryKind::Comment && entry.depends_on.iter().any(on_extension) {
            decision = Decision::LeftOut(
                "creating the extension sets it, and only its owner may change it".to_owned(),
            );
        }
        let how = situation.left_out.get(&entry.dump_id);
        let how = how.filter(|_| wanted.contains(&entry.dump_id) && !known.contains(&entry.object));
        if let Some(how) = how {
            decision = Decision::LeftOut(how.reason().to_owned());
            if *how == LeaveOut::Gone {
                absent.insert(entry.dump_id, entry.description.clone());
                causes.insert(entry.dump_id, result.chosen.len());
            }
            result.chosen.push(Chosen {
                dump_id: entry.dump_id,
                how: *how,
                dependents: Vec::new(),
            });
        } else if known.contains(&entry.object) {
            decision = Decision::LeftOut("the target has it from an earlier archive".to_owned());
        } else if matches!(decision, Decision::LeftOut(_) | Decision::Ignored) {
            // What the target has is as good as restored.
            if !matches!(entry.kind, EntryKind::Schema | EntryKind::Extension) {
                absent.insert(entry.dump_id, entry.description.clone());
            }
        } else if !wanted.contains(&entry.dump_id) {
            decision = Decision::LeftOut("it is not in the selection".to_owned());
            absent.insert(entry.dump_id, entry.description.clone());
        } else if let Some((id, needs)) = missing_need(&entry, situation, &absent, &kinds) {
            let cause = id.and_then(|id| causes.get(&id).copied());
            if let Some(cause) = cause {
                causes.insert(entry.dump_id, cause);
                result.chosen[cause].dependents.push(entry.dump_id);
            }
            result
                .unmet
                .extend(unmet(&entry, situation, &needs, cause.is_some()));
            decision = Decision::LeftOut(format!("it needs {needs}, which is left out"));
            absent.insert(entry.dump_id, entry.description.clone());
        }
        result.entries.push((entry, decision));
    }
    result
}

impl LeaveOut {
    fn reason(self) -> &'static str {
        match self {
            Self::Gone => "it is left out as the operator says",
            Self::OnTarget => "it is left out as the operator says, and the target has it",
        }
    }
}

/// The section of each entry, for those that [`decide`] did not leave out or replace: it follows from
/// kind and place alone.
pub fn sections(entries: Vec<Entry>) -> Vec<(Entry, Decision)> {
    let everything = Selector::everything();
    let (facts, none, nothing) = (Facts::new(), HashSet::new(), HashMap::new());
    let situation = ArchiveContext {
        facts: &facts,
        selector: &everything,
        target_schemas: &none,
        target_extensions: &none,
        left_out: &nothing,
    };
    let mut after_data = false;
    entries
        .into_iter()
        .map(|entry| {
            after_data |= entry.kind.begins_post_data();
            let decision = situation.by_kind(&entry, after_data);
            (entry, decision)
        })
        .collect()
}

/// The state, and on a source what its event triggers call.
fn is_of_a_migration(schema: &str) -> bool {
    schema == "transhume" || (schema.starts_with("transhume_") && schema.ends_with("_ddl"))
}

impl ArchiveContext<'_> {
    pub(super) fn fact(&self, entry: &Entry) -> Option<&Fact> {
        self.facts.get(&entry.object)
    }

    fn by_kind(&self, entry: &Entry, after_data: bool) -> Decision {
        let left_out = |reason: &str| Decision::LeftOut(reason.to_owned());
        let fact = self.fact(entry);
        if fact
            .and_then(|fact| fact.schema.as_deref())
            .is_some_and(is_of_a_migration)
        {
            return left_out("it belongs to a migration");
        }
        match entry.kind {
            EntryKind::Prologue | EntryKind::Database => Decision::Ignored,
            EntryKind::Schema => match fact.and_then(|fact| fact.schema.as_ref()) {
                Some(schema) if self.target_schemas.contains(schema) => {
                    left_out("the target has this schema")
                }
                _ => Decision::BeforeData,
            },
            EntryKind::Extension
                if fact
                    .and_then(|fact| fact.extension.as_ref())
                    .is_some_and(|name| self.target_extensions.contains(name)) =>
            {
                left_out("the target has this extension")
            }
            EntryKind::Data => left_out("rows and sequence values are copied by the full load"),
            EntryKind::LargeObject => left_out("large objects are copied by the full load"),
            EntryKind::StatisticsData => left_out("tables are analysed after their load"),
            EntryKind::Publication => left_out("publications belong to the source"),
            EntryKind::Subscription => left_out("a restored subscription would pull its data a second time"),
            EntryKind::SecurityLabel => left_out("its label provider is a matter of the target's server"),
            EntryKind::Index | EntryKind::IndexAttach | EntryKind::ForeignKey => Decision::Build,
            EntryKind::Constraint if fact.is_some_and(|fact| fact.key) => Decision::Build,
            EntryKind::Rule if fact.is_some_and(|fact| fact.view_rule) => Decision::Definition,
            EntryKind::Grant | EntryKind::DefaultGrant => Decision::Grant,
            EntryKind::Constraint
            | EntryKind::CheckConstraint
            | EntryKind::Rule
            | EntryKind::Trigger
            | EntryKind::EventTrigger
            | EntryKind::Policy
            | EntryKind::RowSecurity => Decision::AfterData,
            EntryKind::Comment if after_data => Decision::AfterData,
            // Statistics are made while the table is still empty, so that the first ANALYZE fills them.
            EntryKind::Comment | EntryKind::Statistics => Decision::BeforeData,
            EntryKind::Relation
            | EntryKind::TableAttach
            | EntryKind::Extension
            | EntryKind::OtherBeforeData
                if !after_data =>
            {
                Decision::BeforeData
            }
            // Views and functions whose definition rests on a primary key.
            EntryKind::Relation
            | EntryKind::TableAttach
            | EntryKind::Extension
            | EntryKind::OtherBeforeData => Decision::Definition,
        }
    }

    pub(super) fn selects(&self, fact: &Fact) -> Option<bool> {
        fact.relation.as_ref().map(|name| self.selector.selects(name))
    }
}

/// Dump ids that the selection takes: selected relations with what belongs to them, objects of the
/// schemas of these, and all that any of them needs except tables that are not selected.
fn wanted(entries: &[Entry], situation: &ArchiveContext<'_>) -> HashSet<i32> {
    if situation.selector.is_everything() {
        return entries.iter().map(|entry| entry.dump_id).collect();
    }
    let schemas: HashSet<&str> = situation
        .facts
        .values()
        .filter_map(|fact| fact.relation.as_ref())
        .filter(|name| situation.selector.selects(name))
        .map(|name| name.schema.as_str())
        .collect();
    let by_id: HashMap<i32, &Entry> = entries.iter().map(|entry| (entry.dump_id, entry)).collect();
    let mut wanted = HashSet::new();
    let mut open: Vec<&Entry> = entries
        .iter()
        .filter(|entry| is_wanted_itself(entry, situation, &schemas))
        .collect();
    while let Some(entry) = open.pop() {
        if wanted.insert(entry.dump_id) {
            open.extend(
                entry
                    .depends_on
                    .iter()
                    .filter_map(|id| by_id.get(id).copied())
                    .filter(|need| may_be_drawn_in(need, situation)),
            );
        }
    }
    add_attendants(entries, &mut wanted);
    wanted
}

fn is_wanted_itself(entry: &Entry, situation: &ArchiveContext<'_>, schemas: &HashSet<&str>) -> bool {
    if matches!(
        entry.kind,
        EntryKind::Extension | EntryKind::Prologue | EntryKind::Database
    ) {
        return true;
    }
    let Some(fact) = situation.fact(entry) else {
        return false;
    };
    situation.selects(fact).unwrap_or_else(|| {
        fact.schema
            .as_deref()
            .is_some_and(|schema| schemas.contains(schema) && !is_system_schema(schema))
    })
}

/// Functions, types and free sequences come along where they are needed; tables and views never.
fn may_be_drawn_in(need: &Entry, situation: &ArchiveContext<'_>) -> bool {
    situation
        .fact(need)
        .is_none_or(|fact| fact.free_sequence || situation.selects(fact).unwrap_or(true))
        && !matches!(need.kind, EntryKind::Publication | EntryKind::Subscription)
}

/// Comments, grants and attachments have no object of their own: they go with all that they need.
fn add_attendants(entries: &[Entry], wanted: &mut HashSet<i32>) {
    for entry in entries {
        if entry.object.class == 0
            && !entry.depends_on.is_empty()
            && entry.depends_on.iter().all(|id| wanted.contains(id))
        {
            wanted.insert(entry.dump_id);
        }
    }
}

/// The first need that is left out, as people know it; its dump id where it is an entry.
fn missing_need(
    entry: &Entry,
    situation: &ArchiveContext<'_>,
    absent: &HashMap<i32, String>,
    kinds: &HashMap<i32, EntryKind>,
) -> Option<(Option<i32>, String)> {
    let fact = situation.fact(entry);
    if let Some(other) = fact.and_then(|fact| fact.refers_to.as_ref())
        && !situation.selector.selects(other)
    {
        return Some((None, other.plain()));
    }
    let partition = fact.is_some_and(|fact| fact.partition);
    entry
        .depends_on
        .iter()
        .filter(|id| {
            // A partition is a table of its own; without its parent only the attachment falls away, and
            // what belongs to it does not need what belongs to the parent.
            let of_parent = matches!(
                kinds.get(id),
                Some(EntryKind::Relation | EntryKind::Index | EntryKind::Constraint)
            );
            !(partition && of_parent && entry.kind != EntryKind::TableAttach)
        })
        .find_map(|id| Some((Some(*id), absent.get(id)?.clone())))
}

/// What falls away by choice and can be done without is told with what it needs.
fn unmet(entry: &Entry, situation: &ArchiveContext<'_>, needs: &str, by_choice: bool) -> Option<Unmet> {
    let fact = situation.fact(entry)?;
    let blocks = match entry.kind {
        EntryKind::Relation => !fact.view,
        EntryKind::ForeignKey => false,
        _ => return None,
    };
    Some(Unmet {
        entry: entry.description.clone(),
        needs: needs.to_owned(),
        blocks,
        by_choice,
    })
    .filter(|unmet| unmet.blocks || !unmet.by_choice)
}
