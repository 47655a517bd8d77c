"""Azure Key Vault's operations on secrets, as Azure's own library for Python sees them, with its check of the challenge on."""
import datetime

import pytest
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

from azdoor import refused
from harness import unique

UTC = datetime.timezone.utc


@pytest.fixture(scope="module")
def kv(azure):
    return azure.client()


@pytest.fixture
def name():
    return unique("s")


# -- the twelve operations --------------------------------------------------------------------------------------------------
def test_set_and_get(kv, azure, name):
    made = kv.set_secret(name, "s3cret", content_type="text/plain", tags={"a": "1"}, not_before=datetime.datetime(2030, 1, 1, tzinfo=UTC),
                         expires_on=datetime.datetime(2040, 1, 1, tzinfo=UTC))
    assert made.value == "s3cret" and made.name == name and len(made.properties.version) == 32
    assert made.id == f"{azure.url()}/secrets/{name}/{made.properties.version}"
    got = kv.get_secret(name)
    assert (got.value, got.id, got.properties.content_type, got.properties.tags) == ("s3cret", made.id, "text/plain", {"a": "1"})
    assert got.properties.not_before.year == 2030 and got.properties.expires_on.year == 2040 and got.properties.enabled is True
    assert got.properties.recovery_level == "Recoverable+Purgeable" and got.properties.recoverable_days == 90
    assert kv.get_secret(name, made.properties.version).value == "s3cret"


@pytest.mark.parametrize("value", ["", " ", "ä€😀\n\t\"\\", '{"a": 1.0,  "b":2}', "x" * 25600])
def test_values_come_back_to_the_byte(kv, name, value):
    kv.set_secret(name, value)
    assert kv.get_secret(name).value == value


def test_versions(kv, name):
    made = [kv.set_secret(name, str(i)) for i in range(30)]
    assert {v.version for v in kv.list_properties_of_secret_versions(name)} == {m.properties.version for m in made}
    assert kv.get_secret(name).value == "29" and kv.get_secret(name, made[0].properties.version).value == "0"
    assert list(kv.list_properties_of_secret_versions(unique("none"))) == []


def test_update(kv, name):
    first, second = kv.set_secret(name, "1", tags={"a": "1"}), kv.set_secret(name, "2")
    changed = kv.update_secret_properties(name, first.properties.version, enabled=False, content_type="c")
    assert (changed.version, changed.enabled, changed.content_type, changed.tags) == (first.properties.version, False, "c", {"a": "1"})
    with refused(403, "Forbidden", "SecretDisabled", "Operation get is not allowed on a disabled secret."):
        kv.get_secret(name, first.properties.version)
    assert kv.get_secret(name).value == "2"
    kv.update_secret_properties(name, enabled=False)
    with refused(403, "Forbidden", "SecretDisabled"):
        kv.get_secret(name)
    assert kv.update_secret_properties(name, enabled=True, tags={"b": "2"}).tags == {"b": "2"}
    assert kv.get_secret(name).id == second.id


def test_delete_recover_purge(kv, azure, name):
    made = kv.set_secret(name, "x")
    gone = kv.begin_delete_secret(name).result()
    assert gone.recovery_id == f"{azure.url()}/deletedsecrets/{name}" and gone.scheduled_purge_date - gone.deleted_date == datetime.timedelta(days=90)
    with pytest.raises(ResourceNotFoundError):
        kv.get_secret(name)
    with refused(409, "Conflict", "ObjectIsDeletedButRecoverable",
                 f"Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged."):
        kv.set_secret(name, "y")
    assert kv.get_deleted_secret(name).properties.version == made.properties.version
    assert name in [s.name for s in kv.list_deleted_secrets()] and name not in [s.name for s in kv.list_properties_of_secrets()]
    back = kv.begin_recover_deleted_secret(name)
    back.wait()
    assert back.result().updated_on == made.properties.updated_on and kv.get_secret(name).value == "x"
    kv.begin_delete_secret(name).wait()
    kv.purge_deleted_secret(name)
    with refused(404, "SecretNotFound", None, f"Deleted Secret not found: {name}"):
        kv.get_deleted_secret(name)
    assert kv.set_secret(name, "z").value == "z"


