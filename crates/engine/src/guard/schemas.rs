//! The schemas of both sides as they are now, and what of it the migration does not follow.
//!
//! Reads only. Who carries a change over, and who refuses to go on because of it, is decided elsewhere.

use transhume_core::{
    finding::{Finding, Severity},
    guard::{
        enum_labels::MissingLabel,
        schema::{self, ChangeKind, Followed, SchemaChange, TableFacts},
    },
    load::RelationState,
    selection::Selector,
};
use transhume_pg::{
    catalog::table_facts::table_facts,
    connection::{error::PgError, session::Session},
    guard::{drift::Remedy, enum_labels, schema_change},
    state::{
        addition::{self, Addition},
        load::{
            followed::{self, follow_names, followed},
            relations,
        },
    },
};

/// Code of the findings.
pub(crate) const CHANGED: &str = "schema-change";

/// Both sides as they are now.
pub(crate) struct Schemas {
    pub(super) followed: Vec<Followed>,
    pub(super) source: Vec<TableFacts>,
    pub(super) target: Vec<TableFacts>,
    pub(super) labels: Vec<MissingLabel>,
}

impl Schemas {
    pub(crate) async fn take(
        source: &Session,
        target: &Session,
        publication: &str,
        selector: &Selector,
    ) -> Result<Self, PgError> {
        let mut on_source = table_facts(&**source, publication).await?;
        follow_names(&**target).await?;
        let mut followed = followed(&**target).await?;
        // The selection has grown where tables were added since this run began.
        on_source.retain(|shape| {
            selector.selects(&shape.name) || followed.iter().any(|table| table.oid == shape.oid)
        });
        let additions = addition::all(&**target).await?;
        let joining: Vec<u32> = additions
            .iter()
            .filter(|addition| !addition.step.is_over())
            .flat_map(Addition::oids)
            .collect();
        for table in followed.iter_mut().filter(|table| joining.contains(&table.oid)) {
            table.state = RelationState::Adding;
        }
        Ok(Self {
            followed,
            source: on_source,
            target: table_facts(&**target, publication).await?,
            labels: enum_labels::missing(source, target).await?,
        })
    }

    pub(crate) fn changes(&self) -> Vec<SchemaChange> {
        schema::changes(&self.followed, &self.source, &self.target)
    }

    /// Writes down what is seen in step, so that the next change is told from this moment, and what both sides have dropped.
    pub(super) async fn remember(&self, target: &Session) -> Result<(), PgError> {
        let news = schema::news(&self.followed, &self.source, &self.target);
        followed::remember(&**target, &news).await?;
        let gone = schema::gone(&self.followed, &self.source, &self.target);
        if !gone.is_empty() {
            relations::drop(&**target, &gone).await?;
        }
        Ok(())
    }

    /// What the target does not have yet, were nothing carried over.
    pub(crate) async fn findings(&self, source: &Session) -> Result<Vec<Finding>, PgError> {
        let mut findings = Vec::new();
        for change in self.changes() {
            let remedy = schema_change::remedy(source, &change).await?;
            add(&mut findings, &change, &remedy, "");
        }
        findings.extend(self.labels.iter().map(|label| label_missing(label, "")));
        Ok(findings)
    }
}

/// One finding for each table, however much of it has changed; none for one that is new, which is told by who watches for
/// them.
pub(super) fn add(findings: &mut Vec<Finding>, change: &SchemaChange, remedy: &Remedy, refusal: &str) {
    if matches!(change.kind, ChangeKind::TableNew { .. }) {
        return;
    }
    let message = format!("{}{refusal}", change.message());
    let on_target = Some(&remedy.statement).filter(|statement| !statement.is_empty());
    let on_target = on_target.map(|statement| format!("on the target: {statement}"));
    let steps: Vec<_> = on_target.into_iter().chain(remedy.afterwards.clone()).collect();
    let remedy = steps.join("; then ");
    let object = change.table.plain();
    match findings.iter_mut().find(|finding| finding.object == object) {
        Some(finding) => {
            finding.message = format!("{}; {message}", finding.message);
            finding.remedy = format!("{}; {remedy}", finding.remedy);
            finding.severity = finding.severity.max(change.kind.severity());
        }
        None if change.kind.severity() == Severity::Blocker => {
            findings.push(Finding::blocker(CHANGED, &object, message, remedy));
        }
        None => findings.push(Finding::warning(CHANGED, &object, message, remedy)),
    }
}

pub(super) fn label_missing(label: &MissingLabel, refusal: &str) -> Finding {
    let message = format!(
        "the enum has the label \"{}\" on the source only{refusal}",
        label.label.escape_debug()
    );
    let remedy = format!("on the target: {}", enum_labels::add_statement(label));
    Finding::blocker(CHANGED, &label.enum_type.plain(), message, remedy)
}
