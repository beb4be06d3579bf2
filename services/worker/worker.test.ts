// Worker processes: their links to routers, their heartbeats, and how they end.

import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { clientOf, openChannel } from "#shared/mesh/grpc-client.ts";
import { HealthService } from "#shared/mesh/grpc-health.ts";
import { writeCertificate } from "#shared/mesh/certificate.fixture.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import {
  clientOfWorker,
  collect,
  FakeRouter,
  idsOf,
  type Progress,
} from "./worker-world.fixture.ts";

const LONG = { maxTokens: 5000, ignoreEos: true };
const SLOW_MS = 20_000;
const request = (id: string, more: object = {}) => ({
  ...{ id, fence: 1, promptIds: [1, 2, 3], sampling: { maxTokens: 20, seed: 7 } },
  ...more,
});

interface Ready {
  readonly model: string;
  readonly grpc: string | null;
  readonly http: string;
  readonly pid: number;
}

interface Started {
  readonly child: ChildProcess;
  readonly exited: Promise<[number | null, string | null]>;
  readonly ready: Promise<Ready>;
  readonly log: () => string;
}

function watch(child: ChildProcess): Started {
  onTestFinished(() => void child.kill("SIGKILL"));
  let log = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (log += text));
  const exited = once(child, "exit") as Started["exited"];
  const line = once(child.stdout?.setEncoding("utf8") ?? child, "data");
  const ready = Promise.race([
    line.then(([text]) => JSON.parse(String(text)) as Ready),
    exited.then(() => Promise.reject(new Error(`ended before it was ready\n${log}`))),
  ]);
  ready.catch(() => {});
  return { child, exited, ready, log: () => log };
}

function startWorker(
  settings: { readonly [key: string]: string },
  more: NodeJS.ProcessEnv = {},
): Started {
  const env = { ...process.env, SIGNALBOX_WORKER_ENGINE: "simulated", ...more };
  for (const [key, value] of Object.entries(settings)) {
    Object.assign(env, { [`SIGNALBOX_WORKER_${key.toUpperCase()}`]: value });
  }
  const fixture = join(import.meta.dirname, "worker-process.fixture.ts");
  return watch(fork(fixture, { env, stdio: ["ignore", "pipe", "pipe", "ipc"] }));
}

async function routed(settings: { readonly [key: string]: string } = {}) {
  const router = new FakeRouter();
  await router.start();
  const worker = startWorker({ routers: router.address, name: "w1", ...settings });
  await worker.ready;
  return { router, worker, client: await router.client() };
}

test("a worker that dialled its router serves it, and tells it how it gets on", async () => {
  const { router, client } = await routed();
  const responses = await collect(client.generate(request("a", { dispatch: 12 })));
  expect(idsOf(responses)).toHaveLength(20);
  const isDone = (it: Progress): boolean => it.seen === 12 && it.running === 0;
  const told = await waitFor(() => router.progress.find(isDone), SLOW_MS);
  expect(told).toMatchObject({ state: 1, waiting: 0, blocks: 4096 });
  expect(told.tokensOut).toBeGreaterThan(0);
  await waitFor(() => router.progress.length > 3, SLOW_MS);
  expect(router.progress.map((it) => it.sequence)).toEqual(router.progress.map((_, i) => i + 1));
  const [one, other] = router.hellos;
  expect(one).toMatchObject({ worker: "w1", epoch: other?.epoch, link: other?.link });
  expect(router.hellos.map((it) => it.role).toSorted()).toEqual(["progress", "serve"]);
  expect(await client.getModel({})).toMatchObject({ model: { name: "m" } });
}, 60_000);

test("a router that comes back has its worker again, counting from 1", async () => {
  const { router, client } = await routed();
  await collect(client.generate(request("a", { dispatch: 5 })));
  await waitFor(() => router.progress.at(-1)?.seen === 5, SLOW_MS);
  router.stop();
  await router.start();
  const again = await router.client();
  expect(idsOf(await collect(again.generate(request("b", { dispatch: 1 }))))).toHaveLength(20);
  await waitFor(() => router.progress.at(-1)?.seen === 1, SLOW_MS);
  expect(router.progress[0]?.sequence).toBe(1);
}, 60_000);

