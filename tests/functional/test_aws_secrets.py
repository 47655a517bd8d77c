"""AWS Secrets Manager's actions, as boto3 sees them: AWS's exact texts, its recorded traces of staging labels, and the same secrets through Vault's API."""
import json
import time
import uuid

import pytest

from aws import ACCOUNT, REGION, Signer, refused
from harness import unique, wait_until

MISSING = "Secrets Manager can't find the specified secret."
MARKED = "You can't perform this operation on the secret because it was marked for deletion."


@pytest.fixture(scope="module")
def sm(aws):
    return aws.root.client()


@pytest.fixture
def name(sm):
    made = unique("secret")
    yield made
    sm.delete_secret(SecretId=made, ForceDeleteWithoutRecovery=True)


def token(_=None):
    return str(uuid.uuid4())


def labels(sm, name):
    return {v: sorted(s) for v, s in sm.describe_secret(SecretId=name).get("VersionIdsToStages", {}).items()}


# -- names that AWS cannot have -------------------------------------------------------------------------------------------
def test_what_aws_cannot_name_is_not_listed(aws, sm):
    folder = unique("named")
    root = aws.server.root
    for path in ("a%20b", "k(1)", "%C3%BC", "x" * 500, "fine"):
        root.post(f"secret/data/{folder}/{path}", {"data": {"a": "b"}}).ok(200)
    sm.create_secret(Name=f"{folder}/own", SecretString="v")
    filters = [{"Key": "name", "Values": [folder]}]
    for how in ({}, {"SortBy": "name"}, {"SortBy": "last-changed-date", "SortOrder": "desc"}):
        assert {s["Name"] for s in sm.list_secrets(Filters=filters, **how)["SecretList"]} == {f"{folder}/fine", f"{folder}/own"}
    got = sm.batch_get_secret_value(Filters=filters)
    assert {s["Name"] for s in got["SecretValues"]} == {f"{folder}/fine", f"{folder}/own"} and got["Errors"] == []
    got = sm.batch_get_secret_value(SecretIdList=[f"{folder}/a b", f"{folder}/ü", f"{folder}/own"])
    assert [s["Name"] for s in got["SecretValues"]] == [f"{folder}/own"]
    assert [(e["SecretId"], e["ErrorCode"]) for e in got["Errors"]] == [(f"{folder}/a b", "ValidationException"), (f"{folder}/ü", "ValidationException")]
    assert all(e["Message"].startswith("Invalid name.") for e in got["Errors"])
    with refused("ValidationException", "Invalid name."):
        sm.get_secret_value(SecretId=f"{folder}/a b")


