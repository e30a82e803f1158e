"""The page of `alertc audit --report`: what it says of small files, and that no text of theirs can break out of it."""

import dataclasses
import itertools
import subprocess

import pytest
from axe_playwright_python.sync_playwright import Axe
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generator.audit import configurations, promise, rule_files
from generator.audit.audit import audit
from generator.report import audited, audited_alerts, write
from tests import seeds
from tests.projects import ALERTC, alertc
from tests.report.test_browser import PHONE, SCREEN, browser, unfold  # noqa: F401  a fixture is used by its name
from tests.report.test_page import HOSTILE, parsed, rows, section, shape, words

RULES = """\
groups:
  - name: shop
    rules:
      - alert: CheckoutDown
        expr: sum(up{job="checkout"}) == 0
        for: 2m
        labels: {severity: critical, team: shop}
      - alert: DiskFull
        expr: disk_used_ratio > 0.9
        labels: {severity: critical, team: storage}
      - alert: LedgerWrong
        expr: sum(ledger_difference) != 0
        labels: {severity: critical, team: shop, area: lost}
      - alert: QueueLong
        expr: max by (queue) (queue_length) > 100
        labels: {severity: warning}
"""
ALERTMANAGER = """\
route:
  receiver: chat
  group_wait: 30s
  group_interval: 5m
  routes:
    - matchers: [area="lost"]
      receiver: "null"
    - matchers: [severity="critical"]
      receiver: pager
receivers:
  - name: chat
    slack_configs: [{channel: "#alerts", api_url: "https://chat.example.org/T0/secret-hook"}]
  - name: pager
    pagerduty_configs: [{routing_key: secret-key}]
  - name: "null"
inhibit_rules:
  - source_matchers: [alertname="CheckoutDown"]
    target_matchers: [alertname="QueueLong"]
  - source_matchers: [alertname="QueueLong"]
    target_matchers: [severity="critical", alertname!="LedgerWrong", area!="safe"]
    equal: [region]
  - source_matchers: [alertname="Nothing"]
    target_matchers: [severity="warning"]
"""
CLEAN = ALERTMANAGER.replace('area="lost"', 'area="nowhere", severity="warning"')
PROMISE = "severities:\n  critical: {urgent: true, acknowledge: 5m}\n  warning: {}\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rules.yml").write_text(RULES, encoding="utf-8")
    (tmp_path / "alertmanager.yml").write_text(ALERTMANAGER, encoding="utf-8")
    return tmp_path


def reported(folder, *arguments):
    return alertc(
        folder, "audit", "--rules", "rules.yml", "--alertmanager", "alertmanager.yml", "--report", "a.html", *arguments
    )


def printed(folder, *arguments, rules=RULES, alertmanager=ALERTMANAGER):
    (folder / "rules.yml").write_text(rules, encoding="utf-8")
    (folder / "alertmanager.yml").write_text(alertmanager, encoding="utf-8")
    reported(folder, *arguments)
    return (folder / "a.html").read_text(encoding="utf-8")


def headline(text):
    return words(next(one for one in parsed(text).iter("div") if "verdict" in one.get("class", "")))


# ------------------------------------------------------------------------------------------- what it says


def test_the_answer_is_at_the_top(folder):
    text = printed(folder)
    assert headline(text) == (
        "1 of 3 urgent alerts reaches nobody. For 1 alert, only labels of the series decide whether somebody is paged; "
        "with some labels they reach nobody at all. Other alerts can silence 2 urgent alerts. "
        "By the defaults of alertc, severity=critical is urgent."
    )
    answer = section(text, "answer")
    assert [words(tile) for tile in next(answer.iter("ul")).iter("li")] == [
        "3 urgent alerts",
        "1 always page",
        "1 page or not: their series decide",
        "0 are told, page nobody",
        "1 reach nobody",
    ]
    assert rows(answer)[1:] == [
        ["critical urgent", "3", "1", "1", "-", "1", "7m25s to 9m25s"],
        ["warning", "1", "-", "-", "1", "-", "7m25s"],
    ]
    assert (
        "critical LedgerWrong reaches nobody: the receiver null has no integration. "
        "What to do: route it to a receiver that tells somebody."
    ) in words(answer)


