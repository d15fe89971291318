-- keep orders_judged
with clean as (
    select
        order_key, customer_key, tidy(status) as status, total_price, order_date,
        case when tidy(priority) = 'URGENT' then '1-URGENT' else tidy(priority) end
            as priority,
        tidy(clerk) as clerk, ship_priority, comment, _object, _record,
        count(*) over (partition by order_key) as same_key,
        row_number() over (partition by order_key order by _object desc, _record desc)
            as place
    from formatted_orders
),

known as (
    select
        o.*,
        o.customer_key is not null and c.customer_key is null as stranger,
        case
            when o.place > 1 then 'one_order'
            when o.status not in ('F', 'O', 'P') then 'known_status'
        end as leaves
    from clean o left join trusted_customer c on c.customer_key = o.customer_key
),

judged as (
    select
        *,
        case when place = 1 and (order_key is null or customer_key is null
            or order_date is null or total_price is null) then 'complete' end as f1,
        case when place = 1 and stranger then 'known_customer' end as f2,
        case when leaves is null and not regexp_like(clerk, '^Clerk#[0-9]{9}$')
            then 'clerk_form' end as f3,
        case when leaves is null and priority not in
            ('1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPECIFIED', '5-LOW')
            then 'known_priority' end as b1,
        case when leaves is null and total_price not between 0 and 1000000
            then 'likely_price' end as b2
    from known
)

select
    *,
    concat_ws(',', f1, f2, f3) as _flags,
    concat_ws(',', f1, f2, f3, b1, b2,
        case when same_key > 1 then 'one_order' end,
        case when leaves = 'known_status' then leaves end
    ) as _broken
from judged

-- write trusted/orders
select order_key, customer_key, status, case when b2 is null then total_price end
    as total_price, order_date, case when b1 is null then priority end as priority, clerk,
    ship_priority, comment, _object, _record, _flags
from orders_judged where leaves is null

-- write trusted/orders__violations
select explode(split(_broken, ',')) as rule, order_key, _object, _record
from orders_judged where _broken <> ''

-- write trusted/orders__quarantine
select order_key, customer_key, status, total_price, order_date, priority, clerk,
    ship_priority, comment, _object, _record, leaves as rule
from orders_judged where leaves = 'known_status'

-- write trusted/orders__merged
select order_key, customer_key, status, total_price, order_date, priority, clerk,
    ship_priority, comment, _object, _record, leaves as rule
from orders_judged where leaves = 'one_order'

-- write trusted/orders__repairs
select order_key, 'status' as cell, status as old, tidy(status) as new
from formatted_orders where status <> tidy(status)
union all
select order_key, 'priority', priority,
    case when tidy(priority) = 'URGENT' then '1-URGENT' else tidy(priority) end
from formatted_orders where priority <> tidy(priority) or tidy(priority) = 'URGENT'
union all
select order_key, 'clerk', clerk, tidy(clerk)
from formatted_orders where clerk <> tidy(clerk)
union all
select order_key, 'priority', priority, null from orders_judged where b1 is not null
union all
select order_key, 'total_price', cast(total_price as varchar(20)), null
from orders_judged where b2 is not null
