/** The engine: a policy that answers calls. */

import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Crossing, type Plan, SCRATCH_BYTES, crossingOf } from './crossing.cjs';
import { Decision, type PolicyRef } from './decision.cjs';
import { type Diagnostic, type Report, type ReportWire, messageOf, refusable, reportOf, withWire } from './errors.cjs';
import { Fault } from './fields.cjs';
import { jsonText } from './json.cjs';
import { type NativeEngine, type Told, native } from './native.cjs';
import { type ReadingText, readingsOf } from './reading.cjs';

/** A tool: its name, or what else is known of it. */
export type Tool = string | ToolFacts;

/** What is known of a tool. */
export interface ToolFacts {
  /** The tool's own name at its server. */
  readonly name: string;
  /** Where it lives: `mcp`, `builtin`, `http`, `agent`, or a server's name. */
  readonly source?: string | undefined;
  /** The server's name, where there is one. */
  readonly server?: string | undefined;
  /** MCP annotations; hints that nobody vouches for. */
  readonly annotations?: Readonly<Record<string, unknown>> | undefined;
  /** Offered or changed since the policy was applied, and not accepted yet. */
  readonly isNew?: boolean | undefined;
}

/** A call's arguments: an object, a `Map`, or JSON text; absent ones are an empty object. */
export type Arguments = object | string | null | undefined;

/** What may be said of a call beside its tool and arguments. */
export interface CallOptions {
  /** Where the tool lives: `mcp`, `builtin`, `http`, `agent`, or a server's name. */
  readonly source?: string | undefined;
  /** Why the agent makes the call, in its own words. */
  readonly justification?: string | undefined;
}

/** Who acts. */
export interface Principal {
  readonly id?: string;
  /** `user` or `agent`. */
  readonly kind?: string;
  readonly name?: string;
  readonly roles?: readonly string[];
  readonly teams?: readonly string[];
}

/** What the principal did so far. */
export interface Session {
  readonly id?: string;
  /** Earlier calls, oldest first. */
  readonly calls?: readonly SessionCall[];
}

/** One earlier call of a session. */
export interface SessionCall {
  readonly tool?: string;
  readonly source?: string;
  readonly args?: Readonly<Record<string, unknown>>;
  /** What was decided: `allow`, `deny` or `require_approval`. */
  readonly action?: string;
  /** When, as a date or in RFC 3339. */
  readonly at?: Date | string;
}

/** What holds for many calls. */
export interface Facts {
  readonly principal?: Principal | undefined;
  readonly session?: Session | undefined;
  /** Facts that conditions read as `context`. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  /** When the calls are made, as a date or in RFC 3339; without it, the moment of each call. */
  readonly now?: Date | string | undefined;
}

/** The state of an engine. */
export interface Status {
  readonly policy: PolicyRef;
  /** How many entries the policy has. */
  readonly tools: number;
  /** How many rules are switched on in them. */
  readonly rules: number;
  /** How often the policy was replaced. */
  readonly replaced: number;
  /** What is odd about the policy. */
  readonly warnings: readonly Diagnostic[];
  /** Why the last replacement was refused; null if it was not. */
  readonly refused: Report | null;
  /** The state as it goes over every wire; `JSON.stringify` uses it. */
  toJSON(): StatusWire;
}

/** The state of an engine as it goes over every wire. */
export interface StatusWire extends Omit<Status, 'refused' | 'toJSON'> {
  readonly refused: ReportWire | null;
}

/** Most tools whose plans are kept; names may come from anywhere. */
const PLANS_MAX = 4096;

/** A `URL` of a file; what it comes down to where no types of the platform are at hand. */
export type FileUrl = typeof globalThis extends { URL: { prototype: infer Platform } } ? Platform : { href: string };

