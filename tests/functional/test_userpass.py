"""userpass: users, logins, lockout, and what a stranger may learn (nothing)."""

import hvac
import pytest

from harness import together, unique

GOOD = "long enough"


def login(root, mount, name, password=GOOD):
    return root.post(f"auth/{mount}/login/{name}", {"password": password}, token=None)


def test_users(root, userpass):
    path = f"auth/{userpass}/users"
    root.post(f"{path}/ann", {"password": GOOD, "token_policies": ["reader"], "token_ttl": "1h", "token_max_ttl": "2h", "token_bound_cidrs": ["127.0.0.1/32"]}).ok(204)
    data = root.get(f"{path}/ann").ok(200).data
    assert data["token_policies"] == ["reader"] and (data["token_ttl"], data["token_max_ttl"]) == (3600, 7200)
    assert data["token_bound_cidrs"] in (["127.0.0.1"], ["127.0.0.1/32"]) and "password" not in data and "password_hash" not in data
    root.post(f"{path}/Bob", {"password": GOOD}).ok(204)
    assert root.list(path).ok(200).data["keys"] == ["ann", "bob"]
    root.post(f"{path}/ann/policies", {"token_policies": "default,denied"}).ok(204)
    assert root.get(f"{path}/ann").data["token_policies"] == ["default", "denied"]
    root.post(f"{path}/ann/password", {"password": "another one"}).ok(204)
    login(root, userpass, "ann").refused(400, "invalid username or password")
    login(root, userpass, "ann", "another one").ok(200)
    root.delete(f"{path}/bob").ok(204)
    root.get(f"{path}/bob").refused(404, [])


def test_login(root, userpass):
    root.post(f"auth/{userpass}/users/ann", {"password": GOOD, "token_policies": ["reader"], "token_ttl": "1h"}).ok(204)
    auth = login(root, userpass, "ann").ok(200).auth
    assert auth["metadata"] == {"username": "ann"} and auth["policies"] == ["default", "reader"] and auth["lease_duration"] == 3600 and auth["orphan"] is True
    assert root.get("auth/token/lookup-self", token=auth["client_token"]).data["display_name"] == f"{userpass}-ann"
    assert login(root, userpass, "ANN").ok(200).auth["metadata"] == {"username": "ann"}
    assert root.put(f"auth/{userpass}/login/ann", {"password": GOOD}, token=None).ok(200)
    root.get(f"auth/{userpass}/login/ann", token=None).refused(405)


def test_bad_users(root, userpass):
    path = f"auth/{userpass}/users"
    root.post(f"{path}/ann", {"password": GOOD}).ok(204)
    for body, text in (({"token_ttl": -1}, "cannot provide negative value"), ({"token_ttl": "soon"}, 'invalid duration "soon"'),
                       ({"token_ttl": "3h", "token_max_ttl": "2h"}, "'token_ttl' cannot be greater than 'token_max_ttl'"), ({"token_bound_cidrs": ["a.b.c.d"]}, "")):
        root.post(f"{path}/ann", body).refused(400, text)
    root.post(f"{path}/nobody", {}).refused(400)
    root.get(f"{path}/nobody").refused(404, [])


@pytest.mark.parametrize("body", [{}, {"password": None}, {"password": 5}, {"password": ["a"]}, {"password": {"a": "b"}}, {"password": ""}, {"username": "x"}, None])
def test_a_users_error_is_never_a_5xx(root, userpass, body):
    root.post(f"auth/{userpass}/users/ann", {"password": GOOD}).ok(204)
    answer = root.post(f"auth/{userpass}/login/ann", body, token=None)
    assert answer.status == 400 and answer.errors, answer


def test_older_names_are_read_back(root, userpass):
    root.post(f"auth/{userpass}/users/old", {"password": GOOD, "policies": "a,b", "ttl": "1h", "max_ttl": "2h"}).ok(204)
    data = root.get(f"auth/{userpass}/users/old").ok(200).data
    assert data["policies"] == data["token_policies"] == ["a", "b"] and data["ttl"] == data["token_ttl"] == 3600 and data["max_ttl"] == 7200


def test_lockout_counts_every_spelling(make_server):
    """C01: case, space and percent forms are one user."""
    root = make_server().root
    root.post("sys/auth/up", {"type": "userpass"}).ok(204)
    root.post("auth/up/users/alice", {"password": GOOD}).ok(204)
    for spelling in ("alice", "ALICE", "%61lice", "aLiCe", "%41lice"):
        assert login(root, "up", spelling, "wrong").status == 400
    for spelling in ("alice", "ALICE", "%61lice"):
        login(root, "up", spelling).refused(403, "permission denied")
    for spelling in ("alice%20", "%20alice"):
        assert login(root, "up", spelling).status in (400, 403)
    assert root.get("sys/locked-users").data["total"] == 1


def test_lockout_does_not_tell_who_exists(make_server):
    root = make_server().root
    root.post("sys/auth/up", {"type": "userpass"}).ok(204)
    root.post("auth/up/users/alice", {"password": GOOD}).ok(204)
    known = [login(root, "up", "alice", "wrong") for _ in range(8)]
    unknown = [login(root, "up", "nobody", "wrong") for _ in range(8)]
    assert [(a.status, a.text) for a in known] == [(a.status, a.text) for a in unknown]


