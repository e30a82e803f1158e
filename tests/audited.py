"""Compare what `audit` says with running Alertmanagers: `python tests/audited.py --rules DIR --alertmanager FILE`.

For the alerts of each rule label sets are drawn that they can have: those that the audit shows, and others by chance.
Alertmanager loads the routes of the configuration, with receivers that tell nobody, and is sent all of them: what it
chooses must be a way that the audit foresaw, and the only one where it foresaw one. amtool is asked of a sample.
Prints how much was compared, the seed and the seconds; and each difference.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from generator.audit import configurations, promise, rule_files
from generator.audit.audit import audit
from generator.system import debian, programs
from generator.upstream.alertmanager.match import every_node
from generator.upstream.alertmanager.values import Undecided, suits, witness
from tests.alertmanager import SUITES, Alert
from tests.fidelity import server_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from generator.audit.audit import Audit
    from generator.audit.judge import Judge, Verdict
    from generator.upstream.alertmanager.match import Matcher
    from tests.alertmanager import Alertmanager

AT_ONCE = 5_000
KEPT = ("route", "inhibit_rules", "time_intervals", "mute_time_intervals")


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was compared, and what differed."""

    label_sets: int = 0
    certain: int = 0
    asked: int = 0
    """Label sets of which amtool was asked too."""
    faults: list[str] = field(default_factory=list)


def routes_of(found: Audit) -> str:
    """Return the configuration with the same routes and with receivers that tell nobody."""
    tree = found.case.configuration.tree
    kept: dict[str, Any] = {key: tree[key] for key in KEPT if key in tree}
    names = {receiver.name for receiver in found.case.configuration.behaviour.receivers}
    kept["receivers"] = [{"name": name} for name in sorted(names)]
    return yaml.safe_dump(_typed(kept), width=10_000, allow_unicode=True)


def _typed(value: Any, key: str = "") -> Any:
    """Return an entry with `continue` as YAML knows it: what was read is text."""
    if isinstance(value, dict):
        return {name: _typed(below, name) for name, below in value.items()}
    if isinstance(value, list):
        return [_typed(below, key) for below in value]
    return value == "true" if key == "continue" else value


def label_sets(found: Audit, number: int, dice: random.Random) -> Iterator[tuple[Verdict, dict[str, str]]]:
    """Yield so many label sets that alerts can have, each with what is said of its rule."""
    verdicts = found.verdicts
    shown = [(verdict, {**way.alert.labels, **way.alert.depends}) for verdict in verdicts for way in verdict.ways]
    yield from (
        (verdict, {label: value for label, value in labels.items() if value}) for verdict, labels in shown[:number]
    )
    for verdict in islice(cycle(verdicts), max(number - len(shown), 0)):
        yield verdict, _drawn(found.case.judge, verdict, dice)


def _drawn(judge: Judge, verdict: Verdict, dice: random.Random) -> dict[str, str]:
    rule = verdict.written.rule
    labels = {}
    for label in (*judge.router.reads, *rule.labels, "alertname"):
        value = judge.label_sets.value(rule, label)
        if not isinstance(value, str):
            choices = [one for one in (*_likely(judge, label), "", "example") if suits(one, value)]
            value = dice.choice(choices) if choices else witness(value) or ""
        if value:
            labels[label] = value
    return labels


@cache
def _likely(judge: Judge, label: str) -> tuple[str, ...]:
    """Return values of a label that routes tell apart."""
    values: dict[str, None] = {}
    matchers = [matcher for node in every_node(judge.router.root) for matcher in node.matchers]
    for matcher in matchers:
        if matcher.label == label:
            values.update(dict.fromkeys(_witnesses(matcher)))
    return tuple(values)


def _witnesses(matcher: Matcher) -> Iterator[str]:
    yield from re.findall(r"[\w./:-]+", matcher.value)
    for one in (matcher, matcher.negated()):
        try:
            value = witness((one,))
        except Undecided:
            continue
        if value is not None:
            yield value


