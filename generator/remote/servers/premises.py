"""The premises of the proof (`stack`), held against what servers run with: versions, intervals, time-outs, flags."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from generator.checks.plan import retention as retention_lint
from generator.diagnostics.diagnostic import Level
from generator.plan import timing
from generator.plan.timing import Term
from generator.policy import duration
from generator.remote.servers.deviations import Deviation, listed, some
from generator.remote.servers.premises_codes import LIV801, LIV802, LIV808, LIV813, LIV814
from generator.remote.servers.proof import Change
from generator.upstream.alertmanager import re2
from generator.upstream.promql import promql
from generator.upstream.promql.records import MADE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.behaviour.behaviour import Rule
    from generator.behaviour.verification import Verification
    from generator.remote.servers.servers import Alertmanager, Prometheus

_PROMETHEUS = ("stack", "prometheus")
_ALERTMANAGER = ("stack", "alertmanager")
_CLOCKS = timedelta(seconds=5)


def of_prometheus(verification: Verification, server: Prometheus) -> Iterator[Deviation]:
    """LIV801: version; LIV802: a premise; LIV808: number of Alertmanagers; LIV813: clock; LIV814: no targets."""
    stack = verification.plan.policy.stack.prometheus
    yield from _version("Prometheus", server.url, server.version, server.version_text, stack.version)
    yield from _scrapes(verification, server)
    yield from _timeout(verification, server)
    yield from _offset(server)
    yield from _flags(verification, server)
    yield from _retention(verification, server)
    yield from _receivers(verification, server)
    yield from _clock("Prometheus", server.url, server.ahead)


def of_alertmanager(verification: Verification, server: Alertmanager) -> Iterator[Deviation]:
    """LIV801: version; LIV808: number of peers; LIV813: clock."""
    stack = verification.plan.policy.stack.alertmanager
    yield from _version("Alertmanager", server.url, server.version, server.version_text, stack.version)
    peers = verification.plan.stack.peers
    if server.members != peers:
        members = f"{server.members} member{'s' * (server.members > 1)}"
        yield Deviation(
            code=LIV808.name,
            program="Alertmanager",
            server=server.url,
            said=f"its cluster has {members}, the policy says {peers}",
            route=(*_ALERTMANAGER, "peers"),
            change=Change(stack={"peers": server.members}) if server.members > peers else None,
            help="members that are missing take no alert over; look at /api/v2/status of each, and at --cluster.peer"
            if server.members < peers
            else "each member waits for those before it: write their number into the policy",
        )
    yield from _clock("Alertmanager", server.url, server.ahead)


def _version(
    program: str, server: str, version: tuple[int, ...], text: str, least: tuple[int, ...]
) -> Iterator[Deviation]:
    if not version:
        yield Deviation(
            code=LIV801.name,
            program="Prometheus" if program == "Prometheus" else "Alertmanager",
            server=server,
            said=f"it calls its version `{text}`, which tells nothing",
            route=("stack", program.lower(), "version"),
            level=Level.WARNING,
            help="check yourself whether it is as new as the policy says",
        )
    elif version[: len(least)] < least:
        written = ".".join(map(str, least))
        yield Deviation(
            code=LIV801.name,
            program="Prometheus" if program == "Prometheus" else "Alertmanager",
            server=server,
            said=f"it is version {text}, older than the {written} for which the files were written",
            route=("stack", program.lower(), "version"),
            help="upgrade it, or write its version into the policy and render again",
        )


def _clock(program: str, server: str, ahead: timedelta | None) -> Iterator[Deviation]:
    if ahead is not None and abs(ahead) > _CLOCKS:
        offset = timedelta(seconds=round(abs(ahead).total_seconds()))
        yield Deviation(
            code=LIV813.name,
            program="Prometheus" if program == "Prometheus" else "Alertmanager",
            server=server,
            said=f"its clock is {duration.write(offset)} {'ahead of' if ahead > timedelta() else 'behind'} ours",
            help="compare both with a time server: alerts end, and groups wait, by the clocks of the machines",
        )


# ------------------------------------------------------------------------------------------- scraping


@dataclass(frozen=True, slots=True)
class Reads:
    """Follows expressions through recording rules to the metrics that are scraped."""

    records: Mapping[str, tuple[Rule, ...]]

    def selectors(self, expression: str, seen: frozenset[str] = frozenset()) -> Iterator[promql.Selector]:
        """Yield the selectors of scraped metrics behind an expression."""
        for selector in promql.selectors(expression) or ():
            recorded = selector.reads(self.records)
            for metric in recorded:
                if metric not in seen:
                    for record in self.records[metric]:
                        yield from self.selectors(record.expr, seen | {metric})
            if not recorded and selector.metric not in MADE:
                yield selector

    def recorded(self, expression: str, seen: frozenset[str] = frozenset()) -> frozenset[str]:
        """Return the names of the recording rules behind an expression."""
        names = promql.read_of(self.records, expression) - seen
        below = (self.recorded(rule.expr, seen | names) for name in names for rule in self.records[name])
        return names.union(*below)


def reads(verification: Verification) -> Reads:
    """Return the recording rules of the files, ready to follow expressions."""
    records: dict[str, tuple[Rule, ...]] = {}
    for rule in verification.behaviour.rules:
        if rule.records:
            records[rule.name] = (*records.get(rule.name, ()), rule)
    return Reads(records)


def metrics(verification: Verification) -> frozenset[str]:
    """Return the metrics that are selected without a job."""
    records = reads(verification)
    expressions = {alert.rule.expr for alert in verification.alerts}
    selectors = {selector for expression in expressions for selector in records.selectors(expression)}
    return frozenset(
        metric for selector in selectors if not _jobs(selector) and (metric := selector.metric) and _plain(metric)
    )


def _plain(metric: str) -> bool:
    """Return whether a metric name contains no regular expression."""
    return re2.is_list(metric) and "|" not in metric


def _jobs(selector: promql.Selector) -> tuple[tuple[str, str], ...]:
    """Return operator and value of a selector's matchers on `job`."""
    return tuple(
        (operator, value) for label, operator, value in selector.matchers if label == "job" and operator in ("=", "=~")
    )


