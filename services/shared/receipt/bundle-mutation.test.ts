// Every mutation of a bundle must be seen: each byte of its text, each member of its JSON and of
// every payload in it, each list's order and length. The mutations are counted, so that this cannot
// pass by making none.

import { expect, test } from "vitest";
import { canonicalJson } from "../base/canonical-json.ts";
import { encodeBundle } from "./bundle.ts";
import { AGENTS, partsOf, SCHEDULER, STRANGER } from "./receipt.fixture.ts";
import { signEnvelope } from "./dsse.ts";
import { verifyBundle } from "./verify-bundle.ts";

const TEXT = encodeBundle(partsOf());

/** The first step alone, so that each of its bytes can be tried in a few seconds. */
const SMALL = encodeBundle(
  partsOf({ run: (facts) => ({ ...facts, state: "succeeded", steps: facts.steps.slice(0, 1) }) }),
);

test("every single byte counts", () => {
  expect(verifyBundle(SMALL).ok).toBe(true);
  const bytes = Buffer.from(SMALL);
  const unseen: string[] = [];
  let mutations = 0;
  const tryOut = (what: string, mutant: string | Uint8Array): void => {
    mutations += 1;
    if (verifyBundle(mutant).ok) unseen.push(what);
  };
  for (let at = 0; at < bytes.length; at++) {
    const original = bytes[at]!;
    bytes[at] = original ^ 1; // A neighbour: in base64 it may decode to the same bytes.
    tryOut(`byte ${at}`, bytes);
    bytes[at] = original;
  }
  for (let at = 0; at <= SMALL.length; at += 11) {
    tryOut(`space at ${at}`, `${SMALL.slice(0, at)} ${SMALL.slice(at)}`);
    tryOut(`high bit at ${at}`, Buffer.from(bytes.with(at % bytes.length, 0xff)));
    if (at < SMALL.length) tryOut(`cut at ${at}`, SMALL.slice(0, at) + SMALL.slice(at + 1));
  }
  expect(unseen).toEqual([]);
  expect(mutations).toBeGreaterThan(bytes.length);
}, 60_000);

/**
 * Every value that differs from `value` in one place: changed, dropped, added, doubled or moved.
 */
function* mutants(value: unknown): Generator {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      for (const changed of mutants(item)) yield value.with(index, changed);
      yield value.toSpliced(index, 1);
      yield value.toSpliced(index, 0, item);
      if (index > 0 && canonicalJson(item) !== canonicalJson(value[index - 1])) {
        yield value.with(index, value[index - 1]).with(index - 1, item);
      }
    }
    yield [...value, null];
    return;
  }
  if (typeof value === "object" && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      for (const changed of mutants(member)) yield { ...value, [key]: changed };
      const { [key]: _, ...rest } = value as Record<string, unknown>;
      yield rest;
      yield { ...rest, [`${key}x`]: member };
    }
    yield { ...value, extra: 1 };
    return;
  }
  if (typeof value === "string") yield* [`${value}x`, value.slice(1) || "y", null];
  else if (typeof value === "number") yield* [value + 1, String(value)];
  else if (typeof value === "boolean") yield !value;
  else yield "x";
}

test("every member of the bundle counts", () => {
  const unseen: string[] = [];
  let mutations = 0;
  for (const mutant of mutants(JSON.parse(TEXT))) {
    const text = canonicalJson(mutant);
    if (text === TEXT) continue;
    mutations += 1;
    if (verifyBundle(text).ok) unseen.push(text);
  }
  expect(unseen).toEqual([]);
  expect(mutations).toBeGreaterThan(100);
}, 60_000);

interface Place {
  readonly list: "steps" | "enrolments" | "run";
  readonly index: number;
}

/**
 * Each statement mutated in each place, and the envelope made again by `key`, or its signature
 * kept.
 */
function* resigned(key: "kept" | "stranger" | "own"): Generator<string> {
  const bundle = JSON.parse(TEXT);
  const places: Place[] = [
    ...bundle.steps.map((_: unknown, index: number) => ({ list: "steps", index })),
    ...bundle.enrolments.map((_: unknown, index: number) => ({ list: "enrolments", index })),
    { list: "run", index: 0 },
  ];
  for (const { list, index } of places) {
    const envelope = list === "run" ? bundle.run : bundle[list][index];
    const statement = JSON.parse(Buffer.from(envelope.payload, "base64").toString());
    for (const mutant of mutants(statement)) {
      const payload = Buffer.from(canonicalJson(mutant)).toString("base64");
      if (payload === envelope.payload) continue;
      const own =
        list !== "steps"
          ? SCHEDULER
          : statement.predicate.cluster === "hpc"
            ? AGENTS.hpc
            : AGENTS.local;
      const changed =
        key === "kept"
          ? { ...envelope, payload }
          : signEnvelope(mutant, key === "own" ? own : STRANGER);
      yield canonicalJson(
        list === "run"
          ? { ...bundle, run: changed }
          : { ...bundle, [list]: bundle[list].with(index, changed) },
      );
    }
  }
}

for (const key of ["kept", "stranger"] as const) {
  test(
    `every member of every statement counts, ` +
      `${key === "kept" ? "under the old signature" : "signed by a stranger"}`,
    () => {
      const unseen: string[] = [];
      let mutations = 0;
      for (const text of resigned(key)) {
        mutations += 1;
        if (verifyBundle(text).ok) unseen.push(text);
      }
      expect(unseen).toEqual([]);
      expect(mutations).toBeGreaterThan(500);
    },
    60_000,
  );
}

test("a step signed anew by its own agent is seen: the run's receipt names the old one", () => {
  const unseen: unknown[] = [];
  let mutations = 0;
  for (const text of resigned("own")) {
    const { steps } = JSON.parse(text);
    if (canonicalJson(steps) === canonicalJson(JSON.parse(TEXT).steps)) continue;
    mutations += 1;
    if (verifyBundle(text).ok) unseen.push(text);
  }
  expect(unseen).toEqual([]);
  expect(mutations).toBeGreaterThan(300);
}, 60_000);
