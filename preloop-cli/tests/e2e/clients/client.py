"""An agent on the official Python SDK (`mcp`), in its default negotiation; the conversation is conversation.mjs's."""

import asyncio
import json
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import ToolListChangedNotification


def say(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def failure(error):
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    code = error.error.code if isinstance(error, MCPError) else None
    return {"code": code, "message": str(error), "name": type(error).__name__}


def plain(model):
    return model.model_dump(by_alias=True, mode="json", exclude_none=True)


async def call(client, request):
    async def heard(progress, total, message):
        say({"id": request["id"], "progress": {"progress": progress, "total": total, "message": message}})

    return plain(
        await client.call_tool(
            request["tool"],
            request.get("arguments") or {},
            read_timeout_seconds=request.get("timeout_ms", 120_000) / 1000,
            progress_callback=heard if request.get("progress") else None,
            meta=request.get("meta"),
        )
    )


async def answer(client, request, running):
    number = request["id"]
    try:
        if request["op"] == "list":
            result = plain(await client.list_tools())
        elif request["op"] == "call":
            result = await call(client, request)
        elif request["op"] == "cancel":
            if request["call"] in running:
                running[request["call"]].cancel()
            result = {}
        else:
            raise ValueError(f"unknown op {request['op']}")
    except asyncio.CancelledError:
        say({"id": number, "error": {"code": None, "message": "cancelled", "name": "CancelledError"}})
    except Exception as error:
        say({"id": number, "error": failure(error)})
    else:
        say({"id": number, "result": result})
    finally:
        running.pop(number, None)


async def converse(client):
    running = {}
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        request = json.loads(line)
        if request["op"] == "close":
            return request["id"]
        running[request["id"]] = loop.create_task(answer(client, request, running))
    return None


async def main():
    target = json.loads(sys.argv[1])
    headers = {"Authorization": f"Bearer {target['key']}"} if target.get("key") else {}

    async def heard(message):
        if isinstance(message, ToolListChangedNotification):
            say({"notification": "notifications/tools/list_changed"})

    async with httpx2.AsyncClient(headers=headers, timeout=httpx2.Timeout(30, read=300)) as http:
        try:
            async with Client(
                streamable_http_client(target["url"], http_client=http), message_handler=heard
            ) as client:
                say({"ready": True, "protocol": client.protocol_version})
                closing = await converse(client)
        except BaseException as error:
            say({"failed": failure(error)})
            raise SystemExit(1)
    if closing is not None:
        say({"id": closing, "result": {}})


asyncio.run(main())
