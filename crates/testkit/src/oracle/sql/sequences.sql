-- Name, increment and last value (null: never used) of every sequence.
SELECT pg_catalog.format('%I.%I', schemaname, sequencename), increment_by, last_value
FROM pg_catalog.pg_sequences
WHERE schemaname <> 'transhume'
ORDER BY 1
