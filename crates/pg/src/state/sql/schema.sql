-- The state of one migration, kept on the target beside the data that it describes (design section 2.1).
-- Every row here changes in the same transaction as the work that it records.
-- `layout` in transhume.migration is the version of this file; a newer layout than the program's is refused.

create schema transhume;

-- One row: what is migrated, how far it has come.
create table transhume.migration (
    singleton            boolean primary key default true check (singleton),
    id                   text        not null,   -- eight hex digits, part of every name on a server
    layout               integer     not null,
    direction            text        not null default 'forward',   -- core::direction::Direction; reverse: this is the old source
    program_version      text        not null,
    created_at           timestamptz not null default clock_timestamp(),
    phase                text        not null,   -- core::phase::Phase
    phase_since          timestamptz not null default clock_timestamp(),
    selection            jsonb       not null,   -- core::selection::Selection
    source_label         text        not null,   -- host and database, for people
    -- identity of the source: LSNs of another system, database or timeline are never compared with ours
    source_system        text        not null,   -- pg_control_system().system_identifier
    source_database_oid  oid         not null,
    source_database      text        not null,
    source_timeline      integer     not null,
    -- identity of the database that holds this; a copy of it elsewhere is another target
    target_system        text,                   -- null where the server does not let us ask
    target_database_oid  oid         not null,
    target_database      text        not null,
    slot_name            text        not null,
    publication_name     text        not null,
    consistent_point     pg_lsn,                 -- null until the slot exists
    -- first transaction id that was not yet assigned when the slot was created: a fresh snapshot is
    -- exact once its xmin has reached this (design section 2.3)
    slot_xid_horizon     bigint,
    load_end_lsn         pg_lsn,                 -- source WAL end when the full load was done
    cutover_at           timestamptz,
    -- of the marker that the cutover under way will write behind its fence: anybody may write one that looks like it
    fence_nonce          text        not null default '',
    -- set with phase done: a reverse stream leads from here to the old source, whose state lies there
    fallback             boolean     not null default false
);

-- One row, updated by every batch with `where lsn = old`.
create table transhume.frontier (
    singleton     boolean primary key default true check (singleton),
    lsn           pg_lsn      not null,          -- end LSN: all below is durably applied
    -- a cutover's fence is reached: nothing moves it any more, unless the cutover is undone
    is_fenced     boolean     not null default false,
    commit_time   timestamptz,                   -- source commit time of the last applied transaction
    transactions  bigint      not null default 0,
    changes       bigint      not null default 0,
    -- the latest source transaction that is remembered (core::follow::anchor): start of its commit record, its transaction id and
    -- its commit time in microseconds since 2000; null before the first
    anchor_lsn    pg_lsn,
    anchor_xid    bigint,
    anchor_time   bigint,
    updated_at    timestamptz not null default clock_timestamp()
) with (fillfactor = 10);

-- Snapshots that loads read under; `snapshot` is txid_current_snapshot() of the source.
create table transhume.snapshot (
    id            serial      primary key,
    name          text        not null,          -- pg_export_snapshot(), usable while the holder lives
    snapshot      txid_snapshot not null,
    from_slot     boolean     not null,          -- the slot's own: nothing of the stream is visible in it
    wal_end       pg_lsn,                        -- of the source once it was taken: nothing behind is visible in it; null: from_slot
    taken_at      timestamptz not null default clock_timestamp()
);

-- One row for each table in the selection that holds rows of its own; its name is the target's.
create table transhume.relation (
    source_oid    oid         primary key,
    schema_name   text        not null,
    table_name    text        not null,
    state         text        not null,          -- core::load::RelationState: adding, planned, loading, loaded, suspended, dropped
    snapshot_id   integer     references transhume.snapshot,   -- snapshot that its parts read under, those that are open
    -- integer column by whose ranges its parts are cut: those that are done keep the snapshot that they were read under when
    -- the others get another; null: all parts are read under one
    range_column  text,
    -- what is remembered of the table: core::guard::schema::TableFacts as that snapshot shows it, or as of when both
    -- sides were last in step
    facts         jsonb,
    target_oid    oid,                           -- the table of the target that has its rows, whatever it is called
    target_columns jsonb,                        -- numbers of its columns by the names that they have in the facts
    columns       text[]      not null,          -- columns that are copied, by name
    format        text        not null,          -- text | binary
    format_reason text        not null,
    rows_estimate bigint      not null,
    bytes         bigint      not null           -- heap and TOAST size on the source when planned
);
-- names are no identity: two tables may exchange theirs, and one that was dropped leaves its own to another
create index relation_by_name on transhume.relation (schema_name, table_name);
-- finds the tables that wait for a snapshot
create index relation_without_snapshot on transhume.relation (source_oid) where snapshot_id is null;

