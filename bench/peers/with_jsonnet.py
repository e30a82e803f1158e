"""Writes the rules of a policy with Jsonnet, one file a service: `python with_jsonnet.py policy.yaml folder`."""

import json
import sys
from pathlib import Path

import rjsonnet  # type: ignore[import-not-found]  # not among our dependencies: only this script uses it


def main(source: Path, folder: Path) -> None:
    """Write into `folder` what the program of Jsonnet says."""
    program = Path(__file__).with_name("rules.jsonnet")
    told = rjsonnet.evaluate_file(str(program), tla_vars={"text": source.read_text(encoding="utf-8")})
    for name, rules in json.loads(told).items():
        (folder / name).write_text(json.dumps(rules), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
