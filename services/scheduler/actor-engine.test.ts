// The scheduler's actors over a real embedded log, with the agent's side played by the test.

import { expect, test } from "vitest";
import { seededRandom } from "#shared/base/prng.ts";
import type { AttemptReport, AttemptSpec, OutputValue } from "#shared/base/job.ts";
import { DEFAULT_RESOURCES } from "#shared/base/job.ts";
import type { PlanTask } from "#shared/base/plan.ts";
import type { TaskId } from "#shared/base/ids.ts";
import { openEmbeddedLog } from "#shared/state/embedded-log.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { openEngine } from "./actor-engine.ts";
import { checkCluster } from "./core/cluster-core.ts";
import { checkJob } from "./core/job-core.ts";
import { clusterAddress, jobAddress, runAddress } from "./core/messages.ts";
import { checkRun } from "./core/run-core.ts";
import type { RunMeta, RunState } from "./core/state.ts";
import type { Engine } from "./engine.ts";

const RUN = "abcdefghijklmnop";
const CLUSTER = clusterAddress("lab", "local");

test("a three-step run goes through, each step after the one it needs", async () => {
  const world = await openWorld();
  await world.submit(chain(["relax", "scf", "bands"]));
  expect(await world.finish(() => ok())).toBe("succeeded");
  expect(world.started.map(({ task }) => task)).toEqual(["relax", "scf", "bands"]);
  await world.close();
});

test("a failed step ends its run, and what needs it is skipped with the reason", async () => {
  const world = await openWorld();
  await world.submit(chain(["a", "b", "c", "d"]));
  const phase = await world.finish((spec) => (spec.task === "b" ? failed() : ok()));
  expect(phase).toBe("failed");
  const run = await world.run();
  expect(run?.progress[2]).toEqual({
    kind: "skipped",
    reason: "needs b, which failed: exit code 3",
  });
  expect(run?.progress[3]).toMatchObject({
    kind: "skipped",
    reason: expect.stringContaining("needs c"),
  });
  await world.close();
});

test("a retry policy gives a failed attempt another one, with a new token", async () => {
  const world = await openWorld();
  await world.submit([
    { ...task("a", 0, []), retry: { attemptsMax: 3, firstMs: 1, maxMs: 2, on: ["failed"] } },
  ]);
  const phase = await world.finish((spec) => (spec.attempt < 3 ? failed() : ok()));
  expect(phase).toBe("succeeded");
  expect(world.started.map(({ token }) => token)).toEqual([
    `${RUN}-0-1`,
    `${RUN}-0-2`,
    `${RUN}-0-3`,
  ]);
  await world.close();
});

test("values of one step reach the next", async () => {
  const world = await openWorld();
  const b = task("b", 1, ["a"]);
  const argv = [["echo"], ["E=", { task: "a" as TaskId, output: "energy" }]];
  await world.submit([task("a", 0, []), { ...b, program: { kind: "exec", argv } }]);
  await world.finish(() => ok([{ name: "energy", kind: "value", value: "-15.8" }]));
  expect(world.started[1]?.program).toEqual({ kind: "exec", argv: ["echo", "E=-15.8"] });
  await world.close();
});

test("submitting the same content twice is one run; another content is refused", async () => {
  const world = await openWorld();
  expect(await world.submit(chain(["a"]))).toEqual({ existed: false });
  expect(await world.submit(chain(["a"]))).toEqual({ existed: true });
  await expect(world.submit(chain(["a"]), { digest: "sha256:other" })).rejects.toMatchObject({
    code: "ALREADY_EXISTS",
  });
  await world.close();
});

test("cancelling a run withdraws what waits, asks for the end of what runs, and skips the rest", async () => {
  const world = await openWorld({ slots: 1 });
  await world.submit([task("a", 0, []), task("b", 1, []), task("c", 2, ["a"])]);
  await waitFor(async () => (await world.placed()).length === 1, 5000);
  await world.engine.ask<"run">(runAddress("lab", RUN), { kind: "cancel", reason: "enough" });
  expect(await world.finish(() => ended("cancelled", 15))).toBe("cancelled");
  const run = await world.run();
  expect(run?.progress.map(({ kind }) => kind)).toEqual(["ended", "ended", "skipped"]);
  expect(world.started.map(({ task: id }) => id)).toEqual(["a"]);
  await world.close();
});