# -- create, get, put, update ---------------------------------------------------------------------------------------------
def test_create_and_get(sm, name):
    made = sm.create_secret(Name=name, SecretString="s3cret", Description="d")
    assert made["Name"] == name and made["ARN"].startswith(f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-") and len(made["ARN"]) == len(made["ARN"].rsplit("-", 1)[0]) + 7
    got = sm.get_secret_value(SecretId=name)
    assert (got["ARN"], got["Name"], got["SecretString"], got["VersionId"], got["VersionStages"]) == (made["ARN"], name, "s3cret", made["VersionId"], ["AWSCURRENT"])
    assert "SecretBinary" not in got and abs(got["CreatedDate"].timestamp() - time.time()) < 60
    for which in ({"VersionId": made["VersionId"]}, {"VersionStage": "AWSCURRENT"}, {"VersionId": made["VersionId"], "VersionStage": "AWSCURRENT"}):
        assert sm.get_secret_value(SecretId=name, **which)["SecretString"] == "s3cret"


@pytest.mark.parametrize("value", [b"\x00\xff\x00", b"x" * 65536])
def test_binary_values(sm, name, value):
    sm.create_secret(Name=name, SecretBinary=value)
    got = sm.get_secret_value(SecretId=name)
    assert got["SecretBinary"] == value and "SecretString" not in got


@pytest.mark.parametrize("value", ["", " ", "{\"a\": 1.0,  \"b\":2}", "ä€😀\n\t\"\\", "x" * 65536])
def test_texts_come_back_to_the_byte(sm, name, value):
    if not value:
        loose = sm
        with pytest.raises(Exception):
            loose.create_secret(Name=name, SecretString=value)
        return
    sm.create_secret(Name=name, SecretString=value)
    assert sm.get_secret_value(SecretId=name)["SecretString"] == value


def test_a_value_has_a_limit(aws, name):
    loose = aws.root.client(validate=False)
    with refused("ValidationException"):
        loose.create_secret(Name=name, SecretString="x" * 65537)


@pytest.mark.parametrize("odd", ["/prod/db", "a//b", "a/../b", "a/", "./a", "x/.../y", "a+=.@!-_b"])
def test_names_that_are_no_paths(aws, sm, odd):
    made = odd + ("x" + uuid.uuid4().hex[:6] if not odd.endswith("/") else "")
    arn = sm.create_secret(Name=made, SecretString="v")["ARN"]
    try:
        assert sm.get_secret_value(SecretId=made)["Name"] == made
        assert sm.get_secret_value(SecretId=arn)["SecretString"] == "v"
        assert made in [s["Name"] for s in sm.list_secrets(Filters=[{"Key": "name", "Values": [made]}])["SecretList"]]
    finally:
        sm.delete_secret(SecretId=made, ForceDeleteWithoutRecovery=True)


@pytest.mark.parametrize("wrong", ["a b", "a%b", "a~b", "ä", "a\\b", "a?b", "a*"])
def test_names_that_are_none(sm, wrong):
    text = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
    with refused("ValidationException", text):
        sm.create_secret(Name=wrong, SecretString="v")
    with refused("ValidationException", text):
        sm.get_secret_value(SecretId=wrong)


def test_a_name_is_taken_once(sm, name):
    sm.create_secret(Name=name, SecretString="v")
    with refused("ResourceExistsException", f"The operation failed because the secret {name} already exists."):
        sm.create_secret(Name=name, SecretString="w")


def test_what_is_not_there(sm, name):
    for ask in (lambda: sm.get_secret_value(SecretId="missing"), lambda: sm.describe_secret(SecretId="missing"), lambda: sm.put_secret_value(SecretId="missing", SecretString="x"),
                lambda: sm.update_secret(SecretId="missing", SecretString="x"), lambda: sm.delete_secret(SecretId="missing"), lambda: sm.restore_secret(SecretId="missing"),
                lambda: sm.list_secret_version_ids(SecretId="missing"), lambda: sm.tag_resource(SecretId="missing", Tags=[]), lambda: sm.untag_resource(SecretId="missing", TagKeys=["a"]),
                lambda: sm.get_resource_policy(SecretId="missing"), lambda: sm.get_secret_value(SecretId=f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:missing-AbCdEf"),
                lambda: sm.get_secret_value(SecretId=f"arn:aws:secretsmanager:eu-west-9:{ACCOUNT}:secret:missing")):
        with refused("ResourceNotFoundException", MISSING):
            ask()
    sm.create_secret(Name=name)
    with refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"):
        sm.get_secret_value(SecretId=name)
    made = sm.put_secret_value(SecretId=name, SecretString="v")
    with refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: OTHER"):
        sm.get_secret_value(SecretId=name, VersionStage="OTHER")
    other = token()
    with refused("ResourceNotFoundException", f"Secrets Manager can't find the specified secret value for VersionId: {other}"):
        sm.get_secret_value(SecretId=name, VersionId=other)
    with refused("InvalidRequestException", "You provided a VersionStage that is not associated to the provided VersionId."):
        sm.get_secret_value(SecretId=name, VersionId=made["VersionId"], VersionStage="AWSPREVIOUS")


def test_a_secret_without_a_value(sm, name):
    made = sm.create_secret(Name=name)
    assert "VersionId" not in made and "VersionIdsToStages" not in sm.describe_secret(SecretId=name)
    first = sm.put_secret_value(SecretId=name, SecretString="v", VersionStages=["AWSPENDING"])
    assert sorted(first["VersionStages"]) == ["AWSCURRENT", "AWSPENDING"]


def test_tokens_make_writes_repeatable(sm, name):
    t = token()
    made = sm.create_secret(Name=name, SecretString="v", ClientRequestToken=t)
    assert made["VersionId"] == t
    assert sm.create_secret(Name=name, SecretString="v", ClientRequestToken=t)["VersionId"] == t
    in_use = f"You can't use ClientRequestToken {t} because that value is already in use for a version of secret {made['ARN']}."
    with refused("ResourceExistsException", in_use):
        sm.create_secret(Name=name, SecretString="w", ClientRequestToken=t)
    with refused("ResourceExistsException", in_use):
        sm.put_secret_value(SecretId=name, SecretString="w", ClientRequestToken=t)
    with refused("ResourceExistsException", in_use):
        sm.update_secret(SecretId=name, SecretString="w", ClientRequestToken=t)
    assert sm.put_secret_value(SecretId=name, SecretString="v", ClientRequestToken=t)["VersionId"] == t
    assert sm.update_secret(SecretId=name, SecretString="v", ClientRequestToken=t)["VersionId"] == t
    assert labels(sm, name) == {t: ["AWSCURRENT"]}


def test_writes_need_a_token_on_the_wire(aws, name):
    signer = Signer(aws.server, aws.root.id, aws.root.secret)
    text = "You must provide a ClientRequestToken value. We recommend a UUID-type value."
    for action, body in (("CreateSecret", {"Name": name, "SecretString": "v"}), ("PutSecretValue", {"SecretId": name, "SecretString": "v"}), ("UpdateSecret", {"SecretId": name, "SecretString": "v"})):
        status, _, answer = signer.ask(action, json.dumps(body).encode())
        assert status == 400 and answer == {"__type": "InvalidRequestException", "Message": text}, answer
    status, _, answer = signer.ask("RotateSecret", json.dumps({"SecretId": name, "SecretString": "ignored"}).encode())
    assert answer == {"__type": "InvalidParameterException", "Message": text}


def test_put_needs_a_value_before_a_secret(sm):
    with refused("InvalidRequestException", "You must provide either SecretString or SecretBinary."):
        sm.put_secret_value(SecretId="missing")


def test_update_changes_what_is_given(sm, name):
    sm.create_secret(Name=name, SecretString="v", Description="one")
    changed = sm.update_secret(SecretId=name, Description="two")
    assert "VersionId" not in changed
    written = sm.update_secret(SecretId=name, SecretString="w")
    shown = sm.describe_secret(SecretId=name)
    assert shown["Description"] == "two" and shown["VersionIdsToStages"][written["VersionId"]] == ["AWSCURRENT"]
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "w"


# -- staging labels: recorded traces --------------------------------------------------------------------------------------
def trace(sm, name):
    versions = [sm.create_secret(Name=name, SecretString="v1")["VersionId"]]

    def put(text, stages=None):
        more = {"VersionStages": stages} if stages else {}
        versions.append(sm.put_secret_value(SecretId=name, SecretString=text, **more)["VersionId"])

    def move(source, target):
        sm.update_secret_version_stage(SecretId=name, VersionStage="AWSCURRENT", RemoveFromVersionId=versions[source - 1], MoveToVersionId=versions[target - 1])

    def now():
        found = labels(sm, name)
        short = {"AWSCURRENT": "C", "AWSPENDING": "P", "AWSPREVIOUS": "PREV"}
        return {f"v{i + 1}": "+".join(sorted(short.get(s, s) for s in found[v])) for i, v in enumerate(versions) if v in found}
    return put, move, now


def test_the_trace_of_a_rotation(sm, name):
    put, move, now = trace(sm, name)
    assert now() == {"v1": "C"}
    put("v2", ["AWSPENDING"])
    assert now() == {"v1": "C", "v2": "P"}
    move(1, 2)
    assert now() == {"v1": "PREV", "v2": "C+P"}
    put("v3")
    assert now() == {"v2": "PREV", "v3": "C"}


def test_the_trace_of_two_rotations(sm, name):
    put, move, now = trace(sm, name)
    put("v2", ["AWSPENDING"])
    move(1, 2)
    put("v3", ["AWSPENDING"])
    assert now() == {"v1": "PREV", "v2": "C", "v3": "P"}
    move(2, 3)
    assert now() == {"v2": "PREV", "v3": "C+P"}


def test_the_trace_of_labels_of_ones_own(sm, name):
    put, move, now = trace(sm, name)
    put("v2", ["AWSPENDING", "AWSSOMETHING", "PUT1"])
    assert now() == {"v1": "C", "v2": "AWSSOMETHING+P+PUT1"}
    move(1, 2)
    assert now() == {"v1": "PREV", "v2": "AWSSOMETHING+C+P+PUT1"}
    put("v3", ["AWSPENDING", "PUT2"])
    assert now() == {"v1": "PREV", "v2": "AWSSOMETHING+C+PUT1", "v3": "P+PUT2"}
    move(2, 3)
    assert now() == {"v2": "AWSSOMETHING+PREV+PUT1", "v3": "C+P+PUT2"}


def test_the_trace_of_labels_that_move(sm, name):
    put, _, now = trace(sm, name)
    put("v2", ["one", "two", "three"])
    put("v3", ["one", "two", "four"])
    assert now() == {"v1": "C", "v2": "three", "v3": "four+one+two"}


def test_labels_are_added_moved_and_taken(sm, name):
    first = sm.create_secret(Name=name, SecretString="v1")["VersionId"]
    second = sm.put_secret_value(SecretId=name, SecretString="v2", VersionStages=["two"])["VersionId"]
    change = lambda **how: sm.update_secret_version_stage(SecretId=name, **how)  # noqa: E731
    assert set(change(VersionStage="x", MoveToVersionId=second)) >= {"ARN", "Name"}
    assert labels(sm, name)[second] == ["two", "x"]
    with pytest.raises(Exception):
        change(VersionStage="x", MoveToVersionId=first)  # it is attached elsewhere
    change(VersionStage="x", RemoveFromVersionId=second, MoveToVersionId=first)
    assert labels(sm, name)[first] == ["AWSCURRENT", "x"]
    with pytest.raises(Exception):
        change(VersionStage="x", RemoveFromVersionId=second)  # it has not got it
    change(VersionStage="x", RemoveFromVersionId=first)
    assert labels(sm, name)[first] == ["AWSCURRENT"]
    with refused("InvalidParameterException", f"The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version {first}, so you must explicitly "
                 "reference that version in RemoveFromVersionId."):
        change(VersionStage="AWSCURRENT", MoveToVersionId=second)


def test_deprecated_versions_are_hidden_and_readable(sm, name):
    ids = [sm.create_secret(Name=name, SecretString="1")["VersionId"]] + [sm.put_secret_value(SecretId=name, SecretString=str(i))["VersionId"] for i in (2, 3)]
    assert set(labels(sm, name)) == set(ids[1:])
    listed = sm.list_secret_version_ids(SecretId=name)
    assert {v["VersionId"] for v in listed["Versions"]} == set(ids[1:]) and all(v["KmsKeyIds"] == ["DefaultEncryptionKey"] for v in listed["Versions"]) and "NextToken" not in listed
    every = {v["VersionId"]: v for v in sm.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]}
    assert set(every) == set(ids) and "VersionStages" not in every[ids[0]]
    assert sm.get_secret_value(SecretId=name, VersionId=ids[0])["SecretString"] == "1"


# -- ARNs -----------------------------------------------------------------------------------------------------------------
def test_arns_whole_and_partial(sm, name):
    arn = sm.create_secret(Name=name, SecretString="v")["ARN"]
    assert sm.get_secret_value(SecretId=arn)["ARN"] == arn
    assert sm.get_secret_value(SecretId=arn[:-7])["ARN"] == arn
    with refused("ResourceNotFoundException", MISSING):
        sm.get_secret_value(SecretId=arn[:-6] + "AAAAAA")
    with refused("ResourceNotFoundException", MISSING):
        sm.get_secret_value(SecretId=arn.replace(ACCOUNT, "000000000000"))
    sm.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    again = sm.create_secret(Name=name, SecretString="w")["ARN"]
    assert again != arn
    with refused("ResourceNotFoundException", MISSING):
        sm.get_secret_value(SecretId=arn)  # grants to the old one do not carry over


def test_a_name_that_looks_like_an_arns_end(sm, name):
    longer = name + "-AbC123"
    try:
        arn = sm.create_secret(Name=longer, SecretString="long")["ARN"]
        partial = arn[:-7]
        assert partial.endswith(longer)
        assert sm.get_secret_value(SecretId=partial)["SecretString"] == "long"
        sm.create_secret(Name=name, SecretString="short")
        assert sm.get_secret_value(SecretId=partial)["SecretString"] == "long"
        assert sm.get_secret_value(SecretId=longer)["SecretString"] == "long"
    finally:
        sm.delete_secret(SecretId=longer, ForceDeleteWithoutRecovery=True)
        sm.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
        sm.create_secret(Name=name)


# -- describe, tags -------------------------------------------------------------------------------------------------------
def test_describe_tells_what_is_known(sm, name):
    made = sm.create_secret(Name=name, SecretString="v")
    shown = sm.describe_secret(SecretId=name)
    shown.pop("ResponseMetadata")
    assert shown["ARN"] == made["ARN"] and shown["VersionIdsToStages"] == {made["VersionId"]: ["AWSCURRENT"]}
    for absent in ("Description", "KmsKeyId", "Tags", "RotationEnabled", "LastRotatedDate", "LastAccessedDate", "DeletedDate", "OwningService", "ReplicationStatus", "PrimaryRegion"):
        assert absent not in shown, absent
    sm.get_secret_value(SecretId=name)
    accessed = sm.describe_secret(SecretId=name)["LastAccessedDate"]
    assert (accessed.timestamp()) % 86400 == 0
    before = shown["LastChangedDate"]
    sm.tag_resource(SecretId=name, Tags=[{"Key": "a", "Value": "1"}])
    assert sm.describe_secret(SecretId=name)["LastChangedDate"] > before


def test_tags(sm, name):
    sm.create_secret(Name=name, SecretString="v", Tags=[{"Key": "b", "Value": "1"}, {"Key": "a", "Value": ""}])
    assert sm.describe_secret(SecretId=name)["Tags"] == [{"Key": "b", "Value": "1"}, {"Key": "a", "Value": ""}]
    sm.tag_resource(SecretId=name, Tags=[{"Key": "A", "Value": "x"}, {"Key": "b", "Value": "2"}])
    assert {t["Key"]: t["Value"] for t in sm.describe_secret(SecretId=name)["Tags"]} == {"b": "2", "a": "", "A": "x"}
    sm.untag_resource(SecretId=name, TagKeys=["a", "b", "A", "never"])
    assert sm.describe_secret(SecretId=name)["Tags"] == []


# -- deletion -------------------------------------------------------------------------------------------------------------
def test_deletion_waits_and_is_taken_back(sm, name):
    sm.create_secret(Name=name, SecretString="v")
    gone = sm.delete_secret(SecretId=name)
    assert 29.9 < (gone["DeletionDate"].timestamp() - time.time()) / 86400 < 30.1
    assert abs(sm.describe_secret(SecretId=name)["DeletedDate"].timestamp() - time.time()) < 60
    for ask in (lambda: sm.get_secret_value(SecretId=name), lambda: sm.put_secret_value(SecretId=name, SecretString="w"), lambda: sm.update_secret(SecretId=name, SecretString="w"),
                lambda: sm.tag_resource(SecretId=name, Tags=[{"Key": "a", "Value": "b"}]), lambda: sm.untag_resource(SecretId=name, TagKeys=["a"])):
        with refused("InvalidRequestException", MARKED):
            ask()
    with refused("InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion."):
        sm.create_secret(Name=name, SecretString="w")
    found = lambda **how: [s["Name"] for s in sm.list_secrets(Filters=[{"Key": "name", "Values": [name]}], **how)["SecretList"]]  # noqa: E731
    assert found() == [] and found(IncludePlannedDeletion=True) == [name]
    sm.restore_secret(SecretId=name)
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "v" and "DeletedDate" not in sm.describe_secret(SecretId=name)


def test_forced_deletion_is_at_once(sm, name):
    sm.create_secret(Name=name, SecretString="v")
    sm.delete_secret(SecretId=name)
    sm.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    with refused("ResourceNotFoundException", MISSING):
        sm.describe_secret(SecretId=name)
    sm.create_secret(Name=name, SecretString="w")
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "w"
    assert sm.delete_secret(SecretId=unique("never"), ForceDeleteWithoutRecovery=True)["ARN"].startswith("arn:aws:")


def test_the_recovery_window(aws, sm, name):
    sm.create_secret(Name=name, SecretString="v")
    loose = aws.root.client(validate=False)
    for days in (6, 31, 0, -1):
        with refused("InvalidParameterException", "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."):
            loose.delete_secret(SecretId=name, RecoveryWindowInDays=days)
    with refused("InvalidParameterException", "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."):
        sm.delete_secret(SecretId=name, RecoveryWindowInDays=7, ForceDeleteWithoutRecovery=True)
    assert sm.delete_secret(SecretId=name, RecoveryWindowInDays=7)["DeletionDate"].timestamp() - time.time() < 7.1 * 86400


# -- lists ----------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def shelf(sm):
    """Five secrets below one folder."""
    folder = unique("shelf")
    rows = [("db/one", "first database", [("team", "red")]), ("db/two", "second Database", [("team", "blue")]), ("web", "front end", [("Team", "red")]), ("ship", "", []), ("x-ray_Y", "MedicalThings", [])]
    for leaf, description, tags in rows:
        sm.create_secret(Name=f"{folder}/{leaf}", SecretString=leaf, Description=description, Tags=[{"Key": k, "Value": v} for k, v in tags])
    yield folder
    for leaf, _, _ in rows:
        sm.delete_secret(SecretId=f"{folder}/{leaf}", ForceDeleteWithoutRecovery=True)


def names(sm, folder, *filters, **how):
    wanted = [{"Key": "name", "Values": [folder + "/"]}] + [{"Key": k, "Values": v if isinstance(v, list) else [v]} for k, v in filters]
    return [s["Name"].removeprefix(folder + "/") for page in sm.get_paginator("list_secrets").paginate(Filters=wanted, **how) for s in page["SecretList"]]


def test_filters(sm, shelf):
    find = lambda *filters: sorted(names(sm, shelf, *filters))  # noqa: E731
    assert find() == ["db/one", "db/two", "ship", "web", "x-ray_Y"]
    assert find(("name", shelf + "/db")) == ["db/one", "db/two"]
    assert find(("name", shelf + "/DB")) == []
    assert find(("tag-key", "team")) == ["db/one", "db/two"]
    assert find(("tag-value", "red")) == ["db/one", "web"]
    assert find(("tag-key", "team"), ("tag-value", "red")) == ["db/one"]
    assert find(("description", "database")) == ["db/one", "db/two"]
    assert find(("description", "first data")) == ["db/one"]
    assert find(("description", "medical")) == ["x-ray_Y"]
    assert find(("description", ["first", "front"])) == ["db/one", "web"]
    assert find(("name", "!" + shelf + "/db")) == ["ship", "web", "x-ray_Y"]
    assert find(("all", "blue")) == ["db/two"]


def test_pages_and_order(sm, shelf):
    assert names(sm, shelf, SortBy="name", SortOrder="asc") == ["db/one", "db/two", "ship", "web", "x-ray_Y"]
    assert names(sm, shelf, SortBy="name", SortOrder="desc") == ["x-ray_Y", "web", "ship", "db/two", "db/one"]
    assert sorted(names(sm, shelf, PaginationConfig={"PageSize": 2})) == ["db/one", "db/two", "ship", "web", "x-ray_Y"]
    page = sm.list_secrets(Filters=[{"Key": "name", "Values": [shelf]}], MaxResults=2)
    assert len(page["SecretList"]) == 2 and page["NextToken"]
    entry = page["SecretList"][0]
    assert entry["SecretVersionsToStages"] and "VersionIdsToStages" not in entry
    with refused("InvalidNextTokenException"):
        sm.list_secrets(NextToken="nonsense")


def test_lists_are_checked(aws):
    loose = aws.root.client(validate=False)
    with refused("ValidationException"):
        loose.list_secrets(MaxResults=101)
    with refused("ValidationException", "filters.1.member.key"):
        loose.list_secrets(Filters=[{"Key": "other", "Values": ["x"]}])


def test_batches(aws, sm, shelf):
    got = sm.batch_get_secret_value(SecretIdList=[f"{shelf}/db/one", f"{shelf}/missing", f"{shelf}/ship"])
    assert [v["SecretString"] for v in got["SecretValues"]] == ["db/one", "ship"]
    assert got["Errors"] == [{"SecretId": f"{shelf}/missing", "ErrorCode": "ResourceNotFoundException", "Message": MISSING}]
    got = sm.batch_get_secret_value(Filters=[{"Key": "name", "Values": [shelf + "/db"]}])
    assert sorted(v["SecretString"] for v in got["SecretValues"]) == ["db/one", "db/two"]
    with refused("InvalidParameterException", "Either 'SecretIdList' or 'Filters' must be provided, but not both."):
        sm.batch_get_secret_value(SecretIdList=["a"], Filters=[{"Key": "name", "Values": ["a"]}])
    with refused("InvalidParameterException", "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided."):
        sm.batch_get_secret_value(SecretIdList=["a"], MaxResults=2)
    one = aws.with_policy(f'path "secret/data/{shelf}/db/one" {{ capabilities = ["read"] }}', name=unique("one")).client()
    got = one.batch_get_secret_value(SecretIdList=[f"{shelf}/db/one", f"{shelf}/db/two"])
    assert [v["SecretString"] for v in got["SecretValues"]] == ["db/one"] and got["Errors"][0]["ErrorCode"] == "AccessDeniedException"
    with refused("AccessDeniedException"):
        one.batch_get_secret_value(Filters=[{"Key": "name", "Values": [shelf]}])


# -- policies of secrets --------------------------------------------------------------------------------------------------
def test_resource_policies(sm, name):
    arn = sm.create_secret(Name=name, SecretString="v")["ARN"]
    assert "ResourcePolicy" not in sm.get_resource_policy(SecretId=name)
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/somebody"}, "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]})
    assert sm.put_resource_policy(SecretId=name, ResourcePolicy=text)["ARN"] == arn
    assert json.loads(sm.get_resource_policy(SecretId=name)["ResourcePolicy"]) == json.loads(text)
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "v"
    sm.delete_resource_policy(SecretId=name)
    assert "ResourcePolicy" not in sm.get_resource_policy(SecretId=name)
    with refused("MalformedPolicyDocumentException"):
        sm.put_resource_policy(SecretId=name, ResourcePolicy='{"nonsense": 1}')
    public = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]})
    with refused("PublicPolicyException"):
        sm.put_resource_policy(SecretId=name, ResourcePolicy=public, BlockPublicPolicy=True)
    assert sm.validate_resource_policy(SecretId=name, ResourcePolicy=text)["PolicyValidationPassed"]
    assert not sm.validate_resource_policy(SecretId=name, ResourcePolicy=public)["PolicyValidationPassed"]


