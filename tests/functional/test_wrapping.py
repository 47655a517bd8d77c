"""Response wrapping and cubbyhole: one secret, one reading."""
import json
import time

import pytest

from harness import leaked, together, unique


@pytest.fixture
def wrapped(root, kv1):
    """The wrap_info of a KV read; its secret is {"v": "inside"}."""
    root.post(f"{kv1}/a", {"v": "inside"}).ok(204)
    return root.get(f"{kv1}/a", wrap="5m").ok(200).json["wrap_info"], f"{kv1}/a"


def test_wrapped_answer(wrapped, root):
    info, path = wrapped
    assert info["token"].startswith("hvs.") and info["ttl"] == 300 and info["creation_path"] == path and info["accessor"] and info["creation_time"]
    whole = root.get(path, wrap=60).ok(200).json
    assert set(whole) - {"mount_type"} == {"request_id", "lease_id", "renewable", "lease_duration", "data", "wrap_info", "warnings", "auth"}
    assert whole["request_id"] == "" and whole["data"] is None and whole["auth"] is None and whole["warnings"] is None


@pytest.mark.parametrize("how", ["header", "body"])
def test_unwrap(wrapped, root, how):
    info, _ = wrapped
    if how == "header":
        answer = root.post("sys/wrapping/unwrap", token=info["token"])
    else:
        answer = root.post("sys/wrapping/unwrap", {"token": info["token"]})
    assert answer.ok(200).data == {"v": "inside"} and len(answer.json["request_id"]) == 36
    root.post("sys/wrapping/unwrap", {"token": info["token"]}).refused(400, "wrapping token is not valid or does not exist")
    root.post("sys/wrapping/unwrap", token=info["token"]).refused(400, "wrapping token is not valid or does not exist")


def test_unwrap_texts(root):
    root.post("sys/wrapping/unwrap", {"token": "hvs.unknown"}).refused(400, "wrapping token is not valid or does not exist")
    root.post("sys/wrapping/unwrap", token=root.new_token()).refused(400, "wrapping token is not valid or does not exist")
    root.post("sys/wrapping/unwrap", token=None).refused(403, "error validating wrapping token: token is empty")
    info = root.post("sys/wrapping/wrap", {"a": "b"}, wrap="60").ok(200).json["wrap_info"]
    root.post("sys/wrapping/unwrap", {"token": info["token"]}, token=None).refused(403, "permission denied")


def test_lookup(wrapped, root):
    info, path = wrapped
    for turn in range(3):
        data = root.post("sys/wrapping/lookup", {"token": info["token"]}, token=None if turn else root.token).ok(200).data
        assert data["creation_ttl"] == 300 and data["creation_path"] == path and data["creation_time"], "looking never uses it up"
    assert root.post("auth/token/lookup", {"token": info["token"]}).ok(200).data["policies"] == ["response-wrapping"]
    root.post("sys/wrapping/unwrap", token=info["token"]).ok(200)
    root.post("sys/wrapping/lookup", {"token": info["token"]}).refused(400, "wrapping token is not valid or does not exist")


def test_rewrap_ends_the_old(wrapped, root):
    """M05, M07."""
    info, path = wrapped
    fresh = root.post("sys/wrapping/rewrap", {"token": info["token"]}).ok(200).json["wrap_info"]
    assert fresh["creation_path"] == path and fresh["ttl"] == 300 and fresh["token"] != info["token"]
    root.post("sys/wrapping/unwrap", token=info["token"]).refused(400)
    assert root.post("sys/wrapping/unwrap", token=fresh["token"]).ok(200).data == {"v": "inside"}


def test_only_one_of_a_hundred_unwraps(server, wrapped):
    """M01."""
    info, _ = wrapped
    answers = together(100, lambda _: server.client(info["token"]).post("sys/wrapping/unwrap"))
    won = [a for a in answers if a.status == 200]
    assert len(won) == 1 and won[0].data == {"v": "inside"}
    for lost in answers:
        if lost is not won[0]:
            lost.refused(400, "wrapping token is not valid or does not exist")


