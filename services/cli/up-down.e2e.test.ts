// A mesh of real processes on this machine: started, used, crashed, repaired and ended by the
// command line, as a user would. One after the other: each test leaves a mesh to the next.

import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { natsServerHere } from "#shared/mesh/nats-server.fixture.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { identityOf, isAlive } from "./mesh/process-identity.ts";
import { readMeshRecord, type ServiceRecord } from "./mesh/mesh-record.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DEADLINE_MS = 160_000;

const temporary = tempDirectory("up-down");
const home = join(temporary.path, "home");
const work = join(temporary.path, "work");

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function signalbox(...args: string[]): Promise<Ended> {
  const { SIGNALBOX_SERVER: _server, SIGNALBOX_TOKEN: _token, ...inherited } = process.env;
  const env = { ...inherited, SIGNALBOX_HOME: home, LANG: "C.UTF-8" };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [MAIN, ...args],
      { cwd: work, env, timeout: DEADLINE_MS },
      (error, out, err) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ code, out, err });
      },
    );
  });
}

async function json<T>(...args: string[]): Promise<T> {
  const ended = await signalbox(...args, "--json");
  expect(ended.code, `${args.join(" ")}: ${ended.err}`).toBe(0);
  return JSON.parse(ended.out) as T;
}

function service(name: string): ServiceRecord {
  return readMeshRecord(home).services.find((it) => it.name === name)!;
}

function workflow(name: string, first: string): string {
  const path = join(work, `${name}.yaml`);
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: "signalbox/v1",
      kind: "Workflow",
      metadata: { name },
      tasks: [
        {
          ...{ id: "one", uses: "script@1", with: { text: `#!/bin/sh\n${first}\n` } },
          outputs: { word: { value: { from: "stdout", pattern: "word (.*)" } } },
        },
        { id: "two", uses: "exec@1", with: { command: ["echo", "${{ tasks.one.outputs.word }}"] } },
        { id: "three", uses: "exec@1", needs: ["two"], with: { command: ["true"] } },
      ],
    }),
  );
  return path;
}

interface RunResult {
  readonly run: { readonly id: string; readonly state: string; readonly reason: string };
  readonly jobs: readonly {
    readonly task: string;
    readonly state: string;
    readonly reason: string;
    readonly outputs: readonly { readonly name: string; readonly value: string }[];
  }[];
}

beforeAll(() => {
  mkdirSync(work);
});

afterAll(async () => {
  await signalbox("down", "--jobs");
  temporary.remove();
}, DEADLINE_MS);

