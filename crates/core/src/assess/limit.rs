//! Limits of the servers: WAL level, slots, senders, connections, locks.

use super::{
    capability::{Budget, Capabilities},
    observation::Observed,
    platform::remedy::{self, Effect},
};
use crate::count::counted;
use crate::finding::Finding;

/// The stream holds one slot and one sender; a verification, or a table that is altered while the slot is made, takes a
/// second of each for a moment.
const WANTED_SLOTS: i64 = 2;

/// Sessions beside the loaders: the stream, the runner and its lock, the guard of the slot's WAL, the snapshot's keeper, a
/// command.
const SESSIONS_BESIDE_LOADERS: i64 = 6;

/// Loaders that a run starts with when nobody decided.
const USUAL_LOADERS: i64 = 4;

pub(super) fn check(observed: &Observed) -> Vec<Finding> {
    [
        wal_level(observed),
        slots(observed),
        senders(observed),
        retention(observed),
        output_plugin(observed),
        connections(observed),
        lock_table(observed),
    ]
    .concat()
}

fn wal_level(observed: &Observed) -> Vec<Finding> {
    let level = observed
        .source
        .capabilities
        .setting("wal_level")
        .unwrap_or("unknown");
    if level == "logical" {
        return vec![Finding::pass("wal-level", "the source's wal_level is logical")];
    }
    vec![Finding::blocker(
        "wal-level",
        "wal_level",
        format!("the source's wal_level is \"{level}\", so its changes cannot be decoded"),
        remedy::set(
            &observed.source.capabilities,
            "source",
            &[("wal_level", "logical")],
            Effect::Restart,
        ),
    )]
}

fn slots(observed: &Observed) -> Vec<Finding> {
    let slots = observed.source.capabilities.slots;
    budget(
        observed,
        "replication-slots",
        "replication slot",
        "max_replication_slots",
        slots,
    )
}

fn senders(observed: &Observed) -> Vec<Finding> {
    let senders = observed.source.capabilities.senders;
    budget(observed, "wal-senders", "WAL sender", "max_wal_senders", senders)
}

fn budget(observed: &Observed, code: &str, noun: &str, setting: &str, budget: Budget) -> Vec<Finding> {
    // Resuming, the stream's own are among the used ones or are about to be.
    let wanted = if observed.context.resuming {
        1
    } else {
        WANTED_SLOTS
    };
    let (free, limit) = (budget.free(), budget.limit);
    let source = &observed.source.capabilities;
    let more = (limit + wanted).to_string();
    let remedy = remedy::set(source, "source", &[(setting, &more)], Effect::Restart);
    let remedy = remedy::with_note(source, remedy, "or free one that nobody uses");
    if free >= wanted {
        return vec![Finding::pass(
            code,
            format!("{free} of {limit} {noun}s are free on the source"),
        )];
    }
    let message = format!("{free} of {limit} {noun}s are free on the source, and {wanted} are wanted");
    if free < 1 && !observed.context.resuming {
        return vec![Finding::blocker(code, setting, message, remedy)];
    }
    vec![Finding::warning(code, setting, message, remedy)]
}

fn retention(observed: &Observed) -> Vec<Finding> {
    let source = &observed.source.capabilities;
    let mut findings = Vec::new();
    if let Some(megabytes) = source.number("max_slot_wal_keep_size").filter(|size| *size >= 0) {
        findings.push(Finding::warning(
            "slot-retention",
            "max_slot_wal_keep_size",
            format!("the source gives up a slot that holds back more than {megabytes} MB of WAL"),
            remedy::with_note(
                source,
                remedy::set(
                    source,
                    "source",
                    &[("max_slot_wal_keep_size", "-1")],
                    Effect::Reload,
                ),
                "and watch the disk meanwhile",
            ),
        ));
    }
    if let Some(timeout) = source
        .number("idle_replication_slot_timeout")
        .filter(|time| *time > 0)
    {
        findings.push(Finding::warning(
            "slot-retention",
            "idle_replication_slot_timeout",
            format!("the source gives up a slot that nobody reads for {timeout} (in the setting's unit)"),
            remedy::set(
                source,
                "source",
                &[("idle_replication_slot_timeout", "0")],
                Effect::Reload,
            ),
        ));
    }
    Finding::or_pass(
        findings,
        "slot-retention",
        "the source keeps WAL for a slot as long as it takes",
    )
}

fn output_plugin(observed: &Observed) -> Vec<Finding> {
    let allowed = observed.source.capabilities.setting("output_plugin_libraries");
    let refused = allowed.is_some_and(|list| {
        let mut names = list.split(',').map(|name| name.trim().trim_matches('"'));
        !names.any(|name| name == "pgoutput" || name == "*" || name == "$libdir/pgoutput")
    });
    if !refused {
        return vec![Finding::pass(
            "output-plugin",
            "the source may decode with pgoutput",
        )];
    }
    vec![Finding::blocker(
        "output-plugin",
        "output_plugin_libraries",
        "the source's output_plugin_libraries does not name pgoutput",
        remedy::set(
            &observed.source.capabilities,
            "source",
            &[("output_plugin_libraries", "pgoutput")],
            Effect::Reload,
        ),
    )]
}

fn connections(observed: &Observed) -> Vec<Finding> {
    let loaders = match observed.context.loaders {
        0 => USUAL_LOADERS,
        loaders => i64::from(loaders),
    };
    let wanted = loaders + SESSIONS_BESIDE_LOADERS;
    let ends = [
        ("source", &observed.source.capabilities),
        ("target", &observed.target.capabilities),
    ];
    let findings = ends
        .iter()
        .filter(|(_, end)| end.free_connections < wanted)
        .map(|(name, end)| too_few_connections(name, end, wanted))
        .collect();
    Finding::or_pass(
        findings,
        "connections",
        format!("both servers have {} free for us", counted(wanted, "connection")),
    )
}

