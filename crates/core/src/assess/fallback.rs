//! Whether the way back can be opened: what the reverse stream needs of both ends.
//!
//! The target becomes a source (its WAL must be decodable, and our role may ask for it), the old source
//! becomes a target (changes must be written there without setting off triggers and foreign keys).

use crate::count::counted;
use transhume_wire::ident::{QualifiedName, quote_identifier};

use super::{
    capability::{Attempt, Capabilities},
    platform::{
        Platform,
        remedy::{self, Effect},
    },
};
use crate::finding::{Finding, Remedy, Severity};

/// One slot and one sender for the stream; a verification takes another of each for a moment.
const WANTED_SLOTS: i64 = 2;

/// What is known of the ends when the way back is to be opened.
#[derive(Debug, Clone)]
pub struct WayBack<'a> {
    pub target: &'a Capabilities,
    /// Of the old source, where changes are to be written.
    pub source: &'a Capabilities,
    /// Foreign keys of the selected tables on the old source.
    pub foreign_keys: &'a [QualifiedName],
    /// Tables whose UPDATE and DELETE the target would refuse once they are published there.
    pub refusing_writers: &'a [QualifiedName],
    /// The old source holds a schema `transhume` that is not of this migration.
    pub foreign_state: bool,
}

/// What stands in the way; nothing where it can be opened.
pub fn obstacles(way: &WayBack<'_>) -> Vec<Finding> {
    let mut found = of_target(way.target, Severity::Blocker);
    found.extend(foreign_keys(way));
    found.extend(way.refusing_writers.iter().map(refuses_writers));
    if way.foreign_state {
        found.push(finding(
            Severity::Blocker,
            "transhume",
            "the source holds a schema transhume of another migration, where the state of reverse replication would be kept"
                .to_owned(),
            "end that migration with its own source and target: transhume finish after its cutover; before it transhume abort, which \
             drops its copy there. Dropping the schema by hand loses what is needed to undo it",
        ));
    }
    found
}

/// What the target lacks to be streamed from; judged as a warning long before the cutover.
pub fn of_target(target: &Capabilities, severity: Severity) -> Vec<Finding> {
    let role = quote_identifier(&target.role);
    let mut found = Vec::new();
    let level = target.setting("wal_level").unwrap_or("unknown");
    if level != "logical" {
        found.push(finding(
            severity,
            "wal_level",
            format!("the target's wal_level is \"{level}\", so its changes could not be sent back"),
            remedy::set(target, "target", &[("wal_level", "logical")], Effect::Restart),
        ));
    }
    if let Some(reason) = refusal(target) {
        found.push(finding(
            severity,
            &target.role,
            format!("the target refuses a replication connection: {reason}"),
            replication(target),
        ));
    }
    if let Some(reason) = target.create_publication.refusal() {
        found.push(finding(
            severity,
            &target.role,
            format!("the target refuses a publication of the migrated tables: {reason}"),
            Remedy::on_target(format!(
                "grant create on database {} to {role};",
                quote_identifier(&target.database)
            ))
            .then(" and make the role a member of the tables' owners"),
        ));
    }
    let budgets = [
        ("max_replication_slots", "replication slots", target.slots),
        ("max_wal_senders", "WAL senders", target.senders),
    ];
    for (setting, noun, budget) in budgets {
        if budget.free() < WANTED_SLOTS {
            found.push(finding(
                severity,
                setting,
                format!(
                    "{} of {} {noun} are free on the target, and {WANTED_SLOTS} are wanted",
                    budget.free().max(0),
                    budget.limit
                ),
                remedy::with_note(
                    target,
                    remedy::set(
                        target,
                        "target",
                        &[(setting, &(budget.limit + WANTED_SLOTS).to_string())],
                        Effect::Restart,
                    ),
                    "or free some",
                ),
            ));
        }
    }
    found
}

fn replication(target: &Capabilities) -> Remedy {
    Remedy::from("on the target: ").then(remedy::replication(target))
}

fn refusal(target: &Capabilities) -> Option<String> {
    match &target.replication_connection {
        Attempt::Refused(reason) => Some(reason.clone()),
        Attempt::NotTried if !target.replication && !target.superuser => {
            Some(format!("the role {} may not replicate", target.role))
        }
        Attempt::Allowed | Attempt::NotTried => None,
    }
}

