// What a step costs beside its own work. Every task is a real process under the supervisor on the
// local dialect, everything durable, at default settings.
//
// Two floors are measured in the same run: a bare spawn of the program, and the same supervisor,
// with the same job directory already made, spawned from plain Node.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { supervisorScript } from "#adapters/supervisor.ts";
import { RunsService } from "#proto/services.ts";
import { signalbox } from "#proto/signalbox.js";
import { type AttemptToken } from "#shared/base/ids.ts";
import { type AttemptSpec, DEFAULT_RESOURCES } from "#shared/base/job.ts";
import { clientOf } from "#shared/mesh/grpc-client.ts";
import { BenchMesh, NAMESPACE } from "./bench-mesh.ts";
import { median, rounded } from "./figures.ts";

const { RunState } = signalbox.control.v1;
const SLEEP = ["/bin/sleep", "0.01"];
const SLEEP_MS = 10;
const SLOTS = 2;
const STEPS = 40;
const WIDTH = 400;
const ROUNDS = 5;

type Say = (line: string) => void;

export const DAG_PARTS = ["sequential", "fanout", "noop", "killed"] as const;

export async function benchDag(options: {
  readonly tasks: number;
  readonly parts: readonly string[];
  readonly say: Say;
}): Promise<object> {
  const { say, tasks, parts } = options;
  const bench = {
    sequential: () => benchSequential(say),
    fanout: () => benchFanout(say),
    noop: () => benchNoop(tasks, say),
    killed: () => benchKilled(say),
  };
  const figures: { [part: string]: object } = {};
  for (const part of DAG_PARTS) if (parts.includes(part)) figures[part] = await bench[part]();
  return figures;
}

async function benchSequential(say: Say): Promise<object> {
  const spawnMs: number[] = [];
  const supervisorMs: number[] = [];
  const overheadMs: number[] = [];
  const mesh = await BenchMesh.start({ log: "embedded", agent: { kind: "local", slots: SLOTS } });
  try {
    await runToEnd(mesh, chain(5)); // Warm.
    for (let round = 0; round < ROUNDS; round++) {
      spawnMs.push(await perTask(STEPS, 1, () => SLEEP));
      supervisorMs.push(await supervised(STEPS, 1, SLEEP));
      const { wallMs } = await runToEnd(mesh, chain(STEPS));
      overheadMs.push(wallMs / STEPS - SLEEP_MS);
    }
  } finally {
    await mesh.stop();
    await mesh.remove();
  }
  const figures = {
    overheadMsP50: rounded(median(overheadMs)),
    supervisorMs: rounded(median(supervisorMs) - SLEEP_MS),
    spawnMs: rounded(median(spawnMs) - SLEEP_MS),
  };
  const ratio = rounded(figures.overheadMsP50 / figures.supervisorMs);
  say(
    `sequential: ${figures.overheadMsP50} ms a step, ${ratio} × the supervisor's ${figures.supervisorMs}`,
  );
  return { ...figures, ratio, rounds: overheadMs.map((each) => rounded(each)) };
}

async function benchFanout(say: Say): Promise<object> {
  const walls: number[] = [];
  const floors: number[] = [];
  for (let round = 0; round < 3; round++) {
    floors.push((await supervised(WIDTH, SLOTS, SLEEP)) * WIDTH);
    const mesh = await BenchMesh.start({ log: "embedded", agent: { kind: "local", slots: SLOTS } });
    try {
      await runToEnd(mesh, chain(3)); // Warm.
      walls.push((await runToEnd(mesh, fan(WIDTH, SLEEP))).wallMs);
    } finally {
      await mesh.stop();
      await mesh.remove();
    }
  }
  const figures = { wallMs: Math.round(median(walls)), floorMs: Math.round(median(floors)) };
  say(
    `fan-out: ${figures.wallMs} ms, ${rounded(figures.wallMs / figures.floorMs)} × the floor's ${figures.floorMs}`,
  );
  return { ...figures, ratio: rounded(figures.wallMs / figures.floorMs) };
}

