//! Random transactions on the torture schema, as SQL text with literal values: no prepared statements, so that
//! they pass through a transaction pooler.
//!
//! Within a transaction the kinds come in one order, so that few deadlocks arise; rows that others may
//! delete are locked before they are referenced, so that no error is the workload's own fault.

use fastrand::Rng;

/// Statements of one transaction, without BEGIN and COMMIT.
pub(super) fn random(random: &mut Rng) -> String {
    let mut kinds: Vec<usize> = (0..random.usize(1..=4))
        .map(|_| random.usize(0..KINDS.len()))
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    let statements = kinds.into_iter().map(|kind| KINDS[kind](random));
    statements.collect::<Vec<_>>().join("; ")
}

const KINDS: [fn(&mut Rng) -> String; 17] = [
    transfer,
    extra_account,
    journal,
    document,
    identity,
    family,
    swap,
    generated,
    composite,
    by_index,
    partitioned,
    by_mood,
    inherited,
    odd_names,
    scratch,
    types,
    sequences,
];

/// Keeps the sum of balances.
fn transfer(random: &mut Rng) -> String {
    let (from, amount) = (random.u32(1..=100), random.u32(1..50));
    let to = 1 + (from + random.u32(0..98)) % 100;
    format!(
        "UPDATE torture.accounts SET balance = balance + CASE id WHEN {from} THEN -{amount} ELSE {amount} END \
         WHERE id IN ({from}, {to}) AND {from} <> {to}"
    )
}

/// Accounts without money come, change their keys, and go.
fn extra_account(random: &mut Rng) -> String {
    let id = random.u64(1000..1_000_000_000_000);
    let any = "(SELECT id FROM torture.accounts WHERE id >= 1000 ORDER BY random() LIMIT 1)";
    match random.u32(0..4) {
        0 => format!("UPDATE torture.accounts SET id = {id} WHERE id = {any}"),
        1 => format!("DELETE FROM torture.accounts WHERE id = {any}"),
        // The same key again within one transaction.
        2 => format!(
            "INSERT INTO torture.accounts VALUES ({id}, 0, 'first'); DELETE FROM torture.accounts WHERE id = {id}; \
             INSERT INTO torture.accounts VALUES ({id}, 0, 'second'); \
             UPDATE torture.accounts SET note = note || '!' WHERE id = {id}"
        ),
        _ => format!("INSERT INTO torture.accounts VALUES ({id}, 0, NULL)"),
    }
}

/// Equal rows, of which exactly one changes.
fn journal(random: &mut Rng) -> String {
    let any = "(SELECT ctid FROM torture.journal_nokey ORDER BY random() LIMIT 1)";
    let kind = random.u32(0..7);
    match random.u32(0..5) {
        0 => format!("DELETE FROM torture.journal_nokey WHERE ctid = {any}"),
        1 => format!("UPDATE torture.journal_nokey SET kind = {kind}, note = NULL WHERE ctid = {any}"),
        2 => format!("UPDATE torture.journal_nokey SET amount = amount / 3 WHERE ctid = {any}"),
        _ => {
            format!("INSERT INTO torture.journal_nokey SELECT {kind}, 1.5, 'twin' FROM generate_series(1, 2)")
        }
    }
}

/// Large values, touched and untouched.
fn document(random: &mut Rng) -> String {
    let any = "(SELECT id FROM torture.doc ORDER BY random() LIMIT 1)";
    let long = "(SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 150))";
    match random.u32(0..8) {
        0 => format!("INSERT INTO torture.doc (title, body) VALUES ('new', {long})"),
        1 => format!("UPDATE torture.doc SET body = {long} WHERE id = {any}"),
        2 => format!("UPDATE torture.doc SET id = nextval('torture.doc_id_seq') WHERE id = {any}"),
        3 => format!("UPDATE torture.doc SET scan = NULL, facts = facts || '{{\"x\": 1}}' WHERE id = {any}"),
        4 => format!("DELETE FROM torture.doc WHERE id = {any}"),
        5 => format!("UPDATE torture.doc SET title = title, body = body WHERE id = {any}"),
        // Untouched after touched, of the same row in the same transaction.
        6 => format!(
            "WITH one AS (UPDATE torture.doc SET body = {long}, title = 'touch' WHERE id = {any} RETURNING id) \
             INSERT INTO torture.scratch (name) SELECT id::text FROM one; \
             UPDATE torture.doc SET title = 'untouched' WHERE title = 'touch'"
        ),
        _ => format!(
            "UPDATE torture.doc SET title = 'title {}' WHERE id = {any}",
            random.u32(0..100)
        ),
    }
}

