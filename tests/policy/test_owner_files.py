"""Owners from a catalogue of Backstage or a CODEOWNERS: whose each value is, and what is wrong with the files."""

import re
import subprocess

import pytest

from generator import pipeline
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import PolicyErrors
from generator.policy.parts import on_disk
from tests.compiling import edited
from tests.plan.test_owners import POLICY as BY_HAND
from tests.projects import alertc

MAP = '  map: {"shop-.*": shop, monitoring|alerts: alerting}\n'
CATALOGUE = "  from: [../catalog-info.yaml]\n"
CODEOWNERS = "  from: [../CODEOWNERS]\n"
ENTITY = """\
---
apiVersion: backstage.io/v1alpha1
kind: {kind}
metadata:
  name: {name}
  annotations: {{backstage.io/kubernetes-namespace: {namespace}}}
spec: {{type: service, lifecycle: production, owner: {owner}}}
"""
SHOP = ENTITY.format(kind="Component", name="shop", namespace="shop-eu", owner="group:default/web")
DNS = ENTITY.format(kind="System", name="dns", namespace="dns", owner="platform")


def group(name, more=""):
    return (
        f"---\napiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {{name: {name}}}\nspec: {{type: team{more}}}\n"
    )


@pytest.fixture
def write(tmp_path):
    """Write a policy whose owners are said so, and files beside its folder; return the project."""

    def write(owners, **files):
        (tmp_path / "policy").mkdir(exist_ok=True)
        (tmp_path / ".git").mkdir(exist_ok=True)
        (tmp_path / "policy/shop.yaml").write_text(edited(BY_HAND, (MAP, owners)), encoding="utf-8")
        for name, text in files.items():
            path = tmp_path / {"catalogue": "catalog-info.yaml", "codeowners": "CODEOWNERS"}.get(name, f"{name}.yaml")
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


def planned(project, monkeypatch):
    """Return the owners' map, and what was found, as it is printed."""
    monkeypatch.chdir(project)
    source = None
    try:
        source = on_disk(project.joinpath("policy/shop.yaml").relative_to(project)).read()
        plan, found = pipeline.planned(source)
    except PolicyErrors as refused:
        placed = formats.place(refused.diagnostics, source) if source else refused.diagnostics
        return None, formats.to_text(placed, {})
    return dict(plan.policy.owners.map), formats.to_text(found, {})


# ------------------------------------------------------------------------------------------- Backstage


def test_a_catalogue_says_whose_each_namespace_is(write, monkeypatch):
    project = write(CATALOGUE, catalogue=SHOP + DNS + group("web"))
    assert planned(project, monkeypatch) == ({"shop-eu": "shop", "dns": "kube"}, "")


def test_what_the_map_says_goes_before_the_files(write, monkeypatch):
    strange = ENTITY.format(kind="Component", name="x", namespace="alerts", owner="strangers")
    project = write(MAP + CATALOGUE, catalogue=SHOP + DNS + strange)
    by_hand = {"shop-.*": "shop", "monitoring|alerts": "alerting"}
    assert planned(project, monkeypatch) == ({**by_hand, "dns": "kube"}, "")


@pytest.mark.parametrize(
    ("value", "entity"),
    [
        ("name", SHOP.replace("name: shop", "name: shop-eu").replace("owner: group:default/web", "owner: shop")),
        (
            "backstage.io/kubernetes-id",
            SHOP.replace("annotations: {", "annotations: {backstage.io/kubernetes-id: shop-eu, "),
        ),
        ("app", SHOP.replace("  annotations: {", "  labels: {app: shop-eu}\n  annotations: {")),
    ],
)
def test_a_value_has_the_name_that_the_policy_says(write, monkeypatch, value, entity):
    project = write(f"{CATALOGUE}  value: {value}\n", catalogue=entity)
    assert planned(project, monkeypatch) == ({"shop-eu": "shop"}, "")


def test_several_files_make_one_map_and_what_is_no_entity_is_left_alone(write, monkeypatch):
    other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\n[1, 2]\n---\n"
    project = write("  from: [../*-info.yaml, ../more.yaml]\n", catalogue=other + SHOP, more=DNS)
    assert planned(project, monkeypatch) == ({"shop-eu": "shop", "dns": "kube"}, "")


def test_a_value_stands_for_itself_alone(write, monkeypatch):
    project = write(CATALOGUE, catalogue=SHOP.replace("shop-eu", "'shop.eu+'"))
    assert planned(project, monkeypatch) == ({r"shop\.eu\+": "shop"}, "")


