//! The schemas of both sides as they are now, and what of it the migration does not follow.
//!
//! Reads only. Who carries a change over, and who refuses to go on because of it, is decided elsewhere.

use transhume_core::{
    finding::{Finding, Remedy, Severity, WrittenSide},
    guard::{
        schema::{self, Awaited, ChangeKind, Followed, Reached, Remembered, SchemaChange, TableFacts},
        user_types::{self as types, TypeChange, TypeChangeKind, UserType},
    },
    load::RelationState,
    selection::Selector,
};
use transhume_pg::{
    catalog::table_facts::table_facts,
    connection::{error::PgError, session::Session},
    follow::wal,
    guard::{remedy::SchemaRemedy, schema_change, user_types as type_change},
    state::{
        addition::{self, Addition},
        apply, known_type,
        load::{
            followed::{self, follow_names, followed},
            relations,
        },
    },
};
use transhume_wire::{ident::QualifiedName, lsn::Lsn};

/// Code of the findings.
pub(crate) const CHANGED: &str = "schema-change";

/// Types of users.
pub(super) struct Types {
    remembered: Vec<UserType>,
    source: Vec<UserType>,
    target: Vec<UserType>,
}

impl Types {
    async fn take(source: &Session, target: &Session) -> Result<Self, PgError> {
        Ok(Self {
            remembered: known_type::all(&**target).await?,
            source: type_change::user_types(&**source).await?,
            target: type_change::user_types(&**target).await?,
        })
    }

    pub(super) fn changes(&self) -> Vec<TypeChange> {
        types::changes(&self.remembered, &self.source, &self.target)
    }
}

/// How far the stream is behind a look at the catalogs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StreamAtLook {
    /// All that the look saw is below.
    pub(super) seen_at: Lsn,
    pub(super) applied: Lsn,
}

impl StreamAtLook {
    /// Behind the look.
    pub(super) async fn take(source: &Session, target: &Session) -> Result<Self, PgError> {
        let seen_at = wal::inserted_end(source).await?;
        let applied = apply::frontier(target).await?;
        Ok(Self {
            seen_at,
            applied: applied.map_or(Lsn::ZERO, |frontier| frontier.lsn),
        })
    }

    pub(super) fn reached(self, at_last_look: Option<Lsn>) -> Reached {
        if at_last_look == Some(self.applied) {
            Reached::Still
        } else {
            Reached::Applied(self.applied)
        }
    }
}

/// Both sides as they are now.
pub(crate) struct Schemas {
    pub(super) followed: Vec<Followed>,
    pub(super) source: Vec<TableFacts>,
    pub(super) target: Vec<TableFacts>,
    pub(super) types: Types,
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
            types: Types::take(source, target).await?,
        })
    }

    /// Those that matter to a table; what else is missing is told by a comparison of all definitions.
    pub(super) fn type_changes(&self) -> Vec<TypeChange> {
        let columns = || self.source.iter().flat_map(|table| &table.columns);
        let is_used = |name: &QualifiedName| columns().any(|column| types::is_named(name, &column.type_name));
        let mut changes = self.types.changes();
        changes.retain(|change| !matches!(change.kind, TypeChangeKind::New(_)) || is_used(&change.name));
        changes
    }

    /// What the target does not have yet, were nothing carried over.
    pub(crate) fn changes(&self) -> Vec<SchemaChange> {
        schema::changes(&self.followed, &self.source, &self.target)
    }

    /// Writes down what is seen in step, so that the next change is told from this moment, and what both sides have dropped.
    pub(super) async fn remember(
        &self,
        target: &Session,
        awaited: &mut Awaited<Remembered>,
        stream: StreamAtLook,
    ) -> Result<(), PgError> {
        let news = schema::news(&self.followed, &self.source, &self.target);
        let due = awaited.take(news, stream.seen_at, Reached::Applied(stream.applied));
        followed::remember(&**target, &due).await?;
        self.remember_types(target).await?;
        let gone = schema::gone(&self.followed, &self.source, &self.target);
        if !gone.is_empty() {
            relations::drop(&**target, &gone).await?;
        }
        Ok(())
    }

    /// As [`Self::remember`] before a stream begins: none of what is seen is still to come.
    pub(crate) async fn remember_at_once(&self, target: &Session) -> Result<(), PgError> {
        let news = schema::news(&self.followed, &self.source, &self.target);
        followed::remember(&**target, &news).await?;
        self.remember_types(target).await
    }

    async fn remember_types(&self, target: &Session) -> Result<(), PgError> {
        let types = types::news(&self.types.remembered, &self.types.source, &self.types.target);
        known_type::remember(&**target, &types).await
    }

    /// The statement behind the one that makes the type which it names, where the target does not have that.
    pub(super) fn with_type(&self, change: &SchemaChange, remedy: SchemaRemedy) -> SchemaRemedy {
        let changes = self.types.changes();
        type_change::before(types::needed_by(&changes, change), remedy)
    }

    pub(crate) async fn findings(
        &self,
        source: &Session,
        side: &WrittenSide,
    ) -> Result<Vec<Finding>, PgError> {
        let mut findings = Vec::new();
        for change in self.changes() {
            let remedy = schema_change::remedy(source, &change).await?;
            let remedy = self.with_type(&change, remedy);
            add(&mut findings, side, &change, (&remedy, ""));
        }
        for change in self.type_changes() {
            add_type(&mut findings, side, &change, "");
        }
        Ok(findings)
    }
}

/// One finding for each table, however much of it has changed; none for one that is new, which is told by who watches for
/// them.
pub(super) fn add(
    findings: &mut Vec<Finding>,
    side: &WrittenSide,
    change: &SchemaChange,
    (remedy, refusal): (&SchemaRemedy, &str),
) {
    if matches!(change.kind, ChangeKind::TableNew { .. }) {
        return;
    }
    let message = format!("{}{refusal}", side.tell(&change.message()));
    let remedy = remedy.in_words(side);
    let object = change.table.plain();
    match findings.iter_mut().find(|finding| finding.object == object) {
        Some(finding) => {
            finding.message = format!("{}; {message}", finding.message);
            let before = std::mem::take(&mut finding.remedy);
            finding.remedy = Remedy::joined([before, remedy], "; ");
            finding.severity = finding.severity.max(change.kind.severity());
        }
        None if change.kind.severity() == Severity::Blocker => {
            findings.push(Finding::blocker(CHANGED, &object, message, remedy));
        }
        None => findings.push(Finding::warning(CHANGED, &object, message, remedy)),
    }
}

/// One finding for each type.
pub(super) fn add_type(findings: &mut Vec<Finding>, side: &WrittenSide, change: &TypeChange, refusal: &str) {
    let message = format!("{}{refusal}", side.tell(&change.message()));
    let remedy = side.run(&type_change::statement(change));
    let object = change.name.plain();
    match findings.iter_mut().find(|finding| finding.object == object) {
        Some(finding) => {
            finding.message = format!("{}; {message}", finding.message);
            let before = std::mem::take(&mut finding.remedy);
            finding.remedy = Remedy::joined([before, remedy], "; ");
        }
        None => findings.push(Finding::blocker(CHANGED, &object, message, remedy)),
    }
}
