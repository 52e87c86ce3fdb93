//! `demo`: a whole migration between two throwaway servers, with live traffic.

use clap::Args;

use super::pending;
use crate::{
    failure::{Exit, Result},
    invocation::Invocation,
};

const EXAMPLES: &str = "\
Examples:
  transhume demo";

/// Show a whole migration between two throwaway servers on this machine
///
/// Starts two servers, fills one with a shop-like database, runs live traffic that records every
/// acknowledged commit, migrates, verifies, cuts over, and prints what happened.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    Err(pending("demo"))
}
