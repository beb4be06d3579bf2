// The REST gateway on a whole scheduler, and its description against its routes.

import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { verifyBundle } from "#shared/receipt/verify-bundle.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { TestScheduler } from "../scheduler.fixture.ts";
import type { TestAgent } from "../scheduler.fixture.ts";
import { openApiOf } from "./openapi.ts";
import { ROUTES } from "./routes.ts";

let scheduler: TestScheduler;
let agent: TestAgent;
let viewer = "";

beforeAll(async () => {
  scheduler = await TestScheduler.start(60_000);
  agent = await scheduler.cluster("local");
  await agent.connect();
  viewer = (await scheduler.clients().namespaces.createToken({ role: "viewer" })).secret ?? "";
});
afterAll(() => scheduler.end());

const MANIFEST = `apiVersion: signalbox/v1
kind: Workflow
metadata: {name: greet}
params: {who: {type: string}}
tasks:
  - id: hello
    uses: exec@1
    with: {command: [echo, "hello \${{ params.who }}"]}
`;

// oxlint-disable-next-line typescript/no-explicit-any
type Body = any;

async function rest(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Body; headers: Headers }> {
  const text =
    body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
  const response = await scheduler.rest(method, path, { ...text, headers });
  return { status: response.status, body: await response.json(), headers: response.headers };
}

async function finished(id: string): Promise<Body> {
  return await waitFor(async () => {
    const { body } = await rest("GET", `/v1/runs/${id}`);
    return body.run.state === "running" ? null : body;
  });
}

test("a path that is no path is not found; it is no fault", async () => {
  for (const path of ["//", "//[", "/v1//", "/v1/runs/%zz"])
    expect((await rest("GET", path)).status, path).toBe(404);
});

test("POST /v1/workflows with a token stores the manifest and returns its digest; without one it is 401", async () => {
  const digest = `sha256:${createHash("sha256").update(MANIFEST).digest("hex")}`;
  const refused = await scheduler.rest("POST", "/v1/workflows", { body: MANIFEST, token: null });
  expect(refused.status).toBe(401);
  expect(refused.headers.get("www-authenticate")).toContain("Bearer");
  expect(((await refused.json()) as Body).error).toMatchObject({
    code: "UNAUTHENTICATED",
    message: "no bearer token came with the call",
  });
  expect((await rest("GET", "/v1/workflows")).body.workflows).toEqual([]);

  const stored = await rest("POST", "/v1/workflows?file=greet.yaml", MANIFEST);
  expect(stored.status).toBe(201);
  expect(stored.body.workflow).toMatchObject({ digest, name: "greet", fileName: "greet.yaml" });
  expect((await rest("GET", "/v1/workflows")).body.workflows).toHaveLength(1);
  expect((await rest("GET", `/v1/workflows/${digest}`)).body.manifest).toBe(MANIFEST);
  expect((await rest("GET", `/v1/workflows/sha256:${"0".repeat(64)}`)).status).toBe(404);
  expect((await rest("GET", "/v1/workflows/..%2f..%2fetc")).status).toBe(400);
});

test("a viewer may look and not store: 403 names the role it takes", async () => {
  const refused = await scheduler.rest("POST", "/v1/workflows", { body: MANIFEST, token: viewer });
  expect(refused.status).toBe(403);
  expect(((await refused.json()) as Body).error.message).toBe(
    "this takes the role submitter; the token has viewer",
  );
  expect((await scheduler.rest("GET", "/v1/runs", { token: viewer })).status).toBe(200);
});

test("a broken manifest is 400 with the position of every error, and is not stored", async () => {
  const before = (await rest("GET", "/v1/workflows")).body.workflows.length;
  const { status, body } = await rest(
    "POST",
    "/v1/workflows?file=bad.yaml",
    MANIFEST.replace("tasks:", "taks:"),
  );
  expect(status).toBe(400);
  expect(body.error.code).toBe("INVALID");
  expect(body.error.message).toMatch(/bad\.yaml:\d+:\d+/);
  expect((await rest("GET", "/v1/workflows")).body.workflows).toHaveLength(before);
});

