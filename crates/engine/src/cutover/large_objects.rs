//! Large objects at the cutover: they are not in the stream, so both sides are compared, and what
//! differs is made anew on the target.
//!
//! All of them before the fence; inside the pause only the source is read again, and only where that
//! is quick. Everything here commits for itself and only brings the target nearer to the source, so a
//! cutover that is undone leaves nothing to undo.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};
use transhume_core::count::counted;

use transhume_core::finding::Finding;
use transhume_pg::{
    connection::{
        error::PgError,
        names,
        raw::{Mode, RawConnection},
    },
    load::{
        copy::{CopyMeter, CopySide},
        large_objects::{self, CopyPace, LargeObject, Roles, describe_page, next_page},
        part_copy,
    },
    state::load::large_objects as state,
};

use super::Cutover;
use crate::error::{Doing, EngineError, Result};

/// Objects compared in one answer; one with its digest, grants and comment takes a few hundred bytes.
const PAGE_OBJECTS: u32 = 1000;

/// Objects whose state before the fence is remembered, at a few hundred bytes each.
const MOST_REMEMBERED: usize = 100_000;

/// Longest that reading all of the source's large objects may have taken before the fence for it to
/// be done once more inside the pause: what people notice of a pause begins about here.
const LONGEST_IN_PAUSE: Duration = Duration::from_millis(500);

/// What the source held when it was compared, with the sessions to look again.
pub(super) struct LargeObjects {
    source: RawConnection,
    target: RawConnection,
    /// None where there are too many, or reading them takes too long for a pause.
    remembered: Option<BTreeMap<u32, LargeObject>>,
    count: usize,
}

/// Objects of one page that must be removed from the target, and those to be copied then.
#[derive(Default)]
struct Difference {
    remove: Vec<u32>,
    copy: Vec<u32>,
}

impl LargeObjects {
    /// Makes the target's large objects equal to the source's as they are now.
    pub(super) async fn compare(cutover: &Cutover<'_>) -> Result<Self> {
        let name = names::application_name(&cutover.migration.id, "large-objects");
        let mut compared = Self {
            source: RawConnection::connect(&cutover.endpoints.source, &name, Mode::Sql)
                .await
                .doing("connecting to the source")?,
            target: RawConnection::connect(&cutover.endpoints.target, &name, Mode::Sql)
                .await
                .doing("connecting to the target")?,
            remembered: None,
            count: 0,
        };
        let changed = compared.all().await?;
        if changed > 0 {
            cutover.reporter.step(format!(
                "{} had changed since the full load",
                counted(changed, "large object")
            ));
        }
        Ok(compared)
    }

    /// The process of its session on the source.
    pub(super) fn source_pid(&self) -> i32 {
        self.source.backend_pid()
    }

    async fn all(&mut self) -> Result<usize> {
        let mut remembered = BTreeMap::new();
        let mut reading = Duration::ZERO;
        let (mut after, mut changed) = (0, 0);
        loop {
            let end = self.page_end(after).await?;
            let last = end.unwrap_or(u32::MAX);
            let started = Instant::now();
            let on_source = describe_page(&mut self.source, after, last)
                .await
                .doing(READING)?;
            reading += started.elapsed();
            let on_target = describe_page(&mut self.target, after, last)
                .await
                .doing("reading the target's large objects")?;
            let roles = self.roles(&on_source).await?;
            let difference = difference(&on_source, on_target, &roles);
            changed += self.apply(&difference).await?;
            self.count += on_source.len();
            if remembered.len() <= MOST_REMEMBERED {
                remembered.extend(on_source.into_iter().map(|object| (object.oid, object)));
            }
            match end {
                Some(end) => after = end,
                None => break,
            }
        }
        let is_quick = self.count <= MOST_REMEMBERED && reading <= LONGEST_IN_PAUSE;
        self.remembered = is_quick.then_some(remembered);
        Ok(changed)
    }

    /// Inside the pause: brings over what changed since it was compared; a finding where it was too
    /// much to look again. An error, which undoes the cutover, where it takes longer than `most`.
    pub(super) async fn complete(&mut self, most: Duration) -> Result<(usize, Option<Finding>)> {
        let Some(remembered) = self.remembered.take() else {
            return Ok((0, Some(self.not_compared_again())));
        };
        match tokio::time::timeout(most, self.bring_over(remembered)).await {
            Ok(changed) => Ok((changed?, None)),
            Err(_) => Err(EngineError::stopped(
                "large objects could not be completed in time",
                format!(
                    "It was given {} within the write pause.",
                    counted(most.as_secs(), "second")
                ),
                "try again, stop writers of large objects before, or allow more with --drain-timeout",
            )),
        }
    }

