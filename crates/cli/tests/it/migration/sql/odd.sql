-- What a migration and a comparison of objects stumble over: nothing of it is different afterwards.
CREATE SCHEMA odd;
CREATE TABLE odd.a (
    id integer,
    b text,
    c integer,
    PRIMARY KEY (id) WITH (fillfactor = 70),
    CONSTRAINT u UNIQUE (b) INCLUDE (c)
);
CREATE INDEX ai ON odd.a (c) WITH (fillfactor = 50);
ALTER TABLE odd.a CLUSTER ON ai;
ALTER TABLE odd.a ALTER b SET STATISTICS 300;
ALTER TABLE odd.a ADD CONSTRAINT unchecked CHECK (c > 0) NO INHERIT NOT VALID;
ALTER TABLE odd.a FORCE ROW LEVEL SECURITY;
CREATE POLICY strict ON odd.a AS RESTRICTIVE FOR UPDATE USING (true) WITH CHECK (c > 1);
CREATE TABLE odd.p (id integer, r integer, note text, PRIMARY KEY (id, r)) PARTITION BY RANGE (r);
CREATE TABLE odd.p1 PARTITION OF odd.p FOR VALUES FROM (0) TO (10);
CREATE TABLE odd.p2 PARTITION OF odd.p FOR VALUES FROM (10) TO (20);
-- The server makes a copy of the second key for each partition.
CREATE TABLE odd.q (x integer REFERENCES odd.a, pid integer, pr integer, FOREIGN KEY (pid, pr) REFERENCES odd.p);
CREATE FUNCTION odd.t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER whole AFTER INSERT ON odd.p FOR EACH ROW EXECUTE FUNCTION odd.t();
ALTER TABLE odd.p1 DISABLE TRIGGER whole;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON odd.a DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION odd.t();
CREATE DOMAIN odd.word AS text COLLATE "C" NOT NULL DEFAULT 'x' CONSTRAINT said CHECK (VALUE <> '');
COMMENT ON CONSTRAINT said ON DOMAIN odd.word IS 'not empty';
CREATE FUNCTION odd.same(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR odd.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = odd.same);
CREATE TEXT SEARCH CONFIGURATION odd.search (COPY = pg_catalog.english);
CREATE VIEW odd.v WITH (security_barrier) AS SELECT id, b, odd.same(b, 'x') AS is_x FROM odd.a WHERE c > 0;
ALTER VIEW odd.v ALTER COLUMN b SET DEFAULT 'z';
CREATE MATERIALIZED VIEW odd.empty AS SELECT id FROM odd.v WITH NO DATA;
CREATE RULE asleep AS ON UPDATE TO odd.q WHERE NEW.x = 3 DO INSTEAD NOTHING;
ALTER TABLE odd.q DISABLE RULE asleep;
CREATE SEQUENCE odd.down AS smallint INCREMENT -3 MINVALUE -100 MAXVALUE 50 START 20 CACHE 5 CYCLE OWNED BY odd.a.c;
REVOKE ALL ON FUNCTION odd.same(text, text) FROM PUBLIC;
REVOKE USAGE ON TYPE odd.word FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
CREATE TABLE odd."select" ("order" integer PRIMARY KEY, "json" json, "a b" text DEFAULT '"json"');
INSERT INTO odd.a VALUES (1, 'x', 5);
INSERT INTO odd.p VALUES (1, 1, 'n');
INSERT INTO odd.q VALUES (1, 1, 1);
