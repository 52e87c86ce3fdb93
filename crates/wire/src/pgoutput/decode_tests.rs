use proptest::prelude::*;

use super::*;
use crate::lsn::Lsn;

/// Decodes a message given in pieces.
fn decode_pieces(pieces: &[&[u8]]) -> Result<Message, DecodeError> {
    decode(Bytes::from(pieces.concat()))
}

/// 2000-01-01 and one microsecond, big-endian.
const TIME: &[u8] = b"\0\0\0\0\0\0\0\x01";
const LSN_A: &[u8] = b"\0\0\0\0\0\0\0\xA0";
const LSN_B: &[u8] = b"\0\0\0\0\0\0\0\xB0";
const RELATION: &[u8] = b"\0\0\x40\x01";
/// Two columns: a text `ab`, and null.
const TUPLE: &[u8] = b"\0\x02t\0\0\0\x02abn";

fn tuple_ab() -> Tuple {
    Tuple(vec![
        ColumnValue::Text(Bytes::from_static(b"ab")),
        ColumnValue::Null,
    ])
}

#[test]
fn a_transaction_s_ends_decode() {
    assert_eq!(
        decode_pieces(&[b"B", LSN_A, TIME, b"\0\0\x02\xDA"]),
        Ok(Message::Begin(Begin {
            final_lsn: Lsn(0xA0),
            commit_time_micros: 1,
            xid: 730,
        }))
    );
    assert_eq!(
        decode_pieces(&[b"C\0", LSN_A, LSN_B, TIME]),
        Ok(Message::Commit(Commit {
            commit_lsn: Lsn(0xA0),
            end_lsn: Lsn(0xB0),
            commit_time_micros: 1,
        }))
    );
}

#[test]
fn origins_types_and_relations_decode() {
    assert_eq!(
        decode_pieces(&[b"O", LSN_A, b"other\0"]),
        Ok(Message::Origin {
            commit_lsn: Lsn(0xA0),
            name: "other".to_owned(),
        })
    );
    assert_eq!(
        decode_pieces(&[b"Y", RELATION, b"\0mood\0"]),
        Ok(Message::Type {
            oid: 0x4001,
            name: QualifiedName::new("pg_catalog", "mood"),
        })
    );
    let columns = b"\0\x02\x01id\0\0\0\0\x17\xFF\xFF\xFF\xFF\0body\0\0\0\x04\x13\0\0\0\x0A";
    assert_eq!(
        decode_pieces(&[b"R", RELATION, b"public\0t\0d", columns]),
        Ok(Message::Relation(Relation {
            id: 0x4001,
            name: QualifiedName::new("public", "t"),
            replica_identity: b'd',
            columns: vec![
                RelationColumn {
                    is_key: true,
                    name: "id".to_owned(),
                    type_oid: 23,
                    type_modifier: -1,
                },
                RelationColumn {
                    is_key: false,
                    name: "body".to_owned(),
                    type_oid: 1043,
                    type_modifier: 10,
                },
            ],
        }))
    );
}

#[test]
fn row_changes_decode_with_every_kind_of_old_image() {
    let relation_id = 0x4001;
    let new = tuple_ab();
    assert_eq!(
        decode_pieces(&[b"I", RELATION, b"N", TUPLE]),
        Ok(Message::Insert {
            relation_id,
            new: new.clone()
        })
    );
    for (kind, old) in [
        (&b""[..], None),
        (b"K", Some(OldTuple::Key(tuple_ab()))),
        (b"O", Some(OldTuple::Full(tuple_ab()))),
    ] {
        let old_image = if old.is_some() { TUPLE } else { b"" };
        let new = new.clone();
        assert_eq!(
            decode_pieces(&[b"U", RELATION, kind, old_image, b"N", TUPLE]),
            Ok(Message::Update {
                relation_id,
                old,
                new
            })
        );
    }
    for (kind, old) in [
        (b"K", OldTuple::Key(tuple_ab())),
        (b"O", OldTuple::Full(tuple_ab())),
    ] {
        assert_eq!(
            decode_pieces(&[b"D", RELATION, kind, TUPLE]),
            Ok(Message::Delete { relation_id, old })
        );
    }
}

#[test]
fn unchanged_binary_and_empty_values_are_told_apart() {
    let message = decode_pieces(&[b"I", RELATION, b"N\0\x04ub\0\0\0\x01\xFFt\0\0\0\0n"]);

    let Ok(Message::Insert { new, .. }) = message else {
        panic!("{message:?}");
    };
    assert_eq!(
        new.0,
        [
            ColumnValue::Unchanged,
            ColumnValue::Binary(Bytes::from_static(b"\xFF")),
            ColumnValue::Text(Bytes::new()),
            ColumnValue::Null,
        ]
    );
}

#[test]
fn truncations_and_logical_messages_decode() {
    assert_eq!(
        decode_pieces(&[b"T\0\0\0\x02\x03", RELATION, RELATION]),
        Ok(Message::Truncate {
            relation_ids: vec![0x4001, 0x4001],
            cascade: true,
            restart_identity: true,
        })
    );
    assert_eq!(
        decode_pieces(&[b"M\x01", LSN_A, b"transhume\0\0\0\0\x02hi"]),
        Ok(Message::Logical(LogicalMessage {
            transactional: true,
            lsn: Lsn(0xA0),
            prefix: "transhume".to_owned(),
            content: Bytes::from_static(b"hi"),
        }))
    );
}

