"""A severity needs neither a definition nor a promise to resolve: then nobody is reminded of a deadline."""

from tests.compiling import SMALL, compiled, edited, files
from tests.plan.test_pagers import POLICY, project
from tests.projects import alertc
from tests.verifying import verified

LEAST = edited(
    POLICY,
    (
        "title: Urgent, definition: Members cannot enter., acknowledge: 15m, resolve: 4h,",
        "title: Urgent, acknowledge: 15m,",
    ),
    ("title: Soon, definition: Something is wrong., acknowledge: 8h, resolve: 48h,", "title: Soon, acknowledge: 8h,"),
    ("title: Note, definition: Good to know., acknowledge: 24h, resolve: 7d,", "title: Note, acknowledge: 24h,"),
)


def test_it_compiles_and_is_proven():
    assert compiled(LEAST).diagnostics == ()
    assert verified(policy=LEAST) == ""


def test_there_are_no_rules_and_routes_of_deadlines():
    made = files(LEAST)
    assert not [path for path in made if "_deadlines" in path]
    assert "resolution" not in made["alertmanager/alertmanager.yml"]
    assert not [path for path, text in made.items() if path.endswith(".yaml") and "resolve_within" in text]


def test_the_procedure_leaves_the_cells_empty():
    row = "| **urgent** (Urgent) |  | 15m |  | oncall, #club | by hand, when metrics are back to baseline |\n"
    assert row in files(LEAST)["docs/incident-response.md"]


def test_pagerduty_says_what_there_is_to_say():
    text = edited(SMALL, ("    definition: Money is lost.\n", ""))
    assert "Managed by alertc (shop). P0 Critical. Closed by hand" in files(text)["pagerduty/services.json"]


def test_explain_and_the_report_say_so(tmp_path):
    folder = project(tmp_path, LEAST)
    told = alertc(folder, "explain", "DoorDown").stdout
    assert "ResolutionOverdue" not in told
    assert "e-mail to oncall@club.example, again within 23h59m30s\n" in told
    assert alertc(folder, "report").returncode == 0
    assert "at no promised time; closed by hand" in (folder / "report.html").read_text(encoding="utf-8")


def test_diff_says_that_a_promise_is_gone(tmp_path):
    (tmp_path / "old.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "new.yaml").write_text(LEAST, encoding="utf-8")
    answer = alertc(tmp_path, "diff", "old.yaml", "--policy", "new.yaml")
    assert "is resolved at no promised time instead of within 4h" in answer.stdout


def test_a_message_does_not_say_that_nobody_is_paged_by_name():
    text = files(POLICY)["alertmanager/templates/room.tmpl"]
    assert "{{ with .escalation }}" not in text
    assert 'escalation }}{{ if ne . "-" }} Paged: {{ . }}.{{ end }}{{ end }}' in text
    assert 'if ne . "-"' not in files(SMALL)["alertmanager/templates/room.tmpl"]
