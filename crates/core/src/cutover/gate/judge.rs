//! From what was observed to the conditions, one small judgement each.

use std::time::Duration;

use super::{
    Condition, ConditionName as Name,
    feeding::subscriptions,
    observation::{BlockingLock, FenceRights, Limits, Observation, Runner},
};

use crate::{
    count::{self, counted},
    finding::{Finding, Remedy, Severity},
    load::RelationState,
    roles::LoginFault,
    shell,
    sides::Sides,
    verify::objects::judge_recency,
};

/// Sessions that a cutover opens on either side beside those it has when it looks.
const SOURCE_SESSIONS: u32 = 5;
const TARGET_SESSIONS: u32 = 3;

/// All conditions that can be told from one observation.
pub fn judge(seen: &Observation, limits: &Limits) -> Vec<Condition> {
    vec![
        runner(&seen.runner),
        lag(seen.lag_bytes, limits.lag_bytes),
        verification(seen, limits.verified_within),
        findings(seen),
        schema(&seen.differing),
        tables(seen),
        exceptions(seen.exceptions),
        listed(
            Name::Builds,
            "all builds are done",
            "builds are not done",
            &seen.open_builds,
            "wait until \"transhume status\" shows none, or start \"transhume run\"",
        ),
        listed(
            Name::Validity,
            "all indexes and constraints of the target are valid",
            "indexes or constraints of the target are not valid",
            &seen.invalid,
            "reindex or validate them on the target (reindex index …; alter table … validate constraint …)",
        ),
        listed(
            Name::Deviations,
            "what was disabled for the migration is as it was left",
            "what was disabled for the migration is not as it was left",
            &seen.changed_deviations,
            "put them back as \"transhume status\" lists them",
        ),
        sequences(seen),
        prepared(seen),
        long_transactions(&seen.locks, limits.transaction_age),
        connections(seen.free_connections),
        logins(&seen.logins),
        subscriptions(&seen.subscriptions),
        fence(&seen.fence),
    ]
}

fn runner(runner: &Runner) -> Condition {
    match runner {
        Runner::None => Condition::degraded(
            Name::Runner,
            "no runner is alive: a cutover follows inside its own process meanwhile",
            "keep \"transhume run\" going",
        ),
        Runner::Alive { host, waiting_for } if waiting_for.is_empty() => {
            Condition::met(Name::Runner, format!("a runner is alive on {host}"))
        }
        Runner::Alive { host, waiting_for } => Condition::degraded(
            Name::Runner,
            format!("the runner on {host} is waiting for {waiting_for}"),
            "a cutover is refused until it applies again",
        ),
        Runner::Stopped(stop) => Condition::unmet(Name::Runner, &stop.message, &stop.remedy),
    }
}

fn lag(lag: u64, limit: u64) -> Condition {
    let (behind, most) = (count::size(lag), count::size(limit));
    if lag <= limit {
        return Condition::met(
            Name::Lag,
            format!("the target is {behind} behind, within the limit of {most}"),
        );
    }
    // Both may round to the same: the words say which side of the limit it is.
    Condition::unmet(
        Name::Lag,
        format!("the target is {behind} behind the source, over the limit of {most}"),
        "wait until \"transhume status\" shows less, or raise --max-lag",
    )
}

fn verification(seen: &Observation, within: Option<Duration>) -> Condition {
    let Some(within) = within else {
        return Condition::met(Name::Verification, "not asked for (verified_within is 0)");
    };
    match judge_recency(seen.verification.as_ref(), within) {
        Ok(_) if !seen.altered_since_verified.is_empty() => Condition::unmet(
            Name::Verification,
            format!(
                "tables are not what they were when they were compared, by their columns or their publication: {}",
                count::listed(&seen.altered_since_verified)
            ),
            "run \"transhume verify --mode since-last\"",
        ),
        Ok(evidence) => Condition::met(Name::Verification, evidence),
        Err(refusal) => Condition::unmet(Name::Verification, refusal.evidence, refusal.remedy),
    }
}

