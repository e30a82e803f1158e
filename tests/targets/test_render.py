"""Templates of a project that loop, grow or go round in circles: a finding with a line, and out/ as it was."""

import resource
import signal
import subprocess
import sys
import threading

import pytest

from generator.diagnostics.diagnostic import PolicyErrors
from generator.targets import sandbox
from tests.compiling import SMALL, compiled
from tests.projects import ALERTC, contents

RULES = "prometheus/rules.yaml.j2"


def fault(folder, template):
    """What is found in a project's own template for rules."""
    path = folder / "templates" / RULES
    path.parent.mkdir(parents=True)
    path.write_text(template)
    with pytest.raises(PolicyErrors) as refused:
        compiled(SMALL, folder / "templates")
    (found,) = refused.value.diagnostics
    assert found.code == "TPL401"
    assert found.place.path == f"templates/{RULES}"
    return found.message.removeprefix(f"the template {RULES} "), found.place.line


def test_a_template_that_does_not_end_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "TIME_LIMIT", 0.3)
    loop = "groups:\n<% for a in range(99999) %>\n<% for b in range(99999) %>\n<% endfor %>\n<% endfor %>\n"
    assert fault(tmp_path, loop) == ("fails: it did not end within 0.3 s", 3)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("x\n<% for i in range(10**9) %><% endfor %>", "fails: Range too big"),
        ("x\n<% macro m() %><< m() >><% endmacro %><< m() >>", "fails: it goes round in circles"),
        ("x\n<< 9**(9**9) >>", "fails: it reckons (`**`) with numbers of more than 4,096 bits"),
        ("x\n<< 2**4096 >>", "fails: it reckons (`**`) with numbers of more than 4,096 bits"),
        ("x\n<% set a = 2**2000 %><< a * a * a * 5 // 3 >>", "fails: it reckons (`*`) with numbers of more than 4,096"),
        ("x\n<< 5 | round(-10**9) >>", "fails: it rounds to more than 1,000 digits"),
        ("x\n<% include 'prometheus/rules.yaml.j2' %>", "fails: it goes round in circles"),
        ("x\n<< ''.__class__.__mro__ >>", "fails: access to attribute '__class__' of 'str' object is unsafe"),
        ("x\n<< file.groups.append(1) >>", "uses something undefined"),
        ("x\n<< 1 / 0 >>", "fails: division by zero"),
        ("x\n<% include '/etc/passwd' %>", "fails: there is no template /etc/passwd"),
        ("x\n<% include '../../../../etc/passwd' %>", "fails: there is no template ../../../../etc/passwd"),
        ("x\n<% if %>", "fails: Expected an expression"),
    ],
)
def test_a_template_that_cannot_work_says_why_and_where(tmp_path, template, message):
    said, line = fault(tmp_path, template)
    assert said.startswith(message)
    assert line == 2


def test_the_alarm_of_whoever_calls_us_stays():
    heard = []
    before = signal.signal(signal.SIGALRM, lambda *_: heard.append(1))
    signal.setitimer(signal.ITIMER_REAL, 100)
    try:
        compiled(SMALL)
        assert 90 < signal.getitimer(signal.ITIMER_REAL)[0] <= 100
        signal.raise_signal(signal.SIGALRM)
        assert heard == [1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_templates_render_outside_of_the_main_thread_too():
    done = []
    thread = threading.Thread(target=lambda: done.append(compiled(SMALL)))
    thread.start()
    thread.join()
    assert done


GREEDY = {
    "repeated": "<< 'a' * 10**11 >>",
    "centered": "<< 'a' | center(10**11) >>",
    "a method": "<< 'a'.center(10**11) >>",
    "a format": "<< '%99999999999d' % 1 >>",
    "a new format": "<< '{:>99999999999}'.format(1) >>",
    "a list": "<< [1] * 10**11 >>",
    "doubled": "<% set a = namespace(v='x') %><% for i in range(60) %><% set a.v = a.v ~ a.v %><% endfor %>",
}


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are kept on Linux")
@pytest.mark.parametrize("template", GREEDY.values(), ids=GREEDY)
def test_a_template_that_takes_all_memory_is_stopped(tmp_path, template):
    before = resource.getrlimit(resource.RLIMIT_DATA)
    assert fault(tmp_path, f"x\n{template}\n") == ("fails: it needs more memory than it may have", 2)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_a_template_may_reckon_round_and_repeat(tmp_path):
    template = "groups:\n# << 7.125 | round(2) >> << 2**10 >> << 'ab' * 3 >> << 7 % 4 >> << '%5.2f' % 1 >>\n"
    path = tmp_path / "templates" / RULES
    path.parent.mkdir(parents=True)
    path.write_text(template)
    rules = [file.text for file in compiled(SMALL, tmp_path / "templates").artifacts if "/rules/" in file.path]
    assert set(rules) == {"groups:\n# 7.12 1024 ababab 3  1.00\n"}


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are kept on Linux")
def test_a_template_that_needs_more_memory_than_there_is(project):
    (project / "templates/prometheus").mkdir(parents=True)
    (project / "templates" / RULES).write_text("x\n<< 'a' * 10**11 >>\n")
    before = contents(project / "out")
    limit = 2 * 1024**3
    ran = subprocess.run(
        [ALERTC, "render"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert ran.returncode == 1, ran.stderr
    assert f"the template {RULES} fails: it needs more memory than it may have" in ran.stderr
    assert f"--> templates/{RULES}:2" in ran.stderr
    assert contents(project / "out") == before
