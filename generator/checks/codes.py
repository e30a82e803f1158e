"""What every code of a diagnostic stands for. Codes outlive wording and are never reused: a retired one stays unused.

The hundreds are the stages: SRC1 reading, POL2 the policy alone, SLA2 its promises, REF3 references, TPL4 templates,
CAL5, SCH5, VER5 and RUL5 what the calendar, the schedules and the stack allow, 6 what was seen in the generated files
and of their tests, PQL7 expressions, LIV8 what runs otherwise, DRL8 what a drill showed, DIF8 what differs from an
older policy, and OUT7 what is in the way of replacing `out/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.upstream.promql import size as promql_size

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Code:
    """A `title` of a few words, and in `meaning` what it stands for, why, and what to do.

    `bad` and `good` are parts of an alert that is and is not found; tests compile them.
    """

    title: str
    meaning: str
    bad: str = ""
    good: str = ""


_YAML = "The policy is plain YAML: mappings, lists and text. "
_RENDERED = "A generated file is not what its reader takes. Compare your template with the one that comes with alertc: "
_PROMISE = "The routes in the generated file, read as Alertmanager reads them, do not keep what the policy promises: "
_DRILLED = "On the real programs, with the rendered files: "

CODES: Mapping[str, Code] = {
    # ------------------------------------------------------------------------------------- reading the file
    "SRC100": Code(
        "No policy, or several", "Without a path, `policy/` holds exactly one YAML file. Name the one meant."
    ),
    "SRC101": Code(
        "The policy cannot be read", "The file is missing or may not be read. Check its path and permissions."
    ),
    "SRC102": Code(
        "The policy is too large", "No policy that people read is this large. Check that it is the right file."
    ),
    "SRC103": Code("The policy is not UTF-8", "Save the file as UTF-8."),
    "SRC104": Code("A character that no text holds", "A control character came into the file. Remove it."),
    "SRC105": Code("Not YAML", "The file breaks the rules of YAML. Mend the place that is shown."),
    "SRC106": Code("A tab indents", "YAML is indented with spaces. Replace the tab."),
    "SRC107": Code("The policy is empty", "A policy begins with `version: 1`; `alertc init` writes one to begin with."),
    "SRC108": Code("Not a mapping", "A policy is a mapping of keys, not a list or a text. Begin with `version: 1`."),
    "SRC109": Code(
        "A second document", "A policy is one YAML document. Remove the `---` and what belongs to another file."
    ),
    "SRC110": Code("A key stands twice", "YAML would keep one of the two and say nothing. Remove or rename one."),
    "SRC111": Code(
        "A key that is no text", _YAML + "Write a name before the `:`, and quote a value that begins with `{{`."
    ),
    "SRC112": Code("An anchor, alias or merge", _YAML + "Write the value out, or use `each` for many services."),
    "SRC113": Code("A YAML tag", _YAML + "Remove the `!` and what is joined to it, or quote the text."),
    "SRC114": Code(
        "Nested too deep", "No entry of a policy is nested this deep. Check the indentation and the brackets."
    ),
    "SRC115": Code("A value is too long", "No value of a policy is this long. Check for a quote that is not closed."),
    "SRC116": Code("There is a policy already", "`alertc init` overwrites nothing. Go on with what is there."),
    "SRC118": Code(
        "The policy is a link out of the repository",
        "A link may have come with a pull request, and its author may not read what it leads to. Put the policy itself "
        "into the repository, or name the file that the link leads to.",
    ),
    "SRC117": Code(
        "A layout that is not formatted",
        "`alertc fmt` changes nothing that it is not sure of, such as a key behind a `?`. Write it as `key: value`.",
    ),
    # ------------------------------------------------------------------------------------- the policy by itself
    "POL201": Code("An unknown key", "No entry of this kind has such a key. Correct it; `alertc schema` lists all."),
    "POL202": Code("A key is missing", "An entry of this kind needs the key. Add it."),
    "POL203": Code(
        "A value of another kind", "A list, a mapping or a text stands where another is needed. Write it so."
    ),
    "POL204": Code("A key without a value", "Write a value after the `:`; a text that begins with `#` needs quotes."),
    "POL205": Code("Nothing in it", "What must hold something is empty. Add an entry, or remove the key."),
    "POL206": Code("Too many entries", "PagerDuty or Alertmanager takes no more entries. Remove some."),
    "POL207": Code("Named twice", "The same thing stands twice in a list. Remove one."),
    "POL208": Code(
        "A value that is not allowed", "The value has another form than the key takes. Write it as in the example."
    ),
    "POL210": Code("A day that does not exist", "The calendar has no such day. Write it as 2026-01-05."),
    "POL211": Code("An unknown time zone", "Write a name of the IANA database, for example Europe/Zurich."),
    "POL212": Code("Business hours end first", "Business hours lie within one day. Write the earlier time first."),
    "POL213": Code("A sprint of broken days", "A sprint is counted in whole days. Write for example 14d."),
    "POL214": Code("A turn PagerDuty refuses", "A turn of a schedule lasts between 1h and 365d. Write such a length."),
    "POL215": Code("A length of nothing", "Something that must take time is 0. Write at least 1s."),
    "POL216": Code("A test takes too long", "promtool would evaluate the test for very long. Test a shorter time."),
    "POL220": Code("A channel of no kind", "A channel is of exactly one kind, such as `slack`."),
    "POL221": Code(
        "A public webhook", "A webhook carries every label and annotation. Use Slack or e-mail for the public."
    ),
    "POL222": Code("A duty without a clock", "A duty has either `during` and `every`, or `after`, `within` and `of`."),
    "POL223": Code("An alert of no service", "An alert names either one `service`, or many with `each`."),
    "POL224": Code("A test that says two things", "A test says either `fires_at` or `silent_until`. Write two tests."),
    "POL230": Code(
        "An unknown parameter", "`$name` stands for a parameter of `each`. Define it there, or correct its name."
    ),
    "POL231": Code(
        "Nothing could be missing", "The alert reads no series, so `when_missing` has no effect. Remove it."
    ),
    "POL232": Code(
        "A template in a public text", "What the public reads must not depend on internals. Write plain text."
    ),
    # ------------------------------------------------------------------------------------- promises and names
    "SLA201": Code(
        "Acknowledged too late",
        "The time until the last person has answered is a sum, and it reaches `acknowledge`. Shorten the largest part "
        "that can be changed, or promise less.",
    ),
    "SLA202": Code(
        "A step comes too late",
        "PagerDuty counts whole minutes from the first page, so a step comes later than its `by`. Raise it, or remove "
        "a step.",
    ),
    "SLA203": Code(
        "An urgent page is held back", "What resolves outside of the hours is lost. Page a P0 or P1 always."
    ),
    "SLA204": Code("An urgent severity pages nobody", "A P0 or P1 must page. Add `page` to its `notify`."),
    "SLA205": Code("An urgent page of low urgency", "PagerDuty may wait with it until the morning. Make it high."),
    "SLA206": Code(
        "A minor alert silences others", "What silences others must not be silenced itself. Make it a P0 or P1."
    ),
    "POL217": Code("Repeats too close together", "Alertmanager cannot repeat so often. Write at least 10s."),
    "SLA208": Code("A chain without a beginning", "The first step is `first`, and only it."),
    "SLA209": Code("A premise that is none", "With one Alertmanager its loss cannot be survived. Run two."),
    "SLA210": Code(
        "An urgent page closes by itself",
        "A restart, a second server or a vanished series ends an alert while the condition goes on. Close by hand.",
    ),
    "POL225": Code("A name that is alertc's own", "`page`, `page-...` and `unrouted` are receivers of their own."),
    "POL226": Code("E-mail without a mail server", "Name it in `stack.alertmanager.smtp`."),
    "POL227": Code("A secret in an address", "out/ is read by many. Name the file that holds the secret."),
    "POL228": Code(
        "A containment calls the wrong thing",
        "A machine that acts is a webhook of its own, called for its containment alone, and never told `resolved`.",
    ),
    "POL229": Code("A heartbeat that nobody misses", "Its silence is the alarm: send it to a dead man's switch."),
    "POL241": Code("Two people, one address", "To PagerDuty they are one. Write their own addresses."),
    "POL250": Code(
        "Too many samples in a test",
        "promtool holds every sample of a test in memory, and needs none after the test's end. Give fewer.",
    ),
    "POL251": Code(
        "Unit tests take too much work",
        "For each block of tests promtool evaluates all rules of the service at every tick. Write fewer tests, or "
        "shorter ones.",
    ),
    "POL252": Code(
        "A text that may print without end",
        "A text may print labels, values, conditions, one query and a loop over what it found. What could grow without "
        "a bound (definitions, nested loops, wide formats, subqueries) would take down whoever renders it.",
    ),
    "POL253": Code(
        "Too many rules",
        "The alerts times the services of `each` are more than any server would load. Write fewer.",
    ),
    "PQL701": Code("No condition", "The expression yields a range or a text, with which no rule can do anything."),
    "PQL702": Code("A name that the policy uses itself", "People could not tell the two alerts apart. Rename yours."),
    "REF301": Code("An unknown name", "The policy uses a name that it does not define. Correct it, or define it."),
    "CAL501": Code("No sprint", "`resolve: next-sprint` needs the calendar's `sprint`. Add its length and start."),
    "CAL502": Code("No business hours", "`hours: business` needs the calendar's `business_hours`. Add them."),
    "CAL503": Code(
        "Held back for too long",
        "A page that comes when business hours end waits for their begin, and the SLA runs on. Promise more than the "
        "sum, page always, or lengthen the hours.",
    ),
    "SCH501": Code(
        "Nobody is on call",
        "A step that pages nobody waits out its delay all the same. Add a layer for the time that is named.",
    ),
    "SCH502": Code(
        "An escalation to the same person",
        "Everybody whom the step reaches has been paged before. Page somebody else, or shift one of the rotations.",
    ),
    "SCH503": Code(
        "Paged no more while the SLA runs",
        "PagerDuty goes through a chain ten times at the most. Make it longer, with `answer_in` or a later step.",
    ),
    "VER511": Code(
        "Too old a program", "The output was never tried on this version of the stack. Upgrade the program."
    ),
    "VER512": Code(
        "Unknown to the declared version",
        "A file holds what the version in `stack` does not load, even if the checkers at hand do. Write it in another "
        "way, or raise the version once that is what runs: docs/versions.md says what each version takes.",
    ),
    "RUL521": Code(
        "Samples are gone too soon",
        "A rule that watches a deadline looks back further than Prometheus keeps samples. Set `retention` to what your "
        "servers keep, or shorten the deadline.",
    ),
    # ------------------------------------------------------------------------------------- expressions and tests
    "PQL703": Code(
        "A text uses a lost label",
        "A label that the expression aggregates away is empty in the text: the paged person reads `Disk of  is full`. "
        "The labels that the rule sets (`severity`, `team`, ...) are not seen by texts either. Keep the label in `by "
        "(...)`, or say it without.",
        bad="""