fn too_few_connections(end: &str, capabilities: &Capabilities, wanted: i64) -> Finding {
    let free = capabilities.free_connections.max(0);
    let message = format!(
        "a full load wants {}; {free} of the {end} can be used",
        counted(wanted, "connection")
    );
    if free <= SESSIONS_BESIDE_LOADERS {
        return Finding::blocker(
            "connections",
            end,
            message,
            "raise max_connections (or the connection limit of the role or database), or end idle sessions",
        );
    }
    Finding::warning(
        "connections",
        end,
        message,
        format!(
            "use at most {} loaders, or raise max_connections",
            free - SESSIONS_BESIDE_LOADERS
        ),
    )
}

fn lock_table(observed: &Observed) -> Vec<Finding> {
    let wanted = observed.selected().count()
        + observed
            .source
            .sequences
            .iter()
            .filter(|sequence| observed.selects(&sequence.name))
            .count();
    let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
    let Some(capacity) = observed.source.capabilities.lock_capacity() else {
        return Vec::new();
    };
    // Half is left to the application: the lock table is shared with it.
    if wanted <= capacity / 2 {
        return vec![Finding::pass(
            "lock-table",
            format!(
                "the source can lock all {} at once (room for {capacity})",
                counted(wanted, "table or sequence")
            ),
        )];
    }
    let sessions = capacity
        / observed
            .source
            .capabilities
            .number("max_locks_per_transaction")
            .unwrap_or(64)
            .max(1);
    let locks = (2 * wanted / sessions.max(1) + 1).to_string();
    let remedy = remedy::set(
        &observed.source.capabilities,
        "source",
        &[("max_locks_per_transaction", &locks)],
        Effect::Restart,
    );
    let message = format!(
        "the dump and the cutover lock {} at once; the source's lock table has room for {capacity}",
        counted(wanted, "table or sequence")
    );
    if wanted > capacity {
        return vec![Finding::blocker(
            "lock-table",
            "max_locks_per_transaction",
            message,
            remedy,
        )];
    }
    vec![Finding::warning(
        "lock-table",
        "max_locks_per_transaction",
        message,
        remedy,
    )]
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::healthy, *};
    use crate::finding::Severity;

    fn with_setting(name: &str, value: &str) -> Observed {
        let mut observed = healthy();
        observed
            .source
            .capabilities
            .settings
            .insert(name.to_owned(), value.to_owned());
        observed
    }

    #[test]
    fn wal_level_below_logical_blocks() {
        let findings = wal_level(&with_setting("wal_level", "replica"));
        assert_eq!(findings[0].severity, Severity::Blocker);
        assert!(findings[0].message.contains("replica"));
    }

    #[test]
    fn no_free_slot_blocks_and_a_single_one_warns() {
        let mut observed = healthy();
        observed.source.capabilities.slots = Budget { limit: 4, used: 4 };
        assert_eq!(slots(&observed)[0].severity, Severity::Blocker);
        observed.source.capabilities.slots = Budget { limit: 4, used: 3 };
        assert_eq!(slots(&observed)[0].severity, Severity::Warning);
        observed.context.resuming = true;
        assert_eq!(slots(&observed)[0].severity, Severity::Pass);
        observed.source.capabilities.senders = Budget { limit: 1, used: 1 };
        assert_eq!(senders(&observed)[0].severity, Severity::Warning);
    }

    #[test]
    fn a_slot_that_the_source_would_give_up_is_warned_about() {
        assert_eq!(
            retention(&with_setting("max_slot_wal_keep_size", "0"))[0].severity,
            Severity::Warning
        );
        assert_eq!(
            retention(&with_setting("max_slot_wal_keep_size", "-1"))[0].severity,
            Severity::Pass
        );
        assert_eq!(
            retention(&with_setting("idle_replication_slot_timeout", "60"))[0].severity,
            Severity::Warning
        );
    }

    #[test]
    fn a_source_that_forbids_pgoutput_blocks() {
        let refused = with_setting("output_plugin_libraries", "test_decoding");
        assert_eq!(output_plugin(&refused)[0].severity, Severity::Blocker);
        let allowed = with_setting("output_plugin_libraries", "test_decoding, pgoutput");
        assert_eq!(output_plugin(&allowed)[0].severity, Severity::Pass);
    }

    #[test]
    fn too_few_connections_block_or_limit_the_loaders() {
        let mut observed = healthy();
        observed.target.capabilities.free_connections = 2;
        assert_eq!(connections(&observed)[0].severity, Severity::Blocker);
        observed.target.capabilities.free_connections = 8;
        let findings = connections(&observed);
        assert_eq!(findings[0].severity, Severity::Warning);
        assert!(findings[0].remedy.contains("at most 2 loaders"), "{findings:?}");
    }

    #[test]
    fn more_tables_than_locks_block() {
        let mut observed = with_setting("max_locks_per_transaction", "1");
        observed
            .source
            .capabilities
            .settings
            .insert("max_connections".into(), "3".into());
        assert_eq!(lock_table(&observed)[0].severity, Severity::Warning);
        observed
            .source
            .capabilities
            .settings
            .insert("max_connections".into(), "1".into());
        assert_eq!(lock_table(&observed)[0].severity, Severity::Blocker);
    }
}
