use bytes::Bytes;
use proptest::prelude::*;
use transhume_wire::pgoutput::{ColumnValue, OldTuple, RelationColumn};

use super::*;
use crate::follow::change::RowIdentity;

fn begin(commit_lsn: u64) -> Message {
    Message::Begin(Begin {
        final_lsn: Lsn(commit_lsn),
        commit_time_micros: 5,
        xid: 9,
    })
}

fn commit(commit_lsn: u64, end_lsn: u64) -> Message {
    Message::Commit(Commit {
        commit_lsn: Lsn(commit_lsn),
        end_lsn: Lsn(end_lsn),
        commit_time_micros: 5,
    })
}

/// Columns `id` (key) and `body`.
fn relation(id: u32) -> Message {
    let column = |name: &str, is_key| RelationColumn {
        is_key,
        name: name.to_owned(),
        type_oid: 25,
        type_modifier: -1,
    };
    Message::Relation(Relation {
        id,
        name: QualifiedName::new("public", "t"),
        replica_identity: b'd',
        columns: vec![column("id", true), column("body", false)],
    })
}

fn text(value: &'static str) -> ColumnValue {
    ColumnValue::Text(Bytes::from_static(value.as_bytes()))
}

fn row() -> Tuple {
    Tuple(vec![text("1"), text("x")])
}

fn insert(relation_id: u32) -> Message {
    Message::Insert {
        relation_id,
        new: row(),
    }
}

fn logical(transactional: bool) -> Message {
    Message::Logical(LogicalMessage {
        transactional,
        lsn: Lsn(1),
        prefix: "transhume".to_owned(),
        content: Bytes::new(),
    })
}

/// Pushes all; gives the steps, or the first error.
fn assemble(messages: Vec<Message>) -> Result<Vec<StreamElement>, AssemblyError> {
    let mut assembler = Assembler::new();
    let steps = messages.into_iter().map(|message| assembler.push(message));
    steps.filter_map(Result::transpose).collect()
}

#[test]
fn a_transaction_comes_out_flat_and_in_order() {
    let update = Message::Update {
        relation_id: 7,
        old: Some(OldTuple::Key(Tuple(vec![text("0"), ColumnValue::Null]))),
        new: row(),
    };
    let delete = Message::Delete {
        relation_id: 7,
        old: OldTuple::Key(Tuple(vec![text("1"), ColumnValue::Null])),
    };
    let origin = Message::Origin {
        commit_lsn: Lsn(1),
        name: "other".to_owned(),
    };
    let steps = assemble(vec![
        logical(false),
        begin(100),
        origin,
        relation(7),
        insert(7),
        update,
        delete,
        logical(true),
        commit(100, 120),
        begin(120),
        commit(120, 130),
    ])
    .unwrap();

    let key = |id| RowIdentity::Key(vec![(0, text(id))]);
    assert_eq!(steps.len(), 10);
    assert_eq!(
        steps[3],
        StreamElement::Change(Change::Insert {
            relation: 7,
            new: row()
        })
    );
    assert_eq!(
        steps[4],
        StreamElement::Change(Change::Update {
            relation: 7,
            identity: key("0"),
            new: row()
        })
    );
    assert_eq!(
        steps[5],
        StreamElement::Change(Change::Delete {
            relation: 7,
            identity: key("1")
        })
    );
    assert_eq!(
        steps[7],
        StreamElement::Commit {
            commit_lsn: Lsn(100),
            end_lsn: Lsn(120),
            commit_time_micros: 5
        }
    );
}

#[test]
fn what_stands_outside_of_a_transaction_is_refused() {
    for (message, what) in [
        (insert(7), "change"),
        (commit(1, 2), "commit"),
        (logical(true), "transactional message"),
    ] {
        assert_eq!(
            assemble(vec![relation(7), message]),
            Err(AssemblyError::OutsideTransaction(what))
        );
    }
}

#[test]
fn a_begin_within_a_transaction_is_refused() {
    assert_eq!(
        assemble(vec![begin(1), begin(2)]),
        Err(AssemblyError::BeginWithinTransaction { open: Lsn(1) })
    );
}

