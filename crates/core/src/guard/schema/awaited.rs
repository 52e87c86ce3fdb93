//! What was seen in the catalogs, until the stream is there too.
//!
//! The catalogs are ahead of the stream: what is remembered of a table is what the stream's names are read by, so it may be
//! no younger than what the stream brings next. And what a statement announces is done when the stream brings it: a look that
//! is ahead sees a difference that goes by itself.

use std::collections::HashMap;

use transhume_wire::lsn::Lsn;

use super::{ChangeKind, SchemaChange, TableFacts};

/// How much of what was seen the stream has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// All below is applied.
    Applied(Lsn),
    /// It has stood since the last look: it has nothing more to bring, or is held and brings nothing before that is mended.
    Still,
}

/// By the table's OID on the source, with a position of its WAL that is above all that was seen.
#[derive(Debug)]
pub struct Awaited<T>(HashMap<u32, (T, Lsn)>);

impl<T> Default for Awaited<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone + PartialEq> Awaited<T> {
    /// Takes up what was seen now; gives back what has looked like this since the stream was before it.
    pub fn take(&mut self, seen: Vec<(u32, T)>, seen_at: Lsn, reached: Reached) -> Vec<(u32, T)> {
        let mut earlier = std::mem::take(&mut self.0);
        let mut due = Vec::new();
        for (oid, now) in seen {
            let since = match earlier.remove(&oid) {
                // It has looked like this all the time: versions of its columns would tell.
                Some((before, since)) if before == now => Some(since),
                _ => None,
            };
            let is_due = match reached {
                Reached::Applied(lsn) => since.unwrap_or(seen_at) <= lsn,
                Reached::Still => since.is_some(),
            };
            if is_due {
                due.push((oid, now.clone()));
            }
            self.0.insert(oid, (now, since.unwrap_or(seen_at)));
        }
        due
    }
}

/// Those of the changes that no announcement in the stream will carry: it has come, or there never is one.
pub fn not_to_come(
    mut changes: Vec<SchemaChange>,
    source: &[TableFacts],
    awaited: &mut Awaited<Option<TableFacts>>,
    (seen_at, reached): (Lsn, Reached),
) -> Vec<SchemaChange> {
    let may_come = |oid: u32| {
        let mut its = changes.iter().filter(|change| change.oid == oid);
        its.all(|change| change.kind.may_be_announced())
    };
    let find = |oid: u32| source.iter().find(|table| table.oid == oid).cloned();
    let mut oids: Vec<u32> = changes.iter().map(|change| change.oid).collect();
    oids.sort_unstable();
    oids.dedup();
    oids.retain(|oid| may_come(*oid));
    let seen = oids.iter().map(|oid| (*oid, find(*oid))).collect();
    let due = awaited.take(seen, seen_at, reached);
    let is_awaited = |oid: u32| oids.contains(&oid) && !due.iter().any(|(due, _)| *due == oid);
    changes.retain(|change| !is_awaited(change.oid));
    changes
}

impl ChangeKind {
    /// The statement behind it may be carried by what it announces.
    fn may_be_announced(&self) -> bool {
        self.is_of_columns()
            || matches!(
                self,
                Self::ColumnMadeAnew { .. }
                    | Self::Renamed { .. }
                    | Self::Moved { .. }
                    | Self::TableGone { .. }
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::schema::{Remembered, tests::shape};

    fn seen(name: &str) -> Vec<(u32, Remembered)> {
        vec![(1, Remembered::in_step(&shape(name), &shape(name)))]
    }

    fn applied(lsn: u64) -> Reached {
        Reached::Applied(Lsn(lsn))
    }

    #[test]
    fn what_the_stream_has_not_reached_is_awaited() {
        let mut awaited = Awaited::default();

        assert!(awaited.take(seen("t"), Lsn(10), applied(9)).is_empty());
        assert_eq!(awaited.take(seen("t"), Lsn(20), applied(10)), seen("t"));
        assert_eq!(awaited.take(seen("t"), Lsn(30), applied(11)), seen("t"));
    }

    #[test]
    fn another_look_is_awaited_anew() {
        let mut awaited = Awaited::default();

        assert!(awaited.take(seen("t"), Lsn(10), applied(9)).is_empty());
        assert!(awaited.take(seen("u"), Lsn(20), applied(10)).is_empty());
        assert!(awaited.take(Vec::new(), Lsn(30), applied(10)).is_empty());
        assert!(awaited.take(seen("u"), Lsn(40), applied(20)).is_empty());
        assert_eq!(awaited.take(seen("u"), Lsn(50), applied(40)), seen("u"));
    }

    #[test]
    fn a_stream_that_stands_brings_what_it_has_brought_already() {
        let mut awaited = Awaited::default();

        assert!(awaited.take(seen("t"), Lsn(10), Reached::Still).is_empty());
        assert!(awaited.take(seen("u"), Lsn(10), Reached::Still).is_empty());
        assert_eq!(awaited.take(seen("u"), Lsn(10), Reached::Still), seen("u"));
    }

    fn change(oid: u32, kind: ChangeKind) -> SchemaChange {
        SchemaChange {
            oid,
            table: shape("t").name,
            kind,
        }
    }

    #[test]
    fn a_change_is_left_to_its_announcement_and_a_rewrite_to_none() {
        let mut awaited = Awaited::default();
        let made_anew = || ChangeKind::ColumnMadeAnew {
            column: "b".to_owned(),
        };
        let all = vec![
            change(1, made_anew()),
            change(2, ChangeKind::Rewritten),
            change(2, made_anew()),
        ];

        let at_once = not_to_come(all.clone(), &[], &mut awaited, (Lsn(10), applied(9)));
        assert_eq!(at_once, all[1..]);
        let later = not_to_come(all.clone(), &[], &mut awaited, (Lsn(20), applied(10)));
        assert_eq!(later, all);
    }
}
