-- keep part_clean
select
    part_key, tidy(name) as name, tidy(manufacturer) as manufacturer, tidy(brand) as brand,
    tidy(type) as type, size, tidy(container) as container, retail_price, comment,
    _object, _record,
    count(part_key) over (partition by part_key) as same_key,
    row_number() over (partition by part_key order by _object desc, _record desc) as place
from formatted_part

-- keep brand_manufacturer
with votes as (
    select brand, manufacturer, count(*) as n
    from part_clean
    where place = 1 and brand is not null and manufacturer is not null
    group by brand, manufacturer
),

ranked as (
    select
        *,
        rank() over (partition by brand order by n desc) as place,
        count(*) over (partition by brand) as names
    from votes
)

select
    brand,
    case when count(*) = 1 then min(manufacturer) end as manufacturer
from ranked where place = 1 and names > 1
group by brand

-- keep part_judged
with voted as (
    select
        p.*,
        case when p.place = 1 and b.manufacturer is not null
            and p.manufacturer is not null then b.manufacturer
            else p.manufacturer end as voted_manufacturer,
        p.place = 1 and b.brand is not null and p.manufacturer is not null as contradicted,
        b.brand is not null and b.manufacturer is null as tied
    from part_clean p left join brand_manufacturer b on b.brand = p.brand
),

judged as (
    select
        *,
        case when contradicted and tied then 'manufacturer_of_brand' end as f1,
        case when place = 1 and not regexp_like(container,
            '^(SM|MED|LG|JUMBO|WRAP) (CASE|BOX|BAG|JAR|PKG|PACK|CAN|DRUM)$')
            then 'known_container' end as f2,
        case when place = 1 and retail_price is null then 'priced' end as f3,
        case when place = 1 and size not between 1 and 50 then 'likely_size' end as b1
    from voted
)

select
    *,
    concat_ws(',', f1, f2, f3) as _flags,
    concat_ws(',', f2, f3, b1,
        case when same_key > 1 then 'one_part' end,
        case when contradicted then 'manufacturer_of_brand' end
    ) as _broken
from judged

-- write trusted/part
select part_key, name, voted_manufacturer as manufacturer, brand, type,
    case when b1 is null then size end as size,
    container, retail_price, comment, _object, _record, _flags
from part_judged where place = 1

-- write trusted/part__violations
select explode(split(_broken, ',')) as rule, part_key, _object, _record
from part_judged where _broken <> ''

-- write trusted/part__merged
select part_key, name, manufacturer, brand, type, size, container, retail_price, comment,
    _object, _record, 'one_part' as rule
from part_judged where place > 1

-- write trusted/part__repairs
select part_key, 'name' as cell, name as old, tidy(name) as new
from formatted_part where name <> tidy(name)
union all
select part_key, 'manufacturer', manufacturer, tidy(manufacturer)
from formatted_part where manufacturer <> tidy(manufacturer)
union all
select part_key, 'brand', brand, tidy(brand)
from formatted_part where brand <> tidy(brand)
union all
select part_key, 'type', type, tidy(type)
from formatted_part where type <> tidy(type)
union all
select part_key, 'container', container, tidy(container)
from formatted_part where container <> tidy(container)
union all
select part_key, 'manufacturer', manufacturer, voted_manufacturer
from part_judged where manufacturer <> voted_manufacturer
union all
select part_key, 'size', cast(size as varchar(20)), null
from part_judged where b1 is not null
