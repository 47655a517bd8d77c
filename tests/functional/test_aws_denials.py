"""What a denial stops, and what takes more than one right: no way round it by another action, another type, another region."""
import json

import pytest

from aws import ACCOUNT, REGION, Aws, Keys, Signer, allow, deny, document, granting, refused, serving
from harness import unique

ROLE = f"arn:aws:iam::{ACCOUNT}:role/"


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    """A server of these tests' own: replicas stay, which lists of others would show."""
    with serving(tmp_path_factory.mktemp("denials")) as made:
        yield made


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


# -- replication that overwrites ------------------------------------------------------------------------------------------
def overwrite(client, name, region):
    answer = client.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=[{"Region": region}], ForceOverwriteReplicaSecret=True)
    return next(one for one in answer["ReplicationStatus"] if one["Region"] == region)


def test_overwriting_takes_the_right_to_delete(aws, sm, name):
    west = aws.root.client(region="eu-west-1")
    west.create_secret(Name=name, SecretString="theirs")
    user = aws.with_policy(f'path "secret/metadata/{name}" {{ capabilities = ["update"] }}\npath "secret/data/deny/*" {{ capabilities = ["create", "update"] }}\n'
                           'path "secret/metadata/deny/*" { capabilities = ["update"] }', unique("p")).client()
    with refused("AccessDeniedException", "secretsmanager:DeleteSecret"):
        overwrite(user, name, "eu-west-1")
    made = unique("deny/s")
    west.create_secret(Name=made, SecretString="theirs")
    with refused("AccessDeniedException", "secretsmanager:DeleteSecret"):
        user.create_secret(Name=made, SecretString="v", AddReplicaRegions=[{"Region": "eu-west-1"}], ForceOverwriteReplicaSecret=True)
    with refused("ResourceNotFoundException"):
        sm.get_secret_value(SecretId=made)
    for secret in (name, made):
        assert west.get_secret_value(SecretId=secret)["SecretString"] == "theirs"
    assert overwrite(sm, name, "eu-west-1")["Status"] == "InSync"
    assert west.get_secret_value(SecretId=name)["SecretString"] == "v"


def test_overwriting_meets_the_policy_of_what_is_there(aws, sm, name):
    west = aws.root.client(region="eu-west-1")
    west.create_secret(Name=name, SecretString="theirs")
    west.put_resource_policy(SecretId=name, ResourcePolicy=document({"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:DeleteSecret", "Resource": "*"}))
    with refused("AccessDeniedException", "with an explicit deny in a resource-based policy"):
        overwrite(sm, name, "eu-west-1")
    # Named by its ARN, whose six characters are the primary's, too.
    with refused("AccessDeniedException", "with an explicit deny in a resource-based policy"):
        overwrite(sm, sm.describe_secret(SecretId=name)["ARN"], "eu-west-1")
    assert west.get_secret_value(SecretId=name)["SecretString"] == "theirs"


def test_overwriting_leaves_no_replicas_behind(aws, sm, name):
    west = aws.root.client(region="eu-west-1")
    west.create_secret(Name=name, SecretString="theirs", AddReplicaRegions=[{"Region": "eu-north-1"}])
    for region, why in (("eu-west-1", "has replicas of its own"), ("eu-north-1", "is a replica of another secret")):
        status = overwrite(sm, name, region)
        assert status["Status"] == "Failed" and why in status["StatusMessage"]
        assert aws.root.client(region=region).get_secret_value(SecretId=name)["SecretString"] == "theirs"


def test_purge_protection_stops_overwriting(make_server):
    own = Aws(make_server())
    own.root.client(region="eu-west-1").create_secret(Name="s", SecretString="theirs")
    own.root.client().create_secret(Name="s", SecretString="v")
    own.server.root.post("secret/azure", {"purge_protection": True}).ok()
    with refused("InvalidRequestException", "purge protection"):
        overwrite(own.root.client(), "s", "eu-west-1")
    assert own.root.client(region="eu-west-1").get_secret_value(SecretId="s")["SecretString"] == "theirs"


# -- actions beside secrets -----------------------------------------------------------------------------------------------
def test_documents_grant_and_deny_random_passwords(holder):
    assert holder(document(allow("secretsmanager:GetRandomPassword"))).client().get_random_password()["RandomPassword"]
    with refused("AccessDeniedException"):
        holder(document(allow("secretsmanager:GetSecretValue"))).client().get_random_password()
    with refused("AccessDeniedException", "with an explicit deny in an identity-based policy"):
        holder(document(deny("secretsmanager:GetRandomPassword")), ["everything"]).client().get_random_password()


