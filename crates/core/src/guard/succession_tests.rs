use super::*;

fn remembered() -> RememberedSource<'static> {
    RememberedSource {
        system: "7",
        timeline: 1,
        database_oid: 16_384,
        database: "shop",
        slot: "transhume_0123abcd",
        direction: Direction::Forward,
        applied: Lsn(100),
        loaded: Lsn(0),
    }
}

fn standing(timeline: Option<i32>) -> ServerStanding {
    ServerStanding {
        in_recovery: timeline.is_none(),
        system: Some("7".to_owned()),
        timeline,
        database_oid: 16_384,
        database: "shop".to_owned(),
        wal_end: Lsn(500),
        slot: Some(SlotStanding {
            plugin: "pgoutput".to_owned(),
            database: "shop".to_owned(),
            active_pid: None,
            confirmed_flush: Some(Lsn(90)),
            restart: Some(Lsn(50)),
            wal_status: Some("reserved".to_owned()),
            is_failover: true,
        }),
    }
}

/// Timeline 2 began at `point`.
fn promoted(standing: &ServerStanding, point: &str) -> Succession {
    let history = TimelineHistory::parse(&format!("1\t{point}\tno recovery target specified")).unwrap();
    assert!(needs_history(&remembered(), standing));
    judge(&remembered(), "7", standing, Some(&history))
}

#[test]
fn the_same_timeline_is_the_same_server_and_a_standby_is_waited_for() {
    let same = standing(Some(1));
    assert!(!needs_history(&remembered(), &same));
    assert_eq!(judge(&remembered(), "7", &same, None), Succession::Same);
    assert_eq!(
        judge(&remembered(), "7", &standing(None), None),
        Succession::Standby
    );
}

#[test]
fn a_promoted_server_continues_where_it_has_all_that_was_applied() {
    let continues = Succession::Continues {
        timeline: 2,
        switch_point: Lsn(0x64),
    };
    assert_eq!(promoted(&standing(Some(2)), "0/64"), continues);
    assert_eq!(refusal(&remembered(), &continues), None);
}

#[test]
fn one_that_lacks_what_was_applied_was_set_back_and_both_sides_are_named() {
    let set_back = promoted(&standing(Some(2)), "0/63");
    let Succession::SetBack { switch_point, .. } = set_back else {
        panic!("{set_back:?}");
    };
    assert_eq!(switch_point, Lsn(0x63));
    let [_, detail, hint] = refusal(&remembered(), &set_back).unwrap();
    assert!(detail.contains("promoted at 0/63") && detail.contains("up to 0/64"));
    assert!(hint.contains("abort drops the copy") && hint.contains("--keep-target"));
}

/// What was loaded may be of a later moment than all that is applied.
#[test]
fn one_that_lacks_what_was_loaded_was_set_back_too() {
    let remembered = RememberedSource {
        loaded: Lsn(0x70),
        ..remembered()
    };
    let at = |point: &str| {
        let history = TimelineHistory::parse(&format!("1\t{point}\tno recovery target specified")).unwrap();
        judge(&remembered, "7", &standing(Some(2)), Some(&history))
    };
    let set_back = at("0/6F");
    assert!(matches!(set_back, Succession::SetBack { .. }), "{set_back:?}");
    let [_, detail, _] = refusal(&remembered, &set_back).unwrap();
    assert!(detail.contains("up to 0/70"), "{detail}");
    assert!(matches!(at("0/70"), Succession::Continues { .. }));
}

#[test]
fn a_slot_that_cannot_send_the_rest_is_no_continuation() {
    let loss = |slot| {
        let standing = ServerStanding {
            slot,
            ..standing(Some(2))
        };
        match promoted(&standing, "0/80") {
            Succession::SlotUnusable { reason, .. } => reason,
            other => panic!("{other:?}"),
        }
    };
    let slot = standing(Some(2)).slot.unwrap();
    assert_eq!(loss(None), SlotLoss::Missing);
    assert_eq!(
        loss(Some(SlotStanding {
            wal_status: Some("lost".to_owned()),
            ..slot.clone()
        })),
        SlotLoss::WalRemoved
    );
    let ahead = SlotStanding {
        confirmed_flush: Some(Lsn(101)),
        ..slot
    };
    assert_eq!(loss(Some(ahead)), SlotLoss::Ahead { confirmed: Lsn(101) });
}

#[test]
fn a_slot_that_was_dropped_or_moved_is_told_on_the_same_server_too() {
    let slot = standing(Some(1)).slot.unwrap();
    assert_eq!(lost_slot_on(&remembered(), Some(&slot)), None);
    let [missing, _] = lost_slot_on(&remembered(), None).unwrap();
    assert!(missing.contains("does not exist") && missing.contains("up to 0/64"));
    let advanced = SlotStanding {
        confirmed_flush: Some(Lsn(101)),
        ..slot
    };
    let [ahead, remedy] = lost_slot_on(&remembered(), Some(&advanced)).unwrap();
    assert!(ahead.contains("confirmed up to 0/65") && remedy.contains("abort"));
}

#[test]
fn another_system_database_or_line_of_descent_is_another_server() {
    let here = standing(Some(1));
    let difference = |system: &str, standing: &ServerStanding, history| match judge(
        &remembered(),
        system,
        standing,
        history,
    ) {
        Succession::Other(difference) => difference,
        other => panic!("{other:?}"),
    };
    assert!(matches!(difference("8", &here, None), Divergence::System { .. }));
    let elsewhere = ServerStanding {
        database_oid: 5,
        ..here
    };
    assert!(matches!(
        difference("7", &elsewhere, None),
        Divergence::Database { oid: 5, .. }
    ));
    let fork = TimelineHistory::parse("3\t0/64\t").unwrap();
    assert_eq!(
        difference("7", &standing(Some(4)), Some(&fork)),
        Divergence::Timeline { found: 4 }
    );
}
