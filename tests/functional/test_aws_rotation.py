"""Rotation in AWS's own contract: a function behind Lambda's Invoke call, boto3 on both sides."""
import datetime
import json
import threading
import time
import uuid

import pytest

from aws import REGION, Aws, refused
from harness import SLOW, make_certificate, unique, wait_until
from rotators import STEPS, Functions, PasswordRotator

ARN = f"arn:aws:lambda:{REGION}:123456789012:function:"
FUNCTION = ARN + "rotate-db"
BUILT_IN = ARN + "builtin-generic-password"
UTC = datetime.timezone.utc


class Place:
    """A server whose secrets rotate by functions of the test."""

    def __init__(self, make_server, storage="inmem", settings=None, cert=None, start=True):
        self.functions = Functions(lambda name, event: self.rotator(name, event), cert=cert)
        rotation = {"endpoint": self.functions.url, "retry_interval": "1s", "max_retry_interval": "1s", "attempts": 3, "timeout": "5s", **(settings or {})}
        self.server = make_server(storage=storage, extra={"aws": {"rotation": rotation}})
        self.server.enable_audit()
        self.aws = Aws(self.server)
        self.sm = self.aws.root.client()
        policy = 'path "secret/data/*" { capabilities = ["read", "update"] }\npath "secret/metadata/*" { capabilities = ["read"] }\npath "sys/tools/random" { capabilities = ["update"] }'
        self.keys = self.aws.with_policy(policy, "rotator")
        self.rotator = PasswordRotator(lambda: self.keys.client())

    def secret(self, value=None):
        name = unique("rot/db")
        self.sm.create_secret(Name=name, SecretString=json.dumps(value or {"username": "app", "password": "old", "port": 5432}))
        self.rotator.service["app"] = "old"
        return name

    def rotate(self, name, **more):
        more.setdefault("ClientRequestToken", str(uuid.uuid4()))
        return self.sm.rotate_secret(SecretId=name, **more)["VersionId"]

    def value(self, name, **how):
        return json.loads(self.sm.get_secret_value(SecretId=name, **how)["SecretString"])

    def stages(self, name):
        return {k: set(v) for k, v in self.sm.describe_secret(SecretId=name).get("VersionIdsToStages", {}).items()}

    def status(self, name):
        return self.server.root.get(f"secret/rotation/{name}").ok(200).data

    def until(self, name, state, seconds=30):
        return wait_until(lambda: (s := self.status(name))["state"] == state and s, seconds, what=f"state {state} of {name}")

    def outcomes(self, name):
        return [a["outcome"] for a in self.status(name)["attempts"]]

    def rotated(self, name, token, seconds=30):
        wait_until(lambda: any(a["version_id"] == token and a["outcome"] == "succeeded" for a in self.status(name)["attempts"]), seconds,
                   what=f"rotation of {name}: {self.status(name)}")


@pytest.fixture
def place(make_server):
    made = []

    def make(**options):
        made.append(Place(make_server, **options))
        return made[-1]

    yield make
    for one in made:
        one.functions.close()


@pytest.fixture
def own(place):
    return place()


