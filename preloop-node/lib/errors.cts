/** What is thrown: for documents that are refused, and for calls that a guard does not let run. */

import { type Decision, freeze } from './decision.cjs';

/** One problem of a document. */
export interface Diagnostic {
  /** Where it is, such as `tools[0].conditions[1].action`. */
  readonly path: string;
  /** What is wrong. */
  readonly message: string;
  /** Its stable name, such as `unknown_key`. */
  readonly code: string;
  /** The file, where the policy is a folder's. */
  readonly file?: string;
  /** Line in the document, from 1; absent where the problem is of the whole. */
  readonly line?: number;
  /** Column in the line, from 1. */
  readonly column?: number;
  /** What to do about it. */
  readonly help?: string;
}

/** What came of validating a document: every problem, never only the first. */
export interface Report {
  /** True when there is no error; warnings do not count. */
  readonly isValid: boolean;
  /** Problems that keep the document from being used. */
  readonly errors: readonly Diagnostic[];
  /** Problems worth a look. */
  readonly warnings: readonly Diagnostic[];
  /** The form in which `policy validate --format json` prints the report of one document; `JSON.stringify` uses it. */
  toJSON(): ReportWire;
}

/** A report as it goes over every wire. */
export interface ReportWire {
  readonly is_valid: boolean;
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/** A report of the core, in the spelling of this language. @internal */
export function reportOf(wire: ReportWire): Report {
  const { is_valid: isValid, errors, warnings } = freeze(wire);
  return withWire({ isValid, errors, warnings }, wire);
}

/** What is spelled otherwise here than on the wire, with that form for `JSON.stringify`; both frozen. @internal */
export function withWire<T extends object, W>(spelled: T, wire: W): T & { toJSON(): W } {
  freeze(wire);
  Object.defineProperty(spelled, 'toJSON', { value: () => wire });
  return freeze(spelled as T & { toJSON(): W });
}

/** A problem on one line: where it is, what is wrong, what to do. */
function told({ file, line, column, path, message, help }: Diagnostic): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  const where = [place, path].filter((part) => part !== '').map((part) => `${part}: `);
  return `${where.join('')}${message}${help === undefined ? '' : ` (${help})`}`;
}

/** A document was refused. */
export class PolicyError extends Error {
  override readonly name: string = 'PolicyError';
  /** Every problem of the document. */
  readonly report: Report;

  constructor(report: Report) {
    super(['the policy document is not valid:', ...report.errors.map((problem) => `  ${told(problem)}`)].join('\n'));
    this.report = report;
  }
}

/** A guard did not let a call run: policy denies it, or it needs an approval that it did not get. */
export class Denied extends Error {
  override readonly name: string = 'Denied';
  /** The decision, with the message for the agent. */
  readonly decision: Decision;

  constructor(message: string, decision: Decision, options?: ErrorOptions) {
    super(message, options);
    this.decision = decision;
  }
}

/** Whoever was asked said no. */
export class ApprovalDeclined extends Denied {
  override readonly name: string = 'ApprovalDeclined';
}

/** Nobody answered in time. */
export class ApprovalTimeout extends Denied {
  override readonly name: string = 'ApprovalTimeout';
}

/** Turns the refusal of a document into an error with its report. @internal */
export function refusable<T>(load: () => T): T {
  try {
    return load();
  } catch (problem) {
    const text = messageOf(problem);
    // A file that cannot be read is told in words.
    if (!text.startsWith('{')) throw problem;
    throw new PolicyError(reportOf(JSON.parse(text) as ReportWire));
  }
}

/** The words of whatever was thrown. @internal */
export function messageOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : 'something was thrown that is no error';
}
