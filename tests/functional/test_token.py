"""Tokens: making, reading, renewing, revoking; trees, uses, periods, batch tokens, roles."""
import time

import hvac
import pytest

from harness import Stopwatch, attempts, together, unique, wait_until


@pytest.fixture
def maker(root):
    """A client that may make tokens, and nothing else."""
    return root.with_policy('path "auth/token/create*" { capabilities = ["create", "update"] }', no_default_policy=False)


# -- create and look up ------------------------------------------------------------------------------------------------
def test_create(root):
    auth = root.post("auth/token/create", {"policies": ["default", "reader"], "ttl": "30m", "display_name": "ci", "meta": {"team": "a"}, "explicit_max_ttl": "2h"}).ok(200).auth
    assert auth["client_token"].startswith("hvs.") and 90 <= len(auth["client_token"]) - 4 <= 120
    assert len(auth["accessor"]) == 24 and auth["policies"] == ["default", "reader"] == auth["token_policies"]
    assert auth["lease_duration"] == 1800 and auth["renewable"] is True and auth["token_type"] == "service" and auth["orphan"] is False
    assert auth["metadata"] == {"team": "a"} and auth["num_uses"] == 0 and auth["mfa_requirement"] is None
    data = root.post("auth/token/lookup", {"token": auth["client_token"]}).ok(200).data
    assert data["id"] == auth["client_token"] and data["accessor"] == auth["accessor"] and data["display_name"] == "token-ci"
    assert (data["creation_ttl"], data["explicit_max_ttl"], data["path"], data["type"], data["meta"]) == (1800, 7200, "auth/token/create", "service", {"team": "a"})
    assert 1790 < data["ttl"] <= 1800 and data["issue_time"] and data["expire_time"] and data["renewable"] is True
    assert root.get("auth/token/lookup-self", token=auth["client_token"]).data["id"] == auth["client_token"]
    by_accessor = root.post("auth/token/lookup-accessor", {"accessor": auth["accessor"]}).ok(200).data
    assert by_accessor["id"] == "" and by_accessor["accessor"] == auth["accessor"]
    assert auth["accessor"] in root.list("auth/token/accessors").ok(200).data["keys"]


def test_root_token(root):
    data = root.get("auth/token/lookup-self").ok(200).data
    assert data["policies"] == ["root"] and data["expire_time"] is None and data["ttl"] == 0 and data["display_name"] == "root" and data["orphan"] is True


def test_bearer_header(root):
    answer = root.get("auth/token/lookup-self", token=None, headers={"Authorization": f"Bearer {root.token}"}).ok(200)
    assert answer.data["policies"] == ["root"]


@pytest.mark.parametrize(("body", "text"), [
    ({"ttl": "-1h"}, "ttl must be positive"), ({"ttl": "soon"}, 'invalid duration "soon"'), ({"num_uses": -1}, "number of uses cannot be negative"),
    ({"type": "nuclear"}, "invalid 'token_type' value"), ({"policies": ["response-wrapping"]}, 'cannot assign policy "response-wrapping"'),
    ({"type": "batch", "period": "1h"}, 'batch tokens cannot have "period" set'), ({"type": "batch", "num_uses": 2}, 'batch tokens cannot have "num_uses" set'),
    ({"type": "batch", "policies": ["root"]}, "batch tokens cannot be root tokens"), ({"id": "s.reserved"}, "custom token ID cannot have the 's.' prefix"),
    ({"id": "has.dot"}, "custom token ID cannot have a '.' in the value"), ({"entity_alias": "x"}, "'entity_alias' is only allowed in combination with token role"),
])
def test_bad_tokens(root, body, text):
    before = len(root.list("auth/token/accessors").data["keys"])
    root.post("auth/token/create", body).refused(400, text)
    assert len(root.list("auth/token/accessors").data["keys"]) == before


def test_lookup_texts(root):
    root.post("auth/token/lookup", {"token": "nope"}).refused(403, "bad token")
    root.post("auth/token/lookup-accessor", {"accessor": "nope"}).refused(400, "invalid accessor")
    root.get("auth/token/lookup-self", token="hvs.nonesuch").refused(403, "permission denied")
    root.get("auth/token/lookup-self", token=None).refused(403, "permission denied")


