"""Leases: those of tokens are visible, found by prefix, renewed, revoked; the older spellings of the paths."""
import time

import pytest

from harness import together, unique, wait_until


def lease_of(root, token):
    """The lease id of a token made at auth/token/create, found as an operator would."""
    accessor = root.post("auth/token/lookup", {"token": token}).ok(200).data["accessor"]
    for key in root.list("sys/leases/lookup/auth/token/create").ok(200).data["keys"]:
        lease = f"auth/token/create/{key}"
        if root.put("sys/leases/lookup", {"lease_id": lease}).status == 200:
            yield lease, accessor


@pytest.fixture
def leased(make_server):
    """A server with one leased token, so that the only lease is its."""
    server = make_server()
    token = server.root.new_token(ttl="1h")
    keys = server.root.list("sys/leases/lookup/auth/token/create").ok(200).data["keys"]
    assert len(keys) == 1
    return server.root, token, f"auth/token/create/{keys[0]}"


def test_lookup(leased):
    root, _, lease = leased
    assert len(lease.rsplit("/", 1)[1]) == 65 and lease.rsplit("/", 1)[1][0] == "h"
    data = root.put("sys/leases/lookup", {"lease_id": lease}).ok(200).data
    assert {"id", "issue_time", "expire_time", "last_renewal", "renewable", "ttl"} <= set(data)
    assert data["id"] == lease and data["renewable"] is True and 3500 < data["ttl"] <= 3600 and data["last_renewal"] is None
    assert "auth/" in root.list("sys/leases/lookup/").ok(200).data["keys"]
    assert root.list("sys/leases/lookup/auth/token/").data["keys"] == ["create/"]
    root.list("sys/leases/lookup/auth/none/").refused(404, [])


def test_renew(leased):
    root, _, lease = leased
    assert root.put("sys/leases/renew", {"lease_id": lease, "increment": 7200}).ok(200).json["lease_duration"] == 7200
    assert root.put("sys/leases/lookup", {"lease_id": lease}).data["last_renewal"]
    root.put(f"sys/leases/renew/{lease}", {"increment": "1h"}).ok(200)


def test_revoke_ends_the_token(leased):
    root, token, lease = leased
    root.put("sys/leases/revoke", {"lease_id": lease}).ok(204)
    root.get("auth/token/lookup-self", token=token).refused(403)
    root.put("sys/leases/lookup", {"lease_id": lease}).refused(400, "invalid lease")
    root.put("sys/leases/revoke", {"lease_id": lease}).ok(204)


@pytest.mark.parametrize("path", ["sys/leases/revoke-prefix", "sys/revoke-prefix", "sys/leases/revoke-force"])
def test_revoke_prefix(leased, path):
    root, token, _ = leased
    more = [root.new_token(ttl="1h") for _ in range(20)]
    root.put(f"{path}/auth/token/create").ok(204)
    for one in (token, *more):
        root.get("auth/token/lookup-self", token=one).refused(403)
    root.list("sys/leases/lookup/auth/token/create").refused(404, [])
    root.put(f"{path}/auth/token/create").ok(204)
    root.get("auth/token/lookup-self").ok(200)


def test_revoke_later(leased):
    root, token, lease = leased
    answer = root.put("sys/leases/revoke", {"lease_id": lease, "sync": False})
    assert answer.status == 202 and answer.raw == b""
    wait_until(lambda: root.get("auth/token/lookup-self", token=token).status == 403, what="revocation")


def test_a_prefix_is_revoked_later_too(make_server):
    """sync=false: the answer comes at once, the tokens end; those of another name stay."""
    root = make_server().root
    tokens, orphan = [root.new_token() for _ in range(30)], root.post("auth/token/create-orphan", {"policies": ["default"]}).ok(200).token
    answer = root.put("sys/leases/revoke-prefix/auth/token/create", {"sync": False})
    assert answer.status == 202 and answer.raw == b""
    wait_until(lambda: all(root.get("auth/token/lookup-self", token=t).status == 403 for t in tokens), what="revocation")
    root.get("auth/token/lookup-self", token=orphan).ok(200)
    wait_until(lambda: root.list("sys/leases/lookup/auth/token/").data["keys"] == ["create-orphan/"], what="the leases to go")


def test_a_revocation_by_prefix_outlives_the_server(own):
    """F-43: it is written down before it begins, so it ends even if the server does first."""
    root = own.root
    tokens = [root.new_token() for _ in range(500)]
    root.put("sys/leases/revoke-prefix/auth/token/create", {"sync": False}).ok(202)
    own.kill9()
    own.spawn().unseal()
    wait_until(lambda: root.list("sys/leases/lookup/auth/token/create").status == 404, what="the leases to go")
    for token in tokens[:5]:
        root.get("auth/token/lookup-self", token=token).refused(403)


def test_a_revocation_by_prefix_gives_way_to_sealing(own):
    """Who waits for it is told that it goes on later; it does."""
    root = own.root
    tokens = [root.new_token() for _ in range(600)]

    def act(i):
        mine = own.client(own.root_token)
        if i == 0:
            return mine.put("sys/leases/revoke-prefix/auth/token/create")
        wait_until(lambda: mine.get("auth/token/lookup-self", token=tokens[0]).status != 200 or mine.get("auth/token/lookup-self", token=tokens[-1]).status != 200, what="its beginning")
        return mine.put("sys/seal").ok(204)

    revoked, _ = together(2, act)
    assert revoked.status == 204 or (revoked.status == 503 and "sealed" in revoked.json["errors"][0]), repr(revoked)
    own.unseal()
    wait_until(lambda: root.list("sys/leases/lookup/auth/token/create").status == 404, what="the leases to go")
    root.get("auth/token/lookup-self", token=tokens[-1]).refused(403)


