//! Dates and times as numbers, from and to the text that PostgreSQL prints and reads (ISO, UTC).
//!
//! Numbers count from the first of March of the year 0 in the Gregorian calendar that PostgreSQL uses for all times.
//! Invariant: what lies between the numbers of two texts is a number that PostgreSQL reads again as text.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Day,
    Microsecond,
}

const MICROSECONDS_PER_DAY: i128 = 86_400_000_000;

/// Days of 400 years.
const DAYS_PER_CYCLE: i64 = 146_097;

impl Unit {
    fn per_day(self) -> i128 {
        match self {
            Self::Day => 1,
            Self::Microsecond => MICROSECONDS_PER_DAY,
        }
    }

    /// One beyond the last date (5874897-12-31) or timestamp (294276-12-31): infinity.
    fn end(self) -> i128 {
        let year = match self {
            Self::Day => 5_874_898,
            Self::Microsecond => 294_277,
        };
        i128::from(days(year, 1, 1)) * self.per_day()
    }

    /// One before the first (4713-11-24 BC): minus infinity.
    fn beginning(self) -> i128 {
        i128::from(days(-4712, 11, 24)) * self.per_day() - 1
    }
}

pub(super) fn ordinal(text: &str, unit: Unit) -> Option<i128> {
    match text {
        "infinity" => return Some(unit.end()),
        "-infinity" => return Some(unit.beginning()),
        _ => {}
    }
    let (text, is_before_christ) = match text.strip_suffix(" BC") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (date, time) = text.split_once(' ').unwrap_or((text, ""));
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let year = if is_before_christ { 1 - year } else { year };
    let days = i128::from(days(year, month, day));
    match unit {
        Unit::Day => Some(days),
        Unit::Microsecond => Some(days * MICROSECONDS_PER_DAY + microseconds(time)?),
    }
}

pub(super) fn text(ordinal: i128, unit: Unit) -> String {
    if ordinal >= unit.end() {
        return "infinity".to_owned();
    }
    if ordinal <= unit.beginning() {
        return "-infinity".to_owned();
    }
    let days = i64::try_from(ordinal.div_euclid(unit.per_day())).unwrap_or_default();
    let (year, month, day) = date(days);
    let (year, era) = if year > 0 { (year, "") } else { (1 - year, " BC") };
    let date = format!("{year:04}-{month:02}-{day:02}");
    match unit {
        Unit::Day => format!("{date}{era}"),
        Unit::Microsecond => {
            let rest = ordinal.rem_euclid(MICROSECONDS_PER_DAY);
            let (second, fraction) = (rest / 1_000_000, rest % 1_000_000);
            let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
            format!("{date} {hour:02}:{minute:02}:{second:02}.{fraction:06}+00{era}")
        }
    }
}

/// Of `HH:MM:SS` with up to six digits behind a point; a zone behind it is UTC.
fn microseconds(time: &str) -> Option<i128> {
    let time = time.split(['+', '-']).next()?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let seconds = clock.split(':').try_fold(0_i128, |seconds, part| {
        Some(seconds * 60 + part.parse::<i128>().ok()?)
    })?;
    let fraction = format!("{fraction:0<6}").parse::<i128>().ok()?;
    Some(seconds * 1_000_000 + fraction)
}

/// Years begin in March here, so that the day that leap years have more is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let (cycle, year) = (year.div_euclid(400), year.rem_euclid(400));
    let month = (month + 9) % 12;
    cycle * DAYS_PER_CYCLE + year * 365 + year / 4 - year / 100 + (153 * month + 2) / 5 + day - 1
}

fn date(days: i64) -> (i64, i64, i64) {
    let (cycle, day) = (days.div_euclid(DAYS_PER_CYCLE), days.rem_euclid(DAYS_PER_CYCLE));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = cycle * 400 + year;
    (if month > 2 { year } else { year + 1 }, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_postgresql_prints_sorts_as_it_does() {
        let texts = [
            "-infinity",
            "4713-11-24 00:00:00+00 BC",
            "0001-12-31 23:59:59.999999+00 BC",
            "0001-01-01 00:00:00+00",
            "2000-02-29 12:00:00.5+00",
            "2000-03-01 00:00:00+00",
            "294276-12-31 23:59:59.999999+00",
            "infinity",
        ];
        let ordinals: Vec<i128> = texts
            .iter()
            .map(|text| ordinal(text, Unit::Microsecond).unwrap())
            .collect();
        assert!(ordinals.is_sorted_by(|one, next| one < next), "{ordinals:?}");
        assert_eq!(ordinals[3] - ordinals[2], 1);
        assert_eq!(ordinals[7] - ordinals[6], 1);
        assert_eq!(ordinals[1] - ordinals[0], 1);
        assert_eq!(text(ordinals[2], Unit::Microsecond), texts[2]);
    }

    #[test]
    fn a_date_without_time_is_a_day() {
        let day = ordinal("2026-11-25", Unit::Day).unwrap();
        assert_eq!(text(day + 6, Unit::Day), "2026-12-01");
        assert_eq!(
            ordinal("5874897-12-31", Unit::Day).unwrap() + 1,
            ordinal("infinity", Unit::Day).unwrap()
        );
    }

    proptest! {
        #[test]
        fn texts_and_numbers_are_each_other_s_inverse(part in 0.0..1.0_f64) {
            for unit in [Unit::Day, Unit::Microsecond] {
                let width = unit.end() - unit.beginning();
                #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any number will do")]
                let number = unit.beginning() + 1 + (width as f64 * part * 0.999_999) as i128;
                prop_assert_eq!(ordinal(&text(number, unit), unit), Some(number));
            }
        }
    }
}
