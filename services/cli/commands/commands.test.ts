// Every command that talks to a scheduler, against a control plane over real gRPC that answers as
// each test says: exit codes, what goes to stdout and stderr, and the shapes of --json.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { runCli } from "../run-cli.ts";
import { controlServer, type ControlHandlers } from "../testing/control-server.ts";
import {
  testTerminal,
  type TestTerminal,
  type TestTerminalOptions,
} from "../testing/test-terminal.ts";

type WireRun = signalbox.control.v1.IRun;
type WireJob = signalbox.control.v1.IJob;

const RUN = "abcdefgh23456722";
const RUNNING = 1;
const SUCCEEDED = 2;
const FAILED = 3;

const wireRun = (over: WireRun = {}): WireRun => ({
  id: RUN,
  namespace: "default",
  workflow: "demo",
  digest: "sha256:00",
  state: RUNNING,
  submittedAtMs: Date.now() - 1000,
  submittedBy: "me",
  jobsTotal: 2,
  ...over,
});

const wireJob = (task: string, over: WireJob = {}): WireJob => ({
  id: `${RUN}/${task}`,
  runId: RUN,
  task,
  state: 5,
  cluster: "local",
  attempt: 1,
  schedulerJobId: "42",
  exitCode: -1,
  reachable: true,
  startedAtMs: Date.now() - 500,
  ...over,
});

const MANIFEST = `apiVersion: signalbox/v1
kind: Workflow
metadata: {name: demo}
params: {n: {type: integer, default: 1}}
tasks:
  - id: one
    uses: exec@1
    with:
      command: [cat, input.txt, "\${{ params.n }}"]
      files: {input.txt: {from: input.txt}}
`;

function folder(): string {
  const directory = tempDirectory("commands");
  onTestFinished(directory.remove);
  return directory.path;
}

async function cli(
  args: readonly string[],
  handlers: ControlHandlers | null,
  options: TestTerminalOptions & { during?: (terminal: TestTerminal) => Promise<void> } = {},
): Promise<{ code: number; terminal: TestTerminal }> {
  const env: { [name: string]: string } = { SIGNALBOX_HOME: folder() };
  if (handlers !== null) {
    const server = await controlServer(handlers);
    onTestFinished(server.stop);
    env["SIGNALBOX_SERVER"] = server.address;
    env["SIGNALBOX_TOKEN"] = "sbx_default_abcdefgh_secret";
  }
  const terminal = testTerminal({ ...options, env: { ...env, ...options.env } });
  const run = runCli(args, terminal);
  await options.during?.(terminal);
  return { code: await run, terminal };
}

