-- What was made, to be compared with what the backbone made.
create table counts as
with written as (
    select regexp_extract(file_name, '([a-z]+)/([a-z_]+)[.]parquet', ['zone', 'asset']) as t,
        num_rows as n
    from parquet_file_metadata(
        ['formatted/*.parquet', 'trusted/*.parquet', 'exploitation/*.parquet']
    )
)
select t.asset as asset, t.zone as what, null as rule, n
from written
where t.asset not in ('violations', 'repairs', 'quarantine', 'merged')
union all
select asset, 'violations', rule, count(distinct _row) from violations group by asset, rule
union all select asset, 'repaired', null, count(*) from repairs group by asset
union all select asset, 'quarantined', null, count(*) from quarantine group by asset
union all select asset, 'merged', null, count(*) from merged group by asset;
