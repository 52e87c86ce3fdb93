//! The text of a statement over a set of rows, from a plan and a shape.
//!
//! Invariants: as for single rows, every value is cast to its type without the modifier and every
//! operator named with its schema. A domain's values come as its base type and are checked as they
//! are assigned.

use transhume_core::follow::row::{ColumnSet, ListForm, RowLookup, RowPlan};
use transhume_wire::ident::quote_identifier;

use super::{SetOperation, SetShape, copy, image, list::element_type};
use crate::{
    catalog::extent::rows_of,
    follow::apply::{session::IN_BATCH, statement::overriding},
};

/// Lists of one statement as a table of this name, one column for each in the order of the parameters.
pub(super) struct Given {
    name: &'static str,
    /// Parameters of other lists before.
    before: usize,
    parameters: Vec<String>,
    columns: Vec<String>,
}

impl Given {
    pub(super) fn new(name: &'static str, before: usize) -> Self {
        Self {
            name,
            before,
            parameters: Vec::new(),
            columns: Vec::new(),
        }
    }

    /// The next list's value in a row.
    pub(super) fn next(&mut self, form: &ListForm) -> String {
        let number = self.before + self.parameters.len() + 1;
        self.parameters
            .push(format!("${number}::pg_catalog.{}[]", element_type(form).name()));
        self.columns.push(format!("c{number}"));
        let name = self.name;
        match form {
            ListForm::Text { base_type } => format!("{name}.c{number}::{base_type}"),
            ListForm::Binary(_) | ListForm::Single => format!("{name}.c{number}"),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.parameters.len()
    }

    pub(super) fn rows(&self) -> String {
        let (parameters, columns) = (self.parameters.join(", "), self.columns.join(", "));
        format!("unnest({parameters}) as {} ({columns})", self.name)
    }

    /// The same, each row with its number, from 1 on.
    pub(super) fn numbered_rows(&self) -> String {
        if self.parameters.is_empty() {
            return format!("(values (1::pg_catalog.int8)) as {} (number)", self.name);
        }
        let (parameters, columns) = (self.parameters.join(", "), self.columns.join(", "));
        format!(
            "unnest({parameters}) with ordinality as {} ({columns}, number)",
            self.name
        )
    }
}

/// The statement that writes all rows of this shape.
pub(in super::super) fn text(plan: &RowPlan, shape: &SetShape) -> String {
    let table = &plan.table;
    let stored = rows_of(table, plan.is_partitioned);
    let names = join(&shape.written, |index| {
        quote_identifier(&plan.columns[index].name)
    });
    if let Some(nulls) = &shape.nulls {
        return image::text(plan, shape, nulls);
    }
    let mut given = Given::new("given", 0);
    let statement = match shape.operation {
        SetOperation::Insert => {
            let values = join(&shape.written, |index| given.next(&plan.columns[index].list_form));
            let rows = given.rows();
            let overriding = overriding(plan);
            format!("insert into {table} ({names}){overriding} select {values} from {rows} where {IN_BATCH}")
        }
        SetOperation::Copy => copy::text(plan, &shape.written),
        SetOperation::Update => {
            let row = condition(plan, &mut given);
            let assignments = join(&shape.written, |index| {
                let column = &plan.columns[index];
                let value = given.next(&column.list_form);
                format!("{} = {value}", quote_identifier(&column.name))
            });
            let rows = given.rows();
            format!("update {stored} as stored set {assignments} from {rows} where {row} and {IN_BATCH}")
        }
        SetOperation::Find => {
            let row = condition(plan, &mut given);
            let rows = given.rows();
            format!("select 1 from {stored} as stored, {rows} where {row}")
        }
        SetOperation::Delete => {
            let row = condition(plan, &mut given);
            let rows = given.rows();
            format!("delete from {stored} as stored using {rows} where {row} and {IN_BATCH}")
        }
    };
    if shape.is_counted {
        counted(&statement, given.count() + 1)
    } else {
        statement
    }
}

/// Fails with a division by zero where the statement writes another number of rows than the parameter `number` says. No other
/// expression fails without a function of our own on the target.
fn counted(statement: &str, number: usize) -> String {
    format!(
        "with written as ({statement} returning 1) \
         select 1 operator(pg_catalog./) (pg_catalog.count(*) operator(pg_catalog.=) ${number}::pg_catalog.int8)::pg_catalog.int4 from written"
    )
}

fn condition(plan: &RowPlan, given: &mut Given) -> String {
    let RowLookup::Key(key) = &plan.identity else {
        // A shape always comes from the same plan; whatever else arrives must match no row.
        return "false".to_owned();
    };
    let columns = key.iter().map(|index| {
        let column = &plan.columns[index];
        format!(
            "stored.{} {} {}",
            quote_identifier(&column.name),
            column.equality,
            given.next(&column.list_form)
        )
    });
    columns.collect::<Vec<_>>().join(" and ")
}

pub(super) fn join(set: &ColumnSet, part: impl FnMut(usize) -> String) -> String {
    set.iter().map(part).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use transhume_core::{
        follow::row::{TableIdentity, TargetColumn},
        table::Generation,
    };
    use transhume_wire::{
        binary::BinaryType,
        ident::{OperatorName, QualifiedName},
    };

    use super::*;

    fn column(name: &str, list_form: ListForm, generation: Generation) -> TargetColumn {
        TargetColumn {
            name: name.to_owned(),
            number: 0,
            type_oid: 23,
            type_modifier: -1,
            type_name: "s.dom".to_owned(),
            generation,
            image_equality: true,
            equality: OperatorName::equal(),
            list_form,
            binary: Some(BinaryType::Numeric),
        }
    }

    fn plan() -> RowPlan {
        let base_type = "numeric".to_owned();
        RowPlan {
            table: QualifiedName::new("s", "t"),
            target: TableIdentity::default(),
            columns: vec![
                column(
                    "id",
                    ListForm::Binary(BinaryType::Int8),
                    Generation::IdentityAlways,
                ),
                column("sum", ListForm::Text { base_type }, Generation::Plain),
            ],
            identity: RowLookup::Key([0].into_iter().collect()),
            is_partitioned: false,
        }
    }

    fn of(operation: SetOperation, written: &[usize]) -> String {
        form(operation, written, false)
    }

    fn form(operation: SetOperation, written: &[usize], is_counted: bool) -> String {
        let written = written.iter().copied().collect();
        let nulls = None;
        text(
            &plan(),
            &SetShape {
                operation,
                written,
                nulls,
                is_counted,
            },
        )
    }

    #[test]
    fn lists_are_numbered_keys_first() {
        assert_eq!(
            of(SetOperation::Update, &[1]),
            r#"update only "s"."t" as stored set "sum" = given.c2::numeric from unnest($1::pg_catalog.int8[], $2::pg_catalog.text[]) as given (c1, c2) where stored."id" operator("pg_catalog".=) given.c1 and pg_catalog.current_setting('transaction_isolation') operator(pg_catalog.=) 'read committed'"#
        );
        assert_eq!(
            of(SetOperation::Delete, &[]),
            r#"delete from only "s"."t" as stored using unnest($1::pg_catalog.int8[]) as given (c1) where stored."id" operator("pg_catalog".=) given.c1 and pg_catalog.current_setting('transaction_isolation') operator(pg_catalog.=) 'read committed'"#
        );
    }

    #[test]
    fn what_is_counted_takes_the_number_of_rows_last() {
        let plain = of(SetOperation::Update, &[1]);
        let counted = form(SetOperation::Update, &[1], true);
        assert_eq!(
            counted,
            format!(
                "with written as ({plain} returning 1) select 1 operator(pg_catalog./) \
                 (pg_catalog.count(*) operator(pg_catalog.=) $3::pg_catalog.int8)::pg_catalog.int4 from written"
            )
        );
    }

    #[test]
    fn inserts_write_identity_columns() {
        assert_eq!(
            of(SetOperation::Insert, &[0, 1]),
            r#"insert into "s"."t" ("id", "sum") overriding system value select given.c1, given.c2::numeric from unnest($1::pg_catalog.int8[], $2::pg_catalog.text[]) as given (c1, c2) where pg_catalog.current_setting('transaction_isolation') operator(pg_catalog.=) 'read committed'"#
        );
    }
}
