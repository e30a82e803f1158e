"""Each command takes the policy by `--policy`; those that compile take it as an argument, too."""

import pytest

from tests.projects import alertc


@pytest.mark.parametrize("command", ["render", "check", "fmt", "report", "graph", "explain", "diff", "drill", "watch"])
def test_every_command_that_reads_a_policy_has_the_option(project, command):
    assert "  --policy PATH " in alertc(project, command, "--help").stdout


def test_it_is_named_once(project):
    (project / "policy" / "other.yaml").write_text("version: 1\n")
    by_option = alertc(project, "render", "--policy", "policy/shop.yaml")
    assert (by_option.returncode, by_option.stderr) == (0, "")
    assert "nothing changed" in alertc(project, "render", "policy/shop.yaml").stdout
    both = alertc(project, "check", "policy/shop.yaml", "--policy", "policy/shop.yaml")
    assert both.returncode == 2
    assert "Error: name the policy once: as POLICY, or with --policy" in both.stderr
