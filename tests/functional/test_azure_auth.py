"""How Azure's clients get tokens here, and what they are told without one: azure-identity with its own checks on, and the wire as it stands."""
import base64
import json
import time

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import ManagedIdentityCredential

from azdoor import SUFFIX, refused
from harness import unique

LOGIN = "login." + SUFFIX
TOKEN_PATHS = ("/adfs/oauth2/token", "/adfs/oauth2/v2.0/token", "/11111111-1111-1111-1111-111111111111/oauth2/v2.0/token")


def form(client_id, secret, **more):
    return "&".join(f"{k}={v}" for k, v in {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret, "scope": "x/.default", **more}.items())


class Static:
    """A credential that has a token already."""

    def __init__(self, token):
        self.token = token

    def get_token(self, *scopes, **more):
        return AccessToken(self.token, int(time.time()) + 3600)


# -- the challenge --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method,target", [("PUT", "/secrets/a?api-version=7.4"), ("GET", "/secrets/a"), ("GET", "/keys/a"), ("POST", "/nonsense")])
def test_the_challenge_comes_before_anything_else(azure, method, target):
    status, headers, told = azure.ask(method, target)
    port = azure.server.port
    assert status == 401
    assert headers["WWW-Authenticate"] == f'Bearer authorization="https://{LOGIN}:{port}/adfs", resource="https://{SUFFIX}:{port}"'
    assert told == {"error": {"code": "Unauthorized", "message": "AKV10000: Request is missing a Bearer or PoP token."}}


def test_a_token_that_is_no_longer_good_asks_for_another(azure):
    app = azure.new_app(policies=["everything"])
    token = azure.token(app)
    assert azure.ask("GET", "/secrets?api-version=7.4", token=token)[0] == 200
    azure.server.root.post("auth/token/revoke", {"token": token}).ok(204)
    status, headers, _ = azure.ask("GET", "/secrets?api-version=7.4", token=token)
    challenge = headers["WWW-Authenticate"]
    assert status == 401 and 'realm="", ' in challenge and 'error="insufficient_claims", ' in challenge and "resource" not in challenge
    claims = json.loads(base64.b64decode(challenge.split('claims="')[1].rstrip('"')))
    assert int(claims["access_token"]["nbf"]["value"]) > 1_700_000_000


def test_a_client_goes_on_after_its_token_was_revoked(azure):
    seen = []

    class Watched:
        def __init__(self, credential):
            self.credential = credential

        def get_token_info(self, *scopes, options=None):
            info = self.credential.get_token_info(*scopes, options=options)
            seen.append(info.token)
            return info

    kv = azure.client(credential=Watched(azure.credential()))
    name = unique("s")
    kv.set_secret(name, "x")
    azure.server.root.post("auth/token/revoke", {"token": seen[-1]}).ok(204)
    assert kv.get_secret(name).value == "x"
    assert len(set(seen)) == 2


# -- the token endpoint ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", TOKEN_PATHS)
@pytest.mark.parametrize("with_port", [True, False])
def test_client_credentials(azure, path, with_port):
    status, headers, told = azure.ask("POST", path, form(*azure.app), host=LOGIN, with_port=with_port)
    assert status == 200 and told["token_type"] == "Bearer" and told["expires_in"] == 3600 and headers["Cache-Control"] == "no-store"
    assert azure.ask("GET", "/secrets?api-version=7.4", token=told["access_token"])[0] == 200
    # It is an ordinary token.
    assert azure.server.client(told["access_token"]).get("auth/token/lookup-self").ok(200).data["path"] == "auth/approle/login"


@pytest.mark.parametrize("body,status,error", [
    ("", 400, "unsupported_grant_type"), ("grant_type=password", 400, "unsupported_grant_type"), (form("", "x"), 400, "invalid_request"), (form("x", ""), 401, "invalid_client"),
    (form("nobody", "x"), 401, "invalid_client"), (form("x", "x", client_assertion="a"), 400, "invalid_request"), ("client_id=a&client_id=b", 400, "invalid_request"), ("%zz", 400, "invalid_request")])
def test_refused_credentials(azure, body, status, error):
    got, _, told = azure.ask("POST", "/adfs/oauth2/token", body, host=LOGIN)
    assert (got, told["error"]) == (status, error), told
    assert told["error_description"] and told["correlation_id"]


def test_wrong_secret_through_the_library(azure):
    with pytest.raises(ClientAuthenticationError):
        azure.client(app=(azure.app[0], "wrong")).get_secret("a")


def test_secrets_of_an_application_are_counted_and_end(azure):
    app = azure.new_app(policies=["everything"], secret_id_num_uses=1)
    azure.token(app)
    assert azure.ask("POST", "/adfs/oauth2/token", form(*app), host=LOGIN)[0] == 401


