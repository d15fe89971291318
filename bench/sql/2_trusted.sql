-- Rules top to bottom, as in trusted/*.yml: what a rule changes is seen by those after it.
-- A rule that flags stands in _flags; every broken rule stands in violations.
create macro tidy(t) as regexp_replace(
    case when regexp_matches(t, '[^\S ]|\s{2}') then regexp_replace(t, '\s+', ' ', 'g')
    else t end, '^\s+|\s+$', '', 'g'
);
create macro stripped(t) as regexp_replace(t, '^\s+|\s+$', '', 'g');
create macro registration(t) as regexp_full_match(
    t, 'N([1-9][0-9]{0,4}|[1-9][0-9]{0,3}[A-HJ-NP-Z]|[1-9][0-9]{0,2}[A-HJ-NP-Z]{2})'
);
create macro change(is_so, the_rule, name, before, after) as
    case when is_so then
        {'rule': the_rule, 'column': name, 'old': before::varchar, 'new': after::varchar}
    end;
create macro changed(name, before, after) as
    change(before is distinct from after, 'clean', name, before, after);

create table violations (
    asset varchar, _row bigint, _object varchar, _record bigint, rule varchar, role varchar
);
create table repairs (
    asset varchar, _row bigint, _object varchar, _record bigint,
    rule varchar, "column" varchar, old varchar, new varchar
);
create table quarantine (
    asset varchar, _row bigint, _object varchar, _record bigint, rule varchar, "row" json
);
create table merged (
    asset varchar, _row bigint, _object varchar, _record bigint, rule varchar, into_row bigint
);

---------------------------------------------------------------------------- airlines
create table airlines_clean as
select _row, tidy(nfc_normalize(carrier)) as carrier, tidy(nfc_normalize(name)) as name,
    _object, _record
from formatted_airlines;

create table trusted_airlines as
select
    *,
    concat_ws(',',
        case when carrier is null or name is null then 'complete' end,
        case when count(carrier) over (partition by carrier) > 1 then 'one_code' end,
        case when count(name) over (partition by name) > 1 then 'one_name' end,
        case when not regexp_full_match(carrier, '[A-Z0-9]{2}') then 'code_form' end
    ) as _flags
from airlines_clean;

insert into repairs
select 'airlines', _row, _object, _record, unnest(r, recursive := true)
from (
    select c.*, unnest([
        changed('carrier', f.carrier, c.carrier), changed('name', f.name, c.name)
    ]) as r
    from airlines_clean c join formatted_airlines f using (_row)
) where r is not null;

insert into violations
select 'airlines', _row, _object, _record, unnest(string_split(_flags, ',')), 't1'
from trusted_airlines where _flags <> '';

---------------------------------------------------------------------------- airports
create table airports_clean as
select _row, tidy(nfc_normalize(faa)) as faa, tidy(nfc_normalize(name)) as name, lat, lon,
    alt, tz, dst, tidy(nfc_normalize(tzone)) as tzone, _object, _record
from formatted_airports;

create table airports_first as
select
    *,
    case when
        name = 'All Airports' then 'city_code'
    when regexp_full_match(name, '.*(Amtrak Station|Rail Station|Rail Terminal|Train Station|Penn Station|Union Station|St Station|Back Bay Station|Chatsworth Station).*')
        then 'railway_station'
    end as leaves,
    concat_ws(',',
        case when faa is null or name is null or lat is null or lon is null
            then 'complete' end,
        case when count(faa) over (partition by faa) > 1 then 'one_airport' end
    ) as flags
from airports_clean;

create table airports_second as
with bad as (
    select
        *,
        coalesce(lon > 0 and lon < 172, false) as bad_lon,
        coalesce(lat < 18 or lat > 72, false) as bad_lat,
        coalesce(tz < -10 or tz > -4, false) as bad_tz,
        coalesce(tzone not in (
            'America/New_York', 'America/Chicago', 'America/Denver', 'America/Phoenix',
            'America/Los_Angeles', 'America/Anchorage', 'America/Vancouver',
            'Pacific/Honolulu'
        ), false) as bad_zone,
        coalesce(
            dst = 'A' and tzone in ('America/Phoenix', 'Pacific/Honolulu'), false
        ) as bad_dst
    from airports_first where leaves is null
),
blanked as (
    select
        * replace (
            case when not bad_lon then lon end as lon,
            case when not bad_lat then lat end as lat,
            case when not bad_tz then tz end as tz,
            case when not bad_zone then tzone end as tzone,
            case when not bad_dst then dst end as dst
        ),
        list_filter([
            change(bad_lon, 'wrong_side_of_the_globe', 'lon', lon, null),
            change(bad_lat, 'too_far_north', 'lat', lat, null),
            change(bad_tz, 'american_hours', 'tz', tz, null),
            change(bad_zone, 'american_zone', 'tzone', tzone, null),
            change(bad_dst, 'no_summer_time', 'dst', dst, null)
        ], lambda c: c is not null) as blanks
    from bad
)
select
    * exclude (leaves, flags),
    concat_ws(',',
        nullif(flags, ''),
        case when tzone is null then 'known_zone' end,
        case when min(tz) over by_zone < max(tz) over by_zone
            and tzone is not null and tz is not null then 'zone_and_hours' end,
        case when alt < -300 or alt > 10000 then 'altitude' end,
        case when dst not in ('A', 'N', 'U') then 'kind_of_summer_time' end
    ) as _flags
from blanked
window by_zone as (partition by tzone);

create table trusted_airports as
select _row, faa, name, lat, lon, alt, tz, dst, tzone, _object, _record, _flags
from airports_second;

insert into repairs
select 'airports', _row, _object, _record, unnest(r, recursive := true)
from (
    select c._row, c._object, c._record, unnest([
        changed('faa', f.faa, c.faa), changed('name', f.name, c.name),
        changed('tzone', f.tzone, c.tzone)
    ]) as r
    from airports_clean c join formatted_airports f using (_row)
    union all
    select _row, _object, _record, unnest(blanks) from airports_second
) where r is not null;

insert into violations
select 'airports', _row, _object, _record, rule, 't1'
from (
    select *, unnest(string_split(_flags, ',')) as rule from trusted_airports
    union all by name
    select *, unnest(list_transform(blanks, lambda b: b.rule)) as rule from airports_second
    union all by name
    select *, unnest([leaves, flags]) as rule from airports_first where leaves is not null
) where rule <> '';

insert into quarantine
select 'airports', _row, _object, _record, leaves,
    to_json({'faa': faa, 'name': name, 'lat': lat, 'lon': lon, 'alt': alt, 'tz': tz,
        'dst': dst, 'tzone': tzone})
from airports_first where leaves is not null;

------------------------------------------------------------------------------ planes
create table planes_clean as
select
    * replace (case manufacturer
        when 'AIRBUS INDUSTRIE' then 'AIRBUS'
        when 'MCDONNELL DOUGLAS AIRCRAFT CO' then 'MCDONNELL DOUGLAS'
        when 'MCDONNELL DOUGLAS CORPORATION' then 'MCDONNELL DOUGLAS'
        when 'BOMBARDIER INC' then 'BOMBARDIER'
        when 'CANADAIR LTD' then 'CANADAIR'
        else manufacturer end as manufacturer)
from (
    select _row, tidy(nfc_normalize(tailnum)) as tailnum, year_built,
        tidy(nfc_normalize(type)) as type,
        tidy(nfc_normalize(manufacturer)) as manufacturer,
        tidy(nfc_normalize(model)) as model, engines, seats, speed,
        tidy(nfc_normalize(engine)) as engine, _object, _record
    from formatted_planes
);

create table planes_first as
select
    * replace (case when not bad_seats then seats end as seats),
    change(bad_seats, 'seats_of_the_e190', 'seats', seats, null) as blank,
    case when engine not in ('Turbo-fan', 'Turbo-jet') then 'no_airliner_engine'
        when seats < 25 and not bad_seats then 'no_airliner_size' end as leaves,
    concat_ws(',',
        case when tailnum is null or type is null or manufacturer is null or model is null
            or engines is null or seats is null or engine is null then 'complete' end,
        case when count(tailnum) over (partition by tailnum) > 1 then 'one_plane' end,
        case when not registration(tailnum) then 'registration' end
    ) as flags
from (
    select *, coalesce(model = 'ERJ 190-100 IGW' and seats < 90, false) as bad_seats
    from planes_clean
);

-- The manufacturer that most planes of a model have; a tie is flagged, not repaired.
create table makers as
select
    model, arg_max(manufacturer, n) as maker,
    count(*) filter (n = most) > 1 as tied
from (
    select model, manufacturer, count(*) as n, max(n) over (partition by model) as most
    from (select model, manufacturer from planes_first
        where leaves is null and model is not null and manufacturer is not null)
    group by model, manufacturer
)
group by model having count(*) > 1;

create table planes_second as
with mended as (
    select
        p.* replace (case when m.maker is not null and not m.tied
            and p.manufacturer is not null then m.maker else p.manufacturer end
            as manufacturer),
        p.manufacturer as old_manufacturer,
        m.model is not null and p.manufacturer is not null as broken
    from planes_first p left join makers m using (model)
    where p.leaves is null
),
bad as (
    select
        *,
        coalesce(manufacturer = 'AIRBUS' and engines = 3, false) as bad_engines,
        coalesce(year_built < 1970, false) as bad_year
    from mended
)
select
    * replace (
        case when not bad_engines then engines end as engines,
        case when not bad_year then year_built end as year_built
    ),
    list_filter([
        blank,
        change(old_manufacturer <> manufacturer, 'one_manufacturer', 'manufacturer',
            old_manufacturer, manufacturer),
        change(bad_engines, 'three_engines', 'engines', engines, null),
        change(bad_year, 'built_before_its_time', 'year_built', year_built, null)
    ], lambda c: c is not null) as changes
from bad;

create table planes_third as
with groups as (
    select
        *,
        min(engines) over m < max(engines) over m and engines is not null as engines_differ,
        min(type) over m < max(type) over m and type is not null as types_differ,
        min(seats) over m < max(seats) over m and seats is not null as seats_differ,
        min(engine) over m < max(engine) over m and engine is not null as engine_differs
    from planes_second
    window m as (partition by model)
)
select
    *,
    concat_ws(',',
        nullif(flags, ''),
        case when model is not null and (engines_differ or types_differ)
            then 'engines_of_a_model' end,
        case when model is not null and seats_differ then 'seats_of_a_model' end,
        case when model is not null and engine_differs then 'engine_of_a_model' end,
        case when year_built is null then 'known_year' end,
        case when type = 'Fixed wing multi engine' and engines < 2
            then 'single_engine' end
    ) as _flags
from groups;

create table trusted_planes as
select _row, tailnum, year_built, type, manufacturer, model, engines, seats, speed, engine,
    _object, _record, _flags
from planes_third;

insert into repairs
select 'planes', _row, _object, _record, unnest(r, recursive := true)
from (
    select c._row, c._object, c._record, unnest([
        changed('tailnum', f.tailnum, c.tailnum), changed('type', f.type, c.type),
        changed('manufacturer', f.manufacturer, c.manufacturer),
        changed('model', f.model, c.model), changed('engine', f.engine, c.engine)
    ]) as r
    from planes_clean c join formatted_planes f using (_row)
    union all
    select _row, _object, _record, unnest(changes) from planes_second
    union all
    select _row, _object, _record, blank from planes_first where leaves is not null
) where r is not null;

insert into violations
select 'planes', _row, _object, _record, rule,
    case when rule in ('one_plane', 'one_manufacturer') or rule like '%_of_a_model'
        then 'both' else 't1' end
from (
    select *, unnest(string_split(_flags, ',')) as rule from planes_third
    union all by name
    select *, unnest(list_transform(changes, lambda c: c.rule)) as rule from planes_second
    union all by name
    select *, 'one_manufacturer' as rule from planes_second
    where broken and old_manufacturer = manufacturer
    union all by name
    select *, unnest([blank.rule, leaves, flags]) as rule from planes_first
    where leaves is not null
) where rule <> '';

insert into quarantine
select 'planes', _row, _object, _record, leaves,
    to_json({'tailnum': tailnum, 'year_built': year_built, 'type': type,
        'manufacturer': manufacturer, 'model': model, 'engines': engines, 'seats': seats,
        'speed': speed, 'engine': engine})
from planes_first where leaves is not null;

----------------------------------------------------------------------------- weather
create table weather_twice as
select origin, time_hour, max(_row) as last
from formatted_weather where origin is not null and time_hour is not null
group by origin, time_hour having count(*) > 1;

create table weather_clean as
select f.* replace (tidy(f.origin) as origin), f.origin as old_origin
from formatted_weather f
where not exists (
    from weather_twice t
    where t.origin = f.origin and t.time_hour = f.time_hour and f._row < t.last
);

create table weather_judged as
with bounds as (
    select time_hour, min(temp) as coldest, max(temp) as warmest
    from weather_clean group by time_hour
),
bad as (
    select
        w.*,
        coalesce(wind_speed < 0 or wind_speed > 200, false) as hurricane,
        coalesce(w.temp > b.coldest + 25, false) as far_warmer,
        coalesce(w.temp + 25 < b.warmest, false) as far_colder,
        coalesce(
            month(local_hour) >= 5 and month(local_hour) <= 9 and temp < 32, false
        ) as celsius
    from weather_clean w left join bounds b using (time_hour)
),
blanked as (
    select
        * replace (
            case when not hurricane then wind_speed end as wind_speed,
            case when not celsius then temp end as temp,
            case when not celsius then dewp end as dewp
        ),
        case when hurricane or celsius then list_filter([
            change(hurricane, 'hurricane', 'wind_speed', wind_speed, null),
            change(celsius and temp is not null, 'celsius_in_between', 'temp', temp, null),
            change(celsius and dewp is not null, 'celsius_in_between', 'dewp', dewp, null)
        ], lambda c: c is not null) end as blanks
    from bad
)
select
    *,
    concat_ws(',',
        case when origin not in (from trusted_airports select faa where faa is not null)
            then 'known_airport' end,
        case when date_diff('hour', local_hour, time_hour::timestamp) not in (4, 5)
            then 'hours_agree' end,
        case when count(*) over (partition by origin, local_hour) > 1
            and origin is not null and local_hour is not null then 'repeated_hour' end,
        case when far_warmer or far_colder then 'far_colder_than_next_door' end,
        case when temp < -15 or temp > 108 or dewp < -35 or dewp > 85
            or humid < 0 or humid > 100 or wind_dir < 0 or wind_dir > 360
            or wind_gust < 0 or wind_gust > 200 or precip < 0 or precip > 8
            or pressure < 950 or pressure > 1060 or visib < 0 or visib > 10
            then 'possible' end,
        case when dewp > temp then 'dew_point' end,
        case when wind_gust < wind_speed then 'gusts' end,
        case when abs(humid - 100 * power(10,
            7.5 * (dewp - 32) / 1.8 / (237.3 + (dewp - 32) / 1.8)
            - 7.5 * (temp - 32) / 1.8 / (237.3 + (temp - 32) / 1.8))) > 10
            then 'humidity_fits' end,
        case when temp is null or dewp is null or humid is null or wind_speed is null
            then 'observed' end
    ) as _flags
from blanked;

create table trusted_weather as
select _row, origin, time_hour, local_hour, temp, dewp, humid, wind_dir, wind_speed,
    wind_gust, precip, pressure, visib, _object, _record, _flags
from weather_judged;

insert into repairs
select 'weather', _row, _object, _record, unnest(r, recursive := true)
from (
    select *, changed('origin', old_origin, origin) as r from weather_clean
    union all by name
    select *, unnest(blanks) as r from weather_judged where blanks is not null
) where r is not null;

insert into violations
select 'weather', _row, _object, _record, rule,
    case rule when 'repeated_hour' then 'both' when 'one_observation' then 'both'
        when 'far_colder_than_next_door' then case when not far_colder then 't1'
            when not far_warmer then 't2' else 'both' end
        else 't1' end
from (
    select *, unnest(string_split(_flags, ',')) as rule
    from weather_judged where _flags <> ''
    union all by name
    select *, unnest(list_distinct(list_transform(blanks, lambda b: b.rule))) as rule
    from weather_judged where blanks is not null
    union all by name
    select f.*, 'one_observation' as rule
    from formatted_weather f join weather_twice t using (origin, time_hour)
);

insert into merged
select 'weather', f._row, f._object, f._record, 'one_observation', t.last
from formatted_weather f join weather_twice t using (origin, time_hour)
where f._row < t.last;

----------------------------------------------------------------------------- flights
create view flights_clean as
select
    * exclude (raw_carrier, raw_tailnum, raw_origin, raw_dest),
    case when carrier is distinct from raw_carrier or tailnum is distinct from raw_tailnum
        or origin is distinct from raw_origin or dest is distinct from raw_dest
    then [
        changed('carrier', raw_carrier, carrier), changed('tailnum', raw_tailnum, tailnum),
        changed('origin', raw_origin, origin), changed('dest', raw_dest, dest)
    ] end as tidied
from (
    select
        * replace (
            stripped(nfc_normalize(carrier)) as carrier,
            case stripped(nfc_normalize(tailnum)) when 'D942DN' then 'N942DN'
                else stripped(nfc_normalize(tailnum)) end as tailnum,
            stripped(nfc_normalize(origin)) as origin,
            stripped(nfc_normalize(dest)) as dest
        ),
        carrier as raw_carrier, tailnum as raw_tailnum, origin as raw_origin,
        dest as raw_dest
    from formatted_flights
);

create table flights_twice as
select carrier, flight, scheduled_departure, origin, max(_row) as last
from flights_clean
where carrier is not null and flight is not null
    and scheduled_departure is not null and origin is not null
group by carrier, flight, scheduled_departure, origin having count(*) > 1;

-- Rules of one row and references, in one pass.
create table flights_judged as
with bad as (
    select
        f.*,
        coalesce(distance / (air_time / 60.0) > 600, false) as too_fast,
        w.origin is not null as observed
    from flights_clean f
    left join (select distinct origin, time_hour from trusted_weather) w
        on w.origin = f.origin and w.time_hour = f.scheduled_hour
    where not exists (
        from flights_twice t
        where t.carrier = f.carrier and t.flight = f.flight and t.origin = f.origin
            and t.scheduled_departure = f.scheduled_departure and f._row < t.last
    )
)
select
    * replace (case when not too_fast then air_time end as air_time),
    air_time as old_air_time,
    concat_ws(',',
        case when carrier is null or flight is null or scheduled_departure is null
            or origin is null or dest is null or distance is null then 'complete' end,
        case when carrier not in
            (from trusted_airlines select carrier where carrier is not null)
            then 'known_airline' end,
        case when origin not in (from trusted_airports select faa where faa is not null)
            then 'known_origin' end,
        case when origin not in ('EWR', 'JFK', 'LGA') then 'from_new_york' end,
        case when dest not in (from trusted_airports select faa where faa is not null)
            then 'known_destination' end,
        case when not registration(tailnum) then 'registration' end,
        case when tailnum not in
            (from trusted_planes select tailnum where tailnum is not null)
            then 'known_plane' end,
        case when not observed and origin is not null and scheduled_hour is not null
            then 'known_weather' end,
        case when sched_dep_time <> sched_hour * 100 + sched_minute
            then 'schedule_agrees' end,
        case when scheduled_hour <> date_trunc('hour', scheduled_departure)
            then 'hour_agrees' end,
        case when hour(departure_local) * 100 + minute(departure_local) <> dep_time % 2400
            then 'departure_agrees' end,
        case when date_diff('minute', scheduled_arrival_local, arrival_local) <> arr_delay
            then 'arrival_agrees' end,
        case when departure is not null and tailnum is null
            then 'departed_without_a_plane' end,
        case when arrival_local is not null and departure is null
            then 'arrived_without_departing' end,
        case when departure is not null and arrival_local is null
            then 'never_arrived' end,
        case when arrival_local is not null and arr_delay is null then 'diverted' end,
        case when dep_delay < -30 then 'left_far_too_early' end,
        case when dep_delay < -60 or dep_delay > 2880 or arr_delay < -120
            or arr_delay > 2880 then 'delays_that_occur' end,
        case when distance < 50 then 'around_the_corner' end
    ) as flags
from bad;

-- The distance that most flights of a route have; a tie is flagged, not repaired.
create table routes as
select
    origin, dest, arg_max(distance, n) as distance, count(*) filter (n = most) > 1 as tied
from (
    select origin, dest, distance, count(*) as n,
        max(count(*)) over (partition by origin, dest) as most
    from flights_judged
    where origin is not null and dest is not null and distance is not null
    group by origin, dest, distance
)
group by origin, dest having count(*) > 1;

create table flights_off_route as
select f._row, f._object, f._record, f.distance as old, r.distance as new, r.tied
from flights_judged f join routes r using (origin, dest)
where f.distance is not null;

-- Two rows: a group with two flights; and in the order of departures of one plane, whether
-- the next departure comes before this landing, or an earlier landing after this departure.
create table flights_pairs as
select
    coalesce(a._row, d._row) as _row, a.role as in_the_air, d._row is not null as two
from (
    select _row, case when lands_late and left_early then 'both'
        when lands_late then 't1' else 't2' end as role
    from (
        select
            _row,
            coalesce(departure + to_minutes(air_time) > min(departure) over following,
                false) as lands_late,
            coalesce(max(departure + to_minutes(air_time)) over preceding > departure,
                false) as left_early
        from flights_judged
        where tailnum is not null and departure is not null
        window
            following as (partition by tailnum order by departure
                groups between 1 following and 1 following),
            preceding as (partition by tailnum order by departure
                groups between unbounded preceding and 1 preceding)
    )
    where lands_late or left_early
) a
full join (
    select f._row
    from flights_judged f
    join (
        select tailnum, scheduled_departure
        from flights_judged where tailnum is not null and scheduled_departure is not null
        group by tailnum, scheduled_departure having min(flight) < max(flight)
    ) using (tailnum, scheduled_departure)
    where f.flight is not null
) d using (_row);

create view trusted_flights as
select
    f.* exclude (tidied, too_fast, observed, old_air_time, flags)
    replace (case when o.tied then f.distance else coalesce(o.new, f.distance) end
        as distance),
    concat_ws(',', nullif(f.flags, ''),
        case when o.tied then 'one_distance' end,
        case when p.two then 'two_departures' end,
        case when p.in_the_air is not null then 'left_while_in_the_air' end
    ) as _flags
from flights_judged f
left join flights_off_route o using (_row)
left join flights_pairs p using (_row);

insert into repairs
select 'flights', _row, _object, _record, unnest(r, recursive := true)
from (
    select *, unnest(tidied) as r from flights_judged where tidied is not null
    union all by name
    select *, change(true, 'too_fast', 'air_time', old_air_time, null) as r
    from flights_judged where too_fast
    union all by name
    select *, change(old <> new, 'one_distance', 'distance', old, new) as r
    from flights_off_route where not tied
) where r is not null;

insert into violations
select 'flights', _row, _object, _record, rule, role
from (
    select *, unnest(string_split(flags, ',')) as rule, 't1' as role
    from flights_judged where flags <> ''
    union all by name
    select *, 'too_fast' as rule, 't1' as role from flights_judged where too_fast
    union all by name
    select *, 'one_distance' as rule, 'both' as role from flights_off_route
    union all by name
    select f.*, 'two_departures' as rule, 'both' as role
    from flights_judged f join flights_pairs p using (_row) where p.two
    union all by name
    select f.*, 'left_while_in_the_air' as rule, p.in_the_air as role
    from flights_judged f join flights_pairs p using (_row) where p.in_the_air is not null
    union all by name
    select c.*, 'one_flight' as rule, 'both' as role
    from flights_clean c
    join flights_twice t using (carrier, flight, scheduled_departure, origin)
);

insert into merged
select 'flights', f._row, f._object, f._record, 'one_flight', t.last
from flights_clean f
join flights_twice t using (carrier, flight, scheduled_departure, origin)
where f._row < t.last;

---------------------------------------------------------------------------- written
copy trusted_airlines to 'trusted/airlines.parquet';
copy trusted_airports to 'trusted/airports.parquet';
copy trusted_planes to 'trusted/planes.parquet';
copy trusted_weather to 'trusted/weather.parquet';
copy (from trusted_flights) to 'trusted/flights.parquet';
copy (from violations) to 'trusted/violations.parquet';
copy (from repairs) to 'trusted/repairs.parquet';
copy (from quarantine) to 'trusted/quarantine.parquet';
copy (from merged) to 'trusted/merged.parquet';

-- A rule of severity error that is broken stops what is downstream.
select error('trusted.' || asset || ' breaks ' || rule)
from violations
where (asset, rule) in (values
    ('airlines', 'complete'), ('airlines', 'one_code'), ('airlines', 'code_form'),
    ('airports', 'complete'), ('airports', 'one_airport'), ('airports', 'zone_and_hours'),
    ('airports', 'altitude'), ('airports', 'kind_of_summer_time'),
    ('planes', 'complete'), ('planes', 'one_plane'), ('planes', 'registration'),
    ('planes', 'engines_of_a_model'), ('planes', 'single_engine'),
    ('weather', 'known_airport'), ('weather', 'hours_agree'), ('weather', 'possible'),
    ('weather', 'dew_point'), ('weather', 'gusts'),
    ('flights', 'complete'), ('flights', 'known_airline'), ('flights', 'known_origin'),
    ('flights', 'from_new_york'), ('flights', 'schedule_agrees'),
    ('flights', 'hour_agrees'), ('flights', 'departure_agrees'),
    ('flights', 'arrival_agrees'), ('flights', 'departed_without_a_plane'),
    ('flights', 'arrived_without_departing'), ('flights', 'delays_that_occur')
);

-- Memory that nothing below needs.
drop view flights_clean;
drop view formatted_flights;
drop table flights_read;
