//! A migration as the tests of the terminal program need one: with names that are long, wide, and hostile.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use transhume_engine::{
    finding::Finding,
    phase::Phase,
    status::{
        ChangedRows, FindingGroup, HistoryLine, LoadShare, PhaseSpan, RunnerStatus, Story, TableState,
        TableVerified, VerificationLine,
    },
};

use super::model::Model;
use crate::show::{sample_status, series::tests::samples};

/// In order.
pub(super) fn following() -> Model {
    let mut model = Model::new(["shop".to_owned()], false, false);
    let mut status = sample_status::following();
    status.exceptions.clear();
    status.runner = Some(RunnerStatus {
        host: "runner-1".to_owned(),
        pid: 4711,
        backend_pid: 99,
        application: "transhume:0123abcd:run".to_owned(),
        since: "2026-11-22T12:00:00Z".to_owned(),
        waiting_for: String::new(),
    });
    status.phases = vec![
        phase(Phase::Prepare, Some(2.5)),
        phase(Phase::PreData, Some(7.5)),
        phase(Phase::FullLoad, Some(3_725.0)),
        phase(Phase::PostData, Some(41.0)),
        phase(Phase::Follow, None),
    ];
    let database = &mut model.databases[0];
    database.status = Some(Arc::new(status));
    database.samples = Arc::new(samples());
    database.age = Duration::from_secs(1);
    database.tables = Some(Arc::new(vec![table("cart"), table("item"), table("order")]));
    database.story = Some(Arc::new(story()));
    model
}

/// Somebody must act, and what servers say is what an attacker would have them say.
pub(super) fn hostile() -> Model {
    let mut model = following();
    let mut status = sample_status::following();
    let long = "a_name_that_is_as_long_as_postgresql_lets_a_name_be_63_bytes_xx";
    let findings = vec![
        Finding::blocker(
            "run-stopped",
            "",
            "the run stopped at 2026-11-22T12:34:56Z: column \"note\"\u{1b}[2J of shop.cart is missing\u{202e}",
            "alter table \"shop\".\"cart\" add column \"note\" text;\n-- then\ntranshume run",
        ),
        Finding::blocker(
            "replica-identity",
            &format!("{long}.{long}"),
            "word ".repeat(120),
            "alter table x replica identity full",
        ),
        Finding::warning(
            "unlogged-tables",
            "public.日本語テーブル",
            "the table is unlogged",
            "",
        ),
    ];
    status.finding_groups = findings
        .iter()
        .map(|finding| FindingGroup {
            code: finding.code.clone(),
            severity: finding.severity,
            count: 1,
            objects: vec![finding.object.clone()],
            message: finding.message.clone(),
            remedy: finding.remedy.clone(),
        })
        .collect();
    status.findings = findings;
    status.source = "postgresql://ann:s3cret@old\u{1b}]0;owned\u{7}.example.com/shop".to_owned();
    status.target = format!("postgresql://ann@{long}.example.com/{long}");
    let mut tables = vec![table(long), table("日本語テーブル"), table("\u{1b}[31mred\nnext")];
    tables[1].state = "suspended".to_owned();
    tables[2].exceptions = 1_234_567;
    tables[2].is_waited_for = true;
    let database = &mut model.databases[0];
    database.status = Some(Arc::new(status));
    database.tables = Some(Arc::new(tables));
    model
}

pub(super) fn table(name: &str) -> TableState {
    TableState {
        schema: "shop".to_owned(),
        name: name.to_owned(),
        state: "loaded".to_owned(),
        rows_estimate: 1_000,
        bytes: 123 << 20,
        load: LoadShare {
            share: 1.0,
            parts: 2,
            parts_done: 2,
            rows: 1_000,
            bytes: 1 << 20,
            builds: 1,
            builds_done: 1,
            format: "binary".to_owned(),
        },
        changed: Some(ChangedRows {
            inserts: 12_345,
            updates: 6,
            deletes: 0,
        }),
        exceptions: 0,
        is_waited_for: false,
        verified: Some(TableVerified {
            at: "2026-11-22T12:30:00Z".to_owned(),
            age_seconds: 300.0,
            equal: Some(true),
            differences: 0,
            note: String::new(),
            read: None,
        }),
    }
}

fn phase(phase: Phase, seconds: Option<f64>) -> PhaseSpan {
    PhaseSpan {
        phase,
        since: "2026-11-22T12:00:00Z".to_owned(),
        seconds,
    }
}

fn story() -> Story {
    let line = |step: &str, detail| HistoryLine {
        at: "2026-11-22T12:20:00Z".to_owned(),
        epoch: 1.0,
        step: step.to_owned(),
        detail,
    };
    Story {
        version: 1,
        history: vec![
            line(
                "rehearsed",
                json!({"steps": [
                    {"name": "fence", "milliseconds": 40.0},
                    {"name": "drain", "milliseconds": 12.5},
                    {"name": "open", "milliseconds": 0.2},
                ]}),
            ),
            line(
                "full-load completed",
                json!({"rows": 12_345, "source": "postgresql://ann:s3cret@old/shop"}),
            ),
            line("started", json!({})),
        ],
        verifications: vec![VerificationLine {
            id: 1,
            lsn: "0/150000".to_owned(),
            mode: "full".to_owned(),
            started_at: "2026-11-22T12:25:00Z".to_owned(),
            seconds: Some(12.0),
            result: "equal".to_owned(),
            object_blockers: Some(0),
            tables: 3,
            tables_done: 3,
            tables_different: 0,
        }],
    }
}
