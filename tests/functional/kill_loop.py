#!/usr/bin/env python3
"""Kills the server again and again while eight writers work, and looks whether anything that it acknowledged is lost or torn.

usage: kill_loop.py BINARY [--loops 20] [--writers 8] [--seed N] [--keep]
Each loop: start, unseal, check all that was ever acknowledged, write for 10 to 500 ms, kill -9. Writers overwrite and delete KV
secrets (version 1, and version 2 with check-and-set), make and revoke tokens. After the last loop: every acknowledged operation has its request and its
response record in the audit log, no line is torn but where the log says so, and `coffer audit verify` passes.
The last line is `kill: N passed, N failed`.
"""
import argparse
import json
import os
import random
import shutil
import sys
import threading
import time

import harness
from harness import Server


class Writer(threading.Thread):
    """One caller with names of its own, so that it knows what must be there. Ambiguous: sent, not acknowledged when the server died."""

    def __init__(self, number, server, chance):
        super().__init__(daemon=True)
        self.number, self.server, self.chance = number, server, chance
        self.value = {}          # KV 1 name -> last acknowledged value (None: deleted)
        self.maybe = {}          # name -> value that may have taken effect
        self.version = {}        # KV 2 name -> last acknowledged version
        self.maybe_version = {}  # name -> True when one more version may exist
        self.tokens = {}         # accessor-less: token -> "live" | "revoked" | "maybe"
        self.acknowledged = []   # request ids (read from the reply) or paths with counts
        self.operations = 0
        self.unexpected = []
        self.stop_now = threading.Event()
        self.serial = 0

    def run(self):
        client = self.server.client(self.server.root_token, timeout=20)
        while not self.stop_now.is_set():
            try:
                self.step(client)
            except OSError:
                return
            except Exception as error:  # noqa: BLE001 (http.client's own errors when the server dies within a reply)
                if type(error).__module__ != "http.client":
                    self.unexpected.append(repr(error))
                return

    def step(self, client):
        kind = self.chance.random()
        self.serial += 1
        if kind < 0.45:
            self.write(client)
        elif kind < 0.55:
            self.delete(client)
        elif kind < 0.85:
            self.version_write(client)
        elif kind < 0.95:
            self.make_token(client)
        else:
            self.revoke(client)
        self.operations += 1

    def said(self, answer, allowed):
        if answer.status not in allowed:
            self.unexpected.append(repr(answer))

    def write(self, client):
        name = f"kv1/w{self.number}/{self.chance.randrange(20)}"
        value = f"{self.number}-{self.serial}-" + "x" * self.chance.randrange(3000)
        self.maybe[name] = value
        answer = client.post(name, {"v": value})
        self.said(answer, (204,))
        if answer.status == 204:
            self.value[name] = value
            self.acknowledged.append(("update", name))
        if answer.status != 503:
            self.maybe.pop(name, None)

    def delete(self, client):
        if not self.value:
            return
        name = self.chance.choice(sorted(self.value))
        self.maybe[name] = None
        answer = client.delete(name)
        self.said(answer, (204,))
        if answer.status == 204:
            self.value[name] = None
            self.acknowledged.append(("delete", name))
            self.maybe.pop(name, None)

    def version_write(self, client):
        name = f"w{self.number}-{self.chance.randrange(5)}"
        cas = self.version.get(name, 0)
        if self.maybe_version.get(name):
            return  # settled at the next check
        self.maybe_version[name] = True
        answer = client.post(f"kv2/data/{name}", {"data": {"n": cas + 1, "by": self.number}, "options": {"cas": cas}})
        self.said(answer, (200,))
        if answer.status == 200:
            self.version[name] = answer.data["version"]
            self.acknowledged.append(("update", f"kv2/data/{name}"))
        self.maybe_version.pop(name, None)

    def make_token(self, client):
        answer = client.post("auth/token/create", {"policies": ["default"], "ttl": "2h", "no_parent": True})
        self.said(answer, (200,))
        if answer.status == 200:
            self.tokens[answer.token] = "live"
            self.acknowledged.append(("update", "auth/token/create"))

    def revoke(self, client):
        live = [t for t, state in self.tokens.items() if state == "live"]
        if not live:
            return
        token = self.chance.choice(live)
        self.tokens[token] = "maybe"
        answer = client.post("auth/token/revoke", {"token": token})
        self.said(answer, (204,))
        if answer.status == 204:
            self.tokens[token] = "revoked"
            self.acknowledged.append(("update", "auth/token/revoke"))

    def check(self, client):
        """What is wrong with what this writer was promised; settles what was open."""
        wrong = []
        for name, value in list(self.value.items()) + [(n, self.value.get(n)) for n in self.maybe if n not in self.value]:
            answer = client.get(name)
            got = answer.data["v"] if answer.status == 200 else None
            if answer.status not in (200, 404):
                wrong.append(f"{name}: {answer!r}")
            elif got != value:
                if name in self.maybe and got == self.maybe[name]:
                    self.value[name] = got
                else:
                    wrong.append(f"{name}: {str(got)[:30]!r} instead of {str(value)[:30]!r}")
        self.maybe.clear()
        for name in set(self.version) | set(self.maybe_version):
            answer = client.get(f"kv2/data/{name}")
            version = answer.data["metadata"]["version"] if answer.status == 200 else 0
            known = self.version.get(name, 0)
            if version not in ((known, known + 1) if self.maybe_version.get(name) else (known,)):
                wrong.append(f"kv2/{name}: version {version}, {known} was acknowledged")
            elif version and answer.data["data"] != {"n": version, "by": self.number}:
                wrong.append(f"kv2/{name}: torn: {answer.data['data']}")
            self.version[name] = version
        self.maybe_version.clear()
        for token, state in list(self.tokens.items()):
            status = client.get("auth/token/lookup-self", token=token).status
            if state == "live" and status != 200:
                wrong.append(f"a token that was acknowledged is gone ({status})")
            elif state == "revoked" and status != 403:
                wrong.append(f"a revoked token lives ({status})")
            elif state == "maybe":
                self.tokens[token] = "live" if status == 200 else "revoked"
        if len(self.tokens) > 60:  # forgotten, so that checking does not grow without end
            for token in list(self.tokens)[:30]:
                del self.tokens[token]
        return wrong


