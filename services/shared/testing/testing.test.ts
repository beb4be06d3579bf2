import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

import { ManualClock } from "./manual-clock.ts";
import { tempDirectory } from "./temp-directory.ts";
import { waitFor } from "./wait-for.ts";

test("timers fire in order of due time, at their time, and also those they add", () => {
  const clock = new ManualClock(1_000);
  const log: string[] = [];
  clock.after(20, () => log.push(`b@${clock.nowMs()}`));
  clock.after(10, () => {
    log.push(`a@${clock.nowMs()}`);
    clock.after(5, () => log.push(`c@${clock.nowMs()}`));
  });
  const cancel = clock.after(12, () => log.push("never"));
  cancel();
  cancel();
  expect(clock.nextMs()).toBe(10);
  clock.advance(20);
  expect(log).toEqual(["a@1010", "c@1015", "b@1020"]);
  expect([clock.monotonicMs(), clock.pending, clock.nextMs()]).toEqual([20, 0, null]);
});

test("advanceAsync lets promises settle between timers", async () => {
  const clock = new ManualClock();
  const log: string[] = [];
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
  const story = (async () => {
    await sleep(10);
    log.push("one");
    await sleep(10);
    log.push("two");
  })();
  await clock.advanceAsync(20);
  await story;
  expect(log).toEqual(["one", "two"]);
});

test("waitFor returns the first answer, or says what never came", async () => {
  let asked = 0;
  expect(await waitFor(() => (++asked === 3 ? "yes" : null))).toBe("yes");
  const never = waitFor(() => Promise.reject(new Error("no file")), 10, "a result");
  await expect(never).rejects.toThrow("not within 10 ms: a result: no file");
});

test("a temporary directory goes with all that is inside", () => {
  const directory = tempDirectory();
  writeFileSync(join(directory.path, "file"), "x");
  directory.remove();
  directory.remove();
  expect(existsSync(directory.path)).toBe(false);
});
