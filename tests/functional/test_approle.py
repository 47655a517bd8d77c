"""AppRole: every endpoint, the texts that clients match, and the limits of a secret id."""

import pytest

from harness import Stopwatch, attempts, unique


@pytest.fixture
def role(root, approle):
    """(path of the mount, a role's name, its role_id)."""
    root.post(f"auth/{approle}/role/web", {"token_policies": ["default"], "token_ttl": "1h", "token_max_ttl": "2h"}).ok(204)
    return approle, "web", root.get(f"auth/{approle}/role/web/role-id").ok(200).data["role_id"]


def secret_id(root, mount, name="web", **fields):
    return root.post(f"auth/{mount}/role/{name}/secret-id", fields or None).ok(200).data


def login(root, mount, role_id, secret=None):
    return root.post(f"auth/{mount}/login", {"role_id": role_id, **({"secret_id": secret} if secret is not None else {})}, token=None)


def test_role(root, role):
    mount, name, role_id = role
    assert len(role_id) == 36
    data = root.get(f"auth/{mount}/role/{name}").ok(200).data
    assert data["token_policies"] == ["default"] and (data["token_ttl"], data["token_max_ttl"]) == (3600, 7200)
    assert data["bind_secret_id"] is True and data["secret_id_bound_cidrs"] is None and data["token_bound_cidrs"] == []
    assert (data["secret_id_num_uses"], data["secret_id_ttl"], data["local_secret_ids"]) == (0, 0, False)
    assert root.list(f"auth/{mount}/role").ok(200).data["keys"] == [name]
    root.get(f"auth/{mount}/role/none").refused(404, [])
    root.delete(f"auth/{mount}/role/none").ok(204)
    root.delete(f"auth/{mount}/role/{name}").ok(204)
    root.list(f"auth/{mount}/role").refused(404, [])
    root.list(f"auth/{mount}/role/{name}/secret-id").refused(404)


def test_login(root, role):
    mount, name, role_id = role
    made = secret_id(root, mount, metadata='{"team":"red"}')
    assert len(made["secret_id"]) == len(made["secret_id_accessor"]) == 36 and made["secret_id_ttl"] == 0 and made["secret_id_num_uses"] == 0
    auth = login(root, mount, role_id, made["secret_id"]).ok(200).auth
    assert auth["metadata"] == {"role_name": name, "team": "red"} and auth["lease_duration"] == 3600 and auth["orphan"] is True
    assert auth["policies"] == ["default"] and len(auth["entity_id"]) == 36
    seen = root.get("auth/token/lookup-self", token=auth["client_token"]).ok(200).data
    assert seen["display_name"] == mount and seen["path"] == f"auth/{mount}/login" and seen["meta"]["role_name"] == name


def test_login_texts(root, role):
    mount, _, role_id = role
    login(root, mount, "", "x").refused(400, "missing role_id")
    login(root, mount, role_id).refused(400, "missing secret_id")
    root.post(f"auth/{mount}/login", token=None).refused(400, "missing role_id")


def test_one_text_for_every_wrong_credential(root, role):
    """C06: role id, secret id, used up, expired, wrong network: the same words."""
    mount, _, role_id = role
    good = secret_id(root, mount)["secret_id"]
    used = secret_id(root, mount, num_uses=1)["secret_id"]
    login(root, mount, role_id, used).ok(200)
    short, born = secret_id(root, mount, ttl="1s")["secret_id"], Stopwatch()
    far = secret_id(root, mount, cidr_list=["10.9.9.9/32"])["secret_id"]
    born.until(1.1)
    answers = [login(root, mount, unique(), good), login(root, mount, role_id, "wrong"), login(root, mount, role_id, used), login(root, mount, role_id, short),
               login(root, mount, role_id, far)]
    assert {a.status for a in answers} == {400} and len({a.text for a in answers}) == 1, answers
    answers[0].refused(400, "invalid role or secret ID")


def test_secret_id_uses(root, role):
    mount, _, role_id = role
    made = secret_id(root, mount, num_uses=2)
    for _ in range(2):
        login(root, mount, role_id, made["secret_id"]).ok(200)
    login(root, mount, role_id, made["secret_id"]).refused(400, "invalid role or secret ID")