#[test]
fn values_are_slices_of_the_received_bytes() {
    let input = Bytes::from([b"I", RELATION, b"N", TUPLE].concat());
    let received = input.as_ptr_range();

    let Ok(Message::Insert { new, .. }) = decode(input.clone()) else {
        panic!("no insert");
    };
    let ColumnValue::Text(value) = &new.0[0] else {
        panic!("no text");
    };
    assert!(received.contains(&value.as_ptr()));
}

#[test]
fn an_error_names_the_message_its_cause_and_its_first_bytes() {
    let unknown = decode(Bytes::from_static(b"P\x01\x02")).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "unknown pgoutput message (begins with 500102)"
    );

    let short = decode(Bytes::from_static(b"B\0\0")).unwrap_err();
    assert_eq!(
        short.to_string(),
        "malformed pgoutput begin message: 8 bytes wanted but only 2 are left (begins with 420000)"
    );
    assert_eq!(decode(Bytes::new()), Err(DecodeError::Empty));
}

#[test]
fn malformed_messages_are_refused() {
    for pieces in [
        &[&b"C\x01"[..], LSN_A, LSN_B, TIME][..],
        &[b"C\0", LSN_A, LSN_B, TIME, b"\0"],
        &[b"I", RELATION, b"K", TUPLE],
        &[b"U", RELATION, b"X", TUPLE],
        &[b"U", RELATION, b"K", TUPLE],
        &[b"D", RELATION, b"N", TUPLE],
        &[b"I", RELATION, b"N\0\x01x"],
        &[b"I", RELATION, b"N\0\x01t\xFF\xFF\xFF\xFF"],
        &[b"I", RELATION, b"N\0\x01t\x7F\xFF\xFF\xFFab"],
        &[b"I", RELATION, b"N\xFF\xFFn"],
        &[b"T\xFF\xFF\xFF\xFF\0", RELATION],
        &[b"T\0\0\0\x01\x04", RELATION],
        &[b"R", RELATION, b"public\0t\0x\0\0"],
        &[b"R", RELATION, b"public\0t"],
        &[b"R", RELATION, b"\xFF\0t\0d\0\0"],
        &[b"S", RELATION, b"\x02"],
        &[b"c", RELATION, b"\x01", LSN_A, LSN_B, TIME],
        &[b"E\0"],
        &[b"M\x02", LSN_A, b"p\0\0\0\0\0"],
        &[b"M\0", LSN_A, b"p\0\xFF\xFF\xFF\xFFx"],
    ] {
        let decoded = decode_pieces(pieces);
        assert!(
            matches!(decoded, Err(DecodeError::Malformed { .. })),
            "{decoded:?}"
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_decode_or_fail_without_panic(
        kind in prop::sample::select(b"BCORYIUDTMSEcA".to_vec()),
        body in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let _ = decode(body.clone().into());
        let _ = decode([vec![kind], body].concat().into());
    }

    /// Cut or grown by one byte, a good message is refused: no length is taken on trust.
    #[test]
    fn a_message_of_another_length_is_refused(cut in 0_usize..100) {
        for message in [
            [b"B", LSN_A, TIME, RELATION].concat(),
            [b"U", RELATION, b"K", TUPLE, b"N", TUPLE].concat(),
            [b"R", RELATION, b"public\0t\0d\0\x01\x01id\0\0\0\0\x17\0\0\0\0"].concat(),
            [b"M\x01", LSN_A, b"transhume\0\0\0\0\x02hi"].concat(),
            [b"T\0\0\0\x01\0", RELATION].concat(),
            [b"S", RELATION, b"\x01"].concat(),
            [b"c", RELATION, b"\0", LSN_A, LSN_B, TIME].concat(),
        ] {
            prop_assert!(decode(message.clone().into()).is_ok());
            let shorter = message[..cut % message.len()].to_vec();
            prop_assert!(decode(shorter.into()).is_err());
            prop_assert!(decode([message, vec![0]].concat().into()).is_err());
        }
    }
}

#[test]
fn an_abort_that_was_not_asked_for_decodes() {
    assert_eq!(
        decode_pieces(&[b"A", b"\0\0\0\x09", b"\0\0\0\x0A"]),
        Ok(Message::StreamAbort {
            xid: 9,
            subtransaction_xid: 10,
        })
    );
}

#[test]
fn the_ends_of_transactions_in_progress_decode() {
    assert_eq!(
        decode_pieces(&[b"S", b"\0\0\x02\xDA", b"\x01"]),
        Ok(Message::StreamStart(StreamStart {
            xid: 730,
            is_first: true,
        }))
    );
    assert_eq!(decode_pieces(&[b"E"]), Ok(Message::StreamStop));
    assert_eq!(
        decode_pieces(&[b"c", b"\0\0\x02\xDA", b"\0", LSN_A, LSN_B, TIME]),
        Ok(Message::StreamCommit(StreamCommit {
            xid: 730,
            commit: Commit {
                commit_lsn: Lsn(0xA0),
                end_lsn: Lsn(0xB0),
                commit_time_micros: 1,
            },
        }))
    );
}
