"""What a denial stops, and what takes more than one right: no way round it by another action, another type, another region."""
import json
import shutil

import pytest

from aws import ACCOUNT, REGION, Aws, Keys, Signer, allow, deny, document, granting, refused
from harness import Server, unique

ROLE = f"arn:aws:iam::{ACCOUNT}:role/"


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    """A server of these tests' own: replicas stay, which lists of others would show."""
    made = Server(tmp_path_factory.mktemp("denials"))
    try:
        made.start()
        yield Aws(made)
    finally:
        made.stop()
        shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def sm(aws):
    return aws.root.client()


@pytest.fixture
def name(sm):
    made = unique("deny/s")
    sm.create_secret(Name=made, SecretString="v")
    return made


@pytest.fixture
def holder(aws):
    """A key with this document and these policies."""
    return lambda text="", policies=(): aws.user(unique("u"), policies=policies, token_no_default_policy=True, policy_document=text)


def barring(aws, text):
    """The name of a new policy of the server's."""
    made = unique("barring")
    aws.server.root.put(f"sys/policies/acl/{made}", {"policy": text}).ok()
    return made


# -- denials of the server's policies -------------------------------------------------------------------------------------
def test_a_deny_of_the_server_binds_each_secret_of_a_batch(aws, holder, name):
    client = holder(document(allow("*")), [barring(aws, f'path "secret/data/{name}" {{ capabilities = ["deny"] }}')]).client()
    got = client.batch_get_secret_value(SecretIdList=[name])
    assert got["SecretValues"] == [] and got["Errors"][0]["ErrorCode"] == "AccessDeniedException"


def test_a_deny_of_the_server_binds_who_hands_out(aws, sm, holder, name):
    client = holder(document(allow("*")), [barring(aws, f'path "secret/data/{name}" {{ capabilities = ["deny"] }}')]).client()
    with refused("AccessDeniedException", "allow others what it may not do itself"):
        client.put_resource_policy(SecretId=name, ResourcePolicy=granting("*"))
    assert "ResourcePolicy" not in sm.get_resource_policy(SecretId=name)


# -- types ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("action, members, text", [
    ("DeleteSecret", {"ForceDeleteWithoutRecovery": 1}, "NUMBER_VALUE can not be converted to a Boolean"),
    ("DeleteSecret", {"ForceDeleteWithoutRecovery": "true"}, "STRING_VALUE can not be converted to a Boolean"),
    ("DeleteSecret", {"RecoveryWindowInDays": "+7"}, "STRING_VALUE can not be converted to an Integer"),
    ("DeleteSecret", {"RecoveryWindowInDays": True}, "TRUE_VALUE can not be converted to an Integer"),
    ("DeleteSecret", {"SecretId": 7}, "NUMBER_VALUE can not be converted to a String"),
    ("UntagResource", {"TagKeys": "x"}, "STRING_VALUE can not be converted to a list"),
    ("UntagResource", {"TagKeys": [1]}, "NUMBER_VALUE can not be converted to a String"),
    ("TagResource", {"Tags": [{"Key": True, "Value": "x"}]}, "TRUE_VALUE can not be converted to a String"),
    ("TagResource", {"Tags": ["x"]}, "STRING_VALUE can not be converted to a structure"),
    ("RotateSecret", {"RotationRules": {"AutomaticallyAfterDays": "1"}}, "STRING_VALUE can not be converted to an Integer"),
    ("UpdateSecret", {"Description": {"a": "b"}}, "Start of structure or map found where not expected."),
    ("UpdateSecret", {"SecretString": ["x"]}, "Start of list found where not expected."),
])
def test_members_of_another_type_are_refused(aws, sm, name, action, members, text):
    status, _, answer = Signer(aws.server, aws.root.id, aws.root.secret).ask(action, json.dumps({"SecretId": name, **members}).encode())
    assert (status, answer["__type"], answer["message"]) == (400, "SerializationException", text)
    assert "DeletedDate" not in sm.describe_secret(SecretId=name)


def test_null_counts_as_absent(aws, name):
    status, _, answer = Signer(aws.server, aws.root.id, aws.root.secret).ask("GetSecretValue", json.dumps({"SecretId": name, "VersionId": None}).encode())
    assert status == 200 and answer["SecretString"] == "v"


def test_another_type_gets_past_no_denial(sm, holder, name):
    key = holder(document(allow("*"), deny("secretsmanager:DeleteSecret", Condition={"Bool": {"secretsmanager:ForceDeleteWithoutRecovery": "true"}}),
                          deny("secretsmanager:UntagResource", Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": "kept"}})))
    sm.tag_resource(SecretId=name, Tags=[{"Key": "kept", "Value": "1"}])
    signer = Signer(key.server, key.id, key.secret)
    for action, members in (("DeleteSecret", {"ForceDeleteWithoutRecovery": True}), ("UntagResource", {"TagKeys": ["kept"]})):
        assert signer.ask(action, json.dumps({"SecretId": name, **members}).encode())[2]["__type"] == "AccessDeniedException"
    for action, members in (("DeleteSecret", {"ForceDeleteWithoutRecovery": 1}), ("UntagResource", {"TagKeys": "kept"})):
        assert signer.ask(action, json.dumps({"SecretId": name, **members}).encode())[2]["__type"] == "SerializationException"
    assert sm.describe_secret(SecretId=name)["Tags"] == [{"Key": "kept", "Value": "1"}]


def test_a_secret_without_a_name_is_none(aws):
    for wrong in (12345, True, ["x"], "", None):
        status, _, answer = Signer(aws.server, aws.root.id, aws.root.secret).ask("CreateSecret", json.dumps({"Name": wrong, "SecretString": "v", "ClientRequestToken": "t" * 32}).encode())
        assert status == 400 and answer["__type"] in ("SerializationException", "ValidationException"), wrong
    assert aws.server.root.get("secret/data/").status != 200
