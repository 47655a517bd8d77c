"""Policies in IAM's language that grant: those of the key that signs, and the Allow of a secret's own."""
import datetime
import json

import pytest

from aws import ACCOUNT, Keys, allow, deny, document, granting, refused
from harness import unique, wait_until
from sigv4 import Signer

SECRETS = "arn:aws:secretsmanager:us-east-1:123456789012:secret:"


@pytest.fixture(scope="module")
def sm(aws):
    return aws.root.client()


@pytest.fixture
def name(sm):
    made = unique("iam/s")
    sm.create_secret(Name=made, SecretString="v")
    return made


@pytest.fixture
def holder(aws):
    """A client of a key with this document and these policies."""
    return lambda text, policies=(): aws.user(unique("u"), policies=policies, token_no_default_policy=True, policy_document=text).client()


def test_a_document_alone_grants(sm, holder, name):
    client = holder(document(allow("secretsmanager:GetSecretValue", SECRETS + "iam/*")))
    assert client.get_secret_value(SecretId=name)["SecretString"] == "v"
    with refused("AccessDeniedException"):
        client.describe_secret(SecretId=name)
    with refused("AccessDeniedException"):
        client.put_secret_value(SecretId=name, SecretString="x")
    other = unique("other")
    sm.create_secret(Name=other, SecretString="v")
    with refused("AccessDeniedException"):
        client.get_secret_value(SecretId=other)
    # What is not there is not found by who may ask for it, and denied to others.
    with refused("ResourceNotFoundException"):
        client.get_secret_value(SecretId="iam/none")
    with refused("AccessDeniedException"):
        client.get_secret_value(SecretId="none")


def test_the_full_arn_is_what_resources_name(sm, holder, name):
    arn = sm.describe_secret(SecretId=name)["ARN"]
    assert holder(document(allow("secretsmanager:Get*", arn))).get_secret_value(SecretId=name)["SecretString"] == "v"
    assert holder(document(allow("secretsmanager:Get*", arn[:-6] + "??????"))).get_secret_value(SecretId=name)["SecretString"] == "v"
    with refused("AccessDeniedException"):
        holder(document(allow("secretsmanager:Get*", arn[:-7]))).get_secret_value(SecretId=name)


def test_a_denial_binds_whatever_allows(holder, name):
    client = holder(document(deny("secretsmanager:GetSecretValue")), ["everything"])
    with refused("AccessDeniedException", "with an explicit deny in an identity-based policy"):
        client.get_secret_value(SecretId=name)
    assert client.describe_secret(SecretId=name)["Name"] == name
    got = client.batch_get_secret_value(SecretIdList=[name])
    assert got["SecretValues"] == [] and got["Errors"][0]["ErrorCode"] == "AccessDeniedException"
    client = holder(document(allow("*"), deny("secretsmanager:Delete*")))
    assert client.get_secret_value(SecretId=name)["SecretString"] == "v"
    with refused("AccessDeniedException"):
        client.delete_secret(SecretId=name)


def test_a_deny_of_the_servers_policies_binds(aws, sm, name):
    aws.server.root.put("sys/policies/acl/iam-barred", {"policy": f'path "secret/data/{name}" {{ capabilities = ["deny"] }}'}).ok()
    client = aws.user(unique("u"), policies=["iam-barred"], policy_document=document(allow("*"))).client()
    with refused("AccessDeniedException"):
        client.get_secret_value(SecretId=name)
    assert client.describe_secret(SecretId=name)["Name"] == name


def test_all_but_these(holder, name):
    client = holder(document({"Effect": "Allow", "NotAction": "secretsmanager:GetSecretValue", "Resource": "*"}))
    assert client.describe_secret(SecretId=name)["Name"] == name
    with refused("AccessDeniedException"):
        client.get_secret_value(SecretId=name)


