//! The trial restore within an assessment: when it can say something, and how its findings join the others.

use std::{cmp::Reverse, collections::BTreeMap};

use transhume_core::{
    assess::observation::Observed,
    finding::{Finding, Severity},
    selection::Selection,
};
use transhume_pg::schema::dump::Programs;

use crate::{
    endpoints::Endpoints,
    error::{EngineError, Result},
    report::Reporter,
    schema::{self, Preview, Tried, Trying},
};

const CODE: &str = "trial-restore";
const EXTENSIONS: &str = "extensions";

/// Blockers with which every definition would be refused for the same reason, or none could be read.
const BARRING: [&str; 9] = [
    "target-not-empty",
    "other-migration",
    "target-create",
    "schema-tools",
    "standby",
    "same-database",
    "server-version",
    "table-reading",
    "encoding",
];

/// Tries the schema and adds what was found. What the target would not get, and what is left out since it refuses it;
/// none where the schema could not be tried.
pub(super) async fn add(
    endpoints: &Endpoints,
    programs: &Programs,
    (observed, selection): (&Observed, &Selection),
    findings: &mut Vec<Finding>,
    reporter: &Reporter,
) -> Result<Option<(Preview, Vec<String>)>> {
    if observed.context.resuming {
        return Ok(None);
    }
    if let Some(barring) = findings.iter().find(|finding| is_barring(finding)) {
        let message = format!(
            "the schema was not tried on the target: first the blocker \"{}\" must be remedied",
            barring.code
        );
        add_in_order(
            findings,
            vec![Finding::warning(
                CODE,
                "",
                message,
                "remedy it, then assess again",
            )],
        );
        return Ok(None);
    }
    let unavailable = unavailable(findings);
    let trying = Trying {
        endpoints,
        programs,
        selection,
        selector: &observed.selector,
        unavailable: &unavailable,
        reporter,
    };
    let mut outcome = Box::pin(schema::trial(&trying)).await;
    // A server that restarts or a statement that is cancelled ends pg_dump once; what it cannot dump ends it again.
    if outcome.as_ref().is_err_and(is_of_a_program) {
        outcome = Box::pin(schema::trial(&trying)).await;
    }
    let tried = match outcome {
        Ok(tried) => tried,
        Err(error) => {
            add_in_order(findings, vec![failed(error)?]);
            return Ok(None);
        }
    };
    let left_out = tried.left_out.clone();
    Ok(Some((join(tried, findings), left_out)))
}

fn is_barring(finding: &Finding) -> bool {
    finding.severity == Severity::Blocker && BARRING.contains(&finding.code.as_str())
}

/// Extensions that the target does not offer or allow, by name.
fn unavailable(findings: &[Finding]) -> BTreeMap<String, Finding> {
    let missing = findings
        .iter()
        .filter(|finding| finding.code == EXTENSIONS && finding.severity != Severity::Pass);
    missing
        .map(|finding| (finding.object.clone(), finding.clone()))
        .collect()
}

/// pg_dump or pg_restore says what it stumbles over.
fn is_of_a_program(error: &EngineError) -> bool {
    matches!(error, EngineError::Server { source, .. } if source.server().is_none() && source.detail().is_some())
}

/// A run would stumble over it too; a lost connection is no finding.
fn failed(error: EngineError) -> Result<Finding> {
    match &error {
        EngineError::Server { source, .. } if is_of_a_program(&error) => Ok(Finding::blocker(
            CODE,
            "",
            format!(
                "the schema cannot be tried on the target: {source} ({})",
                source.detail().unwrap_or_default()
            ),
            source
                .hint()
                .unwrap_or_else(|| "remedy what it says, then assess again".to_owned()),
        )),
        _ => Err(error),
    }
}

fn join(tried: Tried, findings: &mut Vec<Finding>) -> Preview {
    let replaced: Vec<String> = tried
        .findings
        .iter()
        .filter(|finding| finding.code == EXTENSIONS)
        .map(|finding| finding.object.clone())
        .collect();
    findings.retain(|finding| finding.code != EXTENSIONS || !replaced.contains(&finding.object));
    // A role that is missing is told once, with what it costs.
    let missing: Vec<String> = findings
        .iter()
        .filter(|finding| finding.code == "roles-missing" && finding.severity != Severity::Pass)
        .map(|finding| finding.object.clone())
        .collect();
    let reported = |finding: &Finding| match finding.code.as_str() {
        "owner-not-set" => missing.contains(&finding.object),
        "grant-not-applied" => missing
            .iter()
            .any(|role| finding.object == format!("role \"{role}\" does not exist")),
        _ => false,
    };
    let mut more = tried.findings;
    more.retain(|finding| !reported(finding));
    more.extend(tried.preview.findings.iter().cloned());
    add_in_order(findings, more);
    tried.preview
}

fn add_in_order(findings: &mut Vec<Finding>, more: Vec<Finding>) {
    findings.extend(more);
    findings.sort_by_key(|finding| Reverse(finding.severity));
}
