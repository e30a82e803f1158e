"""`alertc diff`: twenty edits that people make, and the whole text that a reviewer reads of each."""

import pytest

from generator.commands.diff import Asked, diff
from generator.commands.project import Project
from tests.compiling import EXCHANGE, edited

P0 = "    expr: max by (ledger) (abs(ledger_balance_delta)) > 0\n"
POLICY = {
    "nothing": [],
    "hold-of-a-p0": [(f"{P0}    for: 0s\n", f"{P0}    for: 5m\n")],
    "threshold-relaxed": [("kafka_consumergroup_lag) > 50000", "kafka_consumergroup_lag) > 90000")],
    "threshold-tightened": [("kafka_consumergroup_lag) > 50000", "kafka_consumergroup_lag) > 20000")],
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy").mkdir()
    (tmp_path / "before.yaml").write_text(EXCHANGE, encoding="utf-8")
    return tmp_path


def read(project, form="text", old="before.yaml", new=None):
    policy = next((project / "policy").iterdir()).relative_to(project)
    outcome = diff(
        Project(policy=policy, out=project / "out", templates=project / "templates"),
        Asked(old=old, new=new, form=form, fail_on_weaker=False),
    )
    assert outcome.clean
    return "".join(f"{line}\n" for line in outcome.lines)


@pytest.mark.parametrize("name", POLICY)
def test_a_reviewer_reads(project, golden, name):
    (project / "policy/exchange.yaml").write_text(edited(EXCHANGE, *POLICY[name]), encoding="utf-8")
    golden.expect(f"diff/{name}.txt", read(project))
