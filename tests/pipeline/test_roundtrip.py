"""Any text in any field arrives as it was written, in every file, or is an error."""

import copy
import json
import re
import subprocess

import pytest
import yaml
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt  # comes with rich

from generator import pipeline
from generator.diagnostics.diagnostic import PolicyErrors
from generator.plan.expand import literal
from generator.policy import source
from generator.system import programs
from generator.targets.render import Templates, block, mapping, name_of, scalar
from generator.upstream.promql import promql
from tests import seeds
from tests.compiling import SMALL

HOSTILE = (
    *("{{", "}}", "{{{", '{{ "{{" }}', "{{ $labels.x }}", "{{-", "{{/* ", "<<", ">>", "<%", "<#", "${", "%{", "$${", "%%{", "$", "\\"),
    *("'", '"', '"""', "`", "```", "~~~", "~~", "*", "**", "_", "|", "\\|", "<script>", "</td>", "<!--", "-->", "&lt;", "&#60;", "&amp"),
    *("# ", "## ", "- ", "+ ", "1. ", "1) ", "> ", "===", "---", "[a](b)", "[a]: b", "![a](b)", "<http://a>", "    ", "\t", "!a", "&a"),
    *(": ", " #", "%", "@", "on", "no", "null", "~", "010", "1e3", "1:30", "0x1f", ".inf", "=", "2026-01-05", "true", "[", "]", "{", "}"),
    *("\u202etxet", "\u200d", "\u00a0", "\u00ad", "\U0001f525", "e\u0301", "\u3000", "\ufdd0", "\U0001ffff", "日本", "\\n", "\\u0041", "\\"),
)  # fmt: skip
CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029\ufeff\ufffe\uffff")
LINES = st.lists(st.sampled_from(HOSTILE) | st.text(CHARACTERS, max_size=8), min_size=1, max_size=8).map("".join)
# Blanks at the ends of one-line texts are removed.
LINES = LINES.map(lambda text: text.strip(" \t")).filter(lambda text: text.strip())
TEXTS = st.lists(LINES | st.just(""), min_size=1, max_size=4).map("\n".join).filter(lambda text: text.strip())

SMALL_TREE = source.read(SMALL.encode(), "policy.yaml").tree


def compiled(tree):
    """The files of a policy, by path, and those that are YAML or JSON as YAML 1.1 reads them, traps and all."""
    raw = json.dumps(tree, ensure_ascii=False).encode()
    made = pipeline.compile(source.read(raw, "policy.yaml"), Templates(None), "policy.yaml")
    texts = {artifact.path: artifact.text for artifact in made.artifacts}
    data = {path: yaml.safe_load(text) for path, text in texts.items() if path.endswith((".yaml", ".yml"))}
    return texts, data | {path: json.loads(text) for path, text in texts.items() if path.endswith(".json")}


SMALL_DOCUMENT = compiled(SMALL_TREE)[0]["docs/incident-response.md"]


def rules(data):
    found = [
        rule
        for path, file in data.items()
        if path.startswith("prometheus/rules/")
        for group in file["groups"]
        for rule in group["rules"]
    ]
    return {rule.get("alert", rule.get("record")): rule for rule in reversed(found)}


def said(template):
    """What a Go template says that `literal` made."""
    return template.replace('{{ "{{" }}', "{{")


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for below in value.values() if isinstance(value, dict) else value:
            yield from strings(below)


def without_parameters(text):
    """The text without what would be a parameter of an alert: `$name` is filled in, or an error."""
    return re.sub(r"\$(?=[a-z])", "€", text)