# -- the four steps -------------------------------------------------------------------------------------------------------
def test_the_four_steps(own):
    name = own.secret()
    seen = {}

    def before_create(event):
        seen["described"] = own.sm.describe_secret(SecretId=event["SecretId"])
        with refused("ResourceNotFoundException"):
            own.sm.get_secret_value(SecretId=name, VersionId=event["ClientRequestToken"], VersionStage="AWSPENDING")

    own.functions.hooks["createSecret"] = before_create
    first = own.sm.describe_secret(SecretId=name)
    assert "RotationEnabled" not in first
    old = next(iter(first["VersionIdsToStages"]))
    token = own.rotate(name, RotationLambdaARN=FUNCTION, RotationRules={"AutomaticallyAfterDays": 30})
    own.rotated(name, token)
    assert own.functions.steps() == STEPS
    event = own.functions.calls[0]["event"]
    assert event["SecretId"] == first["ARN"] and event["ClientRequestToken"] == token and len(event["RotationToken"]) == 36
    assert len({c["event"]["RotationToken"] for c in own.functions.calls}) == 1
    assert {k.lower(): v for k, v in own.functions.calls[0]["headers"].items()}["x-amz-invocation-type"] == "RequestResponse"
    assert own.functions.calls[0]["name"] == "rotate-db"
    assert seen["described"]["RotationEnabled"] and seen["described"]["VersionIdsToStages"][token] == ["AWSPENDING"]
    after = own.sm.describe_secret(SecretId=name)
    assert own.stages(name) == {old: {"AWSPREVIOUS"}, token: {"AWSCURRENT", "AWSPENDING"}}
    assert own.value(name)["password"] == own.rotator.service["app"] != "old" and own.value(name)["port"] == 5432
    assert after["RotationLambdaARN"] == FUNCTION and after["RotationRules"] == {"AutomaticallyAfterDays": 30}
    now = datetime.datetime.now(UTC)
    assert abs((after["LastRotatedDate"] - now).total_seconds()) < 60 * SLOW
    next_day = (now + datetime.timedelta(days=30)).date()
    assert after["NextRotationDate"].astimezone(UTC) == datetime.datetime.combine(next_day, datetime.time(23, 59, 59), UTC)
    listed = next(s for s in own.sm.list_secrets()["SecretList"] if s["Name"] == name)
    assert listed["NextRotationDate"] == after["NextRotationDate"] and listed["RotationEnabled"] and listed["LastRotatedDate"] == after["LastRotatedDate"]
    # Once more: AWSPENDING is on the current version, which is no rotation that is not complete.
    again = own.rotate(name)
    own.rotated(name, again)
    assert own.stages(name) == {token: {"AWSPREVIOUS"}, again: {"AWSCURRENT", "AWSPENDING"}}
    # Vault's API reads the same.
    assert own.server.root.get(f"secret/data/{name}").ok(200).data["data"]["password"] == own.rotator.service["app"]


def test_the_same_token_again_is_the_same_rotation(own):
    name, token = own.secret(), str(uuid.uuid4())
    assert own.rotate(name, RotationLambdaARN=FUNCTION, ClientRequestToken=token) == token
    assert own.rotate(name, RotationLambdaARN=FUNCTION, ClientRequestToken=token) == token
    own.rotated(name, token)
    assert own.rotate(name, ClientRequestToken=token) == token
    time.sleep(0.6)
    assert own.functions.steps() == STEPS
    created = str(uuid.uuid4())
    own.sm.put_secret_value(SecretId=name, SecretString="{}", ClientRequestToken=created)
    with refused("InvalidRequestException", "already in use for a version"):
        own.rotate(name, ClientRequestToken=created)


def test_a_secret_without_a_value_gets_its_first_by_rotation(own):
    name = unique("rot/empty")
    own.sm.create_secret(Name=name)
    own.rotator.createSecret = lambda sm, arn, token, event: sm.put_secret_value(SecretId=arn, ClientRequestToken=token, SecretString='{"username":"app","password":"first"}', VersionStages=["AWSPENDING"])
    token = own.rotate(name, RotationLambdaARN=FUNCTION)
    own.rotated(name, token)
    assert own.value(name)["password"] == "first" and "AWSCURRENT" in own.stages(name)[token]


def test_only_a_test(own):
    name = own.secret()
    before = own.stages(name)
    seen = {}

    def look(event):
        seen["value"] = own.value(name, VersionStage="AWSPENDING")
        seen["stages"] = own.stages(name)

    own.functions.hooks["testSecret"] = look
    token = own.rotate(name, RotationLambdaARN=FUNCTION, RotateImmediately=False, RotationRules={"ScheduleExpression": "rate(10 days)", "Duration": "3h"})
    own.rotated(name, token)
    assert own.functions.steps() == ["testSecret"]
    assert seen["value"] == {"username": "app", "password": "old", "port": 5432} and seen["stages"][token] == {"AWSPENDING"}
    assert own.stages(name) == before and own.value(name)["password"] == "old"
    assert len(own.sm.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]) == 1
    after = own.sm.describe_secret(SecretId=name)
    assert after["RotationRules"] == {"AutomaticallyAfterDays": 10, "ScheduleExpression": "rate(10 days)", "Duration": "3h"}
    assert after["NextRotationDate"].astimezone(UTC).strftime("%H:%M:%S") == "02:59:59" and "LastRotatedDate" not in after
    # The number of the version is free again.
    own.sm.put_secret_value(SecretId=name, SecretString="{}")
    assert own.server.root.get(f"secret/data/{name}").ok(200).data["metadata"]["version"] == 2


