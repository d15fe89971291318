"""Texts of the portable subset as Spark SQL."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.generator import Generator

from backbone.engines.spark.casts import Print, as_long, as_text
from backbone.engines.spark.letters import lower, upper
from backbone.sql.portable.patterns import java_pattern, java_replacement

__all__ = ["NAMED_TEXTS", "TEXTS"]

_BLANKS = "".join(
    map(chr, (0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000))
)
_SIDES = {"LEADING": "LEADING", "TRAILING": "TRAILING"}
_ESCAPES = "!#~^|§¤"


def _quoted(self: Generator, text: str) -> str:
    return self.sql(exp.Literal.string(text))


def _call(name: str, *keys: str) -> Print:
    def print_(self: Generator, node: exp.Expr) -> str:
        return f"{name}({', '.join(self.sql(node, key) for key in keys)})"

    return print_


def _long(name: str, *keys: str) -> Print:
    inner = _call(name, *keys)
    return lambda self, node: f"CAST({inner(self, node)} AS BIGINT)"


def _joined(self: Generator, node: exp.Expr) -> str:
    return f"{as_text(self, node.this)} || {as_text(self, node.expression)}"


def _concatenated(self: Generator, node: exp.Expr) -> str:
    parts = ", ".join(as_text(self, each) for each in node.expressions)
    return (
        f"CONCAT_WS({parts})"
        if isinstance(node, exp.ConcatWs)
        else f"CONCAT_WS('', {parts})"
    )


def _trimmed(self: Generator, node: exp.Expr) -> str:
    given = node.args.get("expression")
    characters = self.sql(given) if given is not None else _quoted(self, _BLANKS)
    side = _SIDES.get(str(node.args.get("position") or "").upper(), "BOTH")
    return f"TRIM({side} {characters} FROM {self.sql(node, 'this')})"


def _number(node: exp.Expr | None) -> int | None:
    """Return the value of a whole constant, or None."""
    if node is None:
        return None
    plain = node.unnest()
    sign, plain = (-1, plain.this) if isinstance(plain, exp.Neg) else (1, plain)
    if isinstance(plain, exp.Literal) and plain.name.isdigit():
        return sign * int(plain.name)
    return None


def _part(self: Generator, node: exp.Expr) -> str:
    text, start, length = (
        self.sql(node, "this"),
        node.args["start"],
        node.args.get("length"),
    )
    begin, count = _number(start), _number(length)
    if begin and (length is None or (count is not None and count >= 0)):
        rest = "" if count is None else f", {count}"
        return f"SUBSTRING({text}, {begin}{rest})"
    first = as_long(self, start)
    before = f"CASE WHEN {first} = 0 THEN -1 ELSE LENGTH({text}) + {first} END"
    ahead = f"IF({first} > 0, {first} - 1, {before})"
    behind = (
        f"({ahead} + {as_long(self, length)})"
        if length is not None
        else f"LENGTH({text})"
    )
    low = f"IF({behind} < {ahead}, {behind}, {ahead})"
    high = f"IF({behind} < {ahead}, {ahead}, {behind})" if length is not None else behind
    low, high = f"IF({low} < 0, 0, {low})", f"IF({high} < 0, 0, {high})"
    return f"SUBSTRING({text}, CAST({low} + 1 AS INT), CAST({high} - {low} AS INT))"


def _left(self: Generator, node: exp.Expr) -> str:
    text, count = self.sql(node, "this"), as_long(self, node.expression)
    given = _number(node.expression)
    if given is not None and given >= 0:
        return f"LEFT({text}, {given})"
    kept = f"IF({count} < 0, GREATEST(LENGTH({text}) + {count}, 0), {count})"
    return f"SUBSTRING({text}, 1, CAST({kept} AS INT))"


def _right(self: Generator, node: exp.Expr) -> str:
    text, count = self.sql(node, "this"), as_long(self, node.expression)
    given = _number(node.expression)
    if given is not None and given >= 0:
        return f"RIGHT({text}, {given})"
    kept = f"CASE WHEN {count} > LENGTH({text}) THEN 0 ELSE LENGTH({text}) - {count} END"
    cut = f"IF({count} < 0, - {count}, {kept})"
    return f"SUBSTRING({text}, CAST({cut} + 1 AS INT))"


def _padded(self: Generator, node: exp.Expr) -> str:
    name = "LPAD" if node.args.get("is_left") else "RPAD"
    width = f"CAST({as_long(self, node.expression)} AS INT)"
    return f"{name}({self.sql(node, 'this')}, {width}, {self.sql(node, 'fill_pattern')})"


def _repeated(self: Generator, node: exp.Expr) -> str:
    times = f"CAST({as_long(self, node.args['times'])} AS INT)"
    return f"REPEAT({self.sql(node, 'this')}, {times})"


def _split(self: Generator, node: exp.Expr) -> str:
    place = f"CAST({as_long(self, node.args['part_index'])} AS INT)"
    return f"SPLIT_PART({self.sql(node, 'this')}, {self.sql(node, 'delimiter')}, {place})"


def _character(self: Generator, node: exp.Expr) -> str:
    code = _number(node.expressions[0])
    return _quoted(self, chr(code)) if code else self.func("CHR", *node.expressions)


def _like(self: Generator, node: exp.Expr) -> str:
    """Without an escape: Spark's own would be the backslash."""
    pattern = node.expression
    text, written = self.sql(node, "this"), self.sql(pattern)
    if isinstance(node, exp.ILike):
        text, written = lower(self, text), lower(self, written)
    told = pattern.this if isinstance(pattern, exp.Literal) else ""
    escape = next(each for each in _ESCAPES if each not in told)
    negated = "NOT " if node.args.get("negate") else ""
    return f"{text} {negated}LIKE {written} ESCAPE '{escape}'"