@settings(max_examples=seeds.many(6, 100), phases=(Phase.explicit, Phase.generate, Phase.shrink))
@given(LINES, TEXTS)
@example(
    "{{{ ${a} %{b} <% %> << >> | <script>alert(1)</script> <!-- 'x' \"y\" `z` # \U0001f525", "# a\n\n- b\n```\n<!--\n"
)
@example("---", "===\n***\n1. a\n")
@example("a_b _c_ \\", "[a]: /b\n| - | - |\n\ta")
@example("{{  a\u3000", "{{")
def test_any_text_in_any_field_arrives(line, text):  # noqa: PLR0915 - one statement a field
    tree = copy.deepcopy(SMALL_TREE)
    public = line.replace("{{", "{ {").replace("{{", "{ {")  # `{{` is an error there
    tree["title"], tree["purpose"] = line, text
    for severity in tree["severities"].values():
        severity["title"], severity["definition"] = line, text
    tree["people"]["cy"]["name"] = line
    tree["teams"]["web"]["title"] = line
    tree["roles"]["incident-commander"].update(title=line, does=line)
    tree["schedules"]["primary"]["title"] = line
    tree["channels"]["status-draft"]["rule"] = line
    tree["references"]["spec-1"]["title"] = tree["runbooks"]["recovery.md"]["title"] = line
    tree["lifecycle"]["triage"] = {"title": line, "steps": {"acknowledge": text}}
    tree["containments"]["stop-sales"].update(title=line, when=line, steps=[line])
    tree["containments"]["stop-sales"]["basis"]["section"] = line
    tree["duties"]["post-mortem"].update(title=line, steps=[line], by="incident-commander")
    tree["duties"]["status-update"]["title"] = line
    tree["watch"].update(prometheus_job=line, alertmanager_job=line)
    for service in tree["services"].values():
        service.update(title=line, public=public)
    tree["records"]["job:errors:ratio"]["labels"] = {"no": line}
    alert = tree["alerts"]["MoneyLost"]
    own_line, own_text = without_parameters(line), without_parameters(text)
    alert.update(summary=own_line, details=own_text, public=without_parameters(public))
    alert["tests"][0].update(labels={"till": own_line}, says=own_line)
    broken = f"[ {line}"  # no expression, whatever the line is: one that compares series that never match is an error
    tree["alerts"]["ErrorsHigh"].update(each={"shop": {"limit": broken}})
    texts, data = compiled(tree)

    found = rules(data)
    annotations = found["MoneyLost"]["annotations"]
    assert annotations["summary"] == own_line  # a Prometheus template, as its author wrote it
    assert annotations["description"] == own_text
    assert annotations["public"] == without_parameters(public)
    assert said(annotations["containment"]) == f"{line} (spec-1: {line}, section {line})\n1. {line}"
    assert found["ServiceDown"]["annotations"]["public"] == public
    assert found["job:errors:ratio"]["labels"] == {"no": line}
    assert f" > {broken}" in found["ErrorsHigh"]["expr"]
    assert said(found["PostMortemDue"]["annotations"]["summary"]).startswith(f"{line} of ")
    assert f"by the {line} within" in said(found["PostMortemDue"]["annotations"]["description"])
    assert f"\n- {line}" in said(found["PostMortemDue"]["annotations"]["description"])
    expected = list(strings(data["prometheus/tests/shop.test.yaml"]))
    quoted = json.dumps(own_line, ensure_ascii=False)  # where an expression asks for the label
    assert own_line in expected or any(f"till={quoted}" in one for one in expected)
    jobs = [one for rule in found.values() for one in promql.selectors(rule["expr"]) or ()]
    assert f"job={json.dumps(line, ensure_ascii=False)}" in found["AlertsNotSent"]["expr"]
    assert any(line in one.text or json.dumps(line, ensure_ascii=False) in one.text for one in jobs) or "\\" in line

    receivers = {one["name"]: one for one in data["alertmanager/alertmanager.yml"]["receivers"]}
    footers = [one.get("footer") for two in receivers.values() for one in two.get("slack_configs", ())]
    assert line in [said(footer) for footer in footers if footer]

    services = [one["service"]["description"] for one in data["pagerduty/services.json"]]
    assert all(f" {line}: {text} " in description for description in services)
    name = " ".join(line.split())  # PagerDuty keeps no other blanks in a name
    assert [one["team"]["name"] for one in data["pagerduty/teams.json"]] == [name]
    terraform = [re.sub(r"([$%])\1\{", r"\1{", one) for one in strings(data["pagerduty/terraform.tf.json"])]
    assert name in terraform
    assert any(f" {line}: {text} " in one for one in terraform)
    document_says(texts["docs/incident-response.md"], line, text)


def shown(text):
    return re.sub(r"[ \t\n]+", " ", text).strip(" ")


