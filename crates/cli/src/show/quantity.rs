//! Sizes and durations as PostgreSQL writes them in its settings: `512MB`, `5s`.
//!
//! Owns reading and printing them. As in PostgreSQL a kB is 1024 bytes. Refuses fractions and
//! numbers without a unit: a guess of the unit could be off by 1000, or by a million.

use std::{fmt, str::FromStr, time::Duration};

use transhume_engine::count::{SIZE_UNITS, size};

/// Units of time with their milliseconds, largest first.
const DURATION_UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("min", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

/// A span of time, in whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// Text that is no quantity; says what would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadQuantity(String);

impl fmt::Display for BadQuantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for BadQuantity {}

impl FromStr for Size {
    type Err = BadQuantity;

    /// A rate may say so: `50MB/s` reads like `50MB`.
    fn from_str(text: &str) -> Result<Self, BadQuantity> {
        let (number, unit) = split(text.strip_suffix("/s").unwrap_or(text));
        let bytes = match unit {
            "" => number.filter(|number| *number == 0),
            _ => SIZE_UNITS
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(unit))
                .map(|(_, bytes)| *bytes),
        };
        bytes
            .and_then(|bytes| number?.checked_mul(bytes))
            .map(Self)
            .ok_or_else(|| {
                BadQuantity(format!(
                    "\"{text}\" is not a size: give a whole number and a unit, B, kB, MB, GB or TB, such as 512MB"
                ))
            })
    }
}

impl FromStr for Span {
    type Err = BadQuantity;

    fn from_str(text: &str) -> Result<Self, BadQuantity> {
        let (number, unit) = split(text);
        let unit = DURATION_UNITS.iter().find(|(name, _)| *name == unit);
        unit.and_then(|(_, milliseconds)| number?.checked_mul(*milliseconds))
            .map(|milliseconds| Self(Duration::from_millis(milliseconds)))
            .ok_or_else(|| {
                BadQuantity(format!(
                    "\"{text}\" is not a duration: give a whole number and ms, s, min, h or d, such as 5s"
                ))
            })
    }
}

/// The leading digits as a number, and the rest without the space between.
fn split(text: &str) -> (Option<u64>, &str) {
    let text = text.trim();
    let digits = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    (number.parse().ok(), unit.trim_start())
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&size(self.0))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0..10 => write!(formatter, "{:.1} s", self.0.as_secs_f64()),
            10..120 => write!(formatter, "{seconds} s"),
            120..7_200 => write!(formatter, "{} min {:02} s", seconds / 60, seconds % 60),
            7_200..172_800 => write!(formatter, "{} h {:02} min", seconds / 3_600, seconds / 60 % 60),
            _ => write!(formatter, "{} d {:02} h", seconds / 86_400, seconds / 3_600 % 24),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_postgresql_writes_them() {
        assert_eq!("512MB".parse(), Ok(Size(512 << 20)));
        assert_eq!("1 gb".parse(), Ok(Size(1 << 30)));
        assert_eq!("50MB/s".parse(), Ok(Size(50 << 20)));
        assert_eq!("4096B".parse(), Ok(Size(4096)));
        assert_eq!("0".parse(), Ok(Size(0)));
        for bad in [
            "",
            "20",
            "4096",
            "MB",
            "1.5GB",
            "-1MB",
            "12 parsecs",
            "99999999999TB",
        ] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_need_their_unit() {
        assert_eq!("5s".parse(), Ok(Span(Duration::from_secs(5))));
        assert_eq!("250 ms".parse(), Ok(Span(Duration::from_millis(250))));
        assert_eq!("24h".parse(), Ok(Span(Duration::from_secs(86_400))));
        for bad in ["5", "", "5m", "1.5h", "s"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }

    #[test]
    fn quantities_print_for_people() {
        assert_eq!(Size(0).to_string(), "0 B");
        assert_eq!(Size(1_536).to_string(), "1.50 kB");
        assert_eq!(Size(512 << 20).to_string(), "512 MB");
        assert_eq!(Span(Duration::from_millis(1_240)).to_string(), "1.2 s");
        assert_eq!(Span(Duration::from_secs(3_725)).to_string(), "62 min 05 s");
    }
}