/** What an engine and those bound from it have in common. */
interface Shared {
  /** Plans by the tool's name, of calls that name no source. */
  plans: Map<string, Plan>;
  /** Plans by the tool's name, by source. */
  sources: Map<string, Map<string, Plan>>;
  /** Plans by what is said of the tool beside name and source. */
  described: Map<string, Plan>;
  /** How many plans there are. */
  count: number;
  /** Decisions by their number in the policy. */
  decisions: Decision[];
  /** The answer where there is no stack left to make one. */
  exhausted: Decision;
}

/** What is thrown where a method is called without its engine: whoever lacks `#native` is none. */
const takenOff = (call: string): TypeError => new TypeError(`this is a method of an engine: call it as \`engine.${call}\``);

const EMPTY: object = Object.freeze({});
const scratch = new Crossing(SCRATCH_BYTES);

/** A policy that answers calls, in this process. */
export class Engine {
  readonly #native: NativeEngine;
  readonly #decide: () => number;
  readonly #shared: Shared;

  /** @internal */
  constructor(engine: NativeEngine, shared: Shared) {
    if (shared === undefined) throw new TypeError('make an engine with `Engine.fromYaml` or `Engine.fromFile`');
    this.#native = engine;
    this.#decide = engine.decider(scratch.bytes);
    this.#shared = shared;
  }

  /** An engine that decides by this document, in YAML or JSON. Throws a {@link PolicyError} with every problem. */
  static fromYaml(text: string): Engine {
    if (typeof text !== 'string') throw new TypeError('a policy document is text');
    return Engine.#of(() => native.NativeEngine.load(text));
  }

  /** The same for a file, or for a folder whose policy files are one document. */
  static fromFile(path: string | FileUrl): Engine {
    const file = typeof path === 'string' ? path : fileURLToPath(path as URL);
    // What is not there is told as by everything that reads files here: an error with `code` and `path`.
    statSync(file);
    return Engine.#of(() => native.NativeEngine.loadFile(file));
  }

