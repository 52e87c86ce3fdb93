-- After the load: what is in no stream.
UPDATE torture.accounts SET id = 1000 WHERE id = 3;
REFRESH MATERIALIZED VIEW torture.first_accounts;
SELECT lo_put(900001, 1, 'other'), lo_unlink(900002), lo_from_bytea(900003, 'new');
SELECT nextval('torture.standalone');
