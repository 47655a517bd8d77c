"""ACL policies: writing and reading them, how they match, parameters, templates, capabilities; password policies."""
import datetime
import json
import time

import hvac
import pytest

from harness import unique

READ_A = 'path "a/*" { capabilities = ["read"] }'


def test_write_read_list_delete(root):
    name = unique("p")
    root.put(f"sys/policies/acl/{name}", {"policy": READ_A}).ok(204)
    answer = root.get(f"sys/policies/acl/{name}").ok(200)
    assert answer.data == {"name": name, "policy": READ_A}, "exactly these: hvac compares whole objects"
    legacy = root.get(f"sys/policy/{name}").ok(200)
    assert legacy.data == {"name": name, "rules": READ_A}
    assert legacy.json["name"] == name and legacy.json["rules"] == READ_A
    assert name in root.list("sys/policies/acl").data["keys"] and name in root.get("sys/policies/acl?list=true").data["keys"]
    old = root.get("sys/policy").ok(200)
    assert name in old.data["policies"] and old.data["policies"] == old.data["keys"] == old.json["policies"]
    root.delete(f"sys/policies/acl/{name}").ok(204)
    root.get(f"sys/policies/acl/{name}").refused(404, [])


def test_legacy_write_takes_policy_or_rules(root):
    for field in ("policy", "rules"):
        name = unique("p")
        root.put(f"sys/policy/{name}", {field: READ_A}).ok(204)
        assert root.get(f"sys/policy/{name}").data["rules"] == READ_A
        root.delete(f"sys/policy/{name}").ok(204)


def test_names_are_lower_case_and_hold_any_character(root):
    name = unique("MiXed")
    root.put(f"sys/policies/acl/{name}", {"policy": READ_A}).ok()
    assert root.get(f"sys/policies/acl/{name.lower()}").data["name"] == name.lower()
    root.put("sys/policy/%5B'testpolicy'%5D", {"rules": READ_A}).ok(204)
    assert root.get("sys/policy/%5B'testpolicy'%5D").data["name"] == "['testpolicy']"


def test_json_policy(root):
    name = unique("p")
    text = json.dumps({"path": {"a/*": {"capabilities": ["read", "list"]}}})
    root.put(f"sys/policies/acl/{name}", {"policy": text}).ok(204)
    assert root.get(f"sys/policies/acl/{name}").data["policy"] == text


@pytest.mark.parametrize("text", ['path "a" {', 'path "a" { capabilities = ["fly"] }', 'path "a" { capability = ["read"] }', 'rule "a" { }',
                                  'path "a+*" { capabilities = ["read"] }', 'path "a" { min_wrapping_ttl = "2h" max_wrapping_ttl = "1h" capabilities = ["read"] }'])
def test_bad_policies_change_nothing(root, text):
    name = unique("p")
    root.put(f"sys/policies/acl/{name}", {"policy": READ_A}).ok(204)
    root.put(f"sys/policies/acl/{name}", {"policy": text}).refused(400, "failed to parse policy")
    assert root.get(f"sys/policies/acl/{name}").data["policy"] == READ_A


def test_built_in_policies(root):
    root.put("sys/policies/acl/root", {"policy": READ_A}).refused(400, 'cannot update "root" policy')
    root.delete("sys/policies/acl/root").refused(400, 'cannot delete "root" policy')
    root.delete("sys/policies/acl/default").refused(400, "cannot delete default policy")
    text = root.get("sys/policies/acl/default").ok(200).data["policy"]
    for path in ("auth/token/lookup-self", "auth/token/renew-self", "auth/token/revoke-self", "sys/capabilities-self", "cubbyhole/*", "sys/wrapping/unwrap"):
        assert f'"{path}"' in text


@pytest.fixture
def secrets(root, kv1):
    """A KV version 1 mount with a few names in it."""
    for name in ("a", "b/c", "b/d/e", "x/mid", "x/y/mid", "glob1"):
        root.post(f"{kv1}/{name}", {"v": name}).ok(204)
    return kv1


