use std::time::Duration;

use super::*;
use crate::assess::observation::Subscription;
use crate::{
    assess::observation::PreparedTransaction,
    cutover::gate::{ConditionState, Gate},
    sides::Sides,
    verify::objects::{Extent, LastVerification, Outcome},
};

fn limits() -> Limits {
    Limits {
        lag_bytes: 100,
        verified_within: Some(Duration::from_secs(3600)),
        transaction_age: Duration::from_secs(5),
    }
}

/// Nothing stands in the way.
fn ready() -> Observation {
    Observation {
        runner: Runner::Alive {
            host: "ops".to_owned(),
            waiting_for: String::new(),
        },
        verification: Some(LastVerification {
            age: Duration::from_secs(60),
            outcome: Outcome::Equal,
            extent: Extent::Whole,
            tables: 24,
            tables_different: 0,
            tables_unchanged: 0,
            oldest: None,
            object_blockers: Some(0),
        }),
        free_connections: Sides {
            source: 50,
            target: 50,
        },
        fence: FenceRights {
            owns_database: true,
            ends_sessions: true,
            locks_free: 100,
            locks_needed: 10,
            ..FenceRights::default()
        },
        ..Observation::default()
    }
}

fn lock(age: u64, is_autovacuum: bool) -> BlockingLock {
    BlockingLock {
        pid: 7,
        user: "app".to_owned(),
        application: "psql".to_owned(),
        table: "shop.orders".to_owned(),
        age: Duration::from_secs(age),
        is_autovacuum,
    }
}

#[test]
fn a_ready_pair_opens_the_gate() {
    let gate = Gate::new(judge(&ready(), &limits()), &[]);
    assert!(gate.is_open());
    assert_eq!(gate.in_state(ConditionState::Met).count(), gate.conditions.len());
}

/// One thing out of order.
type Spoil = fn(&mut Observation);

#[test]
fn each_thing_out_of_order_shuts_exactly_its_own_condition_and_says_the_remedy() {
    let spoilt: [(Name, Spoil); 15] = [
        (Name::Lag, |seen| seen.lag_bytes = 101),
        (Name::Verification, |seen| seen.verification = None),
        (Name::Verification, |seen| {
            seen.verification.as_mut().unwrap().age = Duration::from_secs(3601);
        }),
        (Name::Verification, |seen| {
            seen.verification.as_mut().unwrap().outcome = Outcome::Different;
        }),
        (Name::Findings, |seen| {
            seen.findings
                .push(Finding::blocker("schema-change", "t", "m", "r"));
        }),
        (Name::Schema, |seen| {
            seen.differing
                .push(Finding::warning("different-table", "t", "m", "r"));
            seen.differing
                .push(Finding::blocker("different-table", "t", "m", "r"));
        }),
        (Name::Tables, |seen| {
            seen.tables
                .push(("shop.orders".to_owned(), RelationState::Suspended));
        }),
        (Name::Exceptions, |seen| seen.exceptions = 1),
        (Name::Builds, |seen| seen.open_builds.push("index i".to_owned())),
        (Name::Validity, |seen| seen.invalid.push("index i".to_owned())),
        (Name::Deviations, |seen| {
            seen.changed_deviations.push("trigger t".to_owned());
        }),
        (Name::Sequences, |seen| {
            seen.unsettable_sequences.push("s".to_owned());
        }),
        (Name::LongTransactions, |seen| seen.locks.push(lock(5, false))),
        (Name::Connections, |seen| seen.free_connections.source = 1),
        (Name::Fence, |seen| {
            seen.fence.unlockable.push("shop.orders".to_owned());
        }),
    ];
    for (name, spoil) in spoilt {
        let mut seen = ready();
        spoil(&mut seen);
        let gate = Gate::new(judge(&seen, &limits()), &[]);
        let unmet: Vec<_> = gate.unmet().collect();
        assert_eq!(unmet.len(), 1, "{name}: {unmet:?}");
        assert_eq!(unmet[0].name, name);
        assert!(!unmet[0].remedy.is_empty(), "{name}");
        assert!(Gate::new(judge(&seen, &limits()), &[name]).is_open());
    }
}

