"""`alertc report`: one page that says what `explain`, `who` and the policy say, and that no text can break out of."""

import dataclasses
import json
import re
from datetime import date

import html5lib
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.generate import policy as many_services
from generator.commands.analysis import analyse
from generator.commands.project import Project
from generator.diff.changes import Facet, Verdict
from generator.report import drilled, write
from generator.report.alerts import address
from generator.report.changed import Change, Changed
from generator.report.page import page
from tests import seeds
from tests.compiling import ROOT, SMALL, edited
from tests.projects import alertc, change
from tests.sessions import SESSION, copied, play

WEEK = ("--from", "2026-11-23")


@pytest.fixture
def project(tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/shop.yaml").write_text(SMALL, encoding="utf-8")
    return tmp_path


def printed(folder, *arguments):
    ran = alertc(folder, "report", "--output", "-", *WEEK, *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def parsed(text):
    """The page as a browser reads it; what a browser would have to mend is an error."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)


def words(element):
    """The text that a reader sees, on one line."""
    return " ".join("".join(element.itertext()).split())


def section(text, name):
    return next(one for one in parsed(text).iter("section") if one.get("id") == name)


def rows(element):
    return [[words(cell) for cell in row] for row in element.iter("tr")]


@pytest.fixture(scope="module")
def exchange():
    return printed(ROOT)


# ------------------------------------------------------------------------------------------- what it says


def test_the_promise_of_a_severity_is_that_of_its_tightest_alert(exchange):
    card = next(section(exchange, "promise").iter("li"))
    assert words(card).startswith(
        "P0 Critical 10s to spare Financial invariant broken, matching engine crash, total outage. "
        "seen 55s sent 55s steps 2m answer 1m left 10s (3%) acknowledged in less than 5m; proven: 4m50s"
    )


@pytest.mark.parametrize(
    ("name", "service"),
    [("BalanceConservationViolated", "ledger"), ("ServiceDown", "wallet"), ("FrontendErrors", "web-ui")],
)
def test_an_alert_stands_as_explain_says(exchange, name, service):
    told = json.loads(alertc(ROOT, "explain", name, "--service", service, "--format", "json").stdout)
    group = next(one for one in section(exchange, "alerts").iter("details") if words(next(one.iter("h3"))) == service)
    row = next(row for row in rows(group) if row[0] == f"{name} {told['policy']}")
    assert row[4] == f"{length(told['acknowledged']['seconds'])} of {length(told['acknowledge_within'])}"
    # Deadlines are alerts of their own.
    own = {one["receiver"] for one in told["told"] if "time to resolve" not in (one["note"] or "")}
    assert set(row[6].split(", ")) == own


def length(seconds):
    from datetime import timedelta

    from generator.policy.duration import write

    return write(timedelta(seconds=seconds))


def test_every_alert_is_listed_once(exchange):
    heads = [row for row in rows(section(exchange, "alerts")) if row[0] != "alert"]
    assert len(heads) == 98
    assert "98 alerts of 13 services" in exchange


def test_the_chart_has_a_table_that_says_the_same(exchange):
    found = rows(section(exchange, "escalation"))
    assert found[0] == ["chain", "1.", "2.", "3.", "answered"]
    assert [
        "funds",
        "1m50s funds-primary",
        "2m50s funds-secondary",
        "3m50s incident-commanders (Incident Commander)",
        "4m50s",
    ] in found
    picture = [words(text) for text in section(exchange, "escalation").iter("{http://www.w3.org/2000/svg}text")]
    assert {"1m50s funds-primary", "2m50s funds-secondary"} <= set(picture)


def test_the_calendar_says_who_is_on_call(exchange):
    found = rows(section(exchange, "calendar"))
    assert ["Mon 23 Nov 09:00 to Mon 30 Nov 09:00", "Fay Tanaka"] in found
    assert ["Mon 23 Nov to Sun 29 Nov, 08:00 to 20:00", "Ana Keller"] in found
    assert "Somebody is on call at every step in these weeks." in words(section(exchange, "calendar"))
    picture = {words(text) for text in section(exchange, "calendar").iter("{http://www.w3.org/2000/svg}text")}
    assert {"Fay Tanaka", "Ana Keller", "Dina Haddad"} <= picture


def test_the_calendar_shows_the_holidays_of_the_teams_and_names_them_in_full(project):
    name = "The feast of Saint Somebody with a long name that no picture has room for"
    change(
        project,
        (
            "calendar:\n",
            f"calendar:\n  holidays: {{own: {{2026-11-26: {name}, 2026-12-31: Too late for these weeks}}}}\n",
        ),
    )
    calendar = section(printed(project), "calendar")
    assert f"Thu 26 Nov, {name}: Ana Keller in primary" in [words(item) for item in calendar.iter("li")]
    assert "Holidays in these weeks" in words(calendar)
    marks = [one for one in calendar.iter("{http://www.w3.org/2000/svg}rect") if one.get("class") == "holiday"]
    assert [(mark.get("x"), words(mark)) for mark in marks] == [("117.0", f"Thu 26 Nov, {name}")]
    assert "Too late" not in words(calendar)


def test_where_there_are_no_holidays_nothing_is_said_of_them(project):
    assert "olidays" not in words(section(printed(project), "calendar"))


def test_a_time_without_anybody_is_named(project):
    change(
        project,
        ("      all: {from: 2026-01-05,", "      all: {days: Mon-Fri, from: 2026-01-05,"),
        ("    - {page: schedule/primary, by: first}", "    - {page: person/ana, by: first}"),
    )
    calendar = words(section(printed(project), "calendar"))
    assert "Nobody is on call in primary" in calendar
    assert "Sat 28 Nov 00:00 to Mon 30 Nov 00:00" in calendar
    assert "every week: from Sat 00:00 to Mon 00:00 (Europe/Zurich)" in calendar
    assert "No chain pages it." in calendar


def test_services_without_an_urgent_alert_come_first(exchange):
    found = rows(section(exchange, "coverage"))
    assert found[:2] == [
        ["service", "team", "chain", "P0", "P1", "P2", "P3", "tested", "waits for"],
        ["alerting (no P0 or P1)", "Platform", "platform", "-", "-", "-", "2", "2 of 2", ""],
    ]


def test_a_template_that_makes_pages_late_shows(tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/shop.yaml").write_text(SMALL, encoding="utf-8")
    own = tmp_path / "templates/alertmanager"
    own.mkdir(parents=True)
    packaged = (ROOT / "templates/alertmanager/alertmanager.yml.j2").read_text(encoding="utf-8")
    late, count = re.subn(r"group_interval: <<[^>]*>>", "group_interval: 20m", packaged)
    assert count
    (own / "alertmanager.yml.j2").write_text(late, encoding="utf-8")
    shown = printed(tmp_path)
    assert "miss their SLA" in shown
    assert "TOO LATE" in words(section(shown, "promise"))


# ------------------------------------------------------------------------------------------- how it is asked for


def test_the_same_call_gives_the_same_bytes_in_the_file_and_on_the_terminal(project):
    ran = alertc(project, "report", *WEEK)
    found = (project / "report.html").read_bytes()
    assert (ran.stdout, ran.stderr) == (f"wrote report.html ({len(found) // 1024} kB)\n", "")
    assert found.decode() == printed(project)


def test_the_calendar_begins_on_the_monday_of_the_week_that_it_is():
    from datetime import datetime, timezone

    from generator.report.calendar import monday

    plan = analyse(Project(policy=ROOT / "policy/exchange.yaml", out=ROOT / "out", templates=None)).files.plan
    # In Zurich it is Monday already.
    assert monday(datetime(2026, 11, 22, 23, 30, tzinfo=timezone.utc), plan.policy) == date(2026, 11, 23)
    assert monday(datetime(2026, 11, 22, 22, 30, tzinfo=timezone.utc), plan.policy) == date(2026, 11, 16)


def test_lines_of_the_policy_are_links_where_a_template_is_given(project):
    line = SMALL.splitlines().index("  MoneyLost:") + 1
    plain = section(printed(project), "alerts")
    assert not [one for one in plain.iter("a") if "shop.yaml" in one.get("href")]
    assert f"policy/shop.yaml:{line}" in words(plain)
    linked = section(printed(project, "--link", "https://git.example/blob/main/{path}#L{line}"), "alerts")
    assert {one.text: one.get("href") for one in linked.iter("a")}[f"policy/shop.yaml:{line}"] == (
        f"https://git.example/blob/main/policy/shop.yaml#L{line}"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "monday"), "Invalid value for '--from': `monday` is not a day; write 2026-12-24"),
        (
            ("--link", "javascript:alert({line})"),
            "Invalid value for '--link': write it like https://git.example/blob/main/{path}#L{line}",
        ),
        (("--drill", "none.json"), "cannot read none.json: No such file or directory"),
        (
            ("--drill", "policy/shop.yaml"),
            "policy/shop.yaml is not what `alertc drill --format json` prints: it is not JSON",
        ),
    ],
)
def test_wrong_usage_is_said(project, arguments, message):
    ran = alertc(project, "report", *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.splitlines()[-1] == f"Error: {message}"
    assert not (project / "report.html").exists()


def test_a_file_that_cannot_be_written_is_said(project):
    ran = alertc(project, "report", "--output", "nowhere/report.html")
    assert (ran.returncode, ran.stdout) == (3, "")
    assert ran.stderr == (
        "alertc: cannot write nowhere/report.html: No such file or directory\nhelp: name another file with --output\n"
    )


def test_a_policy_that_does_not_compile_has_no_report(project):
    change(project, ("severity: P0", "severity: P7"))
    ran = alertc(project, "report")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "severity" in ran.stderr
    assert not (project / "report.html").exists()


# ------------------------------------------------------------------------------------------- a drill beside it

DRILL = {
    "prometheus": "2.42.0",
    "alertmanager": "0.25.0",
    "scale": 10,
    "drilled": [
        {
            "alert": "MoneyLost",
            "severity": "P0",
            "service": "shop",
            "scenario": "it fires",
            "kept": True,
            "told": [
                {"predicted": 110, "observed": 41.5, "receiver": "page", "through": "PagerDuty", "people": ["Ana"]},
                {"predicted": 105, "observed": None, "receiver": "halt", "through": "a call", "people": []},
            ],
            "acknowledged": {"predicted": 290, "observed": 200, "sla": 300},
            "broken": [],
        }
    ],
}


def test_predicted_stands_beside_observed(project):
    (project / "drill.json").write_text(json.dumps(DRILL), encoding="utf-8")
    found = section(printed(project, "--drill", "drill.json"), "drill")
    assert rows(found) == [
        ["told", "through", "predicted, at the latest", "observed", "to scale"],
        ["page", "PagerDuty: Ana", "1m50s", "41s", ""],
        ["halt", "a call", "1m45s", "never", ""],
        ["answered", "the SLA is 5m", "4m50s", "3m20s", ""],
    ]
    assert "1 alert drilled, and all that was promised held." in words(found)


def test_a_broken_promise_comes_first(project):
    second = {
        **DRILL["drilled"][0],
        "alert": "Broken",
        "kept": False,
        "broken": [{"code": "DRL701", "message": "halt was never called"}],
    }
    drill = {**DRILL, "drilled": [*DRILL["drilled"], second]}
    (project / "drill.json").write_text(json.dumps(drill), encoding="utf-8")
    found = section(printed(project, "--drill", "drill.json"), "drill")
    assert "1 alert of 2 broke what was promised." in words(found)
    assert "DRL701 halt was never called" in words(next(found.iter("details")))


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"[]", '[] is not of type "object"'),
        (b'{"prometheus": "2", "alertmanager": "0", "scale": NaN, "drilled": []}', "it is not JSON"),
        (
            b'{"prometheus": "2", "alertmanager": "0", "scale": 1, "drilled": [{}]}',
            'drilled/0: "alert" is a required property',
        ),
        (b"[" * 100_000, "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
    ],
)
def test_what_is_no_drill_is_refused(raw, why):
    with pytest.raises(drilled.NoDrill) as refused:
        drilled.drill(raw)
    assert str(refused.value) == why


def test_the_page_in_the_docs_says_what_happens(tmp_path):
    copied(tmp_path)
    sessions = SESSION.findall((ROOT / "docs/report.md").read_text(encoding="utf-8"))
    assert sessions
    for session in sessions:
        play(session, tmp_path)
    assert "Every alert is acknowledged within its SLA" in (tmp_path / "incident-response.html").read_text("utf-8")


# ------------------------------------------------------------------------------------------- what changed


def test_what_changed_stands_as_diff_says(project):
    (project / "old.yaml").write_text(edited(SMALL, ("by: 80%", "by: 60%")), encoding="utf-8")
    told = json.loads(alertc(project, "diff", "old.yaml", "--format", "json").stdout)
    link = "https://git.example/{path}#L{line}"
    found = section(printed(project, "--against", "old.yaml", "--link", link), "changes")
    assert words(next(found.iter("h2"))) == "What changed since old.yaml"
    items = [words(item) for item in found.iter("li")]
    facets = [facet for entry in told["changes"] for facet in entry["facets"]]
    assert facets
    for facet in facets:
        said = " ".join(f"{facet['verdict']} {facet['what']}".split())
        assert any(item.startswith(said) for item in items), said
        assert all(any(figure in item for item in items) for figure in facet["figures"])
    linked = {f"{one['path']}:{one['line']}" for entry in told["changes"] for one in entry["subjects"] if one["line"]}
    assert {anchor.text for anchor in found.iter("a")} <= linked


def test_against_itself_nothing_changed(project):
    found = section(printed(project, "--against", "policy/shop.yaml"), "changes")
    assert words(found) == "What changed since policy/shop.yaml no change in who is paged."


def test_an_unknown_revision_is_wrong_usage(project):
    ran = alertc(project, "report", "--against", "nothing")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "there is no file `nothing`" in ran.stderr.splitlines()[-1]


def test_an_old_policy_that_makes_no_sense_is_explained(project):
    (project / "old.yaml").write_text(SMALL.replace("severity: P0", "severity: P7"), encoding="utf-8")
    ran = alertc(project, "report", "--against", "old.yaml")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "old.yaml" in ran.stderr


# ------------------------------------------------------------------------------------------- nothing breaks out

HOSTILE = "</script></style></title></svg>--><script>alert(1)</script>\"'&amp;<img src=x onerror=alert(1)>{{ 7 * 7 }}"


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.yaml").write_text(SMALL, encoding="utf-8")
    return analyse(Project(policy=folder / "shop.yaml", out=folder / "out", templates=None))


def with_text(known, text):
    """The page of a policy in which every text that an author writes freely is `text`."""
    plan, policy = known.files.plan, known.files.plan.policy
    people = {name: dataclasses.replace(one, name=text) for name, one in policy.people.items()}
    teams = {name: dataclasses.replace(one, title=text) for name, one in policy.teams.items()}
    roles = {name: dataclasses.replace(one, title=text) for name, one in policy.roles.items()}
    severities = {name: dataclasses.replace(one, title=text, definition=text) for name, one in plan.severities.items()}
    policy = dataclasses.replace(policy, title=text, environment=text, people=people, teams=teams, roles=roles)
    plan = dataclasses.replace(plan, policy=policy, severities=severities)
    sent = [
        dataclasses.replace(
            one,
            rule=dataclasses.replace(one.rule, name=text, annotations={"runbook_url": text}),
            labels={**one.labels, "service": text},
        )
        for one in known.files.alerts
    ]
    seen = drilled.drill(
        json.dumps({**DRILL, "drilled": [{**DRILL["drilled"][0], "alert": text, "scenario": text}]}).encode()
    )
    facet = Facet(kind="times", verdict=Verdict.WEAKER, what=text, why=text, figures=(text,), accepted=text, weight=1)
    since = Changed(
        old=text,
        summary=text,
        weaker=1,
        changes=(Change(heading=text, place=text, href=address(LINK, text, 1), facets=(facet,), example=text),),
        left_out=0,
        loads=((text, text),),
        deploy=(text,),
        notes=(text,),
    )
    shown = page(
        plan,
        known.files.behaviour,
        known.files.router,
        sent,
        known.source,
        begin=date(2026, 11, 23),
        link=LINK,
        changed=since,
        drill=seen,
    )
    return write.html(shown)


LINK = "https://git.example/{path}#L{line}"


def shape(text):
    """The elements and the names of their attributes, but for labels that a name may be too long for."""
    return [
        (one.tag, sorted(name for name in one.attrib if name not in ("href", "open")))
        for one in parsed(text).iter()
        if isinstance(one.tag, str) and not one.tag.endswith("}text")
    ]


def test_a_hostile_text_stays_text(known):
    tree = parsed(with_text(known, HOSTILE))
    assert words(next(tree.iter("h1"))) == HOSTILE
    assert next(tree.iter("title")).text == f"{HOSTILE}: the promise and its proof"
    assert len(list(tree.iter("script"))) == 1
    assert not list(tree.iter("img"))


@pytest.fixture(scope="module")
def plain(known):
    return shape(with_text(known, "plain"))


@settings(max_examples=seeds.many(3, 60))
@given(st.text(min_size=1, max_size=40))
@example("\u202egnp.exe\u2066\u0000\u0007\u001b[31m")
@example("👩\u200d🔧 שלום مرحبا\u200f")
@example("javascript:alert(1)")
@example("]]><!--")
@example("\r\n\u2028\u0085\t")
@example("\ud800")
def test_no_text_changes_what_the_page_is_made_of(known, plain, text):
    hostile = with_text(known, text)
    assert shape(hostile) == plain
    # Every character can be printed and encoded; what turns the direction of text is an escape.
    assert all(one.isprintable() or one == "\n" for one in hostile)
    title = words(next(parsed(hostile).iter("h1")))
    if text.isprintable():
        assert title == " ".join(text.split())
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00]", title)
    assert all(not one.get("href").lower().startswith("javascript") for one in parsed(hostile).iter("a"))


# ------------------------------------------------------------------------------------------- large policies


def test_the_page_of_a_large_policy_stays_small(tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/many.yaml").write_text("".join(many_services(200)), encoding="utf-8")
    shown = printed(tmp_path)
    assert len(shown) < 250_000
    assert "1,900 alerts are left out" in words(section(shown, "alerts"))
    assert len(rows(section(shown, "alerts"))) == 101
    folded = rows(section(shown, "coverage"))
    assert folded[1][0] == "service-0, service-1, service-2 and 197 more" or len(folded) < 20
    assert "and 199 more like it, of other names" in words(section(shown, "routes"))
    assert "chains more" in words(section(shown, "escalation")) or "and 197 more" in words(section(shown, "escalation"))


def test_expressions_that_cannot_be_analysed_are_named(tmp_path):
    (tmp_path / "policy").mkdir()
    entry = "  Uneven:\n    service: shop\n    severity: P3\n    expr: smoothed > 1\n    summary: It is not even\n"
    (tmp_path / "policy/shop.yaml").write_text(f"{SMALL}\n{entry}", encoding="utf-8")
    ran = alertc(tmp_path, "report", "--output", "-", *WEEK)
    assert ran.returncode == 0
    assert words(section(ran.stdout, "premises")).endswith(
        "1 expression of 6 cannot be analysed: Uneven. promtool checks them, but it is not proven which labels their "
        "series have, which series and records they read, how soon they become true, and whether they can fire."
    )


def test_where_all_are_analysed_nothing_is_said_of_it(project):
    assert "analysed" not in words(section(printed(project), "premises"))