def test_a_test_beside_other_writes(own):
    name = own.secret()
    go = threading.Event()
    own.functions.hooks["testSecret"] = lambda event: (go.wait(4), None)[1]
    token = own.rotate(name, RotationLambdaARN=FUNCTION, RotateImmediately=False)
    wait_until(own.functions.steps, what="the test")
    own.sm.put_secret_value(SecretId=name, SecretString='{"username":"app","password":"old","n":2}')
    go.set()
    own.rotated(name, token)
    assert token not in own.stages(name) and own.value(name)["n"] == 2


# -- failures -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_once_is_tried_again_from_the_start(own, step):
    name, failed = own.secret(), []

    def once(event):
        if not failed:
            failed.append(event)
            raise RuntimeError(f"no {step} today")

    own.functions.hooks[step] = once
    token = own.rotate(name, RotationLambdaARN=FUNCTION)
    own.rotated(name, token)
    assert own.functions.steps() == STEPS[: STEPS.index(step) + 1] + STEPS
    assert len({c["event"]["ClientRequestToken"] for c in own.functions.calls}) == 1
    attempts = own.status(name)["attempts"]
    assert [a["outcome"] for a in attempts] == ["succeeded", "failed"]
    assert attempts[1]["error"] == f"the function failed: RuntimeError: no {step} today" and attempts[1]["step"] == step.removesuffix("Secret")
    assert own.value(name)["password"] == own.rotator.service["app"]


def test_a_rotation_is_given_up_and_told_why(own):
    name = own.secret()

    def never(event):
        raise ValueError("the service is down")

    own.functions.hooks["setSecret"] = never
    token = own.rotate(name, RotationLambdaARN=FUNCTION, RotationRules={"AutomaticallyAfterDays": 7})
    retrying = own.until(name, "retrying")
    assert retrying["error"] == "the function failed: ValueError: the service is down" and retrying["run"]["version_id"] == token
    assert retrying["next_attempt"] and retrying["run"]["failures"] in (1, 2)
    resting = own.until(name, "resting")
    assert [a["outcome"] for a in resting["attempts"]] == ["abandoned", "failed", "failed"] and resting["next_rotation"]
    assert own.stages(name)[token] == {"AWSPENDING"} and own.value(name)["password"] == "old"
    metrics = own.server.root.get("sys/metrics?format=prometheus").ok(200).text
    assert "coffer_rotation_abandoned 1\n" in metrics and "coffer_rotation_failed 2\n" in metrics
    # Another rotation has to wait for it; asking for one tries it again.
    del own.functions.hooks["setSecret"]
    with refused("InvalidRequestException", "A previous rotation isn't complete. That rotation will be reattempted."):
        own.rotate(name)
    own.rotated(name, token)
    assert own.value(name)["password"] == own.rotator.service["app"] != "old"


def test_asking_again_makes_the_next_attempt_at_once(place):
    own = place(settings={"retry_interval": "1h", "max_retry_interval": "1h"})
    name, broken = own.secret(), [True]

    def fail(event):
        if broken:
            raise RuntimeError("broken")

    own.functions.hooks["testSecret"] = fail
    token = own.rotate(name, RotationLambdaARN=FUNCTION)
    own.until(name, "retrying")
    broken.clear()
    out = own.server.cli("aws", "rotation", "status", "-field=error", name)
    assert out.returncode == 0 and "RuntimeError: broken" in out.stdout
    assert name.split("/")[1] in own.server.cli("aws", "rotation", "list", "rot").stdout
    assert own.server.cli("aws", "rotation", "now", name).returncode == 0
    own.rotated(name, token)


