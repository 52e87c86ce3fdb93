//! What a running migration makes different on purpose, so that nobody is told of it as a fault.
//!
//! Exact: a table's replica identity is excused only where the target has what the source had before, a
//! trigger only where the recorded statement brings back the state that it has on the source.

use std::collections::{HashMap, HashSet};

use transhume_wire::ident::QualifiedName;

use super::{
    difference::TraitDifference,
    object::{Object, ObjectKind, PRIVILEGES, for_people, unquoted},
};

/// As the migration's state on the target tells it; empty where there is no migration.
#[derive(Debug, Clone, Default)]
pub struct Deliberate {
    /// Replica identities before the source's tables were set to full, by quoted name of the table.
    pub identities: HashMap<String, String>,
    /// Statements that undo what is set aside on the target.
    pub undo: HashSet<String>,
    /// Foreign keys held until the cutover, `name on table` as for people.
    pub held: HashSet<String>,
    /// What is left out since it needs something that is not selected, as pg_restore lists it.
    pub left_out: Vec<String>,
    /// What the operator leaves out, with what needs it, as [`as_named`] gives it.
    pub chosen: HashSet<String>,
    /// The side that is written to was closed by a fence: on the way back.
    pub closed: bool,
    /// Grantees that read every table of a side through a predefined role: where the other side's service gives that role to
    /// nobody, they have the same right on each table.
    pub readers: HashSet<String>,
    /// The same of writing.
    pub writers: HashSet<String>,
    /// After the cutover: what was left out is where the changes go to, and not where they come from.
    pub reversed: bool,
}

/// Why an object is missing on purpose.
pub(super) const HELD: &str = "foreign keys are made at the cutover";
pub(super) const NOT_SELECTED: &str = "objects were left out since they need what is not selected";
const CHOSEN: &str = "objects are left out as the configuration says";
/// Why a trait differs on purpose.
const FULL_IDENTITY: &str = "tables have replica identity full on the source until the end of the migration";
const CLOSED: &str = "tables and sequences of the old source may not be written, but by this program";
const PREDEFINED: &str = "objects have privileges on one side that a predefined role gives on the other";
const SET_ASIDE: &str = "triggers and rules are disabled on the target until the cutover";

impl Deliberate {
    /// What the forward migration did not make is on the old source alone.
    pub(super) fn excuses_surplus(&self, object: &Object) -> Option<&'static str> {
        self.excuses_absence(object).filter(|_| self.reversed)
    }

    pub(super) fn excuses_absence(&self, object: &Object) -> Option<&'static str> {
        let name = for_people(&object.name);
        let is_chosen = std::iter::once(object.kind.name())
            .chain(words(&object.kind).iter().copied())
            .any(|kind| self.chosen.contains(&format!("{kind} {name}")));
        if is_chosen {
            return Some(CHOSEN);
        }
        let table = object.relation.as_ref()?;
        // The copy of a trigger on a partition is told only while its state is another than the original's.
        let is_set_aside =
            |state: String| undo_statement(object, &state).is_some_and(|undo| self.undo.contains(&undo));
        if state(object).is_some_and(is_set_aside) {
            return Some(SET_ASIDE);
        }
        let own = own_name(object, table);
        if object.kind == ObjectKind::ForeignKey {
            let key = format!("{} on {}", own.escape_debug(), table.plain());
            if self.held.contains(&key) {
                return Some(HELD);
            }
        }
        let listed = if object.kind.is_relation() {
            format!(" {} {} ", table.schema, table.name)
        } else {
            format!(" {} {} {own} ", table.schema, table.name)
        };
        self.left_out
            .iter()
            .any(|entry| entry.contains(&listed))
            .then_some(NOT_SELECTED)
    }

    pub(super) fn excuses(&self, object: &Object, differing: &TraitDifference) -> Option<&'static str> {
        let (source, target) = (differing.source.as_deref(), differing.target.as_deref());
        match differing.name.as_str() {
            "replica identity" => {
                let former = self.identities.get(&object.name).map(String::as_str);
                let is_former = former == target
                    // Its index is gone: on either side that is none.
                    || former == Some("nothing") && target == Some("using index that is gone");
                (source == Some("full") && former.is_some() && is_former).then_some(FULL_IDENTITY)
            }
            "enabled" => {
                let brought_back = undo_statement(object, source?)?;
                (target == Some("no") && self.undo.contains(&brought_back)).then_some(SET_ASIDE)
            }
            name => self.excuses_privileges(object, name.strip_prefix(PRIVILEGES)?, (source, target)),
        }
    }

    fn excuses_privileges(
        &self,
        object: &Object,
        grantee: &str,
        (source, target): (Option<&str>, Option<&str>),
    ) -> Option<&'static str> {
        let same_but_for = |words: &[&str]| reading(source, words) == reading(target, words);
        let mut given = Vec::new();
        if self.readers.contains(grantee) {
            given.extend(["SELECT", "USAGE"]);
        }
        if self.writers.contains(grantee) {
            given.extend(["INSERT", "UPDATE", "DELETE", "USAGE"]);
        }
        if !given.is_empty() && same_but_for(&given) {
            return Some(PREDEFINED);
        }
        let writing: &[&str] = match object.kind {
            ObjectKind::Table | ObjectKind::Column => &["INSERT", "UPDATE", "DELETE", "TRUNCATE"],
            ObjectKind::Sequence => &["USAGE", "UPDATE"],
            _ => &[],
        };
        (self.closed && !writing.is_empty() && same_but_for(writing)).then_some(CLOSED)
    }
}

