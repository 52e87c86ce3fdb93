//! Rows within a trial: a few of the source go into tables that evaluate functions of users, since only then those are called.
//! Materialized views are filled, since what their owner may read shows only then.
//!
//! They are there while indexes and keys are made and materialized views are filled, and gone before foreign keys and triggers
//! come, for which a few rows mean nothing. What is refused for a row alone holds up nothing else of the trial.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use transhume_core::{
    finding::Finding,
    schema::{
        archive::{Entry, EntryKind},
        trial::{Answer, Names, Refusal, RefusedRows, check_refused, rows_refused},
    },
    sqlstate,
};
use transhume_pg::{
    catalog::evaluations::{self, Evaluation},
    connection::{
        error::{PgError, ServerError},
        session::Session,
    },
};

use super::answer_of;
use crate::error::{Doing, Result};

/// Catalog of tables, indexes and views.
const RELATION: u32 = 1259;

/// Questions under way at once: enough to hide a round trip of tens of milliseconds.
const PIPELINED: usize = 32;

/// When rows are at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SampleStage {
    Filled,
    Refreshed,
    Analyzed,
    Emptied,
}

/// What is tried with rows of the source, or filled from them.
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
            SampleStage::Analyzed => self.evaluation.has_statistics.then(|| format!("analyze {name}")),
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
    let evaluations = evaluations::evaluations(source).await.doing(doing)?;
    let wanted = evaluations.into_iter().filter(|one| wanted.contains(&one.oid));
    stream::iter(wanted)
        .map(|evaluation| async move {
            let insert = evaluation.sample(source).await?;
            Ok::<_, PgError>((evaluation.oid, Sample { evaluation, insert }))
        })
        .buffer_unordered(PIPELINED)
        .try_collect()
        .await
        .doing(doing)
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

    /// What is told of rows: tables, views and statistics, and indexes among the refusals of definitions. With what could
    /// not be tried, since the schema was tried in pieces.
    pub(super) fn findings(
        &self,
        (names, samples): (&Names<'_>, &HashMap<u32, Sample>),
        refusals: &[Refusal],
        in_pieces: bool,
    ) -> (Vec<Finding>, usize) {
        let (mut findings, mut refused) = (Vec::new(), Vec::new());
        for ((dump_id, stage), answer) in self.0.iter().filter(|(at, answer)| is_told(at.1, answer)) {
            let Some(one) = refused_rows(*dump_id, answer, (names, samples)) else {
                continue;
            };
            let reads_others = names
                .get(dump_id)
                .and_then(|(entry, _)| of(samples, entry))
                .is_some_and(|sample| sample.evaluation.reads_others);
            match *stage {
                // The tables that it reads are empty in a trial.
                SampleStage::Filled if reads_others && answer.sqlstate == sqlstate::CHECK_VIOLATION => {
                    findings.push(check_refused(answer, &one.object));
                }
                SampleStage::Analyzed => refused.push(RefusedRows {
                    object: format!("statistics of {}", one.object),
                    holds_data: false,
                    ..one
                }),
                _ => refused.push(one),
            }
        }
        let builds = refusals.iter().filter(|refusal| refusal.answer.is_for_rows);
        refused.extend(
            builds.filter_map(|refusal| refused_rows(refusal.dump_id, &refusal.answer, (names, samples))),
        );
        let all = refused.len();
        refused.retain(|one| !in_pieces || !one.is_for_want_of_other_pieces());
        findings.extend(rows_refused(&refused));
        (findings, all - refused.len())
    }
}

fn is_told(stage: SampleStage, answer: &Answer) -> bool {
    match stage {
        SampleStage::Emptied => false,
        // A few rows may meet where all of them do not: a join finds no partner.
        SampleStage::Refreshed if answer.sqlstate == sqlstate::UNIQUE_VIOLATION => false,
        // Slow rows are refused by the trial's own limit alone.
        _ => answer.sqlstate != sqlstate::QUERY_CANCELED,
    }
}

fn refused_rows(
    dump_id: i32,
    answer: &Answer,
    (names, samples): (&Names<'_>, &HashMap<u32, Sample>),
) -> Option<RefusedRows> {
    let (entry, known) = names.get(&dump_id)?;
    // An index says of its table what is at work.
    let table = || {
        entry
            .depends_on
            .iter()
            .find_map(|id| of(samples, names.get(id)?.0))
    };
    let remedies = of(samples, entry)
        .or_else(table)
        .map(|sample| sample.evaluation.remedies.clone());
    Some(RefusedRows {
        object: known.identity.clone()?,
        answer: answer.clone(),
        holds_data: known.holds_data,
        remedies: remedies.unwrap_or_default(),
    })
}

/// An index that is refused while a function of users is at work is refused for the rows.
pub(super) fn is_for_rows(entry: &Entry, answer: &ServerError) -> bool {
    matches!(entry.kind, EntryKind::Index | EntryKind::Constraint) && answer.context.is_some()
}
