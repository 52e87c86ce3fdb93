//! A migration between a pair as the engine takes it: its two ends, and what the state says of it.

use transhume_core::selection::Selection;
use transhume_engine::endpoints::Endpoints;
use transhume_pg::{
    connection::{
        conninfo::{ConnectionSettings, Environment},
        names,
        session::Session,
    },
    state::migration::{self, Migration, NewMigration, SourceIdentity},
};
use transhume_testkit::Pair;

pub(crate) const ID: &str = "0123abcd";

pub(crate) fn settings(url: &str) -> ConnectionSettings {
    ConnectionSettings::parse(url, &Environment::of([])).unwrap()
}

pub(crate) fn endpoints(pair: &Pair) -> Endpoints {
    Endpoints {
        source: settings(&pair.source_url),
        target: settings(&pair.target_url),
    }
}

/// Makes the state on the target, with a new migration from this source in it.
pub(crate) async fn record(endpoints: &Endpoints, selection: Selection) -> Migration {
    let source = Session::connect(&endpoints.source, "test").await.unwrap();
    let mut target = Session::connect(&endpoints.target, "test").await.unwrap();
    let identity = source.query_one(include_str!("sql/identity.sql"), &[]).await;
    let identity = identity.unwrap();
    let (database, database_oid) = migration::database(&source).await.unwrap();
    let new = NewMigration {
        id: ID.to_owned(),
        selection,
        source_label: "the test's source".to_owned(),
        identity: SourceIdentity {
            system: identity.get("system"),
            database_oid,
            database,
            timeline: identity.get("timeline"),
        },
        slot_name: names::slot(ID),
        publication_name: names::publication(ID),
    };
    migration::create(&mut target, &new).await.unwrap();
    migration::read(&target).await.unwrap().unwrap()
}
