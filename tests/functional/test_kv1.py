"""KV version 1: names, values kept byte for byte, lists, pages."""
import json

import pytest

from harness import unique


def test_write_read_list_delete(root, kv1):
    root.post(f"{kv1}/app/db", {"password": "x", "port": 5432}).ok(204)
    answer = root.get(f"{kv1}/app/db").ok(200)
    assert answer.data == {"password": "x", "port": 5432}
    assert answer.json["lease_duration"] == 2764800 and answer.json["renewable"] is False and answer.json["lease_id"] == ""
    assert set(answer.json) - {"mount_type"} == {"request_id", "lease_id", "renewable", "lease_duration", "data", "wrap_info", "warnings", "auth"}
    assert root.list(kv1).ok(200).data["keys"] == ["app/"] and root.get(f"{kv1}/app?list=true").data["keys"] == ["db"]
    root.put(f"{kv1}/app/db", {"password": "y"}).ok(204)
    assert root.get(f"{kv1}/app/db").data == {"password": "y"}
    root.delete(f"{kv1}/app/db").ok(204)
    root.get(f"{kv1}/app/db").refused(404, [])
    root.list(kv1).refused(404, [])


@pytest.mark.parametrize("text", ['{"n":1.0}', '{"n":12345678901234567890}', '{"n":1e400}', '{"f":0.1000}', '{"z":1,"a":2}', '{"s":"\\u0000\\u00e9\\ud83d\\ude00"}',
                                  '{"html":"<a href=\\"x\\">&"}', '{"deep":{"a":[1,2.50,{"b":null}]}}', '{"empty":""}', '{"":"no name"}'])
def test_values_are_kept_as_they_came(root, kv1, text):
    root.post(f"{kv1}/a", text).ok(204)
    answer = root.get(f"{kv1}/a").ok(200)
    plain = answer.text.replace("\\u003c", "<").replace("\\u003e", ">").replace("\\u0026", "&")
    assert text in plain or answer.data == json.loads(text)


def test_numbers_are_not_rounded(root, kv1):
    root.post(f"{kv1}/n", '{"big":9007199254740993,"small":1.0,"exp":100.00}').ok(204)
    text = root.get(f"{kv1}/n").text.replace(" ", "")
    assert '"big":9007199254740993' in text and '"small":1.0' in text and '"exp":100.00' in text


@pytest.mark.parametrize("name", ["a:b", "me@example.org", "50%25", "say%20%22hi%22", "sp%20ace", "u%C3%A9", "UPPER", "dot.ted", "-dash", "a=b&c", "x" * 500])
def test_names(root, kv1, name):
    root.post(f"{kv1}/{name}", {"v": name}).ok(204)
    assert root.get(f"{kv1}/{name}").ok(200).data == {"v": name}
    assert len(root.list(kv1).data["keys"]) == 1


def test_a_name_and_a_folder_may_be_the_same(root, kv1):
    root.post(f"{kv1}/a", {"v": "1"}).ok(204)
    root.post(f"{kv1}/a/b", {"v": "2"}).ok(204)
    assert root.list(kv1).data["keys"] == ["a", "a/"]
    root.delete(f"{kv1}/a").ok(204)
    root.get(f"{kv1}/a/b").ok(200)


def test_lease_duration_of_the_data(root, kv1):
    root.post(f"{kv1}/a", {"ttl": "30s", "v": "1"}).ok(204)
    assert root.get(f"{kv1}/a").json["lease_duration"] == 30
    root.post(f"{kv1}/a", {"ttl": "nonsense"}).ok(204)
    assert root.get(f"{kv1}/a").json["lease_duration"] == 2764800


def test_a_field_named_error_is_data(root, kv1):
    root.post(f"{kv1}/e", {"error": "just data"}).ok(204)
    assert root.get(f"{kv1}/e").ok(200).data == {"error": "just data"}


def test_texts(root, kv1):
    root.post(f"{kv1}/a", {}).refused(400, "missing data fields")
    root.post(f"{kv1}/a/", {"v": "1"}).refused(400, "cannot write to a path ending in '/'")
    root.patch(f"{kv1}/a", {"v": "1"}).refused(405)
    root.get(f"{kv1}/?list=maybe").refused(400)


def test_form_body(root, kv1):
    root.post(f"{kv1}/f", "a=b&c=d%20e", headers={"Content-Type": "application/x-www-form-urlencoded"}).ok(204)
    assert root.get(f"{kv1}/f").data == {"a": "b", "c": "d e"}
    root.post(f"{kv1}/j", '{"a":"json"}', headers={"Content-Type": "application/x-www-form-urlencoded"}).ok(204)
    assert root.get(f"{kv1}/j").data == {"a": "json"}


def test_pages(root, kv1):
    for i in range(25):
        root.post(f"{kv1}/page/{i:03d}", {"v": "1"}).ok(204)
    first = root.get(f"{kv1}/page?list=true&limit=10").ok(200).data["keys"]
    assert first == [f"{i:03d}" for i in range(10)]
    rest = root.get(f"{kv1}/page?list=true&limit=10&after={first[-1]}").data["keys"]
    assert rest == [f"{i:03d}" for i in range(10, 20)]
    assert len(root.get(f"{kv1}/page?list=true&limit=-1").data["keys"]) == 25


def test_scan(root, kv1):
    for name in ("a", "b/c", "b/d/e"):
        root.post(f"{kv1}/{name}", {"v": "1"}).ok(204)
    assert sorted(root.ask("SCAN", f"{kv1}/").ok(200).data["keys"]) == ["a", "b/c", "b/d/e"]
    assert sorted(root.get(f"{kv1}/b?scan=true").data["keys"]) == ["c", "d/e"]
    root.get(f"{kv1}/b?scan=true&list=true").refused(400)


def test_a_large_value(root, kv1):
    value = "v" * 500_000
    root.post(f"{kv1}/large", {"v": value}).ok(204)
    assert root.get(f"{kv1}/large").ok(200).data["v"] == value


def test_hvac_kv1(hv, kv1):
    kv = hv.secrets.kv.v1
    kv.create_or_update_secret("a/b", {"v": "1"}, mount_point=kv1)
    assert kv.read_secret("a/b", mount_point=kv1)["data"] == {"v": "1"}
    assert kv.list_secrets("a", mount_point=kv1)["data"]["keys"] == ["b"]
    kv.delete_secret("a/b", mount_point=kv1)
    hv.write_data(f"{kv1}/{unique()}", data={"v": "2"})
