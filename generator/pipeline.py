"""The program's table of contents: from a policy to its files. No input or output but the templates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generator import targets
from generator.checks.expressions import expressions
from generator.checks.lints import LINTS, POLICY_LINTS
from generator.diagnostics.diagnostic import Diagnostic, PolicyErrors, has_errors
from generator.plan import resolve
from generator.policy import load, owner_files, references, schema
from generator.system.beside import MANY, beside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from generator.plan.plan import Plan
    from generator.policy.source import Source
    from generator.system.artifact import Artifact
    from generator.targets.render import Templates
    from generator.targets.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A policy in which no lint found an error: its plan, and what they noted on the way."""

    plan: Plan
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A policy that compiled: its plan, its files sorted by path, and what the lints noted on the way."""

    plan: Plan
    artifacts: tuple[Artifact, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def written(self) -> tuple[Artifact, ...]:
        """The files that belong into `out/`; the others are what its objects hold."""
        return tuple(one for one in self.artifacts if targets.is_written(self.plan.policy, one.path))


def compile(source: Source, templates: Templates, name: str) -> Compiled:
    """Return the files that the policy in `source` stands for; raises PolicyErrors with everything that is wrong.

    `name` is the path of the policy that the files show in their headers.

    Findings within a stage are all collected; a stage runs only on what the one before found no error in.
    """
    judged = judge(source)
    return collect(judged, [artifact for some in build(judged, templates, name) for artifact in some])


def judge(source: Source) -> Judged:
    """Return what the policy in `source` promises; raises PolicyErrors where it cannot, or should not, be built."""
    plan, found = planned(source)
    found += promises(plan)
    _refuse(found)
    return Judged(plan=plan, diagnostics=found)


def promises(plan: Plan) -> tuple[Diagnostic, ...]:
    """Return what is wrong with what a plan promises, in each of its environments."""
    known = list(_promises(plan))
    # Those with the rules of the first promise no more than it does.
    for other in (one for one in plan.elsewhere if one.folder):
        name = other.policy.environment
        found = [finding for finding in _promises(other) if finding not in known]
        known += [replace(finding, message=f"in {name}: {finding.message}") for finding in found]
    return tuple(known)


def _promises(plan: Plan) -> Iterator[Diagnostic]:
    def found(lints: Sequence[Callable[[Plan], Iterator[Diagnostic]]]) -> list[Diagnostic]:
        return [finding for lint in lints for finding in lint(plan)]

    half = LINTS.index(expressions.check)
    with beside(lambda: found(LINTS[half:]), pays=len(plan.rules) >= MANY) as others:
        yield from found(LINTS[:half])
        yield from others()


def build(judged: Judged, templates: Templates, name: str) -> Iterator[tuple[Artifact, ...]]:
    """Yield the files of one target after the other; whoever checks them need not wait for the last."""
    plain: list[Artifact] = []
    for some in _plain(judged, templates, name):
        plain += some
        yield some
    for package in targets.PACKAGES:
        if package.name in judged.plan.policy.targets:
            yield tuple(package.pack(judged.plan, templates, name, tuple(plain)))


def _plain(judged: Judged, templates: Templates, name: str) -> Iterator[tuple[Artifact, ...]]:

    def built(some: tuple[Target, ...]) -> Iterator[tuple[Artifact, ...]]:
        for target in some:
            yield tuple(target.build(judged.plan, templates, name))

    # The first takes about as long as the others together.
    with beside(lambda: list(built(targets.TARGETS[1:])), pays=len(judged.plan.rules) >= MANY) as others:
        yield from built(targets.TARGETS[:1])
        yield from others()


def collect(judged: Judged, artifacts: list[Artifact]) -> Compiled:
    """Return the policy with all of its files."""
    in_order = tuple(sorted(artifacts, key=lambda artifact: artifact.path))
    return Compiled(plan=judged.plan, artifacts=in_order, diagnostics=judged.diagnostics)


def planned(source: Source) -> tuple[Plan, tuple[Diagnostic, ...]]:
    """Return the plan, its promises not judged, and what was noted on the way.

    Raises PolicyErrors where there is none.
    """
    policy, of_files = owner_files.complete(load.load(schema.check(source.tree)), source.attached)
    _refuse((*references.check(policy), *of_files))
    found = (*of_files, *(finding for lint in POLICY_LINTS for finding in lint(policy)))
    _refuse(found)
    return resolve.resolve(policy), found


def _refuse(findings: tuple[Diagnostic, ...]) -> None:
    if has_errors(findings):
        raise PolicyErrors(*findings)
