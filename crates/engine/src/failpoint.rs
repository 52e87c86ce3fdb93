//! Named places in a cutover and its undoing where a test may hold the program while it kills something.
//!
//! Owns the one list of them. In a build with debug assertions, and there only with `TRANSHUME_FAILPOINTS` set to a
//! directory, reaching a point adds its name to the file `reached` there, and the program waits for as long as a file
//! of that name and `.hold` lies beside it. Refuses to change what the program does: it only waits, and what dies
//! meanwhile is real. In other builds nothing of it is left.

/// Names the directory.
pub const VARIABLE: &str = "TRANSHUME_FAILPOINTS";

/// Between two looks whether the point is still held: a test that lets go waits no longer than this.
#[cfg(debug_assertions)]
const POLL: std::time::Duration = std::time::Duration::from_millis(5);

/// On which side of the point of no return a point lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Whatever dies here, the application stays where it was.
    Before,
    /// The application has moved, and nothing takes that back.
    After,
    /// On the way back to where it was, after something else went wrong.
    Undoing,
}

macro_rules! points {
    ($($(#[$comment:meta])* $point:ident, $name:literal, $stage:ident;)*) => {
        /// In the order in which a cutover passes them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Point { $($(#[$comment])* $point,)* }

        impl Point {
            pub const ALL: &[Self] = &[$(Self::$point,)*];

            pub fn name(self) -> &'static str {
                match self { $(Self::$point => $name,)* }
            }

            pub fn stage(self) -> Stage {
                match self { $(Self::$point => Stage::$stage,)* }
            }
        }
    };
}

points! {
    GatePassed, "gate-passed", Before;
    /// Phase cutover is written.
    Entered, "entered", Before;
    ViewsRefreshed, "views-refreshed", Before;
    /// Only where a way back is made, as the next three.
    ReverseStateMade, "reverse-state-made", Before;
    ReversePublished, "reverse-published", Before;
    /// The slot is there, which its record does not say yet.
    ReverseSlotMade, "reverse-slot-made", Before;
    WayBackPrepared, "way-back-prepared", Before;
    ClosingIntended, "closing-intended", Before;
    /// How it is opened again is written down on both sides.
    ClosingRemembered, "closing-remembered", Before;
    HoldIntended, "hold-intended", Before;
    ClientsHeld, "clients-held", Before;
    FenceRaised, "fence-raised", Before;
    MarkerWritten, "marker-written", Before;
    /// In the fence's transaction, which is open.
    GrantsRevoked, "grants-revoked", Before;
    Drained, "drained", Before;
    WayBackBegun, "way-back-begun", Before;
    SequencesSet, "sequences-set", Before;
    /// In the opening transaction, which is open.
    TargetPrepared, "target-prepared", Before;
    ReadOnlySet, "read-only-set", Before;
    SessionsEnded, "sessions-ended", Before;
    SourceClosed, "source-closed", Before;
    LargeObjectsCompared, "large-objects-compared", Before;
    /// All is said but the commit.
    OpeningWritten, "opening-written", Before;
    TargetOpen, "target-open", After;
    FileRewritten, "file-rewritten", After;
    PoolerReloaded, "pooler-reloaded", After;
    ClientsReleased, "clients-released", After;
    HoldSettled, "hold-settled", After;
    ApplicationTold, "application-told", After;
    AfterOpening, "after-opening", After;
    LateChecked, "late-checked", After;
    /// The forward slot is gone, which the target does not know yet; only where there is a way back.
    ForwardSlotDropped, "forward-slot-dropped", After;
    Recorded, "recorded", After;
    SourceReopened, "source-reopened", Undoing;
    PoolerRestored, "pooler-restored", Undoing;
    TargetRolledBack, "target-rolled-back", Undoing;
    ClosingForgotten, "closing-forgotten", Undoing;
    HoldForgotten, "hold-forgotten", Undoing;
    /// Publication and slot are gone, their state is there; only where there was a way back, as the next one.
    ReverseUnmade, "reverse-unmade", Undoing;
    Disarmed, "disarmed", Undoing;
    FollowingAgain, "following-again", Undoing;
}

/// Passes a point; a test may hold the program there.
#[cfg(debug_assertions)]
pub(crate) async fn reach(point: Point) {
    let Some(directory) = std::env::var_os(VARIABLE) else {
        return;
    };
    let directory = std::path::PathBuf::from(directory);
    note(&directory, point.name());
    let hold = directory.join(format!("{}.hold", point.name()));
    while hold.exists() {
        tokio::time::sleep(POLL).await;
    }
}

#[cfg(not(debug_assertions))]
#[expect(clippy::unused_async, reason = "callers are the same in every build")]
pub(crate) async fn reach(_: Point) {}

#[cfg(debug_assertions)]
fn note(directory: &std::path::Path, name: &str) {
    use std::io::Write;
    let reached = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(directory.join("reached"));
    let mut reached = reached.expect("the test has made the directory");
    writeln!(reached, "{name}").expect("the test has made the directory");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_points_have_one_name() {
        let names: HashSet<_> = Point::ALL.iter().map(|point| point.name()).collect();
        assert_eq!(names.len(), Point::ALL.len());
    }
}