def test_lists_in_pages(azure):
    vault = unique("v")
    azure.new_vault(vault)
    kv = azure.client(vault)
    names = {f"n{i}" for i in range(53)}
    for each in names:
        kv.set_secret(each, "x")
    pages = [[s.name for s in page] for page in kv.list_properties_of_secrets(max_page_size=25).by_page()]
    assert [len(p) for p in pages] == [25, 25, 3] and {n for p in pages for n in p} == names
    assert all(s.version is None for s in kv.list_properties_of_secrets())
    for each in names:
        kv.begin_delete_secret(each)
    assert {s.name for s in kv.list_deleted_secrets(max_page_size=7)} == names and list(kv.list_properties_of_secrets()) == []


def test_backup_and_restore(kv, name):
    made = [kv.set_secret(name, str(i), tags={"i": str(i)}) for i in range(3)]
    kv.update_secret_properties(name, made[0].properties.version, content_type="c")
    before = {(p.id, p.created_on, p.updated_on, p.content_type, tuple((p.tags or {}).items())) for p in kv.list_properties_of_secret_versions(name)}
    backup = kv.backup_secret(name)
    with pytest.raises(ResourceExistsError):
        kv.restore_secret_backup(backup)
    kv.begin_delete_secret(name).wait()
    with refused(409, "Conflict"):
        kv.restore_secret_backup(backup)
    kv.purge_deleted_secret(name)
    assert kv.restore_secret_backup(backup).id == made[2].id
    after = {(p.id, p.created_on, p.updated_on, p.content_type, tuple((p.tags or {}).items())) for p in kv.list_properties_of_secret_versions(name)}
    assert after == before and kv.get_secret(name, made[0].properties.version).value == "0"
    with refused(400, "BadParameter"):
        kv.restore_secret_backup(b"nonsense")


def test_a_backup_has_as_many_versions_as_are_kept(azure, kv, name):
    value = "v" * 25_600
    kv.set_secret(name, value, tags={"t": "x" * 256})
    token, target = azure.token(), f"/secrets/{name}?api-version=7.4"
    for i in range(499):
        assert azure.ask("PUT", target, {"value": value[:-3] + f"{i:03}", "tags": {"t": "x" * 256}}, token=token)[0] == 200
    backup = kv.backup_secret(name)
    assert len(backup) > 500 * 25_600
    kv.begin_delete_secret(name).wait()
    kv.purge_deleted_secret(name)
    assert kv.restore_secret_backup(backup).name == name
    assert kv.get_secret(name).value.endswith("498") and len(list(kv.list_properties_of_secret_versions(name))) == 500
    kv.begin_delete_secret(name).wait()
    kv.purge_deleted_secret(name)


# -- names ----------------------------------------------------------------------------------------------------------------
def test_names_are_case_insensitive(kv, name):
    kv.set_secret(name.upper(), "1")
    kv.set_secret(name.lower(), "2")
    assert kv.get_secret(name.title()).value == "2"
    assert [s.name for s in kv.list_properties_of_secrets() if s.name.lower() == name.lower()] == [name.upper()]


def test_one_spelling_goes_and_another_stays(azure, kv, name):
    root, name = azure.server.root, name + "-word"
    for spelling in (name.title(), name.upper()):
        root.post(f"v1/data/{spelling}", {"data": {"value": spelling}}).ok(200)
    kv.begin_delete_secret(name.upper()).wait()
    kv.purge_deleted_secret(name.upper())
    assert kv.get_secret(name.lower()).name == name.title()


# -- errors (each row of the reference that is about secrets) --------------------------------------------------------------
def test_missing(kv, name):
    text = (f"A secret with (name/id) {name} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the "
            "correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182")
    with refused(404, "SecretNotFound", None, text):
        kv.get_secret(name)
    for call in (lambda: kv.begin_delete_secret(name), lambda: kv.update_secret_properties(name, content_type="c"), lambda: kv.backup_secret(name)):
        with refused(404, "SecretNotFound"):
            call()
    for call in (lambda: kv.get_deleted_secret(name), lambda: kv.purge_deleted_secret(name)):
        with refused(404, "SecretNotFound", None, f"Deleted Secret not found: {name}"):
            call()


