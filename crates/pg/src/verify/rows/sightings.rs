//! Rows as a side shows them now, with the versions that they are: no snapshot holds them.

use std::collections::BTreeMap;

use transhume_core::verify::rows::{Subject, recheck::Sighting};

use super::{read, statement};
use crate::connection::{error::PgError, session::Session};

/// What `session` sees of these rows: by their keys, or by their hashes where the table has no key. A row that is not
/// there is left out.
pub async fn sightings(
    session: &Session,
    subject: &Subject,
    rows: &[Vec<String>],
) -> Result<BTreeMap<Vec<String>, Sighting>, PgError> {
    if subject.key.is_empty() {
        by_image(session, subject, rows).await
    } else {
        by_key(session, subject, rows).await
    }
}

async fn by_key(
    session: &Session,
    subject: &Subject,
    keys: &[Vec<String>],
) -> Result<BTreeMap<Vec<String>, Sighting>, PgError> {
    let rows = read::versions_by_key(session, subject, keys).await?;
    let mut several: BTreeMap<Vec<String>, Vec<(i64, String)>> = BTreeMap::new();
    for (key, hash, version) in rows {
        several.entry(key).or_default().push((hash, version));
    }
    let sighting = |mut rows: Vec<(i64, String)>| {
        rows.sort_unstable();
        // One row answers to several texts that its key is equal to.
        rows.dedup();
        let (content, versions): (Vec<i64>, Vec<String>) = rows.into_iter().unzip();
        Sighting {
            content,
            version: versions.join(" "),
        }
    };
    Ok(several
        .into_iter()
        .map(|(key, rows)| (key, sighting(rows)))
        .collect())
}

async fn by_image(
    session: &Session,
    subject: &Subject,
    hashes: &[Vec<String>],
) -> Result<BTreeMap<Vec<String>, Sighting>, PgError> {
    let wanted: Vec<i64> = hashes
        .iter()
        .filter_map(|hash| hash.first()?.parse().ok())
        .collect();
    let rows = session
        .query(&statement::versions_by_image(subject), &[&wanted])
        .await?;
    Ok(rows
        .iter()
        .map(|row| {
            let sighting = Sighting {
                content: vec![row.get(1)],
                version: row.get(2),
            };
            (vec![row.get::<_, i64>(0).to_string()], sighting)
        })
        .collect())
}