/// What PostgreSQL identifies as objects are named here: it gives the types of arguments with their schema, its own too.
pub fn as_named(identity: &str) -> String {
    let shown = for_people(identity);
    match shown.split_once('(') {
        Some((name, arguments)) => format!("{name}({}", arguments.replace("pg_catalog.", "")),
        None => shown,
    }
}

/// Of a trigger or rule: whether and for whom it fires.
fn state(object: &Object) -> Option<String> {
    let traits: serde_json::Value = serde_json::from_str(&object.definition).ok()?;
    Some(traits.get("enabled")?.as_str()?.to_owned())
}

/// What `pg_identify_object` calls objects of the kind.
fn words(kind: &ObjectKind) -> &[&str] {
    match kind {
        ObjectKind::Constraint | ObjectKind::ForeignKey => &["table constraint"],
        ObjectKind::Domain => &["type"],
        ObjectKind::Type => &["type", "composite type"],
        ObjectKind::Statistics => &["statistics object"],
        ObjectKind::IndexOfConstraint => &["index"],
        _ => &[],
    }
}

/// Privileges that a fence leaves as they are.
fn reading<'a>(privileges: Option<&'a str>, writing: &[&str]) -> Vec<&'a str> {
    privileges
        .unwrap_or_default()
        .split(", ")
        .filter(|privilege| !privilege.is_empty())
        .filter(|privilege| !writing.iter().any(|word| privilege.starts_with(word)))
        .collect()
}

/// As it was recorded when the trigger was set aside.
fn undo_statement(object: &Object, state: &str) -> Option<String> {
    let what = match object.kind {
        ObjectKind::Trigger => "TRIGGER",
        ObjectKind::Rule => "RULE",
        _ => return None,
    };
    let mode = match state {
        "always" => "ALWAYS ",
        "replica" => "REPLICA ",
        "yes" => "",
        _ => return None,
    };
    let table = object.relation.as_ref()?;
    let name = object.name.strip_suffix(&format!(" on {table}"))?;
    Some(format!("ALTER TABLE ONLY {table} ENABLE {mode}{what} {name}"))
}

