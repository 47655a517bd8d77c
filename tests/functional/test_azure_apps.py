"""Applications that log in through Azure's token endpoints by signed assertions: azure-identity's own credentials, and what nobody should get a token for."""
import json
import time
import urllib.parse
import uuid

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientAssertionCredential, WorkloadIdentityCredential
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from azdoor import SUFFIX
from harness import unique
from webtokens import Key, b64, times

LOGIN = "login." + SUFFIX
TENANT = "11111111-1111-1111-1111-111111111111"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ISSUER = "https://kubernetes.test/oidc"
EXCHANGE = "api://AzureADTokenExchange"


@pytest.fixture(scope="module")
def key():
    return Key()


@pytest.fixture(scope="module")
def issuer(azure):
    """An issuer that the server trusts, as it stands in federated credentials."""
    made = Key()
    azure.server.root.post("auth/azure-apps/issuers/k8s", {"issuer": ISSUER, "jwks": made.jwks()}).ok(204)
    return made


@pytest.fixture(scope="module")
def app(azure, key, issuer):
    """Client id of an application with a certificate and a federated credential."""
    client_id = str(uuid.uuid4())
    root = azure.server.root
    root.post(f"auth/azure-apps/apps/{client_id}", {"certificates": [key.certificate_pem], "token_policies": "everything", "token_ttl": "1h"}).ok(204)
    root.post(f"auth/azure-apps/apps/{client_id}/federated/web", {"issuer": ISSUER, "subject": "system:serviceaccount:shop:web"}).ok(204)
    return client_id


def endpoint(azure, path="/adfs/oauth2/token"):
    return f"https://{LOGIN}:{azure.server.port}{path}"


def own(azure, app, **more):
    """Claims of an application's own assertion."""
    return times(aud=endpoint(azure), iss=app, sub=app, **more)


def pod(**more):
    return times(aud=[EXCHANGE], iss=ISSUER, sub="system:serviceaccount:shop:web", **more)


def post(azure, app, assertion, path="/adfs/oauth2/token", **more):
    form = {"grant_type": "client_credentials", "client_id": app, "client_assertion_type": TYPE, "client_assertion": assertion, "scope": f"https://{SUFFIX}/.default", **more}
    return azure.ask("POST", path, urllib.parse.urlencode(form), host=LOGIN)


def refused(azure, app, assertion, code, **more):
    status, _, told = post(azure, app, assertion, **more)
    assert (status, told.get("error"), told.get("error_codes")) == (401, "invalid_client", [code]), told
    assert told["error_description"].startswith(f"AADSTS{code}: "), told
    return {k: v for k, v in told.items() if not k.endswith("_id")}


# -- the libraries --------------------------------------------------------------------------------------------------------
def works(azure, credential):
    name = unique("s")
    kv = azure.client(credential=credential)
    kv.set_secret(name, "x")
    return kv.get_secret(name).value == "x"


def options(azure, tenant):
    return {"authority": endpoint(azure, ""), "connection_verify": azure.server.cafile, "disable_instance_discovery": tenant != "adfs", "additionally_allowed_tenants": ["*"]}


@pytest.mark.parametrize("tenant", ["adfs", TENANT])
@pytest.mark.parametrize("chain", [False, True])
def test_certificate_credential(azure, app, key, tenant, chain):
    data = (key.private_pem + key.certificate_pem).encode()
    assert works(azure, CertificateCredential(tenant, app, certificate_data=data, send_certificate_chain=chain, **options(azure, tenant)))


@pytest.mark.parametrize("tenant", ["adfs", TENANT])
def test_client_assertion_credential(azure, app, issuer, tenant):
    assert works(azure, ClientAssertionCredential(tenant, app, lambda: issuer.token(pod(), header={"kid": "one"}), **options(azure, tenant)))


