//! Dates and times: days and microseconds from the year 2000 on, in the proleptic Gregorian calendar.
//!
//! Source: date_recv, time_recv and timestamp_recv in PostgreSQL's date.c and timestamp.c; EncodeDateTime in datetime.c
//! for what is printed.

/// From 1970-01-01 to 2000-01-01.
const DAYS_TO_2000: i64 = 10_957;
const MICROSECONDS_OF_A_DAY: i64 = 86_400_000_000;
const MICROSECONDS_OF_A_SECOND: i64 = 1_000_000;
/// Digits of a fraction of a second, at the most.
const FRACTION_DIGITS: usize = 6;

pub(super) fn date(text: &[u8]) -> Option<i32> {
    match text {
        b"infinity" => Some(i32::MAX),
        b"-infinity" => Some(i32::MIN),
        _ => {
            let (date, is_before_christ) = era(text);
            days(date, is_before_christ)?.try_into().ok()
        }
    }
}

pub(super) fn timestamp(text: &[u8]) -> Option<i64> {
    moment(text, |time| Some(time))
}

/// Sessions of ours are in UTC.
pub(super) fn timestamptz(text: &[u8]) -> Option<i64> {
    moment(text, |time| time.strip_suffix(b"+00"))
}

fn moment(text: &[u8], without_zone: impl Fn(&[u8]) -> Option<&[u8]>) -> Option<i64> {
    match text {
        b"infinity" => return Some(i64::MAX),
        b"-infinity" => return Some(i64::MIN),
        _ => {}
    }
    let (text, is_before_christ) = era(text);
    let space = text.iter().position(|letter| *letter == b' ')?;
    let days = days(&text[..space], is_before_christ)?;
    let time = time(without_zone(&text[space + 1..])?)?;
    days.checked_mul(MICROSECONDS_OF_A_DAY)?.checked_add(time)
}

/// `hh:mm:ss`, with a fraction or without: microseconds from midnight on.
pub(super) fn time(text: &[u8]) -> Option<i64> {
    let (clock, fraction) = text.split_at_checked(8)?;
    let [h, hh, b':', m, mm, b':', s, ss] = clock else {
        return None;
    };
    let seconds = number(&[*h, *hh])? * 3600 + number(&[*m, *mm])? * 60 + number(&[*s, *ss])?;
    let fraction = match fraction {
        [] => 0,
        [b'.', digits @ ..] if digits.len() <= FRACTION_DIGITS => {
            (digits.len()..FRACTION_DIGITS).fold(number(digits)?, |value, _| value * 10)
        }
        _ => return None,
    };
    Some(seconds * MICROSECONDS_OF_A_SECOND + fraction)
}

/// What is before the era, and whether that is "BC".
fn era(text: &[u8]) -> (&[u8], bool) {
    match text.strip_suffix(b" BC") {
        Some(text) => (text, true),
        None => (text, false),
    }
}

/// `y-mm-dd` with four digits of a year or more: days from 2000-01-01 on.
fn days(text: &[u8], is_before_christ: bool) -> Option<i64> {
    let (year, [b'-', m, mm, b'-', d, dd]) = text.split_at_checked(text.len().checked_sub(6)?)? else {
        return None;
    };
    let (year, month, day) = (number(year)?, number(&[*m, *mm])?, number(&[*d, *dd])?);
    if !(1..=12).contains(&month) {
        return None;
    }
    // The year before 1 AD is 1 BC.
    let year = if is_before_christ { 1 - year } else { year };
    Some(days_from_1970(year, month, day) - DAYS_TO_2000)
}

/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil: years begin in March, so that the
/// leap day is the last one, and repeat every 400 years.
fn days_from_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let cycle = year.div_euclid(400);
    let year_of_cycle = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_cycle = year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
    cycle * 146_097 + day_of_cycle - 719_468
}

fn number(digits: &[u8]) -> Option<i64> {
    /// More would not fit.
    const DIGITS: usize = 18;
    if digits.is_empty() || digits.len() > DIGITS || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        digits
            .iter()
            .fold(0, |value, digit| value * 10 + i64::from(digit - b'0')),
    )
}
