"""Bearer tokens that another authority has signed: what its claims allow, and which tokens nobody should believe."""
import json
import time

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError

from azdoor import refused
from harness import unique
from webtokens import Key, b64, times

ISSUER = "https://sts.windows.net/11111111-1111-1111-1111-111111111111/"
AUDIENCE = "https://vault.azure.net"
PATH = "auth/azure-apps"
READ = 'path "v1/data/*" { capabilities = ["read"] } path "v1/metadata/" { capabilities = ["list"] }'


@pytest.fixture(scope="module")
def entra(azure):
    """The key of an issuer whose tokens are believed; those of the group `readers` may read the vault v1."""
    root = azure.server.root
    key = Key()
    root.put("sys/policies/acl/entra-readers", {"policy": READ}).ok()
    root.post(f"{PATH}/issuers/entra", {"issuer": ISSUER, "jwks": key.jwks(), "bound_audiences": [AUDIENCE, "api://coffer"]}).ok(204)
    root.post(f"{PATH}/grants/readers", {"issuer": "entra", "claim": "groups", "values": "readers,others", "token_policies": "entra-readers"}).ok(204)
    azure.client().set_secret("entra", "x")
    return key


def claims(**more):
    return times(iss=ISSUER, aud=AUDIENCE, tid="t1", oid="o1", appid="a1", sub="s1", groups=["readers"], **more)


def get(azure, token, name="entra"):
    return azure.ask("GET", f"/secrets/{name}?api-version=7.4", token=token)


def works(azure, token):
    status, _, told = get(azure, token)
    return status == 200 and told["value"] == "x"


def unknown(azure, token):
    """Refused, in the form that makes clients fetch another token."""
    status, headers, told = get(azure, token)
    assert status == 401 and told["error"]["code"] == "Unauthorized", told
    return 'error="insufficient_claims"' in headers["WWW-Authenticate"]


def test_a_token_of_a_trusted_issuer(azure, entra):
    token = entra.token(claims(), header={"kid": "one"})
    for _ in range(3):
        assert works(azure, token)

    class Static:
        def get_token(self, *scopes, **more):
            return AccessToken(token, int(time.time()) + 3600)

    kv = azure.client(credential=Static())
    assert kv.get_secret("entra").value == "x"
    assert "entra" in [s.name for s in kv.list_properties_of_secrets()]
    with refused(403, "Forbidden", "AccessDenied", "appid=a1;oid=o1"):
        kv.set_secret("entra", "y")


def test_it_is_audited_by_name(azure, entra):
    assert works(azure, entra.token({**claims(), "oid": "audited-object", "preferred_username": "ann@example.org"}))
    with open(azure.server.audit_path, encoding="utf-8") as file:
        records = [json.loads(line) for line in file if "audited-object" in line]
    auth = records[-1]["auth"]
    assert auth["display_name"] == "azure-apps-ann@example.org" and auth["token_type"] == "batch" and auth["policies"] == ["entra-readers"]
    assert len(auth["metadata"]) == 5 and "appid=a1;oid=audited-object" in json.dumps(records[-1])


@pytest.mark.parametrize("aud", ["api://coffer", ["x", AUDIENCE]])
def test_audiences(azure, entra, aud):
    assert works(azure, entra.token({**claims(), "aud": aud}))


@pytest.mark.parametrize("more", [{"aud": "https://vault.azure.net/"}, {"aud": None}, {"aud": []}, {"iss": ISSUER[:-1]}, {"iss": None}, {"iss": "https://other"}, {"exp": -5}, {"exp": None}, {"exp": "9999999999"},
                                  {"nbf": 120}, {"iat": 120}, {"nbf": "x"}, {"exp": 0}])
def test_wrong_claims(azure, entra, more):
    now = int(time.time())
    assert unknown(azure, entra.token({**claims(), **{k: now + v if isinstance(v, int) else v for k, v in more.items()}}))


def test_signatures_that_nobody_made(azure, entra):
    good = entra.token(claims())
    head, body, signature = good.split(".")
    other = Key()
    twice = json.dumps(claims())
    for token in (other.token(claims()), other.token(claims(), header={"kid": "one"}), other.token(claims(), header={"jwk": json.loads(other.jwks())["keys"][0], "jku": "https://evil"}),
                  entra.token(claims(), "none"), f"{b64({'alg': 'none'})}.{body}.", f"{b64({'alg': 'nOnE'})}.{body}.{signature}", entra.token(claims(), "HS256"), f"{head}.{body}.",
                  f"{head}.{b64({**claims(), 'groups': ['readers']})}.{signature}", entra.token(claims(), header={"kid": "two"}), entra.token(claims(), header={"crit": ["exp"], "exp": 1}),
                  entra.token({}, raw_payload=('{"aud":"x",' + twice[1:]).encode()), entra.token({}, raw_payload=(twice[:-1] + ',"exp":9999999999}').encode()),
                  entra.token({}, raw_payload=b"[]"), "eyJ..", "eyJhbGciOiJSUzI1NiJ9.e30.", good + "A"):
        assert unknown(azure, token), token
        assert unknown(azure, token)
    assert works(azure, good)


def test_huge_tokens(azure, entra):
    # Many groups make large tokens; what no header can hold is refused before it is looked at.
    assert works(azure, entra.token(claims(more="x" * 4000)))
    assert get(azure, entra.token(claims(more="x" * 20_000)))[0] in (400, 401)


