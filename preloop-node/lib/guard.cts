/** A guard: decides, asks somebody where the policy wants that, and lets the call run or throws. */

import type { Decision } from './decision.cjs';
import type { Arguments, CallOptions, Engine, Tool } from './engine.cjs';
import { ApprovalDeclined, ApprovalTimeout, Denied, messageOf } from './errors.cjs';
import { Fault } from './fields.cjs';
import { copyOf, jsonText } from './json.cjs';
import { native } from './native.cjs';

/** An `AbortSignal`; what it comes down to where no types of the platform are at hand. */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer Platform } }
  ? Platform
  : {
      readonly aborted: boolean;
      readonly reason: unknown;
      addEventListener(type: 'abort', listener: () => void): void;
      removeEventListener(type: 'abort', listener: () => void): void;
    };

/** What an approver is asked. */
export interface ApprovalRequest {
  readonly tool: Tool;
  /** A copy of the arguments: dates are text, maps are objects, a BigInt stays one. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly source: string | undefined;
  readonly justification: string | undefined;
  /** The decision that asks for an approval. */
  readonly decision: Decision;
  /** SHA-256 of tool, source and arguments; an approval holds for exactly this call. */
  readonly callHash: string;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: Signal;
}

/**
 * Asks somebody. `true` approves, `false` declines; anything else, and an error, is no approval. It may throw an
 * {@link ApprovalDeclined} with the reason as its message.
 */
export type Approver = (request: ApprovalRequest) => boolean | PromiseLike<boolean>;

/** How a guard is made. */
export interface GuardOptions {
  /** Who is asked; without one, calls that need an approval are denied. */
  readonly approver?: Approver | undefined;
  /** How long an answer is waited for, in milliseconds; without it, for as long as the approver takes. */
  readonly timeout?: number | undefined;
}

/** What may be said of a call that is guarded. */
export interface AuthorizeOptions extends CallOptions {
  /** How long an answer is waited for, in milliseconds; the guard's where absent. */
  readonly timeout?: number | undefined;
  /** Ends the waiting; the call is denied then. */
  readonly signal?: Signal | undefined;
}

/** A function that takes a tool's arguments first. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type ToolFunction = (args: any, ...others: any[]) => unknown;

/** The same function behind a guard: it answers with a promise, and is rejected where the call may not run. */
export type Guarded<F extends ToolFunction> = (
  ...parameters: Parameters<F>
) => Promise<Awaited<ReturnType<F>>>;

/** What agent kits call the function of a tool that takes the arguments first. */
const GUARDED = ['execute', 'run', 'handler', 'func'] as const;

/** What they call functions that take something else first: a guard would judge that for the arguments. */
const REFUSED = ['invoke', 'call', 'callback'] as const;

type GuardedName = (typeof GUARDED)[number];

/** A tool as agent kits have them: an object with `execute`, `run`, `handler` or `func`. */
export type ExecutableTool = { readonly [N in GuardedName]?: ToolFunction | undefined } & {
  readonly [N in (typeof REFUSED)[number]]?: never;
};

/** Tools by name: functions, or objects with one. */
export type Toolbox = Record<string, ToolFunction | ExecutableTool>;

/** A tool behind a guard. */
export type GuardedTool<T> = T extends ToolFunction
  ? Guarded<T>
  : { [N in keyof T]: N extends GuardedName ? GuardedFunction<T[N]> : T[N] };

type GuardedFunction<F> = F extends ToolFunction ? Guarded<F> : F;

/** A toolbox behind a guard. */
export type GuardedToolbox<T> = { [K in keyof T]: GuardedTool<T[K]> };

type Answer = 'approved' | 'declined' | 'timed_out' | 'failed' | 'changed' | 'nobody';

/** What came of asking; with the hash of the call that was shown where it was approved. */
interface Outcome {
  readonly answer: Answer;
  readonly cause?: unknown;
  readonly callHash?: string;
}

