//! Values in binary format: ours beside what a server's own send functions make of the same text.

use bytes::BytesMut;
use transhume_pg::connection::raw::{Mode, RawConnection};
use transhume_testkit::server::{self, EVERYDAY_MAJOR};
use transhume_wire::binary::BinaryType;

use crate::connecting::settings;

/// Type and expression of `g`, which counts from 1 to 2,000; `r` is by chance, from −1 to 1.
const VALUES: [(BinaryType, &str); 17] = [
    (BinaryType::Bool, "r > 0"),
    (BinaryType::Int2, "(r * 32767)::int2"),
    (BinaryType::Int4, "(r * 2147483647)::int4"),
    (BinaryType::Int8, "(r * 9.2e18)::int8"),
    (BinaryType::Float4, "(r * 10.0 ^ (g % 30))::float4"),
    (BinaryType::Float8, "r * 10.0::float8 ^ (g % 300)"),
    (BinaryType::Float8, "r / 10.0::float8 ^ (g % 300)"),
    (BinaryType::Numeric, "round((r * 1e9)::numeric, g % 20)"),
    (BinaryType::Numeric, "(r::numeric * 10::numeric ^ (g % 60))"),
    (
        BinaryType::Numeric,
        "round((r * 10)::numeric, 15) / 10::numeric ^ (g % 40)",
    ),
    (BinaryType::Date, "date '2000-01-01' + (r * 2000000)::int4"),
    (BinaryType::Time, "time '00:00' + r * interval '1 day'"),
    (
        BinaryType::Timestamp,
        "timestamp '2000-01-01' + r * interval '6000 years'",
    ),
    (
        BinaryType::Timestamptz,
        "timestamptz '2000-01-01 00:00+00' + r * interval '6000 years'",
    ),
    (BinaryType::Uuid, "pg_catalog.md5(r::text)::uuid"),
    (
        BinaryType::Bytea,
        "pg_catalog.substr(pg_catalog.decode(pg_catalog.md5(r::text), 'hex'), 1, g % 17)",
    ),
    (
        BinaryType::Jsonb,
        "pg_catalog.jsonb_build_object('r', r, 'g', array[g, null])",
    ),
];

#[tokio::test]
async fn values_are_what_the_server_would_send() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let settings = settings(&cluster.url("postgres"));
    let mut connection = RawConnection::connect(&settings, "transhume:test:encoding", Mode::Sql)
        .await
        .unwrap();
    for (form, expression) in VALUES {
        let name = form.name();
        let rows = connection
            .simple_query(&format!(
                "select v::text, pg_catalog.encode(pg_catalog.{}(v), 'hex') \
                 from (select ({expression})::{name} as v from (select g, pg_catalog.random() * 2 - 1 as r \
                 from pg_catalog.generate_series(1, 2000) g) by_chance) x",
                send_function(form)
            ))
            .await
            .unwrap();
        assert_eq!(rows.len(), 2_000);
        for row in rows {
            let (text, expected) = (row[0].clone().unwrap(), row[1].clone().unwrap());
            // What PostgreSQL prints of a bool as text is a word; as output, which the stream carries, a letter.
            let printed = if form == BinaryType::Bool {
                &text[..1]
            } else {
                &text
            };
            let mut bytes = BytesMut::new();
            form.put(printed.as_bytes(), &mut bytes)
                .unwrap_or_else(|| panic!("{form:?} {text}"));
            assert_eq!(hexadecimal(&bytes[4..]), expected, "{form:?} {text}");
        }
    }
}

fn send_function(form: BinaryType) -> String {
    let name = form.name();
    match form {
        BinaryType::Numeric
        | BinaryType::Date
        | BinaryType::Time
        | BinaryType::Timestamp
        | BinaryType::Timestamptz
        | BinaryType::Uuid
        | BinaryType::Jsonb => format!("{name}_send"),
        _ => format!("{name}send"),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut shown, byte| {
        write!(shown, "{byte:02x}").unwrap();
        shown
    })
}
