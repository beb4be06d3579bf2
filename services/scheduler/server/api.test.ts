// The public API over real gRPC, on a real engine and log, with an agent that plays its part.

import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { verifyBundle } from "#shared/receipt/verify-bundle.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { TestScheduler } from "../scheduler.fixture.ts";
import type { Clients, TestAgent } from "../scheduler.fixture.ts";
import { JobStateView, RunStateView } from "./views.ts";

let scheduler: TestScheduler;
let api: Clients;
let agent: TestAgent;

beforeAll(async () => {
  scheduler = await TestScheduler.start(60_000); // Its agents say nothing between tests.
  api = scheduler.clients();
  agent = await scheduler.cluster("local");
  await agent.connect();
  agent.heartbeat();
});
afterAll(() => scheduler.end());

const CHAIN = `apiVersion: signalbox/v1
kind: Workflow
metadata: {name: chain}
tasks:
  - id: first
    uses: exec@1
    with: {command: [echo, "42"]}
    outputs: {answer: {value: {from: stdout}}}
  - id: second
    uses: exec@1
    with: {command: [echo, "\${{ tasks.first.outputs.answer }}"]}
  - id: third
    uses: exec@1
    needs: [second]
    with: {command: [echo, done]}
`;

function single(name: string): Buffer {
  return Buffer.from(
    JSON.stringify({
      apiVersion: "signalbox/v1",
      kind: "Workflow",
      metadata: { name },
      tasks: [{ id: "only", uses: "exec@1", with: { command: ["true"] } }],
    }),
  );
}

async function refusal(promise: Promise<unknown>): Promise<Failure> {
  const reason = await promise.then(
    () => null,
    (failure: unknown) => failure,
  );
  expect(reason).toBeInstanceOf(Failure);
  return reason as Failure;
}

async function watchToEnd(id: string): Promise<{ states: number[]; jobs: Map<string, number> }> {
  const states: number[] = [];
  const jobs = new Map<string, number>();
  for await (const message of api.runs.watchRun({ id })) {
    states.push(message.run?.state ?? 0);
    for (const job of message.jobs ?? []) jobs.set(job.task ?? "", job.state ?? 0);
  }
  return { states, jobs };
}

