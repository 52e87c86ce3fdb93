//! After a cutover: how the new server does the work of the old one, and what the old one still does.
//!
//! Owns what of it is worth a person's time. Refuses clocks and servers: counters of both sides come in, findings go out.
//! Invariant: what could not be compared is told, never passed over.

mod indexes;
mod old_server;
mod queries;

use transhume_wire::ident::{QualifiedName, quote_identifier};

use crate::{
    assess::{
        capability::Capabilities,
        observation::{AvailableExtension, Extension},
        platform::remedy::{self, Effect},
    },
    finding::{Finding, Remedy},
    sides::Sides,
};

pub use self::{
    indexes::{IndexUse, unused},
    old_server::{OldServer, remaining},
    queries::{QueryComparison, SlowerQuery, StatementFigures, compared},
};

/// What `pg_stat_statements` of a side tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Statements {
    Read {
        figures: Vec<StatementFigures>,
        /// Statements of roles whose texts are hidden from ours.
        hidden: i64,
    },
    /// The extension is not in the database.
    NotThere,
    /// The server's own words.
    Refused(String),
}

/// A side's statements, and who asked for them.
#[derive(Debug, Clone, Copy)]
pub struct Counted<'a> {
    pub statements: &'a Statements,
    pub end: &'a Capabilities,
}

/// The extension that counts statements.
pub const COUNTING: &str = "pg_stat_statements";

/// Both sides' statements, or why they cannot be compared.
pub fn queries(sides: Sides<Counted<'_>>) -> (Option<QueryComparison>, Vec<Finding>) {
    let Sides { source, target } = sides;
    let mut findings = Vec::new();
    for (side, counted) in [("source", source), ("target", target)] {
        findings.extend(obstacle(side, counted.statements, counted.end));
    }
    let (Statements::Read { figures: before, .. }, Statements::Read { figures: after, .. }) =
        (source.statements, target.statements)
    else {
        return (None, findings);
    };
    let comparison = compared(before, after);
    findings.extend(comparison.findings());
    (Some(comparison), findings)
}

fn obstacle(side: &str, statements: &Statements, end: &Capabilities) -> Option<Finding> {
    let told = |message: String, remedy: Remedy| {
        Some(Finding::warning("queries-not-compared", side, message, remedy))
    };
    match statements {
        Statements::Read { hidden: 0, .. } => None,
        Statements::Read { hidden, .. } => told(
            format!(
                "{} of other roles are hidden from the role {} on the {side}, and are not compared",
                crate::count::counted(*hidden, "statement"),
                end.role
            ),
            Remedy::on(
                side,
                format!("grant pg_read_all_stats to {};", quote_identifier(&end.role)),
            ),
        ),
        Statements::NotThere => told(
            format!(
                "the extension {COUNTING} is not in the {side}'s database, so its statements are not counted"
            ),
            Remedy::on(side, format!("create extension {COUNTING};")),
        ),
        Statements::Refused(reason) => told(
            format!("the {side} counts no statements: {reason}"),
            remedy::set(
                end,
                side,
                &[("shared_preload_libraries", &preload(end))],
                Effect::Restart,
            ),
        ),
    }
}

/// With what is loaded already.
fn preload(end: &Capabilities) -> String {
    match end.setting("shared_preload_libraries") {
        None | Some("") => COUNTING.to_owned(),
        Some(loaded) => format!("{loaded},{COUNTING}"),
    }
}

/// Versions of the extensions that both have.
pub fn extensions(before: &[Extension], after: &[Extension], offered: &[AvailableExtension]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for extension in after {
        let newest = offered
            .iter()
            .find(|offered| offered.name == extension.name)
            .map_or(&extension.version, |offered| &offered.default_version);
        let old = before.iter().find(|old| old.name == extension.name);
        let Some(old) = old.filter(|old| old.version != extension.version || *newest != extension.version)
        else {
            continue;
        };
        let is_newest = *newest == extension.version;
        findings.push(Finding::warning(
            "extension-version",
            &extension.name,
            format!(
                "{} is {} on the target and was {} on the source{}",
                extension.name,
                extension.version,
                old.version,
                if is_newest {
                    String::new()
                } else {
                    format!("; the target's server offers {newest}")
                }
            ),
            if is_newest {
                Remedy::from("read its release notes for what changed between the two")
            } else {
                Remedy::on_target(format!(
                    "alter extension {} update;",
                    quote_identifier(&extension.name)
                ))
            },
        ));
    }
    Finding::or_pass(
        findings,
        "extension-version",
        "every extension has the version that it had, and the newest that its server offers",
    )
}

/// Tables of the target that nobody has analysed.
pub fn statistics(without: &[QualifiedName]) -> Vec<Finding> {
    let findings = without
        .iter()
        .map(|table| {
            Finding::warning(
                "no-statistics",
                &format!("table {}", table.plain()),
                "the target has no statistics of it: queries may be planned badly",
                Remedy::on_target(format!("analyze {table};")),
            )
        })
        .collect();
    Finding::or_pass(
        findings,
        "no-statistics",
        "every table of the target has statistics",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{assess::fixture::healthy, finding::Severity};

    fn extension(version: &str) -> Extension {
        Extension {
            name: "hstore".into(),
            version: version.into(),
            schema: "public".into(),
        }
    }

    fn offered(version: &str) -> [AvailableExtension; 1] {
        [AvailableExtension {
            name: "hstore".into(),
            default_version: version.into(),
        }]
    }

    #[test]
    fn an_extension_that_is_behind_its_server_gets_the_statement() {
        let same = extensions(&[extension("1.8")], &[extension("1.8")], &offered("1.8"));
        assert_eq!(same[0].severity, Severity::Pass);
        let newer = extensions(&[extension("1.6")], &[extension("1.8")], &offered("1.8"));
        assert!(newer[0].message.contains("was 1.6 on the source"), "{newer:?}");
        let behind = extensions(&[extension("1.6")], &[extension("1.6")], &offered("1.8"));
        assert_eq!(
            behind[0].remedy,
            "on the target: alter extension \"hstore\" update;"
        );
        let only_there = extensions(&[], &[extension("1.6")], &offered("1.8"));
        assert_eq!(only_there[0].severity, Severity::Pass, "nobody moved it");
    }

    #[test]
    fn what_cannot_be_compared_is_told_with_its_side() {
        let end = &healthy().target.capabilities;
        let asked = |source, target| {
            let counted = |statements| Counted { statements, end };
            queries(Sides {
                source: counted(source),
                target: counted(target),
            })
        };
        let read = Statements::Read {
            figures: Vec::new(),
            hidden: 0,
        };
        let (comparison, findings) = asked(&read, &Statements::NotThere);
        assert!(comparison.is_none());
        assert_eq!(findings[0].object, "target");
        let hidden = Statements::Read {
            figures: Vec::new(),
            hidden: 2,
        };
        let (comparison, findings) = asked(&hidden, &read);
        assert!(comparison.is_some());
        assert!(
            findings[0].message.starts_with("2 statements of other roles"),
            "{findings:?}"
        );
    }
}
