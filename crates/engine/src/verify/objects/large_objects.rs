//! Large objects: which there are, what they hold, whose they are, by OID, a page at a time.
//!
//! They are not in the stream: while changes are followed, what the application writes to them is on the
//! source alone until the cutover brings it over. Contents are digested on the servers.

use std::collections::{BTreeMap, BTreeSet};

use transhume_core::{count::first_listed, finding::Finding, verify::objects::SequenceSituation};
use transhume_pg::{
    connection::{
        names,
        raw::{Mode, RawConnection},
    },
    load::large_objects::{self, LargeObject, describe_page, next_page, roles},
};

use super::{ObjectComparison, ObjectVerifier};
use crate::error::{Doing, Result};

/// Objects in one answer; one with its digest, grants and comment takes a few hundred bytes.
const PAGE_OBJECTS: u32 = 1000;

/// Named in a finding; the rest is counted.
const MOST_NAMED: usize = 5;

/// OIDs by what is the matter with them.
#[derive(Default)]
struct FoundObjects {
    all: usize,
    missing: Vec<u32>,
    surplus: Vec<u32>,
    content: Vec<u32>,
    description: Vec<u32>,
}

impl ObjectVerifier<'_> {
    pub(super) async fn compare_large_objects(&self, comparison: &mut ObjectComparison) -> Result<()> {
        let role = "verify:large-objects";
        let session = self.endpoints.source_session(self.migration, role).await?;
        let unreadable = large_objects::unreadable_count(&session)
            .await
            .doing("looking for large objects")?;
        session.close().await;
        if unreadable > 0 {
            comparison.not_compared.push(not_readable(unreadable));
            return Ok(());
        }
        let name = names::application_name(self.migration, role);
        let mut source = RawConnection::connect(&self.endpoints.source, &name, Mode::Sql)
            .await
            .doing("connecting to the source")?;
        let mut target = RawConnection::connect(&self.endpoints.target, &name, Mode::Sql)
            .await
            .doing("connecting to the target")?;
        let found = compare(&mut source, &mut target).await?;
        source.close().await;
        target.close().await;
        if found.all > 0 {
            comparison.compared.insert("large object".to_owned(), found.all);
        }
        comparison.findings.extend(self.findings(&found));
        Ok(())
    }

    fn findings(&self, found: &FoundObjects) -> Vec<Finding> {
        let cases = [
            ("missing-large-object", &found.missing, "on the source alone"),
            ("surplus-large-object", &found.surplus, "on the target alone"),
            ("different-large-object", &found.content, "with another content"),
            (
                "different-large-object-traits",
                &found.description,
                "with another owner, other privileges or another comment",
            ),
        ];
        let reported = cases.into_iter().filter(|(_, oids, _)| !oids.is_empty());
        reported
            .map(|(code, oids, what)| self.finding(code, oids, what))
            .collect()
    }

    fn finding(&self, code: &str, oids: &[u32], what: &str) -> Finding {
        let object = format!("large objects {}", first_listed(oids, MOST_NAMED));
        let message = format!("{} are {what}", oids.len());
        match self.situation {
            SequenceSituation::Following => Finding::warning(
                code,
                &object,
                format!("{message}; large objects are in no stream"),
                "nothing to do: the cutover compares them and brings over what differs",
            ),
            SequenceSituation::Final => Finding::blocker(
                code,
                &object,
                message,
                "bring them over with lo_get and lo_from_bytea, or pg_dump --large-objects",
            ),
        }
    }
}

async fn compare(source: &mut RawConnection, target: &mut RawConnection) -> Result<FoundObjects> {
    let mut found = FoundObjects::default();
    let mut after = 0;
    loop {
        let end = next_page(source, after, PAGE_OBJECTS).await.doing(READING)?;
        let last = end.unwrap_or(u32::MAX);
        let on_source = describe_page(source, after, last).await.doing(READING)?;
        let on_target = describe_page(target, after, last)
            .await
            .doing("reading the target's large objects")?;
        let names: BTreeSet<String> = on_source.iter().flat_map(LargeObject::roles).cloned().collect();
        let roles = roles(target, &names)
            .await
            .doing("reading the roles of the target")?;
        let wanted = on_source.iter().map(|object| object.on_target(&roles));
        found.compare_page(wanted.collect(), on_target);
        match end {
            Some(end) => after = end,
            None => return Ok(found),
        }
    }
}

const READING: &str = "reading the source's large objects";

impl FoundObjects {
    fn compare_page(&mut self, wanted: Vec<LargeObject>, on_target: Vec<LargeObject>) {
        let mut present: BTreeMap<u32, LargeObject> = on_target
            .into_iter()
            .map(|object| (object.oid, object.without_own_grants()))
            .collect();
        self.all += wanted.len();
        for object in wanted {
            match present.remove(&object.oid) {
                Some(there) if there == object => {}
                Some(there) if there.digest == object.digest => self.description.push(object.oid),
                Some(_) => self.content.push(object.oid),
                None => self.missing.push(object.oid),
            }
        }
        self.surplus.extend(present.into_keys());
    }
}

fn not_readable(count: i64) -> Finding {
    Finding::warning(
        "not-compared",
        "large objects",
        format!("{count} of them may not be read by the migration's role"),
        "let the role own them or grant it SELECT on each",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(oid: u32, owner: &str, digest: &str) -> LargeObject {
        LargeObject {
            oid,
            owner: owner.to_owned(),
            comment: None,
            grants: Vec::new(),
            digest: digest.to_owned(),
        }
    }

    #[test]
    fn each_object_is_told_once() {
        let mut found = FoundObjects::default();
        let wanted = vec![
            object(1, "ann", "a"),
            object(2, "ann", "a"),
            object(3, "ann", "a"),
            object(4, "ann", "a"),
        ];
        let there = vec![
            object(1, "ann", "a"),
            object(2, "bob", "a"),
            object(3, "bob", "b"),
            object(5, "ann", "a"),
        ];
        found.compare_page(wanted, there);
        assert_eq!(
            (
                found.all,
                found.description,
                found.content,
                found.missing,
                found.surplus
            ),
            (4, vec![2], vec![3], vec![4], vec![5])
        );
    }
}
