"""The audit log under attack: every request is in it, no secret ever is, the chain shows any change."""
import json
import os
import subprocess

import pytest

from harness import leaked, unique


@pytest.fixture
def audited(make_server):
    server = make_server(storage="rocksdb")
    server.enable_audit()
    server.root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    server.root.post("sys/mounts/kv2", {"type": "kv-v2"}).ok(204)
    server.root.post("sys/auth/up", {"type": "userpass"}).ok(204)
    server.root.post("sys/auth/ar", {"type": "approle"}).ok(204)
    return server


def pairs(server):
    """{request id: [types]} over the whole file."""
    seen = {}
    for record in server.audit_records():
        if record.get("type") in ("request", "response"):
            seen.setdefault(record["request"]["id"], []).append(record["type"])
    return seen


def test_one_request_and_one_response_record_each(audited):
    """[K10] Malformed, unknown, unsupported and unauthenticated ones too."""
    root = audited.root
    before = set(pairs(audited))
    asked = 0
    for method, path, body, token in (("GET", "kv/none", None, ...), ("GET", "kv/a", None, None), ("GET", "kv/a", None, "hvs.bad"), ("POST", "kv/a", "{broken", ...),
                                      ("GET", "sys/mounts?help=1", None, ...), ("FOO", "sys/mounts", None, ...), ("GET", "no/mount", None, ...),
                                      ("POST", "auth/up/login/nobody", {"password": "x"}, None), ("POST", "auth/up/login/nobody", {}, None), ("PATCH", "kv/a", {"a": "b"}, ...),
                                      ("DELETE", "sys/mounts", None, ...), ("LIST", "kv", None, ...), ("PUT", "sys/unseal", {"key": "AAAA"}, None),
                                      ("GET", "sys/seal-status", None, None), ("POST", "sys/wrapping/unwrap", {"token": "x"}, ...)):
        root.ask(method, path, body, token=token)
        asked += 1
    for path in ("/v1/kv//a", "/v1/kv/%2e%2e/a", "/v1/kv/a%00b", "/v1/%zz"):
        root.get(path, raw_path=True)
        asked += 1
    audited.talk(b"POST /v1/kv/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", replies=1)
    audited.talk(b"POST /v1/kv/a HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", replies=1)
    asked += 2
    fresh = {k: v for k, v in pairs(audited).items() if k not in before}
    assert all(sorted(v) == ["request", "response"] for v in fresh.values()), [v for v in fresh.values() if sorted(v) != ["request", "response"]]
    assert len(fresh) == asked, f"{asked} requests, {len(fresh)} in the log"


