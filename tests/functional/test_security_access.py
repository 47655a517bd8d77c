"""Who gets in: open endpoints, enumeration, spellings of denied names, lists, templates. Names in brackets are classes of known failures."""
import pytest

from harness import unique

# What may be asked without a token, as OpenAPI spells it. Anything else answers 403 (or its own kind of refusal) to a stranger.
OPEN = {"/sys/health", "/sys/seal-status", "/sys/leader", "/sys/init", "/sys/unseal", "/sys/internal/ui/mounts", "/sys/internal/ui/mounts/{path}", "/sys/internal/specs/openapi",
        "/sys/wrapping/lookup", "/sys/wrapping/pubkey", "/sys/internal/ui/namespaces"}


def test_open_endpoints_are_exactly_these(make_server):
    """[A23] Every endpoint that OpenAPI names, asked without a token and with an unknown one."""
    server = make_server()
    root = server.root
    root.post("sys/auth/userpass", {"type": "userpass"}).ok(204)
    root.post("sys/auth/approle", {"type": "approle"}).ok(204)
    paths = root.get("sys/internal/specs/openapi").ok(200).json["paths"]
    assert len(paths) > 100
    verbs = {"get": "GET", "post": "POST", "put": "PUT", "delete": "DELETE", "patch": "PATCH"}
    wrong = []
    for path, operations in sorted(paths.items()):
        if path in OPEN or "/login" in path:
            continue
        for verb in (v for v in verbs if v in operations):
            for token in (None, "hvs.unknown"):
                target = path.replace("{", "").replace("}", "").lstrip("/")
                answer = root.ask(verbs[verb], target, {} if verb in ("post", "put", "patch") else None, token=token,
                                  headers={"Content-Type": "application/merge-patch+json"} if verb == "patch" else None)
                if answer.status not in (400, 403, 404, 405) or (answer.status in (400, 404) and answer.errors != [] and "denied" not in answer.text
                                                                   and not any(w in answer.text for w in ("token", "unsupported"))):
                    wrong.append((verbs[verb], target, token, answer))
    assert not wrong, wrong
    root.get("auth/token/lookup-self").ok(200)
    assert root.get("sys/health").status == 200


def test_internal_operations_cannot_be_named(root):
    """[A01] No header, verb or field reaches an operation that is not the API's."""
    before = len(root.list("auth/token/accessors").data["keys"])
    for operation in ("alias-lookahead", "resolve-role", "revoke", "renew", "rollback", "help", "login"):
        for headers in ({"X-Vault-Inline-Auth-Path": "auth/approle/login", "X-Vault-Inline-Auth-Operation": operation}, {"X-HTTP-Method-Override": operation},
                        {"X-Vault-Operation": operation}):
            assert root.get("sys/mounts", token=None, headers=headers).status in (400, 403)
        assert root.ask(operation.upper(), "sys/mounts", token=None).status in (400, 403, 405)
    assert len(root.list("auth/token/accessors").data["keys"]) == before


def test_mounts_are_not_told_to_strangers(root, kv1, userpass):
    """[C04] A mount that is there and one that is not answer alike, byte for byte."""
    for token in (None, "hvs.unknown", root.new_token(["default"])):
        for there, missing in ((f"{kv1}/a", "nomount/a"), (f"{kv1}/", "nomount/"), (f"auth/{userpass}/users/x", "auth/nomount/users/x"), (f"sys/mounts/{kv1}", "sys/mounts/nomount")):
            for method in ("GET", "LIST", "POST", "DELETE"):
                one = root.ask(method, there, {"a": "b"} if method == "POST" else None, token=token)
                two = root.ask(method, missing, {"a": "b"} if method == "POST" else None, token=token)
                if not there.endswith("/") or method != "POST":
                    assert (one.status, one.text) == (two.status, two.text) and one.status == 403, (method, there, one, two)
    one, two = root.get(f"{kv1}?help=1", token=None), root.get("nomount?help=1", token=None)
    assert (one.status, one.text) == (two.status, two.text)


