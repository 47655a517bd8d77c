"""Audit devices by the API: enabling, refusing, records' shape, hashes, reopening, failing."""
import json
import os
import signal
import socket
import stat
import threading

import pytest

from harness import unique, wait_until


def newest(server, path, kind="response", audit=None):
    """The last record of this type for a request path."""
    found = [r for r in server.audit_records(audit) if r.get("type") == kind and r["request"]["path"] == path]
    assert found, f"no {kind} record for {path}"
    return found[-1]


def test_enable_list_disable(own):
    root = own.root
    assert root.get("sys/audit").ok(200).data == {}
    root.put("sys/audit/file", {"type": "file", "description": "d", "options": {"file_path": own.audit_path}}).ok(204)
    device = root.get("sys/audit").data["file/"]
    assert device == {"type": "file", "description": "d", "local": False, "path": "file/", "options": {"file_path": own.audit_path}}
    root.put("sys/audit/file", {"type": "file", "options": {"file_path": own.audit_path}}).refused(400)
    root.delete("sys/audit/file").ok(204)
    root.delete("sys/audit/file").ok(204)
    assert root.get("sys/audit").data == {}
    root.put("sys/audit/file", {"type": "file", "options": {"path": own.audit_path}}).ok(204)  # the same file again, by its older key
    root.put("sys/audit/bad", {"type": "nonesuch"}).refused(400)
    root.put("sys/audit/none", {"type": "file", "options": {"file_path": "discard"}}).ok(204)
    assert stat.S_IMODE(os.stat(own.audit_path).st_mode) == 0o600


def test_records_have_vaults_shape(own):
    root = own.root
    own.enable_audit()
    root.post("sys/mounts/kv", {"type": "kv", "options": {"version": "2"}}).ok(204)
    root.post("kv/data/app", {"data": {"password": "canary-in-clear", "port": 5432, "flag": True}}).ok(200)
    root.get("kv/data/app").ok(200)
    request, response = newest(own, "kv/data/app", "request"), newest(own, "kv/data/app")
    assert request["request"]["id"] == response["request"]["id"] and len(request["request"]["id"]) == 36
    assert request["time"] and request["request"]["operation"] == "read" and request["request"]["mount_type"] == "kv"
    assert request["request"]["remote_address"] == "127.0.0.1" and request["request"]["namespace"]["id"] == "root"
    assert request["request"]["client_token"].startswith("hmac-sha256:") and request["auth"]["client_token"].startswith("hmac-sha256:")
    assert request["auth"]["policies"] == ["root"] and request["auth"]["display_name"] == "root"
    assert request["auth"]["policy_results"]["allowed"] is True
    values = list(response["response"]["data"]["data"].values())
    assert root.post("sys/audit-hash/file", {"input": "canary-in-clear"}).ok(200).data["hash"] in values
    whole = open(own.audit_path, encoding="utf-8").read()
    assert "canary-in-clear" not in whole and "5432" not in json.dumps(response["response"]["data"]["data"]), "every scalar is hashed, numbers too"
    assert own.root_token not in whole


def test_denials_and_unknown_paths_are_recorded(own):
    own.enable_audit()
    root = own.root
    plain = root.new_token()
    root.get("sys/mounts", token=plain).refused(403)
    assert newest(own, "sys/mounts", "request")["auth"]["policy_results"]["allowed"] is False
    assert newest(own, "sys/mounts")["error"]
    root.get("no/such/mount").refused(404)
    assert newest(own, "no/such/mount")["error"]
    root.get("also/not/there", token=None).refused(403)
    assert newest(own, "also/not/there", "request")


def test_device_options_are_kept_as_given(own):
    root = own.root
    options = {"file_path": own.audit_path, "hmac_accessor": "false", "log_raw": "true"}
    root.put("sys/audit/raw", {"type": "file", "options": options}).ok(204)
    assert root.get("sys/audit").data["raw/"]["options"] == options
    root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    root.post("kv/a", {"v": "canary-raw"}).ok(204)
    assert newest(own, "kv/a", "request")["request"]["data"]["v"] == "canary-raw"


def test_raw_stays_in_the_raw_device(own):
    """K02."""
    root, hashed = own.root, f"{own.folder}/audit/hashed.log"
    root.put("sys/audit/raw", {"type": "file", "options": {"file_path": own.audit_path, "log_raw": "true"}}).ok(204)
    root.put("sys/audit/hashed", {"type": "file", "options": {"file_path": hashed}}).ok(204)
    root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    root.post("kv/a", {"v": "canary-two-devices"}).ok(204)
    root.get("kv/a").ok(200)
    assert "canary-two-devices" in open(own.audit_path, encoding="utf-8").read()
    assert "canary-two-devices" not in open(hashed, encoding="utf-8").read()


def test_where_an_audit_file_may_lie(own, tmp_path):
    """Never a file that holds something else, never outside the allowed folders; modes of existing files stay (K01)."""
    root = own.root

    def enable(path, **options):
        return root.put(f"sys/audit/{unique('f')}", {"type": "file", "options": {"file_path": path, **options}})

    folder = f"{own.folder}/audit"
    other = f"{folder}/other.txt"
    with open(other, "w", encoding="utf-8") as out:
        out.write("somebody's letters\n")
    assert enable(other).status == 400
    assert open(other, encoding="utf-8").read() == "somebody's letters\n"
    touched = f"{folder}/touched.log"
    open(touched, "w", encoding="utf-8").close()
    os.chmod(touched, 0o640)
    assert enable(touched).status == 204
    assert stat.S_IMODE(os.stat(touched).st_mode) == 0o640, "an existing file keeps its mode"
    for path in ("/etc/cron.d/coffer", f"{own.folder}/data/inside", f"{folder}/../escape.log", "/proc/self/environ", f"{folder}/no/such/folder.log", folder):
        answer = enable(path)
        assert answer.status == 400, f"{path}: {answer}"
    os.symlink("/etc/passwd", f"{folder}/link.log")
    assert enable(f"{folder}/link.log").status == 400
    assert enable(f"{folder}/run.log", mode="0755").status == 400, "an executable mode is refused"
    assert enable(f"{folder}/prefix.log", prefix="#!/bin/sh\n").status in (204, 400)
    if os.path.exists(f"{folder}/prefix.log"):
        assert not open(f"{folder}/prefix.log", encoding="utf-8").read().startswith("#!")
    assert "root:" not in str(root.get("sys/audit").text)