@attempts()
def test_secret_id_never_outlives_its_time(root, role):
    """A04: to the millisecond, with no tidy in between."""
    mount, _, role_id = role
    asked = Stopwatch()
    made, answered, last_good = secret_id(root, mount, ttl="2s")["secret_id"], Stopwatch(), None
    while answered.seconds() < 2.6:
        sent = answered.seconds()
        if login(root, mount, role_id, made).status == 200:
            last_good = sent
        elif last_good is None:
            asked.in_time(2)
    # It was made before its answer came: nothing that was sent two seconds after the answer may succeed.
    assert last_good is not None and last_good < 2.0, f"it still logged in {last_good} s after it was made"


def test_look_up_and_destroy(root, role):
    mount, name, role_id = role
    made = secret_id(root, mount, metadata='{"a":"b"}', cidr_list=["127.0.0.1/32"])
    base = f"auth/{mount}/role/{name}"
    data = root.post(f"{base}/secret-id/lookup", {"secret_id": made["secret_id"]}).ok(200).data
    assert data["secret_id_accessor"] == made["secret_id_accessor"] and data["metadata"] == {"a": "b"} and data["cidr_list"] == ["127.0.0.1/32"]
    assert {"creation_time", "expiration_time", "last_updated_time", "secret_id_num_uses", "secret_id_ttl", "token_bound_cidrs"} <= set(data)
    assert root.post(f"{base}/secret-id-accessor/lookup", {"secret_id_accessor": made["secret_id_accessor"]}).ok(200).data["metadata"] == {"a": "b"}
    assert root.list(f"{base}/secret-id").ok(200).data["keys"] == [made["secret_id_accessor"]]
    root.post(f"{base}/secret-id/lookup", {"secret_id": "none"}).ok(204)
    unknown = root.post(f"{base}/secret-id-accessor/lookup", {"secret_id_accessor": "x"})
    assert unknown.status == 404 and unknown.data == {"error": 'failed to find accessor entry for secret_id_accessor: "x"'}
    root.post(f"{base}/secret-id/destroy", {"secret_id": "none"}).ok(204)
    root.post(f"{base}/secret-id-accessor/destroy", {"secret_id_accessor": made["secret_id_accessor"]}).ok(204)
    login(root, mount, role_id, made["secret_id"]).refused(400, "invalid role or secret ID")
    made = secret_id(root, mount)
    root.post(f"{base}/secret-id/destroy", {"secret_id": made["secret_id"]}).ok(204)
    login(root, mount, role_id, made["secret_id"]).refused(400)
    root.list(f"{base}/secret-id").refused(404, [])


def test_another_roles_accessor_is_out_of_reach(root, role):
    """A06."""
    mount, _, role_id = role
    root.post(f"auth/{mount}/role/other", {"token_policies": ["default"]}).ok(204)
    made = secret_id(root, mount)
    answer = root.post(f"auth/{mount}/role/other/secret-id-accessor/destroy", {"secret_id_accessor": made["secret_id_accessor"]})
    assert 400 <= answer.status < 500
    assert root.post(f"auth/{mount}/role/other/secret-id-accessor/lookup", {"secret_id_accessor": made["secret_id_accessor"]}).status == 404
    login(root, mount, role_id, made["secret_id"]).ok(200)


def test_lockout_counts_every_spelling(make_server):
    """C01: the case of a role id makes no other user of it."""
    root = make_server().root
    root.post("sys/auth/ar", {"type": "approle"}).ok(204)
    root.post("auth/ar/role/web", {"token_policies": ["default"], "role_id": "web-server"}).ok(204)
    good = secret_id(root, "ar")["secret_id"]
    for spelling in ("web-server", "WEB-SERVER", "Web-Server", "web-servER", "web-server"):
        login(root, "ar", spelling, "wrong").refused(400, "invalid role or secret ID")
    login(root, "ar", "web-server", good).refused(403, "permission denied")
    assert root.get("sys/locked-users").data["total"] == 1
    for odd in (" web", "web ", "we\u202eb", "we\tb"):
        root.post("auth/ar/role/web/role-id", {"role_id": odd}).refused(400)


def test_custom_secret_id(root, role):
    mount, name, role_id = role
    made = root.post(f"auth/{mount}/role/{name}/custom-secret-id", {"secret_id": "chosen-by-me"}).ok(200).data
    assert made["secret_id"] == "chosen-by-me" and made["secret_id_accessor"]
    login(root, mount, role_id, "chosen-by-me").ok(200)


def test_role_id_can_be_set(root, role):
    mount, name, _ = role
    root.post(f"auth/{mount}/role/{name}/role-id", {"role_id": "my-role-id"}).ok(204)
    assert root.get(f"auth/{mount}/role/{name}/role-id").data == {"role_id": "my-role-id"}
    login(root, mount, "my-role-id", secret_id(root, mount)["secret_id"]).ok(200)