describe("a mesh on this machine", () => {
  test(
    "up starts it, and everything it writes is for its owner alone",
    async () => {
      const mesh = await json<{ log: string; started: string[]; http: string }>(
        "up",
        "--no-model",
        "--slots",
        "3",
      );
      expect(mesh.log).toBe("embedded");
      expect(mesh.started).toEqual(["scheduler", "agent-local"]);
      for (const file of ["client.json", "mesh.json", "secrets/admin-token", "scheduler.toml"]) {
        expect(statSync(join(home, file)).mode & 0o077, file).toBe(0);
      }
      expect(existsSync(join(home, "mesh.lock"))).toBe(false);
    },
    DEADLINE_MS,
  );

  test(
    "the curl line it prints works",
    async () => {
      const { out } = await signalbox("up", "--no-model");
      const line = out
        .split("\n")
        .find((it) => it.includes("curl "))!
        .trim();
      const answer = await new Promise<string>((resolve, reject) => {
        execFile("bash", ["-c", line.replace("curl ", "curl --silent --fail ")], (error, text) => {
          if (error === null) resolve(text);
          else reject(error);
        });
      });
      expect(JSON.parse(answer)).toHaveProperty("runs");
    },
    DEADLINE_MS,
  );

  test(
    "up again says that it runs and starts nothing",
    async () => {
      const before = readMeshRecord(home);
      const again = await signalbox("up", "--no-model");
      expect(again.code).toBe(0);
      expect(again.out).toContain("it was running already");
      expect(readMeshRecord(home)).toEqual(before);
    },
    DEADLINE_MS,
  );

  test(
    "run ends 0 with a succeeded run's outputs, and 1 with a failed one's reason",
    async () => {
      const good = await json<RunResult>("run", workflow("good", "echo word hello"));
      expect(good.jobs.map((job) => job.state)).toEqual(["succeeded", "succeeded", "succeeded"]);
      expect(good.jobs[0]!.outputs).toEqual([{ name: "word", value: "hello" }]);
      const bad = await signalbox("run", workflow("bad", "exit 3"), "--json");
      expect(bad.code).toBe(1);
      const failed = JSON.parse(bad.out) as RunResult;
      expect(failed.jobs.map((job) => job.state)).toEqual(["failed", "skipped", "skipped"]);
      expect(failed.jobs[1]!.reason).toContain("one");
      const logs = await signalbox("logs", `${good.run.id}/two`);
      expect(logs.out).toBe("hello\n");
    },
    DEADLINE_MS,
  );

  test(
    "receipts of a run verify from the file alone, and a changed byte is found",
    async () => {
      const [latest] = await json<{ id: string }[]>("list", "--state", "succeeded");
      const file = join(work, "receipts.json");
      await json("receipt", "get", latest!.id, "--out", file);
      const verified = await signalbox("receipt", "verify", file);
      expect(verified.code).toBe(0);
      const bytes = readFileSync(file, "utf8");
      writeFileSync(
        file,
        bytes.replace(/"sig":"(.)/u, (_all, char) => `"sig":"${char === "A" ? "B" : "A"}`),
      );
      expect((await signalbox("receipt", "verify", file)).code).toBe(1);
    },
    DEADLINE_MS,
  );

  test(
    "after a kill -9 of the scheduler, up starts it again where it was, and the run goes on",
    async () => {
      const go = join(work, "go");
      const path = workflow(
        "survivor",
        `while ! [ -e '${go}' ]; do sleep 0.05; done; echo word survived`,
      );
      const { run } = await json<{ run: { id: string } }>("submit", path);
      await waitFor(async () => {
        const jobs = await json<{ state: string }[]>("list", "jobs", "--run", run.id);
        return jobs[0]?.state === "running";
      }, 60_000);
      const [scheduler, agent] = [service("scheduler"), service("agent-local")];
      process.kill(scheduler.pid, "SIGKILL");
      await waitFor(() => !isAlive(scheduler));
      expect((await signalbox("status")).code).toBe(3);
      const mended = await json<{ started: string[]; grpc: string }>("up", "--no-model");
      expect(mended.started).toEqual(["scheduler"]);
      expect(mended.grpc).toBe(scheduler.ready?.["grpc"]);
      expect(service("agent-local").pid).toBe(agent.pid);
      writeFileSync(go, "");
      const watched = await signalbox("watch", run.id);
      expect(watched.code, watched.out).toBe(0);
    },
    DEADLINE_MS,
  );

  test(
    "a run is left going by down, named, and adopted by the next up",
    async () => {
      const go = join(work, "go-on");
      const path = workflow(
        "adopted",
        `while ! [ -e '${go}' ]; do sleep 0.05; done; echo word adopted`,
      );
      const { run } = await json<{ run: { id: string } }>("submit", path);
      const claims = (): string[] => runningClaims();
      await waitFor(() => claims().length === 1, 60_000);
      const down = await json<{ left: { job: string; pid: number }[] }>("down");
      expect(down.left.map((job) => job.job)).toEqual([`${run.id}/one`]);
      const job = identityOf(down.left[0]!.pid)!;
      expect(isAlive(job)).toBe(true);
      await json("up", "--no-model");
      expect(isAlive(job)).toBe(true);
      writeFileSync(go, "");
      expect((await signalbox("watch", run.id)).code).toBe(0);
    },
    DEADLINE_MS,
  );

  test(
    "down --jobs ends running jobs too, and says which",
    async () => {
      const { run } = await json<{ run: { id: string } }>(
        "submit",
        workflow("endless", "sleep 600"),
      );
      await waitFor(() => runningClaims().length === 1, 60_000);
      const down = await json<{ left: unknown[]; ended: { job: string }[] }>("down", "--jobs");
      expect(down.left).toEqual([]);
      expect(down.ended.map((job) => job.job)).toEqual([`${run.id}/one`]);
      expect(runningClaims()).toEqual([]);
    },
    DEADLINE_MS,
  );

  test(
    "down never ends a process that was given a recorded pid later",
    async () => {
      const record = readMeshRecord(home);
      const self = identityOf(process.pid)!;
      const reused = record.services.map((it) => ({ ...it, pid: self.pid }));
      writeFileSync(join(home, "mesh.json"), JSON.stringify({ ...record, services: reused }));
      const down = await json<{ services: { result: string }[] }>("down");
      expect(down.services.map((it) => it.result)).toEqual(["was-gone", "was-gone"]);
      writeFileSync(join(home, "mesh.json"), JSON.stringify(record));
    },
    DEADLINE_MS,
  );

  test(
    "what ran before is there after down and up",
    async () => {
      const before = service("scheduler").ready?.["grpc"];
      const mesh = await json<{ grpc: string }>("up", "--no-model");
      expect(mesh.grpc).toBe(before);
      const runs = await json<{ workflow: string; state: string }[]>("list");
      expect(runs.map((run) => run.workflow)).toEqual([
        "endless",
        "adopted",
        "survivor",
        "bad",
        "good",
      ]);
      expect(runs[0]!.state).toMatch(/cancelled|failed|running/u);
    },
    DEADLINE_MS,
  );

  test(
    "agent runs a second cluster in the foreground, and ends when it is told to",
    async () => {
      const token = join(work, "second.token");
      await json("cluster", "add", "second", "--kind", "local", "--enrolment-file", token);
      const { grpc } = JSON.parse(readFileSync(join(home, "client.json"), "utf8")) as {
        grpc: string;
      };
      const root = join(work, "second");
      const args = ["agent", "--scheduler", grpc, "--token-file", token, "--kind", "local"];
      const env = { ...process.env, SIGNALBOX_HOME: home };
      const agent = spawn(process.execPath, [MAIN, ...args, "--root", root], {
        env,
        stdio: "ignore",
      });
      const ended = new Promise((resolve) => agent.once("close", resolve));
      try {
        await waitFor(async () => {
          const cluster = await json<{ agent: string }>("cluster", "show", "second");
          return cluster.agent === "connected";
        }, 60_000);
        const path = workflow("there", "echo word there");
        const ran = await json<{ jobs: { cluster: string }[] }>("run", path, "--cluster", "second");
        expect(ran.jobs.map((job) => job.cluster)).toEqual(["second", "second", "second"]);
      } finally {
        agent.kill("SIGTERM");
      }
      expect(await ended).toBe(0);
    },
    DEADLINE_MS,
  );

  test(
    "doctor finds nothing wrong with a mesh that runs",
    async () => {
      const { checks } = await json<{ checks: { what: string; state: string }[] }>("doctor").catch(
        async () => JSON.parse((await signalbox("doctor", "--json")).out) as never,
      );
      const states = Object.fromEntries(checks.map((check) => [check.what, check.state]));
      expect(states).toMatchObject({
        ...{ node: "ok", home: "ok", client: "ok", scheduler: "ok", token: "ok", log: "ok" },
        ...{ clock: "ok", "agent-local": "ok", "cluster local": "ok", "cluster second": "fail" },
      });
    },
    DEADLINE_MS,
  );

  const natsTest = natsServerHere() !== null ? test : test.skip;
  natsTest(
    "log migrate moves everything to JetStream (node tools/setup.ts nats-server gets what it needs)",
    async () => {
      expect((await signalbox("log", "migrate")).err).toContain("the scheduler is running");
      const before = await json<{ id: string }[]>("list");
      await json("down");
      const moved = await json<{ records: number; copied: number }>("log", "migrate");
      expect(moved.copied).toBe(moved.records);
      const mesh = await json<{ log: string; started: string[] }>("up", "--no-model");
      expect(mesh).toMatchObject({
        log: "jetstream",
        started: ["nats", "scheduler", "agent-local"],
      });
      expect((await json<{ id: string }[]>("list")).map((run) => run.id)).toEqual(
        before.map((run) => run.id),
      );
      await json("run", workflow("after", "echo word moved"));
      expect((await signalbox("log", "migrate")).err).toContain("in JetStream already");
      const down = await json<{ services: { name: string; result: string }[] }>("down");
      expect(down.services.map((it) => it.name)).toEqual(["agent-local", "scheduler", "nats"]);
      expect(down.services.map((it) => it.result)).toEqual(["stopped", "stopped", "stopped"]);
    },
    DEADLINE_MS,
  );
});

test(
  "demo brings its own mesh up and down, and a broken step ends it 1 with the rest skipped",
  async () => {
    const before = new Set(readdirSync(temporary.path));
    const broken = workflow("broken", "exit 4");
    const ended = await signalbox(
      "demo",
      "--json",
      "--home",
      join(temporary.path, "demo"),
      "--manifest",
      broken,
    );
    expect(ended.code, ended.err).toBe(1);
    const result = JSON.parse(ended.out.trimEnd().split("\n").at(-1)!) as {
      state: string;
      log: string;
      cluster: string;
      receiptsVerified: boolean;
      steps: { id: string; state: string; reason: string; attempts: number }[];
    };
    expect(result).toMatchObject({ state: "failed", log: "embedded", cluster: "local" });
    expect(result.receiptsVerified).toBe(true);
    expect(result.steps.map((step) => step.state)).toEqual(["failed", "skipped", "skipped"]);
    expect(result.steps[2]!.reason).not.toBe("");
    expect(existsSync(join(temporary.path, "demo", "mesh"))).toBe(false);
    expect(readdirSync(temporary.path).filter((name) => !before.has(name))).toEqual(["demo"]);
  },
  DEADLINE_MS,
);

/** Tokens of job directories whose supervisor lives. */
function runningClaims(): string[] {
  const jobs = join(home, "agents", "local", "root", "jobs");
  if (!existsSync(jobs)) return [];
  return readdirSync(jobs).filter((token) => {
    const claim = join(jobs, token, "claim");
    if (!existsSync(claim)) return false;
    const pid = Number(readFileSync(claim, "utf8").split(" ")[4]);
    const status = join(jobs, token, "status");
    const ended = existsSync(status) && /^exit /mu.test(readFileSync(status, "utf8"));
    return !ended && identityOf(pid) !== null;
  });
}

test(
  "the examples that ship are valid as they stand",
  async () => {
    const examples = readdirSync(join(ROOT, "examples"))
      .map((name) => join(ROOT, "examples", name, "workflow.yaml"))
      .filter((path) => existsSync(path));
    const ended = await signalbox("validate", ...examples);
    expect(ended.out).not.toContain("error");
    expect(ended.code).toBe(0);
  },
  DEADLINE_MS,
);
