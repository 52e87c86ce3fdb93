//! Versions and roles of the two servers: are they fit to be source and target of a migration?

use transhume_wire::ident::quote_identifier;

use super::{
    capability::{Capabilities, VersionNumber},
    observation::Observed,
    platform::{
        Platform,
        remedy::{self, Effect},
    },
};
use crate::finding::{Finding, Remedy};

/// Oldest and newest major version that the tests run on.
const SUPPORTED_MAJORS: std::ops::RangeInclusive<u32> = 12..=18;

pub(super) fn check(observed: &Observed) -> Vec<Finding> {
    [
        versions(observed),
        target_older(observed),
        standby(observed),
        fail_over(observed),
        any_standby(observed),
        same_database(observed),
        identity(observed),
    ]
    .concat()
}

fn versions(observed: &Observed) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (end, version) in ends(observed) {
        let major = version.major();
        if major < *SUPPORTED_MAJORS.start() {
            findings.push(Finding::blocker(
                "server-version",
                end,
                format!(
                    "the {end} runs PostgreSQL {version}, older than {}",
                    SUPPORTED_MAJORS.start()
                ),
                "upgrade this server with pg_upgrade first, or migrate with dump and restore",
            ));
        } else if major > *SUPPORTED_MAJORS.end() {
            findings.push(Finding::warning(
                "server-version",
                end,
                format!("the {end} runs PostgreSQL {version}, which this program was not tested with"),
                "look for a newer release of transhume, and rehearse with a copy of the database",
            ));
        }
    }
    let message = format!(
        "source {} and target {} are supported",
        observed.source.capabilities.server_version, observed.target.capabilities.server_version
    );
    Finding::or_pass(findings, "server-version", message)
}

