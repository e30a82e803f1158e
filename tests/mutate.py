"""Break policies at random and compile them: `python tests/mutate.py 5000 [--seed N] [--only NUMBER] [--sample EVERY]`.

Each case is a policy of this repository with a few faults in its structure or in its bytes, given to the command line's
own `main()`. Whatever the policy says, there is no traceback, the exit code is 0 or 1, `out/` is the old one or the
new one, and no run takes longer than ten seconds of work. promtool and amtool judge a sample of what compiles: a run of them
costs as much as a hundred cases. Prints the seed, how many cases ended how, and the slowest; a case that fails is
printed with what repeats it.
"""

import argparse
import contextlib
import copy
import io
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from generator import cli
from generator.checks import verify
from generator.policy import source
from generator.system import programs

ROOT = Path(__file__).parent.parent
POLICIES = ("tests/policies/small.yaml", "tests/policies/small.yaml", "policy/exchange.yaml")
LONGEST = 10.0
ASKERS = verify.ASKERS

SCALARS = (
    *("", " ", "null", "~", "on", "no", "true", "010", "1:30", "1e3", "0x1F", "1_000", "0", "-1", "1.5", "NaN", "-.inf"),
    *("9" * 30, "9" * 400, "1" * 5000, "0s", "1s", "5m", "99999d", "999999999s", "999999h", "0d0h0m0s", "1m60s", "1y", "1w"),
    *("00:00-24:00", "09:00-09:00", "23:59-00:00", "Mon-Mon", "Sun-Sat", "Sun 00:00", "0001-01-01", "9999-12-31", "2026-02-30"),
    *("{{", "}}", "{{ .", "{{ $labels.x }}", "{{ $value", '{{ template "x" . }}', '{{ define "x" }}', "{{/*", "{{- end -}}"),
    *("$service", "$nope", "$", "$$", "${x}", "%{x}", "<<", ">>", "<% x %>", "<< x >>", "<# x #>", "$labels", "$1", "\\1"),
    *("'", '"', '"""', "`", "\\", "a\nb", "a\n\n b", " a", "a ", "a: b", "- a", "# a", "a #b", "|", ">", "&a", "*a", "!a", "@", "%"),
    *("\t", "\x00", "\x07", "\x1b[31m", "\x7f", "\x85", "\u2028", "\ufeff", "\ufffe", "\u202etxet", "\u00e9", "e\u0301", "\U0001f525"),
    *("\u00a0", "\u200b", "\u00ad", "名前", "ÿ" * 300, "x" * 10_000, "<script>", "<!--", "-->", "| a |", "[a](b)", "../../etc/passwd"),
    *("/", "a/b", "person/ana", "person/nobody", "schedule/primary", "schedule/none", "page", "room", "heartbeat", "halt", "shop"),
    *("P0", "P1", "P2", "P3", "P4", "all", "first", "1%", "99%", "100%", "always", "business", "by-hand", "next-sprint", "UTC"),
    *("Etc/UTC", "Mars/Olympus", "Europe/Zurich", "../UTC", "posixrules", "Factory", "localtime", "0.25", "2.42", "999.999", "0.0"),
    *("vector(1)", "sum(", "up", "up ==", "absent(up)", "absent(absent(up))", "rate(x[0s])", "rate(x[5m] offset 1000d)", "x[5m:]"),
    *("count_over_time(up[9999d])", "1", "1 > 0", "time()", "a and b or c unless d", 'up{a=~"("}', '{__name__=~".+"}', "up @ 5"),
    *('label_replace(up, "a", "$1", "b", "(")', 'up{job="$service"}', "(" * 2000, "-" * 3000 + "1", "job:errors:ratio", "a:b:c"),
    *("1x4 0x10", "0x99999999", "1x-1", "_x4", "stale", "1+1x10", "1x", "x", "1 2 3", "till_difference", 'up{job="a"', "ALERTS"),
    *("https://", "http://x", "https://x/a?b=c&d=%20#e", "http://[::1", "http://x:99999", "#", "#a b", "a@b", "@", "a@", "localhost:25"),
)  # fmt: skip
KEYS = (
    "<<",
    "",
    "__proto__",
    "alertname",
    "severity",
    "__name__",
    "service",
    "duty",
    "le",
    "job",
    "environment",
    "x-y",
)


class TookTooLong(Exception):
    """A run that would not end."""


# ------------------------------------------------------------------------------------------- breaking policies


