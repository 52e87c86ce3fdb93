//! Something dies at a named point of a cutover or a fallback: the application is wholly before or wholly after, nothing
//! that was acknowledged is lost, the two sides are never both open, and the operator is told.
//!
//! The everyday suite plays a sample; `TRANSHUME_EVERY_FAILPOINT=1` plays each point with each victim both ways, and
//! `TRANSHUME_FAILPOINT=name` one point with all of them. What hangs or is cut instead of dying has a test of its own, on 17, and
//! obeys the same variables.

mod application;
mod stage;

use std::{collections::HashSet, panic::AssertUnwindSafe};

use futures_util::FutureExt;
use transhume_engine::failpoint::{Point, Stage as Side};
use transhume_testkit::server::EVERYDAY_MAJOR;

use self::stage::{Fault, Stage, Victim, Way};

const VICTIMS: [Victim; 4] = [Victim::Tool, Victim::Source, Victim::Target, Victim::PgBouncer];
const AWAY: [Victim; 3] = [Victim::SourceHangs, Victim::TargetHangs, Victim::WaysAreCut];

/// Where each kind of state is the newest: nothing closed, all closed, all open, on the way back.
fn sample() -> Vec<Fault> {
    let fault = |way, point, victim, with_runner| Fault {
        way,
        point,
        victim,
        with_runner,
    };
    vec![
        fault(Way::Cutover, Point::PoolerRestored, Victim::Tool, false),
        fault(Way::Cutover, Point::MarkerWritten, Victim::Source, true),
        fault(Way::Cutover, Point::OpeningWritten, Victim::Target, true),
        fault(Way::Cutover, Point::TargetOpen, Victim::Tool, false),
        // "run" has caught up at once, and has to undo it all the same.
        fault(Way::Fallback, Point::ReadOnlySet, Victim::Tool, false),
        fault(Way::Fallback, Point::SourceClosed, Victim::PgBouncer, true),
        fault(Way::Cutover, Point::ForwardSlotDropped, Victim::Source, true),
        fault(Way::Fallback, Point::PoolerReloaded, Victim::PgBouncer, false),
    ]
}

/// One before the fence, one behind it, one once all is closed, one once all is open, and on the way back.
fn sample_of_absence() -> Vec<Fault> {
    let fault = |way, point, victim| Fault {
        way,
        point,
        victim,
        with_runner: true,
    };
    vec![
        fault(Way::Cutover, Point::WayBackPrepared, Victim::WaysAreCut),
        fault(Way::Cutover, Point::MarkerWritten, Victim::SourceHangs),
        fault(Way::Cutover, Point::SourceClosed, Victim::TargetHangs),
        fault(Way::Cutover, Point::TargetOpen, Victim::WaysAreCut),
        fault(Way::Fallback, Point::SequencesSet, Victim::WaysAreCut),
    ]
}

/// Only a cutover makes a way back.
fn is_passed(way: Way, point: Point) -> bool {
    let of_way_back = matches!(
        point,
        Point::ReverseStateMade
            | Point::ReversePublished
            | Point::ReverseSlotMade
            | Point::WayBackPrepared
            | Point::ForwardSlotDropped
            | Point::ReverseUnmade
            | Point::Disarmed
    );
    way == Way::Cutover || !of_way_back
}

/// Each point with each victim: those before a move first, then one move there and one back by turns.
fn all(points: &[Point], victims: &[Victim]) -> Vec<Fault> {
    let of = |way: Way, moves: bool| {
        let points = points.iter().copied().filter(move |point| is_passed(way, *point));
        points
            .filter(move |point| (point.stage() == Side::After) == moves)
            .flat_map(move |point| victims.iter().map(move |victim| (way, point, *victim)))
            .collect::<Vec<_>>()
    };
    let (mut there, mut back) = (
        of(Way::Cutover, true).into_iter(),
        of(Way::Fallback, true).into_iter(),
    );
    let mut order = of(Way::Cutover, false);
    order.extend(there.next());
    order.extend(of(Way::Fallback, false));
    loop {
        let pair = [back.next(), there.next()];
        if pair == [None, None] {
            break;
        }
        order.extend(pair.into_iter().flatten());
    }
    let faults = order.into_iter().enumerate();
    faults
        .map(|(number, (way, point, victim))| Fault {
            way,
            point,
            victim,
            // By turns for each victim.
            with_runner: (number + number / victims.len()).is_multiple_of(2),
        })
        .collect()
}

fn chosen(victims: &[Victim]) -> Option<Vec<Fault>> {
    if let Ok(name) = std::env::var("TRANSHUME_FAILPOINT") {
        let points: Vec<_> = Point::ALL
            .iter()
            .copied()
            .filter(|point| point.name() == name)
            .collect();
        assert!(!points.is_empty(), "there is no point {name}");
        return Some(all(&points, victims));
    }
    std::env::var_os("TRANSHUME_EVERY_FAILPOINT").map(|_| all(Point::ALL, victims))
}

/// Names of the points that were reached.
async fn play(faults: Vec<Fault>, major: u32) -> HashSet<String> {
    let mut stage = Stage::set(major).await;
    let mut failed = Vec::new();
    for fault in faults {
        let played = AssertUnwindSafe(stage.play(fault)).catch_unwind().await;
        if played.is_err() {
            failed.push(fault);
            // Nobody knows what it has left.
            stage = Stage::set(major).await;
        }
    }
    assert!(
        failed.is_empty(),
        "{} failed, as told above: {failed:#?}",
        failed.len()
    );
    stage.reached
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_dies_wherever_the_application_is_wholly_before_or_wholly_after() {
    let faults = chosen(&VICTIMS);
    let is_sample = faults.is_none();
    let reached = play(faults.unwrap_or_else(sample), EVERYDAY_MAJOR).await;
    if is_sample {
        let points = Point::ALL.iter();
        let never: Vec<_> = points.filter(|point| !reached.contains(point.name())).collect();
        assert!(never.is_empty(), "in the list and not in the program: {never:?}");
    }
}

/// On 17, where what closes and opens differs most from before.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_away_for_long_wherever_the_application_is_wholly_before_or_wholly_after() {
    let faults = chosen(&AWAY).unwrap_or_else(sample_of_absence);
    play(faults, 17).await;
}