def test_documents_grant_and_deny_roles(aws, holder):
    role, other = unique("role"), unique("role")
    for one in (role, other):
        aws.server.root.post(f"auth/aws-keys/roles/{one}", {"token_policies": ["everything"]}).ok(204)
    sts = holder(document(allow("sts:AssumeRole", ROLE + role))).client("sts")
    assert sts.assume_role(RoleArn=ROLE + role, RoleSessionName="one")["Credentials"]
    with refused("AccessDenied", status=403):
        sts.assume_role(RoleArn=ROLE + other, RoleSessionName="one")
    sts = holder(document(deny("sts:AssumeRole", ROLE + role)), ["everything"]).client("sts")
    assert sts.assume_role(RoleArn=ROLE + other, RoleSessionName="one")["Credentials"]
    with refused("AccessDenied", "with an explicit deny in an identity-based policy", status=403):
        sts.assume_role(RoleArn=ROLE + role, RoleSessionName="one")
    named = holder(document(allow("sts:AssumeRole", Condition={"StringEquals": {"sts:RoleSessionName": "mine"}}))).client("sts")
    assert named.assume_role(RoleArn=ROLE + role, RoleSessionName="mine")["Credentials"]
    with refused("AccessDenied", status=403):
        named.assume_role(RoleArn=ROLE + role, RoleSessionName="other")


def test_what_create_does_beside_is_asked_for(aws, holder):
    every = allow("secretsmanager:*")
    for denied, more in (("TagResource", {"Tags": [{"Key": "a", "Value": "b"}]}), ("ReplicateSecretToRegions", {"AddReplicaRegions": [{"Region": "eu-west-1"}]})):
        client, made = holder(document(every, deny("secretsmanager:" + denied))).client(), unique("deny/made")
        with refused("AccessDeniedException", "secretsmanager:" + denied):
            client.create_secret(Name=made, SecretString="v", **more)
        client.create_secret(Name=made, SecretString="v")
        holder(document(every)).client().create_secret(Name=made + "-more", SecretString="v", **more)
        with refused("AccessDeniedException", "secretsmanager:" + denied):
            holder(document(allow("secretsmanager:CreateSecret"))).client().create_secret(Name=unique("deny/made"), SecretString="v", **more)


def test_a_batch_by_filters_takes_the_right_to_list(holder, name):
    by_name = [{"Key": "name", "Values": [name]}]
    with refused("AccessDeniedException"):
        holder(document(allow(["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"]))).client().batch_get_secret_value(Filters=by_name)
    client = holder(document(allow(["secretsmanager:BatchGetSecretValue", "secretsmanager:ListSecrets", "secretsmanager:GetSecretValue"]))).client()
    assert client.batch_get_secret_value(Filters=by_name)["SecretValues"][0]["SecretString"] == "v"


# -- who asks, and how ----------------------------------------------------------------------------------------------------
def denying(**condition):
    return document({"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*", "Condition": condition})


def test_a_session_is_its_role(aws, sm, name):
    role = unique("role")
    aws.server.root.post(f"auth/aws-keys/roles/{role}", {"token_policies": ["everything"]}).ok(204)
    answer = aws.root.client("sts").assume_role(RoleArn=ROLE + role, RoleSessionName="one")
    made = answer["Credentials"]
    client = Keys(aws.server, made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]).client()
    for condition in ({"ArnEquals": {"aws:PrincipalArn": ROLE + role}}, {"StringEquals": {"aws:userid": answer["AssumedRoleUser"]["AssumedRoleId"]}},
                      {"StringLike": {"aws:userid": answer["AssumedRoleUser"]["AssumedRoleId"].split(":")[0] + ":*"}}):
        sm.put_resource_policy(SecretId=name, ResourcePolicy=denying(**condition))
        with refused("AccessDeniedException"):
            client.get_secret_value(SecretId=name)
        assert sm.get_secret_value(SecretId=name)["SecretString"] == "v"
    who = aws.root.client("sts").get_caller_identity()
    for condition in ({"ArnEquals": {"aws:PrincipalArn": who["Arn"]}}, {"StringEquals": {"aws:userid": who["UserId"]}}):
        sm.put_resource_policy(SecretId=name, ResourcePolicy=denying(**condition))
        assert client.get_secret_value(SecretId=name)["SecretString"] == "v"
        with refused("AccessDeniedException"):
            sm.get_secret_value(SecretId=name)


@pytest.mark.parametrize("tls", [True, False])
def test_secure_transport(aws, make_server, tls):
    client = (aws if tls else Aws(make_server(tls=False))).root.client()
    made = unique("deny/s")
    client.create_secret(Name=made, SecretString="v")
    for value in (True, False):
        client.put_resource_policy(SecretId=made, ResourcePolicy=denying(Bool={"aws:SecureTransport": str(value).lower()}))
        if value == tls:
            with refused("AccessDeniedException"):
                client.get_secret_value(SecretId=made)
        else:
            assert client.get_secret_value(SecretId=made)["SecretString"] == "v"


