"""One secret, three APIs: what hvac, boto3 and azure-keyvault-secrets write each of the others reads; what one deletes or disables none of them reads."""
import itertools
import json

import hvac
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from botocore.exceptions import ClientError
from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest

from harness import unique, wait_until


class Vault:
    def __init__(self, azure):
        self.kv = hvac.Client(url=azure.server.address, token=azure.server.root_token, verify=azure.server.cafile).secrets.kv.v2

    def write(self, name, value):
        self.kv.create_or_update_secret(name, json.loads(value) if value.startswith("{") else {"value": value}, mount_point="secret")

    def read(self, name):
        data = self.kv.read_secret_version(name, mount_point="secret", raise_on_deleted_version=True)["data"]["data"]
        return data["value"] if set(data) == {"value"} else json.dumps(data, separators=(",", ":"))

    def delete(self, name):
        self.kv.delete_metadata_and_all_versions(name, mount_point="secret")


class Aws:
    def __init__(self, aws):
        self.sm = aws.root.client()

    def write(self, name, value):
        try:
            self.sm.put_secret_value(SecretId=name, SecretString=value)
        except self.sm.exceptions.ResourceNotFoundException:
            self.sm.create_secret(Name=name, SecretString=value)

    def read(self, name):
        text = self.sm.get_secret_value(SecretId=name)["SecretString"]
        return json.loads(text)["value"] if text.startswith('{"value":') else text

    def delete(self, name):
        self.sm.delete_secret(SecretId=name, RecoveryWindowInDays=7)


class AzureKv:
    def __init__(self, azure):
        self.kv = azure.client("secret")

    def write(self, name, value):
        self.kv.set_secret(name, value)

    def read(self, name):
        text = self.kv.get_secret(name).value
        return json.loads(text)["value"] if text.startswith('{"value":') else text

    def delete(self, name):
        self.kv.begin_delete_secret(name).wait()


@pytest.fixture(scope="module")
def doors(azure):
    from aws import Aws as Keys
    azure.server.root.delete("sys/mounts/secret").ok(204)  # Keys makes it
    azure.server.root.delete("sys/auth/aws-keys").ok(204)
    azure.server.root.delete("sys/policies/acl/nothing")
    return {"vault": Vault(azure), "aws": Aws(Keys(azure.server)), "azure": AzureKv(azure)}


def same(text, value):
    return json.loads(text) == json.loads(value) if value.startswith("{") else text == value


GONE = (InvalidPath, ClientError, ResourceNotFoundError)


@pytest.mark.parametrize("value", ["plain text", '{"user":"u","n":1}', "ä€😀"])
@pytest.mark.parametrize("writer,reader", list(itertools.permutations(["vault", "aws", "azure"], 2)))
def test_written_through_one_read_through_another(doors, writer, reader, value):
    name = unique("s")
    doors[writer].write(name, value)
    # Bytes are kept as they came, and clients space their JSON as they like.
    assert same(doors[reader].read(name), value)
    doors[reader].write(name, "again")
    assert doors[writer].read(name) == "again"


@pytest.mark.parametrize("door", ["aws", "azure"])
def test_deleted_through_one_is_gone_for_all(doors, door):
    name = unique("s")
    doors["vault"].write(name, "x")
    doors[door].delete(name)
    for each in doors.values():
        with pytest.raises(GONE):
            each.read(name)
    # The name stays taken, which each API says in its own words.
    with pytest.raises(InvalidRequest, match="marked for deletion by another API"):
        doors["vault"].write(name, "y")
    with pytest.raises(ClientError, match="marked for deletion"):
        doors["aws"].write(name, "y")
    with pytest.raises(HttpResponseError, match="deleted but recoverable"):
        doors["azure"].write(name, "y")
    doors["azure"].kv.begin_recover_deleted_secret(name).wait()
    assert {each.read(name) for each in doors.values()} == {"x"}
    # Vault's API frees the name at once.
    doors[door].delete(name)
    doors["vault"].delete(name)
    doors["azure"].write(name, "z")
    assert {each.read(name) for each in doors.values()} == {"z"}


