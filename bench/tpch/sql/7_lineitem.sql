-- keep lineitem_known
with clean as (
    select
        order_key, line_number, part_key, supplier_key, quantity, extended_price, discount,
        tax, tidy(return_flag) as return_flag, tidy(line_status) as line_status, ship_date,
        commit_date, receipt_date, tidy(ship_instruct) as ship_instruct,
        case when tidy(ship_mode) = 'RAILWAY' then 'RAIL' else tidy(ship_mode) end
            as ship_mode,
        comment, _object, _record,
        count(*) over (partition by order_key, line_number) as same_key,
        row_number() over (
            partition by order_key, line_number order by _object desc, _record desc
        ) as place
    from formatted_lineitem
)

select
    l.*,
    case
        when l.place > 1 then 'one_line'
        when l.part_key is null or l.supplier_key is null then 'complete'
        when o.order_key is null then 'known_order'
    end as leaves,
    p.part_key is null as strange_part,
    s.supplier_key is null as strange_supplier,
    ps.part_key is null as strange_offer
from clean l
left join trusted_orders o on o.order_key = l.order_key
left join trusted_part p on p.part_key = l.part_key
left join trusted_supplier s on s.supplier_key = l.supplier_key
left join trusted_partsupp ps
    on ps.part_key = l.part_key and ps.supplier_key = l.supplier_key

-- keep price_votes
with votes as (
    select part_key, quantity, extended_price, count(*) as n
    from lineitem_known
    where leaves is null and quantity is not null and extended_price is not null
    group by part_key, quantity, extended_price
),

ranked as (
    select
        *,
        rank() over (partition by part_key, quantity order by n desc) as place,
        count(*) over (partition by part_key, quantity) as prices
    from votes
)

select
    part_key, quantity, case when count(*) = 1 then min(extended_price) end as price
from ranked where place = 1 and prices > 1
group by part_key, quantity

-- keep lineitem_judged
with mended as (
    select
        l.*,
        case when l.discount between 0 and 0.1 then l.discount end as likely_discount,
        case when l.tax between 0 and 0.08 then l.tax end as likely_tax,
        coalesce(l.receipt_date < l.ship_date, false) as swapped,
        case when l.receipt_date < l.ship_date then null else l.ship_date end as shipped,
        case when l.receipt_date < l.ship_date then null else l.receipt_date end
            as received,
        v.part_key is not null and l.extended_price is not null as contradicted,
        v.part_key is not null and v.price is null as tied,
        case when l.extended_price is not null and v.price is not null then v.price
            else l.extended_price end as price
    from lineitem_known l
    left join price_votes v on v.part_key = l.part_key and v.quantity = l.quantity
    where l.leaves is null
),

compared as (
    select
        *,
        price < max(case when quantity is not null then price end) over (
            partition by part_key order by quantity
            range between unbounded preceding and 1 preceding)
        or price > min(case when quantity is not null then price end) over (
            partition by part_key order by quantity desc
            range between unbounded preceding and 1 preceding) as more_for_less,
        line_status < max(case when shipped is not null then line_status end) over (
            partition by order_key order by days(shipped)
            range between unbounded preceding and 1 preceding)
        or line_status > min(case when shipped is not null then line_status end) over (
            partition by order_key order by days(shipped) desc
            range between unbounded preceding and 1 preceding) as finished_after_open,
        days(received) + 25 < max(case when shipped is not null then days(received) end) over (
            partition by order_key order by days(shipped)
            range between unbounded preceding and 1 preceding)
        or days(received) > 25 + min(case when shipped is not null then days(received) end) over (
            partition by order_key order by days(shipped) desc
            range between unbounded preceding and 1 preceding) as overtaken
    from mended
),