@pytest.mark.parametrize(("part", "sent", "shown", "default"), [
    ("policies", {"token_policies": ["p1", "p2"]}, {"token_policies": ["p1", "p2"]}, {"token_policies": []}),
    ("token-ttl", {"token_ttl": "10m"}, {"token_ttl": 600}, {"token_ttl": 0}),
    ("token-max-ttl", {"token_max_ttl": "5h"}, {"token_max_ttl": 18000}, {"token_max_ttl": 0}),
    ("token-num-uses", {"token_num_uses": 7}, {"token_num_uses": 7}, {"token_num_uses": 0}),
    ("secret-id-num-uses", {"secret_id_num_uses": 9}, {"secret_id_num_uses": 9}, {"secret_id_num_uses": 0}),
    ("secret-id-ttl", {"secret_id_ttl": "3h"}, {"secret_id_ttl": 10800}, {"secret_id_ttl": 0}),
    ("token-bound-cidrs", {"token_bound_cidrs": ["127.0.0.1/32"]}, {"token_bound_cidrs": ["127.0.0.1"]}, {"token_bound_cidrs": []}),
    ("secret-id-bound-cidrs", {"secret_id_bound_cidrs": ["127.0.0.1/32"]}, {"secret_id_bound_cidrs": ["127.0.0.1/32"]}, {"secret_id_bound_cidrs": None}),
    ("period", {"token_period": "2h"}, {"token_period": 7200}, {"token_period": 0}),
])
def test_parts_of_a_role(root, role, part, sent, shown, default):
    mount, name, _ = role
    path = f"auth/{mount}/role/{name}/{part}"
    root.post(path, sent).ok(204)
    data = root.get(path).ok(200).data
    key = next(iter(shown))
    assert data[key] == shown[key] or (key == "token_bound_cidrs" and data[key] == ["127.0.0.1/32"])
    root.delete(path).ok(204)
    assert root.get(path).ok(200).data[key] in (default[key], None)


def test_bind_secret_id(root, role):
    mount, name, role_id = role
    path = f"auth/{mount}/role/{name}"
    root.post(f"{path}/secret-id-bound-cidrs", {"secret_id_bound_cidrs": ["127.0.0.0/8"]}).ok(204)
    root.post(f"{path}/bind-secret-id", {"bind_secret_id": False}).ok(204)
    assert root.get(f"{path}/bind-secret-id").data == {"bind_secret_id": False}
    login(root, mount, role_id).ok(200)
    assert root.delete(f"{path}/secret-id-bound-cidrs").status in (204, 400)
    root.delete(f"{path}/bind-secret-id").ok(204)
    login(root, mount, role_id).refused(400, "missing secret_id")
    root.post(f"auth/{mount}/role/open", {"bind_secret_id": False}).refused(400, "at least one constraint should be enabled on the role")


def test_bad_roles(root, role):
    mount, name, _ = role
    root.post(f"auth/{mount}/role/{name}", {"token_ttl": "3h", "token_max_ttl": "2h"}).refused(400, "'token_ttl' cannot be greater than 'token_max_ttl'")
    root.post(f"auth/{mount}/role/{name}", {"secret_id_ttl": "1h", "secret_id_num_uses": 3}).ok(204)
    root.post(f"auth/{mount}/role/{name}/secret-id", {"ttl": "2h"}).refused(400, "ttl cannot be longer than the role's secret_id_ttl")
    root.post(f"auth/{mount}/role/{name}/secret-id", {"num_uses": 5}).refused(400, "num_uses cannot be higher than the role's secret_id_num_uses")
    root.post(f"auth/{mount}/role/{name}/secret-id", {"metadata": "nonsense"}).refused(400, "failed to parse metadata")
    root.post(f"auth/{mount}/role/none/secret-id").refused(404, 'role "none" does not exist')


def test_older_names_are_read_back(root, approle):
    root.post(f"auth/{approle}/role/old", {"policies": "a,b", "period": "1h", "bound_cidr_list": ""}).ok(204)
    data = root.get(f"auth/{approle}/role/old").ok(200).data
    assert data["policies"] == data["token_policies"] == ["a", "b"] and data["period"] == data["token_period"] == 3600


