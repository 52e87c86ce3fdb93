//! Is the target free for this migration, and did an earlier one leave something behind?
//!
//! Resuming, everything that is there was made by this migration.

use std::collections::BTreeSet;

use transhume_wire::ident::{QualifiedName, quote_identifier, quote_literal};

use super::{
    observation::Observed,
    wording::{counted, listed, or_pass},
};
use crate::finding::Finding;

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
    let schemas: BTreeSet<String> = taken.iter().map(|name| quote_identifier(&name.schema)).collect();
    let schemas: Vec<String> = schemas.into_iter().collect();
    vec![Finding::blocker(
        "target-not-empty",
        &observed.target.capabilities.database,
        format!(
            "{} of the selection are on the target already: {}",
            counted(taken.len(), "table"),
            listed(taken.iter().map(|name| name.plain()))
        ),
        format!(
            "if nothing there is needed, on the target: drop schema {} cascade; or give an empty database",
            schemas.join(", ")
        ),
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
        "end that one with: transhume abort --source … --target … (or transhume finish after its cutover)",
    )]
}

fn leftovers(observed: &Observed) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !observed.context.resuming {
        let ours = &observed.source.ours;
        for slot in ours.slots.iter().filter(|slot| !slot.active) {
            findings.push(Finding::warning(
                "leftovers",
                &slot.name,
                format!(
                    "the slot {} of some migration is not being read and holds back WAL on the source",
                    slot.name
                ),
                format!(
                    "if that migration is over: select pg_drop_replication_slot({});",
                    quote_literal(&slot.name)
                ),
            ));
        }
        for publication in &ours.publications {
            findings.push(Finding::warning(
                "leftovers",
                publication,
                format!("the publication {publication} of some migration is on the source"),
                format!(
                    "if that migration is over: drop publication {};",
                    quote_identifier(publication)
                ),
            ));
        }
    }
    or_pass(
        findings,
        "leftovers",
        "no other migration left slots or publications on the source",
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            fixture::{healthy, table},
            observation::OurSlot,
        },
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
    fn leftovers_come_with_the_statement_that_removes_them() {
        let mut observed = healthy();
        observed.source.ours.slots = vec![
            OurSlot {
                name: "transhume_0123abcd".into(),
                active: false,
            },
            OurSlot {
                name: "transhume_9999abcd".into(),
                active: true,
            },
        ];
        observed.source.ours.publications = vec!["transhume_0123abcd".into()];
        let findings = leftovers(&observed);
        assert_eq!(findings.len(), 2);
        assert!(
            findings[0]
                .remedy
                .contains("pg_drop_replication_slot('transhume_0123abcd')")
        );
        assert!(
            findings[1]
                .remedy
                .contains(r#"drop publication "transhume_0123abcd""#)
        );
        observed.context.resuming = true;
        assert_eq!(leftovers(&observed)[0].severity, Severity::Pass);
    }
}