async function benchNoop(tasks: number, say: Say): Promise<object> {
  const floorPerS = 1000 / (await supervised(1000, SLOTS, ["/bin/true"]));
  const perS: { [tasks: number]: number } = {};
  let residentMb: object = {};
  for (const count of [1000, tasks]) {
    const mesh = await BenchMesh.start({ log: "embedded", agent: { kind: "local", slots: SLOTS } });
    try {
      const { wallMs } = await runToEnd(mesh, fan(count, ["/bin/true"]), 900_000);
      perS[count] = rounded((count * 1000) / wallMs);
      residentMb = { scheduler: peakMb(mesh.scheduler.pid), agent: peakMb(mesh.agent?.pid ?? 0) };
    } finally {
      await mesh.stop();
      await mesh.remove();
    }
  }
  const figures = { tasksPerS: perS[tasks] ?? 0, floorPerS: rounded(floorPerS) };
  const share = rounded(figures.tasksPerS / figures.floorPerS);
  say(
    `no-op: ${figures.tasksPerS}/s, ${share} × the floor's ${figures.floorPerS}; at 1,000: ${perS[1000]}/s`,
  );
  return { ...figures, share, tasksPerSAt1000: perS[1000], residentMb };
}

async function benchKilled(say: Say): Promise<object> {
  let startedTwice = 0;
  let lost = 0;
  const resumeMs: { [who: string]: number } = {};
  for (const who of ["scheduler", "agent"] as const) {
    const mesh = await BenchMesh.start({ log: "embedded", agent: { kind: "local", slots: SLOTS } });
    try {
      const ledger = join(mesh.directory, "ledger");
      const id = await submit(
        mesh,
        fan(WIDTH, ["/bin/sh", "-c", `echo "$N" >> ${ledger}; exec sleep 0.01`]),
      );
      await until(() => linesOf(ledger).length >= WIDTH / 2);
      const service = who === "scheduler" ? mesh.scheduler : mesh.agent;
      if (service === null) throw new Error("no agent");
      await service.kill();
      await settled(ledger);
      const before = linesOf(ledger).length;
      const startMs = performance.now();
      const ready = service.start();
      await until(() => linesOf(ledger).length > before);
      resumeMs[who] = Math.round(performance.now() - startMs);
      await ready;
      await endOf(mesh, id, 120_000);
      const lines = linesOf(ledger);
      const unique = new Set(lines).size;
      startedTwice += lines.length - unique;
      lost += WIDTH - unique;
    } finally {
      await mesh.stop();
      await mesh.remove();
    }
  }
  say(
    `killed: ${startedTwice} started twice, ${lost} lost, first new task after ${JSON.stringify(resumeMs)} ms`,
  );
  return {
    startedTwice,
    lost,
    resumeMs: Math.max(...Object.values(resumeMs)),
    resumeMsBy: resumeMs,
  };
}

// --- floors ---

/** Milliseconds a task of `argv` in `slots` lanes, spawned from here. */
async function perTask(
  count: number,
  slots: number,
  argvOf: (i: number) => readonly string[],
): Promise<number> {
  const startMs = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const [file = "", ...rest] = argvOf(next++);
      await new Promise((resolve) =>
        spawn(file, rest, { stdio: "ignore", detached: true }).once("exit", resolve),
      );
    }
  };
  await Promise.all(Array.from({ length: slots }, lane));
  return (performance.now() - startMs) / count;
}

