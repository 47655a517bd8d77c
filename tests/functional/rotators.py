"""Functions that rotate secrets, for the functional tests: a small server that takes Lambda's Invoke call, and the logic that such functions have."""
import json
import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import free_port

STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]


class Functions:
    """Serves POST /2015-03-31/functions/<name>/invocations. `handler(name, event)` makes a step: what it raises is answered as a function's error is.

    `hooks[step]` is called before the handler; it may raise, wait, or return a whole answer (status, headers, body) to be sent in place.
    """

    def __init__(self, handler, cert=None, port=None):
        self.handler, self.hooks, self.calls, self.lock = handler, {}, [], threading.Lock()
        self.port = port or free_port()
        self.http = ThreadingHTTPServer(("127.0.0.1", self.port), self._request_class())
        self.http.daemon_threads = True
        if cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*cert)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.url = f"{'https' if cert else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def _request_class(functions):  # noqa: N805 (the request has its own self)
        class Request(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                named = re.fullmatch(r"(/base)?/2015-03-31/functions/([^/]+)/invocations", self.path)
                if not named:
                    return self.answer(404, {}, b'{"Message":"no such path"}')
                event = json.loads(body)
                with functions.lock:
                    functions.calls.append({"name": named[2], "path": self.path, "event": event, "headers": dict(self.headers), "body": body})
                try:
                    hook = functions.hooks.get(event["Step"])
                    given = hook(event) if hook else None
                    if given is not None:
                        return self.answer(*given)
                    functions.handler(named[2], event)
                except Exception as error:  # noqa: BLE001 (a function's errors are answers)
                    said = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
                    return self.answer(200, {"X-Amz-Function-Error": "Unhandled"}, json.dumps(said).encode())
                return self.answer(200, {}, b"null")

            def answer(self, status, headers, body):
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    if "Content-Length" not in headers:
                        self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True

        return Request

    def steps(self, token=None):
        with self.lock:
            return [c["event"]["Step"] for c in self.calls if token in (None, c["event"]["ClientRequestToken"])]

    def close(self):
        self.http.shutdown()
        self.http.server_close()


class PasswordRotator:
    """The usual function for a password: it fills the pending version, sets it in the `service` (a dict), tries it there, and makes it current."""

    def __init__(self, client):
        self.client, self.service = client, {}

    def __call__(self, name, event):
        sm, arn, token, step = self.client(), event["SecretId"], event["ClientRequestToken"], event["Step"]
        described = sm.describe_secret(SecretId=arn)
        assert described["RotationEnabled"], "rotation is off"
        stages = described["VersionIdsToStages"].get(token)
        assert stages is not None, f"there is no version {token}"
        if "AWSCURRENT" in stages:
            return
        assert "AWSPENDING" in stages, "the version is not pending"
        getattr(self, step)(sm, arn, token, event)

    def createSecret(self, sm, arn, token, event):
        current = json.loads(sm.get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")["SecretString"])
        try:
            sm.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
        except sm.exceptions.ResourceNotFoundException:
            current["password"] = sm.get_random_password(ExcludeCharacters="/@\"'\\")["RandomPassword"]
            sm.put_secret_value(SecretId=arn, ClientRequestToken=token, SecretString=json.dumps(current), VersionStages=["AWSPENDING"],
                                RotationToken=event["RotationToken"])

    def setSecret(self, sm, arn, token, event):
        pending = json.loads(sm.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")["SecretString"])
        self.service[pending["username"]] = pending["password"]

    def testSecret(self, sm, arn, token, event):
        pending = json.loads(sm.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")["SecretString"])
        assert self.service.get(pending["username"]) == pending["password"], "the service does not take the password"

    def finishSecret(self, sm, arn, token, event):
        stages = sm.describe_secret(SecretId=arn)["VersionIdsToStages"]
        current = next((version for version, labels in stages.items() if "AWSCURRENT" in labels), None)
        if current != token:
            sm.update_secret_version_stage(SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, **({"RemoveFromVersionId": current} if current else {}))