-- Enums, composites and domains of the source (core::guard::user_types::UserType), as the load's snapshot showed them, or as
-- both sides last had them alike.
create table transhume.known_type (
    source_oid    oid         primary key,
    facts         jsonb       not null
);

-- Tables that hold the rows of a partition tree which is moved as a whole (core::table::Placement): its rows lie in other
-- partitions on the target. The stream names these tables, everything else the tree.
create table transhume.partition (
    oid           oid         primary key,       -- on the source
    source_oid    oid         not null references transhume.relation on delete cascade,   -- of the tree
    schema_name   text        not null,
    table_name    text        not null
);
create index partition_of on transhume.partition (source_oid);

-- Pieces of tables to copy. Claimed with FOR UPDATE SKIP LOCKED; done in the COPY's own transaction.
create table transhume.part (
    id            bigserial   primary key,
    source_oid    oid         not null references transhume.relation on delete cascade,
    number        integer     not null,          -- 0-based within the table
    partition     oid         references transhume.partition on delete cascade,   -- whose rows these are; null: the table's own
    predicate     text        not null,          -- SQL condition on the source's row, '' for the whole table
    bytes         bigint      not null,          -- estimate; orders the queue, largest first
    range_from    bigint,                        -- first key of its range, which ends before the next part's; null: the smallest
    done_at       timestamptz,
    snapshot_id   integer     references transhume.snapshot,   -- that it was read under, written when it is done
    rows_copied   bigint,
    bytes_copied  bigint,
    seconds       double precision,
    loader        text,                          -- application_name of who did it
    unique (source_oid, number)
);
create index part_open on transhume.part (bytes desc) where done_at is null;

-- Indexes, constraints, ANALYZE ... : one statement list each, done in the transaction that marks it.
create table transhume.build (
    id            bigserial   primary key,
    source_oid    oid         references transhume.relation on delete cascade,   -- table that must be loaded first; null: all of them
    kind          text        not null,          -- core::build::BuildKind
    rank          integer     not null,          -- builds of rank n wait for all of lower rank on the same table (or everywhere when source_oid is null)
    name          text        not null,          -- what it makes, for people
    statements    text[]      not null,
    bytes         bigint      not null default 0,
    together      boolean     not null default false,   -- its table is small: all its builds are claimed at once
    held_until_cutover boolean not null default false,
    refused       text,                          -- why the server refused it: it is held, and tried again
    done_at       timestamptz,
    seconds       double precision,
    loader        text
);
create index build_open on transhume.build (bytes desc, rank, id) where done_at is null and not together;
-- finds the lower ranks of a table that are still open
create index build_open_of_table on transhume.build (source_oid, rank) where done_at is null;

-- Pieces of the source's large objects to copy, claimed and marked done as parts are. They belong to no snapshot:
-- large objects are not in the stream, so the cutover compares and completes them in any case.
create table transhume.large_object_part (
    id            bigserial   primary key,
    oids          oid[]       not null,          -- of both sides: a large object keeps its OID
    done_at       timestamptz,
    objects_copied bigint,                       -- fewer than oids where some were removed meanwhile
    bytes_copied  bigint,
    seconds       double precision,
    loader        text
);
create index large_object_part_open on transhume.large_object_part (id) where done_at is null;

-- Everything changed on the source or set aside on the target that must be undone at the end.
create table transhume.deviation (
    id            bigserial   primary key,
    side          text        not null check (side in ('source', 'target', 'application')),
    kind          text        not null,
    object        text        not null,
    description   text        not null,
    undo          jsonb       not null,          -- state::undo::Undo, in order: kinds and names, never statements
    state         text        not null default 'intended' check (state in ('intended', 'made', 'undone')),
    at            timestamptz not null default clock_timestamp()
);

-- Tables that join the migration while the rest is followed. Each addition has a schema archive of its own.
create table transhume.addition (
    number        serial      primary key,       -- that of its archive
    tables        jsonb       not null,          -- core::addition::AddedTable, partitioned tables too
    step          text        not null,          -- core::addition::AdditionStep
    message       text        not null default '',   -- why it was refused
    requested_at  timestamptz not null default clock_timestamp()
);

-- The schema archives (pg_dump custom format), so that any machine can go on with them.
create table transhume.archive (
    number        integer     primary key,       -- 0: the one that the migration began with; else of an addition
    content       bytea       not null,
    tool_version  text        not null,
    shows         text        not null,          -- txid_current_snapshot() of the source that it was dumped under
    taken_at      timestamptz not null default clock_timestamp()
);

-- What became of each item of the archive: left out, replaced or refused with its reason, or restored. An item without
-- a row is still to be restored; the row of a restored one commits with it.
create table transhume.archive_item (
    archive       integer     not null references transhume.archive on delete cascade,
    dump_id       integer     not null,
    description   text        not null,          -- as pg_restore -l prints it
    disposition   text        not null,          -- left_out | replaced | failed | restored
    reason        text        not null,
    identity      text,                          -- of what is missing since the operator leaves something out
    primary key (archive, dump_id)
);