#[test]
fn a_prepared_transaction_is_named() {
    let mut seen = ready();
    seen.prepared.push(PreparedTransaction {
        gid: "left over".to_owned(),
        owner: "app".to_owned(),
        database: "shop".to_owned(),
        age_seconds: 9,
    });
    let gate = Gate::new(judge(&seen, &limits()), &[]);
    let blockers = gate.blockers();
    assert!(blockers[0].message.contains("left over"), "{blockers:?}");
    assert!(blockers[0].remedy.contains("--override prepared-transactions"));
}

#[test]
fn doors_that_only_back_the_locks_up_degrade_and_do_not_refuse() {
    let mut seen = ready();
    seen.fence.owns_database = false;
    seen.fence.ends_sessions = false;
    seen.fence.superusers.push("postgres".to_owned());
    seen.locks.push(lock(100, true));
    seen.findings.push(Finding::warning("snapshot-age", "", "m", "r"));
    let gate = Gate::new(judge(&seen, &limits()), &[]);
    assert!(gate.is_open());
    let degraded: Vec<_> = gate
        .in_state(ConditionState::Degraded)
        .map(|condition| condition.name)
        .collect();
    assert_eq!(degraded, [Name::Findings, Name::LongTransactions, Name::Fence]);
    assert!(
        gate.in_state(ConditionState::Degraded)
            .all(|condition| !condition.remedy.is_empty())
    );
}

#[test]
fn a_verification_that_nobody_asks_for_is_no_condition() {
    let mut seen = ready();
    seen.verification = None;
    let unasked = Limits {
        verified_within: None,
        ..limits()
    };
    assert!(Gate::new(judge(&seen, &unasked), &[]).is_open());
}

#[test]
fn a_run_that_stopped_shuts_the_gate_with_its_remedy_and_one_that_waits_is_told() {
    let stopped = Observation {
        runner: Runner::Stopped(Finding::blocker(
            "run-stopped",
            "",
            "the row is not there",
            "load it anew",
        )),
        ..ready()
    };
    let conditions = judge(&stopped, &limits());
    let runner = &conditions[0];
    assert_eq!(
        (runner.state, runner.evidence.as_str(), runner.remedy.as_str()),
        (ConditionState::Unmet, "the row is not there", "load it anew")
    );
    let waiting = Observation {
        runner: Runner::Alive {
            host: "ops".to_owned(),
            waiting_for: "a lock".to_owned(),
        },
        ..ready()
    };
    assert_eq!(judge(&waiting, &limits())[0].state, ConditionState::Degraded);
}

#[test]
fn a_subscription_of_another_role_shuts_the_gate_until_it_is_disabled() {
    let fed = |enabled, is_owned| Observation {
        subscriptions: vec![Subscription {
            name: "feed".to_owned(),
            enabled,
            is_owned,
        }],
        ..ready()
    };
    let gate = Gate::new(judge(&fed(true, false), &limits()), &[]);
    let unmet: Vec<_> = gate.unmet().collect();
    assert_eq!(unmet.len(), 1);
    assert!(
        unmet[0].remedy.contains("feed\" disable") || unmet[0].remedy.contains("feed disable"),
        "{}",
        unmet[0].remedy
    );
    assert!(Gate::new(judge(&fed(false, false), &limits()), &[]).is_open());
    // The cutover disables what it may.
    assert!(Gate::new(judge(&fed(true, true), &limits()), &[]).is_open());
}

#[test]
fn what_differs_without_barring_the_move_is_told() {
    let mut seen = ready();
    let minor = Finding::warning(
        "surplus-index",
        "shop.extra",
        "it is on the target alone",
        "drop it",
    );
    seen.differing.push(minor);
    let judged = judge(&seen, &limits());
    let schema = judged
        .iter()
        .find(|condition| condition.name == Name::Schema)
        .unwrap();
    assert_eq!(schema.state, ConditionState::Degraded);
    assert!(
        schema.evidence.contains("shop.extra: it is on the target alone"),
        "{}",
        schema.evidence
    );
    assert!(Gate::new(judged, &[]).is_open());
}
