// Every case of conformance/decisions, from the file that PRELOOP_CONFORMANCE names: each as an object, as a map, as JSON
// text and explained. The test in Rust makes that file from the data that every surface runs, and puts this beside dist/.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { Engine } from './dist/index.mjs';

const file = process.env.PRELOOP_CONFORMANCE;
assert.ok(file, 'PRELOOP_CONFORMANCE names the cases; `cargo test -p preloop-node` makes them');
const groups = JSON.parse(readFileSync(file, 'utf8'));

/** JSON with integers that no double holds as BigInt. */
function parse(text) {
  const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;
  const marked = text.replace(token, (found) =>
    /^-?\d+$/.test(found) && !Number.isSafeInteger(Number(found)) ? `{"$bigint":"${found}"}` : found,
  );
  return JSON.parse(marked, (_, value) =>
    typeof value?.$bigint === 'string' ? BigInt(value.$bigint) : value,
  );
}

/** The same with a map for each object. */
function mapped(value) {
  if (Array.isArray(value)) return value.map(mapped);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([key, part]) => [key, mapped(part)]));
}

/** What differs from the expected decision, if anything does. */
function difference(decision, expect) {
  const wire = decision.toJSON();
  const found = { ...wire, errors: wire.errors.map(({ rule, kind }) => ({ rule, kind })) };
  for (const [key, wanted] of Object.entries({ errors: [], ...expect })) {
    if (key === 'rule') {
      if (wire.rule?.path !== wanted && wire.rule?.name !== wanted) return key;
    } else if (!isDeepStrictEqual(found[key], wanted)) {
      return key;
    }
  }
  return undefined;
}

let cases = 0;
for (const { name, policy, cases: ofGroup } of groups) {
  test(name, () => {
    const engine = Engine.fromYaml(policy);
    const failures = [];
    for (const one of ofGroup) {
      const bound = engine.bind(parse(one.facts));
      const tool = parse(one.tool);
      const options = one.justification === null ? undefined : { justification: one.justification };
      const args = parse(one.args);
      const judgements = {
        object: bound.decide(tool, args, options),
        map: bound.decide(tool, mapped(args), options),
        text: bound.decide(tool, one.args, options),
        explained: bound.explain(tool, args, options),
      };
      for (const [way, decision] of Object.entries(judgements)) {
        const key = difference(decision, one.expect);
        if (key !== undefined) failures.push(`${one.name} (${way}): ${key}: ${JSON.stringify(decision)}`);
        cases += 1;
      }
    }
    assert.equal(failures.length, 0, `${failures.length} differ:\n${failures.join('\n')}`);
  });
}

test('no case was lost', () => {
  const total = groups.reduce((sum, group) => sum + group.cases.length, 0);
  console.log(`${total} cases, ${cases} decisions`);
  assert.ok(total >= 150);
  assert.equal(cases, total * 4);
});
