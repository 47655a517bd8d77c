"""Rekey, rotate, generate-root: the ceremonies that replace keys, each proved by a fresh process that unseals with what came out."""
import base64
import contextlib
import fcntl
import itertools
import json
import os
import threading
import time

import hvac
import pytest

from harness import together, wait_until


@pytest.fixture
def three(make_server):
    """A server of five shares, three needed, on the embedded store."""
    return make_server(storage="rocksdb", shares=5, threshold=3)


def xor(encoded: str, otp: str) -> str:
    raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
    return bytes(a ^ b for a, b in zip(raw, otp.encode())).decode()


class Pipe:
    """A pipe of two pages as the only audit device, drained by a thread but for when there is to be room for one record only."""

    def __init__(self, server):
        self.path = f"{server.folder}/audit/pipe"
        os.mkfifo(self.path, 0o600)
        self.file = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        assert fcntl.fcntl(self.file, 1031, 8192) == 8192  # F_SETPIPE_SZ
        self.lock, self.ended = threading.Lock(), False
        self.thread = threading.Thread(target=self._drain)
        self.thread.start()
        server.root.put("sys/audit/pipe", {"type": "file", "options": {"file_path": self.path}}).ok(204)

    def _drain(self):
        while not self.ended:
            with self.lock, contextlib.suppress(BlockingIOError):
                os.read(self.file, 65536)
            time.sleep(0.001)

    @contextlib.contextmanager
    def room_for_one(self):
        """Room for the next request's record, and not for its answer's: one page is full, and a pipe says that it is when its last page is begun."""
        time.sleep(1.5)  # the chain is signed by now, so that no other record takes the room
        with self.lock:
            os.write(self.file, b"x" * 4096)
            yield
            got = os.read(self.file, 65536)[4096:]
            assert json.loads(got)["type"] == "request", got

    def close(self):
        self.ended = True
        self.thread.join()
        os.close(self.file)


@pytest.fixture
def pipe(three):
    made = Pipe(three)
    yield made
    made.close()


# -- generate-root -----------------------------------------------------------------------------------------------------
def test_generate_root(three):
    root = three.root
    idle = root.get("sys/generate-root/attempt").ok(200).json
    assert idle == {"nonce": "", "started": False, "progress": 0, "required": 3, "complete": False, "encoded_token": "", "encoded_root_token": "",
                    "pgp_fingerprint": "", "otp": "", "otp_length": 28}
    root.put("sys/generate-root/attempt", {"otp": "short"}).refused(400, "OTP string has incorrect length")
    begun = root.put("sys/generate-root/attempt", {}).ok(200).json
    assert begun["started"] is True and len(begun["otp"]) == 28 and len(begun["nonce"]) == 36
    assert root.get("sys/generate-root/attempt").json["otp"] == "", "the password is told once"
    root.put("sys/generate-root/attempt", {}).refused(400, "root generation already in progress")
    root.put("sys/generate-root/update", {"key": three.keys[0], "nonce": "wrong"}).refused(
        400, f'incorrect nonce supplied; nonce for this root generation operation is "{begun["nonce"]}"')
    for key, progress in zip(three.keys[1:3], (1, 2)):
        step = root.put("sys/generate-root/update", {"key": key, "nonce": begun["nonce"]}).ok(200).json
        assert step["progress"] == progress and step["complete"] is False and step["encoded_token"] == ""
    last = root.put("sys/generate-root/update", {"key": three.keys[4], "nonce": begun["nonce"]}).ok(200).json
    assert last["complete"] is True and last["encoded_token"] == last["encoded_root_token"] and "=" not in last["encoded_token"]
    token = xor(last["encoded_token"], begun["otp"])
    assert token.startswith("hvs.") and len(token) == 28
    assert root.get("auth/token/lookup-self", token=token).ok(200).data["policies"] == ["root"]
    assert root.get("sys/generate-root/attempt").json["started"] is False
    root.put("sys/generate-root/update", {"key": three.keys[0], "nonce": begun["nonce"]}).refused(400, "no root generation in progress")


