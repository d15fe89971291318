-- From raw bytes to canonical columns. Text first: a text becomes a value only where the
-- whole of it is one. Cells that are none go to <table>__rejected_cells, records that
-- cannot be read to <table>__rejected.
create macro small(t) as
    case when regexp_full_match(t, '[-+]?[0-9]+') then try_cast(t as smallint) end;
create macro whole(t) as
    case when regexp_full_match(t, '[-+]?[0-9]+') then try_cast(t as integer) end;
create macro fraction(t) as
    case when regexp_full_match(t, '[-+]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]+)?')
    then try_cast(t as double) end;
create macro instant(t) as
    case when regexp_full_match(t, '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z')
    then try_cast(t as timestamptz) end;
create macro at_clock(hhmm) as to_minutes(hhmm // 100 * 60 + hhmm % 100);
create macro new_york(instant) as timezone('America/New_York', instant);
create macro unread(cells) as list_filter(cells, lambda cell: cell.text is not null);
create macro cell(name, t, v) as
    {'column': name, 'text': case when t is not null and v is null then t end};

-- Flights: twelve files, read in order, so that rowid counts records.
create table flights_read as
with cells as (
    select
        *,
        whole(flight) as flight_, small(year) as year_, small(month) as month_,
        small(day) as day_, small(dep_time) as dep_time_, small(dep_delay) as dep_delay_,
        small(arr_time) as arr_time_, small(arr_delay) as arr_delay_,
        small(sched_dep_time) as sched_dep_time_,
        small(sched_arr_time) as sched_arr_time_,
        small(air_time) as air_time_, small(distance) as distance_,
        small(hour) as hour_, small(minute) as minute_, instant(time_hour) as time_hour_
    from read_csv(
        'landing/flights/*.csv', filename = true,
        auto_detect = false, header = true, delim = ',', quote = '"', escape = '"',
        nullstr = ['', 'NA'], allow_quoted_nulls = false,
        store_rejects = true, rejects_table = 'csv_errors', rejects_scan = 'csv_scans',
        columns = {
            year: 'varchar', month: 'varchar', day: 'varchar', dep_time: 'varchar',
            sched_dep_time: 'varchar', dep_delay: 'varchar', arr_time: 'varchar',
            sched_arr_time: 'varchar', arr_delay: 'varchar', carrier: 'varchar',
            flight: 'varchar', tailnum: 'varchar', origin: 'varchar', dest: 'varchar',
            air_time: 'varchar', distance: 'varchar', hour: 'varchar', minute: 'varchar',
            time_hour: 'varchar'
        }
    )
),
instants as (
    select
        *,
        try(make_date(year_, month_, day_)) as flight_date,
        timezone('America/New_York', try(make_timestamp(
            year_, month_, day_, sched_dep_time_ // 100, sched_dep_time_ % 100, 0
        ))) as scheduled_departure,
        scheduled_departure + to_minutes(dep_delay_) as departure
    from cells
)
select
    carrier, flight_ as flight, tailnum, origin, dest,
    flight_date, scheduled_departure, time_hour_ as scheduled_hour, departure,
    new_york(departure) as departure_local,
    flight_date::timestamp + at_clock(sched_arr_time_)
        + to_days(case when sched_arr_time_ < sched_dep_time_ then 1 else 0 end)
        as scheduled_arrival_local,
    date_trunc('day', departure_local) + at_clock(arr_time_)
        + to_days(case when arr_time_ < dep_time_ % 2400 then 1 else 0 end)
        as arrival_local,
    dep_delay_ as dep_delay, arr_delay_ as arr_delay,
    air_time_ as air_time, distance_ as distance,
    sched_dep_time_ as sched_dep_time, hour_ as sched_hour, minute_ as sched_minute,
    dep_time_ as dep_time, sched_arr_time_ as sched_arr_time, arr_time_ as arr_time,
    filename,
    case when
        (flight is null) <> (flight_ is null)
        or (dep_time is null) <> (dep_time_ is null)
        or (dep_delay is null) <> (dep_delay_ is null)
        or (arr_time is null) <> (arr_time_ is null)
        or (arr_delay is null) <> (arr_delay_ is null)
        or (sched_arr_time is null) <> (sched_arr_time_ is null)
        or (air_time is null) <> (air_time_ is null)
        or (distance is null) <> (distance_ is null)
        or (hour is null) <> (hour_ is null)
        or (minute is null) <> (minute_ is null)
        or (time_hour is null) <> (time_hour_ is null)
        or (day is null) <> (flight_date is null)
        or (sched_dep_time is null) <> (scheduled_departure is null)
    then unread([
        cell('flight', flight, flight_), cell('dep_time', dep_time, dep_time_),
        cell('dep_delay', dep_delay, dep_delay_), cell('arr_time', arr_time, arr_time_),
        cell('arr_delay', arr_delay, arr_delay_),
        cell('sched_arr_time', sched_arr_time, sched_arr_time_),
        cell('air_time', air_time, air_time_), cell('distance', distance, distance_),
        cell('sched_hour', hour, hour_), cell('sched_minute', minute, minute_),
        cell('scheduled_hour', time_hour, time_hour_),
        cell('flight_date', concat_ws(' ', year, month, day), flight_date),
        cell('scheduled_departure', concat_ws(' ', year, month, day, sched_dep_time),
            scheduled_departure)
    ]) end as unread
from instants;

create table flights_files as
select filename, parse_filename(filename) as _object, min(rowid) as first
from flights_read group by filename;

create view formatted_flights as
select
    r.rowid as _row, r.* exclude (filename, unread),
    f._object, r.rowid - f.first + 1 as _record
from flights_read r join flights_files f using (filename);

copy (select * exclude (_row) from formatted_flights) to 'formatted/flights.parquet';

create table flights__rejected_cells as
select f._object, r.rowid - f.first + 1 as _record, unnest(r.unread, recursive := true)
from flights_read r join flights_files f using (filename)
where r.unread is not null;

create table flights__rejected as
select distinct on (s.file_path, e.line)
    parse_filename(s.file_path) as _object, e.line - 1 as _record,
    e.error_message as reason, e.csv_line as raw
from csv_errors e join csv_scans s using (scan_id, file_id)
order by e.line;

-- Weather: pages of JSON, each with a list of records.
create table weather_read as
with pages as (
    select parse_filename(filename) as _object, data
    from read_json('landing/weather/*.json', filename = true, columns = {
        data: 'struct(origin varchar, year varchar, "month" varchar, "day" varchar,
            "hour" varchar, temp varchar, dewp varchar, humid varchar, wind_dir varchar,
            wind_speed varchar, wind_gust varchar, precip varchar, pressure varchar,
            visib varchar, time_hour varchar)[]'
    })
),
records as (
    select _object, unnest(range(1, len(data) + 1)) as _record, unnest(data) as r
    from pages
)
select
    r.origin,
    instant(r.time_hour) as time_hour,
    try(make_timestamp(
        small(r.year), small(r.month), small(r.day), small(r.hour), 0, 0
    )) as local_hour,
    fraction(r.temp) as temp, fraction(r.dewp) as dewp, fraction(r.humid) as humid,
    small(r.wind_dir) as wind_dir, fraction(r.wind_speed) as wind_speed,
    fraction(r.wind_gust) as wind_gust, fraction(r.precip) as precip,
    fraction(r.pressure) as pressure, fraction(r.visib) as visib,
    _object, _record,
    unread([
        cell('time_hour', r.time_hour, time_hour), cell('temp', r.temp, temp),
        cell('local_hour', concat_ws(' ', r.year, r.month, r.day, r.hour), local_hour),
        cell('dewp', r.dewp, dewp), cell('humid', r.humid, humid),
        cell('wind_dir', r.wind_dir, wind_dir),
        cell('wind_speed', r.wind_speed, wind_speed),
        cell('wind_gust', r.wind_gust, wind_gust), cell('precip', r.precip, precip),
        cell('pressure', r.pressure, pressure), cell('visib', r.visib, visib)
    ]) as unread
