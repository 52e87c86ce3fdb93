//! By which index a table is divided into ranges, and where: asked of both sides' catalogs and of the source's rows.

use std::collections::HashMap;

use transhume_core::{
    table::Table,
    verify::rows::{
        Cut, Division, KeyDomain, Order, OrdinalRange, SpreadColumn, SpreadIndex, Subject, cut_by_values,
        division, first_cut, key_bounds, values_wanted,
    },
};
use transhume_pg::verify::rows::{IndexedColumns, Reading, ReadingSide, spreads};

use crate::error::{Doing, Result};

/// Pages that values are picked from, for each that is wanted: the more, the evener the ranges.
const PAGES_OF_A_VALUE: usize = 2;

/// Bytes of a picked value's columns at the most, each: a thousand of them go into every statement.
const VALUE_BYTES_MOST: i32 = 200;

pub(super) struct Spreading<'a> {
    pub(super) source: ReadingSide<'a>,
    pub(super) target: ReadingSide<'a>,
    of_source: HashMap<u32, Vec<IndexedColumns>>,
    of_target: HashMap<u32, Vec<IndexedColumns>>,
}

/// A table on both sides.
#[derive(Clone, Copy)]
pub(super) struct Both<'a> {
    pub(super) source: &'a Table,
    pub(super) target: &'a Table,
    /// The source's index that is the key.
    pub(super) key: Option<u32>,
}

impl<'a> Spreading<'a> {
    /// Of the tables with these OIDs on the source and on the target.
    pub(super) async fn read(
        source: ReadingSide<'a>,
        target: ReadingSide<'a>,
        tables: (&[u32], &[u32]),
    ) -> Result<Self> {
        let (of_source, of_target) = tokio::join!(
            spreads(source.session, tables.0),
            spreads(target.session, tables.1)
        );
        Ok(Self {
            source,
            target,
            of_source: of_source.doing("reading the source's indexes")?,
            of_target: of_target.doing("reading the target's indexes")?,
        })
    }

    /// Cuts a table of about so many rows.
    pub(super) async fn cut(&self, subject: &mut Subject, both: Both<'_>, rows: i64) -> Result<()> {
        let indexes = self.indexes(both);
        match division(&indexes, rows) {
            Some(Division::Numbers(index, domain)) => {
                subject.spread = index.columns[..1].to_vec();
                self.cut_by_numbers(subject, index, domain, rows).await
            }
            Some(Division::Values(index)) => {
                subject.spread.clone_from(&index.columns);
                subject.cut = cut_by_values(rows, self.picked(subject, both.source, rows).await?);
                Ok(())
            }
            None => {
                subject.cut = first_cut(rows, &[]);
                Ok(())
            }
        }
    }

    /// Those of the source that the target has as well; of the key, that the target has lost it is no matter.
    fn indexes(&self, both: Both<'_>) -> Vec<SpreadIndex> {
        let of =
            |indexes: &HashMap<u32, Vec<IndexedColumns>>, oid| indexes.get(&oid).cloned().unwrap_or_default();
        let on_target = of(&self.of_target, both.target.oid);
        let is_on_target = |index: &IndexedColumns| {
            on_target.iter().any(|other| {
                other.columns.first().map(|(name, _)| name) == index.columns.first().map(|(name, _)| name)
            })
        };
        of(&self.of_source, both.source.oid)
            .into_iter()
            .map(|index| (both.key == Some(index.index), index))
            .filter(|(is_key, index)| *is_key || is_on_target(index))
            .map(|(is_key, index)| spread_index(index, is_key, both.target))
            .collect()
    }

    async fn cut_by_numbers(
        &self,
        subject: &mut Subject,
        index: &SpreadIndex,
        domain: KeyDomain,
        rows: i64,
    ) -> Result<()> {
        subject.extremes = self.extremes(subject, domain).await?;
        let bounds = subject.extremes.map(|extremes| {
            key_bounds(
                extremes,
                index.histogram.iter().filter_map(|text| domain.ordinal(text)),
            )
        });
        subject.cut = first_cut(rows, &bounds.unwrap_or_default());
        if !matches!(subject.cut, Cut::Ranges { .. }) {
            subject.spread.clear();
        }
        Ok(())
    }

    /// Over both sides: a row may be on one only.
    async fn extremes(&self, subject: &Subject, domain: KeyDomain) -> Result<Option<OrdinalRange>> {
        let (source, target) = tokio::join!(self.source.extremes(subject), self.target.extremes(subject));
        let plain = subject.table.plain();
        let ends = [
            source.doing(format!("reading the keys of {plain} on the source"))?,
            target.doing(format!("reading the keys of {plain} on the target"))?,
        ];
        let ordinals = || {
            ends.iter()
                .flatten()
                .flat_map(|(low, high)| [low, high])
                .filter_map(|text| domain.ordinal(text))
        };
        let (low, high) = (ordinals().min(), ordinals().max());
        Ok(low.zip(high).map(|(low, high)| OrdinalRange {
            from: low,
            to: high.saturating_add(1),
        }))
    }

    /// Values of the source's rows from all over the table, in their order.
    async fn picked(&self, subject: &Subject, table: &Table, rows: i64) -> Result<Vec<Vec<String>>> {
        let wanted = values_wanted(rows) * PAGES_OF_A_VALUE;
        let count = wanted.min(usize::try_from(table.pages).unwrap_or_default());
        let pages: Vec<i64> = (0..count)
            .map(|number| i128::from(table.pages) * number as i128 / count as i128)
            .filter_map(|page| i64::try_from(page).ok())
            .collect();
        let picked = self
            .source
            .picked_values(subject, &pages, VALUE_BYTES_MOST)
            .await
            .doing(format!("picking keys of {} on the source", subject.table.plain()))?;
        Ok(match picked {
            Reading::Seen(values) => values,
            Reading::Moved => Vec::new(),
        })
    }
}

/// Its first columns as far as both sides can put them in the same order.
fn spread_index(index: IndexedColumns, is_key: bool, target: &Table) -> SpreadIndex {
    let order = |(name, type_oid): &(String, u32)| {
        let other = target.columns.iter().find(|column| column.name == *name)?;
        Some(SpreadColumn {
            name: name.clone(),
            order: Order::of_both(*type_oid, other.type_oid)?,
        })
    };
    let columns: Vec<SpreadColumn> = index.columns.iter().map_while(order).collect();
    SpreadIndex {
        is_unique: index.is_unique && columns.len() == index.columns.len(),
        columns,
        is_key,
        first_share: index.first_share,
        histogram: index.histogram,
    }
}
