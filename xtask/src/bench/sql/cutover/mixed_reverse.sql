-- A sale whose tables are written in the opposite order: no order of locks suits all transactions.
begin;
insert into public.ledger (client, step, number) values ($CLIENT, $STEP, nextval('public.number'))
returning current_setting('port') as port, number as "number";
insert into public.sale (item, quantity, receipt, countdown)
values ($A % ($SCALE * 100) + 1, $D % 5 + 1, nextval('public.receipt'), nextval('public.countdown'))
returning current_setting('port') as port, id as "sale.id", receipt as "receipt", countdown as "countdown";
update public.item set sold = sold + $D % 5 + 1 where id = $A % ($SCALE * 100) + 1;
commit;