def test_several_servers_may_append_to_one_file(make_server):
    first = make_server()
    first.enable_audit()
    second = make_server(extra={"audit_dirs": [os.path.dirname(first.audit_path)]})
    second.root.put("sys/audit/file", {"type": "file", "options": {"file_path": first.audit_path}}).ok(204)
    for server in (first, second):
        server.root.get("sys/mounts").ok(200)
    assert len(first.audit_records()) >= 4


def test_devices_of_the_config(make_server):
    server = make_server(start=False, storage="rocksdb")
    server.config["audit"] = {"file": {"main": {"options": {"file_path": server.audit_path}}}}
    server.write_config()
    server.start()
    assert any(d["type"] == "file" for d in server.root.get("sys/audit").ok(200).data.values())
    paths = [r["request"]["path"] for r in server.audit_records() if r["type"] == "request"]
    assert "sys/init" in paths and "sys/unseal" in paths, "K11: the ceremonies are recorded too"
    for key in server.keys:
        assert key not in open(server.audit_path, encoding="utf-8").read()


def test_hup_reopens_the_file(own):
    own.enable_audit()
    moved = own.audit_path + ".1"
    os.rename(own.audit_path, moved)
    own.process.send_signal(signal.SIGHUP)
    wait_until(lambda: os.path.exists(own.audit_path) or own.root.get("sys/mounts").ok(200) is None, what="a new file")
    own.root.get("sys/auth").ok(200)
    assert newest(own, "sys/auth")
    out = own.cli("audit", "verify", moved, own.audit_path)
    assert out.returncode == 0, out


def test_socket_device(own):
    got, ready = [], threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        ready.set()
        connection, _ = listener.accept()
        with connection:
            while chunk := connection.recv(65536):
                got.append(chunk)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    ready.wait()
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    own.root.put("sys/audit/wire", {"type": "socket", "options": {"address": address, "socket_type": "tcp"}}).ok(204)
    own.root.get("sys/mounts").ok(200)
    wait_until(lambda: b'"sys/mounts"' in b"".join(got), what="a record on the socket")
    own.root.delete("sys/audit/wire").ok(204)
    listener.close()


def test_a_request_that_cannot_be_audited_is_refused(own):
    """F-14/K: the sink is gone, so nothing is answered; it comes back, and so do the answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    accepted = []
    thread = threading.Thread(target=lambda: accepted.append(listener.accept()[0]), daemon=True)
    thread.start()
    own.root.post("sys/mounts/kv", {"type": "kv"}).ok(204)
    own.root.post("kv/a", {"v": "x"}).ok(204)
    own.root.put("sys/audit/wire", {"type": "socket", "options": {"address": address, "socket_type": "tcp", "write_timeout": "1s"}}).ok(204)
    own.root.get("kv/a").ok(200)
    wait_until(lambda: accepted, what="the server's connection")
    listener.close()
    accepted[0].close()

    def refused():
        answer = own.root.get("kv/a")
        return answer.status >= 500 and "x" not in str(answer.data or "")

    wait_until(refused, 20, what="refusal")
    own.root.get("sys/health", token=None)


def test_headers_are_recorded_as_configured(own):
    own.enable_audit()
    root = own.root
    root.post("sys/config/auditing/request-headers/X-Plain", {"hmac": False}).ok(204)
    root.post("sys/config/auditing/request-headers/X-Hidden", {"hmac": True}).ok(204)
    root.get("sys/mounts", headers={"X-Plain": "seen", "X-Hidden": "canary-header", "X-Other": "canary-other"}).ok(200)
    headers = newest(own, "sys/mounts", "request")["request"]["headers"]
    assert headers["x-plain"] == ["seen"] and headers["x-hidden"][0].startswith("hmac-sha256:") and "x-other" not in headers
    assert "canary" not in open(own.audit_path, encoding="utf-8").read()


@pytest.mark.parametrize("path", ["kv/a", "sys/mounts/kv/tune"])
def test_request_keys_can_be_shown(own, path):
    own.enable_audit()
    own.root.post("sys/mounts/kv", {"type": "kv", "config": {"audit_non_hmac_request_keys": ["shown"]}}).ok(204)
    own.root.post("kv/a", {"shown": "in clear", "hidden": "canary"}).ok(204)
    data = newest(own, "kv/a", "request")["request"]["data"]
    assert data["shown"] == "in clear", path
    assert "canary" not in json.dumps(data), "the other field's value is hashed"


def test_hvac_audit(own):
    import hvac

    client = hvac.Client(url=own.address, token=own.root_token, verify=own.cafile)
    client.sys.enable_audit_device("file", options={"file_path": own.audit_path}, path="tmpfile")
    assert "tmpfile/" in client.sys.list_enabled_audit_devices()["data"]
    assert client.sys.calculate_hash("tmpfile", "x")["data"]["hash"].startswith("hmac-sha256:")
    client.sys.disable_audit_device("tmpfile")
    assert "tmpfile/" not in client.sys.list_enabled_audit_devices()["data"]