def test_another_tenant(azure):
    kv = azure.client(credential=azure.credential(tenant="11111111-1111-1111-1111-111111111111", disable_instance_discovery=True, additionally_allowed_tenants=["*"]))
    name = unique("s")
    assert kv.set_secret(name, "x").value == "x"


def test_documents(azure):
    port = azure.server.port
    base = f"https://{LOGIN}:{port}"
    _, _, told = azure.ask("GET", "/adfs/.well-known/openid-configuration", host=LOGIN)
    assert told["issuer"] == base + "/adfs" and told["token_endpoint"] == base + "/adfs/oauth2/token" and told["authorization_endpoint"] and told["jwks_uri"]
    assert azure.ask("GET", told["jwks_uri"].removeprefix(base), host=LOGIN)[2] == {"keys": []}
    _, _, told = azure.ask("GET", "/t1/v2.0/.well-known/openid-configuration", host=LOGIN)
    assert told["issuer"] == base + "/t1/v2.0" and told["token_endpoint"] == base + "/t1/oauth2/v2.0/token"
    rel = "http://schemas.microsoft.com/rel/trusted-realm"
    _, _, told = azure.ask("GET", f"/.well-known/webfinger?rel={rel}&resource=https://h", host=LOGIN)
    assert told["links"] == [{"rel": rel, "href": base + "/adfs"}]
    assert azure.ask("GET", "/subscriptions?api-version=2019-11-01", host=LOGIN)[2] == {"value": []}
    with open(azure.server.audit_path, encoding="utf-8") as file:
        assert "sys/internal/azure" in file.read()


def test_documents_name_the_authority(azure, make_azure):
    path = "/adfs/.well-known/openid-configuration"
    _, _, told = azure.ask("GET", path, host="evil.test")
    assert told["token_endpoint"] == f"https://{LOGIN}:{azure.server.port}/adfs/oauth2/token" and "evil" not in json.dumps(told)
    told = make_azure(extra={"authority": "https://login.example.com"}).ask("GET", path, host=LOGIN)[2]
    assert told["issuer"] == "https://login.example.com/adfs" and told["token_endpoint"] == "https://login.example.com/adfs/oauth2/token"


# -- managed identities ---------------------------------------------------------------------------------------------------
def test_app_service(azure, monkeypatch):
    token = azure.server.root.new_token(["everything"], ttl="2h")
    for shown in (token, ":".join(azure.app)):
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"https://{LOGIN}:{azure.server.port}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", shown)
        kv = azure.client(credential=ManagedIdentityCredential(connection_verify=azure.server.cafile))
        name = unique("s")
        assert kv.set_secret(name, "x").value == "x"
    status, _, told = azure.ask("GET", "/msi/token?api-version=2019-08-01&resource=r", host=LOGIN, headers={"X-IDENTITY-HEADER": token})
    assert status == 200 and told["access_token"] == token and told["resource"] == "r" and 7100 < int(told["expires_on"]) - time.time() < 7300
    # A token has its use without any policy, as it does for every request that names it; one that wraps an answer has none here, and is not used up.
    bare = azure.server.root.new_token(["nothing"], ttl="1h", no_default_policy=True)
    azure.server.client(bare).get("auth/token/lookup-self").refused(403)
    ask = lambda shown: azure.ask("GET", "/msi/token?api-version=2019-08-01&resource=r", host=LOGIN, headers={"X-IDENTITY-HEADER": shown})
    status, _, told = ask(bare)
    assert status == 200 and told["access_token"] == bare and 3500 < int(told["expires_on"]) - time.time() < 3700, told
    assert any(r.get("request", {}).get("action") == "azure:GetManagedIdentity" for r in azure.server.audit_records())
    wrapping = azure.server.root.post("sys/wrapping/wrap", {"a": "b"}, wrap="60s").ok(200).json["wrap_info"]["token"]
    assert ask(wrapping)[0] == 401
    assert azure.server.client(wrapping).post("sys/wrapping/unwrap").ok(200).data == {"a": "b"}
    for headers in ({}, {"X-IDENTITY-HEADER": "hvs.nothing"}, {"X-IDENTITY-HEADER": "a:b"}):
        status, _, told = azure.ask("GET", "/msi/token?api-version=2019-08-01&resource=r", host=LOGIN, headers=headers)
        assert (status, told["error"]) == (401, "invalid_client"), told


