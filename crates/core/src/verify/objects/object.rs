//! One object of a database as both sides tell it: its kind, its name, where it belongs, its traits.
//!
//! Names are the server's own, quoted throughout, so that they are equal on every version and valid in
//! SQL. Traits stay the JSON text that they came as until two of them differ: there are hundreds of
//! thousands, and nearly all are equal.

use std::{collections::BTreeMap, fmt};

use transhume_wire::{ident::QualifiedName, printable::escape_on_one_line};

/// What an object is, in PostgreSQL's words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    Schema,
    Extension,
    Type,
    Domain,
    DomainConstraint,
    Function,
    Procedure,
    Aggregate,
    Table,
    ForeignTable,
    View,
    MaterializedView,
    Column,
    Sequence,
    Constraint,
    ForeignKey,
    Index,
    /// Comes and goes with its constraint; only its own state is told of it.
    IndexOfConstraint,
    Trigger,
    Rule,
    Policy,
    Statistics,
    EventTrigger,
    DefaultPrivileges,
    /// As `pg_identify_object` calls it.
    Other(String),
}

const NAMES: [(ObjectKind, &str); 24] = [
    (ObjectKind::Schema, "schema"),
    (ObjectKind::Extension, "extension"),
    (ObjectKind::Type, "type"),
    (ObjectKind::Domain, "domain"),
    (ObjectKind::DomainConstraint, "domain constraint"),
    (ObjectKind::Function, "function"),
    (ObjectKind::Procedure, "procedure"),
    (ObjectKind::Aggregate, "aggregate"),
    (ObjectKind::Table, "table"),
    (ObjectKind::ForeignTable, "foreign table"),
    (ObjectKind::View, "view"),
    (ObjectKind::MaterializedView, "materialized view"),
    (ObjectKind::Column, "column"),
    (ObjectKind::Sequence, "sequence"),
    (ObjectKind::Constraint, "constraint"),
    (ObjectKind::ForeignKey, "foreign key"),
    (ObjectKind::Index, "index"),
    (ObjectKind::IndexOfConstraint, "index of a constraint"),
    (ObjectKind::Trigger, "trigger"),
    (ObjectKind::Rule, "rule"),
    (ObjectKind::Policy, "policy"),
    (ObjectKind::Statistics, "statistics"),
    (ObjectKind::EventTrigger, "event trigger"),
    (ObjectKind::DefaultPrivileges, "default privileges"),
];

impl ObjectKind {
    pub fn of(word: &str) -> Self {
        NAMES
            .iter()
            .find(|(_, name)| *name == word)
            .map_or_else(|| Self::Other(word.to_owned()), |(kind, _)| kind.clone())
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Other(word) => word,
            known => NAMES
                .iter()
                .find_map(|(kind, name)| (kind == known).then_some(*name))
                .expect("every kind but Other has a name"),
        }
    }

    /// Other objects are named after one of these and fall with it.
    pub fn is_relation(&self) -> bool {
        matches!(
            self,
            Self::Table | Self::ForeignTable | Self::View | Self::MaterializedView
        )
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub kind: ObjectKind,
    /// Quoted; with its arguments, or `… on …`, where the name alone is not unique.
    pub name: String,
    /// None for what is in no schema.
    pub schema: Option<String>,
    /// The relation that it belongs to or is: the selection is asked for it.
    pub relation: Option<QualifiedName>,
    /// A JSON object of texts.
    pub definition: String,
    pub comment: Option<String>,
    /// What is printed from a parse tree, in a way that versions differ in.
    pub text: Option<String>,
    /// A JSON object of texts, by grantee; none where they are those of a new object.
    pub privileges: Option<String>,
}

/// Traits by name.
pub(super) type Traits = BTreeMap<String, String>;

/// The name under which a comment is a trait.
pub(super) const COMMENT: &str = "comment";

/// The name under which a text is a trait.
pub(super) const TEXT: &str = "text";

/// What the name of a trait begins with that is a grantee's privileges.
pub(super) const PRIVILEGES: &str = "privileges of ";

