"""Faults: full disks, blocked sinks, broken files, signals under load, two processes on one store. F-numbers name the kind of fault."""
import glob
import os
import shutil
import signal
import subprocess
import threading
import time

import pytest

from harness import SLOW, Server, wait_until


@pytest.fixture
def small_disk(tmp_path):
    """Mounts small file systems: small_disk("data", megabytes) -> folder. Skipped where mounting is not allowed."""
    mounted = []

    def make(name, megabytes):
        folder = tmp_path / name
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(folder)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"cannot mount a small file system: {done.stderr.strip()}")
        mounted.append(folder)
        return str(folder)

    yield make
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=False)


class Load:
    """Threads that read and write until stopped; every status is kept, acknowledged values are known."""

    def __init__(self, server, writers=4, readers=2):
        self.server, self.statuses, self.errors, self.written = server, [], [], {}
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._write, args=(i,)) for i in range(writers)] + [threading.Thread(target=self._read) for _ in range(readers)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def _write(self, i):
        client, n = self.server.client(self.server.root_token), 0
        while not self.stopped.is_set():
            n += 1
            try:
                answer = client.post(f"kv/w{i}", {"n": n})
            except OSError as error:
                self.errors.append(error)
                time.sleep(0.02)
                continue
            self.statuses.append(answer.status)
            if answer.status == 204:
                self.written[i] = n

    def _read(self):
        client = self.server.client(self.server.root_token)
        while not self.stopped.is_set():
            try:
                self.statuses.append(client.get("kv/steady").status)
            except OSError as error:
                self.errors.append(error)
                time.sleep(0.02)

    def check(self, server):
        for i, n in self.written.items():
            assert server.root.get(f"kv/w{i}").ok(200).data["n"] >= n, f"an acknowledged write of writer {i} is lost"


@pytest.fixture
def loaded(own):
    own.root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    own.root.post("kv/steady", {"v": "1"}).ok(204)
    return own


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_under_load(loaded, number):
    """F-04: running requests end whole or get 503, never 500; nothing acknowledged is lost; the exit is clean."""
    loaded.enable_audit()
    with Load(loaded) as load:
        time.sleep(0.7)
        assert loaded.terminate(number, 35) == 0
    assert set(load.statuses) <= {200, 204, 503}, set(load.statuses)
    assert all(line for line in loaded.audit_records()), "no half line"
    loaded.spawn().unseal()
    load.check(loaded)


def test_sealing_under_load(loaded):
    """F-30: what runs ends whole or gets 503; the keys are back after unseal."""
    for _ in range(5):
        with Load(loaded) as load:
            time.sleep(0.2)
            answer = loaded.root.put("sys/seal")
            assert answer.status == 204, answer
            time.sleep(0.2)
        assert set(load.statuses) <= {200, 204, 503}, set(load.statuses)
        loaded.unseal()
        load.check(loaded)


def test_hup_under_load(loaded):
    """F-06: two hundred reloads, some with a broken certificate: no request is dropped, the old state stays."""
    good = open(f"{loaded.folder}/cert.pem", encoding="utf-8").read()
    with Load(loaded) as load:
        for i in range(200):
            if i % 10 == 5:
                with open(f"{loaded.folder}/cert.pem", "w", encoding="utf-8") as out:
                    out.write("broken")
            loaded.process.send_signal(signal.SIGHUP)
            time.sleep(0.01)
            if i % 10 == 5:
                with open(f"{loaded.folder}/cert.pem", "w", encoding="utf-8") as out:
                    out.write(good)
    assert not load.errors and set(load.statuses) <= {200, 204}, (load.errors[:3], set(load.statuses))
    assert loaded.running()


def test_audit_files_move_under_load(loaded):
    """F-06: the file is renamed and SIGHUP sent, again and again: nothing is refused, no record is lost or torn, the chain goes on from file to file."""
    loaded.enable_audit()
    files = []
    with Load(loaded) as load:
        for i in range(15):
            time.sleep(0.1)
            files.append(f"{loaded.audit_path}.{i:02}")
            os.rename(loaded.audit_path, files[-1])
            loaded.process.send_signal(signal.SIGHUP)
            wait_until(lambda: os.path.exists(loaded.audit_path), 10, what="a new audit file")
    files.append(loaded.audit_path)
    assert not load.errors and set(load.statuses) <= {200, 204}, (load.errors[:3], set(load.statuses))
    answered = sum(1 for file in files for r in loaded.audit_records(file) if r["type"] == "response" and r["request"]["path"].startswith("kv/"))
    assert answered >= len(load.statuses), f"{len(load.statuses)} answers, {answered} records"
    out = loaded.cli("audit", "verify", *files, token=None)
    assert out.returncode == 0, out


def test_full_data_disk(make_server, small_disk):
    """F-10: reads go on, writes get a clear 507 or 503, and resume by themselves once there is space."""
    disk = small_disk("data", 96)
    server = make_server(start=False, storage="rocksdb")
    server.config["storage"] = {"rocksdb": {"path": f"{disk}/store"}}
    server.write_config()
    server.start()
    root = server.root
    root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    root.post("kv/steady", {"v": "1"}).ok(204)
    with open(f"{disk}/ballast", "wb") as ballast:
        try:
            while True:
                ballast.write(b"x" * 65536)
                ballast.flush()
        except OSError:
            pass
    written, refused = {}, None
    for i in range(4000):
        answer = root.post(f"kv/full{i}", {"v": "y" * 4000})
        if answer.status == 204:
            written[f"kv/full{i}"] = True
        else:
            refused = answer
            break
    assert refused is not None and refused.status in (503, 507), refused
    assert refused.errors and refused.errors[0] and disk not in refused.text
    root.get("kv/steady").ok(200)
    assert server.running()
    os.unlink(f"{disk}/ballast")
    wait_until(lambda: root.post("kv/after", {"v": "1"}).status == 204, 20, 0.2, "writes to resume")
    for path in list(written)[:50]:
        root.get(path).ok(200)
    server.restart(kill=True)
    for path in written:
        root.get(path).ok(200)


def test_full_audit_disk(make_server, small_disk):
    """F-11: no torn line, refusal instead of an unrecorded answer, recovery by itself."""
    disk = small_disk("audit", 2)
    server = make_server(start=False, storage="rocksdb")
    server.config["audit_dirs"] = [disk]
    server.write_config()
    server.audit_path = f"{disk}/audit.log"
    server.start()
    server.enable_audit()
    root = server.root
    root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    root.post("kv/a", {"v": "canary-unaudited"}).ok(204)
    with open(f"{disk}/ballast", "wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"x" * 4096)
        except OSError:
            pass

    start = time.monotonic()
    refused = wait_until(lambda: (a := root.get("kv/a")).status not in (200, 204) and a, 20, 0, "refusal")
    assert refused.status in (500, 503) and "canary" not in refused.text
    assert time.monotonic() - start < 20 * SLOW
    assert root.get("sys/health").status in (200, 500, 503)
    os.unlink(f"{disk}/ballast")
    wait_until(lambda: root.get("kv/a").status == 200, 20, 0.2, "answers to resume")
    assert server.audit_records(), "every line is whole"
    out = server.cli("audit", "verify", server.audit_path, token=None)
    assert out.returncode == 0, out


def test_an_audit_pipe_that_nobody_reads(make_server):
    """F-13: a deadline, not a hang; health answers meanwhile."""
    server = make_server()
    pipe = f"{server.folder}/audit/pipe"
    os.mkfifo(pipe, 0o600)
    start = time.monotonic()
    answer = server.root.put("sys/audit/pipe", {"type": "file", "options": {"file_path": pipe}})
    assert time.monotonic() - start < 15 * SLOW
    if answer.status == 204:
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        try:
            start, refused = time.monotonic(), None
            for _ in range(3000):
                got = server.root.get("sys/mounts")
                if got.status != 200:
                    refused = got
                    break
            assert refused is not None and refused.status in (500, 503)
            assert time.monotonic() - start < 60 * SLOW
            assert server.client().get("sys/health").status in (200, 503)
        finally:
            os.close(reader)
    else:
        assert answer.status == 400, "a pipe is no regular file: refused"
    server.client().get("sys/health").ok(200)


def test_a_second_process_on_the_same_data(own):
    other = Server(own.folder + "-second", storage="rocksdb")
    other.config["storage"] = own.config["storage"]
    other.write_config()
    other.launch()
    try:
        assert other.process.wait(20 * SLOW) != 0
        text = other.log().lower()
        assert "another" in text or "lock" in text or "in use" in text, text
    finally:
        other.stop()
        shutil.rmtree(other.folder, ignore_errors=True)
    own.root.get("sys/mounts").ok(200)


def start_or_say(server):
    """Starts and unseals; (True, "") when it serves, else (False, what it said). A crash by signal fails the test."""
    server.launch()
    end = time.monotonic() + 30 * SLOW
    while time.monotonic() < end:
        if server.process.poll() is not None:
            assert server.process.returncode > 0, f"ended by signal {-server.process.returncode}: {server.log()[-1500:]}"
            return False, server.log()
        try:
            for key in server.keys[: server.threshold]:
                answer = server.root.put("sys/unseal", {"key": key}, token=None)
                if answer.status != 200:
                    server.stop()
                    return False, answer.text + server.log()
            wait_until(lambda: server.root.get("sys/health", token=None).status == 200, 20)
            return True, ""
        except OSError:
            time.sleep(0.05)
    raise AssertionError("it neither served nor ended")


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The data folder of a server with forty secrets, stopped, and what opens it."""
    folder = tmp_path_factory.mktemp("image")
    server = Server(folder / "server", storage="rocksdb")
    try:
        server.start()
        server.root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
        for i in range(40):
            server.root.post(f"kv/{i}", {"v": f"value {i} " + "x" * 2000}).ok(204)
        server.kill9()
        yield server
    finally:
        server.stop()


@pytest.fixture
def opened(image, make_server):
    """A fresh copy of the image in a server that is not started yet."""
    server = make_server(start=False, storage="rocksdb")
    shutil.rmtree(f"{server.folder}/data")
    shutil.copytree(f"{image.folder}/data", f"{server.folder}/data")
    server.keys, server.root_token = image.keys, image.root_token
    server.root.token = image.root_token
    return server


def store_files(server):
    return sorted(f for f in glob.glob(f"{server.folder}/data/**", recursive=True) if os.path.isfile(f) and os.path.getsize(f) > 0
                  and not os.path.basename(f).startswith(("LOCK", "LOG")) and "/audit/" not in f)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("where", [0.02, 0.5, 0.97])
def test_flipped_bytes(image, make_server, where):
    """F-50: one byte in each file: found and named, or the data is still right; never a crash, never a wrong value."""
    for n, name in enumerate(os.path.relpath(f, f"{image.folder}/data") for f in store_files(image)):
        server = make_server(start=False, storage="rocksdb")
        shutil.rmtree(f"{server.folder}/data")
        shutil.copytree(f"{image.folder}/data", f"{server.folder}/data")
        server.keys, server.root.token, server.root_token = image.keys, image.root_token, image.root_token
        path = f"{server.folder}/data/{name}"
        with open(path, "r+b") as file:
            at = int(os.path.getsize(path) * where)
            file.seek(at)
            old = file.read(1)
            file.seek(at)
            file.write(bytes([old[0] ^ 0x40]))
        serves, said = start_or_say(server)
        if serves:
            for i in range(40):
                answer = server.root.get(f"kv/{i}")
                if answer.status == 200:
                    assert answer.data["v"].startswith(f"value {i} "), (name, i)
                else:
                    assert answer.status in (500, 503), (name, i, answer)
            assert server.running(), f"{name}: {server.log()[-1500:]}"
        else:
            assert said.strip(), f"{name}: it ended without a word"
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)
        if n > 12:
            break


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_truncated_files(image, make_server):
    """F-52: each file cut short: it starts with the last committed state or refuses with a clear text; acknowledged data is not silently lost."""
    for name in [os.path.relpath(f, f"{image.folder}/data") for f in store_files(image)][:14]:
        server = make_server(start=False, storage="rocksdb")
        shutil.rmtree(f"{server.folder}/data")
        shutil.copytree(f"{image.folder}/data", f"{server.folder}/data")
        server.keys, server.root.token, server.root_token = image.keys, image.root_token, image.root_token
        path = f"{server.folder}/data/{name}"
        os.truncate(path, os.path.getsize(path) // 2)
        serves, said = start_or_say(server)
        if serves:
            lost = [i for i in range(40) if server.root.get(f"kv/{i}").status == 404]
            assert not lost, f"{name} was cut in half and {len(lost)} acknowledged secrets are silently gone"
        else:
            assert said.strip(), f"{name}: it ended without a word"
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


def test_a_missing_file(opened):
    """F-54: the store's description is gone."""
    victims = [f for f in store_files(opened) if os.path.basename(f).startswith(("MANIFEST", "CURRENT"))]
    assert victims
    for f in victims:
        os.unlink(f)
    serves, said = start_or_say(opened)
    assert not serves and said.strip()


@pytest.mark.parametrize("instead", ["symlink", "fifo", "folder"])
def test_something_else_in_a_files_place(opened, instead):
    """F-54"""
    victim = next(f for f in store_files(opened) if os.path.basename(f) == "CURRENT")
    os.unlink(victim)
    if instead == "symlink":
        os.symlink("/etc/passwd", victim)
    elif instead == "fifo":
        os.mkfifo(victim)
    else:
        os.mkdir(victim)
    serves, said = start_or_say(opened)
    assert not serves and said.strip()


def test_a_foreign_store(opened, make_server):
    """The keys of one server do not open the data of another."""
    other = make_server(storage="rocksdb")
    other.kill9()
    opened.keys = other.keys
    opened.spawn()
    answer = opened.root.put("sys/unseal", {"key": other.keys[0]}, token=None)
    answer.refused(400)
    assert opened.root.get("sys/seal-status", token=None).json["sealed"] is True


def test_an_older_copy_is_noticed(make_server):
    """F-53: a store put back to yesterday's copy is told from one that crashed, where the audit chain and the seal allow it."""
    server = make_server(storage="rocksdb")
    root = server.root
    root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    server.enable_audit()
    root.post("kv/a", {"v": "old"}).ok(204)
    server.terminate()
    store = [p for p in os.listdir(f"{server.folder}/data")]
    shutil.copytree(f"{server.folder}/data", f"{server.folder}/copy")
    server.spawn().unseal()
    for i in range(20):
        root.post("kv/a", {"v": str(i)}).ok(204)
    server.terminate()
    # The store goes back, its high-water mark does not: what a restored disk image of the store alone looks like.
    for name in store:
        if os.path.isdir(f"{server.folder}/data/{name}") and name != "audit":
            shutil.rmtree(f"{server.folder}/data/{name}")
            shutil.copytree(f"{server.folder}/copy/{name}", f"{server.folder}/data/{name}")
    serves, said = start_or_say(server)
    assert not serves and ("older" in said or "rolled back" in said or "behind" in said), said


def test_nobody_reads_the_output(make_server):
    """stdout and stderr may be pipes that nobody reads: a full pipe never blocks a request."""
    server = make_server(start=False)
    read, write = os.pipe()
    try:
        os.set_blocking(write, False)
        try:
            while True:
                os.write(write, b"x" * 65536)
        except BlockingIOError:
            pass
        os.set_blocking(write, True)
        server.process = subprocess.Popen([server.binary, "server", f"-config={server.folder}/config.json"], stdout=write, stderr=write, cwd=server.folder)
        os.close(write)
        wait_until(lambda: server.client().get("sys/health").status == 501 if _listening(server) else False, 20, what="the listener")
        server.init()
        server.unseal()
        for _ in range(50):
            server.root.get("sys/mounts").ok(200)
        server.root.get("no/such", token="bad").refused(403)
    finally:
        os.close(read)


def _listening(server):
    import socket

    try:
        socket.create_connection(("127.0.0.1", server.port), 1).close()
        return True
    except OSError:
        return False
