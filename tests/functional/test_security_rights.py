"""Rights that a caller must not come by: through tokens' parents and roles, addresses, parameters, another spelling of a path, metadata of his own making."""
import json

from aws import Aws, refused
from harness import unique, wait_until


def test_login_methods_are_disabled_at_their_own_path_alone(make_server):
    """sys/auth/ takes sudo; sys/mounts/auth/ does not."""
    root = make_server().root
    root.post("sys/auth/approle", {"type": "approle"}).ok(204)
    many = root.with_policy('path "*" { capabilities = ["create", "read", "update", "delete", "list"] }')
    for name in ("auth/approle", "auth/token", "audit/file", "sys/x"):
        many.delete(f"sys/mounts/{name}").refused(400, f'cannot unmount "{name}/"')
    many.delete("sys/auth/approle").refused(403)
    root.get("auth/token/lookup-self").ok(200)
    # It is tuned there, as clients do.
    many.post("sys/mounts/auth/approle/tune", {"default_lease_ttl": "1h", "user_lockout_config": {"lockout_counter_reset_duration": "7m"}}).ok(204)
    tuned = root.get("sys/mounts/auth/approle/tune").ok(200).data
    assert tuned["default_lease_ttl"] == 3600 and tuned["user_lockout_counter_reset_duration"] == 420


def test_children_have_no_more_than_their_makers(root):
    root.put("sys/policies/acl/admin", {"policy": 'path "*" { capabilities = ["read", "sudo"] }'}).ok(204)
    role = unique("role")
    root.post(f"auth/token/roles/{role}", {}).ok(204)
    maker = root.with_policy('path "auth/token/create*" { capabilities = ["create", "update"] }')
    for path in ("create", "create-orphan", f"create/{role}"):
        maker.post(f"auth/token/{path}", {"policies": ["admin"]}).refused(400, "child policies must be subset of parent")
        assert len(maker.post(f"auth/token/{path}").ok(200).auth["policies"]) == 1
    # Sudo gives any.
    sudo = root.with_policy('path "auth/token/create*" { capabilities = ["create", "update", "sudo"] }')
    assert "admin" in sudo.post("auth/token/create-orphan", {"policies": ["admin"]}).ok(200).auth["policies"]


def test_roles_of_tokens(root):
    role = unique("role")
    root.post(f"auth/token/roles/{role}", {"disallowed_policies": ["default"]}).ok(204)
    assert "default" not in root.post(f"auth/token/create/{role}", {"policies": ["p"]}).ok(200).auth["policies"]
    root.post(f"auth/token/roles/{role}", {"token_type": "default-batch", "orphan": True, "token_explicit_max_ttl": "1h"}).ok(204)
    made = root.post(f"auth/token/create/{role}", {"policies": ["p"]}).ok(200)
    assert made.token.startswith("hvb.") and made.auth["lease_duration"] <= 3600
    assert root.post(f"auth/token/create/{role}", {"policies": ["p"], "type": "service"}).ok(200).token.startswith("hvs.")
    for suffix in ("a/../b", "a..b", "a b", "x" * 200):
        root.post(f"auth/token/roles/{role}", {"path_suffix": suffix}).refused(400, "path_suffix")


def test_children_keep_to_their_parents_addresses(root):
    here = root.copy(root.post("auth/token/roles/here", {"token_bound_cidrs": ["127.0.0.0/8"]}).ok() and
                     root.post("auth/token/create/here", {"policies": ["root"]}).ok(200).token)
    child = here.post("auth/token/create", {"policies": ["default"]}).ok(200).token
    assert root.post("auth/token/lookup", {"token": child}).ok(200).data["bound_cidrs"] == ["127.0.0.0/8"]
    orphan = here.post("auth/token/create", {"policies": ["default"], "no_parent": True}).ok(200).token
    assert not root.post("auth/token/lookup", {"token": orphan}).ok(200).data.get("bound_cidrs")


def test_a_token_bound_to_addresses_unwraps_nothing_elsewhere(root):
    root.post("auth/token/roles/away", {"token_bound_cidrs": ["10.9.9.9/32"]}).ok(204)
    away = root.post("auth/token/create/away", {"policies": ["default"]}).ok(200).token
    for verb in ("unwrap", "rewrap", "lookup"):
        wrapping = root.post("sys/wrapping/wrap", {"a": 1}, wrap="5m").ok(200).json["wrap_info"]["token"]
        if verb != "lookup":
            root.post(f"sys/wrapping/{verb}", {"token": wrapping}, token=away).refused(403)
        root.post("sys/wrapping/lookup", {"token": wrapping}).ok(200)


def test_a_root_token_that_ends_makes_none_that_does_not(root):
    ending = root.post("auth/token/create", {"ttl": "1h"}).ok(200).token
    for path in ("create", "create-orphan"):
        root.post(f"auth/token/{path}", {}, token=ending).refused(400, "expiring root tokens cannot create non-expiring root tokens")
    assert root.post("auth/token/create", {"ttl": "30m"}, token=ending).ok(200).auth["lease_duration"] == 1800