@pytest.mark.parametrize(("denied", "create", "body"), [
    ("sys/policies/acl/admin", None, {"policy": 'path "a" { capabilities = ["read"] }'}),
    ("sys/policy/admin", None, {"policy": 'path "a" { capabilities = ["read"] }'}),
    ("auth/{up}/users/admin", "userpass", {"password": "long enough"}),
    ("auth/{ar}/role/admin", "approle", {"token_policies": ["default"]}),
    ("auth/token/roles/admin", None, {"orphan": True}),
])
def test_a_denied_name_is_denied_in_every_spelling(make_server, denied, create, body):
    """[E03] The rule is checked against the name that the handler uses."""
    root = make_server().root
    root.post("sys/auth/up", {"type": "userpass"}).ok(204)
    root.post("sys/auth/ar", {"type": "approle"}).ok(204)
    denied = denied.format(up="up", ar="ar")
    tree = denied.rsplit("/", 1)[0]
    root.post(denied, body).ok()
    who = root.with_policy(f'path "{tree}/*" {{ capabilities = ["create", "read", "update", "delete", "list", "sudo"] }} path "{denied}" {{ capabilities = ["deny"] }}')
    who.get(denied).refused(403)
    before = root.get(denied).ok(200).data
    case_matters = denied.startswith("auth/token/roles")  # names of token roles keep their case: ADMIN is another role
    for name in ("ADMIN", "AdMiN", "admin%20", "%20admin", "admin%09", "%61dmin", "admin%00", "admin/", "./admin", "x/../admin", "admin%2f", "admin%2e"):
        for method in ("GET", "POST", "DELETE"):
            answer = who.ask(method, f"{tree}/{name}", body if method == "POST" else None)
            if case_matters and name.lower() == "admin" and name != "admin":
                continue
            if name == "admin%2e":
                continue  # a dot makes another name; what counts is that the denied one stays as it is
            assert answer.status in (400, 403, 404, 405), (method, name, answer)
    assert root.get(denied).ok(200).data == before


def test_a_name_that_is_none_tells_no_mounts(root, userpass):
    """[C04] A refused spelling answers a stranger as any other path does."""
    for name in ("%20x", "x%20", "%E2%80%AEx"):
        for token in (None, "hvs.unknown", root.new_token(["default"])):
            there, missing = root.get(f"auth/{userpass}/users/{name}", token=token), root.get(f"auth/nomount/users/{name}", token=token)
            assert (there.status, there.text) == (missing.status, missing.text) and there.status == 403, (there, missing)
        root.get(f"auth/{userpass}/users/{name}").refused(400)


def test_a_slash_at_the_end_opens_nothing(make_server):
    """[E03] What the handler takes for the same path is judged as the same path."""
    root = make_server().root
    root.post("sys/mounts/keep", {"type": "kv"}).ok(204)
    root.post("sys/auth/keep", {"type": "userpass"}).ok(204)
    root.post("sys/quotas/rate-limit/keep", {"rate": 1000}).ok(204)
    for denied in ("sys/mounts/keep", "sys/mounts/keep/tune", "sys/auth/keep", "sys/quotas/rate-limit/keep", "sys/policies/acl/default", "sys/mounts"):
        who = root.with_policy(f'path "sys/*" {{ capabilities = ["create", "read", "update", "delete", "sudo"] }} path "{denied}" {{ capabilities = ["deny"] }}')
        for method in ("GET", "DELETE"):
            assert who.ask(method, denied + "/").status in (403, 404, 405), (method, denied)
            assert who.ask(method, denied).status in (403, 405), (method, denied)
    assert "keep/" in root.get("sys/mounts").data and "keep/" in root.get("sys/auth").data and root.get("sys/quotas/rate-limit/keep").status == 200


