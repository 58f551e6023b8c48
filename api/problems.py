"""What went wrong, as every answer of the API says it: a sentence, and which field it is about, if any."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from state.errors import RateLimited, Refused, StateError, Unreachable

log = logging.getLogger("starling.api")

SOON_S = 2  # when to ask again while Supabase does not answer
MINUTE_S = 60

# What the database calls it, and what HTTP does.
STATUS = {
    "42501": 403,
    "PT404": 404,
    "PT409": 409,
    "23505": 409,
    "PT429": 429,
    "PGRST116": 404,
    "22023": 422,
    "22P02": 422,
}
SENTENCES = {"23505": "This id is taken", "23514": "This is not possible", "23503": "What this belongs to is not there"}
WORDS = {  # where Pydantic's are for programmers
    "string_pattern_mismatch": "This is not in the form that it must have",
    "json_invalid": "This is no JSON",
    "model_attributes_type": "Send a JSON object, as application/json",
}
TOKEN = ("PGRST301", "PGRST303", "401")


class FieldProblem(BaseModel):
    """One field that is wrong."""

    field: str
    message: str


class Problem(BaseModel):
    """What every answer but a good one is."""

    message: str = Field(description="A sentence")
    errors: list[FieldProblem] = Field(default=[], description="By field, where fields are wrong")


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "This is no request that makes sense"},
    401: {"model": Problem, "description": "No token, or none that is good"},
    403: {"model": Problem, "description": "You may look, but not change it"},
    404: {"model": Problem, "description": "There is no such thing, or it is none of yours"},
    409: {"model": Problem, "description": "The id is taken, or there are too many"},
    413: {"model": Problem, "description": "The body is too large"},
    422: {"model": Problem, "description": "Fields are wrong"},
    429: {"model": Problem, "description": "Too many requests: see Retry-After"},
    503: {"model": Problem, "description": "Supabase does not answer: see Retry-After"},
}


class ApiProblem(Exception):
    """Ends a request."""

    def __init__(self, status: int, message: str, errors: list[FieldProblem] | None = None, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.problem = Problem(message=message, errors=errors or [])
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def wrong(field: str, message: str) -> ApiProblem:
    """One field is."""
    return ApiProblem(422, message, [FieldProblem(field=field, message=message)])


def not_there(what: str) -> ApiProblem:
    """Or not the caller's to see, which is the same to them."""
    return ApiProblem(404, f"There is no such {what}")


def explain_problems(api: FastAPI) -> None:
    """Every way in which a request can fail."""
    api.add_exception_handler(ApiProblem, _ours)
    api.add_exception_handler(StateError, _of_state)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _of_http)
    api.add_exception_handler(Exception, _unknown)


def answer(status: int, message: str, errors: list[FieldProblem] | None = None, **headers: str) -> JSONResponse:
    """A problem as a response."""
    problem = Problem(message=message, errors=errors or [])
    return JSONResponse(
        problem.model_dump(), status, {name.replace("_", "-"): value for name, value in headers.items()}
    )


async def _ours(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiProblem)
    return JSONResponse(error.problem.model_dump(), error.status, error.headers)


async def _of_state(_: Request, error: Exception) -> JSONResponse:
    match error:
        case RateLimited():
            return answer(429, str(error), Retry_After=str(round(error.retry_after_s)))
        case Unreachable():
            return answer(503, str(error), Retry_After=str(SOON_S))
        case Refused(code=code) if code in TOKEN:
            return answer(401, "This token is not good, or not any more", WWW_Authenticate="Bearer")
        case Refused(code=code, hint=hint):
            status = STATUS.get(code, 422 if code.startswith(("22", "23")) else 400)
            sentence = SENTENCES.get(code, str(error))
            if status == 429:
                return answer(429, sentence, Retry_After=str(MINUTE_S))
            fields = [FieldProblem(field=hint, message=sentence)] if status == 422 and hint.isidentifier() else []
            return answer(status, sentence, fields)
        case _:
            return answer(401, str(error), WWW_Authenticate="Bearer")


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [
        FieldProblem(field=_field(problem), message=WORDS.get(problem["type"]) or problem["msg"])
        for problem in error.errors()
    ]
    return answer(422, "Some fields are wrong" if len(errors) > 1 else "A field is wrong", errors)


def _field(problem: dict[str, Any]) -> str:
    """`tags.0`, or where it is: `body`."""
    where, *path = problem["loc"]
    return ".".join(map(str, path)) if path and problem["type"] != "json_invalid" else str(where)


async def _of_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    message = "There is nothing here" if error.status_code == 404 else str(error.detail)
    return JSONResponse(Problem(message=message).model_dump(), error.status_code, error.headers)


async def _unknown(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s broke", request.method, request.url.path, exc_info=error)
    return answer(500, "Something broke on our side")
