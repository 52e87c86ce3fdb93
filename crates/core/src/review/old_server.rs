//! What the old server still does, and how to switch it off.

use transhume_wire::ident::{quote_identifier, quote_literal};

use crate::{
    assess::{
        capability::Capabilities,
        observation::Subscription,
        platform::{Platform, remedy},
    },
    count::counted,
    finding::{Finding, Remedy},
};

/// As it was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OldServer {
    /// Role, application and how many sessions of the database.
    pub sessions: Vec<(String, String, i64)>,
    /// Jobs of pg_cron that are active in the database.
    pub jobs: Vec<String>,
    pub subscriptions: Vec<Subscription>,
    /// Slots of others, with whether somebody reads them.
    pub slots: Vec<(String, bool)>,
    pub takes_writes: bool,
}

const CODE: &str = "old-server";

impl OldServer {
    pub fn findings(&self) -> Vec<Finding> {
        let found =
            |object: &str, message: String, remedy: Remedy| Finding::warning(CODE, object, message, remedy);
        let mut findings = Vec::new();
        findings.extend(self.sessions.iter().map(|(role, application, count)| {
            let application = match application.as_str() {
                "" => "an unnamed application",
                name => name,
            };
            found(
                role,
                format!(
                    "{} of {application} as role {role} on the old server",
                    counted(*count, "session")
                ),
                "give it the new server's connection string, and restart it".into(),
            )
        }));
        findings.extend(self.jobs.iter().map(|scheduled| {
            found(
                scheduled,
                format!("pg_cron still runs {scheduled} on the old server"),
                Remedy::on(
                    "source",
                    format!("select cron.unschedule({});", quote_literal(scheduled)),
                ),
            )
        }));
        findings.extend(self.subscriptions.iter().filter(|one| one.enabled).map(|one| {
            found(
                &one.name,
                format!("the subscription {} still feeds the old server", one.name),
                Remedy::on("source", format!("{};", one.disable())),
            )
        }));
        findings.extend(self.slots.iter().map(|(slot, is_read)| {
            found(
                slot,
                format!(
                    "the slot {slot} keeps WAL on the old server, and {}",
                    if *is_read {
                        "somebody reads it"
                    } else {
                        "nobody reads it"
                    }
                ),
                Remedy::from("let its consumer read the new server, then ").then(Remedy::on(
                    "source",
                    format!("select pg_drop_replication_slot({});", quote_literal(slot)),
                )),
            )
        }));
        if self.takes_writes {
            findings.push(found(
                "source",
                "the old server's database takes writes".to_owned(),
                "where the application lives on the target: revoke connect, or stop the old server".into(),
            ));
        }
        Finding::or_pass(findings, CODE, "nobody works on the old server any more")
    }
}

/// What is left to do when nobody needs the old server, in order.
pub fn remaining(source: &Capabilities, target: &Capabilities) -> Vec<Remedy> {
    let leave = |side: &str, end: &Capabilities| {
        let role = quote_identifier(&end.role);
        Remedy::from(format!(
            "the migration's role, by an administrator on the {side}: "
        ))
        .then(Remedy::run(format!("drop owned by {role}; drop role {role};")))
    };
    let mut steps =
        vec![Remedy::run("transhume finish").then(", which takes away slots, publications and the state")];
    if target.setting("wal_level") == Some("logical") {
        let back = remedy::set(
            target,
            "target",
            &[("wal_level", "replica")],
            remedy::Effect::Restart,
        );
        steps.push(Remedy::from("unless somebody else decodes the target: ").then(back));
    }
    steps.extend([
        "high availability, read replicas and backups of the target as they shall stay".into(),
        leave("target", target),
        leave("source", source),
        "firewall rules and DNS entries that the move needed".into(),
        stop(Platform::of(source)),
    ]);
    steps
}

/// A last backup, then off, in the platform's own form.
fn stop(platform: Platform) -> Remedy {
    let (before, command) = match platform {
        Platform::Azure | Platform::AzureElastic => (
            "stop the old server, which starts by itself after 7 days, and delete it as your rules say: ",
            "az postgres flexible-server stop --resource-group RESOURCE_GROUP --name SERVER",
        ),
        Platform::Rds => (
            "a last snapshot of the old server, then delete it as your rules say: ",
            "aws rds delete-db-instance --db-instance-identifier INSTANCE --final-db-snapshot-identifier SNAPSHOT",
        ),
        Platform::Aurora => (
            "a last snapshot of the old cluster, then delete it as your rules say: ",
            "aws rds delete-db-cluster --db-cluster-identifier CLUSTER --final-db-snapshot-identifier SNAPSHOT",
        ),
        Platform::CloudSql => (
            "stop the old instance, and delete it as your rules say: ",
            "gcloud sql instances patch INSTANCE --activation-policy=NEVER",
        ),
        Platform::Plain => (
            "a last backup of the old server; stop it, keep it, and delete it as your rules say",
            "",
        ),
        _ => (
            "a last backup of the old database; delete it in its console as your rules say",
            "",
        ),
    };
    Remedy::from(before).then(Remedy::run(command))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{assess::fixture::healthy, finding::Severity};

    #[test]
    fn what_still_works_there_is_told_with_what_ends_it() {
        let quiet = OldServer::default();
        assert_eq!(quiet.findings()[0].severity, Severity::Pass);
        let busy = OldServer {
            sessions: vec![("app".into(), String::new(), 1)],
            jobs: vec!["nightly".into()],
            subscriptions: vec![Subscription {
                name: "erp".into(),
                enabled: true,
                is_owned: true,
            }],
            slots: vec![("dwh".into(), false)],
            takes_writes: true,
        };
        let remedies: Vec<Remedy> = busy
            .findings()
            .into_iter()
            .map(|finding| finding.remedy)
            .collect();
        assert_eq!(remedies.len(), 5);
        assert_eq!(remedies[1], "on the source: select cron.unschedule('nightly');");
        assert_eq!(remedies[2], "on the source: alter subscription \"erp\" disable;");
    }

    #[test]
    fn decoding_is_switched_off_only_where_it_is_on() {
        let mut observed = healthy();
        let (source, target) = (&observed.source.capabilities, &mut observed.target.capabilities);
        target.settings.insert("wal_level".into(), "logical".into());
        assert!(
            remaining(source, target)
                .iter()
                .any(|step| step.contains("wal_level"))
        );
        target.settings.insert("wal_level".into(), "replica".into());
        assert!(
            !remaining(source, target)
                .iter()
                .any(|step| step.contains("wal_level"))
        );
    }
}
