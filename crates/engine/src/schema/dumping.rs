//! The dump under the load's snapshot, and the decision for each of its entries.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use transhume_core::{
    count::counted,
    finding::Finding,
    schema::archive::{
        self as contents, ArchiveContext, Decision, Decisions, Entry, EntryKind, Facts, Joining,
    },
    selection::{Selection, Selector},
};
use transhume_pg::{
    catalog::{
        archive_facts::{archive_facts, keys_over_extensions},
        database::has_usual_comment_of_public,
        extensions::extensions,
        identities::{on_target, user_mappings},
    },
    connection::{names, session::Session, snapshot::SnapshotHolder},
    schema::{
        archive_file::ArchiveFile,
        dump::{self as pg_dump, Programs},
    },
    state::{
        archive::{self, Disposition, Item, NewArchive},
        history,
    },
};

use super::{ROLE, SchemaWork, builds, choice::Choice, contents as stored, findings};
use crate::{
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
};

/// How a dump with quoted names calls it.
const COMMENT_OF_PUBLIC: &str = "COMMENT - SCHEMA \"public\" ";

/// Dumps the schema as the held snapshot shows it and decides what becomes of each entry. Archive and
/// decisions are stored together; called again, it does nothing.
pub async fn dump(work: &SchemaWork<'_>, holder: &SnapshotHolder) -> Result<()> {
    let mut target = work.target().await?;
    if archive::is_stored(&**target, work.archive())
        .await
        .doing("looking for the schema archive")?
    {
        return Ok(());
    }
    let mut source = work.source().await?;
    let programs = stored::programs(work, source.server_version().major(), &target)?;
    findings::record(work, &target, programs.finding().into_iter().collect()).await?;
    let name = names::application_name(&work.migration.id, ROLE);
    let dumping = dumped(Dumping {
        programs: &programs,
        endpoints: work.endpoints,
        selector: work.selector,
        selection: &work.migration.selection,
        source: &mut source,
        target: &target,
        application_name: &name,
        snapshot: holder.name(),
        addition: added(work, &target).await?,
    });
    let Dumped {
        bytes,
        file,
        decisions,
        choice,
        ..
    } = tokio::select! {
        dumped = dumping => match dumped {
            Err(error) if !holder.is_alive().await => return Err(holder.gone(&error)).doing("dumping the schema"),
            dumped => dumped?,
        },
        () = work.cancellation.cancelled() => return Err(EngineError::Interrupted),
    };
    let unmet: Vec<_> = decisions.unmet.iter().map(findings::unmet).collect();
    if decisions.unmet.iter().any(|unmet| unmet.blocks) {
        return Err(EngineError::Blocked(unmet));
    }
    findings::record(work, &target, unmet).await?;
    findings::record(work, &target, choice.findings(&decisions)).await?;
    store(
        &mut target,
        NewArchive {
            number: work.archive(),
            content: &bytes,
            tool_version: &programs.version.to_string(),
            shows: holder.snapshot(),
        },
        (&decisions, &choice),
    )
    .await?;
    work.reporter.step(format!(
        "schema dumped by pg_dump {}: {}",
        programs.version,
        counted(decisions.entries.len(), "entry")
    ));
    let entries = decisions.entries.into_iter().map(|(entry, _)| entry).collect();
    let archive = Arc::new(stored::Archive::fresh(programs, file, entries));
    work.options.opened.get_or_init(async || archive).await;
    Ok(())
}

/// What a schema would become on the target.
#[derive(Debug, Clone, Default)]
pub(crate) struct Preview {
    /// Description and reason.
    pub(crate) left_out: Vec<(String, String)>,
    pub(crate) findings: Vec<Finding>,
}

impl Preview {
    fn of(decisions: &Decisions, choice: &Choice) -> Self {
        let unmet = decisions.unmet.iter().map(findings::unmet);
        let left_out = |(entry, decision): &(Entry, Decision)| match decision {
            Decision::LeftOut(reason) => Some((entry.description.clone(), reason.clone())),
            _ => None,
        };
        Self {
            left_out: decisions.entries.iter().filter_map(left_out).collect(),
            findings: unmet.chain(choice.findings(decisions)).collect(),
        }
    }
}