/** Decides calls by an engine, asks an approver where the policy wants that, and throws where a call may not run. */
export class Guard {
  readonly #engine: Engine;
  readonly #approver: Approver | undefined;
  readonly #timeout: number | undefined;

  constructor(engine: Engine, options: GuardOptions = {}) {
    if (typeof engine?.decide !== 'function') throw new TypeError('a guard needs an engine');
    if (typeof options === 'function') throw new TypeError(AN_APPROVER);
    const { approver, timeout } = optionsOf(options, ['approver', 'timeout']);
    if (approver !== undefined && typeof approver !== 'function') throw new TypeError(AN_APPROVER);
    this.#engine = engine;
    this.#approver = approver;
    this.#timeout = milliseconds(timeout);
  }

  /**
   * The decision of a call that may run: one that is allowed, or was approved. Throws {@link Denied},
   * {@link ApprovalDeclined} or {@link ApprovalTimeout}, the latter two being kinds of the first.
   */
  async authorize(tool: Tool, args?: Arguments, options?: AuthorizeOptions): Promise<Decision> {
    return this.#authorized(tool, args, optionsOf(options, AUTHORIZE_OPTIONS), (decision) => decision);
  }

  /** The same without waiting: an approver that does not answer at once is no approval. */
  authorizeSync(tool: Tool, args?: Arguments, options?: CallOptions): Decision {
    const said = optionsOf(options, CALL_OPTIONS);
    let asked = this.#engine.decide(tool, args, callOptions(said));
    while (!asked.allowed) {
      if (asked.denied) throw new Denied(asked.message, asked);
      const next = this.#after(tool, args, said, asked, this.#askNow(tool, args, asked, said));
      if (next === undefined) break;
      asked = next;
    }
    return asked;
  }

  /** A function behind the guard, as a call of the tool of this name; its first parameter is the arguments. */
  tool<F extends ToolFunction>(name: Tool, run: F, options?: AuthorizeOptions): Guarded<F>;
  /** A decorator for methods: `@guard.tool('bash')`. */
  tool(name: Tool, options?: AuthorizeOptions): <F extends ToolFunction>(run: F, context?: unknown) => Guarded<F>;
  tool(name: Tool, second?: ToolFunction | AuthorizeOptions, third?: AuthorizeOptions): unknown {
    if (typeof second === 'function') return this.#guarded(name, second, third);
    return (run: ToolFunction) => this.#guarded(name, run, second);
  }

