"""Starts, breaks and asks the real server. Every functional test stands on this module.

`Server` owns one process and its folder (certificate, config, data, logs, audit file). `Answer` is what it said. Requests go out
exactly as a test spells them: no path is cleaned, no redirect followed, no status turned into an exception.
"""
import base64
import fcntl
import functools
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = os.environ.get("COFFER_BINARY") or str(ROOT / "build/dev/bin/coffer")
# Sanitized builds are slower: every limit of waiting is multiplied by this.
SLOW = float(os.environ.get("COFFER_SLOW", "1"))


PORTS = range(20000, 32000)  # below the kernel's ephemeral ports
_claimed = []  # the open lock files of this process's ports


def free_port() -> int:
    """A port that no other test process takes while this one lives: each is claimed by a lock on a file of its number.

    (Listeners of this project share ports by SO_REUSEPORT, so two servers on one port would not even fail: they would share the clients.)
    """
    folder = f"{tempfile.gettempdir()}/coffer-test-ports-{os.getuid()}"
    os.makedirs(folder, mode=0o700, exist_ok=True)
    start = random.randrange(len(PORTS))
    for port in (PORTS[(start + i) % len(PORTS)] for i in range(len(PORTS))):
        claim = os.open(f"{folder}/{port}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            os.close(claim)
            continue
        _claimed.append(claim)
        return port
    raise RuntimeError(f"no port of {PORTS} is free")


class TooSlow(Exception):
    """The machine was too busy for what a test is about: see `in_time`."""


class Stopwatch:
    """For what must hold within a time: start it before the request that starts the time on the server."""

    def __init__(self):
        self.began = time.monotonic()

    def seconds(self):
        return time.monotonic() - self.began

    def in_time(self, seconds):
        """Gives up this attempt when `seconds` have passed: what was asked may have come too late to count."""
        if self.seconds() >= seconds:
            raise TooSlow(f"{self.seconds():.2f} s passed, {seconds} were allowed")

    def until(self, seconds):
        """Sleeps until `seconds` after the start."""
        time.sleep(max(0.0, self.began + seconds - time.monotonic()))


def attempts(count=6):
    """For tests of short lifetimes: run once more when the machine stalled (TooSlow), at most `count` times. Real failures are never retried."""
    def decorate(test):
        @functools.wraps(test)
        def run(*args, **named):
            for _ in range(count - 1):
                try:
                    return test(*args, **named)
                except TooSlow:
                    pass
            return test(*args, **named)
        return run
    return decorate


def wait_until(condition, seconds=30.0, every=0.02, what="condition"):
    """Polls until `condition()` is truthy and returns that value; AssertionError after `seconds`."""
    end = time.monotonic() + seconds * SLOW
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what} did not come within {seconds * SLOW:.0f} s"
        time.sleep(every)


def make_certificate(folder, name="cert", algorithm="ec", days=30, subject="/CN=localhost", names="DNS:localhost,DNS:*.vault.localhost,IP:127.0.0.1"):
    """A fresh self-signed certificate: FOLDER/NAME.pem and FOLDER/NAME-key.pem."""
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if algorithm == "ec" else ["-newkey", "rsa:2048"]
    cert, key = f"{folder}/{name}.pem", f"{folder}/{name}-key.pem"
    subprocess.run(["openssl", "req", "-x509", *kind, "-nodes", "-days", str(days), "-keyout", key, "-out", cert, "-subj", subject,
                    "-addext", f"subjectAltName={names}", "-addext", "basicConstraints=critical,CA:FALSE"], check=True, capture_output=True)
    return cert, key


