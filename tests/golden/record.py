#!/usr/bin/env python3
"""Records what a Vault-API server answers to our corpus of requests, with volatile values masked.

usage: record.py -o OUT.json [--storage inmem] [--only AREA,...] [--show]      (the server: COFFER_BINARY, or the dev build)
The corpus is corpus/*.yaml, run in order of file name against one fresh server. A request is one line,
    - [METHOD, path below /v1/, body or null, {options}]
options: as (root, none, bad, or the name of a saved token; default root), headers, ns (namespace), wrap (TTL),
save ({name: path.in.answer}; `$name` is then replaced in later paths, bodies and headers), wait (seconds before),
until (ask again, at most 5 s, until this status comes), raw (true: path without /v1/), text (body sent as it is).
Known names: $root, $dir (folder of the server), $unseal, $epoch (now). compare.py compares two recordings.
"""
import argparse
import glob
import http.client
import json
import os
import re
import shutil
import ssl
import sys
import time
import urllib.parse

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "functional"))
from harness import Server  # noqa: E402 (found through the line above)

HEADERS = ("content-type", "cache-control", "location", "retry-after", "allow", "www-authenticate", "x-vault-namespace", "warning", "deprecation")
TEXT = [(re.compile(p), r) for p, r in (
    (r"-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----", r"<pem \1>"),
    (r"ssh-(rsa|ed25519)(-cert-v01@openssh.com)? [A-Za-z0-9+/=]+|ecdsa-sha2[\w@.-]* [A-Za-z0-9+/=]+", r"<ssh key>"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
    (r"\beyJ[\w-]+\.[\w-]+\.[\w-]+", "<jwt>"),
    (r"vault:v(\d+):[A-Za-z0-9+/_=-]{8,}", r"vault:v\1:<data>"),
    (r"\b(hv[sbr]|[sbr])\.[\w-]{20,}(\.\w{6})?", r"<token>"),
    (r"\b([a-z0-9]+(?:_[a-z0-9]+)*)_[0-9a-f]{8}\b", r"\1_<hex8>"),
    (r"\b(?:[0-9a-f]{2}:){7,}[0-9a-f]{2}\b", "<serial>"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?\s?(Z|[+-]\d\d:?\d\d|UTC)(?: m=\S+)?", "<time>"),
    (r"\b[0-9a-f]{64}\b", "<hex64>"), (r"\b[0-9a-f]{40}\b", "<hex40>"), (r"hmac-sha256:\w+", "hmac-sha256:<hex>"),
    (r"(?<!\w)(?=[A-Za-z0-9]*[a-z])(?=[A-Za-z0-9]*[A-Z])[A-Za-z0-9]{24}(\.\w{6})?(?!\w)", "<id24>"),
    (r"127\.0\.0\.1:\d+", "<address>"), (r"(?<=secret=)[A-Z2-7]+", "<base32>"))]
OPAQUE = {"request_id", "commit_date", "build_date", "cluster_name", "cluster_id", "running_plugin_version", "running_sha256", "nonce", "otp", "ciphertext_blob", "random_bytes",
          "backup", "barcode", "url", "hmac", "sum", "encoded_token", "encoded_root_token", "plaintext_key", "keys_base64", "previous_version", "encryptions", "hostname", "serial_number", "client_id", "help", "echo_duration_ms", "clock_skew_ms"}


def text(s, folder):
    s = s.replace(folder, "<dir>")
    for pattern, to in TEXT:
        s = pattern.sub(to, s)
    if re.fullmatch(r"(?=.*[A-Z0-9])[A-Za-z0-9+/_-]{40,}={0,2}", s):
        return "<base64>"
    return s if len(s) < 300 else "<long text>"


def mask(v, folder, key=""):
    """Keeps keys, types, error texts and plain values; replaces what differs from run to run by a <word>; remaining seconds are rounded up to tens or minutes."""
    if isinstance(v, dict):
        out = {}
        for k, x in sorted(v.items(), key=lambda i: json.dumps(mask(i[1], folder, i[0]), sort_keys=True) if text(i[0], folder) != i[0] else i[0]):
            k2 = text(k, folder); n = k2; i = 2
            while n in out: n = f"{k2} #{i}"; i += 1
            out[n] = mask(x, folder, k)
        return out
    if isinstance(v, list): return [mask(x, folder, key) for x in v]
    if isinstance(v, str):
        if v and (key in OPAQUE or key == "version" and v.count(".") == 2): return f"<{key}>"
        return "<nsid>" if key == "id" and re.fullmatch(r"[A-Za-z0-9]{6}", v) else text(v, folder)
    if isinstance(v, (int, float)) and not isinstance(v, bool):
        if key in OPAQUE: return f"<{key}>"
        if 1.5e9 < v < 2.6e9: return "<epoch>"
        if re.search("ttl|lease_duration|increment|expir", key): n = 60 if v > 600 else 10; return -(-v // n) * n
    return v


class Recorder:
    def __init__(self, server):
        self.server = server
        self.context = ssl.create_default_context(cafile=server.cafile)
        self.saved = {"root": server.root_token, "dir": server.folder, "unseal": server.keys[0], "epoch": str(int(time.time()))}
        self.connection, self.seen = None, {}

    def fill(self, v):
        if isinstance(v, str):
            whole = re.fullmatch(r"\$([a-z_0-9]+)", v)
            if whole and whole[1] in self.saved:
                return self.saved[whole[1]]
            return re.sub(r"\$([a-z_0-9]+)", lambda m: str(self.saved.get(m[1], m[0])), v)
        if isinstance(v, list):
            return [self.fill(x) for x in v]
        if isinstance(v, dict):
            return {self.fill(k): self.fill(x) for k, x in v.items()}
        return v

    def ask(self, method, path, body, o):
        headers = {k: str(v) for k, v in self.fill(o.get("headers", {})).items()}
        who = o.get("as", "root")
        if who != "none":
            headers["X-Vault-Token"] = "hvs.AAAAAAAAAAAAAAAAAAAAAAAA" if who == "bad" else self.saved.get(who, "missing-" + who)
        if "ns" in o:
            headers["X-Vault-Namespace"] = o["ns"]
        if "wrap" in o:
            headers["X-Vault-Wrap-TTL"] = str(o["wrap"])
        data = o["text"].encode() if "text" in o else None if body is None else json.dumps(self.fill(body)).encode()
        url = urllib.parse.quote(("/" if o.get("raw") else "/v1/") + self.fill(path), safe="/%?=&:+,$@~;()!*'.-_")
        for attempt in (1, 2):
            try:
                if not self.connection:
                    self.connection = http.client.HTTPSConnection("127.0.0.1", self.server.port, context=self.context, timeout=30)
                self.connection.request(method, url, data, headers)
                reply = self.connection.getresponse()
                raw = reply.read()
                return reply, raw
            except (http.client.HTTPException, OSError):
                self.connection = None
                if attempt == 2:
                    raise

    def run(self, area, method, path, body=None, o=None):
        o = o or {}
        if "wait" in o:
            time.sleep(o["wait"])
        end = time.time() + 5
        while True:
            reply, raw = self.ask(method, path, body, o)
            if o.get("until") in (None, reply.status) or time.time() > end:
                break
            time.sleep(0.05)
        try:
            answer = json.loads(raw) if raw else None
        except ValueError:
            answer = raw.decode("latin-1")
        for name, where in o.get("save", {}).items():
            v = answer
            for step in where.split("."):
                if isinstance(v, list) and step.isdigit() and int(step) < len(v):
                    v = v[int(step)]
                else:
                    v = v.get(step) if isinstance(v, dict) else None
            if v is not None:
                self.saved[name] = v
        key = f"{area} {o.get('as', 'root')} {method} {path}"
        n = self.seen[key] = self.seen.get(key, 0) + 1
        folder = self.server.folder
        return {"id": key + (f" #{n}" if n > 1 else ""), "sent": None if body is None else json.dumps(body), "status": reply.status,
                "headers": {k: text(reply.getheader(k), folder) for k in HEADERS if reply.getheader(k)},
                "body": mask(answer, folder) if not isinstance(answer, str) else text(answer, folder)[:400]}


def record(storage="inmem", only=None, show=False):
    """Runs the corpus against a fresh server and returns the masked answers."""
    server = Server(storage=storage)
    server.config.update({"audit_dirs": [server.folder], "raw_storage_endpoint": True, "log_level": "warn", "cluster_addr": f"https://127.0.0.1:{server.port + 1}"})
    server.write_config()
    out = []
    try:
        recorder = Recorder(server.start())
        for file in sorted(glob.glob(f"{HERE}/corpus/*.yaml")):
            area = re.sub(r"^\d+-", "", os.path.basename(file)[:-5])
            if only and area not in only.split(",") + ["setup"]:
                continue
            with open(file, encoding="utf-8") as lines:
                requests = yaml.safe_load(lines)
            for line in requests:
                try:
                    x = recorder.run(area, *line)
                except (http.client.HTTPException, OSError) as error:
                    x = {"id": f"{area} {line[0]} {line[1]}", "status": 0, "headers": {}, "body": type(error).__name__}
                out.append(x)
                if show:
                    print(x["status"], x["id"], json.dumps(x["body"])[:230])
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", "--out", required=True)
    parser.add_argument("--storage", default="inmem")
    parser.add_argument("--only")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    out = record(options.storage, options.only, options.show)
    with open(options.out, "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(json.dumps(x, sort_keys=True) for x in out) + "\n]\n")
    print(f"{len(out)} requests recorded in {options.out}")


if __name__ == "__main__":
    main()
