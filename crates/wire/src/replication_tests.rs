use proptest::prelude::*;

use super::*;

#[test]
fn a_piece_of_the_stream_keeps_its_positions_and_bytes() {
    let content = Bytes::from_static(b"w\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x03Bxyz");

    assert_eq!(
        ServerMessage::decode(content),
        Ok(ServerMessage::Data {
            wal_start: Lsn(1),
            wal_end: Lsn(2),
            data: Bytes::from_static(b"Bxyz"),
        })
    );
}

#[test]
fn a_keepalive_tells_the_wal_end_and_whether_to_answer() {
    let content = Bytes::from_static(b"k\0\0\0\x16\xb3\x74\xd8\x48\0\0\0\0\0\0\0\x03\x01");

    assert_eq!(
        ServerMessage::decode(content),
        Ok(ServerMessage::Keepalive {
            wal_end: Lsn(0x16_B374_D848),
            reply_requested: true,
        })
    );
}

#[test]
fn unknown_short_and_long_messages_are_refused() {
    for content in [
        &b""[..],
        b"x",
        b"w\0\0",
        b"k\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x03\x01\0",
    ] {
        assert!(ServerMessage::decode(Bytes::copy_from_slice(content)).is_err());
    }
}

#[test]
fn commands_quote_every_name() {
    assert_eq!(
        create_slot("transhume_1", SlotSnapshot::Export, SlotLife::Server),
        r#"CREATE_REPLICATION_SLOT "transhume_1" LOGICAL pgoutput EXPORT_SNAPSHOT"#
    );
    assert_eq!(
        create_slot("t", SlotSnapshot::None, SlotLife::Temporary),
        r#"CREATE_REPLICATION_SLOT "t" TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT"#
    );
    assert_eq!(drop_slot("t", true), r#"DROP_REPLICATION_SLOT "t" WAIT"#);
    let messages = PluginOptions {
        messages: true,
        in_progress: false,
    };
    assert_eq!(
        start_replication("t", Lsn(0x1_0000_00AB), &["a", r#"it's "b"\"#], messages),
        r#"START_REPLICATION SLOT "t" LOGICAL 1/AB (proto_version '1', publication_names '"a","it''s ""b""\"', messages 'true')"#
    );
    assert_eq!(
        start_replication("t", Lsn::ZERO, &["a"], PluginOptions::default()),
        r#"START_REPLICATION SLOT "t" LOGICAL 0/0 (proto_version '1', publication_names '"a"')"#
    );
    let all = PluginOptions {
        in_progress: true,
        ..messages
    };
    assert_eq!(
        start_replication("t", Lsn::ZERO, &["a"], all),
        r#"START_REPLICATION SLOT "t" LOGICAL 0/0 (proto_version '2', publication_names '"a"', messages 'true', streaming 'on')"#
    );
}

proptest! {
    #[test]
    fn any_bytes_decode_or_fail_without_panic(content in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = ServerMessage::decode(content.clone().into());
        let _ = StandbyStatus::decode(content.into());
    }

    #[test]
    fn a_standby_status_reads_back(written: u64, flushed: u64, applied: u64, now: i64) {
        let status = StandbyStatus { written: Lsn(written), flushed: Lsn(flushed), applied: Lsn(applied) };
        prop_assert_eq!(StandbyStatus::decode(status.encode(now)), Ok((status, now)));
    }
}
