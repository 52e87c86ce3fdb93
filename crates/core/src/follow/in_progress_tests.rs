use proptest::prelude::*;

use super::*;

fn first(xid: u32) -> StreamStart {
    StreamStart { xid, is_first: true }
}

#[test]
fn blocks_follow_their_grammar() {
    let mut held = InProgress::default();
    let next = StreamStart {
        xid: 7,
        is_first: false,
    };
    assert_eq!(held.start(next), Err(InProgressError::NeverBegun(7)));
    assert_eq!(held.stop(), Err(InProgressError::OutsideBlock("the end of one")));
    assert_eq!(
        held.append(7, 1),
        Err(InProgressError::OutsideBlock("a part of one"))
    );
    assert_eq!(held.commit(7), Err(InProgressError::NothingToCommit(7)));

    held.start(first(7)).unwrap();
    let within = |what| InProgressError::WithinBlock { what, open: 7 };
    assert_eq!(held.start(first(8)), Err(within("another block")));
    assert_eq!(held.commit(7), Err(within("a commit")));
    assert_eq!(held.abort(7, 7), Err(within("an abort")));

    held.stop().unwrap();
    assert_eq!(held.start(first(7)), Err(InProgressError::Again(7)));
    assert_eq!(held.start(next), Ok(()));
}

/// PostgreSQL 18 says so of a transaction of which it has sent nothing.
#[test]
fn an_abort_of_what_was_never_sent_is_told() {
    let mut held = InProgress::default();
    assert_eq!(held.abort(9, 9), Ok(Abort::Unknown));

    held.start(first(7)).unwrap();
    held.append(7, 10).unwrap();
    held.stop().unwrap();
    assert_eq!(held.abort(7, 8), Ok(Abort::CutTo(10)));
    assert_eq!((held.abort(7, 7), held.bytes()), (Ok(Abort::Whole), 0));
}

/// Three sessions at once; each writes, nests, takes back, and is sent whenever the server's memory is full.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Write,
    Savepoint,
    Release,
    RollBackTo,
    /// What has gathered in the server's memory is sent.
    Send,
    Commit,
    RollBack,
}

fn happenings() -> impl Strategy<Value = Vec<(usize, Happening)>> {
    let one = prop_oneof![
        8 => Just(Happening::Write),
        3 => Just(Happening::Savepoint),
        2 => Just(Happening::Release),
        2 => Just(Happening::RollBackTo),
        3 => Just(Happening::Send),
        1 => Just(Happening::Commit),
        1 => Just(Happening::RollBack),
    ];
    prop::collection::vec((0..3_usize, one), 0..200)
}

/// One change: the XID it was made under, and its number.
type Change = (u32, u32);

/// A subtransaction that is open, or the transaction itself, with those that were released into it.
#[derive(Debug, Default, Clone)]
struct Level {
    xid: u32,
    released: Vec<u32>,
    /// What stands if it commits: the naive model.
    changes: Vec<Change>,
}

#[derive(Debug, Default)]
struct Session {
    levels: Vec<Level>,
    /// In the server's memory.
    unsent: Vec<Change>,
    /// XIDs of which something was sent; the top-level one as soon as anything was.
    sent: Vec<u32>,
}

/// What comes out: top-level XID and changes, in the order of commits.
type Transactions = Vec<(u32, Vec<u32>)>;

#[derive(Default)]
struct Play {
    next: u32,
    sessions: [Session; 3],
    held: InProgress,
    /// Number and bytes of each change that is kept.
    kept: HashMap<u32, Vec<(u32, u64)>>,
    replayed: Transactions,
    /// What version 1 sends.
    whole: Transactions,
}

/// Messages are of different lengths.
fn bytes_of(number: u32) -> u64 {
    u64::from(number % 5 + 1)
}

