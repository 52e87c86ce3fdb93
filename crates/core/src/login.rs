//! When a login that a server refused may be tried again.
//!
//! Owns the waits between tries. A service that throttles logins counts the refused ones, so that no more than two are made in
//! the first minute, and one in ten minutes after that. Refuses clocks: the caller says how often it was refused.

use std::time::Duration;

/// The wait after the first refusal that a fresh password did not help.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest: a password that was renewed at night is found within this.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// SQLSTATE class "invalid authorization specification": the user, the password, or the server's access rules.
const CLASS: &str = "28";

/// Whether this answer of a server means that it does not let the user in.
pub fn is_refusal(sqlstate: &str) -> bool {
    sqlstate.starts_with(CLASS)
}

/// How long nobody asks the server, after so many refusals in a row.
pub fn wait(refusals: u32) -> Duration {
    let doublings = refusals.saturating_sub(1).min(LONGEST_WAIT.as_secs().ilog2());
    (FIRST_WAIT * 2_u32.pow(doublings)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow_from_half_a_minute_to_ten() {
        let seconds: Vec<u64> = [1, 2, 3, 5, 6, 60].map(|count| wait(count).as_secs()).into();
        assert_eq!(seconds, [30, 60, 120, 480, 600, 600]);
        assert_eq!(wait(u32::MAX), LONGEST_WAIT);
    }

    #[test]
    fn only_what_is_said_of_the_login_is_a_refusal() {
        for (sqlstate, refusal) in [
            ("28P01", true),
            ("28000", true),
            ("3D000", false),
            ("53300", false),
        ] {
            assert_eq!(is_refusal(sqlstate), refusal, "{sqlstate}");
        }
    }
}
