//! The text of a statement, from a plan and a shape.
//!
//! Invariants: every identifier is quoted, every parameter is cast to its column's type without the
//! modifier (so that nothing is cut silently, and the server's own input function reads the text),
//! every operator is named with its schema because search_path is empty.

use std::fmt::Write as _;

use transhume_core::{
    follow::row::{ColumnSet, Matching, Operation, RowLookup, RowPlan, StatementShape, TargetColumn},
    table::Generation,
};
use transhume_wire::ident::{OperatorName, quote_identifier};

use super::staged;
use crate::{
    catalog::{
        emptying::{self, Emptied},
        extent::{place_of_row, rows_of},
    },
    load::null_test::{is_null, is_value},
};

/// Numbers the parameters of one statement, in the order of [`StatementShape`]: written, then matched.
#[derive(Default)]
struct Parameters<'a> {
    /// Of the next value.
    place: usize,
    sent: usize,
    /// Places of values that are not sent as parameters.
    staged: &'a [usize],
}

impl Parameters<'_> {
    /// `$n::type`, for the next value.
    fn next(&mut self, type_name: &str) -> String {
        let place = self.place;
        self.place += 1;
        if self.staged.contains(&place) {
            return format!(
                "(select content from {} where place operator(pg_catalog.=) {place})::{type_name}",
                staged::TABLE
            );
        }
        self.sent += 1;
        format!("${}::{type_name}", self.sent)
    }
}

/// The statement that writes one change of this shape.
pub(super) fn text(plan: &RowPlan, shape: &StatementShape) -> String {
    reading(plan, shape, &[])
}

/// The same, which reads the values at these places from [`staged::TABLE`].
pub(super) fn reading(plan: &RowPlan, shape: &StatementShape, staged: &[usize]) -> String {
    let rows = rows_of(&plan.table, plan.is_partitioned);
    let mut parameters = Parameters {
        staged,
        ..Parameters::default()
    };
    match shape.operation {
        Operation::Insert => insert(plan, &shape.written, &mut parameters),
        Operation::Update => {
            let assignments = join(&shape.written, ", ", |index| {
                let column = &plan.columns[index];
                let value = parameters.next(&column.type_name);
                format!("{} = {value}", quote_identifier(&column.name))
            });
            let row = condition(plan, &shape.matching, &mut parameters);
            format!("update {rows} set {assignments} where {row}")
        }
        Operation::Replace => replace(plan, shape, &mut parameters),
        Operation::Find => {
            let row = condition(plan, &shape.matching, &mut parameters);
            format!("select 1 from {rows} where {row}")
        }
        Operation::Delete => {
            let row = condition(plan, &shape.matching, &mut parameters);
            format!("delete from {rows} where {row}")
        }
    }
}

/// Exactly these tables: no CASCADE, no children that were not named.
pub(super) fn truncate(tables: &[Emptied], restart_identity: bool) -> String {
    let restart = if restart_identity { " restart identity" } else { "" };
    format!("{}{restart}", emptying::truncate(tables))
}

fn insert(plan: &RowPlan, written: &ColumnSet, parameters: &mut Parameters<'_>) -> String {
    if written.is_empty() {
        return format!("insert into {} default values", plan.table);
    }
    let columns = join(written, ", ", |index| quote_identifier(&plan.columns[index].name));
    let values = join(written, ", ", |index| {
        parameters.next(&plan.columns[index].type_name)
    });
    format!(
        "insert into {} ({columns}){} values ({values})",
        plan.table,
        overriding(plan)
    )
}

/// Delete and insert in one statement: the only way to write an identity column GENERATED ALWAYS.
fn replace(plan: &RowPlan, shape: &StatementShape, parameters: &mut Parameters<'_>) -> String {
    let every: ColumnSet = (0..plan.columns.len()).collect();
    let columns = join(&every, ", ", |index| quote_identifier(&plan.columns[index].name));
    let values = join(&every, ", ", |index| {
        let column = &plan.columns[index];
        if shape.written.contains(index) {
            parameters.next(&column.type_name)
        } else {
            format!("gone.{}", quote_identifier(&column.name))
        }
    });
    let row = condition(plan, &shape.matching, parameters);
    let table = &plan.table;
    let rows = rows_of(table, plan.is_partitioned);
    format!(
        "with gone as (delete from {rows} where {row} returning *) \
         insert into {table} ({columns}){} select {values} from gone",
        overriding(plan)
    )
}

pub(super) fn overriding(plan: &RowPlan) -> &'static str {
    let has_identity = plan.columns.iter().any(|column| {
        matches!(
            column.generation,
            Generation::IdentityAlways | Generation::IdentityByDefault
        )
    });
    if has_identity {
        " overriding system value"
    } else {
        ""
    }
}

fn condition(plan: &RowPlan, matching: &Matching, parameters: &mut Parameters<'_>) -> String {
    match (matching, &plan.identity) {
        (Matching::Key, RowLookup::Key(key)) => join(key, " and ", |index| {
            equals(&plan.columns[index], &plan.columns[index].equality, parameters)
        }),
        (Matching::Image { nulls }, _) => {
            let row = image(plan, nulls, parameters);
            let rows = rows_of(&plan.table, plan.is_partitioned);
            let place = place_of_row(plan.is_partitioned);
            format!("({place}) = (select {place} from {rows} where {row} limit 1)")
        }
        // A shape always comes from the same plan; whatever else arrives must match no row.
        _ => "false".to_owned(),
    }
}