def test_a_version_that_vault_deletes_is_gone_for_all(doors):
    name = unique("s")
    doors["azure"].write(name, "x")
    doors["vault"].kv.delete_latest_version_of_secret(name, mount_point="secret")
    for each in doors.values():
        with pytest.raises(GONE):
            each.read(name)
    assert name not in [s.name for s in doors["azure"].kv.list_deleted_secrets()]
    doors["vault"].kv.undelete_secret_versions(name, [1], mount_point="secret")
    assert {each.read(name) for each in doors.values()} == {"x"}


def test_what_is_disabled_is_disabled_for_all(doors):
    name = unique("s")
    doors["aws"].write(name, "x")
    doors["azure"].kv.update_secret_properties(name, enabled=False)
    with pytest.raises(Forbidden):
        doors["vault"].read(name)
    with pytest.raises(ClientError, match="AccessDenied"):
        doors["aws"].read(name)
    with pytest.raises(HttpResponseError, match="disabled secret"):
        doors["azure"].read(name)


def test_names_that_azure_does_not_have(doors):
    folder, odd = unique("folder"), unique("odd") + "_x"
    doors["vault"].write(f"{folder}/in", "x")
    doors["vault"].write(odd, "x")
    names = [s.name for s in doors["azure"].kv.list_properties_of_secrets()]
    assert not any(n.startswith(folder) or n == odd for n in names)
    with pytest.raises(HttpResponseError, match="invalid name"):
        doors["azure"].read(odd)


def test_versions_have_ids_of_their_own_after_replication(doors):
    """What AWS's door writes twice in one request is as whole for the others."""
    name = unique("replicated")
    sm, kv = doors["aws"].sm, doors["azure"].kv
    sm.create_secret(Name=name, SecretString="v", AddReplicaRegions=[{"Region": "eu-west-1"}])
    ids = [version.version for version in kv.list_properties_of_secret_versions(name)]
    assert len(ids) == 1 and len(ids[0]) == 32 and set(ids[0]) <= set("0123456789abcdef")
    assert kv.get_secret(name, ids[0]).value == "v"


@pytest.mark.parametrize("writer", ["vault", "aws", "azure"])
def test_whoever_makes_a_secret_azure_finds_it_in_any_spelling(doors, writer):
    name = unique("Mixed-Case")
    doors[writer].write(name, "v")
    assert doors["azure"].kv.get_secret(name.lower()).value in ("v", '{"value":"v"}', '{"value": "v"}')
    doors["azure"].kv.begin_delete_secret(name.upper()).wait()
    doors["azure"].kv.purge_deleted_secret(name.lower())
    with pytest.raises(ResourceNotFoundError):
        doors["azure"].kv.get_secret(name)


def test_an_empty_value_is_one(doors):
    name = unique("empty")
    sm, kv = doors["aws"].sm, doors["azure"].kv
    made = kv.set_secret(name, "")
    got = sm.get_secret_value(SecretId=name)
    assert got["SecretString"] == "" and got["VersionId"].replace("-", "") == made.properties.version
    # Its id is that of a version that is there, and no place for another value.
    with pytest.raises(ClientError) as failed:
        sm.put_secret_value(SecretId=name, SecretString="other", ClientRequestToken=got["VersionId"])
    assert failed.value.response["Error"]["Code"] == "ResourceExistsException"
    assert kv.get_secret(name).value == ""
    sm.put_secret_value(SecretId=name, SecretString="next")
    assert sm.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"] == "" and kv.get_secret(name).value == "next"


def test_a_recovered_secret_rotates_on(azure, doors):
    name = unique("rotates")
    sm, kv = doors["aws"].sm, doors["azure"].kv
    sm.create_secret(Name=name, SecretString="v")
    sm.rotate_secret(SecretId=name, RotationLambdaARN="arn:aws:lambda:us-east-1:123456789012:function:builtin-generic-password", RotateImmediately=False,
                     RotationRules={"AutomaticallyAfterDays": 30})
    status = lambda: azure.server.root.get(f"secret/rotation/{name}").ok(200).data
    wait_until(lambda: status()["state"] == "resting", what="the end of the test")
    planned = sm.describe_secret(SecretId=name)["NextRotationDate"]
    kv.begin_delete_secret(name).wait()
    kv.begin_recover_deleted_secret(name).wait()
    shown = sm.describe_secret(SecretId=name)
    assert shown["RotationEnabled"] and shown["NextRotationDate"] == planned
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "v" and status()["state"] == "resting"
