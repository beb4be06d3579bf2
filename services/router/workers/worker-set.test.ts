// Workers that dial: real sockets, a real gRPC server at the other end of each link.

import { once } from "node:events";
import type { Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { WorkerService } from "#proto/services.ts";
import { signalbox } from "#proto/signalbox.js";
import { systemClock, systemTimers } from "#shared/config/system.ts";
import { GrpcServer, type ServiceHandlers } from "#shared/mesh/grpc-server.ts";
import { NO_TLS } from "#shared/mesh/tls.ts";
import { dialLink, type WorkerLinkRole } from "#shared/mesh/worker-link.ts";
import { encodeFrame } from "#shared/mesh/worker-link-frames.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { createMetrics } from "#shared/telemetry/metrics.ts";
import { startLinkProxy } from "#shared/testing/link-proxy.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { ADMISSION_DEFAULTS } from "../core/admission.ts";
import { FLEET_DEFAULTS, newFleet, type Fleet } from "../core/fleet.ts";
import { FleetPlacement } from "../streams/fleet-placement.ts";
import { requestOf } from "../streams/scripted-fleet.fixture.ts";
import { TokenRouter } from "../streams/token-router.ts";
import { TurnQueue } from "../wire/turn-queue.ts";
import { WorkerSet } from "./worker-set.ts";

type Progress = signalbox.inference.v1.IProgress;
const { FinishReason, WorkerState } = signalbox.inference.v1;
const silent = createLogger({ service: "test", level: "silent" });
const SECRET = "s3cret";

interface Router {
  readonly fleet: Fleet;
  readonly workers: WorkerSet;
  readonly streams: TokenRouter;
  readonly stalled: string[];
}

async function startRouter(logger = silent): Promise<Router> {
  const fleet = newFleet({ ...FLEET_DEFAULTS, hangMs: 300 }, 1, systemClock.monotonicMs());
  const placement = new FleetPlacement(fleet, systemClock);
  const stalled: string[] = [];
  const meter = {
    ...{ onResumed: () => {}, onRetried: () => {}, onEnded: () => {} },
    ...{ onRefused: () => {}, onWaited: () => {} },
  };
  const streams = new TokenRouter({
    ...{ placement, meter, freshWaitMs: 2_000, resumeWaitMs: 5_000 },
    ...{ admission: ADMISSION_DEFAULTS, timers: systemTimers },
  });
  const workers = await WorkerSet.start({
    ...{ name: "r1", listen: "127.0.0.1:0", secret: SECRET, tls: NO_TLS, crossClasses: false },
    ...{ fleet, turns: new TurnQueue(), clock: systemClock, logger },
    onStalled: (key, why) => {
      stalled.push(why);
      streams.onWorkerStalled(key, why);
    },
    onChanged: () => placement.wakeAll(),
    onRoom: () => streams.onRoom(),
    ...{ onTokenizer: () => {}, onBatch: () => {} },
    silentFor: (silentMs) => streams.silentFor(silentMs),
  });
  placement.attach(workers);
  onTestFinished(() => workers.stop());
  return { fleet, workers, streams, stalled };
}

interface FakeWorker {
  readonly socket: Socket;
  readonly asked: signalbox.inference.v1.IGenerateRequest[];
  readonly aborted: string[];
  /** Tokens may be said up to this index, exclusive. */
  until: number;
}

/** Draws 1000 + index, up to `until`, and says a tokenizer of two files. */
async function startWorker(
  router: Router,
  name: string,
  until = 1e9,
  address = router.workers.address,
): Promise<FakeWorker> {
  const asked: FakeWorker["asked"] = [];
  const aborted: string[] = [];
  const state = { until };
  const handlers: ServiceHandlers<typeof WorkerService> = {
    async *generate(request, call) {
      asked.push(request);
      call.signal.addEventListener("abort", () => aborted.push(request.id ?? ""));
      const fence = request.fence ?? 0;
      const max = request.sampling?.maxTokens ?? 0;
      for (let i = request.resumeIds?.length ?? 0; i < max; i++) {
        await waitFor(() => call.signal.aborted || i < state.until);
        if (call.signal.aborted) return;
        yield { fence, firstIndex: i, tokenIds: [1000 + i] };
      }
      yield { fence, firstIndex: max, tokenIds: [], finish: FinishReason.FINISH_REASON_LENGTH };
    },
    generateMasked: () => {
      throw new Failure("INVALID", "no masks here");
    },
    generateBatched: () => {
      throw new Failure("INVALID", "not asked for: its capabilities do not have it");
    },
    abort: () => Promise.resolve({ aborted: 0 }),
    getModel: () =>
      Promise.resolve({
        model: {
          ...{ name: "m", family: "llama", vocab: 5000, contextMax: 128, eosIds: [2] },
          ...{ blocks: 64, blockTokens: 32, sequencesMax: 8, tokenizerSha256: "abc" },
          capabilities: { resume: true, masks: false, logprobs: true, kvEvents: true },
          numericsClass: { numerics: "portable", isa: name },
        },
      }),
    async *getTokenizer() {
      yield { file: "tokenizer.json", data: Buffer.from("{") };
      yield { data: Buffer.from("}") };
      yield { file: "tokenizer_config.json", data: Buffer.from("{}") };
    },
    getLoad: () => Promise.resolve({ progress: {} }),
    async *watchKvEvents() {},
  };
  const server = new GrpcServer({ listen: null, metrics: createMetrics("worker"), logger: silent });
  server.add(WorkerService, handlers);
  await server.start();
  onTestFinished(() => server.stop(0));
  const socket = await dial(address, name, "serve");
  server.inject(socket);
  return {
    ...{ socket, asked, aborted },
    get until() {
      return state.until;
    },
    set until(value) {
      state.until = value;
    },
  };
}

async function dial(address: string, worker: string, role: WorkerLinkRole): Promise<Socket> {
  const { socket, rest } = await dialLink({
    ...{ address, tls: NO_TLS, secret: SECRET },
    ...{ worker, epoch: "1", role, link: "1" },
  });
  if (rest.length > 0) socket.unshift(rest);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Frames of Progress every 50 ms, as `figures` says at that moment. */
async function report(router: Router, worker: string, figures: () => Progress): Promise<Socket> {
  const socket = await dial(router.workers.address, worker, "progress");
  let sequence = 0;
  const timer = setInterval(() => {
    sequence += 1;
    const progress = { sequence, blocks: 64, blocksFree: 64, ...figures() };
    socket.write(encodeFrame(signalbox.inference.v1.Progress.encode(progress).finish()));
  }, 50);
  onTestFinished(() => clearInterval(timer));
  return socket;
}

async function read(router: Router, maxTokens: number, seen: number[]): Promise<void> {
  const { signal } = new AbortController();
  for await (const chunk of router.streams.open(requestOf({ maxTokens }), signal)) {
    seen.push(...chunk.tokenIds);
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => 1000 + i);

test("a worker that dials brings its model and tokenizer, and serves on that connection", async () => {
  const router = await startRouter();
  const worker = await startWorker(router, "w1");
  await waitFor(() => router.workers.size === 1);
  const [model] = router.workers.models();
  expect(model).toMatchObject({ name: "m", workers: 1, state: "ready", contextMax: 128 });
  const files = [...(model?.tokenizer?.files ?? [])].map(([name, bytes]) => [
    name,
    Buffer.from(bytes).toString(),
  ]);
  expect(files).toEqual([
    ["tokenizer.json", "{}"],
    ["tokenizer_config.json", "{}"],
  ]);
  const seen: number[] = [];
  await read(router, 20, seen);
  expect(seen).toEqual(upTo(20));
  expect(worker.asked).toMatchObject([{ id: "r", fence: 1, dispatch: 1, promptIds: [1, 2] }]);
  worker.socket.destroy();
  await waitFor(() => router.workers.size === 0);
  expect(router.workers.models()).toMatchObject([{ name: "m", workers: 0, state: "absent" }]);
  await expect(read(router, 2, [])).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(router.fleet.tickets.size).toBe(0);
});

test("a stream whose connection is cut goes on at the next worker", async () => {
  const router = await startRouter();
  const first = await startWorker(router, "w1", 5);
  await waitFor(() => router.workers.size === 1);
  const seen: number[] = [];
  const reading = read(router, 12, seen);
  await waitFor(() => seen.length === 5);
  const second = await startWorker(router, "w2");
  await waitFor(() => router.workers.size === 2);
  first.socket.destroy();
  await reading;
  expect(seen).toEqual(upTo(12));
  expect(second.asked).toMatchObject([{ fence: 2, resumeIds: upTo(5) }]);
});

test("an engine that stands still loses its streams, and what it says then is not heard", async () => {
  const router = await startRouter();
  const first = await startWorker(router, "w1", 3);
  await report(router, "w1", () => ({ engineStep: 7, running: 1 }));
  await waitFor(() => router.workers.size === 1);
  const seen: number[] = [];
  const reading = read(router, 9, seen);
  await waitFor(() => seen.length === 3);
  const second = await startWorker(router, "w2");
  await reading;
  first.until = 1e9;
  expect(seen).toEqual(upTo(9));
  expect(router.stalled).toHaveLength(1);
  expect(router.stalled[0]).toMatch(/engine has stood still/u);
  expect(second.asked).toMatchObject([{ fence: 2, resumeIds: upTo(3) }]);
  await waitFor(() => first.aborted.length === 1);
});

test("a silent worker that still answers keeps its streams; figures alone decide nothing", async () => {
  const router = await startRouter();
  const worker = await startWorker(router, "w1", 3);
  await waitFor(() => router.workers.size === 1);
  const seen: number[] = [];
  const reading = read(router, 6, seen);
  await waitFor(() => router.fleet.workers.values().next().value?.health.kind === "confirmed");
  expect(router.stalled).toEqual([]);
  worker.until = 1e9;
  await reading;
  expect(seen).toEqual(upTo(6));
});

test.each([
  ["draining", WorkerState.WORKER_STATE_DRAINING],
  ["sick", WorkerState.WORKER_STATE_SICK],
] as const)("a %s worker gets nothing new", async (name, state) => {
  const router = await startRouter();
  const first = await startWorker(router, "w1");
  await report(router, "w1", () => ({ state }));
  await waitFor(() => router.fleet.workers.get("w1/1")?.progress?.state === name);
  // Of a model that nobody takes requests for.
  expect(router.workers.models()).toMatchObject([{ workers: 1, state: "draining" }]);
  const second = await startWorker(router, "w2");
  await waitFor(() => router.workers.size === 2);
  for (let i = 0; i < 6; i++) await read(router, 2, []);
  expect(first.asked).toHaveLength(0);
  expect(second.asked).toHaveLength(6);
});

test("the log names a sick worker's GPU, once, and says what it has", async () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const router = await startRouter(createLogger({ service: "test", level: "error", destination }));
  await startWorker(router, "w1");
  const gpu = { index: 3, uuid: "GPU-3", name: "H100", pciBusId: "0000:3B:00.0", fault: "Xid 79" };
  const gpus = [gpu, { ...gpu, index: 4, fault: "" }, { index: 5, fault: "lost" }];
  await report(router, "w1", () => ({ state: WorkerState.WORKER_STATE_SICK, gpus }));
  const heard = (): number => router.fleet.workers.get("w1/1")?.progress?.sequence ?? 0;
  await waitFor(() => heard() > 3);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    worker: "w1/1",
    gpus: ["GPU 3 (H100, 0000:3B:00.0, GPU-3): Xid 79", "GPU 5: lost"],
  });
});