def test_of_the_machine(azure):
    """A role that asks for no secret id is one for whoever comes from its addresses."""
    here, _ = azure.new_app(policies=["everything"], bind_secret_id=True)
    role = unique("machine")
    root = azure.server.root
    root.post(f"auth/approle/role/{role}", {"token_policies": "everything", "bind_secret_id": False, "secret_id_bound_cidrs": "127.0.0.1/32", "token_ttl": "1h"}).ok(204)
    role_id = root.get(f"auth/approle/role/{role}/role-id").ok(200).data["role_id"]
    target = f"/metadata/identity/oauth2/token/?api-version=2018-02-01&resource=r&client_id={role_id}"
    status, _, told = azure.ask("GET", target, host=LOGIN, headers={"Metadata": "true"})
    assert status == 200 and told["token_type"] == "Bearer" and told["expires_in"] == "3600"
    assert azure.ask("GET", "/secrets?api-version=7.4", token=told["access_token"])[0] == 200
    for target, headers in ((target, {}), (target, {"Metadata": "true", "X-Forwarded-For": "1.2.3.4"}), (target.split("&client_id")[0], {"Metadata": "true"})):
        assert azure.ask("GET", target, host=LOGIN, headers=headers)[0] == 400
    assert azure.ask("GET", target.split("&client_id")[0] + f"&client_id={here}", host=LOGIN, headers={"Metadata": "true"})[0] == 401


# -- tokens ---------------------------------------------------------------------------------------------------------------
def test_a_token_of_the_server_is_a_bearer(azure):
    kv = azure.client(credential=Static(azure.server.root.new_token(["everything"])))
    name = unique("s")
    assert kv.set_secret(name, "x").value == "x"
    with pytest.raises(HttpResponseError):
        azure.client(credential=Static("hvs.nothing")).get_secret(name)


def test_the_other_doors_keep_to_their_own(azure):
    token = azure.token()
    # Vault's API stands on every host; Key Vault's only on its vaults'.
    assert azure.ask("GET", "/v1/sys/health")[0] == 200
    assert azure.ask("GET", "/secrets/a?api-version=7.4", host="localhost", token=token)[0] == 404
    assert azure.ask("GET", "/secrets/a?api-version=7.4", host="a.b." + SUFFIX, token=token)[0] == 404


def test_a_folder_and_more_hosts(make_azure):
    azure = make_azure(extra={"vaults": {"team": "secret:team"}, "hosts": {"localhost": "v1"}})
    azure.client("team").set_secret("a", "x")
    assert azure.server.root.get("secret/data/team/a").ok(200).data["data"] == {"value": "x"}
    azure.client().set_secret("b", "y")
    assert azure.ask("GET", "/secrets/b?api-version=7.4", host="localhost", token=azure.token())[2]["value"] == "y"
    with refused(404, "SecretNotFound"):
        azure.client("team").get_secret("b")


def test_lists_of_a_folder_ask_for_the_right_to_that_folder(make_azure):
    azure = make_azure(extra={"vaults": {"team": "secret:team"}})
    team = azure.client("team")
    for name in ("a", "gone"):
        team.set_secret(name, "x")
    team.begin_delete_secret("gone").wait()

    def listing(kv):
        return [s.name for s in kv.list_properties_of_secrets()], [s.name for s in kv.list_deleted_secrets()]

    own = azure.with_policy('path "secret/metadata/team/" { capabilities = ["list"] }')
    assert listing(azure.client("team", app=own)) == (["a"], ["gone"])
    assert listing(azure.client("team", app=azure.with_policy('path "secret/metadata/team/*" { capabilities = ["list"] }'))) == (["a"], ["gone"])
    barred = azure.client("team", app=azure.with_policy('path "secret/*" { capabilities = ["read", "list"] }\npath "secret/metadata/team/*" { capabilities = ["deny"] }'))
    others = azure.client("team", app=azure.with_policy('path "secret/metadata/" { capabilities = ["list"] }'))
    for kv in (barred, others):
        for listed in (kv.list_properties_of_secrets, kv.list_deleted_secrets):
            with refused(403, "Forbidden", "AccessDenied"):
                list(listed())
    # The whole mount is another vault's, and another right.
    with refused(403, "Forbidden", "AccessDenied"):
        list(azure.client("secret", app=own).list_properties_of_secrets())


def test_what_is_refused_before_it_is_read_is_recorded_for_what_it_is(make_azure):
    own = make_azure()
    assert own.ask("PUT", "/secrets/nobody?api-version=7.4", body=b'{"value":"canary-1"}', token=None)[0] == 401
    assert own.ask("PATCH", "/secrets/wrong-version?api-version=0.1", body=b"{}", token=own.token())[0] == 400
    refused = [r for r in own.server.audit_records() if r["type"] == "response" and r.get("error") and r["request"]["path"].startswith("v1/secrets/")]
    assert [(r["request"]["path"], r["request"]["operation"]) for r in refused] == [("v1/secrets/nobody", "update"), ("v1/secrets/wrong-version", "patch")]
    assert "canary-1" not in str(own.server.audit_records())
