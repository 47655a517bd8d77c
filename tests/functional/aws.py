"""Clients of AWS's API for the functional tests: a server with its secrets mount and key ring, and boto3 aimed at it."""
import contextlib
import json
import shutil

import boto3
import botocore.config
import pytest
from botocore.exceptions import ClientError

from harness import Server
from sigv4 import REGION, Signer, send  # noqa: F401 (tests take them from here)

ACCOUNT = "123456789012"


class Keys:
    """An access key of a user, and boto3 clients that sign with it."""

    def __init__(self, server, key_id, secret, session=None):
        self.server, self.id, self.secret, self.session = server, key_id, secret, session

    def client(self, service="secretsmanager", region=REGION, **more):
        config = botocore.config.Config(retries={"max_attempts": 1, "mode": "standard"}, parameter_validation=more.pop("validate", True))
        return boto3.client(service, region_name=region, endpoint_url=more.pop("url", self.server.address), verify=self.server.cafile or False,
                            aws_access_key_id=self.id, aws_secret_access_key=self.secret, aws_session_token=self.session, config=config, **more)


class Aws:
    """A server that speaks AWS's API. `root` may all; `user()` makes keys with policies."""

    def __init__(self, server):
        self.server = server
        server.root.post("sys/mounts/secret", {"type": "kv", "options": {"version": "2"}}).ok(204)
        server.root.post("sys/auth/aws-keys", {"type": "aws-keys"}).ok(204)
        server.root.put("sys/policies/acl/everything", {"policy": 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }'}).ok()
        self.root = self.user("everything", policies=["everything"])

    def user(self, name, policies=(), **fields):
        made = self.server.root.post("auth/aws-keys/keys", {"user": name, "token_policies": list(policies), **fields}).ok(200).data
        return Keys(self.server, made["access_key_id"], made["secret_access_key"])

    def with_policy(self, text, name="limited"):
        self.server.root.put(f"sys/policies/acl/{name}", {"policy": text}).ok()
        return self.user(name, policies=[name], token_no_default_policy=True)


@contextlib.contextmanager
def serving(folder):
    """An Aws of a server in that folder, audited, while the context lasts."""
    made = Server(folder)
    try:
        made.start()
        made.enable_audit()
        yield Aws(made)
    finally:
        made.stop()
        shutil.rmtree(made.folder, ignore_errors=True)


def refused(code, message=None, status=400):
    """A context in which one call fails with this code; the message may be a part."""
    class Refused:
        def __enter__(self):
            self.raises = pytest.raises(ClientError)
            self.info = self.raises.__enter__()
            return self

        def __exit__(self, *error):
            done = self.raises.__exit__(*error)
            answer = self.info.value.response
            assert answer["Error"]["Code"] == code, answer
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == status, answer
            assert message is None or message in answer["Error"]["Message"], answer
            return done
    return Refused()


# -- policies in IAM's language -------------------------------------------------------------------------------------------
def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action, resource="*", **more):
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def granting(principal, action="secretsmanager:GetSecretValue", **more):
    return document({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", **more})