-- What the operator should know: code, severity, object, evidence, remedy (core::finding::Finding).
create table transhume.finding (
    id            bigserial   primary key,
    origin        text        not null,          -- assess | schema | load | follow | verify | cutover
    code          text        not null,
    severity      text        not null,
    object        text        not null default '',
    message       text        not null,
    remedy        text        not null default '',
    at            timestamptz not null default clock_timestamp(),
    resolved_at   timestamptz
);

-- Requests to the runner; each is announced by NOTIFY transhume_command and answered in the row.
create table transhume.command (
    id            bigserial   primary key,
    name          text        not null,          -- core::command::Command
    argument      text        not null default '',
    requested_at  timestamptz not null default clock_timestamp(),
    requested_by  text        not null default current_user,
    expires_at    timestamptz,                   -- a hold that nobody renews ends by itself
    backend_pid   integer,                       -- with expires_at: the session that asked, and with whose end it ends
    backend_start timestamptz,                   -- of that session: a PID is given again
    state         text        not null default 'requested',  -- requested | active | done | failed | withdrawn
    answer        text        not null default ''
);

-- Changes of the source that the target refused and follow.on_error says to store; each in the transaction that holds
-- the rest of its source transaction. Values are text by column name; what the source did not send is left out.
create table transhume.exception (
    id            bigserial   primary key,
    at            timestamptz not null default clock_timestamp(),
    commit_lsn    pg_lsn      not null,          -- of the source transaction
    xid           bigint      not null,
    schema_name   text        not null,
    table_name    text        not null,
    operation     text        not null,          -- insert | update | delete | truncate
    key           jsonb,                         -- of the old row
    old_values    jsonb,                         -- the whole old row, where the stream has it
    new_values    jsonb,
    class         text        not null,          -- core::error_policy::ErrorClass
    reason        text        not null,
    sqlstate      text
);

-- Markers seen in the stream, written in the batch that holds them.
create table transhume.marker (
    nonce         text        primary key,
    lsn           pg_lsn      not null,
    seen_at       timestamptz not null default clock_timestamp()
);

-- Tables that apply has changed, each with the last commit LSN of the batch that changed it first after a standstill
-- (core::changed), written in that batch.
create table transhume.changed_table (
    source_oid    oid         primary key,
    lsn           pg_lsn      not null
) with (fillfactor = 50);

create table transhume.verification (
    id            bigserial   primary key,
    lsn           pg_lsn      not null,          -- consistent point that both sides are compared at (of the last frozen pair)
    started_at    timestamptz not null default clock_timestamp(),
    ended_at      timestamptz,
    result        text,                          -- equal | different | undecided | incomplete
    object_blockers integer,                     -- findings about objects that must be acted upon; null: not compared
    mode          text        not null default 'full',   -- full | sample | tables | since-last | recheck
    source_snapshot text      not null default '',       -- names of the frozen pair, usable while who made it lives
    target_snapshot text      not null default '',
    settings      jsonb       not null default '{}'      -- what everyone who joins in must do alike
);

-- A table of a verification: how it is compared, then with what result.
create table transhume.verification_table (
    verification_id bigint    not null references transhume.verification on delete cascade,
    schema_name   text        not null,
    table_name    text        not null,
    subject       jsonb       not null,          -- core::comparison::Subject
    bytes         bigint      not null default 0,
    lsn           pg_lsn      not null,          -- consistent point that it was compared at
    ended_at      timestamptz,
    source_rows   bigint,
    target_rows   bigint,
    equal         boolean,                       -- null: not compared, the note says why
    differences   bigint      not null default 0,   -- rows that differ
    is_all        boolean     not null default true,   -- false: there are at least so many
    undecided     bigint      not null default 0,   -- rows that a recheck never saw come to rest
    note          text        not null default '',
    source_digest text,                          -- sum of the hashes of all rows, in hexadecimal; null: not all were read
    target_digest text,
    -- what it was compared as, under the frozen pair: see transhume.clean_table
    loaded_under  integer,
    source_shape  text,
    target_shape  text,
    carried_from  timestamptz,                   -- not compared: unchanged since the comparison of then
    primary key (verification_id, schema_name, table_name)
);

-- Tables as they were last found equal, so that only what has changed since need be compared.
create table transhume.clean_table (
    source_oid    oid         primary key references transhume.relation on delete cascade,
    lsn           pg_lsn      not null,          -- position that both sides stood at
    at            timestamptz not null,          -- nothing that was seen then is older
    loaded_under  integer,                       -- transhume.relation.snapshot_id
    source_shape  text        not null,          -- columns and file of the table on either side
    target_shape  text        not null
);

