//! What the operator leaves out by name, and what falls away with it.

use std::collections::{HashMap, HashSet};

use transhume_core::{
    finding::Finding,
    schema::archive::{Chosen, Decisions, Entry, LeaveOut},
    selection::Selection,
};
use transhume_pg::{
    catalog::identities::{identities, on_target},
    connection::session::Session,
};

use super::findings;
use crate::error::{Doing, Result};

/// What the operator leaves out by name.
pub(super) struct Choice {
    pub(super) left_out: HashMap<i32, LeaveOut>,
    /// By dump id; empty where nothing is left out.
    identities: HashMap<i32, String>,
    /// Names that no entry has.
    unmatched: Vec<String>,
    /// Entries that are missing on the target since something is left out.
    pub(super) absent: HashSet<i32>,
}

impl Choice {
    pub(super) async fn of(
        selection: &Selection,
        (source, target): (&Session, &Session),
        entries: &[Entry],
    ) -> Result<Self> {
        let names: HashSet<&str> = selection.left_out().collect();
        let mut choice = Self {
            left_out: HashMap::new(),
            identities: HashMap::new(),
            unmatched: Vec::new(),
            absent: HashSet::new(),
        };
        if names.is_empty() {
            return Ok(choice);
        }
        let listed: Vec<&Entry> = entries.iter().collect();
        choice.identities = identities(source, &listed)
            .await
            .doing("reading what the source's objects are called")?;
        let is_chosen = |entry: &&&Entry| {
            let identity = choice.identities.get(&entry.dump_id);
            identity.is_some_and(|identity| names.contains(identity.as_str()))
        };
        let chosen: Vec<&Entry> = listed.iter().filter(is_chosen).copied().collect();
        let present = on_target(source, target, &chosen)
            .await
            .doing("looking for what is left out on the target")?;
        for entry in chosen {
            let how = if present.contains(&entry.dump_id) {
                LeaveOut::OnTarget
            } else {
                LeaveOut::Gone
            };
            choice.left_out.insert(entry.dump_id, how);
        }
        let found: HashSet<&str> = choice.identities.values().map(String::as_str).collect();
        let missing = names.into_iter().filter(|name| !found.contains(name));
        choice.unmatched = missing.map(str::to_owned).collect();
        Ok(choice)
    }

    fn name(&self, dump_id: i32) -> Option<&str> {
        self.identities.get(&dump_id).map(String::as_str)
    }

    /// The name of what is missing since something is left out.
    pub(super) fn identity_of_absent(&self, dump_id: i32) -> Option<&str> {
        self.name(dump_id).filter(|_| self.absent.contains(&dump_id))
    }

    pub(super) fn findings(&self, decisions: &Decisions) -> Vec<Finding> {
        let mut told = HashSet::new();
        let left_out = decisions
            .chosen
            .iter()
            .filter(|chosen| told.insert(self.name(chosen.dump_id)))
            .filter_map(|chosen| self.left_out_finding(chosen, &decisions.chosen));
        let unmatched = self
            .unmatched
            .iter()
            .map(|name| findings::nothing_to_leave_out(name));
        left_out.chain(unmatched).collect()
    }

    /// A type and its shell are one object: what falls away with either is told with the first.
    fn left_out_finding(&self, chosen: &Chosen, all: &[Chosen]) -> Option<Finding> {
        let name = self.name(chosen.dump_id)?;
        let same = all.iter().filter(|other| self.name(other.dump_id) == Some(name));
        let dependents = same.flat_map(|one| &one.dependents);
        let names: Vec<&str> = dependents.filter_map(|id| self.name(*id)).collect();
        Some(findings::left_out(name, chosen.how, &names))
    }
}