describe("a run", () => {
  test("goes from submission to success, watched, with receipts that verify offline", async () => {
    const { run, existed } = await api.runs.submitRun({
      manifest: Buffer.from(CHAIN),
      fileName: "chain.yaml",
    });
    expect(existed).toBe(false);
    expect(run?.workflow).toBe("chain");
    const { states, jobs } = await watchToEnd(run?.id ?? "");
    expect(states.at(-1)).toBe(RunStateView.RUN_STATE_SUCCEEDED);
    expect([...jobs]).toEqual([
      ["first", JobStateView.JOB_STATE_SUCCEEDED],
      ["second", JobStateView.JOB_STATE_SUCCEEDED],
      ["third", JobStateView.JOB_STATE_SUCCEEDED],
    ]);
    const { bundleJson } = await api.runs.getReceipts({ id: run?.id ?? "" });
    const verdict = verifyBundle(bundleJson ?? new Uint8Array());
    expect(verdict.problems).toEqual([]);
    expect(verdict.steps).toHaveLength(3);
    const job = (await api.jobs.getJob({ id: `${run?.id}/first` })).job;
    expect(job?.outputs?.[0]?.value).toBe("42");
    expect(job?.attempts?.[0]?.evidence?.at(-1)?.raw).toBe("exit 0");
    expect(job?.schedulerJobId).toBe("77");
  });

  test("with a failing step skips what depends on it, and a retry runs only that again", async () => {
    const before = agent.onSubmit;
    agent.onSubmit = (spec) => (spec.task === "second" ? agent.fail(spec) : agent.succeed(spec));
    const { run } = await api.runs.submitRun({ manifest: Buffer.from(CHAIN) });
    const id = run?.id ?? "";
    const first = await watchToEnd(id);
    expect(first.states.at(-1)).toBe(RunStateView.RUN_STATE_FAILED);
    const { jobs } = await api.runs.getRun({ id });
    expect(jobs?.map(({ state }) => state)).toEqual([
      JobStateView.JOB_STATE_SUCCEEDED,
      JobStateView.JOB_STATE_FAILED,
      JobStateView.JOB_STATE_SKIPPED,
    ]);
    expect(jobs?.[2]?.reason).toContain("needs second, which failed");
    const why = await api.jobs.explainJob({ id: `${id}/third` });
    expect(why.waitsFor).toEqual([]);
    expect(why.nextAction).toContain("needs second, which failed");
    agent.onSubmit = before;
    await api.runs.retryRun({ id });
    const again = await watchToEnd(id);
    expect(again.states.at(-1)).toBe(RunStateView.RUN_STATE_SUCCEEDED);
    const submitted = agent.commands.filter(({ submit }) =>
      Buffer.from(submit?.specJson ?? []).includes(`"run":"${id}"`),
    );
    expect(submitted).toHaveLength(4); // first, second, second again, third
    expect(verifyBundle((await api.runs.getReceipts({ id })).bundleJson ?? "").problems).toEqual(
      [],
    );
  });

  test("submitted again with the same key is the same run; with other content it is refused", async () => {
    const idempotencyKey = "nightly-1";
    const first = await api.runs.submitRun({ manifest: single("same"), idempotencyKey });
    const again = await api.runs.submitRun({ manifest: single("same"), idempotencyKey });
    expect([again.existed, again.run?.id]).toEqual([true, first.run?.id]);
    const other = await refusal(api.runs.submitRun({ manifest: single("other"), idempotencyKey }));
    expect(other.code).toBe("ALREADY_EXISTS");
  });

  test("that is wrong is refused with every error and its position, and nothing is stored", async () => {
    const count = (await api.runs.listRuns({ page: { size: 1000 } })).runs?.length;
    const broken = CHAIN.replace("exec@1", "exec@9").replace("needs: [second]", "needs: [secnd]");
    const failure = await refusal(
      api.runs.submitRun({ manifest: Buffer.from(broken), fileName: "si.yaml" }),
    );
    expect(failure.code).toBe("INVALID");
    expect(failure.message).toMatch(/si\.yaml:\d+:\d+: /);
    expect((await api.runs.listRuns({ page: { size: 1000 } })).runs?.length).toBe(count);
  });

  test("that names no known cluster, or a file nobody uploaded, is refused by name", async () => {
    const cluster = await refusal(api.runs.submitRun({ manifest: single("x"), cluster: "mars" }));
    expect(cluster.message).toContain("names cluster mars; there are: ");
    const digest = `sha256:${"0".repeat(64)}`;
    const file = await refusal(
      api.runs.submitRun({ manifest: single("x"), fileDigests: { "si.in": digest } }),
    );
    expect(file.message).toContain("file si.in: artifact sha256:0000");
  });

  test("can be cancelled with the reason shown, and its receipts are refused while it goes on", async () => {
    const before = agent.onSubmit;
    agent.onSubmit = (spec) => agent.phase(spec, "running");
    const { run } = await api.runs.submitRun({ manifest: single("long") });
    const id = run?.id ?? "";
    await waitFor(
      async () =>
        (await api.jobs.getJob({ id: `${id}/only` })).job?.state === JobStateView.JOB_STATE_RUNNING,
    );
    expect((await refusal(api.runs.getReceipts({ id }))).code).toBe("CONFLICT");
    const cancelled = await api.runs.cancelRun({ id, reason: "wrong input" });
    expect(cancelled.run?.state).toBe(RunStateView.RUN_STATE_CANCELLING);
    expect(cancelled.run?.reason).toBe("wrong input");
    await waitFor(() => agent.commands.some(({ cancel }) => cancel?.token?.startsWith(id)));
    const why = await api.jobs.explainJob({ id: `${id}/only` });
    expect(why.waitsFor?.[0]).toContain("cluster local to confirm that local job 77 has stopped");
    agent.onSubmit = before;
    agent.report(`${id}-0-1`, {
      kind: "ended",
      nativeId: "77",
      outcome: {
        cause: "cancelled",
        exitCode: null,
        signal: 15,
        confidence: "proven",
        startedAtMs: 1,
        endedAtMs: 2,
        cpuMs: null,
        maxRssKb: null,
        message: "cancelled",
      },
      outputs: [],
      receipt: null,
      receiptDigest: null,
      evidence: { source: "queue", raw: "CANCELLED", atMs: 3 },
    });
    const { states } = await watchToEnd(id);
    expect(states.at(-1)).toBe(RunStateView.RUN_STATE_CANCELLED);
  });
});

