"""`alertc watch` renders again at each save, whatever was saved, until it is interrupted."""

import os
import re
import shutil
import signal
import subprocess
import threading
from contextlib import contextmanager

import pytest

from generator.targets.render import packaged_templates
from tests.compiling import SMALL, edited
from tests.projects import ALERTC, CHANGED_SUMMARY, alertc

LIMIT = 60


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    project = tmp_path_factory.mktemp("watched")
    (project / "policy").mkdir()
    (project / "policy/shop.yaml").write_text(SMALL, encoding="utf-8")
    shutil.copytree(packaged_templates(), project / "templates")
    assert alertc(project, "render").returncode == 0
    return project


@pytest.fixture
def project(rendered, tmp_path):
    shutil.copytree(rendered, tmp_path / "project")
    return tmp_path / "project"


class Watching:
    """A running `alertc watch`, and what it has said since it was asked the last time."""

    def __init__(self, process):
        self.process = process

    def said(self):
        """Return what it says of one save, without the time."""
        lines = []
        for line in self.process.stdout:
            if re.fullmatch(r"\d\d:\d\d:\d\d, \d+\.\d\d s; waiting for a change\n", line):
                return "".join(lines)
            lines.append(line)
        raise AssertionError(f"it ended: {''.join(lines)}")


@contextmanager
def watching(project):
    process = subprocess.Popen(
        [ALERTC, "watch"],
        cwd=project,
        env={**os.environ, "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    # Who waits for a line that does not come is told so by the end of the stream.
    end = threading.Timer(LIMIT, process.kill)
    end.start()
    try:
        yield Watching(process)
    finally:
        end.cancel()
        process.kill()
        process.wait()
        process.stdout.close()


def save(project, text):
    """Save as editors do: beside, then renamed."""
    fresh = project / "policy/.shop.yaml.new"
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(project / "policy/shop.yaml")


@pytest.mark.realtime
def test_each_save_is_rendered(project):
    with watching(project) as watch:
        assert "nothing changed; checked by promtool" in watch.said()
        save(project, edited(SMALL, *CHANGED_SUMMARY))
        assert ", 2 changed; checked by promtool" in watch.said()
        assert "is wrong by {{ $value }}" in (project / "out/prometheus/rules/shop.yaml").read_text(encoding="utf-8")


@pytest.mark.realtime
def test_a_fault_is_shown_and_leaves_out_as_it_was_until_it_is_mended(project):
    with watching(project) as watch:
        watch.said()
        before = (project / "out/prometheus/rules/shop.yaml").read_bytes()
        save(project, "version: [")
        assert watch.said().startswith("error[SRC105]")
        save(project, edited(SMALL, ("depends_on: [alerting]", "depends_on: [alertin]")))
        assert "did you mean `alerting`?" in watch.said()
        (project / "policy/shop.yaml").unlink()
        assert watch.said().startswith("error[SRC101]: cannot read the policy: no such file or directory")
        assert (project / "out/prometheus/rules/shop.yaml").read_bytes() == before
        save(project, SMALL)
        assert "nothing changed; checked by promtool" in watch.said()


@pytest.mark.realtime
def test_a_template_is_watched_too(project):
    with watching(project) as watch:
        watch.said()
        room = project / "templates/alertmanager/templates/room.tmpl.j2"
        room.write_text(room.read_text(encoding="utf-8").replace("No longer firing", "Over"), encoding="utf-8")
        assert ", 1 changed; checked by promtool" in watch.said()


@pytest.mark.realtime
@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_it_quietly(project, how, code):
    with watching(project) as watch:
        watch.said()
        watch.process.send_signal(how)
        assert watch.process.wait(LIMIT) == code
        assert watch.process.stdout.read().strip() == ""


def test_without_a_policy_there_is_nothing_to_watch(tmp_path):
    ran = alertc(tmp_path, "watch", "policy/none.yaml")
    assert ran.returncode == 1
    assert ran.stderr.startswith("error[SRC101]: cannot read the policy: no such file or directory")
