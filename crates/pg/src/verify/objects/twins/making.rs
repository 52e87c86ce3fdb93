//! The statements that make a text beside all that is there, and print it.
//!
//! What is printed is of the twin, so that two texts are only ever compared as made the same way. A twin of a table has
//! its name, since a text may name the table that it belongs to (`orders.*`).

use transhume_core::verify::objects::MadeAs;
use transhume_wire::ident::{QualifiedName, quote_identifier, quote_literal};

/// The name of what has none of its own in its text.
const TWIN: &str = "transhume_twin";

/// None where the text does not begin as a server begins it.
pub(super) fn making(made_as: &MadeAs, text: &str) -> Option<String> {
    let text = text.trim_end_matches(';');
    Some(match made_as {
        MadeAs::Default { table, column } => TableTwin::of(table).with(
            |twin| format!("alter table {twin} alter column {column} set default {text}"),
            "pg_catalog.pg_get_expr(adbin, adrelid) from pg_catalog.pg_attrdef where adrelid",
        ),
        MadeAs::Generated {
            table,
            column,
            data_type,
        } => generated(table, (column, data_type), text)?,
        MadeAs::Constraint { table } => TableTwin::of(table).with(
            |twin| format!("alter table {twin} add constraint {TWIN} {text}"),
            &format!(
                "pg_catalog.pg_get_constraintdef(oid) from pg_catalog.pg_constraint where conname = '{TWIN}' \
                 and conrelid"
            ),
        ),
        MadeAs::Index { table } => {
            let create = on_twin(text, &[" ON ONLY ", " ON "], table, " USING ")?;
            TableTwin::of(table).with(
                |_| create,
                "pg_catalog.pg_get_indexdef(indexrelid) from pg_catalog.pg_index where indrelid",
            )
        }
        MadeAs::Trigger { table } => {
            let create = on_twin(text, &[" ON "], table, "")?;
            TableTwin::of(table).with(
                |_| create,
                "pg_catalog.pg_get_triggerdef(oid) from pg_catalog.pg_trigger where not tgisinternal and tgrelid",
            )
        }
        MadeAs::Rule { table } => {
            let create = on_twin(text, &[" TO "], table, "")?;
            TableTwin::of(table).with(
                |_| create,
                "pg_catalog.pg_get_ruledef(oid) from pg_catalog.pg_rewrite where ev_class",
            )
        }
        MadeAs::Statistics { table } => {
            let create = statistics(&on_twin(text, &[" FROM "], table, "")?)?;
            TableTwin::of(table).with(
                |_| create,
                "pg_catalog.pg_get_statisticsobjdef(oid) from pg_catalog.pg_statistic_ext where stxrelid",
            )
        }
        MadeAs::PolicyUsing { table } => policy(table, "using", text, "polqual"),
        MadeAs::PolicyCheck { table } => policy(table, "with check", text, "polwithcheck"),
        MadeAs::PartitionKey { table } => TableTwin::of(table).partitioned(text),
        MadeAs::View => format!(
            "create temporary view {TWIN} as {text}; select pg_catalog.pg_get_viewdef({}::pg_catalog.regclass)",
            quote_literal(&format!("pg_temp.{TWIN}"))
        ),
        MadeAs::Routine => format!(
            "{}; select pg_catalog.pg_get_functiondef(oid) from pg_catalog.pg_proc \
             where pronamespace = pg_catalog.pg_my_temp_schema()",
            routine(text)?
        ),
        MadeAs::DomainDefault { base } => domain(
            base,
            &format!("default {text}"),
            "pg_catalog.pg_get_expr(typdefaultbin, 'pg_catalog.pg_type'::pg_catalog.regclass) \
             from pg_catalog.pg_type where oid",
        ),
        MadeAs::DomainConstraint { base } => domain(
            base,
            &format!("constraint {TWIN} {text}"),
            "pg_catalog.pg_get_constraintdef(oid) from pg_catalog.pg_constraint where contypid",
        ),
    })
}

/// An empty table with the columns of another, and its name.
struct TableTwin {
    create: String,
    name: String,
    regclass: String,
}

impl TableTwin {
    fn of(table: &QualifiedName) -> Self {
        let name = twin_name(table);
        Self {
            create: format!("create temporary table {name} (like {table})"),
            regclass: format!("{}::pg_catalog.regclass", quote_literal(&name)),
            name,
        }
    }

    fn partitioned(&self, key: &str) -> String {
        format!(
            "{} partition by {key}; select pg_catalog.pg_get_partkeydef({})",
            self.create, self.regclass
        )
    }

    /// `printed`: what follows SELECT, up to the column that is the table's OID.
    fn with(&self, add: impl FnOnce(&str) -> String, printed: &str) -> String {
        format!(
            "{}; {}; select {printed} = {}",
            self.create,
            add(&self.name),
            self.regclass
        )
    }
}