def _escaped(self: Generator, node: exp.Expr) -> str:
    inner = node.this
    negated = "NOT " if inner.args.get("negate") else ""
    text, written = self.sql(inner, "this"), self.sql(inner, "expression")
    return f"{text} {negated}LIKE {written} ESCAPE {self.sql(node, 'expression')}"


def _flags(node: exp.Expr) -> str:
    given = (
        node.args.get("flag") or node.args.get("modifiers") or node.args.get("parameters")
    )
    return str(given.name) if given is not None else ""


def _pattern(node: exp.Expr) -> str | None:
    """Return the pattern for Java; None if it is no constant of the subset."""
    given = node.expression
    if not isinstance(given, exp.Literal):
        return None
    try:
        return java_pattern(given.this, flags=_flags(node))
    except ValueError:
        return None


def _matches(self: Generator, node: exp.Expr) -> str:
    pattern = _pattern(node)
    told = _quoted(self, pattern) if pattern is not None else self.sql(node, "expression")
    return f"{self.sql(node, 'this')} RLIKE {told}"


def _matches_fully(self: Generator, node: exp.Expr) -> str:
    text, pattern = self.sql(node, "this"), _pattern(node)
    if pattern is None:
        given = node.expression
        if isinstance(given, exp.Literal):
            whole = _quoted(self, f"\\A(?:{given.this})\\z")
            return f"{text} RLIKE {whole}"
        return f"{text} RLIKE concat('\\\\A(?:', {self.sql(given)}, ')\\\\z')"
    whole = _quoted(self, f"\\A(?:{pattern})\\z")
    return f"{text} RLIKE {whole}"


def _extracted(self: Generator, node: exp.Expr) -> str:
    group = node.args.get("group")
    told = _quoted(self, _pattern(node) or node.expression.name)
    return f"REGEXP_EXTRACT({self.sql(node, 'this')}, {told}, {_number(group) or 0})"


def _replaced(self: Generator, node: exp.Expr) -> str:
    pattern, text = _pattern(node) or node.expression.name, node.args["replacement"].name
    if "g" in _flags(node):
        put = _quoted(self, java_replacement(text))
        return (
            f"REGEXP_REPLACE({self.sql(node, 'this')}, {_quoted(self, pattern)}, {put})"
        )
    # the first match, the second group; what comes before it is kept, as the first
    first = _quoted(self, f"\\A([\\s\\S]*?)({pattern})")
    put = _quoted(self, "$1" + java_replacement(text, shift=2, after_group=True))
    return f"REGEXP_REPLACE({self.sql(node, 'this')}, {first}, {put})"


TEXTS: dict[type[exp.Expr], Print] = {
    exp.Ascii: _long("ASCII", "this"),
    exp.Chr: _character,
    exp.Concat: _concatenated,
    exp.ConcatWs: _concatenated,
    exp.Contains: _call("CONTAINS", "this", "expression"),
    exp.DPipe: _joined,
    exp.EndsWith: _call("ENDSWITH", "this", "expression"),
    exp.Escape: _escaped,
    exp.ILike: _like,
    exp.Left: _left,
    exp.Length: _long("LENGTH", "this"),
    exp.Like: _like,
    exp.Lower: lambda self, node: lower(self, self.sql(node, "this")),
    exp.MD5: _call("MD5", "this"),
    exp.Pad: _padded,
    exp.RegexpExtract: _extracted,
    exp.RegexpFullMatch: _matches_fully,
    exp.RegexpLike: _matches,
    exp.RegexpReplace: _replaced,
    exp.Repeat: _repeated,
    exp.Replace: _call("REPLACE", "this", "expression", "replacement"),
    exp.Reverse: _call("bb_reverse", "this"),
    exp.Right: _right,
    exp.SHA2: lambda self, node: f"SHA2({self.sql(node, 'this')}, 256)",
    exp.SplitPart: _split,
    exp.StartsWith: _call("STARTSWITH", "this", "expression"),
    exp.StrPosition: _long("INSTR", "this", "substr"),
    exp.Substring: _part,
    exp.Translate: _call("TRANSLATE", "this", "from_", "to"),
    exp.Trim: _trimmed,
    exp.Upper: lambda self, node: upper(self, self.sql(node, "this")),
}

NAMED_TEXTS: dict[str, Print] = {
    "strip_accents": lambda self, node: self.func("bb_strip_accents", *node.expressions),
    "strlen": lambda self, node: (
        f"CAST({self.func('OCTET_LENGTH', *node.expressions)} AS BIGINT)"
    ),
}
