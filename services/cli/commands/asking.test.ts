// Commands that ask: the shapes of --json, paging, downloads, secrets.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { signalbox } from "#proto/signalbox.js";
import { cli, folder, JobState, RUN, RunState, wireJob, wireRun } from "../testing/cli-run.ts";
import type { ControlHandlers } from "../testing/control-server.ts";

const done = wireJob("one", {
  state: JobState.JOB_STATE_SUCCEEDED,
  cause: "ok",
  exitCode: 0,
  endedAtMs: Date.now(),
  outputs: [
    { name: "energy", value: "-15.85" },
    { name: "plot", file: { path: "out/plot.txt", digest: "", sizeBytes: 4 } },
  ],
});

test("get shows a run with its outputs, and downloads result files under their digest", async () => {
  const digest = `sha256:${createHash("sha256").update("plot").digest("hex")}`;
  const job = {
    ...done,
    outputs: [
      done.outputs![0]!,
      { name: "plot", file: { path: "out/plot.txt", digest, sizeBytes: 4 } },
    ],
  };
  const cwd = folder();
  const handlers: ControlHandlers = {
    runs: {
      getRun: () =>
        Promise.resolve({ run: wireRun({ state: RunState.RUN_STATE_SUCCEEDED }), jobs: [job] }),
    },
    artifacts: {
      getArtifact: async function* getArtifact() {
        yield { data: Buffer.from("pl") };
        yield { data: Buffer.from("ot") };
      },
    },
  };
  const { code, terminal } = await cli(["get", RUN, "--outputs", "results"], handlers, { cwd });
  expect(code).toBe(0);
  expect(terminal.out()).toContain("one.energy  -15.85");
  expect(readFileSync(join(cwd, "results/one/out/plot.txt"), "utf8")).toBe("plot");
});

test("get says which steps belong to a cluster that is not heard", async () => {
  const given = { state: JobState.JOB_STATE_RUNNING, cluster: "hpc", attempt: 1 };
  const jobs = [
    wireJob("heard", { ...given, reachable: true }),
    wireJob("lost", { ...given, reachable: false }),
  ];
  const handlers: ControlHandlers = {
    runs: { getRun: () => Promise.resolve({ run: wireRun(), jobs }) },
  };
  const { terminal } = await cli(["get", RUN], handlers);
  expect(terminal.out()).toMatch(/^lost .*cluster not reachable$/mu);
  expect(terminal.out()).not.toMatch(/^heard .*reachable/mu);
});

test("a file that does not hash to its digest, or leaves the folder, is never written", async () => {
  const cwd = folder();
  for (const path of ["plot.txt", "../../escape.txt"]) {
    const digest = `sha256:${"0".repeat(64)}`;
    const job = { ...done, outputs: [{ name: "plot", file: { path, digest, sizeBytes: 4 } }] };
    const { code } = await cli(
      ["get", RUN, "--outputs", "results"],
      {
        runs: { getRun: () => Promise.resolve({ run: wireRun(), jobs: [job] }) },
        artifacts: {
          getArtifact: async function* getArtifact() {
            yield { data: Buffer.from("plot") };
          },
        },
      },
      { cwd },
    );
    expect(code).toBe(3);
    expect(() => statSync(join(cwd, "results/one/plot.txt"))).toThrow(/ENOENT/u);
  }
});

test("get --json and list --json have one shape for jobs", async () => {
  const handlers: ControlHandlers = {
    runs: { getRun: () => Promise.resolve({ run: wireRun(), jobs: [done] }) },
    jobs: {
      getJob: () => Promise.resolve({ job: done }),
      listJobs: () => Promise.resolve({ jobs: [done] }),
    },
  };
  const run = (await cli(["get", RUN, "--json"], handlers)).terminal.json() as { jobs: object[] };
  const one = (await cli(["get", `${RUN}/one`, "--json"], handlers)).terminal.json();
  const list = (await cli(["list", "jobs", "--json"], handlers)).terminal.json() as object[];
  expect(one).toEqual(run.jobs[0]);
  expect(list[0]).toEqual(one);
  expect(one).toMatchObject({
    ...{ id: `${RUN}/one`, state: "succeeded", exitCode: 0, schedulerJobId: "42" },
    outputs: [
      { name: "energy", value: "-15.85" },
      { name: "plot", file: { path: "out/plot.txt" } },
    ],
  });
});

