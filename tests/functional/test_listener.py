"""What a listener's settings do to requests and answers: proxies before it, headers, limits, the socket's owner."""
import grp
import http.client
import os
import pwd
import socket
import ssl
import stat

import pytest

from harness import SLOW, parse_replies, wait_until


def newest(server, path):
    found = [r for r in server.audit_records() if r.get("type") == "request" and r["request"]["path"] == path]
    assert found, f"no record for {path}"
    return found[-1]["request"]


def test_x_forwarded_for(make_server):
    server = make_server(listener={"x_forwarded_for_authorized_addrs": "127.0.0.1", "x_forwarded_for_hop_skips": 1, "x_forwarded_for_reject_not_present": False})
    server.enable_audit()
    root = server.root
    root.get("sys/mounts", headers={"X-Forwarded-For": "198.51.100.7, 203.0.113.9, 10.0.0.1"}).ok(200)
    assert newest(server, "sys/mounts")["remote_address"] == "203.0.113.9"
    root.get("sys/auth").ok(200)
    assert newest(server, "sys/auth")["remote_address"] == "127.0.0.1"
    for bad in ("203.0.113.9", "nonsense, 10.0.0.1", ", 10.0.0.1"):
        root.get("sys/mounts", headers={"X-Forwarded-For": bad}).refused(400, "x-forwarded-for")
    # What is bound to an address is bound to the client's, not the proxy's.
    root.post("sys/auth/up", {"type": "userpass"}).ok(204)
    root.post("auth/up/users/ann", {"password": "long enough", "token_bound_cidrs": "203.0.113.0/24"}).ok(204)
    there, elsewhere = {"X-Forwarded-For": "203.0.113.9, 10.0.0.1"}, {"X-Forwarded-For": "198.51.100.7, 10.0.0.1"}
    token = root.post("auth/up/login/ann", {"password": "long enough"}, token=None, headers=there).ok(200).token
    root.get("auth/token/lookup-self", token=token, headers=there).ok(200)
    root.get("auth/token/lookup-self", token=token, headers=elsewhere).refused(403)
    root.get("auth/token/lookup-self", token=token).refused(403)


def test_x_forwarded_for_of_strangers(make_server):
    server = make_server(start=False, listener={"x_forwarded_for_authorized_addrs": ["203.0.113.0/24"]})
    server.spawn()
    client = server.client()
    client.get("sys/health").refused(400, "missing x-forwarded-for header")
    client.get("sys/health", headers={"X-Forwarded-For": "203.0.113.9"}).refused(400, "not authorized")


def test_custom_response_headers(make_server):
    server = make_server(listener={"custom_response_headers": {"default": {"X-All": ["a", "b"], "X-Some": ["default"]}, "4xx": {"X-Some": ["class"]}, "404": {"X-Some": ["exact"]}}})
    root = server.root
    for answer, some in ((root.get("sys/mounts"), "default"), (root.get("sys/mounts", token=None), "class"), (root.get("no/such"), "exact"),
                         (root.get("/elsewhere", raw_path=True), "exact")):
        assert answer.headers.get_all("X-All") == ["a", "b"] and answer.headers["X-Some"] == some, answer
        assert answer.headers["Content-Type"] == "application/json"
    malformed = server.talk(b"NOT HTTP\r\n\r\n")
    assert malformed[0].status == 400 and malformed[0].headers["X-Some"] == "class"


def test_require_request_header(make_server):
    server = make_server(start=False, listener={"require_request_header": True})
    server.config["audit"] = {"file": {"main": {"options": {"file_path": server.audit_path}}}}
    server.write_config()
    server.spawn()
    client = server.client()
    client.get("sys/health").refused(412, "X-Vault-Request")
    assert client.get("sys/health", headers={"X-Vault-Request": "true"}).status == 501
    assert [r for r in server.audit_records() if r.get("error")], "the refusal is recorded"


def test_limits_are_each_listeners_own(make_server):
    server = make_server()
    small = f"127.0.0.1:{server.port + 1}"
    cert = {"tls_cert_file": f"{server.folder}/cert.pem", "tls_key_file": f"{server.folder}/cert-key.pem"}
    server.terminate()
    server.config["listener"] = [{"tcp": {"address": small, "max_request_size": 1000, **cert}}, server.config["listener"]]
    server.write_config()
    server.start()
    body = {"v": "x" * 2000}
    server.root.post("sys/wrapping/wrap", body, wrap="60").ok(200)
    other = server.client(server.root_token)
    other.port = server.port + 1
    assert other.post("sys/wrapping/wrap", body, wrap="60").status == 413
    other.close()