fn twin_name(table: &QualifiedName) -> String {
    format!("pg_temp.{}", quote_identifier(&table.name))
}

/// The definition with its first naming of the table turned to the twin: servers print it after one of `before`, in
/// front of everything that somebody else wrote but the object's own name.
fn on_twin(text: &str, before: &[&str], table: &QualifiedName, after: &str) -> Option<String> {
    let (word, at) = before
        .iter()
        .filter_map(|word| Some((word, text.find(&format!("{word}{table}{after}"))?)))
        .min_by_key(|(_, at)| *at)?;
    let rest = &text[at + word.len() + table.to_string().len()..];
    Some(format!("{}{word}{}{rest}", &text[..at], twin_name(table)))
}

/// `CREATE STATISTICS "schema"."name" …` under the name of a twin.
fn statistics(text: &str) -> Option<String> {
    let rest = text.strip_prefix("CREATE STATISTICS ")?;
    Some(format!("CREATE STATISTICS pg_temp.{TWIN}{}", after_name(rest)?))
}

/// `CREATE OR REPLACE FUNCTION "schema"."name"(…` among what is temporary.
fn routine(text: &str) -> Option<String> {
    let begin = ["CREATE OR REPLACE FUNCTION ", "CREATE OR REPLACE PROCEDURE "];
    let (begin, rest) = begin
        .iter()
        .find_map(|begin| Some((begin, text.strip_prefix(begin)?)))?;
    Some(format!("{begin}pg_temp.{TWIN}{}", after_name(rest)?))
}

/// The expression and how it is kept are printed as one text, which ALTER TABLE takes apart again.
fn generated(table: &QualifiedName, (column, data_type): (&str, &str), text: &str) -> Option<String> {
    let (kind, expression) = text.split_once(" as ")?;
    let add = |twin: &str| {
        format!(
            "alter table {twin} drop column {column}; alter table {twin} add column {column} {data_type} \
             generated always as ({expression}) {kind}"
        )
    };
    let printed = "pg_catalog.pg_get_expr(adbin, adrelid) from pg_catalog.pg_attrdef where adrelid";
    Some(TableTwin::of(table).with(add, printed))
}

/// `printed`: what follows SELECT, up to the column that is the domain's OID.
fn domain(base: &str, clause: &str, printed: &str) -> String {
    format!(
        "create domain pg_temp.{TWIN} as {base} {clause}; \
         select {printed} = 'pg_temp.{TWIN}'::pg_catalog.regtype"
    )
}

fn policy(table: &QualifiedName, clause: &str, expression: &str, column: &str) -> String {
    TableTwin::of(table).with(
        |twin| format!("create policy {TWIN} on {twin} {clause} ({expression})"),
        &format!("pg_catalog.pg_get_expr({column}, polrelid) from pg_catalog.pg_policy where polrelid"),
    )
}

/// What follows a name of two quoted parts.
fn after_name(text: &str) -> Option<&str> {
    after_quoted(after_quoted(text)?.strip_prefix('.')?)
}

fn after_quoted(text: &str) -> Option<&str> {
    let mut rest = text.strip_prefix('"')?;
    loop {
        rest = &rest[rest.find('"')? + 1..];
        match rest.strip_prefix('"') {
            Some(more) => rest = more,
            None => return Some(rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> QualifiedName {
        QualifiedName::new("Shop", "or\"ders")
    }

    #[test]
    fn a_definition_is_turned_to_the_twin_where_it_names_its_table() {
        let index = r#"CREATE INDEX "a ON b" ON ONLY "Shop"."or""ders" USING btree ("x")"#;
        assert_eq!(
            on_twin(index, &[" ON ONLY ", " ON "], &table(), " USING ").as_deref(),
            Some(r#"CREATE INDEX "a ON b" ON ONLY pg_temp."or""ders" USING btree ("x")"#)
        );
        let rule =
            r#"CREATE RULE "r" AS ON INSERT TO "Shop"."or""ders" DO INSERT INTO "Shop"."or""ders" SELECT 1"#;
        assert_eq!(
            on_twin(rule, &[" TO "], &table(), "").as_deref(),
            Some(
                r#"CREATE RULE "r" AS ON INSERT TO pg_temp."or""ders" DO INSERT INTO "Shop"."or""ders" SELECT 1"#
            )
        );
        assert_eq!(on_twin("CREATE INDEX x", &[" ON "], &table(), ""), None);
    }

    #[test]
    fn a_routine_is_made_among_what_is_temporary() {
        let function = r#"CREATE OR REPLACE FUNCTION "a"."b"".""("("x" integer)"#;
        assert_eq!(
            routine(function).as_deref(),
            Some(r#"CREATE OR REPLACE FUNCTION pg_temp.transhume_twin("x" integer)"#)
        );
        assert_eq!(routine("CREATE FUNCTION f()"), None);
    }
}
