//! Results of several databases at once: gathered as they come, told in the order of the file.
//!
//! One document whatever the number: a JSON object with a member for each database, or texts under headings.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use super::style::{Style, Tone};

/// What one database's command had to say.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Json(Value),
    Text(String),
}

/// Cheap to clone; all clones gather in the same place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Together(Arc<Mutex<Vec<(String, Part)>>>);

impl Together {
    pub(super) fn add(&self, database: &str, part: Part) {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        parts.push((database.to_owned(), part));
    }

    /// Everything gathered, as what is printed; none where nothing was said.
    pub(super) fn reported(&self, databases: &[&str], style: Style) -> Option<String> {
        let mut parts = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        // Stable: what one database said stays in its order.
        parts.sort_by_key(|(name, _)| databases.iter().position(|database| database == name));
        if parts.is_empty() {
            return None;
        }
        let mut object = Map::new();
        let mut text = String::new();
        for (name, part) in parts {
            match part {
                Part::Json(value) => {
                    object.insert(name, value);
                }
                Part::Text(said) => {
                    text.push_str(&headed(&name, &said, style));
                }
            }
        }
        if !object.is_empty() {
            let json = serde_json::to_string_pretty(&object).expect("values of JSON can be written");
            text.push_str(&json);
            text.push('\n');
        }
        Some(text)
    }
}

/// A text under the name of its database.
pub(crate) fn headed(name: &str, text: &str, style: Style) -> String {
    format!("== {} ==\n{text}\n", style.paint(Tone::Label, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_in_the_order_of_the_file() {
        let together = Together::default();
        together.add("bills", Part::Text("two\n".to_owned()));
        together.add("shop", Part::Text("one\n".to_owned()));
        assert_eq!(
            together.reported(&["shop", "bills"], Style::plain()).as_deref(),
            Some("== shop ==\none\n\n== bills ==\ntwo\n\n")
        );
        assert_eq!(together.reported(&["shop", "bills"], Style::plain()), None);
    }

    #[test]
    fn json_is_one_object() {
        let together = Together::default();
        together.add("bills", Part::Json(1.into()));
        together.add("shop", Part::Json(2.into()));
        let reported = together.reported(&["shop", "bills"], Style::plain()).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&reported).unwrap(),
            serde_json::json!({"shop": 2, "bills": 1})
        );
    }
}
