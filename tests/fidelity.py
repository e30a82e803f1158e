"""Compare the proof's engine with running Alertmanagers: `python tests/fidelity.py [--seed N] [--suite SUITE]`.

Each configuration is a tree of routes, inhibition rules and time intervals made by chance. Alertmanager loads it and is
sent alerts of chance; for each it is asked which receivers it chose, in their order, and what inhibits it. Where routes
have time intervals, it is seen which of them notify at this instant. Expressions that the engine refuses must be
refused by Alertmanager too. Prints how much was compared, how many configurations have each feature, the seed and the
seconds; every difference is printed with the configuration's number.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.system import debian, programs
from generator.upstream.alertmanager import time_intervals
from generator.upstream.alertmanager.inhibition import Inhibitor
from generator.upstream.alertmanager.match import Router, every_node
from generator.upstream.alertmanager.values import Undecided
from generator.upstream.alertmanager.ways import Ways
from tests.alertmanager import LIMIT, SUITES, Alert, Alertmanager, World, running, world
from tests.chance import FEATURES, SENTINELS, behaviour_of, case_of, features, limits_of, quoted, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.behaviour.behaviour import Behaviour
    from generator.upstream.alertmanager.ways import Way
    from tests.chance import Case, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What Alertmanager says of an alert: its receivers in their order, and which alert inhibits it."""

    receivers: tuple[str, ...]
    inhibited_by: int | None


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was compared, and what differed."""

    configurations: int = 0
    pairs: int = 0
    inhibited: int = 0
    perhaps: int = 0
    """Alerts of which the engine says that their inhibition depends on the order of arrival."""
    routes: int = 0
    """Routes of which it was seen whether they notify now; `silent` of them did not."""
    silent: int = 0
    refused: int = 0
    asked: int = 0
    """Alerts of which amtool was asked too."""
    known_in_part: int = 0
    """Alerts some of whose labels only the series know; of `certain` there is one way all the same."""
    certain: int = 0
    undecided: int = 0
    shown: int = 0
    """Label sets that the engine gives as examples of a way."""
    features: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    unwanted: set[str] = field(default_factory=set)
    """Those whom nobody should call."""


# ------------------------------------------------------------------------------------------- what the engine says


def differences(case: Case, answers: Mapping[int, Answer], version: tuple[int, ...], tally: Tally) -> Iterator[str]:
    """Yield what the engine says otherwise than Alertmanager did. Counts what was compared."""
    behaviour = behaviour_of(case.config)
    router = Router(behaviour.root)
    alerts = (*case.label_sets, *SENTINELS)
    inhibitor = Inhibitor(behaviour.inhibitions, alerts)
    numbers = {id(labels): number for number, labels in enumerate(alerts)}
    for number, labels in enumerate(case.label_sets):
        tally.pairs += 1
        said = answers[number]
        receivers = tuple(node.receiver for node in router.routes_of(labels))
        if receivers != said.receivers:
            yield f"case {case.number}: {dict(labels)} goes to {said.receivers}, the engine says {receivers}"
        yield from _outside_of_ways(case, number, said.receivers, router, tally)
        suppressions = inhibitor.suppressions(labels)
        tally.inhibited += said.inhibited_by is not None
        # Of several rules Alertmanager tells the first that is in force.
        able: set[int | None] = set()
        for one in suppressions:
            able |= {numbers[id(source)] for source in one.sources}
            if one.certain or version < (0, 30):
                break
        else:
            able.add(None)
            tally.perhaps += bool(suppressions)
        if said.inhibited_by not in able:
            yield (
                f"case {case.number}: alert {number}, {dict(labels)}, is inhibited by {said.inhibited_by}, "
                f"the engine says one of {able}"
            )


def with_examples(case: Case, tally: Tally) -> Case:
    """Return the case with the label sets that the engine shows for the ways of a few alerts known in part."""
    router = Router(behaviour_of(case.config).root)
    examples = []
    for number, labels in enumerate(case.label_sets[: -(-len(case.label_sets) // 20)]):
        try:
            fixed, ways = _ways(case, number, router)
        except Undecided:
            continue
        for way in ways[:5]:
            values = {**labels, **fixed, **way.values}
            wanted = tuple(node.receiver for node in way.nodes)
            if tuple(node.receiver for node in router.routes_of(values)) != wanted:
                tally.faults.append(f"case {case.number}: {values} is no example of the way to {wanted}")
            examples.append({**values, "n": f"example {len(examples)}"})
    tally.shown += len(examples)
    return replace(case, label_sets=(*case.label_sets, *examples))


def _outside_of_ways(
    case: Case, number: int, receivers: tuple[str, ...], router: Router, tally: Tally
) -> Iterator[str]:
    """Yield a fault where an alert, known in part, goes where the engine says that none of its kind can go."""
    try:
        _, ways = _ways(case, number, router)
    except Undecided:
        tally.undecided += 1
        return
    tally.known_in_part += 1
    tally.certain += len(ways) == 1
    possible = {tuple(node.receiver for node in way.nodes) for way in ways}
    if receivers not in possible:
        yield f"case {case.number}: alert {number} goes to {receivers}, the engine says one of {possible}"


def _ways(case: Case, number: int, router: Router) -> tuple[Mapping[str, str], tuple[Way, ...]]:
    """Return what is known for certain of an alert, drawn by chance, and the ways that its like can take.

    Raises Undecided.
    """
    labels, dice = case.label_sets[number], random.Random(f"{case.number}/{number}/known")
    fixed = {label: labels.get(label, "") for label in router.reads if dice.random() < 0.5}
    about = [matcher for node in every_node(router.root) for matcher in node.matchers if dice.random() < 0.1]
    limits = limits_of(labels, about, [label for label in router.reads if label not in fixed])
    return fixed, Ways(router).of(fixed, limits, "example")


# ------------------------------------------------------------------------------------------- what Alertmanager says


@contextlib.contextmanager
def server_of(suite: str, folder: Path) -> Iterator[tuple[Alertmanager, Path]]:
    """Run a suite's Alertmanager; give it and the file of its configuration."""
    config = folder / "alertmanager.yml"
    config.write_text("route: {receiver: r}\nreceivers: [{name: r}]\n", encoding="utf-8")
    with running(suite, config, folder) as server:
        yield server, config


