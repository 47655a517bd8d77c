"""KV version 2: versions, check-and-set, patch, subkeys, metadata, deletion in its three degrees."""
import time

import hvac
import pytest

from harness import Stopwatch, attempts, together, unique, wait_until


def test_versions(root, kv2):
    for n in (1, 2, 3):
        data = root.post(f"{kv2}/data/a", {"data": {"n": n}}).ok(200).data
        assert data["version"] == n and data["deletion_time"] == "" and data["destroyed"] is False and data["custom_metadata"] is None
    answer = root.get(f"{kv2}/data/a").ok(200)
    assert answer.data["data"] == {"n": 3} and answer.data["metadata"]["version"] == 3
    assert root.get(f"{kv2}/data/a?version=1").data["data"] == {"n": 1}
    assert root.get(f"{kv2}/data/a?version=0").data["data"] == {"n": 3}
    root.get(f"{kv2}/data/a?version=9").refused(404, [])
    root.get(f"{kv2}/data/a?version=x").refused(400)
    meta = root.get(f"{kv2}/metadata/a").ok(200).data
    assert meta["current_version"] == 3 and meta["oldest_version"] in (0, 1) and set(meta["versions"]) == {"1", "2", "3"}
    assert {"created_time", "updated_time", "max_versions", "cas_required", "delete_version_after", "custom_metadata"} <= set(meta)


def test_check_and_set(root, kv2):
    def write(cas):
        return root.post(f"{kv2}/data/a", {"data": {"v": "1"}, "options": {"cas": cas}})

    assert write(0).ok(200).data["version"] == 1
    write(0).refused(400, "check-and-set parameter did not match the current version")
    assert write(1).ok(200).data["version"] == 2
    assert write("2").ok(200).data["version"] == 3
    write(1).refused(400, "check-and-set parameter did not match the current version")
    write("x").refused(400, "error parsing check-and-set parameter")
    root.post(f"{kv2}/metadata/a", {"cas_required": True}).ok(204)
    root.post(f"{kv2}/data/a", {"data": {"v": "1"}}).refused(400, "check-and-set parameter required for this call")


def test_check_and_set_race(server, root, kv2):
    root.post(f"{kv2}/data/a", {"data": {"v": "0"}}).ok(200)
    answers = together(30, lambda i: server.client(server.root_token).post(f"{kv2}/data/a", {"data": {"v": i}, "options": {"cas": 1}}))
    won = [a for a in answers if a.status == 200]
    assert len(won) == 1 and all(a.status in (200, 400) for a in answers)
    assert root.get(f"{kv2}/metadata/a").data["current_version"] == 2


def test_many_writers_of_one_name(server, root, kv2):
    answers = together(40, lambda i: server.client(server.root_token).post(f"{kv2}/data/hot", {"data": {"v": i}}))
    assert sorted(a.ok(200).data["version"] for a in answers) == list(range(1, 41))


def test_patch(root, kv2):
    root.post(f"{kv2}/data/a", {"data": {"keep": "1", "drop": "2", "deep": {"x": 1, "y": 2}}}).ok(200)
    assert root.patch(f"{kv2}/data/a", {"data": {"drop": None, "new": "3", "deep": {"y": None}}}).ok(200).data["version"] == 2
    assert root.get(f"{kv2}/data/a").data["data"] == {"keep": "1", "new": "3", "deep": {"x": 1}}
    root.patch(f"{kv2}/data/a", {"data": {"x": "1"}, "options": {"cas": 1}}).refused(400, "did not match the current version")
    assert root.patch(f"{kv2}/data/none", {"data": {"x": "1"}}).status == 404
    wrong = root.ask("PATCH", f"{kv2}/data/a", {"data": {"x": "1"}}, headers={"Content-Type": "application/json"})
    wrong.refused(415, "PATCH requires Content-Type of application/merge-patch+json, provided application/json")