def test_exact_prefix_and_segment_wildcard(root, secrets):
    who = root.with_policy(f'''
        path "{secrets}/a" {{ capabilities = ["read"] }}
        path "{secrets}/b/*" {{ capabilities = ["read", "list"] }}
        path "{secrets}/b/d/e" {{ capabilities = ["deny"] }}
        path "{secrets}/+/mid" {{ capabilities = ["read"] }}
        path "{secrets}/glo*" {{ capabilities = ["read"] }}''')
    for name in ("a", "b/c", "x/mid", "glob1"):
        who.get(f"{secrets}/{name}").ok(200)
    for name in ("b/d/e", "x/y/mid", "none"):
        who.get(f"{secrets}/{name}").refused(403, "1 error occurred:\n\t* permission denied\n\n")
    who.list(f"{secrets}/b").ok(200)
    who.list(f"{secrets}/b/").ok(200)
    who.list(f"{secrets}/x").refused(403)
    who.post(f"{secrets}/a", {"v": "w"}).refused(403)


def test_same_path_in_two_policies(root, secrets):
    one, two, three = unique("p"), unique("p"), unique("p")
    root.put(f"sys/policies/acl/{one}", {"policy": f'path "{secrets}/a" {{ capabilities = ["read"] }}'}).ok(204)
    root.put(f"sys/policies/acl/{two}", {"policy": f'path "{secrets}/a" {{ capabilities = ["update", "create"] }}'}).ok(204)
    root.put(f"sys/policies/acl/{three}", {"policy": f'path "{secrets}/a" {{ capabilities = ["deny"] }}'}).ok(204)
    both = root.copy(root.new_token([one, two]))
    both.get(f"{secrets}/a").ok(200)
    both.post(f"{secrets}/a", {"v": "w"}).ok(204)
    root.copy(root.new_token([one, two, three])).get(f"{secrets}/a").refused(403)


def test_create_and_update_are_told_apart(root, secrets):
    creator = root.with_policy(f'path "{secrets}/*" {{ capabilities = ["create"] }}')
    name = unique()
    creator.post(f"{secrets}/{name}", {"v": "1"}).ok(204)
    creator.post(f"{secrets}/{name}", {"v": "2"}).refused(403)
    updater = root.with_policy(f'path "{secrets}/*" {{ capabilities = ["update"] }}')
    updater.post(f"{secrets}/{name}", {"v": "2"}).ok(204)
    updater.post(f"{secrets}/{unique()}", {"v": "2"}).refused(403)


def test_parameters(root, kv1):
    who = root.with_policy(f'''path "{kv1}/par/*" {{
        capabilities = ["create", "update", "read"]
        allowed_parameters = {{ "color" = ["red", "b*"] "size" = [] }}
        denied_parameters = {{ "secret" = [] }}
        required_parameters = ["color"] }}''')
    path = f"{kv1}/par/a"
    for body in ({"color": "red"}, {"color": "blue", "size": "9"}):
        who.post(path, body).ok(204)
    for body in ({"color": "green"}, {"COLOR": "green"}, {"Color": "red", "secret": "x"}, {"color": "red", "SECRET": "x"}, {"size": "9"}, {},
                 {"color": ["red", "green"]}, {"color": "red", "other": "x"}, {"color": None, "size": "1"}):
        who.post(path, body).refused(403)


def test_parameters_hold_in_every_encoding(root, kv1):
    """E11: form body, JSON body, another case: one decision."""
    who = root.with_policy(f'path "{kv1}/p" {{ capabilities = ["create", "update"] denied_parameters = {{ "admin" = [] }} }}')
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    who.post(f"{kv1}/p", "a=b", headers=form).ok(204)
    for body in ("admin=1", "ADMIN=1", "a=b&admin=", "%61dmin=1"):
        who.post(f"{kv1}/p", body, headers=dict(form)).refused(403)
    for text in ('{"admin": null}', '{"a": "b", "aDmIn": {}}', '{"admin": [1]}', '{"\\u0061dmin": "x"}', '{"a":"b","admin":"1","admin":"2"}'):
        assert who.post(f"{kv1}/p", text).status in (400, 403)


