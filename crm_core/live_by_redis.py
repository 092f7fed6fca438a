"""Hints from process to process by Redis' publish and subscribe. Nothing is kept there: Redis may go and come back empty."""

import asyncio

from redis.asyncio import Redis
from redis.exceptions import RedisError

from crm_core.live import HintsCut, Outbox, Wake, was_cancelled

CHANNEL = "firstring"
LOOK = 10.0  # seconds of silence after which Redis is asked whether it lives
ANSWER = 5.0  # seconds it has for an answer


def redis_address(url: str) -> str:
    """As Redis' own client writes it; of a socket file Celery has another way of writing."""
    return url.replace("redis+socket://", "unix://", 1)


class RedisHints:
    """A connection for hearing, another for telling."""

    def __init__(self, url: str, wake: Wake) -> None:
        self._url = redis_address(url)
        self._outbox = Outbox(wake)
        self._wake = wake
        self.tell = self._outbox.tell

    async def run(self) -> None:
        """Until cancelled; raises HintsCut when Redis is gone."""
        try:
            await self._run()
        except BaseExceptionGroup as group:
            troubles, other = group.split((RedisError, OSError))
            if troubles is None or other is not None:
                raise
            why = type(troubles.exceptions[0]).__name__
            raise HintsCut(f"Redis does not answer ({why}): hints come a second late") from group

    async def _run(self) -> None:
        redis = Redis.from_url(self._url, socket_connect_timeout=ANSWER, socket_timeout=ANSWER, decode_responses=True)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._hear(redis))
                group.create_task(self._outbox.send_all(lambda me: self._send(redis, me), lambda: self._look(redis), LOOK))
        finally:
            await redis.aclose()

    async def _hear(self, redis: Redis) -> None:
        async with redis.pubsub(ignore_subscribe_messages=True) as heard:
            await heard.subscribe(CHANNEL)
            self._wake.wake()  # what was committed while nobody listened
            while not was_cancelled():
                message = await heard.get_message(timeout=LOOK)
                if message is not None:
                    self._outbox.hear(message["data"])

    @staticmethod
    async def _send(redis: Redis, me: str) -> None:
        await redis.publish(CHANNEL, me)

    @staticmethod
    async def _look(redis: Redis) -> None:
        await redis.ping()
