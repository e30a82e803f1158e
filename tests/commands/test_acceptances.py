"""`accepts`: warnings that are meant to be are counted, with their reason, until their day."""

from datetime import date

import pytest

from generator.checks.acceptances import accepted
from generator.commands import remembered
from generator.commands.check import check
from generator.commands.project import Project
from generator.commands.render import render
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.policy.model import Acceptance
from tests.compiling import SMALL, edited

KEPT = edited(SMALL, ("min by (instance) (certificate", "min by (instance, duty) (certificate"))
ACCEPTS = """
accepts:
  duty-of-hosts:
    findings: [{codes}]
    of: [{of}]
    reason: One host has one duty.
    until: 2099-12-31
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy").mkdir()
    return Project(policy=(tmp_path / "policy/shop.yaml").relative_to(tmp_path), out=tmp_path / "out", templates=None)


def printed(outcome):
    return formats.to_text(outcome.diagnostics, outcome.sources) + "\n".join(outcome.lines)


def written(project, text):
    project.policy.write_text(text, encoding="utf-8")
    return project


def test_a_warning_that_is_accepted_is_counted_and_not_shown(project):
    with_it = printed(render(written(project, KEPT)))
    assert with_it.count("warning[PQL705]") == 1
    line = "accepted until 2099-12-31: 1 finding (PQL705), accepts/duty-of-hosts: One host has one duty."
    text = KEPT + ACCEPTS.format(codes="PQL705", of="alerts/CertificateExpiring")
    for command in (render, check, render, check):  # what is remembered says the same
        outcome = command(written(project, text))
        assert outcome.clean
        assert outcome.diagnostics == ()
        assert outcome.lines[0] == line


@pytest.mark.parametrize(("codes", "of"), [("PQL704", "alerts/CertificateExpiring"), ("PQL705", "alerts/ErrorsHigh")])
def test_an_acceptance_that_accepts_nothing_is_said(project, codes, of, golden):
    outcome = render(written(project, KEPT + ACCEPTS.format(codes=codes, of=of)))
    assert [finding.code for finding in outcome.diagnostics] == ["PQL705", "POL257"]
    if codes == "PQL704":
        golden.expect("accepts/accepts-nothing.txt", printed(outcome).replace(project.out.as_posix(), "out"))


def test_after_its_last_day_the_finding_is_shown_again_though_nothing_changed(project, monkeypatch, golden):
    text = KEPT + ACCEPTS.format(codes="PQL705", of="alerts/CertificateExpiring")
    assert render(written(project, text)).diagnostics == ()
    for command in ("check", "render"):
        monkeypatch.setattr(f"generator.commands.{command}.today", lambda: date(2100, 1, 1))
    monkeypatch.setattr(remembered, "today", lambda: date(2100, 1, 1))
    outcome = check(project)
    assert [finding.code for finding in outcome.diagnostics] == ["PQL705", "POL256"]
    golden.expect("accepts/is-over.txt", printed(outcome).replace(project.out.as_posix(), "out"))


def finding(level=Level.WARNING, code="PQL705", route=("alerts", "A", "expr")):
    return Diagnostic(code=code, level=level, message="m", route=route)


@pytest.mark.parametrize(
    ("found", "takes"),
    [
        (finding(), True),
        (finding(level=Level.NOTE), True),
        # An error says that a promise does not hold.
        (finding(level=Level.ERROR), False),
        (finding(code="PQL706"), False),
        (finding(route=("alerts", "AB")), False),
        (finding(route=("alerts",)), False),
        (finding(route=()), False),
        (finding(route=None), False),
    ],
)
def test_it_takes_its_codes_of_its_entries_and_no_error(found, takes):
    acceptance = Acceptance(weaker=(), findings=("PQL705",), of=("alerts/A",), reason="r", until=date(2026, 1, 31))
    for today, counts in ((date(2026, 1, 31), True), (date(2026, 2, 1), False)):
        left = accepted([found], {"x": acceptance}, today)
        assert (found not in left.findings) is (takes and counts)
        assert left.until == (acceptance.until if counts else None)


def test_what_is_accepted_of_changes_is_none_of_findings():
    acceptance = Acceptance(weaker=("alerts/A",), findings=(), of=(), reason="r", until=date(2026, 1, 31))
    assert accepted([finding()], {"x": acceptance}, date(2026, 1, 1)).findings == (finding(),)
