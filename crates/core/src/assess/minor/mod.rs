//! Minor versions with defects that matter for a migration: of both servers, and of pg_dump and pg_restore.
//!
//! Owns what is said of a version; the table of defects stands beside it.

mod defects;

use defects::{Concerns, DEFECTS, Defect, NEVER};

use super::{capability::VersionNumber, observation::Observed};
use crate::finding::Finding;

/// Code of the finding about a server's minor version.
const SERVER: &str = "minor-version";

/// Code of the finding about the client programs.
pub const PROGRAMS: &str = "client-programs-outdated";

/// Defects of one server that are named; the release notes have the others of an old version.
const MOST_HARMS: usize = 8;

/// What is known of one version.
struct KnownDefects {
    defects: Vec<&'static Defect>,
    version: VersionNumber,
}

impl KnownDefects {
    fn of(version: VersionNumber, concerns: &[Concerns]) -> Self {
        let concerned =
            |defect: &&Defect| concerns.contains(&defect.concerns) && defect.end(version).is_some();
        Self {
            defects: DEFECTS.iter().filter(concerned).collect(),
            version,
        }
    }

    fn harms(&self, concerns: impl Fn(Concerns) -> bool) -> String {
        let harms: Vec<_> = self
            .defects
            .iter()
            .filter(|defect| concerns(defect.concerns))
            .map(|defect| defect.harm)
            .collect();
        let shown = harms
            .iter()
            .take(MOST_HARMS)
            .copied()
            .collect::<Vec<_>>()
            .join("; ");
        match harms.len().saturating_sub(MOST_HARMS) {
            0 => shown,
            more => format!("{shown}; and {more} more"),
        }
    }

    /// The first minor version without any of them; none where the major version never got one.
    fn corrected(&self) -> Option<VersionNumber> {
        let ends = self.defects.iter().filter_map(|defect| defect.end(self.version));
        let last = ends.max().filter(|end| *end != NEVER)?;
        Some(VersionNumber::new(self.version.major(), last))
    }

    fn notes(&self) -> String {
        let mut days: Vec<_> = self.defects.iter().map(|defect| defect.notes).collect();
        days.dedup();
        format!("PostgreSQL release notes of {}", days.join(", "))
    }
}

impl Defect {
    /// The minor version that corrects it, where this version has it.
    fn end(&self, version: VersionNumber) -> Option<u32> {
        self.affected
            .iter()
            .find(|(major, minors)| *major == version.major() && minors.contains(&version.minor()))
            .map(|(_, minors)| minors.end)
    }
}

pub(super) fn check(observed: &Observed) -> Vec<Finding> {
    let (source, target) = (
        observed.source.capabilities.server_version,
        observed.target.capabilities.server_version,
    );
    let findings = [of_source(source), of_target(target)];
    Finding::or_pass(
        findings.into_iter().flatten().collect(),
        SERVER,
        format!("no known defect of PostgreSQL {source} and {target} concerns this migration"),
    )
}

fn of_source(version: VersionNumber) -> Option<Finding> {
    let known = KnownDefects::of(version, &[Concerns::Decoding, Concerns::Source, Concerns::Both]);
    let harms = known.harms(|_| true);
    finding(&known, "source", &harms)
}

/// What concerns decoding matters there only after a cutover, and is told last.
fn of_target(version: VersionNumber) -> Option<Finding> {
    let known = KnownDefects::of(version, &[Concerns::Target, Concerns::Both, Concerns::Decoding]);
    let now = known.harms(|concerns| concerns != Concerns::Decoding);
    let later = known.harms(|concerns| concerns == Concerns::Decoding);
    let later = match later.as_str() {
        "" => later,
        later => format!("in reverse replication after the cutover, {later}"),
    };
    let harms: Vec<_> = [now, later]
        .into_iter()
        .filter(|harms| !harms.is_empty())
        .collect();
    finding(&known, "target", &harms.join("; "))
}