fn identity(random: &mut Rng) -> String {
    let table = ["torture.identity_always", "torture.identity_default"][random.usize(0..2)];
    let any = format!("(SELECT id FROM {table} ORDER BY random() LIMIT 1)");
    match random.u32(0..5) {
        0 => format!("DELETE FROM {table} WHERE id = {any}"),
        1 => format!("UPDATE {table} SET name = 'renamed' WHERE id = {any}"),
        _ => format!("INSERT INTO {table} DEFAULT VALUES"),
    }
}

/// Foreign keys with cascades, a reference to itself that is checked at COMMIT, and a trigger.
fn family(random: &mut Rng) -> String {
    let any_parent = "SELECT id FROM torture.parent ORDER BY random() LIMIT 1";
    let id = random.u32(1000..2_000_000_000);
    match random.u32(0..10) {
        0 => format!("DELETE FROM torture.parent WHERE id = ({any_parent}) AND id > 5"),
        1 => format!("UPDATE torture.parent SET id = {id} WHERE id = ({any_parent}) AND id > 5"),
        2 | 3 => format!(
            "INSERT INTO torture.parent VALUES ({id}, 'p'); \
             INSERT INTO torture.child (parent_id) VALUES ({id}), ({id})"
        ),
        4 => "DELETE FROM torture.child WHERE id = (SELECT id FROM torture.child ORDER BY random() LIMIT 1)"
            .to_owned(),
        5 => "UPDATE torture.child SET amount = amount - 1 WHERE id % 20 = 3".to_owned(),
        _ => format!(
            "WITH p AS ({any_parent} FOR KEY SHARE), \
             s AS (SELECT id FROM torture.child ORDER BY id DESC LIMIT 1 FOR KEY SHARE) \
             INSERT INTO torture.child (parent_id, sibling_id) SELECT p.id, s.id FROM p LEFT JOIN s ON true"
        ),
    }
}

/// Two rows trade places: for a moment both would hold the same one.
fn swap(random: &mut Rng) -> String {
    let one = random.u32(1..=40);
    let other = 1 + (one + random.u32(0..38)) % 40;
    format!(
        "SELECT FROM torture.swap WHERE id IN ({one}, {other}) ORDER BY id FOR UPDATE; \
         UPDATE torture.swap AS s SET place = o.place FROM torture.swap AS o \
         WHERE (s.id, o.id) IN (({one}, {other}), ({other}, {one}))"
    )
}

fn generated(random: &mut Rng) -> String {
    let (id, price) = (random.u32(1..200), random.u32(1..1000));
    format!(
        "INSERT INTO torture.generated VALUES ({id}, {price}.25, 2, DEFAULT, 'new') \
         ON CONFLICT (id) DO UPDATE SET amount = generated.amount + 1, label = NULL"
    )
}

fn composite(random: &mut Rng) -> String {
    let (region, number, day) = (random.u32(0..5), random.u32(0..12), random.u32(1..20));
    let key = format!("region = 'r{region}' AND number = {number} AND day = '2024-01-{day:02}'");
    if random.u32(0..5) == 0 {
        return format!("DELETE FROM torture.composite_key WHERE {key}");
    }
    format!(
        "INSERT INTO torture.composite_key VALUES ('r{region}', {number}, '2024-01-{day:02}', 1) \
         ON CONFLICT (day, region, number) DO UPDATE SET counter = composite_key.counter + 1"
    )
}

fn by_index(random: &mut Rng) -> String {
    let any = "(SELECT code FROM torture.by_index ORDER BY random() LIMIT 1)";
    match random.u32(0..8) {
        0 => format!("UPDATE torture.by_index SET code = md5(random()::text) WHERE code = {any}"),
        1 => format!("UPDATE torture.by_index SET value = NULL, filler = filler + 1 WHERE code = {any}"),
        2 | 3 => "DELETE FROM torture.by_index WHERE code IN (SELECT code FROM torture.by_index ORDER BY code LIMIT 30)"
            .to_owned(),
        4 => format!(
            "INSERT INTO torture.by_index (code, value) \
             SELECT md5(random()::text) || n, 'many' FROM generate_series(1, {}) AS n",
            random.u32(50..400)
        ),
        _ => "INSERT INTO torture.by_index (code) VALUES (md5(random()::text))".to_owned(),
    }
}

/// Rows move between leaves, which the stream shows as a delete and an insert.
fn partitioned(random: &mut Rng) -> String {
    let id = random.u32(1..100_000);
    let region = ["north", "south", "east", "nowhere"][random.usize(0..4)];
    let amount = random.u32(0..1000);
    let some = format!("id % 50 = {}", random.u32(0..50));
    match random.u32(0..5) {
        // A row that comes between the look and the update has the right of way.
        0 => format!(
            "DO $$ BEGIN UPDATE torture.parted SET region = '{region}' WHERE id = (SELECT id FROM torture.parted \
             ORDER BY random() LIMIT 1) AND NOT EXISTS (SELECT FROM torture.parted AS p \
             WHERE p.id = parted.id AND p.region = '{region}'); EXCEPTION WHEN unique_violation THEN NULL; END $$"
        ),
        1 => format!("DELETE FROM torture.parted WHERE {some}"),
        _ => format!("INSERT INTO torture.parted VALUES ({id}, '{region}', {amount}) ON CONFLICT DO NOTHING"),
    }
}

