"""The key ring: access keys as an auth method, what ends them, and what is refused at the door of AWS's API."""
import datetime

import pytest

from aws import ACCOUNT, Signer, refused, send
from harness import unique, wait_until

INVALID = "The security token included in the request is invalid."
MISMATCH = "The request signature we calculated does not match the signature you provided."


def works(keys):
    return len(keys.client().get_random_password()["RandomPassword"]) == 32


@pytest.fixture
def user(aws):
    return aws.user(unique("user"), policies=["everything"])


def key_of(aws, keys):
    return aws.server.root.get(f"auth/aws-keys/keys/{keys.id}").ok(200).data


# -- the ring -------------------------------------------------------------------------------------------------------------
def test_a_key_has_an_id_and_a_secret_that_is_shown_once(aws, user):
    assert user.id.startswith("AKIA") and len(user.id) == 20 and len(user.secret) == 40
    shown = key_of(aws, user)
    assert shown["access_key_id"] == user.id and not shown["disabled"] and shown["alive"] and shown["policies"] == ["default", "everything"]
    assert "secret_access_key" not in shown and user.secret not in str(shown)
    assert works(user)


def test_keys_are_listed_with_what_they_are(aws, user):
    listed = aws.server.root.list("auth/aws-keys/keys").ok(200).data
    assert user.id in listed["keys"]
    assert set(listed["key_info"][user.id]) == {"user", "disabled", "created"}


@pytest.mark.parametrize("name", ["", "a" * 65, "a b", "a/b", "a\n", "ä"])
def test_users_have_names_as_aws_has_them(aws, name):
    aws.server.root.post("auth/aws-keys/keys", {"user": name, "token_policies": ["default"]}).refused(400)


def test_no_key_is_root(aws):
    aws.server.root.post("auth/aws-keys/keys", {"user": "r", "token_policies": ["root"]}).refused(400, "root")
    aws.server.root.post("auth/aws-keys/keys", {"user": "r", "token_policies": [" ROOT"]}).refused(400)


def test_a_disabled_key_is_refused_and_comes_back(aws, user):
    path = f"auth/aws-keys/keys/{user.id}"
    assert works(user)
    aws.server.root.post(path, {"disabled": True}).ok(204)
    with refused("UnrecognizedClientException", INVALID):
        works(user)
    aws.server.root.post(path, {"disabled": False}).ok(204)
    assert works(user)


def test_a_rotated_key_has_another_secret(aws, user):
    assert works(user)
    new = aws.server.root.post(f"auth/aws-keys/keys/{user.id}/rotate").ok(200).data
    assert new["access_key_id"] == user.id and new["secret_access_key"] != user.secret
    with refused("InvalidSignatureException", MISMATCH):
        works(user)
    user.secret = new["secret_access_key"]
    assert works(user)


def test_a_deleted_key_is_gone_with_its_token(aws, user):
    accessor = key_of(aws, user)["token_accessor"]
    aws.server.root.post("auth/token/lookup-accessor", {"accessor": accessor}).ok(200)
    aws.server.root.delete(f"auth/aws-keys/keys/{user.id}").ok(204)
    with refused("UnrecognizedClientException", INVALID):
        works(user)
    aws.server.root.post("auth/token/lookup-accessor", {"accessor": accessor}).refused(400)
    aws.server.root.get(f"auth/aws-keys/keys/{user.id}").refused(404)
    aws.server.root.delete(f"auth/aws-keys/keys/{user.id}").ok(204)


def test_a_revoked_token_ends_its_key(aws, user):
    assert works(user)
    aws.server.root.post("auth/token/revoke-accessor", {"accessor": key_of(aws, user)["token_accessor"]}).ok(204)
    with refused("UnrecognizedClientException", INVALID):
        works(user)
    assert not key_of(aws, user)["alive"]


