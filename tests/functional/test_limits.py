"""Load that a hostile or careless caller makes: memory stays under its budget, the process lives, others are served."""
import os
import random
import socket
import threading
import time

import pytest

from harness import SLOW, Client, together

MIB = 1 << 20
BUDGET = 256 * MIB  # stated in docs/how-to/production.md
plain_build = pytest.mark.skipif(SLOW > 1, reason="a sanitized build keeps more memory")


@plain_build
@pytest.mark.slow
def test_many_large_uploads(own):
    """24 bodies of 24 MiB at once: under the budget, 429 or 503 beyond it, and nobody is left out for good."""
    own.root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    body = b'{"v":"' + b"x" * (24 * MIB) + b'"}'

    def upload(i):
        try:
            return own.client(own.root_token if i % 2 else None).post("kv/large", body).status
        except OSError:
            return 0  # refused and closed before the end

    statuses = together(24, upload)
    now, highest = own.memory()
    assert highest < BUDGET, f"{highest / MIB:.0f} MiB at its highest"
    assert own.running() and set(statuses) <= {0, 204, 400, 403, 413, 429, 503, 507}, statuses
    own.root.post("kv/small", {"v": "1"}).ok(204)
    assert own.memory()[0] < BUDGET


@plain_build
def test_a_password_of_eight_megabytes(own):
    root = own.root
    root.post("sys/auth/up", {"type": "userpass"}).ok(204)
    answers = together(6, lambda i: own.client().post("auth/up/login/ann", {"password": "p" * (8 * MIB)}))
    assert all(a.status in (400, 413, 429, 503) for a in answers), answers
    assert root.post("auth/up/users/ann", {"password": "p" * (8 * MIB)}).status in (204, 400, 413)
    assert own.memory()[1] < BUDGET


@plain_build
@pytest.mark.slow
def test_unauthenticated_bodies(own):
    """[L01] A hundred bodies of 32 MiB from strangers, eight at a time."""
    head = f"POST /v1/sys/wrapping/lookup HTTP/1.1\r\nHost: a\r\nContent-Length: {32 * MIB}\r\n\r\n".encode()

    def work(_):
        for _ in range(12):
            try:
                with own.raw_socket() as sock:
                    sock.sendall(head + b'{"a":"')
                    for _ in range(8):
                        sock.sendall(b"y" * MIB)
            except OSError:
                pass

    together(8, work)
    assert own.memory()[1] < BUDGET and own.client().get("sys/health").status == 200


def test_a_path_costs_what_its_length_costs(own):
    """A request without a token: next to nothing, growing no faster than its length."""
    def cost(path, count=400):
        client = own.client()
        start = own.cpu_seconds()
        for _ in range(count):
            client.get(path)
        return (own.cpu_seconds() - start) / count

    cost("kv/warm")
    short, long = cost("kv/" + "a" * 60, 1500), cost("kv/" + "a/" * 2000, 1500)
    assert long < 64 * max(short, 20e-6), f"short {short * 1e6:.0f} us, long {long * 1e6:.0f} us"


def test_keys_of_any_length_and_byte(root, kv1):
    """[J04] Never a crash, never a 5xx; what is accepted can be read back."""
    for length in (1, 2, 255, 256, 511, 512, 513, 4095, 4096, 4097, 70_000):
        name = "k" * length
        answer = root.post(f"{kv1}/{name}", {"v": "1"})
        assert answer.status in (204, 400, 413, 414, 431), (length, answer)
        if answer.status == 204:
            root.get(f"{kv1}/{name}").ok(200)
    for byte in range(256):
        answer = root.post(f"{kv1}/b%{byte:02x}e", {"v": str(byte)})
        assert answer.status in (204, 400, 404), (byte, answer)
        if answer.status == 204:
            assert root.get(f"{kv1}/b%{byte:02x}e").ok(200).data == {"v": str(byte)}


def test_values_up_to_the_limit(root, kv1):
    for size in (0, 1, 4095, 4096, 4097, 65_535, 65_536, MIB, 2 * MIB):
        answer = root.post(f"{kv1}/v", {"v": "x" * size})
        assert answer.status in (204, 400, 413), (size, answer.status)
        if answer.status == 204:
            assert len(root.get(f"{kv1}/v").ok(200).data["v"]) == size


def test_wrong_types_at_login(root, approle, userpass):
    """[L05]"""
    for value in (None, 5, True, [], ["x"], {}, {"a": "b"}, "", "x" * 100_000):
        for body in ({"role_id": value, "secret_id": "s"}, {"role_id": "r", "secret_id": value}):
            answer = root.post(f"auth/{approle}/login", body, token=None)
            assert answer.status in (400, 413), (body, answer)
        assert root.post(f"auth/{userpass}/login/x", {"password": value}, token=None).status in (400, 403, 413)