/// Dumps and decides as [`dump`] would now, and writes nothing.
pub(crate) async fn preview(
    endpoints: &Endpoints,
    programs: &Programs,
    (selection, selector): (&Selection, &Selector),
    source: &mut Session,
    target: &Session,
) -> Result<Preview> {
    let dumped = dumped_now(endpoints, programs, (selection, selector), source, target).await?;
    Ok(dumped.preview())
}

/// The schema under a snapshot of now, and what would become of it.
pub(super) async fn dumped_now(
    endpoints: &Endpoints,
    programs: &Programs,
    (selection, selector): (&Selection, &Selector),
    source: &mut Session,
    target: &Session,
) -> Result<Dumped> {
    let holder = SnapshotHolder::fresh(&endpoints.source, "plan")
        .await
        .doing("taking a snapshot of the source")?;
    let name = names::application_name("plan", ROLE);
    dumped(Dumping {
        programs,
        endpoints,
        selector,
        selection,
        source,
        target,
        application_name: &name,
        snapshot: holder.name(),
        addition: None,
    })
    .await
}

struct Dumping<'a> {
    programs: &'a Programs,
    endpoints: &'a Endpoints,
    selector: &'a Selector,
    /// Says what is left out by name.
    selection: &'a Selection,
    source: &'a mut Session,
    target: &'a Session,
    application_name: &'a str,
    snapshot: &'a str,
    addition: Option<Joining>,
}

async fn added(work: &SchemaWork<'_>, target: &Session) -> Result<Option<Joining>> {
    let Some(addition) = work.addition else {
        return Ok(None);
    };
    Ok(Some(Joining {
        tables: addition.names().cloned().collect(),
        known: stored::known(work, target).await?,
    }))
}

/// A dump at hand.
pub(super) struct Dumped {
    bytes: Vec<u8>,
    pub(super) file: ArchiveFile,
    pub(super) decisions: Decisions,
    pub(super) facts: Facts,
    choice: Choice,
}

impl Dumped {
    pub(super) fn preview(&self) -> Preview {
        Preview::of(&self.decisions, &self.choice)
    }
}

async fn dumped(dumping: Dumping<'_>) -> Result<Dumped> {
    let Dumping {
        programs, snapshot, ..
    } = dumping;
    let source_major = dumping.source.server_version().major();
    let bytes = pg_dump::schema(
        programs,
        (&dumping.endpoints.source, source_major),
        dumping.application_name,
        snapshot,
    )
    .await
    .doing("dumping the schema")?;
    let (file, mut entries) = stored::unpacked(programs, &bytes).await?;
    add_needs(dumping.source, &mut entries).await?;
    let facts = archive_facts(dumping.source, snapshot, &entries)
        .await
        .doing("reading the catalogs of the source")?;
    let mut choice = Choice::of(dumping.selection, (dumping.source, dumping.target), &entries).await?;
    let mut addition = dumping.addition;
    if let Some(joining) = &mut addition {
        let decisions = decide(
            dumping.selector,
            dumping.target,
            entries.clone(),
            (&facts, &choice.left_out),
            Some(&*joining),
        )
        .await?;
        add_what_is_there((&*dumping.source, dumping.target), &decisions, joining).await?;
    }
    let mut decisions = decide(
        dumping.selector,
        dumping.target,
        entries,
        (&facts, &choice.left_out),
        addition.as_ref(),
    )
    .await?;
    leave_usual_comment(dumping.source, &mut decisions.entries).await?;
    choice.absent = decisions
        .chosen
        .iter()
        .flat_map(|chosen| std::iter::once(chosen.dump_id).chain(chosen.dependents.iter().copied()))
        .collect();
    Ok(Dumped {
        bytes,
        file,
        decisions,
        facts,
        choice,
    })
}

/// A type, function or sequence that the tables need may have reached the target by another way than an archive: a statement that was
/// followed has made it.
async fn add_what_is_there(
    (source, target): (&Session, &Session),
    decisions: &Decisions,
    joining: &mut Joining,
) -> Result<()> {
    let wanted: Vec<&Entry> = decisions
        .entries
        .iter()
        .filter(|(_, decision)| matches!(decision, Decision::BeforeData | Decision::AfterData))
        .map(|(entry, _)| entry)
        .collect();
    let there = on_target(source, target, &wanted)
        .await
        .doing("looking for what the target has already")?;
    let objects = wanted.iter().filter(|entry| there.contains(&entry.dump_id));
    joining.known.extend(objects.map(|entry| entry.object));
    Ok(())
}

