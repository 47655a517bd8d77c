"""The AWS Secrets Manager Agent as it is against the server, with its check of the credentials on. Run by `scripts/test agent`, which builds it."""
import base64
import http.client
import json
import os
import subprocess
import time
import urllib.parse

import pytest

from aws import ACCOUNT, REGION, Aws, Keys
from harness import SLOW, free_port, unique, wait_until

SSRF = "a-token-of-this-machine"


class Agent:
    """One agent. It is told where the server is, whom to trust and by which keys; the rest is as it comes, but for `settings`, lines of its configuration."""

    def __init__(self, server, keys, folder, settings=""):
        self.port, self.log_path = free_port(), folder / f"{unique('agent')}.log"
        config = self.log_path.with_suffix(".toml")
        config.write_text(f"http_port = {self.port}\nlog_to_file = false\n{settings}\n")
        surroundings = {"PATH": os.environ["PATH"], "HOME": str(folder), "AWS_ENDPOINT_URL": server.address, "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": keys.id,
                        "AWS_SECRET_ACCESS_KEY": keys.secret, "SSL_CERT_FILE": server.cafile, "AWS_TOKEN": SSRF, "AWS_EC2_METADATA_DISABLED": "true"}
        if keys.session:
            surroundings["AWS_SESSION_TOKEN"] = keys.session
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([os.environ["COFFER_AWS_AGENT"], "--config", str(config)], env=surroundings, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
        wait_until(lambda: self.process.poll() is not None or "listening on http://" in self.log(), 60, what="the agent's first word")

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def ask(self, target, headers=..., method="GET"):
        """Status and text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60 * SLOW)
        connection.request(method, target, headers={"X-Aws-Parameters-Secrets-Token": SSRF} if headers is ... else headers)
        reply = connection.getresponse()
        text = reply.read().decode()
        connection.close()
        return reply.status, text

    def get(self, secret, **query):
        """The answer as an object."""
        status, text = self.ask("/secretsmanager/get?" + urllib.parse.urlencode({"secretId": secret, **query}))
        assert status == 200, (status, text, self.log())
        return json.loads(text)

    def value(self, secret, **query):
        return self.get(secret, **query)["SecretString"]

    def refused(self, status, code, message, secret, **query):
        got, text = self.ask("/secretsmanager/get?" + urllib.parse.urlencode({"secretId": secret, **query}))
        assert got == status and json.loads(text)["__type"] == code and message in json.loads(text)["message"], (got, text)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20 * SLOW)


@pytest.fixture
def start(aws, tmp_path):
    """start(keys, ...): an agent of the test's own."""
    made = []

    def begin(keys=None, settings="", server=None):
        made.append(Agent(server or aws.server, keys or aws.root, tmp_path, settings))
        return made[-1]

    yield begin
    for one in made:
        one.stop()


@pytest.fixture(scope="module")
def agent(aws, tmp_path_factory):
    """An agent for tests that only read through it."""
    made = Agent(aws.server, aws.root, tmp_path_factory.mktemp("agent"))
    yield made
    made.stop()


@pytest.fixture
def secret(aws):
    """What the server said of a fresh secret."""
    return aws.root.client().create_secret(Name=f"agent/{unique('s')}", SecretString="one")


def asked(aws, secret):
    """The actions that the server was asked for this secret, in their order."""
    records = [r for r in aws.server.audit_records() if r["type"] == "request" and r["request"]["path"].endswith(secret["Name"])]
    return [r["request"].get("action", "").removeprefix("secretsmanager:") for r in records]


def test_a_secret_in_all_its_forms(aws, agent, secret):
    name, arn, sm = secret["Name"], secret["ARN"], aws.root.client()
    got = agent.get(name)
    assert (got["ARN"], got["Name"], got["VersionId"], got["SecretString"], got["VersionStages"]) == (arn, name, secret["VersionId"], "one", ["AWSCURRENT"])
    assert "SecretBinary" not in got and abs(float(got["CreatedDate"]) - time.time()) < 600
    second = sm.put_secret_value(SecretId=name, SecretString="two\n\"é\0")["VersionId"]
    third = sm.put_secret_value(SecretId=name, SecretString="three", VersionStages=["AWSPENDING"])["VersionId"]
    assert agent.value(arn) == "two\n\"é\0"
    assert agent.value(arn.rsplit("-", 1)[0]) == "two\n\"é\0"
    assert agent.value(name, versionStage="AWSPREVIOUS") == "one" and agent.value(name, versionStage="AWSPENDING") == "three"
    assert agent.value(name, versionId=secret["VersionId"]) == "one" and agent.value(name, versionId=third, versionStage="AWSPENDING") == "three"
    assert agent.get(name, versionId=second)["VersionStages"] == ["AWSCURRENT"]
    # By path.
    for target in (f"/v1/{name}?refreshNow=true", f"/v1/{arn}", f"/v1/{name}?versionId={second}&versionStage=AWSCURRENT"):
        status, text = agent.ask(target)
        assert status == 200 and json.loads(text)["VersionId"] == second, text
    # The pending one is made the current one.
    sm.update_secret_version_stage(SecretId=name, VersionStage="AWSCURRENT", MoveToVersionId=third, RemoveFromVersionId=second)
    assert agent.value(name, versionStage="AWSCURRENT", refreshNow="true") == "three"
    assert agent.get(name, versionId=second, refreshNow="true")["VersionStages"] == ["AWSPREVIOUS"]


def test_binary_and_large_secrets(aws, agent):
    name, raw, large = f"agent/{unique('s')}", bytes(range(256)), f"agent/{unique('s')}"
    aws.root.client().create_secret(Name=name, SecretBinary=raw)
    got = agent.get(name)
    assert base64.b64decode(got["SecretBinary"]) == raw and "SecretString" not in got
    aws.root.client().create_secret(Name=large, SecretString="x" * 65536)
    assert agent.value(large) == "x" * 65536


def test_who_may_ask_the_agent(agent, secret):
    target = f"/v1/{secret['Name']}"
    for header in ("X-Aws-Parameters-Secrets-Token", "X-Vault-Token"):
        assert agent.ask(target, {header: SSRF})[0] == 200
        assert agent.ask(target, {header: "wrong"}) == (403, "Bad Token")
    assert agent.ask(target, {}) == (403, "Bad Token")
    assert agent.ask(target, {"X-Vault-Token": SSRF, "X-Forwarded-For": "1.2.3.4"})[0] == 400
    assert agent.ask(target, method="POST")[0] == 405
    assert agent.ask("/ping", {}) == (200, "healthy")


def test_the_cache(aws, agent, secret):
    name, sm = secret["Name"], aws.root.client()
    assert agent.value(name) == "one"
    sm.put_secret_value(SecretId=name, SecretString="two")
    assert agent.value(name) == "one"
    assert agent.value(name, refreshNow="true") == "two" and agent.value(name) == "two"
    sm.update_secret(SecretId=name, SecretString="three")
    assert agent.value(name) == "two"
    # What is not cached is asked for once, and nothing else is.
    assert asked(aws, secret) == ["CreateSecret", "GetSecretValue", "PutSecretValue", "GetSecretValue", "UpdateSecret"]


# What docs/how-to/aws.md says an agent needs.
READS = 'path "secret/data/agent/*" { capabilities = ["read"] } path "secret/metadata/agent/*" { capabilities = ["read"] }'


def test_the_cache_ages(aws, start, secret):
    name, sm, agent = secret["Name"], aws.root.client(), start(aws.with_policy(READS, name=unique("agent")), "ttl_seconds = 1")
    assert agent.value(name) == "one"
    time.sleep(1.1)
    # It asks whether the version is still the current one before it asks for a value.
    assert agent.value(name) == "one"
    assert asked(aws, secret) == ["CreateSecret", "GetSecretValue", "DescribeSecret"]
    sm.put_secret_value(SecretId=name, SecretString="two")
    wait_until(lambda: agent.value(name) == "two", 20, what="the new value")
    sm.put_secret_value(SecretId=name, SecretString="three")
    time.sleep(1.1)
    assert agent.value(name, versionStage="AWSPREVIOUS") == "two" and agent.value(name) == "three"
    no_cache = start(settings="ttl_seconds = 0")
    assert no_cache.value(name) == "three"
    sm.put_secret_value(SecretId=name, SecretString="four")
    assert no_cache.value(name) == "four"


def test_refusals_come_through(aws, agent, start, secret):
    name, sm = secret["Name"], aws.root.client()
    missing = "Secrets Manager can't find the specified secret"
    agent.refused(400, "ResourceNotFoundException", missing, unique("none"))
    agent.refused(400, "ResourceNotFoundException", missing, name, versionStage="AWSPENDING")
    agent.refused(400, "ResourceNotFoundException", missing, name, versionId=unique() + "x" * 20)
    sm.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    agent.refused(400, "InvalidRequestException", "marked for deletion", name)
    sm.restore_secret(SecretId=name)
    assert agent.value(name) == "one"
    mine = aws.root.client().create_secret(Name=f"agent/mine/{unique('s')}", SecretString="one")
    keys = aws.with_policy('path "secret/data/agent/mine/*" { capabilities = ["read"] }', name=unique("agent"))
    limited = start(keys, "ttl_seconds = 0")
    assert limited.value(mine["Name"]) == "one"
    limited.refused(400, "AccessDeniedException", "is not authorized to perform: secretsmanager:GetSecretValue", name)
    # A key that is gone while the agent runs.
    aws.server.root.delete(f"auth/aws-keys/keys/{keys.id}").ok(204)
    limited.refused(400, "UnrecognizedClientException", "The security token included in the request is invalid", mine["Name"], refreshNow="true")


@pytest.mark.parametrize("wrong, code", [("secret", "SignatureDoesNotMatch"), ("id", "InvalidClientTokenId")])
def test_it_does_not_start_with_wrong_keys(aws, start, wrong, code):
    keys = aws.user(unique("user"), policies=["everything"])
    agent = start(Keys(aws.server, keys.id, "wrong") if wrong == "secret" else Keys(aws.server, "AKIAAAAAAAAAAAAAAAAA", keys.secret))
    assert agent.process.wait(20 * SLOW) == 1 and code in agent.log() and "listening" not in agent.log()


def test_it_needs_no_policy_to_start(aws, start, secret):
    agent = start(aws.user(unique("nobody"), token_no_default_policy=True))
    agent.refused(400, "AccessDeniedException", "is not authorized", secret["Name"])


def test_roles(aws, start, secret):
    name, role = secret["Name"], unique("role")
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    aws.server.root.post(f"auth/aws-keys/roles/{role}", {"token_policies": ["everything"], "max_session_duration": "2h"}).ok(204)
    # One who may take on that role, and nothing else.
    agent = start(aws.with_policy(f'path "auth/aws-keys/assume/{role}" {{ capabilities = ["update"] }}', name=unique("assume")))
    agent.refused(400, "AccessDeniedException", "is not authorized", name)
    assert agent.value(name, roleArn=arn) == "one" and agent.value(secret["ARN"], roleArn=arn) == "one"
    agent.refused(403, "AccessDeniedException", "Failed to create caching client from role", name, roleArn=f"{arn}-other")
    # And one whose own credentials are a session's.
    session = aws.root.client("sts").assume_role(RoleArn=arn, RoleSessionName="agent")["Credentials"]
    assert start(Keys(aws.server, session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])).value(name) == "one"