class Answer:
    """Status, headers and body of one reply. `json` is None for an empty body; `data`, `auth`, `errors` are parts of it."""

    def __init__(self, status, headers, raw):
        self.status, self.headers, self.raw = status, headers, raw
        self.text = raw.decode("utf-8", errors="replace")
        try:
            self.json = json.loads(raw) if raw else None
        except ValueError:
            self.json = None

    def __repr__(self):
        return f"<{self.status} {self.text[:600]}>"

    def _part(self, name):
        return self.json.get(name) if isinstance(self.json, dict) else None

    @property
    def data(self):
        return self._part("data")

    @property
    def auth(self):
        return self._part("auth")

    @property
    def errors(self):
        return self._part("errors")

    @property
    def token(self):
        return self.auth["client_token"]

    def ok(self, status=None):
        """Asserts success (or exactly `status`) and returns itself."""
        assert self.status == status if status else self.status in (200, 204), repr(self)
        return self

    def refused(self, status, text=None):
        """Asserts an error in Vault's shape; `text` must be in one of its messages (or [] for no message)."""
        assert self.status == status, repr(self)
        assert isinstance(self.errors, list), repr(self)
        if text == []:
            assert self.errors == [], repr(self)
        elif text is not None:
            assert any(text in e for e in self.errors), f"{text!r} is not in {self!r}"
        return self


class Client:
    """One keep-alive connection at a time to an address; safe to use from one thread. `token` goes out unless a call names another."""

    def __init__(self, port, cafile=None, token=None, timeout=60):
        self.port, self.cafile, self.token, self.timeout = port, cafile, token, timeout * SLOW
        self._context = ssl.create_default_context(cafile=cafile) if cafile else None
        self._connection = None

    def copy(self, token=...):
        return Client(self.port, self.cafile, self.token if token is ... else token, self.timeout / SLOW)

    def close(self):
        if self._connection:
            self._connection.close()
        self._connection = None

    def _connect(self):
        if self._context:
            return http.client.HTTPSConnection("127.0.0.1", self.port, context=self._context, timeout=self.timeout)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)

    def ask(self, method, path, body=None, token=..., headers=None, raw_path=False, wrap=None):
        """`path` is below /v1/ unless raw_path. `body`: object sent as JSON, or bytes/str sent as they are."""
        head = dict(headers or {})
        token = self.token if token is ... else token
        if token:
            head.setdefault("X-Vault-Token", token)
        if wrap is not None:
            head["X-Vault-Wrap-TTL"] = str(wrap)
        data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else None if body is None else json.dumps(body).encode()
        target = path if raw_path else "/v1/" + path
        fresh = self._connection is None
        while True:
            if self._connection is None:
                self._connection = self._connect()
            try:
                # Bypasses http.client's own check of the target, so that a test may send what it wants.
                self._connection._validate_path = lambda url: None
                self._connection.request(method, target, data, head)
                reply = self._connection.getresponse()
                answer = Answer(reply.status, reply.headers, reply.read())
                if reply.will_close:
                    self.close()
                return answer
            except (http.client.HTTPException, OSError) as error:
                self.close()
                if fresh or not isinstance(error, (http.client.RemoteDisconnected, ConnectionError)):
                    raise
                fresh = True  # an idle connection may have been closed by the server: once more on a new one

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def put(self, path, body=None, **more):
        return self.ask("PUT", path, body, **more)

    def post(self, path, body=None, **more):
        return self.ask("POST", path, body, **more)

    def delete(self, path, body=None, **more):
        return self.ask("DELETE", path, body, **more)

    def list(self, path, **more):
        return self.ask("LIST", path, **more)

    def patch(self, path, body=None, **more):
        more.setdefault("headers", {}).setdefault("Content-Type", "application/merge-patch+json")
        return self.ask("PATCH", path, body, **more)

    def new_token(self, policies=("default",), **fields):
        """A fresh service token with these policies; `fields` as for auth/token/create."""
        fields.setdefault("ttl", "1h")
        return self.post("auth/token/create", {"policies": list(policies), **fields}).ok().token

    def with_policy(self, text, **fields):
        """Writes a policy of this HCL text under a new name and returns a Client whose token has it (and not `default`)."""
        name = unique("policy")
        self.put(f"sys/policies/acl/{name}", {"policy": text}).ok()
        fields.setdefault("no_default_policy", True)
        return self.copy(self.new_token([name], **fields))


def unique(prefix="x"):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


