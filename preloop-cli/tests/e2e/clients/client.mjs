// An agent on the official TypeScript SDK, version 1 (`@modelcontextprotocol/sdk`); see conversation.mjs.
import { createRequire } from "node:module";
import { converse, target } from "./conversation.mjs";

const parts = createRequire(process.env.E2E_PARTS + "/package.json");
const { Client } = parts("@modelcontextprotocol/sdk/client/index.js");
const { StreamableHTTPClientTransport } = parts("@modelcontextprotocol/sdk/client/streamableHttp.js");
const { ToolListChangedNotificationSchema } = parts("@modelcontextprotocol/sdk/types.js");

const { url, options } = target();
const client = new Client({ name: "e2e-typescript-v1", version: "1.0.0" });
const transport = new StreamableHTTPClientTransport(url, options);
await converse({
  client,
  transport,
  protocol: () => transport.protocolVersion,
  listChanged: (heard) => client.setNotificationHandler(ToolListChangedNotificationSchema, heard),
  callTool: (params, options) => client.callTool(params, undefined, options),
});