expr: max by (job) (disk_used_ratio) > 0.9
summary: The disk of {{ $labels.instance }} is full
""",
        good="""
expr: max by (instance) (disk_used_ratio) > 0.9
summary: The disk of {{ $labels.instance }} is full
""",
    ),
    "PQL704": Code(
        "A page for each lost label",
        "`page_each` makes an incident for each value of a label. Where the expression drops the label there is one "
        "incident for all, and whoever comes later pages nobody. Keep the label in the expression.",
        bad="""
expr: sum(queue_oldest_seconds > 60) > 0
page_each: [queue]
""",
        good="""
expr: max by (queue) (queue_oldest_seconds) > 60
page_each: [queue]
""",
    ),
    "PQL705": Code(
        "The rule overwrites a label",
        "Alerts are routed by labels that alertc sets on the rule: severity, service, team, escalation, environment "
        "and containment. Series that differ in such a label become one; where two of them fire at once Prometheus "
        "refuses to evaluate the rule, and nobody is told. Select one value, or rename the label.",
        bad="""
expr: sum by (service) (rate(request_errors_total[5m])) > 10
""",
        good="""
expr: sum by (service) (rate(request_errors_total{service="shop"}[5m])) > 10
""",
    ),
    "PQL706": Code(
        "Two sides that never match",
        "An operator between two vectors takes series that agree in all their labels, or in those that `on (...)` "
        "names. A label that one side has and the other has not, or that has two values, ends every match: the alert "
        "never fires. Aggregate both sides alike, or say which labels count.",
        bad="""
