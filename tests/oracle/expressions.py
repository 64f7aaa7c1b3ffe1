"""Typed random expressions in two spellings: the dialect's and DuckDB's.

An operation knows the kinds of its arguments, how each engine spells it (where meanings differ, DuckDB's spelling spells out
the dialect's meaning), and how large its result can be, so that nothing overflows: an overflow is a rejected record here
and a failed query there, and nothing to compare.
"""
from dataclasses import dataclass, field, replace

from tables import Column

LARGEST_INTEGER = 2.0**62
LARGEST_FLOAT = 1e60
LARGEST_DECIMAL = 1e12
MOST_SCALE = 10
NUMBERS = ("INTEGER", "FLOAT", "DECIMAL")
KINDS = NUMBERS + ("STRING", "BOOLEAN", "DATE", "TIMESTAMP")


class Unfit(Exception):
    """The arguments do not fit the operation; another choice is made."""


@dataclass(frozen=True)
class Value:
    """What is known of an expression's values."""

    kind: str
    size: float = 0  # Numbers: no larger than this; texts: no longer.
    scale: int = 0
    inexact: bool = False  # A FLOAT that has been rounded: sums over it depend on the order of rows.
    fuzzy: bool = False  # The last digits may differ: never compared, cut or grouped by.
    free_scale: bool = False  # A DECIMAL whose declared scale is the engine's own business.


@dataclass(frozen=True)
class Expression:
    value: Value
    velo: str
    duck: str
    operation: object = None
    arguments: tuple = field(default=())
    aggregate: bool = False  # Holds an aggregate.
    columns: frozenset = frozenset()

    @property
    def kind(self):
        return self.value.kind


@dataclass(frozen=True)
class Operation:
    """`arguments` are kinds ("NUMBER" is any number, "SAME" the kind of the first); `value` gets the arguments' values and
    gives the result's; `velo` and `duck` are texts with {0}, {1} ... or functions of the texts."""

    kind: str
    arguments: tuple
    velo: object
    duck: object = None
    value: object = None
    exact: bool = True  # Takes no fuzzy argument.
    weight: int = 2
    aggregate: bool = False

    def make(self, *arguments):
        if self.exact and any(a.value.fuzzy for a in arguments):
            raise Unfit
        if self.aggregate and any(a.aggregate for a in arguments):
            raise Unfit
        values = [a.value for a in arguments]
        value = self.value(*values) if self.value else Value(self.kind)
        if any(v.fuzzy for v in values) and value.kind in ("FLOAT", "DECIMAL"):
            value = replace(value, fuzzy=True)
        check(value)
        velo = self.spell(self.velo, [a.velo for a in arguments], values)
        duck = self.spell(self.duck or self.velo, [a.duck for a in arguments], values)
        if value.kind == "DECIMAL":
            duck = f"CAST({duck} AS {decimal_type(value)})"
        return Expression(value, velo, duck, self, tuple(arguments), self.aggregate or any(a.aggregate for a in arguments),
                          frozenset().union(*(a.columns for a in arguments)))

    @staticmethod
    def spell(form, texts, values):
        return form.format(*texts) if isinstance(form, str) else form(texts, values)


def check(value):
    limit = {"INTEGER": LARGEST_INTEGER, "FLOAT": LARGEST_FLOAT, "DECIMAL": LARGEST_DECIMAL, "STRING": 400}.get(value.kind)
    if limit is not None and not value.size <= limit or value.scale > MOST_SCALE:
        raise Unfit


def decimal_type(value):
    digits = len(str(int(value.size))) + 1 + value.scale
    return f"DECIMAL({min(38, digits)},{value.scale})"


# ---- leaves


def column_expression(column: Column, qualifier=""):
    value = Value(column.kind, column.size or 40, column.scale, column.inexact)
    # Columns with extreme values may be larger than any operation allows; they are still compared and grouped by.
    return Expression(value, qualifier + column.name, qualifier + column.name, columns=frozenset([qualifier + column.name]))


def text_literal(text):
    quoted = "'" + text.replace("'", "''") + "'"
    return Expression(Value("STRING", len(text)), quoted, quoted)


def integer_literal(n):
    text = str(n) if n >= 0 else f"({n})"
    return Expression(Value("INTEGER", abs(n)), text, f"CAST({n} AS BIGINT)")


