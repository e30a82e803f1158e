"""`alertc init`: from an empty folder to checked files in two commands."""

import pytest

from tests.compiling import compiled
from tests.projects import alertc, contents


@pytest.fixture
def begun(tmp_path):
    ran = alertc(tmp_path, "init")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == (
        "wrote policy/policy.yaml: a policy that compiles as it is\n"
        "next: replace what is marked REPLACE, then run `alertc render` and read what it wrote into out/\n"
    )
    return tmp_path


def test_the_first_policy_renders_and_checks_clean(begun):
    assert sorted(contents(begun)) == ["policy/policy.yaml"]
    ran = alertc(begun, "render")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("out/: ")
    ran = alertc(begun, "check")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_every_alert_of_the_first_policy_has_a_test_that_fires_and_one_that_stays_silent(begun):
    policy = compiled((begun / "policy/policy.yaml").read_text(encoding="utf-8")).plan.policy
    assert len(policy.alerts) == 3
    for alert in policy.alerts.values():
        assert [one.fires_at is not None for one in alert.tests] == [True, False]


def test_the_first_policy_is_pleasant_to_read(begun):
    lines = (begun / "policy/policy.yaml").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 120
    assert max(map(len, lines)) <= 120
    assert sum("REPLACE" in line for line in lines) >= 6


@pytest.mark.parametrize("name", ["policy.yaml", "shop.yml"])
def test_a_policy_that_is_there_is_not_overwritten(tmp_path, name):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / name).write_text("mine\n", encoding="utf-8")
    ran = alertc(tmp_path, "init")
    assert ran.returncode == 1
    assert ran.stderr == (
        f"error[SRC116]: policy/{name} already exists; nothing was written\n"
        f"  --> policy/{name}\n"
        "   = help: continue with it (`alertc render`), or run `alertc init` in another folder\n"
        "\n1 error\n"
    )
    assert contents(tmp_path) == {f"policy/{name}": b"mine\n"}


def test_where_nothing_can_be_written_it_says_so(tmp_path):
    (tmp_path / "policy").write_text("a file\n", encoding="utf-8")
    ran = alertc(tmp_path, "init")
    assert ran.returncode == 1
    assert "error[SRC116]: policy already exists; nothing was written" in ran.stderr
    assert contents(tmp_path) == {"policy": b"a file\n"}