def test_workload_identity_credential(azure, app, issuer, tmp_path):
    file = tmp_path / "token"
    file.write_text(issuer.token(pod()))
    for _ in range(2):  # a pod logs in with the token that it has, as often as it likes
        assert works(azure, WorkloadIdentityCredential(tenant_id=TENANT, client_id=app, token_file_path=str(file), **options(azure, TENANT)))


def test_wrong_certificates_through_the_library(azure, app):
    other = Key()
    data = (other.private_pem + other.certificate_pem).encode()
    with pytest.raises(ClientAuthenticationError, match="AADSTS700027"):
        azure.client(credential=CertificateCredential("adfs", app, certificate_data=data, **options(azure, "adfs"))).get_secret("a")


# -- an application's own assertions ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("header", [{}, {"kid": "anything"}, {"x5t": 1}, {"x5t": 2}, {"x5t#S256": 1}, {"x5t": 1, "x5t#S256": 2, "x5c": ["AAAA"]}])
@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_own_assertions(azure, app, key, header, algorithm):
    for name, digest in (("x5t", hashes.SHA1), ("x5t#S256", hashes.SHA256)):
        if name in header:
            header = {**header, name: key.thumbprint(digest) if header[name] == 1 else key.thumbprint(digest).replace("-", "+").replace("_", "/") + "="}
    status, _, told = post(azure, app.upper(), key.token(own(azure, app), algorithm, header))
    assert status == 200 and told["expires_in"] == 3600, told
    token = azure.server.client(told["access_token"]).get("auth/token/lookup-self").ok(200).data
    assert token["display_name"] == f"azure-apps-{app}" and token["meta"] == {"appid": app} and token["path"] == "auth/azure-apps/login" and token["entity_id"]


def test_keys_of_other_kinds(azure):
    key, app = Key(ec.SECP256R1), unique("app")
    azure.server.root.post(f"auth/azure-apps/apps/{app}", {"certificates": key.certificate_pem, "token_policies": "everything"}).ok(204)
    assert post(azure, app, key.token(own(azure, app), "ES256"))[0] == 200
    # A second certificate takes over while the first still holds.
    new = Key()
    azure.server.root.post(f"auth/azure-apps/apps/{app}", {"certificates": [key.certificate_pem, new.certificate_pem]}).ok(204)
    assert post(azure, app, key.token(own(azure, app), "ES256"))[0] == 200
    assert post(azure, app, new.token(own(azure, app)))[0] == 200
    azure.server.root.post(f"auth/azure-apps/apps/{app}", {"certificates": [new.certificate_pem]}).ok(204)
    refused(azure, app, key.token(own(azure, app), "ES256"), 700027)


@pytest.mark.parametrize("path", ["/adfs/oauth2/token", "/adfs/oauth2/v2.0/token", f"/{TENANT}/oauth2/v2.0/token", f"/{TENANT}/v2.0", "/adfs", "/adfs/"])
def test_audiences_of_the_authority(azure, app, key, path):
    assert post(azure, app, key.token({**own(azure, app), "aud": endpoint(azure, path)}))[0] == 200
    # Clients that leave the port out of the Host header mean the same.
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": app, "client_assertion_type": TYPE, "client_assertion": key.token({**own(azure, app), "aud": endpoint(azure, path)})})
    assert azure.ask("POST", "/adfs/oauth2/token", form, host=LOGIN, with_port=False)[0] == 200


@pytest.mark.parametrize("aud", [None, "", EXCHANGE, "https://login.evil.test/adfs/oauth2/token", "https://login.vault.test.evil/adfs/oauth2/token", f"http://{LOGIN}/adfs/oauth2/token",
                                 f"https://{LOGIN}:1/adfs/oauth2/token", "{base}/adfs/oauth2/token/more", "{base}", "{base}/", "{base}@evil/adfs", 7, [], ["x"], {"a": "{base}/adfs"}])
