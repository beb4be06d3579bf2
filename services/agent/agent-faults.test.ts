// What the agent survives: kill -9, a deleted journal, a scheduler that is away, a cut link,
// duplicate commands, a stale epoch. Jobs are real processes; each leaves a line in a file for
// every start.

import * as fs from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { AttemptSpec } from "#shared/base/job.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { AgentProcess, agentWorld } from "./agent-process.fixture.ts";
import { specOf } from "./core/simulated-cluster.fixture.ts";
import { FakeScheduler } from "./fake-scheduler.fixture.ts";

/** Processes start and jobs run while everything else on a small machine does, too. */
const LONG_MS = 30_000;

/** Says that it started, waits for `gate` to appear, and ends. */
function gated(
  ordinal: number,
  directory: string,
): { spec: AttemptSpec; open: () => void; starts: () => number } {
  const gate = join(directory, `gate-${ordinal}`);
  const log = join(directory, `starts-${ordinal}`);
  const text = `echo started >>${log}; until [ -e ${gate} ]; do sleep 0.02; done; echo done`;
  return {
    spec: specOf(ordinal, {
      program: { kind: "exec", argv: ["/bin/sh", "-c", text] },
      outputs: [{ name: "said", kind: "value", from: null, extract: { kind: "whole" } }],
    }),
    open: () => fs.writeFileSync(gate, ""),
    starts: () => (fs.existsSync(log) ? fs.readFileSync(log, "utf8").split("\n").length - 1 : 0),
  };
}

test("kill -9 in the middle: running jobs live on, are adopted, and nothing starts twice", async () => {
  const { scheduler, agent } = await agentWorld();
  const jobs = [0, 1, 2].map((ordinal) => gated(ordinal, agent.directory));
  for (const { spec } of jobs) scheduler.submit(spec);
  await waitFor(() => jobs.every(({ starts }) => starts() === 1), LONG_MS);
  await agent.end("SIGKILL");
  jobs[0]?.open(); // Ends while nobody looks.
  await agent.start();
  jobs[1]?.open();
  await waitFor(() => scheduler.endOf(jobs[1]?.spec.token ?? ""), LONG_MS);
  await agent.end("SIGTERM"); // A clean stop leaves the third one running, too.
  jobs[2]?.open();
  await agent.start();
  for (const { spec, starts } of jobs) {
    const end = await waitFor(() => scheduler.endOf(spec.token), LONG_MS, `end of ${spec.token}`);
    expect(end.outcome).toMatchObject({ cause: "ok", exitCode: 0 });
    expect(end.outputs).toEqual([{ name: "said", kind: "value", value: "done" }]);
    expect(starts()).toBe(1);
    expect(scheduler.endsOf(spec.token)).toHaveLength(1);
  }
  expect(scheduler.enrolments).toBe(1);
}, 120_000);

test("kill -9 between intent and bind, again and again: each attempt is claimed once", async () => {
  const { scheduler, agent } = await agentWorld();
  const specs = Array.from({ length: 18 }, (_, ordinal) => specOf(ordinal));
  for (const [index, spec] of specs.entries()) {
    scheduler.submit(spec);
    if (index % 6 !== 5) continue;
    // Somewhere in the commands just sent: before the intent, before the bind, or after.
    await new Promise((resume) => setTimeout(resume, index / 3));
    await agent.end("SIGKILL");
    await agent.start();
  }
  for (const spec of specs) {
    const end = await waitFor(() => scheduler.endOf(spec.token), LONG_MS, `end of ${spec.token}`);
    expect(end.outcome.cause).toBe("ok");
    expect(scheduler.endsOf(spec.token)).toHaveLength(1);
  }
  await waitFor(() => fs.readdirSync(join(agent.root, "jobs")).length === 0, LONG_MS);
  for (const spec of specs) {
    const claim = fs.readFileSync(join(agent.root, "ended", spec.token, "claim"), "utf8");
    expect(claim.split("\n")).toHaveLength(2);
  }
}, 120_000);

test("a second agent on the same journal is refused by name, and the first goes on", async () => {
  const { scheduler, agent } = await agentWorld();
  const second = new AgentProcess(agent.directory, "127.0.0.1:9");
  onTestFinished(() => void second.end("SIGKILL"));
  await expect(second.start()).rejects.toThrow(`another agent (process ${agent.pid}) owns`);
  const job = gated(0, agent.directory);
  scheduler.submit(job.spec);
  job.open();
  const end = await waitFor(() => scheduler.endOf(job.spec.token), LONG_MS);
  expect(end.outcome.cause).toBe("ok");
}, 60_000);

