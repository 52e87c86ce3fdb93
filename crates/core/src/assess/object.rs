//! Objects besides tables: large objects, sequences, event triggers, tables of extensions.

use transhume_wire::ident::quote_identifier;

use super::{
    capability::Attempt,
    observation::{EventTrigger, Observed},
};
use crate::count::{counted, listed};
use crate::finding::{Finding, Remedy};
use crate::load::extension_rows::stays_behind;

pub(super) fn check(observed: &Observed) -> Vec<Finding> {
    [
        large_objects(observed),
        sequences(observed),
        event_triggers(observed),
        schema_changes(observed),
        target_event_triggers(observed),
        source_event_triggers(observed),
        subscriptions(observed),
        extension_tables(observed),
    ]
    .concat()
}

fn large_objects(observed: &Observed) -> Vec<Finding> {
    let count = observed.source.large_objects;
    let mut findings = Vec::new();
    findings.extend(unreadable_large_objects(observed));
    findings.extend(taken_large_objects(observed));
    if count == 0 {
        return Finding::or_pass(findings, "large-objects", "the source has no large objects");
    }
    Finding::or_pass(
        findings,
        "large-objects",
        format!(
            "{} to copy with OIDs; they are not in the stream, so the cutover compares them and carries over what changed",
            counted(count, "large object")
        ),
    )
}

fn unreadable_large_objects(observed: &Observed) -> Option<Finding> {
    let unreadable = observed.source.unreadable_large_objects;
    let role = &observed.source.capabilities.role;
    (unreadable > 0).then(|| {
        Finding::blocker(
            "large-objects",
            &observed.source.capabilities.database,
            format!("{role} may not read {unreadable} of the source's large objects"),
            Remedy::from("in psql on the source, by a role that owns them: ").then(Remedy::run(format!(
                "select format('grant select, update on large object %s to %I', oid, {}) from pg_largeobject_metadata \\gexec",
                transhume_wire::ident::quote_literal(role)
            ))),
        )
    })
}

/// Each keeps its OID, since that is how rows refer to it; the source may get some yet.
fn taken_large_objects(observed: &Observed) -> Option<Finding> {
    let present = observed.target.large_objects;
    (present > 0 && !observed.context.resuming).then(|| {
        Finding::blocker(
            "large-objects-on-target",
            &observed.target.capabilities.database,
            format!(
                "the target already holds {}, with OIDs that the source's may need",
                counted(present, "large object")
            ),
            Remedy::from("if nothing there is needed, on the target: ")
                .then(Remedy::run("select lo_unlink(oid) from pg_largeobject_metadata;"))
                .then(" or give an empty database"),
        )
    })
}

fn sequences(observed: &Observed) -> Vec<Finding> {
    let selected = observed
        .source
        .sequences
        .iter()
        .filter(|sequence| observed.selects(&sequence.name));
    let role = &observed.source.capabilities.role;
    let mut count = 0;
    let mut findings = Vec::new();
    for sequence in selected {
        count += 1;
        if sequence.last_value.is_none() {
            findings.push(Finding::blocker(
                "sequences",
                &sequence.name.plain(),
                format!("{role} may not read the value of {}", sequence.name.plain()),
                Remedy::run(format!(
                    "grant select on sequence {} to {};",
                    sequence.name,
                    quote_identifier(role)
                )),
            ));
        }
    }
    Finding::or_pass(
        findings,
        "sequences",
        format!(
            "{} can be read; their values are set at the cutover",
            counted(count, "sequence")
        ),
    )
}

fn event_triggers(observed: &Observed) -> Vec<Finding> {
    let names: Vec<&str> = observed
        .source
        .event_triggers
        .iter()
        .map(|trigger| trigger.name.as_str())
        .collect();
    if names.is_empty() {
        return vec![Finding::pass(
            "event-triggers",
            "the source has no event triggers",
        )];
    }
    match &observed.target.capabilities.create_event_trigger {
        Attempt::Refused(reason) => vec![Finding::warning(
            "event-triggers",
            "",
            format!(
                "the target refuses event triggers ({reason}): {} are left out",
                listed(names)
            ),
            "check that nothing depends on them, or have an administrator of the target create them after the cutover",
        )],
        Attempt::Allowed | Attempt::NotTried => vec![Finding::pass(
            "event-triggers",
            format!(
                "{} can be created on the target",
                counted(names.len(), "event trigger")
            ),
        )],
    }
}

