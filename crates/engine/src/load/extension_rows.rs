//! Rows that extensions keep for the user: after the definitions, and again before and behind the fence, whatever differs is
//! carried from the source.
//!
//! Everything commits for itself and only brings the target nearer to the source. What is refused holds nobody up: it is
//! a finding.

use transhume_core::{finding::Finding, load::extension_rows::stays_behind};
use transhume_pg::{
    connection::{error::PgError, session::Session},
    load::extension_rows::{self as rows, CarryError, ConfiguredTable},
};

use crate::{
    endpoints::Sessions,
    error::{Doing, Result},
    report::{Report, Reporter},
};

/// Code of what could not be carried.
pub(crate) const CODE: &str = "extension-rows";

/// Tables that both sides have, whose rows come along.
pub(crate) struct ExtensionRows(Vec<ConfiguredTable>);

/// Tables whose rows differ, and those that could not be read.
pub(crate) struct UnevenRows {
    pub(crate) different: Vec<ConfiguredTable>,
    pub(crate) unread: Vec<(ConfiguredTable, PgError)>,
}

impl ExtensionRows {
    pub(crate) async fn on(source: &Session, target: &Session) -> Result<Self> {
        let mut kept = rows::configured(source)
            .await
            .doing("reading which rows the source's extensions keep")?;
        kept.retain(|table| stays_behind(&table.extension).is_none());
        if kept.is_empty() {
            return Ok(Self(kept));
        }
        let there = rows::configured(target)
            .await
            .doing("reading which rows the target's extensions keep")?;
        kept.retain(|table| there.iter().any(|other| other.name == table.name));
        Ok(Self(kept))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) async fn compare(&self, source: &Session, target: &Session) -> Result<UnevenRows> {
        let mut uneven = UnevenRows {
            different: Vec::new(),
            unread: Vec::new(),
        };
        for table in &self.0 {
            let (left, right) = tokio::join!(rows::digest(source, table), rows::digest(target, table));
            match (left, right) {
                (Ok(left), Ok(right)) if left == right => {}
                (Ok(_), Ok(_)) => uneven.different.push(table.clone()),
                (Err(error), _) | (_, Err(error)) if error.refusal().is_some() => {
                    uneven.unread.push((table.clone(), error));
                }
                (Err(error), _) | (_, Err(error)) => {
                    return Err(error).doing(format!("reading {}", table.name.plain()));
                }
            }
        }
        Ok(uneven)
    }

    /// Carries all that an extension keeps where some of it differs.
    pub(crate) async fn bring_over(
        &self,
        Sessions { source, target }: Sessions<'_>,
        replica_role: bool,
        reporter: &Reporter,
    ) -> Result<()> {
        let uneven = self.compare(source, target).await?;
        for (table, error) in &uneven.unread {
            reporter.send(Report::Finding {
                finding: refused(&table.extension, &table.name.plain(), error),
            });
        }
        let mut extensions: Vec<&str> = uneven
            .different
            .iter()
            .map(|table| table.extension.as_str())
            .collect();
        extensions.dedup();
        for extension in extensions {
            let of_it = self.0.iter().filter(|table| table.extension == extension);
            let tables: Vec<ConfiguredTable> = of_it.cloned().collect();
            match rows::carry(source, target, &tables, replica_role).await {
                Ok(()) => reporter.step(format!("rows of the extension {extension} carried")),
                Err(CarryError::Source(error) | CarryError::Target(error)) if error.refusal().is_some() => {
                    let names: Vec<String> = tables.iter().map(|table| table.name.plain()).collect();
                    reporter.send(Report::Finding {
                        finding: refused(extension, &names.join(", "), &error),
                    });
                }
                Err(CarryError::Source(error) | CarryError::Target(error)) => {
                    return Err(error).doing(format!("carrying the rows of the extension {extension}"));
                }
            }
        }
        Ok(())
    }
}

fn refused(extension: &str, tables: &str, error: &PgError) -> Finding {
    Finding::warning(
        CODE,
        extension,
        format!("rows that the extension keeps are not on the target ({tables}): {error}"),
        "grant the role select on the source and select, insert and delete on the target, or enter them there with the extension's \
         own functions; they are tried again at the cutover",
    )
}