fn findings(seen: &Observation) -> Condition {
    let of = |severity| {
        let chosen = seen
            .findings
            .iter()
            .filter(move |finding| finding.severity == severity);
        chosen
            .map(|finding| {
                format!("{} {}", finding.code, finding.object)
                    .trim_end()
                    .to_owned()
            })
            .collect::<Vec<_>>()
    };
    let (blockers, warnings) = (of(Severity::Blocker), of(Severity::Warning));
    let remedy = "see \"transhume status\"; each finding says how to remedy it";
    let mut shutting = seen.findings.iter();
    if let Some(first) = shutting.find(|finding| finding.severity == Severity::Blocker) {
        let evidence = format!(
            "open findings: {}; the first: {}",
            count::listed(&blockers),
            first.message
        );
        return Condition::unmet(Name::Findings, evidence, &first.remedy);
    }
    if warnings.is_empty() {
        return Condition::met(Name::Findings, "none is open");
    }
    Condition::degraded(
        Name::Findings,
        format!("open warnings: {}", count::listed(&warnings)),
        remedy,
    )
}

/// What bars the move comes first; what merely differs is told, for nobody else looks at it before the switch.
fn schema(differing: &[Finding]) -> Condition {
    let (barring, lesser): (Vec<_>, Vec<_>) = differing
        .iter()
        .partition(|finding| finding.severity == Severity::Blocker);
    let chosen = if barring.is_empty() { &lesser } else { &barring };
    let Some(first) = chosen.first() else {
        return Condition::met(Name::Schema, "all definitions are the same on both sides");
    };
    let named: Vec<String> = chosen.iter().map(|finding| finding.object.clone()).collect();
    let evidence = format!(
        "definitions differ: {}; the first: {}: {}",
        count::listed(&named),
        first.object,
        first.message
    );
    let remedy = Remedy::from("on the target: ").then(&first.remedy);
    if barring.is_empty() {
        Condition::degraded(Name::Schema, evidence, remedy)
    } else {
        Condition::unmet(Name::Schema, evidence, remedy)
    }
}