def test_where_every_urgent_alert_pages_it_says_so(folder):
    text = printed(folder, alertmanager=CLEAN.partition("inhibit_rules")[0])
    assert headline(text) == (
        "Every urgent alert pages somebody, whatever labels its series have. "
        "By the defaults of alertc, severity=critical is urgent."
    )
    assert "No errors." in words(section(text, "answer"))
    assert words(section(text, "hides")) == "What hides what Nothing: there is no inhibition rule."
    assert words(section(text, "nobody")) == (
        "What reaches nobody Every alert reaches somebody, at least with some labels."
    )


def test_without_an_urgent_alert_nothing_is_called_well(folder):
    text = printed(folder, rules=RULES.replace("critical", "warning"))
    assert headline(text).startswith("None of these 4 alerts is urgent by this promise.")


def test_a_promise_of_ones_own_is_named_and_what_comes_late_is_counted(folder):
    (folder / "promise.yml").write_text(PROMISE, encoding="utf-8")
    text = printed(folder, "--promise", "promise.yml", alertmanager=CLEAN)
    assert "3 can come later than promised." in headline(text)
    assert "defaults" not in headline(text)
    assert "As the file of --promise says." in words(section(text, "answer"))
    assert "critical is answered within 5m" in words(section(text, "answer"))


def test_what_reaches_nobody_says_where_it_ends(folder):
    assert rows(section(printed(folder), "nobody"))[1:] == [["critical", "1", "null", "LedgerWrong"]]


def test_what_only_the_series_decide_is_told_by_labels(folder):
    found = section(printed(folder), "series")
    assert "Case 1: 1 alert" in words(found)
    assert rows(found)[:3] == [
        ["told", "when the alert comes"],
        ["nobody", 'with area="lost"'],
        ["pager (pages)", "with values that no route asks for"],
    ]


def test_who_is_told_how_fast_stands_by_severity(folder):
    critical, warning, receivers = list(section(printed(folder), "pages").iter("details"))
    assert words(next(critical.iter("summary"))) == "critical 3 alerts, first message within 7m25s to 9m25s"
    assert sorted(rows(critical)[1:]) == [
        ["nobody", "never", "1", "LedgerWrong"],
        ["pager (pages)", "9m25s", "1", "CheckoutDown"],
        ["pager (pages) or nobody", "7m25s", "1", "DiskFull"],
    ]
    assert words(next(warning.iter("summary"))) == "warning 1 alert, first message within 7m25s"
    assert rows(receivers) == [
        ["receiver", "through", "pages", "urgent alerts", "other alerts"],
        ["pager", "PagerDuty", "yes", "2", "-"],
        ["null", "nothing: it tells nobody", "no", "2", "-"],
        ["chat", "Slack", "no", "-", "1"],
    ]


def test_what_hides_what_names_the_urgent_alerts(folder):
    found = rows(section(printed(folder), "hides"))
    target = 'severity="critical", alertname!="LedgerWrong", area!="safe" of the same region'
    assert found[1:] == [
        ["2 alertmanager.yml:19", 'alertname="QueueLong"', target, "CheckoutDown", "DiskFull", "-"],
        ["1 alertmanager.yml:17", 'alertname="CheckoutDown"', 'alertname="QueueLong"', "-", "-", "1"],
        ["3 alertmanager.yml:22", 'alertname="Nothing"', 'severity="warning"', "none of these alerts is its source"],
    ]


def test_owners_stand_by_what_is_lost(folder):
    found = rows(section(printed(folder), "owners"))
    assert [row[0] for row in found[1:]] == ["shop", "storage", "nobody's"]
    assert found[1][1:7] == ["2", "1", "-", "-", "1", "-"]


def test_each_alert_is_there_in_full(folder):
    found = section(printed(folder), "alerts")
    alerts = {words(next(one.iter("bdi"))): words(one) for one in found.iter("details") if one.get("class") == "alert"}
    assert set(alerts) == {"CheckoutDown", "DiskFull", "LedgerWrong", "QueueLong"}
    assert alerts["CheckoutDown"].startswith(
        'CheckoutDown always pages, within 9m25s rules.yml:4 Fires when sum(up{job="checkout"}) == 0 for 2m. '
        "Owner: shop. 9m25s pager: PagerDuty pages "
        "The sum: scrape 1m + scrape timeout 10s + evaluation 1m + for 2m + group 5m + delivery 15s."
    )
    assert "All conditions: case 1." in alerts["DiskFull"]


