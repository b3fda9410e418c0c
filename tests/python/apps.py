# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The applications under test: FastAPI, aiohttp and WSGI, each with sync and async calls of one cache, mixed.

Every sync call that is made on the loop's thread is timed: for so long the loop stood still.
"""

import asyncio
import os
import time

import ghmesh

SECRET = "quartz lagoon umbrella mistral kettle oval thirteen"
blocked = []  # seconds


def make_cache():
    return ghmesh.GitHubAPICache(enable_p2p=os.environ.get("WITH_P2P") == "1", p2p_shared_secret=SECRET)


def timed(call, *args, **kwargs):
    began = time.perf_counter()
    try:
        return call(*args, **kwargs)
    finally:
        blocked.append(time.perf_counter() - began)


async def work(cache, number):
    """One request: both kinds of calls, in both orders."""
    key = number % 50
    if number % 2:
        timed(cache.put, "item", {"number": number, "text": "x" * 500}, 60, key)
        found = await cache.aget("item", key)
    else:
        await cache.aput("other", {"number": number}, 60, key)
        found = timed(cache.get, "other", key)
    assert found is not None
    if number % 100 == 0:
        # A thread beside the loop, as FastAPI runs plain functions.
        found = await asyncio.get_running_loop().run_in_executor(None, cache.get, "other", key)
    return {"number": number, "found": found is not None}


def report():
    worst = sorted(blocked)
    return {"calls": len(worst), "p50": worst[len(worst) // 2], "p99": worst[len(worst) * 99 // 100], "max": worst[-1]}


def fastapi_app():
    import fastapi

    app = fastapi.FastAPI()

    @app.on_event("startup")
    async def start():
        app.state.cache = make_cache()

    @app.on_event("shutdown")
    async def stop():
        await app.state.cache.__aexit__()

    @app.get("/mixed/{number}")
    async def answer(number: int):
        return await work(app.state.cache, number)

    @app.get("/thread/{number}")
    def answer_in_a_thread(number: int):
        app.state.cache.put("threaded", number, 60, number)
        return app.state.cache.get("threaded", number)

    @app.get("/report")
    async def tell():
        return report()

    return app


def aiohttp_main():
    import aiohttp.web

    async def start(app):
        app["cache"] = make_cache()
        yield
        await app["cache"].__aexit__()

    async def answer(request):
        return aiohttp.web.json_response(await work(request.app["cache"], int(request.match_info["number"])))

    async def tell(request):
        return aiohttp.web.json_response(report())

    app = aiohttp.web.Application()
    app.cleanup_ctx.append(start)
    app.add_routes([aiohttp.web.get("/mixed/{number}", answer), aiohttp.web.get("/report", tell)])
    aiohttp.web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), print=None)


preloaded = make_cache() if os.environ.get("PRELOAD") else None


def wsgi_app(environ, start_response):
    """For gunicorn; the cache may be one that its master made before it forked."""
    cache = preloaded or ghmesh.get_global_cache()
    path = environ["PATH_INFO"]
    cache.put("wsgi", {"path": path}, 60, path)
    found = cache.get("wsgi", path)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()} {found['path']}".encode()]


if __name__ == "__main__":
    aiohttp_main()