/// Rows move between partitions by a hash that another server has otherwise.
fn by_mood(random: &mut Rng) -> String {
    let id = random.u32(1000..2_000_000_000);
    let mood = ["sad", "o''k", "hap\"py"][random.usize(0..3)];
    let any = "(SELECT id FROM torture.by_mood ORDER BY random() LIMIT 1)";
    match random.u32(0..8) {
        0 | 1 => format!("UPDATE torture.by_mood SET mood = '{mood}' WHERE id = {any}"),
        2 => format!("DELETE FROM torture.by_mood WHERE id % 9 = {}", id % 9),
        3 => format!("UPDATE torture.by_mood SET id = {id} WHERE id = {any}"),
        4 => "UPDATE torture.by_mood_1 SET note = upper(note) WHERE id % 40 = 7".to_owned(),
        _ => format!("INSERT INTO torture.by_mood VALUES ({id}, '{mood}', 'new')"),
    }
}

fn inherited(random: &mut Rng) -> String {
    let id = random.u32(1000..2_000_000_000);
    match random.u32(0..5) {
        0 => "UPDATE torture.ancestor SET amount = amount * 1.1 WHERE id % 9 = 4".to_owned(),
        1 => "DELETE FROM torture.ancestor WHERE id > 1000 AND id % 2 = 1".to_owned(),
        2 => format!("INSERT INTO torture.ancestor VALUES ({id}, 'elder', 1)"),
        _ => format!("INSERT INTO torture.heir (id, name, own) VALUES ({id}, 'heir', NULL)"),
    }
}

fn odd_names(random: &mut Rng) -> String {
    let id = random.u32(1..60);
    format!(
        "INSERT INTO torture.\"quo\"\"te 'n' \\back\nline\" (\"ID\", \"$1\") VALUES ({id}, '$1') \
         ON CONFLICT (\"ID\") DO UPDATE SET \"tab\tand \"\"quotes\"\"\" = random()::text; \
         INSERT INTO torture.\"ääääääääääääääääääääääääääääääx12\" VALUES ({id}, '%s') \
         ON CONFLICT (\"ööööööööööööööööööööööööööööööy12\") DO UPDATE SET \"%s\" = E'\\\\N'; \
         INSERT INTO torture.zero_column DEFAULT VALUES"
    )
}

/// What is rolled back in part, and what empties a table.
fn scratch(random: &mut Rng) -> String {
    match random.u32(0..40) {
        0 => "TRUNCATE torture.scratch".to_owned(),
        1 => "INSERT INTO torture.scratch DEFAULT VALUES; TRUNCATE torture.scratch; \
              INSERT INTO torture.scratch (name) SELECT 'after' FROM generate_series(1, 20)"
            .to_owned(),
        2..=9 => "DO $$ BEGIN INSERT INTO torture.accounts VALUES (1, 0); \
                  EXCEPTION WHEN unique_violation THEN INSERT INTO torture.scratch (name) VALUES ('caught'); END $$"
            .to_owned(),
        10..=14 => "DELETE FROM torture.scratch WHERE id % 3 = 0".to_owned(),
        _ => "SAVEPOINT one; INSERT INTO torture.scratch (name) VALUES ('never'); \
              UPDATE torture.scratch SET name = 'never' WHERE id % 7 = 1; ROLLBACK TO one; \
              SAVEPOINT two; INSERT INTO torture.scratch (name) VALUES ('kept'); RELEASE two; ROLLBACK TO one; \
              SAVEPOINT three; INSERT INTO torture.scratch (name) VALUES ('kept'); RELEASE three"
            .to_owned(),
    }
}

fn types(random: &mut Rng) -> String {
    let any = "(SELECT id FROM torture.types_all ORDER BY random() LIMIT 1)";
    match random.u32(0..4) {
        0 => format!("DELETE FROM torture.types_all WHERE id = {any}"),
        1 => format!(
            "UPDATE torture.types_all SET c_text = NULL, c_numeric = DEFAULT, c_jsonb = DEFAULT, c_double = DEFAULT, \
             c_enum_array = '{{o''k}}' WHERE id = {any}"
        ),
        _ => "INSERT INTO torture.types_all DEFAULT VALUES".to_owned(),
    }
}

fn sequences(random: &mut Rng) -> String {
    let times = random.u32(1..60);
    format!(
        "SELECT nextval('torture.standalone') FROM generate_series(1, {times}); SELECT nextval('torture.downwards')"
    )
}