expr: sum by (job) (rate(request_errors_total[5m])) / sum(rate(requests_total[5m])) > 0.1
""",
        good="""
expr: sum by (job) (rate(request_errors_total[5m])) / sum by (job) (rate(requests_total[5m])) > 0.1
""",
    ),
    "PQL707": Code(
        "Several series for one",
        "Where one side has several series for one of the other, Prometheus refuses to evaluate unless `group_left` "
        "or `group_right` says so. It shows only on the day that there are several.",
        bad="""
expr: sum by (job, code) (rate(requests_total[5m])) / ignoring (code) sum by (job) (rate(requests_total[5m])) > 0.5
""",
        good="""
expr: >-
  sum by (job, code) (rate(requests_total[5m]))
  / ignoring (code) group_left sum by (job) (rate(requests_total[5m])) > 0.5
""",
    ),
    "PQL708": Code(
        "A selector of nothing",
        "No series satisfies the matchers: they contradict each other, or ask a recording rule of the policy for a "
        "label that it does not keep. An alert on nothing is silent. Correct the matchers.",
        bad="""
expr: job:errors:ratio{instance="shop-1"} > 0.1
""",
        good="""
expr: job:errors:ratio{job="shop"} > 0.1
""",
    ),
    "PQL709": Code(
        "A comparison that is never true",
        "The values cannot pass it, so the alert never fires. Most often a count is compared with 0: a count of "
        "nothing is nothing, not 0. Ask with `absent(...)`, or give it a 0 with `or vector(0)`.",
        bad="""
