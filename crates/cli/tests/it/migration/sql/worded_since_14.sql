CREATE STATISTICS words.counted ON (status IN ('new', 'done')), note FROM words.orders;
CREATE FUNCTION words.body(kind varchar DEFAULT 'a') RETURNS boolean LANGUAGE sql
    BEGIN ATOMIC SELECT count(*) > 0 FROM words.orders o WHERE o.status IN ('new', 'done') AND o.note = kind; END;
CREATE PROCEDURE words.noting(kind varchar) LANGUAGE sql
    BEGIN ATOMIC INSERT INTO words.log SELECT orders.id, kind FROM words.orders WHERE orders.status IN ('x', 'y'); END;
