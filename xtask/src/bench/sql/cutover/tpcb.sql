-- One transaction of a client, in one message. $CLIENT, $STEP and $SCALE are numbers, $A to $D random ones. Rows that come
-- back name the server by its port, then the sequences that gave out a number.
begin;
update public.accounts set balance = balance + $D % 5000 where aid = $A % ($SCALE * 2000) + 1;
update public.tellers set balance = balance + $D % 5000 where tid = $B % ($SCALE * 10) + 1;
update public.branches set balance = balance + $D % 5000 where bid = $C % $SCALE + 1;
insert into public.history (tid, bid, aid, delta)
values ($B % ($SCALE * 10) + 1, $C % $SCALE + 1, $A % ($SCALE * 2000) + 1, $D % 5000);
insert into public.ledger (client, step, number) values ($CLIENT, $STEP, nextval('public.number'))
returning current_setting('port') as port, id as "ledger.id", number as "number";
commit;
