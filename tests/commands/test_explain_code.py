"""`alertc explain-code`: what a finding's code stands for."""

import pytest

from tests.projects import alertc


def test_a_code_is_explained_with_its_examples(tmp_path):
    ran = alertc(tmp_path, "explain-code", "pql714")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == (
        "PQL714: Rate of a sum\n"
        "\n"
        "`rate` recognises the restart of a single counter. In a sum of counters one restart looks like a\n"
        "drop of the whole, which `rate` takes for a restart of all. Take the rate first, then sum.\n"
        "\n"
        "Reported for:\n"
        "\n"
        "    expr: increase(sum by (job) (request_errors_total)[10m:15s]) > 100\n"
        "\n"
        "Not reported for:\n"
        "\n"
        "    expr: sum by (job) (increase(request_errors_total[10m])) > 100\n"
    )


def test_a_code_may_be_copied_with_its_brackets_and_level(tmp_path):
    said = alertc(tmp_path, "explain-code", "error[SLA201]").stdout
    assert said.startswith("SLA201: Worst-case acknowledgement exceeds the SLA\n")


@pytest.mark.parametrize(
    ("code", "help"),
    [
        ("SCH599", "those of SCH are SCH501, SCH502, SCH503, SCH504 and SCH505"),
        ("SHC501", "did you mean `SCH501`?"),
    ],
)
def test_an_unknown_code_gets_those_that_may_be_meant(code, help, tmp_path):
    ran = alertc(tmp_path, "explain-code", code)
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1] == f"Error: there is no code `{code}`; {help}"