def literal(random_, kind):
    if kind == "INTEGER":
        return integer_literal(random_.choice([0, 1, -1, 2, 3, 7, 10, -5, 100]))
    if kind == "FLOAT":
        x = random_.choice([0.0, 0.5, 1.0, -2.25, 12.5, 3.0])
        return Expression(Value("FLOAT", abs(x)), f"{x}e0" if x >= 0 else f"({x}e0)", f"CAST({x} AS DOUBLE)")
    if kind == "DECIMAL":
        text = random_.choice(["0.00", "1.5", "0.05", "12.50", "-3.125", "100.0", "0.1"])
        value = Value("DECIMAL", abs(float(text)), len(text.split(".")[1]))
        return Expression(value, text if text[0] != "-" else f"({text})", f"CAST('{text}' AS {decimal_type(value)})")
    if kind == "STRING":
        return text_literal(random_.choice(["", "a", "alpha", "Beta", "red", "%", " ", "Zoë", "it's", "z"]))
    if kind == "BOOLEAN":
        text = random_.choice(["TRUE", "FALSE"])
        return Expression(Value("BOOLEAN"), text, text)
    if kind == "DATE":
        text = f"DATE '{random_.choice(['2024-02-29', '2023-12-31', '2024-03-01', '1999-01-01'])}'"
    else:
        text = f"TIMESTAMP '{random_.choice(['2024-02-29 00:00:00', '2024-03-01 12:34:56.250', '2024-02-28 23:59:59.999'])}'"
    return Expression(Value(kind), text, text)


def null(kind):
    if kind == "DECIMAL":
        return Expression(Value("DECIMAL", 0, 2), "CAST(NULL AS DECIMAL(10,2))", "CAST(NULL AS DECIMAL(10,2))")
    duck = {"INTEGER": "BIGINT", "FLOAT": "DOUBLE", "STRING": "VARCHAR"}.get(kind, kind)
    return Expression(Value(kind), f"CAST(NULL AS {kind})", f"CAST(NULL AS {duck})")


# ---- what results are like


def integer(size):
    return Value("INTEGER", size)


def wider(*values):
    """The common type of numbers: INTEGER -> DECIMAL -> FLOAT; of other kinds the kind itself."""
    kinds = {v.kind for v in values}
    size, scale = max(v.size for v in values), max(v.scale for v in values)
    inexact, fuzzy = any(v.inexact for v in values), any(v.fuzzy for v in values)
    if len(kinds) == 1 and "DECIMAL" not in kinds:
        return Value(values[0].kind, size, 0, inexact, fuzzy)
    if kinds <= {"INTEGER", "DECIMAL"}:
        return Value("DECIMAL", size, scale, free_scale=any(v.free_scale for v in values))
    if kinds <= set(NUMBERS):
        return Value("FLOAT", size, 0, inexact or "DECIMAL" in kinds, fuzzy)
    raise Unfit


def arithmetic(combine, scale_of=max):
    def result(a, b):
        value = wider(a, b)
        if value.kind == "DECIMAL":
            if len(str(int(a.size))) + len(str(int(b.size))) + a.scale + b.scale > 34:
                raise Unfit
            return replace(value, size=combine(a.size, b.size), scale=scale_of(a.scale, b.scale))
        return replace(value, size=combine(a.size, b.size))
    return result


def same_number(a, *_):
    return a


def quotient_value(a, b):
    """The result of `/`: FLOAT for whole numbers, DECIMAL with max + 4 digits, at least 6, for exact ones."""
    if "DECIMAL" in (a.kind, b.kind) and "FLOAT" not in (a.kind, b.kind):
        scale = min(max(max(a.scale, b.scale) + 4, 6), 18)
        # DuckDB's spelling calculates in 128 bits.
        if a.free_scale or b.free_scale or a.size * 10 ** (scale + b.scale) > 1e36:
            raise Unfit
        return Value("DECIMAL", a.size * 10 ** b.scale, scale)
    if a.size > 1e15 or b.size > 1e15:
        raise Unfit
    return Value("FLOAT", 1e30, inexact=True)


# Half away from zero, NULL by zero; on whole numbers (a decimal without its point), {k} digits more than they have.
QUOTIENT_MACROS = [
    "CREATE MACRO whole_quotient(a, b) AS sign(a) * sign(b) * ((2 * abs(a) + abs(b)) // (2 * abs(b)))",
    "CREATE MACRO digits_of(x) AS CAST(replace(CAST(x AS VARCHAR), '.', '') AS HUGEINT)",
    "CREATE MACRO decimal_quotient(a, b, power) AS CAST(whole_quotient(digits_of(a) * power, NULLIF(digits_of(b), 0)) AS HUGEINT)",
]


def exact_quotient(a, b, scale_a, scale_b, result):
    power = f"CAST('1{'0' * (result.scale - scale_a + scale_b)}' AS HUGEINT)"
    unit = f"CAST('0.{'0' * (result.scale - 1)}1' AS DECIMAL({result.scale},{result.scale}))"
    return f"(CAST(decimal_quotient({a}, {b}, {power}) AS DECIMAL({38 - result.scale},0)) * {unit})"


