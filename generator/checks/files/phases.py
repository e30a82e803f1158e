"""Unit tests once more as they would be in life, where promtool is kinder than a server.

promtool puts samples, evaluations and steps of subqueries on one grid, so that a window of a minute holds five samples
in a test and four in life. Where that can matter, each test of an alert runs again with evaluations that come a little
more rarely than the policy says, and a little more often: none but the first is on the grid any more. Silence is
expected to stay, and the alert to fire by the evaluation after the one that the test names. At the author's own pace,
an alert that fires is to fire at the next evaluation, too, and until its group has waited: what is over sooner is over
before anybody is told. The series of a test get the labels that every scrape adds, where it leaves them out; what a
scrape misses, and all else of a target that is down, is gone at once; and what rules make comes no more often than they
make it, and with no label that they drop.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from generator.behaviour.verification import Finding, Question
from generator.checks.files import promtool, unit_tests
from generator.checks.files.trials import AT_LEAST, Kind, Trial, trials, written
from generator.checks.files.unit_tests_codes import PRM610, PRM611, PRM612, PRM614, PRM615, PRM618
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.policy import duration
from generator.system import guard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from generator.behaviour.verification import Verification
    from generator.checks.files.unit_tests import Failure
    from generator.diagnostics.diagnostic import PolicyPath
    from generator.system.programs import Result

PRM620 = Code(
    name="PRM620",
    title="Test holds at one phase of the scrape only",
    meaning="promtool scrapes and evaluates at the same moments, a server never does. Where evaluations lie between "
    "samples the test fails: a window holds one sample fewer, or the steps of a subquery miss the change. Ask for "
    "fewer samples, or for a longer range.",
)

PRM621 = Code(
    name="PRM621",
    title="Alert fires at one evaluation only",
    meaning="With the series of the test, which go on as they end, the alert is over at the next evaluation, or before "
    "`group_wait` is. Alertmanager hears that before it has told anybody. Let the condition hold for longer "
    "(a longer range, `keep_firing_for`), or the test give it for longer.",
)

PRM624 = Code(
    name="PRM624",
    title="Test holds without the labels of a scrape only",
    meaning="Every series that is scraped has the labels `job` and `instance`. The test leaves them out; where they "
    "are there, two sides of an operator no longer have the same labels. Say which labels count (`on (...)`, "
    "`sum by (...)`), and give the series of the test the labels that they have.",
)


PRM625 = Code(
    name="PRM625",
    title="Test holds only where what is missing stays",
    meaning="A series that a scrape does not have is gone at once, and so are all series of a target that is down. "
    "promtool shows the last sample for five minutes. Write `stale` in place of the first `_`, and let the expression "
    "bridge the gap (`last_over_time(x[5m])`).",
)

PRM626 = Code(
    name="PRM626",
    title="Test gives a record more often than it is made",
    meaning="A test gives one value each scrape, also of what a recording rule makes less often, or of ALERTS, which "
    "Prometheus writes when it evaluates. A range then holds more samples than it ever does on a server. Ask for "
    "fewer samples (`count_over_time`), or average instead of adding up, or record more often.",
)

PRM627 = Code(
    name="PRM627",
    title="Test gives a record with labels that it drops",
    meaning="A recording rule keeps the labels that its expression keeps, and adds its own. A test gives its series "
    "with others, by which operators match or series are told apart: on a server they never have them. Keep the label "
    "in the record (`sum by (...)`), or give the series as the record makes them.",
)


def ask(verification: Verification) -> Question:
    """PRM620: each test of an alert at other phases of the scrape. PRM621: and for one evaluation more.

    PRM624: with the labels of a scrape. PRM625: where what is missing is gone. PRM626: with records no more often.
    PRM627: with no label that records drop.
    """
    plan = verification.plan
    tried = tuple(trials(plan))
    if not tried:
        return Question(commands=(), judge=lambda _: iter(()))
    folder = Path(tempfile.mkdtemp(prefix="phases-", dir=guard.folder()))
    files = tuple(written(plan, tried, folder))
    commands = tuple(promtool.apart(plan, folder, {path: read for path, read, _ in files}))

    def judge(results: tuple[Result, ...]) -> Iterator[Finding]:
        failed: dict[PolicyPath, Trial] = {}
        for (path, _, some), result in zip(files, results, strict=True):
            promtool.trust_tests((path,), result)
            found = (_of(failure, some) for failure in unit_tests.failures(result.stderr))
            failed = {**{trial.test.route: trial for trial in found if trial}, **failed}
        yield from (Finding(diagnostic=_failed(trial)) for trial in failed.values())

    return Question(commands=commands, judge=judge)


def _of(failure: Failure, trials: Sequence[Trial]) -> Trial | None:
    """Return the trial with the failed assertion, preferably from the block that promtool names."""
    fitting = [trial for trial in trials if (trial.rule.name, trial.ends) == (failure.alert, failure.at)]
    names = (failure.block or "").split(", ")
    return next((trial for trial in fitting if trial.test.name in names), fitting[0] if fitting else None)


def besides(found: Iterable[Finding]) -> list[Finding]:
    """Return the findings without those about tests that fail as they are, too: one of the two says it."""
    found = list(found)
    failed = {finding.diagnostic.route for finding in found if finding.diagnostic.code in _AS_IT_IS}
    return [one for one in found if one.diagnostic.code not in _OURS or one.diagnostic.route not in failed]


_AS_IT_IS = frozenset({PRM610.name, PRM611.name, PRM612.name, PRM614.name, PRM615.name, PRM618.name})
_OURS = frozenset({PRM620.name, PRM621.name, PRM624.name, PRM625.name, PRM626.name, PRM627.name})

# ------------------------------------------------------------------------------------------- what is said


def _failed(trial: Trial) -> Diagnostic:
    name, expected = trial.rule.name, trial.test.expected[-1]
    at = duration.write(expected.at)
    claim = f"{name} fires at {at} in its test" if expected.fires else f"{name} is silent until {at} in its test"
    code, but, notes, help = _words(trial)
    urgent = trial.urgent and trial.kind is not Kind.AGAIN
    return Diagnostic(
        code=code.name,
        level=Level.ERROR if urgent else Level.WARNING,
        message=f"{claim}, {but}",
        route=trial.test.route,
        notes=notes,
        help=help,
    )


def _words(trial: Trial) -> tuple[Code, str, tuple[str, ...], str]:
    """Return code, what follows the claim, notes and help."""
    expected, evaluate = trial.test.expected[-1], trial.test.clock
    if trial.kind is Kind.AGAIN:
        return (
            PRM621,
            f"and no longer at {duration.write(expected.at + trial.patience)}",
            _over(trial),
            "let it hold for longer (a longer range, `keep_firing_for`), or the test give it for longer",
        )
    if trial.kind is Kind.SCRAPED:
        return (
            PRM624,
            "but not where its series have the labels `job` and `instance`",
            ("every series that is scraped has them",),
            "say which labels count (`on (...)`, `sum by (...)`), and give the series of the test their labels",
        )
    if trial.kind is Kind.RECORDED:
        return (
            PRM626,
            f"but not where records come every {duration.write(trial.made)}",
            (
                "promtool has one at each value of a test, or at each evaluation; on a server a range holds fewer",
                *((f"made as rarely, the alert does not fire by {duration.write(trial.ends)}",) * expected.fires),
            ),
            "ask for fewer samples, average instead of adding up, or record more often",
        )
    if trial.kind is Kind.KEPT:
        return (
            PRM627,
            "but not where records have the labels alone that they keep",
            (f"without what they drop: {', '.join(sorted(trial.test.given))}",),
            "keep the label in the record, or give its series as the record makes them",
        )
    if trial.kind is Kind.MISSED:
        return (
            PRM625,
            "but not where what a scrape misses is gone at once",
            (
                "servers mark a series that a scrape does not have, and all those of a target that is down (`up` is 0)",
                "promtool shows the last sample for 5m",
            ),
            "write `stale` for the first `_`, and let the expression bridge the gap (`last_over_time(x[5m])`)",
        )
    notes = ["promtool evaluates at the moments of samples and of the steps of subqueries; servers do at others"]
    if expected.fires:
        notes.append(f"evaluated every {_written(evaluate)}, it does not fire by {_written(trial.ends)}")
    return (
        PRM620,
        "but not where evaluations lie between samples",
        tuple(notes),
        "ask for fewer samples, or for a range that is one scrape longer"
        if expected.fires
        else "correct the threshold or the expression, or the series of the test",
    )


def _over(trial: Trial) -> tuple[str, ...]:
    """Return why nobody may hear of an alert that is over so soon."""
    if trial.times > AT_LEAST:
        return ("Alertmanager is told that it is over before its group has waited: `group_wait`, and nobody is told",)
    return ("Alertmanager may be told that it is over before it has told anybody",)


def _written(length: timedelta) -> str:
    return duration.write(length) if not length % timedelta(seconds=1) else f"{length.total_seconds():g}s"
