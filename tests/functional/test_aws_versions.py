"""Versions and their staging labels, as the real service was recorded to move them."""
import uuid

import pytest

from aws import refused
from harness import unique


@pytest.fixture(scope="module")
def sm(aws):
    return aws.root.client()


class Secret:
    """A secret whose versions have short names: 1, 2, 3."""

    def __init__(self, sm):
        self.sm, self.name, self.ids = sm, unique("aws/v"), {}

    def id(self, n):
        return self.ids.setdefault(n, str(uuid.uuid4()))

    def create(self, n):
        self.sm.create_secret(Name=self.name, SecretString=f"v{n}", ClientRequestToken=self.id(n))
        return self

    def put(self, n, *stages, value=None):
        more = {"VersionStages": list(stages)} if stages else {}
        return self.sm.put_secret_value(SecretId=self.name, SecretString=value or f"v{n}", ClientRequestToken=self.id(n), **more)

    def move(self, label, source, target):
        more = {"RemoveFromVersionId": self.id(source)} if source else {}
        more |= {"MoveToVersionId": self.id(target)} if target else {}
        return self.sm.update_secret_version_stage(SecretId=self.name, VersionStage=label, **more)

    def get(self, **how):
        return self.sm.get_secret_value(SecretId=self.name, **how)

    @property
    def stages(self):
        named = {v: k for k, v in self.ids.items()}
        return {named[k]: set(v) for k, v in self.sm.describe_secret(SecretId=self.name).get("VersionIdsToStages", {}).items()}


@pytest.fixture
def secret(sm):
    return Secret(sm)


C, P, PREV = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"


def test_a_rotation(secret):
    secret.create(1)
    assert secret.put(2, P)["VersionStages"] == [P]
    assert secret.stages == {1: {C}, 2: {P}}
    secret.move(C, 1, 2)
    assert secret.stages == {1: {PREV}, 2: {C, P}}
    secret.put(3)
    assert secret.stages == {2: {PREV}, 3: {C}}


def test_rotations_one_after_another(secret):
    secret.create(1)
    for n in range(2, 6):
        secret.put(n, P)
        secret.move(C, n - 1, n)
        assert secret.stages == {n - 1: {PREV}, n: {C, P}}
        assert secret.get()["SecretString"] == f"v{n}"


def test_labels_of_ones_own(secret):
    secret.create(1)
    secret.put(2, P, "AWSSOMETHING", "PUT1")
    secret.move(C, 1, 2)
    assert secret.stages == {1: {PREV}, 2: {C, P, "AWSSOMETHING", "PUT1"}}
    secret.put(3, P, "PUT2")
    assert secret.stages == {1: {PREV}, 2: {C, "AWSSOMETHING", "PUT1"}, 3: {P, "PUT2"}}
    secret.move(C, 2, 3)
    assert secret.stages == {2: {PREV, "AWSSOMETHING", "PUT1"}, 3: {C, P, "PUT2"}}


def test_labels_move_from_wherever_they_are(secret):
    secret.create(1)
    secret.put(2, "one", "two", "three")
    secret.put(3, "one", "two", "four")
    assert secret.stages == {1: {C}, 2: {"three"}, 3: {"one", "two", "four"}}
    assert secret.get(VersionStage="two")["SecretString"] == "v3"


def test_back_to_the_version_before(secret):
    secret.create(1)
    secret.put(2)
    secret.move(C, 2, 1)
    assert secret.stages == {1: {C}, 2: {PREV}}
    assert secret.get()["SecretString"] == "v1" and secret.get(VersionStage=PREV)["SecretString"] == "v2"


def test_the_first_value_of_an_empty_secret(sm, secret):
    made = sm.create_secret(Name=secret.name)
    assert "VersionId" not in made and secret.stages == {}
    with refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"):
        secret.get()
    assert secret.put(1, P)["VersionStages"] == [P, C]
    assert secret.stages == {1: {C, P}}


