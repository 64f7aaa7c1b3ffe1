"""Laws that hold whatever the data is: velo's answers are compared with each other, no second engine is needed.

  parts       the rows where p, where NOT p and where p IS NULL are all rows (WHERE, and HAVING for groups)
  projection  WHERE p keeps as many rows as there are TRUEs when p is selected
  arrival     windows over rows that come out of order within the allowed lateness are those over sorted rows
"""
import answers
from expressions import KINDS, Generator, Unfit
from queries import VELO, Base, QueryGenerator, Select, above_count
from dataclasses import replace


def parts(select, name, condition):
    """The query with and without the three parts of a condition put into `name` (where or having)."""
    whole = replace(select, **{name: None})
    texts = [condition.velo, f"(NOT {condition.velo})", f"({condition.velo} IS NULL)"]
    return [whole.text(VELO)] + [replace(select, **{name: replace(condition, velo=text)}).text(VELO) for text in texts]


def simple_select(random_, generator):
    source = Base(random_.choice(generator.relations), "q")
    items = tuple(Generator(random_, source.leaves()).make(random_.choice(KINDS), 1) for _ in range(2))
    return Select(source, items, letter="z"), source.leaves()


def grouped_select(random_, generator):
    while True:
        try:
            source = Base(random_.choice(generator.relations), "q")
            leaves = source.leaves()
            keys = generator.keys(leaves)
            above = Generator(random_, leaves, aggregates=True, keys=keys)
            return Select(source, (*keys, above_count(random_)), keys=keys, grouped=True, final=True, letter="z"), above
        except Unfit:
            continue


def windowed_pair(random_, generator):
    select = generator.windowed()
    late = "('event.time.field' = 'seen', 'watermark.strategy' = 'bounded_out_of_orderness', 'watermark.max_out_of_orderness' = '3h')"
    text = select.text(VELO)
    return text, text.replace(" FROM t q ", f" FROM nearly_sorted WITH {late} q ", 1)


def check(random_, velo, relations, features, count):
    """(passed, failed) of `count` checks."""
    generator = QueryGenerator(random_, relations, features)
    checks = []
    while len(checks) < count:
        try:
            law = random_.choice(["parts", "parts of groups", "projection", "arrival"])
            if law == "parts":
                select, leaves = simple_select(random_, generator)
                checks.append((law, parts(select, "where", Generator(random_, leaves).make("BOOLEAN", 3))))
            elif law == "parts of groups":
                select, above = grouped_select(random_, generator)
                checks.append((law, parts(select, "having", above.make("BOOLEAN", 2))))
            elif law == "projection":
                select, leaves = simple_select(random_, generator)
                condition = Generator(random_, leaves).make("BOOLEAN", 3)
                checks.append((law, [replace(select, where=condition, items=(above_count(random_),), grouped=True).text(VELO),
                                     replace(select, items=(condition,)).text(VELO)]))
            else:
                checks.append((law, list(windowed_pair(random_, generator))))
        except Unfit:
            continue
    found = velo.run([(f"{i}.{j}", text, "") for i, (_, texts) in enumerate(checks) for j, text in enumerate(texts)])
    passed = failed = 0
    for i, (law, texts) in enumerate(checks):
        problem = broken(law, [found[f"{i}.{j}"] for j in range(len(texts))])
        if not problem:
            passed += 1
            continue
        failed += 1
        if failed <= 6:
            print(f"FAILED law '{law}': {problem}\n    " + "\n    ".join(texts), flush=True)
    print(f"laws: {passed} hold, {failed} do not", flush=True)
    return passed, failed


def broken(law, found):
    """What contradicts the law; empty when it holds."""
    errors = [a["error"] for a in found if "error" in a]
    if errors:
        return errors[0]
    if any(a["bad"] for a in found):
        return "records are rejected"
    rows = [answers.rows_of(a) for a in found]
    if law == "projection":
        trues = sum(1 for row in rows[1] if row[0] is True)
        return "" if rows[0][0][0] == trues else f"WHERE keeps {rows[0][0][0]} rows, the condition is TRUE in {trues}"
    whole, others = rows[0], [row for part in rows[1:] for row in part]
    if answers.same_rows(whole, others):
        return ""
    mine, theirs = answers.first_differences(whole, others)
    return f"{len(whole)} rows and {len(others)}; only in the first: {mine}; only in the others: {theirs}"
