"""Rules and their unit tests, one file a service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from generator.behaviour.documents import RULES, TESTS
from generator.policy import duration
from generator.system.artifact import Artifact
from generator.targets.target import Owned, Target
from generator.upstream.promql.promql import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import ExpectedAlert, Plan, TestBlock
    from generator.targets.render import Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionTest:
    """One entry of promtool's promql_expr_test; `sample` are the labels of its one sample, None for silence."""

    expr: str
    at: timedelta
    sample: str | None


def build(plan: Plan, templates: Templates, source: str) -> Iterator[Artifact]:
    """Yield `prometheus/rules/*.yaml` and `prometheus/tests/*.test.yaml`."""
    for rules in plan.rule_files:
        text = templates.render("prometheus/rules.yaml.j2", source=source, file=rules)
        yield Artifact(path=f"{RULES}{rules.name}.yaml", text=text)
    for tests in plan.test_files:
        blocks = [_block(block) for block in tests.blocks]
        shown = {"rule_files": tests.rule_files, "evaluate": tests.evaluate, "groups": tests.groups, "blocks": blocks}
        text = templates.render("prometheus/tests.yaml.j2", source=source, file=shown)
        yield Artifact(path=f"{TESTS}{tests.name}.test.yaml", text=text)


def _block(block: TestBlock) -> dict[str, object]:
    """Split what is expected by the two kinds of test that promtool has."""
    alerts = [one for one in block.expected if not one.throughout and (not one.fires or one.annotations is not None)]
    others = [one for one in block.expected if one not in alerts]
    return {
        "name": block.name,
        "every": block.every,
        "given": block.given,
        "alert_tests": alerts,
        "expression_tests": [_expression_test(one) for one in others],
    }


def _expression_test(expected: ExpectedAlert) -> ExpressionTest:
    """Ask for the series ALERTS instead of the alert: it has no annotations, and a past.

    promtool compares annotations too, and those with a `$value` are known only to Prometheus.
    """
    firing = f'ALERTS{{alertname={quote(expected.alert)},alertstate="firing"}}'
    if not expected.fires:
        back = duration.write(expected.at + timedelta(seconds=1))
        return ExpressionTest(expr=f"count_over_time({firing}[{back}])", at=expected.at, sample=None)
    labels = {"alertname": expected.alert, "alertstate": "firing", **expected.labels}
    inside = ", ".join(f"{name}={quote(value)}" for name, value in sorted(labels.items()))
    return ExpressionTest(expr=firing, at=expected.at, sample=f"ALERTS{{{inside}}}")


TARGET = Target(
    name="prometheus",
    build=build,
    owns=(
        Owned(path=f"{RULES}*.yaml", schema="prometheus-rules"),
        Owned(path=f"{TESTS}*.test.yaml", schema="prometheus-tests"),
    ),
)
