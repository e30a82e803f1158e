"""The wheel, in an environment of its own and outside the checkout, does what the checkout does, byte for byte."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.compiling import ROOT
from tests.projects import contents

START = "import sys; from importlib.metadata import entry_points; "
ALERTC = START + "[command] = entry_points(group='console_scripts', name='alertc'); sys.exit(command.load()())"


@pytest.fixture(scope="session")
def python(tmp_path_factory):
    """An interpreter that finds alertc in the wheel only, and its dependencies where the tests find them."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    venv.create(folder / "env", symlinks=True)
    python = folder / "env/bin/python"
    shown = run(python, folder, "import sysconfig; print(sysconfig.get_path('purelib'))")
    site = Path(shown.stdout.strip())
    [wheel] = folder.glob("alertc-*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    # Python reads the .pth files of its own folder only, so the editable install beside the dependencies has no effect.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def run(python, folder, script, *arguments):
    # -I: neither PYTHONPATH nor the folder that it runs in.
    return subprocess.run(
        [python, "-I", "-c", script, *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def rendered(python, folder, *arguments):
    ran = run(python, folder, ALERTC, "render", *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    return contents(folder / "out")


def test_the_wheel_is_what_runs(python, tmp_path):
    script = "import generator, generator.targets.render as r; print(generator.__file__); print(r.packaged_templates())"
    shown = run(python, tmp_path, script).stdout.splitlines()
    assert [Path(line).is_relative_to(python.parent.parent) for line in shown] == [True, True]


def test_the_wheel_holds_the_package_and_nothing_else(python):
    [wheel] = python.parents[2].glob("alertc-*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "generator", "templates"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    there = {name for name in listed if (ROOT / name).is_file()}
    assert packed == {name.replace("templates/", "generator/_templates/", 1) for name in there}


def test_init_and_render_work_in_an_empty_folder(python, tmp_path):
    ran = run(python, tmp_path, ALERTC, "init")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(rendered(python, tmp_path)) > 20
    assert run(python, tmp_path, ALERTC, "check").returncode == 0


@pytest.mark.thorough
def test_the_shipped_policy_comes_out_as_in_the_checkout(python, tmp_path):
    (tmp_path / "policy").mkdir()
    shutil.copy(ROOT / "policy/exchange.yaml", tmp_path / "policy")
    assert rendered(python, tmp_path) == contents(ROOT / "out")


def test_the_small_policy_comes_out_as_in_the_checkout(python, tmp_path):
    shutil.copy(ROOT / "tests/policies/small.yaml", tmp_path / "policy.yaml")
    found = rendered(python, tmp_path, "policy.yaml")
    del found[".manifest"]
    assert found == contents(ROOT / "tests/golden/small")