def test_a_secrets_own_policy_denies(aws, sm, name):
    sm.create_secret(Name=name, SecretString="v")
    user = aws.user(unique("denied"), policies=["everything"])
    arn = user.client("sts").get_caller_identity()["Arn"]
    assert user.client().get_secret_value(SecretId=name)["SecretString"] == "v"
    sm.put_resource_policy(SecretId=name, ResourcePolicy=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": {"AWS": arn}, "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]}))
    with refused("AccessDeniedException"):
        user.client().get_secret_value(SecretId=name)
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "v"


# -- one policy set, two doors --------------------------------------------------------------------------------------------
def test_policies_guard_every_action(aws, sm, name):
    sm.create_secret(Name=name, SecretString="v")
    reader = aws.with_policy(f'path "secret/data/{name}" {{ capabilities = ["read"] }}', name=unique("reader")).client()
    assert reader.get_secret_value(SecretId=name)["SecretString"] == "v"
    for action, ask in (("PutSecretValue", lambda: reader.put_secret_value(SecretId=name, SecretString="w")), ("DescribeSecret", lambda: reader.describe_secret(SecretId=name)),
                        ("DeleteSecret", lambda: reader.delete_secret(SecretId=name)), ("ListSecrets", lambda: reader.list_secrets()),
                        ("UpdateSecret", lambda: reader.update_secret(SecretId=name, Description="x")), ("TagResource", lambda: reader.tag_resource(SecretId=name, Tags=[])),
                        ("CreateSecret", lambda: reader.create_secret(Name=unique("new"), SecretString="x")), ("GetSecretValue", lambda: reader.get_secret_value(SecretId="missing"))):
        with refused("AccessDeniedException", f"is not authorized to perform: secretsmanager:{action}"):
            ask()
    with refused("AccessDeniedException", f"on resource: {name} because no identity-based policy allows the secretsmanager:DeleteSecret action"):
        reader.delete_secret(SecretId=name)