def test_wrapping_ttl_is_demanded(root, secrets):
    who = root.with_policy(f'path "{secrets}/a" {{ capabilities = ["read"] min_wrapping_ttl = "1m" max_wrapping_ttl = "1h" }}')
    who.get(f"{secrets}/a").refused(403)
    who.get(f"{secrets}/a", wrap="30s").refused(403)
    who.get(f"{secrets}/a", wrap="2h").refused(403)
    assert who.get(f"{secrets}/a", wrap="2m").ok(200).json["wrap_info"]["ttl"] == 120


def test_templates(root, kv1, userpass):
    accessor = root.get(f"sys/auth/{userpass}").data["accessor"]
    name = unique("templated")
    root.put(f"sys/policies/acl/{name}", {"policy": f'''
        path "{kv1}/{{{{identity.entity.aliases.{accessor}.name}}}}/*" {{ capabilities = ["read", "create", "update"] }}
        path "{kv1}/{{{{identity.entity.metadata.team}}}}/x" {{ capabilities = ["read"] }}'''}).ok(204)
    for user in ("ann", "bob"):
        root.post(f"auth/{userpass}/users/{user}", {"password": "long enough", "token_policies": [name]}).ok(204)
    ann = root.copy(root.post(f"auth/{userpass}/login/ann", {"password": "long enough"}, token=None).token)
    ann.post(f"{kv1}/ann/mine", {"v": "1"}).ok(204)
    ann.get(f"{kv1}/ann/mine").ok(200)
    ann.post(f"{kv1}/bob/mine", {"v": "1"}).refused(403)
    root.post(f"{kv1}//x".replace("//", "/team/"), {"v": "1"}).ok(204)
    ann.get(f"{kv1}/team/x").refused(403)
    root.put(f"sys/policies/acl/{unique()}", {"policy": 'path "a/{{identity.entity.id" { capabilities = ["read"] }'}).refused(400, "failed to parse policy")


def test_capabilities(root, secrets):
    who = root.with_policy(f'path "{secrets}/a" {{ capabilities = ["update", "read", "create"] }}', no_default_policy=False)
    asked = {"paths": [f"{secrets}/a", "sys/mounts"]}
    own = who.post("sys/capabilities-self", asked).ok(200)
    expected = {f"{secrets}/a": ["create", "read", "update"], "sys/mounts": ["deny"]}
    assert {k: own.data[k] for k in expected} == expected and "capabilities" not in own.data
    assert own.json[f"{secrets}/a"] == expected[f"{secrets}/a"]
    one = root.post("sys/capabilities", {"token": who.token, "paths": [f"{secrets}/a"]}).ok(200)
    assert one.data["capabilities"] == one.data[f"{secrets}/a"] == ["create", "read", "update"]
    accessor = who.get("auth/token/lookup-self").data["accessor"]
    assert root.post("sys/capabilities-accessor", {"accessor": accessor, "path": "sys/mounts"}).ok(200).data["capabilities"] == ["deny"]
    assert root.post("sys/capabilities-self", {"paths": "x"}).data["capabilities"] == ["root"]
    root.post("sys/capabilities", {"token": "nope", "paths": ["a"]}).refused(400)
    root.post("sys/capabilities-self", {}).refused(400, "paths must be supplied")