def test_clients_that_leave(own):
    """[L10] Disconnecting at any moment leaves no connection, no file and no lock behind."""
    own.root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    text = f'POST /v1/kv/a HTTP/1.1\r\nHost: a\r\nX-Vault-Token: {own.root_token}\r\nContent-Length: 12\r\n\r\n{{"v":"left"}}'.encode()
    before = len(os.listdir(f"/proc/{own.process.pid}/fd"))
    chance = random.Random(7)

    def work(_):
        for _ in range(60):
            try:
                sock = own.raw_socket()
                sock.sendall(text[: chance.randrange(1, len(text) + 1)])
                if chance.random() < 0.3:
                    sock.settimeout(0.01)
                    try:
                        sock.recv(10)
                    except (TimeoutError, OSError):
                        pass
                sock.close()
            except OSError:
                pass

    together(8, work)
    own.root.post("kv/a", {"v": "1"}).ok(204)
    end = time.monotonic() + 20 * SLOW
    while len(os.listdir(f"/proc/{own.process.pid}/fd")) > before + 4 and time.monotonic() < end:
        time.sleep(0.1)
    assert len(os.listdir(f"/proc/{own.process.pid}/fd")) <= before + 4
    assert own.root.get("kv/a").ok(200).data == {"v": "1"}


def test_connections_of_one_address_are_bounded(own):
    """[L11] Six hundred idle connections do not keep others out."""
    idle = []
    try:
        for _ in range(600):
            try:
                idle.append(socket.create_connection(("127.0.0.1", own.port), 2))
            except OSError:
                break
        assert Client(own.port, own.cafile, timeout=20).get("sys/health").status == 200
    finally:
        for sock in idle:
            sock.close()


def test_a_reader_that_does_not_read(own):
    """A slow reader holds its own connection, nobody else's."""
    own.root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    own.root.post("kv/large", {"v": "x" * MIB}).ok(204)
    sock = own.raw_socket()
    sock.sendall(f"GET /v1/kv/large HTTP/1.1\r\nHost: a\r\nX-Vault-Token: {own.root_token}\r\n\r\n".encode() * 20)
    stop = threading.Event()
    try:
        start = time.monotonic()
        for _ in range(50):
            own.root.get("sys/health").ok(200)
        assert time.monotonic() - start < 5 * SLOW
    finally:
        stop.set()
        sock.close()
    assert own.memory()[1] < BUDGET or SLOW > 1


def test_logins_in_a_flood(own):
    """F-64: password hashing is bounded work: other requests go on, memory stays."""
    root = own.root
    root.post("sys/auth/up", {"type": "userpass"}).ok(204)
    root.post("sys/auth/up/tune", {"user_lockout_config": {"lockout_disable": True}})
    root.post("auth/up/users/ann", {"password": "long enough"}).ok(204)
    done = threading.Event()

    def flood():
        client = own.client()
        while not done.is_set():
            assert client.post("auth/up/login/ann", {"password": "wrong"}).status in (400, 403, 429, 503)

    threads = [threading.Thread(target=flood) for _ in range(16)]
    for thread in threads:
        thread.start()
    try:
        slowest = 0.0
        for _ in range(60):
            start = time.monotonic()
            root.get("sys/health").ok(200)
            slowest = max(slowest, time.monotonic() - start)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert slowest < 2.0 * SLOW, f"{slowest:.2f} s"
    assert own.memory()[1] < BUDGET or SLOW > 1


@plain_build
def test_backups_of_full_size_keep_within_the_budget(make_azure):
    """Four at a time, made and restored: 500 versions of 25,600 bytes are 17 MiB of text."""
    own = make_azure(storage="rocksdb")
    token, value = own.token(), "v" * 25_600
    for i in range(500):
        assert own.ask("PUT", "/secrets/full?api-version=7.4", {"value": value}, token=token)[0] == 200
    made = together(4, lambda _: own.ask("POST", "/secrets/full/backup?api-version=7.4", token=token))
    assert [status for status, _, _ in made] == [200] * 4
    own.client().begin_delete_secret("full").wait()
    own.client().purge_deleted_secret("full")
    restored = together(4, lambda i: own.ask("POST", "/secrets/restore?api-version=7.4", made[i][2], token=token)[0])
    assert sorted(restored)[0] == 200 and set(restored) <= {200, 409, 429, 503}, restored
    assert len(list(own.client().list_properties_of_secret_versions("full"))) == 500
    assert own.server.memory()[1] < BUDGET
