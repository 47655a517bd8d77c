"""The command line against a real server: Vault's commands and formats, exit codes, and the friendly verbs."""
import json
import os
import re
import subprocess

import pytest

from harness import SLOW, unique


@pytest.fixture
def cli(server):
    return server.cli


def test_status_and_exit_codes(own):
    out = own.cli("status", token=None)
    assert out.returncode == 0
    for line in (r"^Seal Type +shamir$", r"^Initialized +true$", r"^Sealed +false$", r"^Total Shares +1$", r"^Threshold +1$", r"^Version +1\.18\.5$"):
        assert re.search(line, out.stdout, re.M), (line, out.stdout)
    own.root.put("sys/seal").ok(204)
    assert own.cli("status", token=None).returncode == 2
    assert own.cli("status", "-address=https://127.0.0.1:1", token=None).returncode == 1
    assert own.cli("nonesuch").returncode != 0


def test_formats_and_fields(cli, kv2):
    assert cli("kv", "put", f"-mount={kv2}", "app", "user=ann", "port=5432").returncode == 0
    got = json.loads(cli("kv", "get", "-format=json", f"-mount={kv2}", "app").stdout)
    assert got["data"]["data"] == {"user": "ann", "port": "5432"}
    field = cli("kv", "get", "-field=user", f"-mount={kv2}", "app")
    assert field.stdout == "ann\n" or field.stdout == "ann"
    assert "user: ann" in cli("kv", "get", "-format=yaml", f"{kv2}/app").stdout
    table = cli("kv", "get", f"{kv2}/app").stdout
    assert re.search(r"^user +ann$", table, re.M) and "Metadata" in table
    missing = cli("kv", "get", f"{kv2}/none")
    assert missing.returncode == 2 and "No value found" in missing.stderr


def test_kv_verbs(cli, kv2):
    for i in (1, 2):
        assert cli("kv", "put", f"{kv2}/a", f"v={i}").returncode == 0
    assert cli("kv", "put", "-cas=1", f"{kv2}/a", "v=3").returncode == 2
    assert cli("kv", "patch", f"{kv2}/a", "w=x").returncode == 0
    assert json.loads(cli("kv", "get", "-format=json", "-version=3", f"{kv2}/a").stdout)["data"]["data"] == {"v": "2", "w": "x"}
    assert cli("kv", "delete", f"{kv2}/a").returncode == 0
    assert cli("kv", "undelete", "-versions=3", f"{kv2}/a").returncode == 0
    assert cli("kv", "rollback", "-version=1", f"{kv2}/a").returncode == 0
    assert json.loads(cli("kv", "get", "-format=json", f"{kv2}/a").stdout)["data"]["data"] == {"v": "1"}
    assert json.loads(cli("kv", "list", "-format=json", kv2).stdout) == ["a"]
    assert cli("kv", "metadata", "put", "-max-versions=5", "-custom-metadata=o=me", f"{kv2}/a").returncode == 0
    assert json.loads(cli("kv", "metadata", "get", "-format=json", f"{kv2}/a").stdout)["data"]["custom_metadata"] == {"o": "me"}
    assert cli("kv", "destroy", "-versions=1", f"{kv2}/a").returncode == 0
    assert cli("kv", "metadata", "delete", f"{kv2}/a").returncode == 0


def test_plain_verbs(cli, kv1):
    assert cli("write", f"{kv1}/a", "v=1").stdout.strip() == f"Success! Data written to: {kv1}/a"
    assert json.loads(cli("read", "-format=json", f"{kv1}/a").stdout)["data"] == {"v": "1"}
    assert json.loads(cli("list", "-format=json", kv1).stdout) == ["a"]
    assert cli("write", f"{kv1}/j", "-", stdin='{"n": 1.0}').returncode == 0
    assert cli("delete", f"{kv1}/a").returncode == 0
    assert cli("read", f"{kv1}/a").returncode == 2