test("list pages until the limit, with the filters it was given", async () => {
  const asked: signalbox.control.v1.IListRunsRequest[] = [];
  const { terminal } = await cli(
    [
      "list",
      "--state",
      "failed",
      "--state",
      "running",
      "--workflow",
      "demo",
      "--since",
      "1h",
      "-n",
      "1500",
      "--json",
    ],
    {
      runs: {
        listRuns: (request) => {
          asked.push(request);
          const size = request.page?.size ?? 0;
          return Promise.resolve({
            runs: Array.from({ length: size }, () => wireRun()),
            nextToken: "t",
          });
        },
      },
    },
  );
  expect(asked.map((request) => request.page?.size)).toEqual([1000, 500]);
  expect(asked[0]).toMatchObject({ states: [3, 1], workflow: "demo" });
  expect(Date.now() - asked[0]!.sinceMs!).toBeGreaterThanOrEqual(3_600_000);
  expect(terminal.json()).toHaveLength(1500);
});

test("why shows evidence, waiting, limit, next action and hints", async () => {
  const attempts = [
    {
      number: 1,
      confidence: "",
      evidence: [{ source: "queue", raw: "PD Priority", atMs: Date.now() - 3000 }],
    },
  ];
  const job = wireJob("scf", { state: JobState.JOB_STATE_SUBMITTED, cluster: "hpc", attempts });
  const { code, terminal } = await cli(["why", `${RUN}/scf`], {
    jobs: {
      explainJob: () =>
        Promise.resolve({
          job,
          waitsFor: ["the cluster's queue: Priority"],
          limit: "partition short: 2 jobs a user",
          nextAction: "the queue is asked again in 4 s",
          hints: ["signalbox cluster show hpc"],
        }),
    },
  });
  expect(code).toBe(0);
  expect(terminal.out().replaceAll(/ {2}\d\d:\d\d:\d\d, [\d.]+s ago/gu, ""))
    .toBe(`${RUN}/scf  in the queue on hpc, job 42
  waits for  the cluster's queue: Priority
  held by    partition short: 2 jobs a user
  next       the queue is asked again in 4 s
  evidence (attempt 1)
    queue       PD Priority
  → signalbox cluster show hpc
`);
});

test("cancel checks every id before it cancels the first", async () => {
  const cancelled: string[] = [];
  const handlers: ControlHandlers = {
    runs: {
      cancelRun: (request) => {
        cancelled.push(request.id ?? "");
        return Promise.resolve({ run: wireRun({ state: RunState.RUN_STATE_CANCELLING }) });
      },
    },
  };
  const bad = await cli(["cancel", RUN, "no run"], handlers);
  expect(bad.code).toBe(2);
  expect(cancelled).toEqual([]);
  const good = await cli(["cancel", RUN, "--json"], handlers);
  expect(good.terminal.json()).toEqual([{ id: RUN, state: "cancelling" }]);
  const running = wireJob("scf", { state: JobState.JOB_STATE_RUNNING });
  const jobs = { cancelJob: () => Promise.resolve({ job: running }) };
  const job = await cli(["cancel", `${RUN}/scf`], { jobs });
  expect(job.terminal.out()).toBe(`${RUN}/scf cancelling\n`);
});