test("a deleted journal is rebuilt from the job directories", async () => {
  const { scheduler, agent } = await agentWorld();
  const jobs = [0, 1].map((ordinal) => gated(ordinal, agent.directory));
  for (const { spec } of jobs) scheduler.submit(spec);
  await waitFor(() => jobs.every(({ starts }) => starts() === 1), LONG_MS);
  await agent.end("SIGKILL");
  fs.rmSync(join(agent.state, "journal"), { recursive: true });
  jobs[0]?.open();
  await agent.start();
  jobs[1]?.open();
  for (const { spec, starts } of jobs) {
    const end = await waitFor(() => scheduler.endOf(spec.token), LONG_MS);
    expect(end.outcome).toMatchObject({ cause: "ok", exitCode: 0 });
    expect(starts()).toBe(1);
  }
  const [first, second] = scheduler.hellos;
  expect([first?.journalNew, second?.journalNew]).toEqual([true, true]);
  expect(second?.journalId).not.toBe(first?.journalId);
}, 120_000);

test("without a scheduler jobs go on, and what happened is told when it is back", async () => {
  const directory = tempDirectory("agent");
  onTestFinished(directory.remove);
  const scheduler = new FakeScheduler();
  const address = await scheduler.start();
  onTestFinished(() => scheduler.stop());
  const agent = new AgentProcess(directory.path, address);
  onTestFinished(async () => void (await agent.end("SIGKILL")));
  await agent.start();
  const job = gated(0, directory.path);
  scheduler.submit(job.spec);
  await waitFor(() => job.starts() === 1, LONG_MS);
  await scheduler.stop();
  job.open();
  const note = join(agent.root, "jobs", job.spec.token, "job_info.json");
  await waitFor(() => JSON.parse(fs.readFileSync(note, "utf8")).state === "ended", LONG_MS);
  await agent.end("SIGKILL"); // The report is on disk: it survives this, too.
  await agent.start();
  await scheduler.start(address);
  const end = await waitFor(() => scheduler.endOf(job.spec.token), LONG_MS);
  expect(end.outcome.cause).toBe("ok");
  expect(scheduler.endsOf(job.spec.token)).toHaveLength(1);
  expect(scheduler.reports.map(({ seq }) => seq)).toEqual(
    scheduler.reports.map((_, index) => index + 1),
  );
}, 120_000);

test("reports that were not acknowledged come again, in order, and commands may come twice", async () => {
  const { scheduler } = await agentWorld();
  scheduler.silent = true;
  const spec = specOf(0);
  scheduler.submit(spec);
  await waitFor(() => scheduler.endOf(spec.token), LONG_MS);
  scheduler.submit(spec); // Another number, the same attempt.
  scheduler.silent = false;
  scheduler.cut();
  await waitFor(() => scheduler.hellos.length === 2 && scheduler.connected, LONG_MS);
  const next = specOf(1);
  scheduler.submit(next);
  await waitFor(() => scheduler.endOf(next.token), LONG_MS);
  expect(scheduler.endsOf(spec.token)).toHaveLength(1);
  await waitFor(() => scheduler.acked === 3, LONG_MS);
}, 120_000);

test("a scheduler with a lower epoch is not obeyed", async () => {
  const { scheduler, agent } = await agentWorld();
  scheduler.epoch = 5;
  scheduler.cut();
  scheduler.submit(specOf(0));
  await waitFor(() => scheduler.endOf(specOf(0).token), LONG_MS);
  scheduler.epoch = 4;
  scheduler.cut();
  const hellos = scheduler.hellos.length;
  scheduler.submit(specOf(1));
  await waitFor(
    () => scheduler.hellos.length >= hellos + 2,
    LONG_MS,
    "it is refused and asked again",
  );
  expect(scheduler.hellos.at(-1)?.epochSeen).toBe(5);
  expect(fs.existsSync(join(agent.root, "jobs", specOf(1).token))).toBe(false);
  scheduler.epoch = 6;
  scheduler.command({ cancel: { token: specOf(7).token, reason: "" } });
  await waitFor(() => scheduler.heartbeats.length > 0, LONG_MS);
}, 120_000);

test("logs are followed while they grow, from an offset, and of attempts that are over", async () => {
  const { scheduler, agent } = await agentWorld();
  const job = gated(0, agent.directory);
  const { token } = job.spec;
  scheduler.submit(job.spec);
  await waitFor(() => job.starts() === 1, LONG_MS);
  const text = (id: string): string =>
    Buffer.concat(
      scheduler.chunks.flatMap(({ followId, data }) => (followId === id && data ? [data] : [])),
    ).toString();
  const over = (id: string) =>
    scheduler.chunks.find(({ followId, end }) => followId === id && end === true);
  scheduler.send({ followLogs: { followId: "a", token, stream: "both", follow: true } });
  scheduler.send({
    followLogs: { followId: "b", token: specOf(5).token, stream: "stdout", follow: false },
  });
  await waitFor(() => over("b"), LONG_MS);
  expect(over("b")?.error).toMatch(/no output of attempt/);
  expect(over("a")).toBeUndefined();
  job.open();
  await waitFor(() => over("a"), LONG_MS);
  expect([text("a"), over("a")?.error]).toEqual(["done\n", ""]);
  await waitFor(() => fs.existsSync(join(agent.root, "ended", token)), LONG_MS);
  scheduler.send({
    followLogs: { followId: "c", token, stream: "stdout", follow: false, stdoutOffset: 2 },
  });
  await waitFor(() => over("c"), LONG_MS);
  expect(text("c")).toBe("ne\n");
}, 120_000);
