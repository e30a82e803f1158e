"""Times alertc beside the programs that it calls, in turn, and prints ratios of medians. Run by `make bench`."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from generator import programs

ROOT = Path(__file__).parent.parent
RUNS = 7


def main() -> None:
    """Print every ratio."""
    alertc = Path(sys.executable).parent / "alertc"
    promtool, amtool = programs.find("promtool"), programs.find("amtool")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("policy", "templates", "out"):
            shutil.copytree(ROOT / name, Path(folder) / name)
        rules = sorted(map(str, Path(folder, "out/prometheus/rules").glob("*.yaml")))
        tests = sorted(map(str, Path(folder, "out/prometheus/tests").glob("*.yaml")))
        by_hand = (
            [promtool.path, "check", "rules", *rules],
            [promtool.path, "test", "rules", *tests],
            [amtool.path, "check-config", f"{folder}/out/alertmanager/alertmanager.yml"],
        )
        python = sys.version.split()[0]
        print(f"promtool {promtool.version_text}, amtool {amtool.version_text}, Python {python}, {RUNS} runs")
        compare(
            "alertc render, cold",
            ([alertc, "render"],),
            "promtool check rules + test rules + amtool check-config, one after the other",
            by_hand,
            bar=2.5,
            folder=folder,
        )
    compare(
        "alertc --help",
        ([alertc, "--help"],),
        "python -c 'import click'",
        ([sys.executable, "-c", "import click"],),
        bar=3,
    )


def compare(
    name: str, ours: tuple, reference_name: str, reference: tuple, *, bar: float, folder: str | None = None
) -> None:
    """Run the two in turn, so that a noisy machine troubles both, and print the ratio of their medians."""
    pairs = [(timed(ours, folder), timed(reference, folder)) for _ in range(RUNS)]
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    verdict = "ok" if mine / other <= bar else "TOO SLOW"
    print(f"{name}: {mine:.2f} s = {mine / other:.2f} x {reference_name} ({other:.2f} s); bar {bar}: {verdict}")


def timed(commands: tuple, folder: str | None) -> float:
    """Return the seconds that the commands take, one after the other, with nothing remembered from before."""
    if folder:
        shutil.rmtree(Path(folder, ".cache"), ignore_errors=True)
    begun = time.perf_counter()
    for command in commands:
        subprocess.run(list(map(str, command)), cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