def test_generate_root_is_closed_to_strangers(three):
    """I01: nobody without a token can see, start or cancel it."""
    root = three.root
    begun = root.put("sys/generate-root/attempt", {"otp": "x" * 28}).ok(200).json
    assert begun["otp"] == "x" * 28 or begun["otp"] == ""
    plain = root.new_token()
    for method, path in (("GET", "attempt"), ("PUT", "attempt"), ("DELETE", "attempt"), ("PUT", "update")):
        root.ask(method, f"sys/generate-root/{path}", {"key": three.keys[0], "nonce": begun["nonce"]} if method == "PUT" else None,
                 token=None).refused(405, "unsupported operation")
        assert root.ask(method, f"sys/generate-root/{path}", {} if method == "PUT" else None, token=plain).status == 403
    assert root.get("sys/generate-root/attempt").json["nonce"] == begun["nonce"]
    root.delete("sys/generate-root/attempt").ok(204)
    assert root.get("sys/generate-root/attempt").json["started"] is False


def test_sudo_is_enough(three):
    """A token that is not root, with sudo on the path; without the capability of the verb, sudo alone is not."""
    root = three.root
    keeper = root.with_policy("""path "sys/generate-root/*" { capabilities = ["create", "read", "update", "delete", "sudo"] }
                                 path "sys/rekey/*" { capabilities = ["create", "read", "update", "delete", "sudo"] }""")
    half = root.with_policy('path "sys/generate-root/*" { capabilities = ["sudo"] } path "sys/rekey/*" { capabilities = ["read", "update"] }')
    for path in ("sys/generate-root/attempt", "sys/rekey/init"):
        keeper.get(path).ok(200)
        half.get(path).refused(403, "permission denied")
    keeper.put("sys/generate-root/attempt", {}).ok(200)
    keeper.delete("sys/generate-root/attempt").ok(204)
    keeper.put("sys/rekey/init", {"secret_shares": 2, "secret_threshold": 2}).ok(200)
    keeper.delete("sys/rekey/init").ok(204)


def test_generate_root_can_be_opened_by_config(make_server):
    server = make_server(listener={"disable_unauthed_generate_root_endpoints": False, "disable_unauthed_rekey_endpoints": False})
    stranger = server.client()
    begun = stranger.put("sys/generate-root/attempt", {}).ok(200).json
    last = stranger.put("sys/generate-root/update", {"key": server.keys[0], "nonce": begun["nonce"]}).ok(200).json
    assert server.root.get("auth/token/lookup-self", token=xor(last["encoded_token"], begun["otp"])).ok(200)
    assert stranger.get("sys/rekey/init").ok(200).json["started"] is False


def test_generate_root_race(three):
    """I06: fifty updates at once with right and wrong nonces and shares: at most one token."""
    begun = three.root.put("sys/generate-root/attempt", {}).ok(200).json
    keys = itertools.cycle(three.keys)
    bodies = [{"key": next(keys), "nonce": begun["nonce"] if i % 3 else "0" * 36} for i in range(50)]
    answers = together(50, lambda i: three.client(three.root_token).put("sys/generate-root/update", bodies[i]))
    assert all(a.status in (200, 400) for a in answers), [a for a in answers if a.status >= 500]
    tokens = [a.json["encoded_token"] for a in answers if a.status == 200 and a.json["complete"]]
    assert len(tokens) == 1
    three.root.get("auth/token/lookup-self", token=xor(tokens[0], begun["otp"])).ok(200)


def test_generate_root_of_the_other_forms(three):
    """OpenBao's command line asks sys/generate-root-token and sys/decode-token."""
    root = three.root
    begun = root.put("sys/generate-root-token/attempt", {}).ok(200).data
    for key in three.keys[:3]:
        step = root.put("sys/generate-root-token/update", {"key": key, "nonce": begun["nonce"]}).ok(200).data
    token = root.put("sys/decode-token", {"encoded_token": step["encoded_token"], "otp": begun["otp"]}).ok(200).data["token"]
    root.get("auth/token/lookup-self", token=token).ok(200)
    root.put("sys/generate-root-token/attempt", {}, token=None).refused(403)


def test_cli_decodes_without_a_server(three):
    begun = three.root.put("sys/generate-root/attempt", {}).ok(200).json
    for key in three.keys[:3]:
        last = three.root.put("sys/generate-root/update", {"key": key, "nonce": begun["nonce"]}).ok(200).json
    out = three.cli("operator", "generate-root", "-address", "https://127.0.0.1:1", "-tls-skip-verify", "-decode", last["encoded_token"], "-otp", begun["otp"],
                    token=None, program="vault")
    assert out.returncode == 0 and out.stdout.strip() == xor(last["encoded_token"], begun["otp"]), out


# -- rekey -------------------------------------------------------------------------------------------------------------
def rekey(server, keys, **fields):
    root = server.root
    begun = root.put("sys/rekey/init", fields).ok(200).json
    for key in keys[:-1]:
        assert root.put("sys/rekey/update", {"key": key, "nonce": begun["nonce"]}).ok(200).json["started"] is True
    return begun, root.put("sys/rekey/update", {"key": keys[-1], "nonce": begun["nonce"]}).ok(200).json