def test_changes_hold_from_the_next_request(root, secrets):
    name = unique("p")
    root.put(f"sys/policies/acl/{name}", {"policy": f'path "{secrets}/a" {{ capabilities = ["read"] }}'}).ok(204)
    token = root.new_token([name])
    for _ in range(10):
        root.get(f"{secrets}/a", token=token).ok(200)
        root.put(f"sys/policies/acl/{name}", {"policy": f'path "{secrets}/a" {{ capabilities = ["deny"] }}'}).ok(204)
        root.get(f"{secrets}/a", token=token).refused(403)
        root.put(f"sys/policies/acl/{name}", {"policy": f'path "{secrets}/a" {{ capabilities = ["read"] }}'}).ok(204)
    root.delete(f"sys/policies/acl/{name}").ok(204)
    root.get(f"{secrets}/a", token=token).refused(403)


def test_sudo_is_asked_where_declared(root):
    plain = root.with_policy('path "sys/audit" { capabilities = ["read"] }')
    plain.get("sys/audit").refused(403)
    root.with_policy('path "sys/audit" { capabilities = ["read", "sudo"] }').get("sys/audit").ok(200)


def test_password_policies(root):
    name = unique("pw")
    text = 'length = 20\nrule "charset" {\n  charset = "abcde"\n  min-chars = 2\n}'
    root.put(f"sys/policies/password/{name}", {"policy": text}).ok(204)
    assert root.get(f"sys/policies/password/{name}").ok(200).data == {"policy": text}
    password = root.get(f"sys/policies/password/{name}/generate").ok(200).data["password"]
    assert len(password) == 20 and set(password) <= set("abcde")
    assert name in root.list("sys/policies/password").ok(200).data["keys"]
    root.put(f"sys/policies/password/{name}", {"policy": "length = 1"}).refused(400)
    root.delete(f"sys/policies/password/{name}").ok(204)
    root.get(f"sys/policies/password/{name}").refused(404)


def test_hvac_policies(hv):
    name = unique("hv")
    hv.sys.create_or_update_policy(name, {"path": {"sys": {"policy": "deny"}, "secret": {"policy": "write"}}})
    assert name in hv.sys.list_policies()["data"]["policies"]
    assert json.loads(hv.sys.read_policy(name)["data"]["rules"])["path"]["sys"] == {"policy": "deny"}
    hv.sys.delete_policy(name)
    with pytest.raises(hvac.exceptions.InvalidPath):
        hv.sys.read_policy(name)
    hv.sys.create_or_update_acl_policy(name, READ_A)
    assert hv.sys.read_acl_policy(name)["data"]["policy"] == READ_A and name in hv.sys.list_acl_policies()["data"]["keys"]
    hv.sys.delete_acl_policy(name)
    assert hv.sys.get_capabilities(["sys/mounts"])["data"]["sys/mounts"] == ["root"]


def test_resultant_acl(root, secrets):
    who = root.with_policy(f'path "{secrets}/*" {{ capabilities = ["read"] }}', no_default_policy=False)
    data = who.get("sys/internal/ui/resultant-acl").ok(200).data
    assert data["glob_paths"][f"{secrets}/"] == {"capabilities": ["read"]} and data["root"] is False
    assert root.get("sys/internal/ui/resultant-acl").data["root"] is True


