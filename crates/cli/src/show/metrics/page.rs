//! The reference page of all metrics and an example of what is told, made from their catalogue; tests hold the committed files to
//! it. `scripts/lint-deploy` gives the example to promtool.

use std::{env, fmt::Write, fs, path::Path};

use super::{Read, UP, catalog::METRICS, exposition};
use crate::show::sample_status::following;

const HEAD: &str = "\
# Metrics

Made from `crates/cli/src/show/metrics/catalog.rs`; a test holds this page to it. `transhume serve` and `run --listen` answer on
`/metrics`; `transhume status --prometheus` prints the same for a textfile collector:

```sh
transhume status --prometheus > /var/lib/node_exporter/transhume.prom.new && mv /var/lib/node_exporter/transhume.prom.new /var/lib/node_exporter/transhume.prom
```

Each series but `transhume_up` bears `database` and `direction`: `forward` is the migration, `reverse` the stream of its fallback. A figure
that is not known is left out. [`deploy/monitoring`](../../deploy/monitoring) holds alert rules and a dashboard for Grafana.

| metric | kind | further labels | meaning |
|---|---|---|---|
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    writeln!(page, "| `transhume_up` | gauge |  | {UP} |").expect("text grows");
    for metric in METRICS {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        writeln!(
            page,
            "| `transhume_{}` | {} | {} | {} |",
            metric.name,
            metric.kind,
            labels.join(", "),
            metric.help
        )
        .expect("text grows");
    }
    page
}

/// `TRANSHUME_WRITE_PAGES=1` writes the file instead.
fn hold(path: &str, content: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    if env::var_os("TRANSHUME_WRITE_PAGES").is_some() {
        fs::write(&path, content).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == content,
        "write it anew: TRANSHUME_WRITE_PAGES=1 cargo test -p transhume-cli reference_page"
    );
}

#[test]
fn the_reference_page_is_made_from_the_metrics() {
    hold("docs/reference/metrics.md", &page());
}

#[test]
fn the_example_beside_the_reference_page_is_what_is_told() {
    let status = following();
    let read = Read {
        database: "shop",
        status: Some(&status),
    };
    hold("deploy/monitoring/example.prom", &exposition(&[read]));
}
