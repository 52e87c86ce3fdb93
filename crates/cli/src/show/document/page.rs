//! `docs/reference/schema` and its page, made from the types; a test holds the committed files to them.

use std::{env, fmt::Write, fs, path::Path};

use schemars::{Schema, generate::SchemaSettings};
use serde_json::Value;

use super::{ALL, Document, VERSION, Versioned, withdrawn::withdrawn};

const HEAD: &str = "\
# JSON documents

Made from `crates/cli/src/show/document`; a test holds this page and the schemas (JSON Schema, draft 2020-12) to the types of the program.

Every document bears `version`. Within a version things are only added: no key is removed or left out, none changes its type, and no word of an
enumeration goes. So read what you know and pass over the rest. Times are RFC 3339, LSNs are text as PostgreSQL prints it, and what is
not known is null.

Where `transhume.toml` names several databases, a command prints one object with a member for each of them, by its name in the file, and each
member is such a document. Errors go to stderr as text; the exit code tells what happened ([exit codes](exit-codes.md)).

| printed by | schema |
|---|---|
";

pub(super) struct Described {
    pub(super) name: &'static str,
    pub(super) printed_by: &'static str,
    pub(super) schema: fn() -> Schema,
}

pub(super) fn schema<T: Document + 'static>() -> Schema {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    if T::HAS_VERSION {
        generator.into_root_schema_for::<T>()
    } else {
        generator.into_root_schema_for::<Versioned<'static, T>>()
    }
}

impl Described {
    fn file(&self) -> String {
        format!("{}.v{VERSION}.json", self.name)
    }

    fn text(&self) -> String {
        let mut schema = (self.schema)();
        schema.insert("title".to_owned(), format!("transhume: {}", self.name).into());
        serde_json::to_string_pretty(&schema).unwrap() + "\n"
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for document in ALL {
        let (printed_by, file) = (document.printed_by, document.file());
        // A bar would end the cell.
        let printed_by = printed_by.replace('|', "\\|");
        writeln!(page, "| {printed_by} | [{}](schema/{file}) |", document.name).unwrap();
    }
    page
}

/// `TRANSHUME_WRITE_PAGES=1` writes the file instead, unless that would break its readers.
fn hold(path: &str, content: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/reference")
        .join(path);
    let written = fs::read_to_string(&file).unwrap_or_default();
    if let Ok(before) = serde_json::from_str::<Value>(&written) {
        let now = serde_json::from_str(content).unwrap();
        let breaks = withdrawn(&before, &now);
        assert!(
            breaks.is_empty(),
            "{path} would break its readers: keep it, or raise status::VERSION\n{}",
            breaks.join("\n")
        );
    }
    if env::var_os("TRANSHUME_WRITE_PAGES").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        return fs::write(&file, content).unwrap();
    }
    assert!(
        written == content,
        "write {path} anew: TRANSHUME_WRITE_PAGES=1 cargo test -p transhume-cli reference_page"
    );
}

#[test]
fn the_schemas_beside_the_reference_page_are_made_from_the_types_and_withdraw_nothing() {
    for document in ALL {
        hold(&format!("schema/{}", document.file()), &document.text());
    }
}

#[test]
fn the_reference_page_of_the_documents_names_them_all() {
    hold("json.md", &page());
}

#[test]
fn every_document_bears_its_version() {
    for document in ALL {
        let schema = serde_json::to_value((document.schema)()).unwrap();
        let required = schema["required"].as_array();
        let bears = required.is_some_and(|keys| keys.contains(&"version".into()));
        assert!(bears, "{}: {schema:#}", document.name);
    }
}