def _read_jobs(server: Prometheus, records: Reads, expression: str) -> frozenset[str]:
    """Return the jobs that an expression reads, including named jobs without targets."""
    jobs: set[str] = set()
    for selector in records.selectors(expression):
        demands = _jobs(selector)
        for operator, value in demands:
            jobs |= {value} if operator == "=" else {job for job in server.jobs if _matches(value, job)}
        if not demands:
            jobs |= server.jobs_of.get(selector.metric or "", frozenset())
    return frozenset(jobs)


def _matches(pattern: str, job: str) -> bool:
    try:
        return re2.expression(pattern).matches(job)
    except ValueError:
        return True  # longer is the safe side


def _scrapes(verification: Verification, server: Prometheus) -> Iterator[Deviation]:
    records = reads(verification)
    stack = verification.plan.stack
    readers: dict[str, set[str]] = {}
    jobs_of: dict[str, frozenset[str]] = {}
    for alert in verification.alerts:
        expression = alert.rule.expr
        if expression not in jobs_of:
            jobs_of[expression] = _read_jobs(server, records, expression)
        for job in jobs_of[expression]:
            readers.setdefault(job, set()).add(alert.rule.name)
    missing = sorted(job for job in readers if job and job not in server.jobs)
    if missing:
        names = sorted({name for job in missing for name in readers[job]})
        yield Deviation(
            code=LIV814.name,
            program="Prometheus",
            server=server.url,
            said=f"no target of the job{'s' * (len(missing) > 1)} {some(missing)} is scraped; alerts read it: "
            f"{some(names)}",
            route=_PROMETHEUS,
            on_key=True,
            notes=(f"all: {', '.join(missing)}",) if len(missing) > 4 else (),
            help="add the job to scrape_configs, or find out why its discovery finds nothing (/service-discovery)",
        )
    for what, key, expected in (
        ("scraped every", "scrape", stack.scrape),
        ("scraped with a time-out of", "scrape_timeout", stack.scrape_timeout),
    ):
        slow: dict[timedelta, list[str]] = {}
        for job in sorted(readers):
            targets = server.jobs.get(job)
            actual = None if targets is None else targets.interval if key == "scrape" else targets.timeout
            if actual is not None and actual > expected:
                slow.setdefault(actual, []).append(job)
        for actual, jobs in sorted(slow.items()):
            concerned = frozenset(jobs)
            yield Deviation(
                code=LIV802.name,
                program="Prometheus",
                server=server.url,
                said=f"the job{'s' * (len(jobs) > 1)} {some(jobs)} {'are' if len(jobs) > 1 else 'is'} {what} "
                f"{duration.write(actual)}, the policy says {duration.write(expected)}",
                route=(*_PROMETHEUS, key),
                level=Level.WARNING,
                change=Change(
                    stack={key: actual},
                    concerns=lambda alert, jobs=concerned: bool(jobs & jobs_of[alert.rule.expr]),  # type: ignore[misc]
                ),
                help=f"set it for the job, or for all in `global`, or write `{key}: {duration.write(actual)}` "
                "into the policy",
            )


# ------------------------------------------------------------------------------------------- the other lengths


def _timeout(verification: Verification, server: Prometheus) -> Iterator[Deviation]:
    expected = verification.plan.stack.alertmanager_timeout
    actual = max(
        (_written(alertmanager.get("timeout"), 10) for alertmanager in _alertmanagers(server)), default=expected
    )
    if actual > expected:
        yield Deviation(
            code=LIV802.name,
            program="Prometheus",
            server=server.url,
            said=f"it waits {duration.write(actual)} for an Alertmanager that hangs, "
            f"the policy says {duration.write(expected)}",
            route=(*_PROMETHEUS, "alertmanager_timeout"),
            level=Level.WARNING,
            change=Change(stack={"alertmanager_timeout": actual}),
            help="set `timeout` in `alerting.alertmanagers`",
        )