WEB_HAS_TWO = SHOP.replace("name: shop", "name: till")


@pytest.mark.parametrize(
    ("owners", "catalogue", "said"),
    [
        (
            CATALOGUE,
            SHOP.replace("group:default/web", "webb"),
            (
                "error[POL287]: Component shop belongs to webb, which is no team of the policy; did you mean `web`?\n"
                "  --> catalog-info.yaml:7:53\n"
                "   = help: say which service is meant: `owners: {as: {webb: kube}}`, or whose the value is "
                "under `owners/map`\n"
            ),
        ),
        (
            CATALOGUE,
            WEB_HAS_TWO,
            (
                "error[POL289]: Component till belongs to group:default/web: that may be shop or alerting\n"
                "  --> catalog-info.yaml:7:53\n"
                "   = help: say which is meant: `owners: {as: {web: shop}}`, or whose the value is under "
                "`owners/map`\n"
            ),
        ),
        (
            CATALOGUE,
            SHOP + DNS.replace("namespace: dns", "namespace: shop-eu"),
            (
                'error[POL298]: namespace="shop-eu" belongs to kube, and to shop by Component shop '
                "(catalog-info.yaml:7)\n"
                "  --> catalog-info.yaml:14:53\n"
                "   = help: let the two have one owner, or say whose the value is under `owners/map`\n"
            ),
        ),
        (
            CATALOGUE,
            SHOP.replace("kubernetes-namespace", "kubernetes-id"),
            (
                "error[POL279]: `from` names no value of `namespace`: there is no Component or System with the "
                "annotation or "
                "label `backstage.io/kubernetes-namespace` in catalog-info.yaml\n"
                "   --> policy/shop.yaml:129:3\n"
                "    = help: say under `value` which annotation or label of a catalogue holds it, and under "
                "`folder` where the "
                "folders of a CODEOWNERS lie\n"
            ),
        ),
        (
            CATALOGUE,
            "kind: Component\n",
            (
                "error[SRC126]: there is no entity of Backstage in catalog-info.yaml (`apiVersion: backstage.io/...`)\n"
                "  --> catalog-info.yaml\n"
                "   = help: name a catalogue of Backstage, or a file called CODEOWNERS\n"
            ),
        ),
        (
            "  from: [../nowhere.yaml]\n",
            SHOP,
            (
                "error[SRC124]: there is no file `../nowhere.yaml`\n"
                "   --> policy/shop.yaml:129:10\n"
                "    = help: write a path relative to the file that names it, for example `../catalog-info.yaml`\n"
            ),
        ),
        (
            f"{CATALOGUE}  as: {{web: shoop}}\n",
            WEB_HAS_TWO,
            (
                "error[REF301]: there is no service `shoop`\n"
                "   --> policy/shop.yaml:130:13\n"
                "    = help: did you mean `shop`?\n"
            ),
        ),
    ],
)
def test_what_does_not_tell_whose_it_is_is_an_error_in_its_file(write, monkeypatch, owners, catalogue, said):
    assert planned(write(owners, catalogue=catalogue), monkeypatch) == (None, said)


def test_aliases_say_which_service_is_meant(write, monkeypatch):
    project = write(
        f"{CATALOGUE}  as: {{web: alerting, 'user:default/ana': kube}}\n",
        catalogue=WEB_HAS_TWO + DNS.replace("platform", "user:default/ana"),
    )
    assert planned(project, monkeypatch) == ({"shop-eu": "alerting", "dns": "kube"}, "")


NOBODY = "   = help: name people there, or another owner\n"
EMPTY = "warning[POL299]: the group web has no members\n  --> catalog-info.yaml:11:18\n" + NOBODY
USER = "---\napiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: {name: ana}\nspec: {memberOf: [%s]}\n"


@pytest.mark.parametrize(
    ("catalogue", "said"),
    [
        (
            SHOP.replace(", owner: group:default/web", "") + DNS,
            (
                'warning[POL299]: nobody owns Component shop: what has namespace="shop-eu" belongs to kube\n'
                "  --> catalog-info.yaml:5:9\n"
                "   = help: name its owner there, or say whose it is under `owners/map`\n"
            ),
        ),
        (SHOP + group("web", ", members: []"), EMPTY),
        (SHOP + group("web") + USER % "infra", EMPTY),
        (SHOP + group("web") + USER % "group:default/web", ""),
        (SHOP + group("web", ", members: [ana]"), ""),
        (SHOP + group("web", ", children: [net]") + USER % "net", ""),
        (SHOP + group("web"), ""),
        (SHOP + group("others", ", members: []"), ""),
    ],
)
def test_that_a_team_has_nobody_is_said_where_the_file_says_so(write, monkeypatch, catalogue, said):
    found = planned(write(CATALOGUE, catalogue=catalogue), monkeypatch)
    assert found[0] is not None
    assert found[1] == said