test("the same with a secret and over TLS; without the secret nobody is let in", async () => {
  const { path, remove } = tempDirectory("worker-tls");
  onTestFinished(remove);
  const { certFile, keyFile } = writeCertificate(path, "router");
  const secret_file = join(path, "secret");
  writeFileSync(secret_file, "s3cret\n");
  const router = new FakeRouter("s3cret", { caFile: null, certFile, keyFile });
  await router.start();
  const routers = router.address;
  const stranger = startWorker({ routers, name: "w0" }, { SIGNALBOX_TLS_CA_FILE: certFile });
  await stranger.ready;
  const settings = { routers, secret_file, name: "w1" };
  const worker = startWorker(settings, { SIGNALBOX_TLS_CA_FILE: certFile });
  await worker.ready;
  const client = await router.client();
  expect(idsOf(await collect(client.generate(request("a"))))).toHaveLength(20);
  await waitFor(() => stranger.log().includes("no link"), SLOW_MS);
  await waitFor(() => router.hellos.length === 2, SLOW_MS);
  expect(router.hellos.map((it) => it.worker)).toEqual(["w1", "w1"]);
}, 60_000);

test("a router that speaks no HTTP/2 costs its worker the link and nothing else", async () => {
  const router = new FakeRouter();
  await router.start();
  const worker = startWorker({ routers: router.address });
  await worker.ready;
  for (const bytes of [Buffer.from("GET / HTTP/1.1\r\n\r\n"), Buffer.alloc(1000, 0xff)]) {
    const { socket } = await router.takeServing();
    socket.resume().write(bytes);
    if (!socket.closed) await once(socket, "close");
  }
  const client = await router.client();
  expect(idsOf(await collect(client.generate(request("a"))))).toHaveLength(20);
}, 60_000);

test("a blocked event loop does not stop heartbeats: they tell of it", async () => {
  const { router, worker, client } = await routed();
  const stream = client.generate(request("a", { sampling: LONG }));
  await stream.next();
  await waitFor(() => (router.progress.at(-1)?.engineStep ?? 0) > 0, SLOW_MS);
  const from = router.progress.length;
  worker.child.send("block");
  const late = await waitFor(
    () => router.progress.slice(from).find((it) => it.loopLagMs > 600),
    SLOW_MS,
  );
  const before = router.progress.filter((it) => it.sequence <= late.sequence).toReversed();
  const growing = before.filter(
    (it, i) => i === 0 || it.loopLagMs < (before[i - 1]?.loopLagMs ?? 0),
  );
  const during = growing.filter((it) => it.loopLagMs > 100 && it.sequence > from);
  expect(during.length).toBeGreaterThan(1);
  expect(new Set(during.map((it) => it.engineStep)).size).toBe(1);
  await waitFor(() => (router.progress.at(-1)?.engineStep ?? 0) > late.engineStep, SLOW_MS);
  expect(router.progress.at(-1)?.loopLagMs).toBeLessThan(late.loopLagMs);
  await stream.return();
}, 60_000);

test("SIGTERM lets a live request finish, refuses new ones and ends with 0", async () => {
  const { router, worker, client } = await routed({ listen: "127.0.0.1:0" });
  const channel = openChannel({ address: (await worker.ready).grpc ?? "" });
  onTestFinished(() => channel.close());
  const health = clientOf(HealthService, channel);
  expect(await health.check({ service: "" })).toEqual({ status: "SERVING" });
  const stream = client.generate(request("a", { sampling: { maxTokens: 300, ignoreEos: true } }));
  await stream.next();
  worker.child.kill("SIGTERM");
  await waitFor(() => router.progress.at(-1)?.state === 2, SLOW_MS);
  expect(await health.check({ service: "" })).toEqual({ status: "NOT_SERVING" });
  await expect(collect(client.generate(request("b")))).rejects.toMatchObject({
    code: "UNAVAILABLE",
  });
  expect((await collect(stream)).at(-1)?.finish).toBe(2);
  expect(await worker.exited).toEqual([0, null]);
}, 60_000);

test("what is not done in time is handed back", async () => {
  const { worker, client } = await routed({ drain_s: "0.3" });
  const stream = client.generate(request("a", { sampling: LONG }));
  await stream.next();
  worker.child.kill("SIGTERM");
  await expect(collect(stream)).rejects.toMatchObject({
    ...{ code: "UNAVAILABLE", message: "handed back: the worker stops" },
  });
  expect(await worker.exited).toEqual([0, null]);
}, 60_000);

