// What the control plane has taken is what the journal has, whatever got lost in between. The
// control plane is a stand-in that counts as the real one does; services/cli has the real ones.

import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { randomInt, seededRandom } from "#shared/base/prng.ts";
import { Failure } from "#shared/base/errors.ts";
import { systemTimers } from "#shared/config/system.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { ManualClock } from "#shared/testing/manual-clock.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { readCursor, writeCursor } from "./usage-cursor.ts";
import { UsageJournal } from "./usage-journal.ts";
import { cellsOf, UsagePoster, type PostedPiece } from "./usage-poster.ts";
import { recordOf } from "./usage-record.fixture.ts";

const logger = createLogger({ service: "test", level: "silent" });

function opened(path: string): Promise<UsageJournal> {
  const sizes = { fileBytesMax: 1_500 };
  return UsageJournal.open({ path, timers: systemTimers, logger, onDropped: () => {}, ...sizes });
}

/** Takes each piece once, and loses answers as it is told. */
class Ledger {
  tokens = 0;
  end = 0;
  pieces = 0;
  /** Whether this call arrives, and whether its answer does. */
  fate: () => "lost" | "unanswered" | "answered" = () => "answered";

  readonly post = async ({ from, to, cells }: PostedPiece): Promise<readonly string[]> => {
    const fate = this.fate();
    if (fate === "lost") throw new Failure("UNAVAILABLE", "away");
    if (to > this.end) {
      expect(from).toBeGreaterThanOrEqual(this.end);
      this.end = to;
      this.pieces += 1;
      for (const cell of cells) this.tokens += cell.completionTokens;
    }
    if (fate === "unanswered") throw new Failure("DEADLINE", "no answer");
    return [];
  };
}

test("every record is counted once: over lost calls and answers, restarts and new files", async () => {
  const steps = fc.integer({ min: 3, max: 20 });
  const property = fc.asyncProperty(fc.integer(), steps, async (seed, n) => {
    using directory = tempDirectory("posting");
    const random = seededRandom(seed);
    const ledger = new Ledger();
    ledger.fate = () => (["lost", "unanswered", "answered"] as const)[randomInt(random, 3)]!;
    let tokens = 0;
    let journal = await opened(directory.path);
    const posted = async (isLast: boolean): Promise<void> => {
      const clock = new ManualClock();
      const poster = new UsagePoster({
        ...{ journal, cursor: readCursor(directory.path), timers: clock, random, logger },
        // Of two writes the process may end after the first.
        save: (cursor) => writeCursor(directory.path, cursor),
        post: ledger.post,
      });
      const tries = isLast ? 200 : randomInt(random, 4);
      for (let i = 0; i < tries && (i === 0 || poster.bytesBehind > 0); i++) {
        clock.advance(70_000);
        const { post } = ledger;
        await waitFor(() => clock.pending > 0 && post !== null, 5_000, "the next turn");
      }
      if (isLast) expect(poster.bytesBehind).toBe(0);
      await poster.stop();
    };
    for (let step = 0; step < n; step++) {
      for (let i = randomInt(random, 8); i >= 0; i--) {
        const count = randomInt(random, 100);
        tokens += count;
        journal.add(() => recordOf({ completion_tokens: count, key: `k${count % 3}` }));
      }
      await journal.flush();
      await posted(false);
      if (random.next() > 0.3) continue;
      await journal.close();
      journal = await opened(directory.path);
    }
    ledger.fate = () => "answered";
    await posted(true);
    await journal.close();
    expect(ledger.tokens).toBe(tokens);
  });
  await fc.assert(property, { numRuns: 12 });
}, 60_000);

test("what may have been taken is sent again as it was, and not with more in it", async () => {
  using directory = tempDirectory("posting");
  const journal = await opened(directory.path);
  const clock = new ManualClock();
  const sent: PostedPiece[] = [];
  let isAway = true;
  const poster = new UsagePoster({
    ...{ journal, cursor: readCursor(directory.path), timers: clock, logger },
    random: { next: () => 0.5 },
    save: (cursor) => writeCursor(directory.path, cursor),
    post: async (piece) => {
      sent.push(piece);
      if (isAway) throw new Failure("UNAVAILABLE", "away");
      return [];
    },
  });
  journal.add(() => recordOf({}));
  await journal.flush();
  clock.advance(0);
  await waitFor(() => sent.length === 1 && clock.pending > 0);
  journal.add(() => recordOf({ key: "bob" }));
  await journal.flush();
  isAway = false;
  clock.advance(60_000);
  await waitFor(() => sent.length === 3 && clock.pending > 0);
  expect(sent[1]).toEqual(sent[0]);
  expect(sent[2]?.from).toBe(sent[1]?.to);
  expect(sent[2]?.cells).toMatchObject([{ key: "bob", requests: 1 }]);
  expect(poster.bytesBehind).toBe(0);
  await poster.stop();
  await journal.close();
});

test("sums are by namespace, day, key and model", () => {
  const day = 86_400_000;
  const cells = cellsOf([
    recordOf({ ended_ms: 3 * day }),
    recordOf({ ended_ms: 4 * day - 1, status: 503, completion_tokens: 0 }),
    recordOf({ ended_ms: 4 * day, key: null, model: null }),
    recordOf({ ended_ms: 4 * day, namespace: "other" }),
  ]);
  expect(cells).toHaveLength(3);
  expect(cells[0]).toEqual({
    ...{ namespace: "lab", day: 3, key: "ada", model: "lantern", requests: 2, failed: 1 },
    ...{ promptTokens: 6, cachedTokens: 2, completionTokens: 5, workerMs: 500 },
  });
  expect(cells[1]).toMatchObject({ day: 4, key: "", model: "" });
});

test("what is deleted before it is posted is passed over", async () => {
  using directory = tempDirectory("posting");
  const first = await opened(directory.path);
  for (let i = 0; i < 20; i++) {
    first.add(() => recordOf({}));
    await first.flush();
  }
  await first.close();
  const files = readdirSync(directory.path).filter((name) => name.startsWith("usage-"));
  rmSync(join(directory.path, files.toSorted()[0]!));
  const journal = await opened(directory.path);
  onTestFinished(() => journal.close());
  const ledger = new Ledger();
  const clock = new ManualClock();
  const poster = new UsagePoster({
    ...{ journal, cursor: readCursor(directory.path), timers: clock, logger, post: ledger.post },
    ...{ random: { next: () => 0.5 }, save: (cursor) => writeCursor(directory.path, cursor) },
  });
  clock.advance(0);
  await waitFor(() => ledger.end > 0 && clock.pending > 0);
  expect(ledger.tokens).toBeGreaterThan(0);
  expect(ledger.tokens).toBeLessThan(20 * 5);
  expect(poster.bytesBehind).toBe(0);
  await poster.stop();
});

test("a file that says nothing sensible about what was posted is told, with what it means", () => {
  using directory = tempDirectory("posting");
  writeFileSync(join(directory.path, "posted.json"), '{"journal":3}');
  expect(() => readCursor(directory.path)).toThrow(/posted\.json: its fields are wrong/);
});
