"""The worker as a whole: one set of ticks, one connection pool, one set of render processes."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx

from settings import WorkerSettings
from worker.api import Api, persist
from worker.assistant import CLAIM_EVERY_S as ANSWERS_EVERY_S
from worker.assistant import KEEP_EVERY_S, Assistant
from worker.beat import BEAT_EVERY_S, Beat
from worker.chat_pictures import PICTURES_EVERY_S, ChatPictures
from worker.crowd import CROWD_LOOKS_EVERY_S, CROWD_PRUNES_EVERY_S, Crowd
from worker.demo import Demo
from worker.digest import DIGEST_EVERY_S, Digest
from worker.exchange import BITSTAMP, Bitstamp
from worker.generation import Generation
from worker.housekeeping import (
    ACTIVITIES_EVERY_S,
    CHATS_EVERY_S,
    LEASES_EVERY_S,
    LEAVERS_EVERY_S,
    NOTIFICATIONS_EVERY_S,
    PRESENCE_EVERY_S,
    TRASH_EVERY_S,
    Housekeeping,
)
from worker.letter import Paper
from worker.mail import DELIVER_EVERY_S, MAIL_PRUNE_EVERY_S, MAIL_RESCUE_EVERY_S, READ_EVERY_S, Mail
from worker.model_talk import ModelTalk
from worker.pool import RenderPool
from worker.post_office import PostOffice
from worker.prices import Prices
from worker.small_talk import SmallTalk
from worker.ticks import Ticks
from worker.training import Training

CLAIM_EVERY_S = 0.5
DEMO_EVERY_S = 2
CONNECT_S = 60.0  # how long to wait for Supabase at the start


async def run(settings: WorkerSettings, *, demo: bool, ready: Callable[[str], None], stop: asyncio.Event) -> None:
    """Works until `stop` is set, then gives its jobs back. `ready` gets the worker's name once Supabase answers.

    Raises SettingsError, NotAllowed (the key is wrong) and Unavailable (Supabase does not answer).
    """
    url, key = settings.secret_project
    model = ModelTalk(*settings.assistant) if settings.assistant else None
    name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
    async with Api.connect(url, key) as api, _exchange(settings) as exchange:
        housekeeping = Housekeeping(api)
        if not await _connected(housekeeping, stop):
            return
        pool, ticks = RenderPool(), Ticks()
        generation = Generation(
            api, pool, name,
            places=settings.jobs, lease_s=settings.lease_s, speed=settings.render_seconds, failure_rate=settings.failure_rate,
            freed=lambda: ticks.now("claim"),
        )  # fmt: skip
        training = Training(
            api, pool, name,
            places=settings.trainings, lease_s=settings.lease_s, speed=settings.training_seconds,
            failure_rate=settings.training_failure_rate, freed=lambda: ticks.now("claim trainings"),
        )  # fmt: skip
        assistant = Assistant(
            api, model or SmallTalk(settings.assistant_pace), name, freed=lambda: ticks.now("answers")
        )
        ticks.add("claim", generation.claim, CLAIM_EVERY_S, at_once=True)
        ticks.add("progress", generation.report, settings.pace_s)
        ticks.add("claim trainings", training.claim, CLAIM_EVERY_S, at_once=True)
        ticks.add("training", training.report, settings.pace_s)
        ticks.add("answers", assistant.claim, ANSWERS_EVERY_S)
        ticks.add("keep answers", assistant.keep, KEEP_EVERY_S)
        ticks.add("pictures of chats", ChatPictures(api, name).follow, PICTURES_EVERY_S)
        ticks.add("beat", Beat(api).send, BEAT_EVERY_S, at_once=True)
        ticks.add("leases", housekeeping.rescue, LEASES_EVERY_S)
        ticks.add("trash", housekeeping.empty_trash, TRASH_EVERY_S)
        ticks.add("chats", housekeeping.rest_chats, CHATS_EVERY_S, at_once=True)
        ticks.add("leavers", housekeeping.forget, LEAVERS_EVERY_S, at_once=True)
        ticks.add("notifications", housekeeping.prune_notifications, NOTIFICATIONS_EVERY_S, at_once=True)
        ticks.add("presence", housekeeping.expire_presence, PRESENCE_EVERY_S, at_once=True)
        paper, office = Paper(settings.links, settings.mail_from), None
        if settings.smtp_url is not None:
            office = PostOffice(settings.smtp_url.get_secret_value(), settings.mail_from)
        mail = Mail(api, name, paper, office=office, pace=settings.mail_seconds)
        ticks.add("mail", mail.deliver, DELIVER_EVERY_S)
        ticks.add("mail's readers", mail.read, READ_EVERY_S)
        ticks.add("mail's leases", mail.rescue, MAIL_RESCUE_EVERY_S)
        ticks.add("mail's past", mail.prune, MAIL_PRUNE_EVERY_S)
        ticks.add("digest", Digest(api, name, paper, office).send, DIGEST_EVERY_S, at_once=True)
        ticks.add("activities", housekeeping.prune_activities, ACTIVITIES_EVERY_S)
        prices = Prices(api, name, tick_s=settings.market_pace_s, exchange=exchange)
        if settings.price_feed != "off":
            ticks.add("prices", prices.tick, settings.market_pace_s, at_once=True)
        if demo:
            first = Demo(api, floor=bool(settings.crowd_s), letters=settings.smtp_url is None)
            ticks.add("demo", first.fill, DEMO_EVERY_S, at_once=True)
        if demo and settings.crowd_s:
            crowd = Crowd(api, settings.crowd_s)
            ticks.add("crowd", crowd.act_when_due, CROWD_LOOKS_EVERY_S)
            ticks.add("crowd's past", crowd.prune, CROWD_PRUNES_EVERY_S)
        ticks.start()
        warming = asyncio.create_task(pool.warm(), name="warm the render processes")
        try:
            ready(name)
            await stop.wait()
        finally:
            warming.cancel()
            ticks.pause()
            await asyncio.gather(generation.close(), training.close(), assistant.close(), mail.close())
            if model is not None:
                await model.close()
            await ticks.stop()
            await prices.close()
            await pool.close()


@asynccontextmanager
async def _exchange(settings: WorkerSettings) -> AsyncIterator[Bitstamp | None]:
    """Where real prices come from, if they are asked for."""
    if settings.price_feed != "bitstamp":
        yield None
        return
    async with httpx.AsyncClient(headers={"Accept": "application/json"}) as http:
        yield Bitstamp(http, str(settings.price_feed_url or BITSTAMP))


async def _connected(housekeeping: Housekeeping, stop: asyncio.Event) -> bool:
    """Waits for Supabase; False when `stop` was set meanwhile. Raises NotAllowed and Unavailable."""
    first = asyncio.ensure_future(persist(housekeeping.rescue, seconds=CONNECT_S))
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((first, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            return False
        await first
        return True
    finally:
        first.cancel()
        stopped.cancel()
