"""A few lines of a policy must not take down whoever compiles it: limits, each at its edge and one over."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from generator.checks.plan import test_work
from generator.checks.policy import amounts
from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.system import programs
from generator.upstream import printed
from generator.upstream.promql import samples
from tests.compiling import SMALL, compiled, edited, refusal
from tests.projects import ALERTC

GIVEN = "0x4 7x10"


def given(values):
    return edited(SMALL, (GIVEN, values))


def test_a_test_may_give_a_million_samples():
    most = amounts.MOST_SAMPLES
    # 0x4 are five samples, and each count is of those that follow the first.
    assert "POL250" not in {one.code for one in compiled(given(f"0x4 7x{most - 6}")).diagnostics}
    assert f"this test of MoneyLost gives {most + 1:,} samples" in refusal(given(f"0x4 7x{most - 5}"))


@pytest.mark.parametrize(
    ("values", "count"),
    [("1 2 3", 3), ("_x9 1 stale", 12), ("0+15x20", 21), ("{{schema:1}}x5", 6), ("7x" + "9" * 5000, 10**18 + 1)],
)
def test_samples_are_counted_without_being_written_out(values, count):
    assert samples.count(values) == count


def test_all_tests_together_have_a_limit_that_grows_with_the_services(monkeypatch):
    monkeypatch.setattr(amounts, "MOST_TOGETHER", 100)
    said = refusal(SMALL)
    assert "error[POL250]: all tests together give" in said
    assert "more than the 100 that are allowed" in said


@pytest.mark.parametrize(("most", "number"), [("MOST_RULES", "5 rules"), ("MOST_CHARACTERS", "506 characters")])
def test_services_and_alerts_multiply_to_so_many_rules_and_no_more(monkeypatch, most, number):
    limit = int(number.split()[0])
    monkeypatch.setattr(amounts, most, limit)
    assert "POL253" not in {one.code for one in compiled(SMALL).diagnostics}
    monkeypatch.setattr(amounts, most, limit - 1)
    assert f"error[POL253]: the alerts and their services make {number}" in refusal(SMALL)


def test_the_services_of_each_make_so_many_rules_and_no_more(monkeypatch):
    monkeypatch.setattr(amounts, "MOST_RULES", 1)
    assert "rules, more than the 1 that are allowed" in refusal(SMALL)
    monkeypatch.undo()
    monkeypatch.setattr(amounts, "MOST_CHARACTERS", 100)
    assert "characters of rules, more than the 100 that are allowed" in refusal(SMALL)


def test_the_work_of_unit_tests_has_a_limit(monkeypatch):
    monkeypatch.setattr(test_work, "MOST_IN_A_FILE", 100)
    said = refusal(SMALL)
    assert "error[POL251]: the unit tests of shop make promtool evaluate rules" in said
    assert "more than the 100 that are allowed" in said
    monkeypatch.undo()
    monkeypatch.setattr(test_work, "MOST_TOGETHER", 100)
    monkeypatch.setattr(test_work, "FOR_EACH_TEST", 1)
    assert "error[POL251]: all unit tests together make promtool evaluate rules" in refusal(SMALL)


PRINTS = (
    "Till {{ $labels.till }} of {{ $labels.shop | toUpper }} is off by {{ $value | humanize }} ({{ $externalURL }})",
    '{{ printf "%.2f" $value }} and {{ printf "%100d" 1 }}',
    '{{ query "up" | first | value }}',
    '{{ with query "rate(x[1d])" }}{{ . | first | value }}{{ end }}',
    '{{ range query "up == 0" }}{{ .Labels.instance }} {{ end }}',
    """{{ with printf "up{job='%s'}" $labels.job | query }}{{ . | first | value }}{{ end }}""",
    """{{ range printf "up{job='%s',x='%s'}" .Labels.job $externalLabels.x | query }}{{ .Value }}{{ end }}""",
    '{{ "up" | query | first | value }}',
    '{{ $down := query "up == 0" }}{{ range $down }}{{ .Value }}{{ end }}',
    '{{ if eq $externalLabels.site "a" }}b{{ else }}c{{ end }}{{ reReplaceAll "(.*):" "$1" $labels.till }}',
    '{{ $a := "}}" }}{{ $a }} {{/* define */}} {{ $a }}',
    "{{ $labels.till }}" * 1000,
)


@pytest.mark.parametrize("text", PRINTS)
def test_a_text_of_labels_values_and_one_loop_is_fine(text):
    assert printed.unbounded(text) is None


DOUBLES = '{{ $a := "xxxxxxxxxx" }}' + '{{ $a = printf "%s%s" $a $a }}' * 20 + "{{ $a }}"

ENDLESS = {
    '{{ define "a" }}x{{ end }}': "uses `define`",
    '{{ define "}}" }}x{{ end }}': "uses `define`",
    '{{- template "a" -}}': "uses `template`",
    '{{ block "a" . }}x{{ end }}': "uses `block`",
    '{{ tmpl "a" . }}': "uses `tmpl`",
    '{{ query "max_over_time(x[5m:1s])" }}': "has a subquery",
    "{{ query `x[25h]` }}": "looks back more than a day",
    '{{ query "x' + " + 0" * 251 + '" }}': "has 251 operators",
    "{{ $labels.till | query }}": "composed at run time",
    """{{ printf "max_over_time(x{a='%s'}[9h:1s])" $labels.till | query }}""": "has a subquery",
    '{{ printf "%s" (print "a") | query }}': "composed at run time",
    '{{ $x := "up" }}{{ printf "%s" $x | query }}': "composed at run time",
    '{{ range query "a" }}{{ query "b" }}{{ end }}': "in each round of a loop",
    "{{ range $labels }}{{ range $labels }}x{{ end }}{{ end }}": "a loop inside a loop",
    "{{ range 1000000000 }}x{{ end }}": "whose length is not known",
    "{{ $n := 1000000000 }}{{ range $n }}x{{ end }}": "whose length is not known",
    '{{ printf "%101d" 1 }}': "a width or a precision over 100",
    '{{ printf "%.999999999f" 1.0 }}': "a width or a precision over 100",
    '{{ printf "\\x25999999999d" 1 }}': "a width or a precision over 100",
    '{{ printf "%*d" 999999999 1 }}': "takes its width or the choice of its values",
    "{{ printf $labels.till 1 }}": "composed at run time",
    DOUBLES: "characters, more than the 1,000,000 that are allowed",
    "{{ range $labels }}{{ $a = print $a $a }}{{ end }}": "longer in each round",
    "{{ $labels.till }}" * 1001: "characters, more than the 1,000,000 that are allowed",
    "x" * 20_001 + "{{ $value }}": "has 20,013 characters",
}


@pytest.mark.parametrize("text", ENDLESS, ids=[text[:50] for text in ENDLESS])
def test_a_text_that_may_print_without_end_is_refused(text):
    fault = printed.unbounded(text)
    assert fault is not None
    assert ENDLESS[text] in fault.why


def test_a_chain_of_thousands_of_records_is_summed_up():
    records = "".join(f"  r:{n}: {{every: 15s, expr: 'r:{n + 1} + r:{n + 1}'}}\n" for n in range(1500))
    policy = edited(
        SMALL, ("\nalerts:\n", records + "\nalerts:\n"), ("till_difference)) > 0", "till_difference + r:0)) > 0")
    )
    assert "recording rules 6h15m" in refusal(policy)


def test_many_deadlines_are_tested_in_files_of_four():
    due = "".join(
        f"  due-{n}: {{title: D, after: [P0], within: {n}h, of: resolution, via: [room], steps: [x]}}\n"
        for n in range(1, 10)
    )
    plan = compiled(edited(SMALL, ("\nduties:\n", "\nduties:\n" + due))).plan
    deadlines = {file.name: len(file.groups[0].rules) for file in plan.rule_files if "deadlines-P0" in file.name}
    assert max(deadlines.values()) <= 4
    assert sum(deadlines.values()) >= 11


# ------------------------------------------------------------------------------------------- programs


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are kept on Linux")
def test_a_program_has_as_much_memory_as_its_limit(monkeypatch):
    monkeypatch.setenv("ALERTC_MEMORY_LIMIT", "300")
    shown = programs.run(["sh", "-c", "sleep 0.2; grep 'Max data size' /proc/$$/limits"]).stdout.split()
    assert shown[3] == str(300 << 20)


def test_a_program_that_gets_no_more_memory_is_an_error_that_says_so(monkeypatch):
    monkeypatch.setenv("ALERTC_MEMORY_LIMIT", "300")
    with pytest.raises(EnvironmentProblem, match="sh needed more than 300 MiB of memory and was stopped"):
        programs.run(["sh", "-c", "echo 'fatal error: runtime: out of memory' >&2; exit 2"])


@pytest.mark.parametrize("limit", ["x", "-1", "127", "1.5", "9" * 20])
def test_a_limit_of_memory_that_is_none_is_an_error(monkeypatch, limit):
    monkeypatch.setenv("ALERTC_MEMORY_LIMIT", limit)
    with pytest.raises(EnvironmentProblem, match="which is not a number of MiB from 128 on"):
        programs.run(["true"])


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition):
    """Wait until something is so; a test that waits in vain is stopped by its own limit."""
    while not condition():
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP])
def test_a_killed_command_leaves_no_program_and_no_folder(tmp_path, by):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/small.yaml").write_text(SMALL)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    promtool = tmp_path / "promtool"
    promtool.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && { echo "promtool, version 2.42.0 (x)"; exit; }\n'
        f"mkdir $TMPDIR/left.$$\nsleep 1000 &\necho $! >> {tmp_path}/pids\nwait\n"
    )
    promtool.chmod(0o755)
    environment = {**os.environ, "ALERTC_PROMTOOL": str(promtool), "TMPDIR": str(temporary)}
    command = subprocess.Popen(
        # Whoever starts the tests in the background lets all that they start ignore this signal.
        ["env", "--default-signal=QUIT", ALERTC, "check"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    pids = tmp_path / "pids"
    until(lambda: pids.is_file() and pids.read_text().endswith("\n"))
    command.send_signal(by)
    command.wait()
    until(lambda: not any(map(alive, pids.read_text().split())))
    until(lambda: not list(temporary.iterdir()))
