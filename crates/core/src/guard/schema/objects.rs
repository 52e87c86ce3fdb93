//! What belongs to a table besides its columns, and views and functions: what a statement left behind of them, and the steps
//! that make the target so.
//!
//! Invariant: only what the statement itself touched takes a step: what somebody made on the target alone stays, and what the
//! target has not got for a reason of its own is not made by the way.

use serde::Deserialize;
use transhume_wire::ident::QualifiedName;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SchemaObjectKind {
    Index,
    Constraint,
    ForeignKey,
    RowSecurity,
    Policy,
    Trigger,
    View,
    MaterializedView,
    Function,
    Rule,
    Statistics,
    /// That a table's column counts by itself.
    Identity,
    /// A column that is computed, which facts of tables do not tell.
    GeneratedColumn,
    /// Something else that is said of a table: the whole statement. One without a name says that the others are all.
    Setting,
    Schema,
    Extension,
    Sequence,
}

/// When a trigger or rule acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fires {
    Origin,
    Replica,
    Always,
    Never,
}

impl Fires {
    /// Apply writes as a replica: what would act on that is disabled on the target until the cutover.
    pub fn is_set_aside(self) -> bool {
        matches!(self, Self::Replica | Self::Always)
    }

    /// On the target, as long as it is followed.
    pub fn acts(self) -> bool {
        self == Self::Origin
    }
}

/// One of them as a side's catalogs print it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SchemaObject {
    pub kind: SchemaObjectKind,
    pub schema: String,
    pub name: String,
    /// What it belongs to, by OID and by name.
    pub table_oid: Option<u32>,
    pub table: Option<QualifiedName>,
    pub definition: String,
    /// Of an index, and of a key's index, all but its name; of a setting or identity the statement that takes it away; of a
    /// sequence what owns it.
    pub index_says: Option<String>,
    /// A constraint that all rows were held against.
    pub is_checked: bool,
    pub fires: Fires,
    /// Of a view, in their order; of a sequence its owner's schema, table and column.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// By the statement that announces it.
    pub is_touched: bool,
}

/// As `pg_identify_object_as_address` names what was dropped.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ObjectAddress {
    pub kind: String,
    pub names: Vec<String>,
    #[serde(default)]
    pub arguments: Option<Vec<String>>,
}

/// What a comment says by now; none where it was taken away.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CommentFacts {
    #[serde(flatten)]
    pub on: ObjectAddress,
    pub text: Option<String>,
}

