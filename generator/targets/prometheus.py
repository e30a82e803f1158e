"""Rules and their unit tests, one file a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour.documents import RULES, TESTS, in_folder
from generator.plan.assertions import assertions
from generator.system.artifact import Artifact
from generator.targets.target import Owned, Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import Plan, TestBlock
    from generator.targets.render import Templates


def build(plan: Plan, templates: Templates, source: str) -> Iterator[Artifact]:
    """Yield `prometheus/rules/*.yaml` and `prometheus/tests/*.test.yaml`, or a folder of both for each environment."""
    for one in plan.each if plan.folder else (plan,):
        yield from _of_environment(one, templates, source)


def _of_environment(plan: Plan, templates: Templates, source: str) -> Iterator[Artifact]:
    for rules in plan.rule_files:
        text = templates.render("prometheus/rules.yaml.j2", source=source, file=rules)
        yield Artifact(path=f"{in_folder(RULES, plan.folder)}{rules.name}.yaml", text=text)
    for tests in plan.test_files:
        blocks = [_block(block) for block in tests.blocks]
        shown = {"rule_files": tests.rule_files, "evaluate": tests.evaluate, "groups": tests.groups, "blocks": blocks}
        text = templates.render("prometheus/tests.yaml.j2", source=source, file=shown)
        yield Artifact(path=f"{in_folder(TESTS, plan.folder)}{tests.name}.test.yaml", text=text)


def _block(block: TestBlock) -> dict[str, object]:
    alerts, expressions = assertions(block)
    return {
        "name": block.name,
        "every": block.every,
        "given": block.given,
        "alert_tests": alerts,
        "expression_tests": expressions,
    }


TARGET = Target(
    name="prometheus",
    build=build,
    owns=(
        Owned(path=f"{RULES}*.yaml", schema="prometheus-rules"),
        Owned(path=f"{TESTS}*.test.yaml", schema="prometheus-tests"),
        Owned(path="prometheus/*/rules/*.yaml", schema="prometheus-rules"),
        Owned(path="prometheus/*/tests/*.test.yaml", schema="prometheus-tests"),
    ),
)