judged as (
    select
        *,
        concat_ws(',',
            case when strange_part then 'known_part' end,
            case when strange_supplier then 'known_supplier' end,
            case when strange_offer then 'known_offer' end,
            case when quantity not between 1 and 50 then 'likely_quantity' end,
            case when ship_mode not in
                ('AIR', 'FOB', 'MAIL', 'RAIL', 'REG AIR', 'SHIP', 'TRUCK')
                then 'known_mode' end,
            case when shipped > date '1995-06-17' and line_status = 'F'
                or shipped <= date '1995-06-17' and line_status = 'O'
                then 'status_of_date' end,
            case when contradicted and tied then 'price_of_quantity' end,
            case when more_for_less and quantity is not null then 'more_for_less' end,
            case when finished_after_open and shipped is not null
                then 'finished_after_open' end,
            case when overtaken and shipped is not null then 'overtaken' end
        ) as _flags
    from compared
)

select
    *,
    concat_ws(',', nullif(_flags, ''),
        case when same_key > 1 then 'one_line' end,
        case when discount is not null and likely_discount is null
            or tax is not null and likely_tax is null then 'likely_discount' end,
        case when swapped then 'received_before_shipped' end,
        case when contradicted and not tied then 'price_of_quantity' end
    ) as _broken
from judged

-- write trusted/lineitem
select order_key, line_number, part_key, supplier_key, quantity, price as extended_price,
    likely_discount as discount, likely_tax as tax, return_flag, line_status,
    shipped as ship_date, commit_date, received as receipt_date, ship_instruct, ship_mode,
    comment, _object, _record, _flags
from lineitem_judged

-- write trusted/lineitem__violations
select explode(split(_broken, ',')) as rule, order_key, line_number, _object, _record
from lineitem_judged where _broken <> ''
union all
select leaves, order_key, line_number, _object, _record
from lineitem_known where leaves is not null
union all
select 'one_line', order_key, line_number, _object, _record
from lineitem_known where leaves in ('complete', 'known_order') and same_key > 1

-- write trusted/lineitem__quarantine
select order_key, line_number, part_key, supplier_key, quantity, extended_price, discount,
    tax, return_flag, line_status, ship_date, commit_date, receipt_date, ship_instruct,
    ship_mode, comment, _object, _record, leaves as rule
from lineitem_known where leaves in ('complete', 'known_order')

-- write trusted/lineitem__merged
select order_key, line_number, part_key, supplier_key, quantity, extended_price, discount,
    tax, return_flag, line_status, ship_date, commit_date, receipt_date, ship_instruct,
    ship_mode, comment, _object, _record, leaves as rule
from lineitem_known where leaves = 'one_line'

-- write trusted/lineitem__repairs
select order_key, line_number, 'return_flag' as cell, return_flag as old,
    tidy(return_flag) as new
from formatted_lineitem where return_flag <> tidy(return_flag)
union all
select order_key, line_number, 'line_status', line_status, tidy(line_status)
from formatted_lineitem where line_status <> tidy(line_status)
union all
select order_key, line_number, 'ship_instruct', ship_instruct, tidy(ship_instruct)
from formatted_lineitem where ship_instruct <> tidy(ship_instruct)
union all
select order_key, line_number, 'ship_mode', ship_mode,
    case when tidy(ship_mode) = 'RAILWAY' then 'RAIL' else tidy(ship_mode) end
from formatted_lineitem where ship_mode <> tidy(ship_mode) or tidy(ship_mode) = 'RAILWAY'
union all
select order_key, line_number, 'discount', cast(discount as varchar(20)), null
from lineitem_judged where discount is not null and likely_discount is null
union all
select order_key, line_number, 'tax', cast(tax as varchar(20)), null
from lineitem_judged where tax is not null and likely_tax is null
union all
select order_key, line_number, 'ship_date', cast(ship_date as varchar(20)), null
from lineitem_judged where swapped
union all
select order_key, line_number, 'receipt_date', cast(receipt_date as varchar(20)), null
from lineitem_judged where swapped
union all
select order_key, line_number, 'extended_price', cast(extended_price as varchar(20)),
    cast(price as varchar(20))
from lineitem_judged where extended_price <> price
