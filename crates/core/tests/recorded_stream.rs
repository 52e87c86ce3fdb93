//! What a real server sent (`recorded/history.sql`), decoded, assembled and netted.

use transhume_core::follow::{
    assembly::{Assembler, StreamElement},
    change::{Change, RowIdentity},
    net::{Net, Shape, Shapes, collapse},
};
use transhume_wire::pgoutput::{ColumnValue, Tuple, decode};

const STREAM_13: &str = include_str!("recorded/stream_13.hex");
const STREAM_15: &str = include_str!("recorded/stream_15.hex");
const STREAM_17: &str = include_str!("recorded/stream_17.hex");
const STREAM_18: &str = include_str!("recorded/stream_18.hex");

fn steps(recorded: &str) -> Vec<StreamElement> {
    let mut assembler = Assembler::new();
    let messages = recorded
        .lines()
        .map(|line| decode(bytes_of(line).into()).expect("a server's own message"));
    messages
        .filter_map(|message| assembler.push(message).expect("a server's own order"))
        .collect()
}

fn bytes_of(line: &str) -> Vec<u8> {
    let pairs = (0..line.len()).step_by(2).map(|at| &line[at..at + 2]);
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).expect("the recording is hexadecimal"))
        .collect()
}

/// A tuple in one line; long values by their length.
fn shown(tuple: &Tuple) -> String {
    let value = |value: &ColumnValue| match value {
        ColumnValue::Null => "null".to_owned(),
        ColumnValue::Unchanged => "unchanged".to_owned(),
        ColumnValue::Text(text) if text.len() > 20 => format!("<{}>", text.len()),
        ColumnValue::Text(text) | ColumnValue::Binary(text) => format!("'{}'", text.escape_ascii()),
    };
    tuple.0.iter().map(value).collect::<Vec<_>>().join(" ")
}

fn shown_identity(identity: &RowIdentity) -> String {
    match identity {
        RowIdentity::Key(key) => {
            let columns: Vec<_> = key.iter().map(|(column, _)| column.to_string()).collect();
            let values = Tuple(key.iter().map(|(_, value)| value.clone()).collect());
            format!("key {}: {}", columns.join(","), shown(&values))
        }
        RowIdentity::WholeRow(row) => format!("row {}", shown(row)),
    }
}

fn story(steps: &[StreamElement]) -> String {
    let mut story = String::new();
    for step in steps {
        let line = match step {
            StreamElement::Begin { .. } => "begin".to_owned(),
            StreamElement::Relation(relation) => {
                format!("{} {}", relation.name, char::from(relation.replica_identity))
            }
            StreamElement::Change(Change::Insert { new, .. }) => format!("insert {}", shown(new)),
            StreamElement::Change(Change::Update { identity, new, .. }) => {
                format!("update {} to {}", shown_identity(identity), shown(new))
            }
            StreamElement::Change(Change::Delete { identity, .. }) => {
                format!("delete {}", shown_identity(identity))
            }
            StreamElement::Change(Change::Truncate { relations, .. }) => {
                format!("truncate {} tables", relations.len())
            }
            StreamElement::Message(message) => {
                format!("{} '{}'", message.prefix, message.content.escape_ascii())
            }
            StreamElement::Commit { .. } => "commit".to_owned(),
        };
        story.push_str(&line);
        story.push('\n');
    }
    story
}

#[test]
fn a_recorded_stream_tells_the_history_that_was_run() {
    assert_eq!(
        story(&steps(STREAM_15)),
        r#"begin
"public"."account" d
insert '1' 'one' '1.50'
insert '2' null null
insert '3' <3000> '3.00'
"public"."pair" d
insert 'b' '1' 'glad'
"public"."all ""of"" it" f
insert '1' null
insert '1' 'x'
commit
begin
update key 0: '1' to '1' 'one' '2.00'
commit
begin
update key 0: '3' to '3' unchanged '4.00'
commit
begin
update key 0: '3' to '30' unchanged '4.00'
commit
begin
update row '1' null to '1' 'y'
commit
begin
delete row '1' 'x'
commit
begin
update key 0,1: 'b' '1' to 'b' '2' 'glad'
delete key 0,1: 'b' '2'
transhume 'inside'
commit
transhume 'outside'
begin
"public"."account" d
insert '4' '' '0.00' '7'
commit
begin
"public"."account" d
"public"."pair" d
truncate 2 tables
commit
"#
    );
}

/// Servers before 14 send no logical messages, and those before 15 send empty transactions.
#[test]
fn every_version_tells_the_same_history() {
    let of = |recorded| {
        let story = story(&steps(recorded)).replace("begin\ncommit\n", "");
        let lines: Vec<_> = story
            .lines()
            .filter(|line| !line.starts_with("transhume"))
            .collect();
        lines.join("\n")
    };

    for recorded in [STREAM_13, STREAM_17, STREAM_18] {
        assert_eq!(of(recorded), of(STREAM_15));
    }
}

/// Up to the change of a shape, as one batch.
#[test]
fn a_recorded_batch_nets_to_one_write_of_each_row() {
    let steps = steps(STREAM_15);
    let (mut shapes, mut changes) = (Shapes::new(), Vec::new());
    for step in steps
        .iter()
        .take_while(|step| !matches!(step, StreamElement::Begin { xid: 739, .. }))
    {
        match step {
            StreamElement::Relation(relation) => {
                shapes.insert(relation.id, Shape::of(relation));
            }
            StreamElement::Change(change) => changes.push(change.clone()),
            _ => {}
        }
    }

    let batch = collapse(&shapes, &changes);
    let [(_, Net::Set(account)), (_, Net::Set(pair)), (_, Net::Set(twin))] = &batch.relations[..] else {
        panic!("{batch:?}");
    };
    assert_eq!((account.inserts.len(), account.len()), (3, 3));
    assert_eq!(
        shown(&Tuple(
            account
                .inserts
                .row(2)
                .iter()
                .map(|&value| value.clone())
                .collect()
        )),
        "'30' <3000> '4.00'"
    );
    assert!(pair.is_empty());
    // Two equal rows without a key, one deleted and one changed.
    assert_eq!((twin.inserts.len(), twin.len()), (1, 1));
}