def test_a_denial_does_not_tell_what_is_there(sm, holder, name):
    client = holder(document(deny("secretsmanager:GetSecretValue")), ["everything"]).client()
    texts = []
    for secret in (name, "deny/none"):
        with pytest.raises(client.exceptions.ClientError) as caught:
            client.get_secret_value(SecretId=secret)
        texts.append(caught.value.response["Error"]["Message"].replace(secret, "X"))
    assert texts[0] == texts[1] and texts[0].endswith("on resource: X with an explicit deny in an identity-based policy")


# -- other regions' secrets -----------------------------------------------------------------------------------------------
def test_no_name_leads_into_another_region(aws, sm):
    made = unique("deny/s")
    west = aws.root.client(region="eu-west-1")
    arn = west.create_secret(Name=made, SecretString="west")["ARN"]
    ids = [arn, f"~eu-west-1/{made}", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:~eu-west-1/{made}", arn.replace("eu-west-1", REGION).replace(made, f"~eu-west-1/{made}")]
    got = sm.batch_get_secret_value(SecretIdList=ids)
    assert got["SecretValues"] == [] and [one["ErrorCode"] for one in got["Errors"]] == ["ResourceNotFoundException"] + 3 * ["ValidationException"]
    for one in ids:
        for call in (lambda: sm.get_resource_policy(SecretId=one), lambda: sm.restore_secret(SecretId=one), lambda: sm.list_resource_policies(SecretId=one),  # noqa: B023
                     lambda: sm.put_resource_policy(SecretId=one, ResourcePolicy=granting("*")), lambda: sm.delete_resource_policy(SecretId=one),  # noqa: B023
                     lambda: sm.cancel_rotate_secret(SecretId=one), lambda: sm.rotate_secret(SecretId=one),  # noqa: B023
                     lambda: sm.update_secret_version_stage(SecretId=one, VersionStage="x", MoveToVersionId="v" * 32),  # noqa: B023
                     lambda: sm.replicate_secret_to_regions(SecretId=one, AddReplicaRegions=[{"Region": "eu-north-1"}])):  # noqa: B023
            with refused("ResourceNotFoundException"):
                call()
    assert west.get_secret_value(SecretId=made)["SecretString"] == "west"


# -- tags that permissions stand on ---------------------------------------------------------------------------------------
def test_nobody_tags_itself_out(aws, sm, holder, name):
    tagging = ["secretsmanager:TagResource", "secretsmanager:UntagResource"]
    sm.tag_resource(SecretId=name, Tags=[{"Key": "team", "Value": "red"}])
    while_red = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    tags = lambda: {t["Key"]: t["Value"] for t in sm.describe_secret(SecretId=name).get("Tags", [])}
    user = holder(document(allow(tagging, Condition=while_red))).client()
    user.tag_resource(SecretId=name, Tags=[{"Key": "other", "Value": "x"}])
    with refused("AccessDeniedException", "once its tags are changed so"):
        user.tag_resource(SecretId=name, Tags=[{"Key": "team", "Value": "blue"}])
    with refused("AccessDeniedException", "once its tags are changed so"):
        user.untag_resource(SecretId=name, TagKeys=["team"])
    user.untag_resource(SecretId=name, TagKeys=["other"])
    assert tags() == {"team": "red"}
    # A denial, of a key's document or of the secret's policy.
    barred = holder(document(allow(tagging), deny(tagging, Condition={"StringEquals": {"aws:ResourceTag/team": "blue"}}))).client()
    with refused("AccessDeniedException", "with an explicit deny in an identity-based policy"):
        barred.tag_resource(SecretId=name, Tags=[{"Key": "team", "Value": "blue"}])
    barred.untag_resource(SecretId=name, TagKeys=["team"])
    plain = holder(policies=["everything"]).client()
    sm.put_resource_policy(SecretId=name, ResourcePolicy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": tagging, "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/team": "blue"}}}]}))
    with refused("AccessDeniedException", "with an explicit deny in a resource-based policy"):
        plain.tag_resource(SecretId=name, Tags=[{"Key": "team", "Value": "blue"}])
    assert tags() == {}
    # Where the server's policies let the caller in, a document that says nothing takes nothing away.
    both = holder(document(allow(tagging, Condition=while_red)), ["everything"]).client()
    both.tag_resource(SecretId=name, Tags=[{"Key": "team", "Value": "green"}])
    assert tags() == {"team": "green"}
