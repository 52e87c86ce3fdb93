//! The web console: pages for people, JSON for programs, metrics for Prometheus, over one status model.
//!
//! Owns the listener and its life. Refuses decisions about a migration, and whatever leaves the machine: no page asks another
//! origin for anything. Reading needs no token where it listens on loopback; acting always does. Nothing is read while nobody
//! asks.

mod access;
mod api;
mod assets;
mod curve;
mod events;
mod openapi;
mod operations;
mod pages;
mod refusal;
mod routes;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use tokio::net::TcpListener;
use transhume_engine::cancel::Cancellation;

use self::{access::Access, operations::Ledger};
use crate::{
    failure::{Failure, Result},
    invocation::Invocation,
    watched::Watched,
};

pub(crate) use self::access::Token;

/// All that a request may need.
struct Console {
    databases: Vec<Watched>,
    /// By the names of the databases: work that was asked for.
    operations: BTreeMap<String, Ledger>,
    access: Access,
    cancellation: Cancellation,
}

/// A listener that nobody is answered by yet, so that an address in use is told before anything begins.
pub(crate) struct Listening {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Listening {
    pub(crate) async fn on(address: SocketAddr) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Failure::new(format!("cannot listen on {address}: {error}"))
                .with_hint("choose another address with --listen, such as 127.0.0.1:8077")
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Whoever reaches the address can read.
    pub(crate) fn is_reachable_from_elsewhere(&self) -> bool {
        !self.address.ip().is_loopback()
    }

    /// Answers until it is cancelled.
    pub(crate) async fn serve(self, members: &[&Invocation], token: Option<Token>) -> Result<()> {
        let databases: Result<Vec<Watched>> = members.iter().map(|member| Watched::new(member)).collect();
        let cancellation = members[0].cancellation.clone();
        let databases = databases?;
        let ledger = |database: &Watched| (database.name.clone(), Ledger::default());
        let console = Arc::new(Console {
            operations: databases.iter().map(ledger).collect(),
            databases,
            access: Access::new(self.address, token),
            cancellation: cancellation.clone(),
        });
        let ended = async move { cancellation.cancelled().await };
        axum::serve(self.listener, routes::router(console))
            .with_graceful_shutdown(ended)
            .await
            .map_err(|error| Failure::new(format!("the console ended: {error}")))
    }
}

impl Console {
    fn database(&self, name: &str) -> Option<&Watched> {
        self.databases.iter().find(|database| database.name == name)
    }
}