def quotient(texts, values):
    result = quotient_value(*values)
    if result.kind == "DECIMAL":
        return exact_quotient(texts[0], texts[1], values[0].scale, values[1].scale, result)
    return f"(CAST({texts[0]} AS DOUBLE) / NULLIF(CAST({texts[1]} AS DOUBLE), 0))"


def mixed(texts, values):
    """Operands cast to the type the dialect gives them, for engines that would widen in another way."""
    if any(v.kind == "FLOAT" for v in values) and any(v.kind != "FLOAT" for v in values):
        return [t if v.kind == "FLOAT" else f"CAST({t} AS DOUBLE)" for t, v in zip(texts, values)]
    return [f"CAST({t} AS {decimal_type(v)})" if v.kind == "INTEGER" and any(w.kind == "DECIMAL" for w in values) else t
            for t, v in zip(texts, values)]


def infix(sign, zero_is_null=False):
    def spell(texts, values):
        a, b = mixed(texts, values)
        return f"({a} {sign} NULLIF({b}, 0))" if zero_is_null else f"({a} {sign} {b})"
    return spell


def remainder(a, b):
    value = wider(a, b)
    if value.kind == "FLOAT" or max(a.size, b.size) > 1e9 or value.free_scale:
        raise Unfit
    return replace(value, size=b.size if b.size else a.size)


def small(limit):
    def checked(value):
        def result(*values):
            if any(v.size > limit for v in values if v.kind in NUMBERS):
                raise Unfit
            return value
        return result
    return checked


def comparable(a, b, *rest):
    """Numbers of other kinds compare exactly here and as doubles there: equal as long as both fit 53 bits."""
    if len({v.kind for v in (a, b, *rest)}) > 1 and max(v.size for v in (a, b, *rest)) >= 2**53:
        raise Unfit
    return Value("BOOLEAN")


def comparison(sign):
    return lambda texts, values: "({} {} {})".format(*mixed(texts, values)[:1], sign, *mixed(texts, values)[1:])


def texts_joined(*values):
    return Value("STRING", sum(v.size if v.kind == "STRING" else 40 for v in values))


def of_text(factor=1, extra=0):
    return lambda a, *_: Value("STRING", a.size * factor + extra)


def truncated(text):
    return f"CAST(trunc({text}) AS BIGINT)"


def short_text(value):
    if value.size > 40:
        raise Unfit


# ---- the operations

