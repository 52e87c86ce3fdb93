//! numeric: digits to the base of 10,000, the weight of the first, a sign, and the digits shown after the point.
//!
//! Source: numeric_recv and set_var_from_str in PostgreSQL's numeric.c.

use bytes::{BufMut as _, BytesMut};

/// Decimal digits in one digit of the format.
const GROUP: usize = 4;
const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const POSITIVE_INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;

/// Appends the value, without a length.
pub(super) fn put(text: &[u8], into: &mut BytesMut) -> Option<()> {
    match text {
        b"NaN" => header(into, 0, 0, NAN, 0),
        b"Infinity" => header(into, 0, 0, POSITIVE_INFINITY, 0),
        b"-Infinity" => header(into, 0, 0, NEGATIVE_INFINITY, 0),
        _ => return finite(text, into),
    }
    Some(())
}

fn finite(text: &[u8], into: &mut BytesMut) -> Option<()> {
    let (sign, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (NEGATIVE, digits),
        None => (POSITIVE, text),
    };
    let point = digits.iter().position(|digit| *digit == b'.');
    let (whole, fraction) = match point {
        Some(point) => (&digits[..point], &digits[point + 1..]),
        None => (digits, &[][..]),
    };
    let is_number = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    if whole.is_empty() || point.is_some() == fraction.is_empty() || !is_number(whole) || !is_number(fraction)
    {
        return None;
    }
    let groups_before = whole.len().div_ceil(GROUP);
    let groups = groups_before + fraction.len().div_ceil(GROUP);
    let digit = |group: usize| group_of(whole, fraction, groups_before, group);
    // Zeros at either end are left out.
    let first = (0..groups).find(|group| digit(*group) != 0).unwrap_or(groups);
    let end = (first..groups)
        .rfind(|group| digit(*group) != 0)
        .map_or(first, |last| last + 1);
    let shown = u16::try_from(fraction.len()).ok()?;
    if first == end {
        header(into, 0, 0, POSITIVE, shown);
        return Some(());
    }
    let weight = i16::try_from(groups_before).ok()? - 1 - i16::try_from(first).ok()?;
    header(into, u16::try_from(end - first).ok()?, weight, sign, shown);
    for group in first..end {
        into.put_u16(digit(group));
    }
    Some(())
}

fn header(into: &mut BytesMut, digits: u16, weight: i16, sign: u16, shown: u16) {
    into.put_u16(digits);
    into.put_i16(weight);
    into.put_u16(sign);
    into.put_u16(shown);
}

/// Four decimal digits: the whole part is filled up with zeros at its beginning, the fraction at its end.
fn group_of(whole: &[u8], fraction: &[u8], groups_before: usize, group: usize) -> u16 {
    let append = |value: u16, digit: &u8| value * 10 + u16::from(digit - b'0');
    if let Some(after) = group.checked_sub(groups_before) {
        let start = after * GROUP;
        let part = &fraction[start..fraction.len().min(start + GROUP)];
        return (part.len()..GROUP).fold(part.iter().fold(0, append), |value, _| value * 10);
    }
    let end = whole.len() - (groups_before - 1 - group) * GROUP;
    whole[end.saturating_sub(GROUP)..end].iter().fold(0, append)
}