def test_a_link_out_of_the_repository_is_not_read(write, monkeypatch):
    project = write(CATALOGUE)
    outside = project.parent / "outside.yaml"
    outside.write_text(SHOP, encoding="utf-8")
    (project / "catalog-info.yaml").symlink_to(outside)
    assert planned(project, monkeypatch) == (
        None,
        (
            "error[SRC125]: `../catalog-info.yaml` lies outside of the repository, and is not read\n"
            "   --> policy/shop.yaml:129:10\n"
            "    = help: keep a copy of it in the repository of the policy\n"
        ),
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [("[" * 500 + "]" * 500, "SRC126"), ("a: [", "SRC105"), ("a: &a [*a]\n", "SRC126"), ("\x00", "SRC105")],
)
def test_a_hostile_catalogue_is_refused(write, monkeypatch, text, code):
    said = planned(write(CATALOGUE, catalogue=text), monkeypatch)[1]
    assert said.startswith(f"error[{code}]: ")


# ------------------------------------------------------------------------------------------- CODEOWNERS


@pytest.mark.parametrize(
    ("codeowners", "expected"),
    [
        ("/deploy/shop/ @acme/web\n/deploy/dns/ @acme/platform\n", {"shop": "shop", "dns": "kube"}),
        ("* @acme/platform\ndeploy/shop @acme/web   # the shop\n", {"shop": "shop"}),
        ("/deploy/shop/ @acme/web\n/deploy/ @acme/platform\n", {"shop": "kube"}),
        ("/deploy/shop/ @acme/web\n/deploy/* @acme/platform\n", {"shop": "shop"}),
        ("/deploy/shop/ @acme/web\n/deploy/*/ @acme/platform\n", {"shop": "kube"}),
        ("/deploy/shop/ @acme/web\n**/shop @acme/platform\n", {"shop": "kube"}),
        ("/deploy/shop/ @acme/web\n*.md @acme/platform\n/deploy/shop/docs/ @acme/platform\n", {"shop": "shop"}),
        ("/deploy/shop/** @ana ana@shop.example @acme/web\n", {"shop": "shop"}),
        ("/deploy/my\\ shop/ @acme/shop\n", {"my shop": "shop"}),
        ("[Web] @acme/web\n/deploy/shop/\n^[Docs]\n*.md @acme/docs\n", {"shop": "shop"}),
    ],
)
def test_of_the_lines_about_a_folder_the_last_one_counts(write, monkeypatch, codeowners, expected):
    project = write(CODEOWNERS + "  folder: deploy\n", codeowners=codeowners)
    assert planned(project, monkeypatch) == (expected, "")


def test_without_a_folder_the_folders_of_the_repository_count(write, monkeypatch):
    project = write(CODEOWNERS, codeowners="# whose\n/shop/ @acme/web\n/dns/records/ @acme/platform\n")
    assert planned(project, monkeypatch)[0] == {"shop": "shop"}


@pytest.mark.parametrize(
    ("codeowners", "said"),
    [
        (
            "/deploy/dns/ @acme/platform\n/deploy/shop/ @acme/strangers @ana\n",
            (
                "error[POL287]: deploy/shop belongs to @acme/strangers and @ana, which are no team of the policy\n"
                "  --> CODEOWNERS:2:1\n"
                "   = help: say which service is meant: `owners: {as: {strangers: kube}}`, or whose the value is under "
                "`owners/map`\n"
            ),
        ),
        (
            "[A]\n/deploy/shop/ @acme/web\n[B]\n/deploy/shop @acme/platform\n",
            (
                "error[POL289]: deploy/shop belongs to @acme/web and @acme/platform: that may be shop or kube\n"
                "  --> CODEOWNERS:4:1\n"
                "   = help: say which is meant: `owners: {as: {web: shop}}`, or whose the value is under `owners/map`\n"
            ),
        ),
        (
            "/deploy/dns/ @acme/platform\n/deploy/shop/\n",
            (
                'warning[POL299]: nobody owns deploy/shop: what has namespace="shop" belongs to kube\n'
                "  --> CODEOWNERS:2:1\n"
                "   = help: name its owner there, or say whose it is under `owners/map`\n"
            ),
        ),
        (
            "/deploy/dns/ @acme/platform\n/deploy/shop-*/ @acme/web\n",
            (
                "warning[POL279]: `/deploy/shop-*/` means several folders, and says whose none of them is\n"
                "  --> CODEOWNERS:2:1\n"
                "   = help: write what it means under `owners/map`, as a regular expression of `namespace`\n"
            ),
        ),
        (
            "* @acme/platform\n",
            (
                "error[POL279]: `from` names no value of `namespace`: there is no line about a folder in "
                "`deploy` in CODEOWNERS\n"
                "   --> policy/shop.yaml:129:3\n"
                "    = help: say under `value` which annotation or label of a catalogue holds it, and under "
                "`folder` where the "
                "folders of a CODEOWNERS lie\n"
            ),
        ),
    ],
)
def test_what_a_line_leaves_open_is_said(write, monkeypatch, codeowners, said):
    found = planned(write(CODEOWNERS + "  folder: deploy\n", codeowners=codeowners), monkeypatch)
    assert found[1] == said


