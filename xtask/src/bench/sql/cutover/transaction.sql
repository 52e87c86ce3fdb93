-- One transaction of a client, in one message. $CLIENT, $STEP, $AID, $TID, $BID and $DELTA are numbers.
begin;
update public.accounts set balance = balance + $DELTA where aid = $AID;
update public.tellers set balance = balance + $DELTA where tid = $TID;
update public.branches set balance = balance + $DELTA where bid = $BID;
insert into public.history (tid, bid, aid, delta) values ($TID, $BID, $AID, $DELTA);
insert into public.ledger (client, step, number) values ($CLIENT, $STEP, nextval('public.number'));
commit;
