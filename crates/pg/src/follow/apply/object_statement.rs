//! The statements that make, alter, rename and drop what belongs to tables or stands by itself.
//!
//! Worded from facts, with every identifier quoted here or by the server that printed it.

use transhume_core::{
    guard::schema::{CommentFacts, ObjectAddress, ObjectStep, RenamedObject, SchemaObject, SchemaObjectKind},
    schema::reserved_options::without_reserved_options,
};
use transhume_wire::ident::{QualifiedName, quote_identifier, quote_literal};

/// What the source calls plain tables and roots of partitions once they are dropped.
pub(super) const TABLE: &str = "table";

/// As it calls a column, which is dropped with its table's facts unless it is computed.
pub(super) const COLUMN: &str = "table column";

pub(super) fn statements(step: &ObjectStep<'_>) -> Vec<String> {
    match step {
        ObjectStep::Make(object) => making(object),
        ObjectStep::MakeAnew(object) => {
            let drop = of_table(object, |name, table| match object.kind {
                SchemaObjectKind::Policy => format!("drop policy {name} on {table}"),
                SchemaObjectKind::Statistics => format!("drop statistics {}", own(object)),
                SchemaObjectKind::GeneratedColumn => format!("alter table {table} drop column {name}"),
                _ => format!("drop trigger {name} on {table}"),
            });
            drop.into_iter().chain(making(object)).collect()
        }
        ObjectStep::Rename { before, after } => renaming(before, after),
        ObjectStep::TakeIndex { key, index } => {
            // Behind the columns stands only when it is checked.
            let (what, when) = key.definition.rsplit_once(')').unwrap_or((&key.definition, ""));
            let kind = if what.starts_with("PRIMARY") {
                "primary key"
            } else {
                "unique"
            };
            let index = quote_identifier(&index.name);
            of_table(key, |name, table| {
                format!("alter table {table} add constraint {name} {kind} using index {index}{when}")
            })
        }
        ObjectStep::Check(object) => of_table(object, |name, table| {
            format!("alter table {table} validate constraint {name}")
        }),
        ObjectStep::Enable(object) => of_table(object, |name, table| switching(object, name, table)),
        ObjectStep::Defer(object) => of_table(object, |name, table| {
            let is = |words: &str| object.definition.contains(words);
            let when = match (is(" DEFERRABLE"), is(" INITIALLY DEFERRED")) {
                (false, _) => "not deferrable",
                (true, false) => "deferrable initially immediate",
                (true, true) => "deferrable initially deferred",
            };
            format!("alter table {table} alter constraint {name} {when}")
        }),
        ObjectStep::RenameColumn { view, before, after } => {
            let (before, after) = (quote_identifier(before), quote_identifier(after));
            // As every version takes it.
            vec![format!(
                "alter table {} rename column {before} to {after}",
                own(view)
            )]
        }
        ObjectStep::TakeAway(object) => object.index_says.iter().cloned().collect(),
    }
}

pub(super) fn own(object: &SchemaObject) -> QualifiedName {
    QualifiedName::new(object.schema.clone(), object.name.clone())
}

/// What owns a sequence, once both are there.
pub(super) fn owning(sequence: &SchemaObject) -> Option<String> {
    let owner = sequence.index_says.as_ref()?;
    Some(format!("alter sequence {} owned by {owner}", own(sequence)))
}

fn switching(trigger: &SchemaObject, name: &str, table: &QualifiedName) -> String {
    let word = if trigger.fires.acts() { "enable" } else { "disable" };
    let what = if trigger.kind == SchemaObjectKind::Rule {
        "rule"
    } else {
        "trigger"
    };
    format!("alter table {table} {word} {what} {name}")
}

fn of_table(object: &SchemaObject, worded: impl FnOnce(&str, &QualifiedName) -> String) -> Vec<String> {
    let table = object.table.as_ref();
    table
        .map(|table| worded(&quote_identifier(&object.name), table))
        .into_iter()
        .collect()
}