def test_no_secret_in_any_form(audited):
    """[K03, K04] As text, number, map key, list item, header, path of a secret id: nowhere in the log, the server's own log or its folder."""
    root = audited.root
    canary = "Canary" + unique("")[-12:]
    root.post("kv/a", {"v": canary, "l": [canary, {"x": canary}], "nested": {"deep": {"er": canary}}}).ok(204)
    root.post("kv2/data/a", {"data": {"v": canary, "pem": f"-----BEGIN KEY-----\n{canary}\n-----END KEY-----"}, "options": {"cas": 0}}).ok(200)
    root.get("kv/a").ok(200)
    root.get("kv2/data/a").ok(200)
    root.post("auth/up/users/ann", {"password": canary}).ok(204)
    root.post("auth/up/login/ann", {"password": canary}, token=None).ok(200)
    root.post("auth/up/login/ann", {"password": canary + "x"}, token=None)
    root.post("auth/up/login/ann", {"passwort": canary}, token=None)
    root.post("auth/up/login/ann", {canary: "password"}, token=None)
    root.post("auth/up/login/ann", f"password={canary}&x", token=None)
    root.post("auth/up/login/ann", '{"password": "%s' % canary, token=None)
    root.post("sys/tools/hash", {"input": canary})
    root.get("kv/a", headers={"X-Vault-Token": canary}, token=None)
    root.get("kv/a", headers={"Authorization": f"Bearer {canary}"}, token=None)
    root.get("kv/a", headers={"X-Vault-Wrap-TTL": canary, "X-Other": canary, "User-Agent": canary})
    root.post("auth/token/create", {"id": canary.lower().replace("-", ""), "policies": ["default"], "ttl": "5m"})
    root.post("auth/token/lookup", {"token": canary})
    root.post("sys/unseal", {"key": canary}, token=None)
    root.post("sys/policies/password/p", {"policy": canary})
    secret = root.post("auth/ar/role/r", {}).status and root.post("auth/ar/role/r/secret-id").ok(200).data["secret_id"]
    root.post("auth/ar/login", {"role_id": canary, "secret_id": secret}, token=None)
    root.post("sys/wrapping/wrap", {"v": canary}, wrap="60").ok(200)
    with open(audited.audit_path, "rb") as log, open(audited.log_path, "rb") as own_log:
        audit, server_log = log.read(), own_log.read()
    for name, content in (("audit log", audit), ("server log", server_log)):
        assert not leaked(canary, content), f"the canary is in the {name}: ...{content[max(0, content.find(canary.encode()) - 300):][:500]}"
        for secret_text in (secret, audited.root_token, audited.keys[0]):
            assert secret_text.encode() not in content, f"a secret is in the {name}"
    audited.terminate()
    for folder, _, files in os.walk(f"{audited.folder}/data"):
        for file in files:
            assert not leaked(canary, open(f"{folder}/{file}", "rb").read()), f"in {file}"


WRONG = [5, True, [1], {"a": 1}, "CANARY", ["CANARY"], {"CANARY": "CANARY"}, 1e300, -1]


def test_a_wrong_type_is_not_echoed(audited):
    """[K05] Every field of every endpoint that OpenAPI names, with values of each wrong type: no 5xx, no echo, nothing in the logs."""
    root = audited.root
    canary = "Canary" + unique("")[-12:]
    values = [json.loads(json.dumps(v).replace("CANARY", canary)) for v in WRONG]
    document = root.get("sys/internal/specs/openapi").ok(200).json
    schemas = document.get("components", {}).get("schemas", {})
    skip = ("/sys/seal", "/sys/step-down", "/sys/init", "/sys/mounts/{path}", "/sys/leases/revoke", "/sys/revoke", "/auth/token/revoke-self", "/sys/audit", "/sys/remount", "/sys/rotate", "/sys/rekey",
            "/sys/generate", "/sys/tools/random", "/sys/quotas", "/sys/config/reload")
    bad, asked = [], 0
    for path, operations in sorted(document["paths"].items()):
        operation = operations.get("post") or operations.get("put")
        if not operation or path.startswith(skip):
            continue
        schema = next(iter(operation.get("requestBody", {}).get("content", {}).values()), {}).get("schema", {})
        schema = schemas.get(schema.get("$ref", "").rsplit("/", 1)[-1], schema)
        for field in schema.get("properties", {}):
            for value in values:
                answer = root.post(path.replace("{", "").replace("}", "").lstrip("/"), {field: value})
                asked += 1
                if field == "secret_id_accessor":  # a name, not a mistyped value: its answer names it, as clients rely on (approle)
                    continue
                if answer.status >= 500 and answer.status != 503 or canary in answer.text and answer.status >= 400:
                    bad.append((path, field, value, answer))
    assert asked > 300, f"only {asked} requests could be made of the OpenAPI document"
    assert not bad, bad[:20]
    assert audited.running() and root.get("sys/health").status == 200
    assert not leaked(canary, open(audited.log_path, "rb").read())
    # What a field that is declared public may hold is shown where it was taken, not where it was refused.
    refused = [json.dumps(r) for r in audited.audit_records() if r.get("error")]
    assert refused and not [r for r in refused if leaked(canary, r.encode())][:3]


