ALTER TABLE torture.types_all
    ADD COLUMN c_multirange int4multirange
        DEFAULT int4multirange(int4range(1, 3), int4range(7, 7 + (random() * 90 + 1)::integer));