fn ends(observed: &Observed) -> [(&'static str, VersionNumber); 2] {
    [
        ("source", observed.source.capabilities.server_version),
        ("target", observed.target.capabilities.server_version),
    ]
}

fn target_older(observed: &Observed) -> Vec<Finding> {
    let [(_, source), (_, target)] = ends(observed);
    if target.major() >= source.major() {
        return vec![Finding::pass(
            "target-older",
            "the target's major version is not older",
        )];
    }
    vec![Finding::warning(
        "target-older",
        "target",
        format!("the target runs PostgreSQL {target}, older than the source's {source}"),
        "migrate to a server of the same or a newer major version; an older one may refuse parts of the schema",
    )]
}

fn standby(observed: &Observed) -> Vec<Finding> {
    let mut findings = Vec::new();
    if observed.source.capabilities.in_recovery {
        findings.push(Finding::blocker(
            "standby",
            "source",
            "the source is a standby: no publication can be made on it",
            "give the primary as source (several hosts with target_session_attrs=read-write find it)",
        ));
    }
    if observed.target.capabilities.in_recovery {
        findings.push(Finding::blocker(
            "standby",
            "target",
            "the target is a standby: nothing can be written to it",
            Remedy::from("give the primary as target, or promote this one: ")
                .then(Remedy::run("select pg_promote();")),
        ));
    }
    Finding::or_pass(findings, "standby", "both servers are primaries")
}

/// First version whose standbys keep the slot.
const FAILOVER_SLOTS_SINCE: u32 = 17;

/// What a fail-over of the source would cost while the migration lives.
fn fail_over(observed: &Observed) -> Vec<Finding> {
    let source = &observed.source.capabilities;
    let keeps_slots = source.server_version.major() >= FAILOVER_SLOTS_SINCE;
    let is_strict = source
        .setting("synchronized_standby_slots")
        .is_some_and(|slots| !slots.is_empty());
    let standbys = source.standbys;
    let pass = |message: &str| vec![Finding::pass("fail-over", message)];
    match (standbys, keeps_slots, is_strict) {
        (1.., true, false) => vec![Finding::warning(
            "fail-over",
            "source",
            "the source has standbys that changes may reach later than the target: after a fail-over that lost some, or to a \
             standby without the slot, the load begins anew",
            keep_slots(source),
        )],
        (1.., false, _) => vec![Finding::warning(
            "fail-over",
            "source",
            "a standby of this version does not have the slot: after a fail-over of the source the load begins anew",
            "plan no switch-over of the source until the cutover is done; only PostgreSQL 17 and later keep the slot",
        )],
        (_, true, true) => pass(
            "standbys have all changes before the target (synchronized_standby_slots); one with sync_replication_slots keeps the slot",
        ),
        (_, true, false) => {
            pass("no standby streams from the source; the slot is made so that one would keep it")
        }
        (_, false, _) => {
            pass("no standby streams from the source; after a fail-over the load would begin anew")
        }
    }
}

fn keep_slots(source: &Capabilities) -> Remedy {
    if !Platform::of(source).is_service() {
        return "on each standby that may be promoted: sync_replication_slots = on, hot_standby_feedback = on, primary_slot_name, and a \
                dbname in primary_conninfo; on the source: synchronized_standby_slots = 'the names of those slots', and then a \
                fail-over continues where it was"
            .into();
    }
    let wanted = [("sync_replication_slots", "on"), ("hot_standby_feedback", "on")];
    remedy::with_note(
        source,
        remedy::set(source, "source", &wanted, Effect::Reload),
        "and plan no switch-over of the source until the cutover is done",
    )
}

/// A stream of ours reads as a standby does, and `*` takes it for one. Nothing is told where it is in order: hardly anybody sets it.
fn any_standby(observed: &Observed) -> Vec<Finding> {
    let ends = [
        ("source", &observed.source.capabilities, "the target"),
        (
            "target",
            &observed.target.capabilities,
            "the old source after the cutover",
        ),
    ];
    let takes_any = ends.into_iter().filter(|(_, server, _)| {
        let setting = server.setting("synchronous_standby_names");
        names_any_standby(setting.unwrap_or_default())
    });
    let warning = |(end, _, waited_for)| {
        Finding::warning(
            "synchronous-standbys",
            end,
            format!(
                "synchronous_standby_names of the {end} takes whoever streams for a synchronous standby (*): commits may wait for \
                 {waited_for}, or be acknowledged once that alone has them"
            ),
            "name the standbys there by their application_name, which pg_stat_replication shows, in place of *",
        )
    };
    takes_any.map(warning).collect()
}

/// `*`, `FIRST 1 (a, *)`: one of the names, quoted or not.
fn names_any_standby(setting: &str) -> bool {
    setting
        .split(|character: char| "(), \"".contains(character))
        .any(|name| name == "*")
}

/// The moment of the server's start tells instances apart that a system identifier cannot: those
/// copied as files from one another.
fn same_database(observed: &Observed) -> Vec<Finding> {
    let (source, target) = (&observed.source.capabilities, &observed.target.capabilities);
    let same_server = source.started_at == target.started_at;
    if same_server && source.database_oid == target.database_oid {
        return vec![Finding::blocker(
            "same-database",
            &target.database,
            "source and target are the same database of the same server",
            "give another database as target",
        )];
    }
    let message = if same_server {
        "source and target are different databases of one server"
    } else {
        "source and target are different servers"
    };
    vec![Finding::pass("same-database", message)]
}

fn identity(observed: &Observed) -> Vec<Finding> {
    let source = &observed.source.capabilities;
    match &source.identity {
        Some(identity) => vec![Finding::pass(
            "source-identity",
            format!(
                "the source is system {}, timeline {}",
                identity.system_identifier, identity.timeline
            ),
        )],
        None => vec![Finding::blocker(
            "source-identity",
            "source",
            "neither pg_control_system() nor a replication connection tells which system the source is",
            Remedy::run(format!(
                "grant execute on function pg_control_system(), pg_control_checkpoint() to {};",
                quote_identifier(&source.role)
            )),
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::healthy, *};
    use crate::finding::Severity;

    fn at_source(version: u32) -> Observed {
        let mut observed = healthy();
        observed.source.capabilities.server_version = VersionNumber(version);
        observed
    }

    #[test]
    fn versions_outside_the_tested_range_are_told() {
        assert_eq!(versions(&at_source(110_022))[0].severity, Severity::Blocker);
        assert_eq!(versions(&at_source(190_000))[0].severity, Severity::Warning);
        assert_eq!(versions(&at_source(120_022))[0].severity, Severity::Pass);
    }

    #[test]
    fn an_older_target_is_warned_about() {
        assert_eq!(target_older(&at_source(180_001))[0].severity, Severity::Warning);
        assert_eq!(target_older(&at_source(150_018))[0].severity, Severity::Pass);
    }

    #[test]
    fn standbys_block() {
        let mut observed = healthy();
        observed.source.capabilities.in_recovery = true;
        observed.target.capabilities.in_recovery = true;
        assert_eq!(standby(&observed).len(), 2);
    }

    #[test]
    fn a_server_that_takes_our_stream_for_a_standby_is_told_of() {
        let mut observed = healthy();
        assert_eq!(any_standby(&observed), Vec::new());
        let set = |capabilities: &mut Capabilities, value: &str| {
            let name = "synchronous_standby_names".to_owned();
            capabilities.settings.insert(name, value.to_owned());
        };
        for harmless in ["", "paris", "FIRST 1 (paris, \"b*\")"] {
            set(&mut observed.source.capabilities, harmless);
            assert_eq!(any_standby(&observed), Vec::new(), "{harmless}");
        }
        for any in ["*", "ANY 1 (paris,*)", "FIRST 2 (\"*\")"] {
            set(&mut observed.source.capabilities, any);
            assert_eq!(any_standby(&observed).len(), 1, "{any}");
        }
        set(&mut observed.target.capabilities, "*");
        let told = any_standby(&observed);
        assert!(told[0].message.contains("wait for the target"), "{told:?}");
        assert!(
            told[1].message.contains("the old source after the cutover"),
            "{told:?}"
        );
    }

    #[test]
    fn the_same_database_blocks_and_another_of_the_same_server_does_not() {
        let mut observed = healthy();
        observed.target.capabilities.identity = observed.source.capabilities.identity.clone();
        observed.target.capabilities.database_oid = observed.source.capabilities.database_oid;
        assert_eq!(same_database(&observed)[0].severity, Severity::Pass);
        observed.target.capabilities.started_at = observed.source.capabilities.started_at.clone();
        assert_eq!(same_database(&observed)[0].severity, Severity::Blocker);
        observed.target.capabilities.database_oid += 1;
        assert_eq!(same_database(&observed)[0].severity, Severity::Pass);
    }

    #[test]
    fn a_source_that_cannot_be_identified_blocks() {
        let mut observed = healthy();
        observed.source.capabilities.identity = None;
        assert_eq!(identity(&observed)[0].severity, Severity::Blocker);
    }
}