expr: count(up{job="shop"} == 1) == 0
""",
        good="""
expr: (count(up{job="shop"} == 1) or vector(0)) == 0
""",
    ),
    "PQL710": Code(
        "It always fires",
        "Nothing in the expression can be false: it is a number, or a comparison with `bool`, which yields 0 or 1 and "
        "both fire. Compare without `bool`. The alert that shows that alerting works is `watch.heartbeat`.",
        bad="""
expr: queue_length{job="shop"} > bool 100
""",
        good="""
expr: queue_length{job="shop"} > 100
""",
    ),
    "PQL711": Code(
        "It fires for whatever is there",
        "Without a comparison an alert fires for each series, also for those of value 0. Compare with a limit; where "
        "being there is what counts, `count(...) > 0` says so.",
        bad="""
expr: rate(request_errors_total{job="shop"}[5m])
""",
        good="""
expr: rate(request_errors_total{job="shop"}[5m]) > 0
""",
    ),
    "PQL712": Code(
        "Too short a range",
        "`rate` and its like need two samples. In less than four scrape intervals a scrape that is lost or late "
        "leaves a gap, in which the alert resolves and `for` begins anew; in less than two there is never a value (an "
        "error). Recorded metrics have a sample each time that they are recorded.",
        bad="""
expr: rate(request_errors_total[30s]) > 1
""",
        good="""
expr: rate(request_errors_total[1m]) > 1
""",
    ),
    "PQL713": Code(
        "A P0 that looks back too far",
        "An average over more time than there is to acknowledge may be true too late. Write a shorter range, or say "
        "with `seen_within` how soon the expression is true: that time joins the sum of the SLA, and tests show it.",
        bad="""
severity: P0
expr: avg_over_time(payments_failing_ratio[10m]) > 0.5
""",
        good="""
severity: P0
expr: avg_over_time(payments_failing_ratio[1m]) > 0.5
""",
    ),
    "PQL714": Code(
        "A rate of a sum",
        "A counter that begins anew is recognised only by itself. In a sum of counters one that restarts is a fall of "
        "the whole, which `rate` takes for a restart of all. Rate first, add up then.",
        bad="""
expr: increase(sum by (job) (request_errors_total)[10m:15s]) > 100
""",
        good="""
expr: sum by (job) (increase(request_errors_total[10m])) > 100
""",
    ),
    "PQL715": Code(
        "Buckets without their limits",
        "`histogram_quantile` reads the limit of each bucket from the label `le`. Without it there is no result, and "
        "the alert never fires. Keep `le` in the aggregation.",
        bad="""
expr: histogram_quantile(0.99, sum by (job) (rate(duration_seconds_bucket[5m]))) > 0.5
""",
        good="""
expr: histogram_quantile(0.99, sum by (job, le) (rate(duration_seconds_bucket[5m]))) > 0.5
""",
    ),
    "PQL716": Code(
        "A quantile that is none",
        "A quantile lies between 0 and 1; beyond, the result is infinite, so that a comparison is always or never "
        "true. Write 0.99 for the 99th percentile.",
        bad="""
expr: histogram_quantile(99, sum by (le) (rate(duration_seconds_bucket[5m]))) > 0.5
""",
        good="""
expr: histogram_quantile(0.99, sum by (le) (rate(duration_seconds_bucket[5m]))) > 0.5
""",
    ),
    "PQL717": Code(
        "A quantile since the start",
        "Buckets count from the start of the process, so their quantile hardly moves when something goes wrong now. "
        "Take the rate of the buckets first.",
        bad="""
expr: histogram_quantile(0.99, sum by (le) (duration_seconds_bucket)) > 0.5
""",
        good="""
expr: histogram_quantile(0.99, sum by (le) (rate(duration_seconds_bucket[5m]))) > 0.5
""",
    ),
    "PQL718": Code(
        "An alert on the first few",
        "`topk` and its like choose anew at each evaluation. A series that is overtaken resolves, another pages, and "
        "`for` begins anew. Compare all of them with a limit.",
        bad="""