def test_errors_show_no_value(audited):
    """[K05] Short values are repeated to who sent them, as Vault does; the log has their hash in the same place."""
    root = audited.root
    root.post("auth/token/create", {"ttl": "hunter2"}).refused(400, '"hunter2"')
    root.get("kv/a", headers={"X-Vault-Wrap-TTL": "hunter2"}).refused(400, '"hunter2"')
    root.post("auth/up/users/ann", {"password": "long enough", "token_ttl": "hunter2"}).refused(400, '"hunter2"')
    log = open(audited.audit_path, encoding="utf-8").read()
    assert "hunter2" not in log
    errors = [r["error"] for r in audited.audit_records() if r.get("error")]
    assert any(e.startswith('time: invalid duration "hmac-sha256:') for e in errors), errors


def test_verify_finds_any_change(audited, tmp_path):
    """Flip, delete, insert, swap, truncate: `audit verify` names the first bad record; an untouched file passes."""
    root = audited.root
    for i in range(60):
        root.post(f"kv/{i}", {"v": str(i)}).ok(204)
    audited.terminate()
    with open(audited.audit_path, "rb") as file:
        lines = file.read().splitlines(keepends=True)
    assert len(lines) > 120

    def verify(changed):
        path = tmp_path / "changed.log"
        path.write_bytes(b"".join(changed))
        return subprocess.run([audited.binary, "audit", "verify", str(path)], capture_output=True, text=True, check=False, timeout=60)

    good = verify(lines)
    assert good.returncode == 0, good
    middle = len(lines) // 2
    flipped = lines[middle].replace(b'"type"', b'"tyqe"', 1)
    cases = {"flipped": [*lines[:middle], flipped, *lines[middle + 1 :]], "deleted": lines[:middle] + lines[middle + 1 :], "doubled": lines[:middle] + lines[middle - 1 :],
             "swapped": [*lines[:middle], lines[middle + 1], lines[middle], *lines[middle + 2 :]], "inserted": [*lines[:middle], lines[5], *lines[middle:]],
             "first lines cut": lines[10:]}
    for name, changed in cases.items():
        out = verify(changed)
        assert out.returncode != 0, f"{name}: {out}"
        assert any(ch.isdigit() for ch in out.stdout + out.stderr), f"{name}: the place is named: {out}"
    torn = verify([*lines[:-1], lines[-1][: len(lines[-1]) // 2]])
    assert torn.returncode != 0 or "torn" in (torn.stdout + torn.stderr).lower()


def test_the_chain_goes_on_after_restarts(audited):
    for kill in (False, True, True):
        audited.root.post("kv/a", {"v": "1"}).ok(204)
        audited.restart(kill=kill)
    audited.root.get("kv/a").ok(200)
    audited.terminate()
    out = audited.cli("audit", "verify", audited.audit_path, token=None)
    assert out.returncode == 0, out


def test_sealed_requests_are_recorded(own):
    """While sealed they go to a file of their own, without any value."""
    root = own.root
    root.put("sys/seal").ok(204)
    root.get("kv/a", token="hvs.canary-while-sealed").refused(503)
    root.put("sys/unseal", {"key": own.keys[0]}, token=None).ok(200)
    own.unseal()
    path = f"{own.folder}/data/audit/sealed.log"
    content = open(path, encoding="utf-8").read()
    assert '"kv/a"' in content and "sys/unseal" in content
    assert own.keys[0] not in content and "canary-while-sealed" not in content


def test_files_are_private(make_server):
    """[J03] Whatever the umask of whom starts it."""
    server = make_server(start=False, storage="rocksdb", wrap=["sh", "-c", 'umask 000; exec "$@"', "sh"])
    server.start()
    server.enable_audit()
    server.root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    server.kill9()  # a running store removes files between being listed and being looked at
    wrong = []
    for top in (f"{server.folder}/data", f"{server.folder}/audit"):
        for folder, _, files in os.walk(top):
            if folder != top and os.stat(folder).st_mode & 0o077:
                wrong.append(folder)
            wrong += [f"{folder}/{f}" for f in files if os.stat(f"{folder}/{f}").st_mode & 0o177]
    assert not wrong, wrong