/// Every column has the value of the old row, as text where the type's equality says less.
fn image(plan: &RowPlan, nulls: &ColumnSet, parameters: &mut Parameters<'_>) -> String {
    let exact = OperatorName::equal();
    let mut row = "true".to_owned();
    for (index, column) in plan.columns.iter().enumerate() {
        let name = quote_identifier(&column.name);
        row.push_str(" and ");
        if nulls.contains(index) {
            row.push_str(&is_null(&name));
        } else if column.image_equality {
            row.push_str(&equals(column, &exact, parameters));
        } else {
            // concat() calls the type's output function, which is what the stream carries; a cast
            // to text would not do for bool, bpchar and inet.
            let value = parameters.next("text");
            let is_value = is_value(&name);
            write!(
                row,
                "{is_value} and pg_catalog.concat({name}) collate pg_catalog.\"C\" \
                 operator(pg_catalog.=) {value}"
            )
            .expect("invariant: a String takes all that is written");
        }
    }
    row
}

fn equals(column: &TargetColumn, operator: &OperatorName, parameters: &mut Parameters<'_>) -> String {
    format!(
        "{} {operator} {}",
        quote_identifier(&column.name),
        parameters.next(&column.type_name)
    )
}

fn join(set: &ColumnSet, separator: &str, part: impl FnMut(usize) -> String) -> String {
    set.iter().map(part).collect::<Vec<_>>().join(separator)
}

#[cfg(test)]
mod tests {
    use transhume_core::follow::row::{ListForm, TableIdentity};
    use transhume_wire::ident::QualifiedName;

    use super::*;

    fn column(name: &str, type_name: &str, generation: Generation) -> TargetColumn {
        TargetColumn {
            name: name.to_owned(),
            number: 0,
            type_oid: 23,
            type_modifier: -1,
            type_name: type_name.to_owned(),
            generation,
            image_equality: type_name == "integer",
            equality: OperatorName::equal(),
            list_form: ListForm::Text {
                base_type: type_name.to_owned(),
            },
            binary: None,
        }
    }

    fn plan(identity: RowLookup, generation: Generation) -> RowPlan {
        RowPlan {
            table: QualifiedName::new("s", "t"),
            target: TableIdentity::default(),
            columns: vec![
                column("id", "integer", generation),
                column("bo\"dy", "json", Generation::Plain),
            ],
            identity,
            is_partitioned: false,
        }
    }

    fn shape(operation: Operation, written: &[usize], matching: Matching) -> StatementShape {
        StatementShape {
            operation,
            written: written.iter().copied().collect(),
            matching,
        }
    }

    fn keyed(generation: Generation) -> RowPlan {
        plan(RowLookup::Key([0].into_iter().collect()), generation)
    }

    #[test]
    fn parameters_are_numbered_as_the_shape_orders_them() {
        let plan = keyed(Generation::Plain);
        assert_eq!(
            text(&plan, &shape(Operation::Update, &[1], Matching::Key)),
            r#"update only "s"."t" set "bo""dy" = $1::json where "id" operator("pg_catalog".=) $2::integer"#
        );
        assert_eq!(
            text(&plan, &shape(Operation::Insert, &[0, 1], Matching::None)),
            r#"insert into "s"."t" ("id", "bo""dy") values ($1::integer, $2::json)"#
        );
    }

    #[test]
    fn identity_columns_are_overridden_and_replaced_rows_keep_the_rest() {
        let plan = keyed(Generation::IdentityAlways);
        let replace = text(&plan, &shape(Operation::Replace, &[0], Matching::Key));

        assert!(replace.contains(
            r#"("id", "bo""dy") overriding system value select $1::integer, gone."bo""dy" from gone"#
        ));
        assert!(replace.contains(r#"where "id" operator("pg_catalog".=) $2::integer returning *"#));
    }

    #[test]
    fn a_row_image_matches_one_row_by_value_by_text_or_by_null() {
        let plan = plan(RowLookup::Image, Generation::Plain);
        let nulls = [0].into_iter().collect();
        let delete = text(&plan, &shape(Operation::Delete, &[], Matching::Image { nulls }));

        assert!(
            delete.contains(
                r#"where true and "id" is not distinct from null and "bo""dy" is distinct from null"#
            )
        );
        assert!(
            delete.contains(
                r#"concat("bo""dy") collate pg_catalog."C" operator(pg_catalog.=) $1::text limit 1"#
            )
        );
    }

    #[test]
    fn truncate_names_each_table_alone() {
        let emptied = |name: &str, is_partitioned| Emptied {
            table: QualifiedName::new("s", name),
            is_partitioned,
        };
        assert_eq!(
            truncate(&[emptied("a", false), emptied("b", true)], true),
            r#"truncate table only "s"."a", "s"."b" restart identity"#
        );
    }

    #[test]
    fn rows_of_a_partitioned_table_are_found_in_its_partitions() {
        let mut plan = plan(RowLookup::Image, Generation::Plain);
        plan.is_partitioned = true;
        let nulls = [0, 1].into_iter().collect();
        let delete = text(&plan, &shape(Operation::Delete, &[], Matching::Image { nulls }));

        assert_eq!(
            delete,
            r#"delete from "s"."t" where (tableoid, ctid) = (select tableoid, ctid from "s"."t" where true and "id" is not distinct from null and "bo""dy" is not distinct from null limit 1)"#
        );
    }
}
