-- Names of capitals, small letters, digits and signs, which a language sorts quite unlike bytes.
create table searched (name text collate "en-x-icu" primary key, note text not null);
insert into searched
    select left(translate(encode(sha256(n::text::bytea), 'base64'), '+/', '-_'), 21), 'note ' || md5((-n)::text)
    from generate_series(1, :scale) n;
