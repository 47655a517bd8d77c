"""The rest of sys/: tools, quotas, CORS, UI headers, plugins, help, OpenAPI, locked users, configuration."""
import base64
import hashlib

import pytest

from harness import unique, wait_until


def test_random(root):
    hexed = root.post("sys/tools/random/16", {"format": "hex"}).ok(200).data["random_bytes"]
    assert len(bytes.fromhex(hexed)) == 16
    assert len(base64.b64decode(root.post("sys/tools/random/24").ok(200).data["random_bytes"])) == 24
    assert len(base64.b64decode(root.post("sys/tools/random", {"bytes": 8}).ok(200).data["random_bytes"])) == 8
    assert len(base64.b64decode(root.post("sys/tools/random/platform/8").ok(200).data["random_bytes"])) == 8
    root.post("sys/tools/random", {"source": "all", "bytes": 4}).ok(200)
    root.post("sys/tools/random", {"source": "moon"}).refused(400, 'unsupported entropy source "moon"')
    root.post("sys/tools/random/0").refused(400, "'bytes' cannot be less than 1")
    root.post("sys/tools/random/16", {"format": "octal"}).refused(400, "unsupported encoding format")
    assert root.post("sys/tools/random/100000000").status == 400


@pytest.mark.parametrize(("name", "algorithm"), [("sha2-224", "sha224"), ("sha2-256", "sha256"), ("sha2-384", "sha384"), ("sha2-512", "sha512"),
                                                 ("sha3-224", "sha3_224"), ("sha3-256", "sha3_256"), ("sha3-384", "sha3_384"), ("sha3-512", "sha3_512")])
def test_hash(root, name, algorithm):
    text = b"hello"
    sent = {"input": base64.b64encode(text).decode()}
    want = hashlib.new(algorithm, text).digest()
    assert root.post(f"sys/tools/hash/{name}", sent).ok(200).data["sum"] == want.hex()
    assert root.post("sys/tools/hash", {**sent, "algorithm": name, "format": "base64"}).data["sum"] == base64.b64encode(want).decode()


def test_hash_texts(root):
    root.post("sys/tools/hash/md5", {"input": "aGVsbG8="}).refused(400, "unsupported algorithm md5")
    root.post("sys/tools/hash", {"input": "!"}).refused(400, "unable to decode input as base64")


def test_rate_limit_quota(make_server):
    root = make_server().root
    root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    root.post("kv/a", {"v": "1"}).ok(204)
    root.post("sys/quotas/rate-limit/q", {"rate": 5, "path": "kv/", "interval": "10s"}).ok(204)
    data = root.get("sys/quotas/rate-limit/q").ok(200).data
    assert (data["name"], data["rate"], data["path"], data["interval"], data["type"]) == ("q", 5, "kv/", 10, "rate-limit")
    assert root.list("sys/quotas/rate-limit").data["keys"] == ["q"]
    statuses = [root.get("kv/a").status for _ in range(12)]
    assert statuses[:5] == [200] * 5 and statuses[-1] == 429, statuses
    answer = root.get("kv/a")
    answer.refused(429, 'request path "kv/a": rate limit quota exceeded')
    root.get("sys/mounts").ok(200)
    assert root.get("sys/quotas/config").ok(200).data["enable_rate_limit_response_headers"] is False
    root.post("sys/quotas/config", {"enable_rate_limit_response_headers": True}).ok(204)
    limited = root.get("kv/a")
    assert limited.status == 429 and limited.headers["Retry-After"] and limited.headers["X-Ratelimit-Limit"]
    root.post("sys/quotas/rate-limit/bad", {"rate": -1}).refused(400, "'rate' is invalid")
    root.post("sys/quotas/rate-limit/bad", {"rate": 1, "path": "nowhere/"}).refused(400, "invalid mount path")
    root.delete("sys/quotas/rate-limit/q").ok(204)
    root.get("sys/quotas/rate-limit/q").refused(404, [])
    root.get("kv/a").ok(200)


def test_a_quota_costs_little(make_server):
    """L03: a limited request is refused before its body is parsed."""
    server = make_server()
    root = server.root
    root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    root.post("sys/quotas/rate-limit/q", {"rate": 1, "path": "kv/", "interval": "60s"}).ok(204)
    root.get("kv/a")
    assert root.post("kv/a", "{not json at all").status == 429


def test_cors(root):
    assert root.get("sys/config/cors").ok(200).data == {"enabled": False}
    root.post("sys/config/cors", {"allowed_origins": "https://a.example", "allowed_headers": "X-A"}).ok(204)
    data = root.get("sys/config/cors").ok(200).data
    assert data["enabled"] is True and data["allowed_origins"] == ["https://a.example"] and "X-A" in data["allowed_headers"]
    preflight = root.ask("OPTIONS", "sys/mounts", token=None, headers={"Origin": "https://a.example", "Access-Control-Request-Method": "GET"})
    assert preflight.status == 204 and preflight.headers["Access-Control-Allow-Origin"] == "https://a.example"
    stranger = root.get("sys/health", token=None, headers={"Origin": "https://evil.example"})
    assert stranger.headers["Access-Control-Allow-Origin"] is None
    root.delete("sys/config/cors").ok(204)
    assert root.get("sys/health", headers={"Origin": "https://a.example"}).headers["Access-Control-Allow-Origin"] is None


