//! A tree that is moved as a whole is announced in the order of one of its partitions, whose numbers are not the tree's:
//! what is left are names, which all partitions share with the tree.

use transhume_wire::pgoutput::RelationColumn;

use super::{Ambiguous, SourceTable};

/// The number in the tree of each announced column.
pub fn align_tree(
    before: &SourceTable,
    now: &SourceTable,
    announced: &[RelationColumn],
) -> Result<Vec<i16>, Ambiguous> {
    let is_fixed = |name: &str| {
        let column = now.column_called(name)?;
        (before.column(column.number) == Some(column)).then_some(column.number)
    };
    let altered = altered(before, now);
    let is_new = |number: i16| number > before.last_number();
    let mut unknown = announced.iter().filter(|column| is_fixed(&column.name).is_none());
    let only_made = altered.iter().all(|number| is_new(*number))
        && altered.len() == usize::try_from(now.last_number() - before.last_number()).unwrap_or_default();
    let only_one = unknown.clone().count() == 1 && altered.len() == 1;
    if !unknown.all(|column| only_one || (only_made && now.column_called(&column.name).is_some())) {
        return Err(Ambiguous);
    }
    announced
        .iter()
        .map(|column| {
            let only = || altered.first().copied().filter(|_| only_one);
            let made = || now.column_called(&column.name).map(|column| column.number);
            is_fixed(&column.name)
                .or_else(only)
                .or_else(made)
                .ok_or(Ambiguous)
        })
        .collect()
}

/// Numbers that either moment has and that are not the same at both.
fn altered(before: &SourceTable, now: &SourceTable) -> Vec<i16> {
    let both = before.columns.iter().chain(&now.columns);
    let mut altered: Vec<i16> = both
        .map(|column| column.number)
        .filter(|number| before.column(*number) != now.column(*number))
        .collect();
    altered.sort_unstable();
    altered.dedup();
    altered
}
