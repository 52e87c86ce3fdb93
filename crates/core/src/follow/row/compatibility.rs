//! May values of a column of the source be written to the target's column of the same name?
//!
//! The answer is yes only where every value fits unaltered.

use transhume_wire::pgoutput::RelationColumn;

use super::{DriftKind, TargetColumn, TargetTable};
use crate::table::Generation;

/// From here on type OIDs differ between servers (FirstGenbkiObjectId): only names could tell.
const FIRST_UNSTABLE_OID: u32 = 10_000;

const INT8: u32 = 20;
const INT2: u32 = 21;
const INT4: u32 = 23;
const TEXT: u32 = 25;
const VARCHAR: u32 = 1043;
const VARBIT: u32 = 1562;
const NUMERIC: u32 = 1700;
/// Bytes that a length modifier of varchar and numeric carries on top (VARHDRSZ).
const MODIFIER_HEADER: i32 = 4;

pub(super) fn match_column(
    announced: &RelationColumn,
    target: &TargetTable,
) -> Result<TargetColumn, DriftKind> {
    let name = &announced.name;
    let column = target
        .columns
        .iter()
        .find(|column| column.name == *name)
        .ok_or_else(|| DriftKind::ColumnMissing { column: name.clone() })?;
    if column.generation == Generation::Computed {
        return Err(DriftKind::Computed { column: name.clone() });
    }
    let fits = same_type(announced.type_oid, column.type_oid) && holds_every_value(announced, column);
    if !fits && !is_widened(announced.type_oid, column.type_oid) {
        return Err(DriftKind::TypeDiffers {
            column: name.clone(),
            type_oid: announced.type_oid,
            type_modifier: announced.type_modifier,
        });
    }
    Ok(column.clone())
}

fn same_type(source: u32, target: u32) -> bool {
    if source < FIRST_UNSTABLE_OID {
        source == target
    } else {
        target >= FIRST_UNSTABLE_OID
    }
}

/// Another type that prints every value of the source's as that does, and takes it: values come as text.
fn is_widened(source: u32, target: u32) -> bool {
    matches!(
        (source, target),
        (INT2, INT4 | INT8) | (INT4, INT8) | (VARCHAR, TEXT)
    )
}

/// A wider column on the target takes everything: that is how it looks after the operator has
/// followed a widening on the source while older changes are still to come.
fn holds_every_value(announced: &RelationColumn, column: &TargetColumn) -> bool {
    let (source, target) = (announced.type_modifier, column.type_modifier);
    if source == target {
        return true;
    }
    let is_wider = source >= 0 && (target < 0 || target > source);
    match announced.type_oid {
        VARCHAR | VARBIT => is_wider,
        NUMERIC if target >= 0 => is_wider && scale(source) == scale(target),
        NUMERIC => true,
        _ => false,
    }
}

/// The lower half of a numeric modifier; the precision is above it.
fn scale(modifier: i32) -> i32 {
    (modifier - MODIFIER_HEADER) & 0xFFFF
}
