//! pg_dump and pg_restore: there, and new enough for both servers?

use super::observation::{Observed, Tools};
use crate::finding::{Finding, Remedy};

pub(super) fn check(observed: &Observed) -> Vec<Finding> {
    let source = observed.source.capabilities.server_version.major();
    let target = observed.target.capabilities.server_version.major();
    let newest = source.max(target);
    let install = Remedy::run(format!("apt-get install postgresql-client-{newest}")).then(
        " (from apt.postgresql.org where the distribution has none), or name the directory of newer programs in the configuration",
    );
    match &observed.context.tools {
        None => Vec::new(),
        Some(Tools::Missing { reason }) => vec![Finding::blocker(
            "schema-tools",
            "pg_dump",
            format!("pg_dump and pg_restore cannot be used: {reason}"),
            install,
        )],
        Some(Tools::Found { version }) if version.major() < source => vec![Finding::blocker(
            "schema-tools",
            "pg_dump",
            format!("pg_dump {version} cannot dump the source, which runs PostgreSQL {source}"),
            install,
        )],
        Some(Tools::Found { version }) if version.major() < target => vec![Finding::warning(
            "schema-tools",
            "pg_restore",
            format!("pg_restore {version} is older than the target, which runs PostgreSQL {target}"),
            install,
        )],
        Some(Tools::Found { version }) => vec![Finding::pass(
            "schema-tools",
            format!("pg_dump and pg_restore {version} suit both servers"),
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{capability::VersionNumber, fixture::healthy},
        *,
    };
    use crate::finding::Severity;

    #[test]
    fn tools_must_not_be_older_than_the_source() {
        let severity = |tools| {
            let mut observed = healthy();
            observed.context.tools = Some(tools);
            check(&observed)[0].severity
        };
        let found = |major: u32| Tools::Found {
            version: VersionNumber::new(major, 1),
        };
        assert_eq!(severity(found(14)), Severity::Blocker);
        assert_eq!(severity(found(15)), Severity::Warning);
        assert_eq!(severity(found(17)), Severity::Pass);
        let missing = Tools::Missing {
            reason: "not found on PATH".into(),
        };
        assert_eq!(severity(missing), Severity::Blocker);
    }
}