fn tables(seen: &Observation) -> Condition {
    let of = |wanted: fn(RelationState) -> bool| {
        let chosen = seen.tables.iter().filter(move |(_, state)| wanted(*state));
        chosen.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let suspended = of(|state| state == RelationState::Suspended);
    let loading = of(|state| matches!(state, RelationState::Planned | RelationState::Loading));
    let adding = of(|state| state == RelationState::Adding);
    let mut evidence = Vec::new();
    if !adding.is_empty() {
        evidence.push(format!("being added: {}", count::listed(&adding)));
    }
    if !suspended.is_empty() {
        evidence.push(format!(
            "suspended, so older than on the source: {}",
            count::listed(&suspended)
        ));
    }
    if !loading.is_empty() {
        evidence.push(format!("being loaded anew: {}", count::listed(&loading)));
    }
    if !seen.new_tables.is_empty() {
        evidence.push(format!(
            "made on the source since the migration began, so not moved: {}",
            count::listed(&seen.new_tables)
        ));
    }
    if evidence.is_empty() {
        return Condition::met(Name::Tables, format!("all {} are loaded", seen.tables_selected));
    }
    let remedy = match suspended.first() {
        Some(table) => format!("run \"transhume table resume {}\"", shell::word(table)),
        None => match seen.new_tables.first() {
            Some(table) => {
                format!(
                    "run \"transhume table add {}\"; or create and fill them on the target by hand",
                    shell::word(table)
                )
            }
            None => "wait until \"transhume status\" shows them no more".to_owned(),
        },
    };
    Condition::unmet(Name::Tables, evidence.join("; "), remedy)
}

fn exceptions(stored: u64) -> Condition {
    match stored {
        0 => Condition::met(Name::Exceptions, "every change was applied"),
        more => Condition::unmet(
            Name::Exceptions,
            format!(
                "not applied, but stored in transhume.exception: {}",
                counted(more, "change")
            ),
            "apply or discard them, then delete their rows there; or reload the tables",
        ),
    }
}

fn sequences(seen: &Observation) -> Condition {
    let met = format!("all {} can be set", seen.sequences_selected);
    let remedy = "create them on the target, or make the target's role a member of their owner";
    listed(
        Name::Sequences,
        &met,
        "sequences that cannot be set on the target",
        &seen.unsettable_sequences,
        remedy,
    )
}

/// A prepared transaction holds its locks until somebody commits it: the fence would wait in vain.
fn prepared(seen: &Observation) -> Condition {
    let reported: Vec<String> = seen
        .prepared
        .iter()
        .map(|one| format!("{} of {}, {} s old", one.gid, one.owner, one.age_seconds))
        .collect();
    listed(
        Name::PreparedTransactions,
        "none",
        "prepared, neither committed nor rolled back",
        &reported,
        "run COMMIT PREPARED or ROLLBACK PREPARED for each on the source",
    )
}

fn long_transactions(locks: &[BlockingLock], limit: Duration) -> Condition {
    let old: Vec<&BlockingLock> = locks.iter().filter(|lock| lock.age >= limit).collect();
    let Some(first) = old.first() else {
        return Condition::met(
            Name::LongTransactions,
            format!("none has written for longer than {}", span(limit)),
        );
    };
    let reported: Vec<String> = old.iter().map(|lock| lock.description()).collect();
    // An autovacuum gives way once the fence's first, gentle lock has waited for deadlock_timeout.
    if old.iter().all(|lock| lock.is_autovacuum) {
        return Condition::degraded(
            Name::LongTransactions,
            count::listed(&reported),
            "nothing: autovacuum gives way to the fence, unless it prevents wraparound; then wait for its end",
        );
    }
    let ends = Remedy::from("end it, or wait for it: ")
        .then(Remedy::run(format!("select pg_terminate_backend({})", first.pid)));
    Condition::unmet(Name::LongTransactions, count::listed(&reported), ends)
}

fn connections(free: Sides<u32>) -> Condition {
    let Sides { source, target } = free;
    let evidence = format!("{source} free on the source, {target} on the target");
    if source >= SOURCE_SESSIONS && target >= TARGET_SESSIONS {
        return Condition::met(Name::Connections, evidence);
    }
    Condition::unmet(
        Name::Connections,
        format!("{evidence}; a cutover needs {SOURCE_SESSIONS} and {TARGET_SESSIONS}"),
        "end idle sessions, or raise max_connections or the role's limit",
    )
}

/// Clients that cannot log in to the other side, or work there with other settings.
fn logins(faults: &[LoginFault]) -> Condition {
    let reported = |slight: bool| -> Vec<&LoginFault> {
        faults.iter().filter(|fault| fault.is_slight == slight).collect()
    };
    let evidence = |faults: &[&LoginFault]| {
        let what: Vec<String> = faults.iter().map(|fault| fault.what.clone()).collect();
        count::listed(&what)
    };
    let (grave, slight) = (reported(false), reported(true));
    if let Some(first) = grave.first() {
        return Condition::unmet(Name::Logins, evidence(&grave), &first.remedy);
    }
    match slight.first() {
        Some(first) => Condition::degraded(Name::Logins, evidence(&slight), &first.remedy),
        None => Condition::met(
            Name::Logins,
            "every role that logs in may do so on the other side",
        ),
    }
}

/// A table that cannot be locked lets writers through; all other doors only back the locks up.
fn fence(rights: &FenceRights) -> Condition {
    if !rights.unlockable.is_empty() {
        return Condition::unmet(
            Name::Fence,
            format!(
                "tables and sequences that the source's role may not lock: {}",
                count::listed(&rights.unlockable)
            ),
            "make it a member of the role that owns them: grant … to …",
        );
    }
    if rights.locks_needed > rights.locks_free {
        return Condition::unmet(
            Name::Fence,
            format!(
                "the fence takes {} locks, the lock table holds {}",
                rights.locks_needed, rights.locks_free
            ),
            "raise max_locks_per_transaction on the source (needs a restart)",
        );
    }
    let mut open = Vec::new();
    let mut remedies = Vec::new();
    if !rights.unowned.is_empty() {
        open.push(format!("grants of {} stay", count::listed(&rights.unowned)));
        remedies.push("make the source's role a member of their owner");
    }
    if !rights.owns_database {
        open.push("new sessions are not read-only, since the role does not own the database".to_owned());
        remedies.push("make the source's role a member of the database's owner");
    }
    if !rights.ends_sessions {
        open.push("sessions of other roles stay connected".to_owned());
        remedies.push("grant pg_signal_backend to the source's role");
    }
    if !rights.superusers.is_empty() {
        open.push(format!(
            "superusers pass once the locks are gone; now connected: {}",
            count::listed(&rights.superusers)
        ));
        remedies.push("disconnect them before the cutover");
    }
    if open.is_empty() {
        return Condition::met(Name::Fence, "every door can be shut");
    }
    let evidence = format!(
        "all tables can be locked until the target opens, but {}",
        open.join("; ")
    );
    Condition::degraded(Name::Fence, evidence, remedies.join("; "))
}

fn listed(name: Name, met: &str, unmet: &str, objects: &[String], remedy: &str) -> Condition {
    if objects.is_empty() {
        return Condition::met(name, met);
    }
    Condition::unmet(name, format!("{unmet}: {}", count::listed(objects)), remedy)
}

pub(super) fn span(span: Duration) -> String {
    match span.as_secs() {
        0 => format!("{} ms", span.as_millis()),
        seconds @ 1..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
