//! Keys that both servers sort alike, as numbers between which can be divided.
//!
//! Integers and UUIDs sort by their bits everywhere. Text does not (collations differ), so a table
//! with such a key is divided by hashes of the key instead.

/// How a key's values are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyDomain {
    Integer,
    Uuid,
}

/// `pg_type.oid` of the types that sort alike everywhere.
const INTEGERS: [u32; 3] = [20, 21, 23];
const UUID: u32 = 2950;

/// A UUID's first bit decides its sign, so that its numbers fit and sort.
const UUID_SIGN: u128 = 1 << 127;

impl KeyDomain {
    pub fn of_type(type_oid: u32) -> Option<Self> {
        if INTEGERS.contains(&type_oid) {
            return Some(Self::Integer);
        }
        (type_oid == UUID).then_some(Self::Uuid)
    }

    /// The number of a value, from its text.
    pub fn ordinal(self, text: &str) -> Option<i128> {
        match self {
            Self::Integer => text.parse::<i64>().ok().map(i128::from),
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
            Self::Integer => ordinal.to_string(),
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
            Self::Uuid => "pg_catalog.uuid",
        }
    }
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
