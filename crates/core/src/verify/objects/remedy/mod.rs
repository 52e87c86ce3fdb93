//! The statement that makes the target like the source, for one difference. Run by people, on the target.

mod different;

pub(super) use self::different::of_different;
use super::object::{Object, ObjectKind, Traits};
use crate::finding::Remedy;

/// Where no single statement does it.
pub(super) fn by_hand(object: &Object) -> Remedy {
    Remedy::from(format!(
        "make {} {} on the target as \"pg_dump --schema-only\" prints it on the source",
        object.kind, object.name
    ))
}

pub(super) fn of_missing(object: &Object) -> Remedy {
    let traits = object.traits();
    let text = |name: &str| traits.get(name).map(|text| text.trim_end_matches(';').trim_end());
    let name = &object.name;
    let statement = match &object.kind {
        ObjectKind::Schema => Some(format!("CREATE SCHEMA {name}")),
        ObjectKind::Extension => Some(format!("CREATE EXTENSION {name}")),
        ObjectKind::Index | ObjectKind::Trigger | ObjectKind::Statistics => {
            text("definition").map(str::to_owned)
        }
        ObjectKind::Function | ObjectKind::Procedure => {
            text("definition").or(text("text")).map(str::to_owned)
        }
        ObjectKind::Rule => text("text").map(str::to_owned),
        ObjectKind::View => text("text").map(|text| format!("CREATE VIEW {name} AS{text}")),
        ObjectKind::MaterializedView => {
            text("text").map(|text| format!("CREATE MATERIALIZED VIEW {name} AS{text}"))
        }
        ObjectKind::Constraint | ObjectKind::ForeignKey => {
            text("definition").and_then(|text| add_constraint(object, text))
        }
        ObjectKind::Column => column(object, &traits),
        ObjectKind::Type => text("labels").map(|labels| format!("CREATE TYPE {name} AS ENUM ({labels})")),
        _ => None,
    };
    statement.map_or_else(|| by_hand(object), Remedy::run)
}

pub(super) fn of_surplus(object: &Object) -> Remedy {
    let name = &object.name;
    let statement = match object.kind {
        ObjectKind::Column | ObjectKind::Constraint | ObjectKind::ForeignKey => {
            in_table(object).map(|(table, own)| {
                let what = if object.kind == ObjectKind::Column {
                    "COLUMN"
                } else {
                    "CONSTRAINT"
                };
                format!("ALTER TABLE {table} DROP {what} {own}")
            })
        }
        ObjectKind::DomainConstraint => name
            .split_once(" on ")
            .map(|(own, domain)| format!("ALTER DOMAIN {domain} DROP CONSTRAINT {own}")),
        ObjectKind::DefaultPrivileges | ObjectKind::Other(_) | ObjectKind::IndexOfConstraint => None,
        _ => Some(format!("DROP {} {name}", keyword(&object.kind))),
    };
    match statement {
        Some(statement) => Remedy::from("if nothing needs it there: ").then(Remedy::run(statement)),
        None => Remedy::from("drop it there if nothing needs it"),
    }
}

pub(super) fn add_constraint(object: &Object, definition: &str) -> Option<String> {
    let (table, own) = in_table(object)?;
    Some(format!("ALTER TABLE {table} ADD CONSTRAINT {own} {definition}"))
}

fn column(object: &Object, traits: &Traits) -> Option<String> {
    let (table, own) = in_table(object)?;
    let of = |name: &str| traits.get(name);
    let collation = of("collation").map(|name| format!(" COLLATE {name}"));
    let default = of("default").map(|value| format!(" DEFAULT {value}"));
    let stored = of("generated")
        .and_then(|text| text.strip_prefix("stored as "))
        .map(|expression| format!(" GENERATED ALWAYS AS ({expression}) STORED"));
    let identity = of("identity").map(|when| format!(" GENERATED {} AS IDENTITY", when.to_uppercase()));
    let not_null = of("not null").map(|_| " NOT NULL".to_owned());
    let rest: String = [collation, default, stored, identity, not_null]
        .into_iter()
        .flatten()
        .collect();
    Some(format!(
        "ALTER TABLE {table} ADD COLUMN {own} {}{rest}",
        of("type")?
    ))
}

/// The table that it belongs to and its name there, both quoted.
pub(super) fn in_table(object: &Object) -> Option<(String, &str)> {
    let table = object.relation.as_ref()?.to_string();
    let own = match object.kind {
        ObjectKind::Column => object.name.strip_prefix(&format!("{table}."))?,
        _ => object.name.strip_suffix(&format!(" on {table}"))?,
    };
    Some((table, own))
}

/// As DROP, COMMENT ON and ALTER … OWNER TO name the kind.
pub(super) fn keyword(kind: &ObjectKind) -> String {
    match kind {
        ObjectKind::ForeignKey => "CONSTRAINT".to_owned(),
        ObjectKind::IndexOfConstraint => "INDEX".to_owned(),
        other => other.name().to_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use transhume_wire::ident::QualifiedName;

    use super::*;

    fn object(kind: ObjectKind, name: &str, definition: &str) -> Object {
        Object {
            kind,
            name: name.to_owned(),
            schema: Some("s".to_owned()),
            relation: Some(QualifiedName::new("s", "a on b")),
            definition: definition.to_owned(),
            comment: None,
            text: None,
            privileges: None,
        }
    }

    #[test]
    fn what_is_missing_is_made_as_on_the_source() {
        let key = object(
            ObjectKind::Constraint,
            r#""k on x" on "s"."a on b""#,
            r#"{"definition":"UNIQUE (\"x\")"}"#,
        );
        assert_eq!(
            of_missing(&key),
            r#"ALTER TABLE "s"."a on b" ADD CONSTRAINT "k on x" UNIQUE ("x")"#
        );
        let column = object(
            ObjectKind::Column,
            r#""s"."a on b"."c.d""#,
            r#"{"type":"integer","default":"1","not null":"yes"}"#,
        );
        assert_eq!(
            of_missing(&column),
            r#"ALTER TABLE "s"."a on b" ADD COLUMN "c.d" integer DEFAULT 1 NOT NULL"#
        );
        let view = Object {
            text: Some(" SELECT 1;".to_owned()),
            ..object(ObjectKind::View, r#""s"."v""#, "{}")
        };
        assert_eq!(of_missing(&view), r#"CREATE VIEW "s"."v" AS SELECT 1"#);
        let domain = object(ObjectKind::Domain, r#""s"."d""#, "{}");
        assert!(of_missing(&domain).contains("pg_dump"));
    }

    #[test]
    fn what_is_surplus_is_dropped_only_by_people() {
        let trigger = object(ObjectKind::Trigger, r#""t" on "s"."a on b""#, "{}");
        assert_eq!(
            of_surplus(&trigger),
            r#"if nothing needs it there: DROP TRIGGER "t" on "s"."a on b""#
        );
        let key = object(ObjectKind::ForeignKey, r#""k" on "s"."a on b""#, "{}");
        assert_eq!(
            of_surplus(&key),
            r#"if nothing needs it there: ALTER TABLE "s"."a on b" DROP CONSTRAINT "k""#
        );
    }
}
