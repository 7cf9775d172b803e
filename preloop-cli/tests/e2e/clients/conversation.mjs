// The conversation between a test and one MCP client, shared by both TypeScript SDKs.
//
// The test writes one JSON object a line on standard input, this prints one a line on standard output:
//   {"id":1,"op":"list"}                                  -> {"id":1,"result":{"tools":[...]}}
//   {"id":2,"op":"call","tool":T,"arguments":{},...}      -> {"id":2,"progress":{...}}* {"id":2,"result":{...}}
//   {"id":3,"op":"cancel","call":2}                       -> {"id":3,"result":{}}
//   {"id":4,"op":"close"}                                 -> {"id":4,"result":{}}
// A failure answers {"id":N,"error":{"code":...,"message":"..."}}; a notification {"notification":"method"}.
import readline from "node:readline";

function say(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
}

function failure(error) {
  return { code: error?.code ?? null, message: String(error?.message ?? error), name: error?.name ?? null };
}

async function call(callTool, request, running) {
  const stop = new AbortController();
  running.set(request.id, stop);
  const options = { signal: stop.signal, timeout: request.timeout_ms ?? 120_000 };
  if (request.progress) {
    options.onprogress = (progress) => say({ id: request.id, progress });
    options.resetTimeoutOnProgress = request.reset_timeout ?? false;
  }
  const params = { name: request.tool, arguments: request.arguments ?? {} };
  if (request.meta) params._meta = request.meta;
  try {
    return await callTool(params, options);
  } finally {
    running.delete(request.id);
  }
}

async function answer(client, callTool, request, running) {
  switch (request.op) {
    case "list":
      return await client.listTools();
    case "call":
      return await call(callTool, request, running);
    case "cancel":
      running.get(request.call)?.abort("the test cancels this call");
      return {};
    case "close":
      await client.close();
      return {};
    default:
      throw new Error(`unknown op ${request.op}`);
  }
}

/** Connects `client` over `transport` and answers the test until its input ends. */
export async function converse({ client, transport, protocol, listChanged, callTool }) {
  listChanged(() => say({ notification: "notifications/tools/list_changed" }));
  try {
    await client.connect(transport);
  } catch (error) {
    say({ failed: failure(error) });
    process.exit(1);
  }
  say({ ready: true, protocol: protocol() });
  const running = new Map();
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const request = JSON.parse(line);
    answer(client, callTool, request, running).then(
      (result) => {
        say({ id: request.id, result });
        if (request.op === "close") process.exit(0);
      },
      (error) => say({ id: request.id, error: failure(error) }),
    );
  });
  lines.on("close", () => process.exit(0));
}

/** The endpoint and the key, from the command line, as `new URL` and fetch options. */
export function target() {
  const { url, key } = JSON.parse(process.argv[2]);
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  return { url: new URL(url), options: { requestInit: { headers } } };
}
