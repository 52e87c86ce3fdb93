//! Owners and privileges, in the order in which they allow each other: owners of schemas, privileges
//! on schemas, owners of the rest, privileges on the rest, default privileges.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use transhume_core::{
    count::counted,
    finding::{Finding, Remedy},
    schema::archive::{CatalogObject, Decision, Entry, EntryKind},
};
use transhume_pg::{
    catalog::ownership::Ownership,
    connection::{attempt::attempt_each, session::Session},
    schema::restore::{self, Content},
    state::{
        addition,
        archive::{self, Disposition, Item},
        finding,
    },
};

use super::{SchemaOptions, SchemaWork, contents::Contents, findings, owners};
use crate::{
    endpoints::Sessions,
    error::{Doing, Result},
};

pub(super) const CODE: &str = "grant-not-applied";

/// Grant statements attempted in one transaction, for the lock table's sake.
const GROUP: usize = 1000;

/// When owners and privileges are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantMoment {
    /// Only what is already restored.
    BeforeData,
    /// Everything that remains.
    AfterData,
    /// What was refused before, since roles and rights may have come meanwhile.
    Again,
}

/// Sets owners and privileges as on the source. What the target's roles do not allow is told by
/// findings, one for each role or reason, and stops nothing.
pub async fn owners_and_grants(work: &SchemaWork<'_>, moment: GrantMoment) -> Result<()> {
    set(work, moment, None).await
}

/// Of owners only these, where some are given.
async fn set(
    work: &SchemaWork<'_>,
    moment: GrantMoment,
    owners_refused: Option<&BTreeSet<String>>,
) -> Result<()> {
    let mut target = work.target().await?;
    let source = work.source().await?;
    let contents = Contents::stored(work, source.server_version().major(), &target).await?;
    let roles = &work.migration.selection.roles;
    let mut plan = owners::plan(Sessions::of(&source, &target), &made(&contents, moment), roles).await?;
    if let Some(owners) = owners_refused {
        plan.possible.retain(|one| owners.contains(&one.owner));
        plan.findings.retain(|finding| owners.contains(&finding.object));
    }
    let (schemas, others): (Vec<_>, Vec<_>) = plan.possible.into_iter().partition(Ownership::is_schema);
    let (on_schemas, on_others) = grants(&contents, moment);
    let mut reported = plan.findings;
    let mut refused = Refused::default();
    reported.extend(owners::set(&mut target, &schemas).await?);
    apply(work, &contents, &mut target, &on_schemas, &mut refused).await?;
    reported.extend(owners::set(&mut target, &others).await?);
    apply(work, &contents, &mut target, &on_others, &mut refused).await?;
    reported.extend(refused.findings());
    let (given, granted) = (schemas.len() + others.len(), on_schemas.len() + on_others.len());
    if given + granted > 0 {
        work.reporter.step(format!(
            "owners and privileges set: {} given to their owners, {} applied",
            counted(given, "object"),
            counted(granted, "privilege entry")
        ));
    }
    findings::record(work, &target, reported).await
}

/// Objects on the target that may have another owner on the source.
fn made(contents: &Contents, moment: GrantMoment) -> Vec<CatalogObject> {
    let definitions = contents
        .with(Disposition::Replaced)
        .filter(|_| moment != GrantMoment::BeforeData);
    contents
        .with(Disposition::Restored)
        .chain(definitions)
        .map(|(entry, _)| entry.object)
        .filter(|object| object.class != 0)
        .collect()
}

