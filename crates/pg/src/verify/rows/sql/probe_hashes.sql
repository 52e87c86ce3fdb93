-- A text that takes all ways through the function (whole words, the rest), one shorter than a word's worth, a number.
select
    pg_catalog.hashtextextended('the same on every server, of every version' collate pg_catalog."C", 4711) as long_text,
    pg_catalog.hashtextextended('ab' collate pg_catalog."C", 0)                                            as short_text,
    pg_catalog.hashint4extended(-1, 4711)                                                                  as number
