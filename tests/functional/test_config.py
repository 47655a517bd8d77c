"""Configuration, start-up, TLS and dev mode: what starts, what is refused, and what the message says."""
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import time

import pytest

from harness import BINARY, SLOW, Answer, Client, free_port, make_certificate, wait_until


def run(arguments, folder, seconds=10, env=None):
    """Runs the program to its end (or `seconds`): (exit status or None, output)."""
    process = subprocess.Popen([BINARY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder,
                               env={"PATH": os.environ["PATH"], "HOME": str(folder), **(env or {})})
    try:
        return process.wait(seconds * SLOW), process.stdout.read()
    except subprocess.TimeoutExpired:
        process.kill()
        return None, process.communicate()[0]


def refused(tmp_path, text, name="config.hcl"):
    """What a server says that is given this configuration; it must end by itself."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    status, output = run(["server", f"-config={path}"], tmp_path)
    assert status not in (0, None), f"it did not refuse: {output}"
    assert status > 0, f"ended by a signal: {output}"
    return output


@pytest.mark.parametrize(("text", "words"), [
    ('storage "inmem" {}\ndisable_mlock = true\n', ["listener"]),
    ('storage "inmem" {}\nlistener "tcp" { address = "127.0.0.1:0" }\n', ["tls"]),
    ('storage "inmem" {}\nlistner "tcp" { address = "127.0.0.1:0" }\n', ["listner", "listener", "2"]),
    ('storage "inmem" {}\nlistener "tcp" {\n  adress = "127.0.0.1:0"\n  tls_disable = true\n}\n', ["adress", "address", "3"]),
    ('storage "inmem" {\nlistener "tcp" { tls_disable = true }\n', ["config.hcl"]),
    ('storage "nonesuch" {}\nlistener "tcp" { address = "127.0.0.1:0" tls_disable = true }\n', ["nonesuch", "rocksdb"]),
    ('storage "inmem" {}\nlistener "tcp" { address = "127.0.0.1:0" tls_cert_file = "/no/such.pem" tls_key_file = "/no/such-key.pem" }\n', ["/no/such.pem"]),
    ('storage "inmem" {}\nlistener "tcp" { address = "127.0.0.1:0" tls_disable = true }\ndefault_lease_ttl = "soon"\n', ["default_lease_ttl", "soon"]),
])
def test_a_wrong_config_names_line_cause_and_mend(tmp_path, text, words):
    output = refused(tmp_path, text)
    for word in words:
        assert word in output, f"{word!r} is not in: {output}"


def test_broken_json(tmp_path):
    output = refused(tmp_path, '{"storage": {"inmem": {}},\n "listener": }', "config.json")
    assert "config.json" in output and "2" in output
    assert "nosuch" in refused(tmp_path, json.dumps({"storage": {"inmem": {}}, "listener": {"tcp": {"address": "127.0.0.1:0", "tls_disable": True}}, "nosuch": 1}), "unknown.json")


def test_a_missing_config(tmp_path):
    status, output = run(["server", f"-config={tmp_path}/none.hcl"], tmp_path)
    assert status and "none.hcl" in output


def test_no_secret_of_a_config_is_printed(tmp_path):
    output = refused(tmp_path, 'storage "inmem" {}\nseal "static" { current_key = "canary-in-config" current_key_id = 5 }\nlistner "tcp" {}\n')
    assert "canary-in-config" not in output


HCL = '''
# Vault's own spelling, with things that have no effect here.
ui            = true
disable_mlock = true
api_addr      = "https://127.0.0.1:{port}"
cluster_addr  = "https://127.0.0.1:{cluster}"
pid_file      = "{folder}/server.pid"
log_level     = "info"
default_lease_ttl = "768h"
max_lease_ttl     = "768h"
plugin_directory  = "/tmp"
raw_storage_endpoint = true
introspection_endpoint = true

storage "{storage}" {{
  path = "{folder}/data"
  {more}
}}
'''
LISTENER = '''
listener "tcp" {{
  address       = "127.0.0.1:{port}"
  tls_cert_file = "cert.pem"
  tls_key_file  = "cert-key.pem"
}}
'''


@pytest.mark.parametrize(("storage", "more"), [("rocksdb", ""), ("file", ""), ("raft", 'node_id = "n1"')])
def test_vaults_config_starts_unchanged(make_server, storage, more):
    """HCL in several files of a folder, relative certificate paths, stanzas of an existing Vault."""
    server = make_server(start=False, storage="rocksdb")
    folder = f"{server.folder}/config.d"
    os.makedirs(folder)
    fill = {"port": server.port, "cluster": server.port + 1, "folder": server.folder, "storage": storage, "more": more}
    for name, text in (("1-main.hcl", HCL), ("2-listener.hcl", LISTENER)):
        with open(f"{folder}/{name}", "w", encoding="utf-8") as out:
            out.write(text.format(**fill))
    with open(server.log_path, "w", encoding="utf-8") as log:
        server.process = subprocess.Popen([server.binary, "server", f"-config={folder}"], stdout=log, stderr=log, cwd=server.folder)
    wait_until(lambda: _health(server) == 501, what="the listener")
    server.init()
    server.unseal()
    server.root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    with open(f"{server.folder}/server.pid", encoding="ascii") as file:
        assert int(file.read()) == server.process.pid
    assert server.terminate() == 0 and not os.path.exists(f"{server.folder}/server.pid")
    if storage != "rocksdb":
        assert storage in server.log() and "embedded" in server.log(), "it says that the embedded store is used"


def _health(server):
    try:
        return server.client().get("sys/health").status
    except OSError:
        return None


def test_empty_environment_counts_as_unset(make_server):
    server = make_server(start=False, env={"VAULT_ADDR": "", "VAULT_TOKEN": "", "BAO_ADDR": "", "BAO_TOKEN": ""})
    server.start()
    out = server.cli("status", token=None, env={"VAULT_TOKEN": "", "BAO_ADDR": "", "VAULT_NAMESPACE": ""})
    assert out.returncode == 0 and re.search(r"^Sealed +false$", out.stdout, re.M), out


def test_plain_http_beyond_loopback_is_warned_of(make_server):
    server = make_server(start=False, tls=False)
    server.config["listener"]["tcp"]["address"] = f"0.0.0.0:{server.port}"
    server.write_config()
    server.spawn()
    assert "warn" in server.log() and "0.0.0.0" in server.log()


# -- TLS ---------------------------------------------------------------------------------------------------------------
def handshake(server, context):
    import socket

    with socket.create_connection(("127.0.0.1", server.port), 10) as plain, context.wrap_socket(plain, server_hostname="localhost") as sock:
        return sock.version(), sock.cipher(), sock.getpeercert(binary_form=True)


def test_versions_and_ciphers(server):
    """TLS 1.2 and 1.3 with forward secrecy; nothing older (S02, S04)."""
    for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
        context = ssl.create_default_context(cafile=server.cafile)
        context.minimum_version = context.maximum_version = version
        shown, cipher, _ = handshake(server, context)
        assert shown == name and ("ECDHE" in cipher[0] or name == "TLSv1.3")
    for ciphers in ("AES128-GCM-SHA256:AES256-SHA:AES128-SHA", "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES256-SHA"):
        context = ssl.create_default_context(cafile=server.cafile)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
        with pytest.raises((ssl.SSLError, ConnectionError, OSError)):
            handshake(server, context)
    old = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_1", "-cipher", "ALL@SECLEVEL=0"], input="", capture_output=True, text=True, check=False, timeout=60)
    assert "Cipher is ECDHE" not in old.stdout


def test_rsa_certificate(make_server):
    server = make_server(start=False)
    make_certificate(server.folder, algorithm="rsa")
    server.root = server.client()
    server.start()
    server.root.get("sys/mounts").ok(200)


def test_client_certificates_are_asked_for_and_not_verified(server, tmp_path):
    """hvac sends one on every call, an expired one too."""
    cert, key = make_certificate(tmp_path, "client", days=1, subject="/CN=stranger")
    context = ssl.create_default_context(cafile=server.cafile)
    context.load_cert_chain(cert, key)
    handshake(server, context)
    answer = subprocess.run(["curl", "-sS", "--cacert", server.cafile, "--cert", cert, "--key", key, f"https://localhost:{server.port}/v1/sys/health"],
                            capture_output=True, text=True, check=False, timeout=60)
    assert json.loads(answer.stdout)["initialized"] is True, answer


def test_a_new_certificate_is_taken_at_hup(own):
    context = ssl.create_default_context(cafile=own.cafile)
    before = handshake(own, context)[2]
    with own.raw_socket() as kept:
        make_certificate(own.folder)
        own.process.send_signal(signal.SIGHUP)
        wait_until(lambda: _der(own) != before, what="the new certificate")
        kept.sendall(b"GET /v1/sys/health HTTP/1.1\r\nHost: a\r\n\r\n")
        kept.settimeout(20 * SLOW)
        assert kept.recv(4096).startswith(b"HTTP/1.1 200"), "open connections go on"


def _der(server):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return handshake(server, context)[2]


def test_a_broken_certificate_leaves_the_old_one(own):
    before = _der(own)
    with open(f"{own.folder}/cert.pem", "w", encoding="utf-8") as out:
        out.write("broken")
    own.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "cert.pem" in own.log(), what="a word about it")
    assert _der(own) == before


def test_plain_http_to_a_tls_port(server):
    client = Client(server.port, None)
    try:
        answer = client.get("sys/health")
    except OSError:
        return
    except Exception as error:  # noqa: BLE001 (any broken reply of http.client)
        assert "BadStatusLine" in type(error).__name__ or "RemoteDisconnected" in type(error).__name__
        return
    assert answer.status == 400


def test_unix_socket(make_server, tmp_path):
    import http.client
    import socket

    server = make_server(start=False)
    path = f"{server.folder}/coffer.sock"
    server.config["listener"] = [{"tcp": server.config["listener"]["tcp"]}, {"unix": {"address": path}}]
    server.write_config()
    server.start()
    assert oct(os.stat(path).st_mode)[-3:] == "600"
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(path)
    connection.request("GET", "/v1/sys/health")
    reply = connection.getresponse()
    assert Answer(reply.status, reply.headers, reply.read()).json["initialized"] is True


# -- dev mode ----------------------------------------------------------------------------------------------------------
class Dev:
    """A dev server; its output goes to a file, as test suites of clients do it."""

    def __init__(self, folder, *arguments, program=BINARY):
        self.folder, self.port, self.out = str(folder), free_port(), f"{folder}/dev.log"
        with open(self.out, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen([program, "server", "-dev", f"-dev-listen-address=127.0.0.1:{self.port}", *arguments], stdout=out, stderr=subprocess.STDOUT, cwd=folder,
                                            env={"PATH": os.environ["PATH"], "HOME": self.folder})

    def text(self):
        with open(self.out, encoding="utf-8") as file:
            return file.read()

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@pytest.fixture
def dev(tmp_path):
    made = []

    def make(*arguments, **more):
        made.append(Dev(tmp_path, *arguments, **more))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def test_dev_mode(dev):
    server = dev("-dev-root-token-id=root")
    wait_until(lambda: "Root Token: root" in server.text(), what="the root token's line")
    text = server.text()
    key = re.search(r"^Unseal Key: ([A-Za-z0-9+/=]{44})$", text, re.M)
    assert key and re.search(r"^Root Token: root$", text, re.M)
    assert not re.search(r"Unseal Key.*: ", text[: key.start()])
    assert f"export VAULT_ADDR='http://127.0.0.1:{server.port}'" in text
    client = Client(server.port, None, "root")
    client.post("secret/data/a", {"data": {"v": "1"}}).ok(200)
    assert client.get("sys/mounts").data["secret/"]["options"] == {"version": "2"}
    with open(f"{server.folder}/.vault-token", encoding="utf-8") as file:
        assert file.read().strip() == "root"
    assert oct(os.stat(f"{server.folder}/.vault-token").st_mode)[-3:] == "600"
    client.put("sys/seal").ok(204)
    assert client.put("sys/unseal", {"key": key[1]}).ok(200).json["sealed"] is False
    start = time.monotonic()
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(20 * SLOW) == 0 and time.monotonic() - start < 10 * SLOW, "no drain of half a minute"


def test_dev_mode_with_kv_version_1(dev):
    server = dev("-dev-root-token-id=root", "-dev-kv-v1")
    wait_until(lambda: "Root Token: root" in server.text(), what="the root token's line")
    client = Client(server.port, None, "root")
    client.post("secret/a", {"v": "1"}).ok(204)
    assert client.get("secret/a").data == {"v": "1"}
    assert client.get("sys/mounts").data["secret/"]["options"] == {"version": "1"}


def test_dev_mode_with_tls(dev):
    server = dev("-dev-root-token-id=root", "-dev-tls")
    wait_until(lambda: "Root Token: root" in server.text(), what="the root token's line")
    ca = re.search(r"VAULT_CACERT='?([^'\s]+)", server.text())
    assert ca and Client(server.port, ca[1], "root").get("sys/mounts").status == 200
    # Clients that go by the rules to the letter take it too (rustls, Python from 3.13 on): it is no authority's, and it has key identifiers.
    context = ssl.create_default_context(cafile=ca[1])
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in ("localhost", "app.vault.localhost"):
        with socket.create_connection(("127.0.0.1", server.port), 10 * SLOW) as raw, context.wrap_socket(raw, server_hostname=name) as tls:
            shown = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-text"], input=tls.getpeercert(True), capture_output=True, check=True)
            assert b"CA:FALSE" in shown.stdout


def test_dev_mode_makes_a_token(dev):
    server = dev()
    wait_until(lambda: "Root Token: " in server.text(), what="the root token's line")
    token = re.search(r"^Root Token: (\S+)$", server.text(), re.M)[1]
    assert token.startswith("hvs.") and Client(server.port, None, token).get("auth/token/lookup-self").ok(200)


def test_audit_in_dev_mode_may_lie_in_the_temporary_directory(dev, tmp_path):
    server = dev("-dev-root-token-id=root")
    wait_until(lambda: "Root Token: root" in server.text())
    client = Client(server.port, None, "root")
    path = f"/tmp/coffer-dev-audit-{os.getpid()}.log"
    try:
        client.put("sys/audit/file", {"type": "file", "options": {"file_path": path}}).ok(204)
    finally:
        if os.path.exists(path):
            os.unlink(path)


# -- static seal -------------------------------------------------------------------------------------------------------
def test_static_seal_unseals_itself(make_server):
    import base64

    server = make_server(start=False, storage="rocksdb")
    key = f"{server.folder}/seal.key"
    with open(os.open(key, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as out:
        out.write(os.urandom(32))
    server.config["seal"] = {"static": {"current_key_id": "k1", "current_key": f"file://{key}"}}
    server.write_config()
    server.spawn()
    made = server.root.put("sys/init", {"recovery_shares": 3, "recovery_threshold": 2}).ok(200).json
    assert made["keys"] == [] and len(made["recovery_keys"]) == 3 and len(base64.b64decode(made["recovery_keys_base64"][0])) == 33
    server.root_token = server.root.token = made["root_token"]
    wait_until(lambda: server.root.get("sys/health").status == 200)
    status = server.root.get("sys/seal-status").json
    assert status["type"] == "static" and status["recovery_seal"] is True and status["sealed"] is False
    server.root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    server.root.post("kv/a", {"v": "1"}).ok(204)
    server.kill9()
    server.spawn()
    wait_until(lambda: server.root.get("sys/health").status == 200, what="unsealing by itself")
    assert server.root.get("kv/a").ok(200).data == {"v": "1"}
    server.terminate()
    with open(key, "wb") as out:
        out.write(os.urandom(32))
    server.launch()
    wait_until(lambda: server.process.poll() is not None or _health(server) == 503, what="refusal")


def test_log_and_pid_files(make_server):
    """Both are as Vault has them; the log's file is opened anew on SIGHUP, and its level is read again."""
    server = make_server(start=False)
    log, pid = f"{server.folder}/coffer.log", f"{server.folder}/coffer.pid"
    server.config.update({"log_file": log, "pid_file": pid, "log_level": "error"})
    server.write_config()
    server.start()
    assert int(open(pid, encoding="ascii").read()) == server.process.pid
    os.rename(log, log + ".1")
    server.config["log_level"] = "info"
    server.write_config()
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: os.path.exists(log), what="a new log file")
    assert server.terminate() == 0
    assert "stopping" in open(log, encoding="utf-8").read(), "the level is the new one"
    assert not os.path.exists(pid)


def test_a_damaged_store_ends_a_server_that_unseals_itself(make_server):
    """Nobody asks for the unsealing, so nobody else would be told."""
    server = make_server(start=False, storage="rocksdb")
    with open(f"{server.folder}/seal.key", "wb") as key:
        key.write(os.urandom(32))
    server.config["seal"] = {"static": {"current_key_id": "one", "current_key": f"file://{server.folder}/seal.key"}}
    server.write_config()
    server.spawn()
    made = server.root.put("sys/init", {"recovery_shares": 1, "recovery_threshold": 1}).ok(200).json
    wait_until(lambda: server.root.get("sys/health").status == 200, what="active node")
    server.root.post("sys/mounts/kv", {"type": "kv"}, token=made["root_token"]).ok(204)
    server.terminate()
    store = f"{server.folder}/data/store"
    damaged = [name for name in sorted(os.listdir(store)) if name.startswith("MANIFEST")][-1]
    with open(f"{store}/{damaged}", "r+b") as file:
        file.truncate(os.path.getsize(f"{store}/{damaged}") // 2)
    server.launch()
    assert server.process.wait(20 * SLOW) > 0
    assert damaged in server.log() or "damaged" in server.log(), server.log()