  /**
   * A toolbox behind the guard: an object of functions or of tools, or a list of tools with `name`. Of a tool `execute`,
   * `run`, `handler` and `func` are guarded; all else is the tool's own. A tool with other functions alone is
   * refused, and so is one with `invoke`, `call` or `callback`, which take something else than the arguments first.
   */
  wrap<const T extends readonly (ExecutableTool & { readonly name: string })[]>(tools: T): GuardedToolbox<T>;
  wrap<T extends Toolbox>(tools: T): GuardedToolbox<T>;
  wrap(tools: Toolbox | readonly (ExecutableTool & { readonly name: string })[]): unknown {
    if (Array.isArray(tools)) {
      return tools.map((tool: ExecutableTool & { readonly name: string }) => {
        if (typeof tool?.name !== 'string') throw new TypeError('a tool in a list needs a `name`');
        return this.#wrapped(tool.name, tool);
      });
    }
    const entries = Object.entries(tools);
    if (entries.length === 0 && Object.getPrototypeOf(tools) !== Object.prototype) {
      throw new TypeError('a toolbox is an object of tools or a list; methods of a class go through `guard.tool`');
    }
    return Object.fromEntries(entries.map(([name, tool]) => [name, this.#wrapped(name, tool)]));
  }

  #wrapped(name: string, tool: ToolFunction | ExecutableTool): unknown {
    if (typeof tool === 'function') return this.#guarded(name, tool, undefined);
    if (typeof tool !== 'object' || tool === null) throw new TypeError(`\`${name}\` is no tool`);
    const refused = REFUSED.find((key) => typeof tool[key] === 'function');
    if (refused !== undefined) throw new TypeError(`\`${refused}\` of \`${name}\` would run unguarded: ${HELP}`);
    const guarded = new Map<PropertyKey, ToolFunction>();
    for (const key of GUARDED) {
      const run = tool[key];
      if (run !== undefined) guarded.set(key, this.#guarded(name, run, undefined, tool));
    }
    // A tool without any function runs elsewhere: there is nothing here to guard.
    if (guarded.size === 0 && hasNoFunction(tool)) return tool;
    if (guarded.size === 0) throw new TypeError(`\`${name}\` has none of ${GUARDED.join(', ')}: ${HELP}`);
    return viewOf(tool, guarded);
  }

  #guarded(tool: Tool, run: ToolFunction, options: AuthorizeOptions | undefined, self?: object): ToolFunction {
    if (typeof run !== 'function') throw new TypeError('what is guarded must be a function');
    const said = optionsOf(options, AUTHORIZE_OPTIONS);
    milliseconds(said.timeout);
    const guard = this;
    const guarded = async function (this: unknown, args: Arguments, ...others: unknown[]): Promise<unknown> {
      return guard.#authorized(tool, args, said, () => run.call(self ?? this, args, ...others));
    };
    return Object.defineProperties(guarded, {
      name: { value: run.name, configurable: true },
      length: { value: run.length, configurable: true },
    });
  }

  /** Runs the call in the very turn in which it was found to be allowed or approved: no argument changes between. */
  async #authorized<T>(
    tool: Tool,
    args: Arguments,
    options: AuthorizeOptions,
    run: (decision: Decision) => T,
  ): Promise<Awaited<T>> {
    let asked = this.#engine.decide(tool, args, callOptions(options));
    while (!asked.allowed) {
      if (asked.denied) throw new Denied(asked.message, asked);
      const next = this.#after(tool, args, options, asked, await this.#ask(tool, args, asked, options));
      if (next === undefined) break;
      asked = next;
    }
    return await run(asked);
  }

  /** The decision that has to be asked about next; none where the call may run. Throws where it may not. */
  #after(
    tool: Tool,
    args: Arguments,
    options: CallOptions,
    asked: Decision,
    { answer, cause, callHash }: Outcome,
  ): Decision | undefined {
    const isChanged = answer === 'approved' && hashOf(tool, args, options) !== callHash;
    const now = this.#engine.decide(tool, args, callOptions(options));
    const next = afterAsking(asked, isChanged ? 'changed' : answer, now);
    if (next.step === 'run') return undefined;
    if (next.step === 'refuse') throw refusal(next, now.denied ? now : asked, cause);
    return now;
  }

  #askNow(tool: Tool, args: Arguments, decision: Decision, options: CallOptions): Outcome {
    const approver = this.#approver;
    if (approver === undefined) return { answer: 'nobody' };
    if (this.#timeout === 0) return { answer: 'timed_out' };
    const { signal } = new AbortController();
    const request = requestOf(tool, args, decision, options, signal);
    try {
      const given: unknown = approver(request);
      if (!isLater(given)) return { answer: answerOf(given), callHash: request.callHash };
      // Nobody waits for it, so nobody has to hear how it ends.
      Promise.resolve(given).catch(() => undefined);
      return { answer: 'failed', cause: new TypeError('this approver answers later: wait for it with `authorize`') };
    } catch (cause) {
      return failureOf(cause);
    }
  }