SAME, NUMBER = "SAME", "NUMBER"
OPERATIONS = [
    # Numbers.
    Operation(NUMBER, (NUMBER, NUMBER), "({0} + {1})", infix("+"), arithmetic(lambda a, b: a + b), exact=False, weight=4),
    Operation(NUMBER, (NUMBER, NUMBER), "({0} - {1})", infix("-"), arithmetic(lambda a, b: a + b), exact=False, weight=4),
    Operation(NUMBER, (NUMBER, NUMBER), "({0} * {1})", infix("*"), arithmetic(lambda a, b: a * b, lambda a, b: a + b), exact=False, weight=4),
    Operation(NUMBER, (NUMBER, NUMBER), "({0} / {1})", quotient, quotient_value, weight=4),
    Operation(NUMBER, (NUMBER, NUMBER), "({0} % {1})", infix("%", zero_is_null=True), remainder),
    Operation(NUMBER, (NUMBER,), "(- {0})", "(- {0})", same_number, exact=False),
    Operation(NUMBER, (NUMBER,), "ABS({0})", "abs({0})", same_number, exact=False),
    Operation("INTEGER", (NUMBER,), "SIGN({0})", "CAST(sign({0}) AS BIGINT)", lambda a: integer(1)),
    Operation("INTEGER", (NUMBER,), "FLOOR({0})", "CAST(floor({0}) AS BIGINT)", lambda a: small(1e15)(integer(a.size + 1))(a)),
    Operation("INTEGER", (NUMBER,), "CEIL({0})", "CAST(ceil({0}) AS BIGINT)", lambda a: small(1e15)(integer(a.size + 1))(a)),
    Operation("INTEGER", (NUMBER,), "CAST({0} AS INTEGER)", lambda t, v: truncated(t[0]), lambda a: small(1e15)(integer(a.size))(a)),
    Operation("INTEGER", ("INTEGER", "INTEGER"), "DIV({0}, {1})", "CAST(floor(CAST({0} AS DOUBLE) / NULLIF({1}, 0)) AS BIGINT)",
              lambda a, b: small(1e9)(integer(a.size))(a, b)),
    Operation("INTEGER", ("INTEGER", "INTEGER"), "MOD({0}, {1})", "({0} % NULLIF({1}, 0))", lambda a, b: integer(b.size)),
    Operation("INTEGER", ("BOOLEAN",), "CAST({0} AS INTEGER)", "CAST({0} AS BIGINT)", lambda a: integer(1)),
    Operation("FLOAT", ("FLOAT",), "ROUND({0})", "round({0})", lambda a: small(1e15)(replace(a, size=a.size + 1))(a)),
    Operation("DECIMAL", ("DECIMAL",), "ROUND({0}, 1)", "round({0}, 1)", lambda a: Value("DECIMAL", a.size + 1, a.scale, free_scale=True)),
    Operation("DECIMAL", ("DECIMAL",), "TRUNC({0}, 1)", "(trunc({0} * 10) / 10)", lambda a: Value("DECIMAL", a.size, a.scale, free_scale=True), weight=1),
    Operation("FLOAT", ("FLOAT",), "TRUNC({0})", "trunc({0})", lambda a: small(1e15)(a)(a)),
    Operation("FLOAT", (NUMBER,), "SQRT(ABS({0}))", "sqrt(abs(CAST({0} AS DOUBLE)))", lambda a: Value("FLOAT", a.size + 1, inexact=True)),
    Operation("FLOAT", ("INTEGER",), "POWER(CAST({0} AS FLOAT), 2)", "pow(CAST({0} AS DOUBLE), 2)", lambda a: small(1e6)(Value("FLOAT", a.size**2 + 1))(a)),
    Operation("FLOAT", (NUMBER,), "EXP({0} / 1000e0)", "exp({0} / 1000::DOUBLE)", lambda a: small(1e4)(Value("FLOAT", 1e6, fuzzy=True))(a), weight=1),
    Operation("FLOAT", ("INTEGER",), "LN(ABS({0}) + 1)", "ln(abs({0}) + 1)", lambda a: small(2**53)(Value("FLOAT", 50, fuzzy=True))(a), weight=1),
    Operation("FLOAT", (NUMBER,), "CAST({0} AS FLOAT)", "CAST({0} AS DOUBLE)",
              lambda a: small(2**53)(Value("FLOAT", a.size, inexact=a.inexact or a.kind == "DECIMAL"))(a)),
    Operation("DECIMAL", ("INTEGER",), "CAST({0} AS DECIMAL(18,2))", "CAST({0} AS DECIMAL(18,2))", lambda a: Value("DECIMAL", a.size, 2)),
    Operation("DECIMAL", ("DECIMAL",), "CAST({0} AS DECIMAL(20,1))", "round({0}, 1)", lambda a: Value("DECIMAL", a.size + 1, 1)),
    # Texts.
    Operation("STRING", ("STRING", "STRING"), "({0} || {1})", None, texts_joined, weight=4),
    Operation("STRING", ("STRING", "STRING", "STRING"), "CONCAT({0}, {1}, {2})", "concat({0}, {1}, {2})", texts_joined),
    Operation("STRING", ("STRING", "STRING"), "CONCAT_WS('-', {0}, {1})", "concat_ws('-', {0}, {1})", texts_joined),
    Operation("STRING", ("STRING",), "UPPER({0})", "upper({0})", of_text()),
    Operation("STRING", ("STRING",), "LOWER({0})", "lower({0})", of_text()),
    Operation("STRING", ("STRING",), "TRIM({0})", "trim({0})", of_text()),
    Operation("STRING", ("STRING",), "LTRIM({0}, 'ab')", "ltrim({0}, 'ab')", of_text(), weight=1),
    Operation("STRING", ("STRING",), "RTRIM({0})", "rtrim({0})", of_text(), weight=1),
    Operation("STRING", ("STRING",), "SUBSTRING({0}, 2, 3)", "substring({0}, 2, 3)", of_text()),
    Operation("STRING", ("STRING",), "SUBSTRING({0} FROM 3)", "substring({0}, 3)", of_text()),
    Operation("STRING", ("STRING",), "LEFT({0}, 2)", "left({0}, 2)", of_text()),
    Operation("STRING", ("STRING",), "RIGHT({0}, 2)", "right({0}, 2)", of_text()),
    Operation("STRING", ("STRING",), "REPLACE({0}, 'a', 'oo')", "replace({0}, 'a', 'oo')", of_text(2)),
    Operation("STRING", ("STRING",), "LPAD({0}, 7, '*')", "lpad({0}, 7, '*')", of_text(1, 7)),
    Operation("STRING", ("STRING",), "RPAD({0}, 4, 'xy')", "rpad({0}, 4, 'xy')", of_text(1, 4)),
    Operation("STRING", ("STRING",), "REVERSE({0})", "reverse({0})", of_text()),
    Operation("STRING", ("STRING",), "REPEAT({0}, 2)", "repeat({0}, 2)", of_text(2)),
    Operation("STRING", ("STRING",), "SPLIT_PART({0}, 'a', 2)", "split_part({0}, 'a', 2)", of_text()),
    Operation("STRING", ("STRING",), "TRANSLATE({0}, 'abe', 'xy')", "translate({0}, 'abe', 'xy')", of_text()),
    Operation("STRING", ("STRING",), "REGEXP_REPLACE({0}, '[aeiou]+', '<$0>', 'g')", "regexp_replace({0}, '[aeiou]+', '<\\0>', 'g')", of_text(3), weight=1),
    Operation("STRING", ("INTEGER",), "CAST({0} AS STRING)", "CAST({0} AS VARCHAR)", of_text(0, 20)),
    Operation("STRING", ("BOOLEAN",), "CAST({0} AS STRING)", "CAST({0} AS VARCHAR)", of_text(0, 5)),
    Operation("STRING", ("DATE",), "CAST({0} AS STRING)", "CAST({0} AS VARCHAR)", of_text(0, 10)),
    Operation("STRING", ("TIMESTAMP",), "CAST({0} AS STRING)", "strftime({0}, '%Y-%m-%d %H:%M:%S.%g')", of_text(0, 23)),
    Operation("STRING", ("TIMESTAMP",), "DATE_FORMAT({0}, '%Y/%m/%d %H:%M')", "strftime({0}, '%Y/%m/%d %H:%M')", of_text(0, 16)),
    Operation("INTEGER", ("STRING",), "LENGTH({0})", "length({0})", lambda a: integer(a.size)),
    Operation("INTEGER", ("STRING",), "OCTET_LENGTH({0})", "octet_length(encode({0}))", lambda a: integer(a.size * 4)),
    Operation("INTEGER", ("STRING", "STRING"), "STRPOS({0}, {1})", "strpos({0}, {1})", lambda a, b: integer(a.size)),
    Operation("INTEGER", ("STRING",), "POSITION('a' IN {0})", "strpos({0}, 'a')", lambda a: integer(a.size)),
    Operation("INTEGER", ("STRING",), "TRY_CAST(REPLACE({0}, ' ', 'q') AS INTEGER)",
              "TRY_CAST(CASE WHEN regexp_full_match(replace({0}, ' ', 'q'), '-?[0-9]{{1,19}}') THEN {0} END AS BIGINT)", lambda a: integer(1e15 if a.size < 15 else 2**62), weight=1),
    # Times.
    Operation("DATE", ("DATE", "INTEGER"), "({0} + {1})", "({0} + CAST({1} AS INTEGER))", lambda a, b: small(2000)(Value("DATE"))(b)),
    Operation("INTEGER", ("DATE", "DATE"), "({0} - {1})", None, lambda a, b: integer(1e6)),
    Operation("DATE", ("TIMESTAMP",), "CAST({0} AS DATE)"),
    Operation("TIMESTAMP", ("DATE",), "CAST({0} AS TIMESTAMP)"),
    Operation("TIMESTAMP", ("TIMESTAMP",), "({0} + INTERVAL '90' MINUTE)"),
    Operation("TIMESTAMP", ("TIMESTAMP",), "({0} - INTERVAL '3' DAY)"),
    Operation("TIMESTAMP", ("TIMESTAMP",), "DATE_ADD('month', 1, {0})", "({0} + INTERVAL '1' MONTH)", weight=1),
    Operation("TIMESTAMP", ("TIMESTAMP",), "DATE_ADD({0}, INTERVAL '1' MONTH)", "({0} + INTERVAL '1' MONTH)", weight=1),
    Operation("TIMESTAMP", ("TIMESTAMP",), "DATE_SUB('year', 1, {0})", "({0} - INTERVAL '1' YEAR)", weight=1),
    Operation("INTEGER", ("TIMESTAMP",), "UNIX_TIMESTAMP({0})", "CAST(floor(epoch({0})) AS BIGINT)", lambda a: integer(1e10), weight=1),
    Operation("INTEGER", ("TIMESTAMP",), "TO_UNIXMS({0})", "epoch_ms({0})", lambda a: integer(1e13), weight=1),
] + [
    Operation("TIMESTAMP", ("TIMESTAMP",), f"DATE_TRUNC('{unit}', {{0}})", f"date_trunc('{unit}', {{0}})", weight=1)
    for unit in ("minute", "hour", "day", "week", "month", "quarter", "year")
] + [
    Operation("INTEGER", (kind,), f"EXTRACT({unit} FROM {{0}})", f"extract({duck} FROM {{0}})", lambda a: integer(10000), weight=1)
    for kind, units in (("TIMESTAMP", "YEAR QUARTER MONTH WEEK DAY DOW ISODOW DOY HOUR MINUTE"), ("DATE", "YEAR MONTH DAY DOW DOY"))
    for unit, duck in ((u, u) for u in units.split())
] + [
    Operation("INTEGER", ("TIMESTAMP", "TIMESTAMP"), f"DATEDIFF('{unit}', {{0}}, {{1}})", f"{function}('{unit}', {{0}}, {{1}})", lambda a, b: integer(1e12), weight=1)
    for unit, function in (("day", "date_diff"), ("month", "date_diff"), ("year", "date_diff"), ("hour", "date_sub"), ("second", "date_sub"))
] + [
    # Conditions.
    Operation("BOOLEAN", (NUMBER, NUMBER), f"({{0}} {sign} {{1}})", comparison(sign), comparable, weight=3)
    for sign in ("=", "<>", "<", "<=", ">", ">=")
] + [
    Operation("BOOLEAN", (kind, SAME), f"({{0}} {sign} {{1}})", weight=1)
    for sign in ("=", "<>", "<", ">=") for kind in ("STRING", "DATE", "TIMESTAMP", "BOOLEAN")
] + [
    Operation("BOOLEAN", (kind, SAME), "({0} IS DISTINCT FROM {1})", weight=1) for kind in ("INTEGER", "STRING", "BOOLEAN", "DATE")
] + [
    Operation("BOOLEAN", (kind, SAME, SAME), "({0} BETWEEN {1} AND {2})", weight=1) for kind in ("INTEGER", "STRING", "DATE", "TIMESTAMP")
] + [
    Operation("BOOLEAN", (kind, SAME, SAME), "({0} IN ({1}, {2}))", weight=1) for kind in ("INTEGER", "STRING", "DATE")
] + [
    Operation("BOOLEAN", (kind, SAME), "({0} NOT IN ({1}, NULL))", weight=1) for kind in ("INTEGER", "STRING")
] + [
    Operation("BOOLEAN", (kind,), "({0} IS NULL)", exact=False, weight=1) for kind in KINDS
] + [
    Operation("BOOLEAN", (kind,), "({0} IS NOT NULL)", exact=False, weight=1) for kind in KINDS
] + [
    Operation("BOOLEAN", ("BOOLEAN", "BOOLEAN"), "({0} AND {1})", weight=6),
    Operation("BOOLEAN", ("BOOLEAN", "BOOLEAN"), "({0} OR {1})", weight=6),
    Operation("BOOLEAN", ("BOOLEAN",), "(NOT {0})", weight=4),
    Operation("BOOLEAN", ("BOOLEAN",), "({0} IS TRUE)"),
    Operation("BOOLEAN", ("BOOLEAN",), "({0} IS NOT FALSE)"),
    Operation("BOOLEAN", ("STRING",), "({0} LIKE '%a%')"),
    Operation("BOOLEAN", ("STRING",), "({0} LIKE '_e%')"),
    Operation("BOOLEAN", ("STRING",), "({0} NOT LIKE 'a\\_b' ESCAPE '\\')"),
    Operation("BOOLEAN", ("STRING",), "({0} ILIKE 'be%')"),
    Operation("BOOLEAN", ("STRING",), "({0} ~ '^[a-m]+$')", "regexp_matches({0}, '^[a-m]+$')"),
    Operation("BOOLEAN", ("STRING", "STRING"), "STARTS_WITH({0}, {1})", "starts_with({0}, {1})"),
    Operation("BOOLEAN", ("STRING", "STRING"), "ENDS_WITH({0}, {1})", "ends_with({0}, {1})"),
    Operation("BOOLEAN", ("STRING", "STRING"), "CONTAINS({0}, {1})", "contains({0}, {1})"),
]