test("a wrong secret and garbage get no link, and disturb nobody", async () => {
  const router = await startRouter();
  const { address } = router.workers;
  const hello = { worker: "w", epoch: "1", role: "serve", link: "1", tls: NO_TLS } as const;
  const wrong = await dialLink({ ...hello, address, secret: "guess" });
  await once(wrong.socket.resume(), "close");
  const progress = await dial(address, "w1", "progress");
  progress.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 2, 3]));
  await once(progress.resume(), "close");
  const serve = await dial(address, "w1", "serve");
  serve.write("GET / HTTP/1.1\r\n\r\n");
  await once(serve.resume(), "close");
  expect(router.workers.size).toBe(0);
  await startWorker(router, "w2");
  await waitFor(() => router.workers.size === 1);
});

test.each(["up", "down"] as const)(
  "a connection that loses what goes %s is left, though its worker goes on reporting",
  async (direction) => {
    const router = await startRouter();
    const proxy = await startLinkProxy(router.workers.address);
    onTestFinished(() => proxy.close());
    const first = await startWorker(router, "w1", 3, proxy.address);
    let step = 0;
    await report(router, "w1", () => ({ engineStep: (step += 1), running: 1 }));
    await waitFor(() => router.workers.size === 1);
    const seen: number[] = [];
    const reading = read(router, 6, seen);
    await waitFor(() => seen.length === 3);
    const second = await startWorker(router, "w2");
    await waitFor(() => router.workers.size === 2);
    proxy.lose(direction);
    first.until = 4; // It goes on, and nobody hears it; or nobody tells it to stop.
    await waitFor(() => second.asked.length === 1);
    await reading;
    expect(seen).toEqual(upTo(6));
    expect(second.asked[0]).toMatchObject({ fence: 2 });
    expect(router.stalled).toEqual([]);
  },
);
