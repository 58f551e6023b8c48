"""What the stack counts, for Prometheus: `GET /metrics` at the gateway, of this machine alone.

Labels say which service and which status, never who or what, so their number is bounded. A page of another origin may
not read it: unlike every service it answers without CORS.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

if TYPE_CHECKING:
    from embedded.realtime import Realtime

PATH = "/metrics"
FORWARDED = frozenset({b"x-forwarded-for", b"forwarded", b"x-real-ip"})


class Metrics:
    """A registry of its own, and the ASGI application that shows it. Realtime is watched from `watch` on."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "embedded_requests", "HTTP requests that were answered", ["service", "status"], registry=self.registry
        )
        self._realtime: Realtime | None = None
        self._lag: int | None = None
        self.registry.register(self)

    def watch(self, realtime: Realtime) -> None:
        """Shows what this service counts, too."""
        self._realtime = realtime

    def answered(self, service: str, status: int) -> None:
        """Counts a request; `service` is its prefix, empty for a path that none has."""
        self._requests.labels(service, status).inc()

    def collect(self) -> Iterator[Metric]:
        """Realtime's numbers, as they are now."""
        if self._realtime is None:
            return
        for name, number in self._realtime.present.items():
            yield GaugeMetricFamily(f"embedded_realtime_{name}", name.replace("_", " ").capitalize(), number)
        for name, number in self._realtime.counted.items():
            yield CounterMetricFamily(f"embedded_realtime_{name}", name.replace("_", " ").capitalize(), number)
        if self._lag is not None:
            what = "WAL that the replication stream has not confirmed"
            yield GaugeMetricFamily("embedded_realtime_replication_lag_bytes", what, self._lag)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_near(scope):
            await Response(status_code=403)(scope, receive, send)
            return
        self._lag = await self._realtime.lag() if self._realtime else None
        answer = Response(generate_latest(self.registry), headers={"Cache-Control": "no-store"})
        answer.headers["Content-Type"] = CONTENT_TYPE_LATEST
        await answer(scope, receive, send)


def _is_near(scope: Scope) -> bool:
    """Whether this machine asks, and for nobody else."""
    client = scope.get("client")
    return (
        bool(client)
        and ip_address(client[0]).is_loopback
        and not any(name in FORWARDED for name, _ in scope["headers"])
    )