test("retrying a failed run keeps what succeeded and runs the rest again", async () => {
  const world = await openWorld();
  await world.submit(chain(["a", "b", "c"]));
  await world.finish((spec) => (spec.task === "b" ? failed() : ok()));
  await world.engine.ask<"run">(runAddress("lab", RUN), { kind: "retry" });
  expect(await world.finish(() => ok())).toBe("succeeded");
  expect(world.started.map(({ task: id, attempt }) => `${id}${attempt}`)).toEqual([
    "a1",
    "b1",
    "b2",
    "c1",
  ]);
  await world.close();
});

test("higher priority goes first, then first come first served", async () => {
  const world = await openWorld({ slots: 1, connect: false });
  await world.submit([
    { ...task("low", 0, []), priority: -1 },
    task("first", 1, []),
    task("second", 2, []),
    { ...task("high", 3, []), priority: 5 },
  ]);
  await world.connect();
  await world.finish(() => ok());
  expect(world.started.map(({ task: id }) => id)).toEqual(["high", "first", "second", "low"]);
  await world.close();
});

test("a replay of the logs gives the same state hash, and an interrupted run goes on", async () => {
  const world = await openWorld();
  await world.submit(chain(["a", "b"]));
  await waitFor(async () => (await world.placed()).length === 1, 5000);
  await world.engine.ask<"cluster">(CLUSTER, { kind: "agent-lost" });
  const before = await world.engine.stateHash();
  await world.restart();
  expect((await world.engine.stateHash()).hash).toBe(before.hash);
  await world.connect();
  expect(await world.finish(() => ok())).toBe("succeeded");
  await world.close();
});

test("a job whose cluster is not there fails and says how to add one", async () => {
  const world = await openWorld();
  await world.submit([{ ...task("a", 0, []), cluster: "moon" }]);
  await waitFor(async () => (await world.run())?.phase === "failed", 5000);
  const job = await world.engine.read<"job", string>(
    jobAddress("lab", RUN, "a"),
    (state) => state?.reason ?? "",
  );
  expect(job).toContain("signalbox cluster add moon");
  await world.close();
});

test("a fan-out of 2,000 tasks is spread over records and runs to its end", async () => {
  const world = await openWorld({ slots: 64 });
  const width = 2000;
  const tasks = Array.from({ length: width }, (_, i) => task(`t${i}`, i, []));
  await world.submit([
    ...tasks,
    task(
      "join",
      width,
      tasks.map(({ id }) => id),
    ),
  ]);
  expect(await world.finish(() => ok(), 60_000)).toBe("succeeded");
  expect(world.started.length).toBe(width + 1);
  expect(world.started.at(-1)?.task).toBe("join");
  await world.close();
}, 90_000);