fn finding(known: &KnownDefects, end: &str, harms: &str) -> Option<Finding> {
    if known.defects.is_empty() {
        return None;
    }
    let KnownDefects { version, .. } = known;
    let major = version.major();
    let remedy = match known.corrected() {
        Some(corrected) => format!("update the {end} to PostgreSQL {corrected} or a later minor version"),
        None => format!(
            "no minor version of PostgreSQL {major} corrects them all: leave the schema as it is while the migration \
             runs, and run transhume verify before the cutover"
        ),
    };
    let notes = known.notes();
    Some(Finding::warning(
        SERVER,
        end,
        format!("the {end}'s PostgreSQL {version} has known defects: {harms} ({notes})"),
        remedy,
    ))
}

/// A warning where pg_dump and pg_restore of this version, found at `place`, have known holes.
pub fn of_programs(version: VersionNumber, place: &str) -> Option<Finding> {
    let known = KnownDefects::of(version, &[Concerns::Programs]);
    if known.defects.is_empty() {
        return None;
    }
    let remedy = match known.corrected() {
        Some(corrected) => format!("update the PostgreSQL client package on this machine to {corrected} or later"),
        None => "install the client package of a newer PostgreSQL on this machine: this one gets no corrections any more"
            .to_owned(),
    };
    let (harms, notes) = (known.harms(|_| true), known.notes());
    Some(Finding::warning(
        PROGRAMS,
        place,
        format!("pg_dump and pg_restore {version} have known holes: {harms} ({notes})"),
        remedy,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(major: u32, minor: u32) -> VersionNumber {
        VersionNumber::new(major, minor)
    }

    fn source(major: u32, minor: u32) -> Option<Finding> {
        of_source(version(major, minor))
    }

    #[test]
    fn the_newest_minor_versions_have_none() {
        for (major, minor) in [(14, 25), (15, 20), (16, 16), (17, 12), (18, 7), (19, 0)] {
            assert_eq!(source(major, minor), None);
            assert_eq!(of_target(version(major, minor)), None);
            assert_eq!(of_programs(version(major, minor), "x"), None);
        }
    }

    #[test]
    fn a_remedy_names_the_version_that_corrects_all() {
        let found = source(15, 7).expect("15.7 has defects");
        assert!(
            found.message.contains("inside a running transaction"),
            "{found:?}"
        );
        assert!(
            found.message.contains("2024-08-08, 2024-11-14, 2024-11-21"),
            "{found:?}"
        );
        assert!(found.remedy.contains("15.20"), "{found:?}");
        let corrected = source(15, 8).expect("15.8 has others");
        assert!(!corrected.message.contains("inside a running transaction"));
    }

    #[test]
    fn a_defect_that_one_release_brought_is_that_releases() {
        let tells = |minor| {
            source(15, minor)
                .expect("it has defects")
                .message
                .contains("substring")
        };
        assert_eq!([15, 16, 17].map(tells), [false, true, false]);
    }

    #[test]
    fn versions_without_corrections_get_another_remedy() {
        for (major, minor) in [(12, 22), (13, 23)] {
            let found = source(major, minor).expect("it has defects");
            assert!(found.remedy.contains("transhume verify"), "{found:?}");
            let programs = of_programs(version(major, minor), "/bin").expect("they have holes");
            assert!(programs.remedy.contains("newer PostgreSQL"), "{programs:?}");
            assert_eq!(programs.object, "/bin");
        }
    }

    #[test]
    fn what_concerns_decoding_is_told_of_a_target_as_later() {
        let found = of_target(version(18, 6)).expect("18.6 has defects");
        let later = found.message.find("after the cutover").expect("it is told");
        assert!(found.message.find("bpchar").expect("it is told") < later);
        assert!(!found.message.contains("VACUUM"), "{found:?}");
    }

    #[test]
    fn ranges_are_in_order_and_days_too() {
        assert!(DEFECTS.is_sorted_by_key(|defect| defect.notes));
        for defect in DEFECTS {
            assert!(
                defect.affected.is_sorted_by_key(|(major, _)| *major),
                "{}",
                defect.harm
            );
            assert!(
                defect.affected.iter().all(|(_, minors)| !minors.is_empty()),
                "{}",
                defect.harm
            );
        }
    }
}