def broken(number, seed):
    """Return case `number` of a seed: the bytes of a policy."""
    dice = random.Random(f"{seed}/{number}")
    text = (ROOT / dice.choice(POLICIES)).read_bytes()
    if dice.random() < 0.25:
        for _ in range(dice.choice((1, 1, 2, 5))):
            text = _broken_bytes(text, dice)
        return text
    tree = source.read(text, "policy.yaml").tree
    # Mostly one fault: what many faults hide from one another is not reached.
    for _ in range(dice.choice((1, 1, 1, 1, 2, 3, 8))):
        _break_structure(tree, dice)
    return yaml.dump(
        tree, allow_unicode=dice.random() < 0.5, sort_keys=False, width=dice.choice((80, 1000)), Dumper=yaml.CSafeDumper
    ).encode("utf-8", "surrogatepass")


def _broken_bytes(text, dice):
    start = dice.randrange(len(text) + 1)
    end = min(len(text), start + dice.choice((1, 1, 2, 5, 40, 400)))
    lines = text.splitlines(keepends=True)
    line = dice.randrange(len(lines)) if lines else 0
    match dice.randrange(8):
        case 0:
            return text[:start] + text[end:]
        case 1:
            return text[:end] + text[start:]
        case 2:
            return text[:start] + bytes(dice.randrange(256) for _ in range(end - start)) + text[end:]
        case 3:
            return text[:start] + dice.choice(SCALARS).encode() + text[start:]
        case 4:
            return text[:start] + bytes([dice.choice(b"\n\t :-#&*!|>'\"%@`{}[],?\\\r\x00\xff")]) + text[start:]
        case 5:
            return b"".join([*lines[:line], *lines[line + 1 :]])
        case 6:
            return b"".join([*lines[:line], b"  " * dice.randrange(3), *lines[line : line + 3], *lines[line:]])
        case _:
            return text[:start]


def _break_structure(tree, dice):
    """Break one thing, anywhere in the tree."""
    parent, key = _somewhere(tree, dice)
    value = parent[key]
    match dice.randrange(14):
        case 0 | 1:
            del parent[key]
        case 2 | 3 | 4:
            parent[key] = dice.choice(SCALARS)
        case 5:
            parent[key] = dice.choice(([], {}, None, [value], {"x": value}, [value, value], [[]], [{}], [None]))
        case 6:
            other, there = _somewhere(tree, dice)
            parent[key], other[there] = other[there], value
        case 7:
            other, there = _somewhere(tree, dice)
            parent[key] = other[there]  # said twice, or a cycle: YAML writes an alias
        case 8:
            other, there = _somewhere(tree, dice)
            parent[key] = copy.deepcopy(other[there])
        case 9:
            _rename(parent, key, dice)
        case 10 if isinstance(value, str) and value:
            at = dice.randrange(len(value) + 1)
            parent[key] = value[:at] + dice.choice(SCALARS) + value[at:]
        case 11 if isinstance(value, str):
            other, there = _somewhere(tree, dice)
            parent[key] = str(there) if isinstance(there, str) else value * 2
        case 12 if isinstance(parent, dict):
            parent[dice.choice((*KEYS, *SCALARS)) or "k"] = dice.choice((value, dice.choice(SCALARS)))
        case _ if isinstance(parent, list):
            parent.insert(dice.randrange(len(parent) + 1), dice.choice((value, dice.choice(SCALARS))))
        case _:
            parent[key] = dice.choice(SCALARS)


def _rename(parent, key, dice):
    if isinstance(parent, list):
        dice.shuffle(parent)
        return
    name = dice.choice((dice.choice(SCALARS), dice.choice(KEYS), f"{key}s", key[:-1], key.upper(), *map(str, parent)))
    entries = [(name if one == key else one, below) for one, below in parent.items()]
    parent.clear()
    parent.update(entries)


def _somewhere(tree, dice):
    """Return a mapping or a list, and a key of it: every depth is as likely as any other."""
    parent, key = tree, dice.choice(list(tree)) if tree else tree.setdefault("x", "x") and "x"
    while dice.random() < 0.8:
        below = parent[key]
        if not isinstance(below, (dict, list)) or not below:
            break
        parent, key = below, dice.choice(list(below) if isinstance(below, dict) else range(len(below)))
    return parent, key


# ------------------------------------------------------------------------------------------- compiling them


