//! Counts as people read them: digits in groups of three, the noun in its right number, long lists cut, sizes with a unit.
//!
//! Owns the only plural forms of the program; `cargo xtask check` refuses a count that is followed by a fixed plural.

use std::fmt::Display;

/// Names shown before the rest is only counted: a line of a terminal holds about as many.
const SHOWN: usize = 5;

/// Units of size with their bytes, largest first. As in PostgreSQL a kB is 1024 bytes.
pub const SIZE_UNITS: [(&str, u64); 5] = [
    ("TB", 1 << 40),
    ("GB", 1 << 30),
    ("MB", 1 << 20),
    ("kB", 1 << 10),
    ("B", 1),
];

/// `1 table`, `3 tables`, `25,000 entries`.
///
/// # Panics
///
/// Never in practice: no count of this program is negative or wider than 64 bits.
#[must_use]
pub fn counted<N>(count: N, noun: &str) -> String
where
    N: TryInto<u64>,
{
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{} {}", grouped(count), plural(noun, count))
}

/// A count with groups of three digits.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1.50 kB`, `512 MB`: a number of bytes.
#[must_use]
pub fn size(bytes: u64) -> String {
    let (unit, of_unit) = SIZE_UNITS
        .into_iter()
        .find(|(_, of_unit)| bytes >= *of_unit)
        .unwrap_or(("B", 1));
    let value = bytes as f64 / of_unit as f64;
    // Three digits are what a person reads at a glance; whole bytes need no fraction.
    let decimals = match (of_unit, value) {
        (1, _) | (_, 100.0..) => 0,
        (_, 10.0..) => 1,
        _ => 2,
    };
    format!("{value:.decimals$} {unit}")
}

/// The noun, or the first noun of a phrase such as `constraint checked against its rows`, in the number that `count` asks for.
#[must_use]
pub fn plural(noun: &str, count: u64) -> String {
    if count == 1 {
        return noun.to_owned();
    }
    match noun {
        "constraint checked against its rows" => return "constraints checked against their rows".to_owned(),
        "index or constraint" => return "indexes and constraints".to_owned(),
        "table or view" => return "tables and views".to_owned(),
        "table or sequence" => return "tables and sequences".to_owned(),
        "statistics" => return noun.to_owned(),
        _ => {}
    }
    let consonant_before_y = |stem: &str| !stem.ends_with(['a', 'e', 'i', 'o', 'u']);
    match noun.strip_suffix('y') {
        Some(stem) if consonant_before_y(stem) => format!("{stem}ies"),
        _ if noun.ends_with('s') && !noun.ends_with("ss") => noun.to_owned(),
        _ if noun.ends_with("ss") || noun.ends_with('x') || noun.ends_with("sh") || noun.ends_with("ch") => {
            format!("{noun}es")
        }
        _ => format!("{noun}s"),
    }
}

/// `is`, or `are` for any other count than one.
#[must_use]
pub fn is_or_are<N: TryInto<u64>>(count: N) -> &'static str {
    if count.try_into().is_ok_and(|count| count == 1) {
        "is"
    } else {
        "are"
    }
}

/// `was`, or `were` for any other count than one.
#[must_use]
pub fn was_or_were<N: TryInto<u64>>(count: N) -> &'static str {
    if count.try_into().is_ok_and(|count| count == 1) {
        "was"
    } else {
        "were"
    }
}

/// `and 7 more`: how a list ends that is cut.
#[must_use]
pub fn and_more<N: TryInto<u64>>(rest: N) -> String {
    format!("and {} more", grouped(rest.try_into().unwrap_or(u64::MAX)))
}

/// The first lines, and one that counts the rest.
#[must_use]
pub fn first_lines(lines: impl IntoIterator<Item = String>, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = lines.into_iter().collect();
    let rest = lines.len().saturating_sub(most);
    if rest > 0 {
        lines.truncate(most);
        lines.push(and_more(rest));
    }
    lines
}

/// `a, b, c and 7 more`.
#[must_use]
pub fn listed<T: Display>(names: impl IntoIterator<Item = T>) -> String {
    first_listed(names, SHOWN)
}

/// The same with another number of names.
#[must_use]
pub fn first_listed<T: Display>(names: impl IntoIterator<Item = T>, most: usize) -> String {
    let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    let shown = names.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        rest => format!("{shown} {}", and_more(rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_everything_else_plural() {
        assert_eq!(counted(1, "table"), "1 table");
        assert_eq!(counted(0, "row"), "0 rows");
        assert_eq!(counted(25_000_usize, "entry"), "25,000 entries");
        assert_eq!(counted(2_i64, "index"), "2 indexes");
        assert_eq!(counted(2, "key"), "2 keys");
        assert_eq!(counted(2, "process"), "2 processes");
        assert_eq!(counted(3, "statistics"), "3 statistics");
        assert_eq!(counted(2, "index or constraint"), "2 indexes and constraints");
        assert_eq!(
            format!("{} left", counted(1, "large object")),
            "1 large object left"
        );
        assert_eq!((is_or_are(1), was_or_were(2_u64)), ("is", "were"));
    }

    #[test]
    fn digits_stand_in_groups_and_long_lists_are_cut() {
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(listed(["a", "b"]), "a, b");
        assert_eq!(listed(1..=7), "1, 2, 3, 4, 5 and 2 more");
        assert_eq!(first_listed(0..2_001, 1), "0 and 2,000 more");
        let lines = || ["a", "b", "c"].map(str::to_owned);
        assert_eq!(first_lines(lines(), 3), lines());
        assert_eq!(first_lines(lines(), 1), ["a", "and 2 more"]);
    }
}
