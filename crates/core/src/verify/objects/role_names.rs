//! Objects of the source as they are meant to be on a target whose roles have other names.

use serde_json::{Map, Value};

use super::object::{Object, ObjectKind, unquoted};
use crate::role_map::RoleMap;

/// What the trait of an owner is called.
const OWNER: &str = "owner";

/// Whom privileges call so is the object's owner.
const ITS_OWNER: &str = "its owner";

const ROLE: &str = "role ";

pub(super) fn with_target_roles(objects: Vec<Object>, roles: &RoleMap) -> Vec<Object> {
    if roles.is_empty() {
        return objects;
    }
    let names_some = |text: &str| {
        roles
            .pairs()
            .any(|(from, to)| text.contains(from) || text.contains(to))
    };
    objects
        .into_iter()
        .map(|object| {
            let privileges = object.privileges.as_deref().unwrap_or_default();
            if names_some(&object.definition) || names_some(privileges) || names_some(&object.name) {
                renamed(object, roles)
            } else {
                object
            }
        })
        .collect()
}

fn renamed(mut object: Object, roles: &RoleMap) -> Object {
    let mut traits = texts(&object.definition);
    let owner = traits
        .get(OWNER)
        .and_then(Value::as_str)
        .map(|owner| roles.target(owner).to_owned());
    if let Some(owner) = &owner {
        traits.insert(OWNER.to_owned(), Value::from(owner.as_str()));
    }
    if object.kind == ObjectKind::Policy {
        let names = traits.get("roles").and_then(Value::as_str).unwrap_or_default();
        let mut names: Vec<&str> = names.split(", ").map(|name| roles.target(name)).collect();
        names.sort_unstable();
        names.dedup();
        let names = names.join(", ");
        traits.insert("roles".to_owned(), Value::from(names));
    }
    if object.kind == ObjectKind::DefaultPrivileges {
        traits = grantees(traits, None, roles);
        object.name = grantor(&object.name, roles);
    }
    object.definition = Value::Object(traits).to_string();
    if let Some(privileges) = &object.privileges {
        let named = grantees(texts(privileges), owner.as_deref(), roles);
        object.privileges = Some(Value::Object(named).to_string());
    }
    object
}

fn texts(json: &str) -> Map<String, Value> {
    serde_json::from_str(json).expect("invariant: the server makes a JSON object")
}

/// The same privileges by the target's names; those of roles that have become one are joined.
fn grantees(privileges: Map<String, Value>, owner: Option<&str>, roles: &RoleMap) -> Map<String, Value> {
    let mut named: Map<String, Value> = Map::new();
    for (grantee, list) in privileges {
        let grantee = match grantee.strip_prefix(ROLE) {
            Some(role) => {
                let role = unquoted(role);
                let role = roles.target(&role);
                if Some(role) == owner {
                    ITS_OWNER.to_owned()
                } else {
                    format!("{ROLE}{}", quoted(role))
                }
            }
            None => grantee,
        };
        let joined = match (named.get(&grantee).and_then(Value::as_str), list.as_str()) {
            (Some(there), Some(more)) => Value::from(union(there, more)),
            _ => list,
        };
        named.insert(grantee, joined);
    }
    named
}

fn union(there: &str, more: &str) -> String {
    let mut all: Vec<&str> = there.split(", ").chain(more.split(", ")).collect();
    all.sort_unstable();
    all.dedup();
    all.join(", ")
}

/// `of postgres for tables in shop`
fn grantor(name: &str, roles: &RoleMap) -> String {
    for (from, to) in roles.pairs() {
        if let Some(rest) = name.strip_prefix(&format!("of {} for ", quoted(from))) {
            return format!("of {} for {rest}", quoted(to));
        }
    }
    name.to_owned()
}

/// As servers print names while catalogs are read: quoted, all of them.
fn quoted(role: &str) -> String {
    format!("\"{}\"", role.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_grantees_and_policies_get_the_target_s_names() {
        let map = RoleMap::new([("postgres".to_owned(), "azadmin".to_owned())]);
        let object = |kind, definition: &str, privileges: &str| Object {
            kind,
            name: "x".to_owned(),
            schema: None,
            relation: None,
            definition: definition.to_owned(),
            comment: None,
            text: None,
            privileges: Some(privileges.to_owned()),
        };
        let table = object(
            ObjectKind::Table,
            r#"{"owner" : "postgres"}"#,
            r#"{"its owner" : "INSERT, SELECT", "role \"azadmin\"" : "SELECT, UPDATE", "role \"app\"" : "SELECT"}"#,
        );
        let policy = object(ObjectKind::Policy, r#"{"roles": "app, postgres"}"#, "{}");
        let renamed = with_target_roles(vec![table, policy], &map);
        let traits = renamed[0].traits();
        assert_eq!(traits["owner"], "azadmin");
        assert_eq!(traits["privileges of its owner"], "INSERT, SELECT, UPDATE");
        assert_eq!(traits["privileges of role \"app\""], "SELECT");
        assert_eq!(renamed[1].traits()["roles"], "app, azadmin");
        assert_eq!(
            grantor("of \"postgres\" for tables in s", &map),
            "of \"azadmin\" for tables in s"
        );
    }
}
