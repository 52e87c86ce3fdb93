//! The demonstration: every public way of the engine in a row, under traffic.

use transhume_demo::demo::{DemoOptions, demo};
use transhume_engine::{cancel::cancellation, report::Reporter};

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_migration_under_traffic_is_exact() {
    let (_canceller, cancellation) = cancellation();
    let (reporter, mut reports) = Reporter::channel();
    let options = DemoOptions {
        binaries: None,
        customers: 2_000,
        clients: 4,
    };

    let outcome = demo(&options, &reporter, &cancellation).await;

    let mut story = Vec::new();
    while let Ok(report) = reports.try_recv() {
        story.push(format!("{report:?}"));
    }
    let report = outcome.unwrap_or_else(|error| panic!("{error:?}\n{}", story.join("\n")));
    assert!(report.is_exact(), "{report:#?}\n{}", story.join("\n"));
    assert_eq!(report.cutover.late_changes, 0, "{report:#?}");
    assert_eq!(
        report.tables_equal_on_the_way_back, report.tables_equal,
        "{report:#?}"
    );
}
