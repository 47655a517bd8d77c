"""Signature Version 4 by hand, with nothing but the standard library: so that a test can do it wrong, and a bench without an SDK."""
import datetime
import hashlib
import hmac
import http.client
import json
import ssl

REGION = "us-east-1"


class Signer:
    """Signs by hand, so that a test can do it wrong. Every part may be overridden."""

    def __init__(self, server, key_id, secret, session=None):
        self.server, self.id, self.secret, self.session = server, key_id, secret, session

    def head(self, target, body, now=None, service="secretsmanager", region=REGION, date=None, terminator="aws4_request", signed=None, extra=None, path="/", method="POST"):
        now = now or datetime.datetime.now(datetime.timezone.utc)
        stamp = now.strftime("%Y%m%dT%H%M%SZ")
        date = date or stamp[:8]
        headers = {"host": f"127.0.0.1:{self.server.port}", "content-type": "application/x-amz-json-1.1", "x-amz-date": stamp, "x-amz-target": target, **(extra or {})}
        if self.session:
            headers["x-amz-security-token"] = self.session
        names = signed or ";".join(sorted(headers))
        canonical = "\n".join([method, path, "", *[f"{n}:{headers.get(n, '')}" for n in names.split(";")], "", names, hashlib.sha256(body).hexdigest()])
        scope = f"{date}/{region}/{service}/{terminator}"
        to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + self.secret).encode()
        for part in (date, region, service, terminator):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={self.id}/{scope}, SignedHeaders={names}, Signature={signature}"
        return headers

    def ask(self, action="GetRandomPassword", body=b"{}", head=None, sent=None, path="/", method="POST", **how):
        """(status, headers, JSON) of one request. `head`: changes of the headers after signing; `sent`: another body than the signed one."""
        headers = self.head("secretsmanager." + action, body, path=path, method=method, **how)
        for name, value in (head or {}).items():
            headers.pop(name, None) if value is None else headers.__setitem__(name, value)
        return send(self.server, method, path, headers, body if sent is None else sent)


def send(server, method, path, headers, body=b""):
    context = ssl.create_default_context(cafile=server.cafile) if server.cafile else None
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=30) if context else http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            for one in value if isinstance(value, list) else [value]:
                connection.putheader(name, one)
        if "content-length" not in headers:
            connection.putheader("content-length", str(len(body)))
        connection.endheaders(body)
        reply = connection.getresponse()
        raw = reply.read()
        try:
            return reply.status, reply.headers, json.loads(raw)
        except ValueError:
            return reply.status, reply.headers, raw.decode()
    finally:
        connection.close()
