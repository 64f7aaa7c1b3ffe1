"""Random queries over the relations of tables.py, each in the dialect's spelling and in DuckDB's.

A query is a tree of frozen records, so that a smaller one is made by replacing parts (shrink.py). What a feature of the
dialect means is said here in DuckDB's words: windows are spelled out as bucket columns, NULLs in ORDER BY get their places.
"""
from dataclasses import dataclass, field, replace

from expressions import KINDS, NUMBER, Expression, Generator, Unfit, Value, column_expression, integer_literal
from tables import Column, Relation

VELO, DUCK = "velo", "duck"
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Base:
    """A relation of the data under an alias."""

    relation: Relation
    alias: str

    def text(self, dialect):
        return f"{self.relation.velo if dialect == VELO else self.relation.duck} {self.alias}"

    def leaves(self, qualified=False):
        return [column_expression(c, f"{self.alias}." if qualified else "") for c in self.relation.columns]


@dataclass(frozen=True)
class Derived:
    """A query in FROM."""

    query: object
    alias: str

    def text(self, dialect):
        return f"({self.query.text(dialect)}) {self.alias}"

    def leaves(self, qualified=False):
        prefix = f"{self.alias}." if qualified else ""
        return [Expression(item.value, prefix + name, prefix + name, columns=frozenset([name])) for name, item in self.query.outputs()]


@dataclass(frozen=True)
class Join:
    kind: str
    left: object
    right: object
    on: Expression = None  # None: CROSS.

    def text(self, dialect):
        on = "" if self.on is None else f" ON {getattr(self.on, dialect)}"
        kind = "SEMI" if self.kind == "LEFT SEMI" and dialect == DUCK else self.kind
        return f"{self.left.text(dialect)} {kind} JOIN {self.right.text(dialect)}{on}"

    def leaves(self, qualified=True):
        return self.left.leaves(True) + ([] if self.kind == "LEFT SEMI" else self.right.leaves(True))