def audit_gaps(server, acknowledged):
    """Acknowledged (operation, path) pairs that the audit log does not hold often enough, as response records."""
    missing, seen, torn = [], {}, 0
    with open(server.audit_path, encoding="utf-8", errors="replace") as log:
        for line in log:
            try:
                record = json.loads(line)
            except ValueError:
                torn += 1
                continue
            if record.get("type") == "response" and not record.get("error"):
                request = record["request"]
                operation = {"create": "update"}.get(request["operation"], request["operation"])
                seen[operation, request["path"]] = seen.get((operation, request["path"]), 0) + 1
    for key, count in acknowledged.items():
        if seen.get(key, 0) < count:
            missing.append(f"{key[0]} {key[1]}: acknowledged {count} times, {seen.get(key, 0)} response records")
    return missing, torn


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--loops", type=int, default=20)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", action="store_true", help="leave the server's folder behind")
    options = parser.parse_args()
    harness.BINARY = os.path.abspath(options.binary)
    chance = random.Random(options.seed)
    print(f"seed {options.seed}", flush=True)
    server = Server(storage="rocksdb", binary=harness.BINARY)
    writers = [Writer(i, server, random.Random(chance.random())) for i in range(options.writers)]
    passed = failed = 0
    problems, began, slowest = [], time.monotonic(), 0.0
    try:
        server.start()
        server.enable_audit()
        server.root.post("sys/mounts/kv1", {"type": "kv"}).ok(204)
        server.root.post("sys/mounts/kv2", {"type": "kv-v2"}).ok(204)
        harness.wait_until(lambda: server.root.get("kv2/config").status == 200)
        for loop in range(options.loops):
            for i, old in enumerate(writers):
                fresh = Writer(i, server, old.chance)
                for name in ("value", "maybe", "version", "maybe_version", "tokens", "acknowledged", "operations", "unexpected", "serial"):
                    setattr(fresh, name, getattr(old, name))
                writers[i] = fresh
                fresh.start()
            time.sleep(chance.uniform(0.01, 0.5))
            server.kill9()
            for writer in writers:
                writer.stop_now.set()
            for writer in writers:
                writer.join()
            start = time.monotonic()
            server.spawn()
            server.unseal()
            slowest = max(slowest, time.monotonic() - start)
            wrong = [f"writer {w.number}: {text}" for w in writers for text in w.check(server.root) + w.unexpected]
            for writer in writers:
                writer.unexpected.clear()
            if wrong:
                failed += 1
                problems += [f"loop {loop}: {text}" for text in wrong[:5]]
            else:
                passed += 1
            if (loop + 1) % 50 == 0:
                print(f"{loop + 1} loops, {sum(w.operations for w in writers)} operations, {failed} failed", flush=True)
        acknowledged = {}
        for writer in writers:
            for key in writer.acknowledged:
                acknowledged[key] = acknowledged.get(key, 0) + 1
        server.terminate()
        missing, torn = audit_gaps(server, acknowledged)
        verified = server.cli("audit", "verify", server.audit_path, token=None, timeout=600)
        for text in missing[:20]:
            problems.append(f"audit: {text}")
        if verified.returncode != 0:
            problems.append(f"audit verify: {(verified.stdout + verified.stderr).strip()[:500]}")
        leftovers = [f for f in os.listdir(f"{server.folder}/data") if f.endswith((".tmp", ".new"))]
        if leftovers:
            problems.append(f"left behind: {leftovers}")
        if missing or verified.returncode != 0 or leftovers:
            failed += 1
        else:
            passed += 1
        print(f"{options.loops} kills, {sum(w.operations for w in writers)} operations, {sum(acknowledged.values())} acknowledged, {torn} torn lines closed, "
              f"slowest start {slowest:.2f} s, {time.monotonic() - began:.0f} s in all")
    except Exception as error:  # noqa: BLE001 (told, and counted as a failure)
        failed += 1
        problems.append(f"{type(error).__name__}: {error}")
    finally:
        server.stop()
        if problems or options.keep:
            print(f"the server's folder is kept: {server.folder}")
        else:
            shutil.rmtree(server.folder, ignore_errors=True)
    for text in problems[:60]:
        print(f"  {text}")
    print(f"kill: {passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
