-- Fills the shop; $1 is the number of customers, everything else follows from it.
insert into shop.customer (id, email, full_name, address, credit, phones, joined_at)
select gen_random_uuid(), 'customer' || n || '@example.org', 'Customer Number ' || n,
       jsonb_build_object('street', n || ' Long Street', 'city', 'Town ' || n % 977, 'zip', lpad((n % 99999)::text, 5, '0')),
       (n % 10000) / 7.0, array['+49 30 ' || n, '+33 1 ' || n],
       timestamptz '2020-01-01' + n * interval '1 minute'
from generate_series(1, $1::integer) n;

insert into shop.product (name, price, stock, attributes, tags, description, picture)
select 'Product ' || n, 1 + (n % 5000) / 13.0, 100000,
       jsonb_build_object('colour', (array['red', 'green', 'blue'])[1 + n % 3], 'weight', n % 100),
       array['tag' || n % 20, 'tag' || n % 31],
       (select string_agg(md5(n::text || part), ' ') from generate_series(1, 90) part),
       decode(md5(n::text) || md5((n + 1)::text), 'hex')
from generate_series(1, greatest($1::integer / 10, 500)) n;

insert into shop.orders (customer_id, status, total, note, placed_at)
select c.id, (array['placed', 'paid', 'packed', 'shipped', 'returned'])[1 + n % 5]::shop.order_status, 0,
       case when n % 20 = 0 then 'leave it at the door' end,
       timestamptz '2024-01-01' + (c.number * 3 + n) * interval '10 seconds'
from (select id, row_number() over () as number from shop.customer) c
cross join generate_series(1, 3) n;

insert into shop.order_line (order_id, line, product_id, quantity, price)
select o.id, n, 1 + (o.id * 7 + n * 13) % (select max(id) from shop.product), 1 + n, 9.99 + o.id % 50
from shop.orders o
cross join generate_series(1, 3) n;

insert into shop.payment (id, order_id, method, amount, paid_from, paid_at)
select gen_random_uuid(), o.id, 'invoice', 10 + o.id % 90, '192.0.2.1', o.placed_at
from shop.orders o
where o.status <> 'placed';

insert into shop.visit (at, visitor, page, duration)
select timestamptz '2024-01-01' + n * interval '5 seconds', n, '/product/' || n % 1000, n % 300 * interval '1 second'
from generate_series(1, $1::integer * 4) n;

refresh materialized view shop.sales_by_product;
analyze;
