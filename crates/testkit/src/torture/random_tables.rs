//! Tables and statements by chance: a seed decides their columns, identities and what is done to them.

use fastrand::Rng;

/// A type and an expression that gives another value each time.
const TYPES: [(&str, &str); 14] = [
    ("integer", "(random() * 1000)::integer"),
    ("bigint", "(random() * 1e15)::bigint"),
    (
        "numeric",
        "round((random() * 1e6)::numeric, (random() * 5)::integer)",
    ),
    ("double precision", "random()"),
    ("text", "md5(random()::text)"),
    (
        "text",
        "repeat(md5(random()::text), 1 + (random() * 200)::integer)",
    ),
    (
        "character(9)",
        "left(md5(random()::text), (random() * 9)::integer)",
    ),
    ("bytea", "decode(md5(random()::text), 'hex')"),
    ("boolean", "random() < 0.5"),
    (
        "timestamp with time zone",
        "clock_timestamp() - random() * interval '1000 days'",
    ),
    ("date", "current_date - (random() * 1000)::integer"),
    (
        "jsonb",
        "jsonb_build_object('n', random(), 't', md5(random()::text))",
    ),
    (
        "integer[]",
        "ARRAY[(random() * 9)::integer, NULL, (random() * 9)::integer]",
    ),
    (
        "torture.mood",
        "(enum_range(NULL::torture.mood))[1 + (random() * 2)::integer]",
    ),
];

/// Rows that one statement inserts at most, and that a large transaction does.
const MANY: u32 = 400;
const LARGE: u32 = 4_000;
/// A table with so many rows grows no more, so that a round that lasts long on a slow machine does not become slower.
const FULL: u32 = 2_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Identity {
    PrimaryKey,
    CompositeKey,
    UniqueIndex,
    FullWithKey,
    Full,
}

#[derive(Debug, Clone)]
struct Column {
    name: String,
    type_name: &'static str,
    value: &'static str,
}

/// Its first columns are `id bigint` and `part integer`; what identifies its rows is made of them.
#[derive(Debug, Clone)]
struct RandomTable {
    name: String,
    identity: Identity,
    columns: Vec<Column>,
}

#[derive(Debug, Clone)]
pub(super) struct RandomTables(Vec<RandomTable>);

impl RandomTables {
    pub(super) fn new(random: &mut Rng) -> Self {
        let tables = (0..random.usize(4..=9)).map(|number| table(number, random));
        Self(tables.collect())
    }

    pub(super) fn definitions(&self) -> String {
        self.0.iter().map(RandomTable::definition).collect()
    }

    /// One transaction; without BEGIN where it is a single statement.
    pub(super) fn transaction(&self, random: &mut Rng, prepared: bool) -> Vec<String> {
        let any = |random: &mut Rng| &self.0[random.usize(..self.0.len())];
        if random.u32(0..120) == 0 {
            return vec![any(random).insert(LARGE)];
        }
        let mut statements = vec!["BEGIN".to_owned()];
        // A crash of the source may take it back, so that nobody may have carried it over.
        if random.u32(0..3) == 0 {
            statements.push("SET LOCAL synchronous_commit = off".to_owned());
        }
        for _ in 0..random.u32(1..6) {
            let statement = any(random).statement(random);
            if random.u32(0..6) == 0 {
                let end = if random.bool() { "ROLLBACK TO" } else { "RELEASE" };
                statements.extend(["SAVEPOINT s".to_owned(), statement, format!("{end} s")]);
            } else {
                statements.push(statement);
            }
        }
        if prepared && random.u32(0..10) == 0 {
            let name = format!("torture {}", random.u64(..));
            statements.push(format!("PREPARE TRANSACTION '{name}'"));
            let end = if random.u32(0..4) == 0 {
                "ROLLBACK"
            } else {
                "COMMIT"
            };
            statements.push(format!("{end} PREPARED '{name}'"));
        } else {
            statements.push(
                if random.u32(0..12) == 0 {
                    "ROLLBACK"
                } else {
                    "COMMIT"
                }
                .to_owned(),
            );
        }
        statements
    }
}

