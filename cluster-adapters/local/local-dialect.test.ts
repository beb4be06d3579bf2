// What is the local dialect's own; what it shares with every dialect is in conformance.test.ts.

import * as fs from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import type { Dialect, LiveJob, QueueEntry } from "../adapter.ts";
import { attemptSpec, publishJob } from "../attempt.fixture.ts";
import { dialectOf } from "../index.ts";
import type { Transport } from "../transport.ts";
import { localTransport } from "../transports/local/local-transport.ts";
import { parseNativeId, parseStat } from "./local-process.ts";

const QUICK = { kill_grace_s: "0" };

interface Started {
  readonly job: LiveJob;
  readonly dialect: Dialect;
  readonly exited: Promise<void>;
}

async function start(
  argv: readonly string[],
  options: { readonly [name: string]: string } = QUICK,
  transport: Transport = localTransport(),
): Promise<Started> {
  const root = tempDirectory("local");
  onTestFinished(root.remove);
  const dialect = dialectOf("local", transport, options);
  const spec = attemptSpec({ program: { kind: "exec", argv } });
  const files = await publishJob(transport, root.path, spec, dialect);
  const exited = Promise.withResolvers<void>();
  const result = await dialect.submit(spec, files, () => exited.resolve());
  if (result.kind !== "submitted") throw new Error(`${result.kind}: ${result.reason}`);
  return { job: { ...files, nativeId: result.nativeId }, dialect, exited: exited.promise };
}

async function entryOf(dialect: Dialect, job: LiveJob): Promise<QueueEntry> {
  const answer = await dialect.poll([job]);
  if (answer.kind !== "answer" || answer.present[0] === undefined) throw new Error("no entry");
  return answer.present[0];
}

const output = (job: LiveJob): string => fs.readFileSync(`${job.directory}/stdout`, "utf8");
const bootId = (): string => fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

test("a native id is boot, pid and start time, also when the job is found by its claim", async () => {
  const { job, dialect, exited } = await start(["/bin/sh", "-c", "echo on; sleep 600"]);
  await waitFor(() => output(job) === "on\n");
  expect(parseNativeId(job.nativeId)).toMatchObject({ boot8: bootId().slice(0, 8) });
  // Another agent, which knows nothing but the directory.
  const other = dialectOf("local", localTransport(), QUICK);
  expect(await other.find([job])).toMatchObject({
    present: [{ nativeId: job.nativeId, phase: "running" }],
  });
  await dialect.cancel([job]);
  await exited;
  expect(await entryOf(other, job)).toMatchObject({ phase: "ended", signal: 15, exitCode: 143 });
});

test("a supervisor killed with its program ends with an unknown outcome, and the signal is known", async () => {
  const { job, dialect, exited } = await start(["/bin/sh", "-c", "echo on; sleep 600"]);
  await waitFor(() => output(job) === "on\n");
  process.kill(-(parseNativeId(job.nativeId)?.pid ?? 0), "SIGKILL");
  await exited;
  const entry = await waitFor(async () => {
    const now = await entryOf(dialect, job);
    return now.phase === "ended" ? now : null;
  });
  expect(entry).toMatchObject({ cause: "unknown_outcome", exitCode: null, signal: 9 });
  // An agent that did not start it knows the end, not the signal.
  const other = dialectOf("local", localTransport(), QUICK);
  expect(await entryOf(other, job)).toMatchObject({ cause: "unknown_outcome", signal: null });
});

test("a program that outlives its supervisor is still running, and can be cancelled", async () => {
  const { job, dialect, exited } = await start(["/bin/sh", "-c", "echo on; sleep 600"]);
  await waitFor(() => output(job) === "on\n");
  process.kill(parseNativeId(job.nativeId)?.pid ?? 0, "SIGKILL");
  await exited;
  expect(await entryOf(dialect, job)).toMatchObject({
    phase: "running",
    reason: "its supervisor is gone, its program goes on",
  });
  await dialect.cancel([job]);
  await waitFor(async () => (await entryOf(dialect, job)).phase === "ended");
});

test("cancel asks first and kills when asked again", async () => {
  const stubborn = "trap 'echo asked' TERM; echo on; while :; do sleep 0.05; done";
  const { job, dialect, exited } = await start(["/bin/sh", "-c", stubborn]);
  await waitFor(() => output(job) === "on\n");
  await dialect.cancel([job]);
  await waitFor(() => output(job).includes("asked"));
  expect(await entryOf(dialect, job)).toMatchObject({ phase: "running" });
  await dialect.cancel([job]);
  await exited;
  await waitFor(async () => (await entryOf(dialect, job)).phase === "ended");
});

test("within the grace a second cancel does not kill", async () => {
  const stubborn = "trap 'echo asked' TERM; echo on; until [ -e stop ]; do sleep 0.05; done";
  const { job, dialect, exited } = await start(["/bin/sh", "-c", stubborn], {
    kill_grace_s: "600",
  });
  await waitFor(() => output(job) === "on\n");
  await dialect.cancel([job]);
  await waitFor(() => output(job).includes("asked"));
  await dialect.cancel([job]);
  fs.writeFileSync(`${job.directory}/work/stop`, "");
  await exited;
  expect(await entryOf(dialect, job)).toMatchObject({ cause: "ok", exitCode: 0 });
});

