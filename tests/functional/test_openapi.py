"""sys/internal/specs/openapi and `?help=1`: what is said of an endpoint is derived from its declaration, whole and well-formed."""
import re

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
TYPES = ("string", "integer", "number", "boolean", "array", "object")


def operations(document):
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method], item


def schemas(value):
    """All schema objects below a value."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key == "schema":
                yield from nested(part)
            else:
                yield from schemas(part)
    elif isinstance(value, list):
        for part in value:
            yield from schemas(part)


def nested(schema):
    yield schema
    for part in schema.get("properties", {}).values():
        yield from nested(part)
    if "items" in schema:
        yield from nested(schema["items"])


def check(document):
    """The rules of OpenAPI 3.0 that such a document can break."""
    assert document["openapi"].startswith("3.0.") and document["info"]["title"] and document["info"]["version"]
    ids = [operation["operationId"] for _, _, operation, _ in operations(document)]
    assert len(ids) == len(set(ids)), sorted(i for i in ids if ids.count(i) > 1)
    shapes = [re.sub(r"{[^}]*}", "{}", path) for path in document["paths"]]
    assert len(shapes) == len(set(shapes)), "paths that differ by the names in braces only"
    for path, method, operation, item in operations(document):
        at = f"{method} {path}"
        assert path.startswith("/") and "..." not in path and "+" not in path, at
        parameters = item.get("parameters", []) + operation.get("parameters", [])
        named = {p["name"] for p in parameters if p["in"] == "path"}
        assert named == set(re.findall(r"{([^}]*)}", path)), at
        assert all(p["required"] for p in parameters if p["in"] == "path"), at
        assert len({(p["in"], p["name"]) for p in parameters}) == len(parameters), at
        assert operation["responses"] and all(r["description"] for r in operation["responses"].values()), at
        assert "requestBody" not in operation or method in ("post", "put", "patch"), at
        for schema in schemas(item):
            assert schema["type"] in TYPES, at
            assert (schema["type"] == "array") == ("items" in schema), at
            if "default" in schema:
                assert type(schema["default"]).__name__ in {"string": ("str",), "integer": ("int",), "number": ("int", "float"), "boolean": ("bool",),
                                                            "array": ("list",), "object": ("dict",)}[schema["type"]], (at, schema)


def test_document(root, kv1, kv2):
    document = root.get("sys/internal/specs/openapi").ok(200).json
    check(document)
    paths = document["paths"]
    assert {"/sys/mounts/{path}", "/sys/mounts/{path}/tune", "/sys/policies/acl/", f"/{kv2}/data/{{path}}", f"/{kv1}/{{path}}/", "/auth/token/create"} <= set(paths)
    assert paths["/sys/health"]["get"]["summary"] and paths["/sys/health"]["x-vault-unauthenticated"] is True
    assert paths["/sys/remount"]["x-vault-sudo"] is True
    assert paths[f"/{kv2}/data/{{path}}"]["x-vault-createSupported"] is True
    assert "/" + kv2 + "/{path}" not in paths, "paths that only tell the right one are not part of the API"
    assert paths["/sys/policies/acl/"]["get"]["parameters"][0]["name"] == "list"
    assert "204" in paths["/sys/policies/acl/{name}"]["delete"]["responses"]
    tune = paths["/sys/mounts/{path}/tune"]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert {"description", "default_lease_ttl", "max_lease_ttl", "options"} <= set(tune)
    assert sum(1 for _ in operations(document)) > 190


def test_every_endpoint_is_in_the_document(root, kv1, kv2):
    """Help lists the patterns of a mount; the document has each of them."""
    paths = root.get("sys/internal/specs/openapi").ok(200).json["paths"]
    for mount in (kv1, kv2, "auth/token"):
        page = root.get(f"{mount}/?help=1").ok(200).json
        patterns = re.findall(r"^    (\S+)$", page["help"].split("## PATHS")[1], re.M)
        assert patterns
        for pattern in patterns:
            path = f"/{mount}/{pattern}"
            assert path in paths or path + "/" in paths, path


def test_help_of_an_endpoint_is_of_that_endpoint(root):
    page = root.get("sys/mounts?help=1").ok(200).json
    check(page["openapi"])
    assert list(page["openapi"]["paths"]) == ["/mounts"] and page["see_also"] is None
    assert list(root.get("sys/policies/acl/any?help=1").json["openapi"]["paths"]) == ["/policies/acl/{name}"]
    text = root.get("sys/mounts/a/b/tune?help=1").json["help"]
    assert "Request:        mounts/a/b/tune" in text and "Matching Route: mounts/{path}/tune" in text
    assert "## read" in text and "## update" in text and "default_lease_ttl (string)" in text and text.count("Path of the mount.") == 1
    assert "Needs the sudo capability." in root.get("sys/remount?help=1").json["help"]
    assert "Needs no token." in root.get("sys/health?help=1").json["help"]


# What would end the server's readiness, or not end by itself.
NOT_ASKED = {("post", "/sys/seal"), ("get", "/sys/monitor"), ("post", "/auth/token/revoke-self")}
MISTAKES = [[], [1, "a"], {}, {"a": {"b": [1]}}, -1, 0, 9007199254740993, 1.5, True, None, "", "x", "x" * 3000, "\u0000", "\u202e", "-1s", "9999999999h", "a/b", "../a", "%2e"]


def test_no_mistake_is_the_servers_fault(make_server):
    """Every declared operation, with every field of a wrong type, size or spelling: never a 5xx (clients retry those), always Vault's shape."""
    server = make_server()
    server.enable_audit()
    root = server.root
    root.post("sys/mounts/kv1", {"type": "kv"}).ok(204)
    root.post("sys/mounts/kv2", {"type": "kv-v2"}).ok(204)
    root.post("sys/auth/approle", {"type": "approle"}).ok(204)
    root.post("sys/auth/userpass", {"type": "userpass"}).ok(204)
    asked = 0

    def judge(method, path, body=None, **more):
        answer = root.ask({"get": "GET", "post": "POST", "patch": "PATCH", "delete": "DELETE"}[method], path.removeprefix("/"), body,
                          headers={"Content-Type": "application/merge-patch+json"} if method == "patch" else None, **more)
        assert answer.status < 500 and (answer.status != 429 or "quotas" in path) and (answer.status in (200, 202, 204, 404) or isinstance(answer.errors, list)), (method, path, body, answer)
        return answer

    # Quotas last: some of these requests make one, which then refuses what follows.
    for path, method, operation, _ in sorted(operations(root.get("sys/internal/specs/openapi").json), key=lambda o: "quotas" in o[0]):
        if (method, path) in NOT_ASKED:
            continue
        filled = re.sub(r"{[^}]*}", "x1", path)
        fields = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {}).get("properties", {})
        for name in fields:
            for mistake in MISTAKES:
                judge(method, filled, {name: mistake})
                asked += 1
        for body in ("", "{", "[]", "5", '{"a":1,"a":2}', '{"\u00e9":"\\ud800"}') if method in ("post", "patch") else (None,):
            judge(method, filled, body)
        judge(method, filled, {} if method in ("post", "patch") else None, token=None)
        for parameter in operation.get("parameters", []):
            for value in ("", "x", "-1", "99999999999999999999", "true", "%00", "%ff"):
                judge(method, f"{filled}?{parameter['name']}={value}")
    assert asked > 2000 and server.running()
