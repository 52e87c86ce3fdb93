//! What was seen in step, until the stream is there too.
//!
//! The catalogs are ahead of the stream: what is remembered of a table is what the stream's names are read by, so it may be
//! no younger than what the stream brings next.

use std::collections::HashMap;

use transhume_wire::lsn::Lsn;

use super::Remembered;

/// By the table's OID on the source, with a position of its WAL that is above all that was seen.
#[derive(Debug, Default)]
pub struct Awaited(HashMap<u32, (Remembered, Lsn)>);

impl Awaited {
    /// Takes up what was seen in step now; gives back what may be remembered, since everything below was applied.
    pub fn take(
        &mut self,
        news: Vec<(u32, Remembered)>,
        seen_at: Lsn,
        applied: Lsn,
    ) -> Vec<(u32, Remembered)> {
        let mut earlier = std::mem::take(&mut self.0);
        let mut due = Vec::new();
        for (oid, now) in news {
            let since = match earlier.remove(&oid) {
                // It has looked like this all the time: versions of its columns would tell.
                Some((before, since)) if before == now => since,
                _ => seen_at,
            };
            if since <= applied {
                due.push((oid, now));
            } else {
                self.0.insert(oid, (now, since));
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::schema::tests::shape;

    fn seen(name: &str) -> Vec<(u32, Remembered)> {
        vec![(1, Remembered::in_step(&shape(name), &shape(name)))]
    }

    #[test]
    fn what_the_stream_has_not_reached_is_not_remembered() {
        let mut awaited = Awaited::default();

        assert!(awaited.take(seen("t"), Lsn(10), Lsn(9)).is_empty());
        assert_eq!(awaited.take(seen("t"), Lsn(20), Lsn(10)), seen("t"));
        assert_eq!(awaited.take(seen("t"), Lsn(30), Lsn(30)), seen("t"));
    }

    #[test]
    fn another_look_is_awaited_anew() {
        let mut awaited = Awaited::default();

        assert!(awaited.take(seen("t"), Lsn(10), Lsn(9)).is_empty());
        assert!(awaited.take(seen("u"), Lsn(20), Lsn(10)).is_empty());
        assert!(awaited.take(Vec::new(), Lsn(30), Lsn(10)).is_empty());
        assert!(awaited.take(seen("u"), Lsn(40), Lsn(20)).is_empty());
        assert_eq!(awaited.take(seen("u"), Lsn(50), Lsn(40)), seen("u"));
    }
}
