//! What the migration's state says that differs on purpose.

use std::collections::HashSet;

use transhume_core::{
    direction::Direction,
    verify::objects::{Deliberate, as_named},
};
use transhume_pg::{
    connection::session::Session,
    state::{
        archive,
        deviation::{self, Side},
        held, migration,
        undo::Undo,
    },
    verify::objects::of_all_tables,
};

use crate::error::{Doing, Result};

const DOING: &str = "reading what the migration makes different on purpose";

/// What an entry is left out for where the selection is the reason.
const FOR_NEED: &str = "it needs ";

pub(super) async fn of_migration(source: &Session, target: &Session) -> Result<Deliberate> {
    let on_source = deviation::open(target, Side::Source).await.doing(DOING)?;
    let on_target = deviation::open(target, Side::Target).await.doing(DOING)?;
    let held = held::builds(target).await.doing(DOING)?;
    let migration = migration::read(target).await.doing(DOING)?;
    let reversed = migration.is_some_and(|migration| migration.direction == Direction::Reverse);
    // The archive stays with the migration that restored it, on the server that was its target.
    let restored = if reversed { source } else { target };
    let left_out = archive::left_out(&**restored).await.doing(DOING)?;
    let chosen = archive::absent_by_choice(&**restored).await.doing(DOING)?;
    let identities = on_source
        .iter()
        .flat_map(|deviation| &deviation.undo)
        .filter_map(|undo| match undo {
            Undo::RestoreIdentity { table, identity } => Some((table.to_string(), identity.words())),
            _ => None,
        });
    let [mut readers, mut writers] = of_all_tables(source).await.doing(DOING)?;
    let [readers_there, writers_there] = of_all_tables(target).await.doing(DOING)?;
    readers.extend(readers_there);
    writers.extend(writers_there);
    Ok(Deliberate {
        readers,
        writers,
        closed: on_target
            .iter()
            .any(|deviation| deviation.kind == deviation::FENCE),
        reversed,
        identities: identities.collect(),
        chosen: chosen.iter().map(|name| as_named(name)).collect(),
        undo: on_target
            .iter()
            .flat_map(|deviation| deviation.undo.iter().map(Undo::statement))
            .collect(),
        held: held.into_iter().map(|build| build.name).collect::<HashSet<_>>(),
        left_out: left_out
            .into_iter()
            .filter(|(_, reason)| reason.starts_with(FOR_NEED))
            .map(|(description, _)| format!("{description} "))
            .collect(),
    })
}
