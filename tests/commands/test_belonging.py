"""`out/` belongs to a policy: another one does not replace it, unless somebody says so."""

import shutil
import subprocess

import pytest

from tests import seeds
from tests.compiling import SMALL, edited
from tests.projects import alertc, contents

BANK = edited(SMALL, ("name: shop", "name: bank"), ("acknowledge: 15m", "acknowledge: 20m"))

REFUSED = """\
error[OUT708]: out/ belongs to the policy shop (policy/shop.yaml), not to the policy bank (policy/bank.yaml)
  --> out/.manifest:1:1
   = help: name a folder for each policy (`--out OTHER`), or replace those files on purpose: `alertc render --take-over`

1 error
"""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rendered") / "project"
    (folder / "policy").mkdir(parents=True)
    (folder / "policy/shop.yaml").write_text(SMALL, encoding="utf-8")
    assert alertc(folder, "render").returncode == 0
    return folder


@pytest.fixture
def project(rendered, tmp_path):
    """A project whose out/ was made from the policy shop."""
    return shutil.copytree(rendered, tmp_path / "project")


@pytest.fixture
def both(project):
    """Two policies, and an out/ that belongs to one of them."""
    (project / "policy/bank.yaml").write_text(BANK, encoding="utf-8")
    return project


def manifest(project, out="out"):
    return (project / out / ".manifest").read_text(encoding="utf-8").splitlines()


def test_the_manifest_names_the_policy_and_where_it_stands_from_the_folder_of_out(project):
    assert manifest(project)[:2] == [
        "# Belongs to the policy shop, policy/shop.yaml",
        "alertmanager/alertmanager.yml",
    ]
    assert alertc(project, "render", "policy/shop.yaml", "--out", "made/shop").returncode == 0
    assert manifest(project, "made/shop")[0] == "# Belongs to the policy shop"


@pytest.mark.parametrize("command", ["render", "check"])
def test_another_policy_does_not_replace_it_and_is_told_once(both, command):
    before = contents(both / "out")
    ran = alertc(both, command, "policy/bank.yaml")
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", REFUSED)
    assert contents(both / "out") == before
    assert alertc(both, "check", "policy/shop.yaml").returncode == 0


def test_each_has_a_folder_of_its_own(both):
    for command in ("render", "check"):
        assert alertc(both, command, "policy/bank.yaml", "--out", "out-bank").returncode == 0
        assert alertc(both, command, "policy/shop.yaml").returncode == 0
    assert manifest(both, "out-bank")[0] == "# Belongs to the policy bank, policy/bank.yaml"


def test_it_is_taken_over_on_purpose(both):
    ran = alertc(both, "render", "policy/bank.yaml", "--take-over")
    assert ran.returncode == 0, ran.stderr
    assert manifest(both)[0] == "# Belongs to the policy bank, policy/bank.yaml"
    assert alertc(both, "check", "policy/bank.yaml").returncode == 0
    assert "out/ belongs to the policy bank (policy/bank.yaml)" in alertc(both, "check", "policy/shop.yaml").stderr


@pytest.mark.parametrize(
    ("path", "edit"),
    seeds.parameters(
        [
            ("policy/store.yaml", ()),
            ("policies/deep/shop.yaml", ()),
            ("policy/shop.yaml", (("name: shop", "name: store"),)),
        ],
        3,
    ),
)
def test_a_policy_that_moved_or_has_another_name_is_the_same(project, path, edit):
    (project / "policy/shop.yaml").unlink()
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).write_text(edited(SMALL, *edit), encoding="utf-8")
    ran = alertc(project, "render", path)
    assert ran.returncode == 0, ran.stderr
    assert manifest(project)[0].endswith(f", {path}")


