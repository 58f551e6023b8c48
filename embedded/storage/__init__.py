"""Storage's endpoints over a folder: rows of storage.objects say what there is and who may have it, files hold the bytes.

errors      what is refused, in storage-api's words
names       which names buckets and objects may have
files       the folder: immutable files under names of our own
uploads     what an upload request carries
downloads   how a file is sent
signing     the tokens of signed URLs
objects     rows of storage.objects, asked as the member who asks
buckets     the endpoints under /bucket
service     the endpoints, put together
"""

from embedded.storage.service import Storage

__all__ = ["Storage"]