def wider_text(form):
    """DuckDB's spelling with every argument cast to the common type."""
    def spell(texts, values):
        fixed = [(t, v) for t, v in zip(texts, values) if v.kind != "BOOLEAN" or values[-1].kind == "BOOLEAN"]
        value = wider(*[v for _, v in fixed if v.kind == values[-1].kind or v.kind in NUMBERS])
        if value.kind == "DECIMAL":
            texts = [f"CAST({t} AS {decimal_type(value)})" if v.kind in NUMBERS else t for t, v in zip(texts, values)]
        if value.kind == "FLOAT":
            texts = [f"CAST({t} AS DOUBLE)" if v.kind in NUMBERS else t for t, v in zip(texts, values)]
        return form.format(*texts)
    return spell


def branches(*values):
    return wider(*values[1:])


CHOICES = [
    Operation(kind, arguments, form, wider_text(duck), value, exact, weight)
    for kind in ("STRING", "BOOLEAN", "DATE", "TIMESTAMP", NUMBER)
    for arguments, form, duck, value, exact, weight in (
        ((kind, kind), "IFNULL({0}, {1})", "coalesce({0}, {1})", wider, False, 1),
        ((kind, kind), "COALESCE({0}, {1})", "coalesce({0}, {1})", wider, False, 3),
        (("BOOLEAN", kind, kind), "CASE WHEN {0} THEN {1} ELSE {2} END", "CASE WHEN {0} THEN {1} ELSE {2} END", branches, True, 3),
        (("BOOLEAN", kind), "CASE WHEN {0} THEN {1} END", "CASE WHEN {0} THEN {1} END", branches, True, 2),
        (("BOOLEAN", kind, kind), "IF({0}, {1}, {2})", "CASE WHEN {0} THEN {1} ELSE {2} END", branches, True, 1),
    )
] + [
    Operation(kind, (kind, kind), f"{name}({{0}}, {{1}})", wider_text(f"{name.lower()}({{0}}, {{1}})"), wider, True, 1)
    for kind in ("STRING", "DATE", "TIMESTAMP", NUMBER) for name in ("LEAST", "GREATEST")
] + [
    Operation(kind, (kind, kind), "NULLIF({0}, {1})", "nullif({0}, {1})", lambda a, b: a if a.kind == b.kind else comparable_first(a, b), True, 1)
    for kind in ("INTEGER", "STRING", "DATE", "TIMESTAMP", "BOOLEAN")
]


