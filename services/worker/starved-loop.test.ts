// A worker on a machine that has no time for it: its reports go on, and do not call its event loop
// ill. The main thread alone is starved, beside processes that never rest, on one processor; the
// thread that reports is not.

import { fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { waitFor } from "#shared/testing/wait-for.ts";
import { FakeRouter, type Progress } from "./worker-world.fixture.ts";

const SLOW_MS = 45_000;
const REPORT_MS = 250;
/** Long enough to tell a wait for a processor from what a loop does in between. */
const STILL_MS = 750;
const RIVALS = 3;
const lacks = ["chrt", "taskset"].find((tool) => spawnSync(tool, ["--version"]).status !== 0);
const why = lacks === undefined ? "" : ` (needs ${lacks})`;

test.skipIf(lacks !== undefined)(
  `a loop that waits for a processor is not ill${why}`,
  async () => {
    const router = new FakeRouter();
    await router.start();
    const child = fork(join(import.meta.dirname, "worker-process.fixture.ts"), {
      env: {
        ...{ ...process.env, SIGNALBOX_WORKER_ENGINE: "simulated", SIGNALBOX_WORKER_NAME: "w1" },
        ...{ SIGNALBOX_WORKER_ROUTERS: router.address, SIGNALBOX_TELEMETRY_LEVEL: "silent" },
      },
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout!, "data");
    const client = await router.client();
    const endless = { maxTokens: 8_000, ignoreEos: true, seed: 7 };
    const stream = client.generate({ id: "a", fence: 1, promptIds: [1, 2, 3], sampling: endless });
    await stream.next();

    const own = readFileSync("/proc/self/status", "utf8");
    const cpu = /^Cpus_allowed_list:\s*(\d+)/mu.exec(own)?.[1] ?? "0";
    for (let i = 0; i < RIVALS; i++) {
      const rival = spawn("taskset", ["-c", cpu, "sh", "-c", "while :; do :; done"]);
      onTestFinished(() => void rival.kill("SIGKILL"));
    }
    // Without -a, both are of the one thread.
    const pid = String(child.pid);
    for (const [tool, ...args] of [
      ["taskset", "-p", "-c", cpu, pid],
      ["chrt", "--idle", "-p", "0", pid],
    ] as const) {
      const { status, stderr } = spawnSync(tool, args);
      expect(status, String(stderr)).toBe(0);
    }
    const from = router.progress.length;
    // The simulated engine's steps are taken by that loop: while the step is the same, it is still.
    const still = await waitFor(() => longestStill(router.progress.slice(from)), SLOW_MS);
    for (const report of still) expect(report.loopLagMs).toBeLessThan(STILL_MS / 2);
  },
  60_000,
);

/** Reports, one after the other, of the same step for so long; null: none yet. */
function longestStill(reports: readonly Progress[]): readonly Progress[] | null {
  const atLeast = Math.ceil(STILL_MS / REPORT_MS) + 1;
  for (let at = 0; at + atLeast <= reports.length; at++) {
    const run = reports.slice(at, at + atLeast);
    if (run.every(({ engineStep }) => engineStep === run[0]!.engineStep)) return run;
  }
  return null;
}
