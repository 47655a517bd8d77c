"""Initialising, unsealing and sealing: every state that an operator meets, with the texts that clients know."""
import base64
import subprocess

import hvac
import pytest

from harness import together


@pytest.fixture
def blank(make_server):
    """A running server that has never been initialised."""
    return make_server(start=False, storage="rocksdb").spawn()


def test_not_initialised(blank):
    ask = blank.root
    assert ask.get("sys/init").ok(200).json == {"initialized": False}
    health = ask.get("sys/health")
    assert health.status == 501
    assert health.json["initialized"] is False and health.json["sealed"] is True and health.json["standby"] is True
    assert health.json["replication_performance_mode"] == "unknown" and health.json["replication_dr_mode"] == "unknown"
    assert "cluster_name" not in health.json and "cluster_id" not in health.json
    status = ask.get("sys/seal-status").ok(200).json
    assert (status["type"], status["initialized"], status["sealed"], status["t"], status["n"], status["progress"], status["nonce"]) == ("shamir", False, True, 0, 0, 0, "")
    ask.put("sys/unseal", {"key": "a" * 64}).refused(400, "Vault is not initialized")
    ask.get("sys/mounts").refused(503, "Vault is sealed")
    ask.get("secret/a").refused(503, "Vault is sealed")


@pytest.mark.parametrize(("fields", "text"), [
    ({"secret_shares": 0, "secret_threshold": 1}, "shares must be at least one"),
    ({"secret_shares": 1, "secret_threshold": 0}, "threshold must be at least one"),
    ({"secret_shares": 3, "secret_threshold": 1}, "threshold must be greater than one for multiple shares"),
    ({"secret_shares": 3, "secret_threshold": 4}, "threshold cannot be larger than shares"),
    ({"secret_shares": 256, "secret_threshold": 3}, "shares must be less than 256"),
    ({"secret_shares": 3, "secret_threshold": 2, "pgp_keys": ["aGVsbG8="]}, "count mismatch between number of provided PGP keys and number of shares"),
    ({"secret_shares": 1, "secret_threshold": 1, "pgp_keys": ["aGVsbG8="]}, "error parsing given PGP key"),
])
def test_bad_seal_configuration(blank, fields, text):
    blank.root.put("sys/init", fields).refused(400, f"invalid seal configuration: {text}")
    assert blank.root.get("sys/init").json == {"initialized": False}


def test_recovery_fields_do_not_fit_a_shamir_seal(blank):
    blank.root.put("sys/init", {"secret_shares": 1, "secret_threshold": 1, "recovery_shares": 1}).refused(
        400, "parameters recovery_shares not applicable to seal type shamir")


def test_one_share_is_the_bare_key(blank):
    made = blank.init().json
    assert set(made) >= {"keys", "keys_base64", "root_token"}
    assert len(base64.b64decode(made["keys_base64"][0])) == 32 and len(made["keys_base64"][0]) == 44
    assert bytes.fromhex(made["keys"][0]) == base64.b64decode(made["keys_base64"][0])
    assert made["root_token"].startswith("hvs.") and len(made["root_token"]) == 28
    blank.root.put("sys/init", {"secret_shares": 1, "secret_threshold": 1}).refused(400, "Vault is already initialized")
    assert blank.root.get("sys/init").json == {"initialized": True}


def test_shares_progress_and_unseal(blank):
    blank.shares, blank.threshold = 5, 3
    made = blank.init().json
    assert len(made["keys"]) == 5 and all(len(bytes.fromhex(k)) == 33 for k in made["keys"])
    ask, keys = blank.root, made["keys_base64"]
    first = ask.put("sys/unseal", {"key": keys[0]}).ok(200).json
    assert (first["sealed"], first["t"], first["n"], first["progress"]) == (True, 3, 5, 1)
    assert len(first["nonce"]) == 36
    again = ask.put("sys/unseal", {"key": keys[0]}).ok(200).json
    assert again["progress"] == 1, "a share that comes twice does not count, and is no error"
    second = ask.put("sys/unseal", {"key": made["keys"][3]}).ok(200).json
    assert second["progress"] == 2 and second["nonce"] == first["nonce"]
    reset = ask.put("sys/unseal", {"reset": True}).ok(200).json
    assert reset["progress"] == 0
    for key in (keys[4], keys[1]):
        ask.put("sys/unseal", {"key": key}).ok(200)
    last = ask.put("sys/unseal", {"key": keys[2]}).ok(200).json
    assert (last["sealed"], last["progress"], last["nonce"]) == (False, 0, "")
    assert last["cluster_name"] and len(last["cluster_id"]) == 36
    ask.put("sys/unseal", {"reset": True}).refused(400, "vault is unsealed")
    assert ask.put("sys/unseal", {"key": "AAAA"}).ok(200).json["sealed"] is False, "an unsealed server answers its status, unchecked"