def test_repeats(secret):
    secret.create(1)
    first = secret.put(2)
    secret.put(3)
    again = secret.put(2)
    assert again["VersionId"] == first["VersionId"] and secret.stages == {2: {PREV}, 3: {C}}
    arn = secret.sm.describe_secret(SecretId=secret.name)["ARN"]
    text = f"You can't use ClientRequestToken {secret.id(2)} because that value is already in use for a version of secret {arn}."
    with refused("ResourceExistsException", text):
        secret.put(2, value="changed")
    with refused("ResourceExistsException", text):
        secret.sm.update_secret(SecretId=secret.name, SecretString="changed", ClientRequestToken=secret.id(2))
    assert secret.sm.update_secret(SecretId=secret.name, SecretString="v2", ClientRequestToken=secret.id(2))["VersionId"] == secret.id(2)


def test_what_is_missing(secret):
    secret.create(1)
    secret.put(2, "mine")
    other = str(uuid.uuid4())
    with refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: none"):
        secret.get(VersionStage="none")
    with refused("ResourceNotFoundException", f"Secrets Manager can't find the specified secret value for VersionId: {other}"):
        secret.get(VersionId=other)
    with refused("InvalidRequestException", "You provided a VersionStage that is not associated to the provided VersionId."):
        secret.get(VersionId=secret.id(1), VersionStage="mine")
    assert secret.get(VersionId=secret.id(2), VersionStage="mine")["SecretString"] == "v2"
    with refused("InvalidRequestException", "You must provide either SecretString or SecretBinary."):
        secret.sm.put_secret_value(SecretId=secret.name)


def test_moves_that_are_refused(secret):
    secret.create(1)
    secret.put(2, "mine")
    with refused("InvalidParameterException", f"The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version {secret.id(1)}, "
                                              "so you must explicitly reference that version in RemoveFromVersionId."):
        secret.move(C, None, 2)
    for source, target in ((2, None), (2, 1)):
        with refused("InvalidParameterException"):
            secret.move(C, source, target)
    with refused("InvalidParameterException"):
        secret.move(C, 1, None)
    secret.move("new", None, 1)
    secret.move("mine", 2, 1)
    assert secret.stages == {1: {C, "new", "mine"}}
    secret.move("new", 1, None)
    assert secret.stages == {1: {C, "mine"}}


def test_versions_without_labels_are_hidden(secret):
    secret.create(1)
    for n in (2, 3):
        secret.put(n)
    listed = secret.sm.list_secret_version_ids(SecretId=secret.name)
    assert [v["VersionId"] for v in listed["Versions"]] == [secret.id(2), secret.id(3)] and "NextToken" not in listed
    every = secret.sm.list_secret_version_ids(SecretId=secret.name, IncludeDeprecated=True)["Versions"]
    assert [v["VersionId"] for v in every] == [secret.id(1), secret.id(2), secret.id(3)]
    assert "VersionStages" not in every[0] and all("LastAccessedDate" not in v for v in every)
    assert secret.get(VersionId=secret.id(1))["SecretString"] == "v1" and "VersionStages" not in secret.get(VersionId=secret.id(1))
    every = secret.sm.list_secret_version_ids(SecretId=secret.name, IncludeDeprecated=True)["Versions"]
    assert ["LastAccessedDate" in v for v in every] == [True, False, False]


def test_versions_in_pages(secret):
    secret.create(1)
    for n in range(2, 8):
        secret.put(n)
    seen, token = [], {}
    while True:
        page = secret.sm.list_secret_version_ids(SecretId=secret.name, IncludeDeprecated=True, MaxResults=3, **token)
        seen += [v["VersionId"] for v in page["Versions"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == [secret.id(n) for n in range(1, 8)]
    with refused("InvalidNextTokenException"):
        secret.sm.list_secret_version_ids(SecretId=secret.name, NextToken="made-up")


def test_twenty_labels_and_no_more(secret):
    secret.create(1)
    secret.put(2, *[f"l{i}" for i in range(19)])
    with refused("LimitExceededException"):
        secret.put(3, "one-more")
    secret.put(3, "l0")


def test_labels_keep_versions(secret):
    secret.create(1)
    secret.move("keep", None, 1)
    for n in range(2, 110):
        secret.put(n)
    assert secret.get(VersionStage="keep")["SecretString"] == "v1"
    with refused("ResourceNotFoundException"):
        secret.get(VersionId=secret.id(2))
    assert len(secret.sm.list_secret_version_ids(SecretId=secret.name, IncludeDeprecated=True, MaxResults=100)["Versions"]) == 100