def test_a_wrapping_token_is_good_for_nothing_else(wrapped, root):
    """M02."""
    info, path = wrapped
    for method, where in (("GET", path), ("GET", "auth/token/lookup-self"), ("POST", "auth/token/renew-self"), ("POST", "auth/token/create"), ("GET", "sys/mounts")):
        root.ask(method, where, {} if method == "POST" else None, token=info["token"]).refused(403)


def test_what_is_wrapped(root, kv1, userpass):
    """M03: lists and logins are; errors, 204 and 404 go out plain."""
    root.post(f"{kv1}/a", {"v": "1"}, wrap="60").ok(204)
    listed = root.list(kv1, wrap="60").ok(200).json["wrap_info"]["token"]
    assert root.post("sys/wrapping/unwrap", token=listed).data == {"keys": ["a"]}
    root.get(f"{kv1}/none", wrap="60").refused(404, [])
    root.post("sys/capabilities-self", {}, wrap="60").refused(400)
    assert "wrap_info" not in root.get("sys/health", wrap="60").json
    root.post(f"auth/{userpass}/users/ann", {"password": "long enough"}).ok(204)
    info = root.post(f"auth/{userpass}/login/ann", {"password": "long enough"}, token=None, wrap="60").ok(200).json["wrap_info"]
    inside = root.post("sys/wrapping/unwrap", token=info["token"]).ok(200).auth
    assert info["wrapped_accessor"] == inside["accessor"] and info["creation_path"] == f"auth/{userpass}/login/ann"
    root.get("auth/token/lookup-self", token=inside["client_token"]).ok(200)


def test_wrap_anything(root):
    made = root.post("sys/wrapping/wrap", {"zip": "zap", "n": 12345678901234567890}, wrap="5m").ok(200).json["wrap_info"]
    assert made["creation_path"] == "sys/wrapping/wrap"
    assert root.post("sys/wrapping/unwrap", token=made["token"]).ok(200).data == {"zip": "zap", "n": 12345678901234567890}
    root.post("sys/wrapping/wrap", {"a": "b"}).refused(400, "endpoint requires response wrapping to be used")
    root.post("sys/wrapping/wrap", {}, wrap="10s").ok(200)


@pytest.mark.parametrize(("ttl", "seconds"), [("60", 60), ("10s", 10), ("5m", 300), ("1h30m", 5400)])
def test_forms_of_a_ttl(root, ttl, seconds):
    assert root.post("sys/wrapping/wrap", {"a": "b"}, wrap=ttl).ok(200).json["wrap_info"]["ttl"] == seconds


def test_bad_ttls(root):
    """M04."""
    root.post("sys/wrapping/wrap", {"a": "b"}, wrap="soon").refused(400, 'error parsing X-Vault-Wrap-TTL header: time: invalid duration "soon"')
    root.post("sys/wrapping/wrap", {"a": "b"}, wrap="-5s").refused(400, "requested wrap ttl cannot be negative")
    for ttl in ("99999999999999999999h", "1e400", "0x10"):
        assert root.post("sys/wrapping/wrap", {"a": "b"}, wrap=ttl).status == 400, ttl


def test_it_expires(root):
    token = root.post("sys/wrapping/wrap", {"a": "b"}, wrap="1s").ok(200).json["wrap_info"]["token"]
    time.sleep(1.2)
    root.post("sys/wrapping/unwrap", token=token).refused(400, "wrapping token is not valid or does not exist")


def test_cubbyhole_response(wrapped, root):
    """The older way to unwrap: it consumes the token too."""
    info, _ = wrapped
    answer = root.get("cubbyhole/response", token=info["token"]).ok(200)
    assert json.loads(answer.data["response"])["data"] == {"v": "inside"} and answer.json["warnings"]
    root.get("cubbyhole/response", token=info["token"]).refused(403)
    root.get("cubbyhole/response", token=root.new_token()).refused(404)


def test_never_in_the_audit_log(server, root):
    """M09: neither the token nor what it wraps."""
    canary = unique("canary")
    info = root.post("sys/wrapping/wrap", {"v": canary}, wrap="5m").ok(200).json["wrap_info"]
    root.post("sys/wrapping/unwrap", token=info["token"]).ok(200)
    content = open(server.audit_path, "rb").read()
    assert not leaked(canary, content) and not leaked(info["token"], content)