/// Their checks and cascades would act a second time, and cannot be switched off one by one without a superuser.
fn refuses_writers(table: &QualifiedName) -> Finding {
    finding(
        Severity::Blocker,
        &table.plain(),
        "it has a generated column and no key that the stream could carry: published so, the target would refuse UPDATE and DELETE"
            .to_owned(),
        format!(
            "give it a key of columns that are not generated, on both sides (alter table {table} add primary key (…))"
        ),
    )
}

fn foreign_keys(way: &WayBack<'_>) -> Option<Finding> {
    let first = way.foreign_keys.first()?;
    let reason = way.source.replica_role.refusal()?;
    Some(finding(
        Severity::Blocker,
        "session_replication_role",
        format!(
            "{} of the source, such as {}, would act on what is written back: {reason}",
            counted(way.foreign_keys.len(), "foreign key"),
            first.plain()
        ),
        replica_role(way.source),
    ))
}

/// Amazon lets the members of one role set it, and nobody hand that on.
fn replica_role(source: &Capabilities) -> Remedy {
    let role = quote_identifier(&source.role);
    if matches!(Platform::of(source), Platform::Rds | Platform::Aurora) {
        return Remedy::on("source", format!("grant rds_superuser to {role};"));
    }
    Remedy::from("on the source (15 and later): ")
        .then(Remedy::run(format!(
            "grant set on parameter session_replication_role to {role};"
        )))
        .then(" before, only a superuser may set it")
}

fn finding(severity: Severity, object: &str, message: String, remedy: impl Into<Remedy>) -> Finding {
    const OTHERWISE: &str = "or cut over with --without-fallback";
    let remedy = remedy.into();
    // Behind a command, or a statement with its comment, it is a comment too.
    let remedy = if remedy.contains("\n-- ") {
        remedy.with_comment(&format!("\n-- {OTHERWISE}"))
    } else if remedy.contains("\n# ") {
        remedy.with_comment(&format!("\n# {OTHERWISE}"))
    } else {
        let lead = if remedy.ends_with(';') { " " } else { "; " };
        remedy.then(lead).then(OTHERWISE)
    };
    match severity {
        Severity::Blocker => Finding::blocker("fallback", object, message, remedy),
        Severity::Warning | Severity::Pass => Finding::warning("fallback", object, message, remedy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::{capability::Budget, fixture::healthy};

    fn judge(change: impl Fn(&mut Capabilities), replica_role: &Attempt) -> Vec<String> {
        let mut target = healthy().target.capabilities;
        change(&mut target);
        let mut source = healthy().source.capabilities;
        source.replica_role = replica_role.clone();
        let keys = [QualifiedName::new("shop", "orders_customer_fkey")];
        let found = obstacles(&WayBack {
            target: &target,
            source: &source,
            foreign_keys: &keys,
            refusing_writers: &[],
            foreign_state: false,
        });
        assert!(found.iter().all(|finding| finding.severity == Severity::Blocker));
        assert!(
            found
                .iter()
                .all(|finding| finding.remedy.contains("--without-fallback"))
        );
        found.into_iter().map(|finding| finding.object).collect()
    }

    #[test]
    fn a_healthy_pair_has_its_way_back() {
        assert_eq!(judge(|_| {}, &Attempt::Allowed), Vec::<String>::new());
    }

    #[test]
    fn amazon_hands_the_setting_on_with_its_role_alone() {
        let mut source = healthy().source.capabilities;
        let grant = |source: &Capabilities| {
            let remedy = replica_role(source);
            remedy.to_run().next().map(str::to_owned)
        };
        let of_its_own = r#"grant set on parameter session_replication_role to "mover";"#;
        assert_eq!(grant(&source).as_deref(), Some(of_its_own));
        source.marks.hosts = vec!["shop.rds.amazonaws.com".to_owned()];
        assert_eq!(
            grant(&source).as_deref(),
            Some(r#"grant rds_superuser to "mover";"#)
        );
    }

    #[test]
    fn each_thing_that_is_missing_is_named() {
        let crippled = |target: &mut Capabilities| {
            target.settings.insert("wal_level".into(), "replica".into());
            target.replication_connection = Attempt::Refused("no".into());
            target.create_publication = Attempt::Refused("no".into());
            target.slots = Budget { limit: 4, used: 3 };
        };
        assert_eq!(
            judge(crippled, &Attempt::Refused("permission denied".into())),
            [
                "wal_level",
                "mover",
                "mover",
                "max_replication_slots",
                "session_replication_role"
            ]
        );
    }
}
