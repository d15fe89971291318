-- keep partsupp_judged
with known as (
    select
        o.*,
        case
            when o.place > 1 then 'one_offer'
            when p.part_key is null then 'known_part'
            when s.supplier_key is null then 'known_supplier'
        end as leaves
    from (
        select
            *,
            count(*) over (partition by part_key, supplier_key) as same_key,
            row_number() over (
                partition by part_key, supplier_key order by _object desc, _record desc
            ) as place
        from formatted_partsupp
    ) o
    left join trusted_part p on p.part_key = o.part_key
    left join trusted_supplier s on s.supplier_key = o.supplier_key
),

judged as (
    select
        *,
        case when leaves is null and supply_cost not between 1 and 1000
            then 'likely_cost' end as f1,
        case when leaves is null and available not between 0 and 9999
            then 'likely_stock' end as b1
    from known
)

select
    *,
    concat_ws(',', f1) as _flags,
    concat_ws(',', f1, b1,
        case when same_key > 1 then 'one_offer' end,
        case when leaves <> 'one_offer' then leaves end
    ) as _broken
from judged

-- write trusted/partsupp
select part_key, supplier_key, case when b1 is null then available end as available,
    supply_cost, comment, _object, _record, _flags
from partsupp_judged where leaves is null

-- write trusted/partsupp__violations
select explode(split(_broken, ',')) as rule, part_key, supplier_key, _object, _record
from partsupp_judged where _broken <> ''

-- write trusted/partsupp__quarantine
select part_key, supplier_key, available, supply_cost, comment, _object, _record,
    leaves as rule
from partsupp_judged where leaves <> 'one_offer'

-- write trusted/partsupp__merged
select part_key, supplier_key, available, supply_cost, comment, _object, _record,
    leaves as rule
from partsupp_judged where leaves = 'one_offer'

-- write trusted/partsupp__repairs
select part_key, supplier_key, 'available' as cell, cast(available as varchar(20)) as old,
    cast(null as varchar(20)) as new
from partsupp_judged where b1 is not null
