"""Terraform itself and PagerDuty's provider make of the file what `alertc pagerduty apply` makes of the bodies.

Neither is kept here: `ALERTC_TERRAFORM_PLUGINS` names a folder from which Terraform installs the provider (a
`filesystem_mirror`); without one this is skipped.
"""

import json
import os
import shutil
import subprocess

import pytest

from generator.commands import pagerduty as commands
from generator.commands.project import Project
from generator.policy import source
from generator.remote.pagerduty import remote
from generator.remote.pagerduty.changes import Choices, WriteKey
from generator.remote.pagerduty.existing import Secret
from generator.remote.pagerduty.keys import KeyFolder
from tests.compiling import EXCHANGE, ROOT, SMALL, compiled, files
from tests.pagerduty import API_KEY, running
from tests.targets.test_terraform import RICH

PLUGINS = os.environ.get("ALERTC_TERRAFORM_PLUGINS")
QUIRKS = ("strategy-is-an-object", "virtual-start-in-utc", "time-out-of-0-is-null")
"""What the provider expects of the API: it reads nothing else."""

pytestmark = pytest.mark.skipif(
    PLUGINS is None or shutil.which("terraform") is None, reason="ALERTC_TERRAFORM_PLUGINS names no provider"
)


@pytest.fixture
def terraform(tmp_path):
    """Run Terraform in a folder of the test and return how it ended and what it said."""
    rc = tmp_path / "terraformrc"
    rc.write_text(f'provider_installation {{\n  filesystem_mirror {{ path = "{PLUGINS}" }}\n}}\n', encoding="utf-8")
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": str(rc), "CHECKPOINT_DISABLE": "1"}

    def run(*arguments):
        command = ["terraform", f"-chdir={tmp_path}", *arguments, "-no-color"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


def prepared(folder, policy, url):
    (folder / "main.tf.json").write_text(files(policy)["pagerduty/terraform.tf.json"], encoding="utf-8")
    provider = {"token": API_KEY, "api_url_override": url, "skip_credentials_validation": True}
    (folder / "provider.tf.json").write_text(json.dumps({"provider": {"pagerduty": provider}}), encoding="utf-8")


@pytest.mark.parametrize("policy", [SMALL, RICH, EXCHANGE], ids=["small", "rich", "exchange"])
def test_the_provider_makes_what_the_bodies_say(terraform, tmp_path, policy):
    with running(quirks=QUIRKS) as account:
        account.judge = None  # the provider's requests are its own affair
        for person in compiled(policy).plan.policy.people.values():
            account.invite(person.name, person.email.capitalize())
        prepared(tmp_path, policy, account.url)
        for arguments in (("init", "-input=false"), ("validate",), ("apply", "-auto-approve", "-input=false")):
            code, said = terraform(*arguments)
            assert code == 0, said
        code, said = terraform("plan", "-detailed-exitcode", "-input=false")
        assert code == 0, said
        project = Project(policy=ROOT / "policy.yaml", out=ROOT / "out", templates=None)
        wanted = commands.wanted(project, source.read(policy.encode(), "policy.yaml"))
        keys = tmp_path / "keys"
        keys.mkdir()
        with remote.Remote(remote.Account(url=account.url, key=Secret(text=API_KEY))) as there:
            found = commands.compare(there, wanted, KeyFolder(folder=keys), Choices())
        # Terraform shows keys as an output, and writes no files.
        assert [change for change in found.changes.todo if not isinstance(change, WriteKey)] == []
        assert found.changes.problems == ()
