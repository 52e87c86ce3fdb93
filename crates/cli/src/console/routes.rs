//! Which path leads where.

use std::sync::Arc;

use axum::{
    Router,
    http::StatusCode,
    middleware,
    routing::{get, post},
};

use super::{Console, access, api, assets, events, openapi, pages, refusal};

pub(super) fn router(console: Arc<Console>) -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/db/{database}", get(pages::overview::page))
        .route("/db/{database}/tables", get(pages::tables::page))
        .route("/db/{database}/findings", get(pages::findings::page))
        .route("/db/{database}/verification", get(pages::verification::page))
        .route("/db/{database}/cutover", get(pages::cutover::page))
        .route("/db/{database}/history", get(pages::history::page))
        .route("/assets/console.css", get(assets::style))
        .route("/assets/console.js", get(assets::script))
        .route("/assets/icon.svg", get(assets::icon))
        .route("/metrics", get(api::metrics))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(api::ready))
        .nest("/api/v1", api_routes())
        .fallback(async || refusal::Refusal::new(StatusCode::NOT_FOUND, "there is nothing here", ""))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&console),
            access::guard,
        ))
        .with_state(console)
}

fn api_routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/openapi.json", get(openapi::document))
        .route("/databases", get(api::databases))
        .route("/databases/{database}/status", get(api::status))
        .route("/databases/{database}/tables", get(api::tables))
        .route("/databases/{database}/samples", get(api::samples))
        .route("/databases/{database}/story", get(api::story))
        .route("/databases/{database}/events", get(events::events))
        .route("/databases/{database}/pause", post(api::pause))
        .route("/databases/{database}/resume", post(api::resume))
        .route("/databases/{database}/check", post(api::check))
        .route("/databases/{database}/operations", get(api::operations))
        .route("/databases/{database}/verify", post(api::verify))
        .route("/databases/{database}/tables/{wish}", post(api::change_tables))
}
