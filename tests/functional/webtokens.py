"""Signed tokens for the tests: keys, certificates and JSON Web Tokens, those that nobody should believe included."""
import base64
import datetime
import hashlib
import hmac
import json
import time
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.x509.oid import NameOID


def b64(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=").decode()


def number(n):
    return b64(n.to_bytes((n.bit_length() + 7) // 8, "big"))


class Key:
    """A key of an issuer or an application, with a certificate of its own."""

    def __init__(self, curve=None, days=(-1, 30)):
        self.private = ec.generate_private_key(curve()) if curve else rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app")])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.private.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now + datetime.timedelta(days=days[0])).not_valid_after(now + datetime.timedelta(days=days[1]))
        self.certificate = builder.sign(self.private, hashes.SHA256())
        self.certificate_pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        self.public_pem = self.private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
        self.private_pem = self.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()

    def thumbprint(self, digest=hashes.SHA1):
        return b64(self.certificate.fingerprint(digest()))

    def jwks(self, kid="one"):
        public = self.private.public_key().public_numbers()
        return json.dumps({"keys": [{"kty": "RSA", "use": "sig", "kid": kid, "n": number(public.n), "e": number(public.e)}]})

    def sign(self, text, algorithm):
        data = text.encode()
        if algorithm == "none":
            return b""
        if algorithm.startswith("HS"):  # with what everybody knows
            return hmac.new(self.public_pem.encode(), data, hashlib.sha256).digest()
        if algorithm.startswith("PS"):
            return self.private.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        if algorithm.startswith("ES"):
            r, s = utils.decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def token(self, claims, algorithm="RS256", header=None, raw_payload=None):
        """Claims that are None are left out."""
        text = b64({"alg": algorithm, "typ": "JWT", **(header or {})}) + "." + b64(raw_payload if raw_payload is not None else {k: v for k, v in claims.items() if v is not None})
        return text + "." + b64(self.sign(text, algorithm))


def times(**more):
    now = int(time.time())
    return {"iat": now, "nbf": now, "exp": now + 600, "jti": str(uuid.uuid4()), **more}
