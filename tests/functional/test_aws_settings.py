"""The `aws` block of the configuration, and what stands between a client and the door: paths, regions, proxies, HTTP/2."""
import json
import subprocess

import pytest

from aws import Aws, Signer, allow, document, refused, send
from harness import Client, free_port


def with_settings(make_server, **settings):
    return Aws(make_server(extra={"aws": settings}))


def test_account_partition_and_folder(make_server):
    own = with_settings(make_server, account_id="210987654321", partition="aws-cn", region="cn-north-1", name_prefix="team")
    sm = own.root.client(region="cn-north-1")
    arn = sm.create_secret(Name="app", SecretString="v")["ARN"]
    assert arn.startswith("arn:aws-cn:secretsmanager:cn-north-1:210987654321:secret:app-")
    assert own.server.root.get("secret/data/team/app").ok(200).data["data"] == {"value": "v"}
    assert sm.get_secret_value(SecretId=arn)["Name"] == "app"
    own.server.root.post("secret/data/outside", {"data": {"a": "b"}}).ok(200)
    assert [s["Name"] for s in sm.list_secrets()["SecretList"]] == ["app"]
    with refused("ResourceNotFoundException"):
        sm.get_secret_value(SecretId="outside")
    assert own.root.client("sts", region="cn-north-1").get_caller_identity()["Arn"] == "arn:aws-cn:iam::210987654321:user/everything"


def test_lists_ask_for_the_right_to_the_folder(make_server):
    own = with_settings(make_server, name_prefix="team", regions=["us-east-1", "eu-west-1"])
    for region in ("us-east-1", "eu-west-1"):
        own.root.client(region=region).create_secret(Name="app", SecretString=region)
    read = '\npath "secret/data/team/*" { capabilities = ["read"] }'
    filters = [{"Key": "name", "Values": ["app"]}]

    def lists(sm):
        return [s["Name"] for s in sm.list_secrets()["SecretList"]], [v["SecretString"] for v in sm.batch_get_secret_value(Filters=filters)["SecretValues"]]

    def refuses(sm):
        with refused("AccessDeniedException"):
            sm.list_secrets()
        with refused("AccessDeniedException"):
            sm.batch_get_secret_value(Filters=filters)

    team = own.with_policy('path "secret/metadata/team/" { capabilities = ["list"] }' + read, "team")
    assert lists(team.client()) == (["app"], ["us-east-1"])
    refuses(team.client(region="eu-west-1"))
    region = own.with_policy('path "secret/metadata/team/~eu-west-1/" { capabilities = ["list"] }' + read, "region")
    assert lists(region.client(region="eu-west-1")) == (["app"], ["eu-west-1"])
    refuses(region.client())
    refuses(own.with_policy('path "secret/metadata/" { capabilities = ["list"] }' + read, "outside").client())
    refuses(own.with_policy('path "secret/*" { capabilities = ["read", "list"] }\npath "secret/metadata/team/*" { capabilities = ["deny"] }', "barred").client())
    # Documents in IAM's language go on naming all secrets.
    actions = ["secretsmanager:ListSecrets", "secretsmanager:BatchGetSecretValue"]
    statements = document(allow(actions), allow("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:*:secret:app-??????"))
    assert lists(own.user("by-document", token_no_default_policy=True, policy_document=statements).client()) == (["app"], ["us-east-1"])
    named = document(allow(actions, "arn:aws:secretsmanager:*:*:secret:*"))
    refuses(own.user("by-name", token_no_default_policy=True, policy_document=named).client())


def test_only_the_regions_that_are_named(make_server):
    own = with_settings(make_server, region="eu-central-1", regions=["eu-central-1", "eu-west-1"])
    own.root.client(region="eu-central-1").create_secret(Name="app", SecretString="v")
    assert own.server.root.get("secret/data/app").ok(200)
    own.root.client(region="eu-west-1").create_secret(Name="app", SecretString="w")
    assert own.server.root.get("secret/data/~eu-west-1/app").ok(200).data["data"] == {"value": "w"}
    with refused("InvalidSignatureException", "Credential should be scoped to a valid region."):
        own.root.client(region="us-east-1").get_secret_value(SecretId="app")


def test_a_path_of_its_own(make_server):
    own = with_settings(make_server, path_prefix="/v1/aws-sm")
    for url in (own.server.address + "/v1/aws-sm", own.server.address + "/v1/aws-sm/", own.server.address):
        assert len(own.root.client(url=url).get_random_password()["RandomPassword"]) == 32
    assert send(own.server, "GET", "/v1/aws-sm/aws/credentials", {"host": "h", "authorization": own.server.root_token})[0] == 200
    own.server.root.get("sys/mounts").ok(200)


def test_another_mount(make_server):
    own = with_settings(make_server, mount="kv")
    with refused("ResourceNotFoundException"):
        own.root.client().get_secret_value(SecretId="app")
    own.server.root.post("sys/mounts/kv", {"type": "kv", "options": {"version": "2"}}).ok(204)
    own.root.client().create_secret(Name="app", SecretString="v")
    assert own.server.root.get("kv/data/app").ok(200)
    # Version 1 has no such actions.
    own.server.root.delete("sys/mounts/kv").ok(204)
    own.server.root.post("sys/mounts/kv", {"type": "kv", "options": {"version": "1"}}).ok(204)
    with refused("UnknownOperationException"):
        own.root.client().get_secret_value(SecretId="app")