def test_the_owner_of_a_socket(make_server):
    server = make_server(start=False)
    path = f"{server.folder}/coffer.sock"
    user, group = pwd.getpwnam("nobody"), grp.getgrnam("nogroup")
    server.config["listener"] = {"unix": {"address": path, "socket_mode": "0660", "socket_user": user.pw_name, "socket_group": str(group.gr_gid)}}
    server.write_config()
    server.launch()
    if os.getuid() != 0:
        assert server.process.wait(20 * SLOW) != 0 and "socket_user" in server.log()
        return
    wait_until(lambda: os.path.exists(path) and os.stat(path).st_uid == user.pw_uid, 20, what="the socket")
    found = os.stat(path)
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (user.pw_uid, group.gr_gid, 0o660)
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)

    def listening():  # it has its owner before it listens
        return connection.sock.connect_ex(path) == 0

    wait_until(listening, 20, what="the listener")
    connection.request("GET", "/v1/sys/health")
    assert connection.getresponse().status == 501
    connection.close()


def test_an_unknown_owner_is_named(make_server):
    server = make_server(start=False)
    server.config["listener"] = {"unix": {"address": f"{server.folder}/coffer.sock", "socket_user": "no-such-user"}}
    server.write_config()
    server.launch()
    assert server.process.wait(20 * SLOW) != 0
    assert "no-such-user" in server.log() and "socket_user" in server.log()


V1 = b"PROXY TCP4 203.0.113.9 127.0.0.1 40000 443\r\n"
V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c" + bytes([203, 0, 113, 9, 127, 0, 0, 1]) + (40000).to_bytes(2, "big") + (443).to_bytes(2, "big")


def behind_proxy(server, header, path="sys/mounts"):
    """One request over TLS behind a PROXY header; its reply, or None when the server closes."""
    plain = socket.create_connection(("127.0.0.1", server.port), 20 * SLOW)
    try:
        plain.sendall(header)
        with ssl.create_default_context(cafile=server.cafile).wrap_socket(plain, server_hostname="localhost") as sock:
            sock.sendall(f"GET /v1/{path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Vault-Token: {server.root_token}\r\n\r\n".encode())
            got = b""
            while chunk := sock.recv(65536):
                got += chunk
            return parse_replies(got)[0]
    except OSError:
        return None
    finally:
        plain.close()


@pytest.mark.parametrize("header", [V1, V2])
def test_proxy_protocol(make_server, header):
    server = make_server(listener={"proxy_protocol_behavior": "allow_authorized", "proxy_protocol_authorized_addrs": "127.0.0.1"})
    server.enable_audit()
    assert behind_proxy(server, header).status == 200
    assert newest(server, "sys/mounts")["remote_address"] == "203.0.113.9"
    server.root.get("sys/auth").ok(200)
    assert newest(server, "sys/auth")["remote_address"] == "127.0.0.1", "a proxy may also speak for itself"
    assert behind_proxy(server, b"PROXY TCP4 nonsense\r\n") is None


def test_proxy_protocol_of_strangers(make_server):
    """A21: their connections end, the listener goes on."""
    server = make_server(start=False, listener={"proxy_protocol_behavior": "deny_unauthorized", "proxy_protocol_authorized_addrs": ["203.0.113.1"]})
    server.launch()
    wait_until(lambda: "listening on" in server.log(), 20, what="the listener")
    for _ in range(100):
        with socket.create_connection(("127.0.0.1", server.port), 5 * SLOW) as sock:
            try:
                sock.sendall(V1)
                assert sock.recv(100) == b""
            except ConnectionError:
                pass
    assert server.running()
    ignored = make_server(listener={"proxy_protocol_behavior": "allow_authorized", "proxy_protocol_authorized_addrs": ["203.0.113.1"]})
    ignored.enable_audit()
    assert behind_proxy(ignored, V1).status == 200
    assert newest(ignored, "sys/mounts")["remote_address"] == "127.0.0.1"
