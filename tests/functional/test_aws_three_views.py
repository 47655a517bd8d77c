"""One secret through Vault's API and AWS's: what each shows of the other's writes, and what each refuses."""
import json

import pytest

from aws import refused
from harness import unique


@pytest.fixture(scope="module")
def sm(aws):
    return aws.root.client()


@pytest.fixture
def vault(aws):
    return aws.server.root


@pytest.fixture
def name():
    return unique("view/s")


def read(vault, name, **how):
    return vault.get(f"secret/data/{name}", **how).ok(200).data


def test_vaults_values_are_json_texts_for_aws(vault, sm, name):
    vault.post(f"secret/data/{name}", {"data": {"user": "ann", "n": 1.0, "z": {"a": [1, 2]}}}).ok(200)
    got = sm.get_secret_value(SecretId=name)
    assert json.loads(got["SecretString"]) == {"user": "ann", "n": 1.0, "z": {"a": [1, 2]}}
    assert got["VersionStages"] == ["AWSCURRENT"] and len(got["VersionId"]) == 36
    assert sm.get_secret_value(SecretId=got["ARN"], VersionId=got["VersionId"])["SecretString"] == got["SecretString"]


@pytest.mark.parametrize("text, shown", [('{"user": "ann"}', {"user": "ann"}), ("plain", {"value": "plain"}), ("[1]", {"value": "[1]"}), ('{"a":', {"value": '{"a":'})])
def test_texts_of_aws_for_vault(vault, sm, name, text, shown):
    sm.create_secret(Name=name, SecretString=text)
    assert read(vault, name)["data"] == shown
    assert sm.get_secret_value(SecretId=name)["SecretString"] == text


def test_writes_by_turns(vault, sm, name):
    vault.post(f"secret/data/{name}", {"data": {"n": "1"}}).ok(200)
    first = sm.get_secret_value(SecretId=name)["VersionId"]
    second = sm.put_secret_value(SecretId=name, SecretString='{"n":"2"}')["VersionId"]
    assert read(vault, name)["metadata"]["version"] == 2 and read(vault, name)["data"] == {"n": "2"}
    vault.post(f"secret/data/{name}", {"data": {"n": "3"}}).ok(200)
    third = sm.get_secret_value(SecretId=name)["VersionId"]
    assert sm.describe_secret(SecretId=name)["VersionIdsToStages"] == {second: ["AWSPREVIOUS"], third: ["AWSCURRENT"]}
    assert json.loads(sm.get_secret_value(SecretId=name, VersionId=first)["SecretString"]) == {"n": "1"}
    assert vault.get(f"secret/metadata/{name}").ok(200).data["current_version"] == 3


def test_vault_reads_what_is_current_not_what_is_pending(vault, sm, name):
    sm.create_secret(Name=name, SecretString='{"n":"1"}')
    pending = sm.put_secret_value(SecretId=name, SecretString='{"n":"2"}', VersionStages=["AWSPENDING"])["VersionId"]
    assert read(vault, name)["data"] == {"n": "1"} and read(vault, name)["metadata"]["version"] == 1
    assert vault.get(f"secret/data/{name}?version=2").ok(200).data["data"] == {"n": "2"}
    current = sm.get_secret_value(SecretId=name)["VersionId"]
    sm.update_secret_version_stage(SecretId=name, VersionStage="AWSCURRENT", RemoveFromVersionId=current, MoveToVersionId=pending)
    assert read(vault, name)["metadata"]["version"] == 2
    sm.update_secret_version_stage(SecretId=name, VersionStage="AWSCURRENT", RemoveFromVersionId=pending, MoveToVersionId=current)
    assert read(vault, name)["metadata"]["version"] == 1
    # The next write replaces what is current, under the next free number.
    vault.post(f"secret/data/{name}", {"data": {"n": "3"}, "options": {"cas": 1}}).ok(200)
    assert read(vault, name)["metadata"]["version"] == 3
    assert sm.describe_secret(SecretId=name)["VersionIdsToStages"][current] == ["AWSPREVIOUS"]


def test_what_vault_deletes_aws_does_not_read(vault, sm, name):
    for n in (1, 2):
        vault.post(f"secret/data/{name}", {"data": {"n": n}}).ok(200)
    vault.delete(f"secret/data/{name}").ok(204)
    with refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"):
        sm.get_secret_value(SecretId=name)
    assert json.loads(sm.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"]) == {"n": 1}
    with refused("ResourceExistsException"):
        sm.create_secret(Name=name, SecretString="x")
    vault.post(f"secret/undelete/{name}", {"versions": [2]}).ok(204)
    assert json.loads(sm.get_secret_value(SecretId=name)["SecretString"]) == {"n": 2}
    vault.post(f"secret/destroy/{name}", {"versions": [2]}).ok(204)
    with refused("ResourceNotFoundException"):
        sm.get_secret_value(SecretId=name)
    vault.delete(f"secret/metadata/{name}").ok(204)
    with refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret."):
        sm.describe_secret(SecretId=name)


def test_what_aws_deletes_vault_neither_reads_nor_writes(vault, sm, name):
    sm.create_secret(Name=name, SecretString='{"n":"1"}')
    sm.delete_secret(SecretId=name)
    gone = vault.get(f"secret/data/{name}")
    assert gone.status == 404 and gone.data["metadata"]["deletion_time"]
    for path, body in ((f"secret/data/{name}", {"data": {"n": "2"}}), (f"secret/metadata/{name}", {"max_versions": 3}), (f"secret/undelete/{name}", {"versions": [1]})):
        vault.post(path, body).refused(400, "marked for deletion by another API")
    sm.restore_secret(SecretId=name)
    assert read(vault, name)["data"] == {"n": "1"}
    sm.delete_secret(SecretId=name)
    vault.delete(f"secret/metadata/{name}").ok(204)  # frees the name at once
    vault.post(f"secret/data/{name}", {"data": {"n": "3"}}).ok(200)
    assert json.loads(sm.get_secret_value(SecretId=name)["SecretString"]) == {"n": "3"}


def test_limits_of_one_api_bind_writes_through_it_alone(vault, sm, name):
    big = {"text": "x" * 100_000}
    vault.post(f"secret/data/{name}", {"data": big}).ok(200)
    assert json.loads(sm.get_secret_value(SecretId=name)["SecretString"]) == big
    vault.post(f"secret/metadata/{name}", {"cas_required": True}).ok(204)
    sm.put_secret_value(SecretId=name, SecretString="small")
    assert read(vault, name)["data"] == {"value": "small"}


def test_bytes_are_base64_for_vault_and_cannot_be_patched(vault, sm, name):
    sm.create_secret(Name=name, SecretBinary=b"\0\1\2")
    assert read(vault, name)["data"] == {"value": "AAEC"}
    assert vault.patch(f"secret/data/{name}", {"data": {"a": "b"}}).status == 400


def test_names_with_a_leading_slash_have_a_mark_in_vaults_paths(vault, sm):
    name = "/" + unique("lead")
    sm.create_secret(Name=name, SecretString="v")
    assert read(vault, "~" + name)["data"] == {"value": "v"}
    assert name[1:] in vault.list("secret/metadata/~").ok(200).data["keys"]


def test_audit_holds_the_action_and_no_value(aws, sm, name):
    sm.create_secret(Name=name, SecretString="hunter2hunter2")
    sm.get_secret_value(SecretId=name)
    records = [r for r in aws.server.audit_records() if name in json.dumps(r)]
    text = json.dumps(records)
    assert "secretsmanager:GetSecretValue" in text and f"secret/data/{name}" in text and "hunter2" not in text