#[test]
fn a_commit_that_is_not_the_announced_one_is_refused() {
    for (commit_lsn, end_lsn) in [(101, 120), (100, 100)] {
        let error = assemble(vec![begin(100), commit(commit_lsn, end_lsn)]).unwrap_err();
        assert!(matches!(error, AssemblyError::CommitMismatch { .. }), "{error}");
    }
}

#[test]
fn a_commit_behind_the_one_before_is_refused() {
    assert_eq!(
        assemble(vec![begin(100), commit(100, 120), begin(119)]),
        Err(AssemblyError::NotForward {
            commit_lsn: Lsn(119),
            previous_end: Lsn(120)
        })
    );
}

#[test]
fn images_must_fit_a_relation_that_was_announced() {
    let wide = Message::Insert {
        relation_id: 7,
        new: Tuple(vec![text("1"); 3]),
    };
    let truncate = Message::Truncate {
        relation_ids: vec![7, 8],
        cascade: false,
        restart_identity: false,
    };
    assert_eq!(
        assemble(vec![begin(1), insert(7)]),
        Err(AssemblyError::UnknownRelation(7))
    );
    assert_eq!(
        assemble(vec![begin(1), relation(7), truncate]),
        Err(AssemblyError::UnknownRelation(8))
    );
    let error = assemble(vec![begin(1), relation(7), wide]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "row image of width 3 for public.t, whose width is 2"
    );
}

#[test]
fn a_change_without_identity_names_its_table() {
    let update = Message::Update {
        relation_id: 7,
        old: None,
        new: Tuple(vec![ColumnValue::Unchanged, text("x")]),
    };

    let error = assemble(vec![begin(1), relation(7), update]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "change of public.t: neither row image of a change holds the value of key column id"
    );
}

#[test]
fn a_relation_announced_again_replaces_its_shape() {
    let mut assembler = Assembler::new();
    assembler.push(relation(7)).unwrap();
    let Message::Relation(mut changed) = relation(7) else {
        unreachable!();
    };
    changed.columns.pop();
    assembler.push(Message::Relation(changed)).unwrap();

    assert_eq!(assembler.relation(7).unwrap().columns.len(), 1);
}

/// Any message of a small world.
fn message() -> impl Strategy<Value = Message> {
    let lsn = || 0_u64..6;
    prop_oneof![
        lsn().prop_map(begin),
        (lsn(), lsn()).prop_map(|(commit_lsn, end_lsn)| commit(commit_lsn, end_lsn)),
        (0_u32..3).prop_map(relation),
        (0_u32..3).prop_map(insert),
        any::<bool>().prop_map(logical),
    ]
}

proptest! {
    /// Whatever arrives, what comes out before the first error is whole transactions in commit order.
    #[test]
    fn only_well_formed_transactions_come_out(messages in prop::collection::vec(message(), 0..30)) {
        let mut assembler = Assembler::new();
        let (mut open, mut previous_end) = (None, Lsn::ZERO);
        for message in messages {
            let Ok(step) = assembler.push(message) else {
                break;
            };
            match step {
                Some(StreamElement::Begin { commit_lsn, .. }) => {
                    prop_assert!(open.is_none() && commit_lsn >= previous_end);
                    open = Some(commit_lsn);
                }
                Some(StreamElement::Commit { commit_lsn, end_lsn, .. }) => {
                    prop_assert_eq!(open.take(), Some(commit_lsn));
                    prop_assert!(end_lsn > commit_lsn);
                    previous_end = end_lsn;
                }
                Some(StreamElement::Change(_)) => prop_assert!(open.is_some()),
                Some(StreamElement::Relation(_) | StreamElement::Message(_)) | None => {}
            }
        }
    }
}

#[test]
fn an_abort_of_what_was_never_sent_changes_nothing_and_one_of_what_was_stops() {
    let abort = Message::StreamAbort {
        xid: 9,
        subtransaction_xid: 9,
    };
    let mut assembler = Assembler::new();
    assert_eq!(assembler.push(abort.clone()), Ok(None));
    assembler.push(begin(10)).unwrap();
    let open = Lsn(10);
    assert_eq!(
        assembler.push(abort),
        Err(AssemblyError::AbortWithinTransaction { xid: 9, open })
    );
}