def test_bad_parameters(kv, azure, name):
    with refused(400, "BadParameter"):
        kv.set_secret(name, "x" * 25601)
    with refused(400, "BadParameter", None, "The request URI contains an invalid name: a_b"):
        kv.set_secret("a_b", "x")
    with refused(400, "BadParameter"):
        kv.set_secret(name, "x", tags={str(i): "v" for i in range(16)})
    token = azure.token()
    for target, body in (("/secrets/a", None), ("/secrets/a?api-version=9", None), ("/secrets?api-version=7.4&maxresults=26", None), ("/secrets?api-version=7.4&maxresults=x", None)):
        status, _, told = azure.ask("GET", target, body, token=token)
        assert (status, told["error"]["code"]) == (400, "BadParameter"), (target, told)
    for body in ("{", "[]", "{}", '{"value":{"a":1}}', '{"value":"x","attributes":{"exp":-1}}', '{"value":"x","tags":3}'):
        status, _, told = azure.ask("PUT", "/secrets/a?api-version=7.4", body, token=token)
        assert (status, told["error"]["code"]) == (400, "BadParameter"), (body, told)


@pytest.mark.parametrize("more,named", [({"value": 5}, "value"), ({"contentType": 5}, "contentType"), ({"tags": "a=b"}, "tags"), ({"tags": {"a": None}}, "tags"), ({"attributes": {"enabled": 0}}, "enabled"),
                                        ({"attributes": {"exp": "1800000000"}}, "exp"), ({"attributes": {"nbf": 1.5}}, "nbf"), ({"attributes": 5}, "attributes")])
def test_types_are_not_converted(azure, name, more, named):
    status, _, told = azure.ask("PUT", f"/secrets/{name}?api-version=7.4", {"value": "x", **more}, token=azure.token())
    assert (status, told["error"]) == (400, {"code": "BadParameter", "message": f"Property {named} has invalid value\r\n"})


def test_a_body_does_not_say_which_version(azure, kv, name):
    first, second = kv.set_secret(name, "1"), kv.set_secret(name, "2")
    status, _, told = azure.ask("PATCH", f"/secrets/{name}?api-version=7.4", {"version": first.properties.version, "path": "other", "contentType": "c"}, token=azure.token())
    assert (status, told["id"], told["contentType"]) == (200, second.id, "c")
    assert kv.get_secret(name, first.properties.version).properties.content_type is None


def test_all_times_come_back(azure, name):
    for method, body in (("PUT", {"value": "x", "attributes": {"nbf": 0, "exp": 253402300799}}), ("GET", None), ("PATCH", {"attributes": {"enabled": True}})):
        told = azure.ask(method, f"/secrets/{name}?api-version=7.4", body, token=azure.token())[2]
        assert (told["attributes"]["nbf"], told["attributes"]["exp"]) == (0, 253402300799), method


def test_limits_count_characters(azure, kv, name):
    made = kv.set_secret(name, "x", content_type="é" * 255, tags={"ä" * 256: "😀" * 256})
    assert (made.properties.content_type, made.properties.tags) == ("é" * 255, {"ä" * 256: "😀" * 256})
    for more in ({"content_type": "é" * 256}, {"tags": {"ä" * 257: ""}}, {"tags": {"a": "😀" * 257}}):
        with refused(400, "BadParameter"):
            kv.set_secret(name, "x", **more)


def test_a_cut_name_is_whole_characters(azure):
    status, _, told = azure.ask("GET", f"/secrets/{'a' * 199}%C3%A9?api-version=7.4", token=azure.token())
    assert (status, told["error"]["message"]) == (400, "The request URI contains an invalid name: " + "a" * 199)


