"""Secrets through boto3: making, changing, describing, listing, deleting them, and the exact texts of what is refused."""
import datetime
import time
import uuid

import pytest

from aws import refused
from harness import unique, wait_until

MARKED = "You can't perform this operation on the secret because it was marked for deletion."
NOT_FOUND = "Secrets Manager can't find the specified secret."


@pytest.fixture(scope="module")
def sm(aws):
    return aws.root.client()


@pytest.fixture
def name():
    return unique("aws/s")


def test_a_secret_is_made_read_and_described(sm, name):
    made = sm.create_secret(Name=name, SecretString="one", Description="what", Tags=[{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}])
    assert made["Name"] == name and made["ARN"].startswith(f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-")
    assert len(made["ARN"].rsplit("-", 1)[1]) == 6
    read = sm.get_secret_value(SecretId=name)
    assert read["SecretString"] == "one" and read["VersionId"] == made["VersionId"] and read["VersionStages"] == ["AWSCURRENT"]
    assert abs(read["CreatedDate"].timestamp() - time.time()) < 60 and "SecretBinary" not in read
    shown = sm.describe_secret(SecretId=made["ARN"])
    assert shown["Description"] == "what" and shown["VersionIdsToStages"] == {made["VersionId"]: ["AWSCURRENT"]}
    assert shown["Tags"] == [{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}]
    absent = {"KmsKeyId", "RotationEnabled", "RotationLambdaARN", "RotationRules", "DeletedDate", "OwningService", "PrimaryRegion", "ReplicationStatus", "Type"}
    assert not absent & set(shown)
    midnight = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    assert shown["LastAccessedDate"] == midnight


@pytest.mark.parametrize("form", ["{arn}", "{partial}", "{name}"])
def test_found_by_name_and_by_arn(sm, name, form):
    arn = sm.create_secret(Name=name, SecretString="one")["ARN"]
    assert sm.get_secret_value(SecretId=form.format(arn=arn, partial=arn[:-7], name=name))["SecretString"] == "one"


def test_the_arn_of_a_former_secret_finds_nothing(sm, name):
    former = sm.create_secret(Name=name, SecretString="one")["ARN"]
    sm.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    assert sm.create_secret(Name=name, SecretString="two")["ARN"] != former
    with refused("ResourceNotFoundException", NOT_FOUND):
        sm.get_secret_value(SecretId=former)


@pytest.mark.parametrize("pattern", ["/{}/db", "{}//b", "{}/", "{}/../x", "{}/_+=.@-Name-a1b2c3", "/{}"])
def test_any_name_that_aws_allows(sm, pattern):
    name = pattern.format(unique())
    arn = sm.create_secret(Name=name, SecretString="v")["ARN"]
    assert sm.get_secret_value(SecretId=name)["Name"] == name
    assert sm.get_secret_value(SecretId=arn)["SecretString"] == "v"
    assert name in [one["Name"] for one in sm.list_secrets(Filters=[{"Key": "name", "Values": [name]}])["SecretList"]]


@pytest.mark.parametrize("name", ["a b", "ä", "a:b", "a\\b", "a#b"])
def test_names_that_aws_does_not_allow(sm, name):
    text = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
    for call in (lambda: sm.create_secret(Name=name, SecretString="v"), lambda: sm.get_secret_value(SecretId=name), lambda: sm.describe_secret(SecretId=name),
                 lambda: sm.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)):
        with refused("ValidationException", text):
            call()


def test_bytes(sm, name):
    made = sm.create_secret(Name=name, SecretBinary=b"\0\xff\1")
    read = sm.get_secret_value(SecretId=name)
    assert read["SecretBinary"] == b"\0\xff\1" and "SecretString" not in read and read["VersionId"] == made["VersionId"]


@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 65536])
def test_sizes(sm, name, size):
    sm.create_secret(Name=name, SecretString="x" * size)
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "x" * size


