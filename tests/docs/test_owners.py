"""The page about owners from files: its example is read as it says."""

import re

from generator.policy.parts import on_disk
from generator.pipeline import planned
from tests.compiling import ROOT, edited
from tests.plan.test_owners import POLICY

PAGE = (ROOT / "docs/owners.md").read_text(encoding="utf-8")
COMPONENT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: {0}, annotations: {{backstage.io/kubernetes-namespace: {0}}}}}
spec: {{type: service, lifecycle: production, owner: {1}}}
"""


def test_the_example_means_what_the_page_says(tmp_path, monkeypatch):
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (before,) = re.findall(r"\nowners:\n.*?\n\n", POLICY, re.DOTALL)
    renamed = example.replace("invoices", "shop").replace("kubernetes\n", "kube\n").replace(": kubernetes}", ": kube}")
    files = {
        "policy/shop.yaml": edited(POLICY, (before, f"\n{renamed}\n")),
        "catalog-info.yaml": COMPONENT.format("billing", "payments-squad"),
        "services/dns/catalog-info.yaml": COMPONENT.format("dns", "group:default/platform"),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    plan, found = planned(on_disk(tmp_path / "policy/shop.yaml").read())
    assert found == ()
    assert dict(plan.policy.owners.map) == {"kube-system": "kube", "billing": "shop", "dns": "kube"}