def document_says(document, line, text):
    """The document, read as GitHub reads it, says these texts and holds no HTML but its own first line."""
    headings = ["h" + str(line.index(" ")) for line in SMALL_DOCUMENT.splitlines() if line.startswith("#")]
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(document)
    html = [token.content for token in tokens if token.type == "html_block"]
    assert html == [document.split("\n", 1)[0] + "\n"]
    inline = [token for token in tokens if token.type == "inline"]
    kinds = {child.type for token in inline for child in token.children}
    assert "html_inline" not in kinds
    assert kinds <= {"text", "softbreak", "code_inline", "strong_open", "strong_close", "link_open", "link_close"}
    words = [
        shown("".join(" " if child.type == "softbreak" else child.content for child in token.children)).strip()
        for token in inline
    ]
    line, text = shown(line), shown(text)
    assert words[0] == line.strip()
    # What an empty line parts are paragraphs.
    assert re.sub(r"\s", "", text) in re.sub(r"\s", "", "".join(words[1:20]))
    for expected in (
        f"{line} ({line}): {line}",
        f"Phase 1: {line}",
        f"Acknowledge: {text}",
        f"{line}. Basis: spec-1, {line}, section {line}.",
        f"status-draft: #status, public. Drafts: {line}, every 30m during P0 and P1. {line}",
        f"spec-1: {line}",
        f"recovery.md: {line}",
        f"P0 ({line})",
        text,
        line,
    ):
        assert shown(expected).strip() in words, expected
    widths = []
    for token in tokens:
        if token.type == "tr_open":
            widths.append(0)
        elif token.type in ("td_open", "th_open"):
            widths[-1] += 1
    tables = sum(token.type == "table_open" for token in tokens)
    assert tables == 3
    assert [token.tag for token in tokens if token.type == "heading_open"] == headings


@settings(max_examples=seeds.many(12, 80))
@given(LINES.map(lambda text: re.sub(r"\s", "", text)))
def test_any_address_arrives_or_is_an_error(path):
    tree = copy.deepcopy(SMALL_TREE)
    url = f"https://docs.example/a?b=c&d={path}"
    tree["runbooks"]["recovery.md"]["url"] = tree["references"]["spec-1"]["url"] = url
    tree["channels"]["halt"]["webhook"] = url
    tree["channels"]["room"]["slack"] = f"#{path[:70]}x"
    tree["people"]["cy"]["email"] = f"{path.replace('@', '')}x@shop.example"
    try:
        texts, data = compiled(tree)
    except PolicyErrors as refused:
        # Alertmanager takes what a webhook and a channel are called for a template.
        if "{{" not in path:
            raise AssertionError(path) from refused
        return
    assert said(rules(data)["MoneyLost"]["annotations"]["runbook_url"]) == url
    assert url in list(strings(data["alertmanager/alertmanager.yml"]))
    assert f"#{path[:70]}x" in list(strings(data["alertmanager/alertmanager.yml"]))
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(texts["docs/incident-response.md"])
    links = [child for token in tokens for child in token.children or () if child.type == "link_open"]
    assert len(links) == 3
    bare = MarkdownIt("commonmark").normalizeLink(url)
    assert {link.attrs["href"] for link in links} == {bare}


def test_a_megabyte_arrives_and_more_is_an_error():
    # Everything at once, again and again.
    large = ("".join(HOSTILE).replace("$", "€") + " ") * 4000
    large = large[: 1024 * 1024].rstrip()
    tree = copy.deepcopy(SMALL_TREE)
    tree["alerts"]["MoneyLost"].update(details=large.replace("{{", "{ {").replace("{{", "{ {"))
    tree["severities"]["P0"]["definition"] = large
    _, data = compiled(tree)
    assert rules(data)["MoneyLost"]["annotations"]["description"] == tree["alerts"]["MoneyLost"]["details"]
    assert large in data["pagerduty/services.json"][0]["service"]["description"]
    tree["severities"]["P0"]["definition"] = "x" * (1024 * 1024 + 1)
    with pytest.raises(PolicyErrors, match="1,048,577 characters"):
        compiled(tree)


# ------------------------------------------------------------------------------------------- the filters, one by one


@given(TEXTS | LINES)
def test_the_filters_write_what_yaml_reads(text):
    assert yaml.safe_load(f"a:\n  - {scalar(text)}\n") == {"a": [text]}
    assert yaml.safe_load(f"a:\n  b: {block(text, 4)}\nc: d\n") == {"a": {"b": text}, "c": "d"}
    texts = {"no": text, "null": text, "a": text}
    assert yaml.safe_load(f"a:\n  {mapping(texts, 2)}\nc: d\n") == {"a": texts, "c": "d"}


