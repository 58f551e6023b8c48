"""The secrets of one data directory, and whose token is whose.

Errors
    InvalidToken       a token that is no good, with the reason as Supabase words it
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jwt

from embedded.folder import write_json

Claims = dict[str, Any]

TEN_YEARS_S = 10 * 365 * 24 * 3600  # the lifetime of a project's own JWT keys


class InvalidToken(Exception):
    """A token that proves nothing. `reason` is one of: expired, malformed, signature, claims."""

    def __init__(self, reason: str, expired_for_s: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.expired_for_s = expired_for_s


@dataclass(frozen=True)
class Keys:
    """What a Supabase project calls its API keys, with the database passwords of this machine."""

    jwt_secret: str
    publishable_key: str
    secret_key: str
    anon_key: str
    service_role_key: str
    postgres_password: str
    admin_password: str
    authenticator_password: str

    @classmethod
    def load_or_create(cls, file: Path) -> Keys:
        """Reads the keys from `file`, or makes them once and writes them there with mode 600."""
        if file.exists():
            return cls(**json.loads(file.read_text()))
        keys = cls.create()
        write_json(file, asdict(keys))
        return keys

    @classmethod
    def create(cls) -> Keys:
        """New keys, unlike any other's."""
        jwt_secret = secrets.token_urlsafe(48)
        now = int(time.time())

        def project_key(role: str) -> str:
            claims = {"iss": "supabase", "role": role, "iat": now, "exp": now + TEN_YEARS_S}
            return jwt.encode(claims, jwt_secret, algorithm="HS256")

        def opaque(kind: str) -> str:
            return f"sb_{kind}_" + base64.urlsafe_b64encode(secrets.token_bytes(24)).decode()

        return cls(
            jwt_secret=jwt_secret,
            publishable_key=opaque("publishable"),
            secret_key=opaque("secret"),
            anon_key=project_key("anon"),
            service_role_key=project_key("service_role"),
            postgres_password=secrets.token_urlsafe(24),
            admin_password=secrets.token_urlsafe(24),
            authenticator_password=secrets.token_urlsafe(24),
        )

    def sign(self, claims: Claims) -> str:
        """A JWT (HS256) over `claims`."""
        return jwt.encode(claims, self.jwt_secret, algorithm="HS256")

    def as_jwt(self, key: str) -> str:
        """An opaque `sb_…` key as the JWT it stands for, as the platform's gateway does; anything else unchanged."""
        if secrets.compare_digest(key.encode(), self.publishable_key.encode()):
            return self.anon_key
        if secrets.compare_digest(key.encode(), self.secret_key.encode()):
            return self.service_role_key
        return key

    def verify(self, token: str) -> Claims:
        """The claims of a JWT or of an opaque key. Raises InvalidToken."""
        claims = self.open(self.as_jwt(token))
        if not isinstance(claims.get("role"), str):
            raise InvalidToken("claims")
        return claims

    def open(self, token: str) -> Claims:
        """What one of our JWTs says, whatever it is for. Raises InvalidToken."""
        claims = dict(_decode(token, self.jwt_secret))
        expires = claims.get("exp")
        if not isinstance(expires, int | float):
            raise InvalidToken("claims")
        late_s = time.time() - expires
        if late_s >= 0:
            raise InvalidToken("expired", int(late_s))
        return claims


@lru_cache(maxsize=4096)
def _decode(token: str, secret: str) -> Claims:
    """What a token says and its signature proves; a member's token comes with every request, so this is kept."""
    try:
        return jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            options={"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_sub": False},
        )
    except jwt.InvalidSignatureError as error:
        raise InvalidToken("signature") from error
    except jwt.InvalidTokenError as error:
        raise InvalidToken("malformed") from error