  async #ask(tool: Tool, args: Arguments, decision: Decision, options: AuthorizeOptions): Promise<Outcome> {
    const approver = this.#approver;
    if (approver === undefined) return { answer: 'nobody' };
    if (options.signal?.aborted === true) return { answer: 'failed', cause: options.signal.reason };
    const waiting = new AbortController();
    const request = requestOf(tool, args, decision, options, waiting.signal);
    let timer: NodeJS.Timeout | undefined;
    let onAbort: (() => void) | undefined;
    try {
      const limit = milliseconds(options.timeout) ?? this.#timeout;
      // An approver that answers at once would be faster than the timer.
      if (limit === 0) return { answer: 'timed_out' };
      const over = new Promise<Answer>((resolve) => {
        if (limit !== undefined) timer = setTimeout(() => resolve('timed_out'), Math.min(limit, TIMER_MAX));
        onAbort = () => resolve('failed');
        options.signal?.addEventListener('abort', onAbort);
      });
      const first = await Promise.race([Promise.resolve(approver(request)).then(answerOf), over]);
      if (first === 'approved') return { answer: first, callHash: request.callHash };
      return { answer: first, cause: options.signal?.reason };
    } catch (cause) {
      return failureOf(cause);
    } finally {
      clearTimeout(timer);
      if (onAbort !== undefined) options.signal?.removeEventListener('abort', onAbort);
      waiting.abort();
    }
  }
}

/**
 * The tool as it is, with these functions in the place of its own. Whatever else it has is read, set and called on the
 * tool itself, which may have private fields.
 */
function viewOf(tool: object, guarded: ReadonlyMap<PropertyKey, ToolFunction>): object {
  const original = tool as Record<PropertyKey, unknown>;
  const view = Object.create(Object.getPrototypeOf(tool) as object | null) as object;
  for (const level of [tool, ...classesOf(tool)]) {
    for (const key of Reflect.ownKeys(level)) {
      if (key === 'constructor' || Object.hasOwn(view, key)) continue;
      const { enumerable = false, value } = Object.getOwnPropertyDescriptor(level, key) as PropertyDescriptor;
      const isMethod = level !== tool && typeof value === 'function';
      const method = guarded.get(key) ?? (isMethod ? ((value as ToolFunction).bind(tool) as ToolFunction) : undefined);
      Object.defineProperty(view, key, {
        configurable: true,
        enumerable: enumerable || guarded.has(key),
        ...(method === undefined
          ? { get: () => original[key], set: (next: unknown) => void (original[key] = next) }
          : { value: method, writable: true }),
      });
    }
  }
  return view;
}

/** The prototypes of an object but for the one that all objects have. */
function classesOf(object: object): object[] {
  const above = Object.getPrototypeOf(object) as object | null;
  return above === null || above === Object.prototype ? [] : [above, ...classesOf(above)];
}

/** What an approver is shown. An approval is for exactly these arguments, so all of them must be readable. */
function requestOf(
  tool: Tool,
  args: Arguments,
  decision: Decision,
  options: CallOptions,
  signal: Signal,
): ApprovalRequest {
  try {
    const text = argumentsText(args);
    const source = sourceOf(tool, options);
    const callHash = native.callHash(nameOf(tool), source, text);
    const shown = (typeof args === 'string' ? JSON.parse(text) : copyOf(args ?? {})) as ApprovalRequest['args'];
    const { justification } = options;
    return Object.freeze({ tool, args: shown, source, justification, decision, callHash, signal });
  } catch (problem) {
    const words = `the arguments cannot be read: ${problem instanceof Fault ? problem.words : messageOf(problem)}`;
    const message = `the call needs an approval, which is for exactly its arguments, and ${words}`;
    throw new Denied(message, decision, { cause: new TypeError(words) });
  }
}

/** How deep a tool is looked through for functions. */
const PARTS_DEEP_MAX = 8;

/** Parts of tools that say what the arguments are; kits keep validators there. */
const SCHEMAS: readonly PropertyKey[] = ['parameters', 'inputSchema', 'outputSchema'];

/** Whether nothing in a tool could run: it is plain objects, lists and scalars all through. */
function hasNoFunction(part: unknown, deep = 0): boolean {
  if (typeof part === 'function' || deep > PARTS_DEEP_MAX) return false;
  if (typeof part !== 'object' || part === null) return true;
  const above: unknown = Object.getPrototypeOf(part);
  if (above !== null && above !== Object.prototype && above !== Array.prototype) return false;
  return Reflect.ownKeys(part).every((key) => {
    if (SCHEMAS.includes(key)) return true;
    const held = Object.getOwnPropertyDescriptor(part, key);
    return held !== undefined && 'value' in held && hasNoFunction(held.value, deep + 1);
  });
}