def test_a_rule_may_spell_a_name_as_it_likes(make_server):
    """[E03] Where a name's case means nothing, it means nothing in a rule either; a mount's path is no such name."""
    root = make_server().root
    for mount in ("up", "UP"):
        root.post(f"sys/auth/{mount}", {"type": "userpass"}).ok(204)
        for name in ("bob", "admin"):
            root.post(f"auth/{mount}/users/{name}", {"password": "long enough"}).ok(204)
    who = root.with_policy("""path "auth/up/users/Bob" { capabilities = ["read"] } path "sys/policies/acl/MyPolicy" { capabilities = ["create", "update", "read"] }""")
    for name in ("Bob", "bob", "BOB"):
        who.get(f"auth/up/users/{name}").ok(200)
        who.get(f"auth/UP/users/{name}").refused(403)
    who.put("sys/policies/acl/MyPolicy", {"policy": 'path "a" { capabilities = ["read"] }'}).ok(200)
    assert who.get("sys/policies/acl/mypolicy").ok(200).data["name"] == "mypolicy"
    barred = root.with_policy("""path "auth/up/users/*" { capabilities = ["read"] } path "auth/up/users/Admin" { capabilities = ["deny"] }""")
    for name in ("Admin", "admin", "ADMIN"):
        barred.get(f"auth/up/users/{name}").refused(403)
    barred.get("auth/up/users/bob").ok(200)


def test_a_denied_header_is_denied_in_every_case(root):
    """[E03] Names of audited headers are case-insensitive too."""
    who = root.with_policy("""path "sys/config/auditing/request-headers/*" { capabilities = ["create", "read", "update", "delete", "sudo"] }
                              path "sys/config/auditing/request-headers/x-secret" { capabilities = ["deny"] }""")
    for name in ("x-secret", "X-Secret", "X-SECRET", "x%2Dsecret"):
        who.post(f"sys/config/auditing/request-headers/{name}", {"hmac": False}).refused(403)
    who.post("sys/config/auditing/request-headers/X-Other", {"hmac": True}).ok(204)
    assert who.get("sys/config/auditing/request-headers/X-Other").ok(200).data == {"X-Other": {"hmac": True}}
    root.delete("sys/config/auditing/request-headers/X-Other").ok(204)


def test_a_list_does_not_step_over_a_deny(root):
    """[E04] The table of the known fix: a trailing slash opens nothing."""
    mount = unique("foo")
    root.post(f"sys/mounts/{mount}", {"type": "kv-v2"}).ok(204)
    for name in ("test/a", "private/internal/a", "private/granted/test/a", "private/a"):
        root.post(f"{mount}/data/{name}", {"data": {"v": "1"}}).ok(200)
    who = root.with_policy(f'''
        path "{mount}/metadata/*" {{ capabilities = ["list", "scan"] }}
        path "{mount}/metadata/private/*" {{ capabilities = ["deny"] }}
        path "{mount}/metadata/private/granted/*" {{ capabilities = ["list", "scan"] }}''')
    for verb in ("LIST", "SCAN"):
        for slash in ("", "/"):
            for path, allowed in (("", False), ("/metadata", True), ("/metadata/test", True), ("/metadata/private", False), ("/metadata/private/internal", False),
                                  ("/metadata/private/granted", True), ("/metadata/private/granted/test", True)):
                answer = who.ask(verb, f"{mount}{path}{slash}")
                assert (answer.status != 403) == allowed, (verb, path + slash, answer)
    root.delete(f"sys/mounts/{mount}").ok(204)