def _alertmanagers(server: Prometheus) -> tuple[Mapping[str, str], ...]:
    alerting = server.config.get("alerting")
    entries = alerting.get("alertmanagers") if isinstance(alerting, dict) else None
    return tuple(entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()


def _offset(server: Prometheus) -> Iterator[Deviation]:
    settings = server.config.get("global")
    actual = _written(settings.get("rule_query_offset") if isinstance(settings, dict) else None, 0)
    if actual > timedelta():
        yield Deviation(
            code=LIV802.name,
            program="Prometheus",
            server=server.url,
            said=f"rules look at the samples of {duration.write(actual)} ago (rule_query_offset), "
            "which is in no sum of the policy",
            route=(*_PROMETHEUS, "evaluate"),
            level=Level.WARNING,
            change=Change(extra=(Term(name="query offset", length=actual),)),
            help="remove `rule_query_offset`",
        )


def _flags(verification: Verification, server: Prometheus) -> Iterator[Deviation]:
    seen = (
        "query.lookback-delta",
        verification.plan.stack.lookback,
        "shorter",
        "samples that are further apart leave gaps, and `for` begins anew",
    )
    for name, usual, worse, why in (*_FLAGS, seen):
        written = server.flags.get(name)
        try:
            actual = None if written is None else duration.parse(written)
        except (ValueError, OverflowError):
            continue
        if actual is None or actual == usual or (actual < usual and worse == "longer"):
            continue
        if actual > usual and worse == "shorter":
            continue
        yield Deviation(
            code=LIV802.name,
            program="Prometheus",
            server=server.url,
            said=f"--{name} is {duration.write(actual)}, the proof rests on {duration.write(usual)}: {why}",
            route=_PROMETHEUS,
            on_key=True,
            level=Level.WARNING,
            help="remove the flag: it is the default"
            if name != seen[0]
            else f"set the flag, or write `lookback: {duration.write(actual)}` into the policy",
        )
    queue = server.flags.get("alertmanager.notification-queue-capacity", "")
    if queue.isdecimal() and len(queue) < 5 and int(queue) < 10000:
        yield Deviation(
            code=LIV802.name,
            program="Prometheus",
            server=server.url,
            said=f"--alertmanager.notification-queue-capacity is {queue}, the default is 10000: of more alerts at once "
            "the oldest are thrown away",
            route=_PROMETHEUS,
            on_key=True,
            level=Level.WARNING,
            help="remove the flag",
        )


_MINUTE = timedelta(minutes=1)
_FLAGS = (
    (
        "rules.alert.resend-delay",
        timing.RESEND_DELAY,
        "both",
        "what is lost on the way is sent again only then, and an alert ends after four times as long",
    ),
    (
        "rules.alert.for-grace-period",
        10 * _MINUTE,
        "longer",
        "after a restart, an alert with a shorter `for` waits for all of it again",
    ),
    (
        "rules.alert.for-outage-tolerance",
        60 * _MINUTE,
        "shorter",
        "after a longer outage, `for` begins anew",
    ),
)


def _written(text: object, seconds: int) -> timedelta:
    try:
        return duration.parse(str(text)) if text is not None else timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return timedelta(seconds=seconds)


def _retention(verification: Verification, server: Prometheus) -> Iterator[Deviation]:
    """Yield a deviation where Prometheus keeps samples for less time than the policy says."""
    plan = verification.plan
    if server.retention >= plan.stack.retention:
        return
    blind = tuple(retention_lint.check(replace(plan, stack=replace(plan.stack, retention=server.retention))))
    yield Deviation(
        code=LIV802.name,
        program="Prometheus",
        server=server.url,
        said=f"samples are kept for {duration.write(server.retention)}, "
        f"the policy says {duration.write(plan.stack.retention)}",
        route=(*_PROMETHEUS, "retention"),
        level=Level.ERROR if blind else Level.WARNING,
        notes=tuple(finding.message for finding in blind),
        help="set --storage.tsdb.retention.time, or write into the policy what is kept",
    )


def _receivers(verification: Verification, server: Prometheus) -> Iterator[Deviation]:
    peers, known = verification.plan.stack.peers, len(server.alertmanagers)
    if known == peers:
        return
    sent = f"alerts are sent to {known} Alertmanager{'s' * (known > 1)}" if known else "alerts are sent to nobody"
    notes = (f"it sends to {listed(server.alertmanagers)}",) if known else ()
    yield Deviation(
        code=LIV808.name,
        program="Prometheus",
        server=server.url,
        said=f"{sent}, the policy says {peers}",
        route=(*_ALERTMANAGER, "peers"),
        notes=notes,
        help="name every member of the cluster in `alerting.alertmanagers`",
    )