describe("why", () => {
  test("names the slots a queued job waits for and how many are ahead", async () => {
    const held = await scheduler.cluster("narrow", 1);
    held.onSubmit = (spec) => held.phase(spec, "running");
    await held.connect();
    held.heartbeat();
    const submit = async (): Promise<string> =>
      (await api.runs.submitRun({ manifest: single("w"), cluster: "narrow" })).run?.id ?? "";
    const first = await submit();
    await waitFor(
      async () =>
        (await api.jobs.getJob({ id: `${first}/only` })).job?.state ===
        JobStateView.JOB_STATE_RUNNING,
    );
    await submit();
    const third = await submit();
    const why = await waitFor(async () => {
      const answer = await api.jobs.explainJob({ id: `${third}/only` });
      return answer.limit === "" ? null : answer;
    });
    expect(why.limit).toBe("cluster narrow runs 1 of 1 slots; 1 job is ahead");
    expect(why.waitsFor).toEqual([
      "one of 1 slot of cluster narrow",
      `a slot is held by job ${first}/only`,
    ]);
    held.drop();
    const away = await waitFor(async () => {
      const answer = await api.jobs.explainJob({ id: `${third}/only` });
      return answer.waitsFor?.[0]?.includes("disconnected") ? answer : null;
    });
    expect(away.waitsFor?.[0]).toMatch(
      /^the agent of cluster narrow, which is disconnected \(last seen \d+ s ago\)$/,
    );
  });

  test("says that a cluster has no agent yet", async () => {
    await api.clusters.addCluster({ name: "empty", kind: "slurm" });
    const { run } = await api.runs.submitRun({ manifest: single("w"), cluster: "empty" });
    const why = await waitFor(async () => {
      const answer = await api.jobs.explainJob({ id: `${run?.id}/only` });
      return answer.waitsFor?.[0]?.includes("none has enrolled") ? answer : null;
    });
    expect(why.nextAction).toBe(
      "It is given to cluster empty when its agent has enrolled and connected.",
    );
  });
});

describe("lists", () => {
  test("page through all runs without repeating or missing one, and filter", async () => {
    for (let i = 0; i < 7; i++)
      await api.runs.submitRun({ manifest: single(i % 2 === 0 ? "even" : "odd") });
    const all = (await api.runs.listRuns({ page: { size: 1000 } })).runs?.map(({ id }) => id);
    const paged: (string | null | undefined)[] = [];
    let token = "";
    do {
      const page = await api.runs.listRuns({ page: { size: 3, token } });
      paged.push(...(page.runs ?? []).map(({ id }) => id));
      token = page.nextToken ?? "";
    } while (token !== "");
    expect(paged).toEqual(all);
    const even = await api.runs.listRuns({ workflow: "even" });
    expect(even.runs).toHaveLength(4);
    expect((await api.runs.listRuns({ name: "even" })).runs).toHaveLength(4);
    expect((await api.runs.listRuns({ cluster: "local", workflow: "odd" })).runs).toHaveLength(3);
    expect((await api.runs.listRuns({ untilMs: 1 })).runs).toEqual([]);
    const { nextToken } = await api.runs.listRuns({ page: { size: 1 } });
    const mixed = await refusal(
      api.runs.listRuns({ page: { size: 1, token: nextToken ?? "" }, workflow: "even" }),
    );
    expect(mixed.message).toContain("another filter");
  });

  test("give jobs by state, cluster and run, over pages", async () => {
    const { run } = await api.runs.submitRun({ manifest: Buffer.from(CHAIN) });
    await watchToEnd(run?.id ?? "");
    const tasks: string[] = [];
    let token = "";
    do {
      const page = await api.jobs.listJobs({ runId: run?.id ?? "", page: { size: 1, token } });
      tasks.push(...(page.jobs ?? []).map(({ task }) => task ?? ""));
      token = page.nextToken ?? "";
    } while (token !== "");
    expect(tasks).toEqual(["first", "second", "third"]);
    const failed = await api.jobs.listJobs({ states: [JobStateView.JOB_STATE_FAILED] });
    expect(failed.jobs).toEqual([]);
    const named = await api.jobs.listJobs({ name: "seco", cluster: "local", page: { size: 1000 } });
    expect(new Set(named.jobs?.map(({ task }) => task))).toEqual(new Set(["second"]));
  });
});