def test_a_copy_beside_the_original_is_another_policy(project):
    shutil.copy(project / "policy/shop.yaml", project / "policy/copy.yaml")
    ran = alertc(project, "render", "policy/copy.yaml")
    assert ran.stderr.startswith(
        "error[OUT708]: out/ belongs to the policy shop (policy/shop.yaml), not to the policy shop (policy/copy.yaml)\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        "# Belongs to the policy SHOP, ../x\n",
        "# Belongs to nobody\n",
        "# Belongs to the policy bank, /etc/passwd\n",
        "# Belongs to the policy bank, ../bank.yaml\n",
    ],
)
def test_files_that_name_no_other_policy_belong_to_whoever_renders_next(both, line):
    (both.parent / "bank.yaml").write_text(BANK, encoding="utf-8")
    path = both / "out/.manifest"
    path.write_text(line + "".join(f"{one}\n" for one in manifest(both)[1:]), encoding="utf-8")
    ran = alertc(both, "render", "policy/bank.yaml")
    assert ran.returncode == 0, ran.stderr
    assert manifest(both)[0] == "# Belongs to the policy bank, policy/bank.yaml"


def test_what_was_verified_before_is_not_taken_for_ours_where_the_manifest_says_otherwise(both):
    path = both / "out/.manifest"
    path.write_text(path.read_text("utf-8").replace("shop, policy/shop.yaml", "bank, policy/bank.yaml"), "utf-8")
    ran = alertc(both, "check", "policy/shop.yaml")
    assert ran.returncode == 1
    assert ran.stderr.startswith(
        "error[OUT708]: out/ belongs to the policy bank (policy/bank.yaml), not to the policy shop"
    )


def test_an_answer_about_another_policy_says_nothing_of_files_that_are_not_its_own(both):
    ran = alertc(both, "explain", "MoneyLost", "--policy", "policy/bank.yaml")
    assert (ran.returncode, ran.stderr) == (0, "")


# ------------------------------------------------------------------------------------------- diff


def git(folder, *words):
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    return subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_two_policies_of_the_work_tree_are_compared_though_neither_is_the_only_one(both):
    ran = alertc(both, "diff", "policy/shop.yaml", "--to", "policy/bank.yaml")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("policy/shop.yaml -> policy/bank.yaml: ")
    back = alertc(both, "diff", "policy/bank.yaml", "--to", "policy/shop.yaml")
    assert back.stdout.startswith("policy/bank.yaml -> policy/shop.yaml: ")
    assert ran.stdout.count("weaker") == back.stdout.count("stronger") > 0
    assert alertc(both, "diff", "policy/shop.yaml", "--to", "policy/shop.yaml").stdout == (
        "policy/shop.yaml -> policy/shop.yaml: no change in who is paged\n"
    )


def test_without_two_files_the_policy_is_to_be_named(both):
    ran = alertc(both, "diff", "policy/shop.yaml")
    assert ran.returncode == 1
    assert ran.stderr.startswith("error[SRC100]: there is more than one policy in policy/: bank.yaml, shop.yaml\n")
    ran = alertc(both, "diff", "policy/shop.yaml", "--policy", "policy/bank.yaml")
    assert ran.stdout.startswith("policy/shop.yaml -> the working tree: ")


def test_the_files_of_another_policy_do_not_stand_for_one_that_does_not_compile(both):
    git(both, "init", "-q")
    broken = both / "policy/bank.yaml"
    broken.write_text(BANK.replace("version: 1", "version: 99"), encoding="utf-8")
    git(both, "add", "-A")
    git(both, "commit", "-qm", "base")
    broken.write_text(BANK, encoding="utf-8")
    ran = alertc(both, "diff", "--policy", "policy/bank.yaml")
    assert ran.returncode == 1
    assert "its committed files are compared" not in ran.stdout
    assert ran.stderr.startswith("error[")


def test_the_files_of_another_policy_are_no_files_that_servers_would_load_beside_ours(both):
    git(both, "init", "-q")
    git(both, "add", "-A")
    git(both, "commit", "-qm", "base")
    (both / "out/prometheus/rules/more.yaml").write_text("groups: []\n", encoding="utf-8")
    note = "prometheus/rules/more.yaml is not made from the policy"
    assert note in alertc(both, "diff", "--policy", "policy/shop.yaml").stdout
    assert note not in alertc(both, "diff", "--policy", "policy/bank.yaml").stdout
