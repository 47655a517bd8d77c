"""What tells an operator how the server is doing: loggers, the streamed log, counters, backends, and what is asked of other kinds of storage."""
import json
import signal

from harness import unique, wait_until


def test_loggers(make_server):
    root = make_server(extra={"log_level": "warn"}).root
    assert root.get("sys/loggers").ok(200).data == {"core": "warn"}
    root.post("sys/loggers", {"level": "debug"}).ok(204)
    assert root.get("sys/loggers/core").ok(200).data == {"core": "debug"}
    root.post("sys/loggers/core", {"level": "error"}).ok(204)
    assert root.get("sys/loggers").data == {"core": "error"}
    root.delete("sys/loggers").ok(204)
    assert root.get("sys/loggers").data == {"core": "warn"}
    root.post("sys/loggers", {}).refused(400, "level is required")
    root.post("sys/loggers", {"level": ""}).refused(400, "level is empty")
    root.post("sys/loggers", {"level": "loud"}).refused(400, 'invalid level provided: "loud"')
    root.get("sys/loggers/none").refused(400, 'logger "none" not found')


def test_the_log_can_be_followed(make_server):
    """GET sys/monitor sends lines as they are written, from a level of its own on, until the reader goes; nothing waits for it."""
    server = make_server(extra={"log_level": "error"})
    watch = server.raw_socket(timeout=20)
    watch.sendall(f"GET /v1/sys/monitor?log_level=info&log_format=json HTTP/1.1\r\nHost: a\r\nX-Vault-Token: {server.root_token}\r\n\r\n".encode())
    got = watch.recv(4096)
    assert got.startswith(b"HTTP/1.1 200") and b"chunked" in got.lower()
    server.process.send_signal(signal.SIGHUP)
    while b"SIGHUP" not in got:
        piece = watch.recv(4096)
        assert piece, got
        got += piece
    line = next(x for x in got.decode().splitlines() if "SIGHUP" in x)
    assert json.loads(line)["@level"] == "info"
    assert "SIGHUP" not in server.log(), "the server's own level stays"
    watch.close()
    server.root.get("sys/monitor?log_level=loud").refused(400, "unknown log level")
    server.root.get("sys/monitor?log_format=xml").refused(400, "unknown log format")
    server.root.get("sys/monitor", token=server.root.new_token()).refused(403)


def test_sealing_ends_the_stream(make_server):
    server = make_server()
    watch = server.raw_socket(timeout=20)
    watch.sendall(f"GET /v1/sys/monitor HTTP/1.1\r\nHost: a\r\nX-Vault-Token: {server.root_token}\r\n\r\n".encode())
    assert watch.recv(4096).startswith(b"HTTP/1.1 200")
    server.root.put("sys/seal").ok(204)
    got = b""
    while not got.endswith(b"0\r\n\r\n"):
        piece = watch.recv(4096)
        assert piece, got
        got += piece


def test_counters(make_server):
    root = make_server().root

    def total(what, name):
        return root.get(f"sys/internal/counters/{what}").ok(200).data["counters"][name]["total"]

    before = total("tokens", "service_tokens")
    tokens = [root.new_token() for _ in range(3)]
    root.new_token(type="batch")
    assert total("tokens", "service_tokens") == before + 3
    root.post("auth/token/revoke", {"token": tokens[0]}).ok(204)
    assert total("tokens", "service_tokens") == before + 2
    root.post("sys/auth/up", {"type": "userpass"}).ok(204)
    root.post("auth/up/users/ann", {"password": "long enough"}).ok(204)
    for _ in range(2):
        root.post("auth/up/login/ann", {"password": "long enough"}, token=None).ok(200)
    assert total("entities", "entities") == 1


def test_raft_is_not_in_use(root):
    for method, path in (("GET", "configuration"), ("GET", "autopilot/state"), ("POST", "autopilot/configuration"), ("GET", "snapshot"), ("POST", "snapshot-force"),
                         ("POST", "remove-peer")):
        root.ask(method, f"sys/storage/raft/{path}", {} if method == "POST" else None).refused(400, "raft storage is not in use")
    root.post("sys/storage/raft/join", {"leader_api_addr": "https://a"}).refused(400, "raft storage is not in use")
    root.post("sys/storage/raft/join", {"leader_api_addr": "https://a"}, token=None).refused(403)  # there is no cluster that could be joined
    root.get("sys/storage/raft/configuration", token=None).refused(403)


def test_plugins_are_built_in(root, kv1):
    root.post("sys/plugins/catalog/secret/mine", {"sha256": "00", "command": "mine"}).refused(400, "built in")
    root.put("sys/plugins/reload/backend", {"plugin": "kv"}).ok(204)
    root.put("sys/plugins/reload/backend", {"mounts": [kv1]}).ok(204)
    root.put("sys/plugins/reload/backend", {"mounts": [unique("none")]}).refused(400, "cannot fetch mount entry")
    root.put("sys/plugins/reload/backend", {}).refused(400, "plugin or mounts must be provided")


def test_leases_that_cannot_be_revoked(root):
    assert root.get("sys/leases?type=irrevocable").ok(200).data == {"lease_count": 0, "leases": []}
    assert root.get("sys/leases/count?type=irrevocable").ok(200).data == {"lease_count": 0, "counts": {}}
    root.get("sys/leases").refused(404, [])
    root.get("sys/leases?type=other").refused(400, "type must be irrevocable")


def test_a_streamed_log_holds_nothing_up(make_server):
    """A reader who does not read loses lines; the server goes on, and stops when told."""
    server = make_server()
    watch = server.raw_socket()
    watch.sendall(f"GET /v1/sys/monitor?log_level=trace HTTP/1.1\r\nHost: a\r\nX-Vault-Token: {server.root_token}\r\n\r\n".encode())
    wait_until(lambda: server.root.get("sys/health").status == 200)
    for _ in range(50):
        server.process.send_signal(signal.SIGHUP)
        server.root.get("sys/health").ok(200)
    server.terminate()
    watch.close()
