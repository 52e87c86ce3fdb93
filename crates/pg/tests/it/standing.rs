//! What a server says of itself before, while and after it is promoted.

use std::time::{Duration, Instant};

use transhume_core::guard::succession::{RememberedSource, Succession, judge, needs_history};
use transhume_pg::{
    assess,
    connection::{
        conninfo::{ConnectionSettings, Environment},
        raw::{Mode, RawConnection},
        session::Session,
    },
    guard::standing::{history, standing},
};
use transhume_testkit::server::{self, EVERYDAY_MAJOR};

const SLOT: &str = "transhume_0123abcd";

fn settings(url: &str) -> ConnectionSettings {
    ConnectionSettings::parse(url, &Environment::default()).unwrap()
}

async fn session(url: &str) -> Session {
    Session::connect(&settings(url), "transhume:test:standing")
        .await
        .unwrap()
}

/// Right after the promotion the control file still names the former timeline: the checkpoint that changes it is held up.
#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_server_names_its_new_timeline_at_once() {
    let primary = server::cluster(EVERYDAY_MAJOR);
    let source = session(&primary.url("postgres")).await;
    source
        .execute(
            "select pg_catalog.pg_create_logical_replication_slot($1, 'pgoutput')",
            &[&SLOT],
        )
        .await
        .unwrap();
    let before = standing(&source, SLOT).await.unwrap();
    assert!(!before.in_recovery && before.timeline == Some(1));
    assert_eq!(before.slot.as_ref().unwrap().database, "postgres");
    assert_eq!(standing(&source, "transhume_nothing").await.unwrap().slot, None);

    let standby = primary.standby(&[]).unwrap();
    let there = session(&standby.url("postgres")).await;
    let waiting = standing(&there, SLOT).await.unwrap();
    assert!(waiting.in_recovery && waiting.timeline.is_none());
    let remembered = RememberedSource {
        system: before.system.as_deref().unwrap(),
        timeline: 1,
        database_oid: before.database_oid,
        database: "postgres",
        direction: transhume_core::direction::Direction::Forward,
        slot: SLOT,
        applied: before.wal_end,
        loaded: before.wal_end,
    };
    let system = waiting.system.clone().unwrap();
    assert_eq!(judge(&remembered, &system, &waiting, None), Succession::Standby);

    until_replayed(&source, &there).await;
    standby.promote().unwrap();
    let promoted = standing(&there, SLOT).await.unwrap();
    assert_eq!((promoted.in_recovery, promoted.timeline), (false, Some(2)));
    assert_eq!(assess::identity(&there).await.unwrap().unwrap().timeline, 2);
    assert!(needs_history(&remembered, &promoted));
    let mut asking = RawConnection::connect(
        &settings(&standby.url("postgres")),
        "transhume:test:history",
        Mode::Replication,
    )
    .await
    .unwrap();
    let past = history(&mut asking, 2).await.unwrap();
    let switch_point = past.switch_point(1).unwrap();
    assert!(switch_point >= before.wal_end);
    // All of it is there, but 15 keeps no slot on a standby.
    assert!(matches!(
        judge(&remembered, &system, &promoted, Some(&past)),
        Succession::SlotUnusable { timeline: 2, .. }
    ));
}

async fn until_replayed(source: &Session, standby: &Session) {
    let end = standing(source, SLOT).await.unwrap().wal_end;
    let patience = Instant::now() + Duration::from_secs(30);
    loop {
        let replayed = standing(standby, SLOT).await.unwrap().wal_end;
        if replayed >= end {
            return;
        }
        assert!(Instant::now() < patience, "replayed {replayed} of {end}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