def test_tokens_policies_mounts(cli, root):
    name, mount = unique("p"), unique("m")
    assert cli("policy", "write", name, "-", stdin='path "a" { capabilities = ["read"] }').returncode == 0
    assert name in cli("policy", "list").stdout and 'path "a"' in cli("policy", "read", name).stdout
    made = json.loads(cli("token", "create", "-format=json", f"-policy={name}", "-ttl=1h").stdout)["auth"]
    assert name in made["policies"]
    assert json.loads(cli("token", "lookup", "-format=json", made["client_token"]).stdout)["data"]["accessor"] == made["accessor"]
    assert "read" in cli("token", "capabilities", made["client_token"], "a").stdout
    assert cli("token", "revoke", made["client_token"]).returncode == 0
    assert cli("secrets", "enable", f"-path={mount}", "-version=2", "kv").returncode == 0
    assert f"{mount}/" in cli("secrets", "list").stdout
    assert cli("secrets", "tune", "-default-lease-ttl=1h", mount).returncode == 0
    assert cli("secrets", "move", mount, f"{mount}-moved").returncode == 0
    assert cli("secrets", "disable", f"{mount}-moved").returncode == 0
    assert cli("auth", "enable", f"-path={mount}", "userpass").returncode == 0
    assert cli("write", f"auth/{mount}/users/ann", "password=long enough").returncode == 0
    assert cli("auth", "disable", mount).returncode == 0


def test_login_keeps_a_token(own):
    own.root.post("sys/auth/userpass", {"type": "userpass"}).ok(204)
    own.root.post("auth/userpass/users/ann", {"password": "long enough"}).ok(204)
    out = own.cli("login", "-method=userpass", "username=ann", "password=long enough", token=None)
    assert out.returncode == 0, out
    path = f"{own.folder}/.vault-token"
    assert os.path.exists(path) and oct(os.stat(path).st_mode)[-3:] == "600"
    assert json.loads(own.cli("token", "lookup", "-format=json", token=None).stdout)["data"]["display_name"] == "userpass-ann"


@pytest.mark.parametrize("flag", ["-output-curl-string", "-output-policy"])
def test_a_login_that_is_shown_is_none(own, flag):
    path = f"{own.folder}/.vault-token"
    out = own.cli("login", flag, own.root_token, token=None)
    assert out.returncode == 0 and "auth/token/lookup-self" in out.stdout and own.root_token not in out.stdout + out.stderr, out
    for silent in (["-token-only", own.root_token], [f"token={own.root_token}", "lookup=false"]):
        out = own.cli("login", flag, *silent, token=None)
        assert out.returncode == 1 and "makes no request" in out.stderr and own.root_token not in out.stdout + out.stderr, out
    assert not os.path.exists(path)
    assert own.cli("login", "-no-print", "-wrap-ttl=60", own.root_token, token=None).returncode == 0
    with open(path, encoding="utf-8") as kept:
        assert kept.read().strip() == own.root_token


def test_revoking_by_prefix_with_a_slash_at_its_end(own):
    first, second = own.root.new_token(), own.root.new_token()
    for flags, token in ((["-prefix", "-sync"], first), (["-prefix", "-force"], second)):
        out = own.cli("lease", "revoke", *flags, "auth/token/create/")
        assert out.returncode == 0, out
        own.root.get("auth/token/lookup-self", token=token).refused(403, "invalid token")


