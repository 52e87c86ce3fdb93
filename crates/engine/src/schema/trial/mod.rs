//! The trial restore: all of the schema is made on the target in transactions that are rolled back.
//!
//! Owns the order (definitions before the data, owners and grants, definitions after it, the rest of both) and what
//! is told of it. Nothing is left behind: every transaction is rolled back, and every statement has a time-out.
//! What cannot be tried is told as such, never as in order.

mod rows;
mod step;
mod telling;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    time::{Duration, Instant},
};

use transhume_core::{
    count::counted,
    finding::Finding,
    schema::{
        archive::{Decision, Entry, EntryKind, Facts},
        trial::{Answer, Course, KnownObject, Names, findings, pieces},
    },
    selection::{Selection, Selector},
    sqlstate,
};
use transhume_pg::{
    catalog::identities::identities,
    connection::{error::ServerError, session::Session},
    schema::{
        dump::Programs,
        restore::{self, Attempted, Content, Piece, Trial},
    },
};

use self::{
    rows::RowsRefused,
    step::{Material, TrialStep},
};
use super::{
    dumping::{self, Dumped, Preview},
    grants::Refused,
    owners,
};
use crate::{
    endpoints::{Endpoints, Sessions},
    error::{Doing, Result},
    report::Reporter,
};

/// Code of the finding about the trial as a whole.
const CODE: &str = "trial-restore";

/// Statements under one savepoint: few enough that little is done again after a refusal.
const TOGETHER: usize = 50;

/// A trial holds a transaction of the target open, which holds up vacuum there.
const PATIENCE: Duration = Duration::from_secs(120);

/// A piece with fewer locks than these holds no schema worth trying.
const LEAST_LOCKS: u64 = 50;

/// What a trial works with.
pub(crate) struct Trying<'a> {
    pub(crate) endpoints: &'a Endpoints,
    pub(crate) programs: &'a Programs,
    pub(crate) selection: &'a Selection,
    pub(crate) selector: &'a Selector,
    /// Extensions that the target does not offer or allow, with the finding that says so: they are not tried.
    pub(crate) unavailable: &'a BTreeMap<String, Finding>,
    pub(crate) reporter: &'a Reporter,
}

/// What a trial has found.
pub(crate) struct Tried {
    pub(crate) findings: Vec<Finding>,
    pub(crate) preview: Preview,
    /// Identities of what is left out, since the target refuses it and the operator wants it so.
    pub(crate) left_out: Vec<String>,
}

/// Dumps the schema, decides what becomes of it as a run would, and tries that.
pub(crate) async fn trial(trying: &Trying<'_>) -> Result<Tried> {
    let mut source = trying.endpoints.source_session("trial", super::ROLE).await?;
    let target = trying.endpoints.target_session("trial", super::ROLE).await?;
    let (endpoints, programs) = (trying.endpoints, trying.programs);
    let dumped = dumping::dumped_now(
        endpoints,
        programs,
        (trying.selection, trying.selector),
        &mut source,
        &target,
    )
    .await?;
    let preview = dumped.preview();
    let entries = tried_entries(&dumped);
    let scripts = scripts(trying, &dumped, &entries).await?;
    let objects: Vec<_> = entries.iter().map(|(entry, _)| entry.object).collect();
    let owners = owners::plan(Sessions::of(&source, &target), &objects, &trying.selection.roles).await?;
    let listed: Vec<&Entry> = entries.iter().map(|(entry, _)| *entry).collect();
    let identities = identities(&source, &listed)
        .await
        .doing("reading what the source's objects are called")?;
    let samples = rows::samples(&source, &listed).await?;
    let material = Material::new(
        &entries,
        (&scripts.definitions, &scripts.grants),
        owners.possible,
        &samples,
    );
    let mut run = TrialRun {
        endpoints,
        material: &material,
        prologue: &scripts.prologue,
        course: Course::default(),
        unset: HashSet::new(),
        owners: BTreeSet::new(),
        without_right: HashSet::new(),
        grants: Refused::default(),
        rows: RowsRefused::default(),
        until: Instant::now() + PATIENCE,
        cut_short: None,
        pieces: 0,
    };
    run.leave_unavailable(&entries, &dumped.facts, trying.unavailable);
    run.all(target, &listed).await?;
    let names = names(&listed, &dumped.facts, &identities);
    let leave_refused = trying.selection.leaves_refused();
    let verdicts = findings(run.course.refusals(), &names, trying.unavailable, leave_refused);
    let mut found = verdicts.findings;
    found.extend(run.of_rows(&names, &samples));
    found.extend(owners.findings);
    found.extend(run.reported(entries.len()));
    trying.reporter.step(format!(
        "{} tried on the target and rolled back",
        counted(entries.len(), "definition")
    ));
    Ok(Tried {
        findings: found,
        preview,
        left_out: verdicts.left_out,
    })
}

