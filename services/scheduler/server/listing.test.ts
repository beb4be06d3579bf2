import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RunSummary } from "../engine.ts";
import { RunIndex } from "../run-index.ts";
import type { RunState } from "../core/state.ts";
import { compareRuns, matchesRun, pagingOf, runsAfter } from "./listing.ts";
import type { Place } from "./listing.ts";

const run = (submittedAtMs: number, id: string): RunSummary => ({
  id,
  workflow: "w",
  phase: "running",
  submittedAtMs,
  endedAtMs: null,
  clusters: ["local"],
});
const runs = fc
  .uniqueArray(fc.record({ at: fc.nat(20), id: fc.stringMatching(/^[a-z2-7]{4}$/) }), {
    selector: ({ id }) => id,
    maxLength: 60,
  })
  .map((all) => all.map(({ at, id }) => run(at, id)).toSorted(compareRuns));
const placeOf = ({ submittedAtMs, id }: RunSummary): Place => ({
  submittedAtMs,
  run: id,
  ordinal: -1,
});

describe("pages", () => {
  test("give every run once and in order, also when new ones arrive in between", () => {
    fc.assert(
      fc.property(runs, fc.integer({ min: 1, max: 7 }), (all, size) => {
        const seen: string[] = [];
        let list = all;
        let token = "";
        for (let page = 0; page < 100; page++) {
          const paging = pagingOf({ size, token }, ["runs"]);
          const shown = runsAfter(list, paging.after, false).slice(0, paging.size);
          seen.push(...shown.map(({ id }) => id));
          const last = shown.at(-1);
          if (last === undefined || shown.length < size) break;
          token = paging.tokenAfter(placeOf(last));
          list = [run(1000 + page, `new${page}`), ...list]; // Arrives at the front.
        }
        expect(seen).toEqual(all.map(({ id }) => id));
      }),
    );
  });

  test("have the order the engine's index gives", () => {
    fc.assert(
      fc.property(runs, fc.infiniteStream(fc.nat()), (all, random) => {
        const index = new RunIndex();
        const shuffled = all
          .map((each) => ({ each, key: random.next().value }))
          .toSorted((a, b) => a.key - b.key);
        for (const { each } of shuffled) {
          index.put({
            meta: {
              id: each.id,
              namespace: "lab",
              workflow: "w",
              submittedAtMs: each.submittedAtMs,
            },
            phase: "running",
            endedAtMs: null,
            tasks: [],
          } as unknown as RunState);
        }
        expect(index.newestFirst("lab").map(({ id }) => id)).toEqual(all.map(({ id }) => id));
      }),
    );
  });

  test("refuse a token that is none, or one of another filter, and bound their size", () => {
    const { tokenAfter, size } = pagingOf({ size: 1_000_000 }, ["runs", "a"]);
    expect(size).toBe(1000);
    expect(pagingOf(null, []).size).toBe(100);
    const token = tokenAfter({ submittedAtMs: 1, run: "x", ordinal: -1 });
    expect(pagingOf({ token }, ["runs", "a"]).after).toEqual({
      submittedAtMs: 1,
      run: "x",
      ordinal: -1,
    });
    expect(() => pagingOf({ token }, ["runs", "b"])).toThrow("another filter");
    for (const bad of ["x", "e30", Buffer.from("[1]").toString("base64url")]) {
      expect(() => pagingOf({ token: bad }, [])).toThrow("no page token");
    }
  });
});

test("a run matches when every filter that is set does", () => {
  const every = { phases: null, workflow: "", cluster: "", name: "", sinceMs: 0, untilMs: 0 };
  const one = run(50, "abcd");
  expect(matchesRun(one, every)).toBe(true);
  expect(matchesRun(one, { ...every, phases: new Set(["failed"] as const) })).toBe(false);
  expect(matchesRun(one, { ...every, name: "bc" })).toBe(true);
  expect(matchesRun(one, { ...every, name: "zz" })).toBe(false);
  expect(matchesRun(one, { ...every, cluster: "hpc" })).toBe(false);
  expect(matchesRun(one, { ...every, sinceMs: 50, untilMs: 51 })).toBe(true);
  expect(matchesRun(one, { ...every, sinceMs: 51 })).toBe(false);
  expect(matchesRun(one, { ...every, untilMs: 50 })).toBe(false);
});