def test_too_large_a_value_is_refused_without_being_repeated(aws, name):
    with refused("ValidationException", "Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536"):
        aws.root.client(validate=False).create_secret(Name=name, SecretString="x" * 65537)


@pytest.mark.parametrize("size, fits", [(65535, True), (65536, True), (65537, False), (65538, False)])
def test_bytes_are_counted_as_they_are(aws, name, size, fits):
    client = aws.root.client(validate=False)
    if fits:
        client.create_secret(Name=name, SecretBinary=b"x" * size)
        assert client.get_secret_value(SecretId=name)["SecretBinary"] == b"x" * size
    else:
        with refused("ValidationException", "Value at 'secretBinary' failed to satisfy constraint: Member must have length less than or equal to 65536"):
            client.create_secret(Name=name, SecretBinary=b"x" * size)


def test_put_tells_the_labels_that_the_version_has(sm, name):
    sm.create_secret(Name=name, SecretString="one")
    token = str(uuid.uuid4())
    assert sm.put_secret_value(SecretId=name, SecretString="two", ClientRequestToken=token, VersionStages=["b", "a", "b"])["VersionStages"] == ["b", "a"]
    sm.update_secret_version_stage(SecretId=name, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=sm.get_secret_value(SecretId=name)["VersionId"])
    again = sm.put_secret_value(SecretId=name, SecretString="two", ClientRequestToken=token, VersionStages=["c"])
    assert again["VersionStages"] == sm.get_secret_value(SecretId=name)["VersionStages"] and set(again["VersionStages"]) == {"AWSCURRENT", "a", "b"}


def test_create_twice(sm, name):
    token = str(uuid.uuid4())
    made = sm.create_secret(Name=name, SecretString="one", ClientRequestToken=token)
    again = sm.create_secret(Name=name, SecretString="one", ClientRequestToken=token)
    assert {k: again[k] for k in ("ARN", "Name", "VersionId")} == {k: made[k] for k in ("ARN", "Name", "VersionId")}
    with refused("ResourceExistsException", f"You can't use ClientRequestToken {token} because that value is already in use for a version of secret {made['ARN']}."):
        sm.create_secret(Name=name, SecretString="other", ClientRequestToken=token)
    with refused("ResourceExistsException", f"The operation failed because the secret {name} already exists."):
        sm.create_secret(Name=name, SecretString="one")


def test_update_changes_what_is_given(sm, name):
    made = sm.create_secret(Name=name, SecretString="one", Description="was")
    only_text = sm.update_secret(SecretId=name, Description="is", KmsKeyId="alias/mine")
    assert "VersionId" not in only_text
    shown = sm.describe_secret(SecretId=name)
    assert shown["Description"] == "is" and shown["KmsKeyId"] == "alias/mine" and list(shown["VersionIdsToStages"]) == [made["VersionId"]]
    value = sm.update_secret(SecretId=name, SecretString="two")
    assert sm.get_secret_value(SecretId=name)["VersionId"] == value["VersionId"]
    versions = sm.list_secret_version_ids(SecretId=name)["Versions"]
    assert {v["VersionId"]: v["KmsKeyIds"] for v in versions} == {made["VersionId"]: ["DefaultEncryptionKey"], value["VersionId"]: ["alias/mine"]}
    sm.update_secret(SecretId=name, KmsKeyId="", Description="")
    assert not {"KmsKeyId", "Description"} & set(sm.describe_secret(SecretId=name))
    with refused("ResourceNotFoundException", NOT_FOUND):
        sm.update_secret(SecretId=unique(), Description="x")


