"""From checked YAML data to a Policy. What the schema cannot express about one entry is checked here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from generator.diagnostics.diagnostic import Diagnostic, PolicyErrors, PolicyPath
from generator.diagnostics.wording import listed
from generator.policy import duration, owners, thresholds, untold
from generator.policy.calendars import WEEKDAYS, calendar, clock_range, date_of, day_range, minutes, timezone
from generator.policy.environments import environments
from generator.policy.kubernetes import DEFAULT, kubernetes
from generator.policy.label_names import LabelNames
from generator.policy.load_codes import POL214, POL220, POL221, POL222, POL223, POL224, POL255, POL286
from generator.policy.model import (
    NOBODY,
    Acceptance,
    Alert,
    Alertmanager,
    Basis,
    Besides,
    Channel,
    Containment,
    Duty,
    Heartbeat,
    Layer,
    Other,
    Person,
    Phase,
    Policy,
    Prometheus,
    Record,
    Reference,
    Responder,
    Role,
    Runbook,
    Schedule,
    Service,
    Severity,
    SeverityPolicy,
    Smtp,
    Stack,
    Step,
    Team,
    TeamPager,
    Test,
    Unrouted,
    Watch,
    WatchAlert,
)
from generator.policy.pagerduty_services import chain_services, kept, steps_in
from generator.policy.severities import severities
from generator.upstream.alertmanager import integrations
from generator.upstream.alertmanager.integrations import FILES, KINDS, OPTIONS
from generator.upstream.pagerduty import REGIONS

Data = Mapping[str, Any]
_T = TypeVar("_T")


def load(tree: Data) -> Policy:
    """Return the policy that `tree` (valid by the schema) writes down. Raises PolicyErrors."""
    findings: list[Diagnostic] = []
    several = environments(tree, findings, _test)
    ranked = severities(tree["severities"], findings)
    policy = Policy(
        name=tree["name"],
        title=tree.get("title"),
        purpose=tree.get("purpose"),
        targets=tree.get("targets", DEFAULT),
        environment=next(iter(several), tree.get("environment", "")),
        environments=several,
        stack=_stack(tree["stack"]),
        severities=ranked,
        calendar=calendar(("calendar",), tree["calendar"], findings) if "calendar" in tree else None,
        calendars=_all(tree, "calendars", lambda name, entry: calendar(("calendars", name), entry, findings)),
        people=_all(tree, "people", lambda _, entry: Person(**entry)),
        teams=_all(tree, "teams", lambda _, entry: _team(entry)),
        roles=_all(tree, "roles", lambda _, entry: _role(entry)),
        schedules=_all(tree, "schedules", lambda name, entry: _schedule(("schedules", name), entry, findings)),
        escalations=_all(tree, "escalations", lambda _, entry: tuple(map(_step, steps_in(entry)))),
        chain_services=chain_services(tree),
        channels=_all(tree, "channels", lambda name, entry: _channel(("channels", name), entry, findings)),
        references=_all(tree, "references", lambda _, entry: Reference(title=entry["title"], url=entry.get("url"))),
        runbooks=_all(tree, "runbooks", lambda _, entry: Runbook(**entry)),
        lifecycle=_all(tree, "lifecycle", lambda _, entry: Phase(**entry)),
        containments=_all(tree, "containments", lambda _, entry: _containment(entry)),
        duties=_all(tree, "duties", lambda name, entry: _duty(("duties", name), entry, findings)),
        watch=_watch(tree["watch"]),
        lesser_wait=tree.get("lesser_wait", True),
        services=_all(tree, "services", lambda name, entry: _service(("services", name), entry, findings)),
        owners=owners.read(tree["owners"]) if "owners" in tree else None,
        others=_all(tree, "others", lambda name, entry: _other(("others", name), entry, findings)),
        records=_all(tree, "records", lambda _, entry: _record(entry)),
        alerts=_all(tree, "alerts", lambda name, entry: _alert(name, entry, ranked, findings)),
        accepts=_all(tree, "accepts", lambda name, entry: _acceptance(name, entry, findings)),
        labels=LabelNames(**tree.get("labels", {})),
    )
    if findings:
        raise PolicyErrors(*findings)
    return policy


def _all(tree: Data, key: str, make: Callable[[str, Any], _T]) -> dict[str, _T]:
    return {name: make(name, entry) for name, entry in tree.get(key, {}).items()}


def _acceptance(name: str, entry: Data, findings: list[Diagnostic]) -> Acceptance:
    until = date_of(entry["until"], ("accepts", name, "until"), findings)
    if ("weaker" in entry) == ("findings" in entry) or ("findings" in entry) != ("of" in entry):
        findings.append(
            Diagnostic(
                code=POL255.name,
                message=f"the acceptance {name} names not one thing that is accepted",
                route=("accepts", name),
                on_key=True,
                help="write `weaker` for changes, or `findings` with `of` for the entries that they are in",
            )
        )
    return Acceptance(
        weaker=_texts(entry, "weaker"),
        findings=_texts(entry, "findings"),
        of=_texts(entry, "of"),
        reason=entry["reason"],
        until=until,
    )


def _texts(entry: Data, key: str) -> tuple[str, ...]:
    return tuple(entry.get(key, ()))


def _length(entry: Data, key: str) -> timedelta | None:
    text = entry.get(key)
    return None if text is None else duration.parse(text)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _smtp(entry: Data) -> Smtp:
    return Smtp(
        smarthost=entry["smarthost"],
        sender=entry["from"],
        hello=entry.get("hello"),
        username=entry.get("username"),
        password_file=entry.get("password_file"),
        require_tls=entry.get("require_tls"),
    )


def _stack(entry: Data) -> Stack:
    prometheus, alertmanager = entry["prometheus"], entry["alertmanager"]
    smtp = alertmanager.get("smtp")
    return Stack(
        prometheus=Prometheus(
            version=_version(prometheus["version"]),
            replicas=prometheus.get("replicas", 1),
            scrape=duration.parse(prometheus["scrape"]),
            scrape_timeout=_length(prometheus, "scrape_timeout"),
            evaluate=duration.parse(prometheus["evaluate"]),
            lookback=_length(prometheus, "lookback"),
            alertmanager_timeout=_length(prometheus, "alertmanager_timeout"),
            alerts_at_once=prometheus.get("alerts_at_once"),
            retention=_length(prometheus, "retention"),
            external_labels={
                name: (values,) if isinstance(values, str) else tuple(values)
                for name, values in prometheus.get("external_labels", {}).items()
            },
        ),
        alertmanager=Alertmanager(
            version=_version(alertmanager["version"]),
            peers=alertmanager.get("peers", 1),
            peer_timeout=_length(alertmanager, "peer_timeout"),
            retention=_length(alertmanager, "retention"),
            resolve_timeout=_length(alertmanager, "resolve_timeout"),
            secrets=alertmanager["secrets"],
            url_files={name: alertmanager[key] for name in KINDS if (key := f"{name}_url_file") in alertmanager},
            smtp=_smtp(smtp) if smtp else None,
            proxy=alertmanager.get("proxy"),
        ),
        pagerduty=REGIONS.get(entry.get("pagerduty", {}).get("region", "")),
        pagerduty_services=entry.get("pagerduty", {}).get("services"),
        kubernetes=kubernetes(entry.get("kubernetes")),
        survive=_texts(entry, "survive"),
        delivery=_length(entry, "delivery"),
    )


def _role(entry: Data) -> Role:
    return Role(
        title=entry["title"], does=entry["does"], held_by=_responder(entry["held_by"]) if "held_by" in entry else None
    )


def _schedule(route: PolicyPath, entry: Data, findings: list[Diagnostic]) -> Schedule:
    return Schedule(
        title=entry.get("title"),
        timezone=timezone(entry["timezone"], (*route, "timezone"), findings),
        layers={name: _layer((*route, "layers", name), layer, findings) for name, layer in entry["layers"].items()},
    )


def _layer(route: PolicyPath, entry: Data, findings: list[Diagnostic]) -> Layer:
    day, time = entry["hand_over"].split(" ")
    turn = duration.parse(entry["turn"])
    if not timedelta(hours=1) <= turn <= timedelta(days=365):
        findings.append(
            Diagnostic(
                code=POL214.name,
                message=f"a turn of {entry['turn']} is outside of PagerDuty's limits",
                route=(*route, "turn"),
                help="write between 1h and 365d, for example 7d",
            )
        )
    return Layer(
        start=date_of(entry["from"], (*route, "from"), findings),
        hand_over_day=WEEKDAYS.index(day),
        hand_over_minute=minutes(time),
        turn=turn,
        rotation=_texts(entry, "rotation"),
        daily=clock_range(entry["daily"]) if "daily" in entry else None,
        days=day_range(entry["days"]) if "days" in entry else None,
    )


def _responder(text: str) -> Responder:
    kind, _, name = text.partition("/")
    return Responder("schedule" if kind == "schedule" else "person", name)


def _step(entry: Data) -> Step:
    page = entry["page"]
    return Step(
        page=tuple(map(_responder, (page,) if isinstance(page, str) else page)),
        by=None if entry["by"] == "first" else int(entry["by"].rstrip("%")),
        role=entry.get("as"),
    )


def _channel(route: PolicyPath, entry: Data, findings: list[Diagnostic]) -> Channel:
    kinds = [kind for name, kind in KINDS.items() if name in entry]
    if not kinds and "url_file" in entry:
        kinds = [KINDS["webhook"]]
    if len(kinds) != 1:
        what = f"{' and '.join(kind.name for kind in kinds)} at once" if kinds else "without a kind"
        names = (f"`{name}`" for name, kind in KINDS.items() if kind.writes)
        findings.append(
            Diagnostic(
                code=POL220.name,
                message=f"channel {route[-1]} is {what}",
                route=route,
                on_key=True,
                help=f"give it exactly one of {listed(names)}",
            )
        )
    internal = next((kind.name for kind in kinds if not kind.public), None)
    if internal and entry["audience"] == "public":
        findings.append(
            Diagnostic(
                code=POL221.name,
                message=f"channel {route[-1]} tells the public by `{internal}`, which carries every label of an alert",
                route=(*route, "audience"),
                help="use `slack` or `email` for public drafts, or make the audience internal",
            )
        )
    kind = kinds[0] if kinds else integrations.kind("")
    address = str(entry.get(kind.name, ""))
    options = {option.key for option in kind.options}
    reads = {file.key for file in kind.files} | options | ({"server"} if kind.server else set())
    if address and kind.program:
        reads.discard("url_file")  # the address itself is written
    return Channel(
        kind=kind,
        address=address,
        audience=entry["audience"],
        files={key: value for key, value in entry.items() if key in FILES and key in reads},
        server=entry.get("server") if kind.server else None,
        options={key: value for key, value in entry.items() if key in options},
        unread=tuple(key for key in entry if key in (*FILES, *OPTIONS, "server") and key not in reads),
        resolved=entry.get("resolved"),
        repeat=_length(entry, "repeat"),
        rule=entry.get("rule"),
        pages=entry.get("pages", kind.pages),
    )


def _containment(entry: Data) -> Containment:
    basis = entry.get("basis")
    return Containment(
        title=entry["title"],
        when=entry["when"],
        call=entry.get("call"),
        basis=Basis(reference=basis["reference"], section=basis.get("section")) if basis else None,
        steps=_texts(entry, "steps"),
    )


def _duty(route: PolicyPath, entry: Data, findings: list[Diagnostic]) -> Duty:
    written = {key for key in ("during", "every", "after", "within", "of") if key in entry}
    if written not in ({"during", "every"}, {"after", "within", "of"}):
        findings.append(
            Diagnostic(
                code=POL222.name,
                message=f"duty {route[-1]} has no clear schedule",
                route=route,
                on_key=True,
                help="give it either `during` and `every`, or `after`, `within` and `of`",
            )
        )
    return Duty(
        title=entry.get("title"),
        during=_texts(entry, "during"),
        every=_length(entry, "every"),
        after=_texts(entry, "after"),
        within=_length(entry, "within"),
        of=entry.get("of"),
        by=entry.get("by"),
        via=_texts(entry, "via"),
        steps=_texts(entry, "steps"),
    )


def _watch(entry: Data) -> Watch:
    heartbeat = entry["heartbeat"]
    return Watch(
        service=entry["service"],
        severity=entry["severity"],
        unrouted=_unrouted(entry["unrouted"]),
        heartbeat=Heartbeat(via=heartbeat["via"], every=duration.parse(heartbeat["every"])),
        prometheus_job=entry.get("prometheus_job"),
        alertmanager_job=entry.get("alertmanager_job"),
        alerts={name: _watch_alert(own) for name, own in entry.get("alerts", {}).items()},
    )


def _watch_alert(entry: Data) -> WatchAlert:
    return WatchAlert(
        off=entry.get("off"),
        hold=_length(entry, "for"),
        severity=entry.get("severity"),
        more_than=entry.get("more_than"),
        notify=_besides(entry),
    )


def _unrouted(entry: str | Data) -> Unrouted:
    return Unrouted(severity=entry) if isinstance(entry, str) else Unrouted(notify=_texts(entry, "notify"))


def _team(entry: Data) -> Team:
    return Team(
        title=entry["title"],
        members=_texts(entry, "members"),
        calendar=entry.get("calendar"),
        hours=entry.get("hours"),
        notify=_besides(entry),
        pager=_team_pager(entry.get("pager")),
    )


def _team_pager(written: Any) -> TeamPager:
    return TeamPager(by=written) if isinstance(written, Mapping) else TeamPager(always=written)


_NO_OTHERS = Besides()
"""One for all of the many alerts."""


def _besides(entry: Data) -> Besides:
    told = entry.get("notify", NOBODY)
    if told == NOBODY:
        return _NO_OTHERS
    if isinstance(told, Mapping):
        return Besides(by={severity: tuple(channels) for severity, channels in told.items()})
    return Besides(always=tuple(told))


def _other(route: PolicyPath, entry: Data, findings: list[Diagnostic]) -> Other:
    if ("severity" in entry) == ("notify" in entry):
        findings.append(
            Diagnostic(
                code=POL286.name,
                message=f"{route[-1]} has "
                + ("both `severity` and `notify`" if "notify" in entry else "neither `severity` nor `notify`"),
                route=route,
                on_key=True,
                help="give it the severity that it is, or the channels that are told and nobody else",
            )
        )
    told = entry.get("notify", ())
    return Other(
        severity=entry.get("severity"),
        notify=() if told == NOBODY else tuple(told),
        untold=untold.reason(route, entry, findings),
    )


def _service(route: PolicyPath, entry: Data, findings: list[Diagnostic]) -> Service:
    return Service(
        title=entry.get("title"),
        team=entry["team"],
        escalation=entry.get("escalation"),
        pagerduty=kept(entry),
        runbook=entry["runbook"],
        depends_on=_texts(entry, "depends_on"),
        public=entry.get("public"),
        notify=_besides(entry),
        untold=untold.reason(route, entry, findings),
        lesser_wait=entry.get("lesser_wait"),
    )


def _record(entry: Data) -> Record:
    return Record(every=duration.parse(entry["every"]), expr=entry["expr"], labels=entry.get("labels", {}))


def _alert(name: str, entry: Data, ranked: Mapping[Severity, SeverityPolicy], findings: list[Diagnostic]) -> Alert:
    route = ("alerts", name)
    return thresholds.alerts(route, entry, alert(route, entry, findings), ranked, findings)


def alert(route: PolicyPath, entry: Data, findings: list[Diagnostic]) -> Alert:
    """Return the alert that `entry`, valid by the schema, writes down; add to `findings` what is wrong with it."""
    if ("service" in entry) == ("each" in entry):
        findings.append(
            Diagnostic(
                code=POL223.name,
                message=f"alert {route[-1]} has "
                + ("both `service` and `each`" if "each" in entry else "neither `service` nor `each`"),
                route=route,
                on_key=True,
                help="give it exactly one of `service` and `each`",
            )
        )
    each = entry.get("each")
    return Alert(
        service=entry.get("service"),
        each={key: {} for key in each} if isinstance(each, list) else each,
        severity=thresholds.severity(route, entry, findings),
        expr=entry["expr"],
        hold=_length(entry, "for"),
        keep_firing=_length(entry, "keep_firing_for"),
        seen_within=_length(entry, "seen_within"),
        containment=entry.get("containment"),
        page_each=_texts(entry, "page_each"),
        when_missing=entry.get("when_missing"),
        means=entry.get("means"),
        summary=entry["summary"],
        details=entry.get("details"),
        public=entry.get("public"),
        runbook=entry.get("runbook"),
        notify=_besides(entry),
        untold=untold.reason(route, entry, findings),
        labels=entry.get("labels", {}),
        annotations=entry.get("annotations", {}),
        tests=tuple(
            _test((*route, "tests", number), test, findings) for number, test in enumerate(entry.get("tests", ()))
        ),
    )


def _time_in_test(entry: Data, key: str) -> timedelta | str | None:
    text: str | None = entry.get(key)
    return text if text is not None and text.startswith("$") else _length(entry, key)


def _test(route: PolicyPath, entry: Data, findings: list[Diagnostic]) -> Test:
    if ("fires_at" in entry) == ("silent_until" in entry):
        findings.append(
            Diagnostic(
                code=POL224.name,
                message="a test says exactly one thing: when the alert fires, or how long it is silent",
                route=route,
                help="give it exactly one of `fires_at` and `silent_until`",
            )
        )
    return Test(
        given=entry["given"],
        fires_at=_time_in_test(entry, "fires_at"),
        silent_until=_time_in_test(entry, "silent_until"),
        labels=entry.get("labels", {}),
        says=entry.get("says"),
        services=_texts(entry, "for"),
        severity=entry.get("severity"),
    )
