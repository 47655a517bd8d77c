"""Mounts of secrets engines and auth methods: enable, read, tune, move, disable."""
import hvac
import pytest

from harness import unique, wait_until


def test_mount_table(root):
    answer = root.get("sys/mounts").ok(200)
    for path, kind in (("sys/", "system"), ("identity/", "identity"), ("cubbyhole/", "cubbyhole")):
        mount = answer.data[path]
        assert mount["type"] == kind
        assert {"accessor", "config", "description", "external_entropy_access", "local", "options", "seal_wrap", "uuid"} <= set(mount)
        assert answer.json[path] == mount, "every key of data is repeated at the top level"
    assert answer.data["cubbyhole/"]["local"] is True


def test_enable_read_disable(root):
    path = unique("kv")
    root.post(f"sys/mounts/{path}", {"type": "kv", "description": "things", "options": {"version": 1}}).ok(204)
    mount = root.get(f"sys/mounts/{path}").ok(200).data
    assert mount["type"] == "kv" and mount["description"] == "things" and mount["options"] == {"version": "1"}, "option values come back as strings"
    assert mount["accessor"].startswith("kv_") and len(mount["accessor"]) == 3 + 8
    root.post(f"sys/mounts/{path}", {"type": "kv"}).refused(400, f"path is already in use at {path}/")
    root.post(f"sys/mounts/{path}/below", {"type": "kv"}).refused(400)
    root.post(f"{path}/a", {"v": "1"}).ok(204)
    root.delete(f"sys/mounts/{path}").ok(204)
    root.get(f"{path}/a").refused(404, f'no handler for route "{path}/a"')
    root.delete(f"sys/mounts/{path}").ok(204)
    root.post(f"sys/mounts/{path}", {"type": "kv"}).ok(204)
    root.get(f"{path}/a").refused(404, [])
    root.delete(f"sys/mounts/{path}")


@pytest.mark.parametrize(("kind", "shown", "version"), [("kv-v1", "kv", "1"), ("kv-v2", "kv", "2"), ("generic", "generic", None)])
def test_aliases_of_kv(root, kind, shown, version):
    path = unique("kv")
    root.post(f"sys/mounts/{path}", {"type": kind}).ok(204)
    mount = root.get("sys/mounts").data[f"{path}/"]
    assert mount["type"] == shown and mount["accessor"].startswith(f"{shown}_")
    if version:
        assert mount["options"]["version"] == version
    root.delete(f"sys/mounts/{path}").ok(204)


def test_bad_mounts(root):
    root.post(f"sys/mounts/{unique()}", {"type": "nonesuch"}).refused(400)
    root.post(f"sys/mounts/{unique()}", {}).refused(400)
    root.post("sys/mounts/sys/more", {"type": "kv"}).refused(400, 'cannot mount "sys/')
    root.delete("sys/mounts/sys").refused(400, 'cannot unmount "sys/"')
    root.get(f"sys/mounts/{unique()}").refused(400)


def test_tune(root, kv1):
    tune = f"sys/mounts/{kv1}/tune"
    start = root.get(tune).ok(200).data
    assert (start["default_lease_ttl"], start["max_lease_ttl"], start["force_no_cache"]) == (2764800, 2764800, False), "effective values"
    root.post(tune, {"default_lease_ttl": "3600s", "max_lease_ttl": 8600, "description": "tuned"}).ok(204)
    now = root.get(tune).data
    assert (now["default_lease_ttl"], now["max_lease_ttl"], now["description"]) == (3600, 8600, "tuned")
    root.put(tune, {"max_lease_ttl": "1234h"}).ok(204)
    now = root.get(tune).data
    assert now["max_lease_ttl"] == 1234 * 3600, "a mount's maximum may exceed the system's"
    assert now["description"] == "tuned", "an absent description stays"
    root.post(tune, {"description": ""}).ok(204)
    assert root.get(tune).data["description"] == ""
    root.post(tune, {"default_lease_ttl": "soon"}).refused(400)
    root.post(tune, {"allowed_response_headers": ["a,b"], "audit_non_hmac_request_keys": ["k"], "listing_visibility": "unauth"}).ok(204)
    now = root.get(tune).data
    assert now["allowed_response_headers"] == ["a,b"], "list elements are not split at commas"
    assert now["audit_non_hmac_request_keys"] == ["k"] and now["listing_visibility"] == "unauth"
    root.post(f"sys/mounts/{unique()}/tune", {"description": "x"}).refused(400)


def test_tune_options_merge(root, kv2):
    root.post(f"sys/mounts/{kv2}/tune", {"options": {"other": "x"}}).ok(204)
    assert root.get(f"sys/mounts/{kv2}").data["options"] == {"version": "2", "other": "x"}