  static #of(load: () => NativeEngine): Engine {
    const engine = refusable(load);
    return new Engine(engine, {
      plans: new Map(),
      sources: new Map(),
      described: new Map(),
      count: 0,
      decisions: [],
      exhausted: exhaustedOf(engine),
    });
  }

  /**
   * Decides a call. Synchronous, well under a microsecond, and never throws: what is wrong with the arguments is a
   * deny with `errors`.
   */
  decide(tool: Tool, args?: Arguments, options?: CallOptions): Decision {
    try {
      const shared = this.#shared;
      let justification = '';
      let plan: Plan | undefined;
      if (options === undefined || options === null) {
        plan = shared.plans.get(tool as string);
      } else {
        justification = justificationOf(options);
        const { source } = options;
        plan = (source === undefined ? shared.plans : shared.sources.get(source))?.get(tool as string);
      }
      plan ??= this.#plan(tool, options ?? undefined);
      if (typeof args !== 'object' || args === null) return this.#odd(plan, args, justification, false);
      if (!scratch.write(plan, args, justification, false)) return this.#made(plan, args, justification, -1, false);
      const number = this.#decide();
      return shared.decisions[number] ?? this.#made(plan, args, justification, number, true);
    } catch (problem) {
      try {
        return this.#refused(problem);
      } catch {
        if (!(#native in (this ?? EMPTY))) throw takenOff('decide(tool, args)');
        return this.#shared.exhausted;
      }
    }
  }

  /** Decides a call and tells, rule by rule, how: the decision has a `trace`. Slow; never throws. */
  explain(tool: Tool, args?: Arguments, options?: CallOptions): Decision {
    try {
      const justification = justificationOf(options ?? {});
      const plan = this.#plan(tool, options ?? undefined);
      if (typeof args !== 'object' || args === null) return this.#odd(plan, args, justification, true);
      return new Decision(this.#native.explain(crossing(plan, args, justification)));
    } catch (problem) {
      try {
        return this.#refused(problem);
      } catch {
        if (!(#native in (this ?? EMPTY))) throw takenOff('explain(tool, args)');
        return this.#shared.exhausted;
      }
    }
  }

  /**
   * The same engine with facts for each call: who acts, what was called before, other facts, the time. They are
   * copied; `replace` on either engine holds for both.
   */
  bind(facts: Facts): Engine {
    if (!(#native in (this ?? EMPTY))) throw takenOff('bind(facts)');
    let bound: NativeEngine;
    try {
      bound = this.#native.bind(jsonText(facts, 0));
    } catch (problem) {
      const words = problem instanceof Fault ? `what is bound cannot be read: ${problem.words}` : messageOf(problem);
      throw new TypeError(words);
    }
    return new Engine(bound, this.#shared);
  }

  /** Decides by another document from now on. One that is refused throws a {@link PolicyError} and changes nothing. */
  replace(text: string): void {
    if (!(#native in (this ?? EMPTY))) throw takenOff('replace(text)');
    if (typeof text !== 'string') throw new TypeError('a policy document is text');
    refusable(() => this.#native.replace(text));
    this.#forget();
    this.#shared.decisions = [];
    this.#shared.exhausted = exhaustedOf(this.#native);
  }

  /** Which policy answers, and what became of replacing it. */
  status(): Status {
    if (!(#native in (this ?? EMPTY))) throw takenOff('status()');
    const wire = JSON.parse(this.#native.status()) as StatusWire;
    return withWire({ ...wire, refused: wire.refused === null ? null : reportOf(wire.refused) }, wire);
  }

  #plan(tool: Tool, options: CallOptions | undefined): Plan {
    const shared = this.#shared;
    const source = options?.source;
    const text = toolText(tool, source);
    if (typeof tool !== 'string') return shared.described.get(text) ?? this.#planned(shared.described, text, text);
    if (source === undefined) return shared.plans.get(tool) ?? this.#planned(shared.plans, tool, text);
    const known = shared.sources.get(source)?.get(tool);
    if (known !== undefined) return known;
    const ofSource = shared.sources.get(source) ?? new Map<string, Plan>();
    const plan = this.#planned(ofSource, tool, text);
    shared.sources.set(source, ofSource);
    return plan;
  }

  #planned(plans: Map<string, Plan>, key: string, tool: string): Plan {
    const shared = this.#shared;
    if (shared.count >= PLANS_MAX) this.#forget();
    const read = JSON.parse(plannedBy(this.#native, tool)) as [string[], ReadingText][];
    const paths = read.map(([keys]) => keys);
    const plan = { index: shared.count, paths, readings: readingsOf(read.map(([, reading]) => reading)) };
    shared.count += 1;
    plans.set(key, plan);
    return plan;
  }

  #forget(): void {
    const shared = this.#shared;
    this.#native.forget();
    shared.plans.clear();
    shared.sources.clear();
    shared.described.clear();
    shared.count = 0;
  }

  /** A decision that was not made before, or is asked for the first time. */
  #made(plan: Plan, args: object, justification: string, number: number, isWritten: boolean): Decision {
    // An error's words must not show a secret, so everything crosses when one has to be told. What cannot be read is told
    // without its value, and to look through all of it once more may take long.
    const isWhole = number >= 0 || (isWritten && scratch.hasFault);
    const bytes = isWhole ? scratch.bytes : crossing(plan, args, justification);
    return this.#told(this.#native.decide(bytes));
  }

  /** The one decision of this number, or one for this very call. */
  #told({ number, text }: Told): Decision {
    if (number < 0) return new Decision(text);
    return (this.#shared.decisions[number] ??= new Decision(text));
  }

  /** A call whose arguments are no object. */
  #odd(plan: Plan, args: unknown, justification: string, isExplained: boolean): Decision {
    if (args === undefined || args === null) {
      const bytes = crossing(plan, EMPTY, justification);
      return isExplained ? new Decision(this.#native.explain(bytes)) : this.#told(this.#native.decide(bytes));
    }
    if (typeof args !== 'string') throw new Fault(`the arguments are no object but of type \`${typeof args}\``);
    const text = wellFormed(args, 'the arguments');
    if (!isExplained && justification === '' && scratch.writeText(plan, text)) {
      const number = this.#decide();
      const known = this.#shared.decisions[number];
      if (known !== undefined) return known;
    }
    return this.#told(this.#native.judgeText(plan.index, text, justification, isExplained));
  }

  /** Whatever went wrong, the call does not run. */
  #refused(problem: unknown): Decision {
    const words = problem instanceof Fault ? problem.words : `the call cannot be judged: ${messageOf(problem)}`;
    return new Decision(this.#native.refuse(words.toWellFormed()));
  }
}

/** What rules read of calls of a tool, as JSON text; a `Fault` where this is no tool. */
function plannedBy(engine: NativeEngine, tool: string): string {
  try {
    return engine.plan(tool);
  } catch (problem) {
    // Only the native module's own words are about the tool.
    throw problem instanceof RangeError ? problem : new Fault(messageOf(problem));
  }
}

function exhaustedOf(engine: NativeEngine): Decision {
  return new Decision(engine.refuse('the call cannot be judged: the stack is exhausted'));
}

/** The whole call, in the buffer that all share or in a larger one. */
function crossing(plan: Plan, args: object, justification: string): Uint8Array {
  if (scratch.write(plan, args, justification, true)) return scratch.bytes;
  return crossingOf(plan, args, justification).bytes;
}

/** Validates a document without loading it. */
export function validate(text: string): Report {
  if (typeof text !== 'string') throw new TypeError('a policy document is text');
  return reportOf(JSON.parse(native.validate(text)) as ReportWire);
}

/**
 * A policy, a document or a flat one, as YAML: block style, keys sorted, members that are null left out. Two policies that
 * say the same are the same text.
 */
export function policyToYaml(policy: object): string {
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy)) throw new TypeError('a policy is an object');
  let text: string;
  try {
    text = jsonText(policy, 0);
  } catch (problem) {
    throw new TypeError(problem instanceof Fault ? `the policy cannot be read: ${problem.words}` : messageOf(problem));
  }
  return native.policyToYaml(text);
}

function justificationOf(options: CallOptions): string {
  if (typeof options !== 'object') throw new Fault('options are an object: `{ source, justification }`');
  for (const key in options) {
    if (key === 'source' || key === 'justification' || !Object.hasOwn(options, key)) continue;
    // What is misspelled must not get lost.
    throw new Fault(`\`${key}\` is no option of a call: there are \`source\` and \`justification\``);
  }
  const { justification } = options;
  if (justification === undefined || justification === null) return '';
  if (typeof justification !== 'string') throw new Fault('`justification` must be text');
  return wellFormed(justification, '`justification`');
}

/** What is known of a tool as JSON text, in the spelling of every wire. */
function toolText(tool: Tool, source: string | undefined): string {
  const facts = typeof tool === 'string' ? { name: tool } : tool;
  if (source !== undefined && typeof source !== 'string') throw new Fault('`source` must be text');
  if (typeof facts !== 'object' || facts === null) throw new Fault('a call needs `tool`; name the tool that is called');
  const { isNew, ...others } = JSON.parse(jsonText(facts, 0)) as Record<string, unknown>;
  // The spelling of the wire counts as well: what it says must not get lost.
  if (isNew !== undefined && others['is_new'] !== undefined) throw new Fault('`isNew` is said twice');
  if (source !== undefined && others['source'] !== undefined) throw new Fault('`source` is said twice');
  return jsonText({ ...others, source: source ?? others['source'], is_new: isNew ?? others['is_new'] }, 0);
}

function wellFormed(text: string, what: string): string {
  if (text.isWellFormed()) return text;
  throw new Fault(`half of a surrogate pair is in ${what}`);
}