/** The same with each program under the supervisor, in a job directory made beforehand. */
async function supervised(count: number, slots: number, argv: readonly string[]): Promise<number> {
  const root = mkdtempSync(join(tmpdir(), "signalbox-floor-"));
  try {
    const scripts = Array.from({ length: count }, (_, i) =>
      jobScript(join(root, String(i)), i, argv),
    );
    return await perTask(count, slots, (i) => ["/bin/sh", scripts[i] ?? ""]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function jobScript(directory: string, ordinal: number, argv: readonly string[]): string {
  const token = `aaaaaaaaaaaaaaaa-${ordinal}-1` as AttemptToken;
  const spec: AttemptSpec = {
    ...{
      token,
      name: "floor",
      namespace: NAMESPACE,
      run: "aaaaaaaaaaaaaaaa",
      task: "floor",
      attempt: 1,
    },
    ...{
      program: { kind: "exec", argv },
      env: {},
      stdin: null,
      files: [],
      outputs: [],
      timeoutMs: null,
    },
    ...{ resources: DEFAULT_RESOURCES, needsReceipts: [], traceparent: null },
  };
  mkdirSync(join(directory, "work"), { recursive: true });
  const path = join(directory, "job.sh");
  const files = { directory, queueName: `floor-${token}` };
  writeFileSync(path, supervisorScript(spec, files, { directives: [], heartbeatS: 0 }));
  return path;
}

// --- runs ---

function chain(length: number): object {
  return workflow(
    Array.from({ length }, (_, i) => ({
      ...{ id: `s${i}`, uses: "exec@1", with: { command: SLEEP } },
      ...(i === 0 ? {} : { needs: [`s${i - 1}`] }),
    })),
  );
}

function fan(width: number, command: readonly string[]): object {
  return workflow(
    Array.from({ length: width }, (_, i) => ({
      ...{ id: `t${i}`, uses: "exec@1", with: { command, env: { N: String(i) } } },
    })),
  );
}

function workflow(tasks: readonly object[]): object {
  return { apiVersion: "signalbox/v1", kind: "Workflow", metadata: { name: "bench" }, tasks };
}

async function submit(mesh: BenchMesh, manifest: object): Promise<string> {
  const answer = await clientOf(RunsService, mesh.channel).submitRun(
    {
      namespace: NAMESPACE,
      manifest: Buffer.from(JSON.stringify(manifest)),
      fileName: "bench.json",
    },
    { deadlineMs: 60_000 },
  );
  return answer.run?.id ?? "";
}

async function runToEnd(
  mesh: BenchMesh,
  manifest: object,
  withinMs = 120_000,
): Promise<{ wallMs: number }> {
  const id = await submit(mesh, manifest);
  return await endOf(mesh, id, withinMs);
}

/** Asks for the run alone and seldom: its times are the scheduler's own, not the asker's. */
async function endOf(mesh: BenchMesh, id: string, withinMs: number): Promise<{ wallMs: number }> {
  const runs = clientOf(RunsService, mesh.channel);
  const deadlineMs = performance.now() + withinMs;
  while (performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    // While the scheduler is being restarted it does not answer.
    const answer = await runs.listRuns({ namespace: NAMESPACE, name: id }).catch(() => null);
    const run = answer?.runs?.find((each) => each.id === id);
    if (run?.state === RunState.RUN_STATE_SUCCEEDED) {
      return { wallMs: (run.endedAtMs ?? 0) - (run.submittedAtMs ?? 0) };
    }
    if (run?.state === RunState.RUN_STATE_FAILED) throw new Error(`run ${id}: ${run.reason}`);
  }
  throw new Error(`run ${id} did not end within ${withinMs} ms`);
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n").filter(Boolean);
  } catch {
    return [];
  }
}

/** Until nothing has been added for a while: what ran when the agent died has ended. */
async function settled(ledger: string): Promise<void> {
  for (let seen = -1; seen !== linesOf(ledger).length;) {
    seen = linesOf(ledger).length;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function until(condition: () => boolean, withinMs = 60_000): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > deadlineMs)
      throw new Error(`not within ${withinMs} ms: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function peakMb(pid: number): number {
  try {
    const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Math.round(Number(line ?? 0) / 1024);
  } catch {
    return 0;
  }
}
