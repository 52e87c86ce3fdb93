//! Cutting a trial into pieces whose locks fit into the target's lock table.
//!
//! Each piece holds all that its entries need, so that it can be tried by itself in a transaction of its own;
//! what several pieces need is made in each of them.

use std::collections::{HashMap, HashSet};

use crate::schema::archive::{Entry, EntryKind};

/// What is tried in each transaction, as places in the list of entries, in its order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    pub pieces: Vec<Vec<usize>>,
    /// Places of entries that need more locks by themselves than there are.
    pub too_large: Vec<usize>,
}

/// All entries in as few pieces of at most `locks` locks as come about by taking them in their order.
pub fn pieces(entries: &[&Entry], locks: u64) -> Pieces {
    let all: u64 = entries.iter().map(|entry| locks_of(entry.kind)).sum();
    if all <= locks {
        return Pieces {
            pieces: vec![(0..entries.len()).collect()],
            too_large: Vec::new(),
        };
    }
    let places: HashMap<i32, usize> = entries
        .iter()
        .enumerate()
        .map(|(place, entry)| (entry.dump_id, place))
        .collect();
    let attached = attachments(entries, &places);
    let mut result = Pieces::default();
    let (mut piece, mut weight) = (HashSet::new(), 0);
    let mut tried = HashSet::new();
    for place in 0..entries.len() {
        if tried.contains(&place) {
            continue;
        }
        let needs = needs(place, entries, &places, &attached);
        let weigh = |places: &mut dyn Iterator<Item = &usize>| -> u64 {
            places.map(|place| locks_of(entries[*place].kind)).sum()
        };
        if weigh(&mut needs.iter()) > locks {
            result.too_large.push(place);
            continue;
        }
        let more = weigh(&mut needs.difference(&piece));
        if weight + more > locks {
            result.pieces.push(sorted(std::mem::take(&mut piece)));
            weight = 0;
        }
        weight += weigh(&mut needs.difference(&piece));
        tried.extend(needs.iter().copied());
        piece.extend(needs);
    }
    if !piece.is_empty() {
        result.pieces.push(sorted(piece));
    }
    result
}

fn sorted(piece: HashSet<usize>) -> Vec<usize> {
    let mut places: Vec<usize> = piece.into_iter().collect();
    places.sort_unstable();
    places
}

/// By the place of a partition, the place where it is attached to what it is a partition of. Both say the same of whose it is
/// and what it is called.
fn attachments(entries: &[&Entry], places: &HashMap<i32, usize>) -> HashMap<usize, usize> {
    let mut attachments = HashMap::new();
    for (place, entry) in entries.iter().enumerate() {
        let Some(called) = entry.description.strip_prefix("TABLE ATTACH") else {
            continue;
        };
        let mut needs = entry.depends_on.iter().filter_map(|id| places.get(id));
        let partition = needs.find(|need| entries[**need].description.ends_with(called));
        attachments.extend(partition.map(|partition| (*partition, place)));
    }
    attachments
}

/// The entry itself with all that it needs, directly or not. What rests on a partition may rest on its being one, which no
/// entry says of itself.
fn needs(
    place: usize,
    entries: &[&Entry],
    places: &HashMap<i32, usize>,
    attached: &HashMap<usize, usize>,
) -> HashSet<usize> {
    let mut found = HashSet::new();
    let mut open = vec![place];
    while let Some(place) = open.pop() {
        if found.insert(place) {
            let needs = entries[place].depends_on.iter();
            open.extend(needs.filter_map(|id| places.get(id).copied()));
            open.extend(attached.get(&place));
        }
    }
    found
}

/// Locks that making such an object and giving it to its owner takes, on the high side: a table has a TOAST
/// table and that one's index, and an extension makes what nobody counts beforehand.
fn locks_of(kind: EntryKind) -> u64 {
    match kind {
        EntryKind::Extension => 100,
        EntryKind::Relation => 6,
        EntryKind::ForeignKey | EntryKind::Constraint => 4,
        EntryKind::Index | EntryKind::IndexAttach | EntryKind::TableAttach | EntryKind::Trigger => 3,
        EntryKind::Grant | EntryKind::DefaultGrant | EntryKind::Comment => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(dump_id: i32, depends_on: &[i32]) -> Entry {
        let mut entry = Entry::parse(&format!("{dump_id}; 1259 {dump_id} TABLE s t o")).unwrap();
        entry.depends_on = depends_on.to_vec();
        entry
    }

    fn cut(entries: &[Entry], locks: u64) -> Pieces {
        pieces(&entries.iter().collect::<Vec<_>>(), locks)
    }

    #[test]
    fn what_fits_is_one_piece() {
        let entries = [table(1, &[]), table(2, &[1])];
        assert_eq!(cut(&entries, 12).pieces, [[0, 1]]);
    }

    #[test]
    fn each_piece_holds_what_it_needs() {
        let entries = [table(1, &[]), table(2, &[1]), table(3, &[]), table(4, &[1])];
        let cut = cut(&entries, 12);
        assert_eq!(cut.pieces, [vec![0, 1], vec![2], vec![0, 3]]);
        assert!(cut.too_large.is_empty());
    }

    #[test]
    fn what_rests_on_a_partition_is_tried_with_it_attached() {
        let with = |line: &str, needs: &[i32]| {
            let mut entry = Entry::parse(line).unwrap();
            entry.depends_on = needs.to_vec();
            entry
        };
        let entries = [
            with("1; 1259 1 TABLE s root o", &[]),
            with("2; 1259 2 TABLE s one o", &[]),
            with("3; 1259 3 TABLE s two o", &[]),
            with("4; 0 0 TABLE ATTACH s one o", &[1, 2]),
            with("5; 0 0 TABLE ATTACH s two o", &[1, 3]),
            with("6; 1259 6 INDEX s i o", &[3]),
        ];
        let cut = cut(&entries, 18);
        assert_eq!(cut.pieces, [vec![0, 1, 3], vec![0, 2, 4, 5]]);
    }

    #[test]
    fn what_fits_into_no_piece_is_told() {
        let entries = [table(1, &[]), table(2, &[1]), table(3, &[2])];
        let cut = cut(&entries, 12);
        assert_eq!(cut.pieces, [[0, 1]]);
        assert_eq!(cut.too_large, [2]);
    }
}