test("a stored workflow runs, once for each Idempotency-Key, and shows its job, receipts and events", async () => {
  const { digest } = (await rest("POST", "/v1/workflows", MANIFEST)).body.workflow;
  const key = { "idempotency-key": "k1" };
  const first = await rest(
    "POST",
    "/v1/runs",
    { workflow: digest, params: { who: "you" }, labels: { for: "test" } },
    key,
  );
  expect(first.status).toBe(201);
  const { id } = first.body.run;
  const again = await rest("POST", "/v1/runs", { workflow: digest, params: { who: "you" } }, key);
  expect([again.status, again.body.existed, again.body.run.id]).toEqual([200, true, id]);
  const other = await rest("POST", "/v1/runs", { workflow: digest, params: { who: "me" } }, key);
  expect([other.status, other.body.error.code]).toEqual([409, "ALREADY_EXISTS"]);

  const { run, jobs } = await finished(id);
  expect(run).toMatchObject({
    state: "succeeded",
    workflow: "greet",
    labels: { for: "test" },
    jobsSucceeded: 1,
  });
  expect(jobs[0]).toMatchObject({ id: `${id}/hello`, state: "succeeded" });
  expect((await rest("GET", `/v1/jobs/${id}/hello`)).body.job.attempts).toHaveLength(1);
  expect((await rest("GET", `/v1/jobs/${id}/hello/why`)).body.nextAction).toContain(
    "it has ended (succeeded)",
  );
  expect(
    (await rest("GET", `/v1/runs?state=succeeded&workflow=greet`)).body.runs.map(
      (each: Body) => each.id,
    ),
  ).toContain(id);
  expect((await rest("GET", `/v1/jobs?run=${id}`)).body.jobs).toHaveLength(1);
  expect((await rest("GET", "/v1/jobs?state=sleeping")).body.error.message).toContain(
    "is no state: blocked, queued",
  );

  const bundle = await scheduler.rest("GET", `/v1/runs/${id}/receipts`);
  expect(bundle.headers.get("content-type")).toBe("application/vnd.signalbox.receipts.v1+json");
  expect(verifyBundle(await bundle.text()).problems).toEqual([]);

  const events = await scheduler.rest("GET", `/v1/runs/${id}/events`);
  expect(events.headers.get("content-type")).toBe("text/event-stream");
  const text = await events.text();
  expect(text).toMatch(/^event: run\ndata: \{"run":/);
  expect(text).toMatch(/event: end\ndata: \{\}\n\n$/);
});

test("a manifest can be given with the run, as a text or an object; strange members are refused", async () => {
  const manifest = {
    apiVersion: "signalbox/v1",
    kind: "Workflow",
    metadata: { name: "inline" },
    tasks: [{ id: "a", uses: "exec@1", with: { command: ["true"] } }],
  };
  const run = (await rest("POST", "/v1/runs", { manifest })).body.run;
  expect((await finished(run.id)).run.state).toBe("succeeded");
  expect((await rest("POST", "/v1/runs", { manifest: JSON.stringify(manifest) })).status).toBe(201);
  const yaml = MANIFEST.replace("{type: string}", "{type: string, default: x}");
  const types = { "content-type": "application/yaml", "idempotency-key": "yaml-1" };
  expect((await rest("POST", "/v1/runs", yaml, types)).status).toBe(201);
  expect((await rest("POST", "/v1/runs", yaml, types)).body.existed).toBe(true);
  expect((await rest("GET", "/v1/runs?limit=1")).body.runs).toHaveLength(1);
  expect((await rest("POST", "/v1/runs", {})).body.error.message).toContain(
    "either manifest or workflow",
  );
  expect((await rest("POST", "/v1/runs", { manifest, colour: 1 })).body.error.message).toContain(
    'unknown member "colour"',
  );
  expect((await rest("POST", "/v1/runs", "{")).body.error.message).toContain("not JSON");
  expect((await rest("POST", "/v1/runs", "x".repeat(7 * 1024 * 1024))).status).toBe(400);
});

test("a run is watched, logged, cancelled and retried over REST", async () => {
  agent.onSubmit = (spec) => agent.phase(spec, "running");
  const manifest = MANIFEST.replace("{type: string}", "{type: string, default: x}");
  const { id } = (await rest("POST", "/v1/runs", { manifest })).body.run;
  const events = await scheduler.rest("GET", `/v1/runs/${id}/events`);
  await waitFor(
    async () => (await rest("GET", `/v1/jobs/${id}/hello`)).body.job.state === "running",
  );

  const reading = scheduler.rest("GET", `/v1/jobs/${id}/hello/logs?follow`);
  const follow = await waitFor(() => agent.follows.at(-1));
  expect(follow).toMatchObject({ stream: "stdout", follow: true });
  agent.write({
    logChunk: { followId: follow.followId ?? "", stream: "stdout", data: Buffer.from("hel") },
  });
  agent.write({
    logChunk: {
      followId: follow.followId ?? "",
      stream: "stdout",
      data: Buffer.from("lo\n"),
      end: true,
    },
  });
  expect(await (await reading).text()).toBe("hello\n");

  expect((await rest("POST", `/v1/runs/${id}/cancel`, { reason: "no" })).body.run.state).toBe(
    "cancelling",
  );
  expect((await rest("POST", `/v1/runs/${id}/retry`)).status).toBe(409);
  agent.report(`${id}-0-1`, {
    kind: "ended",
    nativeId: null,
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
  expect(await events.text()).toContain('"state":"cancelled"');
  agent.onSubmit = (spec) => agent.succeed(spec);
  expect((await rest("POST", `/v1/runs/${id}/retry`)).status).toBe(200);
  expect((await finished(id)).run.state).toBe("succeeded");
});

test("clusters are registered and shown", async () => {
  const added = await rest("POST", "/v1/clusters", { name: "hpc", kind: "slurm", slots: 5 });
  expect(added.status).toBe(201);
  expect(added.body.enrolmentToken).toMatch(/^sbe_default_hpc_/);
  expect((await rest("GET", "/v1/clusters/hpc")).body.cluster).toMatchObject({
    slots: 5,
    agent: "never_connected",
  });
  expect((await rest("GET", "/v1/clusters")).body.clusters.map(({ name }: Body) => name)).toEqual([
    "local",
    "hpc",
  ]);
  expect((await rest("POST", "/v1/clusters", { name: "BAD", kind: "slurm" })).status).toBe(400);
  expect((await rest("GET", "/v1/clusters/none")).status).toBe(404);
});

test("artifacts go up and come down by their digest", async () => {
  const data = "some bytes";
  const digest = `sha256:${createHash("sha256").update(data).digest("hex")}`;
  expect((await rest("PUT", `/v1/artifacts/${digest}`, data)).body.artifact).toEqual({
    digest,
    sizeBytes: 10,
  });
  expect(await (await scheduler.rest("GET", `/v1/artifacts/${digest}`)).text()).toBe(data);
  expect((await rest("PUT", `/v1/artifacts/sha256:${"2".repeat(64)}`, data)).status).toBe(400);
  expect((await rest("GET", `/v1/artifacts/sha256:${"2".repeat(64)}`)).status).toBe(404);
});

test("artifacts and stored manifests of another namespace are as if they were not there", async () => {
  const api = scheduler.clients();
  const made = await api.namespaces.createToken({ namespace: "rest-other", role: "submitter" });
  const token = made.secret ?? "";
  const data = "bytes of namespace default";
  const digest = `sha256:${createHash("sha256").update(data).digest("hex")}`;
  await rest("PUT", `/v1/artifacts/${digest}`, data);
  const path = `/v1/artifacts/${digest}`;
  expect((await scheduler.rest("GET", path, { token })).status).toBe(404);
  expect((await scheduler.rest("PUT", path, { token, body: "" })).status).toBe(400);
  expect((await scheduler.rest("PUT", path, { token, body: data })).status).toBe(201);
  expect(await (await scheduler.rest("GET", path, { token })).text()).toBe(data);

  const manifest = MANIFEST.replace("greet", "apart");
  const stored = await rest("POST", "/v1/workflows", manifest);
  const workflow = stored.body.workflow.digest as string;
  for (const kind of ["workflows", "artifacts"])
    expect((await scheduler.rest("GET", `/v1/${kind}/${workflow}`, { token })).status).toBe(404);
  expect((await scheduler.rest("GET", `/v1/artifacts/${workflow}`)).status).toBe(200);
  await scheduler.rest("POST", "/v1/workflows", { token, body: manifest });
  for (const kind of ["workflows", "artifacts"])
    expect((await scheduler.rest("GET", `/v1/${kind}/${workflow}`, { token })).status).toBe(200);
});

describe("the gateway", () => {
  test("answers 404 for what is not there and 405 for what is not done to it", async () => {
    expect((await rest("GET", "/v1/nothing")).status).toBe(404);
    const wrong = await rest("POST", "/v1/jobs");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET"]);
  });

  test("counts requests by route, never by id", async () => {
    await rest("GET", "/v1/runs/aaaaaaaaaaaaaaaa");
    const metrics = await (await scheduler.rest("GET", "/metrics")).text();
    expect(metrics).toMatch(
      /signalbox_http_requests_total\{(?=.*route="\/v1\/runs\/\{run\}").*status="404".*\} \d/,
    );
    expect(metrics).not.toContain("aaaaaaaaaaaaaaaa");
  });

  test("is described: every route is in the document, and nothing else", async () => {
    const document = openApiOf("1.0.0") as Body;
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual(
      ROUTES.map(({ method, path }) => `${method} ${path}`).toSorted(),
    );
    const served = await scheduler.rest("GET", "/v1/openapi.json", { token: null });
    expect(((await served.json()) as Body).openapi).toBe("3.1.0");
    for (const name of JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)) {
      expect(document.components.schemas).toHaveProperty(name[1] as string);
    }
  });
});
