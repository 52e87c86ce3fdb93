//! Transactions that the creation of a slot would have to wait for.
//!
//! A slot is created once every transaction that was running has ended; a prepared one may never
//! end by itself. Resuming, the slot is there and nothing waits.

use super::observation::Observed;
use crate::finding::{Finding, Remedy};

/// A prepared transaction older than this many seconds was most likely forgotten.
const FORGOTTEN_AFTER_SECONDS: i64 = 60;

/// A writing transaction older than this many seconds will hold up the creation of the slot noticeably.
const LONG_AFTER_SECONDS: i64 = 60;

pub(super) fn check(observed: &Observed) -> Vec<Finding> {
    if observed.context.resuming {
        return Vec::new();
    }
    [prepared(observed), long(observed)].concat()
}

fn prepared(observed: &Observed) -> Vec<Finding> {
    let findings = observed
        .source
        .prepared_transactions
        .iter()
        .map(|prepared| {
            let gid = prepared.gid.replace('\'', "''");
            let message = format!(
                "a transaction of {} in database {} has been prepared for {} s; no slot can be created before it ends",
                prepared.owner, prepared.database, prepared.age_seconds
            );
            let remedy = Remedy::from(format!("in database {}: ", prepared.database))
                .then(Remedy::run(format!("commit prepared '{gid}'")))
                .then("; or: ")
                .then(Remedy::run(format!("rollback prepared '{gid}';")));
            if prepared.age_seconds >= FORGOTTEN_AFTER_SECONDS {
                Finding::blocker("prepared-transactions", &prepared.gid, message, remedy)
            } else {
                Finding::warning("prepared-transactions", &prepared.gid, message, remedy)
            }
        })
        .collect();
    Finding::or_pass(
        findings,
        "prepared-transactions",
        "no transaction of the source is prepared",
    )
}

fn long(observed: &Observed) -> Vec<Finding> {
    let findings = observed
        .source
        .writing_transactions
        .iter()
        .filter(|writing| writing.age_seconds.is_some_and(|age| age >= LONG_AFTER_SECONDS))
        .map(|writing| {
            let user = writing.user.as_deref().unwrap_or("an unknown role");
            let application = writing.application.as_deref().unwrap_or("no application name");
            Finding::warning(
                "long-transactions",
                &writing.pid.to_string(),
                format!(
                    "session {} of {user} ({application}) has been writing for {} s; the slot waits until it ends",
                    writing.pid,
                    writing.age_seconds.unwrap_or_default()
                ),
                Remedy::from("wait for it, or end it: ")
                    .then(Remedy::run(format!("select pg_terminate_backend({});", writing.pid))),
            )
        })
        .collect();
    Finding::or_pass(
        findings,
        "long-transactions",
        format!("no transaction of the source has been writing for {LONG_AFTER_SECONDS} s"),
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            fixture::healthy,
            observation::{PreparedTransaction, WritingTransaction},
        },
        *,
    };
    use crate::finding::Severity;

    #[test]
    fn a_forgotten_prepared_transaction_blocks_a_fresh_one_warns() {
        let mut observed = healthy();
        observed.source.prepared_transactions = vec![
            PreparedTransaction {
                gid: "it's".into(),
                owner: "shop".into(),
                database: "shop".into(),
                age_seconds: 3600,
            },
            PreparedTransaction {
                gid: "fresh".into(),
                owner: "shop".into(),
                database: "shop".into(),
                age_seconds: 0,
            },
        ];
        let findings = prepared(&observed);
        assert_eq!(findings[0].severity, Severity::Blocker);
        assert!(findings[0].remedy.contains("rollback prepared 'it''s'"));
        assert_eq!(findings[1].severity, Severity::Warning);
        observed.context.resuming = true;
        assert!(check(&observed).is_empty());
    }

    #[test]
    fn only_long_writers_are_told() {
        let writer = |age_seconds| WritingTransaction {
            pid: 42,
            user: None,
            application: None,
            age_seconds,
        };
        let mut observed = healthy();
        observed.source.writing_transactions = vec![writer(Some(1)), writer(None)];
        assert_eq!(long(&observed)[0].severity, Severity::Pass);
        observed.source.writing_transactions = vec![writer(Some(90))];
        assert!(long(&observed)[0].remedy.contains("pg_terminate_backend(42)"));
    }
}