def test_a_key_ends_with_its_ttl(aws):
    keys = aws.user(unique("short"), policies=["everything"], token_ttl="2s")
    assert key_of(aws, keys)["expires"]
    assert works(keys)

    def over():
        try:
            return not works(keys)
        except Exception as error:  # noqa: BLE001
            return error.response["Error"]["Code"] == "UnrecognizedClientException"
    wait_until(over, what="the end of the key")


def test_a_key_is_bound_to_addresses(aws):
    keys = aws.user(unique("bound"), policies=["everything"], token_bound_cidrs=["10.1.2.0/24"])
    with refused("AccessDeniedException"):
        works(keys)
    aws.server.root.post("auth/aws-keys/keys", {"user": "b", "token_bound_cidrs": ["nonsense"]}).refused(400)


def test_policies_change_at_once_and_guard_the_key(aws):
    keys = aws.with_policy('path "sys/tools/random" { capabilities = ["update"] }', name=unique("policy"))
    assert works(keys)
    name = key_of(aws, keys)["policies"][0]
    aws.server.root.put(f"sys/policies/acl/{name}", {"policy": 'path "sys/tools/random" { capabilities = ["deny"] }'}).ok()
    with refused("AccessDeniedException", f"User: arn:aws:iam::{ACCOUNT}:user/{name} is not authorized to perform: secretsmanager:GetRandomPassword"):
        works(keys)


def test_last_use_is_known_and_outlives_a_crash(make_server):
    from aws import Aws
    own = Aws(make_server(storage="rocksdb"))
    keys = own.user("ann", policies=["everything"])
    assert key_of(own, keys)["last_used"] is None
    assert works(keys)
    used = key_of(own, keys)["last_used"]
    assert used
    import time
    time.sleep(7)  # marks are written every few seconds
    own.server.restart(kill=True)
    assert key_of(own, keys)["last_used"][:16] == used[:16]
    assert works(keys)


def test_unmounting_the_ring_ends_its_keys(aws):
    path = unique("ring")
    aws.server.root.post(f"sys/auth/{path}", {"type": "aws-keys"}).ok(204)
    made = aws.server.root.post(f"auth/{path}/keys", {"user": "x", "token_policies": ["everything"]}).ok(200).data
    from aws import Keys
    keys = Keys(aws.server, made["access_key_id"], made["secret_access_key"])
    assert works(keys)
    aws.server.root.get(f"auth/aws-keys/keys/{keys.id}").refused(404)  # each ring sees its own
    aws.server.root.post(f"auth/aws-keys/keys/{keys.id}/rotate").refused(404)
    aws.server.root.delete(f"sys/auth/{path}").ok(204)
    with refused("UnrecognizedClientException", INVALID):
        works(keys)


def test_secrets_of_keys_are_in_no_record(aws, user):
    aws.server.root.post(f"auth/aws-keys/keys/{user.id}/rotate").ok(200)
    text = open(aws.server.audit_path, encoding="utf-8").read()
    assert user.id in text and user.secret not in text


def test_a_sealed_server_says_so(make_server):
    from aws import Aws
    own = Aws(make_server())
    keys = own.user("ann", policies=["everything"])
    own.server.root.put("sys/seal").ok()
    with refused("ServiceUnavailableException", status=503):
        works(keys)


# -- the door -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def signer(aws, user):
    return Signer(aws.server, user.id, user.secret)


def code(answer, status=400):
    assert answer[0] == status, answer
    assert answer[1]["x-amzn-errortype"] == answer[2]["__type"]
    return answer[2]["__type"]


def test_a_hand_signed_request_is_taken(signer):
    status, headers, body = signer.ask()
    assert status == 200 and len(body["RandomPassword"]) == 32
    assert headers["content-type"] == "application/x-amz-json-1.1" and len(headers["x-amzn-requestid"]) == 36 and headers["cache-control"] == "no-store"


