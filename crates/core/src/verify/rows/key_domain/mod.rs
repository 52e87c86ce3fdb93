//! Keys that both servers sort alike, as numbers between which can be divided.
//!
//! Integers, numerics, dates, times and UUIDs sort alike everywhere. Text does not (collations differ), so a
//! table with such a key is divided by hashes of the key instead.
//!
//! A number may stand for many values (2.1 and 2.9 are both 2): it says where to divide, never what a row is.

mod calendar;

use self::calendar::Unit;

/// How a key's values are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyDomain {
    Integer,
    Numeric,
    Date,
    Timestamp,
    Timestamptz,
    Uuid,
}

/// `pg_type.oid` of the types that sort alike everywhere.
const INTEGERS: [u32; 3] = [20, 21, 23];
const NUMERIC: u32 = 1700;
const DATE: u32 = 1082;
const TIMESTAMP: u32 = 1114;
const TIMESTAMPTZ: u32 = 1184;
const UUID: u32 = 2950;

/// Digits of a numeric that an i128 certainly takes; longer ones are all the same number to whoever divides.
const DIGITS_MOST: usize = 38;

/// A UUID's first bit decides its sign, so that its numbers fit and sort.
const UUID_SIGN: u128 = 1 << 127;

impl KeyDomain {
    pub fn of_type(type_oid: u32) -> Option<Self> {
        if INTEGERS.contains(&type_oid) {
            return Some(Self::Integer);
        }
        match type_oid {
            NUMERIC => Some(Self::Numeric),
            DATE => Some(Self::Date),
            TIMESTAMP => Some(Self::Timestamp),
            TIMESTAMPTZ => Some(Self::Timestamptz),
            UUID => Some(Self::Uuid),
            _ => None,
        }
    }

    /// The number of a value, from its text.
    pub fn ordinal(self, text: &str) -> Option<i128> {
        match self {
            Self::Integer => text.parse::<i64>().ok().map(i128::from),
            Self::Numeric => whole_part(text),
            Self::Date => calendar::ordinal(text, Unit::Day),
            Self::Timestamp | Self::Timestamptz => calendar::ordinal(text, Unit::Microsecond),
            Self::Uuid => {
                let digits: String = text.chars().filter(|letter| *letter != '-').collect();
                let bits = u128::from_str_radix(&digits, 16).ok()?;
                Some((bits ^ UUID_SIGN).cast_signed())
            }
        }
    }

    /// The value with this number, as text.
    pub fn text(self, ordinal: i128) -> String {
        match self {
            Self::Integer | Self::Numeric => ordinal.to_string(),
            Self::Date => calendar::text(ordinal, Unit::Day),
            // The zone is passed over by the server where the type has none.
            Self::Timestamp | Self::Timestamptz => calendar::text(ordinal, Unit::Microsecond),
            Self::Uuid => {
                let digits = format!("{:032x}", ordinal.cast_unsigned() ^ UUID_SIGN);
                let parts = [
                    &digits[..8],
                    &digits[8..12],
                    &digits[12..16],
                    &digits[16..20],
                    &digits[20..],
                ];
                parts.join("-")
            }
        }
    }

    /// The type to write values of it in, wide enough for every bound.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Integer => "pg_catalog.int8",
            Self::Numeric => "pg_catalog.numeric",
            Self::Date => "pg_catalog.date",
            Self::Timestamp => "pg_catalog.timestamp",
            Self::Timestamptz => "pg_catalog.timestamptz",
            Self::Uuid => "pg_catalog.uuid",
        }
    }
}

/// Of a numeric; beyond 38 digits, and for infinity and NaN, the largest or smallest of 38 digits.
fn whole_part(text: &str) -> Option<i128> {
    let largest = 10_i128.pow(u32::try_from(DIGITS_MOST).ok()?) - 1;
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let whole = digits.split('.').next()?;
    if matches!(whole, "NaN" | "Infinity") || whole.len() > DIGITS_MOST {
        return Some(sign * largest);
    }
    whole.parse::<i128>().ok().map(|number| sign * number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn uuids_sort_by_their_bytes() {
        let low = "00000000-0000-0000-0000-000000000000";
        let middle = "7fffffff-ffff-ffff-ffff-ffffffffffff";
        let high = "ffffffff-ffff-ffff-ffff-ffffffffffff";
        let [low, middle, high] = [low, middle, high].map(|text| KeyDomain::Uuid.ordinal(text).unwrap());
        assert!(low < middle && middle < high);
        assert_eq!((low, high), (i128::MIN, i128::MAX));
    }

    #[test]
    fn numerics_are_numbered_by_their_whole_part() {
        let ordinal = |text| KeyDomain::Numeric.ordinal(text).unwrap();
        assert_eq!((ordinal("2.9"), ordinal("-0.5"), ordinal("-17.0")), (2, 0, -17));
        let huge = "9".repeat(100);
        assert!(ordinal(&huge) > ordinal("12345678901234567890123456789012345678"));
        assert_eq!(ordinal("NaN"), ordinal("Infinity"));
        assert_eq!(ordinal("-Infinity"), -ordinal("Infinity"));
    }

    proptest! {
        #[test]
        fn texts_and_numbers_are_each_other_s_inverse(ordinal: i128, integer: i64) {
            let text = KeyDomain::Uuid.text(ordinal);
            prop_assert_eq!(KeyDomain::Uuid.ordinal(&text), Some(ordinal));
            let text = KeyDomain::Integer.text(i128::from(integer));
            prop_assert_eq!(KeyDomain::Integer.ordinal(&text), Some(i128::from(integer)));
        }
    }
}