def test_subkeys(root, kv2):
    root.post(f"{kv2}/data/a", {"data": {"x": {"y": {"z": 1}}, "l": [1], "n": None}}).ok(200)
    answer = root.get(f"{kv2}/subkeys/a").ok(200).data
    assert answer["subkeys"] == {"x": {"y": {"z": None}}, "l": None, "n": None} and answer["metadata"]["version"] == 1
    assert root.get(f"{kv2}/subkeys/a?depth=1").data["subkeys"] == {"x": None, "l": None, "n": None}
    root.get(f"{kv2}/subkeys/none").refused(404, [])


def test_delete_undelete_destroy(root, kv2):
    for n in (1, 2, 3):
        root.post(f"{kv2}/data/a", {"data": {"n": n}}).ok(200)
    root.delete(f"{kv2}/data/a").ok(204)
    gone = root.get(f"{kv2}/data/a")
    assert gone.status == 404 and gone.data["data"] is None and gone.data["metadata"]["deletion_time"] and gone.data["metadata"]["destroyed"] is False
    assert root.get(f"{kv2}/data/a?version=2").ok(200).data["data"] == {"n": 2}
    root.post(f"{kv2}/undelete/a", {"versions": [3]}).ok(204)
    assert root.get(f"{kv2}/data/a").ok(200).data["data"] == {"n": 3}
    root.post(f"{kv2}/delete/a", {"versions": [1, "2"]}).ok(204)
    assert [root.get(f"{kv2}/data/a?version={n}").status for n in (1, 2, 3)] == [404, 404, 200]
    root.put(f"{kv2}/destroy/a", {"versions": [1]}).ok(204)
    assert root.get(f"{kv2}/data/a?version=1").data["metadata"]["destroyed"] is True
    root.post(f"{kv2}/undelete/a", {"versions": [1, 2]}).ok(204)
    assert [root.get(f"{kv2}/data/a?version={n}").status for n in (1, 2)] == [404, 200]
    for path in ("delete", "undelete", "destroy"):
        assert "ersion number provided" in root.post(f"{kv2}/{path}/a", {}).refused(400).text
    root.delete(f"{kv2}/metadata/a").ok(204)
    root.get(f"{kv2}/metadata/a").refused(404, [])
    root.get(f"{kv2}/data/a").refused(404, [])
    assert root.post(f"{kv2}/data/a", {"data": {"n": 1}}).ok(200).data["version"] == 1


def test_custom_metadata(root, kv2):
    root.post(f"{kv2}/metadata/a", {"custom_metadata": {"team": "red", "tier": "1"}, "max_versions": 7}).ok(204)
    meta = root.get(f"{kv2}/metadata/a").ok(200).data
    assert meta["custom_metadata"] == {"team": "red", "tier": "1"} and meta["max_versions"] == 7 and meta["current_version"] == 0
    root.patch(f"{kv2}/metadata/a", {"custom_metadata": {"team": "blue", "tier": None}}).ok(204)
    assert root.get(f"{kv2}/metadata/a").data["custom_metadata"] == {"team": "blue"}
    assert root.post(f"{kv2}/data/a", {"data": {"v": "1"}}).ok(200).data["custom_metadata"] == {"team": "blue"}
    root.post(f"{kv2}/metadata/a", {"custom_metadata": {str(i): "v" for i in range(65)}}).refused(400)
    root.post(f"{kv2}/metadata/a", {"custom_metadata": {"k" * 129: "v"}}).refused(400)
    root.post(f"{kv2}/metadata/a", {"custom_metadata": {"k": "v" * 513}}).refused(400)
    root.post(f"{kv2}/metadata/a", {"custom_metadata": {"k": ["no", "string"]}}).refused(400)