def test_tags(sm, name):
    sm.create_secret(Name=name, SecretString="v")
    assert "Tags" not in sm.describe_secret(SecretId=name)
    sm.tag_resource(SecretId=name, Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])
    sm.tag_resource(SecretId=name, Tags=[{"Key": "a", "Value": "3"}])
    assert sm.describe_secret(SecretId=name)["Tags"] == [{"Key": "a", "Value": "3"}, {"Key": "A", "Value": "2"}]
    sm.untag_resource(SecretId=name, TagKeys=["a", "A", "none"])
    assert sm.describe_secret(SecretId=name)["Tags"] == []
    with refused("InvalidParameterException"):
        sm.tag_resource(SecretId=name, Tags=[{"Key": "aws:x", "Value": "1"}])
    with refused("InvalidParameterException"):
        sm.tag_resource(SecretId=name, Tags=[{"Key": f"k{i}", "Value": ""} for i in range(51)])


def test_deletion_with_a_window(sm, name):
    sm.create_secret(Name=name, SecretString="one")
    before = time.time()
    gone = sm.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    assert abs(gone["DeletionDate"].timestamp() - before - 7 * 86400) < 60
    assert abs(sm.describe_secret(SecretId=name)["DeletedDate"].timestamp() - before) < 60
    for call in (lambda: sm.get_secret_value(SecretId=name), lambda: sm.put_secret_value(SecretId=name, SecretString="x"),
                 lambda: sm.update_secret(SecretId=name, SecretString="x"), lambda: sm.tag_resource(SecretId=name, Tags=[{"Key": "a", "Value": ""}]),
                 lambda: sm.untag_resource(SecretId=name, TagKeys=["a"])):
        with refused("InvalidRequestException", MARKED):
            call()
    with refused("InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion."):
        sm.create_secret(Name=name, SecretString="x")
    with refused("InvalidRequestException"):
        sm.delete_secret(SecretId=name)
    listed = {"Filters": [{"Key": "name", "Values": [name]}]}
    assert sm.list_secrets(**listed)["SecretList"] == []
    assert sm.list_secrets(IncludePlannedDeletion=True, **listed)["SecretList"][0]["DeletedDate"]
    sm.restore_secret(SecretId=name)
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "one"
    sm.restore_secret(SecretId=name)  # a live one: nothing to do


def test_windows_that_are_refused(sm, name):
    sm.create_secret(Name=name, SecretString="one")
    for days in (6, 31):
        with refused("InvalidParameterException", "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."):
            sm.delete_secret(SecretId=name, RecoveryWindowInDays=days)
    with refused("InvalidParameterException", "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."):
        sm.delete_secret(SecretId=name, RecoveryWindowInDays=7, ForceDeleteWithoutRecovery=True)


def test_a_forced_deletion_frees_the_name_at_once(sm, name):
    for value in ("one", "two", "three"):
        sm.create_secret(Name=name, SecretString=value)
        assert sm.get_secret_value(SecretId=name)["SecretString"] == value
        sm.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    assert sm.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)["Name"] == name  # of nothing
    with refused("ResourceNotFoundException", NOT_FOUND):
        sm.delete_secret(SecretId=name)


def test_missing_tokens_come_before_missing_secrets(aws):
    text = "You must provide a ClientRequestToken value. We recommend a UUID-type value."
    from aws import Signer
    signer = Signer(aws.server, aws.root.id, aws.root.secret)
    for action, body, code in (("PutSecretValue", b'{"SecretId":"nope","SecretString":"x"}', "InvalidRequestException"),
                               ("CreateSecret", b'{"Name":"nope","SecretString":"x"}', "InvalidRequestException"),
                               ("UpdateSecret", b'{"SecretId":"nope","SecretString":"x"}', "InvalidRequestException"),
                               ("RotateSecret", b'{"SecretId":"nope","Description":"x"}', "InvalidParameterException")):
        status, _, answer = signer.ask(action, body)
        assert (status, answer) == (400, {"__type": code, "Message": text})


