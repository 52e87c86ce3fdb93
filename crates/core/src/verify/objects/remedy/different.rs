//! Remedies of traits that differ.

use transhume_wire::ident::quote_literal;

use super::{add_constraint, by_hand, in_table, keyword};
use crate::{
    finding::Remedy,
    verify::objects::{
        difference::TraitDifference,
        object::{COMMENT, Object, ObjectKind, PRIVILEGES},
    },
};

pub(in crate::verify::objects) fn of_different(object: &Object, differing: &TraitDifference) -> Remedy {
    let wanted = differing.source.as_deref();
    let name = differing.name.as_str();
    let statement = match (name, wanted) {
        (COMMENT, text) => comment(object, text),
        ("owner", Some(owner)) => Some(format!(
            "ALTER {} {} OWNER TO {}",
            keyword(&object.kind),
            object.name,
            transhume_wire::ident::quote_identifier(owner)
        )),
        _ if name.starts_with(PRIVILEGES) => privileges(object, differing),
        _ => match object.kind {
            ObjectKind::Column => of_column(object, name, wanted),
            ObjectKind::Table | ObjectKind::MaterializedView => of_table(object, name, wanted),
            _ => of_other(object, name, wanted),
        },
    };
    statement.map_or_else(|| by_hand(object), Remedy::run)
}

fn comment(object: &Object, text: Option<&str>) -> Option<String> {
    if matches!(object.kind, ObjectKind::DomainConstraint | ObjectKind::Other(_)) {
        return None;
    }
    let text = text.map_or_else(|| "NULL".to_owned(), quote_literal);
    Some(format!(
        "COMMENT ON {} {} IS {text}",
        keyword(&object.kind),
        object.name
    ))
}

/// What the target lacks is granted, what it has too much is revoked.
fn privileges(object: &Object, differing: &TraitDifference) -> Option<String> {
    let grantee = match differing.name.strip_prefix(PRIVILEGES)? {
        "everybody" => "PUBLIC",
        role => role.strip_prefix("role ")?,
    };
    let (column, on) = match object.kind {
        ObjectKind::Column => {
            let (table, own) = in_table(object)?;
            (format!(" ({own})"), format!("TABLE {table}"))
        }
        ObjectKind::View | ObjectKind::MaterializedView | ObjectKind::ForeignTable => {
            (String::new(), format!("TABLE {}", object.name))
        }
        ObjectKind::DefaultPrivileges | ObjectKind::Other(_) | ObjectKind::Aggregate => return None,
        _ => (
            String::new(),
            format!("{} {}", keyword(&object.kind), object.name),
        ),
    };
    let list = |value: &Option<String>| -> Vec<String> {
        let texts = value.iter().flat_map(|text| text.split(", "));
        texts.map(str::to_owned).collect()
    };
    let (source, target) = (list(&differing.source), list(&differing.target));
    let mut statements: Vec<String> = Vec::new();
    for privilege in source.iter().filter(|privilege| !target.contains(privilege)) {
        let (bare, option) = with_option(privilege);
        statements.push(format!("GRANT {bare}{column} ON {on} TO {grantee}{option}"));
    }
    let bare_of_source: Vec<&str> = source.iter().map(|privilege| with_option(privilege).0).collect();
    for privilege in target.iter().filter(|privilege| !source.contains(privilege)) {
        let (bare, _) = with_option(privilege);
        let what = if bare_of_source.contains(&bare) {
            "GRANT OPTION FOR "
        } else {
            ""
        };
        // A privilege that gains the option on the target was just granted as it is.
        if what.is_empty() || privilege.len() > bare.len() {
            statements.push(format!("REVOKE {what}{bare}{column} ON {on} FROM {grantee}"));
        }
    }
    Some(statements.join("; "))
}

fn with_option(privilege: &str) -> (&str, &str) {
    const OPTION: &str = " WITH GRANT OPTION";
    privilege
        .strip_suffix(OPTION)
        .map_or((privilege, ""), |bare| (bare, OPTION))
}

