/** What rules look at of a value: all else stays where it is. */

/** `Reading` of the core, as it is told once for each path of a tool. */
export interface ReadingText {
  readonly value?: boolean;
  readonly count?: boolean;
  readonly all?: boolean;
  readonly fields?: readonly (readonly [string, ReadingText])[];
  readonly entries?: ReadingText;
  readonly items?: ReadingText;
  readonly first?: number;
}

/** What is looked at of a value. */
export interface Reading {
  /** By which the native module knows it. */
  readonly number: number;
  /** The value itself, where it is neither list nor object. */
  readonly value: boolean;
  /** How many items or entries there are. */
  readonly count: boolean;
  /** Everything. */
  readonly all: boolean;
  /** These fields of an object, in the order of the core. */
  readonly names: readonly string[];
  /** What is looked at of each of them. */
  readonly fields: readonly Reading[];
  /** The keys of an object, and this of each value. */
  readonly entries: Reading | undefined;
  /** This of each item of a list. */
  readonly items: Reading | undefined;
  /** Only of so many of its first items. */
  readonly first: number;
  /** Of lists items, of objects fields are all that is looked at, down to the last level: each has a record of its own. */
  readonly isParted: boolean;
}

/** The readings that the core told of a tool's paths; `src/plan.rs` numbers them, and those in them, in the same order. */
export function readingsOf(texts: readonly ReadingText[]): readonly Reading[] {
  let count = 0;
  const next = (): number => {
    count += 1;
    return count - 1;
  };
  return texts.map((text) => readingOf(text, next));
}

function readingOf(text: ReadingText, next: () => number): Reading {
  const number = next();
  const { value = false, count = false, all = false, first = Number.POSITIVE_INFINITY } = text;
  const names = (text.fields ?? []).map(([name]) => name);
  const fields = (text.fields ?? []).map(([, field]) => readingOf(field, next));
  const entries = text.entries === undefined ? undefined : readingOf(text.entries, next);
  const items = text.items === undefined ? undefined : readingOf(text.items, next);
  const isParted = !all && (items?.isParted ?? true) && fields.every((field) => field.isParted);
  return Object.freeze({ number, value, count, all, names, fields, entries, items, first, isParted });
}

/** Everything is looked at. */
export const EVERYTHING: Reading = readingOf({ all: true }, () => 0);
/** Only that there is something. */
export const NOTHING: Reading = readingOf({}, () => 0);

/** Whether a value that is neither list nor object is looked at, or only that it is there. */
export function looks(reading: Reading): boolean {
  return reading.all || reading.value;
}

/** What is looked at of the value under a key, of an object all of whose keys are. */
export function fieldOf(reading: Reading, key: string): Reading {
  if (reading.all) return EVERYTHING;
  const own = reading.fields[reading.names.indexOf(key)];
  if (own === undefined) return reading.entries ?? NOTHING;
  return reading.entries === undefined ? own : EVERYTHING;
}