test("a pid that was given anew is not ours", async () => {
  const { job, dialect, exited } = await start(["true"]);
  await exited;
  fs.rmSync(`${job.directory}/status`);
  // This very process has the pid, but started at another time.
  const reused = { ...job, nativeId: `${bootId().slice(0, 8)}:${process.pid}:1` };
  expect(await entryOf(dialect, reused)).toMatchObject({
    phase: "ended",
    cause: "unknown_outcome",
    nativeId: reused.nativeId,
  });
  // By claim alone: the pid lives, but does not run this attempt's script.
  const claim = `claim v1 x host ${process.pid} ${bootId()} - 0\n`;
  fs.writeFileSync(`${job.directory}/claim`, claim);
  expect(await dialect.find([job])).toMatchObject({ present: [{ cause: "unknown_outcome" }] });
  await dialect.cancel([reused]);
});

test("after a restart of the machine a job without an exit line ended with it", async () => {
  const { job, dialect, exited } = await start(["true"]);
  await exited;
  const earlier = { ...job, nativeId: `00000000:${process.pid}:1` };
  expect(await entryOf(dialect, earlier)).toMatchObject({ cause: "ok" }); // The exit line counts.
  fs.rmSync(`${job.directory}/status`);
  expect(await entryOf(dialect, earlier)).toMatchObject({ cause: "node_fail" });
  expect(await dialect.cancel([earlier])).toEqual({ kind: "asked" });
});

test("an exit line that is written while the process is being looked for counts", async () => {
  const real = localTransport();
  let hidden = true;
  // The first look at the files comes too early, the next finds the line.
  const transport: Transport = {
    ...real,
    readFile: async (path, ...more) => {
      if (!path.endsWith("/status") || !hidden) return real.readFile(path, ...more);
      hidden = false;
      return Buffer.from("start 1\n");
    },
  };
  const { job, dialect, exited } = await start(["true"], QUICK, transport);
  await exited;
  expect(await entryOf(dialect, job)).toMatchObject({ cause: "ok", exitCode: 0 });
});

test("a job inherits the few variables that are no secrets, and those that are named", async () => {
  Object.assign(process.env, { SIGNALBOX_AGENT_TOKEN: "secret", NAMED_FOR_JOBS: "yes" });
  try {
    const options = { ...QUICK, pass_env: "NAMED_FOR_JOBS, OTHER" };
    const { job, exited } = await start(["env"], options);
    await exited;
    expect(output(job)).toContain("NAMED_FOR_JOBS=yes\n");
    expect(output(job)).toContain("PATH=");
    expect(output(job)).not.toContain("secret");
  } finally {
    delete process.env["SIGNALBOX_AGENT_TOKEN"];
    delete process.env["NAMED_FOR_JOBS"];
  }
});

test("a process that cannot be started was not taken", async () => {
  const transport = (code: string): Transport => ({
    ...localTransport(),
    spawnDetached: async () => {
      throw Object.assign(new Error(code), { code });
    },
  });
  await expect(start(["true"], QUICK, transport("ENOENT"))).rejects.toThrow(
    /refused: cannot start/,
  );
});

test("without /proc ps(1) tells the same", async () => {
  const options = { ...QUICK, proc: "/nowhere" };
  const { job, dialect, exited } = await start(["/bin/sh", "-c", "echo on; sleep 600"], options);
  await waitFor(() => output(job) === "on\n");
  expect(await dialect.probe()).toMatchObject({ details: { proc: "no" } });
  expect(await entryOf(dialect, job)).toMatchObject({ phase: "running" });
  expect(
    await dialect.poll([{ ...job, nativeId: job.nativeId.replace(/\d+$/, "5") }]),
  ).toMatchObject({
    present: [{ phase: "ended" }],
  });
  process.kill(parseNativeId(job.nativeId)?.pid ?? 0, "SIGKILL");
  await exited;
  expect(await entryOf(dialect, job)).toMatchObject({ phase: "running" }); // The program goes on.
  await dialect.cancel([job]);
  await waitFor(async () => (await entryOf(dialect, job)).phase === "ended");
});

test("what it cannot do and what it does not know is said", () => {
  const dialect = dialectOf("local", localTransport(), {});
  const resources = attemptSpec().resources;
  expect(dialect.unsupported(resources)).toEqual([]);
  expect(dialect.unsupported({ ...resources, nodes: 2 })).toHaveLength(1);
  for (const [kind, options] of [
    ["local", { grace: "1" }],
    ["local", { kill_grace_s: "x" }],
    ["pbs", {}],
    ["toString", {}],
  ] as const) {
    expect(() => dialectOf(kind, localTransport(), options)).toThrow(
      expect.objectContaining({ code: "INVALID" }),
    );
  }
  expect(parseNativeId("12")).toBeNull();
  expect(parseStat("1 (a) b) S 0 7 8")).toBeNull();
  const stat = (state: string): string => `9 (a) b) ${state} 1 7 7 ${"0 ".repeat(15)}4711 0`;
  expect(parseStat(stat("S"))).toEqual({ groupId: 7, startTicks: "4711", zombie: false });
  expect(parseStat(stat("Z"))).toMatchObject({ zombie: true });
});
