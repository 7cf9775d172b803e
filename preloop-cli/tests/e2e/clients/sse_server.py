"""A server of the Python SDK over server-sent events: its port is the only argument."""

import sys

from mcp.server.mcpserver import MCPServer

server = MCPServer("python-sse")


@server.tool()
def add(one: int, other: int) -> int:
    """Adds two numbers."""
    return one + other


server.run("sse", host="127.0.0.1", port=int(sys.argv[1]))