def test_secrets_are_fetched_before_they_are_asked_for(aws, start):
    sm, tag = aws.root.client(), unique("tag")
    named = [sm.create_secret(Name=f"agent/{unique('s')}", SecretString="one") for _ in range(3)]
    tagged = [sm.create_secret(Name=f"agent/{unique('s')}", SecretString="one", Tags=[{"Key": tag, "Value": "x"}]) for _ in range(25)]
    entries = ", ".join(f'{{ secret_id = "{s["Name"]}" }}' for s in [*named, {"Name": "agent/none"}])
    keys = aws.with_policy(READS + ' path "secret/metadata/" { capabilities = ["list"] }', name=unique("agent"))
    agent = start(keys, f'[prefetch]\nsecrets = [{entries}]\nfilter_tags = [{{ key = "{tag}" }}]')
    wait_until(lambda: "Pre-fetch complete" in agent.log(), 30, what="the end of the pre-fetch")
    assert "Pre-fetch complete: success=28, failed=1" in agent.log(), agent.log()
    for one in (named[0], named[2], tagged[0], tagged[24]):
        sm.put_secret_value(SecretId=one["Name"], SecretString="two")
        assert agent.value(one["Name"]) == "one" and "GetSecretValue" not in asked(aws, one)
        assert agent.value(one["Name"], refreshNow="1") == "two"


def test_it_outlives_a_sealed_server(make_server, start):
    own = Aws(make_server())
    own.root.client().create_secret(Name="kept", SecretString="one")
    agent = start(own.root, "ttl_seconds = 1", own.server)
    assert agent.value("kept") == "one"
    own.server.root.put("sys/seal").ok(204)
    time.sleep(1.1)
    # The server's answer is one of those that the agent takes for passing: it goes on with what it has.
    assert agent.value("kept") == "one"
    assert agent.ask("/v1/other")[0] >= 500
    own.server.unseal()
    own.root.client().put_secret_value(SecretId="kept", SecretString="two")
    wait_until(lambda: agent.value("kept") == "two", 20, what="the new value")
