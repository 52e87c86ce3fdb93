//! The target's columns that have the values of the source's.

use transhume_wire::pgoutput::Relation;

use super::{Former, Identified, SourceColumn};
use crate::follow::row::{DriftKind, TargetColumn, TargetTable};

/// What the target calls each announced column. It may be behind with a name, or ahead of the stream: then it has the name
/// that the source uses now.
pub fn counterparts(
    former: &Former,
    identified: &Identified,
    relation: &Relation,
    target: &TargetTable,
) -> Result<Vec<String>, DriftKind> {
    let match_up = Counterparts {
        former,
        identified,
        target,
    };
    let announced = relation.columns.iter().map(|column| column.name.as_str());
    announced
        .zip(&identified.numbers)
        .map(|(announced, number)| match former.source.column(*number) {
            Some(read) if former.target.contains_key(&read.name) => match_up.of_read(read, announced),
            _ => match_up.of_new(*number, announced),
        })
        .collect()
}

struct Counterparts<'a> {
    former: &'a Former,
    identified: &'a Identified,
    target: &'a TargetTable,
}

impl<'a> Counterparts<'a> {
    /// Its values were read with the rows, so that its column on the target is known by number.
    fn of_read(&self, read: &SourceColumn, announced: &str) -> Result<String, DriftKind> {
        let missing = |column: &str| DriftKind::ColumnMissing {
            column: column.to_owned(),
        };
        let there = self.there(read).ok_or_else(|| missing(announced))?;
        let is_behind = |now: &SourceColumn| now.name != there.name && announced != there.name;
        match self.identified.now.column(read.number) {
            Some(now) if is_behind(now) => Err(missing(&now.name)),
            _ => Ok(there.name.clone()),
        }
    }

    /// It was made later: by its name, unless that is another column's.
    fn of_new(&self, number: i16, announced: &str) -> Result<String, DriftKind> {
        let now = &self.identified.now;
        let name = now.column(number).map(|column| column.name.as_str());
        let is_another_s = |name: &str| {
            now.column_called(name)
                .is_some_and(|column| column.number != number)
        };
        let former_name = Some(announced).filter(|announced| !is_another_s(announced));
        let free = [name, former_name]
            .into_iter()
            .flatten()
            .find(|name| self.is_free(name));
        if let Some(free) = free {
            return Ok(free.to_owned());
        }
        let wanted = name.unwrap_or(announced);
        let holder = self.holder(wanted);
        let is_gone = |read: &SourceColumn| now.column(read.number).is_none();
        if holder.is_some_and(is_gone) || (name.is_none() && self.column(wanted).is_some()) {
            return Err(DriftKind::ColumnReused {
                column: wanted.to_owned(),
            });
        }
        Err(DriftKind::ColumnMissing {
            column: wanted.to_owned(),
        })
    }

    fn there(&self, read: &SourceColumn) -> Option<&'a TargetColumn> {
        let number = self.former.target.get(&read.name)?;
        self.target.columns.iter().find(|column| column.number == *number)
    }

    fn column(&self, name: &str) -> Option<&'a TargetColumn> {
        self.target.columns.iter().find(|column| column.name == name)
    }

    fn is_free(&self, name: &str) -> bool {
        self.column(name).is_some() && self.holder(name).is_none()
    }

    /// The source's column whose values the target's column of this name has.
    fn holder(&self, name: &str) -> Option<&'a SourceColumn> {
        let mut read = self.former.source.columns.iter();
        read.find(|read| self.there(read).is_some_and(|there| there.name == name))
    }
}