def test_identity_values_cannot_widen_a_template(make_server):
    """[E06] A name with / * + in it drops the rule instead of opening it."""
    root = make_server().root
    root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    root.post("sys/auth/up", {"type": "userpass"}).ok(204)
    root.post("sys/auth/ar", {"type": "approle"}).ok(204)
    accessor = root.get("sys/auth/ar").data["accessor"]
    root.post("kv/victim/a", {"v": "secret"}).ok(204)
    root.put("sys/policies/acl/templated", {"policy": f'path "kv/{{{{identity.entity.aliases.{accessor}.metadata.team}}}}/a" {{ capabilities = ["read"] }}'}).ok(204)
    root.post("auth/ar/role/web", {"token_policies": ["templated"]}).ok(204)
    role_id = root.get("auth/ar/role/web/role-id").data["role_id"]

    def login(team):
        made = root.post("auth/ar/role/web/secret-id", {"metadata": f'{{"team":"{team}"}}'}).ok(200)
        return root.post("auth/ar/login", {"role_id": role_id, "secret_id": made.data["secret_id"]}, token=None).ok(200).token

    before = login("victim")
    root.get("kv/victim/a", token=before).ok(200)
    root.get("kv/victim/a", token=login("other")).refused(403)
    root.get("kv/victim/a", token=before).refused(403)  # the alias is the role's, and says what its last login said
    for team in ("*", "+", "vict*", "victim/", "victim/a", "../kv/victim", "x/../victim"):
        made = root.post("auth/ar/role/web/secret-id", {"metadata": f'{{"team":"{team}"}}'})
        if made.status != 200:
            continue
        auth = root.post("auth/ar/login", {"role_id": role_id, "secret_id": made.data["secret_id"]}, token=None).ok(200)
        root.get("kv/victim/a", token=auth.token).refused(403)


@pytest.mark.parametrize("spelling", ["rooT", "ROOT", " root", "root ", "root\t", "\u200broot", "ro\u0000ot", "%72oot"])
def test_root_is_given_by_no_other_spelling(root, userpass, approle, spelling):
    """[E01] Wherever policy names are stored."""
    maker = root.with_policy('path "auth/token/*" { capabilities = ["create", "update", "read"] }')
    made = maker.post("auth/token/create", {"policies": [spelling]})
    assert made.status in (400, 403) or "root" not in [p.strip().lower() for p in made.auth["policies"]], made
    for path, fields in ((f"auth/{userpass}/users/u", {"password": "long enough"}), (f"auth/{approle}/role/r", {}), ("auth/token/roles/" + unique(), {})):
        key = "allowed_policies" if "token/roles" in path else "token_policies"
        answer = root.post(path, {**fields, key: [spelling]})
        assert answer.status in (204, 400), (path, answer)
    if root.get(f"auth/{userpass}/users/u").status == 200:
        answer = root.post(f"auth/{userpass}/login/u", {"password": "long enough"}, token=None)
        if answer.status == 200:
            root.get("sys/audit", token=answer.token).refused(403)


def test_limits_of_pages_are_numbers(root, kv1):
    """[E10] A page's limit is a number; nothing odd opens the whole list to whom it is bounded."""
    for i in range(5):
        root.post(f"{kv1}/{i}", {"v": "1"}).ok(204)
    assert len(root.get(f"{kv1}?list=true&limit=2").data["keys"]) == 2
    root.get(f"{kv1}?list=true&limit=many").refused(400)
    root.get(f"{kv1}?list=true&limit=99999999999999999999").refused(400)


def test_forwarded_headers_are_no_identity(root):
    """[B09, A17]"""
    for header in ("X-Forwarded-For", "X-Real-IP", "X-Forwarded-Client-Cert", "Client-Cert", "Cookie"):
        assert root.get("sys/mounts", token=None, headers={header: root.token if header == "Cookie" else "127.0.0.1"}).status == 403
    root.get("sys/mounts", token=None, headers={"Cookie": f"vault_token={root.token}; X-Vault-Token={root.token}"}).refused(403)


def test_cors_is_off(root):
    """[R05]"""
    answer = root.get("sys/health", headers={"Origin": "https://evil.example"})
    assert not [h for h in answer.headers if h.lower().startswith("access-control-")]
    preflight = root.ask("OPTIONS", "sys/mounts", token=None, headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"})
    assert preflight.status >= 400 and preflight.headers["Access-Control-Allow-Origin"] is None
