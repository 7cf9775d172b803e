// An MCP server over stdio whose tools, answers and moods a test writes: for what no well-behaved server does.
//
// `tools.json` in the folder given as argument: {"tools": [definition...]}; watched, so that a change is announced as
// notifications/tools/list_changed. `answer-NAME.json` is the raw result of a tool, or the word `never`. Each call that
// reaches this server is added to `calls.jsonl`, as it came, before it is answered: the proof of what ran.
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";

const folder = process.argv[2];
const file = path.join(folder, "tools.json");
fs.writeFileSync(path.join(folder, "pid"), String(process.pid));

function send(message) {
  process.stdout.write(typeof message === "string" ? message + "\n" : JSON.stringify(message) + "\n");
}

function board() {
  return JSON.parse(fs.readFileSync(file, "utf8"));
}

// An answer is spliced in as it was written, so that numbers keep every digit.
function rawAnswer(name) {
  const raw = path.join(folder, `answer-${name}.json`);
  return fs.existsSync(raw) ? fs.readFileSync(raw, "utf8").trim() : null;
}

function callTool(id, params, line) {
  fs.appendFileSync(path.join(folder, "calls.jsonl"), line + "\n");
  const result = rawAnswer(params.name) ?? `{"content":[{"type":"text","text":"ran ${params.name}"}]}`;
  if (result !== "never") send(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`);
}

function handle(line) {
  const message = JSON.parse(line);
  const { id, method, params } = message;
  switch (method) {
    case "initialize":
      return send({
        jsonrpc: "2.0",
        id,
        result: {
          protocolVersion: params.protocolVersion,
          capabilities: { tools: { listChanged: true } },
          serverInfo: { name: "fixture", version: "1.0.0" },
        },
      });
    case "ping":
      return send({ jsonrpc: "2.0", id, result: {} });
    case "tools/list":
      return send({ jsonrpc: "2.0", id, result: { tools: board().tools } });
    case "tools/call":
      return callTool(id, params, line);
    case "notifications/cancelled":
      return fs.appendFileSync(path.join(folder, "cancelled.jsonl"), JSON.stringify(params) + "\n");
    default:
      if (id !== undefined) {
        send({ jsonrpc: "2.0", id, error: { code: -32601, message: `no method ${method}` } });
      }
  }
}

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (line) => line.trim() && handle(line));
lines.on("close", () => process.exit(0));
fs.watchFile(file, { interval: 100 }, () =>
  send({ jsonrpc: "2.0", method: "notifications/tools/list_changed" }),
);
