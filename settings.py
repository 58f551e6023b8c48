"""What the app, the worker and the checks are told from outside: environment variables and `.env`.

A missing or malformed setting stops the start with one line that names the variable: `load` raises SettingsError.
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AliasChoices, Field, HttpUrl, SecretStr, UrlConstraints, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent

Port = Annotated[int, Field(ge=0, le=65535)]
BaseUrl = Annotated[HttpUrl, UrlConstraints(allowed_schemes=["http", "https"])]


class SettingsError(Exception):
    """A setting is missing or malformed; the message names the variable and says what to do."""


class Settings(BaseSettings):
    """What everybody may know: addresses, ports, folders. Secrets are in `WorkerSettings` only."""

    model_config = SettingsConfigDict(
        env_prefix="STARLING_", env_file=PROJECT / ".env", extra="ignore", populate_by_name=True
    )

    host: str = "127.0.0.1"
    port: Port = 8080
    data: Path = PROJECT / ".starling"
    api_port: Port = 54321  # the Supabase CLI's ports; 0 means any free one
    db_port: Port = 54322
    storage_secret: SecretStr | None = None
    dev: bool = False  # the development panel, and diagnostics of everything in the process
    realtime_debug: bool = False  # the live layer says what it does, in the log and on standard error
    public_url: BaseUrl | None = None  # where others reach the pages: links in e-mail lead there
    metrics_token: SecretStr | None = None  # without one, /metrics answers this machine alone
    api_origins: str = ""  # whose pages may ask the HTTP API from a browser: "https://a.example, https://b.example"
    supabase_url: BaseUrl | None = Field(default=None, validation_alias="SUPABASE_URL")
    publishable_key: str | None = Field(
        default=None, validation_alias=AliasChoices("SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY")
    )

    @field_validator("api_origins")
    @classmethod
    def are_origins(cls, text: str) -> str:
        """Each a scheme and a host, as browsers send it."""
        if wrong := [origin for origin in split(text) if not re.fullmatch(r"https?://[^/\s*]+", origin)]:
            raise ValueError(f"{wrong[0]} is no origin, such as https://app.example")
        return text

    @property
    def allowed_origins(self) -> list[str]:
        """Those of `api_origins`."""
        return split(self.api_origins)

    @property
    def hosted(self) -> bool:
        """True when a Supabase project is named, so that nothing is started here but the app."""
        return self.supabase_url is not None

    @property
    def address(self) -> str:
        """Where the pages are."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def links(self) -> str:
        """Where links in e-mail lead, without a slash at the end."""
        return str(self.public_url or self.address).rstrip("/")

    @cached_property
    def project(self) -> tuple[str, str]:
        """Address and publishable key of the Supabase project: as set, or as `embedded` wrote them."""
        if self.supabase_url is not None:
            if not self.publishable_key:
                raise SettingsError("SUPABASE_PUBLISHABLE_KEY is not set, but SUPABASE_URL is")
            return str(self.supabase_url).rstrip("/"), self.publishable_key
        public = read_json(self.data / "public.json")
        return public["api_url"], public["publishable_key"]


class WorkerSettings(Settings):
    """The worker's, and those of the self-test's command: the app never holds the secret key."""

    secret_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY")
    )
    progress_interval_s: float = Field(default=0.0, validation_alias="PROGRESS_INTERVAL_S", ge=0)
    price_tick_s: float = Field(default=0.0, validation_alias="PRICE_TICK_S", ge=0)
    price_feed: Literal["simulated", "bitstamp", "off"] = Field(default="simulated", validation_alias="PRICE_FEED")
    price_feed_url: BaseUrl | None = Field(default=None, validation_alias="PRICE_FEED_URL")
    render_seconds: float = Field(1.0, ge=0, description="pace of simulated work; 0 is as fast as it can")
    failure_rate: float = Field(0.02, ge=0, le=1)
    jobs: int = Field(4, ge=1, le=64)
    training_seconds: float = Field(1.0, ge=0, description="pace of simulated training; 0 is as fast as it can")
    training_failure_rate: float = Field(0.02, ge=0, le=1)
    trainings: int = Field(2, ge=1, le=16)
    lease_s: int = Field(30, ge=2, le=3600)
    smtp_url: SecretStr | None = Field(
        None, description="smtp(s)://user:password@host:port; without it mail is simulated"
    )
    mail_from: str = Field("starling@localhost.localdomain", pattern=r"^[!-?A-~]+@[A-Za-z0-9.-]+$")
    mail_seconds: float = Field(1.0, ge=0, description="pace of simulated mail; 0 is as fast as it can")
    crowd_s: float = Field(15.0, ge=0, description="seconds between two acts of the demo members, about; 0: none")
    assistant_url: BaseUrl | None = None  # of an OpenAI-compatible endpoint; without one the assistant is simulated
    assistant_key: SecretStr | None = None
    assistant_model: str | None = None
    assistant_pace: float = Field(1.0, ge=0, description="pace of the simulated assistant; 0 is as fast as it can")

    @field_validator("smtp_url")
    @classmethod
    def _is_smtp(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not re.match(r"smtps?://[^\s/]+/?$", url.get_secret_value()):
            raise PydanticCustomError("smtp_url", "needs the form smtp://user:password@host:port, or smtps://")
        return url

    @cached_property
    def secret_project(self) -> tuple[str, str]:
        """Address and secret key of the Supabase project."""
        if self.supabase_url is not None:
            if self.secret_key is None:
                raise SettingsError("SUPABASE_SECRET_KEY is not set, but SUPABASE_URL is")
            return str(self.supabase_url).rstrip("/"), self.secret_key.get_secret_value()
        secret = read_json(self.data / "secret.json")
        return secret["api_url"], secret["secret_key"]

    @property
    def assistant(self) -> tuple[str, str, str | None] | None:
        """Address, model and key of the language model behind the assistant; None: it is simulated."""
        if self.assistant_url is None:
            return None
        if not self.assistant_model:
            raise SettingsError("STARLING_ASSISTANT_MODEL is not set, but STARLING_ASSISTANT_URL is")
        key = self.assistant_key.get_secret_value() if self.assistant_key else None
        return str(self.assistant_url), self.assistant_model, key

    @property
    def pace_s(self) -> float:
        """Seconds between two reports of progress; a hosted plan counts messages, this machine doesn't."""
        return self.progress_interval_s or (2.0 if self.hosted else 0.25)

    @property
    def market_pace_s(self) -> float:
        """Seconds between two ticks of the market, for the same reason."""
        return self.price_tick_s or (10.0 if self.hosted else 1.0)


def split(text: str) -> list[str]:
    """What stands between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


SettingsT = TypeVar("SettingsT", bound=Settings)


def load(kind: type[SettingsT]) -> SettingsT:
    """Reads the settings. Raises SettingsError."""
    try:
        return kind()
    except ValidationError as error:
        problem = error.errors()[0]
        name = str(problem["loc"][0])
        variable = name if name.isupper() else f"STARLING_{name.upper()}"
        field = kind.model_fields.get(name)
        secret = field is not None and "SecretStr" in str(field.annotation)
        said = "" if secret else f" (it is {problem['input']!r})"
        raise SettingsError(f"{variable}: {problem['msg'].lower()}{said}") from None


def read_json(file: Path) -> dict[str, Any]:
    """A file that `embedded` writes. Raises SettingsError when it is not there."""
    try:
        return json.loads(file.read_text())
    except FileNotFoundError:
        raise SettingsError(
            f"SUPABASE_URL is not set, and {file.name} is not in {file.parent}: start main.py, or name a project"
        ) from None
