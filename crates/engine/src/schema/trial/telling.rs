//! What a trial says of owners, of grants and of itself; definitions are core's.

use std::collections::HashMap;

use transhume_core::{
    count::counted,
    finding::{Finding, Remedy},
    schema::trial::Names,
};

use super::{CODE, TrialRun, rows::Sample};
use crate::schema::owners;

impl TrialRun<'_> {
    /// Of rows; also that some could not be tried, since their functions call what other pieces of the schema have.
    pub(super) fn of_rows(&mut self, names: &Names<'_>, samples: &HashMap<u32, Sample>) -> Vec<Finding> {
        let (found, untried) = self
            .rows
            .findings((names, samples), self.course.refusals(), self.pieces > 1);
        if untried > 0 && self.cut_short.is_none() {
            self.cut_short = Some(format!(
                "its lock table has no room for all at once, and functions at work on {} call what another part of the schema has",
                counted(untried, "object")
            ));
        }
        found
    }

    /// Of owners, grants and the trial as a whole.
    pub(super) fn reported(self, tried: usize) -> Vec<Finding> {
        let refused = self.course.refusals().len();
        let mut found: Vec<Finding> = self
            .owners
            .into_iter()
            .map(|(statement, message)| {
                Finding::warning(
                    owners::CODE,
                    "",
                    format!("an owner is refused: {message}"),
                    Remedy::from("on the target, after the load: ").then(Remedy::run(statement)),
                )
            })
            .collect();
        found.extend(self.grants.findings());
        found.push(match self.cut_short {
            Some(reason) => Finding::warning(
                CODE,
                "",
                format!("not all of the schema could be tried on the target: {reason}"),
                "raise max_locks_per_transaction on the target, or expect that the run itself may find more",
            ),
            None => Finding::pass(CODE, passed(tried, refused, self.pieces)),
        });
        found
    }
}

fn passed(tried: usize, refused: usize, pieces: usize) -> String {
    let how = counted(pieces.max(1), "transaction");
    format!(
        "{} tried on the target in {how}, as many as its lock table asks for, and rolled back; {refused} refused",
        counted(tried, "definition")
    )
}