def ask(server: Alertmanager, file: Path, case: Case) -> Mapping[int, Answer]:
    """Return what Alertmanager says of the alerts of a case, by their numbers."""
    file.write_text(case.text, encoding="utf-8")
    server.reload()
    first, last = _alerts(SENTINELS[:2]), _alerts(SENTINELS[2:])
    server.post(*first)
    server.wait_until("the first sentinel is inhibited", lambda: _is_inhibited(server, "first"))
    alerts = _alerts(case.label_sets)
    server.post(*alerts, *last)
    server.wait_until("the last sentinel is inhibited", lambda: _is_inhibited(server, "last"))
    seen = server.alerts()
    server.post(*first, *alerts, *last, ends=_now())
    numbers = {labels["n"]: number for number, labels in enumerate((*case.label_sets, *SENTINELS))}
    by_fingerprint = {one["fingerprint"]: numbers[one["labels"]["n"]] for one in seen}
    return {
        numbers[one["labels"]["n"]]: Answer(
            receivers=tuple(each["name"] for each in one["receivers"]),
            inhibited_by=_only([by_fingerprint[other] for other in one["status"]["inhibitedBy"]]),
        )
        for one in seen
    }


def _alerts(label_sets: Iterable[Mapping[str, str]]) -> list[Alert]:
    return [Alert(labels=labels, annotations={}) for labels in label_sets]


def _now() -> str:
    return datetime.now(timezone.utc).isoformat()


def _only(numbers: list[int]) -> int | None:
    assert len(numbers) <= 1, f"Alertmanager told of one inhibiting alert until now: {numbers}"
    return numbers[0] if numbers else None


def _is_inhibited(server: Alertmanager, which: str) -> bool:
    pair = [one for one in server.alerts() if one["labels"].get("n_sentinel") == which]
    by = {one["labels"]["sentinel"]: one for one in pair}
    return len(by) == 2 and by["target"]["status"]["inhibitedBy"] == [by["source"]["fingerprint"]]


# ------------------------------------------------------------------------------------------- who notifies now