def test_old_versions_go(root, kv2):
    root.post(f"{kv2}/metadata/a", {"max_versions": 3}).ok(204)
    for n in range(1, 6):
        root.post(f"{kv2}/data/a", {"data": {"n": n}}).ok(200)
    assert set(root.get(f"{kv2}/metadata/a").data["versions"]) == {"3", "4", "5"}
    root.get(f"{kv2}/data/a?version=2").refused(404, [])
    for n in range(1, 15):
        root.post(f"{kv2}/data/b", {"data": {"n": n}}).ok(200)
    assert len(root.get(f"{kv2}/metadata/b").data["versions"]) == 10, "ten where nothing is said"


def test_a_name_that_stands_twice_is_kept_once(root, kv2, kv1):
    """The last value counts, as for clients that read such an object."""
    twice = '{"a":"old","b":[{"x":1,"x":2.0}],"a":"new"}'
    root.put(f"{kv2}/data/a", f'{{"data":{twice}}}').ok(200)
    once = '{"b":[{"x":2.0}],"a":"new"}'
    assert once in root.get(f"{kv2}/data/a").text and "old" not in root.get(f"{kv2}/data/a").text
    root.patch(f"{kv2}/data/a", '{"data":{"a":"1","a":"2","c":"3","c":"4"}}').ok(200)
    assert '{"b":[{"x":2.0}],"a":"2","c":"4"}' in root.get(f"{kv2}/data/a").text
    for path in (f"{kv1}/a", "cubbyhole/twice"):
        root.put(path, twice).ok(204)
        assert once in root.get(path).text and "old" not in root.get(path).text


def test_config(root, kv2):
    assert root.get(f"{kv2}/config").ok(200).data["max_versions"] == 0
    root.post(f"{kv2}/config", {"max_versions": 2, "cas_required": True, "delete_version_after": "3h25m19s"}).ok(204)
    data = root.get(f"{kv2}/config").data
    assert (data["max_versions"], data["cas_required"], data["delete_version_after"]) == (2, True, "3h25m19s")
    root.post(f"{kv2}/data/a", {"data": {"v": "1"}}).refused(400, "check-and-set parameter required for this call")
    root.post(f"{kv2}/config", {"delete_version_after": "tomorrow"}).refused(400)


@attempts()
def test_versions_delete_themselves(root, kv2):
    root.post(f"{kv2}/metadata/a", {"delete_version_after": "1s"}).ok(204)
    born = Stopwatch()
    data = root.post(f"{kv2}/data/a", {"data": {"v": "1"}}).ok(200).data
    assert data["deletion_time"] != ""
    early = root.get(f"{kv2}/data/a")
    born.in_time(1)
    early.ok(200)
    time.sleep(1.1)
    gone = root.get(f"{kv2}/data/a")
    assert gone.status == 404 and gone.data["data"] is None


def test_lists(root, kv2):
    for name in ("a", "b/c", "b/d/e"):
        root.post(f"{kv2}/data/{name}", {"data": {"v": "1"}}).ok(200)
    assert root.list(f"{kv2}/metadata").data["keys"] == ["a", "b/"] and root.list(f"{kv2}/metadata/").data["keys"] == ["a", "b/"]
    assert root.list(f"{kv2}/metadata/b").data["keys"] == ["c", "d/"]
    assert sorted(root.ask("SCAN", f"{kv2}/metadata/").ok(200).data["keys"]) == ["a", "b/c", "b/d/e"]
    assert root.get(f"{kv2}/metadata?list=true&limit=1").data["keys"] == ["a"]
    assert root.get(f"{kv2}/metadata?list=true&after=a").data["keys"] == ["b/"]
    root.list(f"{kv2}/metadata/none").refused(404, [])
    root.list(f"{kv2}/data").refused(405)
    root.delete(f"{kv2}/data/a").ok(204)
    assert root.list(f"{kv2}/metadata").data["keys"] == ["a", "b/"], "a deleted version's name stays until its metadata goes"


