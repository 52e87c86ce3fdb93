//! The version of a server, as it numbers itself.

use std::fmt;

/// `server_version_num`: 150018 is 15.18.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerVersion(pub u32);

impl ServerVersion {
    /// Numbers per major version since PostgreSQL 10.
    const PER_MAJOR: u32 = 10_000;

    pub const fn major(self) -> u32 {
        self.0 / Self::PER_MAJOR
    }

    /// Reads the report a server gives while a session starts: `15.18 (Debian …)`, `18beta1`.
    pub(crate) fn from_report(text: &str) -> Option<Self> {
        let number = |part: &str| {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            digits
                .parse::<u32>()
                .ok()
                .filter(|number| *number < Self::PER_MAJOR)
        };
        let mut parts = text.split(['.', ' ']);
        let major = number(parts.next()?)?;
        Some(Self(
            major * Self::PER_MAJOR + parts.next().and_then(number).unwrap_or(0),
        ))
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major(), self.0 % Self::PER_MAJOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_of_releases_and_betas_are_read() {
        assert_eq!(
            ServerVersion::from_report("15.18 (Debian 15.18-0+deb12u1)"),
            Some(ServerVersion(150_018))
        );
        assert_eq!(
            ServerVersion::from_report("18beta1"),
            Some(ServerVersion(180_000))
        );
        assert_eq!(ServerVersion::from_report("devel"), None);
        assert_eq!(ServerVersion(150_018).to_string(), "15.18");
    }
}