def muting_differences(
    server: Alertmanager, file: Path, everybody: World, case: Case, version: tuple[int, ...], tally: Tally
) -> Iterator[str]:
    """Yield the routes that notify, or are silent, otherwise than the engine says. Counts what was compared.

    The same tree, each route with a receiver of its own that is called at once. What is called although it should be
    silent may come later: `unexpected_calls` looks for it.
    """
    behaviour = behaviour_of(case.config)
    nodes = {id(node): number for number, node in enumerate(every_node(behaviour.root))}
    config = json.loads(case.text)
    del config["inhibit_rules"]
    receivers = [f"{case.number}-{number}" for number in range(len(nodes))]
    for node, name in zip(every_node(behaviour.root), receivers, strict=True):
        _entry(config, node.where).update(receiver=name, group_wait="0s", group_by=["alertname"])
    config["receivers"] = [
        {"name": name, "webhook_configs": [{"url": f"{everybody.url}/{name}"}]} for name in receivers
    ]
    router = Router(behaviour.root)
    sent: dict[int, Mapping[str, str]] = {}
    reached = {}
    for labels in case.label_sets:
        for node in router.routes_of(labels):
            if id(node) not in reached:
                reached[id(node)] = node
                sent[id(labels)] = labels
    file.write_text(written(config), encoding="utf-8")
    before = datetime.now(timezone.utc)
    server.reload()
    # Under another name: a group in which something has ended already would wait for its next tick.
    alerts = _alerts({**labels, "alertname": f"muting of case {case.number}"} for labels in sent.values())
    server.post(*alerts)
    expected = {
        receivers[nodes[key]]: time_intervals.silencing(node.active, node.mute, behaviour.time_intervals, before)
        for key, node in reached.items()
    }
    tally.routes += len(expected)
    tally.silent += sum(bool(names) for names in expected.values())
    loud = {name for name, names in expected.items() if not names}
    tally.unwanted.update(expected.keys() - loud)
    with everybody.news:
        everybody.news.wait_for(lambda: loud <= {call.to for call in everybody.calls}, LIMIT / 3)
        missing = loud - {call.to for call in everybody.calls}
    muted: dict[str, set[str]] = {}
    if version >= (0, 28):
        ends = time.monotonic() + LIMIT / 3
        while True:
            muted = {one["receiver"]["name"]: _muted_by(one) for one in server.groups()}
            if muted == {name: set(names) for name, names in expected.items()} or time.monotonic() > ends:
                break
            time.sleep(0.01)
    server.post(*alerts, ends=_now())
    if not _same_instant(behaviour, reached.values(), before):
        return
    for name in sorted(missing):
        yield f"case {case.number}: the route of {name} is silent, the engine says that it notifies at {before}"
    for name, names in muted.items():
        if names != set(expected[name]):
            yield f"case {case.number}: {name} is muted by {names}, the engine says {expected[name]} at {before}"


def unexpected_calls(everybody: World, tally: Tally) -> Iterator[str]:
    """Yield who was called although the engine says that they hear nothing."""
    for to in sorted({call.to for call in everybody.calls} & tally.unwanted):
        yield f"case {to.partition('-')[0]}: the route of {to} notifies, the engine says that it is silent"


def _muted_by(group: Tree) -> set[str]:
    return {name for one in group["alerts"] for name in one["status"].get("mutedBy") or ()}


def _same_instant(behaviour: Behaviour, nodes: Iterable[Any], before: datetime) -> bool:
    """Return whether an interval began or ended meanwhile: then nothing was compared."""
    after = datetime.now(timezone.utc)
    intervals = behaviour.time_intervals
    return all(
        time_intervals.silencing(node.active, node.mute, intervals, before)
        == time_intervals.silencing(node.active, node.mute, intervals, after)
        for node in nodes
    )


def _entry(config: Tree, where: tuple[str | int, ...]) -> Any:
    entry: Any = config
    for step in where:
        entry = entry[step]
    return entry


# ------------------------------------------------------------------------------------------- amtool


def amtool_differences(suite: str, folder: Path, cases: Iterable[Case], sample: int, tally: Tally) -> Iterator[str]:
    """Yield where `amtool config routes test` chooses other receivers, for a few alerts of each case."""
    amtool = next(one.path for one in debian.fetch(suite) if one.name == "amtool")
    file = folder / "amtool.yml"
    for case in cases:
        file.write_text(case.text, encoding="utf-8")
        router = Router(behaviour_of(case.config).root)
        # Its arguments are matchers of their own: what needs no quotes is enough for a sample.
        plain = (one for one in case.label_sets if all(re.fullmatch(r"\w+", text) for text in _routed(one).values()))
        for labels in list(plain)[:sample]:
            tally.asked += 1
            told = programs.run(
                [amtool, "config", "routes", "test", f"--config.file={file}"]
                + [f"{label}={text}" for label, text in sorted(_routed(labels).items())]
            )
            receivers = ",".join(node.receiver for node in router.routes_of(labels))
            # Since 0.27 amtool says more on stdout: which matchers a later version may not read.
            if told.stdout.split("\n")[-2:] != [receivers, ""]:
                yield f"case {case.number}: amtool sends {labels} to {told.stdout}{told.stderr}, the engine {receivers}"


