"""The tokens of signed URLs: a JWT over the object's path, in the same form as storage-api's.

A token to upload is no token to download, nor the other way round, and neither says a role.
"""

from __future__ import annotations

import time
from typing import Any

from embedded.keys import InvalidToken, Keys
from embedded.storage.errors import WRONG_TOKEN, StorageError

UPLOAD_S = 2 * 3600  # how long a signed upload URL is good for, as on hosted projects


def download_token(keys: Keys, path: str, lifetime_s: int) -> str:
    """Lets whoever has it read `path` (bucket/name) for `lifetime_s` seconds."""
    return _signed(keys, {"url": path}, lifetime_s)


def upload_token(keys: Keys, path: str, owner: str | None, upsert: bool) -> str:
    """Lets whoever has it write `path` (bucket/name) in the name of `owner`."""
    return _signed(keys, {"url": path, "owner": owner, "upsert": upsert}, UPLOAD_S)


def opened(keys: Keys, token: str, path: str, *, upload: bool) -> dict[str, Any]:
    """The claims of a token for `path`. Raises StorageError: InvalidJWT, InvalidSignature."""
    try:
        claims = keys.open(token)
        if "url" not in claims:  # somebody's access token
            raise InvalidToken("claims")
    except InvalidToken as error:
        raise StorageError(400, "InvalidJWT", WRONG_TOKEN[error.reason]) from error
    if claims.get("url") != path or ("upsert" in claims) is not upload:
        raise StorageError(400, "InvalidSignature", "Invalid signature")
    return claims


def _signed(keys: Keys, claims: dict[str, Any], lifetime_s: int) -> str:
    now = int(time.time())
    return keys.sign({**claims, "iat": now, "exp": now + lifetime_s})
