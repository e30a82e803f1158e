"""What is claimed of an expression holds for what Prometheus makes of it: labels, bounds, and that nothing matches."""

import json
import random
import re
import subprocess

import pytest
import yaml

from generator.system import programs
from generator.upstream.promql import nothing, promql
from generator.upstream.promql.contradictions import contradictions
from generator.upstream.promql.labels import Reader
from generator.upstream.promql.records import Records
from generator.upstream.promql.values import Values

SERIES = {
    'a{job="x",instance="i1",code="200"}': "0+10x40",
    'a{job="x",instance="i2",code="500"}': "0+3x40",
    'a{job="y",instance="i3",code="200"}': "5+1x40",
    'b{job="x",instance="i1",code="200"}': "1x40",
    'b{job="y",instance="i3",code="500",zone="z"}': "-3x40",
    'up{job="x",instance="i1",code="200"}': "1x40",
    'up{job="y",instance="i3",code="200"}': "0x40",
    'c_bucket{job="x",instance="i1",code="200",le="1"}': "0+1x40",
    'c_bucket{job="x",instance="i1",code="200",le="+Inf"}': "0+4x40",
}
# These are on every series, so that who aggregates by them is right to believe that they are there.
SURE = ("job", "instance", "code")
LABELS = (*SURE, "zone", "le")
MATCHERS = (
    "",
    '{job="x"}',
    '{job=~"x|y"}',
    '{job!="x"}',
    '{zone=""}',
    '{zone=~".+"}',
    '{job="x",code=~"200"}',
    '{job="n"}',
    '{code!~"5..",zone!="z"}',
    '{zone=~"z?",instance!="i2"}',
)
COMPARE = ("==", "!=", ">", "<", ">=", "<=")
AGGREGATE = ("sum", "max", "min", "avg", "count", "group", "stddev")
OVER_TIME = ("rate", "increase", "changes", "resets", "max_over_time", "avg_over_time", "count_over_time", "delta")