describe("exit codes and usage", () => {
  test("an unknown command, option or value ends 2 and says what was meant", async () => {
    const cases: (readonly [string[], RegExp])[] = [
      [["lst"], /unknown command 'lst'[\s\S]*list/u],
      [["list", "--stat", "x"], /unknown option '--stat'[\s\S]*--state/u],
      [["list", "--limit", "many"], /"many" is no whole number/u],
      [["list", "--state", "done"], /"done" is no state[\s\S]*one of running, succeeded/u],
      [["get"], /missing required argument 'run-or-job'/u],
      [["get", "Not A Run"], /no run id[\s\S]*signalbox list/u],
      [["cluster", "add", "hpc"], /required option '--kind/u],
      [["token", "create", "--role", "god"], /Allowed choices are viewer, submitter, admin/u],
    ];
    for (const [args, expected] of cases) {
      const { code, terminal } = await cli(args, {});
      expect(code, args.join(" ")).toBe(2);
      expect(terminal.err()).toMatch(expected);
      expect(terminal.out()).toBe("");
    }
  });

  test("no scheduler known ends 3, one that does not answer too, each with the way out", async () => {
    const none = await cli(["list"], null);
    expect(none.code).toBe(3);
    expect(none.terminal.err()).toContain("signalbox up");
    const gone = await cli(["status"], null, { env: { SIGNALBOX_SERVER: "127.0.0.1:1" } });
    expect(gone.code).toBe(3);
    const away = await cli(["list", "--json"], null, { env: { SIGNALBOX_SERVER: "127.0.0.1:1" } });
    expect(away.code).toBe(3);
    expect(JSON.parse(away.terminal.err())).toMatchObject({
      error: { code: "UNAVAILABLE", retry: "later", hint: expect.stringContaining("signalbox up") },
    });
  });

  test("a refusal ends 3 and keeps the server's words and hint", async () => {
    const refused = {
      runs: {
        listRuns: () => Promise.reject(new Failure("FORBIDDEN", "viewer only", { hint: "ask" })),
      },
    };
    const { code, terminal } = await cli(["list"], refused);
    expect(code).toBe(3);
    expect(terminal.err()).toBe("error: viewer only\n  → ask\n");
  });

  test("every command has help with examples, and help ends 0", async () => {
    const { terminal } = await cli(["--help"], null);
    const names = [
      ...terminal
        .out()
        .matchAll(/^ {2}([a-z]+)(?: [<[][^\n]*?[>\]])?(?: \[args\.\.\.\])? {2,}\S/gmu),
    ].map((match) => match[1]!);
    expect(names).toEqual(
      expect.arrayContaining(["up", "run", "list", "why", "receipt", "completion"]),
    );
    for (const name of names.filter((it) => it !== "help")) {
      const groups = ["cluster", "token", "receipt", "log"].includes(name);
      const help = await cli([name, "--help"], null);
      expect(help.code, name).toBe(0);
      expect(help.terminal.out(), name).toContain(groups ? "Commands:" : "Examples:\n  ");
    }
  });
});

describe("submitting", () => {
  function manifestFolder(text = MANIFEST): string {
    const path = folder();
    writeFileSync(join(path, "demo.yaml"), text);
    writeFileSync(join(path, "input.txt"), "hello");
    return path;
  }
  const digest = `sha256:${createHash("sha256").update("hello").digest("hex")}`;

  test("a submission uploads what is missing and keeps its key over retries", async () => {
    const keys: string[] = [];
    const put: Buffer[] = [];
    let refusals = 2;
    let got: signalbox.control.v1.ISubmitRunRequest = {};
    const { code, terminal } = await cli(
      ["submit", "demo.yaml", "-p", "n=7", "--label", "a=b=c", "--cluster", "hpc", "--json"],
      {
        artifacts: {
          findMissing: (request) => Promise.resolve({ missing: request.digests ?? [] }),
          putArtifact: async (pieces) => {
            for await (const piece of pieces)
              if (piece.data?.length) put.push(Buffer.from(piece.data));
            return { digest, sizeBytes: 5 };
          },
        },
        runs: {
          submitRun: (request) => {
            keys.push(request.idempotencyKey ?? "");
            got = request;
            if (refusals-- > 0) return Promise.reject(new Failure("UNAVAILABLE", "not owner yet"));
            return Promise.resolve({ run: wireRun(), existed: false });
          },
        },
      },
      { cwd: manifestFolder() },
    );
    expect(code).toBe(0);
    expect(new Set(keys).size).toBe(1);
    expect(keys).toHaveLength(3);
    expect(Buffer.concat(put).toString()).toBe("hello");
    expect(got).toMatchObject({
      fileName: "demo.yaml",
      paramsJson: { n: '"7"' },
      fileDigests: { "input.txt": digest },
      cluster: "hpc",
      labels: { a: "b=c" },
    });
    expect(terminal.json()).toMatchObject({ run: { id: RUN, state: "running" }, existed: false });
  });

  test("--key is sent as it is", async () => {
    let key = "";
    await cli(
      ["submit", "demo.yaml", "--key", "nightly"],
      {
        artifacts: { findMissing: () => Promise.resolve({ missing: [] }) },
        runs: {
          submitRun: (request) => {
            key = request.idempotencyKey ?? "";
            return Promise.resolve({ run: wireRun(), existed: true });
          },
        },
      },
      { cwd: manifestFolder() },
    );
    expect(key).toBe("nightly");
  });

  test("an invalid manifest ends 2 with file, line, column and hint, and nothing is sent", async () => {
    const cwd = manifestFolder(
      MANIFEST.replace("exec@1", "exce@1").replace("input.txt}}", "gone.txt}}"),
    );
    for (const args of [
      ["submit", "demo.yaml"],
      ["run", "demo.yaml"],
    ]) {
      const { code, terminal } = await cli(args, {}, { cwd });
      expect(code).toBe(2);
      expect(terminal.err()).toMatch(/demo\.yaml:7:\d+: /u);
      expect(terminal.err()).toContain("nothing was submitted");
    }
    const missing = await cli(["submit", "nowhere.yaml"], {}, { cwd });
    expect(missing.code).toBe(2);
    expect(missing.terminal.err()).toContain("cannot read nowhere.yaml: there is no such file");
  });

  test("validate needs no scheduler, and says per file what is wrong and where", async () => {
    const cwd = manifestFolder();
    const good = await cli(["validate", "demo.yaml"], null, { cwd });
    expect(good.code).toBe(0);
    expect(good.terminal.out()).toContain("✔ demo.yaml: demo, 1 step: one");
    writeFileSync(join(cwd, "bad.yaml"), MANIFEST.replace("input.txt}}", "gone.txt}}"));
    const both = await cli(["validate", "demo.yaml", "bad.yaml", "--json"], null, { cwd });
    expect(both.code).toBe(2);
    expect(both.terminal.json()).toMatchObject([
      {
        file: "demo.yaml",
        valid: true,
        workflow: "demo",
        tasks: [{ id: "one", needs: [] }],
        errors: [],
      },
      {
        file: "bad.yaml",
        valid: false,
        errors: [{ line: 10, message: expect.stringContaining("gone.txt") }],
      },
    ]);
  });

  test("run ends with the run's result: 0, or 1 with the reason", async () => {
    for (const state of [SUCCEEDED, FAILED]) {
      const ended = wireRun({
        state,
        endedAtMs: Date.now(),
        reason: state === FAILED ? "one failed" : "",
      });
      const { code, terminal } = await cli(
        ["run", "demo.yaml", "--json"],
        {
          artifacts: { findMissing: () => Promise.resolve({ missing: [] }) },
          runs: {
            submitRun: () => Promise.resolve({ run: wireRun() }),
            watchRun: async function* watchRun() {
              yield { run: wireRun(), jobs: [wireJob("one")] };
              yield { run: ended, jobs: [wireJob("one", { state: state === FAILED ? 8 : 7 })] };
            },
          },
        },
        { cwd: manifestFolder() },
      );
      expect(code).toBe(state === FAILED ? 1 : 0);
      expect(terminal.json()).toMatchObject({
        run: { state: state === FAILED ? "failed" : "succeeded" },
        jobs: [{ task: "one" }],
      });
      expect(terminal.err()).toContain("one: running on local, job 42");
    }
  });

  test("sbatch submits a script as it stands, with its arguments, and answers like sbatch", async () => {
    const cwd = folder();
    const script = '#!/bin/bash\n#SBATCH --job-name=relax --time=10\necho "$1" ${{ x }}\n';
    writeFileSync(join(cwd, "job.sh"), script);
    let got: signalbox.control.v1.ISubmitRunRequest = {};
    const handlers = {
      runs: {
        submitRun: (request: signalbox.control.v1.ISubmitRunRequest) => {
          got = request;
          return Promise.resolve({ run: wireRun() });
        },
      },
    };
    const { code, terminal } = await cli(["sbatch", "job.sh", "--input", "a b"], handlers, { cwd });
    expect(code).toBe(0);
    expect(terminal.out()).toBe(`Submitted batch job ${RUN}/relax\n`);
    const manifest = JSON.parse(Buffer.from(got.manifest!).toString()) as {
      tasks: { with: { command: string[] } }[];
    };
    expect(manifest.tasks[0]!.with.command.slice(-2)).toEqual(["--input", "a b"]);

    writeFileSync(join(cwd, "bad.sh"), "#!/bin/sh\n#SBATCH --array=1-9\n");
    const bad = await cli(["sbatch", "bad.sh"], handlers, { cwd });
    expect(bad.code).toBe(2);
    expect(bad.terminal.err()).toMatch(
      /bad\.sh:2:\d+: --array is not supported\n[\s\S]*one task per index/u,
    );
  });
});

describe("watching", () => {
  test("watch --json is one object per change, and ends with the run", async () => {
    const { code, terminal } = await cli(["watch", RUN, "--json"], {
      runs: {
        watchRun: async function* watchRun() {
          yield {
            run: wireRun(),
            jobs: [wireJob("one"), wireJob("two", { state: 1, ordinal: 1 })],
          };
          yield {
            run: wireRun({ state: SUCCEEDED, endedAtMs: 1 }),
            jobs: [wireJob("two", { state: 7 })],
          };
        },
      },
    });
    expect(code).toBe(0);
    expect(terminal.records()).toMatchObject([
      { run: { state: "running" }, jobs: [{ task: "one" }, { task: "two", state: "blocked" }] },
      { run: { state: "succeeded" }, jobs: [{ task: "two", state: "succeeded" }] },
    ]);
  });

  test("Ctrl-C leaves the run going, says so, and ends 130", async () => {
    let cancelled = false;
    const handlers: ControlHandlers = {
      runs: {
        watchRun: async function* watchRun(_request, call) {
          yield { run: wireRun(), jobs: [wireJob("one")] };
          await new Promise((resume) => call.signal.addEventListener("abort", resume));
        },
        cancelRun: () => {
          cancelled = true;
          return Promise.resolve({ run: wireRun() });
        },
      },
    };
    const { code, terminal } = await cli(["watch", RUN], handlers, {
      during: async (it) => {
        await waitFor(() => it.out().includes("one: running"));
        it.interrupt();
      },
    });
    expect(code).toBe(130);
    expect(cancelled).toBe(false);
    expect(terminal.err()).toContain(`run ${RUN} goes on without being watched`);
    expect(terminal.err()).toContain(`signalbox cancel ${RUN}`);
    expect(terminal.listeners()).toBe(0);
  });

  test("a scheduler that goes away and comes back is waited for, on the same terminal", async () => {
    let calls = 0;
    const { code, terminal } = await cli(["watch", RUN], {
      runs: {
        watchRun: async function* watchRun() {
          calls += 1;
          yield { run: wireRun(), jobs: [wireJob("one")] };
          if (calls === 1) throw new Failure("UNAVAILABLE", "stopping");
          yield {
            run: wireRun({ state: SUCCEEDED, endedAtMs: 1 }),
            jobs: [wireJob("one", { state: 7 })],
          };
        },
      },
    });
    expect(code).toBe(0);
    expect(calls).toBe(2);
    expect(terminal.out()).toContain("the scheduler does not answer, still trying: stopping");
  });

  test("on a terminal the picture is redrawn in place and left standing at the end", async () => {
    const { terminal } = await cli(
      ["watch", RUN],
      {
        runs: {
          watchRun: async function* watchRun() {
            yield { run: wireRun(), jobs: [wireJob("one")] };
            yield {
              run: wireRun({ state: SUCCEEDED, endedAtMs: Date.now() }),
              jobs: [wireJob("one", { state: 7 })],
            };
          },
        },
      },
      { tty: true, env: { TERM: "xterm" } },
    );
    expect(terminal.out()).toContain("\u001b[?25l");
    expect(terminal.out()).toMatch(/\u001b\[\d+A\r/u);
    expect(terminal.out().endsWith("\u001b[?25h")).toBe(true);
  });

  test("logs keep the two streams apart, byte for byte, and go on after a broken connection", async () => {
    let calls = 0;
    const handlers: ControlHandlers = {
      jobs: {
        getJob: () => Promise.resolve({ job: wireJob("one") }),
        readLogs: async function* readLogs() {
          calls += 1;
          yield { stream: "stdout", data: Buffer.from("héllo ") };
          yield { stream: "stderr", data: Buffer.from([0xff, 0x0a]) };
          if (calls === 1) throw new Failure("UNAVAILABLE", "moved");
          yield { stream: "stdout", data: Buffer.from("world\n") };
        },
      },
    };
    const followed = await cli(["logs", "-f", `${RUN}/one`], handlers);
    expect(followed.code).toBe(0);
    expect(followed.terminal.out()).toBe("héllo world\n");
    expect(followed.terminal.err()).toBe("\ufffd\n");
    const json = await cli(["logs", `${RUN}/one`, "--json"], handlers);
    expect(json.terminal.records()).toEqual([
      { stream: "stdout", text: "héllo " },
      { stream: "stderr", base64: "/wo=" },
      { stream: "stdout", text: "world\n" },
    ]);
  });

  test("logs of a run with one task need no task's name; with several they ask which", async () => {
    const handlers = (jobs: WireJob[]): ControlHandlers => ({
      runs: { getRun: () => Promise.resolve({ run: wireRun(), jobs }) },
      jobs: {
        readLogs: async function* readLogs(request) {
          yield { stream: "stdout", data: Buffer.from(request.id ?? "") };
        },
      },
    });
    const one = await cli(["logs", RUN], handlers([wireJob("one")]));
    expect(one.terminal.out()).toBe(`${RUN}/one`);
    const two = await cli(["logs", RUN], handlers([wireJob("one"), wireJob("two")]));
    expect(two.code).toBe(2);
    expect(two.terminal.err()).toContain(`${RUN}/two`);
  });
});

describe("asking", () => {
  const done = wireJob("one", {
    state: 7,
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
      runs: { getRun: () => Promise.resolve({ run: wireRun({ state: SUCCEEDED }), jobs: [job] }) },
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
    const job = wireJob("scf", { state: 4, cluster: "hpc", attempts });
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
          return Promise.resolve({ run: wireRun({ state: 4 }) });
        },
      },
    };
    const bad = await cli(["cancel", RUN, "no run"], handlers);
    expect(bad.code).toBe(2);
    expect(cancelled).toEqual([]);
    const good = await cli(["cancel", RUN, "--json"], handlers);
    expect(good.terminal.json()).toEqual([{ id: RUN, state: "cancelling" }]);
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
});