/// One thing to be done on the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectStep<'a> {
    Make(&'a SchemaObject),
    Rename {
        before: &'a SchemaObject,
        after: &'a SchemaObject,
    },
    /// Dropped and made with another definition.
    MakeAnew(&'a SchemaObject),
    /// A key takes an index that is there.
    TakeIndex {
        key: &'a SchemaObject,
        index: &'a SchemaObject,
    },
    Check(&'a SchemaObject),
    Enable(&'a SchemaObject),
    /// A foreign key that is checked at another time.
    Defer(&'a SchemaObject),
    /// The column of a view at this place has another name.
    RenameColumn {
        view: &'a SchemaObject,
        before: &'a str,
        after: &'a str,
    },
    /// The target's, which the source does not have any more.
    TakeAway(&'a SchemaObject),
}

impl ObjectStep<'_> {
    /// As it is called when the step is done.
    pub fn object(&self) -> &SchemaObject {
        match self {
            Self::Make(object)
            | Self::MakeAnew(object)
            | Self::Check(object)
            | Self::Enable(object)
            | Self::Defer(object)
            | Self::TakeAway(object) => object,
            Self::RenameColumn { view, .. } => view,
            Self::Rename { after, .. } => after,
            Self::TakeIndex { key, .. } => key,
        }
    }
}

impl SchemaObject {
    fn is_called_as(&self, other: &Self) -> bool {
        // What belongs to a table is compared within one.
        let is_there = self.table_oid.is_some() || self.schema == other.schema;
        self.kind == other.kind && self.name == other.name && is_there
    }

    /// It acts on what is written.
    pub fn acts_on_rows(&self) -> bool {
        matches!(self.kind, SchemaObjectKind::Trigger | SchemaObjectKind::Rule)
    }

    /// It belongs to a table as a value belongs to a row.
    pub fn is_trait(&self) -> bool {
        matches!(self.kind, SchemaObjectKind::Setting | SchemaObjectKind::Identity)
    }

    fn says_that_all_are_told(&self) -> bool {
        self.kind == SchemaObjectKind::Setting && self.name.is_empty() && self.is_touched
    }

    /// Without when it is checked.
    fn reference(&self) -> &str {
        let text = self.definition.as_str();
        let text = text.strip_suffix(" INITIALLY DEFERRED").unwrap_or(text);
        text.strip_suffix(" DEFERRABLE").unwrap_or(text)
    }

    /// Equal but for the name.
    fn says_the_same(&self, other: &Self) -> bool {
        let own = |object: &Self| match object.kind {
            SchemaObjectKind::Index => object.index_says.clone(),
            _ => Some(object.definition.clone()),
        };
        self.kind == other.kind && own(self) == own(other)
    }
}

/// What makes the target's objects of one table (`there`) as the source's were left (`now`), in an order that can be run.
/// Functions have no `there`: they are made or replaced.
pub fn object_steps<'a>(now: &'a [SchemaObject], there: &'a [SchemaObject]) -> Vec<ObjectStep<'a>> {
    let mut steps = taken_away(now, there);
    let is_said = |object: &&SchemaObject| object.is_touched && !object.says_that_all_are_told();
    for object in now.iter().filter(is_said) {
        match there.iter().find(|there| there.is_called_as(object)) {
            Some(there) => steps.extend(alteration(object, there)),
            None => steps.push(addition(object, now, there)),
        }
    }
    steps
}

fn taken_away<'a>(now: &[SchemaObject], there: &'a [SchemaObject]) -> Vec<ObjectStep<'a>> {
    if !now.iter().any(SchemaObject::says_that_all_are_told) {
        return Vec::new();
    }
    let is_gone = |object: &&SchemaObject| {
        object.is_trait() && !object.name.is_empty() && !now.iter().any(|now| now.is_called_as(object))
    };
    there.iter().filter(is_gone).map(ObjectStep::TakeAway).collect()
}

fn alteration<'a>(object: &'a SchemaObject, there: &'a SchemaObject) -> Vec<ObjectStep<'a>> {
    let differs = object.definition != there.definition;
    match object.kind {
        SchemaObjectKind::RowSecurity | SchemaObjectKind::Setting | SchemaObjectKind::Rule if differs => {
            vec![ObjectStep::Make(object)]
        }
        SchemaObjectKind::Identity if differs => vec![ObjectStep::TakeAway(there), ObjectStep::Make(object)],
        SchemaObjectKind::Policy
        | SchemaObjectKind::Trigger
        | SchemaObjectKind::Statistics
        | SchemaObjectKind::GeneratedColumn
            if differs =>
        {
            vec![ObjectStep::MakeAnew(object)]
        }
        SchemaObjectKind::View => {
            let mut steps = renamed_columns(object, there);
            steps.extend(differs.then_some(ObjectStep::Make(object)));
            steps
        }
        // Another query has come by another one of the same name.
        SchemaObjectKind::MaterializedView => renamed_columns(object, there),
        SchemaObjectKind::ForeignKey if differs && object.reference() == there.reference() => {
            vec![ObjectStep::Defer(object)]
        }
        SchemaObjectKind::Trigger | SchemaObjectKind::Rule if object.fires.acts() != there.fires.acts() => {
            vec![ObjectStep::Enable(object)]
        }
        SchemaObjectKind::Constraint | SchemaObjectKind::ForeignKey
            if object.is_checked && !there.is_checked =>
        {
            vec![ObjectStep::Check(object)]
        }
        _ => Vec::new(),
    }
}

/// CREATE OR REPLACE adds columns and renames none.
fn renamed_columns<'a>(object: &'a SchemaObject, there: &'a SchemaObject) -> Vec<ObjectStep<'a>> {
    let columns = |object: &'a SchemaObject| object.columns.iter().flatten();
    columns(there)
        .zip(columns(object))
        .filter(|(before, after)| before != after)
        .map(|(before, after)| ObjectStep::RenameColumn {
            view: object,
            before,
            after,
        })
        .collect()
}

fn addition<'a>(
    object: &'a SchemaObject,
    now: &'a [SchemaObject],
    there: &'a [SchemaObject],
) -> ObjectStep<'a> {
    // What the source does not have under its name any more.
    let is_left = |before: &&SchemaObject| !now.iter().any(|now| now.is_called_as(before));
    let mut left = there.iter().filter(is_left);
    let is_same = |before: &&SchemaObject| !before.is_trait() && before.says_the_same(object);
    if let Some(before) = left.clone().find(is_same) {
        return ObjectStep::Rename {
            before,
            after: object,
        };
    }
    let is_its_index = |index: &&SchemaObject| {
        object.kind == SchemaObjectKind::Constraint
            && index.kind == SchemaObjectKind::Index
            && object.index_says.is_some()
            && index.index_says == object.index_says
    };
    match left.find(is_its_index) {
        Some(index) => ObjectStep::TakeIndex { key: object, index },
        None => ObjectStep::Make(object),
    }
}

/// What has another name, by the one that it had.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RenamedObject {
    #[serde(flatten)]
    pub before: ObjectAddress,
    pub after: Vec<String>,
}

#[cfg(test)]
#[path = "objects_tests.rs"]
mod tests;