class Dice:
    """Makes expressions at random."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def one(self, *choices):
        return self.random.choice(choices)

    def some(self, labels):
        return ", ".join(self.random.sample(labels, self.random.randint(0, 2)))

    def selector(self):
        return self.one("a", "b", "up", "c_bucket", "missing") + self.one(*MATCHERS)

    def number(self):
        return self.one("0", "1", "2", "-1", "0.5", "100", "(1 + 1)")

    def matching(self):
        if self.random.random() < 0.3:
            return ""
        copied = self.one("", "", f"group_left ({self.one(*LABELS)})", "group_right ()")
        return f"{self.one('on', 'ignoring')} ({self.some(LABELS)}) {copied}"

    def vector(self, depth):
        if depth == 0:
            return self.selector()
        inner = self.vector(depth - 1)
        match self.random.randrange(14):
            case 12 | 13:
                again = f"({inner} {self.one(*COMPARE)} {self.number()})"
                join = self.one("and", "and", "unless", "or", "unless on (job)", "and on (job)")
                return f"(({inner} {self.one(*COMPARE)} {self.number()}) {join} {again})"
            case 0 | 1:
                return f"{self.one(*AGGREGATE)} by ({self.some(SURE)}) ({inner})"
            case 2:
                return f"{self.one(*AGGREGATE)} without ({self.some(LABELS)}) ({inner})"
            case 3:
                return f"{self.one(*OVER_TIME)}({self.selector()}[2m])"
            case 4:
                return f"{self.one('absent', 'abs', 'sgn', 'ceil', '-')}({inner})"
            case 5:
                change = self.one('"$1", "job", "(.*)"', '"fixed", "", ""', '"p$1", "zone", "(.+)"', '"f", "job", "x"')
                return f'label_replace({inner}, "{self.one(*LABELS)}", {change})'
            case 6:
                joined = self.matching().split("group")[0]
                return f"({inner} {self.one('and', 'unless', 'or')} {joined} {self.vector(depth - 1)})"
            case 7 | 8:
                operator = self.one("+", "-", "*", "/", *COMPARE)
                return f"({inner} {operator} {self.matching()} {self.vector(depth - 1)})"
            case 9:
                return f"({inner} {self.one('+', '-', '*', '/', '> bool', *COMPARE)} {self.number()})"
            case 10:
                return f"({self.number()} {self.one('+', '-', '*', *COMPARE)} {inner})"
            case _:
                odd = (
                    f"vector({self.number()})",
                    f"topk(1, {inner})",
                    f"clamp_max({inner}, 3)",
                    f"vector(scalar({inner}))",
                )
                more = (
                    f'count_values("v", {inner})',
                    f"histogram_quantile(0.5, {inner})",
                    f"absent({self.selector()})",
                )
                return self.one(*odd, *more)


def expressions(seed, count):
    dice, found = Dice(seed), []
    while len(found) < count:
        text = dice.vector(dice.random.randint(1, 3))
        if promql.parsed(text) is not None:  # else a label is both matched and copied
            found.append(text)
    return found


def evaluated(texts, folder):
    """Return what promtool computes for each expression: its series with their values; what fails is left out."""
    wrong = [{"labels": '{never="x"}', "value": 1}]
    asked = [{"expr": text, "eval_time": "5m", "exp_samples": wrong} for text in texts]
    given = [{"series": name, "values": values} for name, values in SERIES.items()]
    test = {"interval": "15s", "input_series": given, "promql_expr_test": asked}
    (folder / "rules.yaml").write_text("groups: []\n")
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "15s", "tests": [test]}
    (folder / "test.yaml").write_text(yaml.safe_dump(document, width=10_000))
    command = [programs.find("promtool").path, "test", "rules", "test.yaml"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, "all of them are asked for what they do not yield"
    found = {}
    answer = re.compile(r'expr: ("(?:[^"\\]|\\.)*"), time: 5m,\s+exp:[^\n]*\n\s+got:([^\n]*)')
    for text, got in answer.findall(ran.stdout + ran.stderr):
        found[json.loads(text)] = [
            (dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(value.replace("Inf", "inf").replace("NaN", "nan")))
            for labels, value in re.findall(r"(\w*\{[^}]*\}) (\S+?)(?:,|$)", got.strip())
        ]
    return found


def refuted(text, series):
    """Yield each claim about an expression that its series refute."""
    tree = promql.parsed(text)
    labels, (low, high) = Reader(Records()).read(tree).labels, Values(Records()).bounds(tree)
    for present, value in series:
        yield from (f"has {one}" for one, fixed in labels.has.items() if fixed not in (None, present.get(one)))
        yield from (f"has not {one}" for one in present if one != "__name__" and labels.missing(one))
        yield from (
            f"{label} is {known}" for label in LABELS if not suits(known := labels.values(label), present, label)
        )
        if value < low - 1e-9 or value > high + 1e-9:
            yield f"{value} is between {low} and {high}"
    yield from ("it yields nothing" for _ in series if yields_nothing(tree))


def suits(known, present, label):
    """Whether what is known of a label's values is true of a series."""
    value = present.get(label, "")
    return known == value if isinstance(known, str) else all(matcher.accepts(value) for matcher in known)


def yields_nothing(tree):
    """Whether it is claimed that an expression never has a result."""
    impossible = (one.node for one in Values(Records()).impossible(tree))
    dead = [str(node) for node in impossible if node.modifier is None or not node.modifier.return_bool]
    dead += [one.part for one in Reader(Records()).read(tree).mismatches if one.part]
    dead += [str(one.node) for one in contradictions(tree)]
    return nothing.yields_nothing(tree, lambda node: str(node) in dead)


@pytest.mark.parametrize("seed", [1, 2])
def test_prometheus_agrees(seed, tmp_path):
    texts = expressions(seed, 400)
    results = evaluated(texts, tmp_path)
    assert len(results) > 300
    assert sum(map(bool, results.values())) > 100
    trees = [promql.parsed(text) for text in results]
    assert sum(map(yields_nothing, trees)) > 20
    assert sum(bool(list(contradictions(tree))) for tree in trees) > 10
    assert [(text, series, why) for text, series in results.items() for why in refuted(text, series)] == []
