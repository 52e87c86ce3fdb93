//! Finding pg_dump and pg_restore, and which of several versions to use.
//!
//! Invariant: both come from one directory, so that the archive's format fits.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use transhume_core::{
    assess::{capability::VersionNumber, minor},
    finding::Finding,
};

use crate::connection::conninfo::bare;
use crate::connection::error::PgError;

#[derive(Debug, Clone)]
pub struct Programs {
    pub pg_dump: PathBuf,
    pub pg_restore: PathBuf,
    pub version: VersionNumber,
}

impl Programs {
    /// Looks in `setting` only where it is given, else on PATH and where Debian and the PostgreSQL yum
    /// repository install. `majors` are those of source and target: the nearest version that is
    /// not older than both is best; one that is not older than the source still works.
    pub fn find(setting: Option<&Path>, source_major: u32, target_major: u32) -> Result<Self, PgError> {
        let places = directories(setting);
        // Each is asked for its version by starting it: all at once.
        let found: Vec<Self> = thread::scope(|scope| {
            let asked: Vec<_> = places
                .iter()
                .map(|place| scope.spawn(|| Self::at(place)))
                .collect();
            asked
                .into_iter()
                .filter_map(|asking| asking.join().ok().flatten())
                .collect()
        });
        choose(&found, source_major, target_major).map_err(|newest| missing(setting, newest, source_major))
    }

    fn at(directory: &Path) -> Option<Self> {
        let pg_dump = directory.join("pg_dump");
        let pg_restore = directory.join("pg_restore");
        let version = version(&pg_dump)?;
        (version == self::version(&pg_restore)?).then_some(Self {
            pg_dump,
            pg_restore,
            version,
        })
    }

    /// A warning where this minor version has known holes.
    pub fn finding(&self) -> Option<Finding> {
        minor::of_programs(self.version, &self.pg_dump.display().to_string())
    }
}

fn directories(setting: Option<&Path>) -> Vec<PathBuf> {
    if let Some(directory) = setting {
        return vec![directory.to_owned()];
    }
    let on_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let mut all: Vec<PathBuf> = on_path.unwrap_or_default();
    let packaged = [("/usr/lib/postgresql", "bin"), ("/usr", "bin")];
    for (parent, below) in packaged {
        let Ok(children) = std::fs::read_dir(parent) else {
            continue;
        };
        all.extend(
            children
                .flatten()
                .filter(|child| parent != "/usr" || child.file_name().to_string_lossy().starts_with("pgsql-"))
                .map(|child| child.path().join(below)),
        );
    }
    // /bin is /usr/bin today, and each place is asked for its version by starting its programs.
    let mut seen = HashSet::new();
    all.retain(|directory| std::fs::canonicalize(directory).is_ok_and(|real| seen.insert(real)));
    // Debian's /usr/bin/pg_dump is a wrapper that chooses among versions by rules of its own, and starts Perl for it:
    // of use only where none of the versions that it chooses from is found.
    let is_own =
        |directory: &PathBuf| directory.join("pg_dump").is_file() && !is_wrapper(&directory.join("pg_dump"));
    if all.iter().any(is_own) {
        all.retain(is_own);
    }
    all
}

fn is_wrapper(program: &Path) -> bool {
    std::fs::canonicalize(program).is_ok_and(|real| real.ends_with("pg_wrapper"))
}

/// `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`
fn version(program: &Path) -> Option<VersionNumber> {
    if !program.is_file() {
        return None;
    }
    let mut command = Command::new(program);
    bare(&mut command);
    let output = command.arg("--version").output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

fn parse_version(text: &str) -> Option<VersionNumber> {
    let number = text.split_once("(PostgreSQL) ")?.1.split_whitespace().next()?;
    let digits = |part: &str| {
        let end = part
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(part.len());
        part[..end].parse().ok()
    };
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    // A development version ("19devel") has no minor number.
    Some(VersionNumber::new(digits(major)?, digits(minor).unwrap_or(0)))
}

/// The best of what was found, or the newest version where none can read the source.
fn choose(found: &[Programs], source: u32, target: u32) -> Result<Programs, Option<VersionNumber>> {
    let newest = found.iter().map(|programs| programs.version).max();
    // Nearest major first; within one, the newest minor; within one, the first place (max_by_key keeps
    // the last of equals, hence the reversal).
    let best = |at_least: u32| {
        found
            .iter()
            .rev()
            .filter(|programs| programs.version.major() >= at_least)
            .max_by_key(|programs| {
                (
                    std::cmp::Reverse(programs.version.major()),
                    programs.version.minor(),
                )
            })
            .cloned()
    };
    let newest_for_source = found
        .iter()
        .rev()
        .filter(|programs| programs.version.major() >= source)
        .max_by_key(|programs| programs.version)
        .cloned();
    best(source.max(target)).or(newest_for_source).ok_or(newest)
}

fn missing(setting: Option<&Path>, newest: Option<VersionNumber>, source_major: u32) -> PgError {
    let place = setting.map_or("PATH or /usr/lib/postgresql".to_owned(), |path| {
        path.display().to_string()
    });
    PgError::Program {
        message: format!("no pg_dump and pg_restore of version {source_major} or newer in {place}"),
        detail: newest.map_or(String::new(), |version| format!("The newest found is {version}.")),
        hint: format!(
            "install them (Debian: apt-get install postgresql-client-{source_major}), or set `programs` to their directory"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(major: u32, minor: u32, place: &str) -> Programs {
        Programs {
            pg_dump: PathBuf::from(place),
            pg_restore: PathBuf::from(place),
            version: VersionNumber::new(major, minor),
        }
    }

    #[test]
    fn the_nearest_version_that_is_not_older_than_both_wins() {
        let found = || {
            vec![
                programs(13, 9, "a"),
                programs(15, 3, "b"),
                programs(15, 18, "c"),
                programs(18, 1, "d"),
            ]
        };
        let chosen = |source, target| choose(&found(), source, target).unwrap().pg_dump;
        assert_eq!(chosen(13, 15), Path::new("c"));
        assert_eq!(chosen(15, 17), Path::new("d"));
        assert_eq!(chosen(13, 19), Path::new("d"));
        assert_eq!(
            choose(&found(), 19, 19).unwrap_err(),
            Some(VersionNumber::new(18, 1))
        );
        assert_eq!(choose(&[], 15, 15).unwrap_err(), None);
    }

    #[test]
    fn equal_versions_come_from_the_first_place() {
        let found = vec![programs(15, 18, "real"), programs(15, 18, "wrapper")];
        assert_eq!(choose(&found, 15, 15).unwrap().pg_dump, Path::new("real"));
    }

    #[test]
    fn versions_are_read_as_distributions_print_them() {
        let version = |text| parse_version(text).map(|version| version.to_string());
        assert_eq!(
            version("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n").unwrap(),
            "15.18"
        );
        assert_eq!(version("pg_dump (PostgreSQL) 19devel").unwrap(), "19.0");
        assert_eq!(version("pg_dump (EnterpriseDB) x"), None);
    }

    #[test]
    fn an_outdated_minor_release_is_a_warning() {
        assert!(programs(15, 18, "x").finding().is_some());
        assert!(programs(15, 20, "x").finding().is_none());
        assert!(programs(13, 99, "x").finding().is_some());
    }
}
