#!/usr/bin/env python3
"""Compares two recordings of record.py: reference first, ours second.

usage: compare.py REFERENCE.json OURS.json [--allow FILE] [--area AREA] [--brief]
Prints the differences of each request (status, headers, places in the body); the last line is the score. A line of the --allow
file is `request-id-glob :: place-glob`: such differences are not counted. Exit status 0 only when nothing is left.
A place is status, header.NAME or body.a.b[0]; kinds: missing, extra, type (shape) and value.
"""
import argparse
import fnmatch
import json
import sys


def kind(v):
    return "null" if v is None else "bool" if isinstance(v, bool) else "number" if isinstance(v, (int, float)) else type(v).__name__


def walk(a, b, at):
    """Yields (place, kind of difference, text)."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(a.keys() | b.keys()):
            place = f"{at}.{key}"
            if key not in b:
                yield place, "missing", json.dumps(a[key])[:120]
            elif key not in a:
                yield place, "extra", json.dumps(b[key])[:120]
            else:
                yield from walk(a[key], b[key], place)
    elif isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            yield at, "value", f"{len(a)} items, ours {len(b)}"
        for i, (x, y) in enumerate(zip(a, b)):
            yield from walk(x, y, f"{at}[{i}]")
    elif kind(a) != kind(b):
        yield at, "type", f"{json.dumps(a)[:120]}, ours {json.dumps(b)[:120]}"
    elif a != b:
        yield at, "value", f"{json.dumps(a)[:160]}, ours {json.dumps(b)[:160]}"


def read_allow(file):
    """[(request glob, place glob)] and the set of those that were of use."""
    with open(file, encoding="utf-8") as lines:
        return [tuple(part.strip() for part in line.split("::", 1)) for line in lines if "::" in line and not line.startswith("#")]


def compare(reference, ours, allow=(), area=None):
    """(report lines, score): score counts requests whose status, shape, everything is the same, beside total; `unused` allow rows."""
    by_id = {x["id"]: x for x in ours}
    score, areas, report, used = {"total": 0, "status": 0, "shape": 0, "same": 0}, {}, [], set()
    for x in reference:
        if area and not x["id"].startswith(area + " "):
            continue
        y = by_id.get(x["id"], {"status": -1, "headers": {}, "body": None})
        found = []
        if x["status"] != y["status"]:
            found.append(("status", "value", f"{x['status']}, ours {y['status']}"))
        found += walk(x["headers"], y["headers"], "header")
        found += walk(x["body"], y["body"], "body")
        left = []
        for d in found:
            rows = [row for row in allow if fnmatch.fnmatchcase(x["id"], row[0]) and fnmatch.fnmatchcase(d[0], row[1])]
            used.update(rows)
            if not rows:
                left.append(d)
        same_status = not any(d[0] == "status" for d in left)
        same_shape = same_status and not any(d[1] in ("missing", "extra", "type") for d in left)
        score["total"] += 1
        score["status"] += same_status
        score["shape"] += same_shape
        score["same"] += not left
        counts = areas.setdefault(x["id"].split()[0], [0, 0])
        counts[0] += same_shape
        counts[1] += 1
        if left:
            report.append((x, left))
    score["areas"] = areas
    score["unused"] = [row for row in allow if row not in used]
    return report, score


def text_of(report, score, brief=False):
    lines = []
    for x, left in report:
        lines.append(x["id"] + (f"  body {x['sent']}" if x.get("sent") and not brief else ""))
        if brief:
            lines.append("    " + ", ".join(f"{place} {what}" for place, what, _ in left[:6]))
        else:
            lines += [f"    {place}: {what}: {text}" for place, what, text in left[:12]]
    lines.append("shape by area: " + ", ".join(f"{name} {n[0]}/{n[1]}" for name, n in score["areas"].items()))
    total = score["total"]
    lines.append(f"score: status {score['status']}/{total}, shape {score['shape']}/{total}, identical {score['same']}/{total}")
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("reference")
    parser.add_argument("ours")
    parser.add_argument("--allow")
    parser.add_argument("--area")
    parser.add_argument("--brief", action="store_true")
    options = parser.parse_args()
    with open(options.reference, encoding="utf-8") as a, open(options.ours, encoding="utf-8") as b:
        report, score = compare(json.load(a), json.load(b), read_allow(options.allow) if options.allow else (), options.area)
    print("\n".join(text_of(report, score, options.brief)))
    sys.exit(score["same"] != score["total"])


if __name__ == "__main__":
    main()