def test_the_first_root_token_has_no_lease(make_server):
    """No prefix ends it; a root token that was made like others has one, without an end."""
    root = make_server().root
    root.list("sys/leases/lookup/auth/").refused(404, [])
    root.post("auth/token/create", {"policies": ["root"]}).ok(200)
    lease = "auth/token/create/" + root.list("sys/leases/lookup/auth/token/create").ok(200).data["keys"][0]
    data = root.put("sys/leases/lookup", {"lease_id": lease}).ok(200).data
    assert data["expire_time"] is None and data["ttl"] == 0
    root.put("sys/leases/renew", {"lease_id": lease}).refused(400, "lease is not renewable")
    root.put("sys/leases/revoke-prefix/auth/token").ok(204)
    root.get("auth/token/lookup-self").ok(200)


def test_renewing_a_lease_checks_the_login_again(make_server):
    """S10: the lease of a login's token is not renewed once its user is gone."""
    root = make_server().root
    root.post("sys/auth/up", {"type": "userpass"}).ok(204)
    root.post("auth/up/users/ann", {"password": "long enough"}).ok(204)
    token = root.post("auth/up/login/ann", {"password": "long enough"}, token=None).ok(200).token
    lease = "auth/up/login/ann/" + root.list("sys/leases/lookup/auth/up/login/ann").ok(200).data["keys"][0]
    assert root.put("sys/leases/renew", {"lease_id": lease, "increment": 60}).ok(200).json["lease_duration"] == 60
    assert 0 < root.get("auth/token/lookup-self", token=token).ok(200).data["ttl"] <= 60
    root.delete("auth/up/users/ann").ok(204)
    assert root.put("sys/leases/renew", {"lease_id": lease}).status in (400, 403)


def test_texts(root):
    root.put("sys/leases/lookup", {"lease_id": "nope"}).refused(400, "invalid lease")
    root.put("sys/leases/lookup", {}).refused(400, "lease_id must be specified")
    root.put("sys/leases/renew", {"lease_id": "nope"}).refused(400, "lease not found")
    root.put("sys/leases/renew", {}).refused(400, "lease_id must be specified")
    root.put("sys/leases/revoke", {}).refused(400, "lease_id must be specified")
    root.put("sys/leases/revoke-prefix/nothing/here").ok(204)
    for path in ("sys/renew", "sys/revoke"):
        root.put(path, {"lease_id": "x"}).refused(404, "1 error occurred:\n\t* unsupported path\n\n")
    root.get("sys/leases/count").refused(404, [])
    tidy = root.put("sys/leases/tidy")
    assert tidy.status == 202 and tidy.json["warnings"] == [
        "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs."]


def test_a_lease_that_is_not_renewable(make_server):
    root = make_server().root
    token = root.new_token(ttl="1h", renewable=False)
    lease = "auth/token/create/" + root.list("sys/leases/lookup/auth/token/create").data["keys"][0]
    root.put("sys/leases/renew", {"lease_id": lease}).refused(400, "lease is not renewable")
    root.get("auth/token/lookup-self", token=token).ok(200)


def test_prefixes_want_sudo(root):
    plain = root.with_policy('path "sys/leases/*" { capabilities = ["update", "list"] } path "sys/revoke-prefix/*" { capabilities = ["update"] }')
    plain.put("sys/leases/revoke-prefix/auth/token/create").refused(403)
    plain.put("sys/leases/revoke-force/auth/token/create").refused(403)
    plain.put("sys/revoke-prefix/auth/token/create").refused(403)
    plain.list("sys/leases/lookup/auth/token/create").refused(403)


def test_an_empty_prefix_is_refused(root):
    """H07: nobody revokes everything by leaving out a name."""
    for path in ("sys/leases/revoke-prefix", "sys/leases/revoke-prefix/", "sys/leases/revoke-force/", "sys/revoke-prefix/"):
        assert root.put(path).status in (400, 404, 405), path
    root.get("auth/token/lookup-self").ok(200)


def test_expiry_survives_a_restart(own):
    """Tokens end when they are due, also while nobody runs, and without a scan at the start."""
    root = own.root
    soon, later = root.new_token(ttl="2s"), root.new_token(ttl="1h")
    own.kill9()
    time.sleep(2.2)
    own.spawn().unseal()
    root.get("auth/token/lookup-self", token=soon).refused(403)
    assert root.get("auth/token/lookup-self", token=later).ok(200).data["ttl"] < 3600
    wait_until(lambda: len(root.list("sys/leases/lookup/auth/token/create").data["keys"]) == 1, what="the expired lease to go")


def test_hvac_leases(make_server):
    import hvac

    server = make_server()
    server.root.new_token(ttl="1h")
    client = hvac.Client(url=server.address, token=server.root_token, verify=server.cafile)
    lease = "auth/token/create/" + client.sys.list_leases("auth/token/create")["data"]["keys"][0]
    assert client.sys.read_lease(lease)["data"]["id"] == lease
    assert client.sys.renew_lease(lease, increment=600)["lease_duration"] == 600
    client.sys.revoke_lease(lease)
    server.root.new_token(ttl="1h")
    client.sys.revoke_prefix("auth/token/create")
    server.root.new_token(ttl="1h")
    client.sys.revoke_force("auth/token/create")
    with pytest.raises(hvac.exceptions.InvalidPath):
        client.sys.list_leases(unique())
