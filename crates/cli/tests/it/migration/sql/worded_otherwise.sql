-- Each object of worded.sql with another meaning.
ALTER TABLE words.orders DROP CONSTRAINT known, ADD CONSTRAINT known CHECK (status IN ('new', 'done', 'gone'));
ALTER DOMAIN words.state DROP CONSTRAINT known;
ALTER DOMAIN words.state ADD CONSTRAINT known CHECK (VALUE IN ('new', 'done', 'gone'));
ALTER TABLE words.orders ALTER kind SET DEFAULT CASE WHEN current_user IN ('a', 'c') THEN 'x' ELSE 'y' END;
DROP INDEX words.somewhat, words.computed;
CREATE INDEX somewhat ON words.orders (id) WHERE status IN ('new', 'gone');
CREATE INDEX computed ON words.orders ((status IN ('new', 'done')), upper(note));
DROP TRIGGER stamped ON words.orders;
CREATE TRIGGER stamped AFTER UPDATE OF status, note ON words.orders FOR EACH ROW
    WHEN (NEW.status IN ('new', 'gone') AND OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION words.stamp();
CREATE OR REPLACE RULE noted AS ON UPDATE TO words.orders WHERE NEW.status IN ('gone', 'last')
    DO ALSO INSERT INTO words.log SELECT NEW.id, OLD.status || position('a' in OLD.note);
ALTER POLICY seen ON words.orders USING (status IN ('new', 'gone')) WITH CHECK (note IN ('a', 'c'));
CREATE OR REPLACE VIEW words.alone AS SELECT id, status FROM words.orders WHERE status IN ('new', 'gone') ORDER BY id;
CREATE OR REPLACE FUNCTION words.named(kind varchar DEFAULT 'a' || 'c') RETURNS text LANGUAGE sql IMMUTABLE
    AS 'SELECT kind';
