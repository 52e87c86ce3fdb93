//! JSON documents held to a JSON Schema, by a validator that shares no code with what prints them.

use std::{fs, path::Path};

use jsonschema::Validator;
use serde_json::Value;

/// A schema that has been read and compiled.
pub struct Schema(Validator);

impl Schema {
    /// Panics where the file is no schema.
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a schema can be read");
        let schema = serde_json::from_str(&text).expect("a schema is JSON");
        Self(jsonschema::validator_for(&schema).expect("a schema is one"))
    }

    /// Where the document is not as the schema says, each place with the reason.
    pub fn faults(&self, document: &Value) -> Vec<String> {
        self.0
            .iter_errors(document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }
}