-- Pieces of tables to digest, claimed and marked done as parts of the load are. What both sides hold is added up by
-- bucket over all pieces of a table, so pieces need not hold the same rows on both sides.
create table transhume.verification_piece (
    verification_id bigint    not null,
    schema_name   text        not null,
    table_name    text        not null,
    number        integer     not null,          -- 0-based within the table
    source_predicate text     not null,          -- SQL condition, '' for the whole table
    target_predicate text     not null,
    bytes         bigint      not null,
    done_at       timestamptz,
    comparer      text,                          -- application_name of who did it
    buckets       integer[],                     -- then as many of each: rows and sums of hashes
    source_rows   bigint[],
    source_sums   text[],
    target_rows   bigint[],
    target_sums   text[],
    primary key (verification_id, schema_name, table_name, number),
    foreign key (verification_id, schema_name, table_name) references transhume.verification_table on delete cascade
);
create index verification_piece_open on transhume.verification_piece (verification_id, bytes desc) where done_at is null;

-- Rows that differ, a bounded number for each table.
create table transhume.verification_row (
    id            bigserial   primary key,
    verification_id bigint    not null references transhume.verification on delete cascade,
    schema_name   text        not null,
    table_name    text        not null,
    difference    text        not null,          -- core::comparison::Difference: missing, surplus, different
    key_columns   text[]      not null,          -- none: rows are known by their hash only
    key           text[]      not null,
    hash          bigint      not null,          -- of the source's row, or the target's where it is surplus
    row_count     bigint      not null,          -- how many equal rows, where there is no key
    columns       text[]      not null,          -- columns that differ
    source_values text[],                        -- of those columns, only when asked for
    target_values text[],
    undecided     boolean     not null default false,   -- it changes all the time: not known to differ
    repaired_at   timestamptz
);
create index verification_row_of on transhume.verification_row (verification_id);

-- The story, for `status` and the reports.
create table transhume.history (
    id            bigserial   primary key,
    at            timestamptz not null default clock_timestamp(),
    step          text        not null,
    detail        jsonb       not null default '{}'
);

-- Figures of the last day, for curves on any machine: one row every few seconds, one a minute after an hour. Nothing is decided by them.
create table transhume.sample (
    at            timestamptz primary key default clock_timestamp(),
    is_kept       boolean     not null,          -- the first of its minute: it stays for a day
    phase         text        not null,
    source_wal_end pg_lsn,
    received_lsn  pg_lsn,
    applied_lsn   pg_lsn,
    receive_seconds double precision,            -- how long the source's WAL has ended beyond received_lsn
    apply_seconds double precision,              -- what applied_lsn adds to that
    transactions  bigint      not null,
    changes       bigint      not null,
    slot_retained_bytes bigint,
    rows_loaded   bigint      not null,
    bytes_loaded  bigint      not null,
    load_share    double precision               -- from 0 to 1, by the source's sizes; null where nothing is to be loaded
);

-- Messages to people that were sent (core::notify), by way out and event, so that nobody says one twice.
create table transhume.notification (
    channel       text        not null,
    event         text        not null,
    begun_at      timestamptz not null default clock_timestamp(),
    sent_at       timestamptz,                   -- null while it is being sent, or where who did died over it
    stands        boolean     not null default true,
    primary key (channel, event)
);

-- Who runs it, and who cuts it over. Each holds an advisory lock whose key it has just drawn, and is written here with it: a
-- lock counts only where the backend of this row has it, so that whoever may not write this row can take none.
create table transhume.holder (
    name          text        primary key,       -- runner | cutover
    key           bigint      not null,
    backend_pid   integer     not null,
    taken_at      timestamptz not null default clock_timestamp()
);
insert into transhume.holder (name, key, backend_pid) values ('runner', 0, 0), ('cutover', 0, 0);

-- What the runner tells of itself (transhume.holder says whether it lives).
create table transhume.runner (
    singleton     boolean primary key default true check (singleton),
    host          text        not null,
    pid           integer     not null,
    backend_pid   integer     not null,
    started_at    timestamptz not null default clock_timestamp(),
    seen_at       timestamptz not null default clock_timestamp(),
    waiting_for   text        not null default '',
    measured_at   timestamptz,                   -- when the figures of the source that follow were; outlives the runner
    source_wal_end pg_lsn,
    received_lsn  pg_lsn,
    slot_retained_bytes bigint,
    slot_limit_bytes bigint,                     -- what the slot may keep at most; null where nobody limits it
    slot_limit_by text not null default '',      -- the setting that limits it
    slot_growth   bigint,                        -- of the retained bytes, in a second
    stands_before oid,                           -- table (OID on the source) whose next change the stream waits with
    -- session on the source that keeps the load's snapshot, for people; empty when nobody does
    snapshot_holder text        not null default ''
);