@dataclass(frozen=True)
class Window:
    """A WINDOW clause over column `seen`; sizes in hours."""

    kind: str
    size: int
    advance: int = 0

    def clause(self):
        advance = f", INTERVAL '{self.advance}' HOUR" if self.kind == "SLIDING" else ""
        return f" WINDOW {self.kind}(seen, INTERVAL '{self.size}' HOUR{advance})"

    def duck_source(self, source, where, keys):
        """Rows with the columns ws and we, once for every window they are in."""
        size, step = self.size * HOUR_MS, (self.advance or self.size) * HOUR_MS
        rows = f"(SELECT *, epoch_ms(seen) AS ms FROM {source} WHERE {where})"
        if self.kind == "SESSION":
            parts = f"PARTITION BY {', '.join(keys)}" if keys else ""
            marked = f"(SELECT *, ms - lag(ms) OVER (each_key) > {size} AS is_new FROM {rows} WINDOW each_key AS ({parts} ORDER BY ms))"
            numbered = f"(SELECT *, SUM(CASE WHEN is_new THEN 1 ELSE 0 END) OVER ({parts} ORDER BY ms ROWS UNBOUNDED PRECEDING) AS part FROM {marked})"
            parts = f"PARTITION BY {', '.join([*keys, 'part'])}"
            return f"(SELECT *, MIN(ms) OVER ({parts}) AS ws, MAX(ms) OVER ({parts}) + {size} AS we FROM {numbered})"
        copies = -(-size // step)
        starts = f"(ms // {step} - copy) * {step}"
        return f"(SELECT * FROM (SELECT *, {starts} AS ws, {starts} + {size} AS we FROM {rows}, range({copies}) AS copies(copy)) WHERE ms < we)"


@dataclass(frozen=True)
class Select:
    source: object
    items: tuple
    where: Expression = None
    keys: tuple = ()
    grouped: bool = False
    having: Expression = None
    window: Window = None
    distinct: bool = False
    order: tuple = ()  # Per output: "ASC"/"DESC" and where NULLs go, or none.
    limit: int = None
    final: bool = False  # EMIT FINAL: needed where a result of groups is read by another query.
    letter: str = "a"

    def outputs(self):
        return [(f"{self.letter}{i}", item) for i, item in enumerate(self.items)]

    def text(self, dialect):
        texts = [f"{getattr(item, dialect)} AS {name}" for name, item in self.outputs()]
        source = self.source.text(dialect)
        where = getattr(self.where, dialect) if self.where else None
        keys = [getattr(k, dialect) for k in self.keys]
        window = ""
        if self.window:
            texts += ["_window_start AS ws, _window_end AS we"] if dialect == VELO else ["ws, we"]
            if dialect == DUCK:
                source = self.window.duck_source(source, f"seen IS NOT NULL AND {where or 'TRUE'}", keys) + " q"
                where, keys = None, keys + ["ws", "we"]
            else:
                where = f"seen IS NOT NULL AND {where or 'TRUE'}"
                window = self.window.clause()
        text = f"SELECT {'DISTINCT ' if self.distinct else ''}{', '.join(texts)} FROM {source}"
        if where:
            text += f" WHERE {where}"
        if keys:
            text += f" GROUP BY {', '.join(keys)}"
        text += window
        if self.having:
            text += f" HAVING {getattr(self.having, dialect)}"
        if self.order:
            places = [f"{name} {way}{self.nulls(way, at, dialect)}" for (name, _), (way, at) in zip(self.outputs(), self.order)]
            text += f" ORDER BY {', '.join(places)}"
        if self.limit is not None:
            text += f" LIMIT {self.limit}"
        return text + (" EMIT FINAL" if self.final and dialect == VELO else "")

    @staticmethod
    def nulls(way, at, dialect):
        if at:
            return f" NULLS {at}"
        return "" if dialect == VELO else " NULLS LAST" if way == "ASC" else " NULLS FIRST"

    @property
    def ordered(self):
        return bool(self.order)

    @property
    def takes_rows_back(self):
        """Whether a row that was given out may not be part of the answer: a stream does not say so (dialect 4.7, 4.15)."""
        above_groups = isinstance(self.source, Derived) and self.source.query.has_groups
        return bool(self.order or self.having or self.distinct or above_groups or isinstance(self.source, Join))

    @property
    def has_groups(self):
        return self.grouped

    def smaller(self, expressions_smaller):
        """Simpler queries that might fail in the same way."""
        if isinstance(self.source, Derived):
            for less in self.source.query.smaller(expressions_smaller):
                yield replace(self, source=replace(self.source, query=less))
        for name in ("where", "having"):
            part = getattr(self, name)
            if part is not None:
                yield replace(self, **{name: None})
                for less in expressions_smaller(part):
                    yield replace(self, **{name: less})
        if self.order:
            yield replace(self, order=(), limit=None)
        if self.distinct:
            yield replace(self, distinct=False)
        if self.final and self.letter == "z":
            yield replace(self, final=False)
        for i, key in enumerate(self.keys):
            used = [item for item in (*self.items, self.having) if item is not None and key.velo in item.velo]
            if not used:
                yield replace(self, keys=self.keys[:i] + self.keys[i + 1:])
        if len(self.items) > 1 and not self.order:
            for i in range(len(self.items)):
                # The items of an inner query have names that the outer one uses, so only the outer query loses any.
                if self.letter == "z":
                    yield replace(self, items=self.items[:i] + self.items[i + 1:])
        for i, item in enumerate(self.items):
            if item in self.keys:
                continue
            for less in expressions_smaller(item):
                yield replace(self, items=self.items[:i] + (less,) + self.items[i + 1:])


@dataclass(frozen=True)
class Union:
    arms: tuple
    every: bool = True  # UNION ALL.
    letter: str = "z"

    def outputs(self):
        first = self.arms[0].outputs()
        return [(name, replace(item, value=combined(item.value, self.arms[1].items[i].value))) for i, (name, item) in enumerate(first)]

    @property
    def items(self):
        return tuple(item for _, item in self.outputs())

    @property
    def ordered(self):
        return False

    @property
    def takes_rows_back(self):
        return not self.every or any(arm.takes_rows_back or arm.has_groups for arm in self.arms)

    @property
    def has_groups(self):
        return any(arm.has_groups for arm in self.arms)

    def text(self, dialect):
        return (" UNION ALL " if self.every else " UNION ").join(arm.text(dialect) for arm in self.arms)

    def smaller(self, expressions_smaller):
        for i, arm in enumerate(self.arms):
            if self.letter == "z":
                yield arm
            for less in arm.smaller(expressions_smaller):
                if len(less.items) == len(arm.items):
                    yield replace(self, arms=self.arms[:i] + (less,) + self.arms[i + 1:])


def combined(a, b):
    return Value(a.kind, max(a.size, b.size), max(a.scale, b.scale), a.inexact or b.inexact, a.fuzzy or b.fuzzy, a.free_scale or b.free_scale)


class QueryGenerator:
    def __init__(self, random_, relations, features):
        self.random = random_
        self.relations = relations
        self.by_name = {r.velo: r for r in relations}
        self.features = features  # Keys of random_queries.PROBES: what this build runs.

    def query(self):
        roll = self.random.random()
        if roll < 0.12:
            return self.union("z")
        if roll < 0.22:
            return self.windowed()
        if roll < 0.32 and "over" in self.features:
            return self.row_window()
        return self.select("z", depth=1)

    # ---- FROM

    def base(self, alias):
        names = ["t"] * 6 + ["u"] * 3 + ["empty"]
        if self.random.random() < 0.35:
            return Base(self.random.choice(self.relations), alias)
        return Base(self.by_name[self.random.choice(names)], alias)

    def source(self, depth):
        roll = self.random.random()
        if depth > 0 and roll < 0.2:
            return Derived(self.select("a", 0, inner=True), "q")
        if depth > 0 and roll < 0.26:
            return Derived(self.union("a"), "q")
        if depth > 0 and roll < 0.5 and "join" in self.features:
            return self.join()
        return self.base("q")

    def join(self):
        left = Base(self.by_name[self.random.choice(["t", "u", "empty"])], "l")
        if self.random.random() < 0.12:
            return Join("CROSS", Base(self.by_name["u"], "l"), Base(self.by_name[self.random.choice(["u", "empty"])], "r"))
        joined = self.joined(left, self.random.choice(["INNER", "LEFT", "RIGHT", "FULL", "LEFT", "INNER", "LEFT SEMI"]), "r")
        if joined.kind != "LEFT SEMI" and self.random.random() < 0.2:
            return self.joined(joined, self.random.choice(["INNER", "LEFT"]), "m")
        return joined

    def joined(self, left, kind, alias):
        right = Base(self.by_name["u"], alias)
        column = self.random.choice(["n", "g", "d", "day", "id"])
        on = (f"l.{column} = {alias}.{column}", frozenset([f"l.{column}"]))
        condition = Expression(Value("BOOLEAN"), on[0], on[0], columns=on[1])
        if self.random.random() < 0.4:
            leaves = left.leaves(True) + right.leaves(True)
            # Within bounds of time a record of the dialect does not meet itself (tests/sql/interval_joins/self.test); DuckDB
            # knows no such rule.
            is_self_join = isinstance(left, Base) and left.relation is right.relation
            if "time_bounds" not in self.features or is_self_join:
                leaves = [leaf for leaf in leaves if leaf.kind not in ("DATE", "TIMESTAMP")]
            residual = Generator(self.random, leaves).make("BOOLEAN", 1)
            condition = Expression(Value("BOOLEAN"), f"{on[0]} AND {residual.velo}", f"{on[0]} AND {residual.duck}", columns=on[1])
        return Join(kind, left, right, condition)

    # ---- SELECT

    def select(self, letter, depth, inner=False, kinds=None):
        source = self.source(depth)
        leaves = source.leaves()
        generator = Generator(self.random, leaves + self.subqueries(source))
        where = generator.make("BOOLEAN", 2) if self.random.random() < 0.6 else None
        count = len(kinds) if kinds else self.random.randint(1, 4)
        kinds = kinds or [self.random.choice(KINDS) for _ in range(count)]
        if self.random.random() < 0.45:
            return self.grouped(letter, source, leaves, where, kinds, inner)
        items = tuple(generator.make(kind, self.random.randint(0, 3)) for kind in kinds)
        distinct = self.random.random() < 0.2 and not any(i.value.fuzzy for i in items)
        return self.finish(Select(source, items, where, distinct=distinct, letter=letter), inner)

    def grouped(self, letter, source, leaves, where, kinds, inner):
        keys = self.keys(leaves)
        above = Generator(self.random, leaves, aggregates=True, keys=keys)
        items = tuple(above.make(kind, self.random.randint(0, 2)) for kind in kinds)
        if not isinstance(source, Base) and any("STRING_AGG" in i.velo for i in items):
            raise Unfit  # The rows of a query or join have no order that both engines know of.
        if not any(i.aggregate for i in items):
            items = (above_count(self.random), *items[1:])
            if kinds[0] != "INTEGER" and inner:
                raise Unfit
        having = above.make("BOOLEAN", 1) if self.random.random() < 0.3 and isinstance(source, Base) else None
        select = Select(source, items, where, keys, True, having, letter=letter, final=self.random.random() < 0.5)
        return self.finish(select, inner)

    def keys(self, leaves):
        keys = []
        for _ in range(self.random.choice([0, 1, 1, 1, 2])):
            key = Generator(self.random, leaves).make(self.random.choice(KINDS), self.random.choice([0, 0, 1]))
            if key.columns and not key.value.fuzzy and key not in keys and "NULL AS" not in key.velo:
                keys.append(key)
        return tuple(keys)

    def finish(self, select, inner):
        if inner or self.random.random() > 0.25 or any(i.value.fuzzy for i in select.items):
            return select
        order = tuple((self.random.choice(["ASC", "DESC"]), self.random.choice([None, None, "FIRST", "LAST"])) for _ in select.items)
        return replace(select, order=order, limit=self.random.choice([None, 1, 3, 10]))

    def union(self, letter):
        for _ in range(20):
            try:
                kinds = [self.random.choice(KINDS) for _ in range(self.random.randint(1, 3))]
                arms = tuple(self.select(letter, 0, inner=True, kinds=kinds) for _ in range(2))
            except Unfit:
                continue
            same = all([a.kind for a in arm.items] == kinds for arm in arms)
            fuzzy = any(i.value.fuzzy for arm in arms for i in arm.items)
            if same:
                return Union(arms, fuzzy or self.random.random() < 0.7, letter)
        return Union(tuple(Select(Base(self.by_name[n], "q"), (integer_literal(1),), letter=letter) for n in "tu"), True, letter)

    # ---- windows

    def windowed(self):
        base = Base(self.by_name["t"], "q")
        leaves = base.leaves()
        keys = tuple(column_expression(c) for c in base.relation.columns if c.name in self.random.choice([(), ("g",), ("b",), ("g", "b")]))
        above = Generator(self.random, leaves, aggregates=True, keys=keys)
        items = tuple(above.make(self.random.choice(["INTEGER", "DECIMAL", "FLOAT", "STRING"]), 1) for _ in range(2))
        # Inside a window the rows of a group come in order of arrival here and in no order there.
        if any("STRING_AGG" in i.velo for i in items):
            items = (above_count(self.random),)
        size = self.random.choice([2, 6, 24])
        window = self.random.choice([Window("TUMBLING", size), Window("SLIDING", size, self.random.choice([1, 2, size])), Window("SESSION", self.random.choice([1, 2]))])
        where = Generator(self.random, leaves).make("BOOLEAN", 1) if self.random.random() < 0.4 else None
        having = above.make("BOOLEAN", 1) if self.random.random() < 0.2 else None
        if having is not None and "STRING_AGG" in having.velo:
            having = None
        return Select(base, (*keys, *items, above_count(self.random)), where, keys, True, having, window, letter="z")

    # ---- subqueries and row windows

    def subqueries(self, source):
        if "subquery" not in self.features or not isinstance(source, Base) or self.random.random() < 0.6:
            return []
        inner = Base(self.by_name["u"], "i")
        condition = Generator(self.random, inner.leaves(True)).make("BOOLEAN", 1)
        column = self.random.choice(["n", "g", "b", "day"])
        link = f"i.{column} = q.{column}"
        forms = [("BOOLEAN", f"(q.{column} IN (SELECT i.{column} FROM {{0}} WHERE {{1}}))"),
                 ("BOOLEAN", f"(q.{column} NOT IN (SELECT i.{column} FROM {{0}} WHERE {{1}}))"),
                 ("BOOLEAN", f"(EXISTS (SELECT 1 FROM {{0}} WHERE {link} AND {{1}}))"),
                 ("BOOLEAN", f"(NOT EXISTS (SELECT 1 FROM {{0}} WHERE {link} AND {{1}}))"),
                 ("BOOLEAN", "(q.n >= ALL (SELECT i.n FROM {0} WHERE {1}))"),
                 ("BOOLEAN", "(q.n < ANY (SELECT i.n FROM {0} WHERE {1}))"),
                 ("INTEGER", f"(SELECT COUNT(*) FROM {{0}} WHERE {link} AND {{1}})"),
                 ("INTEGER", f"(SELECT MAX(i.n) FROM {{0}} WHERE {link} AND {{1}})"),
                 ("INTEGER", "(SELECT MIN(i.n) FROM {0} WHERE {1})")]
        kind, form = self.random.choice(forms)
        value = Value(kind, 1000)
        return [Expression(value, form.format(inner.text(VELO), condition.velo), form.format(inner.text(DUCK), condition.duck),
                           columns=frozenset([column]))] * 6

    def row_window(self):
        base = Base(self.by_name["ordered"], "q")
        leaves = base.leaves()
        partition = self.random.choice(["", "PARTITION BY g ", "PARTITION BY b "])
        frame = self.random.choice([" ROWS BETWEEN 3 PRECEDING AND CURRENT ROW", " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", " ROWS BETWEEN 5 PRECEDING AND 1 PRECEDING"])
        over = f"OVER ({partition}ORDER BY id{frame})"
        bare = f"OVER ({partition}ORDER BY id)"
        argument = Generator(self.random, leaves).make(self.random.choice(["INTEGER", "FLOAT", "DECIMAL"]), 1)
        if argument.value.fuzzy or argument.value.size > 1e9:
            argument = column_expression(Column("n", "INTEGER", 20))
        forms = [("INTEGER", "COUNT({0}) " + over), ("SAME", "SUM({0}) " + over), ("SAME", "MIN({0}) " + over), ("SAME", "MAX({0}) " + over),
                 ("FLOAT", "AVG(CAST({0} AS FLOAT)) " + over), ("SAME", "FIRST_VALUE({0}) " + over), ("SAME", "LAST_VALUE({0}) " + over),
                 ("SAME", "LAG({0}) " + bare), ("SAME", "LAG({0}, 2) " + bare), ("INTEGER", "ROW_NUMBER() " + bare), ("INTEGER", "COUNT(*) " + over)]
        forms += [("INTEGER", "RANK() " + bare), ("INTEGER", "DENSE_RANK() " + bare), ("SAME", "NTH_VALUE({0}, 2) " + over)]
        kind, form = self.random.choice(forms)
        value = argument.value if kind == "SAME" else Value(kind, 1e9)
        if value.kind == "FLOAT":
            value = replace(value, fuzzy=True)
        duck = form.format(argument.duck).replace(" AS FLOAT", " AS DOUBLE")
        if kind == "SAME" and value.kind == "INTEGER":
            duck = f"CAST({duck} AS BIGINT)"
        item = Expression(value, form.format(argument.velo), duck)
        id_item = column_expression(Column("id", "INTEGER", 1000))
        where = Generator(self.random, leaves).make("BOOLEAN", 1) if self.random.random() < 0.4 else None
        return Select(base, (id_item, item), where, letter="z")


def above_count(random_):
    from expressions import AGGREGATES
    return AGGREGATES[0].make()
