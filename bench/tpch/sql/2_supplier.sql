-- keep supplier_judged
with clean as (
    select
        s.supplier_key, tidy(s.name) as name, tidy(s.address) as address,
        case when n.nation_key is not null then s.nation_key end as nation_key,
        s.nation_key as nation_written,
        tidy(s.phone) as phone,
        case when s.balance between -1000 and 10000 then s.balance end as balance,
        s.balance as balance_written,
        s.comment, s._object, s._record,
        count(s.supplier_key) over (partition by s.supplier_key) as same_key
    from formatted_supplier s left join trusted_nation n on n.nation_key = s.nation_key
),

judged as (
    select
        *,
        case when same_key > 1 then 'one_supplier' end as f1,
        case when try_cast(substr(phone, 1, 2) as bigint) <> nation_key + 10
            then 'phone_of_nation' end as f2
    from clean
)

select
    *,
    concat_ws(',', f1, f2) as _flags,
    concat_ws(',', f1, f2,
        case when nation_written is not null and nation_key is null
            then 'known_nation' end,
        case when balance_written is not null and balance is null
            then 'likely_balance' end
    ) as _broken
from judged

-- write trusted/supplier
select supplier_key, name, address, nation_key, phone, balance, comment, _object, _record,
    _flags
from supplier_judged

-- write trusted/supplier__violations
select explode(split(_broken, ',')) as rule, supplier_key, _object, _record
from supplier_judged where _broken <> ''

-- write trusted/supplier__repairs
select supplier_key, 'name' as cell, name as old, tidy(name) as new
from formatted_supplier where name <> tidy(name)
union all
select supplier_key, 'address', address, tidy(address)
from formatted_supplier where address <> tidy(address)
union all
select supplier_key, 'phone', phone, tidy(phone)
from formatted_supplier where phone <> tidy(phone)
union all
select supplier_key, 'nation_key', cast(nation_written as varchar(20)), null
from supplier_judged where nation_written is not null and nation_key is null
union all
select supplier_key, 'balance', cast(balance_written as varchar(20)), null
from supplier_judged where balance_written is not null and balance is null