def test_wrong_paths_say_so(root, kv2):
    for method, path in (("GET", f"{kv2}/a"), ("POST", f"{kv2}/a"), ("LIST", f"{kv2}/"), ("DELETE", f"{kv2}/a")):
        answer = root.ask(method, path, {"v": "1"} if method == "POST" else None)
        assert answer.status == 404 and "Invalid path for a versioned K/V secrets engine" in answer.json["warnings"][0]
    root.post(f"{kv2}/data/a", {"v": "1"}).refused(400, "no data provided")
    root.post(f"{kv2}/data/a", {"data": "text"}).refused(400)


def test_names_and_values(root, kv2):
    for name in ("a:b", "me@example.org", "50%25", "say%20%22hi%22", "u%C3%A9"):
        root.post(f"{kv2}/data/{name}", '{"data":{"n":1.0,"big":12345678901234567890}}').ok(200)
        assert '"n":1.0,"big":12345678901234567890' in root.get(f"{kv2}/data/{name}").ok(200).text.replace(" ", "")


def test_survives_restart(own):
    root = own.root
    root.post("sys/mounts/kv", {"type": "kv-v2"}).ok(204)
    wait_until(lambda: root.get("kv/config").status == 200)
    for n in range(1, 4):
        root.post("kv/data/a", {"data": {"n": n}}).ok(200)
    root.delete("kv/data/a").ok(204)
    before = root.get("kv/metadata/a").data
    own.restart(kill=True)
    assert root.get("kv/metadata/a").data == before
    assert root.get("kv/data/a?version=2").ok(200).data["data"] == {"n": 2}
    assert root.get("kv/data/a").status == 404


def test_hvac_kv2(hv, kv2):
    kv = hv.secrets.kv.v2
    kv.configure(max_versions=20, mount_point=kv2)
    assert kv.read_configuration(mount_point=kv2)["data"]["max_versions"] == 20
    kv.create_or_update_secret("a/b", {"v": "1"}, mount_point=kv2)
    kv.create_or_update_secret("a/b", {"v": "2"}, cas=1, mount_point=kv2)
    with pytest.raises(hvac.exceptions.InvalidRequest):
        kv.create_or_update_secret("a/b", {"v": "3"}, cas=1, mount_point=kv2)
    assert kv.read_secret_version("a/b", version=1, mount_point=kv2, raise_on_deleted_version=True)["data"]["data"] == {"v": "1"}
    kv.patch("a/b", {"w": "x"}, mount_point=kv2)
    assert kv.read_secret("a/b", mount_point=kv2, raise_on_deleted_version=True)["data"]["data"] == {"v": "2", "w": "x"}
    assert kv.list_secrets("a", mount_point=kv2)["data"]["keys"] == ["b"]
    kv.update_metadata("a/b", max_versions=5, cas_required=False, custom_metadata={"o": "me"}, mount_point=kv2)
    assert kv.read_secret_metadata("a/b", mount_point=kv2)["data"]["custom_metadata"] == {"o": "me"}
    kv.delete_latest_version_of_secret("a/b", mount_point=kv2)
    with pytest.raises(hvac.exceptions.InvalidPath):
        kv.read_secret_version("a/b", mount_point=kv2, raise_on_deleted_version=True)
    assert kv.read_secret_version("a/b", mount_point=kv2, raise_on_deleted_version=False)["data"]["data"] is None
    kv.undelete_secret_versions("a/b", [3], mount_point=kv2)
    kv.delete_secret_versions("a/b", [1], mount_point=kv2)
    kv.destroy_secret_versions("a/b", [1], mount_point=kv2)
    kv.delete_metadata_and_all_versions("a/b", mount_point=kv2)
    with pytest.raises(hvac.exceptions.InvalidPath):
        kv.read_secret_metadata(unique(), mount_point=kv2)


def test_a_write_without_a_name_has_one_warning(root, kv2):
    answer = root.post(f"{kv2}/data", {"data": {"a": 1}})
    assert answer.status == 404 and answer.json["warnings"] == ["Non-listing operations on the root of a K/V v2 mount are not supported."]
    stray = root.post(f"{kv2}/a", {"a": 1})
    assert stray.status == 404 and len(stray.json["warnings"]) == 1
