//! The reference page of all settings, made from their table; a test holds the committed page to it.

use std::{env, fmt::Write, fs, path::Path};

use super::{
    databases,
    keys::{Key, keys},
    notify,
};

const HEAD: &str = "\
# Settings

Made from `crates/cli/src/settings/keys.rs`; a test holds this page to it. A flag wins over the environment, the environment over
`transhume.toml`, the file over the default. `transhume init` writes a file with all of them, commented out.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut section = "";
    for key in keys() {
        if key.section != section {
            section = key.section;
            heading(&mut page, &format!("[{section}]"));
        }
        row(&mut page, key);
    }
    heading(&mut page, &format!("[[{}]]", databases::SECTION));
    for key in databases::KEYS {
        row(&mut page, key);
    }
    heading(&mut page, &format!("[[{}]]", notify::SECTION));
    for key in notify::KEYS {
        row(&mut page, key);
    }
    page
}

fn heading(page: &mut String, section: &str) {
    write!(
        page,
        "\n## `{section}`\n\n| key | flag, environment | default | meaning |\n|---|---|---|---|\n"
    )
    .expect("text grows");
}

fn row<Settings>(page: &mut String, key: &Key<Settings>) {
    let details = key.details.replace('\n', " ");
    let meaning = format!("{}. {details}", key.brief);
    let meaning = meaning.trim();
    let from = match key.flag {
        "" => "the file alone".to_owned(),
        flag => format!("`{flag}`, `{}`", key.environment()),
    };
    writeln!(page, "| `{}` | {from} | {} | {meaning} |", key.name, key.default).expect("text grows");
}

/// `TRANSHUME_WRITE_PAGES=1` writes the page instead.
#[test]
fn the_reference_page_is_made_from_the_settings() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/settings.md");
    if env::var_os("TRANSHUME_WRITE_PAGES").is_some() {
        fs::write(&path, page()).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "write it anew: TRANSHUME_WRITE_PAGES=1 cargo test -p transhume-cli reference_page"
    );
}