def test_no_longer_than_its_own_end(azure, entra):
    token = entra.token({**claims(), "exp": int(time.time()) + 3})
    assert works(azure, token)
    assert works(azure, token)
    time.sleep(3.1)
    assert unknown(azure, token)


def test_grants(azure, entra):
    root = azure.server.root
    name = unique("grant")
    for claim, value in (("oid", "o7"), ("appid", "a7"), ("roles", ["Reader", "Other"]), ("azp", "z7")):
        token = entra.token({**claims(), "groups": None, claim: value})
        assert get(azure, token)[0] == 403
        root.post(f"{PATH}/grants/{name}", {"issuer": "entra", "claim": claim, "values": [value if isinstance(value, str) else value[1]], "token_policies": "entra-readers"}).ok(204)
        assert works(azure, token)  # at once, whatever is kept in memory
        assert get(azure, entra.token({**claims(), "groups": None, claim: "x" + str(value)}))[0] == 403
        root.delete(f"{PATH}/grants/{name}").ok(204)
        assert get(azure, token)[0] == 403
    # What several grants give is joined.
    policy = unique("policy")
    root.put(f"sys/policies/acl/{policy}", {"policy": 'path "v1/data/*" { capabilities = ["create", "update"] }'}).ok()
    root.post(f"{PATH}/grants/{name}", {"issuer": "entra", "claim": "roles", "values": "Writer", "token_policies": policy}).ok(204)
    token = entra.token(claims(roles="Writer"))
    assert azure.ask("PUT", "/secrets/entra2?api-version=7.4", {"value": "x"}, token=token)[0] == 200 and works(azure, token)
    # A policy that changes holds for tokens that were seen before.
    root.put(f"sys/policies/acl/{policy}", {"policy": 'path "v1/data/*" { capabilities = ["deny"] }'}).ok()
    assert get(azure, token)[0] == 403
    root.delete(f"{PATH}/grants/{name}").ok(204)
    assert works(azure, token)


def test_an_issuer_can_be_let_go(azure):
    root = azure.server.root
    key, name = Key(), unique("issuer")
    body = {**claims(), "iss": "https://" + name}
    token = key.token(body)
    assert unknown(azure, token)
    root.post(f"{PATH}/issuers/{name}", {"issuer": "https://" + name, "public_keys": [key.public_pem]}).ok(204)
    root.post(f"{PATH}/grants/{name}", {"issuer": name, "claim": "oid", "values": "o1", "token_policies": "everything"}).ok(204)
    assert unknown(azure, token)  # for federated credentials alone
    root.post(f"{PATH}/issuers/{name}", {"bound_audiences": AUDIENCE}).ok(204)
    assert get(azure, token)[0] in (200, 404)
    root.post(f"{PATH}/issuers/{name}", {"public_keys": [Key().public_pem]}).ok(204)
    assert unknown(azure, token)
    root.post(f"{PATH}/issuers/{name}", {"public_keys": [key.public_pem]}).ok(204)
    assert get(azure, token)[0] in (200, 404)
    root.delete(f"{PATH}/issuers/{name}").ok(204)
    assert unknown(azure, token)


def test_a_mount_that_is_gone_trusts_nobody(make_azure):
    azure = make_azure()
    root = azure.server.root
    key = Key()
    azure.client().set_secret("entra", "x")
    root.post("sys/auth/other", {"type": "azure-apps"}).ok(204)
    root.post("auth/other/issuers/one", {"issuer": ISSUER, "jwks": key.jwks(), "bound_audiences": AUDIENCE}).ok(204)
    root.post("auth/other/grants/one", {"issuer": "one", "claim": "oid", "values": "o1", "token_policies": "everything"}).ok(204)
    token = key.token(claims())
    assert works(azure, token)
    root.delete("sys/auth/other").ok(204)
    assert unknown(azure, token)
    root.post("sys/auth/other", {"type": "azure-apps"}).ok(204)
    assert unknown(azure, token)
    assert root.list("auth/other/issuers").status == 404


def test_other_apis_do_not_take_it(azure, entra):
    token = entra.token(claims())
    assert works(azure, token)
    assert azure.server.client(token).get("v1/data/entra").status == 403
    assert azure.ask("GET", "/v1/v1/data/entra", host="localhost", token=token)[0] == 403
    with pytest.raises(HttpResponseError):
        azure.client(credential=type("S", (), {"get_token": lambda self, *a, **k: AccessToken(token + "x", int(time.time()) + 3600)})()).get_secret("entra")


def test_what_is_trusted_is_kept_as_written(azure, entra):
    root = azure.server.root
    shown = root.get(f"{PATH}/issuers/entra").ok(200).data
    assert shown["issuer"] == ISSUER and shown["bound_audiences"] == [AUDIENCE, "api://coffer"]
    assert root.get(f"{PATH}/grants/readers").ok(200).data == {"issuer": "entra", "claim": "groups", "values": ["readers", "others"], "token_policies": ["entra-readers"]}
    assert "entra" in root.list(f"{PATH}/issuers").data["keys"] and "readers" in root.list(f"{PATH}/grants").data["keys"]
    for wrong in ({"jwks": "{}"}, {"jwks": "x"}, {"issuer": ""}, {"public_keys": ["x"]}):
        root.post(f"{PATH}/issuers/entra", wrong).refused(400)
    for wrong in ({"issuer": "nobody"}, {"claim": ""}, {"values": []}, {"token_policies": "root"}):
        root.post(f"{PATH}/grants/readers", wrong).refused(400)
    root.get(f"{PATH}/issuers/nobody").refused(404)
    root.get(f"{PATH}/grants/nobody").refused(404)