/// Open grant entries, those on schemas apart. Before the data: only where all that they need is there.
fn grants(contents: &Contents, moment: GrantMoment) -> (Vec<&Entry>, Vec<&Entry>) {
    let kinds: HashMap<i32, EntryKind> = contents
        .archive
        .entries
        .iter()
        .map(|(entry, _)| (entry.dump_id, entry.kind))
        .collect();
    let there = |id: &i32| {
        kinds.get(id) == Some(&EntryKind::Grant)
            || matches!(
                contents.items.get(id),
                Some(Disposition::Restored | Disposition::LeftOut)
            )
    };
    let mut open = contents.open(&Decision::Grant);
    if moment == GrantMoment::Again {
        let refused = contents.with(Disposition::Failed);
        open.extend(
            refused
                .filter(|(_, decision)| *decision == Decision::Grant)
                .map(|(entry, _)| entry),
        );
    }
    open.into_iter()
        .filter(|entry| {
            moment != GrantMoment::BeforeData
                || (entry.kind == EntryKind::Grant && entry.depends_on.iter().all(there))
        })
        .partition(|entry| {
            entry
                .depends_on
                .iter()
                .any(|id| kinds.get(id) == Some(&EntryKind::Schema))
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
                let remedy = Remedy::from("make the role or right it lacks, then on the target: ")
                    .then(Remedy::run(statements.join("; ")));
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
            (Content::Grants, &work.migration.selection.roles),
        )
        .await
        .doing("reading the schema archive")?;
        let statements: Vec<(i32, String)> = script
            .pieces
            .iter()
            .flat_map(|piece| {
                let statements = restore::statements(&piece.sql).into_iter();
                statements.map(|statement| (piece.dump_id, statement.to_owned()))
            })
            .collect();
        let texts: Vec<String> = statements.iter().map(|(_, text)| text.clone()).collect();
        let failed = attempt_each(target, &texts).await.doing("granting privileges")?;
        let mut reasons: HashMap<i32, String> = HashMap::new();
        for (number, message) in failed {
            let (dump_id, statement) = statements[number].clone();
            reasons.insert(dump_id, message.clone());
            refused.0.entry(message).or_default().push(statement);
        }
        record(work, target, group, &reasons).await?;
    }
    Ok(())
}

fn item<'a>(entry: &'a Entry, reason: &'a str) -> Item<'a> {
    Item {
        dump_id: entry.dump_id,
        description: &entry.description,
        reason,
        identity: None,
    }
}

/// What was refused is tried again later.
async fn record(
    work: &SchemaWork<'_>,
    target: &Session,
    group: &[&Entry],
    reasons: &HashMap<i32, String>,
) -> Result<()> {
    let (refused, applied): (Vec<&Entry>, Vec<&Entry>) = group
        .iter()
        .partition(|entry| reasons.contains_key(&entry.dump_id));
    let applied: Vec<Item<'_>> = applied.iter().map(|entry| item(entry, "")).collect();
    let refused: Vec<Item<'_>> = refused
        .iter()
        .map(|entry| item(entry, reasons[&entry.dump_id].as_str()))
        .collect();
    for (disposition, items) in [(Disposition::Restored, applied), (Disposition::Failed, refused)] {
        archive::record(&**target, work.archive(), disposition, &items)
            .await
            .doing("recording the granted privileges")?;
    }
    Ok(())
}

/// Tries once more all owners and grants that were refused, of every archive.
pub(crate) async fn try_again(work: &SchemaWork<'_>) -> Result<()> {
    let target = work.own_target().await?;
    let doing = "reading which owners and grants were refused";
    let mut reported = Vec::new();
    for code in [owners::CODE, CODE] {
        reported.extend(
            finding::current(&*target, findings::ORIGIN, code)
                .await
                .doing(doing)?,
        );
    }
    if reported.is_empty() {
        return Ok(());
    }
    let roles = &work.migration.selection.roles;
    let owners: BTreeSet<String> = reported
        .iter()
        .filter(|finding| finding.code == owners::CODE)
        // The map may have come since.
        .flat_map(|finding| [finding.object.clone(), roles.target(&finding.object).to_owned()])
        .collect();
    forget(&target).await?;
    let additions = addition::all(&*target).await.doing(doing)?;
    for number in archive::numbers(&*target).await.doing(doing)? {
        let options = SchemaOptions::new(work.options.programs.clone(), work.options.replica_role);
        let one = SchemaWork {
            addition: additions.iter().find(|addition| addition.number == number),
            options: &options,
            ..work.clone()
        };
        set(&one, GrantMoment::Again, Some(&owners)).await?;
    }
    Ok(())
}

async fn forget(target: &Session) -> Result<()> {
    for code in [owners::CODE, CODE] {
        finding::clear(&**target, findings::ORIGIN, code)
            .await
            .doing("clearing findings")?;
    }
    Ok(())
}