def _routed(labels: Mapping[str, str]) -> Mapping[str, str]:
    return {label: text for label, text in labels.items() if label not in ("alertname", "n")}


# ------------------------------------------------------------------------------------------- all of it

RUN = 25
"""After so many configurations Alertmanager is started anew."""


def compare(suite: str, configurations: int, alerts: int, seed: int) -> Tally:
    """Compare so many configurations, with so many alerts each, on a suite's Alertmanager."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as home, world() as everybody:
        for first in range(0, configurations, RUN):
            # Alertmanager keeps what has ended for half an hour and reads it again at each reload: begin anew.
            # (Told to forget sooner, 0.25 can stand still for ever, when it forgets while alerts arrive.)
            folder = Path(home, str(first))
            folder.mkdir()
            with server_of(suite, folder) as (server, file):
                for number in range(first, min(first + RUN, configurations)):
                    case = with_examples(case_of(seed, number, alerts), tally)
                    _compare_case(server, file, everybody, case, version_of(suite), tally)
        tally.faults += unexpected_calls(everybody, tally)
        sampled = range(0, configurations, max(configurations // 10, 1))
        tally.faults += amtool_differences(suite, Path(home), (case_of(seed, one, alerts) for one in sampled), 3, tally)
    return tally


def _compare_case(
    server: Alertmanager, file: Path, everybody: World, case: Case, version: tuple[int, ...], tally: Tally
) -> None:
    tally.configurations += 1
    tally.features.update(features(case))
    tally.faults += differences(case, ask(server, file, case), version, tally)
    tally.faults += refusal_differences(server, case, tally)
    if "time_intervals" in case.config or "mute_time_intervals" in case.config:
        tally.faults += muting_differences(server, file, everybody, case, version, tally)


def refusal_differences(server: Alertmanager, case: Case, tally: Tally) -> Iterator[str]:
    """Yield the expressions that Alertmanager takes and the engine does not. Counts what was compared."""
    for pattern in case.refused:
        tally.refused += 1
        if not server.refuses(f"a=~{quoted(pattern)}"):
            yield f"case {case.number}: Alertmanager takes {pattern!r}, the engine does not"


@cache
def version_of(suite: str) -> tuple[int, ...]:
    """Return the version of a suite's Alertmanager."""
    amtool = next(one.path for one in debian.fetch(suite) if one.name == "amtool")
    told = programs.run([amtool, "--version"])
    found = re.search(r"version (\d+)\.(\d+)\.(\d+)", told.stdout + told.stderr)
    assert found, told
    return tuple(map(int, found.groups()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[2])
    parser.add_argument("--configurations", type=int, default=500)
    parser.add_argument("--pairs", type=int, default=100_000, help="a generation")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--suite", choices=SUITES, action="append")
    options = parser.parse_args()
    alerts = -(-options.pairs // options.configurations)
    _say(f"seed {options.seed}")
    failed = False
    for suite in options.suite or SUITES:
        begun = time.monotonic()
        tally = compare(suite, options.configurations, alerts, options.seed)
        failed = failed or bool(tally.faults)
        version = ".".join(map(str, version_of(suite)))
        _say(f"{suite}, Alertmanager {version}: {time.monotonic() - begun:.0f} s")
        _say(f"  {tally.configurations:,} configurations, {tally.pairs:,} pairs, {len(tally.faults)} differences")
        _say(f"  {tally.asked} of the pairs asked of `amtool config routes test` too")
        _say(f"  {tally.known_in_part:,} known in part, {tally.certain:,} certain, {tally.undecided:,} undecided")
        _say(f"  {tally.shown:,} examples of ways sent")
        _say(f"  {tally.inhibited:,} alerts inhibited, {tally.perhaps:,} depend on the order of arrival")
        _say(f"  {tally.routes:,} routes watched, {tally.silent:,} silent; {tally.refused:,} expressions refused")
        for feature in FEATURES:
            _say(f"  {tally.features[feature] / tally.configurations:6.1%}  {feature}")
        for fault in tally.faults[:20]:
            _say(f"  {fault}")
    return failed


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
