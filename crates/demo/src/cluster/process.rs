//! Signals to a server process and its children, and waiting for their end.
//!
//! A server's children live in sessions of their own and outlive a killed parent for a moment, still
//! attached to its shared memory: a new server cannot start before they are gone.

use std::fs;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How often a condition is looked at again: short against the time a server needs to start (100 ms and more).
const POLL: Duration = Duration::from_millis(5);
/// A killed process leaves the process table at once unless the machine is out of breath.
const KILL_DEADLINE: Duration = Duration::from_secs(10);

/// Calls `condition` until it answers or the deadline is over.
pub(super) fn poll_until<T>(deadline: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(answer) = condition() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::sleep(POLL);
    }
}

pub(super) fn signal(child: &Child, signal: Signal) {
    signal_pid(child.id(), signal);
}

/// True once the process has ended and is reaped.
pub(super) fn ended_within(child: &mut Child, deadline: Duration) -> bool {
    poll_until(deadline, || child.try_wait().ok().flatten()).is_some()
}

/// Ends a server and all its children as a power failure would: none of them runs another instruction.
pub(super) fn kill_tree(child: &mut Child) {
    // Stopped first: it forks nobody while its children are listed, and none of them sees it die and cleans up.
    signal_tree(child, Signal::STOP);
    let children = children_of(child.id());
    signal(child, Signal::KILL);
    for pid in &children {
        signal_pid(*pid, Signal::KILL);
    }
    ended_within(child, KILL_DEADLINE);
    poll_until(KILL_DEADLINE, || {
        children
            .iter()
            .all(|pid| parent_and_state(*pid).is_none())
            .then_some(())
    });
}

/// The server first: it starts no child that would be overlooked.
pub(super) fn signal_tree(child: &Child, signal: Signal) {
    signal_pid(child.id(), signal);
    for pid in children_of(child.id()) {
        signal_pid(pid, signal);
    }
}

fn signal_pid(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // It may be gone already, which is as good.
        let _ = kill_process(pid, signal);
    }
}

fn children_of(parent: u32) -> Vec<u32> {
    let Ok(listing) = fs::read_dir("/proc") else {
        // Without /proc the children are left to notice the death of their parent themselves.
        return Vec::new();
    };
    listing
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| parent_and_state(*pid).is_some_and(|(found, _)| found == parent))
        .collect()
}

/// Parent and state letter of a living process; a zombie, which only waits to be reaped, counts as gone.
fn parent_and_state(pid: u32) -> Option<(u32, char)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name, in parentheses, may itself hold blanks and parentheses.
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ');
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    (state != 'Z').then_some((parent, state))
}