def test_go_reads_what_we_write(tmp_path):
    """Prometheus itself renders the annotations of alerts: each is to say what was written."""
    texts = [one for one in HOSTILE if one.strip()]
    texts += [f"{one}{other}" for one, other in zip(texts, reversed(texts), strict=True)]
    texts += [f"{one}\n{other}" for one, other in zip(texts, texts[7:] + texts[:7], strict=True)]
    texts += ["a" * 120 + one for one in HOSTILE]
    lines = ["groups:", "  - name: g", "    rules:"]
    expected = []
    for number, text in enumerate(texts):
        annotations = mapping({"plain": literal(text), "no": literal(text)}, 10)
        labels = mapping({"number": str(number), "null": text if "{{" not in text else "x"}, 10)
        lines += [f"      - alert: A{number}", "        expr: vector(1)", f"        labels:\n          {labels}"]
        lines += [f"        annotations:\n          {annotations}"]
        alert = {"exp_labels": {"number": str(number), "null": text if "{{" not in text else "x"}}
        alert["exp_annotations"] = {"plain": text, "no": text}
        expected.append({"eval_time": "1m", "alertname": f"A{number}", "exp_alerts": [alert]})
    (tmp_path / "rules.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tests = {
        "rule_files": ["rules.yaml"],
        "tests": [{"interval": "1m", "input_series": [], "alert_rule_test": expected}],
    }
    (tmp_path / "tests.yaml").write_text(json.dumps(tests, ensure_ascii=False), encoding="utf-8")
    promtool = programs.find("promtool").path
    ran = subprocess.run(
        [promtool, "test", "rules", "tests.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


# ------------------------------------------------------------------------------------------- YAML's traps

TRAPS = (
    "on",
    "no",
    "y",
    "Yes",
    "NULL",
    "null",
    "~",
    "1:30",
    "010",
    "1e3",
    "0x10",
    ".5",
    "1_000",
    "2026-01-05",
    "=",
    "<<",
    "+1",
)


@pytest.mark.parametrize("trap", seeds.parameters(TRAPS, 3))
def test_what_yaml_would_read_as_something_else_stays_text(trap):
    policy = (
        SMALL.replace("each: {shop: {limit: 0.02}}", f"each: {{shop: {{limit: {trap}}}}}")
        .replace("    every: 15s\n", f"    every: 15s\n    labels: {{kind: {trap}}}\n")
        .replace("basis: {reference: spec-1, section: 2}", f"basis: {{reference: spec-1, section: {trap}}}")
        .replace("title: Critical", f"title: {trap}")
        # In an expression some of these are metrics, and are compared with one that is scraped as well.
        .replace('expr: job:errors:ratio{job="$service"}', 'expr: errors{job="$service"}')
    )
    made = pipeline.compile(source.read(policy.encode(), "policy.yaml"), Templates(None), "policy.yaml")
    data = {one.path: yaml.safe_load(one.text) for one in made.artifacts if one.path.endswith((".yaml", ".yml"))}
    found = rules(data)
    assert found["ErrorsHigh"]["expr"].endswith(f" > {trap}")
    assert found["job:errors:ratio"]["labels"] == {"kind": trap}
    assert f", section {trap})" in found["MoneyLost"]["annotations"]["containment"]
    document = next(one.text for one in made.artifacts if one.path.endswith(".md"))
    assert f"**P0** ({trap})" in document.replace("\\", "")


@pytest.mark.parametrize("trap", ["on", "no", "y", "null", "true"])
def test_names_that_yaml_would_read_as_something_else_stay_names(trap):
    policy = (
        re.sub(r"\bana\b", trap, SMALL)
        .replace("  shop:\n    team", f"  {trap}:\n    team")
        .replace("service: shop", f"service: {trap}")
        .replace("each: {shop:", f"each: {{{trap}:")
        .replace("MoneyLost", trap)
        .replace("(till)", f"({trap})")
        .replace("page_each: [till]", f"page_each: [{trap}]")
        .replace("labels: {till:", f"labels: {{{trap}:")
        .replace("{{ $labels.till }}", "{{ $labels." + trap + " }}")
    )
    made = pipeline.compile(source.read(policy.encode(), "policy.yaml"), Templates(None), "policy.yaml")
    data = {one.path: yaml.safe_load(one.text) for one in made.artifacts if one.path.endswith((".yaml", ".yml"))}
    assert rules(data)[trap]["labels"]["service"] == trap
    (tests,) = (file for path, file in data.items() if path == f"prometheus/tests/{trap}.test.yaml")
    assert trap in {one["alertname"] for block in tests["tests"] for one in block.get("alert_rule_test", ())}
    everything = [key for file in data.values() for key in keys(file)]
    assert all(isinstance(key, str) for key in everything)
    assert trap in everything


def keys(value):
    if isinstance(value, dict):
        yield from value
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from keys(below)


def test_a_number_with_a_leading_nought_is_refused_where_a_number_belongs():
    with pytest.raises(PolicyErrors, match="`replicas` must be a whole number, here it is `010`"):
        pipeline.compile(
            source.read(SMALL.replace("replicas: 1", "replicas: 010").encode(), "policy.yaml"),
            Templates(None),
            "policy.yaml",
        )


def test_names_of_metrics_may_end_in_a_colon():
    assert yaml.safe_load(f"record: {name_of('a:')}") == {"record": "a:"}
    assert name_of("job:errors:ratio") == "job:errors:ratio"