fn table(number: usize, random: &mut Rng) -> RandomTable {
    let identities = [
        Identity::PrimaryKey,
        Identity::CompositeKey,
        Identity::UniqueIndex,
        Identity::FullWithKey,
        Identity::Full,
    ];
    let columns = (0..random.usize(0..=12)).map(|place| {
        let (type_name, value) = TYPES[random.usize(..TYPES.len())];
        Column {
            name: format!("c{place}"),
            type_name,
            value,
        }
    });
    RandomTable {
        name: format!("torture.random_{number}"),
        columns: columns.collect(),
        identity: identities[random.usize(..identities.len())],
    }
}

impl RandomTable {
    fn definition(&self) -> String {
        let name = &self.name;
        let columns = self.each_column(|column| format!(", {} {}", column.name, column.type_name));
        let identity = match self.identity {
            Identity::PrimaryKey => format!("ALTER TABLE {name} ADD PRIMARY KEY (id)"),
            Identity::CompositeKey => format!("ALTER TABLE {name} ADD PRIMARY KEY (part, id)"),
            Identity::UniqueIndex => format!(
                "CREATE UNIQUE INDEX {index} ON {name} (id, part); ALTER TABLE {name} REPLICA IDENTITY USING INDEX {index}",
                index = name.replacen("torture.", "unique_of_", 1)
            ),
            Identity::FullWithKey => {
                format!("ALTER TABLE {name} ADD PRIMARY KEY (id); ALTER TABLE {name} REPLICA IDENTITY FULL")
            }
            Identity::Full => format!("ALTER TABLE {name} REPLICA IDENTITY FULL"),
        };
        let first = self.insert(50);
        format!(
            "CREATE TABLE {name} (id bigint NOT NULL, part integer NOT NULL{columns}); \
             CREATE SEQUENCE {name}_numbers; {identity}; {first};"
        )
    }

    fn each_column(&self, say: impl Fn(&Column) -> String) -> String {
        self.columns.iter().map(say).collect::<Vec<_>>().concat()
    }

    fn insert(&self, rows: u32) -> String {
        let name = &self.name;
        let values =
            self.each_column(|column| format!(", CASE WHEN random() < 0.9 THEN {} END", column.value));
        // Without a key some rows are the same.
        let id = if self.identity == Identity::Full && self.columns.len() < 3 {
            "(random() * 20)::integer".to_owned()
        } else {
            format!("nextval('{name}_numbers')")
        };
        format!(
            "INSERT INTO {name} SELECT {id}, (random() * 5)::integer{values} \
             FROM generate_series(1, CASE WHEN (SELECT count(*) FROM {name}) < {FULL} THEN {rows} ELSE 1 END)"
        )
    }

    fn statement(&self, random: &mut Rng) -> String {
        let name = &self.name;
        let some = match random.u32(0..8) {
            0 => format!("id % 11 = {}", random.u32(0..11)),
            _ => format!(
                "ctid = ANY(ARRAY(SELECT ctid FROM {name} ORDER BY random() LIMIT {}))",
                random.u32(1..8)
            ),
        };
        match random.u32(0..100) {
            0 => format!("TRUNCATE {name}"),
            1..=24 => self.insert(if random.u32(0..15) == 0 {
                MANY
            } else {
                random.u32(1..5)
            }),
            25..=39 => format!("DELETE FROM {name} WHERE {some}"),
            40..=49 => format!("UPDATE {name} SET id = nextval('{name}_numbers') WHERE {some}"),
            50..=54 => format!("UPDATE {name} SET id = id WHERE {some}"),
            55..=59 => format!("UPDATE {name} SET part = part + 1 WHERE {some}"),
            _ => match self.columns.get(random.usize(0..self.columns.len().max(1))) {
                Some(Column {
                    name: column, value, ..
                }) => {
                    format!("UPDATE {name} SET {column} = {value} WHERE {some}")
                }
                None => self.insert(1),
            },
        }
    }
}