def comparable_first(a, b):
    comparable(a, b)
    return a


MOST_ROWS = 1e5


def summed(a):
    if a.kind == "FLOAT":
        return replace(a, size=a.size * MOST_ROWS, fuzzy=a.fuzzy or a.inexact, inexact=True)
    return replace(a, size=a.size * MOST_ROWS, kind=a.kind)


def averaged(a):
    if a.kind == "DECIMAL":
        if a.free_scale or a.size > 1e6:
            raise Unfit
        return Value("DECIMAL", a.size + 1, min(max(a.scale + 4, 6), 18))
    small(1e12)(a)(a)
    return Value("FLOAT", a.size, inexact=True, fuzzy=a.inexact)


def average(texts, values):
    if values[0].kind == "DECIMAL":
        return exact_quotient(f"SUM({texts[0]})", f"COUNT({texts[0]})", values[0].scale, 0, averaged(values[0]))
    return f"AVG({texts[0]})"


def sum_text(texts, values):
    return f"CAST(SUM({texts[0]}) AS BIGINT)" if values[0].kind == "INTEGER" else f"SUM({texts[0]})"


def spread(a):
    return small(1e9)(Value("FLOAT", 1e20, inexact=True, fuzzy=True))(a)


def aggregate(kind, arguments, velo, duck=None, value=None, weight=2):
    return Operation(kind, arguments, velo, duck, value, True, weight, aggregate=True)


