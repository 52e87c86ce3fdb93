//! Server-sent events: one each time the status was read anew, for as long as somebody listens.
//!
//! An event says only that there is something new, and the figures that a page's title shows; the page asks for the rest. A
//! browser comes again by itself after a restart.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{Path, State},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, stream::unfold};
use serde_json::{Value, json};

use super::{Console, refusal::Refusal};
/// Between two events: with the status' own age below the three seconds within which a stop is to be seen.
const PACE: Duration = Duration::from_millis(1500);
/// Proxies close what is silent for half a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) async fn events(State(console): State<Arc<Console>>, Path(name): Path<String>) -> Response {
    if console.database(&name).is_none() {
        return Refusal::unknown_database().into_response();
    }
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    Sse::new(looks(console, name))
        .keep_alive(keep_alive)
        .into_response()
}

fn looks(console: Arc<Console>, name: String) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold((console, name, 0_u64), async |(console, name, number)| {
        if number > 0 {
            let cancelled = console.cancellation.cancelled();
            if tokio::time::timeout(PACE, cancelled).await.is_ok() {
                return None;
            }
        }
        let figures = figures(&console, &name).await;
        let event = Event::default()
            .event("status")
            .id(number.to_string())
            .data(figures.to_string());
        Some((Ok(event), (console, name, number + 1)))
    })
}

async fn figures(console: &Console, name: &str) -> Value {
    let Some(database) = console.database(name) else {
        return Value::Null;
    };
    match database.status().await {
        Ok(status) => json!({
            "phase": status.phase,
            "needs_attention": status.needs_attention(),
            "lag_bytes": status.lag_bytes,
            "lag_seconds": status.lag_seconds,
        }),
        Err(failure) => json!({ "error": failure.message }),
    }
}
