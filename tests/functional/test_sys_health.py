"""sys/health, sys/leader and their like: what load balancers and clients ask without a token."""
import os
import socket

import pytest


def test_health(root):
    answer = root.get("sys/health", token=None).ok(200)
    body = answer.json
    assert body["initialized"] is True and body["sealed"] is False and body["standby"] is False and body["performance_standby"] is False
    assert body["replication_performance_mode"] == "disabled" and body["replication_dr_mode"] == "disabled"
    assert body["version"] == "1.18.5" and isinstance(body["server_time_utc"], int)
    assert body["cluster_name"] and len(body["cluster_id"]) == 36
    assert answer.headers["Content-Type"] == "application/json" and answer.headers["Cache-Control"] == "no-store"
    assert "request_id" not in body


def test_head_is_the_code_alone(root):
    answer = root.ask("HEAD", "sys/health", token=None)
    assert answer.status == 200 and answer.raw == b""


def test_active_code_can_be_chosen(root):
    assert root.get("sys/health?activecode=299", token=None).status == 299
    assert root.get("sys/health?standbyok=true&sealedcode=299&uninitcode=299", token=None).status == 200
    assert root.get("sys/health?activecode=many", token=None).status == 400


def test_sealed_code_can_be_chosen(own):
    own.root.put("sys/seal").ok(204)
    assert own.root.get("sys/health", token=None).status == 503
    assert own.root.get("sys/health?sealedcode=299", token=None).status == 299


def test_leader_without_ha(root):
    assert root.get("sys/leader", token=None).ok(200).json | {"raft_committed_index": 0, "raft_applied_index": 0} == {
        "ha_enabled": False, "is_self": False, "active_time": "0001-01-01T00:00:00Z", "leader_address": "", "leader_cluster_address": "",
        "performance_standby": False, "performance_standby_last_remote_wal": 0, "raft_committed_index": 0, "raft_applied_index": 0}


def test_hvac_reads_them(hv):
    assert hv.sys.read_health_status(method="GET")["initialized"] is True
    assert hv.sys.read_health_status().status_code == 200
    assert hv.sys.read_leader_status()["ha_enabled"] is False
    assert hv.sys.read_seal_status()["sealed"] is False


def test_ha_status(root):
    nodes = root.get("sys/ha-status").ok(200).data["nodes"]
    assert len(nodes) == 1 and nodes[0]["active_node"] is True and nodes[0]["version"] == "1.18.5"


def test_version_history(root):
    data = root.list("sys/version-history").ok(200).data
    assert data["keys"] and data["key_info"][data["keys"][0]]["timestamp_installed"]


def test_host_info_and_in_flight(root):
    machine = root.get("sys/host-info").ok(200).data
    assert {"timestamp", "cpu", "cpu_times", "disk", "host", "memory"} <= set(machine)
    assert machine["host"]["hostname"] == socket.gethostname() and machine["host"]["kernelVersion"] == os.uname().release and machine["host"]["procs"] > 0
    assert len(machine["cpu"]) == len(machine["cpu_times"]) == os.cpu_count() and machine["cpu"][0]["flags"] and machine["cpu_times"][0]["cpu"] == "cpu0"
    assert machine["cpu_times"][0]["idle"] > 0 and machine["disk"][0]["path"] == "/" and 0 < machine["disk"][0]["usedPercent"] <= 100
    assert machine["memory"]["total"] >= machine["memory"]["available"] > 0 and machine["memory"]["used"] > 0
    flying = root.get("sys/in-flight-req").ok(200).json
    flying = flying.get("data") or flying
    assert any(x["request_path"].endswith("sys/in-flight-req") and x["start_time"] for x in flying.values() if isinstance(x, dict))


@pytest.mark.parametrize("path", ["sys/host-info", "sys/in-flight-req", "sys/ha-status", "sys/metrics", "sys/version-history"])
def test_operators_pages_want_a_token(root, path):
    assert root.get(path, token=None).status == 403


def test_metrics(root):
    text = root.get("sys/metrics?format=prometheus").ok(200)
    assert text.headers["Content-Type"].startswith("text/plain") and "vault_core_unsealed 1" in text.text
    assert isinstance(root.get("sys/metrics").ok(200).json, dict)


def test_configured_version(make_server):
    server = make_server(start=False)
    out = server.cli("version", token=None)
    assert out.returncode == 0 and out.stdout.startswith("Vault v1.18.5 ("), out
    assert server.cli("-version", token=None).stdout == out.stdout and server.cli("--version", token=None).stdout == out.stdout