def test_an_end_that_is_none(own):
    """A finishSecret that moves nothing is a failure, whatever it answers."""
    name = own.secret()
    own.functions.hooks["finishSecret"] = lambda event: (200, {}, b"null")
    own.rotate(name, RotationLambdaARN=FUNCTION)
    wait_until(lambda: "abandoned" in own.outcomes(name), what="the end")
    assert "AWSCURRENT is not on the new version" in own.status(name)["error"]


HOSTILE = {
    "a huge body": (lambda event: (200, {}, b'"' + b"x" * (8 << 20) + b'"'), "the answer is too large"),
    "a redirect": (lambda event: (302, {"Location": "http://169.254.169.254/latest/meta-data"}, b""), "redirects are not followed"),
    "garbage": (lambda event: (200, {}, b"<html>\xff\x00</html>"), "no JSON"),
    "an error of the service": (lambda event: (404, {}, b'{"Message":"Function not found"}'), "the endpoint answered 404: Function not found"),
    "an error in the body alone": (lambda event: (200, {}, b'{"errorMessage":"boom","errorType":"Runtime.Exit"}'), "the function failed: Runtime.Exit: boom"),
    "deep nesting": (lambda event: (200, {}, b"[" * 100000 + b"]" * 100000), "no JSON"),
    "many headers": (lambda event: (200, {f"X-H{i}": "y" * 1000 for i in range(200)}, b"null"), ""),
    "a long error": (lambda event: (200, {}, json.dumps({"errorMessage": "ee\n\u20ac" * 10000}).encode()), "the function failed: ee \u20acee \u20ac"),
    "half an answer": (lambda event: (200, {"Content-Length": "100", "Connection": "close"}, b"half"), "the call failed: "),
    "never": (lambda event: time.sleep(20), "no answer came in time"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_answers(place, what):
    own = place(settings={"attempts": 1, "timeout": "2s"})
    own.functions.hooks["createSecret"], text = HOSTILE[what]
    name = own.secret()
    own.rotate(name, RotationLambdaARN=FUNCTION)
    wait_until(lambda: own.outcomes(name) == ["abandoned"], what="the end")
    error = own.status(name)["error"]
    assert text in error and len(error) < 600 and "127.0.0.1" not in error and "169.254" not in error, error
    assert own.functions.steps() == ["createSecret"]


def test_a_function_that_never_answers_does_not_hold_up_others(place):
    """One function has at most half of the workers, eight unless configured; neither the seal nor the server's end waits for it."""
    own = place(settings={"timeout": "900s"})
    go = threading.Event()
    hanging = [own.secret() for _ in range(9)]
    arns = {own.sm.describe_secret(SecretId=n)["ARN"] for n in hanging}
    own.functions.hooks["createSecret"] = lambda event: (go.wait(60), None)[1] if event["SecretId"] in arns else None
    for one in hanging:
        own.rotate(one, RotationLambdaARN=ARN + "rotate-hang")
    wait_until(lambda: len(own.functions.steps()) == 4, what="four calls")
    name = own.secret()
    own.rotated(name, own.rotate(name, RotationLambdaARN=FUNCTION))
    assert len(own.functions.steps()) == 8
    began = time.monotonic()
    own.server.root.put("sys/seal").ok(204)
    assert time.monotonic() - began < 5 * SLOW
    own.server.unseal()
    wait_until(lambda: own.functions.steps().count("createSecret") == 9, what="the calls again")
    began = time.monotonic()
    own.server.terminate()
    assert time.monotonic() - began < 10 * SLOW
    go.set()


def test_a_function_that_is_configured_no_more(place):
    own = place(storage="rocksdb")
    name = own.secret()
    hold = threading.Event()
    own.functions.hooks["createSecret"] = lambda event: (hold.wait(3), None)[1]
    own.rotate(name, RotationLambdaARN=FUNCTION)
    wait_until(own.functions.steps, what="the call")
    own.server.kill9()
    del own.server.config["aws"]
    own.server.write_config()
    own.server.spawn().unseal()
    wait_until(lambda: own.outcomes(name) == ["failed"], what="the end")
    assert own.status(name)["error"] == "no endpoint is configured for this function any more"


def test_where_functions_are(place, tmp_path):
    cert = make_certificate(tmp_path, "fn", names="IP:127.0.0.1")
    other = Functions(lambda name, event: None, cert=cert)
    own = place(settings={"attempts": 1, "access_key_id": "AKIDEXAMPLE", "secret_access_key": "wJalrXUtnFEMI",
                          "function": [{"tls-*": {"endpoint": other.url + "/base", "ca_file": cert[0], "name": "function"}}, {"untrusted-*": {"endpoint": other.url}},
                                       {"metadata": {"endpoint": "http://169.254.169.254"}}]})
    name = own.secret()
    own.rotate(name, RotationLambdaARN=ARN + "tls-a:7", RotateImmediately=False)
    wait_until(lambda: own.outcomes(name) == ["succeeded"], what="the test")
    call = other.calls[0]
    assert call["path"] == "/base/2015-03-31/functions/function/invocations"
    assert f"/{REGION}/lambda/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-invocation-type, Signature=" in call["headers"]["authorization"]
    for function, why in (("untrusted-a", "the endpoint's certificate is not trusted"), ("metadata", "an address that requests may not go to")):
        name = own.secret()
        own.rotate(name, RotationLambdaARN=ARN + function)
        wait_until(lambda: own.outcomes(name) == ["abandoned"], what="the end")  # noqa: B023
        assert why in own.status(name)["error"]
    other.close()


def test_functions_that_are_nowhere(make_server):
    own = Aws(make_server())
    sm = own.root.client()
    sm.create_secret(Name="s", SecretString="v")
    for function in (FUNCTION, ARN + "builtin-unknown"):
        with refused("AccessDeniedException", "Secrets Manager cannot invoke the specified Lambda function."):
            sm.rotate_secret(SecretId="s", RotationLambdaARN=function)
    assert "RotationEnabled" not in sm.describe_secret(SecretId="s")
    own.server.root.get("secret/rotation/s").refused(404, [])


# -- crashes --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_9_at_every_step(place, step, when):
    """Killed while a step runs, before or after it acted: the run goes on at that step once the server is back."""
    own = place(storage="rocksdb")
    name, killed = own.secret(), []

    def kill(event):
        if killed:
            return None
        killed.append(event)
        if when == "after":
            own.rotator("rotate-db", event)
        time.sleep(0.3)  # the answer to RotateSecret has left
        own.server.kill9()
        return None if when == "before" else (200, {}, b"null")

    own.functions.hooks[step] = kill
    token = str(uuid.uuid4())
    own.rotate(name, RotationLambdaARN=FUNCTION, ClientRequestToken=token)
    wait_until(lambda: killed and not own.server.running(), what="the crash")
    calls = len(own.functions.calls)
    own.server.spawn().unseal()
    own.rotated(name, token)
    assert own.functions.steps()[calls:] == STEPS[STEPS.index(step):]
    assert own.stages(name)[token] == {"AWSCURRENT", "AWSPENDING"} and own.value(name)["password"] == own.rotator.service["app"]
    assert own.outcomes(name) == ["succeeded"] and own.status(name)["state"] == "resting"


# -- cancelling, deleting, unmounting -------------------------------------------------------------------------------------
def test_cancelling(own):
    name, go = own.secret(), threading.Event()
    own.functions.hooks["setSecret"] = lambda event: (go.wait(4), None)[1]
    token = own.rotate(name, RotationLambdaARN=FUNCTION, RotationRules={"AutomaticallyAfterDays": 7})
    wait_until(lambda: "setSecret" in own.functions.steps(), what="setSecret")
    assert own.sm.cancel_rotate_secret(SecretId=name)["VersionId"] == token
    go.set()
    time.sleep(1)
    assert own.functions.steps() == STEPS[:2]
    after = own.sm.describe_secret(SecretId=name)
    assert after["RotationEnabled"] is False and after["RotationLambdaARN"] == FUNCTION and "NextRotationDate" not in after
    assert own.stages(name)[token] == {"AWSPENDING"} and own.outcomes(name) == ["cancelled"] and own.status(name)["state"] == "off"
    own.server.root.post(f"secret/rotation/{name}", {}).refused(400, "rotation is off")
    with refused("InvalidRequestException", "A previous rotation isn't complete."):
        own.rotate(name)
    own.sm.update_secret_version_stage(SecretId=name, VersionStage="AWSPENDING", RemoveFromVersionId=token)
    again = own.rotate(name)
    own.rotated(name, again)
    assert own.sm.cancel_rotate_secret(SecretId=name)["VersionId"] == again


def test_deletion_ends_a_rotation_and_restoring_brings_the_schedule_back(own):
    name, go = own.secret(), threading.Event()
    own.functions.hooks["setSecret"] = lambda event: (go.wait(4), None)[1]
    own.rotate(name, RotationLambdaARN=FUNCTION, RotationRules={"AutomaticallyAfterDays": 7})
    wait_until(lambda: "setSecret" in own.functions.steps(), what="setSecret")
    own.sm.delete_secret(SecretId=name)
    with refused("InvalidRequestException", "marked for deletion"):
        own.rotate(name)
    go.set()
    wait_until(lambda: own.outcomes(name)[:1] == ["cancelled"], what="the end of the run")
    assert own.functions.steps() == STEPS[:2]
    own.sm.restore_secret(SecretId=name)
    assert own.sm.describe_secret(SecretId=name)["RotationEnabled"] and own.status(name)["next_rotation"]
    own.sm.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    own.server.root.get(f"secret/rotation/{name}").refused(404, [])
    assert own.server.root.list("secret/rotation/rot/").status == 404
    own.sm.create_secret(Name=name, SecretString="again")
    assert "RotationEnabled" not in own.sm.describe_secret(SecretId=name)


def test_a_mount_takes_its_rotations_along(own):
    name, go = own.secret(), threading.Event()
    own.functions.hooks["setSecret"] = lambda event: (go.wait(4), None)[1]
    own.rotate(name, RotationLambdaARN=FUNCTION)
    wait_until(lambda: "setSecret" in own.functions.steps(), what="setSecret")
    own.server.root.delete("sys/mounts/secret").ok(204)
    go.set()
    own.server.root.post("sys/mounts/secret", {"type": "kv", "options": {"version": "2"}}).ok(204)
    time.sleep(1)
    assert own.functions.steps() == STEPS[:2]
    own.server.root.get(f"secret/rotation/{name}").refused(404, [])


def test_replicas_do_not_rotate(own):
    name = own.secret()
    own.sm.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=[{"Region": "eu-west-1"}])
    replica = own.aws.root.client(region="eu-west-1")
    with refused("InvalidParameterException", "Operation not permitted on a replica secret."):
        replica.rotate_secret(SecretId=name, RotationLambdaARN=FUNCTION)
    token = own.rotate(name, RotationLambdaARN=FUNCTION)
    own.rotated(name, token)
    assert json.loads(replica.get_secret_value(SecretId=name)["SecretString"])["password"] == own.rotator.service["app"]
    replica.stop_replication_to_replica(SecretId=name)
    assert "RotationEnabled" not in replica.describe_secret(SecretId=name) and own.sm.describe_secret(SecretId=name)["RotationEnabled"]


# -- built in -------------------------------------------------------------------------------------------------------------
def test_a_password_without_any_function(make_server):
    own = Aws(make_server(storage="rocksdb"))
    sm = own.root.client()
    text = '{"username": "app", "password": "old", "ratio": 1.50}'
    sm.create_secret(Name="db", SecretString=text)
    sm.create_secret(Name="key", SecretString="plain")
    sm.create_secret(Name="empty")
    for name in ("db", "key", "empty"):
        token = str(uuid.uuid4())
        sm.rotate_secret(SecretId=name, RotationLambdaARN=BUILT_IN, ClientRequestToken=token)
        wait_until(lambda: "AWSCURRENT" in sm.describe_secret(SecretId=name)["VersionIdsToStages"][token], what="the rotation")  # noqa: B023
        assert own.server.root.get(f"secret/rotation/{name}").ok(200).data["attempts"][0]["outcome"] == "succeeded"
    db = sm.get_secret_value(SecretId="db")["SecretString"]
    password = json.loads(db)["password"]
    assert len(password) == 32 and "1.50" in db and json.loads(db)["username"] == "app" and not set(password) & set("/@\"'\\")
    for name in ("key", "empty"):
        assert len(sm.get_secret_value(SecretId=name)["SecretString"]) == 32
    assert sm.get_secret_value(SecretId="key", VersionStage="AWSPREVIOUS")["SecretString"] == "plain"
    own.server.restart()
    assert json.loads(own.root.client().get_secret_value(SecretId="db")["SecretString"])["password"] == password


def test_the_built_in_function_leaves_binary_values_alone(place):
    own = place(settings={"attempts": 1})
    own.sm.create_secret(Name="blob", SecretBinary=b"\x00\xff")
    own.sm.rotate_secret(SecretId="blob", RotationLambdaARN=BUILT_IN)
    wait_until(lambda: own.status("blob")["attempts"], what="the attempt")
    assert own.outcomes("blob") == ["abandoned"] and "the secret's value is binary: the built-in function makes texts" in own.status("blob")["attempts"][0]["error"]
    got = own.sm.get_secret_value(SecretId="blob")
    assert got["SecretBinary"] == b"\x00\xff" and "SecretString" not in got


# -- what is checked ------------------------------------------------------------------------------------------------------
def test_rules_are_checked(own):
    name = own.secret()
    for rules, text in (({"ScheduleExpression": "rate(3 hours)"}, "at most every four hours"), ({"ScheduleExpression": "cron(5 8 1 * ? *)"}, "the minutes must be 0"),
                        ({"ScheduleExpression": "cron(0 8 * * * *)"}, "must be ?"), ({"ScheduleExpression": "every day"}, "rate(...) or cron(...)"),
                        ({"ScheduleExpression": "rate(4 hours)", "Duration": "5h"}, "into the next rotation window"),
                        ({"ScheduleExpression": "cron(0 22 * * ? *)", "Duration": "3h"}, "into the next day"),
                        ({"Duration": "2h"}, "needs AutomaticallyAfterDays or ScheduleExpression"),
                        ({"ScheduleExpression": "rate(1 day)", "AutomaticallyAfterDays": 1}, "You cannot specify both rotation frequency and schedule expression together.")):
        with refused("InvalidParameterException", text):
            own.rotate(name, RotationLambdaARN=FUNCTION, RotationRules=rules)
    with refused("ValidationException", "rotationRules.scheduleExpression"):
        own.rotate(name, RotationLambdaARN=FUNCTION, RotationRules={"ScheduleExpression": "rate(1 day)!"})
    assert "RotationEnabled" not in own.sm.describe_secret(SecretId=name) and own.functions.steps() == []


def test_a_manual_write_counts_for_the_schedule(own):
    name = own.secret()
    token = own.rotate(name, RotationLambdaARN=FUNCTION, RotationRules={"ScheduleExpression": "rate(4 hours)"})
    own.rotated(name, token)
    described = own.sm.describe_secret(SecretId=name)
    assert described["RotationRules"]["AutomaticallyAfterDays"] == 1
    hour = described["LastRotatedDate"].astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    end = datetime.timedelta(hours=5, seconds=-1)
    midnight = hour.replace(hour=0) + datetime.timedelta(days=1, seconds=-1) + (datetime.timedelta(days=1) if (hour + datetime.timedelta(hours=4)).date() != hour.date() else datetime.timedelta())
    assert described["NextRotationDate"].astimezone(UTC) == min(hour + end, midnight)
    for write in (lambda: own.sm.put_secret_value(SecretId=name, SecretString="{}"), lambda: own.server.root.post(f"secret/data/{name}", {"data": {}}).ok(200)):
        write()
        assert own.sm.describe_secret(SecretId=name)["NextRotationDate"] >= described["NextRotationDate"]


def test_the_token_of_a_rotation(own):
    name, seen, go = own.secret(), [], threading.Event()

    def keep(event):
        seen.append(event)
        go.wait(4)

    own.functions.hooks["createSecret"] = keep
    token = own.rotate(name, RotationLambdaARN=FUNCTION)
    wait_until(lambda: seen, what="the call")
    with refused("InvalidParameterException", "The RotationToken is not that of a rotation of this secret."):
        own.sm.put_secret_value(SecretId=name, SecretString="{}", ClientRequestToken=token, VersionStages=["AWSPENDING"], RotationToken=str(uuid.uuid4()))
    with refused("ValidationException", "rotationToken"):
        own.keys.client(validate=False).put_secret_value(SecretId=name, SecretString="{}", ClientRequestToken=token, RotationToken="short")
    go.set()
    own.rotated(name, token)
    assert seen[0]["RotationToken"] not in json.dumps(own.server.audit_records())


def test_who_may(own):
    name = own.secret()
    reader = own.aws.with_policy(f'path "secret/metadata/{name}" {{ capabilities = ["read"] }}', "reader").client()
    with refused("AccessDeniedException"):
        reader.rotate_secret(SecretId=name, RotationLambdaARN=FUNCTION)
    with refused("AccessDeniedException"):
        reader.cancel_rotate_secret(SecretId=name)
    own.rotated(name, own.rotate(name, RotationLambdaARN=FUNCTION))
    seer = own.server.root.with_policy(f'path "secret/rotation/{name}" {{ capabilities = ["read"] }}')
    assert seer.get(f"secret/rotation/{name}").ok(200).data["function"] == FUNCTION
    seer.post(f"secret/rotation/{name}", {}).refused(403)
    # The secret's own policy may tell by what is asked.
    arn = own.sm.describe_secret(SecretId=name)["ARN"]
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:RotateSecret", "Resource": arn,
                                                     "Condition": {"Bool": {"secretsmanager:ModifyRotationRules": "true"}}}]}
    own.sm.put_resource_policy(SecretId=name, ResourcePolicy=json.dumps(deny))
    with refused("AccessDeniedException"):
        own.rotate(name, RotationRules={"AutomaticallyAfterDays": 3})
    own.rotated(name, own.rotate(name))