def test_a_secret_through_both_apis(aws, sm, name):
    root = aws.server.root
    root.post(f"secret/data/{name}", {"data": {"user": "ann", "port": 5432}}).ok(200)
    assert json.loads(sm.get_secret_value(SecretId=name)["SecretString"]) == {"user": "ann", "port": 5432}
    sm.put_secret_value(SecretId=name, SecretString='{"user": "bob",  "n": 1.0}')
    read = root.get(f"secret/data/{name}").ok(200)
    assert read.data["data"] == {"user": "bob", "n": 1.0} and '"n":1.0' in read.text.replace(" ", "") and read.data["metadata"]["version"] == 2
    sm.put_secret_value(SecretId=name, SecretString="plain")
    assert root.get(f"secret/data/{name}").data["data"] == {"value": "plain"}
    root.post(f"secret/data/{name}", {"data": {"v": "4"}}).ok(200)
    stages = labels(sm, name)
    assert sorted(sum(stages.values(), [])) == ["AWSCURRENT", "AWSPREVIOUS"]
    assert sm.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"] == "plain"


def test_access_is_audited_by_name(aws, sm, name):
    sm.create_secret(Name=name, SecretString="do-not-log-me")
    sm.get_secret_value(SecretId=name)
    records = [r for r in aws.server.audit_records() if r.get("request", {}).get("action") == "secretsmanager:GetSecretValue" and name in r["request"]["path"]]
    assert {r["type"] for r in records} == {"request", "response"}
    assert all(r["request"]["operation"] == "read" and r["request"]["path"] == f"secret/data/{name}" and r["request"]["principal"] == f"arn:aws:iam::{ACCOUNT}:user/everything" for r in records)
    assert "do-not-log-me" not in open(aws.server.audit_path, encoding="utf-8").read()