def expiring(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.isoformat().replace("+00:00", "Z"), time.monotonic() + seconds


def test_a_rule_holds_until_it_expires(root, secrets):
    """Granted until then and not after, to the millisecond, for tokens of before and for a set that nobody touches meanwhile."""
    at, end = expiring(2)
    who = root.with_policy(f'''
        path "{secrets}/a" {{ capabilities = ["read"] expiration = "{at}" }}
        path "{secrets}/b/*" {{ capabilities = ["read"] }}''')
    batch = root.copy(root.new_token(root.post("auth/token/lookup", {"token": who.token}).data["policies"], type="batch"))
    last_good = 0.0
    while time.monotonic() < end + 0.5:
        sent = time.monotonic()
        if who.get(f"{secrets}/a").status == 200:
            last_good = sent
            batch.get(f"{secrets}/a")
    assert end - 1.5 < last_good <= end + 0.005, f"it granted {last_good - end:+.3f} s after it expired"
    for one in (who, batch):
        one.get(f"{secrets}/a").refused(403)
        one.get(f"{secrets}/b/c").ok(200)
    assert root.post("sys/capabilities", {"token": who.token, "paths": [f"{secrets}/a"]}).data["capabilities"] == ["deny"]


def test_a_denial_that_expires(root, secrets):
    at, end = expiring(1.5)
    who = root.with_policy(f'path "{secrets}/*" {{ capabilities = ["read"] }} path "{secrets}/a" {{ capabilities = ["deny"] expiration = "{at}" }}')
    who.get(f"{secrets}/a").refused(403)
    time.sleep(max(0, end - time.monotonic()) + 0.05)
    who.get(f"{secrets}/a").ok(200)
    past = root.with_policy(f'path "{secrets}/a" {{ capabilities = ["read"] expiration = "2001-01-01T00:00:00Z" }}')
    past.get(f"{secrets}/a").refused(403)
    root.put(f"sys/policies/acl/{unique()}", {"policy": 'path "a" { capabilities = ["read"] expiration = "tomorrow" }'}).refused(400, "RFC 3339")


# -- why --------------------------------------------------------------------------------------------------------------
@pytest.fixture
def asked(root, secrets):
    """Asks why about a path below the mount: asked(client, name, operation, **more) -> data. Whose policy is `name`: grants and denies."""
    name = unique("why")
    root.put(f"sys/policies/acl/{name}", {"policy": f'''
        path "{secrets}/b/*" {{ capabilities = ["read", "list"] }}
        path "{secrets}/+/mid" {{ capabilities = ["read"] }}
        path "{secrets}/b/d/*" {{ capabilities = ["deny"] }}
        path "{secrets}/par" {{ capabilities = ["create", "update"] allowed_parameters = {{ "color" = ["red"] }} required_parameters = ["color"] }}
        path "{secrets}/wrapped" {{ capabilities = ["read"] min_wrapping_ttl = "1m" max_wrapping_ttl = "1h" }}
        path "sys/audit" {{ capabilities = ["read"] }}'''}).ok(204)
    token = root.new_token([name, "there-is-none"])

    def ask(client, path, operation=None, **more):
        path = path if path.startswith(("sys/", "auth/")) else f"{secrets}/{path}"
        return client.post("sys/internal/why", {"path": path, **({"operation": operation} if operation else {}), **more}).ok(200).data

    ask.policy, ask.mount, ask.who = name, secrets, root.copy(token)
    return ask


def test_why_of_ones_own_token(asked):
    """The rule that decided, or what is missing; the same as what a request is answered."""
    who, mount = asked.who, asked.mount
    granted = asked(who, "b/c", "read")
    assert granted["allowed"] is True and granted["code"] == "granted" and granted["policy"] == asked.policy and granted["rule"] == f"{mount}/b/*"
    assert asked(who, "b/c") == granted, "to read is what is asked about when nothing is said"
    missing = asked(who, "b/c", "update")
    assert missing["allowed"] is False and missing["code"] == "missing_capability" and missing["rule"] == f"{mount}/b/*"
    assert missing["capabilities"] == ["list", "read"] and missing["needs"] == f'path "{mount}/b/c" {{ capabilities = ["update"] }}'
    wildcard = asked(who, "x/mid", "read")
    assert wildcard["allowed"] is True and wildcard["rule"] == f"{mount}/+/mid"
    denied = asked(who, "b/d/e", "read")
    assert denied["allowed"] is False and denied["code"] == "denied" and denied["rule"] == f"{mount}/b/d/*" and denied["needs"] == "", "more rules do not help"
    none = asked(who, "c/c", "read")
    assert none["code"] == "no_rule" and none["rule"] == none["policy"] == "" and none["needs"] == f'path "{mount}/c/c" {{ capabilities = ["read"] }}'
    assert f"{mount}/b/*" in [rule["rule"] for rule in none["nearest"]]
    assert none["policies"] == sorted(["default", asked.policy, "there-is-none"]) and none["missing_policies"] == ["there-is-none"]
    several = asked(who, "b/c", "read,update")
    assert several["allowed"] is False and [d["allowed"] for d in several["decisions"]] == [True, False]
    listing = asked(who, "b", "list")
    assert listing["allowed"] is True and listing["path"] == f"{mount}/b/"


def test_why_tells_nothing_of_what_is_stored(asked):
    one, two = asked(asked.who, "a", "read"), asked(asked.who, "never-written", "read")
    assert {k: v for k, v in one.items() if k not in ("path", "needs")} == {k: v for k, v in two.items() if k not in ("path", "needs")}


def test_why_of_parameters_and_wrapping(asked):
    who = asked.who
    assert asked(who, "par", "update", parameters={"color": "red"})["allowed"] is True
    wrong = asked(who, "par", "update", parameters={"color": "green"})
    assert (wrong["allowed"], wrong["code"], wrong["parameter"]) == (False, "parameter", "color")
    other = asked(who, "par", "create", parameters={"color": "red", "size": 1})
    assert (other["code"], other["parameter"]) == ("parameter", "size")
    bare = asked(who, "par", "update")
    assert (bare["code"], bare["parameter"], bare["needs"]) == ("missing_parameter", "color", "")
    plain = asked(who, "wrapped", "read")
    assert plain["code"] == "wrapping" and "1m0s" in plain["reason"] and "1h0m0s" in plain["reason"]
    assert asked(who, "wrapped", "read", wrap_ttl="5m")["allowed"] is True
    assert asked(who, "wrapped", "read", wrap_ttl="5s")["code"] == "wrapping"


def test_why_knows_what_endpoints_ask_for(asked, root):
    """sudo, folded names, and endpoints that ask for nothing: as the request itself would be judged."""
    who = asked.who
    sudo = asked(who, "sys/audit", "read")
    assert (sudo["allowed"], sudo["code"], sudo["needs"]) == (False, "missing_sudo", 'path "sys/audit" { capabilities = ["read", "sudo"] }')
    who.get("sys/audit").refused(403)
    assert asked(who, "sys/health", "read")["code"] == "open"
    folds = root.with_policy('path "sys/policies/acl/*" { capabilities = ["read"] } path "sys/policies/acl/secret" { capabilities = ["deny"] }')
    for name in ("secret", "SECRET", "Secret"):
        assert asked(folds, f"sys/policies/acl/{name}", "read")["code"] == "denied"
        folds.get(f"sys/policies/acl/{name}").refused(403)
    assert asked(root, "anything", "delete")["code"] == "root"


def test_why_of_anothers_token(asked, root):
    """Only with sudo at sys/internal/why; then all is told."""
    accessor = asked.who.get("auth/token/lookup-self").ok(200).data["accessor"]
    admin = root.with_policy('path "sys/internal/why" { capabilities = ["update", "sudo"] }')
    for client in (root, admin):
        for named in ({"token": asked.who.token}, {"accessor": accessor}):
            data = asked(client, "b/d/e", "read", **named)
            assert data["code"] == "denied" and data["policy"] == asked.policy and data["rule"] == f"{asked.mount}/b/d/*", data
    plain = root.with_policy('path "sys/internal/why" { capabilities = ["update"] }')
    for client in (plain, asked.who):
        for named in ({"token": root.token}, {"accessor": root.get("auth/token/lookup-self").data["accessor"]}, {"token": "hvs.none"}, {"accessor": "none"}):
            client.post("sys/internal/why", {"path": "a", **named}).refused(403, "permission denied")
    assert asked(asked.who, "b/c", "read", token=asked.who.token)["allowed"] is True, "one's own token is one's own"
    assert asked(asked.who, "b/c", "read", accessor=accessor)["allowed"] is True
    for named in ({"token": "hvs.none"}, {"accessor": "none"}):
        root.post("sys/internal/why", {"path": "a", **named}).refused(400, "invalid")


def test_why_shows_rules_to_whom_may_see_them(asked, root):
    """Without the right to read the policy, or one's rules, the reason is told and the rule is not."""
    closed = root.copy(root.new_token([asked.policy], no_default_policy=True))
    answer = asked(closed, "b/d/e", "read")
    assert (answer["allowed"], answer["code"], answer["rule"], answer["policy"]) == (False, "denied", "", "")
    assert asked(closed, "c/c", "read")["nearest"] == []
    reader = unique("reader")
    root.put(f"sys/policies/acl/{reader}", {"policy": f'path "sys/policies/acl/{asked.policy}" {{ capabilities = ["read"] }}'}).ok(204)
    assert asked(root.copy(root.new_token([asked.policy, reader], no_default_policy=True)), "b/d/e", "read")["rule"] == f"{asked.mount}/b/d/*"


def test_why_can_be_closed(root):
    closed = root.with_policy('path "sys/internal/why" { capabilities = ["deny"] }')
    closed.post("sys/internal/why", {"path": "a"}).refused(403, "permission denied")
    root.post("sys/internal/why", {"path": "a"}, token=None).refused(403, "permission denied")
    root.post("sys/internal/why", {"path": "a"}, token="hvs.none").refused(403, "permission denied")
    for body in ({}, {"path": ""}, {"path": "a//b"}, {"path": "../a"}, {"path": "a", "operation": "fly"}, {"path": "a", "parameters": "x"}):
        root.post("sys/internal/why", body).refused(400)


def test_why(root, secrets):
    """sys/internal/why names the rule that decided, or what is missing, to whom may know."""
    name = unique("p")
    root.put(f"sys/policies/acl/{name}", {"policy": f'path "{secrets}/b/*" {{ capabilities = ["read"] }}'}).ok(204)
    token = root.new_token([name])
    answer = root.post("sys/internal/why", {"token": token, "path": f"{secrets}/b/c", "operation": "update"}).ok(200)
    assert answer.data["allowed"] is False and name in answer.text and f"{secrets}/b/*" in answer.text
    allowed = root.post("sys/internal/why", {"token": token, "path": f"{secrets}/b/c", "operation": "read"}).ok(200)
    assert allowed.data["allowed"] is True and name in allowed.text
    root.post("sys/internal/why", {"token": root.token, "path": "x", "operation": "read"}, token=token).refused(403)


def test_names_are_lower_case(root):
    name = unique("Mixed")
    answer = root.put(f"sys/policies/acl/{name}", {"policy": 'path "a" { capabilities = ["read"] }'}).ok(200)
    assert answer.json["warnings"] == [f"policy name was converted to {name.lower()}"] and answer.data is None
    root.put(f"sys/policies/acl/{name.lower()}", {"policy": 'path "a" { capabilities = ["read"] }'}).ok(204)
    assert root.get(f"sys/policies/acl/{name}").data["name"] == name.lower()


def test_lists_come_in_pages(make_server):
    root = make_server().root
    for name in ("alpha", "beta", "zeta"):
        root.put(f"sys/policies/acl/{name}", {"policy": 'path "a" { capabilities = ["read"] }'}).ok(204)
    everything = ["alpha", "beta", "default", "root", "zeta"]
    assert root.list("sys/policies/acl").data["keys"] == everything
    assert root.get("sys/policy").data["policies"] == everything
    for size in (1, 2, 3, 4, 5, 9):
        got, after = [], ""
        while True:
            page = root.get(f"sys/policies/acl?list=true&after={after}&limit={size}")
            if page.status == 404:
                break
            assert 0 < len(page.data["keys"]) <= size
            got += page.data["keys"]
            after = got[-1]
        assert got == everything, size