def test_wrong_audiences(azure, app, key, aud):
    base = endpoint(azure, "")
    fill = (lambda x: x.replace("{base}", base) if isinstance(x, str) else x)  # noqa: E731
    refused(azure, app, key.token({**own(azure, app), "aud": {k: fill(v) for k, v in aud.items()} if isinstance(aud, dict) else fill(aud)}), 700023)


@pytest.mark.parametrize("claims,code", [
    ({"sub": "other"}, 700021), ({"sub": None}, 700021), ({"sub": 7}, 700021), ({"exp": -120}, 700024), ({"exp": None}, 50027), ({"exp": "soon"}, 50027), ({"exp": 90_000}, 700024),
    ({"exp": 1e300}, 50027), ({"nbf": 300}, 700024), ({"nbf": "x"}, 50027), ({"iat": 300}, 700024)])
def test_wrong_claims(azure, app, key, claims, code):
    now = int(time.time())
    moved = {k: now + v if isinstance(v, int) and k != "sub" else v for k, v in claims.items()}
    refused(azure, app, key.token({**own(azure, app), **moved}), code)


def test_a_port_is_digits(azure, app, key):
    form = {"grant_type": "client_credentials", "client_id": app, "client_assertion_type": TYPE, "client_assertion": key.token({**own(azure, app), "aud": f"https://{LOGIN}:1@evil.test/adfs/oauth2/token"})}
    assert azure.ask("POST", "/adfs/oauth2/token", urllib.parse.urlencode(form), host=LOGIN, with_port=False)[2]["error_codes"] == [700023]


def test_assertions_are_good_for_one_login(azure, app, key):
    for claims in (own(azure, app), {**own(azure, app), "jti": None}):
        used = key.token(claims)
        assert post(azure, app, used)[0] == 200
        refused(azure, app, used, 50013)
        # Signed once more, or good for longer, it is the same assertion, where it has a name.
        if claims["jti"]:
            refused(azure, app, key.token({**claims, "exp": claims["exp"] + 1}, "PS256"), 50013)
    assert post(azure, app, key.token(own(azure, app)))[0] == 200
    # Names are an application's own.
    other = unique("app")
    azure.server.root.post(f"auth/azure-apps/apps/{other}", {"certificates": key.certificate_pem, "token_policies": "everything"}).ok(204)
    assert post(azure, other, key.token({**own(azure, other), "jti": "x"}))[0] == 200
    assert post(azure, app, key.token({**own(azure, app), "jti": "x"}))[0] == 200


def test_signatures_that_nobody_made(azure, app, key):
    good = key.token(own(azure, app))
    head, body, signature = good.split(".")
    other = Key()
    claims = own(azure, app)
    answers = [refused(azure, app, token, 700027) for token in (
        other.token(claims), key.token(claims, "none"), f"{b64({'alg': 'none'})}.{body}.", f"{b64({'alg': 'None'})}.{body}.{signature}", key.token(claims, "HS256"), f"{head}.{body}.",
        f"{head}.{b64(own(azure, app))}.{signature}", key.token(claims, header={"crit": ["x"]}), key.token(claims, header={"x5t": other.thumbprint()}),
        key.token(claims, header={"x5t#S256": other.thumbprint(hashes.SHA256)}), other.token(claims, header={"x5t": key.thumbprint()}),
        other.token(claims, header={"jwk": json.loads(other.jwks())["keys"][0], "x5c": [other.certificate_pem], "jku": "https://evil"}), good + "A", good[:-8])]
    # Who has no signature that fits learns nothing: not of applications without certificates, not of those that are none.
    bare = unique("bare")
    azure.server.root.post(f"auth/azure-apps/apps/{bare}", {"token_policies": "everything"}).ok(204)
    answers += [refused(azure, name, key.token(own(azure, name)), 700027) for name in (bare, "nobody", str(uuid.uuid4()), "a/b", "x" * 300)]
    assert all(answer == answers[0] for answer in answers)


