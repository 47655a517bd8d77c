"""The Security Token Service and the credentials that SDKs fetch for themselves: who am I, roles, web identities, container credentials, the aws CLI."""
import base64
import datetime
import json
import os
import pathlib
import subprocess
import sys
import time

import boto3
import pytest
import rsa

from aws import ACCOUNT, REGION, Keys, Signer, refused, send
from harness import BINARY, unique, wait_until

ROLE = f"arn:aws:iam::{ACCOUNT}:role/"


def works(keys):
    return len(keys.client().get_random_password()["RandomPassword"]) == 32


def session_keys(server, credentials):
    return Keys(server, credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


@pytest.fixture
def role(aws):
    name = unique("role")
    aws.server.root.post(f"auth/aws-keys/roles/{name}", {"token_policies": ["everything"], "max_session_duration": "2h"}).ok(204)
    return name


# -- who am I -------------------------------------------------------------------------------------------------------------
def test_get_caller_identity(aws):
    answer = aws.user("ann", policies=["everything"]).client("sts").get_caller_identity()
    assert answer["Account"] == ACCOUNT and answer["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/ann" and answer["UserId"].startswith("AIDA")
    assert len(answer["ResponseMetadata"]["RequestId"]) == 36


def test_get_caller_identity_needs_no_policy(aws):
    assert aws.user("nobody", token_no_default_policy=True).client("sts").get_caller_identity()["Arn"].endswith(":user/nobody")


def test_sts_refuses_in_its_own_words(aws):
    keys = aws.user(unique("user"))
    with refused("SignatureDoesNotMatch", status=403):
        Keys(aws.server, keys.id, "wrong").client("sts").get_caller_identity()
    with refused("InvalidClientTokenId", status=403):
        Keys(aws.server, "AKIAAAAAAAAAAAAAAAAA", keys.secret).client("sts").get_caller_identity()
    with refused("InvalidAction"):
        keys.client("sts").get_federation_token(Name="x" * 5)
    body, form = b"Action=GetCallerIdentity&Version=2011-06-15", {"content-type": "application/x-www-form-urlencoded"}
    head = Signer(aws.server, keys.id, keys.secret).head("none", body, signed="content-type;host;x-amz-date", extra=form)
    head.pop("x-amz-target")
    status, _, answer = send(aws.server, "POST", "/", head, body)
    assert status == 403 and "<Code>SignatureDoesNotMatch</Code>" in answer and "Credential should be scoped to correct service: 'sts'" in answer.replace("&apos;", "'")


def test_a_form_that_is_none(aws):
    status, headers, body = send(aws.server, "POST", "/", {"host": "h", "content-type": "application/x-www-form-urlencoded"}, b"Action=GetCallerIdentity")
    assert status == 403 and "<Code>MissingAuthenticationToken</Code>" in body and headers["content-type"] == "text/xml"
    for form in (b"%zz=1", b"Action=x&Action=y", b"Action=%ff"):
        assert send(aws.server, "POST", "/", {"host": "h", "content-type": "application/x-www-form-urlencoded"}, form)[0] == 400, form
    status, _, body = send(aws.server, "POST", "/", {"host": "h", "content-type": "application/x-www-form-urlencoded"}, b"Action=%3Cx%3E")
    assert status == 403 and "<x>" not in body


# -- AssumeRole -----------------------------------------------------------------------------------------------------------
def test_assume_role(aws, role):
    answer = aws.root.client("sts").assume_role(RoleArn=ROLE + role, RoleSessionName="build-7", DurationSeconds=900)
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/build-7"
    left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert 880 < left.total_seconds() <= 900
    keys = session_keys(aws.server, answer["Credentials"])
    assert keys.id.startswith("ASIA") and works(keys)
    who = keys.client("sts").get_caller_identity()
    assert who["Arn"] == answer["AssumedRoleUser"]["Arn"] and who["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]


def test_session_credentials_stand_together(aws, role):
    credentials = aws.root.client("sts").assume_role(RoleArn=ROLE + role, RoleSessionName="one")["Credentials"]
    other = aws.root.client("sts").assume_role(RoleArn=ROLE + role, RoleSessionName="two")["Credentials"]
    keys = session_keys(aws.server, credentials)
    assert works(keys)
    token = credentials["SessionToken"]
    for session, code in ((None, "UnrecognizedClientException"), (other["SessionToken"], "UnrecognizedClientException"), ("x", "UnrecognizedClientException"),
                          (token[:-2] + ("AA" if token[-2:] != "AA" else "BB"), None)):
        with pytest.raises(Exception) as caught:
            works(Keys(aws.server, keys.id, keys.secret, session))
        found = caught.value.response["Error"]["Code"]
        assert found == code or (code is None and found in ("InvalidSignatureException", "UnrecognizedClientException")), session


def test_sessions_end_with_the_key_that_opened_them(aws, role):
    opener = aws.user(unique("opener"), policies=["everything"])
    keys = session_keys(aws.server, opener.client("sts").assume_role(RoleArn=ROLE + role, RoleSessionName="one")["Credentials"])
    assert works(keys)
    aws.server.root.delete(f"auth/aws-keys/keys/{opener.id}").ok(204)
    with refused("UnrecognizedClientException"):
        works(keys)


def test_assume_role_needs_the_policy_and_the_role(aws, role):
    allowed = aws.with_policy(f'path "auth/aws-keys/assume/{role}" {{ capabilities = ["update"] }}', name=unique("assume"))
    assert allowed.client("sts").assume_role(RoleArn=ROLE + role, RoleSessionName="one")
    with refused("AccessDenied", "is not authorized to perform: sts:AssumeRole", status=403):
        allowed.client("sts").assume_role(RoleArn=ROLE + "other", RoleSessionName="one")
    with refused("AccessDenied", "sts:AssumeRole", status=403):
        aws.root.client("sts").assume_role(RoleArn=ROLE + "missing", RoleSessionName="one")


def test_assume_role_refuses_what_it_cannot_keep(aws, role):
    sts = aws.root.client("sts", validate=False)
    for wrong in ({"RoleArn": "nonsense"}, {"RoleArn": f"arn:aws:iam::000000000000:role/{role}"}, {"RoleArn": ROLE + "a/b"}, {"RoleSessionName": "a b"}, {"RoleSessionName": "x"},
                  {"DurationSeconds": 899}, {"DurationSeconds": 43201}, {"DurationSeconds": 7201}, {"Policy": " " * 2049},
                  {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]}, {"Tags": [{"Key": "team", "Value": "a"}]}):
        with refused("ValidationError"):
            sts.assume_role(**{"RoleArn": ROLE + role, "RoleSessionName": "one", **wrong})
    keys, form = aws.root, {"content-type": "application/x-www-form-urlencoded"}
    for more, status in (("", 200), ("&PolicyArns.member.2.arn=arn", 400), ("&Tags.member.1.Key=team", 400), ("&PolicyArns.x=", 400)):
        body = f"Action=AssumeRole&Version=2011-06-15&RoleArn={ROLE}{role}&RoleSessionName=one{more}".encode()
        head = Signer(aws.server, keys.id, keys.secret).head("none", body, service="sts", signed="content-type;host;x-amz-date", extra=form)
        head.pop("x-amz-target")
        assert send(aws.server, "POST", "/", head, body)[0] == status, more


def test_roles_are_kept_as_written(aws, role):
    path = f"auth/aws-keys/roles/{role}"
    root = aws.server.root
    assert root.get(path).ok(200).data["token_policies"] == ["everything"]
    root.post(path, {"max_session_duration": "15m"}).ok(204)
    assert root.get(path).data["max_session_duration"] == 900 and root.get(path).data["token_policies"] == ["everything"]
    for wrong in ({"max_session_duration": "1m"}, {"max_session_duration": "13h"}, {"token_policies": "root"}, {"jwks": "{}"}, {"public_keys": ["x"]}, {"token_bound_cidrs": "x"}):
        root.post(path, wrong).refused(400)
    assert role in root.list("auth/aws-keys/roles").data["keys"]
    root.delete(path).ok(204)
    root.get(path).refused(404)


# -- AssumeRoleWithWebIdentity --------------------------------------------------------------------------------------------
def b64(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=")


class Issuer:
    def __init__(self):
        self.public, self.private = rsa.newkeys(2048)
        number = lambda n: b64(n.to_bytes((n.bit_length() + 7) // 8, "big")).decode()  # noqa: E731
        self.jwks = json.dumps({"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one", "n": number(self.public.n), "e": number(self.public.e)}]})

    def token(self, header=None, **claims):
        now = int(time.time())
        body = {"iss": "https://issuer", "aud": ["sts.amazonaws.com"], "sub": "system:serviceaccount:shop:web", "iat": now, "exp": now + 600, **claims}
        text = b64({"alg": "RS256", "kid": "one", **(header or {})}) + b"." + b64({k: v for k, v in body.items() if v is not None})
        return (text + b"." + b64(rsa.sign(text, self.private, "SHA-256"))).decode()


@pytest.fixture(scope="module")
def issuer():
    return Issuer()


@pytest.fixture
def web_role(aws, issuer):
    name = unique("web")
    aws.server.root.post(f"auth/aws-keys/roles/{name}", {"token_policies": ["everything"], "bound_issuer": "https://issuer", "bound_audiences": "sts.amazonaws.com",
                                                         "bound_subjects": "system:serviceaccount:shop:*", "jwks": issuer.jwks}).ok(204)
    return name


def assume(aws, role, token, **more):
    sts = boto3.client("sts", region_name=REGION, endpoint_url=aws.server.address, verify=aws.server.cafile, aws_access_key_id="x", aws_secret_access_key="y")
    return sts.assume_role_with_web_identity(RoleArn=ROLE + role, RoleSessionName="pod", WebIdentityToken=token, **more)


def test_web_identity(aws, issuer, web_role):
    answer = assume(aws, web_role, issuer.token())
    assert answer["SubjectFromWebIdentityToken"] == "system:serviceaccount:shop:web" and answer["Audience"] == "sts.amazonaws.com"
    keys = session_keys(aws.server, answer["Credentials"])
    assert works(keys)
    assert keys.client("sts").get_caller_identity()["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{web_role}/pod"


def test_web_identity_takes_pem_keys(aws, issuer):
    name = unique("web")
    # PKCS#1 is not what the endpoint takes: SubjectPublicKeyInfo is.
    der = subprocess.run(["openssl", "rsa", "-RSAPublicKey_in", "-pubout"], input=issuer.public.save_pkcs1(), capture_output=True, check=True).stdout.decode()
    aws.server.root.post(f"auth/aws-keys/roles/{name}", {"token_policies": ["everything"], "bound_issuer": "https://issuer", "bound_audiences": "sts.amazonaws.com",
                                                         "bound_subjects": "system:serviceaccount:shop:web", "public_keys": [der]}).ok(204)
    assert works(session_keys(aws.server, assume(aws, name, issuer.token())["Credentials"]))


@pytest.mark.parametrize("claims", [{"iss": "https://other"}, {"iss": None}, {"aud": "other"}, {"aud": None}, {"aud": []}, {"sub": "system:serviceaccount:other:web"}, {"sub": None}, {"sub": 7}])
def test_web_identity_holds_its_bounds(aws, issuer, web_role, claims):
    with refused("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", status=403):
        assume(aws, web_role, issuer.token(**claims))


@pytest.mark.parametrize("claims, code", [({"exp": 1000}, "ExpiredTokenException"), ({"exp": None}, "InvalidIdentityToken"), ({"nbf": 9_000_000_000}, "InvalidIdentityToken"),
                                          ({"exp": "soon"}, "InvalidIdentityToken")])
def test_web_identity_holds_its_times(aws, issuer, web_role, claims, code):
    with refused(code):
        assume(aws, web_role, issuer.token(**claims))


def test_web_identity_believes_its_own_keys_only(aws, issuer, web_role):
    good = issuer.token()
    head, body, signature = good.split(".")
    none = b64({"alg": "none"}).decode()
    for token in (Issuer().token(), "x" * 8, f"{none}.{body}.", f"{none}.{body}.{signature}", f"{head}.{body}.", f"{head}.{b64({'sub': 'x'}).decode()}.{signature}",
                  issuer.token(header={"alg": "HS256"}), issuer.token(header={"crit": ["x"]}), issuer.token(header={"kid": "two"})):
        with refused("InvalidIdentityToken"):
            assume(aws, web_role, token)


def test_roles_without_keys_take_no_web_identity(aws, issuer, role):
    with refused("AccessDenied", status=403):
        assume(aws, role, issuer.token())
    with refused("AccessDenied", status=403):
        assume(aws, "missing", issuer.token())


def test_the_default_chain_of_a_pod(aws, issuer, web_role, tmp_path, monkeypatch):
    (tmp_path / "token").write_text(issuer.token())
    for name, value in {"AWS_ROLE_ARN": ROLE + web_role, "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"), "AWS_ENDPOINT_URL": aws.server.address, "AWS_REGION": REGION,
                        "AWS_DEFAULT_REGION": REGION, "AWS_CA_BUNDLE": aws.server.cafile, "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    assert len(boto3.session.Session().client("secretsmanager").get_random_password()["RandomPassword"]) == 32


# -- credentials of a Vault token -----------------------------------------------------------------------------------------
def test_container_credentials_of_a_token(aws, tmp_path, monkeypatch):
    token = aws.server.root.new_token(["everything"])
    # The SDKs demand https, or an address of this machine.
    for name, value in {"AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.server.address + "/aws/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN": token, "AWS_ENDPOINT_URL": aws.server.address,
                        "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "AWS_CA_BUNDLE": aws.server.cafile, "REQUESTS_CA_BUNDLE": aws.server.cafile, "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    status, headers, body = send(aws.server, "GET", "/aws/credentials", {"host": "h", "authorization": token})
    assert status == 200 and headers["content-type"] == "application/json" and headers["cache-control"] == "no-store"
    assert body["AccessKeyId"].startswith("ASIA") and body["AccountId"] == ACCOUNT and body["Expiration"].endswith("Z")
    keys = Keys(aws.server, body["AccessKeyId"], body["SecretAccessKey"], body["Token"])
    assert works(keys)
    assert keys.client("sts").get_caller_identity()["Arn"].startswith(f"arn:aws:iam::{ACCOUNT}:user/token/")
    aws.server.root.post("auth/token/revoke", {"token": token}).ok(204)
    with refused("UnrecognizedClientException"):
        works(keys)


def test_container_credentials_need_a_token(aws):
    for head in ({}, {"authorization": ""}, {"authorization": "hvs.nonsense"}):
        status, _, body = send(aws.server, "GET", "/aws/credentials", {"host": "h", **head})
        assert status == 403 and set(body) == {"code", "message"}, (head, body)
    batch = aws.server.root.new_token(["everything"], type="batch")
    assert send(aws.server, "GET", "/aws/credentials", {"host": "h", "authorization": batch})[0] == 400
    assert send(aws.server, "GET", "/aws/other", {"host": "h"})[0] == 404


def test_a_wrapping_token_has_no_credentials_and_is_not_used_up(aws):
    root = aws.server.root
    token = root.post("sys/wrapping/wrap", {"a": "b"}, wrap="60").ok(200).json["wrap_info"]["token"]
    assert send(aws.server, "GET", "/aws/credentials", {"host": "h", "authorization": token})[0] == 403
    assert root.post("sys/wrapping/unwrap", token=token).ok(200).data == {"a": "b"}


def test_credentials_end_with_their_token(aws):
    token = aws.server.root.new_token(["everything"], ttl="3s")
    _, _, body = send(aws.server, "GET", "/aws/credentials", {"host": "h", "authorization": token})
    left = datetime.datetime.fromisoformat(body["Expiration"].replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)
    assert left.total_seconds() <= 3
    keys = Keys(aws.server, body["AccessKeyId"], body["SecretAccessKey"], body["Token"])

    def over():
        try:
            return not works(keys)
        except Exception as error:  # noqa: BLE001
            return error.response["Error"]["Code"] in ("ExpiredTokenException", "UnrecognizedClientException")
    wait_until(over, what="the end of the credentials")


# -- the command line -----------------------------------------------------------------------------------------------------
def coffer(aws, *words, token=None, tmp_path):
    env = {**os.environ, "VAULT_ADDR": aws.server.address, "VAULT_CACERT": aws.server.cafile, "VAULT_TOKEN": token or aws.server.root_token, "HOME": str(tmp_path)}
    return subprocess.run([BINARY, *words], env=env, capture_output=True, text=True, timeout=60, check=False)


def test_the_cli_keeps_keys(aws, tmp_path):
    run = lambda *words: coffer(aws, "aws", "keys", *words, tmp_path=tmp_path)  # noqa: E731
    made = json.loads(run("create", "-format=json", "-policy=everything", "-description=for a test", "shop").stdout)["data"]
    keys = Keys(aws.server, made["access_key_id"], made["secret_access_key"])
    assert works(keys)
    assert keys.id in run("list").stdout
    assert run("read", "-field=description", keys.id).stdout.strip() == "for a test"
    assert "Disabled" in run("disable", keys.id).stdout
    with refused("UnrecognizedClientException"):
        works(keys)
    assert "Enabled" in run("enable", keys.id).stdout and works(keys)
    keys.secret = run("rotate", "-field=secret_access_key", keys.id).stdout.strip()
    assert works(keys)
    assert run("delete", keys.id).returncode == 0
    assert run("read", keys.id).returncode != 0


def test_the_cli_is_a_credential_process(aws, tmp_path):
    token = aws.server.root.new_token(["everything"])
    printed = json.loads(coffer(aws, "aws", "credentials", token=token, tmp_path=tmp_path).stdout)
    assert printed["Version"] == 1
    assert works(session_keys(aws.server, printed))


def test_the_aws_cli(aws, tmp_path):
    env = {**os.environ, "AWS_ACCESS_KEY_ID": aws.root.id, "AWS_SECRET_ACCESS_KEY": aws.root.secret, "AWS_ENDPOINT_URL": aws.server.address, "AWS_REGION": REGION,
           "AWS_DEFAULT_REGION": REGION, "AWS_CA_BUNDLE": aws.server.cafile, "HOME": str(tmp_path), "AWS_PAGER": ""}
    program = str(pathlib.Path(sys.executable).parent / "aws")
    run = lambda *words: json.loads(subprocess.run([program, *words], env=env, capture_output=True, text=True, timeout=60, check=True).stdout)  # noqa: E731
    assert len(run("secretsmanager", "get-random-password", "--password-length", "20")["RandomPassword"]) == 20
    assert run("sts", "get-caller-identity")["Account"] == ACCOUNT


def test_a_dev_server_prints_what_clients_need(tmp_path):
    """Its lines, put into an environment, make the aws CLI work."""
    from harness import free_port
    port = free_port()
    process = subprocess.Popen([BINARY, "server", "-dev", f"-dev-listen-address=127.0.0.1:{port}", "-dev-no-store-token"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True, cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)})
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "should NOT be used" in line:
                break
        exports = [line.strip()[2:] for line in lines if line.strip().startswith("$ export AWS_")]
        assert len(exports) == 3
        program = str(pathlib.Path(sys.executable).parent / "aws")
        script = "\n".join([*exports, f"exec {program} sts get-caller-identity"])
        answer = subprocess.run(["sh", "-c", script], env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_PAGER": ""}, capture_output=True, text=True, timeout=60, check=True)
        assert json.loads(answer.stdout)["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    finally:
        process.terminate()
        process.wait(30)


def test_a_signed_request_may_be_replayed_only_while_it_is_fresh(aws):
    """A signature is good for its five minutes, as AWS's is; what protects it is TLS."""
    signer = Signer(aws.server, aws.root.id, aws.root.secret)
    old = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=6)
    assert signer.ask(now=old)[0] == 400