def test_ui_headers(root):
    root.get("sys/config/ui/headers/X-Mine").refused(404, [])
    root.post("sys/config/ui/headers/X-Mine", {"values": ["b"]}).ok()
    assert root.get("sys/config/ui/headers/X-Mine").ok(200).data["value"] == "b"
    assert "X-Mine" in root.get("sys/config/ui/headers?list=true").data["keys"]
    root.delete("sys/config/ui/headers/X-Mine").ok(204)


def test_audited_headers(root):
    name = unique("x-h")
    root.post(f"sys/config/auditing/request-headers/{name}", {"hmac": True}).ok(204)
    assert root.get(f"sys/config/auditing/request-headers/{name}").ok(200).data == {name: {"hmac": True}}
    assert root.get("sys/config/auditing/request-headers").data["headers"][name] == {"hmac": True}
    root.delete(f"sys/config/auditing/request-headers/{name}").ok(204)
    assert name not in root.get("sys/config/auditing/request-headers").data["headers"]


def test_sanitized_config_tells_no_secret(make_server):
    """K07."""
    server = make_server(extra={"cluster_name": "shown", "ui": True})
    data = server.root.get("sys/config/state/sanitized").ok(200)
    assert data.data["cluster_name"] == "shown" and data.data["disable_mlock"] is True
    assert "PRIVATE KEY" not in data.text
    server.root.get("sys/config/state/sanitized", token=None).refused(403)


def test_plugin_catalog(root):
    data = root.get("sys/plugins/catalog").ok(200).data
    assert {"approle", "userpass"} <= set(data["auth"]) and "kv" in data["secret"] and isinstance(data["database"], list)
    assert any(d["name"] == "kv" and d["type"] == "secret" and d["builtin"] is True for d in data["detailed"])
    one = root.get("sys/plugins/catalog/secret/kv").ok(200).data
    assert one["name"] == "kv" and one["builtin"] is True
    root.get("sys/plugins/catalog/secret/nonesuch").refused(404, [])


def test_help(root, kv1):
    page = root.get("sys?help=1").ok(200).json
    assert "system backend" in page["help"] and "see_also" in page
    assert "currently mounted backends" in root.get("sys/mounts?help=1").ok(200).json["help"]
    assert "The kv backend" in root.get(f"{kv1}/?help=1").ok(200).json["help"]
    root.get("nope/noway?help=1").refused(404, 'no handler for route "nope/noway". route entry not found.')
    root.get("sys/mounts?help=1", token=None).refused(403)


def test_locked_users(make_server):
    root = make_server().root
    root.post("sys/auth/up", {"type": "userpass"}).ok(204)
    root.post("auth/up/users/ann", {"password": "long enough"}).ok(204)
    for _ in range(5):
        root.post("auth/up/login/ann", {"password": "wrong"}, token=None).refused(400)
    root.post("auth/up/login/ann", {"password": "long enough"}, token=None).refused(403, "permission denied")
    accessor = root.get("sys/auth/up").data["accessor"]
    data = root.get("sys/locked-users").ok(200).data
    assert data["total"] == 1 and data["by_namespace"][0]["mount_accessors"][0]["alias_identifiers"] == ["ann"]
    root.post(f"sys/locked-users/{accessor}/unlock/ann").ok(204)
    root.post("auth/up/login/ann", {"password": "long enough"}, token=None).ok(200)
    assert root.get("sys/locked-users").data["total"] == 0


def test_lockout_can_be_tuned(make_server):
    root = make_server().root
    root.post("sys/auth/up", {"type": "userpass"}).ok(204)
    root.post("sys/auth/up/tune", {"user_lockout_config": {"lockout_threshold": "2", "lockout_duration": "1s", "lockout_counter_reset": "1s"}}).ok(204)
    root.post("auth/up/users/ann", {"password": "long enough"}).ok(204)
    for _ in range(2):
        root.post("auth/up/login/ann", {"password": "wrong"}, token=None).refused(400)
    root.post("auth/up/login/ann", {"password": "long enough"}, token=None).refused(403)
    wait_until(lambda: root.post("auth/up/login/ann", {"password": "long enough"}, token=None).status == 200, what="the lock to end")


def test_step_down_and_monitor_want_rights(root):
    plain = root.new_token()
    root.put("sys/step-down", token=None).refused(403)
    assert root.put("sys/step-down", token=plain).status in (204, 403)
    root.get("sys/monitor?log_level=info", token=plain).refused(403)