/// pg_dump writes a user mapping as needing nothing, and a key as needing no extension.
async fn add_needs(source: &Session, entries: &mut [Entry]) -> Result<()> {
    let listed: Vec<&Entry> = entries.iter().collect();
    let mappings = user_mappings(source, &listed)
        .await
        .doing("reading the user mappings of the source")?;
    let keys = keys_over_extensions(source)
        .await
        .doing("reading the keys of the source that need extensions")?;
    let by_object: HashMap<_, i32> = entries
        .iter()
        .map(|entry| (entry.object, entry.dump_id))
        .collect();
    for entry in entries.iter_mut() {
        let server = mappings.get(&entry.description).map(|mapping| mapping.server);
        let extensions = keys
            .iter()
            .filter(|(key, _)| entry.kind == EntryKind::Constraint && *key == entry.object)
            .map(|(_, extension)| *extension);
        let needs = server.into_iter().chain(extensions);
        let needs: Vec<i32> = needs.filter_map(|need| by_object.get(&need).copied()).collect();
        entry.depends_on.extend(needs);
    }
    Ok(())
}

/// pg_dump takes a comment for one of somebody's own where it quotes the schema's name.
async fn leave_usual_comment(source: &Session, entries: &mut [(Entry, Decision)]) -> Result<()> {
    let comment = entries
        .iter_mut()
        .find(|(entry, _)| entry.description.starts_with(COMMENT_OF_PUBLIC));
    let Some((_, decision)) = comment else {
        return Ok(());
    };
    let is_usual = has_usual_comment_of_public(source)
        .await
        .doing("reading the comment of the schema public")?;
    if is_usual && *decision != Decision::Ignored {
        *decision = Decision::LeftOut("every database has it".to_owned());
    }
    Ok(())
}

async fn decide(
    selector: &Selector,
    target: &Session,
    entries: Vec<Entry>,
    (facts, left_out): (&Facts, &HashMap<i32, contents::LeaveOut>),
    addition: Option<&Joining>,
) -> Result<Decisions> {
    let target_schemas: HashSet<String> = archive::schemas(&**target)
        .await
        .doing("reading the target's schemas")?
        .into_iter()
        .collect();
    let target_extensions: HashSet<String> = extensions(target)
        .await
        .doing("reading the target's extensions")?
        .into_iter()
        .map(|extension| extension.name)
        .collect();
    let situation = ArchiveContext {
        facts,
        selector,
        target_schemas: &target_schemas,
        target_extensions: &target_extensions,
        left_out,
    };
    Ok(match addition {
        Some(joining) => contents::decide_addition(entries, &situation, joining),
        None => contents::decide(entries, &situation),
    })
}

async fn store(
    target: &mut Session,
    new: NewArchive<'_>,
    (decisions, choice): (&Decisions, &Choice),
) -> Result<()> {
    let number = new.number;
    let mut left_out = Vec::new();
    let mut replaced = Vec::new();
    for (entry, decision) in &decisions.entries {
        let item = |reason| Item {
            dump_id: entry.dump_id,
            description: &entry.description,
            reason,
            identity: choice.identity_of_absent(entry.dump_id),
        };
        match decision {
            Decision::LeftOut(reason) => left_out.push(item(reason)),
            Decision::Build => replaced.push(item(builds::reason(entry.kind))),
            Decision::Definition => {
                replaced.push(item("it is made when the keys that it rests on are there"));
            }
            Decision::BeforeData | Decision::AfterData | Decision::Grant | Decision::Ignored => {}
        }
    }
    let detail = serde_json::json!({
        "entries": decisions.entries.len(), "left_out": left_out.len(), "replaced": replaced.len(),
        "pg_dump": new.tool_version,
    });
    let storing = async {
        let transaction = target.transaction().await?;
        archive::store(&transaction, &new).await?;
        archive::record(&transaction, number, Disposition::LeftOut, &left_out).await?;
        archive::record(&transaction, number, Disposition::Replaced, &replaced).await?;
        history::add(&transaction, "schema dumped", &detail).await?;
        Ok(transaction.commit().await?)
    };
    storing.await.doing("storing the schema archive")
}
