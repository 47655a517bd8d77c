"""Tests of what the server does not do yet: listed one per line in known_failures.txt, expected to fail, and counted as such in pytest's closing line.

A listed test that passes does not fail the run (some depend on timing); its line is then to be removed. ROADMAP.md says what each group lacks."""
import pathlib

import pytest

LIST = pathlib.Path(__file__).parent / "known_failures.txt"
KNOWN = {line.strip() for line in LIST.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")}


def pytest_collection_modifyitems(items):
    for item in items:
        if item.nodeid.split("[")[0] in KNOWN or item.nodeid in KNOWN:
            item.add_marker(pytest.mark.xfail(reason="not done yet: tests/known_failures.txt", strict=False))