def test_rekey(three):
    root = three.root
    idle = root.get("sys/rekey/init").ok(200).json
    assert (idle["nonce"], idle["started"], idle["t"], idle["n"], idle["progress"], idle["required"]) == ("", False, 0, 0, 0, 3)
    assert idle["pgp_fingerprints"] is None and idle["backup"] is False
    root.put("sys/rekey/update", {"key": three.keys[0], "nonce": "x"}).refused(400)
    begun = root.put("sys/rekey/init", {"secret_shares": 3, "secret_threshold": 2}).ok(200).json
    assert (begun["t"], begun["n"], begun["required"], begun["started"]) == (2, 3, 3, True)
    root.put("sys/rekey/init", {"secret_shares": 3, "secret_threshold": 2}).refused(400, "rekey already in progress")
    root.put("sys/rekey/update", {"key": three.keys[0], "nonce": "0"}).refused(400, "incorrect nonce supplied")
    root.put("sys/rekey/update", {"key": three.keys[0], "nonce": begun["nonce"]}).ok(200)
    root.put("sys/rekey/update", {"key": three.keys[0], "nonce": begun["nonce"]}).refused(
        400, "given key has already been provided during this generation operation")
    root.delete("sys/rekey/init").ok(204)
    root.delete("sys/rekey/init").ok(204)
    assert root.get("sys/rekey/init").json["started"] is False


def test_new_shares_unseal_and_old_ones_do_not(three):
    """I05: proved by a fresh process."""
    old = list(three.keys)
    _, done = rekey(three, old[1:4], secret_shares=3, secret_threshold=2)
    assert done["complete"] is True and len(done["keys"]) == len(done["keys_base64"]) == 3
    three.terminate()
    three.spawn()
    ask = three.root
    ask.put("sys/unseal", {"key": old[0]}, token=None).ok(200)
    ask.put("sys/unseal", {"key": old[1]}, token=None).refused(400)
    three.keys, three.threshold = done["keys_base64"], 2
    for pair in itertools.combinations(three.keys, 2):
        for key in pair:
            last = ask.put("sys/unseal", {"key": key}, token=None).ok(200).json
        assert last["sealed"] is False
        ask.put("sys/seal").ok(204)
    three.unseal()


def test_rekey_with_verification(three):
    root, old = three.root, list(three.keys)
    _, made = rekey(three, old[:3], secret_shares=3, secret_threshold=2, require_verification=True)
    assert made["complete"] is True and made["verification_required"] is True and made["verification_nonce"]
    state = root.get("sys/rekey/verify").ok(200).json
    assert (state["started"], state["t"], state["n"], state["progress"]) == (True, 2, 3, 0)
    root.put("sys/seal").ok(204)
    three.unseal()  # with the old shares: the new ones are not in force yet
    nonce = root.get("sys/rekey/verify").json.get("nonce")
    if not nonce:
        _, made = rekey(three, old[:3], secret_shares=3, secret_threshold=2, require_verification=True)
        nonce = made["verification_nonce"]
    again = root.delete("sys/rekey/verify").ok(200).json
    assert again["nonce"] != nonce and again["progress"] == 0
    root.put("sys/rekey/verify", {"key": made["keys"][0], "nonce": again["nonce"]}).ok(200)
    done = root.put("sys/rekey/verify", {"key": made["keys"][2], "nonce": again["nonce"]}).ok(200).json
    assert done == {"nonce": again["nonce"], "complete": True}
    root.put("sys/seal").ok(204)
    three.keys, three.threshold = made["keys_base64"], 2
    three.unseal()


def test_rekey_texts(three):
    root = three.root
    root.put("sys/rekey/init", {"secret_shares": 3, "secret_threshold": 2, "backup": True}).refused(
        400, "cannot request a backup of the new keys without providing PGP keys for encryption")
    root.put("sys/rekey/init", {"secret_shares": 3, "secret_threshold": 2, "pgp_keys": ["aGVsbG8="]}).refused(400, "incorrect number of PGP keys for rekey")
    root.get("sys/rekey/backup").refused(400, "no backed-up keys found")
    root.get("sys/rekey/init", token=None).refused(405, "unsupported operation")