impl Play {
    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn take(&mut self, index: usize, happening: Happening) {
        let (begun, fresh) = (self.number(), self.number());
        let session = &mut self.sessions[index];
        if session.levels.is_empty() {
            session.levels.push(Level {
                xid: begun,
                ..Level::default()
            });
        }
        let (top, depth) = (session.levels[0].xid, session.levels.len());
        let last = session.levels.last_mut().expect("one was pushed");
        match happening {
            Happening::Write => {
                last.changes.push((last.xid, fresh));
                session.unsent.push((last.xid, fresh));
            }
            Happening::Savepoint => session.levels.push(Level {
                xid: fresh,
                ..Level::default()
            }),
            Happening::Release if depth > 1 => {
                let ended = session.levels.pop().expect("there is one to release");
                let parent = session.levels.last_mut().expect("and its parent");
                parent.released.extend(ended.released);
                parent.released.push(ended.xid);
                parent.changes.extend(ended.changes);
            }
            Happening::RollBackTo if depth > 1 => {
                let ended = session.levels.pop().expect("there is one to roll back");
                self.abort(index, top, ended.released.into_iter().chain([ended.xid]));
            }
            Happening::Release | Happening::RollBackTo => {}
            Happening::Send => self.send(index, top),
            Happening::Commit => self.commit(index, top),
            Happening::RollBack => {
                let levels = std::mem::take(&mut session.levels).into_iter().rev();
                let ended: Vec<u32> = levels
                    .flat_map(|level| level.released.into_iter().chain([level.xid]))
                    .collect();
                self.abort(index, top, ended.into_iter());
                self.sessions[index] = Session::default();
            }
        }
    }

    fn send(&mut self, index: usize, top: u32) {
        let session = &mut self.sessions[index];
        let is_first = session.sent.is_empty();
        let start = StreamStart { xid: top, is_first };
        self.held.start(start).unwrap();
        session.sent.push(top);
        for (xid, number) in std::mem::take(&mut session.unsent) {
            self.held.append(xid, bytes_of(number)).unwrap();
            session.sent.push(xid);
            self.kept.entry(top).or_default().push((number, bytes_of(number)));
        }
        self.held.stop().unwrap();
    }

    /// As the server does: it forgets what it has not sent, and tells of those of which it has sent something.
    fn abort(&mut self, index: usize, top: u32, ended: impl Iterator<Item = u32>) {
        for xid in ended {
            let session = &mut self.sessions[index];
            session.unsent.retain(|(of, _)| *of != xid);
            if !session.sent.contains(&xid) {
                continue;
            }
            match self.held.abort(top, xid).unwrap() {
                Abort::Unknown => panic!("something of it was sent"),
                Abort::CutTo(left) => self.cut(top, left),
                Abort::Whole => drop(self.kept.remove(&top)),
            }
        }
    }

    fn cut(&mut self, top: u32, left: u64) {
        let kept = self.kept.entry(top).or_default();
        let mut end = kept.iter().map(|(_, bytes)| bytes).sum::<u64>();
        while end > left {
            end -= kept.pop().expect("it is not empty").1;
        }
        assert_eq!(end, left, "a cut is where a message begins");
    }

    fn commit(&mut self, index: usize, top: u32) {
        let levels = &self.sessions[index].levels;
        let numbers: Vec<u32> = levels
            .iter()
            .flat_map(|level| level.changes.iter().map(|(_, number)| *number))
            .collect();
        self.whole.push((top, numbers.clone()));
        if self.sessions[index].sent.is_empty() {
            self.replayed.push((top, numbers));
        } else {
            self.send(index, top);
            self.held.commit(top).unwrap();
            let kept = self.kept.remove(&top).unwrap_or_default();
            let numbers = kept.into_iter().map(|(number, _)| number).collect();
            self.replayed.push((top, numbers));
        }
        self.sessions[index] = Session::default();
    }
}

proptest! {
    #[test]
    fn what_is_replayed_is_what_would_have_come_whole(history in happenings()) {
        let mut play = Play::default();
        for (index, happening) in history {
            play.take(index, happening);
            let kept: u64 = play.kept.values().flatten().map(|(_, bytes)| bytes).sum();
            prop_assert_eq!(play.held.bytes(), kept);
        }
        prop_assert_eq!(play.replayed, play.whole);
    }
}