def test_links_lead_somewhere(folder):
    tree = parsed(printed(folder))
    ids = [one.get("id") for one in tree.iter() if isinstance(one.tag, str) and one.get("id")]
    assert len(ids) == len(set(ids))
    assert {one.get("href") for one in tree.iter("a")} <= {f"#{name}" for name in ids}


def test_findings_stand_in_the_order_of_the_text(folder):
    (folder / "rules.yml").write_text(RULES, encoding="utf-8")
    ran = reported(folder)
    printed_there = [
        line.partition(": ")[2] for line in ran.stdout.splitlines() if line.startswith(("error[", "warning[", "note["))
    ]
    found = section((folder / "a.html").read_text(encoding="utf-8"), "findings")
    assert printed_there
    assert [words(one).partition(" ")[2] for one in found.iter("h3")] == printed_there


def test_secrets_are_not_in_it(folder):
    assert "secret" not in printed(folder).replace("secrets of the configuration are not in this page", "")


# ------------------------------------------------------------------------------------------- how it is asked for


def test_it_is_written_beside_the_answer_also_where_there_are_findings(folder):
    ran = reported(folder, "--format", "json")
    size = (folder / "a.html").stat().st_size
    assert (ran.returncode, ran.stderr) == (1, f"wrote a.html ({size // 1024} kB)\n")
    assert ran.stdout.startswith("{")


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_it_does_not_go_where_the_answer_goes(folder, name):
    command = [ALERTC, "audit", "--rules", "rules.yml", "--alertmanager", "alertmanager.yml", "--report", name]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.splitlines()[-1] == (
        "Error: Invalid value for '--report': standard output has the answer; name a file"
    )


@pytest.mark.parametrize("name", ["rules.yml", "./alertmanager.yml", "promise.yml", "link.yml"])
def test_it_does_not_go_over_a_file_that_is_read(folder, name):
    (folder / "promise.yml").write_text(PROMISE, encoding="utf-8")
    (folder / "link.yml").symlink_to("rules.yml")
    before = (folder / name).read_bytes()
    ran = reported(folder, "--promise", "promise.yml", "--report", name)
    assert (ran.returncode, ran.stdout, (folder / name).read_bytes()) == (2, "", before)
    assert ran.stderr.splitlines()[-1] == (
        "Error: Invalid value for '--report': it is one of the files that are audited; name another"
    )


def test_a_file_that_cannot_be_written_is_said(folder):
    ran = reported(folder, "--report", "nowhere/a.html")
    assert ran.returncode == 3
    assert ran.stderr == (
        "alertc: cannot write nowhere/a.html: No such file or directory\nhelp: name another file with --report\n"
    )


def test_without_an_alert_no_page_is_written(folder):
    (folder / "rules.yml").write_text("groups: []\n", encoding="utf-8")
    assert reported(folder).returncode == 3
    assert not (folder / "a.html").exists()


# ------------------------------------------------------------------------------------------- nothing breaks out


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audited")
    (folder / "rules.yml").write_text(RULES, encoding="utf-8")
    (folder / "alertmanager.yml").write_text(ALERTMANAGER, encoding="utf-8")
    rules = rule_files.read([str(folder / "rules.yml")])
    return rules, configurations.read([str(folder / "alertmanager.yml")]), promise.default()


def with_text(known, text):
    """The page of rules and receivers whose free texts are `text`."""
    rules, configuration, promised = known
    written = tuple(
        dataclasses.replace(
            one,
            rule=dataclasses.replace(one.rule, name=f"{text}{number}", labels={**one.rule.labels, "team": text}),
            place=dataclasses.replace(one.place, path=text),
        )
        for number, one in enumerate(rules.rules)
    )
    behaviour = configuration.behaviour
    renamed = dataclasses.replace(
        behaviour,
        receivers=tuple(dataclasses.replace(one, name=f"{one.name}{text}") for one in behaviour.receivers),
        root=_renamed(behaviour.root, text),
    )
    result = audit(
        dataclasses.replace(rules, rules=written, sources={text: b""}),
        dataclasses.replace(configuration, behaviour=renamed),
        promised,
    )
    return write.html_of_audit(audited.page(result, defaults=True))


