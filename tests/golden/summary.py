#!/usr/bin/env python3
"""Writes the score of the last comparison (build/logs/golden.txt, made by test_golden.py) into docs/compatibility.md."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def main():
    lines = (ROOT / "build/logs/golden.txt").read_text(encoding="utf-8").splitlines()
    score = next(x for x in lines if x.startswith("score: "))
    areas = next(x for x in lines if x.startswith("shape by area: ")).removeprefix("shape by area: ")
    before = next(x for x in lines if x.startswith("before allow.txt: "))
    rows = [part.rsplit(" ", 1) for part in areas.split(", ")]
    table = "\n".join(["| area | same status and shape |", "|---|---|", *(f"| {name} | {count.replace('/', ' of ')} |" for name, count in rows)])
    text = f"{table}\n\nWith the differences by intent allowed: {score.removeprefix('score: ')}. Without: {before.removeprefix('before allow.txt: ')}."
    page = ROOT / "docs/compatibility.md"
    old = page.read_text(encoding="utf-8")
    new = re.sub(r"(<!-- golden: .*? -->\n).*?(<!-- /golden -->)", lambda m: f"{m[1]}{text}\n{m[2]}", old, flags=re.S)
    page.write_text(new, encoding="utf-8")
    print("docs/compatibility.md is up to date" if new == old else "docs/compatibility.md is rewritten")


if __name__ == "__main__":
    main()