COUNTED = lambda *_: integer(MOST_ROWS)  # noqa: E731
AGGREGATES = [
    aggregate("INTEGER", (), "COUNT(*)", None, COUNTED, 6),
    aggregate(NUMBER, (NUMBER,), "SUM({0})", sum_text, summed, 8),
    aggregate(NUMBER, (NUMBER,), "AVG({0})", average, averaged, 5),
    aggregate(NUMBER, (NUMBER, "BOOLEAN"), "SUM({0}) FILTER (WHERE {1})",
              lambda t, v: f"CAST(SUM({t[0]}) FILTER (WHERE {t[1]}) AS {'BIGINT' if v[0].kind == 'INTEGER' else 'DOUBLE' if v[0].kind == 'FLOAT' else 'DECIMAL(38,%d)' % v[0].scale})",
              lambda a, b: summed(a)),
    aggregate("INTEGER", ("BOOLEAN",), "COUNT_IF({0})", "COUNT(*) FILTER (WHERE {0})", COUNTED),
    aggregate("INTEGER", ("BOOLEAN",), "COUNT(*) FILTER (WHERE {0})", None, COUNTED),
    aggregate("BOOLEAN", ("BOOLEAN",), "BOOL_AND({0})"),
    aggregate("BOOLEAN", ("BOOLEAN",), "BOOL_OR({0})"),
    aggregate("INTEGER", ("INTEGER",), "SUM(DISTINCT {0})", "CAST(SUM(DISTINCT {0}) AS BIGINT)", summed),
    aggregate("FLOAT", (NUMBER,), "STDDEV({0})", "stddev_samp(CAST({0} AS DOUBLE))", spread, 1),
    aggregate("FLOAT", ("INTEGER", "FLOAT"), "COVAR_POP({0}, {1})", "covar_pop(CAST({0} AS DOUBLE), {1})", lambda a, b: small(1e6)(Value("FLOAT", 1e20, inexact=True, fuzzy=True))(a, b), 1),
    aggregate(NUMBER, (NUMBER,), "DELTA({0})", "(MAX({0}) - MIN({0}))", lambda a: small(1e9)(replace(a, size=a.size * 2))(a), 1),
    aggregate("FLOAT", (NUMBER,), "VAR_POP({0})", "var_pop(CAST({0} AS DOUBLE))", spread, 1),
    aggregate("FLOAT", ("INTEGER",), "MEDIAN({0})", "median(CAST({0} AS DOUBLE))", lambda a: small(1e12)(Value("FLOAT", a.size))(a), 1),
    aggregate("FLOAT", ("INTEGER",), "PERCENTILE_CONT({0}, 0.25)", "quantile_cont(CAST({0} AS DOUBLE), 0.25)", lambda a: small(1e6)(Value("FLOAT", a.size, inexact=True, fuzzy=True))(a), 1),
    aggregate("STRING", ("STRING",), "STRING_AGG({0}, '/')", "string_agg({0}, '/')", lambda a: Value("STRING", 400), 1),
] + [
    aggregate("INTEGER", (kind,), "COUNT({0})", None, COUNTED, 1) for kind in KINDS
] + [
    aggregate("INTEGER", (kind,), "COUNT(DISTINCT {0})", None, COUNTED, 1) for kind in KINDS
] + [
    aggregate(kind, (kind,), f"{name}({{0}})", None, lambda a: a, 1)
    for kind in ("STRING", "DATE", "TIMESTAMP", "INTEGER", "FLOAT", "DECIMAL") for name in ("MIN", "MAX")
]


