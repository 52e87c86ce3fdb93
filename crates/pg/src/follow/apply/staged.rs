//! Values that are too large to be parameters: the driver copies those twice before they leave.
//!
//! Owns a temporary table that they are copied into piece by piece, and that the statement reads them from. Refuses columns whose
//! text no cast reads, and roles that may make no temporary table: there they are parameters after all. Invariants: the table is
//! empty again behind each change, also where that is taken back; and it is the session's own.

use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::SinkExt as _;
use transhume_core::follow::row::{ListForm, RowPlan};

use super::set::copy::{HEADER, TRAILER};
use crate::connection::{error::PgError, pieces::send_in_pieces, session::Session};

/// Smaller ones are parameters: two more copies of them are within what following may take.
const LARGE_VALUE_BYTES: usize = 4 << 20;

/// The table by the place that a value has among those of its change.
pub(super) const TABLE: &str = "pg_temp.transhume_value";
const CREATE: &str = "create temporary table if not exists transhume_value (place int4, content text)";
const MAY: &str = "select pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY')";
const COPY: &str = "copy pg_temp.transhume_value (place, content) from stdin (format binary)";
const EMPTY: &str = "truncate pg_temp.transhume_value";

/// Places of values that are better read from the table.
pub(super) fn places(plan: &RowPlan, values: &[Option<Bytes>]) -> Vec<usize> {
    let is_large = |value: &Option<Bytes>| {
        value
            .as_ref()
            .is_some_and(|value| value.len() >= LARGE_VALUE_BYTES)
    };
    let places: Vec<usize> = (0..values.len())
        .filter(|place| is_large(&values[*place]))
        .collect();
    let mut columns = plan.columns.iter();
    if places.is_empty() || columns.any(|column| column.list_form == ListForm::Single) {
        return Vec::new();
    }
    places
}

/// The role may make the table.
pub(super) async fn is_allowed(session: &Session) -> Result<bool, PgError> {
    Ok(session.query_one(MAY, &[]).await?.get(0))
}

/// Fills the table; nothing else is under way.
pub(super) async fn fill(
    session: &Session,
    values: &[Option<Bytes>],
    places: &[usize],
) -> Result<(), PgError> {
    session.batch_execute(CREATE).await?;
    Ok(copy_values(session, values, places).await?)
}

pub(super) async fn empty(session: &Session) -> Result<(), PgError> {
    Ok(session.batch_execute(EMPTY).await?)
}

async fn copy_values(
    session: &Session,
    values: &[Option<Bytes>],
    places: &[usize],
) -> Result<(), tokio_postgres::Error> {
    let sink = session.copy_in::<_, Bytes>(COPY).await?;
    let mut sink = std::pin::pin!(sink);
    sink.send(Bytes::from_static(HEADER)).await?;
    for place in places {
        let Some(value) = &values[*place] else { continue };
        sink.send(field_header(*place, value.len())).await?;
        send_in_pieces(sink.as_mut(), value.clone()).await?;
    }
    sink.send(Bytes::copy_from_slice(&TRAILER.to_be_bytes())).await?;
    sink.finish().await.map(drop)
}

/// Two fields: the place, and so many bytes of text. Both are bounded by the protocol's messages.
fn field_header(place: usize, length: usize) -> Bytes {
    let number =
        |number: usize| i32::try_from(number).expect("invariant: a message of the protocol holds it");
    let mut header = BytesMut::new();
    header.put_i16(2);
    header.put_i32(4);
    header.put_i32(number(place));
    header.put_i32(number(length));
    header.freeze()
}
