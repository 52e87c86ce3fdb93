//! What a schema promised and its successor does not: keys, types, words. Additions are none of its business.

use serde_json::Value;

/// Each with the path to it; empty where every reader of the old one can read the new one.
pub(super) fn withdrawn(before: &Value, now: &Value) -> Vec<String> {
    let mut comparison = Comparison {
        documents: [before, now],
        seen: Vec::new(),
        found: Vec::new(),
    };
    comparison.compare(before, now, "");
    comparison.found
}

struct Comparison<'a> {
    documents: [&'a Value; 2],
    /// Pairs that were begun: schemas refer to themselves.
    seen: Vec<[String; 2]>,
    found: Vec<String>,
}

impl<'a> Comparison<'a> {
    fn compare(&mut self, before: &'a Value, now: &'a Value, path: &str) {
        let names = [before, now].map(|schema| schema["$ref"].as_str().unwrap_or_default().to_owned());
        if names.iter().any(|name| !name.is_empty()) {
            if self.seen.contains(&names) {
                return;
            }
            self.seen.push(names);
        }
        let [old, new] = self.documents;
        let (before, now) = (resolved(old, before), resolved(new, now));
        self.types(before, now, path);
        self.words(before, now, path);
        self.keys(before, now, path);
        self.alternatives(before, now, path);
        for part in ["items", "additionalProperties"] {
            if before[part].is_object() {
                self.compare(&before[part], &now[part], &format!("{path}[]"));
            }
        }
        let members = before["prefixItems"].as_array().into_iter().flatten();
        for (index, member) in members.enumerate() {
            self.compare(member, &now["prefixItems"][index], &format!("{path}[{index}]"));
        }
    }

    fn types(&mut self, before: &Value, now: &Value, path: &str) {
        let (before, now) = (set(&before["type"]), set(&now["type"]));
        if before != now {
            self.found
                .push(format!("{path}: the type was {before:?} and is {now:?}"));
        }
    }

    fn words(&mut self, before: &Value, now: &Value, path: &str) {
        for word in set(&before["enum"]) {
            if !set(&now["enum"]).contains(&word) {
                self.found.push(format!("{path}: the word {word} is gone"));
            }
        }
        if !before["const"].is_null() && before["const"] != now["const"] {
            self.found
                .push(format!("{path}: {} became {}", before["const"], now["const"]));
        }
    }

    fn keys(&mut self, before: &'a Value, now: &'a Value, path: &str) {
        for key in set(&before["required"]) {
            if !set(&now["required"]).contains(&key) {
                self.found
                    .push(format!("{path}: {key} is not always there any more"));
            }
        }
        for (key, schema) in before["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            match now["properties"].get(key) {
                Some(successor) => self.compare(schema, successor, &path),
                None => self.found.push(format!("{path} is gone")),
            }
        }
    }

    /// Each one needs a successor that withdraws nothing.
    fn alternatives(&mut self, before: &'a Value, now: &'a Value, path: &str) {
        for kind in ["anyOf", "oneOf"] {
            for alternative in before[kind].as_array().into_iter().flatten() {
                let successors = now[kind].as_array().into_iter().flatten();
                let mut is_kept = false;
                for successor in successors {
                    let mut trial = Comparison {
                        documents: self.documents,
                        seen: self.seen.clone(),
                        found: Vec::new(),
                    };
                    trial.compare(alternative, successor, path);
                    is_kept |= trial.found.is_empty();
                }
                if !is_kept {
                    self.found.push(format!("{path}: no successor of {alternative}"));
                }
            }
        }
    }
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema["$ref"].as_str().and_then(|name| name.strip_prefix('#'));
    reference
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or(schema)
}

/// One value or a list of them, in an order that says nothing.
fn set(value: &Value) -> Vec<String> {
    let mut all: Vec<String> = match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().map(ToString::to_string).collect(),
        one => vec![one.to_string()],
    };
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn old() -> Value {
        json!({
            "type": "object",
            "required": ["phase", "lag"],
            "properties": {
                "phase": { "$ref": "#/$defs/Phase" },
                "lag": { "type": ["integer", "null"] },
                "back": { "anyOf": [{ "$ref": "#" }, { "type": "null" }] },
                "rows": { "type": "array", "items": { "type": "object", "properties": { "n": { "type": "integer" } } } },
            },
            "$defs": { "Phase": { "oneOf": [
                { "type": "string", "enum": ["load", "done"] },
                { "type": "string", "const": "follow", "description": "every commit" },
            ] } },
        })
    }

    fn changed(pointer: &str, value: Value) -> Vec<String> {
        let mut now = old();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        match now.pointer_mut(parent).unwrap() {
            Value::Object(map) if value.is_null() => drop(map.remove(key)),
            Value::Object(map) => drop(map.insert(key.to_owned(), value)),
            Value::Array(all) => all[key.parse::<usize>().unwrap()] = value,
            other => panic!("{other}"),
        }
        withdrawn(&old(), &now)
    }

    #[test]
    fn additions_and_other_descriptions_break_nobody() {
        let kept: [(&str, Value); 6] = [
            ("/properties/more", json!({ "type": "string" })),
            ("/required", json!(["lag", "more", "phase"])),
            ("/properties/lag/type", json!(["null", "integer"])),
            ("/$defs/Phase/oneOf/0/enum", json!(["load", "done", "open"])),
            ("/$defs/Phase/oneOf/1/description", json!("other words")),
            (
                "/properties/rows/items/properties/m",
                json!({ "type": "integer" }),
            ),
        ];
        for (pointer, value) in kept {
            assert_eq!(changed(pointer, value), Vec::<String>::new(), "{pointer}");
        }
    }

    #[test]
    fn removals_and_other_types_break_readers() {
        let broken: [(&str, Value); 8] = [
            ("/properties/lag", Value::Null),
            ("/properties/lag/type", json!("integer")),
            ("/properties/lag/type", json!(["string", "null"])),
            ("/required", json!(["phase"])),
            ("/$defs/Phase/oneOf/0/enum", json!(["load"])),
            ("/$defs/Phase/oneOf/1/const", json!("following")),
            ("/properties/rows/items/properties/n", Value::Null),
            ("/properties/back", json!({ "type": "null" })),
        ];
        for (pointer, value) in broken {
            let found = changed(pointer, value);
            assert!(!found.is_empty(), "{pointer} was not noticed");
        }
    }
}