# -- audit ----------------------------------------------------------------------------------------------------------------
def test_each_step_is_audited(own):
    name, failed = own.secret(), []

    def once(event):
        if not failed:
            failed.append(event)
            raise RuntimeError("the password is hunter2")

    own.functions.hooks["testSecret"] = once
    token = own.rotate(name, RotationLambdaARN=FUNCTION)
    own.rotated(name, token)
    arn = own.sm.describe_secret(SecretId=name)["ARN"]
    records = [r for r in own.server.audit_records() if str(r.get("request", {}).get("action", "")).startswith("secretsmanager:RotateSecret/")]
    assert [r["type"] for r in records] == ["request", "response"] * 7
    assert [r["request"]["action"].split("/")[1] for r in records[::2]] == STEPS[:3] + STEPS
    for r in records:
        assert r["request"]["path"] == f"secret/metadata/{name}" and r["request"]["data"]["SecretId"] == arn
        assert r["request"]["data"]["ClientRequestToken"] == token and r["request"]["data"]["RotationLambdaARN"] == FUNCTION
        assert r["auth"]["display_name"] == "rotation"
    answers = [r["response"]["data"] for r in records[1::2]]
    assert [a["Outcome"] for a in answers] == ["succeeded", "succeeded", "failed", "succeeded", "succeeded", "succeeded", "succeeded"]
    assert [a["RotationEnded"] for a in answers] == [False] * 6 + [True]
    assert records[5]["error"] == "the step of the rotation failed" and answers[2]["Failure"].startswith("hmac-sha256:")
    assert "hunter2" not in json.dumps(own.server.audit_records())


@pytest.mark.parametrize("settings, text", [({"endpoint": "ftp://x"}, "http or https"), ({"endpont": "http://x"}, "endpoint"), ({"timeout": "0s"}, "from 1s"),
                                            ({"attempts": 0}, "from 1 to 1000"), ({"access_key_id": "A"}, "give both or neither"), ({"function": {"a": {}}}, "has no endpoint"),
                                            ({"function": {"a": {"endpoint": "http://u:p@x"}}}, "http or https"), ({"function": {"a": {"endpoint": "http://x", "nam": "y"}}}, "name")])
def test_settings_are_checked(make_server, settings, text):
    server = make_server(start=False, extra={"aws": {"rotation": settings}})
    with pytest.raises(RuntimeError, match=text):
        server.spawn()