fn names<'a>(entries: &[&'a Entry], facts: &Facts, identities: &HashMap<i32, String>) -> Names<'a> {
    let named = |entry: &&'a Entry| {
        let is_view = facts.get(&entry.object).is_some_and(|fact| fact.view);
        let known = KnownObject {
            identity: identities.get(&entry.dump_id).cloned(),
            holds_data: entry.kind == EntryKind::Relation && !is_view,
        };
        (entry.dump_id, (*entry, known))
    };
    entries.iter().map(named).collect()
}

/// All that a run would make, in the archive's order.
fn tried_entries(dumped: &Dumped) -> Vec<(&Entry, &Decision)> {
    let entries = dumped.decisions.entries.iter();
    entries
        .filter(|(_, decision)| !matches!(decision, Decision::LeftOut(_) | Decision::Ignored))
        .map(|(entry, decision)| (entry, decision))
        .collect()
}

struct Scripts {
    prologue: String,
    definitions: Vec<Piece>,
    grants: Vec<Piece>,
}

async fn scripts(trying: &Trying<'_>, dumped: &Dumped, entries: &[(&Entry, &Decision)]) -> Result<Scripts> {
    let of = |grants: bool| -> Vec<&Entry> {
        entries
            .iter()
            .filter(|(_, decision)| (**decision == Decision::Grant) == grants)
            .map(|(entry, _)| *entry)
            .collect()
    };
    let (definitions, grants) = (of(false), of(true));
    let (programs, roles) = (trying.programs, &trying.selection.roles);
    let reading = "reading the schema archive";
    let (definitions, grants) = tokio::try_join!(
        restore::script(
            programs,
            &dumped.file,
            &definitions,
            (Content::Definitions, roles)
        ),
        restore::script(programs, &dumped.file, &grants, (Content::Grants, roles)),
    )
    .doing(reading)?;
    Ok(Scripts {
        prologue: definitions.prologue,
        definitions: definitions.pieces,
        grants: grants.pieces,
    })
}

/// How a try of one piece ended.
enum Ended {
    Whole,
    /// The server ended the session: what it ended it for is remembered, and the rest is tried anew.
    Session,
    Locks,
    Time,
}

struct TrialRun<'a> {
    endpoints: &'a Endpoints,
    material: &'a Material<'a>,
    prologue: &'a str,
    course: Course,
    /// Tried without the settings of its place in the archive.
    unset: HashSet<i32>,
    /// Owners that were refused: the statement with the server's message.
    owners: BTreeSet<(String, String)>,
    /// Tried once more, with the right to create in the schema.
    without_right: HashSet<String>,
    grants: Refused,
    rows: RowsRefused,
    until: Instant,
    /// Why not all was tried.
    cut_short: Option<String>,
    pieces: usize,
}