def test_claims_that_stand_twice(azure, app, key):
    claims = json.dumps(own(azure, app))
    for twice in ('{"sub":"other",' + claims[1:], claims[:-1] + ',"exp":9999999999}', "[]", "x", '"x"'):
        status, _, told = post(azure, app, key.token({}, raw_payload=twice.encode()))
        assert status == 401 and told["error_codes"] == [50027], told
    header = b64(b'{"alg":"RS256","alg":"RS256"}')
    text = header + "." + b64(own(azure, app))
    refused(azure, app, text + "." + b64(key.sign(text, "RS256")), 700027)


def test_certificates_have_their_times(azure):
    app = unique("app")
    path = f"auth/azure-apps/apps/{app}"
    for days in ((-30, -1), (1, 30)):
        key = Key(days=days)
        azure.server.root.post(path, {"certificates": key.certificate_pem, "token_policies": "everything"}).ok(204)
        refused(azure, app, key.token(own(azure, app)), 700027)


def test_huge_assertions(azure, app, key):
    assert post(azure, app, key.token(own(azure, app, more="x" * 30_000)))[0] == 200
    assert post(azure, app, key.token(own(azure, app, more="x" * 100_000)))[0] == 413
    refused(azure, app, key.token(own(azure, app, **{f"c{i}": i for i in range(3000)})), 50027)
    refused(azure, app, key.token(own(azure, app, deep=json.loads("[" * 50 + "]" * 50))), 50027)
    for nonsense in ("x", "..", "a.b.c", "." * 1000, "eyJhbGciOiJSUzI1NiJ9", "\x00", "é.é.é"):
        refused(azure, app, nonsense, 50027)


