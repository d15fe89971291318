-- write exploitation/pricing_summary
select
    cast(date_trunc('month', ship_date) as date) as ship_month, return_flag, line_status,
    sum(quantity) as quantity,
    sum(extended_price) as base_price,
    sum(extended_price * (1 - discount)) as discounted_price,
    sum(extended_price * (1 - discount) * (1 + tax)) as charge,
    avg(quantity) as mean_quantity,
    avg(cast(extended_price as double)) as mean_price,
    avg(cast(discount as double)) as mean_discount,
    count(*) as lines
from trusted_lineitem
where ship_date is not null
group by date_trunc('month', ship_date), return_flag, line_status

-- write exploitation/nation_revenue
with lines as (
    select
        year(o.order_date) as order_year,
        s.nation_key as supplier_nation_key,
        c.nation_key as customer_nation_key,
        l.extended_price * (1 - l.discount) as revenue,
        ps.supply_cost * l.quantity as cost
    from trusted_lineitem l
    join trusted_orders o on o.order_key = l.order_key
    join trusted_customer c on c.customer_key = o.customer_key
    join trusted_supplier s on s.supplier_key = l.supplier_key
    left join trusted_partsupp ps
        on ps.part_key = l.part_key and ps.supplier_key = l.supplier_key
    where o.order_date is not null
)

select
    l.order_year,
    sn.name as supplier_nation,
    sr.name as supplier_region,
    cn.name as customer_nation,
    cr.name as customer_region,
    count(*) as lines,
    sum(l.revenue) as revenue,
    sum(l.cost) as cost,
    sum(l.revenue - l.cost) as profit
from lines l
join trusted_nation sn on sn.nation_key = l.supplier_nation_key
join trusted_region sr on sr.region_key = sn.region_key
join trusted_nation cn on cn.nation_key = l.customer_nation_key
join trusted_region cr on cr.region_key = cn.region_key
group by l.order_year, sn.name, sr.name, cn.name, cr.name

-- write exploitation/supplier_delivery
with delivered as (
    select
        supplier_key,
        count(*) as lines,
        count(distinct order_key) as orders,
        count(case when receipt_date > commit_date then 1 end) as late_lines,
        avg(days(receipt_date) - days(ship_date)) as mean_days,
        max(days(receipt_date) - days(commit_date)) as worst_delay
    from trusted_lineitem
    group by supplier_key
)

select
    s.supplier_key, s.name, n.name as nation,
    coalesce(d.lines, 0) as lines,
    coalesce(d.orders, 0) as orders,
    coalesce(d.late_lines, 0) as late_lines,
    cast(d.late_lines as double) / nullif(d.lines, 0) as late_share,
    d.mean_days,
    d.worst_delay
from trusted_supplier s
left join trusted_nation n on n.nation_key = s.nation_key
left join delivered d on d.supplier_key = s.supplier_key

-- none exploitation/pricing_summary
select ship_month from exploitation_pricing_summary
group by ship_month, return_flag, line_status having count(*) > 1

-- none exploitation/nation_revenue
select order_year from exploitation_nation_revenue
group by order_year, supplier_nation, customer_nation having count(*) > 1

-- none exploitation/supplier_delivery
select supplier_key from exploitation_supplier_delivery
group by supplier_key having count(*) > 1

-- none exploitation/supplier_delivery
select 1 as lost from
    (select count(*) as n from exploitation_supplier_delivery) v,
    (select count(*) as n from trusted_supplier) s
where v.n <> s.n