expr: topk(3, queue_length) > 100
""",
        good="""
expr: queue_length > 100
""",
    ),
    "PQL719": Code(
        "Whatever labels there are",
        "After `without (...)` two metrics match only while they have the same other labels. One that gains a label "
        "with its next release ends every match, and the alert falls silent. Name the labels that remain with `by "
        "(...)`.",
        bad="""
expr: sum without (instance) (rate(request_errors_total[5m])) / sum without (instance) (rate(requests_total[5m])) > 0.1
""",
        good="""
expr: sum by (job) (rate(request_errors_total[5m])) / sum by (job) (rate(requests_total[5m])) > 0.1
""",
    ),
    "PQL720": Code(
        "A name that differs by a letter",
        "The policy defines a recording rule or an alert of nearly that name, and none of this. What reads a name "
        "that nobody writes is silent. Correct it; a name that differs in a digit is taken for another one.",
        bad="""
expr: job:error:ratio{job="shop"} > 0.5
""",
        good="""
expr: job:errors:ratio{job="shop"} > 0.5
""",
    ),
    "PQL721": Code(
        "One condition, two alerts",
        "Two alerts of the same service, severity and expression page twice for one fault. Remove one.",
        bad="""
service: shop
severity: P2
expr: job:errors:ratio{job="shop"} > 0.02
""",
        good="""
service: shop
severity: P2
expr: job:errors:ratio{job="shop"} > 0.5
""",
    ),
    "PQL722": Code(
        "A P0 or P1 that was never seen to fire",
        "Nothing shows that the expression is ever true, and in time. Add a test with the series of a fault and "
        "`fires_at`.",
        bad="""
severity: P1
expr: sum(queue_length) > 100
tests:
  - {given: {queue_length: 99x20}, silent_until: 5m}
""",
        good="""
severity: P1
expr: sum(queue_length) > 100
tests:
  - {given: {queue_length: 99x4 101x10}, fires_at: 1m15s}
  - {given: {queue_length: 99x20}, silent_until: 5m}
""",
    ),
    "PQL723": Code(
        "A P0 or P1 that was never seen to be silent",
        "Whoever is woken for nothing answers later the next time. Add a test with the series of a good day, just "
        "short of the limit, and `silent_until`.",
        bad="""
severity: P1
expr: sum(queue_length) > 100
tests:
  - {given: {queue_length: 99x4 101x10}, fires_at: 1m15s}
""",
        good="""
severity: P1
expr: sum(queue_length) > 100
tests:
  - {given: {queue_length: 99x4 101x10}, fires_at: 1m15s}
  - {given: {queue_length: 99x20}, silent_until: 5m}
""",
    ),
    "PQL724": Code(
        "A P0 without a containment",
        "Who is woken by a P0 limits the damage first, and should not have to find out how. Name one of the policy's "
        "`containments`. A P1 may do without; a policy without containments is not asked for them.",
        bad="""
severity: P0
expr: sum(payments_lost) > 0
""",
        good="""
severity: P0
expr: sum(payments_lost) > 0
containment: stop-sales
""",
    ),
    "PQL725": Code(
        "An expression that was not judged",
        "alertc's own parser does not know what it uses, so that none of its checks looked at it. promtool did: where "
        "it is content, read the expression twice.",
        bad="""
expr: rate(request_errors_total[5m * 2]) > 1
""",
        good="""
expr: rate(request_errors_total[10m]) > 1
""",
    ),
    "PQL726": Code(
        "An expression too large",
        f"Prometheus's time grows with the cube of an expression. At most {promql_size.MOST_CHARACTERS:,} characters, "
        f"{promql_size.MOST_OPERATORS} operators and {promql_size.MOST_LEVELS} levels of parentheses are allowed, far "
        "more than rules that people read have. Record the parts.",
        bad=f"""
expr: lag_seconds {"+ 0 " * 251}> 60
""",
        good="""
