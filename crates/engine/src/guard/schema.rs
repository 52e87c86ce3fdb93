//! Changes of the source's schema: told before the stream meets them, carried over where that is allowed.
//!
//! A change that is carried over is one statement on the target, written into the history. What cannot be, or
//! was refused there, is a finding with the statement to run, and bars the cutover until it is done.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use transhume_core::{
    command::Command,
    enum_labels::MissingLabel,
    finding::{Finding, Severity},
    load::RelationState,
    phase::Phase,
    schema_watch::{self, Baseline, CarryOver, ChangeKind, Followed, SchemaChange, Shape},
};
use transhume_pg::{
    apply::Remedy,
    catalog::shapes::shapes,
    enum_labels,
    error::PgError,
    schema_change,
    state::{
        addition::{self, Addition},
        apply, command, finding, history,
        load::followed::{Seen, followed, set_baselines},
    },
};
use transhume_wire::ident::QualifiedName;

use super::{Ends, Guard, ORIGIN};
use crate::report::Report;

const CHANGED: &str = "schema-change";
/// At least this between two looks.
const EVERY: Duration = Duration::from_secs(5);
/// Looking takes at most one part in this many of the servers' time, however many tables there are.
const SHARE: u32 = 20;

/// Both sides as they are now.
struct Look {
    followed: Vec<Followed>,
    source: Vec<Shape>,
    target: Vec<Shape>,
    labels: Vec<MissingLabel>,
}

impl Look {
    /// Tables that were not looked at before.
    fn unseen(&self) -> Vec<Seen> {
        let without = self.followed.iter().filter(|table| table.baseline.is_none());
        let without: HashSet<u32> = without.map(|table| table.oid).collect();
        let shapes = self.source.iter().filter(|shape| without.contains(&shape.oid));
        shapes
            .map(|shape| Seen {
                source_oid: shape.oid,
                baseline: Baseline::of(shape),
            })
            .collect()
    }
}