def test_every_element_of_a_list_is_allowed(root):
    maker = root.with_policy('path "auth/token/create" { capabilities = ["create", "update", "sudo"] allowed_parameters = { "policies" = ["dev-*"] } }')
    maker.post("auth/token/create", {"policies": ["dev-a", "dev-b"]}).ok(200)
    for policies in (["dev-a", "admin"], "dev-a,admin", ["dev-a,admin"], ["dev-a", ["admin"]]):
        maker.post("auth/token/create", {"policies": policies}).refused(403)


def test_what_is_wrapped_cannot_pass_for_the_envelope(root):
    forged = {"auth": {"client_token": "evil"}, "data": {"x": 1}, "lease_id": "zz", "request_id": "r", "own": 1}
    wrapping = root.post("sys/wrapping/wrap", forged, wrap="5m").ok(200).json["wrap_info"]["token"]
    answer = root.post("sys/wrapping/unwrap", token=wrapping).ok(200)
    pairs = json.loads(answer.text, object_pairs_hook=list)
    assert len({name for name, _ in pairs}) == len(pairs), "a member stands twice"
    assert answer.json["auth"] is None and answer.json["lease_id"] == "" and answer.data == forged
    answer = root.post("sys/capabilities-self", {"paths": ["data", "secret/x"]}).ok(200)
    assert answer.data["data"] == ["root"] and answer.json["secret/x"] == ["root"]


def test_codes_of_health_are_final_ones(server):
    for code in (100, 101, 199):
        assert server.root.get(f"sys/health?activecode={code}", token=None).status == 400
    assert server.root.get("sys/health?activecode=299", token=None).status == 299


def test_metadata_makes_nobody_somebody_else(make_server):
    """Who a token is for AWS's policies is what its login method says, not what its maker wrote into it."""
    own = Aws(make_server())
    own.server.enable_audit()
    carol = own.user("carol", policies=["everything"])
    sm = own.root.client()
    sm.create_secret(Name="carols", SecretString="v")
    arn = carol.client("sts").get_caller_identity()["Arn"]
    sm.put_resource_policy(SecretId="carols", ResourcePolicy=json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "secretsmanager:GetSecretValue", "Resource": "*"}}))
    root = own.server.root
    root.put("sys/policies/acl/maker", {"policy": 'path "auth/token/create" { capabilities = ["create", "update"] } path "auth/aws-keys/credentials" { capabilities = ["read", "update"] }'}).ok()
    maker = root.copy(root.new_token(["maker"]))
    root.post("sys/auth/approle", {"type": "approle"}).ok(204)
    root.post("auth/approle/role/r", {"token_policies": ["maker"]}).ok(204)
    role_id = root.get("auth/approle/role/r/role-id").ok(200).data["role_id"]
    secret_id = root.post("auth/approle/role/r/secret-id", {"metadata": json.dumps({"aws_principal": "user/carol"})}).ok(200).data["secret_id"]
    tokens = [maker.post("auth/token/create", {"meta": {"aws_principal": name}}).ok(200).token for name in ("user/carol", "root")]
    tokens.append(root.post("auth/approle/login", {"role_id": role_id, "secret_id": secret_id}).ok(200).token)
    from aws import Keys
    for token in tokens:
        made = root.post("auth/aws-keys/credentials", token=token).ok(200).data
        keys = Keys(own.server, made["access_key_id"], made["secret_access_key"], made["session_token"])
        assert keys.client("sts").get_caller_identity()["Arn"] not in (arn, arn.replace("user/carol", "root"))
        with refused("AccessDeniedException"):
            keys.client().get_secret_value(SecretId="carols")


def test_refusals_are_recorded_without_a_status_of_success(make_server):
    own = Aws(make_server())
    own.server.enable_audit()
    from sigv4 import Signer
    Signer(own.server, own.root.id, "wrong" * 8).ask()
    own.server.root.get("secret/data/none").refused(404)
    records = [r for r in own.server.audit_records() if r["type"] == "response" and r.get("error")]
    assert records and not any("status" in r.get("response", {}) for r in records)
    assert any(own.root.id in json.dumps(r) for r in records), "whose signature was wrong is not said"


def test_tokens_of_a_login_method_end_when_it_moves(make_server):
    root = make_server().root
    root.post("sys/auth/userpass", {"type": "userpass"}).ok(204)
    root.post("auth/userpass/users/u", {"password": "secret-word"}).ok(204)
    token = root.post("auth/userpass/login/u", {"password": "secret-word"}, token=None).ok(200).token
    root.get("auth/token/lookup-self", token=token).ok(200)
    root.post("sys/remount", {"from": "auth/userpass", "to": "auth/moved"}).ok(200)
    wait_until(lambda: root.get("auth/token/lookup-self", token=token).status == 403, 30, what="end of the token")
    root.post("auth/moved/login/u", {"password": "secret-word"}, token=None).ok(200)
