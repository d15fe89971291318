"""What kind of thing a cell looks like, before any column is known."""

# ruff: noqa: RUF001 - letters and signs of people's files

from __future__ import annotations

import re

__all__ = ["MONEY", "NULLS", "UNITS", "Kind", "kind_of", "unit_in"]

Kind = str
"""``""`` missing, ``n`` a number, ``t`` a date or time, ``b`` a boolean, ``s`` a text."""

NULLS = frozenset(
    [
        "na",
        "n/a",
        "n.a.",
        "#n/a",
        "#na",
        "nan",
        "null",
        "none",
        "nil",
        "\\n",
        "-",
        "--",
        "---",
        "–",
        "—",
        ".",
        "..",
        "...",
        "?",
        "??",
        "#null!",
        "#value!",
        "#div/0!",
        "#ref!",
        "<na>",
        "<null>",
        "(null)",
        "(blank)",
        "missing",
        "n/d",
        "n.d.",
        "nd",
        "n/v",
        "k.a.",
        "s/d",
        "-nan",
        "1.#qnan",
        "-1.#ind",
        "1.#ind",
        "unbekannt",
        "desconocido",
    ]
)
"""Texts that often mean a missing value, in lower case."""

_NUMBER = re.compile(
    r"[+-]?(?:[$€£¥]\s?)?[+-]?(?:\d{1,3}(?:[ ,.'\u00a0\u202f’]\d{3})+|\d+)?"
    r"(?:[.,]\d+|[.,])?"
    r"(?:[eE][+-]?\d+)?\s?(?:%|[$€£¥]|[A-Za-zµ°]{1,3}[²³23]?)?"
)
_TIME = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ,]+\d{1,2}:\d{2}.*)?"
    r"|\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s?[AaPp]\.?[Mm]\.?)?"
    r"|\d{1,2}[- ](?:\w{3,9})\.?[- ,]+\d{2,4}.*|\w{3,9}\.? \d{1,2},? \d{4}.*"
    r"|\d{4}-\d{2}(?:-\d{2}T.*)?"
)
_BOOLEANS = frozenset(
    [
        "true",
        "false",
        "yes",
        "no",
        "y",
        "n",
        "t",
        "f",
        "ja",
        "nein",
        "si",
        "sí",
        "oui",
        "non",
        "da",
        "ne",
        "on",
        "off",
    ]
)

