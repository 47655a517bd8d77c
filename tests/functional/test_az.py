"""Microsoft's `az` against the server: `az login` and every `az keyvault secret` command. Run by `scripts/test az`, which knows where `az` is."""
import json
import os
import subprocess

import pytest

from azdoor import SUFFIX
from harness import unique
from webtokens import Key, times

TENANT = "11111111-1111-1111-1111-111111111111"
# Names below the suffix are this machine, for `az` too.
RESOLVER = f"""
import socket
_resolve = socket.getaddrinfo
def _here(host, *arguments, **named):
    name = host.decode() if isinstance(host, bytes) else host
    return _resolve("127.0.0.1" if isinstance(name, str) and name.endswith(".{SUFFIX}") else host, *arguments, **named)
socket.getaddrinfo = _here
"""


class Az:
    """The command, with a folder of settings of its own in which the cloud `coffer` is registered."""

    def __init__(self, azure, folder):
        (folder / "sitecustomize.py").write_text(RESOLVER)
        self.azure, self.folder = azure, folder
        self.env = {**os.environ, "AZURE_CONFIG_DIR": str(folder / "config"), "PYTHONPATH": str(folder), "REQUESTS_CA_BUNDLE": azure.server.cafile, "AZURE_CORE_COLLECT_TELEMETRY": "false",
                    "AZURE_CORE_NO_COLOR": "true", "AZURE_CORE_ONLY_SHOW_ERRORS": "true", "AZURE_CORE_INSTANCE_DISCOVERY": "false", "PYTHONWARNINGS": "ignore"}
        port = azure.server.port
        login = f"https://login.{SUFFIX}:{port}"
        self("cloud", "register", "-n", "coffer", "--skip-endpoint-discovery", "--endpoint-active-directory", f"{login}/adfs", "--endpoint-resource-manager", login, "--endpoint-management", login,
             "--endpoint-active-directory-resource-id", login, "--endpoint-active-directory-graph-resource-id", login, "--suffix-keyvault-dns", f".{SUFFIX}:{port}")
        self("cloud", "set", "-n", "coffer")

    def run(self, *arguments):
        return subprocess.run([os.environ["COFFER_AZ"], *map(str, arguments), "-o", "json"], env=self.env, capture_output=True, text=True, timeout=300, check=False)

    def __call__(self, *arguments):
        done = self.run(*arguments)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def secret(self, command, *arguments, vault="v1"):
        return self("keyvault", "secret", command, "--vault-name", vault, *arguments)

    def refused(self, text, *arguments):
        done = self.run(*arguments)
        assert done.returncode != 0 and text in done.stderr, (arguments, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def logged_out(azure, tmp_path_factory):
    return Az(azure, tmp_path_factory.mktemp("az"))


@pytest.fixture(scope="module")
def az(logged_out):
    client_id, secret = logged_out.azure.app
    accounts = logged_out("login", "--service-principal", "-u", client_id, "-p", secret, "--tenant", TENANT, "--allow-no-subscriptions")
    assert [(a["tenantId"], a["user"]["name"]) for a in accounts] == [(TENANT, client_id)]
    return logged_out


@pytest.mark.timeout(600)
def test_every_command(az, tmp_path):
    name = unique("s")
    made = az.secret("set", "--name", name, "--value", "one", "--tags", "a=1", "b=2", "--content-type", "text/plain", "--expires", "2035-01-01T00:00:00Z", "--not-before", "2030-01-01T00:00:00Z")
    assert made["value"] == "one" and made["tags"].items() >= {"a": "1", "b": "2"}.items() and made["contentType"] == "text/plain"
    assert made["id"].startswith(f"https://v1.{SUFFIX}:{az.azure.server.port}/secrets/{name}/") and made["attributes"]["expires"].startswith("2035-01-01T00:00:00")
    version = made["id"].rsplit("/", 1)[1]
    (tmp_path / "value").write_text("two\nlines")
    assert az.secret("set", "--name", name, "--file", tmp_path / "value")["value"] == "two\nlines"
    assert az.secret("show", "--name", name)["value"] == "two\nlines"
    assert az.secret("show", "--name", name, "--version", version)["value"] == "one"
    assert az("keyvault", "secret", "show", "--id", made["id"])["value"] == "one"
    az.secret("download", "--name", name, "--file", tmp_path / "down")
    assert (tmp_path / "down").read_text() == "two\nlines"
    assert name in [each["name"] for each in az.secret("list")]
    assert len(az.secret("list-versions", "--name", name)) == 2
    changed = az.secret("set-attributes", "--name", name, "--version", version, "--enabled", "false", "--tags", "c=3", "--content-type", "x")
    assert changed["attributes"]["enabled"] is False and changed["tags"]["c"] == "3"
    az.refused("Operation get is not allowed on a disabled secret", "keyvault", "secret", "show", "--vault-name", "v1", "--name", name, "--version", version)
    az.secret("backup", "--name", name, "--file", tmp_path / "backup")
    deleted = az.secret("delete", "--name", name)
    assert deleted["recoveryId"].endswith(f"/deletedsecrets/{name}") and deleted["scheduledPurgeDate"]
    az.refused("SecretNotFound", "keyvault", "secret", "show", "--vault-name", "v1", "--name", name)
    assert name in [each["name"] for each in az.secret("list-deleted")]
    assert az.secret("show-deleted", "--name", name)["id"].startswith(made["id"].rsplit("/", 1)[0])
    az.refused("ObjectIsDeletedButRecoverable", "keyvault", "secret", "set", "--vault-name", "v1", "--name", name, "--value", "x")
    assert az.secret("recover", "--name", name)["id"]
    assert az.secret("show", "--name", name)["value"] == "two\nlines"
    az.secret("delete", "--name", name)
    az.secret("purge", "--name", name)
    az.refused("SecretNotFound", "keyvault", "secret", "show-deleted", "--vault-name", "v1", "--name", name)
    assert az.secret("restore", "--file", tmp_path / "backup")["id"].startswith(made["id"].rsplit("/", 1)[0])
    assert az.secret("show", "--name", name)["value"] == "two\nlines"


@pytest.mark.timeout(600)
def test_refusals(az):
    az.refused("was not found in this key vault", "keyvault", "secret", "show", "--vault-name", "v1", "--name", unique("none"))
    az.refused("VaultNotFound", "keyvault", "secret", "list", "--vault-name", "none")


@pytest.mark.timeout(600)
def test_other_ways_to_log_in(az, tmp_path):
    azure, key, issuer, app = az.azure, Key(), Key(), unique("app")
    root = azure.server.root
    root.post(f"auth/azure-apps/apps/{app}", {"certificates": key.certificate_pem, "token_policies": "everything", "token_ttl": "1h"}).ok(204)
    root.post("auth/azure-apps/issuers/az", {"issuer": "https://az", "public_keys": [issuer.public_pem]}).ok(204)
    root.post(f"auth/azure-apps/apps/{app}/federated/az", {"issuer": "https://az", "subject": "s"}).ok(204)
    (tmp_path / "app.pem").write_text(key.private_pem + key.certificate_pem)
    name = unique("s")
    for how in (["--certificate", tmp_path / "app.pem"], ["--federated-token", issuer.token(times(iss="https://az", sub="s", aud="api://AzureADTokenExchange"))]):
        one = Az(azure, tmp_path)
        one("login", "--service-principal", "-u", app, *how, "--tenant", TENANT, "--allow-no-subscriptions")
        one.secret("set", "--name", name, "--value", "x")
        one("logout")
        one("cloud", "set", "-n", "AzureCloud")
        one("cloud", "unregister", "-n", "coffer")
    # With settings of its own: `az` keeps tokens by client id, and does not ask again for one that it has.
    (tmp_path / "stranger").mkdir()
    Az(azure, tmp_path / "stranger").refused("AADSTS7000215", "login", "--service-principal", "-u", azure.app[0], "-p", "wrong", "--tenant", TENANT, "--allow-no-subscriptions")