def test_unknown_keys_and_wrong_secrets_look_alike_in_status(aws, signer):
    unknown = Signer(aws.server, "AKIAAAAAAAAAAAAAAAAA", signer.secret).ask()
    wrong = Signer(aws.server, signer.id, "x" * 40).ask()
    assert code(unknown) == "UnrecognizedClientException" and unknown[2]["message"] == INVALID
    assert code(wrong) == "InvalidSignatureException" and wrong[2]["message"].startswith(MISMATCH)


@pytest.mark.parametrize("key", ["", "A", "../../sys", "AKIA/x", "a" * 5000, "AKIA\u00e4"])
def test_odd_key_ids_are_unknown(aws, signer, key):
    try:
        key.encode("latin-1")
    except UnicodeEncodeError:
        pytest.skip("not a header")
    answer = Signer(aws.server, key, signer.secret).ask()
    assert answer[0] in (400, 431), answer
    if answer[0] == 400 and isinstance(answer[2], dict) and "__type" in answer[2]:
        assert answer[2]["__type"] in ("UnrecognizedClientException", "IncompleteSignatureException")


def test_each_change_after_signing_is_noticed(signer):
    for changed in ({"sent": b'{"PasswordLength": 8}'}, {"head": {"x-amz-target": "secretsmanager.ListSecrets"}}, {"head": {"host": "elsewhere"}},
                    {"head": {"content-type": "application/json"}}):
        assert code(signer.ask(**changed)) == "InvalidSignatureException", changed


def test_what_must_be_signed(signer):
    for names in ("content-type;x-amz-date;x-amz-target", "content-type;host;x-amz-target", "content-type;host;x-amz-date"):
        assert code(signer.ask(signed=names)) == "InvalidSignatureException", names
    assert signer.ask(signed="host;x-amz-date;x-amz-target")[0] == 200  # content-type need not be
    assert code(signer.ask(signed="x-amz-date;host;x-amz-target")) == "IncompleteSignatureException"
    assert code(signer.ask(head={"x-amz-security-token": "added"})) == "InvalidSignatureException"


def test_the_clock_may_be_off_by_five_minutes(signer):
    now = datetime.datetime.now(datetime.timezone.utc)
    assert signer.ask(now=now - datetime.timedelta(seconds=280))[0] == 200
    assert signer.ask(now=now + datetime.timedelta(seconds=280))[0] == 200
    late = signer.ask(now=now - datetime.timedelta(seconds=320))
    assert code(late) == "InvalidSignatureException" and late[2]["message"].startswith("Signature expired: ") and late[2]["message"].endswith("- 5 min.)")
    early = signer.ask(now=now + datetime.timedelta(seconds=320))
    assert code(early) == "InvalidSignatureException" and early[2]["message"].startswith("Signature not yet current: ")


def test_the_scope_must_fit(signer):
    for wrong in ({"service": "s3"}, {"terminator": "aws5_request"}, {"date": "20200101"}, {"region": ""}, {"region": "US EAST"}):
        assert code(signer.ask(**wrong)) == "InvalidSignatureException", wrong
    assert signer.ask(region="eu-central-1")[0] == 200


def test_payloads_are_signed_whole(signer):
    for value in ("UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "0" * 64):
        assert code(signer.ask(extra={"x-amz-content-sha256": value})) == "InvalidSignatureException", value


def test_unsigned_and_half_signed_requests(aws, signer):
    target = {"x-amz-target": "secretsmanager.ListSecrets", "host": "h"}
    assert code(send(aws.server, "POST", "/", target, b"{}")) == "MissingAuthenticationTokenException"
    assert code(send(aws.server, "POST", "/", {**target, "authorization": "Bearer " + aws.server.root_token}, b"{}")) == "MissingAuthenticationTokenException"
    for header in ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a", "AWS4-HMAC-SHA256 x", "AWS4-ECDSA-P256-SHA256 Credential=a", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00"):
        assert code(send(aws.server, "POST", "/", {**target, "authorization": header}, b"{}")) == "IncompleteSignatureException", header
    head = signer.head("secretsmanager.ListSecrets", b"{}")
    head["authorization"] = [head["authorization"], head["authorization"]]
    answer = send(aws.server, "POST", "/", head, b"{}")
    assert answer[0] == 400