class Server:
    """One server process. `root` is a Client with the root token once `start()` has initialised it."""

    def __init__(self, folder=None, storage="inmem", shares=1, threshold=None, extra=None, listener=None, binary=None, wrap=(), env=None, tls=True):
        self.binary = binary or BINARY
        self.folder = str(folder or tempfile.mkdtemp(prefix="coffer-test-"))
        self.shares, self.threshold = shares, threshold or shares
        self.wrap, self.env, self.tls = list(wrap), dict(env or {}), tls
        self.port = free_port()
        self.address = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.keys, self.process, self.root_token = [], None, None
        os.makedirs(f"{self.folder}/data", exist_ok=True)
        os.makedirs(f"{self.folder}/audit", exist_ok=True)
        self.audit_path = f"{self.folder}/audit/audit.log"
        self.log_path = f"{self.folder}/server.log"
        self.cafile = None
        tcp = {"address": f"127.0.0.1:{self.port}", "tls_disable": True}
        if tls:
            cert, key = f"{self.folder}/cert.pem", f"{self.folder}/cert-key.pem"
            if not os.path.exists(cert):
                make_certificate(self.folder)
            self.cafile = cert
            tcp = {"address": f"127.0.0.1:{self.port}", "tls_cert_file": cert, "tls_key_file": key}
        tcp.update(listener or {})
        store = {} if storage == "inmem" else {"path": f"{self.folder}/data"}
        self.config = {"listener": {"tcp": tcp}, "storage": {storage: store}, "disable_mlock": True, "api_addr": self.address, "log_level": "info",
                       "audit_dirs": [f"{self.folder}/audit"]}
        self.config.update(extra or {})
        self.write_config()
        self.root = Client(self.port, self.cafile)

    # -- process ------------------------------------------------------------------------------------------------------
    def write_config(self):
        with open(f"{self.folder}/config.json", "w", encoding="utf-8") as out:
            json.dump(self.config, out)

    def client(self, token=None, **more):
        return Client(self.port, self.cafile, token, **more)

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def launch(self):
        """Starts the process without waiting for its listener."""
        out = open(self.log_path, "a", encoding="utf-8")  # noqa: SIM115 (the child keeps it)
        self.process = subprocess.Popen([*self.wrap, self.binary, "server", f"-config={self.folder}/config.json"], stdout=out,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.folder, env={**os.environ, **self.env})
        out.close()

    def spawn(self, seconds=60):
        self.launch()
        end = time.monotonic() + seconds * SLOW
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}: {self.log()[-2000:]}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if time.monotonic() > end:
                    raise RuntimeError(f"no listener after {seconds * SLOW:.0f} s: {self.log()[-2000:]}") from None
                time.sleep(0.01)

    def init(self, **fields):
        fields.setdefault("secret_shares", self.shares)
        fields.setdefault("secret_threshold", self.threshold)
        made = self.root.put("sys/init", fields).ok(200)
        self.keys, self.root_token = made.json["keys_base64"], made.json["root_token"]
        self.root.token = self.root_token
        return made

    def unseal(self, seconds=60):
        for key in self.keys[: self.threshold]:
            self.root.put("sys/unseal", {"key": key}, token=None).ok(200)
        wait_until(lambda: self.root.get("sys/health", token=None).status == 200, seconds, what="active node")

    def start(self):
        self.spawn()
        self.init()
        self.unseal()
        return self

    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill9(self):
        if self.running():
            self.process.kill()
        self.process.wait()
        self.root.close()

    def terminate(self, number=signal.SIGTERM, seconds=40):
        """Sends a signal and returns the exit status; kills after `seconds` and fails."""
        if not self.running():
            return self.process.returncode if self.process else None
        self.process.send_signal(number)
        try:
            return self.process.wait(seconds * SLOW)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise AssertionError(f"the server did not stop within {seconds * SLOW:.0f} s of signal {number}") from None
        finally:
            self.root.close()

    def restart(self, kill=False):
        if kill:
            self.kill9()
        else:
            self.terminate()
        self.spawn()
        self.unseal()
        return self

    def stop(self):
        """For teardown: ends the process whatever state it is in."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20 * SLOW)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.root.close()

    def memory(self):
        """Resident bytes now and at their highest."""
        fields = dict(line.split(":", 1) for line in open(f"/proc/{self.process.pid}/status", encoding="ascii", errors="replace") if ":" in line)
        return int(fields["VmRSS"].split()[0]) * 1024, int(fields["VmHWM"].split()[0]) * 1024

    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # -- audit --------------------------------------------------------------------------------------------------------
    def enable_audit(self, path="file", **options):
        options.setdefault("file_path", self.audit_path)
        self.root.put(f"sys/audit/{path}", {"type": "file", "options": options}).ok(204)

    def audit_records(self, path=None):
        """Every whole line of the audit file as an object. A torn line fails the test."""
        with open(path or self.audit_path, encoding="utf-8") as file:
            return [json.loads(line) for line in file.read().splitlines() if line.strip()]

    # -- raw sockets --------------------------------------------------------------------------------------------------
    def raw_socket(self, alpn=None, timeout=20):
        plain = socket.create_connection(("127.0.0.1", self.port), timeout * SLOW)
        if not self.tls:
            return plain
        context = ssl.create_default_context(cafile=self.cafile)
        if alpn:
            context.set_alpn_protocols(alpn)
        return context.wrap_socket(plain, server_hostname="localhost")

    def talk(self, sent: bytes, replies=None, timeout=20) -> list[Answer]:
        """Sends these bytes on a new connection and reads replies until there are that many whole ones, or the server closes or stays silent."""
        with self.raw_socket(timeout=timeout) as sock:
            try:
                sock.sendall(sent)
            except OSError:
                pass  # the server may have refused and closed before the end
            sock.settimeout(15 * SLOW)
            got = b""
            try:
                while (replies is None or len(parse_replies(got)) < replies) and (chunk := sock.recv(65536)):
                    got += chunk
            except OSError:
                pass
        return parse_replies(got)

    def cli(self, *arguments, token=..., stdin=None, env=None, program="coffer", timeout=60):
        """Runs the command line against this server. `program`: the name it is called by (coffer, vault or bao)."""
        path = self.binary
        if program != "coffer":
            path = f"{self.folder}/{program}"
            if not os.path.exists(path):
                os.symlink(self.binary, path)
        surroundings = {"PATH": os.environ["PATH"], "HOME": self.folder, "VAULT_ADDR": self.address, "LANG": "C.UTF-8",
                        **({"VAULT_CACERT": self.cafile} if self.cafile else {}), **(env or {})}
        token = self.root_token if token is ... else token
        if token:
            surroundings["VAULT_TOKEN"] = token
        return subprocess.run([path, *arguments], env=surroundings, input=stdin, capture_output=True, text=True, timeout=timeout * SLOW,
                              cwd=self.folder, check=False)


def parse_replies(got: bytes) -> list[Answer]:
    replies = []
    while got:
        head, separator, rest = got.partition(b"\r\n\r\n")
        if not separator:
            break
        lines = head.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ", 2)
        if not parts[0].startswith("HTTP/1."):
            break
        headers = http.client.HTTPMessage()
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name] = value.strip()
        length = int(headers.get("Content-Length") or 0)
        status = int(parts[1])
        if status == 100:
            got = rest
            continue
        if len(rest) < length:
            break
        replies.append(Answer(status, headers, rest[:length]))
        got = rest[length:]
    return replies


def together(count, work):
    """Runs work(i) in `count` threads that start at the same moment; returns their results (exceptions are raised)."""
    barrier, results, failures = threading.Barrier(count), [None] * count, []

    def one(i):
        try:
            barrier.wait()
            results[i] = work(i)
        except BaseException as error:  # noqa: BLE001 (reported below)
            failures.append(error)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


def shapes(canary: str) -> list[bytes]:
    """The forms in which a secret may leak: as it is, base64 in its three phases, hex, percent-encoded."""
    raw = canary.encode()
    forms = [raw, raw.hex().encode(), raw.hex().upper().encode(), "".join(f"%{b:02x}" for b in raw).encode()]
    for lead in range(3):
        coded = base64.b64encode(b"\0" * lead + raw)
        forms.append(coded[4 if lead else 0 : len(coded) - 4])
    return forms


def leaked(canary: str, content: bytes) -> bool:
    return any(form in content for form in shapes(canary))
