// Sums of pieces that come once, twice, late or again: each counts once.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { canonicalJson } from "#shared/base/canonical-json.ts";
import { usageActor } from "./actor-types.ts";
import type { UsageEvent } from "./events.ts";
import type { UsageMessage } from "./messages.ts";
import type { UsageCell, UsageState } from "./state.ts";
import type { Turn } from "./turn.ts";
import { CELLS_MAX, JOURNALS_MAX, usageBetween } from "./usage-core.ts";

const ADDRESS = "usage/lab";

function cellOf(over: Partial<UsageCell>): UsageCell {
  return {
    ...{ day: 20_000, key: "ada", model: "m", requests: 1, failed: 0, promptTokens: 3 },
    ...{ cachedTokens: 1, completionTokens: 5, workerMs: 250, ...over },
  };
}

/** An actor and its log. */
class Ledger {
  state: UsageState | undefined;
  readonly events: UsageEvent[] = [];

  post(journal: string, from: number, to: number, cells: readonly UsageCell[]): void {
    const message: UsageMessage = { kind: "post", journal, from, to, cells };
    const turn: Turn<UsageEvent> = {
      ...{ address: ADDRESS, nowMs: 0, random: { next: () => 0 } },
      ...{ send: () => expect.unreachable(), timer: () => expect.unreachable() },
      emit: (event) => {
        this.events.push(event);
        this.state = usageActor.apply(this.state, event, ADDRESS);
      },
    };
    usageActor.receive(this.state, message, turn);
  }

  total(of: (cell: UsageCell) => number): number {
    return usageBetween(this.state!, 0, Infinity).reduce((sum, cell) => sum + of(cell), 0);
  }

  /** The same from its log alone. */
  replayed(): UsageState {
    let state: UsageState | undefined;
    const log = JSON.parse(JSON.stringify(this.events)) as UsageEvent[];
    for (const event of log) state = usageActor.apply(state, event, ADDRESS);
    return state!;
  }
}

test("sums are those of the journals, however often pieces come, and the log gives them again", () => {
  const piece = fc.record({
    cells: fc.array(
      fc.record({
        day: fc.integer({ min: 1, max: 3 }),
        key: fc.constantFrom("", "ada", "bob"),
        requests: fc.nat(9),
        completionTokens: fc.nat(1_000),
      }),
      { maxLength: 4 },
    ),
    times: fc.integer({ min: 1, max: 3 }),
  });
  const journals = fc.array(fc.array(piece, { maxLength: 5 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(journals, fc.nat(99), (all, mix) => {
      const ledger = new Ledger();
      const expected = { requests: 0, completionTokens: 0 };
      const sent: (() => void)[] = [];
      for (const [at, pieces] of all.entries()) {
        for (const [n, { cells, times }] of pieces.entries()) {
          const whole = cells.map(cellOf);
          const send = (): void => ledger.post(`journal${at}`, n * 10, n * 10 + 10, whole);
          for (let i = 0; i < times; i++) send();
          for (const cell of whole) {
            expected.requests += cell.requests;
            expected.completionTokens += cell.completionTokens;
          }
          sent.push(send);
        }
      }
      sent[mix % Math.max(1, sent.length)]?.(); // One of them long after.
      if (ledger.state === undefined) return;
      expect(ledger.total(({ requests }) => requests)).toBe(expected.requests);
      expect(ledger.total((cell) => cell.completionTokens)).toBe(expected.completionTokens);
      expect(canonicalJson(usageActor.plain(ledger.replayed()))).toBe(
        canonicalJson(usageActor.plain(ledger.state)),
      );
    }),
  );
});

test("a piece on both sides of what is known is refused, and changes nothing", () => {
  const ledger = new Ledger();
  ledger.post("a", 0, 10, [cellOf({})]);
  expect(() => ledger.post("a", 5, 15, [cellOf({})])).toThrow(Failure);
  expect(() => ledger.post("a", 5, 15, [cellOf({})])).toThrow("ends at 10");
  ledger.post("b", 5, 15, [cellOf({})]); // Another journal's numbers are its own.
  ledger.post("a", 10, 15, [cellOf({})]);
  expect(ledger.total(({ requests }) => requests)).toBe(3);
});

test("days are asked for from and to, both included", () => {
  const ledger = new Ledger();
  ledger.post(
    "a",
    0,
    1,
    [1, 2, 3, 4].map((day) => cellOf({ day })),
  );
  expect(usageBetween(ledger.state!, 2, 3).map(({ day }) => day)).toEqual([2, 3]);
});

test("sums are bounded: the oldest days become one, then the keys, and nothing is lost", () => {
  const ledger = new Ledger();
  const days = Math.ceil(CELLS_MAX / 100) + 5;
  for (let day = 1; day <= days; day++) {
    const keys = Array.from({ length: 100 }, (_, i) => cellOf({ day, key: `k${i}` }));
    ledger.post("a", day, day + 1, keys);
    expect(ledger.state!.cells.size).toBeLessThanOrEqual(CELLS_MAX);
  }
  expect(ledger.total(({ requests }) => requests)).toBe(days * 100);
  const old = usageBetween(ledger.state!, 0, 0);
  expect(old).toHaveLength(100);
  expect(old[0]?.requests).toBeGreaterThan(days / 3);
  expect(usageBetween(ledger.state!, days, days)).toHaveLength(100);
  // Ever new keys.
  for (let i = 0; i < CELLS_MAX / 500 + 5; i++) {
    const keys = Array.from({ length: 500 }, (_, k) => cellOf({ day: days, key: `n${i}-${k}` }));
    ledger.post("a", 10_000 + i, 10_001 + i, keys);
    expect(ledger.state!.cells.size).toBeLessThanOrEqual(CELLS_MAX);
  }
  const added = days * 100 + (CELLS_MAX / 500 + 5) * 500;
  expect(ledger.total(({ requests }) => requests)).toBe(added);
  for (let i = 0; i < JOURNALS_MAX + 5; i++) ledger.post(`j${i}`, 0, 1, []);
  expect(ledger.state!.journals.size).toBe(JOURNALS_MAX);
});
