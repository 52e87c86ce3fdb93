-- Nothing is written, and nothing may be missing all the same.
select current_setting('port') as port
where (select sum(quantity) from public.sale where item = $A % ($SCALE * 100) + 1) is distinct from -1;