def test_upgrade_of_kv(root, kv1):
    root.post(f"{kv1}/old/name", {"v": "kept"}).ok(204)
    root.post(f"sys/mounts/{kv1}/tune", {"options": {"version": "2"}}).ok()
    answer = wait_until(lambda: (a := root.get(f"{kv1}/data/old/name")).status == 200 and a, what="upgrade")
    assert answer.data["data"] == {"v": "kept"} and answer.data["metadata"]["version"] == 1


def test_move(root, kv2):
    root.post(f"{kv2}/data/a", {"data": {"v": "moved"}}).ok(200)
    to = unique("moved")
    answer = root.post("sys/remount", {"from": kv2, "to": to}).ok(200)
    identity = answer.data["migration_id"]
    assert answer.json["migration_id"] == identity
    info = root.get(f"sys/remount/status/{identity}").ok(200).data["migration_info"]
    assert info["status"] == "success" and info["source_mount"].rstrip("/") == kv2 and info["target_mount"].rstrip("/") == to
    assert root.get(f"{to}/data/a").ok(200).data["data"] == {"v": "moved"}
    root.get(f"{kv2}/data/a").refused(404)
    root.post("sys/remount", {"from": unique(), "to": unique()}).refused(400)
    root.post("sys/remount", {"from": to, "to": "sys/x"}).refused(400)
    root.delete(f"sys/mounts/{to}").ok(204)


def test_move_of_an_auth_method(root, userpass):
    root.post(f"auth/{userpass}/users/ann", {"password": "long enough"}).ok(204)
    to = unique("moved")
    root.post("sys/remount", {"from": f"auth/{userpass}", "to": f"auth/{to}"}).ok(200)
    assert root.post(f"auth/{to}/login/ann", {"password": "long enough"}, token=None).ok(200).token
    root.post("sys/remount", {"from": f"auth/{to}", "to": "secret"}).refused(400)
    root.delete(f"sys/auth/{to}").ok(204)


def test_auth_table(root):
    path = unique("up")
    assert root.get("sys/auth").ok(200).data["token/"]["type"] == "token"
    root.put(f"sys/auth/{path}", {"type": "userpass", "description": "people", "config": {"default_lease_ttl": "60s"}}).ok(204)
    mount = root.get(f"sys/auth/{path}").ok(200).data
    assert mount["type"] == "userpass" and mount["accessor"].startswith("auth_userpass_") and mount["config"]["default_lease_ttl"] == 60
    assert mount["config"]["token_type"] == "default-service"
    root.post(f"sys/auth/{path}", {"type": "userpass"}).refused(400, f"path is already in use at {path}/")
    root.post(f"sys/auth/{path}/tune", {"default_lease_ttl": "120s", "token_type": "batch"}).ok(204)
    tuned = root.get(f"sys/auth/{path}/tune").ok(200).data
    assert tuned["default_lease_ttl"] == 120 and tuned["token_type"] == "batch"
    root.delete(f"sys/auth/{path}").ok(204)
    root.delete("sys/auth/token").refused(400)


def test_disabling_a_method_ends_its_tokens_before_the_answer(root, userpass):
    root.post(f"auth/{userpass}/users/ann", {"password": "long enough"}).ok(204)
    token = root.post(f"auth/{userpass}/login/ann", {"password": "long enough"}, token=None).ok(200).token
    root.get("auth/token/lookup-self", token=token).ok(200)
    root.delete(f"sys/auth/{userpass}").ok(204)
    root.get("auth/token/lookup-self", token=token).refused(403, "permission denied")


def test_hvac_mounts(hv):
    path = unique("hv")
    hv.sys.enable_secrets_engine("kv", path=path, options={"version": "2"}, description="d")
    assert hv.sys.list_mounted_secrets_engines()["data"][f"{path}/"]["options"] == {"version": "2"}
    hv.sys.tune_mount_configuration(path, default_lease_ttl="3600s", max_lease_ttl="8600s")
    assert hv.sys.read_mount_configuration(path)["data"]["max_lease_ttl"] == 8600
    moved = unique("hv")
    hv.sys.move_backend(path, moved)
    assert f"{moved}/" in hv.sys.list_mounted_secrets_engines()["data"]
    hv.sys.disable_secrets_engine(moved)
    auth = unique("hv")
    hv.sys.enable_auth_method("userpass", path=auth)
    hv.sys.tune_auth_method(auth, description="what a guy", default_lease_ttl=60)
    assert hv.sys.read_auth_method_tuning(auth)["data"]["default_lease_ttl"] == 60
    assert f"{auth}/" in hv.sys.list_auth_methods()["data"]
    hv.sys.disable_auth_method(auth)
    with pytest.raises(hvac.exceptions.InvalidRequest):
        hv.sys.enable_secrets_engine("nonesuch")


