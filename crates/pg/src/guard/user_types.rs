//! Types of users on either side, what is remembered of the source's, and the statements that bring a change of one to the
//! target.

use tokio_postgres::{GenericClient, types::Json};
use transhume_core::guard::{
    enum_labels::{LabelPlace, MissingLabel},
    user_types::{self as types, Definition, Domain, DomainConstraint, TypeChange, TypeChangeKind, UserType},
};
use transhume_wire::ident::{QualifiedName, quote_identifier, quote_literal};

use super::remedy::SchemaRemedy;
use crate::{connection::error::PgError, state::known_type};

/// How they are asked for, on either side.
pub(crate) const USER_TYPES: &str = include_str!("sql/user_types.sql");

/// Enums, composites, domains and ranges. Where the session holds a snapshot, as that shows them.
pub async fn user_types(client: &impl GenericClient) -> Result<Vec<UserType>, PgError> {
    let rows = client.query(USER_TYPES, &[]).await?;
    rows.iter()
        .map(|row| {
            let Json(described): Json<UserType> = row.try_get("described")?;
            Ok(described)
        })
        .collect()
}

/// What the target's types lack of the source's, in an order that can be run; types that it does not have at all left out.
pub async fn changes(
    source: &impl GenericClient,
    target: &impl GenericClient,
) -> Result<Vec<TypeChange>, PgError> {
    let mut changes = all_changes(source, target).await?;
    changes.retain(|change| !matches!(change.kind, TypeChangeKind::New(_)));
    Ok(changes)
}

/// As [`changes`], with types that the target does not have at all.
pub async fn all_changes(
    source: &impl GenericClient,
    target: &impl GenericClient,
) -> Result<Vec<TypeChange>, PgError> {
    let remembered = known_type::all(target).await?;
    let on_target = user_types(target).await?;
    Ok(types::changes(
        &remembered,
        &user_types(source).await?,
        &on_target,
    ))
}

/// What to run on the target. A label commits by itself only outside of a transaction.
pub fn statement(change: &TypeChange) -> String {
    let name = &change.name;
    match &change.kind {
        TypeChangeKind::New(definition) => create(name, definition),
        TypeChangeKind::LabelRenamed { before, after } => format!(
            "alter type {name} rename value {} to {}",
            quote_literal(before),
            quote_literal(after)
        ),
        TypeChangeKind::LabelNew(missing) => add_label(missing),
        TypeChangeKind::AttributeNew(attribute) => format!(
            "alter type {name} add attribute {} {}",
            quote_identifier(&attribute.name),
            attribute.type_name
        ),
        TypeChangeKind::AttributeGone { name: attribute } => {
            format!("alter type {name} drop attribute {}", quote_identifier(attribute))
        }
        TypeChangeKind::AttributeRenamed { before, after } => format!(
            "alter type {name} rename attribute {} to {}",
            quote_identifier(before),
            quote_identifier(after)
        ),
        TypeChangeKind::AttributeRetyped(attribute) => format!(
            "alter type {name} alter attribute {} type {}",
            quote_identifier(&attribute.name),
            attribute.type_name
        ),
        TypeChangeKind::DomainDefault(Some(default)) => format!("alter domain {name} set default {default}"),
        TypeChangeKind::DomainDefault(None) => format!("alter domain {name} drop default"),
        TypeChangeKind::DomainNotNull(true) => format!("alter domain {name} set not null"),
        TypeChangeKind::DomainNotNull(false) => format!("alter domain {name} drop not null"),
        TypeChangeKind::ConstraintNew(constraint) => {
            format!("alter domain {name} add {}", of_constraint(constraint))
        }
        TypeChangeKind::ConstraintGone { name: constraint } => {
            format!(
                "alter domain {name} drop constraint {}",
                quote_identifier(constraint)
            )
        }
    }
}

/// What makes the type first.
pub fn before(new: Option<&TypeChange>, remedy: SchemaRemedy) -> SchemaRemedy {
    match new {
        Some(new) => SchemaRemedy {
            statement: [&statement(new), &remedy.statement]
                .into_iter()
                .filter(|statement| !statement.is_empty())
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join("; "),
            ..remedy
        },
        None => remedy,
    }
}

fn add_label(missing: &MissingLabel) -> String {
    let place = match &missing.place {
        LabelPlace::After(label) => format!(" after {}", quote_literal(label)),
        LabelPlace::Before(label) => format!(" before {}", quote_literal(label)),
        LabelPlace::Alone => String::new(),
    };
    format!(
        "alter type {} add value if not exists {}{place}",
        missing.enum_type,
        quote_literal(&missing.label)
    )
}

fn create(name: &QualifiedName, definition: &Definition) -> String {
    let listed = |items: Vec<String>| items.join(", ");
    match definition {
        Definition::Enum(labels) => {
            let labels = labels.iter().map(|label| quote_literal(&label.label));
            format!("create type {name} as enum ({})", listed(labels.collect()))
        }
        Definition::Composite(attributes) => {
            let attributes = attributes
                .iter()
                .map(|attribute| format!("{} {}", quote_identifier(&attribute.name), attribute.type_name));
            format!("create type {name} as ({})", listed(attributes.collect()))
        }
        Definition::Domain(domain) => create_domain(name, domain),
        Definition::Range(options) => format!("create type {name} as range ({options})"),
    }
}

fn create_domain(name: &QualifiedName, domain: &Domain) -> String {
    let default = domain
        .default
        .as_ref()
        .map(|default| format!(" default {default}"));
    let not_null = domain.not_null.then(|| " not null".to_owned());
    let constraints = domain
        .constraints
        .iter()
        .map(|constraint| format!(" {}", of_constraint(constraint)));
    let rest: String = default.into_iter().chain(not_null).chain(constraints).collect();
    format!("create domain {name} as {}{rest}", domain.base)
}

fn of_constraint(constraint: &DomainConstraint) -> String {
    format!(
        "constraint {} {}",
        quote_identifier(&constraint.name),
        constraint.definition
    )
}
