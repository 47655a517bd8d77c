"""The wire: verbs, bodies, headers, paths, connections. Each test is one fact that a client relies on, or one refusal."""
import json
import socket
import time

import h2.config
import h2.connection
import h2.events
import h2.settings
import pytest

from harness import SLOW, unique


def test_headers_of_every_answer(root):
    for answer in (root.get("sys/health", token=None), root.get("sys/mounts"), root.get("sys/mounts", token=None), root.get("no/such"), root.get("/elsewhere", raw_path=True)):
        assert answer.headers["Content-Type"] == "application/json", "no charset: hvac compares"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Length"] is not None
    assert root.get("sys/health").raw.endswith(b"\n")


def test_error_shape(root):
    assert root.get("sys/mounts", token=None).json == {"errors": ["permission denied"]}
    assert root.get("sys/mounts", token="hvs.unknown").json == {"errors": ["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]}
    assert root.get("no/such/mount").json == {"errors": ['no handler for route "no/such/mount". route entry not found.']}
    assert root.get("/v2/sys/health", raw_path=True).refused(404, []).json == {"errors": []}


def test_put_and_post_are_the_same(root, kv1):
    root.post(f"{kv1}/a", {"v": "1"}).ok(204)
    root.put(f"{kv1}/a", {"v": "2"}).ok(204)
    assert root.get(f"{kv1}/a").data == {"v": "2"}


def test_verbs(root):
    for verb in ("FOO", "TRACE", "get", "COPY"):
        answer = root.ask(verb, "sys/mounts")
        assert answer.status == 405 and answer.json == {"errors": []}, verb
    root.delete("sys/mounts").refused(405, "1 error occurred:\n\t* unsupported operation\n\n")
    root.get("sys/nonexistent").refused(404, "1 error occurred:\n\t* unsupported path\n\n")


@pytest.mark.parametrize("value", ["1", "t", "T", "true", "TRUE", "True"])
def test_list_by_query(root, kv1, value):
    root.post(f"{kv1}/d/a", {"v": "1"}).ok(204)
    assert root.get(f"{kv1}/d?list={value}").ok(200).data["keys"] == ["a"]
    root.get(f"{kv1}/d?list=0").refused(404, [])


def test_flags_are_true_or_false(root, kv1):
    root.get(f"{kv1}/d?list=maybe").refused(400, "list must be true or false")
    root.get(f"{kv1}/d?list=true&scan=true").refused(400, "not both")
    root.get(f"{kv1}/d?list=").refused(404, [])


def test_verbs_of_the_server_itself(root):
    """What no backend answers has no text; a login path has a plain one."""
    for method, path in (("PUT", "sys/health"), ("DELETE", "sys/seal-status"), ("POST", "sys/leader"), ("GET", "sys/unseal"), ("DELETE", "sys/init")):
        assert root.ask(method, path, token=None).refused(405, []).errors == [], path
    assert root.get("auth/token/create").refused(405).errors == ["1 error occurred:\n\t* unsupported operation\n\n"]


def test_bodies_of_delete_are_read(own):
    begun = own.root.put("sys/rekey/init", {"secret_shares": 1, "secret_threshold": 1}).ok(200).json
    own.root.delete("sys/rekey/init", {"nonce": begun["nonce"]}).ok(204)
    assert own.root.get("sys/rekey/init").json["started"] is False


@pytest.mark.parametrize(("text", "part"), [("{", "failed to decode JSON input"), ("[1]", "failed to decode JSON input"), ('"text"', "failed to decode JSON input"),
                                            ("tabs", "failed to decode JSON input"), ('{"a":1}{"b":2}', ""), ('{"a":nan}', ""), ("\x00", "")])
def test_broken_json(root, text, part):
    answer = root.post("sys/capabilities-self", text)
    answer.refused(400, part)


@pytest.mark.parametrize(("text", "why"), [
    ('{"a":1} trailing', "invalid character 'a' in literal true (expecting 'u')"), ("{a:1}", "invalid character 'a' looking for beginning of object key string"),
    ('{"a" 1}', "invalid character '1' after object key"), ('{"a":1 2}', "invalid character '2' after object key:value pair"), ('{"a":[1 2]}', "invalid character '2' after array element"),
    ('{"a":"b', "unexpected EOF"), ('{"a":tru}', "invalid character '}' in literal true (expecting 'e')")])
def test_broken_json_is_told_as_go_tells_it(root, text, why):
    root.post("sys/capabilities-self", text).refused(400, f"failed to decode JSON input: {why}")


def test_null_is_absence(root, kv1):
    root.post(f"sys/mounts/{kv1}/tune", {"description": "kept"}).ok(204)
    root.post(f"sys/mounts/{kv1}/tune", {"description": None, "default_lease_ttl": "1h", "max_lease_ttl": None}).ok(204)
    assert root.get(f"sys/mounts/{kv1}/tune").data["description"] == "kept"


def test_unknown_fields_are_named(root):
    answer = root.post("auth/token/create", {"policies": ["default"], "zzz": 1, "aaa": 2}).ok(200)
    assert "Endpoint ignored these unrecognized parameters: [aaa zzz]" in answer.json["warnings"]


def test_fields_of_the_path_win(root):
    answer = root.post("sys/tools/hash/sha2-256", {"urlalgorithm": "sha2-512", "input": "aGVsbG8=", "other": 1}).ok(200)
    assert len(answer.data["sum"]) == 64
    assert answer.json["warnings"] == ["Endpoint ignored these unrecognized parameters: [other]",
                                       "Endpoint replaced the value of these parameters with the values captured from the endpoint's path: [urlalgorithm]"]


def test_namespace_header_is_echoed_or_refused(root):
    answer = root.get("sys/health", headers={"X-Vault-Namespace": "none/such"})
    assert answer.status in (200, 404)
    assert root.get("sys/mounts", headers={"X-Vault-Namespace": "none/such"}).status in (403, 404)


@pytest.mark.parametrize("path", ["/v1/kv//a", "/v1//sys/mounts", "/v1/sys/./mounts", "/v1/sys/../sys/mounts", "/v1/sys/%2e%2e/sys/mounts", "/v1/sys/%2E/mounts", "/v1/sys%2fmounts",
                                  "/v1/sys%2Fmounts", "/v1/sys\\mounts", "/v1/sys%5cmounts", "/v1/a%00b", "/v1/a%0ab", "/v1/a%7fb", "/v1/a%ffb", "/v1/a%c3%28", "/v1/%zz", "/v1/a%2",
 "/v1/a/..", "/v1/a/.", "/v1/..%2fsys/mounts", "/v1/%2e%2e%2fx"])
def test_one_spelling(root, path):
    """S1, E05: anything but the canonical path is 400: not a guess, not a redirect. Without a token too."""
    for token in (root.token, None):
        answer = root.get(path, raw_path=True, token=token)
        assert answer.status == 400 and answer.errors is not None, f"{path}: {answer}"
        assert "Location" not in answer.headers


def test_escapes_of_plain_letters_are_the_same_path(root):
    assert root.get("/v1/sys/%6dounts", raw_path=True).ok(200).data == root.get("sys/mounts").data


def test_two_tokens_are_refused(root):
    other = root.new_token()
    answer = root.get("sys/mounts", headers={"Authorization": f"Bearer {other}"})
    answer.refused(400)
    root.get("auth/token/lookup-self", headers={"Authorization": f"Bearer {root.token}"}).ok(200)
    root.post("auth/token/lookup", {"token": other}).ok(200)


def test_two_tokens_in_one_header(server):
    raw = f"GET /v1/sys/mounts HTTP/1.1\r\nHost: localhost\r\nX-Vault-Token: {server.root_token}\r\nX-Vault-Token: other\r\n\r\n".encode()
    assert server.talk(raw, replies=1)[0].status == 400


@pytest.mark.parametrize("extra", [b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"Content-Length: -1\r\n",
                                   b"Content-Length: 5x\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding: chunked, identity\r\n", b"X-A: b\x01c\r\n", b"X-A: b\x00c\r\n",
                                   b" Folded: yes\r\n", b"No-Colon\r\n", b"Bad Name: x\r\n"])
def test_ambiguous_requests_are_refused(server, extra):
    replies = server.talk(b"POST /v1/sys/capabilities-self HTTP/1.1\r\nHost: localhost\r\n" + extra + b"\r\nhello")
    assert len(replies) == 1 and replies[0].status == 400, replies
    assert isinstance(replies[0].errors, list)


@pytest.mark.parametrize("body", [b"zz\r\nhello\r\n0\r\n\r\n", b"-1\r\n\r\n", b"5\r\nhelloX\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n\r\n"])
def test_bad_chunks(server, body):
    replies = server.talk(b"POST /v1/sys/wrapping/lookup HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    assert [r.status for r in replies] == [400], replies


def test_chunked_bodies(server, root, kv1):
    text = json.dumps({"v": "chunked"}).encode()
    chunks = b"".join(b"%x;ext=1\r\n%s\r\n" % (1, text[i : i + 1]) for i in range(len(text))) + b"0\r\nTrailer: x\r\n\r\n"
    head = f"POST /v1/{kv1}/c HTTP/1.1\r\nHost: localhost\r\nX-Vault-Token: {server.root_token}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    assert server.talk(head + chunks, replies=1)[0].status == 204
    assert root.get(f"{kv1}/c").data == {"v": "chunked"}


def test_pipelining_judges_each_request_alone(server):
    """A22: one connection, three callers, answers in order."""
    def one(token):
        head = f"X-Vault-Token: {token}\r\n" if token else ""
        return f"GET /v1/auth/token/lookup-self HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode()

    plain = server.root.copy(server.root_token).new_token()
    replies = server.talk(b"".join(one(t) for t in (server.root_token, None, plain, "hvs.bad", server.root_token)), replies=5)
    assert [r.status for r in replies] == [200, 403, 200, 403, 200]
    assert replies[0].data["policies"] == ["root"] == replies[4].data["policies"] and replies[2].data["policies"] == ["default"]


def test_http2(server):
    """Negotiated by ALPN; many streams of different callers on one connection, each judged alone (A22)."""
    with server.raw_socket(alpn=["h2", "http/1.1"]) as sock:
        assert sock.selected_alpn_protocol() == "h2"
        link = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        link.initiate_connection()
        callers = [server.root_token, None, "hvs.bad"] * 10
        for i, token in enumerate(callers):
            head = [(":method", "GET"), (":path", "/v1/auth/token/lookup-self"), (":scheme", "https"), (":authority", "localhost")]
            link.send_headers(2 * i + 1, head + ([("x-vault-token", token)] if token else []), end_stream=True)
        sock.sendall(link.data_to_send())
        statuses, bodies, open_streams = {}, {}, set(range(1, 2 * len(callers), 2))
        sock.settimeout(30 * SLOW)
        while open_streams:
            data = sock.recv(65536)
            assert data, "the server closed early"
            for event in link.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    statuses[event.stream_id] = int(dict(event.headers)[":status"])
                elif isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] = bodies.get(event.stream_id, b"") + event.data
                    link.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    open_streams.discard(event.stream_id)
            sock.sendall(link.data_to_send())
    assert [statuses[2 * i + 1] for i in range(len(callers))] == [200, 403, 403] * 10
    assert json.loads(bodies[1])["data"]["policies"] == ["root"]


def test_http2_bodies(server, root, kv1):
    value = "x" * 300_000
    with server.raw_socket(alpn=["h2"]) as sock:
        link = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        link.initiate_connection()
        sock.sendall(link.data_to_send())
        sock.settimeout(30 * SLOW)
        body, sent, status = json.dumps({"v": value}).encode(), 0, None
        link.send_headers(1, [(":method", "POST"), (":path", f"/v1/{kv1}/big"), (":scheme", "https"), (":authority", "localhost"), ("x-vault-token", server.root_token)])
        while status is None:
            while sent < len(body) and (room := min(link.local_flow_control_window(1), link.max_outbound_frame_size)) > 0:
                part = body[sent : sent + room]
                sent += len(part)
                link.send_data(1, part, end_stream=sent == len(body))
            sock.sendall(link.data_to_send())
            for event in link.receive_data(sock.recv(65536)):
                if isinstance(event, h2.events.ResponseReceived):
                    status = int(dict(event.headers)[":status"])
    assert status == 204 and root.get(f"{kv1}/big").data == {"v": value}


def h2_link(server):
    sock = server.raw_socket(alpn=["h2"])
    sock.settimeout(10 * SLOW)
    link = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8", validate_outbound_headers=False, normalize_outbound_headers=False))
    link.initiate_connection()
    sock.sendall(link.data_to_send())
    return sock, link


H2_HEAD = [(":method", "GET"), (":path", "/v1/sys/health"), (":scheme", "https"), (":authority", "localhost")]


def h2_events(sock, link):
    """Events until the server closes or stays silent."""
    while True:
        try:
            data = sock.recv(65536)
        except (TimeoutError, OSError):
            return
        if not data:
            return
        yield from link.receive_data(data)
        try:
            sock.sendall(link.data_to_send())
        except OSError:
            pass


def test_http2_rapid_reset(server, root):
    """L08: opening and resetting streams without end is stopped; others are served meanwhile."""
    sock, link = h2_link(server)
    opened = 0
    with sock:
        try:
            for i in range(20_000):
                link.send_headers(2 * i + 1, H2_HEAD, end_stream=True)
                link.reset_stream(2 * i + 1)
                opened += 1
                if i % 50 == 49:
                    sock.sendall(link.data_to_send())
        except OSError:
            pass  # it has had enough
        start = time.monotonic()
        root.get("sys/health").ok(200)
        assert time.monotonic() - start < 2 * SLOW
        ended = [e for e in h2_events(sock, link) if isinstance(e, h2.events.ConnectionTerminated)]
    assert opened < 20_000 or ended, "twenty thousand resets were taken"


def test_http2_header_list(server, root):
    """A list of headers beyond the limit: refused on its stream, or the connection ends; memory stays."""
    sock, link = h2_link(server)
    with sock:
        link.send_headers(1, H2_HEAD + [(f"x-{i}", "y" * 1000) for i in range(90)], end_stream=True)
        try:
            sock.sendall(link.data_to_send())
        except OSError:
            pass
        statuses = [int(dict(e.headers)[":status"]) for e in h2_events(sock, link) if isinstance(e, h2.events.ResponseReceived)]
    assert statuses in ([], [431]), statuses
    root.get("sys/health").ok(200)


def test_http2_many_streams(server, root):
    """More streams than it offers are refused one by one, or with their connection; others are served."""
    sock, link = h2_link(server)
    with sock:
        link.remote_settings  # noqa: B018 (what the server offers is read with its first frame)
        for event in link.receive_data(sock.recv(65536)):
            del event
        most = link.remote_settings.max_concurrent_streams
        assert 100 <= most <= 1000
        link.remote_settings[h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS] = 10_000  # a client that does not care
        link.remote_settings.acknowledge()
        for i in range(most + 200):
            link.send_headers(2 * i + 1, H2_HEAD, end_stream=True)
        sock.sendall(link.data_to_send())
        answered = refused = 0
        ended = False
        for event in h2_events(sock, link):
            answered += isinstance(event, h2.events.ResponseReceived)
            refused += isinstance(event, h2.events.StreamReset)
            if answered + refused >= most + 200:
                break
            ended = ended or isinstance(event, h2.events.ConnectionTerminated)
    assert ended or answered >= most / 2, (answered, refused)
    root.get("sys/health").ok(200)


def test_http2_malformed_requests_are_recorded(make_server):
    server = make_server()
    server.enable_audit()
    sock, link = h2_link(server)
    with sock:
        link.send_headers(1, H2_HEAD + [("Upper-Case", "x")], end_stream=True)
        link.send_headers(3, H2_HEAD + [("x-a", "b\x01c")], end_stream=True)
        link.send_headers(5, [(":method", "GET"), (":scheme", "https")], end_stream=True)
        link.send_headers(7, H2_HEAD, end_stream=True)
        sock.sendall(link.data_to_send())
        got = {}
        for event in h2_events(sock, link):
            if isinstance(event, h2.events.StreamReset):
                got[event.stream_id] = "reset"
            elif isinstance(event, h2.events.ResponseReceived):
                got[event.stream_id] = int(dict(event.headers)[":status"])
            if len(got) == 4:
                break
    assert got[7] == 200 and all(got[i] in ("reset", 400) for i in (1, 3, 5)), got
    errors = [r for r in server.audit_records() if r["type"] == "response" and "malformed" in r.get("error", "")]
    assert len(errors) == 3, errors


def test_limits_of_names_and_paths(root):
    """Refused before any look-up, token or none."""
    for token in (root.token, None):
        assert root.get("kv/" + "a" * 5000, token=token).status in (400, 414)
        assert root.get("kv/" + "/".join("ab" for _ in range(2000)), token=token).status in (400, 414)
        assert root.get("kv/" + "a" * 513, token=token).status == 400
        assert root.get("/v1/" + "a" * 20_000, raw_path=True, token=token).status in (400, 414, 431)


def test_limits_of_headers(server):
    many = b"".join(b"X-%d: y\r\n" % i for i in range(150))
    assert server.talk(b"GET /v1/sys/health HTTP/1.1\r\nHost: a\r\n" + many + b"\r\n", replies=1)[0].status in (400, 431)
    assert server.talk(b"GET /v1/sys/health HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", replies=1)[0].status in (400, 431)


def test_limit_of_a_body(server):
    head = f"POST /v1/sys/wrapping/wrap HTTP/1.1\r\nHost: a\r\nX-Vault-Token: {server.root_token}\r\nContent-Length: {33 << 20}\r\n\r\n".encode()
    assert server.talk(head, replies=1)[0].status == 413


@pytest.mark.parametrize("text", ['{"a":' * 600 + "1" + "}" * 600, "[" * 100_000, '{"a":[' + "1," * 300_000 + "1]}", '{"a":{' + ",".join(f'"k{i}":1' for i in range(60_000)) + "}}"])
def test_complex_json(server, root, text):
    """L02: depth and counts are bounded before anything is built, for callers without a token too."""
    for token in (root.token, None):
        start = time.monotonic()
        answer = root.post("sys/wrapping/lookup", text, token=token)
        assert answer.status in (400, 413), answer
        assert time.monotonic() - start < 1.0 * SLOW


def test_expect_continue(server, kv1):
    body = b'{"v":"1"}'
    with server.raw_socket() as sock:
        sock.sendall(f"POST /v1/{kv1}/e HTTP/1.1\r\nHost: a\r\nX-Vault-Token: {server.root_token}\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode())
        sock.settimeout(20 * SLOW)
        first = sock.recv(4096)
        if b" 100 " in first.split(b"\r\n")[0]:
            sock.sendall(body)
            first = sock.recv(4096)
        assert first.startswith(b"HTTP/1.1 204"), first


def test_connections_stay_open(server):
    with server.raw_socket() as sock:
        sock.settimeout(20 * SLOW)
        for _ in range(50):
            sock.sendall(b"GET /v1/sys/health HTTP/1.1\r\nHost: a\r\n\r\n")
            assert sock.recv(65536).startswith(b"HTTP/1.1 200")
        sock.sendall(b"GET /v1/sys/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        got = b""
        while chunk := sock.recv(65536):
            got += chunk
        assert b"connection: close" in got.lower()


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_slow_headers_are_cut_off(server, root):
    """Slow loris: a header takes ten seconds at most; others are served meanwhile."""
    with server.raw_socket(timeout=40) as sock:
        start = time.monotonic()
        sock.sendall(b"GET /v1/sys/health HTTP/1.1\r\nHost: a\r\n")
        closed = None
        while closed is None and time.monotonic() - start < 40 * SLOW:
            try:
                sock.sendall(b"X: y\r\n")
                sock.settimeout(1)
                if sock.recv(4096) == b"":
                    closed = time.monotonic() - start
            except (TimeoutError, socket.timeout):
                assert root.get("sys/health").status == 200
            except OSError:
                closed = time.monotonic() - start
        assert closed is not None and closed < 30 * SLOW, closed


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_idle_handshakes_are_cut_off(server):
    """J08."""
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
    start = time.monotonic()
    try:
        for sock in idle:
            sock.settimeout(max(0.1, 40 * SLOW - (time.monotonic() - start)))
            assert sock.recv(1) == b""
    finally:
        for sock in idle:
            sock.close()
    server.client().get("sys/health").ok(200)


def test_answers_name_no_place(server, root):
    """No error tells an address, a path of the server or its host name."""
    import socket as names

    asked = [root.get("no/such"), root.get("sys/mounts", token=None), root.post("sys/capabilities-self", "{"), root.get("/v1/a%00b", raw_path=True),
             root.post("sys/audit/x", {"type": "file", "options": {"file_path": "/root/secret/place.log"}}), root.post(f"sys/mounts/{unique()}", {"type": "nonesuch"}),
             root.get("sys/internal/ui/mounts/none")]
    for answer in asked:
        assert server.folder not in answer.text and str(server.port) not in answer.text and names.gethostname() not in answer.text, answer


def test_a_malformed_request_behind_good_ones(server, root):
    """Answered and recorded on the spot, while the good ones' records are being written."""
    good = f"GET /v1/auth/token/lookup-self HTTP/1.1\r\nHost: a\r\nX-Vault-Token: {server.root_token}\r\n\r\n".encode()
    for _ in range(20):
        replies = server.talk(good * 3 + b"NOT HTTP\r\n\r\n", timeout=10)
        assert [r.status for r in replies] == [200, 200, 200, 400], replies
    root.get("sys/mounts").ok(200)
