"""The portable subset: texts."""

from __future__ import annotations

from sqlglot import exp

from backbone.sql.portable.checks import all_of, arity, constant, without
from backbone.sql.portable.patterns import check_pattern
from backbone.sql.portable.rows import Refusal, Row, row

__all__ = ["TEXTS"]

_PLAIN = "Write `regexp_replace(s, 'pattern', 'text', 'g')`."
_ESCAPED = constant("expression", what="an escape", instead="Write `escape '#'`.")
_PATTERN = constant(
    "expression", what="a pattern", instead="Write the pattern in quotes."
)


def _one_text(node: exp.Expr) -> Refusal | None:
    if len(node.expressions) > 1:
        return Refusal("makes one character", "Write `chr(65)`.")
    return None


TEXTS: tuple[Row, ...] = (
    row(
        "a || b",
        exp.DPipe,
        "string",
        ("'a' || 'b'", "'ab'"),
        ("'a' || 1", "'a1'"),
        note="null if one of them is",
    ),
    row(
        "concat(a, b, …)",
        exp.Concat,
        "string",
        ("concat('a', null, 'b')", "'ab'"),
        ("concat('a', 1, true)", "'a1true'"),
        note="nulls are left out",
    ),
    row(
        "concat_ws(between, a, …)",
        exp.ConcatWs,
        "string",
        ("concat_ws('-', 'a', null, 'b')", "'a-b'"),
        note="nulls are left out",
    ),
    row(
        "lower(s)",
        exp.Lower,
        "string",
        ("lower('ÄBC')", "'äbc'"),
        ("lower('ΟΔΟΣ')", "'οδοσ'"),
        also="lcase",
        note="character by character",
    ),
    row(
        "upper(s)",
        exp.Upper,
        "string",
        ("upper('äbc')", "'ÄBC'"),
        ("upper('straße')", "'STRAẞE'"),
        also="ucase",
        note="character by character",
    ),
    row(
        "trim(s [, characters])",
        exp.Trim,
        "string",
        ("trim('  a b ')", "'a b'"),
        ("ltrim('xxaxx', 'x')", "'axx'"),
        ("rtrim('xyaxy', 'xy')", "'xya'"),
        also="ltrim rtrim",
        note="blanks of every kind, not tabs and line ends",
        check=without("collation", instead="Write `trim(s)`."),
    ),
    row(
        "length(s)",
        exp.Length,
        "integer",
        ("length('čaj')", "3"),
        ("length('👩‍🚀')", "3"),
        also="len char_length character_length",
        note="characters (code points)",
    ),
    row(
        "strlen(s)",
        "strlen",
        "integer",
        ("strlen('čaj')", "4"),
        note="bytes of UTF-8",
        check=arity(1, 1, "strlen(s)"),
    ),
    row(
        "substr(s, from [, count])",
        exp.Substring,
        "string",
        ("substr('hello', 2, 3)", "'ell'"),
        ("substr('hello', 4)", "'lo'"),
        ("substr('hello', -3, 2)", "'ll'"),
        ("substr('hello', 0, 2)", "'h'"),
        ("substr('hello', 9)", "''"),
        ("substr('hello', 3, -2)", "'he'"),
        also="substring",
        note="from 1 on, from the end if negative; a negative count is what lies before",
    ),
    row(
        "left(s, n)",
        exp.Left,
        "string",
        ("left('hello', 2)", "'he'"),
        ("left('hello', -2)", "'hel'"),
        note="a negative `n`: all but the last",
    ),
    row(
        "right(s, n)",
        exp.Right,
        "string",
        ("right('hello', 2)", "'lo'"),
        ("right('hello', -2)", "'llo'"),
        note="a negative `n`: all but the first",
    ),
    row(
        "replace(s, old, new)",
        exp.Replace,
        "string",
        ("replace('banana', 'an', 'o')", "'booa'"),
        ("replace('a', '', 'b')", "'a'"),
    ),
    row(
        "lpad(s, n, with)",
        exp.Pad,
        "string",
        ("lpad('7', 3, '0')", "'007'"),
        ("rpad('ab', 4, 'xy')", "'abxy'"),
        ("lpad('12345', 3, '0')", "'123'"),
        also="rpad",
    ),
    row(
        "repeat(s, n)",
        exp.Repeat,
        "string",
        ("repeat('ab', 2)", "'abab'"),
        ("repeat('ab', -1)", "''"),
    ),
    row(
        "reverse(s)",
        exp.Reverse,
        "string",
        ("reverse('abc')", "'cba'"),
        note="accents stay with their letters",
    ),
    row(
        "translate(s, from, to)",
        exp.Translate,
        "string",
        ("translate('abcab', 'ab', 'x')", "'xcx'"),
    ),
    row(
        "starts_with(s, t)",
        exp.StartsWith,
        "boolean",
        ("starts_with('abc', 'ab')", "true"),
    ),
    row("ends_with(s, t)", exp.EndsWith, "boolean", ("ends_with('abc', 'bc')", "true")),
    row(
        "contains(s, t)",
        exp.Contains,
        "boolean",
        ("contains('abc', 'b')", "true"),
        ("contains('abc', '')", "true"),
    ),
    row(
        "strpos(s, t)",
        exp.StrPosition,
        "integer",
        ("strpos('hello', 'l')", "3"),
        ("instr('hello', 'z')", "0"),
        ("position('lo' in 'hello')", "4"),
        also="instr position",
        note="the first place, from 1; 0 if there is none",
        check=without("position", "occurrence", instead="Write `strpos(s, t)`."),
    ),
    row(
        "split_part(s, between, n)",
        exp.SplitPart,
        "string",
        ("split_part('a-b-c', '-', 2)", "'b'"),
        ("split_part('a-b-c', '-', -1)", "'c'"),
        ("split_part('a-b', '-', 9)", "''"),
        note="from 1 on, from the end if negative",
    ),
    row(
        "ascii(s)",
        exp.Ascii,
        "integer",
        ("ascii('A')", "65"),
        note="of the first character",
    ),
    row("chr(n)", exp.Chr, "string", ("chr(65)", "'A'"), check=_one_text),
    row("md5(s)", exp.MD5, "string", ("md5('a')", "'0cc175b9c0f1b6a831c399e269772661'")),
    row("sha256(s)", exp.SHA2, "string", ("left(sha256('a'), 16)", "'ca978112ca1bbdca'")),
    row(
        "s like pattern [escape e]",
        (exp.Like, exp.Escape),
        "boolean",
        ("'abc' like 'a%'", "true"),
        ("'a\\bc' like 'a\\b_'", "true"),
        ("'a%c' like 'a#%c' escape '#'", "true"),
        ("'abc' not like '_b'", "true"),
        note="no escape unless one is told",
        check=_ESCAPED,
    ),
    row("s ilike pattern", exp.ILike, "boolean", ("'ABC' ilike 'a%'", "true")),
    row(
        "regexp_matches(s, pattern [, 'i'])",
        exp.RegexpLike,
        "boolean",
        ("regexp_matches('hello world', 'o w')", "true"),
        ("regexp_matches('HELLO', '^he', 'i')", "true"),
        ("regexp_matches(e'a\\n', 'a$')", "false"),
        note="anywhere in `s`; see [patterns](#patterns)",
        check=all_of(_PATTERN, check_pattern),
    ),
    row(
        "regexp_full_match(s, pattern [, 'i'])",
        exp.RegexpFullMatch,
        "boolean",
        ("regexp_full_match('ab12', '[a-z]+\\d+')", "true"),
        ("regexp_full_match('ab12!', '\\w+')", "false"),
        note="all of `s`",
        check=all_of(_PATTERN, check_pattern),
    ),
    row(
        "regexp_extract(s, pattern [, group])",
        exp.RegexpExtract,
        "string",
        ("regexp_extract('no 42, no 7', '\\d+')", "'42'"),
        ("regexp_extract('a=1', '(\\w)=(\\d)', 2)", "'1'"),
        ("regexp_extract('a', '\\d')", "''"),
        note="an empty text if nothing matches",
        check=all_of(
            _PATTERN,
            check_pattern,
            constant("group", what="a group", instead="Write the number of the group."),
        ),
    ),
    row(
        "regexp_replace(s, pattern, new [, 'g'])",
        exp.RegexpReplace,
        "string",
        ("regexp_replace('banana', 'a.', '-')", "'b-ana'"),
        ("regexp_replace('banana', 'a', '-', 'g')", "'b-n-n-'"),
        ("regexp_replace('2013-02', '(\\d+)-(\\d+)', '\\2/\\1')", "'02/2013'"),
        note="the first match; all of them with 'g'; `\\1` is a group",
        check=all_of(
            _PATTERN,
            check_pattern,
            constant("replacement", what="a text", instead=_PLAIN),
        ),
    ),
    row(
        "levenshtein(a, b)",
        exp.Levenshtein,
        "integer",
        ("levenshtein('kitten', 'sitting')", "3"),
        note="in bytes of UTF-8",
        check=without(
            "ins_cost",
            "del_cost",
            "sub_cost",
            "max_dist",
            instead="Write `levenshtein(a, b)`.",
        ),
    ),
    row(
        "jaro_winkler_similarity(a, b)",
        exp.JarowinklerSimilarity,
        "double",
        ("round(jaro_winkler_similarity('martha', 'marhta'), 4)", "0.9611"),
    ),
    row(
        "strip_accents(s)",
        "strip_accents",
        "string",
        ("strip_accents('Šabac')", "'Sabac'"),
        check=arity(1, 1, "strip_accents(s)"),
    ),
    row(
        "nfc_normalize(s)",
        "nfc_normalize",
        "string",
        ("length(nfc_normalize('e' || chr(769)))", "1"),
        check=arity(1, 1, "nfc_normalize(s)"),
    ),
)