def test_denied(azure, name):
    kv = azure.client()
    kv.set_secret(name, "x")
    reader = azure.client(app=azure.with_policy(f'path "v1/data/{name}" {{ capabilities = ["read"] }}'))
    assert reader.get_secret(name).value == "x"
    for call, permission in ((lambda: reader.set_secret(name, "y"), "set"), (lambda: list(reader.list_properties_of_secrets()), "list"), (lambda: reader.begin_delete_secret(name), "delete"),
                             (lambda: reader.get_secret("other"), "get"), (lambda: reader.backup_secret(name), "backup")):
        with refused(403, "Forbidden", "AccessDenied", f"does not have secrets {permission} permission on key vault 'v1;location=local'"):
            call()
    # Another spelling of a name is not another right.
    with refused(403, "Forbidden", "AccessDenied"):
        reader.get_secret(name.upper())
    upper = unique("S").upper()
    kv.set_secret(upper, "x")
    by_lower = azure.client(app=azure.with_policy(f'path "v1/data/{upper.lower()}" {{ capabilities = ["read"] }}'))
    with refused(403, "Forbidden", "AccessDenied"):
        by_lower.get_secret(upper.lower())


def test_an_address_that_the_token_is_not_bound_to(azure, name):
    root, role = azure.server.root, unique("role")
    root.post(f"auth/token/roles/{role}", {"allowed_policies": "everything", "token_bound_cidrs": "10.0.0.0/8", "orphan": True}).ok(204)
    token = root.post(f"auth/token/create/{role}", {"policies": ["everything"]}).ok(200).auth["client_token"]
    status, _, told = azure.ask("GET", f"/secrets/{name}?api-version=7.4", token=token)
    assert (status, told["error"]["code"], told["error"]["innererror"]) == (403, "Forbidden", {"code": "ForbiddenByFirewall"})
    assert told["error"]["message"].startswith("Client address is not authorized and caller is not a trusted service.\r\nClient address: 127.0.0.1\r\n")
    # Vault's API has no word for it.
    status, _, told = azure.ask("GET", f"/v1/v1/data/{name}", headers={"X-Vault-Token": token})
    assert (status, told) == (403, {"errors": ["permission denied"]})


def test_purge_protection(azure):
    vault = unique("v")
    azure.new_vault(vault, soft_delete_days=7, purge_protection=True)
    kv = azure.client(vault)
    assert kv.set_secret("a", "x").properties.recovery_level == "CustomizedRecoverable"
    gone = kv.begin_delete_secret("a").result()
    assert gone.scheduled_purge_date - gone.deleted_date == datetime.timedelta(days=7)
    with refused(403, "Forbidden", None, "purge protection is enabled"):
        kv.purge_deleted_secret("a")
    azure.server.root.delete(f"{vault}/metadata/a").refused(400, "purge protection")
    kv.begin_recover_deleted_secret("a").wait()
    assert kv.get_secret("a").value == "x"


def test_vaults_that_are_not_there(azure):
    with refused(404, "VaultNotFound"):
        azure.client("nowhere").get_secret("a")
    vault = unique("v")
    azure.new_vault(vault)
    kv = azure.client(vault)
    kv.set_secret("a", "x")
    azure.server.root.delete(f"{vault}/azure").ok(200)
    with refused(404, "VaultNotFound"):
        kv.get_secret("a")
    azure.server.root.post(f"{vault}/azure/recover").ok(200)
    assert kv.get_secret("a").value == "x"
    for target in ("/keys/a?api-version=7.4", "/certificates?api-version=7.4", "/storage?api-version=7.4"):
        assert azure.ask("GET", target, token=azure.token())[0] == 404