interface World {
  engine: Engine;
  readonly started: AttemptSpec[];
  submit(tasks: readonly PlanTask[], meta?: Partial<RunMeta>): Promise<unknown>;
  connect(): Promise<void>;
  placed(): Promise<readonly AttemptSpec[]>;
  run(): Promise<RunState | undefined>;
  /** Plays the agent until the run has ended; `answer` says how each attempt ends. */
  finish(answer: (spec: AttemptSpec) => AttemptReport, withinMs?: number): Promise<string>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

async function openWorld({ slots = 4, connect = true } = {}): Promise<World> {
  const directory = tempDirectory();
  const open = async (): Promise<{ engine: Engine; close: () => Promise<void> }> => {
    const log = openEmbeddedLog({ path: `${directory.path}/log`, partitions: 16 });
    const engine = await openEngine({
      log,
      writer: "test",
      clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
      timers: {
        after: (delayMs, callback) => {
          const timer = setTimeout(callback, delayMs);
          return () => clearTimeout(timer);
        },
      },
      random: seededRandom(1),
      defer: (run) => void setImmediate(run),
      onFailure: (failure) => {
        throw failure;
      },
    });
    return { engine, close: async () => (await engine.close(), log.close()) };
  };
  let opened = await open();
  let seq = 0;
  const handled = new Set<string>();
  const world: World = {
    engine: opened.engine,
    started: [],
    submit: (tasks, meta = {}) =>
      world.engine.ask<"run">(runAddress("lab", RUN), {
        kind: "submit",
        meta: { ...metaOf(tasks.length), ...meta },
        tasks,
      }),
    connect: async () => {
      await world.engine.ask<"cluster">(CLUSTER, {
        ...{ kind: "agent-connected", journalId: "j", journalNew: false, commandSeen: 0 },
      });
    },
    placed: () =>
      world.engine.read<"cluster", AttemptSpec[]>(CLUSTER, (state) => {
        if (state !== undefined) checkCluster(state);
        return [...(state?.placed.values() ?? [])].map(({ spec }) => spec);
      }),
    run: () =>
      world.engine.read<"run", RunState | undefined>(runAddress("lab", RUN), (run) =>
        structuredClone(run),
      ),
    finish: async (answer, withinMs = 10_000) => {
      let phase = "";
      await waitFor(async () => {
        const fresh = (await world.placed()).filter(({ token }) => !handled.has(token));
        const reports = fresh.map((spec) => {
          handled.add(spec.token);
          world.started.push(spec);
          return { seq: ++seq, token: spec.token, report: answer(spec) };
        });
        if (reports.length > 0) {
          await world.engine.ask<"cluster">(CLUSTER, { kind: "reports", journalId: "j", reports });
        }
        phase = await world.engine.read<"run", string>(runAddress("lab", RUN), (run) => {
          if (run !== undefined) checkRun(run);
          return run?.phase ?? "";
        });
        return phase !== "running" && phase !== "cancelling";
      }, withinMs);
      for (const { task: id } of world.started) {
        await world.engine.read<"job", void>(
          jobAddress("lab", RUN, id),
          (job) => job && checkJob(job),
        );
      }
      return phase;
    },
    restart: async () => {
      await opened.close();
      opened = await open();
      world.engine = opened.engine;
    },
    close: async () => {
      await opened.close();
      directory.remove();
    },
  };
  await world.engine.ask<"cluster">(CLUSTER, {
    ...{ kind: "add", clusterKind: "local", slots, enrolmentHash: "h", enrolmentExpiresAtMs: 1e15 },
  });
  await world.engine.ask<"cluster">(CLUSTER, {
    kind: "enrol",
    tokenHash: "h",
    agentId: "a",
    publicKey: "k",
  });
  if (connect) await world.connect();
  return world;
}

function metaOf(tasksTotal: number): RunMeta {
  return {
    ...{ id: RUN, namespace: "lab", workflow: "w", digest: "sha256:x", params: {}, labels: {} },
    ...{ tasksTotal, submittedAtMs: 1, submittedBy: "test", traceparent: null },
  };
}

function chain(ids: readonly string[]): PlanTask[] {
  return ids.map((id, i) => task(id, i, i === 0 ? [] : [ids[i - 1] ?? ""]));
}

function task(id: string, ordinal: number, needs: readonly string[]): PlanTask {
  return {
    ...{ id: id as TaskId, ordinal, needs: needs as TaskId[], env: [], stdin: null, files: [] },
    ...{
      outputs: [],
      resources: DEFAULT_RESOURCES,
      cluster: "local",
      timeoutMs: null,
      priority: 0,
    },
    program: { kind: "exec", argv: [["true"]] },
    retry: { attemptsMax: 1, firstMs: 1, maxMs: 1, on: [] },
  };
}

function ok(outputs: readonly OutputValue[] = []): AttemptReport {
  return ended("ok", 0, outputs);
}

function failed(): AttemptReport {
  return ended("failed", 3);
}

function ended(
  cause: "ok" | "failed" | "cancelled",
  code: number,
  outputs: readonly OutputValue[] = [],
): AttemptReport {
  return {
    ...{ kind: "ended", nativeId: "1", outputs, receipt: null, receiptDigest: null },
    outcome: {
      ...{
        cause,
        exitCode: code,
        signal: null,
        confidence: "proven",
        startedAtMs: 1,
        endedAtMs: 2,
      },
      ...{ cpuMs: null, maxRssKb: null, message: cause === "ok" ? "" : `exit code ${code}` },
    },
    evidence: { source: "supervisor", raw: `exit ${code}`, atMs: 2 },
  };
}