def test_forms_that_are_none(azure, app, key):
    good = key.token(own(azure, app))
    for more in ({"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}, {"client_assertion_type": ""}, {"client_secret": "x"}, {"client_id": ""}):
        status, _, told = post(azure, app, good, **more)
        assert (status, told["error"]) == (400, "invalid_request"), told
    assert post(azure, app, good)[0] == 200
    # The mount may be another, or none.
    assert azure.server.root.post("auth/azure-apps/login", {"client_id": app, "client_assertion": good}).status in (404, 405)


# -- federated credentials ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("claims", [{"sub": "system:serviceaccount:shop:other"}, {"sub": None}, {"sub": "System:serviceaccount:shop:web"}, {"aud": "other"}, {"aud": None}, {"aud": []}])
def test_federated_credentials_hold_their_bounds(azure, app, issuer, claims):
    answer = refused(azure, app, issuer.token({**pod(), **claims}), 70021)
    # The same for applications that are none.
    assert refused(azure, "nobody", issuer.token(pod()), 70021) == answer


@pytest.mark.parametrize("claims,code", [({"exp": 1000}, 700024), ({"exp": None}, 50027), ({"nbf": 9_000_000_000}, 50027), ({"nbf": 7_900_000_000}, 700024), ({"exp": "soon"}, 50027)])
def test_federated_credentials_hold_their_times(azure, app, issuer, claims, code):
    refused(azure, app, issuer.token({**pod(), **claims}), code)


def test_federated_credentials_believe_their_issuer_only(azure, app, issuer, key):
    good = issuer.token(pod())
    head, body, signature = good.split(".")
    other = Key()
    answers = [refused(azure, app, token, 700027) for token in (
        other.token(pod()), key.token(pod()), issuer.token({**pod(), "iss": "https://other"}), issuer.token({**pod(), "iss": None}), issuer.token(pod(), "none"), issuer.token(pod(), "HS256"),
        issuer.token(pod(), header={"kid": "two"}), f"{head}.{b64(pod())}.{signature}", f"{head}.{body}.")]
    assert all(answer == answers[0] for answer in answers)
    # An issuer's key is no application's.
    refused(azure, app, issuer.token(own(azure, app)), 700027)


def test_an_issuer_can_be_let_go(azure, issuer):
    app, name, path = unique("app"), unique("issuer"), "auth/azure-apps"
    root = azure.server.root
    key = Key()
    root.post(f"{path}/issuers/{name}", {"issuer": "https://" + name, "public_keys": [key.public_pem]}).ok(204)
    root.post(f"{path}/apps/{app}", {"token_policies": "everything"}).ok(204)
    root.post(f"{path}/apps/{app}/federated/one", {"issuer": "https://" + name, "subject": "s", "audiences": "a,b"}).ok(204)
    token = key.token(times(iss="https://" + name, sub="s", aud="b"))
    assert post(azure, app, token)[0] == 200
    root.post(f"{path}/issuers/{name}", {"public_keys": [Key().public_pem]}).ok(204)
    refused(azure, app, token, 700027)
    root.post(f"{path}/issuers/{name}", {"public_keys": [key.public_pem]}).ok(204)
    assert post(azure, app, token)[0] == 200
    root.delete(f"{path}/apps/{app}/federated/one").ok(204)
    refused(azure, app, token, 70021)
    root.delete(f"{path}/issuers/{name}").ok(204)
    refused(azure, app, token, 700027)


# -- applications -----------------------------------------------------------------------------------------------------------
def test_applications_are_kept_as_written(azure, key):
    app = unique("App")
    path = f"auth/azure-apps/apps/{app}"
    root = azure.server.root
    root.post(path, {"certificates": [key.certificate_pem], "token_policies": "a,b", "token_ttl": "30m"}).ok(204)
    shown = root.get(path).ok(200).data
    assert shown["token_policies"] == ["a", "b"] and shown["token_ttl"] == 1800 and shown["certificates"] == [key.certificate_pem]
    root.post(path, {"token_ttl": "10m"}).ok(204)
    assert root.get(path.lower()).ok(200).data["token_policies"] == ["a", "b"]
    assert app.lower() in root.list("auth/azure-apps/apps").data["keys"]
    root.post(path + "/federated/one", {"issuer": "https://i", "subject": "s"}).ok(204)
    assert root.get(path + "/federated/one").ok(200).data == {"issuer": "https://i", "subject": "s", "audiences": [EXCHANGE]}
    assert root.list(path + "/federated").data["keys"] == ["one"]
    for wrong in ({"certificates": ["x"]}, {"certificates": [key.private_pem]}, {"token_policies": "root"}, {"token_type": "x"}):
        root.post(path, wrong).refused(400)
    for wrong in ({"issuer": ""}, {"subject": ""}, {"audiences": []}):
        root.post(path + "/federated/one", wrong).refused(400)
    root.post("auth/azure-apps/apps/nobody/federated/one", {"issuer": "https://i", "subject": "s"}).refused(404)
    root.delete(path).ok(204)
    root.get(path).refused(404)
    root.get(path + "/federated/one").refused(404)


def test_a_token_is_not_renewed_without_its_application(azure, key):
    app = unique("app")
    path = f"auth/azure-apps/apps/{app}"
    root = azure.server.root
    root.post(path, {"certificates": [key.certificate_pem], "token_policies": "everything", "token_ttl": "1h"}).ok(204)
    caller = azure.server.client(post(azure, app, key.token(own(azure, app)))[2]["access_token"])
    caller.post("auth/token/renew-self").ok(200)
    root.delete(path).ok(204)
    assert caller.post("auth/token/renew-self").status in (400, 403)


def test_addresses_are_held(azure, key):
    app = unique("app")
    path = f"auth/azure-apps/apps/{app}"
    azure.server.root.post(path, {"certificates": [key.certificate_pem], "token_policies": "everything", "token_bound_cidrs": "10.0.0.0/8"}).ok(204)
    refused(azure, app, key.token(own(azure, app)), 700027)
    azure.server.root.post(path, {"token_bound_cidrs": "127.0.0.0/8"}).ok(204)
    assert post(azure, app, key.token(own(azure, app)))[0] == 200
