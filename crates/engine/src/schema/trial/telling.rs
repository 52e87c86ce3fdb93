//! What a trial says of owners, of grants and of itself; definitions are core's.

use transhume_core::{
    count::counted,
    finding::{Finding, Remedy},
};

use super::{CODE, TrialRun};
use crate::schema::owners;

impl TrialRun<'_> {
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
