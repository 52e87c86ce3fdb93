//! `review`: how the target does the source's work after a cutover, and what is left to switch off. Changes nothing.
//!
//! Owns what is asked of which side. Needs no state of a migration, so that it can be asked again after `finish`; where there is
//! one, its servers are the only ones that are compared.

use serde::Serialize;
use transhume_core::{
    assess::capability::Capabilities,
    finding::{Finding, Severity},
    review::{self as judge, QueryComparison},
    roles::Surrounding,
    selection::Selection,
    sides::Sides,
};
use transhume_pg::{
    assess as probe, catalog::extensions, connection::session::Session, review as pg,
    verify::objects::without_statistics,
};

use crate::{
    door::{self, Past},
    endpoints::Endpoints,
    error::{Doing, Result},
    report::Reporter,
    roles::lacking_surroundings,
};

/// Role of our sessions, as in `application_name`.
const ROLE: &str = "review";

const DOING: &str = "looking at both servers";

/// What was found. Field names are a stable face for scripts.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Review {
    pub source: String,
    pub target: String,
    /// Null where a side counts no statements.
    pub queries: Option<QueryComparison>,
    /// Warnings, then passes.
    pub findings: Vec<Finding>,
    /// What to do when nobody needs the old server any more, in order.
    pub remaining: Vec<String>,
}

impl Review {
    /// Something is worth a look.
    pub fn has_warnings(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| finding.severity != Severity::Pass)
    }
}

/// Compares what both servers counted, whichever of them the application lives on.
pub async fn review(endpoints: &Endpoints, selection: &Selection, reporter: &Reporter) -> Result<Review> {
    door::look(endpoints, Past::Compared).await?;
    let (source, target) = endpoints.sessions(ROLE, ROLE).await?;
    let sessions = Sides {
        source: &source,
        target: &target,
    };
    let ends = Sides {
        source: probe::facts(&source).await.doing(DOING)?,
        target: probe::facts(&target).await.doing(DOING)?,
    };
    let (queries, mut findings) = queries(sessions, ends.as_ref()).await?;
    reporter.step("compared what both servers counted of their statements");
    findings.extend(structures(&source, &target).await?);
    findings.extend(left_behind(&source, &target, selection).await?);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Ok(Review {
        source: endpoints.source.to_string(),
        target: endpoints.target.to_string(),
        queries,
        findings,
        remaining: judge::remaining(&ends.source, &ends.target)
            .into_iter()
            .map(String::from)
            .collect(),
    })
}

async fn queries(
    sessions: Sides<&Session>,
    ends: Sides<&Capabilities>,
) -> Result<(Option<QueryComparison>, Vec<Finding>)> {
    let doing = "reading what was counted of statements";
    let on_source = pg::statements(sessions.source).await.doing(doing)?;
    let on_target = pg::statements(sessions.target).await.doing(doing)?;
    Ok(judge::queries(Sides {
        source: judge::Counted {
            statements: &on_source,
            end: ends.source,
        },
        target: judge::Counted {
            statements: &on_target,
            end: ends.target,
        },
    }))
}

/// Indexes, statistics and extensions.
async fn structures(source: &Session, target: &Session) -> Result<Vec<Finding>> {
    let doing = "reading what was counted of indexes";
    let before = pg::index_use(source).await.doing(doing)?;
    let after = pg::index_use(target).await.doing(doing)?;
    let without = without_statistics(target).await.doing("looking for statistics")?;
    let doing = "reading extensions";
    let had = extensions::extensions(source).await.doing(doing)?;
    let has = extensions::extensions(target).await.doing(doing)?;
    let offered = extensions::available_extensions(target).await.doing(doing)?;
    Ok([
        judge::unused(&before, &after),
        judge::statistics(&without),
        judge::extensions(&had, &has, &offered),
    ]
    .concat())
}

/// What the target does not do yet, and what the old server still does.
async fn left_behind(source: &Session, target: &Session, selection: &Selection) -> Result<Vec<Finding>> {
    let mut findings: Vec<Finding> = lacking_surroundings(source, target, &selection.roles)
        .await?
        .iter()
        .map(Surrounding::finding)
        .collect();
    let old = pg::old_server(source).await.doing("looking at the old server")?;
    findings.extend(old.findings());
    Ok(findings)
}