def test_acknowledged_secrets_outlive_a_crash(make_server):
    from aws import Aws
    own = Aws(make_server(storage="rocksdb"))
    made = own.root.client().create_secret(Name="/prod/app", SecretString="v", Tags=[{"Key": "a", "Value": "b"}])
    own.server.restart(kill=True)
    got = own.root.client().get_secret_value(SecretId=made["ARN"])
    assert got["SecretString"] == "v" and got["VersionId"] == made["VersionId"]


# -- other clients --------------------------------------------------------------------------------------------------------
def test_the_caching_client(sm, name):
    from aws_secretsmanager_caching import SecretCache, SecretCacheConfig
    sm.create_secret(Name=name, SecretString="one")
    patient, eager = (SecretCache(config=SecretCacheConfig(secret_refresh_interval=seconds), client=sm) for seconds in (3600, 1))
    assert patient.get_secret_string(name) == eager.get_secret_string(name) == "one"
    sm.put_secret_value(SecretId=name, SecretString="two")
    assert patient.get_secret_string(name) == "one"
    wait_until(lambda: eager.get_secret_string(name) == "two", what="the new version")
    assert eager.get_secret_string(name, version_stage="AWSPREVIOUS") == "one"


def test_rotation_needs_a_function(sm, name):
    sm.create_secret(Name=name, SecretString="v")
    with refused("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret."):
        sm.rotate_secret(SecretId=name)
    assert "RotationEnabled" not in sm.describe_secret(SecretId=name)