/// Whether `follow.schema_changes` can be more than a hold.
fn schema_changes(observed: &Observed) -> Vec<Finding> {
    let message = match &observed.source.capabilities.create_event_trigger {
        Attempt::Refused(reason) => format!(
            "changes of the source's schema will hold the stream: they can be neither replicated nor refused, since the \
             source refuses event triggers ({reason})"
        ),
        Attempt::Allowed | Attempt::NotTried => {
            "changes of the source's schema hold the stream, or are replicated or refused by follow.schema_changes"
                .to_owned()
        }
    };
    vec![Finding::pass("schema-changes", message)]
}

fn target_event_triggers(observed: &Observed) -> Vec<Finding> {
    let names = firing(&observed.target.event_triggers);
    if names.is_empty() || observed.context.resuming {
        return vec![Finding::pass(
            "target-event-triggers",
            "no event trigger of the target fires for what the migration makes there",
        )];
    }
    vec![Finding::warning(
        "target-event-triggers",
        "target",
        format!(
            "event triggers of the target fire for what the migration makes there: {}",
            listed(&names)
        ),
        Remedy::run(disabling(&names)),
    )]
}

/// Nothing is said where they stay silent.
fn source_event_triggers(observed: &Observed) -> Vec<Finding> {
    let names = firing(&observed.source.event_triggers);
    if names.is_empty() {
        return Vec::new();
    }
    let message = format!(
        "event triggers of the source fire for what the migration does there, as for the grants that a cutover takes away: {}",
        listed(&names)
    );
    let role = quote_identifier(&observed.source.capabilities.role);
    let grant = |parameter: &str| Remedy::run(format!("grant set on parameter {parameter} to {role};"));
    let remedy = match observed.source.capabilities.server_version.major() {
        17.. => grant("event_triggers"),
        15.. => grant("session_replication_role"),
        _ => Remedy::from("for the time of the migration: ").then(Remedy::run(disabling(&names))),
    };
    vec![Finding::warning(
        "source-event-triggers",
        "source",
        message,
        remedy,
    )]
}

fn firing(triggers: &[EventTrigger]) -> Vec<&str> {
    let firing = triggers.iter().filter(|trigger| trigger.fires);
    firing.map(|trigger| trigger.name.as_str()).collect()
}

fn disabling(names: &[&str]) -> String {
    let disable = |name: &&str| format!("alter event trigger {} disable;", quote_identifier(name));
    names.iter().map(disable).collect::<Vec<_>>().join(" ")
}

/// What they bring is followed as everything else; but they exist on no target, and no fence stops their publishers.
fn subscriptions(observed: &Observed) -> Vec<Finding> {
    let names: Vec<&str> = observed
        .source
        .subscriptions
        .iter()
        .map(|subscription| subscription.name.as_str())
        .collect();
    if names.is_empty() {
        return vec![Finding::pass("subscriptions", "no subscription feeds the source")];
    }
    let others = observed.source.subscriptions.iter().filter(|one| !one.is_owned);
    let disable: Vec<String> = others.map(|one| format!("{};", one.disable())).collect();
    let stop = if disable.is_empty() {
        Remedy::from("the cutover disables them before its pause")
    } else {
        Remedy::from("before the cutover, which is refused while one of another role is enabled: ")
            .then(Remedy::run(disable.join(" ")))
            .then(" -- the others it disables itself")
    };
    vec![Finding::warning(
        "subscriptions",
        "source",
        format!(
            "subscriptions feed the source: {}; what they bring is followed, but the target does not have them",
            listed(&names)
        ),
        stop.then(
            "; then create them on the target with the same slots of their publishers (create_slot = false, copy_data = false)",
        ),
    )]
}

