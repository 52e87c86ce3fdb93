//! All ways in which announced columns can be the source's, and what they have in common.

use std::collections::BTreeSet;

use transhume_wire::pgoutput::RelationColumn;

use super::{Ambiguous, SourceColumn, SourceTable};

/// The number of each announced column. What is dropped by `now` matters only where it finds rows.
pub fn align(
    before: &SourceTable,
    now: &SourceTable,
    announced: &[RelationColumn],
) -> Result<Vec<i16>, Ambiguous> {
    if before.is_unaltered_in(now) {
        return as_it_is(now, announced);
    }
    let slots = slots(before, now);
    let ways = Ways::of(&slots, announced);
    for (place, _) in slots.iter().enumerate().filter(|(_, slot)| slot.is_kept) {
        let meant_by = (0..announced.len())
            .filter(|index| ways.may_be(*index, place))
            .count();
        if meant_by > 1 || (meant_by == 1 && ways.may_be_absent(place)) {
            return Err(Ambiguous);
        }
    }
    let number = |(index, announced): (usize, &RelationColumn)| {
        let may_be: Vec<&Slot<'_>> = slots
            .iter()
            .enumerate()
            .filter(|(place, _)| ways.may_be(index, *place))
            .map(|(_, slot)| slot)
            .collect();
        let called = may_be
            .iter()
            .find(|slot| slot.name_before == Some(announced.name.as_str()));
        match may_be.as_slice() {
            [only] => Ok(only.number),
            // Whose values they are nobody will ask once the column is gone.
            [first, ..] if !announced.is_key => Ok(called.unwrap_or(first).number),
            _ => Err(Ambiguous),
        }
    };
    announced.iter().enumerate().map(number).collect()
}

fn as_it_is(now: &SourceTable, announced: &[RelationColumn]) -> Result<Vec<i16>, Ambiguous> {
    let fits = now.columns.len() == announced.len()
        && now
            .columns
            .iter()
            .zip(announced)
            .all(|(column, announced)| column.is(announced));
    if !fits {
        return Err(Ambiguous);
    }
    Ok(now.columns.iter().map(|column| column.number).collect())
}

/// A number that a column had at some moment between the two.
struct Slot<'a> {
    number: i16,
    /// Both moments have it, so that the message has it too.
    is_required: bool,
    /// It was not altered in between: it had this name and type all the time.
    fixed: Option<&'a SourceColumn>,
    /// The later moment has it: what is written under its number stays.
    is_kept: bool,
    name_before: Option<&'a str>,
}

impl Slot<'_> {
    fn takes(&self, announced: &RelationColumn) -> bool {
        self.fixed.is_none_or(|column| column.is(announced))
    }
}

fn slots<'a>(before: &'a SourceTable, now: &'a SourceTable) -> Vec<Slot<'a>> {
    let of = |table: &'a SourceTable| table.columns.iter().map(|column| column.number);
    let come_and_gone = before.last_number().saturating_add(1)..=now.last_number();
    let numbers: BTreeSet<i16> = of(before).chain(of(now)).chain(come_and_gone).collect();
    numbers
        .into_iter()
        .map(|number| {
            let (earlier, later) = (before.column(number), now.column(number));
            Slot {
                number,
                is_required: earlier.is_some() && later.is_some(),
                fixed: earlier.filter(|_| earlier == later),
                is_kept: later.is_some(),
                name_before: earlier.map(|column| column.name.as_str()),
            }
        })
        .collect()
}

/// Which announced columns may be which slots, both in their order, each required slot taken.
struct Ways {
    slots: usize,
    takes: Vec<bool>,
    optional: Vec<bool>,
    /// The first so many announced columns can be among the first so many slots.
    forward: Vec<bool>,
    /// Those from there on can be among the slots from there on.
    backward: Vec<bool>,
}

impl Ways {
    fn of(slots: &[Slot<'_>], announced: &[RelationColumn]) -> Self {
        let (width, count) = (slots.len(), announced.len());
        let mut ways = Self {
            slots: width,
            takes: announced
                .iter()
                .flat_map(|column| slots.iter().map(|slot| slot.takes(column)))
                .collect(),
            optional: slots.iter().map(|slot| !slot.is_required).collect(),
            forward: vec![false; (count + 1) * (width + 1)],
            backward: vec![false; (count + 1) * (width + 1)],
        };
        for index in 0..=count {
            for place in 0..=width {
                let at = ways.at(index, place);
                ways.forward[at] = (index, place) == (0, 0)
                    || (place > 0 && ways.optional[place - 1] && ways.forward[ways.at(index, place - 1)])
                    || (index > 0
                        && place > 0
                        && ways.taken(index - 1, place - 1)
                        && ways.forward[ways.at(index - 1, place - 1)]);
            }
        }
        for index in (0..=count).rev() {
            for place in (0..=width).rev() {
                let at = ways.at(index, place);
                ways.backward[at] = (index, place) == (count, width)
                    || (place < width && ways.optional[place] && ways.backward[ways.at(index, place + 1)])
                    || (index < count
                        && place < width
                        && ways.taken(index, place)
                        && ways.backward[ways.at(index + 1, place + 1)]);
            }
        }
        ways
    }

    fn at(&self, index: usize, place: usize) -> usize {
        index * (self.slots + 1) + place
    }

    fn taken(&self, index: usize, place: usize) -> bool {
        self.takes[index * self.slots + place]
    }

    fn may_be(&self, index: usize, place: usize) -> bool {
        self.taken(index, place)
            && self.forward[self.at(index, place)]
            && self.backward[self.at(index + 1, place + 1)]
    }

    fn may_be_absent(&self, place: usize) -> bool {
        let announced = self.forward.len() / (self.slots + 1);
        self.optional[place]
            && (0..announced)
                .any(|index| self.forward[self.at(index, place)] && self.backward[self.at(index, place + 1)])
    }
}