def test_what_is_shown_is_safe_to_paste(server, tmp_path):
    """A value that holds what a shell would run is text in the line that is shown."""
    bad = f'"$(touch {tmp_path}/1)`touch {tmp_path}/2`\\'
    fake = tmp_path / "curl"
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    fake.chmod(0o755)
    for named in (["-header", f"x-note={bad}"], ["-namespace", bad]):
        out = server.cli("read", "-output-curl-string", *named, "secret/$(touch x)", env={"VAULT_ADDR": f"https://h$(touch {tmp_path}/3):8200"})
        assert out.returncode == 0, out
        ran = subprocess.run(["sh", "-c", out.stdout], capture_output=True, text=True, check=False, cwd=tmp_path,
                             env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
        assert bad in ran.stdout, ran
    assert [p.name for p in tmp_path.iterdir()] == ["curl"]
    assert '-H "X-Vault-Request: true"' in server.cli("read", "-output-curl-string", "secret/a").stdout


def test_slashes_are_cleaned(cli, kv2, root):
    """As Vault's command does; the server takes one spelling alone."""
    root.post(f"{kv2}/data/a/b", {"data": {"v": "1"}}).ok(200)
    for path in (f"{kv2}//a/b", f"/{kv2}/a//b", f"//{kv2}///a/b//"):
        assert cli("kv", "get", "-field=v", path).stdout.strip() == "1", path
    assert cli("kv", "get", "-field=v", f"-mount=/{kv2}//", "//a//b").stdout.strip() == "1"
    assert cli("read", "-format=json", f"{kv2}//data//a/b").returncode == 0
    assert cli("read", f"{kv2}/data/a/../b").returncode == 2 and cli("read", f"{kv2}/./data/a").returncode == 2


def test_settings_that_cannot_be(cli):
    out = cli("read", "secret/a", env={"VAULT_ADDR": "bad://x"})
    assert out.returncode == 1 and 'unsupported scheme "bad"' in out.stderr, out
    out = cli("read", "secret/a", env={"VAULT_MAX_RETRIES": "many"})
    assert out.returncode == 1 and "VAULT_MAX_RETRIES is no number: many" in out.stderr, out


CEREMONIES = ("/sys/rekey/", "/sys/rekey-recovery-key/", "/sys/generate-root/", "/sys/generate-root-token/")  # they ask for sudo by themselves


def test_policies_that_are_shown_say_sudo_where_the_server_does(cli, root):
    paths = root.get("sys/internal/specs/openapi").ok(200).json["paths"]
    seen, wrong = 0, []
    for path, item in paths.items():
        if not path.startswith(("/sys/", "/auth/token/", "/cubbyhole/")):
            continue
        for method in ("get", "post", "patch", "delete"):
            if method not in item:
                continue
            sudo = item.get("x-vault-sudo", False) or item[method].get("x-vault-sudo", False) or path.startswith(CEREMONIES)
            lists = [p for p in item[method].get("parameters", []) if p["name"] == "list"]
            verb = {"post": ["write", "-force"], "patch": ["patch"], "delete": ["delete"]}.get(method) or ["list" if lists and lists[0]["required"] else "read"]
            concrete = re.sub(r"\{[^}]*\}", "x", path.strip("/"))
            out = cli(*verb, "-output-policy", concrete, *(["a=b"] if method == "patch" else []))
            assert out.returncode == 0 and f'path "{concrete}"' in out.stdout, out
            seen += 1
            if ('"sudo"' in out.stdout) != sudo:
                wrong.append((method, path, sudo))
    assert seen > 100 and not wrong, wrong


def test_wrapping(cli, kv1):
    assert cli("write", f"{kv1}/a", "v=1").returncode == 0
    token = cli("read", "-wrap-ttl=60", "-field=wrapping_token", f"{kv1}/a").stdout.strip()
    assert json.loads(cli("unwrap", "-format=json", token).stdout)["data"] == {"v": "1"}


def test_called_vault_or_bao(cli):
    for program in ("vault", "bao"):
        assert re.search(r"^Sealed +false$", cli("status", program=program).stdout, re.M)


def test_denied_says_what_is_missing(server, root, kv2):
    """Under its own name the program asks the server why, with the caller's own token; Vault's commands say what Vault says."""
    name = unique("p")
    root.put(f"sys/policies/acl/{name}", {"policy": f'path "{kv2}/data/b" {{ capabilities = ["read"] }}'}).ok(204)
    token = root.new_token([name])
    out = server.cli("kv", "get", f"{kv2}/a", token=token)
    assert out.returncode == 2 and "permission denied" in out.stderr
    for part in (f"Permission denied: read of {kv2}/data/a: ", f'Closest rule: {kv2}/data/b [read] in policy "{name}"', f'Needs: path "{kv2}/data/a" {{ capabilities = ["read"] }}'):
        assert part in out.stderr, out.stderr
    friendly = server.cli("set", f"{kv2}/b", "v=1", token=token)
    assert friendly.returncode == 2 and friendly.stderr.startswith("Denied: ") and f"{kv2}/data/b" in friendly.stderr, friendly
    plain = server.cli("kv", "get", f"{kv2}/a", token=token, program="vault")
    assert plain.returncode == 2 and "permission denied" in plain.stderr and name not in plain.stderr
    out = server.cli("kv", "get", f"{kv2}/a", token="hvs.unknown")  # a token that is none: nothing to explain
    assert out.returncode == 2 and "Code: 403" in out.stderr and "Needs:" not in out.stderr, out


def test_why(server, root, kv2):
    name = unique("p")
    root.put(f"sys/policies/acl/{name}", {"policy": f'path "{kv2}/data/b/*" {{ capabilities = ["read"] }}'}).ok(204)
    auth = root.post("auth/token/create", {"policies": [name], "ttl": "1h"}).ok(200).auth
    for command in (["why"], ["policy", "why"]):
        out = server.cli(*command, "update", f"{kv2}/data/b/c", token=auth["client_token"])
        assert out.returncode == 0 and out.stdout.startswith(f"Denied: update of {kv2}/data/b/c: ") and f'{kv2}/data/b/* [read] in policy "{name}"' in out.stdout, out
        assert server.cli(*command, f"{kv2}/data/b/c", token=auth["client_token"]).stdout.startswith("Allowed: read ")
    both = server.cli("why", "-capability=read", "-capability=delete", "-format=json", f"{kv2}/data/b/c", token=auth["client_token"])
    assert [d["allowed"] for d in json.loads(both.stdout)["decisions"]] == [True, False]
    of_another = server.cli("why", f"-accessor={auth['accessor']}", f"{kv2}/data/a")
    assert of_another.returncode == 0 and of_another.stdout.startswith("Denied: read "), of_another
    refused = server.cli("why", f"-accessor={auth['accessor']}", f"{kv2}/data/a", token=root.new_token())
    assert refused.returncode == 2 and "permission denied" in refused.stderr


def test_friendly_verbs(cli, kv2):
    assert cli("set", f"{kv2}/app/db", "url=postgres://x", "user=ann").returncode == 0
    assert cli("set", f"{kv2}/app/db", "user=bob").returncode == 0
    got = json.loads(cli("get", "-format=json", f"{kv2}/app/db").stdout)
    assert got["data"]["data"] == {"url": "postgres://x", "user": "bob"}, "set merges"
    assert "app/db" in cli("ls", "-R", kv2).stdout
    assert cli("cp", f"{kv2}/app/db", f"{kv2}/app/copy").returncode == 0
    assert cli("mv", f"{kv2}/app/copy", f"{kv2}/app/moved").returncode == 0
    assert cli("get", f"{kv2}/app/copy").returncode != 0
    assert "app/moved" in cli("find", kv2, "moved").stdout
    assert cli("diff", f"{kv2}/app/db").returncode in (0, 1)
    assert cli("undo", f"{kv2}/app/db").returncode == 0
    assert json.loads(cli("get", "-format=json", f"{kv2}/app/db").stdout)["data"]["data"]["user"] == "ann"


def test_run_injects_and_masks(cli, kv2):
    assert cli("set", f"{kv2}/app", "API_KEY=canary-value-1234").returncode == 0
    out = cli("run", f"{kv2}/app", "--", "sh", "-c", 'test "$API_KEY" = canary-value-1234 && echo "key is $API_KEY"; exit 7')
    assert out.returncode == 7 and "canary-value-1234" not in out.stdout and "key is" in out.stdout, out


def test_export_and_import(cli, kv2):
    assert cli("set", f"{kv2}/app", "A=1", "B=two words").returncode == 0
    text = cli("export", "-format=env", f"{kv2}/app").stdout
    assert "A=" in text and "two words" in text
    assert cli("import", f"{kv2}/again", "-", stdin=text).returncode == 0
    assert json.loads(cli("kv", "get", "-format=json", f"{kv2}/again").stdout)["data"]["data"] == {"A": "1", "B": "two words"}


def test_completion(cli):
    for shell in ("bash", "zsh", "fish"):
        out = cli("completion", shell, token=None)
        assert out.returncode == 0 and "coffer" in out.stdout


def test_operator_ceremonies(make_server):
    server = make_server(start=False, storage="rocksdb").spawn()
    made = json.loads(server.cli("operator", "init", "-key-shares=3", "-key-threshold=2", "-format=json", token=None).stdout)
    assert len(made["unseal_keys_b64"]) == 3 and made["root_token"].startswith("hvs.")
    for key in made["unseal_keys_b64"][:2]:
        assert server.cli("operator", "unseal", key, token=None).returncode == 0
    token = made["root_token"]
    assert server.cli("operator", "rotate", token=token).returncode == 0
    assert "2" in server.cli("operator", "key-status", token=token).stdout
    assert server.cli("operator", "seal", token=token).returncode == 0


def test_audit_tail_and_verify(own):
    own.enable_audit()
    plain = own.root.new_token()
    own.root.get("sys/mounts", token=plain).refused(403)
    own.root.get("sys/internal/ui/mounts/none").refused(403)
    own.cli("kv", "list", "none")
    tail = own.cli("audit", "tail", own.audit_path, token=None, timeout=20)
    assert tail.returncode == 0 and re.search(r"denied +read +sys/mounts ", tail.stdout), tail
    denied = own.cli("audit", "tail", "-outcome=denied", own.audit_path, token=None).stdout.splitlines()
    assert len(denied) == 1 and "sys/mounts " in denied[0], denied
    assert own.cli("audit", "search", "-path=sys/mounts", own.audit_path, token=None).returncode == 0
    assert own.cli("audit", "search", "-path=never/asked", own.audit_path, token=None).returncode == 1
    assert own.cli("audit", "verify", own.audit_path, token=None).returncode == 0


def test_help_and_unknown_words(cli):
    whole = cli("--help", token=None)
    assert whole.returncode == 0 and "coffer run secret/app" in whole.stdout
    own, plain = cli("kv", "put", "-h", token=None).stdout, cli("kv", "put", "-h", token=None, program="vault").stdout
    assert own.index("$ coffer kv put") < own.index("-cas") and "-tls-skip-verify" not in own, "examples and the command's own options first"
    assert -1 < plain.find("HTTP Options:") < plain.find("Command Options:"), plain
    assert "-tls-skip-verify" in cli("help", "options", token=None).stdout
    typo = cli("raed", "x")
    assert typo.returncode == 1 and 'Did you mean "coffer read"?' in typo.stderr
    assert cli("raed", "x", program="vault").returncode == 127
    for group in ("policy", "kv"):
        shown = cli(group, "foo", program="vault", token=None)
        assert shown.returncode == 1 and shown.stdout == "" and f"Usage: vault {group} <subcommand>" in shown.stderr, shown


@pytest.mark.skipif(SLOW > 1, reason="measures time")
def test_it_starts_quickly(server):
    """Under 30 ms of its own; the fastest of several."""
    best = min(_processor_time(server.binary) for _ in range(15))
    assert best < 0.03, f"{best * 1000:.0f} ms"


def _processor_time(binary):
    """Seconds that a process used itself, user and system: other work on this machine does not count."""
    process = subprocess.Popen([binary, "version"], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime
