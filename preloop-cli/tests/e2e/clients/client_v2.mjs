// An agent on the official TypeScript SDK, version 2 (`@modelcontextprotocol/client`); see conversation.mjs.
import { createRequire } from "node:module";
import { converse, target } from "./conversation.mjs";

const parts = createRequire(process.env.E2E_PARTS + "/package.json");
const { Client, StreamableHTTPClientTransport } = parts("@modelcontextprotocol/client");

const { url, options } = target();
// `E2E_NEGOTIATION=auto` probes for the newest revision first, as hosts do by now; the SDK's default is legacy.
const mode = process.env.E2E_NEGOTIATION;
const client = new Client(
  { name: "e2e-typescript-v2", version: "1.0.0" },
  mode ? { versionNegotiation: { mode } } : {},
);
await converse({
  client,
  transport: new StreamableHTTPClientTransport(url, options),
  protocol: () => client.getNegotiatedProtocolVersion(),
  listChanged: (heard) => client.setNotificationHandler("notifications/tools/list_changed", heard),
  callTool: (params, options) => client.callTool(params, options),
});