def test_rekey_of_the_other_forms(three):
    root = three.root
    root.get("sys/rotate/root/init", token=None).refused(403)
    assert root.get("sys/rotate/root/init").ok(200).data["started"] is False
    root.get("sys/rotate/root/verify").refused(400, "no rotation configuration found")
    begun = root.put("sys/rotate/root/init", {"secret_shares": 1, "secret_threshold": 1}).ok(200).data
    for key in three.keys[:3]:
        step = root.put("sys/rotate/root/update", {"key": key, "nonce": begun["nonce"]}).ok(200).data
    three.keys, three.threshold = step["keys_base64"], 1
    three.restart()


# -- rotate ------------------------------------------------------------------------------------------------------------
def test_rotate_and_read_what_was_written_before(own):
    root = own.root
    root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    before = root.get("sys/key-status").ok(200)
    assert before.data["term"] == 1 and before.json["term"] == 1 and isinstance(before.data["encryptions"], int) and before.data["install_time"]
    for turn in range(3):
        root.post(f"kv/{turn}", {"v": str(turn)}).ok(204)
        (root.put if turn else root.post)("sys/rotate" if turn < 2 else "sys/rotate/keyring").ok(204)
    assert root.get("sys/key-status").data["term"] == 4
    own.restart(kill=True)
    assert [root.get(f"kv/{turn}").ok(200).data["v"] for turn in range(3)] == ["0", "1", "2"]
    root.put("sys/rotate", token=root.new_token()).refused(403)


def test_rotate_config(root):
    assert root.get("sys/rotate/config").ok(200).data["enabled"] is True
    root.post("sys/rotate/config", {"max_operations": 5000000, "interval": "24h", "enabled": True}).ok(204)
    assert root.get("sys/rotate/config").data["max_operations"] == 5000000


def test_hvac_keys(three):
    client = hvac.Client(url=three.address, token=three.root_token, verify=three.cafile)
    begun = client.sys.start_root_token_generation()
    for key in three.keys[:3]:
        step = client.sys.generate_root(key, begun["nonce"])
    assert step["complete"]
    assert client.sys.read_root_generation_progress()["started"] is False
    begun = client.sys.start_rekey(secret_shares=5, secret_threshold=3)
    assert client.sys.read_rekey_progress()["started"] is True
    client.sys.cancel_rekey()
    begun = client.sys.start_rekey(secret_shares=5, secret_threshold=3)
    done = client.sys.rekey_multi(three.keys[:3], nonce=begun["nonce"])
    assert len(done["keys"]) == 5
    client.sys.rotate_encryption_key()
    assert client.sys.get_encryption_key_status()["data"]["term"] == 2 or client.sys.encryption_key_status["data"]["term"] == 2


# -- answers that cannot be audited -----------------------------------------------------------------------------------
def test_a_root_token_that_nobody_was_told_is_taken_back(three, pipe):
    """I02: the request is recorded, its answer cannot be: no token leaves, none lives on."""
    root = three.root
    begun = root.put("sys/generate-root/attempt", {}).ok(200).json
    for key in three.keys[:2]:
        root.put("sys/generate-root/update", {"key": key, "nonce": begun["nonce"]}).ok(200)
    before = root.list("auth/token/accessors").ok(200).data["keys"]
    with pipe.room_for_one():
        answer = root.put("sys/generate-root/update", {"key": three.keys[2], "nonce": begun["nonce"]})
        assert answer.status == 500 and "encoded_token" not in answer.text, answer
    wait_until(lambda: root.get("sys/mounts").status == 200, what="the audit device")
    assert root.list("auth/token/accessors").ok(200).data["keys"] == before
    assert root.get("sys/generate-root/attempt").ok(200).json["started"] is False


@pytest.mark.parametrize("verify", [False, True])
def test_shares_that_nobody_was_given_are_taken_back(three, pipe, verify):
    """I02: the former shares stay in force."""
    root, old = three.root, list(three.keys)
    begun = root.put("sys/rekey/init", {"secret_shares": 3, "secret_threshold": 2, "require_verification": verify}).ok(200).json
    for key in old[:2]:
        root.put("sys/rekey/update", {"key": key, "nonce": begun["nonce"]}).ok(200)
    with pipe.room_for_one():
        answer = root.put("sys/rekey/update", {"key": old[2], "nonce": begun["nonce"]})
        assert answer.status == 500 and "keys" not in answer.json, answer
    wait_until(lambda: root.get("sys/mounts").status == 200, what="the audit device")
    idle = root.get("sys/rekey/init").ok(200).json
    assert idle["started"] is False and idle["required"] == 3
    three.terminate()
    three.spawn().unseal()
    root.get("sys/mounts").ok(200)
