//! Statements of which some may be refused: what is about them is told, what passes by itself ends the attempt.

use transhume_pg::connection::attempt::attempt_each;
use transhume_testkit::{
    connection::connect,
    server::{EVERYDAY_MAJOR, cluster},
};

/// Raised as the server raises it where somebody cancels a statement.
const CANCELLED: &str =
    "do $$ begin raise exception 'canceling statement due to user request' using errcode = '57014'; end $$";

#[tokio::test]
async fn a_cancelled_statement_is_not_told_as_refused() {
    let server = cluster(EVERYDAY_MAJOR);
    let mut client = connect(&server.url("postgres")).await.unwrap();
    let statements = ["create table public.t ()", "drop table public.none"].map(str::to_owned);
    let refused = attempt_each(&mut client, &statements).await.unwrap();
    let refused: Vec<usize> = refused.into_iter().map(|(number, _)| number).collect();
    assert_eq!(refused, [1]);

    let statements = ["drop table public.t", CANCELLED].map(str::to_owned);
    let error = attempt_each(&mut client, &statements).await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("57014"));
    // Nothing of it took effect.
    client.batch_execute("table public.t").await.unwrap();
}