# -- wire -----------------------------------------------------------------------------------------------------------------
def test_forms_of_urls(azure, kv, name):
    kv.set_secret(name, "x")
    token = azure.token()
    for target in (f"/secrets/{name}/?api%2Dversion=2025-07-01", f"/secrets/{name}/%2F?api-version=7.6-preview.2", f"//secrets//{name}?api-version=2016-10-01"):
        status, headers, told = azure.ask("GET", target, token=token, headers={"x-ms-client-request-id": "c1"})
        assert (status, told["value"]) == (200, "x"), target
        assert headers["x-ms-client-request-id"] == "c1" and headers["x-ms-request-id"] and headers["Content-Type"] == "application/json; charset=utf-8"
        assert headers["Cache-Control"] == "no-cache" and headers["X-Content-Type-Options"] == "nosniff"
        assert headers["x-ms-keyvault-network-info"] == "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;"
    assert azure.ask("GET", "/secrets/none-of-it/versions?api-version=7.4", token=token)[2] == {"value": [], "nextLink": None}


def test_an_empty_port_is_none(azure, kv, name):
    kv.set_secret(name, "x")
    status, _, told = azure.ask("GET", f"/secrets/{name}?api-version=7.4", host="v1.vault.test", token=azure.token(), with_port=False, headers={"Host": "v1.vault.test:"})
    assert (status, told["value"]) == (200, "x") and told["id"].startswith("https://v1.vault.test/secrets/")


def test_audit_tells_the_operation_and_no_value(azure, kv, name):
    kv.set_secret(name, "canary-" + name)
    kv.get_secret(name)
    with open(azure.server.audit_path, encoding="utf-8") as file:
        log = file.read()
    assert f"v1/data/{name}" in log and "canary-" not in log


def test_a_restart_keeps_what_is_deleted(make_azure):
    azure = make_azure(storage="rocksdb")
    kv = azure.client()
    kv.set_secret("a", "x")
    gone = kv.begin_delete_secret("a").result()
    azure.server.restart(kill=True)
    again = azure.client()
    assert again.get_deleted_secret("a").scheduled_purge_date == gone.scheduled_purge_date
    again.begin_recover_deleted_secret("a").wait()
    assert again.get_secret("a").value == "x"


# -- states of the server -------------------------------------------------------------------------------------------------
def test_throttled(azure):
    vault = unique("v")
    azure.new_vault(vault)
    token, quota, host = azure.token(), unique("q"), f"{vault}.vault.test"
    azure.server.root.post(f"sys/quotas/rate-limit/{quota}", {"path": f"{vault}/", "rate": 1, "interval": "1h"}).ok(204)
    answers = [azure.ask("GET", "/secrets/a?api-version=7.4", host=host, token=token) for _ in range(3)]
    assert [a[0] for a in answers[1:]] == [429, 429]
    _, headers, told = answers[-1]
    assert told["error"]["code"] == "Throttled" and "VaultRequestTypeLimitReached" in told["error"]["message"] and headers["Retry-After"]
    azure.server.root.delete(f"sys/quotas/rate-limit/{quota}").ok(204)
    # Where tokens are given too.
    azure.server.root.post(f"sys/quotas/rate-limit/{quota}", {"path": "auth/approle/login", "rate": 1, "interval": "1h"}).ok(204)
    answers = [azure.ask("POST", "/adfs/oauth2/token", "grant_type=client_credentials&client_id=a&client_secret=b", host="login.vault.test") for _ in range(3)]
    azure.server.root.delete(f"sys/quotas/rate-limit/{quota}").ok(204)
    assert [a[0] for a in answers[1:]] == [429, 429] and answers[-1][1]["Retry-After"]


def test_sealed(make_azure):
    azure = make_azure()
    token = azure.token()
    azure.server.root.put("sys/seal").ok(204)
    status, _, told = azure.ask("GET", "/secrets/a?api-version=7.4", token=token)
    assert (status, told["error"]["code"]) == (503, "ServiceUnavailable")
    assert azure.ask("GET", "/secrets/a?api-version=7.4")[0] == 401
    # Where tokens are given is no secret.
    status, _, told = azure.ask("GET", "/adfs/.well-known/openid-configuration", host="login.vault.test")
    assert status == 200 and told["token_endpoint"].endswith("/adfs/oauth2/token")
    assert azure.ask("POST", "/adfs/oauth2/token", "grant_type=client_credentials&client_id=a&client_secret=b", host="login.vault.test")[0] == 503