def test_survives_restart_and_seal(own):
    """M06."""
    root = own.root
    made = [root.post("sys/wrapping/wrap", {"v": str(i)}, wrap="10m").ok(200).json["wrap_info"]["token"] for i in range(3)]
    assert root.post("sys/wrapping/unwrap", token=made[0]).ok(200).data == {"v": "0"}
    own.restart(kill=True)
    root.post("sys/wrapping/unwrap", token=made[0]).refused(400)
    assert root.post("sys/wrapping/unwrap", token=made[1]).ok(200).data == {"v": "1"}
    root.put("sys/seal").ok(204)
    own.unseal()
    assert root.post("sys/wrapping/unwrap", token=made[2]).ok(200).data == {"v": "2"}


def test_wrapped_token_may_be_revoked_first(root):
    info = root.post("auth/token/create", {"policies": ["default"], "ttl": "1h"}, wrap="5m").ok(200).json["wrap_info"]
    root.post("auth/token/revoke-accessor", {"accessor": info["wrapped_accessor"]}).ok(204)
    assert root.post("sys/wrapping/unwrap", token=info["token"]).ok(200).auth["client_token"]


def test_hvac_wrapping(hv):
    made = hv.sys.wrap({"zip": "zap"}, ttl=300)
    assert hv.sys.unwrap(made["wrap_info"]["token"])["data"] == {"zip": "zap"}
    made = hv.auth.token.create(wrap_ttl="60s")
    assert hv.sys.unwrap(token=made["wrap_info"]["token"])["auth"]["client_token"]


# -- cubbyhole ---------------------------------------------------------------------------------------------------------
def test_cubbyhole_is_each_tokens_own(root):
    one, two = root.copy(root.new_token()), root.copy(root.new_token())
    one.post("cubbyhole/a/b", {"v": "mine", "n": 1.0}).ok(204)
    answer = one.get("cubbyhole/a/b").ok(200)
    assert answer.data == {"v": "mine", "n": 1.0} and '"n":1.0' in answer.text.replace(" ", "")
    assert one.list("cubbyhole/").ok(200).data["keys"] == ["a/"] and one.list("cubbyhole/a").data["keys"] == ["b"]
    two.get("cubbyhole/a/b").refused(404, [])
    two.list("cubbyhole/").refused(404, [])
    root.get("cubbyhole/a/b").refused(404, [])
    one.put("cubbyhole/a/b", {"v": "again"}).ok(204)
    one.delete("cubbyhole/a/b").ok(204)
    one.get("cubbyhole/a/b").refused(404, [])
    one.post("cubbyhole/a", {}).refused(400, "missing data fields")


def test_cubbyhole_ends_with_its_token(root):
    token = root.post("auth/token/create", {"id": unique("given"), "policies": ["default"]}).ok(200).token
    root.post("cubbyhole/a", {"v": "old"}, token=token).ok(204)
    root.post("auth/token/revoke", {"token": token}).ok(204)
    root.post("auth/token/create", {"id": token, "policies": ["default"]}).ok(200)
    root.get("cubbyhole/a", token=token).refused(404, [])


def test_batch_tokens_have_no_cubbyhole(root):
    root.get("cubbyhole/a", token=root.new_token(type="batch")).refused(400, "cubbyhole operations are only supported by 'service' type tokens")


def test_a_wrapped_secret_shows_no_lease(root, kv1):
    """The lease of what is wrapped is its reader's to know."""
    root.post(f"{kv1}/leased", {"v": "1", "ttl": "1h"}).ok(204)
    assert root.get(f"{kv1}/leased").json["lease_duration"] == 3600
    wrapped = root.get(f"{kv1}/leased", headers={"X-Vault-Wrap-TTL": "60"}).ok(200).json
    assert (wrapped["lease_duration"], wrapped["lease_id"], wrapped["renewable"]) == (0, "", False)
    assert root.post("sys/wrapping/unwrap", {"token": wrapped["wrap_info"]["token"]}).json["lease_duration"] == 3600
