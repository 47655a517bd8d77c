"""identity/: what a login leaves behind, found by id, name and alias."""
import pytest

from harness import unique


@pytest.fixture
def ann(root):
    """(mount, accessor, entity id) of a user who has logged in."""
    mount = unique("up")
    root.post(f"sys/auth/{mount}", {"type": "userpass"}).ok(204)
    root.post(f"auth/{mount}/users/ann", {"password": "long enough"}).ok(204)
    auth = root.post(f"auth/{mount}/login/ann", {"password": "long enough"}, token=None).ok(200).auth
    return mount, root.get(f"sys/auth/{mount}").data["accessor"], auth["entity_id"]


def test_entity(root, ann):
    mount, accessor, entity = ann
    data = root.get(f"identity/entity/id/{entity}").ok(200).data
    assert data["id"] == entity and data["name"].startswith("entity_") and data["disabled"] is False and data["namespace_id"] == "root"
    assert data["group_ids"] == data["direct_group_ids"] == data["inherited_group_ids"] == [] and data["merged_entity_ids"] is None
    alias = data["aliases"][0]
    assert (alias["name"], alias["mount_accessor"], alias["mount_type"], alias["mount_path"]) == ("ann", accessor, "userpass", f"auth/{mount}/")
    assert alias["canonical_id"] == entity and alias["local"] is False
    assert root.get(f"identity/entity/name/{data['name']}").ok(200).data == data
    assert root.get(f"identity/entity/name/{data['name'].upper()}").data["id"] == entity
    assert root.get(f"identity/entity-alias/id/{alias['id']}").ok(200).data == alias
    for path in ("entity/id/none", "entity/name/none", "entity-alias/id/none"):
        root.get(f"identity/{path}").refused(404, [])


def test_lists(root, ann):
    _, accessor, entity = ann
    data = root.get(f"identity/entity/id/{entity}").data
    by_id = root.list("identity/entity/id").ok(200).data
    assert entity in by_id["keys"] and by_id["key_info"][entity]["name"] == data["name"]
    assert by_id["key_info"][entity]["aliases"][0]["mount_accessor"] == accessor
    names = root.get("identity/entity/name?list=true").ok(200).data
    assert data["name"] in names["keys"] and entity in names["key_info"]
    aliases = root.list("identity/entity-alias/id").ok(200).data
    assert aliases["key_info"][data["aliases"][0]["id"]]["canonical_id"] == entity


def test_lookup(root, ann):
    _, accessor, entity = ann
    data = root.get(f"identity/entity/id/{entity}").data
    for query in ({"id": entity}, {"name": data["name"]}, {"alias_id": data["aliases"][0]["id"]}, {"alias_name": "ann", "alias_mount_accessor": accessor}):
        assert root.post("identity/lookup/entity", query).ok(200).data == data, query
    root.post("identity/lookup/entity", {"id": "none"}).ok(204)
    root.post("identity/lookup/entity", {}).refused(400, "query parameter not supplied")
    root.post("identity/lookup/entity", {"id": entity, "name": "x"}).refused(400, "query parameter conflict")
    root.post("identity/lookup/entity", {"alias_name": "ann"}).refused(400, "both 'alias_name' and 'alias_mount_accessor' needs to be set")


def test_hvac_identity(server, root, ann):
    import hvac
    _, _, entity = ann
    hv = hvac.Client(url=f"https://127.0.0.1:{server.port}", token=server.root_token, verify=server.cafile)
    assert hv.secrets.identity.read_entity(entity)["data"]["id"] == entity
    assert hv.secrets.identity.lookup_entity(entity_id=entity)["data"]["id"] == entity
    assert entity in hv.secrets.identity.list_entities()["data"]["keys"]
    assert hv.secrets.identity.list_entities_by_name()["data"]["keys"]