impl Object {
    /// The same traits in the same words: nothing to look at more closely.
    pub(super) fn is_told_alike(&self, other: &Self) -> bool {
        self.definition == other.definition
            && self.comment == other.comment
            && self.text == other.text
            && self.privileges == other.privileges
    }

    pub fn traits(&self) -> Traits {
        let mut traits = texts(&self.definition);
        if let Some(comment) = &self.comment {
            traits.insert(COMMENT.to_owned(), comment.clone());
        }
        if let Some(text) = &self.text {
            traits.insert(TEXT.to_owned(), text.clone());
        }
        let privileges = self.privileges.as_deref().map(texts).unwrap_or_default();
        let named = privileges
            .into_iter()
            .map(|(grantee, list)| (format!("{PRIVILEGES}{grantee}"), list));
        traits.extend(named);
        traits
    }

    pub fn is_member(&self) -> bool {
        self.relation.is_some() && !self.kind.is_relation()
    }
}

/// What is not text (true, a number) is told as JSON writes it.
fn texts(json: &str) -> Traits {
    let values: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(json).expect("invariant: the server makes a JSON object");
    values
        .into_iter()
        .map(|(name, value)| match value {
            serde_json::Value::String(text) => (name, text),
            other => (name, other.to_string()),
        })
        .collect()
}

/// Text of a server on one line, without the quotes around plain names.
pub fn for_people(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('"') {
        shown.push_str(&rest[..start]);
        let quoted = &rest[start..start + quoted_length(&rest[start..])];
        let name = unquoted(quoted);
        shown.push_str(if is_plain(&name) { &name } else { quoted });
        rest = &rest[start + quoted.len()..];
    }
    shown.push_str(rest);
    let words: Vec<&str> = shown.split_whitespace().collect();
    escape_on_one_line(&words.join(" "))
}

/// With both quotes; all that is left where there is no second one.
fn quoted_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut position = 1;
    while position < bytes.len() {
        if bytes[position] != b'"' {
            position += 1;
        } else if bytes.get(position + 1) == Some(&b'"') {
            position += 2;
        } else {
            return position + 1;
        }
    }
    text.len()
}

/// The name that a quoted identifier stands for.
pub(super) fn unquoted(quoted: &str) -> String {
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(quoted).replace("\"\"", "\"")
}

/// The names in a list such as `"a"."b", "c"."d"`.
pub(super) fn qualified_names(list: &str) -> Vec<QualifiedName> {
    let mut parts = Vec::new();
    let mut rest = list;
    while let Some(start) = rest.find('"') {
        let quoted = &rest[start..start + quoted_length(&rest[start..])];
        parts.push(unquoted(quoted));
        rest = &rest[start + quoted.len()..];
    }
    parts
        .chunks_exact(2)
        .map(|pair| QualifiedName::new(pair[0].clone(), pair[1].clone()))
        .collect()
}

fn is_plain(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_word() {
        for (kind, name) in NAMES {
            assert_eq!(ObjectKind::of(name), kind);
            assert_eq!(kind.name(), name);
        }
        assert_eq!(ObjectKind::of("text search parser").name(), "text search parser");
    }

    #[test]
    fn people_read_plain_names_without_quotes() {
        assert_eq!(for_people(r#""shop"."orders""#), "shop.orders");
        assert_eq!(for_people(r#""Shop"."or""ders""#), r#""Shop"."or""ders""#);
        assert_eq!(for_people("a\n  b\u{7}"), "a b\\u{7}");
    }

    #[test]
    fn traits_are_definition_comment_and_privileges() {
        let object = Object {
            kind: ObjectKind::Table,
            name: String::new(),
            schema: None,
            relation: None,
            definition: r#"{"owner": "ann", "merges": true}"#.to_owned(),
            comment: Some("x".to_owned()),
            text: None,
            privileges: Some(r#"{"everybody": "SELECT"}"#.to_owned()),
        };
        let traits: Vec<(String, String)> = object.traits().into_iter().collect();
        let expected = [
            ("comment", "x"),
            ("merges", "true"),
            ("owner", "ann"),
            ("privileges of everybody", "SELECT"),
        ];
        assert_eq!(
            traits,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}