fn making(object: &SchemaObject) -> Vec<String> {
    let says = &object.definition;
    let own = own(object);
    match object.kind {
        SchemaObjectKind::Index => {
            let statement = format!("CREATE {says}");
            vec![without_reserved_options(&statement).into_owned()]
        }
        SchemaObjectKind::Constraint | SchemaObjectKind::ForeignKey => of_table(object, |name, table| {
            let later = if object.is_checked { "" } else { " not valid" };
            format!("alter table {table} add constraint {name} {says}{later}")
        }),
        SchemaObjectKind::RowSecurity => of_table(object, |_, table| format!("alter table {table} {says}")),
        SchemaObjectKind::Policy => of_table(object, |name, table| {
            format!("create policy {name} on {table} {says}")
        }),
        SchemaObjectKind::Trigger => {
            let kind = object.index_says.as_deref().unwrap_or_default();
            let mut statements = of_table(object, |name, _| format!("create {kind}trigger {name} {says}"));
            if !object.fires.acts() {
                statements.extend(of_table(object, |name, table| switching(object, name, table)));
            }
            statements
        }
        SchemaObjectKind::View => vec![format!("create or replace view {own} {says}")],
        SchemaObjectKind::MaterializedView => vec![format!("create materialized view {own} {says}")],
        SchemaObjectKind::Function | SchemaObjectKind::Setting | SchemaObjectKind::Identity => {
            vec![says.clone()]
        }
        SchemaObjectKind::Statistics => vec![format!("create statistics {own} {says}")],
        SchemaObjectKind::GeneratedColumn => of_table(object, |name, table| {
            format!("alter table {table} add column {name} {says}")
        }),
        SchemaObjectKind::Rule => {
            let made = of_table(object, |name, _| format!("create or replace rule {name} {says}"));
            let switched = of_table(object, |name, table| switching(object, name, table));
            made.into_iter().chain(switched).collect()
        }
        SchemaObjectKind::Schema => {
            vec![format!(
                "create schema if not exists {}",
                quote_identifier(&object.name)
            )]
        }
        SchemaObjectKind::Extension => {
            let name = quote_identifier(&object.name);
            vec![format!("create extension if not exists {name} {says}")]
        }
        SchemaObjectKind::Sequence => vec![
            format!("create sequence if not exists {own} {says}"),
            format!("alter sequence {own} {says}"),
        ],
    }
}

fn renaming(before: &SchemaObject, after: &SchemaObject) -> Vec<String> {
    let to = quote_identifier(&after.name);
    match before.kind {
        SchemaObjectKind::Index => vec![format!("alter index {} rename to {to}", own(before))],
        SchemaObjectKind::Policy => of_table(before, |name, table| {
            format!("alter policy {name} on {table} rename to {to}")
        }),
        SchemaObjectKind::Rule => of_table(before, |name, table| {
            format!("alter rule {name} on {table} rename to {to}")
        }),
        SchemaObjectKind::Statistics => vec![format!("alter statistics {} rename to {to}", own(before))],
        SchemaObjectKind::GeneratedColumn => of_table(before, |name, table| {
            format!("alter table {table} rename column {name} to {to}")
        }),
        SchemaObjectKind::Trigger => of_table(before, |name, table| {
            format!("alter trigger {name} on {table} rename to {to}")
        }),
        _ => of_table(before, |name, table| {
            format!("alter table {table} rename constraint {name} to {to}")
        }),
    }
}

pub(super) fn dropping(object: &ObjectAddress) -> Option<String> {
    let on = named(object)?;
    Some(match object.kind.as_str() {
        "table constraint" => {
            let [schema, table, name] = object.names.as_slice() else {
                return None;
            };
            let table = QualifiedName::new(schema.clone(), table.clone());
            let name = quote_identifier(name);
            format!("alter table if exists {table} drop constraint if exists {name}")
        }
        // Known by identity, and of those that are not `drop_roots`.
        TABLE => return None,
        COLUMN => {
            let (column, table) = object.names.split_last()?;
            let column = quote_identifier(column);
            format!(
                "alter table if exists {} drop column if exists {column}",
                dotted(table)
            )
        }
        "statistics object" => format!("drop statistics if exists {on}"),
        kind => format!("drop {kind} if exists {on}"),
    })
}

pub(super) fn commenting(comment: &CommentFacts) -> Option<String> {
    let on = named(&comment.on)?;
    let kind = match comment.on.kind.as_str() {
        "table column" | "view column" | "materialized view column" => "column",
        "table constraint" | "domain constraint" => "constraint",
        "statistics object" => "statistics",
        kind => kind,
    };
    let text = comment
        .text
        .as_ref()
        .map_or_else(|| "null".to_owned(), |text| quote_literal(text));
    Some(format!("comment on {kind} {on} is {text}"))
}