def compare(server: Alertmanager, file: Path, found: Audit, number: int, dice: random.Random, tally: Tally) -> None:
    """Compare so many label sets with what the server chooses for them."""
    file.write_text(routes_of(found), encoding="utf-8")
    server.reload()
    drawn = list(label_sets(found, number, dice))
    for first in range(0, len(drawn), AT_ONCE):
        batch = drawn[first : first + AT_ONCE]
        # What an alert is told apart by must be no label of a route.
        alerts = [
            Alert(labels={**labels, "drawn": str(place), "mark": f"{tally.label_sets}"}, annotations={})
            for place, (_, labels) in enumerate(batch)
        ]
        said = _chosen(server, alerts)
        for (verdict, labels), receivers in zip(batch, said, strict=True):
            tally.label_sets += 1
            tally.certain += verdict.certain
            possible = {tuple(node.receiver for node in way.alert.nodes) for way in verdict.ways}
            if receivers not in possible and not verdict.undecided:
                tally.faults.append(f"{verdict.name} {labels} goes to {receivers}, said was one of {possible}")


def _chosen(server: Alertmanager, alerts: list[Alert]) -> list[tuple[str, ...]]:
    """Return the receivers that the server chooses for each alert, in their order."""
    server.post(*alerts)
    known: dict[str, tuple[str, ...]] = {}

    def all_are_there() -> bool:
        known.update(
            (one["labels"]["drawn"], tuple(each["name"] for each in one["receivers"]))
            for one in server.alerts()
            if one["labels"].get("mark") == alerts[0].labels["mark"]
        )
        return len(known) == len(alerts)

    server.wait_until(f"all {len(alerts):,} alerts are there", all_are_there)
    server.post(*alerts, ends=datetime.now(timezone.utc).isoformat())
    return [known[alert.labels["drawn"]] for alert in alerts]


def compare_amtool(suite: str, file: Path, found: Audit, sample: int, dice: random.Random, tally: Tally) -> None:
    """Compare a few label sets with `amtool config routes test`."""
    amtool = next(one.path for one in debian.fetch(suite) if one.name == "amtool")
    file.write_text(routes_of(found), encoding="utf-8")
    drawn = [pair for pair in label_sets(found, 50 * sample, dice) if all(map(_is_plain, pair[1].values()))]
    for verdict, labels in dice.sample(drawn, min(sample, len(drawn))):
        tally.asked += 1
        asked = [f"{label}={value}" for label, value in sorted(labels.items())]
        ran = programs.run([amtool, "config", "routes", "test", f"--config.file={file}", *asked])
        said = ran.stdout.strip().split("\n")[-1]
        possible = {",".join(node.receiver for node in way.alert.nodes) for way in verdict.ways}
        if said not in possible and not verdict.undecided:
            tally.faults.append(f"amtool sends {verdict.name} {labels} to {said}, said was one of {possible}")


def _is_plain(value: str) -> bool:
    return re.fullmatch(r"[\w.:/-]+", value) is not None


def audits(rules: Sequence[str], configurations_: Iterable[str]) -> Iterator[tuple[str, Audit]]:
    """Yield the audit of each set of rules with each configuration."""
    for folder in rules:
        written = rule_files.read([folder])
        for path in configurations_:
            values = {each.rule.labels.get("severity", "") for each in written.rules}
            yield f"{folder} {path}", audit(written, configurations.read([path]), promise.usual(values))


def run(rules: Sequence[str], files: Sequence[str], number: int, sample: int, suite: str, seed: int) -> Tally:
    """Compare all rules with all configurations."""
    tally = Tally()
    for name, found in audits(rules, files):
        dice = random.Random(f"{seed}/{name}")
        before = len(tally.faults)
        # Each has a server of its own: ended alerts stay for half an hour, and all are looked at for each answer.
        with tempfile.TemporaryDirectory() as folder, server_of(suite, Path(folder)) as (server, file):
            compare(server, file, found, number, dice, tally)
            compare_amtool(suite, Path(folder) / "amtool.yml", found, sample, dice, tally)
        say(f"{name}: {tally.label_sets:,} label sets, {len(tally.faults) - before} differences")
    return tally


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run a comparison and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", nargs="+", required=True)
    parser.add_argument("--alertmanager", nargs="+", required=True)
    parser.add_argument("--label-sets", type=int, default=1_000, help="of each pair")
    parser.add_argument("--sample", type=int, default=10, help="of which amtool is asked")
    parser.add_argument("--suite", choices=SUITES, default=SUITES[0])
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    began = time.monotonic()
    tally = run(options.rules, options.alertmanager, options.label_sets, options.sample, options.suite, options.seed)
    for fault in tally.faults[:20]:
        say(fault)
    say(
        f"seed {options.seed}, {options.suite}: {tally.label_sets:,} label sets, {tally.certain:,} certain, "
        f"{tally.asked:,} asked of amtool, {len(tally.faults)} differences, {time.monotonic() - began:.0f} s"
    )
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
