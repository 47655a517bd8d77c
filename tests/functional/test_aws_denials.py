"""What a denial stops, and what takes more than one right: no way round it by another action, another type, another region."""
import json
import shutil

import pytest

from aws import ACCOUNT, REGION, Aws, Keys, Signer, allow, deny, document, granting, refused
from harness import Server, unique

ROLE = f"arn:aws:iam::{ACCOUNT}:role/"


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    """A server of these tests' own: replicas stay, which lists of others would show."""
    made = Server(tmp_path_factory.mktemp("denials"))
    try:
        made.start()
        yield Aws(made)
    finally:
        made.stop()
        shutil.rmtree(made.folder, ignore_errors=True)


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
