use proptest::prelude::*;

use super::*;
use crate::pgoutput::decode;

/// A truncation of no relation at all, the shortest change.
const TRUNCATE: &[u8] = b"\0\0\0\0\0";

fn bytes(pieces: &[&[u8]]) -> Bytes {
    Bytes::from(pieces.concat())
}

#[test]
fn a_part_of_a_block_is_the_same_message_behind_its_xid() {
    let part = bytes(&[b"T", b"\0\0\x02\xDA", TRUNCATE]);

    let kind = PartKind::Other;
    assert_eq!(look_in_block(&part), Ok(InBlock::Part { xid: 730, kind }));
    assert_eq!(decode_in_block(part), decode(bytes(&[b"T", TRUNCATE])));
}

#[test]
fn which_relation_a_block_announces_is_seen_without_decoding_it() {
    let look = |data: &[&[u8]]| look_in_block(&bytes(data));

    let kind = PartKind::Relation(16_400);
    let relation: &[&[u8]] = &[b"R", b"\0\0\0\x01", b"\0\0\x40\x10", b"s\0t\0"];
    assert_eq!(look(relation), Ok(InBlock::Part { xid: 1, kind }));
    assert!(look(&[b"R", b"\0\0\0\x01", b"\0"]).is_err());
}

#[test]
fn a_block_ends_and_says_where_it_came_from() {
    assert_eq!(look_in_block(&bytes(&[b"E"])), Ok(InBlock::Stop));
    assert_eq!(
        look_in_block(&bytes(&[b"O", &[0; 8], b"other\0"])),
        Ok(InBlock::Origin)
    );
}

#[test]
fn what_does_not_belong_into_a_block_is_refused() {
    for kind in b"BCScAbkP" {
        let data = bytes(&[&[*kind], &[0; 30]]);
        assert!(matches!(look_in_block(&data), Err(DecodeError::Unknown { .. })));
        assert!(matches!(decode_in_block(data), Err(DecodeError::Unknown { .. })));
    }
    assert_eq!(look_in_block(&Bytes::new()), Err(DecodeError::Empty));
    let short = look_in_block(&bytes(&[b"I\0\0"])).unwrap_err();
    assert_eq!(
        short.to_string(),
        "malformed pgoutput block message: 4 bytes wanted but only 2 are left (begins with 490000)"
    );
    assert!(look_in_block(&bytes(&[b"E\0"])).is_err());
}

proptest! {
    #[test]
    fn any_bytes_in_a_block_are_taken_or_refused_without_panic(
        kind in prop::sample::select(b"RYIUDTMEO".to_vec()),
        body in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let data = bytes(&[&[kind], &body]);
        let _ = look_in_block(&data);
        let _ = decode_in_block(data);
    }
}
