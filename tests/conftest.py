"""What several test files share: the option that accepts what the compiler now says."""

import gc
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from generator.system import debian, programs
from tests import seeds
from tests.answers import SharedAnswers, shared_folder
from tests.compiling import SMALL
from tests.projects import alertc

ROOT = Path(__file__).parent.parent


def pytest_configure():
    # A policy is a hundred thousand objects, and nearly all of them live until it is done.
    gc.set_threshold(100_000, 20, 20)
    seeds.settle()
    # How long an example takes says something about the machine, not about the program.
    settings.register_profile(
        "alertc", deadline=None, derandomize=not seeds.is_drawn(), max_examples=seeds.many(25, 200), print_blob=True
    )
    settings.load_profile("alertc")


def pytest_sessionfinish():
    """Collect once what the tests left, for its warnings; pytest goes through all of it five times."""
    gc.collect()
    gc.freeze()


def pytest_report_header():
    return f"seed of what is drawn by chance: {seeds.seed()} ({seeds.VARIABLE})"


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="write what the compiler now says into tests/golden")


@pytest.fixture(autouse=True)
def _garbage_is_collected():
    """A command of `generator.cli` lives for one run and turns that off; the next test lives on."""
    yield
    gc.enable()
    gc.unfreeze()


@pytest.fixture(autouse=True, scope="session")
def _programs_answer_once(tmp_path_factory):
    """The same question about the same files has one answer, whichever test of whichever worker asks."""
    shared = SharedAnswers(shared_folder(tmp_path_factory, "answers"), programs.Runs._finish)

    def finish(runs, command):
        return shared.finish(runs, command)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programs.Runs, "_finish", finish)
        yield


class Golden:
    """Compares text with a file of tests/golden, or writes it there."""

    def __init__(self, *, update: bool) -> None:
        self.folder = ROOT / "tests" / "golden"
        self.update = update

    def expect(self, name: str, text: str, folder: Path | None = None) -> None:
        path = (folder or self.folder) / name
        if self.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        assert path.exists(), f"{path} is missing; `make golden` writes it"
        assert text == path.read_text(encoding="utf-8"), f"{name} differs; read the diff, then `make golden`"

    def expect_folder(self, name: str, files: dict[str, str]) -> None:
        """The folder holds exactly these files."""
        folder = self.folder / name
        present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        if self.update:
            for path in present - files.keys():
                (folder / path).unlink()
            present &= files.keys()
        for path, text in files.items():
            self.expect(f"{name}/{path}", text)
        assert present - files.keys() == set(), "files that nothing renders any more; `make golden` removes them"


@pytest.fixture
def golden(request):
    return Golden(update=request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    """A project with the small policy, rendered."""
    project = tmp_path_factory.mktemp("project")
    (project / "policy").mkdir()
    (project / "policy/shop.yaml").write_text(SMALL, encoding="utf-8")
    assert alertc(project, "render").returncode == 0
    return project


@pytest.fixture
def project(rendered, tmp_path):
    """A copy of it that a test may spoil."""
    shutil.copytree(rendered, tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def fetched(monkeypatch, tmp_path):
    """Return what fetches suites into a cache of this test; the first is the machine's own."""
    real = {suite: programs.suite_folder(suite) for suite in ("bookworm", "forky") if debian.fetch(suite)}
    for name in ("ALERTC_PROMTOOL", "ALERTC_GENERATION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALERTC_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    def fetch(*suites):
        for suite in suites:
            folder = tmp_path / "debian" / suite
            folder.mkdir(parents=True)
            (folder / "usr").symlink_to(real[suite] / "usr")
        default = tmp_path / "debian" / "default"
        if not default.is_symlink():
            default.symlink_to(suites[0])

    return fetch