# -- replication ----------------------------------------------------------------------------------------------------------
def test_a_replica_lives_in_its_region(aws, sm, name):
    arn = sm.create_secret(Name=name, SecretString="v")["ARN"]
    status = sm.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=[{"Region": "eu-west-1"}])["ReplicationStatus"]
    assert [(s["Region"], s["Status"]) for s in status] == [("eu-west-1", "InSync")]
    west = aws.root.client(region="eu-west-1")
    got = west.get_secret_value(SecretId=name)
    assert got["SecretString"] == "v" and got["ARN"] == arn.replace(REGION, "eu-west-1")
    sm.put_secret_value(SecretId=name, SecretString="w")
    assert west.get_secret_value(SecretId=name)["SecretString"] == "w"
    with refused("InvalidParameterException", "Operation not permitted on a replica secret. Call must be made in primary secret's region."):
        west.put_secret_value(SecretId=name, SecretString="x")
    with refused("InvalidParameterException", "that still has replica regions [eu-west-1]"):
        sm.delete_secret(SecretId=name)
    assert west.describe_secret(SecretId=name)["PrimaryRegion"] == REGION
    west.stop_replication_to_replica(SecretId=name)
    west.put_secret_value(SecretId=name, SecretString="own")
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "w"
    west.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def test_regions_are_apart(aws, sm, name):
    sm.create_secret(Name=name, SecretString="here")
    with refused("ResourceNotFoundException"):
        aws.root.client(region="ap-southeast-2").get_secret_value(SecretId=name)


def test_names_of_the_greatest_length(sm):
    name = unique("long") + "/" + "x" * 500
    name = name[:512]
    made = sm.create_secret(Name=name, SecretString="v")
    for secret in (name, made["ARN"], made["ARN"][:-7]):
        assert sm.get_secret_value(SecretId=secret)["SecretString"] == "v"
    with refused("ValidationException", "Member must have length less than or equal to 512"):
        sm.create_secret(Name="x" * 513, SecretString="v")
    with refused("ResourceNotFoundException"):
        sm.get_secret_value(SecretId="x" * 513)
