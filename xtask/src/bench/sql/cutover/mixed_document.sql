-- A large value is written, another row is changed beside its large value, and an old one goes.
begin;
insert into public.document (digest, body)
select md5(body), body from (select string_agg(md5('$CLIENT.$STEP.' || m), '') as body from generate_series(1, 500) m) made
returning current_setting('port') as port, id as "document.id";
update public.document set seen = seen + 1
where id = (select id from public.document where id >= $A % ($SCALE * 10) order by id limit 1);
delete from public.document where id = (select id from public.document where id >= $B % ($SCALE * 10)
                                        order by id limit 1 for update skip locked);
insert into public.ledger (client, step, number) values ($CLIENT, $STEP, nextval('public.number'))
returning current_setting('port') as port, number as "number";
commit;