function isLater(given: unknown): boolean {
  return typeof given === 'object' && given !== null && 'then' in given;
}

function answerOf(given: unknown): Answer {
  if (given === true) return 'approved';
  return given === false ? 'declined' : 'failed';
}

/** What an approver's error means. */
function failureOf(cause: unknown): Outcome {
  if (cause instanceof ApprovalDeclined) return { answer: 'declined', cause };
  return { answer: cause instanceof ApprovalTimeout ? 'timed_out' : 'failed', cause };
}

function nameOf(tool: Tool): string {
  return typeof tool === 'string' ? tool : tool.name;
}

function sourceOf(tool: Tool, options: CallOptions): string | undefined {
  return options.source ?? (typeof tool === 'string' ? undefined : (tool.server ?? tool.source));
}

/** The hash of the call as it is now; none where its arguments cannot be read any more. */
function hashOf(tool: Tool, args: Arguments, options: CallOptions): string | undefined {
  try {
    return native.callHash(nameOf(tool), sourceOf(tool, options), argumentsText(args));
  } catch {
    return undefined;
  }
}

/** Longest that a timer of the platform waits. */
const TIMER_MAX = 2_147_483_647;

interface Next {
  readonly step: 'run' | 'ask' | 'refuse';
  readonly kind: 'denied' | 'approval_declined' | 'approval_timeout';
  readonly message: string;
}

function afterAsking(asked: Decision, answer: Answer, now: Decision): Next {
  return JSON.parse(native.afterAsking(JSON.stringify(asked), answer, JSON.stringify(now))) as Next;
}

function refusal(next: Next, decision: Decision, cause: unknown): Denied {
  const options = cause === undefined ? undefined : { cause };
  switch (next.kind) {
    case 'approval_declined':
      return new ApprovalDeclined((cause instanceof ApprovalDeclined && cause.message) || next.message, decision, options);
    case 'approval_timeout':
      return new ApprovalTimeout(next.message, decision, options);
    default:
      return new Denied(next.message, decision, options);
  }
}

/** What the engine is told of a call; undefined where there is nothing. */
function callOptions(options: CallOptions): CallOptions | undefined {
  const { source, justification } = options;
  return source === undefined && justification === undefined ? undefined : { source, justification };
}

/** All arguments as JSON text; an approval holds for all of them, so all must be readable. */
function argumentsText(args: Arguments): string {
  if (args === undefined || args === null) return '{}';
  return typeof args === 'string' ? args : jsonText(args, 0);
}

const AN_APPROVER = 'an approver is a function: `new Guard(engine, { approver })`';
const HELP = 'guard its function with `guard.tool`, or leave it out';
const CALL_OPTIONS = ['source', 'justification'] as const;
const AUTHORIZE_OPTIONS = [...CALL_OPTIONS, 'timeout', 'signal'] as const;

/** The options, if all of them are known: one that is misspelled must not get lost. */
function optionsOf<T extends object>(options: T | null | undefined, known: readonly (keyof T & string)[]): Partial<T> {
  if (options === undefined || options === null) return {};
  if (typeof options !== 'object') throw new TypeError(`options are an object of ${known.join(', ')}`);
  const unknown = Object.keys(options).find((key) => !known.some((name) => name === key));
  if (unknown !== undefined) throw new TypeError(`\`${unknown}\` is no option: there are ${known.join(', ')}`);
  return options;
}

function milliseconds(timeout: number | undefined): number | undefined {
  if (timeout === undefined) return undefined;
  if (typeof timeout !== 'number' || !(timeout >= 0)) throw new TypeError('`timeout` is a number of milliseconds');
  return timeout;
}