UNITS: dict[str, str] = {
    "°c": "degC", "degc": "degC", "deg c": "degC", "celsius": "degC", "c": "degC",
    "℃": "degC", "ºc": "degC", "°f": "degF", "degf": "degF", "fahrenheit": "degF",
    "k": "K", "kelvin": "K", "kw": "kW", "w": "W", "mw": "MW", "gw": "GW", "kwh": "kWh",
    "wh": "Wh", "mwh": "MWh", "gwh": "GWh", "gj": "GJ", "mj": "MJ", "kj": "kJ", "j": "J",
    "v": "V", "kv": "kV", "mv": "mV", "a": "A", "ma": "mA", "kva": "kVA", "kvar": "kvar",
    "hz": "Hz", "khz": "kHz", "mhz": "MHz", "ghz": "GHz", "pa": "Pa", "hpa": "hPa",
    "kpa": "kPa", "mpa": "MPa", "bar": "bar", "mbar": "mbar", "psi": "psi", "atm": "atm",
    "m": "m", "km": "km", "cm": "cm", "mm": "mm", "µm": "um", "um": "um", "nm": "nm",
    "ft": "ft", "in": "in", "mi": "mi", "m2": "m2", "m²": "m2", "km2": "km2",
    "km²": "km2", "ha": "ha", "m3": "m3", "m³": "m3", "l": "L", "ml": "mL", "hl": "hL",
    "l/s": "L/s", "l/h": "L/h", "m3/h": "m3/h", "m³/h": "m3/h", "m3/s": "m3/s",
    "m³/s": "m3/s", "kg": "kg", "g": "g", "mg": "mg", "µg": "ug", "ug": "ug", "t": "t",
    "lb": "lb", "lbs": "lb", "oz": "oz", "oz.": "oz", "ounce": "oz", "ounces": "oz",
    "µg/m3": "ug/m3", "µg/m³": "ug/m3", "ug/m3": "ug/m3", "mg/l": "mg/L", "ppm": "ppm",
    "ppb": "ppb", "%": "%", "percent": "%", "s": "s", "sec": "s", "seconds": "s",
    "ms": "ms", "min": "min", "minutes": "min", "h": "h", "hr": "h", "hours": "h",
    "hrs": "h", "d": "d", "days": "d", "m/s": "m/s", "km/h": "km/h", "kmh": "km/h",
    "mph": "mph", "kn": "kn", "knots": "kn", "rpm": "rpm", "1/min": "1/min",
    "w/m2": "W/m2", "w/m²": "W/m2", "lux": "lx", "lx": "lx", "db": "dB", "°": "deg",
    "deg": "deg", "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "$": "USD",
    "usd": "USD", "us$": "USD", "£": "GBP", "gbp": "GBP", "¥": "JPY", "chf": "CHF",
    "rsd": "RSD", "pln": "PLN", "kb": "kB", "mb": "MB", "gb": "GB", "bytes": "B",
    "€/m2": "EUR/m2", "€/m²": "EUR/m2", "eur/m2": "EUR/m2", "eur/mwh": "EUR/MWh",
    "€/mwh": "EUR/MWh", "v/v": "v/v", "pcs": "1", "n": "N", "nm3": "Nm3",
    "kn/m2": "kN/m2",
}  # fmt: skip
"""Units as people write them, in lower case, and as they are declared."""

_BRACKETS = re.compile(r"^(.*?)\s*[\[(<{]\s*([^\[\](){}]{1,16}?)\s*[\])>}]\s*$")
MONEY = frozenset({"EUR", "USD", "GBP", "JPY", "CHF", "RSD", "PLN"})
"""Units that may stand before a number."""

_SIGN = re.compile(r"^(.*[^\s,;])[\s,;]+([€$£¥%°])$")
_BEHIND = re.compile(r"^(.*?)(?:\s*[,;/]\s*|\s+in\s+)([^\s,;]{1,8})$")


def kind_of(cell: str) -> Kind:
    """Return what kind of thing a cell looks like.

    >>> kind_of("12,5 kW"), kind_of("2013-01-31"), kind_of("n/a"), kind_of("Niš")
    ('n', 't', '', 's')
    """
    text = cell.strip()
    if not text or text.lower() in NULLS:
        return ""
    first = text[0]
    if (first.isdigit() or first in "+-.,$€£¥") and any(map(str.isdigit, text[:12])):
        if _TIME.fullmatch(text):
            return "t"
        if _NUMBER.fullmatch(text):
            return "n"
    if len(text) > 3 and first.isalpha() and _TIME.fullmatch(text):  # noqa: PLR2004
        return "t"
    return "b" if text.lower() in _BOOLEANS else "s"


def unit_in(name: str) -> tuple[str, str | None]:
    """Return a name without its unit, and the unit as it is declared.

    >>> unit_in("temp [°C]"), unit_in("power (kW)"), unit_in("Energy, MWh")
    (('temp', 'degC'), ('power', 'kW'), ('Energy', 'MWh'))
    >>> unit_in("persons (per home)")
    ('persons (per home)', None)
    """
    found = _BRACKETS.match(name)
    if found and found[1]:
        known = UNITS.get(found[2].casefold())
        if known or name.rstrip().endswith("]"):
            return found[1], known or found[2]
    found = _SIGN.match(name.strip())
    if found:
        return found[1], UNITS[found[2]]
    found = _BEHIND.match(name)
    if found and found[1] and found[2].casefold() in UNITS and len(found[2]) > 1:
        return found[1], UNITS[found[2].casefold()]
    return name, None
