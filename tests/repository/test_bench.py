"""The bench measures what it says, on a small policy, and its page says what was measured. No time is asserted."""

import subprocess
import sys

import pytest
import yaml

from bench import bars, generate, measure, page, peers, scale, shipped, stages
from bench.measure import Measured, Skipped
from bench.peers import with_jinja
from tests.compiling import ROOT, compiled

SERVICES = 10
NO_JSONNET = Skipped(why="there is none in this test")


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    """The policy of the bench, in a file."""
    path = tmp_path_factory.mktemp("bench") / "policy.yaml"
    path.write_text("".join(generate.policy(SERVICES)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def artifacts(policy):
    """What alertc makes of it."""
    return compiled(policy.read_text(encoding="utf-8")).artifacts


def rules_of(artifacts):
    """The rules of the services by file, as Prometheus reads them."""
    folder = "prometheus/rules/"
    return {
        artifact.path.removeprefix(folder): yaml.safe_load(artifact.text)
        for artifact in artifacts
        if artifact.path.startswith(f"{folder}service-")
    }


def rules_in(folder):
    return {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in folder.iterdir()}


def cost(seconds, megabytes=100, *, stopped=False):
    return Measured(seconds=seconds, memory=megabytes * bars.MEGABYTE, stopped=stopped)


# ------------------------------------------------------------------------------------------------ what is measured


@pytest.mark.thorough
def test_a_size_is_measured_with_everything_that_its_table_shows(tmp_path):
    folder = tmp_path / "scale"
    figures = scale.measured(SERVICES, folder, NO_JSONNET, rounds=1)
    assert figures.rules == 118, "ten for each service, and those of the policy itself"
    skipped = {name: cost for name, cost in figures.costs.items() if isinstance(cost, Skipped)}
    assert skipped == {"jsonnet": NO_JSONNET}
    measured = [cost for cost in figures.costs.values() if isinstance(cost, Measured)]
    assert all(cost.seconds > 0 and cost.memory > bars.MEGABYTE and not cost.stopped for cost in measured)
    assert len(scale.rows(figures, None)) == len(figures.costs)
    changed = (folder / "out/prometheus/rules/service-9.yaml").read_text(encoding="utf-8")
    assert '(worker_busy_ratio{job="service-9"}) > 0.8' in changed, "the last command ran on the policy that changed"


def test_one_line_differs_in_the_policy_where_one_service_changed():
    before, after = ("".join(generate.policy(SERVICES, changed)).splitlines() for changed in (None, 9))
    assert [lines for lines in zip(before, after, strict=True) if lines[0] != lines[1]] == [
        tuple(f'    expr: max by (job) (worker_busy_ratio{{job="service-9"}}) > {least}' for least in ("0.9", "0.8"))
    ]


def test_the_stages_end_in_the_files_of_the_compiler(policy, artifacts):
    assert dict(stages.stages(policy))["built"] == tuple(sorted(artifacts, key=lambda artifact: artifact.path))


def test_the_template_of_the_peer_writes_the_same_rules(policy, artifacts, tmp_path):
    with_jinja.main(policy, tmp_path)
    assert rules_in(tmp_path) == rules_of(artifacts)


@pytest.mark.network
@pytest.mark.thorough
def test_jsonnet_writes_the_same_rules(policy, artifacts, tmp_path):
    python = peers.python_with_jsonnet(tmp_path / "jsonnet")
    if isinstance(python, Skipped):
        pytest.skip(python.why)
    (tmp_path / "rules").mkdir()
    script = ROOT / "bench/peers/with_jsonnet.py"
    subprocess.run([python, script, policy, tmp_path / "rules"], check=True)
    assert rules_in(tmp_path / "rules") == rules_of(artifacts)


def test_a_command_that_fails_is_no_measurement(tmp_path):
    with pytest.raises(measure.Failed) as failed:
        measure.run(["sh", "-c", "echo no; exit 4"], folder=tmp_path)
    assert str(failed.value) == "`sh -c echo no; exit 4` ended with code 4; it said:\nno"


def test_a_command_that_does_not_end_is_stopped_with_all_that_it_started(tmp_path):
    stopped = measure.run(["sh", "-c", "sleep 600 & sleep 600"], folder=tmp_path, limit=0.1)
    assert (stopped.seconds, stopped.stopped) == (0.1, True)


def test_the_median_is_of_seconds_and_of_memory():
    rounds = [{"full": cost(seconds, megabytes)} for seconds, megabytes in ((3, 10), (1, 30), (2, 20))]
    assert measure.medians(rounds) == {"full": cost(2, 20)}


def test_what_was_stopped_once_has_no_median():
    stopped = cost(120, stopped=True)
    assert measure.medians([{"amlint": cost(1)}, {"amlint": stopped}]) == {"amlint": stopped}


# ---------------------------------------------------------------------------------------------- what the page says


COSTS = {
    "promtool": cost(20, 71),
    "read": cost(2, 310),
    "resolved": cost(4.5, 820),
    "built": cost(1.5, 900),
    "proven": cost(2, 1_000),
    "full": cost(19, 1_501),
    "check": cost(18, 1_400),
    "diff": cost(8.1, 900),
    "unchanged": cost(0.9, 150),
    "changed": cost(6.64, 1_300),
    "jinja": cost(280, 700),
    "jsonnet": Skipped(why="rjsonnet==0.5.6 could not be installed"),
    "audit": cost(16, 990),
    "amlint": cost(120, 300, stopped=True),
}
LARGE = scale.Figures(services=10_000, rules=100_018, rounds=1, costs=COSTS)
TENTH = scale.Figures(services=1_000, rules=10_018, rounds=3, costs={**COSTS, "full": cost(1.7)})
SHIPPED = {
    "cold": cost(6),
    "by hand": cost(5),
    "unchanged": cost(0.31, 25),
    "explained": cost(0.4, 45),
    "tested": cost(2.9),
    "click": cost(0.04),
    "help": cost(0.05),
}


def test_the_page_says_what_was_measured(golden):
    tables = {
        scale.title(10_000): page.section(scale.title(10_000), scale.about(LARGE), scale.rows(LARGE, TENTH)),
        scale.title(1_000): page.section(scale.title(1_000), scale.about(TENTH), scale.rows(TENTH, None)),
        shipped.TITLE: page.section(shipped.TITLE, "Medians of 7 runs", shipped.rows(SHIPPED)),
    }
    golden.expect("performance.md", page.written(tables))
    assert page.sections(page.written(tables)) == tables, "and can be read back, to keep what is not measured again"


def test_bars_that_are_missed_are_named():
    assert page.missed(scale.rows(LARGE, TENTH)) == (
        "TOO SLOW: `alertc render` into an empty folder, with all checks (a full run): 0.95 x promtool, bar 0.9",
        "TOO SLOW: its memory: 1,501 MB, bar 1,500 MB",
        "TOO SLOW: its time, for ten times the services: 11.2 x 1,000 services, bar 11",
    )
    assert page.missed(shipped.rows(SHIPPED)) == ("TOO SLOW: `alertc render`, nothing changed: 7.75 x click, bar 7",)


def test_most_bars_are_for_ten_thousand_services():
    assert page.missed(scale.rows(TENTH, None)) == ()


@pytest.mark.parametrize(("services", "kept", "missed"), [(10, 66, 66.5), (1_000, 2.28, 2.285), (10_000, 0.9, 0.905)])
def test_a_full_run_has_a_bar_at_each_size(services, kept, missed):
    def full(times):
        costs = {**COSTS, "promtool": cost(100), "full": cost(100 * times)}
        return page.missed(scale.rows(scale.Figures(services=services, rules=1, rounds=1, costs=costs), None))

    name = "TOO SLOW: `alertc render` into an empty folder, with all checks (a full run)"
    assert not any(line.startswith(name) for line in full(kept))
    assert any(line.startswith(name) and line.endswith(f"bar {kept}") for line in full(missed))


def test_a_bar_that_could_not_be_measured_is_missed_or_said():
    skipped = scale.Figures(services=10_000, rules=1, rounds=1, costs={**COSTS, "built": Skipped(why="no")})
    assert "TOO SLOW: build the files: not measured: no, bar 0.1" in page.missed(scale.rows(skipped, TENTH))
    assert scale.rows(LARGE, None)[7] == bars.Row(
        what="its time, for ten times the services", figure="not measured in this run", bar="11"
    )


def test_the_page_in_the_repository_was_written_by_the_bench():
    text = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    assert text == page.written(page.sections(text))


@pytest.mark.parametrize("wrong", ["0", "-1", "many", "1.5"])
def test_a_size_that_is_none_is_refused(wrong):
    ran = subprocess.run(
        [sys.executable, "-m", "bench", "--", wrong], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1] == (
        f"python -m bench: error: argument services: `{wrong}` is no number of services; write for example 1000"
    )
