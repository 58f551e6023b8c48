"""What a hosted project has and this server has not: each answers in GoTrue's words, and says so."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from embedded.answers import Handler, route
from embedded.auth.errors import AuthError

NO_MAIL = (422, "email_provider_disabled", "This server sends no e-mail: addresses count as confirmed at once")
NO_OTP = (422, "otp_disabled", "One-time passwords and magic links need e-mail, which this server does not send")
NO_OAUTH = (400, "validation_failed", "Unsupported provider: provider is not enabled")
NO_SSO = (404, "saml_provider_disabled", "SAML 2.0 is disabled")
NO_MFA = (422, "mfa_totp_enroll_not_enabled", "MFA enroll is disabled for TOTP")
NO_FACTOR = (404, "mfa_factor_not_found", "Factor not found")
NO_LINKING = (404, "manual_linking_disabled", "Manual linking is disabled")
NO_SERVER = (404, "feature_disabled", "The OAuth server is disabled")

ABSENT = {
    "/otp": NO_OTP,
    "/magiclink": NO_OTP,
    "/verify": (403, "otp_expired", "Token has expired or is invalid"),
    "/recover": NO_MAIL,
    "/resend": NO_MAIL,
    "/reauthenticate": NO_MAIL,
    "/invite": NO_MAIL,
    "/admin/generate_link": NO_MAIL,
    "/authorize": NO_OAUTH,
    "/callback": NO_OAUTH,
    "/sso": NO_SSO,
    "/sso/{rest:path}": NO_SSO,
    "/admin/sso/{rest:path}": NO_SSO,
    "/factors": NO_MFA,
    "/admin/users/{id}/factors": NO_MFA,
    "/admin/users/{id}/factors/{rest:path}": NO_FACTOR,
    "/factors/{rest:path}": NO_FACTOR,
    "/user/identities/{rest:path}": NO_LINKING,
    "/oauth/{rest:path}": NO_SERVER,
    "/user/oauth/{rest:path}": NO_SERVER,
    "/admin/oauth/{rest:path}": NO_SERVER,
}


def absent_routes() -> list[Route]:
    """A route for each, and one for every path that GoTrue does not know either."""
    refusals = {**ABSENT, "/{rest:path}": (404, "not_found", "Not found")}
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return [route(methods, path, _refusing(refusal)) for path, refusal in refusals.items()]


def _refusing(refusal: tuple[int, str, str]) -> Handler:
    async def refused(request: Request) -> Response:
        raise AuthError(*refusal)

    return refused
