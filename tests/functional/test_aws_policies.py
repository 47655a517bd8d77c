"""Resource policies: kept as they came, checked, and what they deny."""
import json

import pytest

from aws import refused
from harness import unique


@pytest.fixture(scope="module")
def sm(aws):
    return aws.root.client()


@pytest.fixture
def name(sm):
    made = unique("aws/p")
    sm.create_secret(Name=made, SecretString="v")
    return made


def policy(effect="Deny", principal="*", action="secretsmanager:GetSecretValue", **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Principal": principal, "Action": action, "Resource": "*", **more}]}, indent=1)


def test_a_policy_is_kept_as_it_came(sm, name):
    assert "ResourcePolicy" not in sm.get_resource_policy(SecretId=name)
    text = policy("Allow", {"AWS": "123456789012"})
    assert sm.put_resource_policy(SecretId=name, ResourcePolicy=text)["Name"] == name
    assert sm.get_resource_policy(SecretId=name)["ResourcePolicy"] == text
    sm.delete_resource_policy(SecretId=name)
    assert "ResourcePolicy" not in sm.get_resource_policy(SecretId=name)


@pytest.mark.parametrize("text", ["x", "{}", '{"Statement":[]}', '{"Statement":{"Effect":"Allow","Action":"get","Resource":"*","Principal":"*"}}'])
def test_what_is_no_policy(sm, name, text):
    with refused("MalformedPolicyDocumentException"):
        sm.put_resource_policy(SecretId=name, ResourcePolicy=text)
    with refused("MalformedPolicyDocumentException"):
        sm.validate_resource_policy(SecretId=name, ResourcePolicy=text)


@pytest.mark.parametrize("condition", [{"IpAddress": {"aws:SourceIp": "10.0.0.0/33"}}, {"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "x"]}},
                                       {"NumericLessThan": {"secretsmanager:RecoveryWindowInDays": "x"}}, {"DateLessThan": {"aws:CurrentTime": "soon"}},
                                       {"Bool": {"aws:SecureTransport": "yes"}}, {"Null": {"aws:SourceIp": "maybe"}}])
def test_values_that_nothing_meets_are_refused(aws, sm, name, condition):
    with refused("MalformedPolicyDocumentException"):
        sm.put_resource_policy(SecretId=name, ResourcePolicy=policy(Condition=condition))
    text = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}})
    assert "policy_document" in aws.server.root.post("auth/aws-keys/keys", {"user": "u", "policy_document": text}).refused(400).errors[0]


def test_an_explicit_deny_binds(aws, sm, name):
    user = aws.user(unique("u"), policies=["everything"])
    arn = user.client("sts").get_caller_identity()["Arn"]
    assert user.client().get_secret_value(SecretId=name)["SecretString"] == "v"
    sm.put_resource_policy(SecretId=name, ResourcePolicy=policy(principal={"AWS": arn}))
    with refused("AccessDeniedException", "with an explicit deny in a resource-based policy"):
        user.client().get_secret_value(SecretId=name)
    got = user.client().batch_get_secret_value(SecretIdList=[name])
    assert got["SecretValues"] == [] and got["Errors"][0]["ErrorCode"] == "AccessDeniedException"
    assert user.client().describe_secret(SecretId=name)["Name"] == name
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "v"


def test_conditions_look_at_the_request(sm, name):
    sm.tag_resource(SecretId=name, Tags=[{"Key": "Env", "Value": "prod"}])
    sm.put_resource_policy(SecretId=name, ResourcePolicy=policy(Condition={"StringEquals": {"secretsmanager:ResourceTag/Env": "dev"}}))
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "v"
    sm.put_resource_policy(SecretId=name, ResourcePolicy=policy(Condition={"StringEquals": {"secretsmanager:ResourceTag/Env": "prod"}}))
    with refused("AccessDeniedException"):
        sm.get_secret_value(SecretId=name)
    sm.put_resource_policy(SecretId=name, ResourcePolicy=policy(Condition={"StringEquals": {"secretsmanager:VersionStage": "AWSPREVIOUS"}}))
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "v"
    with refused("AccessDeniedException"):
        sm.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")
    sm.put_resource_policy(SecretId=name, ResourcePolicy=policy(Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}))
    with refused("AccessDeniedException"):
        sm.get_secret_value(SecretId=name)


def test_a_policy_for_everybody(sm, name):
    everybody = policy("Allow")
    with refused("PublicPolicyException"):
        sm.put_resource_policy(SecretId=name, ResourcePolicy=everybody, BlockPublicPolicy=True)
    checked = sm.validate_resource_policy(SecretId=name, ResourcePolicy=everybody)
    assert not checked["PolicyValidationPassed"] and len(checked["ValidationErrors"]) == 1
    narrowed = policy("Allow", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    sm.put_resource_policy(SecretId=name, ResourcePolicy=narrowed, BlockPublicPolicy=True)
    assert sm.validate_resource_policy(ResourcePolicy=narrowed) | {"ResponseMetadata": 0} == {"PolicyValidationPassed": True, "ValidationErrors": [], "ResponseMetadata": 0}


def test_a_policy_that_locks_its_maker_out_is_told(sm, name):
    assert not sm.validate_resource_policy(SecretId=name, ResourcePolicy=policy(action="secretsmanager:*"))["PolicyValidationPassed"]


def test_vaults_api_mends_a_lock_out(aws, sm, name):
    sm.put_resource_policy(SecretId=name, ResourcePolicy=policy(action="*"))
    with refused("AccessDeniedException"):
        sm.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    aws.server.root.delete(f"secret/metadata/{name}").ok(204)
    with refused("ResourceNotFoundException"):
        sm.describe_secret(SecretId=name)
