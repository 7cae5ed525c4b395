"""Answers that take long to make: their JSON is made beside the loop that serves the terminals."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Response
from fastapi.concurrency import run_in_threadpool


async def beside(work: Callable[[], bytes]) -> Response:
    """JSON that is made in another thread: long queries and long answers must not hold up the terminals."""
    return Response(await run_in_threadpool(work), media_type="application/json")
