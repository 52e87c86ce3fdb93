//! The program as scripts and people meet it: exit codes, streams, messages. Needs no server.

mod configuration;
mod connections;
mod documents;
mod help;
mod migration;
mod notified;
mod program;
mod schema;
mod servers;
mod sink;