    async fn bring_over(&mut self, mut remembered: BTreeMap<u32, LargeObject>) -> Result<usize> {
        let (mut after, mut changed) = (0, 0);
        while let Some(end) = self.page_end(after).await? {
            let now = describe_page(&mut self.source, after, end).await.doing(READING)?;
            let mut difference = Difference::default();
            for object in now {
                match remembered.remove(&object.oid) {
                    Some(before) if before == object => {}
                    Some(_) => {
                        difference.remove.push(object.oid);
                        difference.copy.push(object.oid);
                    }
                    None => difference.copy.push(object.oid),
                }
            }
            changed += self.apply(&difference).await?;
            after = end;
        }
        let removed = Difference {
            remove: remembered.into_keys().collect(),
            copy: Vec::new(),
        };
        Ok(changed + self.apply(&removed).await?)
    }

    fn not_compared_again(&self) -> Finding {
        Finding::warning(
            "large-objects-not-compared-again",
            "",
            format!(
                "{} compared before the write pause, but reading them once more would have made it \
                 too long: what was written to them in between is not on the target",
                counted(self.count, "large object")
            ),
            "compare select oid, md5(lo_get(oid)) from pg_largeobject_metadata on both sides; next time stop writers of \
             large objects before the cutover",
        )
    }

    async fn page_end(&mut self, after: u32) -> Result<Option<u32>> {
        next_page(&mut self.source, after, PAGE_OBJECTS)
            .await
            .doing(READING)
    }

    async fn roles(&mut self, objects: &[LargeObject]) -> Result<Roles> {
        let names: BTreeSet<String> = objects.iter().flat_map(LargeObject::roles).cloned().collect();
        large_objects::roles(&mut self.target, &names)
            .await
            .doing("reading the roles of the target")
    }

    /// Removes and copies in one transaction; gives the number of objects that were touched.
    async fn apply(&mut self, difference: &Difference) -> Result<usize> {
        let touched: BTreeSet<u32> = difference
            .remove
            .iter()
            .chain(&difference.copy)
            .copied()
            .collect();
        if touched.is_empty() {
            return Ok(0);
        }
        self.make_anew(difference)
            .await
            .map_err(|(side, error)| EngineError::Server {
                doing: format!("completing large objects ({side})"),
                source: error,
            })?;
        Ok(touched.len())
    }

    async fn make_anew(&mut self, difference: &Difference) -> std::result::Result<(), (CopySide, PgError)> {
        let at_source = |error| (CopySide::Source, error);
        let at_target = |error| (CopySide::Target, error);
        let meter = CopyMeter::default();
        let pace = CopyPace {
            meter: &meter,
            limit: None,
        };
        large_objects::read_now(&mut self.source)
            .await
            .map_err(at_source)?;
        part_copy::begin(&mut self.target).await.map_err(at_target)?;
        state::remove(&mut self.target, &difference.remove)
            .await
            .map_err(at_target)?;
        large_objects::copy(&mut self.source, &mut self.target, &difference.copy, pace).await?;
        if !difference.copy.is_empty() {
            state::insert_made(&mut self.target, &difference.copy)
                .await
                .map_err(at_target)?;
        }
        part_copy::commit(&mut self.target).await.map_err(at_target)?;
        part_copy::roll_back(&mut self.source).await.map_err(at_source)
    }
}

const READING: &str = "reading the source's large objects";

fn difference(on_source: &[LargeObject], on_target: Vec<LargeObject>, roles: &Roles) -> Difference {
    let mut present: BTreeMap<u32, LargeObject> = on_target
        .into_iter()
        .map(|object| (object.oid, object.without_own_grants()))
        .collect();
    let mut difference = Difference::default();
    for object in on_source {
        match present.remove(&object.oid) {
            Some(there) if there == object.on_target(roles) => {}
            Some(_) => {
                difference.remove.push(object.oid);
                difference.copy.push(object.oid);
            }
            None => difference.copy.push(object.oid),
        }
    }
    difference.remove.extend(present.into_keys());
    difference
}