fn extension_tables(observed: &Observed) -> Vec<Finding> {
    let tables = &observed.source.extension_tables;
    if tables.is_empty() {
        return vec![Finding::pass(
            "extension-tables",
            "no extension keeps rows of the user",
        )];
    }
    let left = tables
        .iter()
        .filter_map(|table| Some((table, stays_behind(&table.extension)?)));
    let left: Vec<String> = left
        .map(|(table, reason)| format!("{} ({}: {reason})", table.table.plain(), table.extension))
        .collect();
    if left.is_empty() {
        return vec![Finding::pass(
            "extension-tables",
            format!(
                "rows that extensions keep for the user come along: {}",
                listed(tables.iter().map(|table| table.table.plain()))
            ),
        )];
    }
    vec![Finding::warning(
        "extension-tables",
        "",
        format!(
            "rows that extensions keep for the user are not copied: {}",
            listed(left)
        ),
        "enter them again on the target with the extension's own functions, or copy them at the cutover: pg_dump \
         --data-only --table=…",
    )]
}

#[cfg(test)]
mod tests {
    use transhume_wire::ident::QualifiedName;

    use super::{
        super::{
            fixture::healthy,
            observation::{EventTrigger, ExtensionTable, Subscription},
        },
        *,
    };
    use crate::finding::Severity;

    fn trigger() -> EventTrigger {
        EventTrigger {
            name: "log_ddl".into(),
            occasion: "ddl_command_end".into(),
            fires: true,
        }
    }

    #[test]
    fn large_objects_must_be_readable_and_find_their_oids_free() {
        let mut observed = healthy();
        observed.source.large_objects = 3;
        assert_eq!(large_objects(&observed)[0].severity, Severity::Pass);
        observed.source.unreadable_large_objects = 1;
        observed.target.large_objects = 1;
        let findings = large_objects(&observed);
        assert_eq!(findings.len(), 2);
        assert!(
            findings
                .iter()
                .all(|finding| finding.severity == Severity::Blocker)
        );
    }

    #[test]
    fn a_sequence_that_cannot_be_read_blocks() {
        let mut observed = healthy();
        observed.source.sequences[0].last_value = None;
        let findings = sequences(&observed);
        assert_eq!(findings[0].severity, Severity::Blocker);
        assert!(findings[0].remedy.starts_with("grant select on sequence"));
    }

    #[test]
    fn event_triggers_depend_on_what_the_target_allows() {
        let mut observed = healthy();
        observed.source.event_triggers = vec![trigger()];
        assert_eq!(event_triggers(&observed)[0].severity, Severity::Pass);
        observed.target.capabilities.create_event_trigger = Attempt::Refused("must be superuser".into());
        assert_eq!(event_triggers(&observed)[0].severity, Severity::Warning);
        observed.source.capabilities.create_event_trigger = Attempt::Refused("must be superuser".into());
        assert!(schema_changes(&observed)[0].message.contains("must be superuser"));
        observed.target.event_triggers = vec![trigger()];
        assert!(target_event_triggers(&observed)[0].remedy.contains("disable"));
        assert_eq!(source_event_triggers(&observed)[0].severity, Severity::Warning);
        for triggers in [
            &mut observed.source.event_triggers,
            &mut observed.target.event_triggers,
        ] {
            triggers[0].fires = false;
        }
        assert_eq!(target_event_triggers(&observed)[0].severity, Severity::Pass);
        assert_eq!(source_event_triggers(&observed), []);
    }

    #[test]
    fn a_subscription_that_feeds_the_source_is_told_with_how_to_stop_it() {
        let mut observed = healthy();
        assert_eq!(subscriptions(&observed)[0].severity, Severity::Pass);
        observed.source.subscriptions = vec![Subscription {
            name: "Feed".into(),
            enabled: true,
            is_owned: false,
        }];
        let found = &subscriptions(&observed)[0];
        assert_eq!(found.severity, Severity::Warning);
        assert!(
            found.remedy.contains("alter subscription \"Feed\" disable;"),
            "{}",
            found.remedy
        );
    }

    #[test]
    fn rows_kept_by_extensions_are_told() {
        let mut observed = healthy();
        observed.source.extension_tables = vec![ExtensionTable {
            extension: "pg_cron".into(),
            table: QualifiedName::new("cron", "job"),
        }];
        assert!(
            extension_tables(&observed)[0]
                .message
                .contains("cron.job (pg_cron: ")
        );
        observed.source.extension_tables[0].extension = "postgis_topology".into();
        assert_eq!(extension_tables(&observed)[0].severity, Severity::Pass);
    }
}
