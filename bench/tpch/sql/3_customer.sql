-- keep customer_judged
with clean as (
    select
        customer_key, tidy(name) as name, tidy(address) as address, nation_key,
        tidy(phone) as phone, balance,
        case when tidy(segment) = 'AUTOMOBIL' then 'AUTOMOBILE' else tidy(segment) end
            as segment,
        comment, _object, _record,
        count(customer_key) over (partition by customer_key) as same_key,
        row_number() over (
            partition by customer_key order by _object desc, _record desc
        ) as place
    from formatted_customer
),

known as (
    select
        c.*,
        case
            when c.place > 1 then 'one_customer'
            when c.nation_key is not null and n.nation_key is null then 'known_nation'
        end as leaves
    from clean c left join trusted_nation n on n.nation_key = c.nation_key
),

judged as (
    select
        *,
        case when leaves is null and segment not in
            ('AUTOMOBILE', 'BUILDING', 'FURNITURE', 'HOUSEHOLD', 'MACHINERY')
            then 'known_segment' end as f1,
        case when leaves is null
            and try_cast(substr(phone, 1, 2) as bigint) <> nation_key + 10
            then 'phone_of_nation' end as f2,
        case when leaves is null and balance not between -1000 and 10000
            then 'likely_balance' end as b1
    from known
)

select
    *,
    concat_ws(',', f1, f2) as _flags,
    concat_ws(',', f1, f2, b1,
        case when same_key > 1 then 'one_customer' end,
        case when leaves = 'known_nation' then leaves end
    ) as _broken
from judged

-- write trusted/customer
select customer_key, name, address, nation_key, phone,
    case when b1 is null then balance end as balance,
    segment, comment, _object, _record, _flags
from customer_judged where leaves is null

-- write trusted/customer__violations
select explode(split(_broken, ',')) as rule, customer_key, _object, _record
from customer_judged where _broken <> ''

-- write trusted/customer__quarantine
select customer_key, name, address, nation_key, phone, balance, segment, comment,
    _object, _record, leaves as rule
from customer_judged where leaves = 'known_nation'

-- write trusted/customer__merged
select customer_key, name, address, nation_key, phone, balance, segment, comment,
    _object, _record, leaves as rule
from customer_judged where leaves = 'one_customer'

-- write trusted/customer__repairs
select customer_key, 'name' as cell, name as old, tidy(name) as new
from formatted_customer where name <> tidy(name)
union all
select customer_key, 'address', address, tidy(address)
from formatted_customer where address <> tidy(address)
union all
select customer_key, 'phone', phone, tidy(phone)
from formatted_customer where phone <> tidy(phone)
union all
select customer_key, 'segment', segment,
    case when tidy(segment) = 'AUTOMOBIL' then 'AUTOMOBILE' else tidy(segment) end
from formatted_customer where segment <> tidy(segment) or tidy(segment) = 'AUTOMOBIL'
union all
select customer_key, 'balance', cast(balance as varchar(20)), null
from customer_judged where b1 is not null
