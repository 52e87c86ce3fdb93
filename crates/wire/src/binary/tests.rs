//! Against values that a server sent (`select …send(…)`); more of them are compared live in `pg/tests/it/encoding.rs`.

use std::fmt::Write as _;

use bytes::BytesMut;

use super::*;

fn encoded(form: BinaryType, text: &str) -> Option<String> {
    let mut bytes = BytesMut::new();
    form.put(text.as_bytes(), &mut bytes)?;
    let length = i32::from_be_bytes(bytes[..LENGTH_BYTES].try_into().unwrap());
    assert_eq!(usize::try_from(length).unwrap(), bytes.len() - LENGTH_BYTES);
    let mut shown = String::new();
    for byte in &bytes[LENGTH_BYTES..] {
        write!(shown, "{byte:02x}").unwrap();
    }
    Some(shown)
}

#[test]
fn values_have_the_form_that_a_server_sends() {
    for (form, text, expected) in [
        (BinaryType::Bool, "t", "01"),
        (BinaryType::Int2, "-2", "fffe"),
        (BinaryType::Int8, "9223372036854775807", "7fffffffffffffff"),
        (BinaryType::Float4, "1.5", "3fc00000"),
        (BinaryType::Float8, "-Infinity", "fff0000000000000"),
        (BinaryType::Float8, "NaN", "7ff8000000000000"),
        (BinaryType::Numeric, "0.00", "0000000000000002"),
        (BinaryType::Numeric, "-12345.6700", "0003000140000004000109291a2c"),
        (BinaryType::Numeric, "NaN", "00000000c0000000"),
        (BinaryType::Date, "2000-01-01", "00000000"),
        (BinaryType::Date, "1999-12-31", "ffffffff"),
        (BinaryType::Date, "infinity", "7fffffff"),
        (BinaryType::Time, "24:00:00", "000000141dd76000"),
        (BinaryType::Timestamp, "2000-01-01 00:00:00.5", "000000000007a120"),
        (
            BinaryType::Timestamptz,
            "2000-01-02 00:00:00+00",
            "000000141dd76000",
        ),
        (
            BinaryType::Uuid,
            "00112233-4455-6677-8899-aabbccddeeff",
            "00112233445566778899aabbccddeeff",
        ),
        (BinaryType::Bytea, "\\x00ff", "00ff"),
        (BinaryType::Jsonb, "{}", "017b7d"),
        (BinaryType::Text, "é", "c3a9"),
    ] {
        assert_eq!(encoded(form, text).as_deref(), Some(expected), "{form:?} {text}");
    }
}

#[test]
fn what_no_server_prints_is_refused() {
    for (form, text) in [
        (BinaryType::Bool, "true"),
        (BinaryType::Int2, "32768"),
        (BinaryType::Int4, ""),
        (BinaryType::Numeric, "1e5"),
        (BinaryType::Numeric, "1."),
        (BinaryType::Numeric, "."),
        (BinaryType::Numeric, "--1"),
        (BinaryType::Date, "01/02/2000"),
        (BinaryType::Date, "2000-13-01"),
        (BinaryType::Time, "1:00:00"),
        (BinaryType::Timestamptz, "2000-01-01 00:00:00+02"),
        (BinaryType::Timestamptz, "2000-01-01 00:00:00"),
        (BinaryType::Timestamp, "2000-01-01 00:00:00.1234567"),
        (BinaryType::Uuid, "00112233445566778899aabbccddeeff"),
        (BinaryType::Bytea, "\\x0"),
        (BinaryType::Bytea, "\\000"),
    ] {
        assert_eq!(encoded(form, text), None, "{form:?} {text}");
    }
}

#[test]
fn a_type_is_known_by_its_oid() {
    for oid in 0..5_000 {
        let Some(form) = BinaryType::of(oid) else { continue };
        assert!(form.oid() == oid || form == BinaryType::Text, "{form:?}");
    }
}
