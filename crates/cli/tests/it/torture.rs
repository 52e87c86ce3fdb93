//! A short round of torture; `cargo xtask torture` has long ones.

use std::path::Path;

use transhume_testkit::torture::Round;

#[ignore = "a round of faults takes a minute; cargo xtask torture runs as many as wanted"]
#[tokio::test(flavor = "multi_thread")]
async fn a_round_of_kills_cuts_and_crashes_breaks_no_rule() {
    let round = Round {
        seed: 7,
        faults: 4,
        cutover: true,
    };
    let outcome = round.run(Path::new(env!("CARGO_BIN_EXE_transhume"))).await;
    match outcome {
        Ok(survived) => assert!(survived.compared > 0, "{survived:?}"),
        Err(broken) => panic!("{broken}"),
    }
}
