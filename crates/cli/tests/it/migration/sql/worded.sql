-- What servers print otherwise once they have read it again, or otherwise in each version.
CREATE SCHEMA words;
CREATE FUNCTION words.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION words.named(kind varchar DEFAULT 'a' || 'b') RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT kind';
CREATE DOMAIN words.state AS varchar(10) DEFAULT 'new' CONSTRAINT known CHECK (VALUE IN ('new', 'done'));
CREATE TABLE words.log (id integer PRIMARY KEY, note text);
CREATE TABLE words.orders (
    id integer PRIMARY KEY,
    status varchar(10) CONSTRAINT known CHECK (status IN ('new', 'done')),
    state words.state,
    kind varchar(10) DEFAULT CASE WHEN current_user IN ('a', 'b') THEN 'x' ELSE 'y' END,
    is_known boolean GENERATED ALWAYS AS (status IN ('new', 'done')) STORED,
    note varchar(40),
    placed timestamptz,
    CONSTRAINT lonely EXCLUDE USING btree (note WITH =) WHERE (status IN ('new', 'done'))
);
CREATE INDEX somewhat ON words.orders (id) WHERE status IN ('new', 'done');
CREATE INDEX computed ON words.orders ((status IN ('new', 'done')), lower(note));
CREATE TRIGGER stamped AFTER UPDATE OF status, note ON words.orders FOR EACH ROW
    WHEN (NEW.status IN ('new', 'done') AND OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION words.stamp();
CREATE RULE noted AS ON UPDATE TO words.orders WHERE NEW.status IN ('gone', 'lost')
    DO ALSO INSERT INTO words.log SELECT NEW.id, OLD.status || position('a' in OLD.note);
ALTER TABLE words.orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON words.orders USING (status IN ('new', 'done')) WITH CHECK (note IN ('a', 'b'));
CREATE TABLE words.parts (id integer, kind varchar(10)) PARTITION BY LIST ((kind IN ('new', 'done')));
CREATE TABLE words.parts_known PARTITION OF words.parts FOR VALUES IN (true);
CREATE TABLE words.parts_other PARTITION OF words.parts DEFAULT;
CREATE VIEW words.alone AS SELECT id, status FROM words.orders WHERE status IN ('new', 'done') ORDER BY id;
CREATE VIEW words.syntax AS
    SELECT o.id, extract(year FROM o.placed) AS y, position('a' IN o.note) AS p, substring(o.note FROM 1 FOR 2) AS s,
           trim(BOTH FROM o.note) AS t, o.placed AT TIME ZONE 'UTC' AS z, o.*::text AS whole,
           (o.placed, o.placed) OVERLAPS (o.placed, o.placed) AS v, count(*) OVER (PARTITION BY o.status) AS n
    FROM words.orders o LEFT JOIN words.log USING (id);
CREATE VIEW words.again AS
    WITH RECURSIVE counted AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM counted WHERE n < 3)
    SELECT counted.n, array(SELECT note FROM words.log) AS notes FROM counted GROUP BY counted.n;
INSERT INTO words.orders (id, status, state, note, placed) VALUES (1, 'new', 'done', 'a', now());
CREATE MATERIALIZED VIEW words.kept AS SELECT status, count(*) AS many FROM words.orders GROUP BY status;
CREATE UNIQUE INDEX kept_status ON words.kept (status) WHERE status IN ('new', 'done');
ANALYZE words.orders, words.kept;
