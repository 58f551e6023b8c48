"""Which names buckets and objects may have: storage-api's rules, S3's safe characters."""

from __future__ import annotations

import re

from embedded.storage.errors import StorageError

LONGEST_BUCKET = 63
LONGEST_OBJECT = 1024  # as in S3

OBJECT = re.compile(r"[\w/!.*'() &$@=;:+,?-]+", re.ASCII)
BUCKET = re.compile(r"[\w!.*'() &$@=;:+,?-]+", re.ASCII)


def object_name(name: str) -> str:
    """`name` itself. Raises StorageError (InvalidKey)."""
    if len(name) > LONGEST_OBJECT or not OBJECT.fullmatch(name):
        raise StorageError(400, "InvalidKey", f"Invalid key: {name}")
    return name


def bucket_name(name: str) -> str:
    """`name` itself. Raises StorageError (Invalid Input)."""
    if len(name) > LONGEST_BUCKET or not BUCKET.fullmatch(name):
        raise StorageError(400, "Invalid Input", "Bucket name invalid")
    return name
