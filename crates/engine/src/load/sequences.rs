//! Sequences of the target follow those of the source: after the load, and again at the cutover.

use transhume_core::{
    count::counted,
    finding::{Finding, Remedy},
    selection::Selector,
    sequence::{Sequence, is_near_end, value_with_margin, values_left},
};
use transhume_pg::{catalog::sequences::sequences, connection::session::Session, cutover::sequence_values};
use transhume_wire::ident::QualifiedName;

use crate::error::{Doing, Result};

/// What became of a set of sequences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SequencesSet {
    pub set: usize,
    /// The target has no such sequence.
    pub missing: Vec<QualifiedName>,
    /// So near their ends that they were set without the margin.
    pub near_end: Vec<Finding>,
    /// The source's role may not read their values.
    pub unreadable: Vec<QualifiedName>,
}

/// Reads the selected sequences of the source and sets them on the target.
pub async fn copy_sequences(
    source: &Session,
    target: &Session,
    selector: &Selector,
    margin: i64,
) -> Result<SequencesSet> {
    let mut values = sequences(source).await.doing("reading the source's sequences")?;
    values.retain(|sequence| is_selected(selector, sequence));
    set_sequences(target, &values, margin).await
}

/// A sequence that feeds a column goes with its table.
fn is_selected(selector: &Selector, sequence: &Sequence) -> bool {
    let owner = sequence.owned_by.as_ref().map(|owner| &owner.table);
    selector.selects(owner.unwrap_or(&sequence.name))
}

/// Sets sequences of the target to the given values, `margin` increments further.
pub async fn set_sequences(target: &Session, values: &[Sequence], margin: i64) -> Result<SequencesSet> {
    let mut readable = Vec::with_capacity(values.len());
    let mut unreadable = Vec::new();
    for sequence in values {
        match value_with_margin(sequence, margin) {
            Some(value) => readable.push((sequence.name.clone(), value)),
            None => unreadable.push(sequence.name.clone()),
        }
    }
    let missing = sequence_values::set_sequences(target, &readable)
        .await
        .doing("setting the target's sequences")?;
    let near_end = values.iter().filter(|sequence| is_near_end(sequence, margin));
    Ok(SequencesSet {
        near_end: near_end.map(|sequence| finding(sequence, margin)).collect(),
        set: readable.len() - missing.len(),
        missing,
        unreadable,
    })
}

fn finding(sequence: &Sequence, margin: i64) -> Finding {
    let name = sequence.name.plain();
    Finding::warning(
        "sequence-near-end",
        &name,
        format!(
            "it has {} left: it was set as it is, without the margin of {margin}",
            counted(values_left(sequence).unwrap_or_default(), "value")
        ),
        Remedy::from("give it room: ")
            .then(Remedy::run(format!("alter sequence {} as bigint", sequence.name)))
            .then(", and its column"),
    )
}
