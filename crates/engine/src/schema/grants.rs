//! Owners and privileges, in the order in which they allow each other: owners of schemas, privileges
//! on schemas, owners of the rest, privileges on the rest, default privileges.

use std::collections::{BTreeMap, HashMap};

use transhume_core::{
    finding::Finding,
    schema::archive::{CatalogObject, Decision, Entry, Kind},
};
use transhume_pg::{
    catalog::ownership::Ownership,
    connection::{attempt::attempt_each, session::Session},
    schema::restore::{self, Content},
    state::archive::{self, Disposition, Item},
};

use super::{SchemaWork, contents::Contents, findings, owners};
use crate::error::{Doing, Result};

pub(super) const CODE: &str = "grant-not-applied";

/// Grant statements attempted in one transaction, for the lock table's sake.
const GROUP: usize = 1000;

/// When owners and privileges are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Only what is already restored.
    BeforeData,
    /// Everything that remains.
    AfterData,
}

/// Sets owners and privileges as on the source. What the target's roles do not allow is told by
/// findings, one for each role or reason, and stops nothing.
pub async fn owners_and_grants(work: &SchemaWork<'_>, moment: Moment) -> Result<()> {
    let mut target = work.target().await?;
    let source = work.source().await?;
    let contents = Contents::stored(work, source.server_version().major(), &target).await?;
    let plan = owners::plan(&source, &target, &made(&contents, moment)).await?;
    let (schemas, others): (Vec<_>, Vec<_>) = plan.possible.into_iter().partition(Ownership::is_schema);
    let (on_schemas, on_others) = grants(&contents, moment);
    let mut told = plan.findings;
    let mut refused = Refused::default();
    told.extend(owners::set(&mut target, &schemas).await?);
    apply(work, &contents, &mut target, &on_schemas, &mut refused).await?;
    told.extend(owners::set(&mut target, &others).await?);
    apply(work, &contents, &mut target, &on_others, &mut refused).await?;
    told.extend(refused.findings());
    let (given, granted) = (schemas.len() + others.len(), on_schemas.len() + on_others.len());
    if given + granted > 0 {
        work.reporter.step(format!(
            "owners and privileges set: {given} objects given to their owners, {granted} privilege entries applied"
        ));
    }
    findings::record(work, &target, told).await
}

/// Objects on the target that may have another owner on the source.
fn made(contents: &Contents, moment: Moment) -> Vec<CatalogObject> {
    let definitions = contents
        .with(Disposition::Replaced)
        .filter(|_| moment == Moment::AfterData);
    contents
        .with(Disposition::Restored)
        .chain(definitions)
        .map(|(entry, _)| entry.object)
        .filter(|object| object.class != 0)
        .collect()
}

/// Open grant entries, those on schemas apart. Before the data: only where all that they need is there.
fn grants(contents: &Contents, moment: Moment) -> (Vec<&Entry>, Vec<&Entry>) {
    let kinds: HashMap<i32, Kind> = contents
        .archive
        .entries
        .iter()
        .map(|(entry, _)| (entry.dump_id, entry.kind))
        .collect();
    let there = |id: &i32| {
        kinds.get(id) == Some(&Kind::Grant)
            || matches!(
                contents.items.get(id),
                Some(Disposition::Restored | Disposition::LeftOut)
            )
    };
    contents
        .open(&Decision::Grant)
        .into_iter()
        .filter(|entry| {
            moment == Moment::AfterData || (entry.kind == Kind::Grant && entry.depends_on.iter().all(there))
        })
        .partition(|entry| {
            entry
                .depends_on
                .iter()
                .any(|id| kinds.get(id) == Some(&Kind::Schema))
        })
}

/// Refused statements by the server's message.
#[derive(Debug, Default)]
pub(super) struct Refused(pub(super) BTreeMap<String, Vec<String>>);

impl Refused {
    pub(super) fn findings(self) -> Vec<Finding> {
        self.0
            .into_iter()
            .map(|(message, statements)| {
                let text = match statements.len() {
                    1 => format!("a grant is refused: {message}"),
                    count => format!("{count} grants are refused: {message}"),
                };
                let remedy = format!(
                    "make the role or right it lacks, then on the target: {}",
                    statements.join("; ")
                );
                Finding::warning(CODE, &message, text, remedy)
            })
            .collect()
    }
}

async fn apply(
    work: &SchemaWork<'_>,
    contents: &Contents,
    target: &mut Session,
    entries: &[&Entry],
    refused: &mut Refused,
) -> Result<()> {
    for group in entries.chunks(GROUP) {
        let script = restore::script(
            &contents.archive.programs,
            &contents.archive.file,
            group,
            Content::Grants,
        )
        .await
        .doing("reading the schema archive")?;
        let statements: Vec<String> = script
            .pieces
            .iter()
            .flat_map(|piece| restore::statements(&piece.sql))
            .map(str::to_owned)
            .collect();
        let failed = attempt_each(target, &statements)
            .await
            .doing("granting privileges")?;
        for (number, message) in failed {
            refused
                .0
                .entry(message)
                .or_default()
                .push(statements[number].clone());
        }
        let items: Vec<Item<'_>> = group
            .iter()
            .map(|entry| Item {
                dump_id: entry.dump_id,
                description: &entry.description,
                reason: "",
                identity: None,
            })
            .collect();
        archive::record(&**target, work.archive(), Disposition::Restored, &items)
            .await
            .doing("recording the granted privileges")?;
    }
    Ok(())
}