def test_a_door_that_is_shut(make_server):
    own = with_settings(make_server, disabled=True)
    assert Signer(own.server, own.root.id, own.root.secret).ask()[0] == 404
    assert send(own.server, "GET", "/aws/credentials", {"host": "h", "authorization": own.server.root_token})[0] == 404


def beside(make_server, first, second, **more):
    """A server with two listeners: the harness's own, for the APIs `first`, and one at the port that is returned, for `second`."""
    server = make_server(start=False, **more)
    tcp, port = server.config["listener"]["tcp"], free_port()
    server.config["listener"] = [{"tcp": {**tcp, "apis": first}}, {"tcp": {**tcp, "address": f"127.0.0.1:{port}", "apis": second}}]
    server.write_config()
    server.start()
    server.enable_audit()
    return server, port


def test_a_listener_of_its_own(make_server):
    server, port = beside(make_server, ["vault"], ["aws"])
    own = Aws(server)
    url = server.address.replace(str(server.port), str(port))
    sm = own.root.client(url=url)
    sm.create_secret(Name="app", SecretString="v")
    assert sm.get_secret_value(SecretId="app")["SecretString"] == "v"
    assert own.root.client("sts", url=url).get_caller_identity()["Arn"].endswith("user/everything")
    # Each serves nothing but its own.
    assert Signer(server, own.root.id, own.root.secret).ask()[0] == 404
    alone = Client(port, server.cafile, server.root_token)
    alone.get("secret/data/app").refused(404, "does not serve Vault's API")
    assert alone.get("sys/health").status == 404
    assert any("does not serve" in (r.get("error") or "") for r in server.audit_records())
    # Whoever comes without a signature hears what AWS would say.
    server.port = port
    assert send(server, "POST", "/", {"host": "h"}, b"{}")[2]["__type"] == "MissingAuthenticationTokenException"
    assert send(server, "GET", "/aws/credentials", {"host": "h", "authorization": server.root_token})[0] == 200
    alone.close()


def test_signatures_for_the_name_that_clients_use(make_server):
    """A proxy in front writes its own Host: what was signed is another one."""
    own = with_settings(make_server, signed_hosts=["secrets.example.com", "secrets.example.com:8443"])
    signer = Signer(own.server, own.root.id, own.root.secret)
    for signed in ("secrets.example.com", "secrets.example.com:8443"):
        head = {"host": f"127.0.0.1:{own.server.port}"}
        assert signer.ask(extra={"host": signed}, head=head)[0] == 200
    assert signer.ask()[0] == 200
    for signed in ("secrets.example.org", "SECRETS.example.com", "secrets.example.com:8444"):
        assert signer.ask(extra={"host": signed}, head={"host": f"127.0.0.1:{own.server.port}"})[2]["__type"] == "InvalidSignatureException"
    # Nothing else of the request is signed any less.
    assert signer.ask(extra={"host": "secrets.example.com"}, sent=b'{"PasswordLength":8}')[2]["__type"] == "InvalidSignatureException"


@pytest.mark.parametrize("settings, text", [({"account_id": "123"}, "twelve digits"), ({"acount_id": "123456789012"}, "account_id"), ({"partition": "azure"}, "aws-us-gov"),
                                            ({"region": "Nowhere!"}, "a region has"), ({"path_prefix": "aws"}, "begins with a slash"), ({"signed_hosts": ["https://h"]}, "has hosts"), ({"mount": "a//b"}, "no path"), ({"mount": ""}, "must name a mount")])
def test_settings_are_checked(make_server, settings, text):
    server = make_server(start=False, extra={"aws": settings})
    with pytest.raises(RuntimeError, match=text):
        server.spawn()


def test_the_client_behind_a_proxy_is_known(make_server):
    own = Aws(make_server(listener={"x_forwarded_for_authorized_addrs": "127.0.0.1", "x_forwarded_for_reject_not_present": False}))
    own.server.enable_audit()
    keys = own.user("bound", policies=["everything"], token_bound_cidrs=["10.1.2.3/32"])
    signer = Signer(own.server, keys.id, keys.secret)
    assert signer.ask(head={"x-forwarded-for": "10.1.2.3"})[0] == 200
    assert signer.ask(head={"x-forwarded-for": "10.1.2.4"})[2]["__type"] == "AccessDeniedException"
    assert any(r.get("request", {}).get("remote_address") == "10.1.2.3" for r in own.server.audit_records())


def test_a_signed_request_over_http_2(aws, tmp_path):
    signer = Signer(aws.server, aws.root.id, aws.root.secret)
    head = signer.head("secretsmanager.GetRandomPassword", b"{}")
    head.pop("host")
    words = [word for name, value in head.items() for word in ("-H", f"{name}: {value}")]
    out = subprocess.run(["curl", "-sS", "--http2", "--cacert", aws.server.cafile, "-w", "\n%{http_version} %{http_code}", *words, "-d", "{}", aws.server.address + "/"],
                         capture_output=True, text=True, timeout=60, check=True).stdout.rsplit("\n", 1)
    assert out[1] == "2 200" and len(json.loads(out[0])["RandomPassword"]) == 32
