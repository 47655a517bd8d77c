"""Clients of Azure's API for the functional tests: a server whose vaults are hosts below vault.test, and Azure's own libraries aimed at it."""
import http.client
import json
import os
import socket
import ssl

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient

from harness import Server, make_certificate, unique

SUFFIX = "vault.test"
_resolve = socket.getaddrinfo


def _here(host, *arguments, **named):
    """Names below the suffix are this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if isinstance(name, str) and (name == SUFFIX or name.endswith("." + SUFFIX)):
        host = "127.0.0.1"
    return _resolve(host, *arguments, **named)


class Azure:
    """A server that speaks Azure's API: TLS for *.vault.test, audited, a vault `v1`, AppRole, and an application that may all."""

    def __init__(self, folder, storage="inmem", extra=None):
        socket.getaddrinfo = _here
        make_certificate(folder, names=f"DNS:localhost,DNS:*.{SUFFIX},IP:127.0.0.1")
        self.server = Server(folder, storage=storage, extra={"azure": {"suffix": SUFFIX, **(extra or {})}})
        self.server.start()
        self.server.enable_audit()
        root = self.server.root
        self.new_vault("v1")
        root.post("sys/mounts/secret", {"type": "kv", "options": {"version": "2"}}).ok(204)
        root.post("sys/auth/approle", {"type": "approle"}).ok(204)
        root.post("sys/auth/azure-apps", {"type": "azure-apps"}).ok(204)
        root.put("sys/policies/acl/everything", {"policy": 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }'}).ok()
        os.environ["REQUESTS_CA_BUNDLE"] = self.server.cafile
        self.app = self.new_app(policies=["everything"])

    def new_vault(self, name, **properties):
        self.server.root.post(f"sys/mounts/{name}", {"type": "kv", "options": {"version": "2"}}).ok(204)
        if properties:
            self.server.root.post(f"{name}/azure", properties).ok(200)

    def url(self, vault="v1"):
        return f"https://{vault}.{SUFFIX}:{self.server.port}"

    def new_app(self, policies=(), **fields):
        """Client id and client secret of a new application."""
        role = unique("app")
        root = self.server.root
        root.post(f"auth/approle/role/{role}", {"token_policies": list(policies), "token_ttl": "1h", "token_no_default_policy": True, **fields}).ok(204)
        role_id = root.get(f"auth/approle/role/{role}/role-id").ok(200).data["role_id"]
        secret_id = root.post(f"auth/approle/role/{role}/secret-id", {}).ok(200).data["secret_id"]
        return role_id, secret_id

    def with_policy(self, text):
        name = unique("policy")
        self.server.root.put(f"sys/policies/acl/{name}", {"policy": text}).ok()
        return self.new_app(policies=[name])

    def credential(self, app=None, tenant="adfs", **more):
        client_id, secret = app or self.app
        return ClientSecretCredential(tenant, client_id, secret, authority=f"https://login.{SUFFIX}:{self.server.port}", connection_verify=self.server.cafile, **more)

    def client(self, vault="v1", app=None, credential=None, **more):
        """The SDK's client, with its check of the challenge's resource on."""
        return SecretClient(self.url(vault), credential or self.credential(app), connection_verify=self.server.cafile, retry_total=0, **more)

    def ask(self, method, target, body=None, host="v1." + SUFFIX, token=None, headers=None, with_port=True):
        """A request as it stands: status, headers, JSON."""
        context = ssl.create_default_context(cafile=self.server.cafile)
        connection = http.client.HTTPSConnection(host if host.count(".") == SUFFIX.count(".") + 1 and host.endswith(SUFFIX) else "127.0.0.1", self.server.port, context=context, timeout=60)
        connection._validate_path = lambda url: None
        head = {"Host": f"{host}:{self.server.port}" if with_port else host, **(headers or {})}
        if token:
            head["Authorization"] = "Bearer " + token
        connection.request(method, target, json.dumps(body) if isinstance(body, (dict, list)) else body, head)
        reply = connection.getresponse()
        raw = reply.read()
        connection.close()
        return reply.status, reply.headers, json.loads(raw) if raw else None

    def token(self, app=None):
        client_id, secret = app or self.app
        status, _, answer = self.ask("POST", "/adfs/oauth2/token", f"grant_type=client_credentials&client_id={client_id}&client_secret={secret}", host="login." + SUFFIX)
        assert status == 200, answer
        return answer["access_token"]


def refused(status, code, inner=None, text=None):
    """A context in which one call fails so; the text may be a part."""
    class Refused:
        def __enter__(self):
            self.raises = pytest.raises(HttpResponseError)
            self.info = self.raises.__enter__()
            return self

        def __exit__(self, *error):
            done = self.raises.__exit__(*error)
            failure = self.info.value
            assert failure.status_code == status, failure
            told = json.loads(failure.response.text())["error"]
            assert told["code"] == code, told
            assert told.get("innererror", {}).get("code") == inner, told
            assert text is None or text in told["message"], told
            return done
    return Refused()
