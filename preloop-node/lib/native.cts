/** The native module: the one for this machine that was built here, or else the one of its platform's package. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** A decision as JSON text, and its number in the policy; a negative one where it was made for this very call. */
export interface Told {
  readonly number: number;
  readonly text: string;
}

/** An engine of the native module. Everything but the deciders speaks JSON text. */
export interface NativeEngine {
  bind(facts: string): NativeEngine;
  decide(bytes: Uint8Array): Told;
  decider(scratch: Uint8Array): () => number;
  explain(bytes: Uint8Array): string;
  forget(): void;
  judgeText(plan: number, args: string, justification: string, isExplained: boolean): Told;
  plan(tool: string): string;
  refuse(message: string): string;
  replace(text: string): void;
  status(): string;
}

/** What the native module offers; `src/layout.rs` says what the numbers mean. */
export interface Native {
  readonly NativeEngine: { load(text: string): NativeEngine; loadFile(path: string): NativeEngine };
  readonly HEADER: number;
  readonly RECORD: number;
  readonly MISSING: number;
  readonly NOT_AN_OBJECT: number;
  readonly NULL_ABOVE: number;
  readonly NULL: number;
  readonly FALSE: number;
  readonly TRUE: number;
  readonly NUMBER: number;
  readonly TEXT: number;
  readonly JSON: number;
  readonly FAULT: number;
  readonly LIST: number;
  readonly OBJECT: number;
  readonly READING_SHIFT: number;
  readonly NESTING_MAX: number;
  readonly VALUES_MAX: number;
  readonly SECRETS_MAX: number;
  afterAsking(asked: string, answer: string, now: string): string;
  callHash(tool: string, source: string | undefined, args: string): string;
  empty(tool: string, args: object): number;
  diff(before: string, after: string): string;
  policyToYaml(policy: string): string;
  validate(text: string): string;
}

/** The platform's name as packages spell it, such as `linux-x64-gnu`. */
function platform(): string {
  const name = `${process.platform}-${process.arch}`;
  if (process.platform === 'win32') return `${name}-msvc`;
  if (process.platform !== 'linux') return name;
  const report = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return `${name}-${report.header.glibcVersionRuntime === undefined ? 'musl' : 'gnu'}`;
}

function load(): Native {
  const name = platform();
  const built = join(__dirname, `preloop.${name}.node`);
  if (existsSync(built)) return require(built) as Native;
  try {
    return require(`preloop-engine-${name}`) as Native;
  } catch (cause) {
    throw new Error(
      `preloop-engine has no native module for ${name}: install the optional package \`preloop-engine-${name}\` ` +
        '(npm leaves it out with `--omit=optional`), or in a clone run `npm run build`',
      { cause },
    );
  }
}

/** @internal */
export const native: Native = load();
