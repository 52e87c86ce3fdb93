//! The decisions of core together, against a naive serial model: any history, split into batches anywhere, broken off
//! anywhere and sent again, over tables, and ranges of their keys, that were loaded at different moments.
//!
//! Invariants: after every COMMIT the target shows each range as it was after some commit of the source, the one at the frontier
//! or, before that was reached, the one that its load saw; what cannot be placed is loaded anew; the slot is never confirmed past what survives a crash; at the end
//! both sides are equal.

mod history;
mod source;
mod stream;
mod target;

use proptest::prelude::*;

use self::{
    history::{Mishap, plans, transactions},
    source::Source,
    stream::Stream,
    target::Target,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_history_batch_split_and_crash_gives_the_source_s_commits_and_nothing_between(
        history in transactions(),
        plan in plans(),
    ) {
        let source = Source::run(&history);
        let mut target = Target::load(&source, plan.loaded_after);
        let mut stream = Stream::start(&target);
        for step in &plan.steps {
            for _ in 0..step.messages {
                stream.deliver(&source, &mut target, step.batch);
            }
            match step.mishap {
                None => {}
                Some(Mishap::TargetFlushes) => stream.target_flushes(&mut target),
                Some(Mishap::Keepalive) => stream.keepalive(&source),
                Some(Mishap::Crash { resent }) => stream = stream.again(&source, &target, resent),
                Some(Mishap::TargetCrash { resent }) => {
                    target.crash();
                    stream = stream.again(&source, &target, resent);
                }
            }
            prop_assert!(stream.confirmed <= target.durable_frontier(), "confirmed past what survives a crash");
        }
        while stream.deliver(&source, &mut target, 1) {}
        stream.end_batch(&source, &mut target);
        prop_assert_eq!(target.tables(), source.after(history.len()));
    }
}
