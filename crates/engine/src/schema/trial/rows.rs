//! Rows within a trial: a few of the source go into tables that evaluate functions of users, since only then those are called.
//!
//! They are there while indexes and keys are made and materialized views are filled, and gone before foreign keys and triggers
//! come, for which a few rows mean nothing. What is refused for a row alone holds up nothing else of the trial.

use std::collections::{BTreeMap, HashMap, HashSet};

use transhume_core::{
    finding::Finding,
    schema::{
        archive::{Entry, EntryKind},
        trial::{Answer, Names, rows_refused},
    },
    sqlstate,
};
use transhume_pg::{
    catalog::evaluations::{self, Evaluation},
    connection::{error::ServerError, session::Session},
};

use super::answer_of;
use crate::error::{Doing, Result};

/// Catalog of tables, indexes and views.
const RELATION: u32 = 1259;

/// When rows are at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SampleStage {
    Filled,
    Refreshed,
    Emptied,
}

/// A table or materialized view that evaluates functions of users.
pub(super) struct Sample {
    evaluation: Evaluation,
    insert: Option<String>,
}

impl Sample {
    pub(super) fn statement(&self, stage: SampleStage) -> Option<String> {
        let name = &self.evaluation.name;
        match stage {
            SampleStage::Filled => self.insert.clone(),
            SampleStage::Refreshed => self
                .evaluation
                .is_view
                .then(|| format!("refresh materialized view {name}")),
            SampleStage::Emptied => self.insert.as_ref().map(|_| format!("delete from only {name}")),
        }
    }
}

/// By the OID of the source's relation, for those among the entries.
pub(super) async fn samples(source: &Session, entries: &[&Entry]) -> Result<HashMap<u32, Sample>> {
    let doing = "reading a few rows of the source for the trial";
    let wanted: HashSet<u32> = entries
        .iter()
        .filter(|entry| entry.object.class == RELATION)
        .map(|entry| entry.object.oid)
        .collect();
    let mut samples = HashMap::new();
    for evaluation in evaluations::evaluations(source).await.doing(doing)? {
        if !wanted.contains(&evaluation.oid) {
            continue;
        }
        let insert = evaluation.sample(source).await.doing(doing)?;
        samples.insert(evaluation.oid, Sample { evaluation, insert });
    }
    Ok(samples)
}

/// Of this entry's relation.
pub(super) fn of<'a>(samples: &'a HashMap<u32, Sample>, entry: &Entry) -> Option<&'a Sample> {
    let is_relation = entry.object.class == RELATION && entry.kind == EntryKind::Relation;
    is_relation.then(|| samples.get(&entry.object.oid)).flatten()
}

/// Before the first of these the rows go.
pub(super) fn ends_rows(kind: EntryKind) -> bool {
    matches!(
        kind,
        EntryKind::ForeignKey
            | EntryKind::Rule
            | EntryKind::Trigger
            | EntryKind::EventTrigger
            | EntryKind::Policy
            | EntryKind::RowSecurity
    )
}

/// What the target refused for its rows, by dump id.
#[derive(Default)]
pub(super) struct RowsRefused(BTreeMap<(i32, SampleStage), Answer>);

impl RowsRefused {
    pub(super) fn has(&self, entry: &Entry, stage: SampleStage) -> bool {
        self.0.contains_key(&(entry.dump_id, stage))
    }

    pub(super) fn add(&mut self, entry: &Entry, stage: SampleStage, answer: &ServerError) {
        self.0.insert((entry.dump_id, stage), answer_of(answer));
    }

    /// A table whose rows are refused stops a load; a view that does not refresh stops nothing.
    pub(super) fn findings(&self, names: &Names<'_>, samples: &HashMap<u32, Sample>) -> Vec<Finding> {
        let told = self.0.iter().filter(|((_, stage), answer)| {
            // Slow rows are refused by the trial's own limit alone.
            *stage != SampleStage::Emptied && answer.sqlstate != sqlstate::QUERY_CANCELED
        });
        told.filter_map(|((dump_id, _), answer)| {
            let (entry, known) = names.get(dump_id)?;
            let remedies = of(samples, entry).map_or(&[][..], |sample| sample.evaluation.remedies.as_slice());
            Some(rows_refused(
                answer,
                known.identity.as_deref()?,
                known.holds_data,
                remedies,
            ))
        })
        .collect()
    }
}

/// An index that is refused while a function of users is at work is refused for the rows.
pub(super) fn is_for_rows(entry: &Entry, answer: &ServerError) -> bool {
    matches!(entry.kind, EntryKind::Index | EntryKind::Constraint) && answer.context.is_some()
}