impl Guard<'_> {
    pub(super) async fn schema_when_due(&mut self, ends: &mut Ends) -> Result<(), PgError> {
        let began = Instant::now();
        if self.next_schema_look.is_some_and(|due| began < due) {
            return Ok(());
        }
        let now = apply::phase(&ends.target).await?;
        let phase = now.map(|now| now.phase);
        if let Some(phase @ (Phase::FullLoad | Phase::PostData | Phase::Follow)) = phase {
            self.schema(ends, phase == Phase::Follow).await?;
        }
        self.next_schema_look = Some(Instant::now() + EVERY.max(began.elapsed() * SHARE));
        Ok(())
    }

    async fn schema(&mut self, ends: &mut Ends, may_carry: bool) -> Result<(), PgError> {
        let look = self.compare(ends).await?;
        set_baselines(&*ends.target, &look.unseen()).await?;
        let allowed = self.carry_over.iter().copied();
        let allowed: Vec<CarryOver> = allowed.filter(|_| may_carry).collect();
        let mut findings: Vec<Finding> = Vec::new();
        for change in schema_watch::changes(&look.followed, &look.source, &look.target) {
            let remedy = schema_change::remedy(&ends.source, &change).await?;
            let is_carried =
                schema_watch::may_be_carried(&change, &allowed, &look.followed, &look.source, &look.target);
            let refusal = if is_carried {
                self.carry(ends, &change, &remedy).await?
            } else {
                Some(String::new())
            };
            // Tables that are new are told by who watches for them.
            let is_new = matches!(change.kind, ChangeKind::TableNew { .. });
            if let Some(refusal) = refusal.filter(|_| !is_new) {
                add(&mut findings, &change, &remedy, &refusal);
            }
        }
        for label in &look.labels {
            findings.extend(self.label(ends, label, &allowed).await?);
        }
        self.tell_of_schema(ends, findings).await
    }

    async fn compare(&self, ends: &Ends) -> Result<Look, PgError> {
        let publication = &self.migration.publication_name;
        let mut source = shapes(&ends.source, publication).await?;
        let mut followed = followed(&*ends.target).await?;
        // The selection has grown where tables were added since this run began.
        source.retain(|shape| {
            self.selector.selects(&shape.name) || followed.iter().any(|table| table.oid == shape.oid)
        });
        let additions = addition::all(&*ends.target).await?;
        let joining: Vec<u32> = additions
            .iter()
            .filter(|addition| !addition.step.is_over())
            .flat_map(Addition::oids)
            .collect();
        for table in followed.iter_mut().filter(|table| joining.contains(&table.oid)) {
            table.state = RelationState::Adding;
        }
        Ok(Look {
            followed,
            source,
            target: shapes(&ends.target, publication).await?,
            labels: enum_labels::missing(&ends.source, &ends.target).await?,
        })
    }

    /// Does it on the target; says why where that is refused there.
    async fn carry(
        &mut self,
        ends: &Ends,
        change: &SchemaChange,
        remedy: &Remedy,
    ) -> Result<Option<String>, PgError> {
        if let ChangeKind::TableNew { .. } = change.kind {
            return self.ask_for(ends, change).await.map(|()| None);
        }
        let done = schema_change::run(&ends.target, &remedy.statement).await;
        match done {
            Ok(()) => {
                self.carried(ends, &change.table, &remedy.statement).await?;
                Ok(None)
            }
            Err(PgError::Server(error)) => {
                Ok(Some(format!("; carrying it over was refused: {}", error.message)))
            }
            Err(error) => Err(error),
        }
    }

    /// The runner takes the partition in by the way of every table that joins.
    async fn ask_for(&mut self, ends: &Ends, change: &SchemaChange) -> Result<(), PgError> {
        // What it could not do it has said; asking again and again would not help.
        if !self.asked_for.insert(change.oid) {
            return Ok(());
        }
        command::request(&ends.target, Command::Add(vec![change.oid]), None).await?;
        let table = change.table.plain();
        self.carried(ends, &change.table, &format!("transhume table add {table}"))
            .await
    }

    async fn label(
        &self,
        ends: &Ends,
        label: &MissingLabel,
        allowed: &[CarryOver],
    ) -> Result<Option<Finding>, PgError> {
        let statement = enum_labels::add_statement(label);
        let mut refusal = String::new();
        if allowed.contains(&CarryOver::EnumLabels) {
            match schema_change::run(&ends.target, &statement).await {
                Ok(()) => {
                    self.carried(ends, &label.enum_type, &statement).await?;
                    return Ok(None);
                }
                Err(PgError::Server(error)) => {
                    refusal = format!("; carrying it over was refused: {}", error.message);
                }
                Err(error) => return Err(error),
            }
        }
        let message = format!(
            "the enum has the label \"{}\" on the source only{refusal}",
            label.label.escape_debug()
        );
        let remedy = format!("on the target: {statement}");
        Ok(Some(Finding::blocker(
            CHANGED,
            &label.enum_type.plain(),
            message,
            remedy,
        )))
    }

    async fn carried(&self, ends: &Ends, object: &QualifiedName, statement: &str) -> Result<(), PgError> {
        let detail = serde_json::json!({ "object": object.plain(), "statement": statement });
        history::add(&*ends.target, "schema change carried over", &detail).await?;
        self.reporter
            .step(format!("carried over to the target: {statement}"));
        Ok(())
    }

    /// All of them in one transaction, and only where something is new.
    async fn tell_of_schema(&mut self, ends: &mut Ends, findings: Vec<Finding>) -> Result<(), PgError> {
        if self.schema_findings.as_ref() == Some(&findings) {
            return Ok(());
        }
        let transaction = ends.target.transaction().await?;
        finding::clear(&transaction, ORIGIN, CHANGED).await?;
        for finding in &findings {
            finding::replace(&transaction, ORIGIN, finding).await?;
        }
        transaction.commit().await?;
        let told = self.schema_findings.take().unwrap_or_default();
        for finding in findings.iter().filter(|finding| !told.contains(finding)) {
            self.reporter.send(Report::Finding {
                finding: finding.clone(),
            });
        }
        self.schema_findings = Some(findings);
        Ok(())
    }
}

/// One finding for each table, however much of it has changed.
fn add(findings: &mut Vec<Finding>, change: &SchemaChange, remedy: &Remedy, refusal: &str) {
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