def test_lists_in_pages_and_orders(sm):
    folder = unique("list")
    names = [f"{folder}/{i}" for i in (3, 1, 2, 5, 4)]
    for one in names:
        sm.create_secret(Name=one, SecretString="v", Description=f"number {one[-1]}")
    mine = {"Filters": [{"Key": "name", "Values": [folder + "/"]}]}
    pages = sm.get_paginator("list_secrets")

    def listed(**how):
        return [one["Name"] for page in pages.paginate(PaginationConfig={"PageSize": 2}, **mine, **how) for one in page["SecretList"]]
    assert listed() == names
    assert listed(SortOrder="desc") == names[::-1]
    assert listed(SortBy="name") == sorted(names)
    assert listed(SortBy="name", SortOrder="desc") == sorted(names)[::-1]
    first = sm.list_secrets(MaxResults=1, **mine)
    assert first["SecretList"][0]["SecretVersionsToStages"] and "VersionIdsToStages" not in first["SecretList"][0]
    with refused("InvalidNextTokenException"):
        sm.list_secrets(NextToken="made-up")
    with refused("InvalidNextTokenException"):
        sm.list_secrets(NextToken=first["NextToken"], SortBy="name")


def test_filters(sm):
    word = unique("f").replace("-", "")
    a, b = f"{word}/One", f"{word}/other"
    sm.create_secret(Name=a, SecretString="v", Description=f"MasterPassword of {word}", Tags=[{"Key": word + "Env", "Value": word + "prod"}])
    sm.create_secret(Name=b, SecretString="v")

    def found(*filters):
        return [one["Name"] for one in sm.list_secrets(Filters=[{"Key": k, "Values": [v] if isinstance(v, str) else v} for k, v in filters])["SecretList"]]
    assert found(("name", word)) == [a, b]
    assert found(("name", word.upper())) == []
    assert found(("name", [word + "/O", word + "/o"])) == [a, b]
    assert found(("name", word), ("name", "!" + word + "/O")) == [b]
    assert found(("description", f"pass {word}")) == [a]
    assert found(("description", f"aster {word}")) == []
    assert found(("tag-key", word + "E")) == [a] and found(("tag-value", word + "p")) == [a] and found(("tag-value", word + "P")) == []
    assert found(("all", word)) == [a, b]
    assert found(("all", "/")) == []
    assert found(("primary-region", "us-east-1")) == []


def test_filters_that_are_refused(aws):
    with refused("ValidationException", "1 validation error detected: Value 'bad' at 'filters.1.member.key' failed to satisfy constraint: "
                                        "Member must satisfy enum value set: ["):
        aws.root.client(validate=False).list_secrets(Filters=[{"Key": "bad", "Values": ["x"]}])


def test_batch(aws, sm):
    folder = unique("batch")
    arns = [sm.create_secret(Name=f"{folder}/{i}", SecretString=str(i))["ARN"] for i in range(3)]
    got = sm.batch_get_secret_value(SecretIdList=[arns[0], f"{folder}/1", "nope-" + folder])
    assert [one["SecretString"] for one in got["SecretValues"]] == ["0", "1"]
    assert got["Errors"] == [{"SecretId": "nope-" + folder, "ErrorCode": "ResourceNotFoundException", "Message": NOT_FOUND}]
    mine = [{"Key": "name", "Values": [folder]}]
    page = sm.batch_get_secret_value(Filters=mine, MaxResults=2)
    rest = sm.batch_get_secret_value(Filters=mine, MaxResults=2, NextToken=page["NextToken"])
    assert [one["SecretString"] for one in page["SecretValues"] + rest["SecretValues"]] == ["0", "1", "2"] and "NextToken" not in rest
    with refused("InvalidParameterException", "Either 'SecretIdList' or 'Filters' must be provided, but not both."):
        sm.batch_get_secret_value(SecretIdList=["a"], Filters=mine)
    with refused("InvalidParameterException", "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided."):
        sm.batch_get_secret_value(SecretIdList=["a"], MaxResults=1)
    with refused("InvalidParameterException", "'NextToken'"):
        sm.batch_get_secret_value(SecretIdList=["a"], NextToken=page["NextToken"])


