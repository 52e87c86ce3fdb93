//! A list of values as one parameter: a one-dimensional array in binary format (array_recv in
//! PostgreSQL's arrayfuncs.c). Every element has its length in front, so nothing is quoted.

use std::error::Error;

use bytes::{BufMut as _, Bytes, BytesMut};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use transhume_core::follow::row::ListForm;
use transhume_wire::{binary::BinaryType, pgoutput::ColumnValue};

use super::put;

/// Bytes of the header: dimensions, null flag, element type, length, lower bound.
const HEADER_BYTES: usize = 20;
/// To begin with: narrow values are what makes lists long.
const GUESSED_ELEMENT_BYTES: usize = 12;
/// Where the null flag is.
const NULL_FLAG: std::ops::Range<usize> = 4..8;

/// A list from [`encode`].
#[derive(Debug)]
pub(in super::super) struct ListParameter(pub(in super::super) Bytes);

impl ToSql for ListParameter {
    fn to_sql(&self, _: &Type, buffer: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        buffer.put_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Binary
    }

    to_sql_checked!();
}

/// The type of a list's elements.
pub(super) fn element_type(form: &ListForm) -> BinaryType {
    match form {
        ListForm::Binary(binary) => *binary,
        ListForm::Text { .. } | ListForm::Single => BinaryType::Text,
    }
}

/// None where a value has no place in such a list.
pub(super) fn encode<'a>(
    form: &ListForm,
    count: usize,
    values: impl Iterator<Item = &'a ColumnValue>,
) -> Option<Bytes> {
    if *form == ListForm::Single {
        return None;
    }
    let element_type = element_type(form);
    let mut list = begin(element_type, count)?;
    let mut has_null = false;
    for value in values {
        has_null |= *value == ColumnValue::Null;
        put(element_type, value, &mut list)?;
    }
    list[NULL_FLAG].copy_from_slice(&i32::from(has_null).to_be_bytes());
    Some(list.freeze())
}

/// Numbers of our own as integers of 4 bytes.
pub(super) fn numbers(numbers: &[i32]) -> Option<Bytes> {
    let mut list = begin(BinaryType::Int4, numbers.len())?;
    for number in numbers {
        list.put_i32(4);
        list.put_i32(*number);
    }
    Some(list.freeze())
}

/// The header; no element is null so far.
fn begin(element_type: BinaryType, count: usize) -> Option<BytesMut> {
    let mut list = BytesMut::with_capacity(HEADER_BYTES + count * GUESSED_ELEMENT_BYTES);
    list.put_i32(1);
    list.put_i32(0);
    list.put_u32(element_type.oid());
    list.put_i32(i32::try_from(count).ok()?);
    list.put_i32(1);
    Some(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &'static str) -> ColumnValue {
        ColumnValue::Text(Bytes::from_static(value.as_bytes()))
    }

    #[test]
    fn a_list_of_integers_has_its_nulls_flagged() {
        let values = [text("-2"), ColumnValue::Null];
        let list = encode(&ListForm::Binary(BinaryType::Int2), 2, values.iter()).unwrap();

        let expected = [
            0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 21, 0, 0, 0, 2, 0, 0, 0, 1, // header
            0, 0, 0, 2, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff,
        ];
        assert_eq!(list[..], expected);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let integer = ListForm::Binary(BinaryType::Int2);
        for value in [text("32768"), text("x"), text(""), ColumnValue::Unchanged] {
            assert_eq!(encode(&integer, 1, [value].iter()), None);
        }
        assert_eq!(encode(&ListForm::Single, 0, [].iter()), None);
    }
}