def test_making_and_listing(holder):
    client = holder(document(allow(["secretsmanager:CreateSecret", "secretsmanager:ListSecrets"]), allow("secretsmanager:DeleteSecret", SECRETS + "iam/made*")))
    made = unique("iam/made")
    client.create_secret(Name=made, SecretString="v")
    assert made in [s["Name"] for s in client.list_secrets(Filters=[{"Key": "name", "Values": ["iam/made"]}])["SecretList"]]
    client.delete_secret(SecretId=made, ForceDeleteWithoutRecovery=True)
    with refused("AccessDeniedException"):
        holder(document(allow("secretsmanager:CreateSecret", SECRETS + "team/*"))).create_secret(Name=unique("iam/made"), SecretString="v")


@pytest.mark.parametrize("condition, good, bad", [
    ({"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}}, {}, {"VersionStage": "AWSPREVIOUS"}),
    ({"StringLike": {"secretsmanager:VersionId": "*"}}, {"VersionId": None}, {}),
])
def test_conditions_on_reading(sm, holder, name, condition, good, bad):
    sm.put_secret_value(SecretId=name, SecretString="w")
    if "VersionId" in good:
        good = {"VersionId": sm.get_secret_value(SecretId=name)["VersionId"]}
    client = holder(document(allow("secretsmanager:GetSecretValue", Condition=condition)))
    assert client.get_secret_value(SecretId=name, **good)["SecretString"] == "w"
    with refused("AccessDeniedException"):
        client.get_secret_value(SecretId=name, **bad)


def test_conditions_on_changes(holder):
    tagged = holder(document(allow(["secretsmanager:CreateSecret", "secretsmanager:TagResource"], Condition={"StringEquals": {"aws:RequestTag/team": "a"}}),
                             allow("secretsmanager:DeleteSecret", Condition={"NumericGreaterThanEquals": {"secretsmanager:RecoveryWindowInDays": "10"}}),
                             deny("secretsmanager:CreateSecret", Condition={"StringLike": {"secretsmanager:Name": "*secretive*"}})))
    with refused("AccessDeniedException"):
        tagged.create_secret(Name=unique("iam/c"), SecretString="v")
    made = unique("iam/c")
    tagged.create_secret(Name=made, SecretString="v", Tags=[{"Key": "team", "Value": "a"}])
    with refused("AccessDeniedException", "explicit deny"):
        tagged.create_secret(Name=unique("iam/secretive"), SecretString="v", Tags=[{"Key": "team", "Value": "a"}])
    with refused("AccessDeniedException"):
        tagged.delete_secret(SecretId=made, ForceDeleteWithoutRecovery=True)
    with refused("AccessDeniedException"):
        tagged.delete_secret(SecretId=made, RecoveryWindowInDays=7)
    tagged.delete_secret(SecretId=made, RecoveryWindowInDays=10)


def test_variables_stand_for_the_caller(aws, sm):
    text = document(allow("secretsmanager:GetSecretValue", SECRETS + "home/${aws:username}/*"))
    user = unique("ann")
    client = aws.user(user, token_no_default_policy=True, policy_document=text).client()
    for owner in (user, "bob"):
        sm.create_secret(Name=f"home/{owner}/{user}", SecretString=owner)
    assert client.get_secret_value(SecretId=f"home/{user}/{user}")["SecretString"] == user
    with refused("AccessDeniedException"):
        client.get_secret_value(SecretId=f"home/bob/{user}")


def test_the_document_of_a_key_changes_at_once(aws, name):
    made = aws.server.root.post("auth/aws-keys/keys", {"user": unique("u"), "token_no_default_policy": True}).ok(200).data
    client, path = Keys(aws.server, made["access_key_id"], made["secret_access_key"]).client(), "auth/aws-keys/keys/" + made["access_key_id"]
    with refused("AccessDeniedException"):
        client.get_secret_value(SecretId=name)
    text = document(allow("secretsmanager:*"))
    aws.server.root.post(path, {"policy_document": text}).ok(204)
    assert aws.server.root.get(path).data["policy_document"] == text
    assert client.get_secret_value(SecretId=name)["SecretString"] == "v"
    aws.server.root.post(path, {"description": "kept"}).ok(204)
    assert client.get_secret_value(SecretId=name)["SecretString"] == "v"
    aws.server.root.post(path, {"policy_document": ""}).ok(204)
    with refused("AccessDeniedException"):
        client.get_secret_value(SecretId=name)


@pytest.mark.parametrize("text", ["x", "{}", document({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}), document(*[allow("*")] * 400)])
def test_what_is_no_document(aws, text):
    answer = aws.server.root.post("auth/aws-keys/keys", {"user": "u", "policy_document": text})
    assert answer.status == 400 and "policy_document" in answer.errors[0]


def test_an_allow_of_the_secret_grants(aws, sm, name):
    user = aws.user(unique("u"), token_no_default_policy=True)
    client, other = user.client(), aws.user(unique("u"), token_no_default_policy=True).client()
    arn = user.client("sts").get_caller_identity()["Arn"]
    with refused("AccessDeniedException"):
        client.get_secret_value(SecretId=name)
    sm.put_resource_policy(SecretId=name, ResourcePolicy=granting({"AWS": arn}))
    assert client.get_secret_value(SecretId=name)["SecretString"] == "v"
    assert client.batch_get_secret_value(SecretIdList=[name])["SecretValues"][0]["SecretString"] == "v"
    with refused("AccessDeniedException"):
        client.put_secret_value(SecretId=name, SecretString="x")
    with refused("AccessDeniedException"):
        other.get_secret_value(SecretId=name)
    sm.delete_resource_policy(SecretId=name)
    with refused("AccessDeniedException"):
        client.get_secret_value(SecretId=name)


def test_the_account_leaves_it_to_its_own_policies(aws, sm, name):
    client = aws.user(unique("u"), token_no_default_policy=True).client()
    for principal in ({"AWS": "123456789012"}, {"AWS": "arn:aws:iam::123456789012:root"}, {"AWS": "999999999999"}):
        sm.put_resource_policy(SecretId=name, ResourcePolicy=granting(principal))
        with refused("AccessDeniedException"):
            client.get_secret_value(SecretId=name)
    sm.put_resource_policy(SecretId=name, ResourcePolicy=granting("*"))
    assert client.get_secret_value(SecretId=name)["SecretString"] == "v"


def test_vaults_api_knows_nothing_of_it(aws, sm, name):
    sm.put_resource_policy(SecretId=name, ResourcePolicy=granting("*"))
    token = aws.server.root.new_token(["default"])
    assert aws.server.root.copy(token).get(f"secret/data/{name}").status == 403


def test_nobody_hands_out_what_is_not_theirs(aws, sm, name):
    tagger = aws.with_policy(f'path "secret/metadata/{name}" {{ capabilities = ["update", "read"] }}', unique("iam-tagger")).client()
    arn = sm.describe_secret(SecretId=name)["ARN"]
    with refused("AccessDeniedException", "allow others what it may not do itself"):
        tagger.put_resource_policy(SecretId=name, ResourcePolicy=granting("*"))
    assert "ResourcePolicy" not in sm.get_resource_policy(SecretId=name)
    tagger.put_resource_policy(SecretId=name, ResourcePolicy=document({"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:RotateSecret", "Resource": "*"}))
    owner = aws.user(unique("u"), token_no_default_policy=True, policy_document=document(allow("secretsmanager:*", arn))).client()
    owner.put_resource_policy(SecretId=name, ResourcePolicy=granting("*"))


def test_members_that_an_action_does_not_take_say_nothing(aws, name):
    """They are ignored; a condition that looked at them could be talked into anything."""
    key = aws.user(unique("u"), token_no_default_policy=True,
                   policy_document=document(allow("secretsmanager:*", Condition={"StringEquals": {"aws:RequestTag/team": "a"}})))
    body = {"SecretId": name, "Tags": [{"Key": "team", "Value": "a"}]}
    status, _, answer = Signer(aws.server, key.id, key.secret).ask("GetSecretValue", json.dumps(body).encode())
    assert (status, answer["__type"]) == (400, "AccessDeniedException")
    key.client().create_secret(Name=unique("iam/tagged"), SecretString="v", Tags=[{"Key": "team", "Value": "a"}])
    reader = aws.user(unique("u"), token_no_default_policy=True,
                      policy_document=document(allow("secretsmanager:*", Condition={"StringEquals": {"secretsmanager:VersionStage": "AWSPREVIOUS"}}),
                                               allow("secretsmanager:BatchGetSecretValue")))
    body = {"SecretIdList": [name], "VersionStage": "AWSPREVIOUS"}
    status, _, answer = Signer(aws.server, reader.id, reader.secret).ask("BatchGetSecretValue", json.dumps(body).encode())
    assert status == 200 and answer["SecretValues"] == [] and answer["Errors"][0]["ErrorCode"] == "AccessDeniedException"


# -- roles and their sessions ---------------------------------------------------------------------------------------------
ROLE = f"arn:aws:iam::{ACCOUNT}:role/"


@pytest.fixture
def role(aws):
    """A role with this document and these members."""
    def make(text="", **fields):
        made = unique("role")
        aws.server.root.post(f"auth/aws-keys/roles/{made}", {"policy_document": text, "token_no_default_policy": True, **fields}).ok(204)
        return made
    return make


@pytest.fixture
def session(aws):
    """A client of a session of the role, narrowed by `policy`."""
    def open_one(role, policy=None, service="secretsmanager"):
        more = {"Policy": policy} if policy is not None else {}
        got = aws.root.client("sts").assume_role(RoleArn=ROLE + role, RoleSessionName="one", **more)["Credentials"]
        return Keys(aws.server, got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"]).client(service)
    return open_one


def test_the_document_of_a_role_grants_its_sessions(role, session, name):
    client = session(role(document(allow("secretsmanager:GetSecretValue", SECRETS + "iam/*"))))
    assert client.get_secret_value(SecretId=name)["SecretString"] == "v"
    with refused("AccessDeniedException"):
        client.describe_secret(SecretId=name)
    with refused("AccessDeniedException"):
        session(role()).get_secret_value(SecretId=name)


def test_the_document_of_a_role_denies_its_sessions(role, session, name):
    client = session(role(document(deny("secretsmanager:GetSecretValue")), token_policies=["everything"]))
    with refused("AccessDeniedException", "with an explicit deny in an identity-based policy"):
        client.get_secret_value(SecretId=name)
    assert client.describe_secret(SecretId=name)["Name"] == name


def test_a_change_of_a_role_reaches_open_sessions(aws, role, session, name):
    made = role(document(allow("secretsmanager:GetSecretValue")))
    client, path = session(made), f"auth/aws-keys/roles/{made}"
    assert client.get_secret_value(SecretId=name)["SecretString"] == "v"
    aws.server.root.post(path, {"policy_document": document(deny("*"))}).ok(204)
    with refused("AccessDeniedException", "explicit deny"):
        client.get_secret_value(SecretId=name)
    aws.server.root.post(path, {"policy_document": document(allow("*"))}).ok(204)
    assert client.get_secret_value(SecretId=name)["SecretString"] == "v"
    # What a role denied must not come back with its end.
    aws.server.root.delete(path).ok(204)
    with refused("UnrecognizedClientException"):
        client.get_secret_value(SecretId=name)
    aws.server.root.post("auth/aws-keys/roles/" + made, {"policy_document": "{}"}).refused(400)


def test_a_session_policy_narrows(role, session, name, sm):
    other = unique("iam/other")
    sm.create_secret(Name=other, SecretString="w")
    narrow = document(allow("secretsmanager:GetSecretValue", SECRETS + name + "-??????"))
    # Whatever grants to the role: the server's policies, its document, a secret's own policy.
    for made in (role(token_policies=["everything"]), role(document(allow("*"))), role()):
        for one in (name, other):
            sm.put_resource_policy(SecretId=one, ResourcePolicy=granting({"AWS": ROLE + made}))
        assert session(made).get_secret_value(SecretId=other)["SecretString"] == "w"
        client = session(made, narrow)
        assert client.get_secret_value(SecretId=name)["SecretString"] == "v"
        with refused("AccessDeniedException", "because no session policy allows the secretsmanager:GetSecretValue action"):
            client.get_secret_value(SecretId=other)
        for call in (lambda: client.put_secret_value(SecretId=name, SecretString="x"), lambda: client.delete_secret(SecretId=name), lambda: client.list_secrets(),
                     lambda: client.get_random_password(), lambda: client.create_secret(Name=unique("iam/new"), SecretString="x"),
                     lambda: client.batch_get_secret_value(SecretIdList=[name])):
            with refused("AccessDeniedException"):
                call()


def test_a_session_policy_gives_nothing(role, session, name):
    with refused("AccessDeniedException"):
        session(role(), document(allow("*"))).get_secret_value(SecretId=name)
    client = session(role(token_policies=["everything"]), document(allow("*"), deny("secretsmanager:GetSecretValue")))
    with refused("AccessDeniedException", "with an explicit deny in a session policy"):
        client.get_secret_value(SecretId=name)
    assert client.describe_secret(SecretId=name)["Name"] == name


def test_a_narrowed_session_reads_in_batches(role, session, name, sm):
    other = unique("iam/other")
    sm.create_secret(Name=other, SecretString="w")
    narrow = document(allow("secretsmanager:BatchGetSecretValue"), allow("secretsmanager:GetSecretValue", SECRETS + name + "-??????"))
    got = session(role(token_policies=["everything"]), narrow).batch_get_secret_value(SecretIdList=[name, other])
    assert [one["Name"] for one in got["SecretValues"]] == [name]
    assert [one["ErrorCode"] for one in got["Errors"]] == ["AccessDeniedException"]


def test_a_narrowed_session_opens_no_wider_one(role, session):
    wide = role(token_policies=["everything"])
    sts = session(wide, document(allow("secretsmanager:*")), "sts")
    assert sts.get_caller_identity()["Arn"].endswith(f"assumed-role/{wide}/one")
    with refused("AccessDenied", "no session policy allows the sts:AssumeRole action", status=403):
        sts.assume_role(RoleArn=ROLE + wide, RoleSessionName="two")


@pytest.mark.parametrize("text, code", [("x", "MalformedPolicyDocument"), ("{}", "MalformedPolicyDocument"), (document(allow("*", Principal="*")), "MalformedPolicyDocument"),
                                        (document(deny("*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/33"}})), "MalformedPolicyDocument"),
                                        (document(*[allow("secretsmanager:GetSecretValue")] * 40), "ValidationError")])
def test_what_is_no_session_policy(aws, role, text, code):
    with refused(code):
        aws.root.client("sts").assume_role(RoleArn=ROLE + role(), RoleSessionName="one", Policy=text)


def test_roles_go_with_their_mount(aws):
    root = aws.server.root
    ring = unique("ring")
    root.post(f"sys/auth/{ring}", {"type": "aws-keys"}).ok(204)
    root.post(f"auth/{ring}/roles/shop", {"token_policies": ["everything"]}).ok(204)
    assert root.list(f"auth/{ring}/roles").data["keys"] == ["shop"]
    root.get("auth/aws-keys/roles/shop").refused(404)  # each mount has its own
    root.delete(f"sys/auth/{ring}").ok(204)
    root.post(f"sys/auth/{ring}", {"type": "aws-keys"}).ok(204)
    root.get(f"auth/{ring}/roles/shop").refused(404)


def test_a_role_made_anew_has_none_of_the_sessions_before(aws, role, session, name):
    made = role(token_policies=["everything"])
    client, path = session(made), f"auth/aws-keys/roles/{made}"
    assert client.get_secret_value(SecretId=name)["SecretString"] == "v"
    aws.server.root.delete(path).ok(204)
    aws.server.root.post(path, {"token_policies": ["everything"]}).ok(204)
    with refused("UnrecognizedClientException"):
        client.get_secret_value(SecretId=name)
    assert session(made).get_secret_value(SecretId=name)["SecretString"] == "v"


def test_sessions_end_with_the_roles_that_opened_them(aws, role, session, name):
    first, second = role(token_policies=["everything"]), role(token_policies=["everything"])
    got = session(first, service="sts").assume_role(RoleArn=ROLE + second, RoleSessionName="two")["Credentials"]
    client = Keys(aws.server, got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"]).client()
    # It asks for an hour, of which its opener has less: a session never outlives that.
    assert got["Expiration"] <= datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    assert client.get_secret_value(SecretId=name)["SecretString"] == "v"
    aws.server.root.delete(f"auth/aws-keys/roles/{first}").ok(204)
    with refused("UnrecognizedClientException"):
        client.get_secret_value(SecretId=name)


@pytest.mark.parametrize("condition", [{"DateLessThan": {"aws:TokenIssueTime": "9999-12-31T23:59:59Z"}}, {"Bool": {"aws:ViaAWSService": "false"}},
                                       {"Bool": {"aws:PrincipalIsAWSService": "false"}}, {"Bool": {"aws:MultiFactorAuthPresent": "false"}}])
def test_denials_that_ask_for_what_aws_always_knows(role, session, name, condition):
    with refused("AccessDeniedException", "explicit deny"):
        session(role(document(allow("*"), deny("*", Condition=condition)))).get_secret_value(SecretId=name)


def test_sessions_from_before_a_moment_are_denied(aws, role, session, name):
    """What AWS's console writes to revoke the sessions that are open."""
    made = role(document(allow("*")))
    client = session(made)
    moment = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = document(allow("*"), deny("*", Condition={"DateLessThan": {"aws:TokenIssueTime": moment}}))
    aws.server.root.post(f"auth/aws-keys/roles/{made}", {"policy_document": text}).ok(204)
    with refused("AccessDeniedException", "explicit deny"):
        client.get_secret_value(SecretId=name)
    wait_until(lambda: datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") > moment)
    assert session(made).get_secret_value(SecretId=name)["SecretString"] == "v"


def test_the_length_of_a_session_can_be_denied(aws, role):
    made = role(token_policies=["everything"])
    sts = aws.user(unique("u"), policy_document=document(allow("sts:AssumeRole"), deny("sts:AssumeRole", Condition={"NumericGreaterThan": {"sts:DurationSeconds": "1800"}}))).client("sts")
    assert sts.assume_role(RoleArn=ROLE + made, RoleSessionName="one", DurationSeconds=1800)
    with refused("AccessDenied", status=403):
        sts.assume_role(RoleArn=ROLE + made, RoleSessionName="one", DurationSeconds=1801)


@pytest.mark.parametrize("value", ["*", "?", "\x01", "\x02", "\x03"])
def test_a_value_of_the_request_is_no_pattern(holder, value):
    where = SECRETS + "${aws:RequestTag/project}/*"
    client = holder(document(allow(["secretsmanager:CreateSecret", "secretsmanager:TagResource"], where),
                             allow("secretsmanager:CreateSecret", Condition={"StringEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team}"}})))
    assert client.create_secret(Name=unique("mine/x"), SecretString="v", Tags=[{"Key": "project", "Value": "mine"}])
    for key in ("project", "team"):
        with refused("AccessDeniedException"):
            client.create_secret(Name=unique("a/x"), SecretString="v", Tags=[{"Key": key, "Value": value}])


def test_control_characters_open_no_policy_to_all(sm, name):
    with refused("MalformedPolicyDocumentException"):
        sm.put_resource_policy(SecretId=name, BlockPublicPolicy=True, ResourcePolicy=granting("*", Condition={"StringLike": {"aws:PrincipalAccount": "\x01"}}))
    with refused("MalformedPolicyDocumentException"):
        sm.put_resource_policy(SecretId=name, ResourcePolicy=document({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:username": []}}}))


def test_tags_that_differ_in_case_do_not_hide_each_other(holder):
    client = holder(document(allow("*"), deny("secretsmanager:CreateSecret", Condition={"StringEquals": {"aws:RequestTag/env": "prod"}})))
    for tags in (["env", "ENV"], ["ENV", "env"]):
        with refused("AccessDeniedException", "explicit deny"):
            client.create_secret(Name=unique("iam/t"), SecretString="v", Tags=[{"Key": key, "Value": "prod" if key == "env" else "x"} for key in tags])
    assert client.create_secret(Name=unique("iam/t"), SecretString="v", Tags=[{"Key": "env", "Value": "test"}])


def test_a_token_with_counted_uses_opens_no_session(aws, role):
    made = role(token_policies=["everything"])
    token = aws.server.root.new_token(["everything"], num_uses=9)
    got = aws.server.root.copy(token).post("auth/aws-keys/credentials", {}).ok(200).data
    with refused("ValidationError", "limited number of uses"):
        Keys(aws.server, got["access_key_id"], got["secret_access_key"], got["session_token"]).client("sts").assume_role(RoleArn=ROLE + made, RoleSessionName="one")


def test_sessions_are_bound_to_their_openers_addresses(aws, role):
    root = aws.server.root
    opened = {}
    for made, own in ((role(token_policies=["everything"]), None), (role(token_policies=["everything"], token_bound_cidrs=["127.0.0.0/8"]), "127.0.0.0/8")):
        sts = aws.user(unique("u"), policies=["everything"], token_bound_cidrs=["127.0.0.1/32"]).client("sts")
        sts.assume_role(RoleArn=ROLE + made, RoleSessionName="one")
        accessors = root.list("auth/token/accessors").data["keys"]
        found = [root.post("auth/token/lookup-accessor", {"accessor": one}).data for one in accessors]
        opened[own] = [one["bound_cidrs"] for one in found if f"{made}-one" in one["display_name"]]
    assert [one[0].split("/")[0] for one in opened[None]] == ["127.0.0.1"] and opened["127.0.0.0/8"] == [["127.0.0.0/8"]]


def test_no_name_makes_a_principal_of_others(aws, sm, name):
    """Users of one login method are nobody else, whatever they are called."""
    root = aws.server.root
    for mount in ("who", "who-prod"):
        root.post(f"sys/auth/{mount}", {"type": "userpass"}).ok(204)

    def client(mount, user):
        root.post(f"auth/{mount}/users/{user}", {"password": "pw"}).ok(204)
        got = root.copy(root.post(f"auth/{mount}/login/{user}", {"password": "pw"}).ok(200).json["auth"]["client_token"]).post("auth/aws-keys/credentials", {})
        if got.status == 403:  # the default policy does not have it
            root.put("sys/policies/acl/iam-who", {"policy": 'path "auth/aws-keys/credentials" { capabilities = ["update"] }'}).ok()
            root.post(f"auth/{mount}/users/{user}", {"token_policies": "iam-who"}).ok(204)
            got = root.copy(root.post(f"auth/{mount}/login/{user}", {"password": "pw"}).ok(200).json["auth"]["client_token"]).post("auth/aws-keys/credentials", {})
        data = got.ok(200).data
        return Keys(aws.server, data["access_key_id"], data["secret_access_key"], data["session_token"])

    bob = client("who", "bob:root")
    who = bob.client("sts").get_caller_identity()
    assert who["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/who/bob=3Aroot" and who["UserId"] != ACCOUNT
    sm.put_resource_policy(SecretId=name, ResourcePolicy=granting({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    with refused("AccessDeniedException"):
        bob.client().get_secret_value(SecretId=name)
    ann, other = client("who-prod", "ann"), client("who", "prod-ann")
    sm.put_resource_policy(SecretId=name, ResourcePolicy=granting({"AWS": ann.client("sts").get_caller_identity()["Arn"]}))
    assert ann.client().get_secret_value(SecretId=name)["SecretString"] == "v"
    with refused("AccessDeniedException"):
        other.client().get_secret_value(SecretId=name)


def test_an_empty_session_policy_is_none(aws, role):
    made = role(token_policies=["everything"])
    with refused("ValidationError", "greater than or equal to 1"):
        aws.root.client("sts", validate=False).assume_role(RoleArn=ROLE + made, RoleSessionName="one", Policy="")
