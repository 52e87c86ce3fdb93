-- What the moved database says of itself: sums that do not agree, and large values that are not what their digest says.
select 'sold ' || items.sold || ', sales of ' || sales.quantity
from (select sum(sold) as sold from public.item) items,
     (select coalesce(sum(quantity), 0) as quantity from public.sale) sales
where items.sold <> sales.quantity
union all
select 'document ' || id || ' is not what it was' from public.document where digest <> md5(body);