@pytest.mark.parametrize("pattern", ["shop-.*", "shop.*", "sho[op]-.+|shop-"])
def test_a_pattern_of_which_the_map_says_all_is_no_finding(write, monkeypatch, pattern):
    lines = "/deploy/dns/ @acme/platform\n/deploy/shop-*/ @acme/web\n"
    project = write(f"  map: {{'{pattern}': shop}}\n{CODEOWNERS}  folder: deploy\n", codeowners=lines)
    assert planned(project, monkeypatch) == ({pattern: "shop", "dns": "kube"}, "")


# ------------------------------------------------------------------------------------------- as a whole


def test_a_part_of_the_policy_names_files_from_where_it_stands(write, monkeypatch):
    project = write(CATALOGUE, catalogue=SHOP)
    policy = project / "policy/shop.yaml"
    text = policy.read_text(encoding="utf-8")
    (owners,) = re.findall(r"\nowners:\n.*?\n\n", text, re.DOTALL)
    policy.write_text(edited(text, (owners, "\n"), ("version: 1\n", "version: 1\ninclude: [teams/*.yaml]\n")), "utf-8")
    (project / "policy/teams").mkdir()
    (project / "policy/teams/web.yaml").write_text(owners.replace("../catalog", "../../catalog"), encoding="utf-8")
    (project / "policy/teams/net.yaml").write_text("owners: {map: {net: kube}}\n", encoding="utf-8")
    assert planned(project, monkeypatch) == ({"net": "kube", "shop-eu": "shop"}, "")
    (project / "policy/teams/web.yaml").write_text(owners, encoding="utf-8")
    assert planned(project, monkeypatch)[1].startswith(
        "error[SRC124]: there is no file `../catalog-info.yaml`\n  --> policy/teams/web.yaml:4:10\n"
    )


def test_a_warning_in_a_file_can_be_meant(write):
    accepted = (
        "accepts:\n  hired-in-may:\n    findings: [POL299]\n    of: [owners/from]\n"
        "    reason: The team begins in May.\n    until: 2199-01-01\n\nowners:\n"
    )
    project = write(CATALOGUE, catalogue=SHOP + group("web", ", members: []"))
    policy = project / "policy/shop.yaml"
    assert alertc(project, "render").stderr.startswith("warning[POL299]: the group web has no members\n")
    policy.write_text(edited(policy.read_text("utf-8"), ("\nowners:\n", "\n" + accepted)), encoding="utf-8")
    ran = alertc(project, "render")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "POL299" in ran.stdout


def test_a_policy_that_rules_of_others_are_held_against_has_its_owners(write):
    project = write(CATALOGUE, catalogue=SHOP.replace("group:default/web", "strangers"))
    assert alertc(project, "render").returncode == 1
    audited = alertc(project, "audit", "--rules", "policy", "--alertmanager", "policy", "--promise", "policy/shop.yaml")
    assert "error[POL287]: Component shop belongs to strangers, which is no team of the policy\n" in audited.stderr


def git(folder, *words):
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    return subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True).stdout


def whose(explained):
    """Return the place that says whose an alert is."""
    return re.search(r"^In the policy: the alert \S+, its owner (\S+),", explained, re.MULTILINE)[1]


def line_of(path, text):
    return next(number for number, line in enumerate(path.read_text("utf-8").split("\n"), start=1) if text in line)