DEAD = {"errors": ["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]}


def test_dead_tokens_are_told_apart(root):
    """Vault's agents log in again when they read `invalid token`, and only then."""
    revoked, used = root.new_token(), root.new_token(num_uses=1)
    root.post("auth/token/revoke", {"token": revoked}).ok(204)
    root.get("auth/token/lookup-self", token=used).ok(200)
    for token in (revoked, used, "hvs.nonesuch", "hvb.nonesuch", "nonesuch"):
        for method, path in (("GET", "auth/token/lookup-self"), ("GET", "nowhere/at/all"), ("PUT", "sys/mounts/x"), ("GET", "sys/internal/ui/mounts")):
            answer = root.ask(method, path, {} if method == "PUT" else None, token=token)
            assert answer.status == 403 and answer.json == DEAD, (token[:12], path, answer)
    assert root.get("auth/token/lookup-self", token=None).json == {"errors": ["permission denied"]}
    batch = root.post("auth/token/create", {"type": "batch", "policies": ["default"], "ttl": "1s"}).ok(200).token
    time.sleep(1.1)
    assert root.get("auth/token/lookup-self", token=batch).json == DEAD


def test_asking_what_is_there_takes_no_use(server, root, kv2):
    root.post(f"{kv2}/data/a", {"data": {"v": "1"}}).ok(200)
    name = unique("reader")
    root.put(f"sys/policies/acl/{name}", {"policy": f'path "{kv2}/*" {{ capabilities = ["read"] }}'}).ok(204)
    token = root.new_token([name], num_uses=1)
    for path in ("sys/internal/ui/mounts", f"sys/internal/ui/mounts/{kv2}/a", "sys/internal/ui/namespaces", "sys/internal/specs/openapi"):
        root.get(path, token=token).ok(200)
    out = server.cli("kv", "get", "-field=v", f"{kv2}/a", token=token)
    assert (out.returncode, out.stdout.strip()) == (0, "1"), out
    assert root.get(f"sys/internal/ui/mounts/{kv2}/a", token=token).json == DEAD
    assert server.cli("kv", "get", f"{kv2}/a", token=token).returncode == 2


def test_given_id(root):
    given = unique("my-token")
    answer = root.post("auth/token/create", {"id": given, "ttl": "1h", "policies": ["default"]}).ok(200)
    assert answer.token == given
    root.get("auth/token/lookup-self", token=given).ok(200)
    root.post("auth/token/create", {"id": given}).refused(400, "cannot create a token with a duplicate ID")
    assert root.post("auth/token/create", {"id": "00000000-0000-0000-0000-" + unique("")[-12:], "policies": ["default"]}).status == 200


def test_what_takes_sudo(maker):
    maker.post("auth/token/create", {"no_parent": True}).refused(400, "root or sudo privileges required to create orphan token")
    maker.post("auth/token/create", {"id": "chosen"}).refused(400, "root or sudo privileges required to specify token id")
    maker.post("auth/token/create", {"period": "1h"}).refused(400, "root or sudo privileges required to create periodic token")
    maker.post("auth/token/create", {"policies": ["root"]}).refused(400, "child policies must be subset of parent")
    assert maker.post("auth/token/create-orphan", {}).ok(200).auth["orphan"] is True


# -- renew -------------------------------------------------------------------------------------------------------------
def test_renew(root):
    token = root.new_token(ttl="1h")
    assert root.post("auth/token/renew-self", {"increment": "2h"}, token=token).ok(200).auth["lease_duration"] == 7200
    assert root.post("auth/token/renew", {"token": token, "increment": 60}).ok(200).auth["lease_duration"] == 60
    accessor = root.get("auth/token/lookup-self", token=token).data["accessor"]
    answer = root.post("auth/token/renew-accessor", {"accessor": accessor, "increment": 600}).ok(200)
    assert answer.auth["lease_duration"] == 600 and answer.auth["client_token"] == ""
    root.post("auth/token/renew", {"token": root.new_token(renewable=False)}).refused(400, "lease is not renewable")
    root.post("auth/token/renew", {"token": "nope"}).refused(400, "token not found")
    root.post("auth/token/renew-self", {}, token=root.new_token(type="batch")).refused(400, "batch tokens cannot be renewed")


def test_ttl_is_capped_with_a_warning(root):
    answer = root.post("auth/token/create", {"ttl": "10000h", "policies": ["default"]}).ok(200)
    assert answer.auth["lease_duration"] == 2764800 and any("TTL" in w for w in answer.json["warnings"])
    assert root.post("auth/token/create", {"ttl": "3h", "explicit_max_ttl": "1h", "policies": ["default"]}).ok(200).auth["lease_duration"] == 3600


def test_renewal_never_passes_the_maximum(root):
    """H02: in its last second too, nothing becomes immortal."""
    token = root.post("auth/token/create", {"policies": ["default"], "ttl": "2s", "explicit_max_ttl": "3s"}).ok(200).token
    born = time.monotonic()
    while time.monotonic() - born < 2.9:
        answer = root.post("auth/token/renew-self", {"increment": "1h"}, token=token)
        if answer.status == 200:
            assert 0 < answer.auth["lease_duration"] <= 3, answer
        time.sleep(0.1)
    time.sleep(0.4)
    root.get("auth/token/lookup-self", token=token).refused(403, "permission denied")


@attempts()
def test_periodic(root):
    born = Stopwatch()
    token = root.post("auth/token/create", {"period": "2s", "policies": ["default"]}).ok(200).token
    for _ in range(4):
        time.sleep(0.8)
        renewed, again = Stopwatch(), root.post("auth/token/renew-self", {}, token=token)
        born.in_time(2)
        assert again.ok(200).auth["lease_duration"] == 2
        born = renewed
    assert root.get("auth/token/lookup-self", token=token).data["period"] == 2


@attempts()
def test_expiry_to_the_second(root):
    born = Stopwatch()
    token = root.new_token(ttl="1s")
    early = root.get("auth/token/lookup-self", token=token)
    born.in_time(1)
    early.ok(200)
    time.sleep(1.1)
    root.get("auth/token/lookup-self", token=token).refused(403, "permission denied")
    root.post("auth/token/lookup", {"token": token}).refused(403, "bad token")


# -- uses --------------------------------------------------------------------------------------------------------------
def test_uses_are_counted_on_denials_too(root):
    token = root.new_token(num_uses=2)
    assert root.get("auth/token/lookup-self", token=token).ok(200).data["num_uses"] == 1
    root.get("sys/mounts", token=token).refused(403)
    root.get("auth/token/lookup-self", token=token).refused(403, "permission denied")


def test_uses_are_exact_under_a_race(server, root):
    """H05: a hundred requests, five uses, five answers."""
    token = root.new_token(num_uses=5)
    answers = together(100, lambda _: server.client(token).get("auth/token/lookup-self"))
    assert sorted(a.status for a in answers) == [200] * 5 + [403] * 95


def test_limited_tokens_have_no_children(root, maker):
    name = unique("p")
    root.put(f"sys/policies/acl/{name}", {"policy": 'path "auth/token/create" { capabilities = ["update"] }'}).ok(204)
    assert root.post("auth/token/create", {}, token=root.new_token([name], num_uses=3)).status in (400, 403)


# -- revoke ------------------------------------------------------------------------------------------------------------
def test_revoking_a_parent_ends_the_tree(root, maker):
    child = maker.post("auth/token/create", {}).ok(200).token
    grandchild = root.copy(child).post("auth/token/create", {}).ok(200).token
    orphan = maker.post("auth/token/create-orphan", {}).ok(200).token
    root.post("auth/token/revoke", {"token": maker.token}).ok(204)
    for token in (maker.token, child, grandchild):
        root.get("auth/token/lookup-self", token=token).refused(403)
    root.get("auth/token/lookup-self", token=orphan).ok(200)


def test_revoke_orphan_leaves_the_children(root, maker):
    child = maker.post("auth/token/create", {}).ok(200).token
    root.post("auth/token/revoke-orphan", {"token": maker.token}).ok(204)
    root.get("auth/token/lookup-self", token=maker.token).refused(403)
    assert root.get("auth/token/lookup-self", token=child).ok(200).data["orphan"] is True


def test_revoke_forms(root):
    token = root.new_token()
    root.post("auth/token/revoke-self", token=token).ok(204)
    root.get("auth/token/lookup-self", token=token).refused(403)
    token = root.new_token()
    accessor = root.get("auth/token/lookup-self", token=token).data["accessor"]
    root.post("auth/token/revoke-accessor", {"accessor": accessor}).ok(204)
    root.get("auth/token/lookup-self", token=token).refused(403)
    assert root.post("auth/token/revoke-accessor", {"accessor": "nope"}).ok(200).json["warnings"] == ["No token found with this accessor"]
    root.post("auth/token/revoke", {"token": "nope"}).ok(204)
    root.post("auth/token/revoke", {}).refused(400, "missing token ID")
    root.post("auth/token/revoke-orphan", {"token": "nope"}).refused(400, "token to revoke not found")
    root.post("auth/token/revoke-self", token=root.new_token(type="batch")).refused(400, "batch tokens cannot be revoked")


def test_no_child_survives_while_children_are_born(server, root, maker):
    """H06: the tree is revoked while ten threads add to it."""
    made = []

    def work(i):
        if i == 0:
            wait_until(lambda: len(made) > 20, what="children")
            root.post("auth/token/revoke", {"token": maker.token}).ok(204)
            return
        mine = server.client(maker.token)
        while (answer := mine.post("auth/token/create", {})).status == 200:
            made.append(answer.token)

    together(11, work)
    alive = [t for t in made if root.get("auth/token/lookup-self", token=t).status == 200]
    assert not alive, f"{len(alive)} of {len(made)} children live"


# -- batch -------------------------------------------------------------------------------------------------------------
@attempts()
def test_batch(root, kv1):
    root.post(f"{kv1}/a", {"v": "1"}).ok(204)
    name = unique("p")
    root.put(f"sys/policies/acl/{name}", {"policy": f'path "{kv1}/*" {{ capabilities = ["read"] }}'}).ok(204)
    born = Stopwatch()
    auth = root.post("auth/token/create", {"type": "batch", "policies": [name], "ttl": "2s"}).ok(200).auth
    assert auth["client_token"].startswith("hvb.") and auth["accessor"] == "" and auth["renewable"] is False and auth["token_type"] == "batch"
    read, itself = root.get(f"{kv1}/a", token=auth["client_token"]), root.get("auth/token/lookup-self", token=auth["client_token"])
    born.in_time(2)
    assert read.ok(200) and itself.ok(200).data["type"] == "batch"
    flipped = auth["client_token"][:-3] + ("AAA" if not auth["client_token"].endswith("AAA") else "BBB")
    root.get(f"{kv1}/a", token=flipped).refused(403)
    time.sleep(2.1)
    root.get(f"{kv1}/a", token=auth["client_token"]).refused(403, "permission denied")


# -- roles -------------------------------------------------------------------------------------------------------------
def test_roles(root):
    name = unique("role")
    root.post(f"auth/token/roles/{name}", {"allowed_policies": ["reader", "default"], "orphan": True, "renewable": False, "path_suffix": "sfx",
                                          "token_explicit_max_ttl": "2h", "token_period": "1h"}).ok(204)
    data = root.get(f"auth/token/roles/{name}").ok(200).data
    assert data["name"] == name and data["allowed_policies"] == ["default", "reader"] and data["orphan"] is True and data["path_suffix"] == "sfx"
    assert data["token_period"] == 3600 and data["token_explicit_max_ttl"] == 7200
    made = root.post(f"auth/token/create/{name}", {"policies": ["reader"]}).ok(200).auth
    assert made["orphan"] is True and made["renewable"] is False and made["policies"] == ["default", "reader"]
    seen = root.get("auth/token/lookup-self", token=made["client_token"])
    assert seen.status == 200 and seen.data["role"] == name and seen.data["path"] == f"auth/token/create/{name}/sfx"
    root.post(f"auth/token/create/{name}", {"policies": ["other"]}).refused(400, "must be subset of the role's allowed policies")
    assert name in root.list("auth/token/roles").ok(200).data["keys"]
    root.post("auth/token/create/none", {}).refused(400, "unknown role none")
    root.delete(f"auth/token/roles/{name}").ok(204)
    root.get(f"auth/token/roles/{name}").refused(404, [])
    empty = unique("role")
    root.post(f"auth/token/roles/{empty}").ok(204)
    root.delete(f"auth/token/roles/{empty}").ok(204)


def test_role_globs(root):
    name = unique("role")
    root.post(f"auth/token/roles/{name}", {"allowed_policies_glob": ["team-*"], "disallowed_policies": ["team-secret"], "disallowed_policies_glob": ["*-admin"]}).ok(204)
    root.post(f"auth/token/create/{name}", {"policies": ["team-a"]}).ok(200)
    for policy in ("team-secret", "team-admin", "other"):
        root.post(f"auth/token/create/{name}", {"policies": [policy]}).refused(400)


def test_bound_addresses(root):
    name = unique("role")
    root.post(f"auth/token/roles/{name}", {"token_bound_cidrs": ["10.1.2.3/32"]}).ok(204)
    root.get("auth/token/lookup-self", token=root.post(f"auth/token/create/{name}", {"policies": ["default"]}).ok(200).token).refused(403)
    root.post(f"auth/token/roles/{name}", {"token_bound_cidrs": ["127.0.0.0/8"]}).ok(204)
    root.get("auth/token/lookup-self", token=root.post(f"auth/token/create/{name}", {"policies": ["default"]}).ok(200).token).ok(200)


def test_strictly_bound_addresses(server, root, userpass):
    """Each token may be used from where it was made; the peer of a test is always this machine, so the look-up tells."""
    name = unique("role")
    root.post(f"auth/token/roles/{name}", {"token_strictly_bind_ip": True}).ok(204)
    made = root.post(f"auth/token/create/{name}", {"policies": ["default"]}).ok(200).token
    root.post(f"auth/{userpass}/users/ann", {"password": "long enough", "token_strictly_bind_ip": True}).ok(204)
    logged_in = root.post(f"auth/{userpass}/login/ann", {"password": "long enough"}, token=None).ok(200).token
    for token in (made, logged_in):
        assert root.get("auth/token/lookup-self", token=token).ok(200).data["bound_cidrs"] == ["127.0.0.1"]


def test_whose_entity_a_token_has(root, userpass):
    """A child has its parent's, an orphan none."""
    name = unique("p")
    root.put(f"sys/policies/acl/{name}", {"policy": 'path "auth/token/create*" { capabilities = ["create", "update"] }'}).ok(204)
    root.post(f"auth/{userpass}/users/ann", {"password": "long enough", "token_policies": [name]}).ok(204)
    ann = root.copy(root.post(f"auth/{userpass}/login/ann", {"password": "long enough"}, token=None).ok(200).token)
    entity = ann.get("auth/token/lookup-self").ok(200).data["entity_id"]
    assert len(entity) == 36
    assert ann.post("auth/token/create", {}).ok(200).auth["entity_id"] == entity
    assert ann.post("auth/token/create-orphan", {}).ok(200).auth["entity_id"] == ""


@pytest.mark.parametrize(("request_ttl", "role", "seconds"), [
    ("1h", {}, 3600), (None, {}, 2764800), ("1h", {"token_explicit_max_ttl": "30m"}, 1800), (None, {"token_explicit_max_ttl": "30m"}, 1800),
    ("2h", {"token_period": "10m"}, 600), ("800h", {}, 2764800)])
def test_which_ttl_holds(root, request_ttl, role, seconds):
    """H03: the smallest that applies."""
    name = unique("role")
    root.post(f"auth/token/roles/{name}", role or None).ok(204)
    body = {"policies": ["default"], **({"ttl": request_ttl} if request_ttl else {})}
    assert root.post(f"auth/token/create/{name}", body).ok(200).auth["lease_duration"] == seconds


def test_a_roles_tokens_are_renewed_by_the_role_as_it_is(root):
    name = unique("role")
    root.post(f"auth/token/roles/{name}", {"token_period": "1h"}).ok(204)
    made = root.post(f"auth/token/create/{name}", {"policies": ["default"]}).ok(200)
    assert made.auth["lease_duration"] == 3600
    who = root.copy(made.token)
    data = who.get("auth/token/lookup-self").data
    assert "period" not in data and data["role"] == name
    root.post(f"auth/token/roles/{name}", {"token_period": "30m"}).ok(204)
    assert who.post("auth/token/renew-self").ok(200).auth["lease_duration"] == 1800
    root.post(f"auth/token/roles/{name}", {"token_explicit_max_ttl": "20m"}).ok(204)
    assert who.post("auth/token/renew-self").ok(200).auth["lease_duration"] <= 1200
    root.delete(f"auth/token/roles/{name}").ok(204)
    who.post("auth/token/renew-self").refused(400, f'original token role "{name}" could not be found, not renewing')


def test_a_period_asked_for_of_a_role(root):
    name = unique("role")
    root.post(f"auth/token/roles/{name}", {"token_period": "1h"}).ok(204)
    token = root.post(f"auth/token/create/{name}", {"policies": ["default"], "period": "10m"}).ok(200)
    assert token.auth["lease_duration"] == 600
    assert root.post("auth/token/lookup", {"token": token.token}).data["period"] == 600


def test_tidy(root):
    answer = root.post("auth/token/tidy")
    assert answer.status == 202 and answer.json["warnings"]


def test_survive_a_restart(own):
    root = own.root
    tokens = [root.new_token() for _ in range(5)]
    root.post("auth/token/revoke", {"token": tokens[0]}).ok(204)
    batch = root.new_token(type="batch")
    limited = root.new_token(num_uses=2)
    root.get("auth/token/lookup-self", token=limited).ok(200)
    own.restart(kill=True)
    root.get("auth/token/lookup-self", token=tokens[0]).refused(403)
    for token in (*tokens[1:], batch):
        root.get("auth/token/lookup-self", token=token).ok(200)
    root.get("auth/token/lookup-self", token=limited).ok(200)
    root.get("auth/token/lookup-self", token=limited).refused(403)


def test_hvac_tokens(hv, server):
    made = hv.auth.token.create(policies=["default"], ttl="1h", renewable=True)
    token, accessor = made["auth"]["client_token"], made["auth"]["accessor"]
    assert hv.auth.token.lookup(token)["data"]["accessor"] == accessor
    assert hv.auth.token.lookup_accessor(accessor)["data"]["accessor"] == accessor
    assert accessor in hv.auth.token.list_accessors()["data"]["keys"]
    hv.auth.token.renew(token, increment="2h")
    hv.auth.token.renew_accessor(accessor)
    own = hvac.Client(url=server.address, token=token, verify=server.cafile)
    assert own.auth.token.lookup_self()["data"]["id"] == token
    own.auth.token.renew_self()
    role = unique("role")
    hv.auth.token.create_or_update_role(role, allowed_policies="default", orphan=True)
    assert hv.auth.token.read_role(role)["data"]["orphan"] is True and role in hv.auth.token.list_roles()["data"]["keys"]
    assert hv.auth.token.create(role_name=role)["auth"]["orphan"] is True
    hv.auth.token.delete_role(role)
    own.auth.token.revoke_self()
    assert not own.is_authenticated()
    orphan = hv.auth.token.create_orphan(ttl="1h")["auth"]
    assert orphan["orphan"] is True
    hv.auth.token.revoke_accessor(orphan["accessor"])
    with pytest.raises(hvac.exceptions.Forbidden):
        hv.auth.token.lookup(orphan["client_token"])
