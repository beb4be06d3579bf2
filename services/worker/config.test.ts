import { expect, test } from "vitest";
import { readConfig } from "./config.ts";

const read = (worker: { readonly [key: string]: string }, env: NodeJS.ProcessEnv = {}) => {
  const named = Object.entries(worker).map(([key, value]) => [`SIGNALBOX_WORKER_${key}`, value]);
  return readConfig([], { ...env, ...Object.fromEntries(named) });
};

test("what is left out has its default, and the engine is told only what was given", () => {
  const { worker, endsAtMs } = read({ MODEL: "/models/m" });
  expect(worker).toMatchObject({
    ...{ model: "/models/m", modelName: null, engine: "native", routers: [], listen: null },
    ...{ http: "127.0.0.1:0", secretFile: null, drainS: 30, engineOptions: {} },
    ...{ state: null, warmBlocks: 2048 },
  });
  expect(worker.name).toMatch(/-\d+$/);
  expect(endsAtMs).toBeNull();
});

test("engine options arrive by the engine's names, and Slurm says when the job ends", () => {
  const { worker, endsAtMs } = read(
    {
      ...{ MODEL: "/m", RANKS: "2", CACHE: "fp8", SEQUENCES_MAX: "8", ROUTERS: "a:1, b:2" },
      ...{ DEVICE: "cuda:1", KERNELS: "/k" },
    },
    { SLURM_JOB_END_TIME: "1800000000" },
  );
  expect(worker.engineOptions).toEqual({
    ...{ ranks: 2, cache: "fp8", sequencesMax: 8, device: "cuda:1", kernels: "/k" },
  });
  expect(worker.routers).toEqual(["a:1", "b:2"]);
  expect(endsAtMs).toBe(1_800_000_000_000);
});

test("a server of somebody else's is found by its URL, or by the command that starts it", () => {
  const http = { MODEL: "/m", ENGINE: "http", SERVER: "vllm" };
  const { worker } = read({ ...http, SERVER_URL: "http://127.0.0.1:8000", STALL_MS: "9000" });
  expect(worker.server).toMatchObject({
    ...{ kind: "vllm", url: "http://127.0.0.1:8000", command: null, startS: 1800, keyFile: null },
  });
  expect(worker.engineOptions).toEqual({ stallMs: 9000 });
  const started = read({ ...http, NAME: "w", SERVER_COMMAND: "vllm, serve, --port={port}" }).worker;
  expect(started.server).toMatchObject({
    ...{ url: null, command: ["vllm", "serve", "--port={port}"] },
    logFile: expect.stringMatching(/\/signalbox\/worker\/w\.server\.log$/u) as string,
  });
  expect(read({ MODEL: "/m" }).worker.server).toBeNull();
});

test("GPUs are named by index or UUID, or left to the engine", () => {
  expect(read({ MODEL: "/m" }).worker.gpus).toBe("auto");
  expect(read({ MODEL: "/m", GPUS: "none" }).worker.gpus).toBe("none");
  expect(read({ MODEL: "/m", GPUS: "0, GPU-8932" }).worker.gpus).toEqual(["0", "GPU-8932"]);
});

const HTTP = { MODEL: "/m", ENGINE: "http", SERVER: "sglang", SERVER_URL: "http://h:1" };

test.each([
  [{ MODEL: "/m", ENGINE: "http" }, "worker.server is missing"],
  [{ ...HTTP, SERVER_URL: "h:1" }, "h:1 is no http://HOST:PORT"],
  [{ MODEL: "/m", ENGINE: "http", SERVER: "vllm" }, "nothing says where the server is"],
  [
    { MODEL: "/m", ENGINE: "http", SERVER: "vllm", SERVER_COMMAND: "vllm,serve" },
    "nothing says where the server is",
  ],
  [{ ENGINE: "http", SERVER: "vllm", SERVER_URL: "http://h:1" }, "worker.model is missing"],
  [{ ...HTTP, THREADS: "2" }, "worker.threads says nothing to worker.engine http"],
  [{ ...HTTP, STATE: "/s", WARM_BLOCKS: "5" }, "worker.warm_blocks says nothing to worker.engine"],
  [{ MODEL: "/m", WARM_BLOCKS: "5" }, "worker.warm_blocks says nothing without worker.state"],
  [{ MODEL: "/m", SERVER: "vllm" }, "worker.server says nothing to worker.engine native"],
  [{}, "nothing configures a worker"],
  [{ LISTEN: "127.0.0.1:0" }, "worker.model is missing"],
  [{ MODEL: "/m", GPUS: "0,all" }, "worker.gpus: all is no GPU"],
  [{ MODEL: "/m", GPUS: "auto,0" }, "worker.gpus: auto is no GPU"],
  [{ MODEL: "/m", GPUS: "" }, "worker.gpus:  is no GPU"],
  [{ MODEL: "/m", ROUTERS: "a:1,nowhere" }, "nowhere is no HOST:PORT"],
  [{ MODEL: "/m", ENGINE: "quantum" }, "must be one of native, simulated"],
])("%j is refused", (worker, message) => {
  expect(() => read(worker)).toThrow(message);
});
