// What is written down is what is summed, across restarts, kills, full disks and old files.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { createLogger } from "#shared/telemetry/logger.ts";
import { systemTimers } from "#shared/config/system.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { UsageJournal, type UsageJournalOptions } from "./usage-journal.ts";
import { recordOf } from "./usage-record.fixture.ts";
import { HOUR_MS, type UsageCell, type UsageRecord } from "./usage-sums.ts";

const logger = createLogger({ service: "test", level: "silent" });
const ALWAYS = { namespace: "lab", fromMs: 0, toMs: Infinity };

function place(): string {
  const directory = tempDirectory("usage");
  onTestFinished(directory.remove);
  return directory.path;
}

function opened(path: string, over: Partial<UsageJournalOptions> = {}): Promise<UsageJournal> {
  return UsageJournal.open({
    ...{ path, timers: systemTimers, logger, onDropped: () => {} },
    ...over,
  });
}

function requests(cells: readonly UsageCell[]): number {
  return cells.reduce((sum, cell) => sum + cell.requests, 0);
}

test("records are in the file a moment after they were added, and in the sums", async () => {
  const path = place();
  const journal = await opened(path);
  for (let i = 0; i < 3; i++) journal.add(() => recordOf({ id: `r${i}` }));
  journal.add(() => recordOf({ key: "bob", status: 503, completion_tokens: 0 }));
  journal.add(() => recordOf({ namespace: "other" }));
  await waitFor(() => readdirSync(path).length === 1);
  const file = join(path, readdirSync(path)[0] ?? "");
  await waitFor(() => readFileSync(file, "utf8").trim().split("\n").length === 5);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await journal.sums(ALWAYS)).toEqual([
    {
      ...{ key: "ada", model: "lantern", requests: 3, failed: 0, worker_seconds: 0.75 },
      ...{ prompt_tokens: 9, cached_tokens: 3, completion_tokens: 15 },
    },
    {
      ...{ key: "bob", model: "lantern", requests: 1, failed: 1, worker_seconds: 0.25 },
      ...{ prompt_tokens: 3, cached_tokens: 1, completion_tokens: 0 },
    },
  ]);
  await expect(opened(path)).rejects.toMatchObject({ code: "CONFLICT" });
  await journal.close();
});

test("sums are those of the records, over restarts that cut the last line, by whole hours", async () => {
  const record = fc.record({
    namespace: fc.constantFrom("lab", "other"),
    key: fc.constantFrom("ada", "bob", null),
    completion_tokens: fc.nat(1_000),
    ended_ms: fc.nat(5 * HOUR_MS),
  });
  const runs = fc.array(
    fc.record({ records: fc.array(record, { maxLength: 8 }), cut: fc.boolean() }),
    { minLength: 1, maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(runs, fc.nat(4), fc.nat(5), async (runs, from, hours) => {
      using directory = tempDirectory("usage");
      const { path } = directory;
      const known: UsageRecord[] = [];
      for (const { records, cut } of runs) {
        const journal = await opened(path, { fileBytesMax: 1_500 });
        for (const each of records) {
          const whole = recordOf(each);
          known.push(whole);
          journal.add(() => whole);
          if (each.completion_tokens % 3 === 0) await journal.flush();
        }
        await journal.close();
        const file = readdirSync(path).toSorted().at(-1);
        if (!cut || records.length === 0 || file === undefined) continue;
        truncateSync(join(path, file), statSync(join(path, file)).size - 9);
        known.pop();
      }
      const span = { fromMs: from * HOUR_MS, toMs: (from + hours) * HOUR_MS };
      const inSpan = known.filter(
        ({ namespace, ended_ms }) =>
          namespace === "lab" && ended_ms >= span.fromMs && ended_ms < span.toMs,
      );
      const journal = await opened(path);
      const cells = await journal.sums({ namespace: "lab", ...span });
      await journal.close();
      expect(requests(cells)).toBe(inSpan.length);
      const tokens = (list: readonly { completion_tokens: number }[]): number =>
        list.reduce((sum, each) => sum + each.completion_tokens, 0);
      expect(tokens(cells)).toBe(tokens(inSpan));
    }),
    { numRuns: 25 },
  );
});

test("the oldest files go when all together are too large", async () => {
  const path = place();
  const sizes = { fileBytesMax: 1_000, bytesMax: 5_000 };
  const journal = await opened(path, sizes);
  for (let i = 0; i < 60; i++) {
    journal.add(() => recordOf({}));
    await journal.flush();
  }
  const files = readdirSync(path).toSorted();
  const bytes = files.reduce((sum, file) => sum + statSync(join(path, file)).size, 0);
  expect(bytes).toBeLessThanOrEqual(7_000);
  expect(files[0]).not.toBe("usage-00000001.jsonl");
  const kept = requests(await journal.sums(ALWAYS));
  expect(kept).toBeLessThan(60);
  await journal.close();
  const again = await opened(path, sizes);
  expect(requests(await again.sums(ALWAYS))).toBe(kept);
  await again.close();
});

test("while the disk takes nothing so many are kept, the rest is counted, and all comes later", async () => {
  const path = place();
  let dropped = 0;
  const journal = await opened(path, { onDropped: (count) => (dropped += count) });
  rmSync(path, { recursive: true });
  for (let i = 0; i < 65_546; i++) journal.add(() => recordOf({}));
  expect(dropped).toBe(10);
  await journal.flush();
  expect(dropped).toBe(10);
  expect(journal.waiting).toBe(65_536);
  mkdirSync(path);
  expect(requests(await journal.sums(ALWAYS))).toBe(65_536);
  expect(journal.waiting).toBe(0);
  await journal.close();
  const again = await opened(path);
  expect(requests(await again.sums(ALWAYS))).toBe(65_536);
  await again.close();
});

test("kill -9 loses what was added in the last moment, and nothing before", async () => {
  const path = place();
  const writer = join(import.meta.dirname, "usage-writer.fixture.ts");
  const child = spawn(process.execPath, [writer, path], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
  await waitFor(() => Number(said.trim().split("\n").at(-1)) > 500, 20_000);
  child.kill("SIGKILL");
  await once(child, "close");
  const lines = said.slice(0, said.lastIndexOf("\n")).split("\n");
  const journal = await opened(path);
  const kept = requests(await journal.sums(ALWAYS));
  await journal.close();
  expect(kept).toBeGreaterThanOrEqual(Number(lines.at(-1)));
});
