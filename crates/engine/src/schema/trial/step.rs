//! What is tried, in the order in which a run makes it.

use std::collections::{HashMap, HashSet};

use transhume_core::schema::{
    archive::{CatalogObject, Decision, Entry, EntryKind},
    logged::as_logged,
};
use transhume_pg::{
    catalog::ownership::Ownership,
    schema::restore::{self, Piece},
};

use super::rows::{self, Sample, SampleStage};

/// One statement, or the statements of one definition.
pub(super) enum TrialStep<'a> {
    Define(&'a Entry, &'a Definition),
    Rows(&'a Entry, &'a Sample, SampleStage),
    Own(&'a Entry, &'a Ownership),
    Grant(&'a Entry, &'a str),
}

/// A definition with the settings that it may rest on.
pub(super) struct Definition {
    pub(super) settings: String,
    pub(super) sql: String,
}

/// All that can be tried, by dump id.
pub(super) struct Material<'a> {
    entries: Vec<(&'a Entry, &'a Decision)>,
    definitions: HashMap<i32, Definition>,
    grants: HashMap<i32, Vec<String>>,
    owners: HashMap<CatalogObject, Ownership>,
    schemas: HashSet<i32>,
    samples: &'a HashMap<u32, Sample>,
}

impl<'a> Material<'a> {
    pub(super) fn new(
        entries: &[(&'a Entry, &'a Decision)],
        (definitions, grants): (&[Piece], &[Piece]),
        owners: Vec<Ownership>,
        samples: &'a HashMap<u32, Sample>,
    ) -> Self {
        let statements = |piece: &Piece| {
            let statements = restore::statements(&piece.sql);
            statements.into_iter().map(str::to_owned).collect()
        };
        let schemas = entries
            .iter()
            .filter(|(entry, _)| entry.kind == EntryKind::Schema);
        Self {
            entries: entries.to_vec(),
            schemas: schemas.map(|(entry, _)| entry.dump_id).collect(),
            definitions: self_contained(definitions),
            grants: grants
                .iter()
                .map(|piece| (piece.dump_id, statements(piece)))
                .collect(),
            owners: owners.into_iter().map(|one| (one.object, one)).collect(),
            samples,
        }
    }

    /// The steps for these places of the entries.
    pub(super) fn steps(&'a self, places: &[usize]) -> Vec<TrialStep<'a>> {
        let chosen: Vec<_> = places.iter().map(|place| self.entries[*place]).collect();
        let (before, rest): (Vec<_>, Vec<_>) = chosen
            .iter()
            .partition(|(_, decision)| **decision == Decision::BeforeData);
        let (grants, after): (Vec<_>, Vec<_>) = rest
            .into_iter()
            .partition(|(_, decision)| **decision == Decision::Grant);
        let later: HashSet<i32> = after.iter().map(|(entry, _)| entry.dump_id).collect();
        let (late_grants, grants): (Vec<_>, Vec<_>) = grants.into_iter().partition(|(entry, _)| {
            entry.kind == EntryKind::DefaultGrant || entry.depends_on.iter().any(|id| later.contains(id))
        });
        let (on_schemas, on_others): (Vec<_>, Vec<_>) = grants
            .into_iter()
            .partition(|(entry, _)| entry.depends_on.iter().any(|id| self.schemas.contains(id)));
        let (schemas, others): (Vec<_>, Vec<_>) = before
            .iter()
            .partition(|(entry, _)| entry.kind == EntryKind::Schema);
        let mut steps = Vec::new();
        self.define(&before, &mut steps);
        self.rows(&before, SampleStage::Filled, &mut steps);
        self.own(&schemas, &mut steps);
        self.grant(&on_schemas, &mut steps);
        self.own(&others, &mut steps);
        self.grant(&on_others, &mut steps);
        let with_rows = after
            .iter()
            .position(|(entry, _)| rows::ends_rows(entry.kind))
            .unwrap_or(after.len());
        self.define(&after[..with_rows], &mut steps);
        self.rows(&before, SampleStage::Refreshed, &mut steps);
        self.rows(&before, SampleStage::Analyzed, &mut steps);
        self.rows(&before, SampleStage::Emptied, &mut steps);
        self.define(&after[with_rows..], &mut steps);
        self.own(&after, &mut steps);
        self.grant(&late_grants, &mut steps);
        steps
    }

    fn define(&'a self, entries: &[(&'a Entry, &'a Decision)], steps: &mut Vec<TrialStep<'a>>) {
        let defined =
            |entry: &'a Entry| Some(TrialStep::Define(entry, self.definitions.get(&entry.dump_id)?));
        steps.extend(entries.iter().filter_map(|(entry, _)| defined(entry)));
    }

    fn rows(
        &'a self,
        entries: &[(&'a Entry, &'a Decision)],
        stage: SampleStage,
        steps: &mut Vec<TrialStep<'a>>,
    ) {
        let sampled = |entry: &'a Entry| Some(TrialStep::Rows(entry, rows::of(self.samples, entry)?, stage));
        steps.extend(entries.iter().filter_map(|(entry, _)| sampled(entry)));
    }

    fn own(&'a self, entries: &[(&'a Entry, &'a Decision)], steps: &mut Vec<TrialStep<'a>>) {
        let owned = |entry: &'a Entry| Some(TrialStep::Own(entry, self.owners.get(&entry.object)?));
        steps.extend(entries.iter().filter_map(|(entry, _)| owned(entry)));
    }

    fn grant(&'a self, entries: &[(&'a Entry, &'a Decision)], steps: &mut Vec<TrialStep<'a>>) {
        for (entry, _) in entries {
            let statements = self.grants.get(&entry.dump_id).into_iter().flatten();
            steps.extend(statements.map(|statement| TrialStep::Grant(entry, statement)));
        }
    }
}

/// Each with the settings that it rests on, so that it can be tried whether what stands before it was made or not.
fn self_contained(pieces: &[Piece]) -> HashMap<i32, Definition> {
    let mut settings = String::new();
    let mut contained = HashMap::new();
    for piece in pieces {
        let (sql, next) = piece.parts();
        let definition = Definition {
            settings: settings.clone(),
            sql: as_logged(sql).into_owned(),
        };
        contained.insert(piece.dump_id, definition);
        if !next.is_empty() {
            settings = format!("{next}\n");
        }
    }
    contained
}
