//! How the columns of a table differ, by their numbers.
//!
//! A column of the source that was there when the rows were read belongs to one column of the target, whatever
//! either is called by now; one that was made later belongs to the target's column of its name, unless that one holds
//! the values of another.

use super::{ChangeKind, ColumnFacts, Remembered, TableFacts};

/// In an order that can be run: what is gone first, so that its name is free, then names, then what is new.
pub(super) fn changes(
    remembered: Option<&Remembered>,
    source: &TableFacts,
    target: &TableFacts,
) -> Vec<ChangeKind> {
    let pairs = Pairs {
        remembered,
        source,
        target,
    };
    let mut changes = pairs.gone();
    changes.extend(pairs.renamed());
    changes.extend(pairs.added());
    changes.extend(pairs.retyped());
    changes
}

struct Pairs<'a> {
    remembered: Option<&'a Remembered>,
    source: &'a TableFacts,
    target: &'a TableFacts,
}

impl<'a> Pairs<'a> {
    fn former(&self, number: i16) -> Option<&'a ColumnFacts> {
        self.remembered?.facts.column(number)
    }

    /// The target's column that belongs to this one of the source.
    fn counterpart(&self, column: &ColumnFacts) -> Option<&'a ColumnFacts> {
        let remembered = self.remembered;
        if let Some(remembered) = remembered.filter(|it| it.facts.column(column.number).is_some()) {
            return remembered.target_column(column.number, self.target);
        }
        let called = self.target.column_called(&column.name)?;
        (!self.is_taken(called)).then_some(called)
    }

    /// It holds the values of a column that the source had when the rows were read.
    fn is_taken(&self, there: &ColumnFacts) -> bool {
        let Some(remembered) = self.remembered else {
            return false;
        };
        remembered
            .facts
            .columns
            .iter()
            .filter_map(|former| remembered.target_column(former.number, self.target))
            .any(|taken| taken.number == there.number)
    }

    fn gone(&self) -> Vec<ChangeKind> {
        let Some(remembered) = self.remembered else {
            return Vec::new();
        };
        let former = remembered.facts.columns.iter();
        former
            .filter(|former| self.source.column(former.number).is_none())
            .filter_map(|former| {
                let there = remembered.target_column(former.number, self.target)?;
                let anew = self.source.column_called(&there.name);
                let is_anew = anew.is_some_and(|anew| self.former(anew.number).is_none());
                Some(if is_anew {
                    ChangeKind::ColumnMadeAnew {
                        column: there.name.clone(),
                    }
                } else {
                    ChangeKind::ColumnGone {
                        column: there.name.clone(),
                        is_required: there.not_null && !there.has_default,
                    }
                })
            })
            .collect()
    }

    fn renamed(&self) -> Vec<ChangeKind> {
        self.pairs()
            .filter(|(column, there)| column.name != there.name)
            .map(|(column, there)| ChangeKind::ColumnRenamed {
                before: there.name.clone(),
                after: column.name.clone(),
                is_occupied: self.target.column_called(&column.name).is_some(),
            })
            .collect()
    }

    fn added(&self) -> Vec<ChangeKind> {
        let is_made_anew = |column: &ColumnFacts| {
            let there = self.target.column_called(&column.name);
            self.former(column.number).is_none() && there.is_some_and(|there| self.gone_from_source(there))
        };
        self.source
            .columns
            .iter()
            .filter(|column| self.counterpart(column).is_none() && !is_made_anew(column))
            .map(|column| ChangeKind::ColumnNew {
                column: column.clone(),
            })
            .collect()
    }

    /// The target's column holds values of one that the source has no more.
    fn gone_from_source(&self, there: &ColumnFacts) -> bool {
        let Some(remembered) = self.remembered else {
            return false;
        };
        let former = remembered.facts.columns.iter();
        former
            .filter(|former| self.source.column(former.number).is_none())
            .filter_map(|former| remembered.target_column(former.number, self.target))
            .any(|gone| gone.number == there.number)
    }

    fn retyped(&self) -> Vec<ChangeKind> {
        self.pairs()
            .filter(|(column, there)| {
                let is_suspect = match self.former(column.number) {
                    Some(former) => column.is_retyped_since(former),
                    // Names of others may differ between the two sides.
                    None => column.is_built_in() && there.is_built_in(),
                };
                is_suspect && column.type_name != there.type_name
            })
            .map(|(column, _)| ChangeKind::ColumnRetyped {
                column: column.name.clone(),
                type_name: column.type_name.clone(),
            })
            .collect()
    }

    fn pairs(&self) -> impl Iterator<Item = (&'a ColumnFacts, &'a ColumnFacts)> {
        let columns = self.source.columns.iter();
        columns.filter_map(|column| Some((column, self.counterpart(column)?)))
    }
}

/// All rows were written anew with values that are in no stream. VACUUM FULL and TRUNCATE make a new file too, but leave
/// the columns as they are.
pub(super) fn is_rewritten(remembered: &TableFacts, source: &TableFacts) -> bool {
    let has_new_values = |column: &ColumnFacts| match remembered.column(column.number) {
        None => !column.has_remembered_value,
        Some(former) => column.is_retyped_since(former) || former.version != column.version,
    };
    remembered.filenode != source.filenode && source.columns.iter().any(has_new_values)
}