impl TrialRun<'_> {
    fn leave_unavailable(
        &mut self,
        entries: &[(&Entry, &Decision)],
        facts: &Facts,
        unavailable: &BTreeMap<String, Finding>,
    ) {
        for (entry, _) in entries
            .iter()
            .filter(|(entry, _)| entry.kind == EntryKind::Extension)
        {
            let name = facts.get(&entry.object).and_then(|fact| fact.extension.as_ref());
            if let Some(finding) = name.and_then(|name| unavailable.get(name)) {
                let answer = Answer {
                    sqlstate: String::new(),
                    message: finding.message.clone(),
                    detail: None,
                    hint: None,
                    is_for_rows: false,
                };
                self.course.refuse(entry, answer);
            }
        }
    }

    /// In one transaction where the lock table has room for it, else in several.
    async fn all(&mut self, target: Session, entries: &[&Entry]) -> Result<()> {
        let mut target = target;
        let mut room = restore::lock_room(&target)
            .await
            .doing("reading the size of the target's lock table")?;
        'room: while room >= LEAST_LOCKS {
            let cut = pieces(entries, room);
            self.pieces = cut.pieces.len();
            for piece in &cut.pieces {
                let steps = self.material.steps(piece);
                loop {
                    match self.piece(&target, &steps).await? {
                        Ended::Whole => break,
                        Ended::Session => {
                            target = self.endpoints.target_session("trial", super::ROLE).await?;
                        }
                        Ended::Locks => {
                            room /= 2;
                            continue 'room;
                        }
                        Ended::Time => {
                            let seconds = PATIENCE.as_secs();
                            self.cut_short = Some(format!("{seconds} s were not enough for all of it"));
                            return Ok(());
                        }
                    }
                }
            }
            if !cut.too_large.is_empty() {
                self.cut_short = Some(format!(
                    "too many locks for the target's lock table, together with what they rest on: {}",
                    counted(cut.too_large.len(), "definition")
                ));
            }
            return Ok(());
        }
        self.cut_short = Some("the target's lock table is full".to_owned());
        Ok(())
    }

    async fn piece(&mut self, target: &Session, steps: &[TrialStep<'_>]) -> Result<Ended> {
        let doing = "trying the schema on the target";
        let trial = Trial::begin(target, self.prologue).await.doing(doing)?;
        let (mut at, mut size) = (0, TOGETHER);
        while at < steps.len() {
            if Instant::now() > self.until {
                trial.roll_back().await.doing(doing)?;
                return Ok(Ended::Time);
            }
            let end = steps.len().min(at + size);
            let statements: Vec<(usize, String)> = (at..end)
                .filter_map(|number| Some((number, self.statement(&steps[number])?)))
                .collect();
            let texts: Vec<&str> = statements.iter().map(|(_, text)| text.as_str()).collect();
            match trial.attempt(&texts).await.doing(doing)? {
                Attempted::All => (at, size) = (end, TOGETHER),
                Attempted::Refused(number, answer) => {
                    let refused = statements[number].0;
                    self.refuse(&steps[refused], &answer);
                    // What came before it is made again, which cannot fail.
                    size = refused - at + 1;
                }
                Attempted::SessionEnded(number, answer) => {
                    self.refuse(&steps[statements[number].0], &answer);
                    return Ok(Ended::Session);
                }
                Attempted::OutOfLocks => {
                    trial.roll_back().await.doing(doing)?;
                    return Ok(Ended::Locks);
                }
            }
        }
        trial.roll_back().await.doing(doing)?;
        Ok(Ended::Whole)
    }

    /// What is to be run for the step; none where it falls away.
    fn statement(&mut self, step: &TrialStep<'_>) -> Option<String> {
        match step {
            TrialStep::Define(entry, definition) => {
                let settings = if self.unset.contains(&entry.dump_id) {
                    ""
                } else {
                    definition.settings.as_str()
                };
                let may = self.course.may_try(entry);
                may.then(|| format!("{settings}{}", definition.sql))
            }
            TrialStep::Rows(entry, sample, stage) => {
                let is_over = self.course.is_absent(entry.dump_id) || self.rows.has(entry, *stage);
                (!is_over).then(|| sample.statement(*stage)).flatten()
            }
            TrialStep::Own(entry, ownership) => {
                let statement = ownership.statement();
                let is_refused = self.owners.iter().any(|(refused, _)| *refused == statement);
                if is_refused || self.course.is_absent(entry.dump_id) {
                    return None;
                }
                if self.without_right.contains(&statement) {
                    return ownership.with_right_in_schema();
                }
                Some(statement)
            }
            TrialStep::Grant(entry, statement) => {
                let refused = |statements: &Vec<String>| statements.iter().any(|one| one == statement);
                let is_refused = self.grants.0.values().any(refused);
                (!is_refused && self.course.may_try(entry)).then(|| statement.to_string())
            }
        }
    }

    fn refuse(&mut self, step: &TrialStep<'_>, answer: &ServerError) {
        match step {
            // A setting may name what was refused; whether the definition needs it shows without it.
            TrialStep::Define(entry, definition)
                if answer.sqlstate == sqlstate::INVALID_PARAMETER_VALUE
                    && !definition.settings.is_empty()
                    && self.unset.insert(entry.dump_id) => {}
            TrialStep::Define(entry, _) => {
                let mut said = answer_of(answer);
                said.is_for_rows = rows::is_for_rows(entry, answer);
                self.course.refuse(entry, said);
            }
            TrialStep::Rows(entry, _, stage) => self.rows.add(entry, *stage, answer),
            TrialStep::Own(_, ownership)
                if ownership.schema.is_some() && self.without_right.insert(ownership.statement()) => {}
            TrialStep::Own(_, ownership) => {
                self.owners
                    .insert((ownership.statement(), answer.message.clone()));
            }
            TrialStep::Grant(_, statement) => {
                let same = self.grants.0.entry(answer.message.clone()).or_default();
                same.push(statement.to_string());
            }
        }
    }
}

fn answer_of(answer: &ServerError) -> Answer {
    Answer {
        sqlstate: answer.sqlstate.clone(),
        message: answer.message.clone(),
        detail: answer.detail.clone(),
        hint: answer.hint.clone(),
        is_for_rows: false,
    }
}
