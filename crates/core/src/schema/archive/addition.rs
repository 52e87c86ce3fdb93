//! The decisions over an archive that was dumped for tables which join a migration later.
//!
//! Owns what comes along with them: what belongs to the tables, what they need and the target has not
//! got from an earlier archive, foreign keys of other tables that wait for them, and views that rest on
//! them. Everything else of the archive is left alone, however new it is: it was not asked for.

use std::collections::{HashMap, HashSet};

use transhume_wire::ident::QualifiedName;

use super::{ArchiveContext, CatalogObject, Decisions, Entry, EntryKind, Fact, decide::decide_wanted};

/// What an addition's decisions depend on besides the situation, whose selector takes the added tables already.
#[derive(Debug)]
pub struct Joining {
    pub tables: HashSet<QualifiedName>,
    /// What earlier archives brought to the target.
    pub known: HashSet<CatalogObject>,
}

/// Decides for every entry; `entries` in the archive's order.
pub fn decide_addition(entries: Vec<Entry>, situation: &ArchiveContext<'_>, joining: &Joining) -> Decisions {
    let wanted = Addition { situation, joining }.wanted(&entries);
    decide_wanted(entries, situation, &wanted, &joining.known)
}

struct Addition<'a> {
    situation: &'a ArchiveContext<'a>,
    joining: &'a Joining,
}

impl Addition<'_> {
    fn wanted(&self, entries: &[Entry]) -> HashSet<i32> {
        let by_id: HashMap<i32, &Entry> = entries.iter().map(|entry| (entry.dump_id, entry)).collect();
        let mut wanted = HashSet::new();
        // In the archive's order, so that a view finds what it rests on decided.
        for entry in entries {
            if self.is_root(entry) || self.is_waiting_view(entry, &wanted) {
                self.draw_in(entry, &by_id, &mut wanted);
            }
        }
        self.add_attendants(entries, &by_id, &mut wanted);
        wanted
    }

    fn is_root(&self, entry: &Entry) -> bool {
        if self.is_known(entry) {
            return false;
        }
        let Some(fact) = self.situation.fact(entry) else {
            return false;
        };
        self.belongs_to_added(fact) || self.is_waiting_key(fact)
    }

    /// A foreign key of a table of the migration that could not come before.
    fn is_waiting_key(&self, fact: &Fact) -> bool {
        let refers = fact
            .refers_to
            .as_ref()
            .is_some_and(|table| self.joining.tables.contains(table));
        refers && self.situation.selects(fact) == Some(true)
    }

    /// A selected view that an added table makes possible.
    fn is_waiting_view(&self, entry: &Entry, wanted: &HashSet<i32>) -> bool {
        entry.kind == EntryKind::Relation
            && !self.is_known(entry)
            && entry.depends_on.iter().any(|id| wanted.contains(id))
            && self
                .situation
                .fact(entry)
                .is_some_and(|fact| fact.view && self.situation.selects(fact) == Some(true))
    }

    /// The entry with all that it needs; tables that were not asked for are never drawn in.
    fn draw_in(&self, root: &Entry, by_id: &HashMap<i32, &Entry>, wanted: &mut HashSet<i32>) {
        let mut open = vec![root];
        while let Some(entry) = open.pop() {
            if !wanted.insert(entry.dump_id) {
                continue;
            }
            let needs = entry.depends_on.iter().filter_map(|id| by_id.get(id).copied());
            open.extend(needs.filter(|need| !self.is_known(need) && self.may_be_drawn_in(need)));
        }
    }

    fn may_be_drawn_in(&self, need: &Entry) -> bool {
        let is_free =
            |fact: &Fact| fact.free_sequence || fact.relation.is_none() || self.belongs_to_added(fact);
        self.situation.fact(need).is_none_or(is_free)
            && !matches!(need.kind, EntryKind::Publication | EntryKind::Subscription)
    }

    /// Comments, grants and attachments have no object of their own: they go with all that they need, of
    /// which something must be new.
    fn add_attendants(&self, entries: &[Entry], by_id: &HashMap<i32, &Entry>, wanted: &mut HashSet<i32>) {
        for entry in entries.iter().filter(|entry| entry.object.class == 0) {
            let is_there =
                |id: &i32| wanted.contains(id) || by_id.get(id).is_some_and(|need| self.is_known(need));
            if entry.depends_on.iter().all(is_there) && entry.depends_on.iter().any(|id| wanted.contains(id))
            {
                wanted.insert(entry.dump_id);
            }
        }
    }

    fn belongs_to_added(&self, fact: &Fact) -> bool {
        fact.relation
            .as_ref()
            .is_some_and(|table| self.joining.tables.contains(table))
    }

    fn is_known(&self, entry: &Entry) -> bool {
        entry.object.class != 0 && self.joining.known.contains(&entry.object)
    }
}