expr: lag_seconds > 60
""",
    ),
    # ------------------------------------------------------------------------------------- templates and forms
    "TPL401": Code("A template fails", "A template of the project is wrong at the line that is shown. Mend it."),
    "OUT601": Code("A file cannot be read back", _RENDERED + "what it places goes through a filter that quotes."),
    "OUT602": Code("An unknown key in a file", _RENDERED + "no reader knows the key."),
    "OUT603": Code("A key is missing in a file", _RENDERED + "its reader needs the key."),
    "OUT604": Code("A value that is refused", _RENDERED + "its reader refuses the value."),
    "OUT605": Code("A file of another form", _RENDERED + "something stands where another kind is needed."),
    "OUT606": Code(
        "No certain meaning",
        "What a generated file says depends on Alertmanager's version or machine, so nothing can be proven of it. "
        "Write it in another way.",
    ),
    "OUT607": Code(
        "A file that no target owns",
        "Each target's record names the paths that it writes, and who judges them follows from that. Add the path to "
        "`owns` of the target.",
    ),
    # ------------------------------------------------------------------------------------- promtool
    "PRM601": Code("Not PromQL", "Prometheus cannot parse the expression. Mend it at the place that is shown."),
    "PRM602": Code(
        "Not a Go template", "A text of a rule holds `{{` and is no template. Mend it, or quote the braces."
    ),
    "PRM603": Code("A rule is refused", "Prometheus refuses the rule for the reason that is shown."),
    "PRM604": Code(
        "The same rule twice", "Two rules have one name and the same labels. Rename one, or give it a label."
    ),
    "PRM605": Code("A rule file is refused", _RENDERED + "Prometheus does not load the rules."),
    "PRM610": Code("It does not fire", "The series of the test do not make it fire then. Correct test or expression."),
    "PRM611": Code("It is not silent", "The alert fires where the test says it is silent. Correct test or expression."),
    "PRM612": Code(
        "Other labels than expected", "It fires, with other labels. Correct the test's `labels` or the sum."
    ),
    "PRM613": Code(
        "It says something else", "It fires, but reads differently. Correct the test's `says` or the summary."
    ),
    "PRM614": Code("More alerts than expected", "The series of the test raise several alerts. Keep those of one."),
    "PRM615": Code("Series that cannot be read", 'Write series as `metric{label="value"}` and values as `1x10`.'),
    "PRM616": Code(
        "A test of nothing", "A test names rules that do not exist, so it proves nothing. Mend the template."
    ),
    "PRM618": Code("A test's expression fails", _RENDERED + "a test asks what cannot be evaluated."),
    "PRM699": Code("promtool complains", "promtool says something that alertc does not know; its words are shown."),
    # ------------------------------------------------------------------------------------- the tests of the alerts
    "TST601": Code(
        "Seen later than declared",
        "`seen_within` is a part of the sum that the SLA bounds, and a test of the alert shows that the expression "
        "takes longer to become true. Declare what the test shows, or let the expression look back less far.",
    ),
    "TST602": Code(
        "A delay that no test shows",
        "How soon a range window becomes true is not guessed. Add a test whose series change, with `fires_at`.",
    ),
    "TST611": Code(
        "A fault that the tests do not notice",
        "With the alert changed as shown, its tests hold all the same. Add the test that tells the two apart.",
    ),
    "TST612": Code(
        "An alert without tests", "Whatever is changed in it, nothing notices. Add tests that fire and stay silent."
    ),
    "TST613": Code(
        "Tests that need another alert",
        "Alone, without the other alerts of its service, the alert does not pass its tests, so that its faults could "
        "not be told from theirs. Give the series that it reads in the test.",
    ),
    # ------------------------------------------------------------------------------------- Alertmanager's side
    "AMT601": Code("An undefined receiver", _RENDERED + "a route names a receiver that is not defined."),
    "AMT602": Code("A receiver is defined twice", _RENDERED + "receivers need names of their own."),
    "AMT603": Code("A time interval is wrong", _RENDERED + "a time interval is missing or defined twice."),
    "AMT604": Code("The configuration is refused", _RENDERED + "Alertmanager does not load the line that is shown."),
    "AMT605": Code("A message template is wrong", "A template file of Alertmanager is no Go template. Mend it."),
    "AMT699": Code("amtool complains", "amtool says something that alertc does not know; its words are shown."),
    "AML601": Code("amlint complains", "The second opinion on the routes found something; its words are shown."),
    "AML602": Code(
        "amlint was not run", "There are too many routes for it. Run `amlint check` by hand where you want it."
    ),
    "RTE601": Code("Somebody is not told", _PROMISE + "an alert would not reach all that it should."),
    "RTE602": Code(
        "Somebody else is told", _PROMISE + "an alert would reach a receiver that the policy does not name."
    ),
    "RTE603": Code("A rule is missing", _PROMISE + "no rule has the labels by which it is routed."),
    "RTE604": Code("The halt is late", _PROMISE + "the machine that must act at once is not told first, or waits."),
    "RTE605": Code("No catch-all", _PROMISE + "an alert that nobody knows would page nobody."),
    "RTE606": Code(
        "A P0 or P1 may be silenced", _PROMISE + "what resolves while inhibited is lost, and so is its return."
    ),
    "RTE607": Code("A receiver sends elsewhere", _PROMISE + "a receiver is missing, or has another address."),
    "RTE608": Code("Incidents are joined", _PROMISE + "an alert that joins an acknowledged incident pages nobody."),
    "RTE609": Code("A page is held back", _PROMISE + "the route is silent at some times."),
    "RTE611": Code("A route that no alert takes", "It does nothing, or hides that its matchers are wrong. Remove it."),
    "RTE612": Code("A receiver that no route names", "It is never told anything. Remove it, or add the route."),
    "TIM601": Code(
        "Late by what was rendered",
        _PROMISE + "with the times in the files, an SLA is missed. The sum is shown line by line.",
    ),
    "TIM602": Code("Repeated too rarely", _PROMISE + "what must be said again and again is said too rarely."),
    "PGD601": Code("No service takes the page", _RENDERED + "a page has no service or no chain in PagerDuty."),
    "PGD602": Code("Other steps", _RENDERED + "a chain pages others, or at other times, than the policy says."),
    "PGD603": Code(
        "An incident does not stay as it is",
        _RENDERED + "PagerDuty would open, close or hold back an incident by itself.",
    ),
    "PGD610": Code(
        "Not marked as ours",
        "By the first words of an object's description `alertc pagerduty apply` knows what is its own, and a reader in "
        "PagerDuty knows where to edit it. Let the template write `description` first.",
    ),
    "PGD611": Code(
        "No such user", "PagerDuty knows nobody of that e-mail address, so nobody would be paged. Invite them."
    ),
    "PGD612": Code(
        "A name that is taken",
        "PagerDuty has an object of that name that the policy did not make. `--adopt` takes it over, after `plan` has "
        "shown what that changes.",
    ),
    "PGD613": Code(
        "Two of one name", "PagerDuty has several objects of that name: nobody can tell which one is meant."
    ),
    "RTE610": Code("Equal by absence", _PROMISE + "a label that both sides of an inhibition lack counts as equal."),
    "TPL601": Code("A message fails", "Alertmanager would try in vain and never deliver it. Mend the template."),
    "TPL602": Code("A message is empty", "A receiver would get nothing to read for an alert. Mend the template."),
    "TPL603": Code("The public sees internals", "A public field reaches for more than `.Annotations.public`. Mend it."),
    "TPL604": Code("A public webhook", "A webhook carries every label. Send drafts for the public to Slack or e-mail."),
    "TPL605": Code(
        "A public default", "Alertmanager's defaults show labels. Set the field, to '' where it says nothing."
    ),
    "TPL606": Code("A public text depends on the alert", "It says more than the public text. Mend the template."),
    "TPL607": Code(
        "Not every message was rendered", "There are many alerts, so one of each shape was rendered. A note."
    ),
    # ------------------------------------------------------------------------------------- drills
    "DRL801": Code("Not told in a drill", _DRILLED + "somebody whom the policy names was never told."),
    "DRL802": Code("Late in a drill", _DRILLED + "somebody was told later than the sum of the terms allows."),
    "DRL803": Code("Told against the policy in a drill", _DRILLED + "somebody was told whom the policy does not name."),
    "DRL804": Code("An empty message in a drill", _DRILLED + "there was nothing to read in it."),
    "DRL805": Code("The public saw internals in a drill", _DRILLED + "a public message said more than `public`."),
    "DRL806": Code("The halt came after the page", _DRILLED + "the machine that acts at once was not called first."),
    "DRL809": Code("No Alertmanager is left", _DRILLED + "the policy has none that takes the place of a dead one."),
    "DRL808": Code("The SLA was missed in a drill", _DRILLED + "the last who was paged answered after `acknowledge`."),
    "DRL807": Code("Told in a drill of silence", _DRILLED + "somebody was told who should have heard nothing."),
    # ------------------------------------------------------------------------------------- replacing out/
    # ------------------------------------------------------------------------------------- what runs (verify-live)
    "LIV801": Code(
        "An older server",
        "A server is older than the version for which the files were written and proven. Upgrade it, or write its "
        "version into `stack`.",
    ),
    "LIV802": Code(
        "A premise does not hold",
        "A sum rests on an interval, a time-out or a flag that a server does not have. It is an error where a promise "
        "breaks by it, else a warning. Set it as `stack` says, or write into `stack` what runs.",
    ),
    "LIV803": Code(
        "Too late by all together",
        "Each of several deviations leaves a promise whole; together they break it. Mend the largest.",
    ),
    "LIV804": Code("A rule is not loaded", "Nobody hears of what only this rule watches. Copy the files, and reload."),
    "LIV805": Code("A rule is loaded otherwise", "What runs is not what was proven. Copy the files again, and reload."),
    "LIV806": Code(
        "A rule that fails", "Prometheus cannot evaluate the rule, so that it sends nothing. Look at the error."
    ),
    "LIV807": Code(
        "A rule that no file has",
        "Its alerts carry the label by which they take the routes of the policy. Remove the file that it is in.",
    ),
    "LIV808": Code(
        "Another number of Alertmanagers",
        "That a lost Alertmanager costs no page rests on their number: each Prometheus sends to all, and each is a "
        "member of one cluster. Name all of them, or write their number into `stack`.",
    ),
    "LIV809": Code(
        "Labels change on the way",
        "Routes, groups and inhibitions rest on labels. External labels and `alert_relabel_configs` must leave those "
        "alone, and drop the one that tells replicas apart.",
    ),
    "LIV810": Code(
        "Others are told", "By the configuration that runs, an alert goes elsewhere. Copy the files again, and reload."
    ),
    "LIV811": Code(
        "Alertmanager is set otherwise",
        "Times of routes, receivers, inhibitions or time intervals are not those of the file. Copy it again, and "
        "reload. Secrets, which Alertmanager does not show, are not compared.",
    ),
    "LIV812": Code(
        "A silence hides a P0 or P1",
        "While it is active nobody is told, and an alert that resolves under it is lost with its return. End it.",
    ),
    "LIV813": Code(
        "A clock that is wrong", "A server's clock is not ours, by more than five seconds. Let both ask a time server."
    ),
    "LIV814": Code(
        "Nothing is scraped", "Alerts read a job of which Prometheus has no target: they never fire. Add the job."
    ),
    "LIV815": Code("Not all servers were asked", "The policy has more of them. Name each."),
    "LIV816": Code(
        "A configuration that cannot be read", "Alertmanager runs one that nothing can be said of. Load the file."
    ),
    "DIF801": Code(
        "Something is watched less well",
        "Seen by `alertc diff` against an older policy: fewer people are told, or later, rarer or in fewer cases. "
        "`--fail-on weaker` makes it an error. Where it is meant, say so under `accepts`, with a reason and a day.",
    ),
    "DIF802": Code(
        "Something is watched better", "Seen by `alertc diff`: more people are told, or sooner, or in more cases."
    ),
    "DIF803": Code(
        "Something is watched otherwise",
        "Seen by `alertc diff`: others are told, or it cannot be known whether more or fewer cases are told.",
    ),
    "DIF804": Code(
        "An acceptance whose day is over", "It counts no longer. Remove it, or decide again and write a later day."
    ),
    "DIF805": Code(
        "An acceptance without effect",
        "Nothing that it names gets weaker any more, for instance since the change is merged. Remove it.",
    ),
    "OUT702": Code(
        "A file is not what the policy says",
        "Said by `alertc check` to machines; people see the difference. Run `alertc render`, and commit the result.",
    ),
    "OUT703": Code(
        "What is said is about files that are not there yet",
        "A command that answers compiles the policy by itself, and `out/` holds something else: an edit was not "
        "rendered, or another version of alertc rendered it. Run `alertc render`.",
    ),
    "OUT704": Code(
        "A file of others where servers load all files",
        "Prometheus and Alertmanager load every file of `prometheus/rules/` and `alertmanager/templates/`, and nothing "
        "is proven of what alertc did not write. Keep files of your own in a folder beside `out/`, and name that "
        "folder too in `rule_files` (of prometheus.yml) or `templates`; or delete the file.",
    ),
    "OUT705": Code(
        "A render was interrupted",
        "`out/` may hold old and new files side by side. `alertc render` finishes what was begun.",
    ),
    "OUT706": Code(
        "A journal that you did not write",
        "`out/.alertc-journal` says what an interrupted `alertc render` has still to do. Only one that carries the "
        "seal of this user is believed: others may have come with a pull request. Delete it, and run `alertc render`.",
    ),
    "OUT707": Code(
        "The output folder is a link out of the repository",
        "What it leads to is not the repository's to replace. Make it a folder, or name another with `--out`.",
    ),
    "OUT701": Code(
        "Something of yours stands in the way",
        "What alertc did not write is never overwritten. Move it away, or delete it if `alertc` may write there.",
    ),
}
