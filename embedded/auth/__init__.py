"""GoTrue's endpoints for people with passwords: sign-up, sign-in, refresh, sign-out, and the admin API.

errors      what goes wrong, in GoTrue's words
passwords   rules, hashing, and the same time for everybody
limits      how many requests one address may make
users       rows of auth.users as GoTrue shows them
sessions    sessions, refresh tokens and the claims of an access token
admin       the endpoints under /admin
absent      what a hosted project has and this server has not
service     the endpoints, put together
"""

from embedded.auth.service import Auth

__all__ = ["Auth"]