test("a new token's secret is on stdout alone, or in a file that only its owner reads", async () => {
  const cwd = folder();
  const handlers: ControlHandlers = {
    namespaces: {
      createToken: () =>
        Promise.resolve({
          token: { id: "t1", role: "viewer", namespace: "default" },
          secret: "sbx_secret",
        }),
    },
  };
  const shown = await cli(["token", "create", "--role", "viewer"], handlers, { cwd });
  expect(shown.terminal.out()).toBe("sbx_secret\n");
  expect(shown.terminal.err()).not.toContain("sbx_secret");
  const filed = await cli(["token", "create", "--out", "t"], handlers, { cwd });
  expect(filed.terminal.out()).not.toContain("sbx_secret");
  expect(readFileSync(join(cwd, "t"), "utf8")).toBe("sbx_secret\n");
  expect(statSync(join(cwd, "t")).mode & 0o777).toBe(0o600);
});

test("a registered cluster's token goes to a file when asked, with the command to use it", async () => {
  const cwd = folder();
  mkdirSync(join(cwd, "x"));
  const { code, terminal } = await cli(
    ["cluster", "add", "hpc", "--kind", "slurm", "--enrolment-file", "x/token"],
    {
      clusters: {
        addCluster: (request) =>
          Promise.resolve({
            cluster: { name: request.name ?? "", kind: "slurm" },
            enrolmentToken: "sbe_once",
          }),
      },
    },
    { cwd },
  );
  expect(code).toBe(0);
  expect(readFileSync(join(cwd, "x/token"), "utf8")).toBe("sbe_once\n");
  expect(terminal.out()).not.toContain("sbe_once");
  expect(terminal.err()).toContain("--kind slurm --token-file x/token");
});

test("status says whether the scheduler answers, and ends 0 or 3", async () => {
  const { code, terminal } = await cli(["status", "--json"], {
    namespaces: {
      whoAmI: () =>
        Promise.resolve({ version: "0.1.0", log: "embedded", token: { role: "admin" } }),
    },
    clusters: {
      listClusters: () => Promise.resolve({ clusters: [{ name: "local", agent: "connected" }] }),
    },
    runs: { listRuns: () => Promise.resolve({ runs: [wireRun()] }) },
  });
  expect(code).toBe(0);
  expect(terminal.json()).toMatchObject({
    ...{ reachable: true, log: "embedded", role: "admin", services: [] },
    ...{ clusters: [{ name: "local" }], running: [{ id: RUN }] },
  });
});

test("usage sums what was posted by the fields that are asked for", async () => {
  const asked: object[] = [];
  const cell = { namespace: "lab", day: 20_000, key: "ada", model: "m", requests: 2, failed: 1 };
  const more = { promptTokens: 30, cachedTokens: 10, completionTokens: 50, workerMs: 90_000 };
  const handlers: ControlHandlers = {
    usage: {
      getUsage: (request) => {
        asked.push({ ...request });
        return Promise.resolve({
          cells: [
            { ...cell, ...more },
            { ...cell, ...more, day: 20_001 },
            { ...cell, ...more, day: 0, key: "" },
          ],
        });
      },
    },
  };
  const plain = await cli(["usage", "--since", "2026-05-01", "--until", "2026-05-31"], handlers);
  expect(plain.code).toBe(0);
  expect(plain.terminal.out()).toMatch(/^KEY +MODEL +REQUESTS +FAILED +PROMPT/u);
  expect(plain.terminal.out()).toMatch(/^ada +m +4 +2 +60 +20 +100 +3m00s$/mu);
  expect(plain.terminal.out()).toMatch(/^- +m +2 /mu);
  expect(asked[0]).toMatchObject({ fromDay: 20_574, toDay: 20_604 });
  const { terminal } = await cli(["--json", "usage", "--by", "day"], handlers);
  const days = JSON.parse(terminal.out()) as { day: string; key: string; requests: number }[];
  expect(days.map(({ day, key, requests }) => [day, key, requests])).toEqual([
    ["", "", 2],
    ["2024-10-04", "", 2],
    ["2024-10-05", "", 2],
  ]);
});