def test_ui_mounts(root, kv2):
    shown = root.get(f"sys/internal/ui/mounts/{kv2}/data/x").ok(200).data
    assert shown["path"] == f"{kv2}/" and shown["type"] == "kv" and shown["options"] == {"version": "2"}
    everything = root.get("sys/internal/ui/mounts").ok(200).data
    assert f"{kv2}/" in everything["secret"] and "token/" in everything["auth"]
    open_ones = root.get("sys/internal/ui/mounts", token=None).ok(200).data
    assert f"{kv2}/" not in open_ones["secret"] and set(open_ones) >= {"secret", "auth"}
    root.post(f"sys/mounts/{kv2}/tune", {"listing_visibility": "unauth"}).ok(204)
    assert f"{kv2}/" in root.get("sys/internal/ui/mounts", token=None).data["secret"]
    stranger = root.new_token(["default"])
    root.get(f"sys/internal/ui/mounts/{kv2}", token=stranger).refused(
        403, f"preflight capability check returned 403, please ensure client's policies grant access to path \"{kv2}/\"")


def test_a_mount_has_a_name(root):
    for method, path in (("POST", "sys/mounts"), ("DELETE", "sys/mounts"), ("DELETE", "sys/auth"), ("POST", "sys/audit")):
        root.ask(method, path, {"type": "kv"} if method == "POST" else None).refused(405, "1 error occurred:\n\t* unsupported operation\n\n")
    root.post("sys/audit-hash", {"input": "x"}).refused(404, "unsupported path")
    root.post("sys/leases/revoke-prefix").refused(404, "unsupported path")


def test_an_upgrade_is_told(root, kv1):
    root.post(f"{kv1}/k", {"v": "1"}).ok(204)
    answer = root.post(f"sys/mounts/{kv1}/tune", {"options": {"version": "2"}}).ok(200)
    assert answer.json["warnings"] == ["The mount was upgraded from version 1 to version 2."]
    assert root.get(f"{kv1}/data/k").ok(200).data["data"] == {"v": "1"}
    root.post(f"sys/mounts/{kv1}/tune", {"options": {"version": "2"}}).ok(204)


def test_mounts_of_many_segments(root):
    path = unique("a") + "/b/tune"
    root.post(f"sys/mounts/{path}x", {"type": "kv", "description": "deep"}).ok(204)
    assert root.get(f"sys/mounts/{path}x").ok(200).data["description"] == "deep"
    assert root.get(f"sys/mounts/{path}x/tune").ok(200).data["description"] == "deep"
    root.delete(f"sys/mounts/{path}x").ok(204)


def test_remount_texts(root, kv1):
    root.post("sys/remount", {"from": kv1}).refused(400, "both 'from' and 'to' path must be specified as a string")
    root.post("sys/remount", {"from": kv1, "to": kv1}).refused(400, f'path already in use at "{kv1}/"')


def test_lockout_settings_are_numbers(root, kv1):
    name = unique("up")
    root.post(f"sys/auth/{name}", {"type": "userpass"}).ok(204)
    root.post(f"sys/auth/{name}/tune", {"user_lockout_config": {"lockout_threshold": "3", "lockout_duration": "10m", "lockout_counter_reset": 60}}).ok(204)
    tuning = root.get(f"sys/auth/{name}/tune").ok(200).data
    assert (tuning["user_lockout_threshold"], tuning["user_lockout_duration"], tuning["user_lockout_counter_reset_duration"], tuning["user_lockout_disable"]) == (3, 600, 60, False)
    assert root.get("sys/auth").data[f"{name}/"]["config"]["user_lockout_config"] == {"lockout_threshold": 3, "lockout_duration": 600, "lockout_counter_reset": 60, "lockout_disable": False}
    root.post(f"sys/auth/{name}/tune", {"user_lockout_config": {"lockout_threshold": "many"}}).refused(400, "unable to parse user lockout threshold")
    root.post(f"sys/mounts/{kv1}/tune", {"user_lockout_config": {"lockout_threshold": "3"}}).refused(400, 'tuning of user lockout configuration for auth type "kv" not allowed')


def test_what_cannot_be_tuned(root, kv1):
    for path in ("sys", "identity", "cubbyhole"):
        root.post(f"sys/mounts/{path}/tune", {"default_lease_ttl": "1h"}).refused(400, f'cannot tune "{path}/"')
    root.post(f"sys/mounts/{kv1}/tune", {"default_lease_ttl": "2h"}).ok(204)
    root.post(f"sys/mounts/{kv1}/tune", {"default_lease_ttl": "", "description": "d"}).ok(204)
    assert root.get(f"sys/mounts/{kv1}/tune").data["default_lease_ttl"] == 7200
    root.post(f"sys/mounts/{kv1}/tune", {"default_lease_ttl": "system"}).ok(204)
    assert root.get(f"sys/mounts/{kv1}/tune").data["default_lease_ttl"] == 2764800


def test_single_auth_mounts_want_sudo(root):
    who = root.with_policy('path "sys/auth/*" { capabilities = ["read"] } path "sys/auth" { capabilities = ["read"] }')
    who.get("sys/auth").ok(200)
    who.get("sys/auth/token").refused(403)
    who.get("sys/auth/token/tune").refused(403)
