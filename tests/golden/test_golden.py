"""The recorded answers of a real server, held against ours (README.md beside this file)."""
import json
import pathlib

import pytest

import compare
import record

HERE = pathlib.Path(__file__).parent
LOGS = HERE.parent.parent / "build" / "logs"


@pytest.mark.timeout(300)
def test_answers_are_the_recorded_ones():
    reference = json.loads((HERE / "openbao-2.6.2.json").read_text(encoding="utf-8"))
    ours = record.record()
    report, score = compare.compare(reference, ours, compare.read_allow(HERE / "allow.txt"))
    _, plain = compare.compare(reference, ours)
    lines = compare.text_of(report, score)
    lines.append(f"before allow.txt: status {plain['status']}, shape {plain['shape']}, identical {plain['same']} of {plain['total']}")
    LOGS.mkdir(parents=True, exist_ok=True)
    (LOGS / "golden.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert score["same"] == score["total"], "\n".join(lines)
    assert not score["unused"], f"rows of allow.txt that allow nothing any more: {score['unused']}"