test("an engine that fails is told, and the worker ends with 3", async () => {
  const { router, worker, client } = await routed();
  await waitFor(() => router.progress.length > 0, SLOW_MS);
  const heard = waitFor(() => router.progress.find((it) => it.state === 3), SLOW_MS);
  const stream = client.generate(request("a", { sampling: LONG }));
  await stream.next();
  worker.child.send("die");
  await expect(collect(stream)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(await heard).toMatchObject({ state: 3 });
  expect(await worker.exited).toEqual([3, null]);
}, 60_000);

test("an idle engine that hangs is seen to stand still while it runs something", async () => {
  const { router, worker } = await routed({ canary_idle_s: "0.2" });
  await waitFor(() => router.progress.at(-1)?.engineStep ?? 0, SLOW_MS);
  worker.child.send("stall");
  const stands = (): Progress[] => {
    const step = router.progress.at(-1)?.engineStep;
    return router.progress.filter((it) => it.engineStep === step && it.running + it.waiting > 0);
  };
  await waitFor(() => stands().length > 4, SLOW_MS);
  expect(worker.child.exitCode).toBeNull();
}, 60_000);

test("an idle engine that draws other tokens than it did has failed", async () => {
  const { router, worker } = await routed({ canary_idle_s: "0.2" });
  worker.child.send("lie");
  const failed = await waitFor(() => router.progress.find((it) => it.state === 3), SLOW_MS);
  expect(failed).toMatchObject({ state: 3 });
  expect(await worker.exited).toEqual([3, null]);
  expect(worker.log()).toMatch(/its canary's tokens were \[\d+, \d+\] before and are/);
}, 60_000);

function startMain(toml: string, env: NodeJS.ProcessEnv = {}): Started {
  const { path, remove } = tempDirectory("worker");
  onTestFinished(remove);
  const file = join(path, "worker.toml");
  writeFileSync(file, toml);
  const main = join(import.meta.dirname, "main.ts");
  const argv = [main, "--config", file];
  const stdio = ["ignore" as const, "pipe" as const, "pipe" as const];
  return watch(spawn(process.execPath, argv, { env: { ...process.env, ...env }, stdio }));
}

test("main.ts serves who dials it, with health and metrics", async () => {
  const more = 'listen = "127.0.0.1:0"\ncanary_idle_s = 0\n';
  const worker = startMain(`[worker]\nengine = "simulated"\n${more}`);
  const ready = await worker.ready;
  expect(ready).toMatchObject({ ready: true, service: "worker", model: "simulated" });
  const client = clientOfWorker(ready.grpc ?? "");
  expect(idsOf(await collect(client.generate(request("a"))))).toHaveLength(20);
  expect((await fetch(`http://${ready.http}/readyz`)).status).toBe(200);
  const metrics = await (await fetch(`http://${ready.http}/metrics`)).text();
  expect(metrics).toMatch(/signalbox_worker_requests_total\{outcome="length".*\} 1/);
  expect(metrics).toMatch(/vllm:generation_tokens_total\{model_name="simulated".*\} 20/);
  expect(metrics).toMatch(/vllm:num_requests_running\{model_name="simulated".*\} 0/);
  worker.child.kill("SIGTERM");
  expect(await worker.exited).toEqual([0, null]);
}, 60_000);

test("without an addon it ends with 3 and the way out, without a model with 2", async () => {
  const folder = join(import.meta.dirname, "../../native/models/lantern");
  const toml = `[worker]\nmodel = ${JSON.stringify(folder)}\n`;
  const worker = startMain(toml, { SIGNALBOX_ENGINE: "/nowhere/engine.node" });
  expect(await worker.exited).toEqual([3, null]);
  expect(worker.log()).toContain("build:native");
  const none = startMain("[worker]\n");
  expect(await none.exited).toEqual([2, null]);
  const bare = startMain('[worker]\nlisten = "127.0.0.1:0"\n');
  expect(await bare.exited).toEqual([2, null]);
  expect(bare.log()).toContain("worker.model is missing");
}, 60_000);