fn of_column(object: &Object, name: &str, wanted: Option<&str>) -> Option<String> {
    let (table, own) = in_table(object)?;
    let alter = format!("ALTER TABLE {table} ALTER COLUMN {own}");
    Some(match (name, wanted) {
        ("type", Some(wanted)) => format!("{alter} TYPE {wanted}"),
        ("not null", Some(_)) => format!("{alter} SET NOT NULL"),
        ("not null", None) => format!("{alter} DROP NOT NULL"),
        ("default", Some(wanted)) => format!("{alter} SET DEFAULT {wanted}"),
        ("default", None) => format!("{alter} DROP DEFAULT"),
        ("identity", None) => format!("{alter} DROP IDENTITY"),
        ("storage", Some(wanted)) => format!("{alter} SET STORAGE {wanted}"),
        ("statistics target", wanted) => format!("{alter} SET STATISTICS {}", wanted.unwrap_or("-1")),
        ("options", Some(wanted)) => format!("{alter} SET ({wanted})"),
        _ => return None,
    })
}

fn of_table(object: &Object, name: &str, wanted: Option<&str>) -> Option<String> {
    let table = &object.name;
    let alter = format!("ALTER {} {table}", keyword(&object.kind));
    Some(match (name, wanted) {
        ("populated", None) => format!("REFRESH MATERIALIZED VIEW {table}"),
        ("replica identity", Some(wanted)) => format!("{alter} REPLICA IDENTITY {wanted}"),
        ("row security", None) => format!("{alter} DISABLE ROW LEVEL SECURITY"),
        ("row security", Some("enabled")) => {
            format!("{alter} ENABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY")
        }
        ("row security", Some(_)) => {
            format!("{alter} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        }
        ("persistence", None) => format!("{alter} SET LOGGED"),
        ("persistence", Some(_)) => format!("{alter} SET UNLOGGED"),
        ("options", Some(wanted)) => format!("{alter} SET ({wanted})"),
        ("key triggers", None) => format!("{alter} ENABLE TRIGGER ALL"),
        _ => return None,
    })
}

fn of_other(object: &Object, name: &str, wanted: Option<&str>) -> Option<String> {
    let own = &object.name;
    match (&object.kind, name, wanted) {
        (ObjectKind::Index | ObjectKind::IndexOfConstraint, "valid", None) => {
            Some(format!("REINDEX INDEX CONCURRENTLY {own}"))
        }
        (ObjectKind::Index, "definition", Some(wanted)) => Some(format!("DROP INDEX {own}; {wanted}")),
        (ObjectKind::Constraint | ObjectKind::ForeignKey, "validated", None) => {
            let (table, own) = in_table(object)?;
            Some(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {own}"))
        }
        (ObjectKind::Constraint | ObjectKind::ForeignKey, "definition", Some(wanted)) => {
            let (table, own) = in_table(object)?;
            let add = add_constraint(object, wanted)?;
            Some(format!("ALTER TABLE {table} DROP CONSTRAINT {own}; {add}"))
        }
        (ObjectKind::Trigger | ObjectKind::Rule, "enabled", Some(wanted)) => {
            let (table, own) = in_table(object)?;
            let state = match wanted {
                "no" => "DISABLE",
                "always" => "ENABLE ALWAYS",
                "replica" => "ENABLE REPLICA",
                _ => "ENABLE",
            };
            Some(format!(
                "ALTER TABLE {table} {state} {} {own}",
                keyword(&object.kind)
            ))
        }
        (ObjectKind::Trigger, "definition", Some(wanted)) => Some(format!("DROP TRIGGER {own}; {wanted}")),
        (ObjectKind::Function | ObjectKind::Procedure, "definition" | "text", Some(wanted)) => {
            Some(wanted.to_owned())
        }
        (ObjectKind::View, "text", Some(wanted)) => Some(format!(
            "CREATE OR REPLACE VIEW {own} AS{}",
            wanted.trim_end_matches(';')
        )),
        (ObjectKind::Extension, "version", Some(wanted)) => Some(format!(
            "ALTER EXTENSION {own} UPDATE TO {}",
            quote_literal(wanted)
        )),
        (ObjectKind::Sequence, _, _) => of_sequence(own, name, wanted),
        _ => None,
    }
}

fn of_sequence(own: &str, name: &str, wanted: Option<&str>) -> Option<String> {
    let change = match (name, wanted) {
        ("type", Some(wanted)) => format!("AS {wanted}"),
        ("start", Some(wanted)) => format!("START WITH {wanted}"),
        ("increment", Some(wanted)) => format!("INCREMENT BY {wanted}"),
        ("minimum", Some(wanted)) => format!("MINVALUE {wanted}"),
        ("maximum", Some(wanted)) => format!("MAXVALUE {wanted}"),
        ("cache", Some(wanted)) => format!("CACHE {wanted}"),
        ("cycle", Some(_)) => "CYCLE".to_owned(),
        ("cycle", None) => "NO CYCLE".to_owned(),
        ("owned by", wanted) => format!("OWNED BY {}", wanted.unwrap_or("NONE")),
        _ => return None,
    };
    Some(format!("ALTER SEQUENCE {own} {change}"))
}

#[cfg(test)]
mod tests {
    use transhume_wire::ident::QualifiedName;

    use super::*;

    fn remedy(kind: ObjectKind, own: &str, name: &str, source: Option<&str>, target: Option<&str>) -> String {
        let object = Object {
            name: match kind {
                ObjectKind::Column => format!("\"s\".\"t\".\"{own}\""),
                ObjectKind::Trigger | ObjectKind::Constraint => format!("\"{own}\" on \"s\".\"t\""),
                _ => format!("\"s\".\"{own}\""),
            },
            kind,
            schema: Some("s".to_owned()),
            relation: Some(QualifiedName::new("s", "t")),
            definition: "{}".to_owned(),
            comment: None,
            text: None,
            privileges: None,
        };
        let differing = TraitDifference {
            name: name.to_owned(),
            source: source.map(str::to_owned),
            target: target.map(str::to_owned),
        };
        of_different(&object, &differing).into()
    }

    #[test]
    fn traits_are_set_as_on_the_source() {
        let cases = [
            (
                remedy(ObjectKind::Column, "c", "default", None, Some("1")),
                r#"ALTER TABLE "s"."t" ALTER COLUMN "c" DROP DEFAULT"#,
            ),
            (
                remedy(ObjectKind::Index, "i", "valid", None, Some("no")),
                r#"REINDEX INDEX CONCURRENTLY "s"."i""#,
            ),
            (
                remedy(ObjectKind::Constraint, "k", "validated", None, Some("no")),
                r#"ALTER TABLE "s"."t" VALIDATE CONSTRAINT "k""#,
            ),
            (
                remedy(ObjectKind::Trigger, "g", "enabled", Some("always"), Some("no")),
                r#"ALTER TABLE "s"."t" ENABLE ALWAYS TRIGGER "g""#,
            ),
            (
                remedy(ObjectKind::Table, "t", "comment", Some("it's"), None),
                r#"COMMENT ON TABLE "s"."t" IS 'it''s'"#,
            ),
            (
                remedy(ObjectKind::Table, "t", "owner", Some("Ann"), Some("bob")),
                r#"ALTER TABLE "s"."t" OWNER TO "Ann""#,
            ),
        ];
        for (remedy, expected) in cases {
            assert_eq!(remedy, expected);
        }
    }

    #[test]
    fn privileges_are_granted_and_revoked_until_equal() {
        let of = |kind, source, target| remedy(kind, "t", r#"privileges of role "Ann""#, source, target);
        assert_eq!(
            of(
                ObjectKind::Table,
                Some("SELECT, UPDATE WITH GRANT OPTION"),
                Some("DELETE, SELECT")
            ),
            r#"GRANT UPDATE ON TABLE "s"."t" TO "Ann" WITH GRANT OPTION; REVOKE DELETE ON TABLE "s"."t" FROM "Ann""#
        );
        assert_eq!(
            of(ObjectKind::Column, None, Some("UPDATE")),
            r#"REVOKE UPDATE ("t") ON TABLE "s"."t" FROM "Ann""#
        );
        assert_eq!(
            of(ObjectKind::View, Some("SELECT"), Some("SELECT WITH GRANT OPTION")),
            r#"GRANT SELECT ON TABLE "s"."t" TO "Ann"; REVOKE GRANT OPTION FOR SELECT ON TABLE "s"."t" FROM "Ann""#
        );
    }
}
