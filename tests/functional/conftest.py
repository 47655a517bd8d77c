"""Fixtures. Cheap tests share one server per test worker; a test that seals, kills or reconfigures takes its own."""
import os
import shutil

import hvac
import pytest

from harness import BINARY, SLOW, Client, Server, unique


# Where no `az` and no agent of AWS's is at hand, the tests that need it are not there: scripts/test says so.
collect_ignore = [file for variable, file in (("COFFER_AZ", "test_az.py"), ("COFFER_AWS_AGENT", "test_aws_agent.py")) if not os.environ.get(variable)]


def pytest_collection_modifyitems(items):
    """Every test ends by itself: a hang is a failure, not a stuck run."""
    for item in items:
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(120 * SLOW))


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than ten seconds")
    if not os.access(BINARY, os.X_OK):
        raise pytest.UsageError(f"{BINARY} is not there: build it (cmake --preset dev && cmake --build build/dev), or set COFFER_BINARY")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Adds the server's own log to a failed test."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for value in item.funcargs.values() if hasattr(item, "funcargs") else ():
            if isinstance(value, Server):
                report.sections.append(("server log", value.log()[-3000:]))


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A shared server: TLS, in memory, unsealed, audited to a file. Never seal, kill or reconfigure it; name things by unique()."""
    made = Server(tmp_path_factory.mktemp("shared"))
    try:
        made.start()
        made.enable_audit()
        yield made
    finally:
        made.stop()
        shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def aws(tmp_path_factory):
    """A shared server that speaks AWS's API: TLS, audited, KV at secret/, the key ring, and keys of a user who may all."""
    from aws import serving
    with serving(tmp_path_factory.mktemp("aws")) as made:
        yield made


@pytest.fixture(scope="session")
def azure(tmp_path_factory):
    """A shared server that speaks Azure's API: TLS for its vaults' hosts, audited, a vault v1, AppRole, and an application that may all."""
    from azdoor import Azure
    made = Azure(tmp_path_factory.mktemp("azure"))
    yield made
    made.server.stop()
    shutil.rmtree(made.server.folder, ignore_errors=True)


@pytest.fixture
def make_azure(tmp_path):
    """The same, of the test's own."""
    from azdoor import Azure
    made = []

    def make(**options):
        folder = tmp_path / f"azure-{len(made)}"
        folder.mkdir()
        made.append(Azure(folder, **options))
        return made[-1]

    yield make
    for one in made:
        one.server.stop()
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture
def make_server(tmp_path):
    """Makes servers of the test's own: make_server(storage="rocksdb", ...) started, or with start=False only configured."""
    made = []

    def make(start=True, **options):
        folder = tmp_path / f"server-{len(made)}"
        folder.mkdir()
        options.setdefault("folder", folder)
        one = Server(**options)
        made.append(one)
        return one.start() if start else one

    yield make
    for one in made:
        one.stop()
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture
def own(make_server):
    """A server of this test alone, on the embedded store."""
    return make_server(storage="rocksdb")


@pytest.fixture
def root(server) -> Client:
    """A client of the shared server with its root token."""
    client = server.client(server.root_token)
    yield client
    client.close()


@pytest.fixture
def hv(server):
    """hvac on the shared server, with its root token."""
    return hvac.Client(url=server.address, token=server.root_token, verify=server.cafile)


@pytest.fixture
def kv2(root):
    """The path of a fresh KV version 2 mount."""
    path = unique("kv2")
    root.post(f"sys/mounts/{path}", {"type": "kv", "options": {"version": "2"}}).ok(204)
    yield path
    root.delete(f"sys/mounts/{path}")


@pytest.fixture
def kv1(root):
    """The path of a fresh KV version 1 mount."""
    path = unique("kv1")
    root.post(f"sys/mounts/{path}", {"type": "kv", "options": {"version": "1"}}).ok(204)
    yield path
    root.delete(f"sys/mounts/{path}")


@pytest.fixture
def approle(root):
    """The path of a fresh AppRole mount."""
    path = unique("approle")
    root.post(f"sys/auth/{path}", {"type": "approle"}).ok(204)
    yield path
    root.delete(f"sys/auth/{path}")


@pytest.fixture
def userpass(root):
    """The path of a fresh userpass mount."""
    path = unique("userpass")
    root.post(f"sys/auth/{path}", {"type": "userpass"}).ok(204)
    yield path
    root.delete(f"sys/auth/{path}")