def test_bad_shares(blank):
    blank.shares, blank.threshold = 3, 2
    blank.init()
    ask = blank.root
    ask.put("sys/unseal", {}).refused(400, "'key' must be specified in request body as JSON, or 'reset' set to true")
    ask.put("sys/unseal", {"key": "!"}).refused(400, "'key' must be a valid hex or base64 string")
    ask.put("sys/unseal", {"key": base64.b64encode(b"short").decode()}).refused(400, "invalid key: key is shorter than minimum 16 bytes")
    ask.put("sys/unseal", {"key": base64.b64encode(b"l" * 34).decode()}).refused(400, "invalid key: key is longer than maximum 33 bytes")
    wrong = bytearray(base64.b64decode(blank.keys[0]))
    wrong[3] ^= 1
    ask.put("sys/unseal", {"key": base64.b64encode(bytes(wrong)).decode()}).ok(200)
    ask.put("sys/unseal", {"key": blank.keys[1]}).refused(400, "invalid key: failed to decrypt keys from storage")
    assert ask.get("sys/seal-status").json["progress"] == 0
    blank.unseal()


def test_sealing(own):
    root = own.root
    root.put("sys/seal", token=None).refused(403, "permission denied")
    root.put("sys/seal", token=root.new_token()).refused(403, "1 error occurred:\n\t* permission denied\n\n")
    assert root.put("sys/step-down").status == 204
    root.put("sys/seal").ok(204)
    health = root.get("sys/health")
    assert health.status == 503 and health.json["sealed"] is True and health.json["initialized"] is True
    assert "cluster_id" not in health.json and health.json["replication_dr_mode"] == "unknown"
    assert root.ask("HEAD", "sys/health").status == 503
    root.get("sys/leader").ok(200)
    for path in ("sys/mounts", "secret/data/x", "auth/token/lookup-self", "no/such/mount"):
        root.get(path).refused(503, "Vault is sealed")
        root.get(path, token=None).refused(503, "Vault is sealed")
    own.unseal()
    root.get("sys/mounts").ok(200)


def test_seal_status_of_an_active_node(root):
    status = root.get("sys/seal-status", token=None).ok(200).json
    assert status["version"] == "1.18.5" and status["sealed"] is False and status["recovery_seal"] is False and status["migration"] is False
    assert {"build_date", "cluster_name", "cluster_id", "storage_type"} <= set(status)


def test_hvac_runs_the_ceremony(make_server):
    server = make_server(start=False, storage="rocksdb").spawn()
    client = hvac.Client(url=server.address, verify=server.cafile)
    assert not client.sys.is_initialized() and client.sys.is_sealed()
    made = client.sys.initialize(5, 3)
    assert client.sys.is_initialized() and client.sys.is_sealed()
    assert client.sys.submit_unseal_key(made["keys"][0])["progress"] == 1
    assert client.sys.submit_unseal_key(reset=True)["progress"] == 0
    assert client.sys.submit_unseal_keys(made["keys"][:3])["sealed"] is False
    client.token = made["root_token"]
    assert client.is_authenticated()
    client.sys.seal()
    assert client.sys.is_sealed()
    client.sys.submit_unseal_keys(made["keys_base64"][2:5])
    assert not client.sys.is_sealed()


@pytest.fixture(scope="module")
def pgp(tmp_path_factory):
    """Three OpenPGP keys: {name: base64 of the public key}, and a function that decrypts for one of them."""
    home = tmp_path_factory.mktemp("gnupg")
    home.chmod(0o700)

    def gpg(*arguments, stdin=None):
        return subprocess.run(["gpg", "--homedir", str(home), "--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase", "", *arguments],
                              input=stdin, capture_output=True, check=True).stdout

    keys = {}
    for name in ("ann", "bob", "cleo"):
        gpg("--quick-generate-key", f"{name}@example.org", "rsa2048", "sign,encr", "never")
        keys[name] = base64.b64encode(gpg("--export", f"{name}@example.org")).decode()
    yield keys, lambda message: gpg("--decrypt", stdin=message)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, capture_output=True)


def test_shares_encrypted_for_their_keepers(blank, pgp):
    keys, decrypt = pgp
    made = blank.root.put("sys/init", {"secret_shares": 3, "secret_threshold": 2, "pgp_keys": list(keys.values()), "root_token_pgp_key": keys["ann"]}).ok(200).json
    shares = [decrypt(base64.b64decode(k)).decode() for k in made["keys_base64"]]
    assert [bytes.fromhex(k) for k in made["keys"]] == [base64.b64decode(k) for k in made["keys_base64"]]
    assert all(len(bytes.fromhex(share)) == 33 for share in shares), "the plaintext is the hex text of the share"
    for share in shares[:2]:
        blank.root.put("sys/unseal", {"key": share}).ok(200)
    token = decrypt(base64.b64decode(made["root_token"])).decode()
    assert blank.root.get("auth/token/lookup-self", token=token).ok(200).data["policies"] == ["root"]


def test_unseal_race(blank):
    """F-30: fifty operators at once; the server is unsealed, and nobody sees a 5xx but `sealed`."""
    blank.shares, blank.threshold = 3, 2
    blank.init()
    answers = together(50, lambda i: blank.client().put("sys/unseal", {"key": blank.keys[i % 3]}))
    assert all(a.status == 200 for a in answers), [a for a in answers if a.status != 200]
    blank.unseal()
    blank.root.get("sys/mounts").ok(200)