def test_bound_networks(root, role):
    mount, name, role_id = role
    root.post(f"auth/{mount}/role/{name}", {"token_bound_cidrs": ["10.0.0.0/8"]}).ok(204)
    answer = login(root, mount, role_id, secret_id(root, mount)["secret_id"])
    assert answer.status in (400, 403) or root.get("auth/token/lookup-self", token=answer.token).status == 403


def test_wrapped_secret_id(root, role):
    mount, name, role_id = role
    info = root.post(f"auth/{mount}/role/{name}/secret-id", wrap="60").ok(200).json["wrap_info"]
    inside = root.post("sys/wrapping/unwrap", token=info["token"]).ok(200).data
    assert info["wrapped_accessor"] == inside["secret_id_accessor"]
    login(root, mount, role_id, inside["secret_id"]).ok(200)


def test_batch_tokens_of_a_role(root, role):
    mount, name, role_id = role
    root.post(f"auth/{mount}/role/{name}", {"token_type": "batch"}).ok(204)
    auth = login(root, mount, role_id, secret_id(root, mount)["secret_id"]).ok(200).auth
    assert auth["token_type"] == "batch" and auth["client_token"].startswith("hvb.") and auth["renewable"] is False
    root.get("auth/token/lookup-self", token=auth["client_token"]).ok(200)


def test_tidy(root, approle):
    answer = root.post(f"auth/{approle}/tidy/secret-id")
    assert answer.status == 202 and answer.json["warnings"]


def test_survives_restart(own):
    root = own.root
    root.post("sys/auth/approle", {"type": "approle"}).ok(204)
    root.post("auth/approle/role/web", {"token_policies": ["default"], "bind_secret_id": True, "secret_id_num_uses": 3}).ok(204)
    role_id = root.get("auth/approle/role/web/role-id").data["role_id"]
    made = secret_id(root, "approle")["secret_id"]
    before = root.get("auth/approle/role/web").data
    login(root, "approle", role_id, made).ok(200)
    own.restart(kill=True)
    assert root.get("auth/approle/role/web").data == before, "every field, the booleans too (E12)"
    for _ in range(2):
        login(root, "approle", role_id, made).ok(200)
    login(root, "approle", role_id, made).refused(400)


def test_hvac_approle(hv, approle):
    api = hv.auth.approle
    api.create_or_update_approle("web", token_policies=["default"], token_ttl="1h", mount_point=approle)
    assert api.list_roles(mount_point=approle)["data"]["keys"] == ["web"]
    assert api.read_role("web", mount_point=approle)["data"]["token_ttl"] == 3600
    api.update_role_id("web", "an-id", mount_point=approle)
    assert api.read_role_id("web", mount_point=approle)["data"]["role_id"] == "an-id"
    made = api.generate_secret_id("web", metadata={"a": "b"}, mount_point=approle)["data"]
    assert api.read_secret_id("web", made["secret_id"], mount_point=approle)["data"]["metadata"] == {"a": "b"}
    assert api.read_secret_id_accessor("web", made["secret_id_accessor"], mount_point=approle)["data"]["metadata"] == {"a": "b"}
    assert api.list_secret_id_accessors("web", mount_point=approle)["data"]["keys"] == [made["secret_id_accessor"]]
    assert api.login("an-id", made["secret_id"], use_token=False, mount_point=approle)["auth"]["client_token"]
    api.destroy_secret_id_accessor("web", made["secret_id_accessor"], mount_point=approle)
    api.create_custom_secret_id("web", "mine", mount_point=approle)
    api.destroy_secret_id("web", "mine", mount_point=approle)
    api.delete_role("web", mount_point=approle)


def test_times_beyond_the_mounts(root):
    """A role's maximum is cut to the mount's, which is told; a period beyond it is refused."""
    mount = unique("ar")
    root.post(f"sys/auth/{mount}", {"type": "approle", "config": {"max_lease_ttl": "10h"}}).ok(204)
    answer = root.post(f"auth/{mount}/role/r", {"token_max_ttl": "11h"}).ok(200)
    assert answer.json["warnings"] == ["token_max_ttl is greater than the backend mount's maximum TTL value; issued tokens' max TTL value will be truncated"]
    text = 'period of "11h0m0s" is greater than the backend\'s maximum lease TTL of "10h0m0s"'
    root.post(f"auth/{mount}/role/r", {"token_period": "11h"}).refused(400, text)
    root.post(f"auth/{mount}/role/r/period", {"token_period": "11h"}).refused(400, text)
    root.post(f"auth/{mount}/role/r/period", {"token_period": "9h"}).ok(204)