/// Without quotes and without the table that it is on.
fn own_name(object: &Object, table: &QualifiedName) -> String {
    let name = object
        .name
        .strip_suffix(&format!(" on {table}"))
        .unwrap_or(&object.name);
    unquoted(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_table(kind: ObjectKind, name: &str) -> Object {
        Object {
            kind,
            name: format!("\"{name}\" on \"shop\".\"orders\""),
            schema: Some("shop".to_owned()),
            relation: Some(QualifiedName::new("shop", "orders")),
            definition: "{}".to_owned(),
            comment: None,
            text: None,
            privileges: None,
        }
    }

    fn differing(name: &str, source: &str, target: &str) -> TraitDifference {
        TraitDifference {
            name: name.to_owned(),
            source: Some(source.to_owned()),
            target: Some(target.to_owned()),
        }
    }

    #[test]
    fn what_the_operator_leaves_out_is_missed_by_nobody_and_its_namesakes_are() {
        let mut function = on_table(ObjectKind::Policy, "orders");
        (function.kind, function.relation) = (ObjectKind::Function, None);
        function.name = "\"shop\".\"f\"(integer)".to_owned();
        let chosen = |name: &str| Deliberate {
            chosen: HashSet::from([name.to_owned()]),
            ..Deliberate::default()
        };
        assert_eq!(
            chosen("function shop.f(integer)").excuses_absence(&function),
            Some(CHOSEN)
        );
        let reversed = Deliberate {
            reversed: true,
            ..chosen("function shop.f(integer)")
        };
        assert_eq!(reversed.excuses_surplus(&function), Some(CHOSEN));
        assert_eq!(
            chosen("function shop.f(integer)").excuses_surplus(&function),
            None
        );
        function.name = "\"shop\".\"f\"(\"text\",integer)".to_owned();
        let identified = as_named("function shop.f(pg_catalog.text,integer)");
        assert_eq!(chosen(&identified).excuses_absence(&function), Some(CHOSEN));
        for other in ["function shop.f(text)", "aggregate shop.f(integer)"] {
            assert_eq!(chosen(other).excuses_absence(&function), None, "{other}");
        }
    }

    #[test]
    fn a_trigger_is_excused_only_where_its_former_state_comes_back() {
        let deliberate = Deliberate {
            undo: HashSet::from([
                r#"ALTER TABLE ONLY "shop"."orders" ENABLE ALWAYS TRIGGER "audit""#.to_owned(),
            ]),
            ..Deliberate::default()
        };
        let trigger = on_table(ObjectKind::Trigger, "audit");
        let excused = |source, target| deliberate.excuses(&trigger, &differing("enabled", source, target));
        assert_eq!(excused("always", "no"), Some(SET_ASIDE));
        assert_eq!(excused("yes", "no"), None);
        assert_eq!(excused("always", "replica"), None);
        let mut copied = trigger.clone();
        assert_eq!(deliberate.excuses_absence(&copied), None);
        copied.definition = r#"{"enabled": "always"}"#.to_owned();
        assert_eq!(deliberate.excuses_absence(&copied), Some(SET_ASIDE));
        copied.definition = r#"{"enabled": "replica"}"#.to_owned();
        assert_eq!(deliberate.excuses_absence(&copied), None);
    }

    #[test]
    fn an_identity_is_excused_only_where_the_target_has_the_former_one() {
        let table = Object {
            name: r#""shop"."orders""#.to_owned(),
            ..on_table(ObjectKind::Table, "")
        };
        let deliberate = Deliberate {
            identities: HashMap::from([(table.name.clone(), "default".to_owned())]),
            ..Deliberate::default()
        };
        let excused =
            |source, target| deliberate.excuses(&table, &differing("replica identity", source, target));
        assert_eq!(excused("full", "default"), Some(FULL_IDENTITY));
        assert_eq!(excused("full", "nothing"), None);
        assert_eq!(excused("default", "full"), None);
    }

    #[test]
    fn on_a_closed_side_only_the_right_to_write_may_differ() {
        let closed = Deliberate {
            closed: true,
            ..Deliberate::default()
        };
        let table = on_table(ObjectKind::Table, "");
        let all = differing("privileges of app", "DELETE, INSERT, SELECT", "SELECT");
        assert_eq!(closed.excuses(&table, &all), Some(CLOSED));
        assert_eq!(Deliberate::default().excuses(&table, &all), None);
        let reading = differing("privileges of app", "INSERT, SELECT", "REFERENCES");
        assert_eq!(closed.excuses(&table, &reading), None);
        let sequence = on_table(ObjectKind::Sequence, "");
        let using = differing("privileges of app", "SELECT, UPDATE, USAGE", "SELECT");
        assert_eq!(closed.excuses(&sequence, &using), Some(CLOSED));
        let function = on_table(ObjectKind::Function, "");
        assert_eq!(closed.excuses(&function, &using), None);
    }

    #[test]
    fn a_right_on_each_table_may_stand_for_a_predefined_role() {
        let deliberate = Deliberate {
            writers: HashSet::from(["role app".to_owned()]),
            ..Deliberate::default()
        };
        let view = on_table(ObjectKind::View, "");
        let writing = differing(
            "privileges of role app",
            "DELETE, INSERT, SELECT, UPDATE",
            "SELECT",
        );
        assert_eq!(deliberate.excuses(&view, &writing), Some(PREDEFINED));
        let reading = differing("privileges of role app", "INSERT, SELECT", "INSERT");
        assert_eq!(deliberate.excuses(&view, &reading), None);
        let other = differing("privileges of role report", "INSERT", "");
        assert_eq!(deliberate.excuses(&view, &other), None);
    }

    #[test]
    fn a_foreign_key_may_be_held_or_left_out() {
        let key = on_table(ObjectKind::ForeignKey, "orders_customer");
        let held = Deliberate {
            held: HashSet::from(["orders_customer on shop.orders".to_owned()]),
            ..Deliberate::default()
        };
        assert_eq!(held.excuses_absence(&key), Some(HELD));
        let left_out = Deliberate {
            left_out: vec!["FK CONSTRAINT shop orders orders_customer ann".to_owned()],
            ..Deliberate::default()
        };
        assert_eq!(left_out.excuses_absence(&key), Some(NOT_SELECTED));
        assert_eq!(
            left_out.excuses_absence(&on_table(ObjectKind::ForeignKey, "orders")),
            None
        );
    }
}
