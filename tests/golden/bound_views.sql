-- A view over trusted.t (a, b, k, at, …) and trusted.u (a, c, Temp, …); the same view, bound;

select * from trusted.t;
SELECT "t"."a" AS "a", "t"."b" AS "b", "t"."k" AS "k", "t"."at" AS "at" FROM "trusted.t" AS "t";

select t.*, c from trusted.t join trusted.u using (a);
SELECT "t"."a" AS "a", "t"."b" AS "b", "t"."k" AS "k", "t"."at" AS "at", "u"."c" AS "c" FROM "trusted.t" AS "t" JOIN "trusted.u" AS "u" ON "t"."a" = "u"."a";

select *, _flags as flags from trusted.t;
SELECT "t"."a" AS "a", "t"."b" AS "b", "t"."k" AS "k", "t"."at" AS "at", "t"."_flags" AS "flags" FROM "trusted.t" AS "t";

select TEMP, temp + 1 as more from trusted.u as X where x.Temp > 1;
SELECT "X"."Temp" AS "Temp", "X"."Temp" + 1 AS "more" FROM "trusted.u" AS "X" WHERE "X"."Temp" > 1;

select trusted.t.a from trusted.t;
SELECT "t"."a" AS "a" FROM "trusted.t" AS "t";

select a as x, x + 1 as y from trusted.t where y > 3 order by y;
SELECT "t"."a" AS "x", "t"."a" + 1 AS "y" FROM "trusted.t" AS "t" WHERE ("t"."a" + 1) > 3 ORDER BY "y";

select * exclude (at) replace (b / 2 as b) from trusted.t;
SELECT "t"."a" AS "a", "t"."b" / 2 AS "b", "t"."k" AS "k" FROM "trusted.t" AS "t";

with s as (select a, sum(b) as total from trusted.t group by a having total > 3) select * from s;
WITH "s" AS (SELECT "t"."a" AS "a", SUM("t"."b") AS "total" FROM "trusted.t" AS "t" GROUP BY "t"."a" HAVING SUM("t"."b") > 3) SELECT "s"."a" AS "a", "s"."total" AS "total" FROM "s" AS "s";

with s(p) as (select a from trusted.t) select p from s;
WITH "s" AS (SELECT "t"."a" AS "p" FROM "trusted.t" AS "t") SELECT "s"."p" AS "p" FROM "s" AS "s";

select k, count(*) as n from trusted.t group by all;
SELECT "t"."k" AS "k", COUNT(*) AS "n" FROM "trusted.t" AS "t" GROUP BY ALL;

select a, (select max(c) from trusted.u where u.a = t.a) as top from trusted.t;
SELECT "t"."a" AS "a", (SELECT MAX("u"."c") AS "_col_0" FROM "trusted.u" AS "u" WHERE "u"."a" = "t"."a") AS "top" FROM "trusted.t" AS "t";

select a from trusted.t where exists (from trusted.u where u.a = t.a and b > 1);
SELECT "t"."a" AS "a" FROM "trusted.t" AS "t" WHERE EXISTS(SELECT "u"."a" AS "a", "u"."c" AS "c", "u"."Temp" AS "Temp" FROM "trusted.u" AS "u" WHERE "u"."a" = "t"."a" AND "t"."b" > 1);

select a from trusted.t union all select a from trusted.u order by a;
SELECT "t"."a" AS "a" FROM "trusted.t" AS "t" UNION ALL SELECT "u"."a" AS "a" FROM "trusted.u" AS "u" ORDER BY "a";

select a, count(*) over w as n, sum(a) over (w rows 1 preceding) as s from trusted.t window w as (partition by k order by a);
SELECT "t"."a" AS "a", COUNT(*) OVER (PARTITION BY "t"."k" ORDER BY "t"."a") AS "n", SUM("t"."a") OVER (PARTITION BY "t"."k" ORDER BY "t"."a" rows BETWEEN 1 preceding AND CURRENT ROW) AS "s" FROM "trusted.t" AS "t";

select t.a, l.top from trusted.t left join lateral (select max(c) as top from trusted.u where u.a = t.a) l on true;
SELECT "t"."a" AS "a", "l"."top" AS "top" FROM "trusted.t" AS "t" LEFT JOIN LATERAL (SELECT MAX("u"."c") AS "top" FROM "trusted.u" AS "u" WHERE "u"."a" = "t"."a") AS "l" ON TRUE;

select n from generate_series(1, 3) s(n);
SELECT "s"."n" AS "n" FROM GENERATE_SERIES(1, 3) AS "s"("n");

select id from (values (1, 2)) v(id, other);
SELECT "v"."id" AS "id" FROM (VALUES (1, 2)) AS "v"("id", "other");

select a from trusted.t semi join trusted.u using (a);
SELECT "t"."a" AS "a" FROM "trusted.t" AS "t" SEMI JOIN "trusted.u" AS "u" ON "t"."a" = "u"."a";

select distinct on (k) k, b from trusted.t order by k, b;
SELECT DISTINCT ON ("k") "t"."k" AS "k", "t"."b" AS "b" FROM "trusted.t" AS "t" ORDER BY "k", "b";

select a, b from trusted.t qualify row_number() over (partition by a order by b) = 1;
SELECT "t"."a" AS "a", "t"."b" AS "b" FROM "trusted.t" AS "t" QUALIFY ROW_NUMBER() OVER (PARTITION BY "t"."a" ORDER BY "t"."b") = 1;

select to_local(at, 'UTC') as wall from trusted.t;
SELECT TO_LOCAL("t"."at", 'UTC') AS "wall" FROM "trusted.t" AS "t";

select to_utc(at, 'Europe/Belgrade') as instant from trusted.t;
SELECT TO_UTC("t"."at", 'Europe/Belgrade') AS "instant" FROM "trusted.t" AS "t";

(select a from trusted.t);
SELECT "t"."a" AS "a" FROM "trusted.t" AS "t";

select list_sum(list_transform([a], x -> x + b)) as l from trusted.t;
SELECT LIST_SUM(LIST_TRANSFORM(["t"."a"], LAMBDA "x" : "x" + "t"."b")) AS "l" FROM "trusted.t" AS "t";