from records;

create view formatted_weather as
select rowid as _row, * exclude (unread) from weather_read;

copy (select * exclude (_row) from formatted_weather) to 'formatted/weather.parquet';

create table weather__rejected_cells as
select _object, _record, unnest(unread, recursive := true)
from weather_read where unread <> [];

-- The registry: Parquet with types of its own.
create table formatted_planes as
select
    file_row_number as _row, tailnum, year as year_built, type, manufacturer, model,
    engines, seats, speed, engine,
    parse_filename(filename) as _object, file_row_number + 1 as _record
from read_parquet('landing/planes/planes.parquet', file_row_number = true, filename = true);
copy (select * exclude (_row) from formatted_planes) to 'formatted/planes.parquet';

create table formatted_airports as
select
    file_row_number as _row, faa, name, lat, lon, alt, tz, dst, tzone,
    parse_filename(filename) as _object, file_row_number + 1 as _record
from read_parquet(
    'landing/airports/airports.parquet', file_row_number = true, filename = true
);
copy (select * exclude (_row) from formatted_airports) to 'formatted/airports.parquet';

create table formatted_airlines as
select
    file_row_number as _row, carrier, name,
    parse_filename(filename) as _object, file_row_number + 1 as _record
from read_parquet(
    'landing/airlines/airlines.parquet', file_row_number = true, filename = true
);
copy (select * exclude (_row) from formatted_airlines) to 'formatted/airlines.parquet';

copy flights__rejected to 'formatted/flights__rejected.parquet';
copy flights__rejected_cells to 'formatted/flights__rejected_cells.parquet';
copy weather__rejected_cells to 'formatted/weather__rejected_cells.parquet';