describe("artifacts", () => {
  test("come back as they went in, and only under their own name", async () => {
    const body = Buffer.from("pseudopotential".repeat(100_000));
    const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
    expect((await api.artifacts.findMissing({ digests: [digest] })).missing).toEqual([digest]);
    const pieces = [
      { digest, data: body.subarray(0, 1_000_000) },
      { data: body.subarray(1_000_000) },
    ];
    const stored = await api.artifacts.putArtifact(pieces);
    expect(stored).toMatchObject({ digest, sizeBytes: body.length });
    expect((await api.artifacts.findMissing({ digests: [digest] })).missing).toEqual([]);
    const chunks: Uint8Array[] = [];
    for await (const { data } of api.artifacts.getArtifact({ digest }))
      chunks.push(data ?? new Uint8Array());
    expect(Buffer.concat(chunks).equals(body)).toBe(true);
    const wrong = await refusal(
      api.artifacts.putArtifact([
        { digest: `sha256:${"1".repeat(64)}`, data: body.subarray(0, 9) },
      ]),
    );
    expect(wrong.code).toBe("INVALID");
  });
});

describe("artifacts of two namespaces", () => {
  const bytes = (text: string): { digest: string; data: Buffer } => {
    const data = Buffer.from(text);
    return { digest: `sha256:${createHash("sha256").update(data).digest("hex")}`, data };
  };
  const other = async (namespace: string, role = "admin"): Promise<Clients> => {
    const { secret } = await api.namespaces.createToken({ namespace, role });
    return scheduler.clients(secret ?? "");
  };
  const readAll = async (clients: Clients, digest: string): Promise<string> => {
    let text = "";
    for await (const { data } of clients.artifacts.getArtifact({ digest }))
      text += Buffer.from(data ?? []).toString();
    return text;
  };

  test("are apart: what another namespace has looks exactly like what nobody has", async () => {
    const theirs = await other("apart");
    const { digest, data } = bytes("a secret of namespace default");
    await api.artifacts.putArtifact([{ digest, data }]);
    expect((await theirs.artifacts.findMissing({ digests: [digest] })).missing).toEqual([digest]);
    const nowhere = bytes("of nobody").digest;
    const denied = await refusal(theirs.artifacts.getArtifact({ digest }).next());
    const absent = await refusal(theirs.artifacts.getArtifact({ digest: nowhere }).next());
    expect(denied.code).toBe("NOT_FOUND");
    expect(denied.message.replace(digest, nowhere)).toBe(absent.message);
    const manifest = {
      ...{ apiVersion: "signalbox/v1", kind: "Workflow", metadata: { name: "w" } },
      tasks: [
        { id: "a", uses: "exec@1", with: { command: ["true"], files: { "x.in": "./x.in" } } },
      ],
    };
    const run = {
      ...{ manifest: Buffer.from(JSON.stringify(manifest)), cluster: "local" },
      fileDigests: { "x.in": digest },
    };
    expect((await refusal(theirs.runs.submitRun(run))).message).toContain("was not uploaded");
  });

  test("take the whole body from each; then both have it", async () => {
    const theirs = await other("bodies");
    const { digest, data } = bytes("the same bytes in two namespaces");
    await api.artifacts.putArtifact([{ digest, data }]);
    const empty = await refusal(theirs.artifacts.putArtifact([{ digest }]));
    expect(empty.code).toBe("INVALID");
    const part = [{ digest, data: data.subarray(0, 9) }];
    expect((await refusal(theirs.artifacts.putArtifact(part))).code).toBe("INVALID");
    expect((await refusal(theirs.artifacts.getArtifact({ digest }).next())).code).toBe("NOT_FOUND");
    await theirs.artifacts.putArtifact([{ digest, data }]);
    expect(await readAll(theirs, digest)).toBe(data.toString());
    const owners = join(scheduler.directory, "state", "artifact-owners");
    const hex = digest.slice("sha256:".length);
    for (const namespace of ["default", "bodies"]) {
      const marker = statSync(join(owners, namespace, hex.slice(0, 2), hex.slice(2)));
      expect([marker.isFile(), marker.size]).toEqual([true, 0]);
    }
    expect(await readAll(api, digest)).toBe(data.toString());
    expect((await api.artifacts.findMissing({ digests: [digest] })).missing).toEqual([]);
  });
});

