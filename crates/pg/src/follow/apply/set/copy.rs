//! New rows as the stream of a binary COPY.
//!
//! Source: PostgreSQL manual, COPY, "Binary Format".

use bytes::{BufMut as _, Bytes, BytesMut};
use transhume_core::{
    follow::{
        net::Rows,
        row::{ColumnSet, RowPlan},
    },
    load::format::Format,
};

use super::put;
use crate::load::copy_statement::copy_in;

/// What every such stream begins with: a signature that shows whether line ends were altered, no flags, no extension.
pub(in crate::follow::apply) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// In place of a row's count of fields: nothing more comes.
pub(in crate::follow::apply) const TRAILER: i16 = -1;
/// To begin with: values are narrow where there are many.
const GUESSED_VALUE_BYTES: usize = 16;

/// None where a column's type has no binary format, or a value cannot be told from its text.
pub(super) fn encode(plan: &RowPlan, rows: &Rows<'_>) -> Option<Bytes> {
    let fields = i16::try_from(rows.columns.len()).ok()?;
    let forms: Option<Vec<_>> = rows
        .columns
        .iter()
        .map(|column| plan.columns[*column].binary)
        .collect();
    let forms = forms?;
    let mut stream = BytesMut::with_capacity(HEADER.len() + rows.len() * forms.len() * GUESSED_VALUE_BYTES);
    stream.put_slice(HEADER);
    for row in rows.iter() {
        stream.put_i16(fields);
        for (value, form) in row.iter().zip(&forms) {
            put(*form, value, &mut stream)?;
        }
    }
    stream.put_i16(TRAILER);
    Some(stream.freeze())
}

/// The statement that takes the stream. Identity columns take what COPY brings, as the rows had it.
pub(super) fn text(plan: &RowPlan, written: &ColumnSet) -> String {
    let names: Vec<String> = written
        .iter()
        .map(|index| plan.columns[index].name.clone())
        .collect();
    copy_in(&plan.table, &names, Format::Binary, false)
}
