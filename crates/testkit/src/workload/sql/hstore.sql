CREATE EXTENSION hstore SCHEMA torture;
ALTER TABLE torture.types_all
    ADD COLUMN c_hstore torture.hstore
        DEFAULT torture.hstore(ARRAY['a', 'nothing', 'quo"te'], ARRAY[random()::text, NULL, '=>,']);