def test_the_owners_of_a_file_are_proven_explained_and_compared_like_those_of_the_map(write):
    project = write(CATALOGUE, catalogue=SHOP + DNS)
    (project / ".git").rmdir()
    git(project, "init", "-q")
    ran = alertc(project, "render")
    assert (ran.returncode, ran.stderr) == (0, "")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "base")
    rules = (project / "out/prometheus/rules/_owners.yaml").read_text(encoding="utf-8")
    assert '{{ if match "^(?:shop-eu)$" $labels.namespace }}shop{{ else }}kube{{ end }}' in rules
    labels = "alertname=PodCrashes,namespace=shop-eu,severity=P1"
    explained = alertc(project, "explain", "--labels", labels).stdout
    assert explained.startswith('PodCrashes is a P1 of shop, which owns what has namespace=~"shop-eu" (')
    assert whose(explained) == "catalog-info.yaml:7"
    other = labels.replace("shop-eu", "anything")
    assert whose(alertc(project, "explain", "--labels", other).stdout) == (
        f"policy/shop.yaml:{line_of(project / 'policy/shop.yaml', 'otherwise:')}"
    )
    assert "up to date" in alertc(project, "check").stdout
    write(CATALOGUE, catalogue=SHOP.replace("group:default/web", "platform") + DNS)
    ran = alertc(project, "check")
    assert ran.returncode == 1
    changed = alertc(project, "diff")
    assert (changed.returncode, changed.stderr) == (0, "")
    assert "no change" not in changed.stdout
    assert "PodCrashes" in changed.stdout
    write(CATALOGUE, catalogue=SHOP + DNS)
    assert "no change in who is paged" in alertc(project, "diff").stdout
    assert "up to date" in alertc(project, "check").stdout


@pytest.mark.parametrize(
    "edit",
    [
        ("owners:\n", "owners:   # whose an alert is\n"),
        ("owners:\n", "owners:  \n"),
        ("\n", "\r\n"),
    ],
)
def test_files_are_read_however_the_section_begins(write, monkeypatch, edit):
    project = write(CODEOWNERS, codeowners="/shop/ @acme/web\n")
    policy = project / "policy/shop.yaml"
    policy.write_text(policy.read_text("utf-8").replace(*edit), encoding="utf-8", newline="")
    assert planned(project, monkeypatch) == ({"shop": "shop"}, "")


@pytest.mark.parametrize("pattern", ["shop/", "shop", "**/shop/", "**/shop", "/shop/", "/**/shop/"])
def test_a_folder_is_owned_however_a_line_names_it(write, monkeypatch, pattern):
    project = write(CODEOWNERS, codeowners=f"* @acme/platform\n{pattern} @acme/web\n")
    assert planned(project, monkeypatch) == ({"shop": "shop"}, "")


@pytest.mark.parametrize("pattern", ["shop/", "**/shop/", "/deploy/**/shop/", "**/deploy/shop/"])
def test_a_folder_below_another_is_owned_too(write, monkeypatch, pattern):
    project = write(CODEOWNERS + "  folder: deploy\n", codeowners=f"{pattern} @acme/web\n/other/dns/ @acme/platform\n")
    assert planned(project, monkeypatch) == ({"shop": "shop"}, "")


def test_a_name_that_may_be_a_file_asks_for_nothing(write, monkeypatch):
    lines = "/shop/ @acme/web\nLICENSE @acme/legal\n*.md @acme/writers\nMakefile\n/other/shop/ @acme/platform\n"
    owned, said = planned(write(CODEOWNERS, codeowners=lines), monkeypatch)
    assert owned == {"shop": "shop"}
    assert "LICENSE" not in said
    assert "Makefile" not in said


def test_folders_that_cannot_be_listed_are_a_warning_wherever_they_lie(write, monkeypatch):
    _, said = planned(write(CODEOWNERS, codeowners="/shop/ @acme/web\npay-*/ @acme/platform\n"), monkeypatch)
    assert said.startswith("warning[POL279]: `pay-*/` means several folders, and says whose none of them is\n")


def test_a_person_is_no_team_of_the_same_name(write, monkeypatch):
    project = write(CATALOGUE, catalogue=SHOP.replace("group:default/web", "user:default/web"))
    owned, said = planned(project, monkeypatch)
    assert owned is None
    assert said.startswith("error[POL287]: Component shop belongs to user:default/web, which is no team of the policy")


def test_a_file_in_the_root_is_compared_with_that_of_a_revision(write):
    project = write(CODEOWNERS, codeowners="/shop/ @acme/web\n")
    (project / ".git").rmdir()
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "base")
    changed = alertc(project, "diff", "HEAD")
    assert (changed.returncode, changed.stderr) == (0, "")
    assert "no change in who is paged" in changed.stdout