/// In the order that needs no name twice: the schema, then the name in it.
pub(super) fn giving_names(renamed: &RenamedObject) -> Vec<String> {
    let before = &renamed.before;
    let kind = match before.kind.as_str() {
        kind @ ("view" | "materialized view" | "sequence" | "table") => format!("{kind} if exists"),
        kind => kind.to_owned(),
    };
    let called = |names: &[String]| {
        let names = names.to_vec();
        named(&ObjectAddress {
            names,
            ..before.clone()
        })
    };
    let to = |name: &String| quote_identifier(name);
    match (before.names.as_slice(), renamed.after.as_slice()) {
        ([_], [after]) => {
            let renaming = |on| format!("alter {kind} {on} rename to {}", to(after));
            called(&before.names).map(renaming).into_iter().collect()
        }
        ([schema, name], [new_schema, new_name]) => {
            let between = [new_schema.clone(), name.clone()];
            let moving = called(&before.names)
                .filter(|_| schema != new_schema)
                .map(|on| format!("alter {kind} {on} set schema {}", to(new_schema)));
            let renaming = called(&between)
                .filter(|_| name != new_name)
                .map(|on| format!("alter {kind} {on} rename to {}", to(new_name)));
            moving.into_iter().chain(renaming).collect()
        }
        _ => Vec::new(),
    }
}

fn dotted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| quote_identifier(name)).collect();
    quoted.join(".")
}

/// As DROP and COMMENT name it; none of kinds that are not known here.
fn named(object: &ObjectAddress) -> Option<String> {
    let names = object.names.as_slice();
    Some(match object.kind.as_str() {
        "table"
        | "index"
        | "view"
        | "materialized view"
        | "sequence"
        | "schema"
        | "extension"
        | "statistics object"
        | "table column"
        | "view column"
        | "materialized view column" => dotted(names),
        // As the server prints it, and by its names where it was asked for.
        "type" => match names {
            [printed] => printed.clone(),
            names => dotted(names),
        },
        "domain constraint" => {
            let constraint = object.arguments.as_ref()?.first()?;
            format!("{} on domain {}", quote_identifier(constraint), names.first()?)
        }
        "trigger" | "policy" | "rule" | "table constraint" => {
            let (own, table) = names.split_last()?;
            format!("{} on {}", quote_identifier(own), dotted(table))
        }
        "function" | "procedure" | "aggregate" => {
            let arguments = object.arguments.as_deref().unwrap_or_default();
            format!("{}({})", dotted(names), arguments.join(", "))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(kind: &str, names: &[&str]) -> ObjectAddress {
        ObjectAddress {
            kind: kind.to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            arguments: None,
        }
    }

    #[test]
    fn what_is_dropped_and_commented_is_quoted_throughout() {
        let key = address("table constraint", &["s", "a b", "k\"k"]);
        assert_eq!(
            dropping(&key).as_deref(),
            Some("alter table if exists \"s\".\"a b\" drop constraint if exists \"k\"\"k\"")
        );
        let function = ObjectAddress {
            arguments: Some(vec!["integer".to_owned(), "public.mood".to_owned()]),
            ..address("function", &["s", "f"])
        };
        assert_eq!(
            dropping(&function).as_deref(),
            Some("drop function if exists \"s\".\"f\"(integer, public.mood)")
        );
        let comment = CommentFacts {
            on: address("table column", &["s", "t", "c"]),
            text: Some("it's".to_owned()),
        };
        assert_eq!(
            commenting(&comment).as_deref(),
            Some("comment on column \"s\".\"t\".\"c\" is 'it''s'")
        );
        assert_eq!(dropping(&address("tablespace", &["s", "t"])), None);
        assert_eq!(
            dropping(&address("table", &["s", "t"])),
            None,
            "known by identity"
        );
    }

    #[test]
    fn what_has_another_name_is_moved_then_renamed() {
        let renamed = |before: ObjectAddress, after: &[&str]| {
            let after = after.iter().map(|name| (*name).to_owned()).collect();
            giving_names(&RenamedObject { before, after })
        };
        assert_eq!(
            renamed(address("view", &["s", "v"]), &["t", "w"]),
            [
                "alter view if exists \"s\".\"v\" set schema \"t\"",
                "alter view if exists \"t\".\"v\" rename to \"w\""
            ]
        );
        assert_eq!(
            renamed(address("schema", &["a"]), &["b"]),
            ["alter schema \"a\" rename to \"b\""]
        );
        let function = ObjectAddress {
            arguments: Some(vec!["integer".to_owned()]),
            ..address("function", &["s", "f"])
        };
        assert_eq!(
            renamed(function, &["s", "g"]),
            ["alter function \"s\".\"f\"(integer) rename to \"g\""]
        );
        assert_eq!(
            dropping(&address("type", &["s.\"E\""])).as_deref(),
            Some("drop type if exists s.\"E\"")
        );
    }
}
