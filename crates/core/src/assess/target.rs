//! Is the target free for this migration, and did an earlier one leave something behind?
//!
//! Resuming, everything that is there was made by this migration.

use std::collections::BTreeSet;

use transhume_wire::ident::QualifiedName;

use super::observation::{Observed, OurPublication, OurSlot};
use crate::count::{counted, listed};
use crate::finding::Finding;

const BYTES_PER_MEGABYTE: i64 = 1 << 20;

pub(super) fn check(observed: &Observed) -> Vec<Finding> {
    [not_empty(observed), state(observed), leftovers(observed)].concat()
}

fn not_empty(observed: &Observed) -> Vec<Finding> {
    if observed.context.resuming {
        return vec![Finding::pass(
            "target-not-empty",
            "the target holds this migration's own tables",
        )];
    }
    let present: BTreeSet<&QualifiedName> = observed.target.tables.iter().map(|table| &table.name).collect();
    let taken: Vec<&QualifiedName> = observed
        .selected()
        .map(|table| &table.name)
        .filter(|name| present.contains(name))
        .collect();
    if taken.is_empty() {
        return vec![Finding::pass(
            "target-not-empty",
            format!(
                "none of the selected tables is on the target ({} of others there)",
                counted(present.len(), "table")
            ),
        )];
    }
    vec![Finding::blocker(
        "target-not-empty",
        &observed.target.capabilities.database,
        format!(
            "{} of the selection are on the target already: {}",
            counted(taken.len(), "table"),
            listed(taken.iter().map(|name| name.plain()))
        ),
        "migrate to an empty database, or leave these tables out (--exclude); nothing of them is this migration's",
    )]
}

fn state(observed: &Observed) -> Vec<Finding> {
    if !observed.target.has_state || observed.context.resuming {
        return vec![Finding::pass(
            "other-migration",
            "the target holds no other migration",
        )];
    }
    vec![Finding::blocker(
        "other-migration",
        "transhume",
        "the target holds the state of another migration in its schema transhume",
        "end that one with its own --source and this --target: transhume finish after its cutover; before it transhume abort, \
         which drops its copy here, or leaves it with --keep-target",
    )]
}

/// They may belong to a migration that waits for its runner: nothing says here that it is over.
fn leftovers(observed: &Observed) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !observed.context.resuming {
        let ours = &observed.source.ours;
        findings.extend(ours.slots.iter().map(left_slot));
        findings.extend(ours.schema_owner.as_deref().map(taken_name));
        findings.extend(
            ours.publications
                .iter()
                .map(|publication| left_publication(publication, observed)),
        );
    }
    Finding::or_pass(
        findings,
        "leftovers",
        "no other migration has slots or publications on the source",
    )
}

/// Where the reverse stream keeps its state: a cutover would find out when it is late.
fn taken_name(owner: &str) -> Finding {
    Finding::warning(
        "leftovers",
        "transhume",
        format!(
            "the source has a schema transhume, owned by {}: it is not migrated, and no fallback can be prepared beside it",
            owner.escape_debug()
        ),
        "its owner renames it where it is the application's, or ends the migration that it is the state of",
    )
}

const LEAVE: &str = "leave it while its migration continues; where that is over, \"transhume finish\" with its own source and \
                     target removes it; before its cutover \"transhume abort\" does, and the copy on the target goes with it";

fn left_slot(slot: &OurSlot) -> Finding {
    let activity = if slot.active {
        "it is being read"
    } else {
        "it is not being read at the moment"
    };
    let kept = slot.retained_bytes.map_or_else(String::new, |bytes| {
        format!(", keeps {} MB of WAL", bytes / BYTES_PER_MEGABYTE)
    });
    let held = slot.age.map_or_else(String::new, |age| {
        format!(", and holds vacuum back by {}", counted(age, "transaction"))
    });
    let message = format!(
        "the slot {} of the database {} belongs to another migration: {activity}{kept}{held}",
        slot.name,
        slot.database.escape_debug()
    );
    Finding::warning("leftovers", &slot.name, message, LEAVE)
}

fn left_publication(publication: &OurPublication, observed: &Observed) -> Finding {
    let slots = &observed.source.ours.slots;
    let slot = slots.iter().find(|slot| slot.name == publication.name);
    let activity = match slot {
        Some(slot) if slot.active => "its slot is being read",
        Some(_) => "its slot is not being read at the moment",
        None => "it has no slot",
    };
    Finding::warning(
        "leftovers",
        &publication.name,
        format!(
            "the publication {} of the database {}, owned by {}, belongs to another migration: {activity}, and it was made \
             or altered {} ago",
            publication.name,
            observed.source.capabilities.database.escape_debug(),
            publication.owner.escape_debug(),
            counted(publication.age, "transaction")
        ),
        LEAVE,
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::fixture::{healthy, table},
        *,
    };
    use crate::finding::Severity;

    #[test]
    fn a_selected_table_on_the_target_blocks_unless_resuming() {
        let mut observed = healthy();
        observed.target.tables = vec![table("unrelated")];
        assert_eq!(not_empty(&observed)[0].severity, Severity::Pass);
        observed.target.tables.push(table("orders"));
        assert_eq!(not_empty(&observed)[0].severity, Severity::Blocker);
        observed.context.resuming = true;
        assert_eq!(not_empty(&observed)[0].severity, Severity::Pass);
    }

    #[test]
    fn the_state_of_another_migration_blocks_unless_it_is_this_one() {
        let mut observed = healthy();
        observed.target.has_state = true;
        assert_eq!(state(&observed)[0].severity, Severity::Blocker);
        observed.context.resuming = true;
        assert_eq!(state(&observed)[0].severity, Severity::Pass);
    }

    #[test]
    fn leftovers_are_told_with_their_activity_and_never_to_be_dropped() {
        let mut observed = healthy();
        let slot = |name: &str, active| OurSlot {
            name: name.into(),
            database: "crm".into(),
            active,
            retained_bytes: Some(48 << 20),
            age: Some(12),
        };
        observed.source.ours.slots = vec![
            slot("transhume_0123abcd", false),
            slot("transhume_9999abcd", true),
        ];
        observed.source.ours.publications = vec![OurPublication {
            name: "transhume_9999abcd".into(),
            owner: "ann".into(),
            age: 30,
        }];
        let findings = leftovers(&observed);
        let reported: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
        assert!(
            reported[0].contains("database crm")
                && reported[0].contains("not being read")
                && reported[0].contains("48 MB")
        );
        assert!(reported[1].contains("is being read"));
        assert!(reported[2].contains("owned by ann") && reported[2].contains("its slot is being read"));
        assert!(reported[2].contains("30 transactions ago"));
        assert!(findings.iter().all(|finding| !finding.remedy.contains("drop")));
        observed.source.ours.schema_owner = Some("app".into());
        assert!(
            leftovers(&observed)[2]
                .message
                .contains("schema transhume, owned by app")
        );
        observed.context.resuming = true;
        assert_eq!(leftovers(&observed)[0].severity, Severity::Pass);
    }
}