describe("tokens", () => {
  test("the first administrator's is in a file of its owner alone", () => {
    const file = join(scheduler.directory, "token");
    expect(readFileSync(file, "utf8")).toMatch(/^sbx_default_/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("are refused with the reason: missing, malformed, unknown, revoked, expired", async () => {
    const who = (token: string | null): Promise<unknown> =>
      scheduler.clients(token).namespaces.whoAmI({});
    const reasonOf = async (token: string | null): Promise<string> => {
      const failure = await refusal(who(token));
      expect(failure.code).toBe("UNAUTHENTICATED");
      return failure.message;
    };
    expect(await reasonOf(null)).toContain("no bearer token");
    expect(await reasonOf("hunter2")).toContain("no Signalbox token");
    const wrong = scheduler.adminToken.replace(/.$/, (last) => (last === "a" ? "b" : "a"));
    expect(await reasonOf(wrong)).toContain("unknown");
    expect(await reasonOf(`sbx_nowhere_${"a".repeat(8)}_${"a".repeat(32)}`)).toContain("unknown");
    const made = await api.namespaces.createToken({
      role: "viewer",
      name: "short",
      lifetimeS: 3600,
    });
    await who(made.secret ?? "");
    await api.namespaces.revokeToken({ id: made.token?.id ?? "" });
    expect(await reasonOf(made.secret ?? "")).toContain("revoked at");
    expect((await api.namespaces.listTokens({})).tokens?.some(({ revoked }) => revoked)).toBe(true);
  });

  test("allow what their role and namespace allow: every call by every role", async () => {
    const clients = new Map<string, Clients>();
    for (const role of ["viewer", "submitter", "admin"]) {
      const { secret } = await api.namespaces.createToken({ role, name: role });
      clients.set(role, scheduler.clients(secret ?? ""));
    }
    const { secret: foreign } = await api.namespaces.createToken({
      namespace: "elsewhere",
      role: "admin",
      name: "other",
    });
    clients.set("foreign", scheduler.clients(foreign ?? ""));
    const id = "aaaaaaaaaaaaaaaa";
    const namespace = "default";
    const calls: {
      readonly [name: string]: {
        readonly needs: string;
        readonly call: (c: Clients) => Promise<unknown>;
      };
    } = {
      getRun: { needs: "viewer", call: (c) => c.runs.getRun({ namespace, id }) },
      listRuns: { needs: "viewer", call: (c) => c.runs.listRuns({ namespace }) },
      getReceipts: { needs: "viewer", call: (c) => c.runs.getReceipts({ namespace, id }) },
      watchRun: { needs: "viewer", call: (c) => c.runs.watchRun({ namespace, id }).next() },
      getJob: { needs: "viewer", call: (c) => c.jobs.getJob({ namespace, id: `${id}/x` }) },
      listJobs: { needs: "viewer", call: (c) => c.jobs.listJobs({ namespace, page: { size: 1 } }) },
      explainJob: { needs: "viewer", call: (c) => c.jobs.explainJob({ namespace, id: `${id}/x` }) },
      readLogs: {
        needs: "viewer",
        call: (c) => c.jobs.readLogs({ namespace, id: `${id}/x` }).next(),
      },
      listClusters: { needs: "viewer", call: (c) => c.clusters.listClusters({ namespace }) },
      getCluster: {
        needs: "viewer",
        call: (c) => c.clusters.getCluster({ namespace, name: "local" }),
      },
      getArtifact: {
        needs: "viewer",
        call: (c) => c.artifacts.getArtifact({ namespace, digest: "sha256:" }).next(),
      },
      submitRun: { needs: "submitter", call: (c) => c.runs.submitRun({ namespace }) },
      cancelRun: { needs: "submitter", call: (c) => c.runs.cancelRun({ namespace, id }) },
      retryRun: { needs: "submitter", call: (c) => c.runs.retryRun({ namespace, id }) },
      cancelJob: {
        needs: "submitter",
        call: (c) => c.jobs.cancelJob({ namespace, id: `${id}/x` }),
      },
      findMissing: {
        needs: "submitter",
        call: (c) => c.artifacts.findMissing({ namespace, digests: [] }),
      },
      putArtifact: {
        needs: "submitter",
        call: (c) => c.artifacts.putArtifact([{ namespace, digest: "x" }]),
      },
      addCluster: {
        needs: "admin",
        call: (c) => c.clusters.addCluster({ namespace, name: "x", kind: "moon" }),
      },
      createToken: {
        needs: "admin",
        call: (c) => c.namespaces.createToken({ namespace, role: "king" }),
      },
      listTokens: { needs: "admin", call: (c) => c.namespaces.listTokens({ namespace }) },
      revokeToken: {
        needs: "admin",
        call: (c) => c.namespaces.revokeToken({ namespace, id: "x" }),
      },
    };
    const ranks = ["viewer", "submitter", "admin"];
    for (const [name, { needs, call }] of Object.entries(calls)) {
      for (const [role, client] of clients) {
        const failure = await call(client).then(
          () => null,
          (reason: unknown) => reason as Failure,
        );
        const allowed = role !== "foreign" && ranks.indexOf(role) >= ranks.indexOf(needs);
        const label = `${name} by ${role}`;
        if (allowed) expect(failure?.code, label).not.toBe("FORBIDDEN");
        else expect(failure?.code, label).toBe("FORBIDDEN");
        if (!allowed && role !== "foreign")
          expect(failure?.message, label).toContain(`takes the role ${needs}`);
        if (role === "foreign")
          expect(failure?.message, label).toContain("for namespace elsewhere, not default");
      }
    }
    expect((await (clients.get("foreign") as Clients).namespaces.whoAmI({})).token?.namespace).toBe(
      "elsewhere",
    );
    const grab = await refusal(
      (clients.get("foreign") as Clients).namespaces.createToken({
        namespace: "default",
        role: "admin",
      }),
    );
    expect(grab.code).toBe("FORBIDDEN");
  });
});

test("what happened is counted: runs, attempts by cluster, reports, and the time to a decision", async () => {
  const { run } = await api.runs.submitRun({ manifest: single("counted") });
  await watchToEnd(run?.id ?? "");
  const text = await (await scheduler.rest("GET", "/metrics", { token: null })).text();
  const value = (name: string, ...labels: string[]): number => {
    const line = text
      .split("\n")
      .find((each) => each.startsWith(name) && labels.every((label) => each.includes(label)));
    return Number(line?.split(" ").at(-1));
  };
  expect(value("signalbox_runs_total", 'state="succeeded"')).toBeGreaterThan(0);
  expect(value("signalbox_attempts_ended_total", 'cluster="local"', 'cause="ok"')).toBeGreaterThan(
    0,
  );
  expect(value("signalbox_reports_total", 'kind="ended"')).toBeGreaterThan(0);
  expect(value("signalbox_decision_duration_seconds_count")).toBeGreaterThan(0);
  expect(value("signalbox_turns_total", 'actor="run"')).toBeGreaterThan(0);
  expect(value("signalbox_jobs_active", 'cluster="local"')).toBe(0);
  expect(value("signalbox_agents_connected")).toBeGreaterThan(0);
});