@pytest.mark.timeout(300)
def test_an_unknown_user_takes_as_long(make_server):
    """C02: the password is hashed for nobody too. The server's processor time counts, for the clock on the wall also measures what else runs here."""
    server = make_server()
    root = server.root
    root.post("sys/auth/up", {"type": "userpass"}).ok(204)
    root.post("sys/auth/up/tune", {"user_lockout_config": {"lockout_disable": True}}).ok(204)
    root.post("auth/up/users/alice", {"password": GOOD}).ok(204)
    took = {"alice": 0.0, "nobody": 0.0}
    for turn in range(8):
        for name in ("alice", "nobody") if turn % 2 else ("nobody", "alice"):
            start = server.cpu_seconds()
            for _ in range(4):
                login(root, "up", name, "wrong").refused(400, "invalid username or password")
            took[name] += server.cpu_seconds() - start
    known, unknown = took["alice"], took["nobody"]
    assert abs(known - unknown) < max(0.3 * known, 0.1), f"32 logins: known {known:.2f} s, unknown {unknown:.2f} s"


def test_failed_logins_leave_nothing(make_server):
    """A02: no token, no accessor, whatever is sent."""
    server = make_server()
    root = server.root
    root.post("sys/auth/up", {"type": "userpass"}).ok(204)
    root.post("sys/auth/role", {"type": "approle"}).ok(204)
    root.post("auth/up/users/alice", {"password": GOOD}).ok(204)
    before = root.list("auth/token/accessors").data["keys"]
    for i in range(200):
        login(root, "up", f"user{i % 7}", f"wrong{i}")
        root.post("auth/role/login", {"role_id": f"r{i}", "secret_id": "s"}, token=None)
        root.get("auth/up/login/alice", token=None, headers={"Authorization": "Negotiate AAAA"})
    assert root.list("auth/token/accessors").data["keys"] == before


def test_root_is_no_policy_of_a_user(root, userpass):
    """E01: in no spelling does a user carry the root policy without being given it by name."""
    for spelling in ("rooT", " root", "root ", "ROOT"):
        answer = root.post(f"auth/{userpass}/users/{unique('u')}", {"password": GOOD, "token_policies": [spelling]})
        assert answer.status in (204, 400)
        if answer.status == 204:
            name = [k for k in root.list(f"auth/{userpass}/users").data["keys"]][-1]
            done = login(root, userpass, name)
            assert done.status in (200, 400) and (done.status == 400 or "root" not in [p.strip() for p in done.auth["policies"]])


def test_no_login_gives_a_root_token(root, userpass):
    root.post(f"auth/{userpass}/users/chief", {"password": GOOD, "token_policies": ["root"]}).ok(204)
    login(root, userpass, "chief").refused(400, "auth methods cannot create root tokens")
    root.post(f"auth/{userpass}/users/chief", {"token_policies": ["rooT"]}).refused(400, "the root policy is spelled")
    root.post(f"auth/{userpass}/users/chief/policies", {"token_policies": ["ROOT"]}).refused(400, "the root policy is spelled")
    root.post(f"auth/{userpass}/users/chief", {"token_policies": ["a/b"]}).refused(400, "must not contain a slash")


def test_a_login_makes_up_for_failed_ones(make_server):
    """Five failures lock a user out; with a success between them the count begins anew."""
    root = make_server().root
    root.post("sys/auth/up", {"type": "userpass"}).ok(204)
    root.post("auth/up/users/alice", {"password": GOOD}).ok(204)
    for _ in range(3):
        for _ in range(4):
            login(root, "up", "alice", "wrong").refused(400)
        login(root, "up", "Alice").ok(200)
    assert root.get("sys/locked-users").data["total"] == 0


def test_a_flood_of_guesses_is_locked_out(make_server):
    """Guesses that wait for their turn are counted as they are answered, so a flood gets little more than the five."""
    server = make_server()
    root = server.root
    root.post("sys/auth/up", {"type": "userpass"}).ok(204)
    root.post("auth/up/users/alice", {"password": GOOD}).ok(204)
    answers = together(60, lambda i: login(server.client(), "up", "alice", f"wrong{i}"))
    assert sum(a.status == 400 for a in answers) <= 25, [a.status for a in answers]
    login(root, "up", "alice").refused(403, "permission denied")


def test_hvac_userpass(hv, userpass):
    api = hv.auth.userpass
    api.create_or_update_user("ann", password=GOOD, policies="default", mount_point=userpass)
    assert api.list_user(mount_point=userpass)["data"]["keys"] == ["ann"]
    assert "default" in api.read_user("ann", mount_point=userpass)["data"]["token_policies"]
    assert api.login("ann", GOOD, use_token=False, mount_point=userpass)["auth"]["metadata"]["username"] == "ann"
    api.update_password_on_user("ann", "another one", mount_point=userpass)
    with pytest.raises(hvac.exceptions.InvalidRequest):
        api.login("ann", GOOD, use_token=False, mount_point=userpass)
    api.delete_user("ann", mount_point=userpass)


# -- the identity behind a login --------------------------------------------------------------------------------------
def test_one_entity_per_user(root, userpass):
    root.post(f"auth/{userpass}/users/ann", {"password": GOOD}).ok(204)
    first, second = login(root, userpass, "ann").ok(200).auth, login(root, userpass, "ANN").ok(200).auth
    assert first["entity_id"] == second["entity_id"] and len(first["entity_id"]) == 36
    entity = root.get(f"identity/entity/id/{first['entity_id']}").ok(200).data
    assert entity["id"] == first["entity_id"] and entity["name"]
    alias = entity["aliases"][0]
    assert alias["name"] == "ann" and alias["mount_type"] == "userpass" and alias["mount_accessor"] == root.get(f"sys/auth/{userpass}").data["accessor"]
    root.get("identity/entity/id/00000000-0000-0000-0000-000000000000").refused(404, [])