def test_each_secret_of_a_batch_is_guarded_by_itself(aws, sm):
    folder = unique("guard")
    for one in ("open", "closed"):
        sm.create_secret(Name=f"{folder}/{one}", SecretString=one)
    user = aws.with_policy(f'path "secret/data/{folder}/open" {{ capabilities = ["read"] }}', unique("p")).client()
    got = user.batch_get_secret_value(SecretIdList=[f"{folder}/open", f"{folder}/closed", f"{folder}/none"])
    assert [one["SecretString"] for one in got["SecretValues"]] == ["open"]
    assert {one["SecretId"]: one["ErrorCode"] for one in got["Errors"]} == {f"{folder}/closed": "AccessDeniedException", f"{folder}/none": "AccessDeniedException"}
    with refused("AccessDeniedException"):
        user.batch_get_secret_value(Filters=[{"Key": "name", "Values": [folder]}])


def test_permissions_are_those_of_vaults_paths(aws, sm):
    name = unique("perm")
    sm.create_secret(Name=name, SecretString="v")
    reader = aws.with_policy(f'path "secret/data/{name}" {{ capabilities = ["read"] }}', unique("p")).client()
    assert reader.get_secret_value(SecretId=name)["SecretString"] == "v"
    for call in (lambda: reader.put_secret_value(SecretId=name, SecretString="w"), lambda: reader.describe_secret(SecretId=name),
                 lambda: reader.delete_secret(SecretId=name), lambda: reader.list_secrets(), lambda: reader.tag_resource(SecretId=name, Tags=[]),
                 lambda: reader.get_secret_value(SecretId=name + "-none")):
        with refused("AccessDeniedException"):
            call()


def test_rotation_without_a_function(sm, name):
    sm.create_secret(Name=name, SecretString="v")
    with refused("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret."):
        sm.rotate_secret(SecretId=name)
    with refused("AccessDeniedException", "Secrets Manager cannot invoke the specified Lambda function."):
        sm.rotate_secret(SecretId=name, RotationLambdaARN="arn:aws:lambda:us-east-1:123456789012:function:none")
    assert not {"RotationEnabled", "RotationLambdaARN"} & set(sm.describe_secret(SecretId=name))
    assert sm.cancel_rotate_secret(SecretId=name)["Name"] == name


def test_the_day_of_the_last_read_outlives_a_restart(make_server):
    from aws import Aws
    server = make_server(storage="rocksdb")
    client = Aws(server).root.client()
    client.create_secret(Name="s", SecretString="v")
    assert "LastAccessedDate" not in client.describe_secret(SecretId="s")
    client.get_secret_value(SecretId="s")
    day = client.describe_secret(SecretId="s")["LastAccessedDate"]
    time.sleep(6.5)  # marks are written every five seconds
    server.restart()
    assert wait_until(lambda: client.describe_secret(SecretId="s"))["LastAccessedDate"] == day


def test_a_new_secret_was_not_read_when_the_former_was(make_server):
    from aws import Aws
    server = make_server(storage="rocksdb")
    client = Aws(server).root.client()
    for wait in (0, 6.5):  # marks that are in memory alone, and such as have been written
        client.create_secret(Name="s", SecretString="v")
        client.get_secret_value(SecretId="s")
        assert "LastAccessedDate" in client.describe_secret(SecretId="s")
        time.sleep(wait)
        client.delete_secret(SecretId="s", ForceDeleteWithoutRecovery=True)
        client.create_secret(Name="s", SecretString="w")
        assert "LastAccessedDate" not in client.describe_secret(SecretId="s")
        assert "LastAccessedDate" not in client.list_secret_version_ids(SecretId="s")["Versions"][0]
        time.sleep(wait)
        assert "LastAccessedDate" not in client.describe_secret(SecretId="s")
        client.get_secret_value(SecretId="s")
        assert "LastAccessedDate" in client.describe_secret(SecretId="s")
        client.delete_secret(SecretId="s", ForceDeleteWithoutRecovery=True)
