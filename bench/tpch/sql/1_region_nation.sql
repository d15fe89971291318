-- Rules in the order of the project's YAML files. `keep` names what is used again, `write`
-- what is made. SQL that Spark and DuckDB understand alike; `tidy`, `days` and `explode`
-- are defined beside each of them.

-- keep region_judged
select
    region_key, tidy(name) as name, comment, _object, _record,
    concat_ws(',',
        case when region_key is null or name is null then 'complete' end,
        case when count(region_key) over (partition by region_key) > 1 then 'one_region' end,
        case when count(name) over (partition by tidy(name)) > 1 then 'one_name' end
    ) as _broken
from formatted_region

-- write trusted/region
select region_key, name, comment, _object, _record, _broken as _flags from region_judged

-- write trusted/region__violations
select explode(split(_broken, ',')) as rule, region_key, _object, _record
from region_judged where _broken <> ''

-- keep nation_judged
select
    n.nation_key, tidy(n.name) as name, n.region_key, n.comment, n._object, n._record,
    concat_ws(',',
        case when n.nation_key is null or n.name is null or n.region_key is null
            then 'complete' end,
        case when count(n.nation_key) over (partition by n.nation_key) > 1
            then 'one_nation' end,
        case when count(n.name) over (partition by tidy(n.name)) > 1 then 'one_name' end,
        case when n.region_key is not null and r.region_key is null
            then 'known_region' end
    ) as _broken
from formatted_nation n left join trusted_region r on r.region_key = n.region_key

-- write trusted/nation
select nation_key, name, region_key, comment, _object, _record, _broken as _flags
from nation_judged

-- write trusted/nation__violations
select explode(split(_broken, ',')) as rule, nation_key, _object, _record
from nation_judged where _broken <> ''
