"""Work in a process of its own: what comes of it is what the work itself would have said, whatever befalls it."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from generator import pipeline
from generator.checks import verify
from generator.diagnostics.diagnostic import Diagnostic, Place, PolicyErrors
from generator.system.beside import beside
from tests.compiling import EXCHANGE, anew
from tests.verifying import verified


def children():
    """Return the processes that we started and have not waited for, but for the watch over programs."""
    started = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [pid for pid in started if b"alertc-watch" not in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_it_is_done_in_another_process():
    with beside(os.getpid) as wait:
        assert wait() != os.getpid()
    assert children() == []


def test_what_is_refused_there_is_refused_here():
    finding = Diagnostic(code="TPL401", message="it fails", place=Place(path="a", line=1, column=2), notes=("why",))

    def refuses():
        raise PolicyErrors(finding)

    with beside(refuses) as wait, pytest.raises(PolicyErrors) as refused:
        wait()
    assert refused.value.diagnostics == (finding,)


@pytest.mark.parametrize("fault", ["killed", "a mistake", "cannot be sent", "half sent"])
def test_where_nothing_came_of_it_we_do_it_ourselves(fault, capfd):
    ours = os.getpid()

    def work():
        if os.getpid() == ours:
            return "done"
        if fault == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "a mistake":
            raise ZeroDivisionError
        if fault == "half sent":
            return Half()
        return lambda: None

    with beside(work) as wait:
        assert wait() == "done"
    assert capfd.readouterr() == ("", "")


class Half:
    """Ends its process when a part of it has been sent."""

    def __reduce__(self):
        return tuple, (["x" * 1_000_000, Ends()],)


class Ends:
    def __reduce__(self):
        os._exit(0)


def test_a_process_that_nobody_waits_for_is_ended():
    def left():
        with beside(lambda: time.sleep(600)):
            assert len(children()) == 1
            raise PolicyErrors(Diagnostic(code="TPL401", message="it fails"))

    with pytest.raises(PolicyErrors):
        left()
    assert children() == []


def test_beside_threads_there_is_no_other_process():
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        with beside(os.getpid) as wait:
            assert wait() == os.getpid()
    finally:
        done.set()
        thread.join()


# ------------------------------------------------------------------------------------------- the files of a policy


def test_a_large_policy_is_built_by_two_and_is_the_same(monkeypatch):
    by_one = anew(EXCHANGE).artifacts
    seen = []
    monkeypatch.setattr(pipeline, "MANY", 0)
    monkeypatch.setattr(pipeline, "beside", lambda work, pays: seen.append(pays) or beside(work, pays=pays))
    assert anew(EXCHANGE).artifacts == by_one
    assert seen == [True, True]


@pytest.mark.parametrize("template", ["prometheus/rules.yaml.j2", "docs/incident-response.md.j2"])
def test_a_template_that_fails_is_told_alike(template, tmp_path, monkeypatch):
    (tmp_path / template).parent.mkdir(parents=True)
    (tmp_path / template).write_text("<< nothing.at.all >>", encoding="utf-8")

    def told():
        with pytest.raises(PolicyErrors) as refused:
            anew(EXCHANGE, tmp_path)
        return refused.value.diagnostics

    by_one = told()
    monkeypatch.setattr(pipeline, "MANY", 0)
    assert told() == by_one


# ------------------------------------------------------------------------------------------- what is wrong with them


def test_the_files_of_a_large_policy_are_judged_by_three_and_the_same_is_said(monkeypatch):
    rules = "prometheus/rules/shop.yaml"
    wrong = [
        # We find an expression that is not the policy's, one of the others a rule that is too slow for its SLA, and one
        # what the page says of it.
        (rules, "< 14 * 86400", "< 13 * 86400"),
        (rules, "alert: MoneyLost\n", "alert: MoneyLost\n        for: 4m\n"),
        ("docs/incident-response.md", "| MoneyLost | shop | 0s |", "| MoneyLost | shop | 4m |"),
    ]
    by_one = verified(*wrong)
    assert "[RUL603]" in by_one
    assert "[TIM601]" in by_one
    assert "[OUT608]" in by_one
    seen = []
    monkeypatch.setattr(verify, "MANY", 0)
    monkeypatch.setattr(verify, "beside", lambda work, pays: seen.append(pays) or beside(work, pays=pays))
    assert verified(*wrong) == by_one
    assert seen == [True, True]