def _renamed(node, text):
    children = tuple(_renamed(child, text) for child in node.children)
    return dataclasses.replace(node, receiver=f"{node.receiver}{text}", children=children)


def test_a_hostile_text_stays_text(known):
    tree = parsed(with_text(known, HOSTILE))
    assert len(list(tree.iter("script"))) == 1
    assert not list(tree.iter("img"))
    assert f"{HOSTILE}0" in [one.text for one in tree.iter("bdi")]


@settings(max_examples=seeds.many(3, 60), deadline=None)
@given(st.text(min_size=1, max_size=40))
@example("\u202egnp.exe\u2066\u0000\u0007\u001b[31m")
@example("javascript:alert(1)")
@example("\r\n\u2028\u0085\t")
@example("\ud800")
def test_no_text_changes_what_the_page_is_made_of(known, text):
    hostile = with_text(known, text)
    assert shape(hostile) == shape(with_text(known, "plain"))
    assert all(one.isprintable() or one == "\n" for one in hostile)
    assert all(one.get("href").startswith("#") for one in parsed(hostile).iter("a"))


# ------------------------------------------------------------------------------------------- many


def test_many_alerts_are_cut_and_counted(known):
    rules, configuration, promised = known
    many = tuple(
        dataclasses.replace(
            one,
            rule=dataclasses.replace(
                one.rule, name=f"{one.rule.name}{number}", labels={**one.rule.labels, "team": f"team-{number}"}
            ),
        )
        for number in range(600)
        for one in rules.rules
    )
    result = audit(dataclasses.replace(rules, rules=many), configuration, promised)
    text = write.html_of_audit(audited.page(result, defaults=True))
    assert len(text) < 2_000_000
    assert "400 alerts are left out." in words(section(text, "alerts"))
    shown = [one for one in section(text, "alerts").iter("details") if one.get("class") == "alert"]
    assert len(shown) == audited_alerts.MOST
    assert "500 owners are not shown; alertc audit --format json has all." in words(section(text, "owners"))
    assert "and 300 more" in words(section(text, "pages"))


# ------------------------------------------------------------------------------------------- in a browser


@pytest.fixture
def opened(browser, folder):  # noqa: F811
    """Opens the page as a context of Playwright is asked for, and closes it."""
    reported(folder)
    contexts = []

    def opened(**options):
        context = browser.new_context(**{"viewport": SCREEN, **options})
        contexts.append(context)
        page = context.new_page()
        page.goto((folder / "a.html").as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("viewport", "scheme"), [(SCREEN, "light"), (PHONE, "dark")], ids=["screen", "phone"])
def test_axe_finds_nothing(opened, viewport, scheme):
    page = opened(color_scheme=scheme, viewport=viewport, bypass_csp=True)
    unfold(page)
    found = Axe().run(page).response
    assert len(found["passes"]) > 20
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


def test_the_filter_counts_alerts_once(opened):
    page = opened()
    page.get_by_label("Only alerts with these words").fill("critical diskfull")
    assert page.locator("#filter output").inner_text() == "1 alert"
    assert [one.inner_text() for one in page.locator("#alerts details.alert bdi").all() if one.is_visible()] == [
        "DiskFull"
    ]
    page.get_by_label("Only alerts with these words").fill("no such alert")
    assert page.locator("#filter output").inner_text() == "0 alerts"
    assert not page.locator("#pages details").first.is_visible()


def test_on_paper_every_alert_has_its_line(opened):
    page = opened(color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert all(one.is_visible() for one in page.locator("#alerts details.alert summary").all())
    assert page.locator("#pages tbody tr").last.is_visible()


def test_headings_go_down_step_by_step(opened):
    levels = opened().evaluate("[...document.querySelectorAll('h1,h2,h3')].map(one => +one.tagName[1])")
    assert levels[0] == 1
    assert all(later - sooner <= 1 for sooner, later in itertools.pairwise(levels))
