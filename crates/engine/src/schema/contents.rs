//! The stored archive at hand: the programs, its bytes in a file, its entries and what became of them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use transhume_core::schema::archive::{
    CatalogObject, Decision, Entry, EntryKind, join_shells_to_types, sections,
};
use transhume_pg::{
    connection::session::Session,
    schema::{archive_file::ArchiveFile, archive_list, dump::Programs},
    state::{
        addition,
        archive::{self, Disposition},
    },
};

use super::{SchemaOptions, SchemaWork};
use crate::error::{Doing, EngineError, Result};

/// The archive as it was stored once, which never changes: unpacked and listed by the first step that
/// needs it, since starting programs costs more than all else in the migration of a small database.
#[derive(Debug)]
pub(super) struct Archive {
    pub(super) programs: Programs,
    pub(super) file: ArchiveFile,
    /// In the archive's order, each with the section that it belongs to.
    pub(super) entries: Vec<(Entry, Decision)>,
}

pub(super) struct Contents {
    pub(super) archive: Arc<Archive>,
    pub(super) items: HashMap<i32, Disposition>,
}

impl Archive {
    async fn stored(work: &SchemaWork<'_>, source_major: u32, target: &Session) -> Result<Arc<Self>> {
        let programs = programs(work, source_major, target)?;
        let bytes = archive::read(&**target, work.archive())
            .await
            .doing("reading the schema archive")?;
        let (file, entries) = unpacked(&programs, &bytes).await?;
        Ok(Arc::new(Self {
            programs,
            file,
            entries: sections(entries),
        }))
    }

    /// As it was just written and listed.
    pub(super) fn fresh(programs: Programs, file: ArchiveFile, entries: Vec<Entry>) -> Self {
        Self {
            programs,
            file,
            entries: sections(entries),
        }
    }
}

impl Contents {
    /// From the target, so that any machine can go on with what another began.
    pub(super) async fn stored(work: &SchemaWork<'_>, source_major: u32, target: &Session) -> Result<Self> {
        if !archive::is_stored(&**target, work.archive())
            .await
            .doing("looking for the schema archive")?
        {
            return Err(EngineError::refused(
                "the schema has not been dumped yet",
                "run the migration from its beginning",
            ));
        }
        let opened = &work.options.opened;
        let opening = opened.get_or_try_init(|| Archive::stored(work, source_major, target));
        let archive = Arc::clone(opening.await?);
        let items = archive::items(&**target, work.archive())
            .await
            .doing("reading what became of the archive's items")?;
        Ok(Self { archive, items })
    }

    /// Entries of this section that nothing became of yet.
    pub(super) fn open(&self, section: &Decision) -> Vec<&Entry> {
        self.archive
            .entries
            .iter()
            .filter(|(entry, _)| !self.items.contains_key(&entry.dump_id))
            .filter(|(entry, decision)| self.section(entry, decision) == section)
            .map(|(entry, _)| entry)
            .collect()
    }

    /// A partition that joins a parent which is there already is attached with its indexes: attached before, it
    /// would get new ones by other names.
    fn section<'a>(&self, entry: &Entry, decision: &'a Decision) -> &'a Decision {
        let is_there = |id: &i32| self.items.get(id) == Some(&Disposition::LeftOut);
        if entry.kind == EntryKind::TableAttach && entry.depends_on.iter().any(is_there) {
            return &Decision::AfterData;
        }
        decision
    }

    pub(super) fn with(&self, disposition: Disposition) -> impl Iterator<Item = &(Entry, Decision)> {
        self.archive
            .entries
            .iter()
            .filter(move |(entry, _)| self.items.get(&entry.dump_id) == Some(&disposition))
    }
}

/// Objects that archives before this one brought to the target, or will with the builds that wait.
pub(super) async fn known(work: &SchemaWork<'_>, target: &Session) -> Result<HashSet<CatalogObject>> {
    let source_major = work.source().await?.server_version().major();
    let additions = addition::all(&**target).await.doing("reading the additions")?;
    let numbers = archive::numbers(&**target)
        .await
        .doing("looking for schema archives")?;
    let mut known = HashSet::new();
    for number in numbers.into_iter().filter(|number| *number != work.archive()) {
        let options = SchemaOptions::new(work.options.programs.clone(), work.options.replica_role);
        let earlier = SchemaWork {
            addition: additions.iter().find(|addition| addition.number == number),
            options: &options,
            ..work.clone()
        };
        let contents = Contents::stored(&earlier, source_major, target).await?;
        known.extend(
            contents
                .with(Disposition::Restored)
                .chain(contents.with(Disposition::Replaced))
                .map(|(entry, _)| entry.object)
                .filter(|object| object.class != 0),
        );
    }
    Ok(known)
}

/// The archive at hand for pg_restore, and its table of contents.
pub(super) async fn unpacked(programs: &Programs, bytes: &[u8]) -> Result<(ArchiveFile, Vec<Entry>)> {
    let file = ArchiveFile::holding(bytes).doing("unpacking the schema archive")?;
    let mut entries = archive_list::read(programs, &file)
        .await
        .doing("reading the schema archive's table of contents")?;
    join_shells_to_types(&mut entries);
    Ok((file, entries))
}

pub(super) fn programs(work: &SchemaWork<'_>, source_major: u32, target: &Session) -> Result<Programs> {
    if let Some(programs) = work.options.found.get() {
        return Ok(programs.clone());
    }
    let found = Programs::find(
        work.options.programs.as_deref(),
        source_major,
        target.server_version().major(),
    )
    .doing("looking for pg_dump and pg_restore")?;
    Ok(work.options.found.get_or_init(|| found).clone())
}
