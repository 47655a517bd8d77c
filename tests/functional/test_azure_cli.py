"""`coffer azure ...`: vaults as objects of their own, and policies in Azure's words."""
import pytest

from azdoor import refused
from harness import unique


def test_vaults(azure):
    vault = unique("cli")
    run = azure.server.cli
    made = run("azure", "vaults", "create", "-soft-delete-days=7", "-format=json", vault)
    assert made.returncode == 0 and '"soft_delete_days": 7' in made.stdout, made
    kv = azure.client(vault)
    assert kv.set_secret("a", "x").properties.recoverable_days == 7
    assert run("azure", "vaults", "read", "-field=recovery_level", vault).stdout.strip() == "CustomizedRecoverable+Purgeable"
    assert run("azure", "vaults", "purge", vault).returncode != 0  # it is not deleted
    assert run("azure", "vaults", "delete", vault).returncode == 0
    with refused(404, "VaultNotFound"):
        kv.get_secret("a")
    assert run("azure", "vaults", "recover", vault).returncode == 0
    assert kv.get_secret("a").value == "x"
    assert run("azure", "vaults", "update", "-purge-protection", vault).returncode == 0
    assert run("azure", "vaults", "update", "-purge-protection=false", vault).returncode != 0
    assert run("azure", "vaults", "delete", vault).returncode == 0
    kept = run("azure", "vaults", "purge", vault)
    assert kept.returncode != 0 and "Purge protection is on" in kept.stderr
    other = unique("cli")
    assert run("azure", "vaults", "create", other).returncode == 0
    assert run("azure", "vaults", "delete", other).returncode == 0
    assert run("azure", "vaults", "purge", other).returncode == 0
    with refused(404, "VaultNotFound"):
        azure.client(other).get_secret("a")
    assert run("azure", "vaults", "create", "No_Label").returncode != 0


OPERATIONS = {
    "get": lambda kv: kv.get_secret("a"), "list": lambda kv: list(kv.list_properties_of_secrets()), "set": lambda kv: kv.set_secret("b", "y"),
    "backup": lambda kv: kv.backup_secret("a"), "restore": lambda kv: kv.restore_secret_backup(kv.kept), "delete": lambda kv: kv.begin_delete_secret("gone"),
    "recover": lambda kv: kv.begin_recover_deleted_secret("back"), "purge": lambda kv: kv.purge_deleted_secret("away"),
}


@pytest.mark.parametrize("words,allowed", [
    (["-permission=get"], {"get"}), (["-permission=list"], {"list"}), (["-permission=set"], {"set"}), (["-permission=delete"], {"delete"}), (["-permission=recover"], {"recover"}),
    (["-permission=purge"], {"purge"}), (["-permission=backup"], {"backup"}), (["-permission=restore"], {"restore"}), (["-role=Key Vault Secrets User"], {"get", "list"}),
    (["-role=b86a8fe4-44ce-4948-aee5-eccb2c155cd7"], set(OPERATIONS))])
def test_policies_permit_what_they_name(azure, words, allowed):
    vault = unique("pol")
    azure.new_vault(vault)
    root = azure.client(vault)
    for name in ("a", "gone", "back", "away", "kept"):
        root.set_secret(name, "x")
    blob = root.backup_secret("kept")
    root.begin_delete_secret("kept").wait()
    root.purge_deleted_secret("kept")
    for name in ("back", "away"):
        root.begin_delete_secret(name).wait()
    printed = azure.server.cli("azure", "policy", *words, vault)
    assert printed.returncode == 0, printed
    kv = azure.client(vault, app=azure.with_policy(printed.stdout))
    kv.kept = blob
    for name, operation in OPERATIONS.items():
        if name in allowed:
            # Waiting for the end of a deletion or recovery takes the right to read it: only its beginning is asked for.
            try:
                operation(kv)
            except Exception as error:
                raise AssertionError(name) from error
        else:
            with refused(403, "Forbidden", "AccessDenied"):
                operation(kv)


def test_policies_of_a_vault_in_a_folder(make_azure):
    azure = make_azure(extra={"vaults": {"team": "secret:team"}})
    azure.client("team").set_secret("a", "x")
    printed = azure.server.cli("azure", "policy", "-permission=get", "-permission=list", "secret:team/")
    assert printed.returncode == 0 and 'path "secret/data/team/+"' in printed.stdout and 'path "secret/metadata/team/"' in printed.stdout, printed
    app = azure.with_policy(printed.stdout)
    kv = azure.client("team", app=app)
    assert kv.get_secret("a").value == "x" and [s.name for s in kv.list_properties_of_secrets()] == ["a"]
    with refused(403, "Forbidden", "AccessDenied"):
        kv.set_secret("a", "y")
    with refused(403, "Forbidden", "AccessDenied"):
        azure.client("secret", app=app).get_secret("a")
    every = azure.client("team", app=azure.with_policy(azure.server.cli("azure", "policy", "-permission=all", "secret:team").stdout))
    blob = every.backup_secret("a")
    every.begin_delete_secret("a").wait()
    every.begin_recover_deleted_secret("a").wait()
    every.begin_delete_secret("a").wait()
    every.purge_deleted_secret("a")
    assert every.restore_secret_backup(blob).name == "a"


def test_unknown_words_are_refused(azure):
    for words in (["-permission=read"], ["-role=Nobody"], []):
        assert azure.server.cli("azure", "policy", *words, "v1").returncode != 0