class Generator:
    """Random expressions over given columns (leaves)."""

    def __init__(self, random_, leaves, aggregates=False, keys=()):
        self.random = random_
        self.leaves = leaves  # Expressions that need nothing else: columns, or group keys above a grouping.
        self.keys = keys
        self.aggregates = aggregates
        self.inner = Generator(random_, leaves) if aggregates else None

    def make(self, kind, depth):
        """An expression of that kind ("NUMBER": any number)."""
        for _ in range(60):
            try:
                return self.attempt(self.random.choice(NUMBERS) if kind == NUMBER else kind, depth)
            except Unfit:
                continue
        return literal(self.random, "INTEGER" if kind == NUMBER else kind)

    def attempt(self, kind, depth):
        roll = self.random.random()
        if self.aggregates:
            keys = [k for k in self.keys if k.kind == kind]
            if keys and roll < 0.25:
                return self.random.choice(keys)
            if depth <= 0 or roll < 0.6:
                return self.call(self.pick(AGGREGATES, kind), kind, max(depth - 1, 0), self.inner)
        elif depth <= 0 or roll < 0.25:
            columns = [c for c in self.leaves if c.kind == kind]
            if columns and self.random.random() < 0.88:
                return self.random.choice(columns)
            return null(kind) if self.random.random() < 0.06 else literal(self.random, kind)
        return self.call(self.pick(self.random.choice([OPERATIONS, OPERATIONS, CHOICES]), kind), kind, depth - 1, self)

    def pick(self, operations, kind):
        fitting = [o for o in operations if o.kind == kind or (o.kind == NUMBER and kind in NUMBERS)]
        if not fitting:
            raise Unfit
        return self.random.choices(fitting, [o.weight for o in fitting])[0]

    def call(self, operation, kind, depth, source):
        arguments = []
        for wanted in operation.arguments:
            if wanted == SAME:
                wanted = arguments[0].kind
            elif wanted == NUMBER:
                # Mostly the kind that is wanted, so that it comes out.
                wanted = kind if kind in NUMBERS and self.random.random() < 0.75 else self.random.choice(NUMBERS)
            arguments.append(source.make(wanted, depth))
        made = operation.make(*arguments)
        if made.kind != kind:
            raise Unfit
        return made


def smaller(expression):
    """Expressions of the same kind that are simpler, simplest first; for shrinking a failing query."""
    if expression.operation is None:
        return
    yield null(expression.kind)
    for argument in expression.arguments:
        if argument.kind == expression.kind and argument.aggregate == expression.aggregate:
            yield argument
    for i, argument in enumerate(expression.arguments):
        for less in smaller(argument):
            arguments = list(expression.arguments)
            arguments[i] = less
            try:
                made = expression.operation.make(*arguments)
            except (Unfit, IndexError):
                continue
            if made.kind == expression.kind:
                yield made