@dataclass
class Tally:
    """What happened to the cases."""

    codes: Counter = field(default_factory=Counter)
    judged: Counter = field(default_factory=Counter)
    faults: list = field(default_factory=list)
    slowest: float = 0.0
    slowest_case: int = 0


def run(count, seed, sample, only=None, report=None):
    """Compile `count` broken policies; the programs judge one of `sample` that compile."""
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="alertc-mutate-") as folder, _working_in(folder):
        Path("policy.yaml").write_bytes((ROOT / POLICIES[0]).read_bytes())
        assert _compile(judged=True)[0] == cli.CLEAN
        compiling = 0
        for number in range(count) if only is None else (only,):
            Path("policy.yaml").write_bytes(broken(number, seed))
            fault = _case(number, tally, judged=False)
            if fault is None and tally.codes["last"] == cli.CLEAN:
                compiling += 1
                if sample and compiling % sample == 0:
                    fault = _case(number, tally, judged=True)
            if fault:
                tally.faults.append(f"case {number} of seed {seed}: {fault}")
                if report:
                    report(tally.faults[-1])
    del tally.codes["last"]
    return tally


def _case(number, tally, *, judged):
    before = _contents(Path("out"))
    code, said, took = _timed(judged=judged)
    if took > LONGEST:
        # Other work that shares the cores makes ours longer: what is slow by itself is slow again.
        took = min(took, _timed(judged=judged)[2])
    tally.judged[code] += judged
    if not judged:
        tally.codes[code] += 1
        tally.codes["last"] = code
    if took > tally.slowest:
        tally.slowest, tally.slowest_case = took, number
    after = _contents(Path("out"))
    _whose, *listed = [*after.get(".manifest", b"").decode().splitlines(), ".manifest"]
    if "this is a bug" in said or "Traceback" in said:
        return next(line for line in said.splitlines() if "bug" in line or "Traceback" in line)
    if code not in (cli.CLEAN, cli.FINDINGS):
        return f"exit code {code}: {said[-500:]}"
    if code == cli.FINDINGS and after != before:
        return "out/ changed although the policy was refused"
    if after.keys() != set(listed):
        return "out/ is not what its manifest says"
    if code == cli.FINDINGS and "error[" not in said:
        return f"refused without an error: {said[-500:]}"
    if took > LONGEST:
        return f"took {took:.1f} s"
    return None


def _timed(*, judged):
    started = _worked()
    return *_compile(judged=judged), _worked() - started


def _worked():
    """Return the seconds that we have worked, and the programs over the cores: what else the machine does says nothing."""
    ours, system, theirs, their_system, _ = os.times()
    return ours + system + (theirs + their_system) / programs.cores()


def _compile(*, judged):
    """Render the policy as the command line does; without the programs unless it is to be judged by them."""
    verify.ASKERS = ASKERS if judged else ()
    shutil.rmtree(".cache", ignore_errors=True)  # what was verified without the programs is not to be remembered

    def stop(*_):
        raise TookTooLong

    heard = io.StringIO()
    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 6 * LONGEST)
    try:
        with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
            code = cli.main(["render", "policy.yaml"])
    except BaseException as error:  # noqa: BLE001 - whatever comes out of main() is a fault
        return -1, f"Traceback: {type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        verify.ASKERS = ASKERS
    return code, heard.getvalue()


def _contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextlib.contextmanager
def _working_in(folder):
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("count", type=int, nargs="?", default=5000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--only", type=int, metavar="NUMBER", help="print this case, and run it alone")
    parser.add_argument("--sample", type=int, default=100, metavar="EVERY", help="let the programs judge one of EVERY")
    given = parser.parse_args()
    write = sys.stdout.write
    write(f"seed {given.seed}\n")
    if given.only is not None:
        os.environ["ALERTC_TRACEBACK"] = "1"
        write(broken(given.only, given.seed).decode("utf-8", "replace"))
    began = time.monotonic()
    tally = run(given.count, given.seed, given.sample, given.only, lambda fault: write(f"{fault}\n"))
    codes = ", ".join(f"{count} ended with {code}" for code, count in sorted(tally.codes.items()))
    judged = ", ".join(f"{count} with {code}" for code, count in sorted(tally.judged.items()) if count)
    write(
        f"{sum(tally.codes.values())} policies in {time.monotonic() - began:.0f} s: {codes}\n"
        f"judged by promtool and amtool: {judged or 'none'}\n"
        f"slowest: {tally.slowest:.1f} s (case {tally.slowest_case}); faults: {len(tally.faults)}\n"
    )
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