def test_a_vault_token_is_no_signature_and_a_signature_no_token(aws, signer):
    head = signer.head("secretsmanager.ListSecrets", b"{}")
    status, _, _ = send(aws.server, "GET", "/v1/sys/mounts", head)
    assert status == 403
    status, _, _ = send(aws.server, "POST", "/", {"x-vault-token": aws.server.root_token, "x-amz-target": "secretsmanager.ListSecrets", "host": "h"}, b"{}")
    assert status == 400


def test_unknown_actions_and_bodies(signer):
    assert code(signer.ask(action="Nothing")) == "UnknownOperationException"
    assert code(signer.ask(action="getrandompassword")) == "UnknownOperationException"
    assert signer.ask(action="Nothing")[2]["message"]
    for body in (b"[]", b"{", b"nonsense", b'{"a":' * 40 + b"1" + b"}" * 40):
        assert code(signer.ask(body=body)) == "SerializationException", body
    assert signer.ask(body=b"")[0] == 200


def test_signed_requests_are_audited_with_action_and_principal(aws, signer):
    signer.ask()
    record = [r for r in aws.server.audit_records() if r["type"] == "response" and r["request"].get("action") == "secretsmanager:GetRandomPassword" and not r.get("error")][-1]
    assert record["request"]["operation"] == "update" and record["request"]["path"] == "sys/tools/random"
    assert record["request"]["principal"].startswith(f"arn:aws:iam::{ACCOUNT}:user/user-")
    assert record["auth"]["entity_id"] and record["auth"]["policies"] == ["default", "everything"]
    assert record["response"]["data"]["RandomPassword"].startswith("hmac-sha256:")


def test_refused_requests_are_audited(aws, signer):
    before = len(aws.server.audit_records())
    Signer(aws.server, signer.id, "x" * 40).ask()
    send(aws.server, "POST", "/", {"x-amz-target": "secretsmanager.ListSecrets", "host": "h"}, b"{}")
    assert len(aws.server.audit_records()) >= before + 4


# -- GetRandomPassword ----------------------------------------------------------------------------------------------------
def test_random_passwords(aws):
    sm = aws.root.client()
    make = lambda **how: sm.get_random_password(**how)["RandomPassword"]  # noqa: E731
    assert len(make(PasswordLength=4096)) == 4096 and len(make(PasswordLength=4)) == 4
    text = make(PasswordLength=4, RequireEachIncludedType=True)
    assert any(c.islower() for c in text) and any(c.isupper() for c in text) and any(c.isdigit() for c in text)
    assert make(PasswordLength=300, ExcludeNumbers=True, ExcludePunctuation=True, ExcludeUppercase=True).islower()
    assert " " in make(PasswordLength=200, IncludeSpace=True) and " " in make(PasswordLength=5, IncludeSpace=True)
    # The space may be in it, so that it makes no password too short.
    text = make(PasswordLength=4, IncludeSpace=True)
    assert any(c.islower() for c in text) and any(c.isupper() for c in text) and any(c.isdigit() for c in text)
    text = make(PasswordLength=2000, ExcludeCharacters="abcXYZ019\"\\ ")
    assert not set(text) & set("abcXYZ019\"\\ ")
    assert len({make() for _ in range(20)}) == 20
    with refused("InvalidParameterException", "Password length is too short based on the required types."):
        make(PasswordLength=3)
    assert len(make(PasswordLength=3, RequireEachIncludedType=False)) == 3
    loose = aws.root.client(validate=False)
    for length in (4097, 0, -1):
        with refused("ValidationException", "passwordLength"):
            loose.get_random_password(PasswordLength=length)
    with refused("InvalidParameterException"):
        make(ExcludeNumbers=True, ExcludePunctuation=True, ExcludeUppercase=True, ExcludeLowercase=True)
