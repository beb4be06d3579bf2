// A program that does one wrong or abrupt thing with the engine, named by its argument, and must
// end as any Node program would: by itself or by its own exception, never by a signal.
//
//   node native/testing/misuse.fixture.ts SCENARIO

import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

import { EngineFailure, loadEngine, type Engine, type Generation } from "../index.ts";
import { TEST_MODEL } from "./built-addon.ts";

/** Takes a moment: the loop must not end meanwhile. */
const MUCH_TO_FREE = 2 ** 30;
const LONG = { maxTokens: 480, ignoreEos: true };

const load = (): Promise<Engine> => loadEngine({ folder: TEST_MODEL, threads: 1 });

/** Enough requests to decode for a while. */
function decodeMuch(engine: Engine): Generation[] {
  return Array.from({ length: 200 }, (_, i) =>
    engine.generate({ prompt: [i + 3, 4, 5], sampling: { ...LONG, seed: i } }),
  );
}

/** The first chunk of the first: everything is under way then. */
async function underWay(generations: readonly Generation[]): Promise<void> {
  const [first] = generations;
  await first?.[Symbol.asyncIterator]().next();
}

async function startMuch(): Promise<Engine> {
  const engine = await load();
  await underWay(decodeMuch(engine));
  return engine;
}

function codeOf(call: () => unknown): string {
  try {
    call();
    return "none";
  } catch (reason) {
    return reason instanceof EngineFailure ? reason.code : String(reason);
  }
}

/** A worker that runs another scenario of this file. */
async function startWorker(scenario: string): Promise<Worker> {
  const worker = new Worker(import.meta.filename, { workerData: scenario });
  await once(worker, "message");
  return worker;
}

const SCENARIOS: { readonly [name: string]: () => Promise<void> } = {
  "double unload": async () => {
    const engine = await load();
    await Promise.all([engine.unload(), engine.unload()]);
    await engine.unload();
    say(codeOf(() => engine.stats()));
  },
  "unload while decoding": async () => {
    const engine = await load();
    const generations = decodeMuch(engine);
    await underWay(generations);
    await engine.unload();
    const [, second] = generations;
    for await (const chunk of second ?? []) say(chunk.finish ?? "more");
    generations.forEach((it) => it.abort());
    say(codeOf(() => engine.generate({ prompt: [1] })));
  },
  "cancelled in the turn that says it is ready": async () => {
    const stop = new AbortController();
    const loading = loadEngine(
      { folder: TEST_MODEL, threads: 1, cacheBytes: MUCH_TO_FREE },
      {
        signal: stop.signal,
        onProgress: ({ phase }) => {
          if (phase === "ready") stop.abort();
        },
      },
    );
    const reason: unknown = await loading.then(
      () => null,
      (why: unknown) => why,
    );
    say(reason instanceof EngineFailure ? reason.code : "loaded");
  },
  "abort after end": async () => {
    const engine = await load();
    const generation = engine.generate({ prompt: [3] });
    for await (const chunk of generation) if (chunk.finish !== null) say(chunk.finish);
    generation.abort();
    generation.allowTokens(0, new Uint32Array(8));
    await engine.unload();
    generation.abort();
    say("still here");
  },
  "process.exit while decoding": async () => {
    await startMuch();
    process.exit(5);
  },
  "process.exit while loading": async () => {
    void load();
    setImmediate(() => process.exit(5));
  },
  "process.exit in a chunk's turn": async () => {
    const engine = await startMuch();
    const generation = engine.generate({ prompt: [3], sampling: LONG });
    for await (const chunk of generation) process.exit(chunk.tokenIds.length > 0 ? 5 : 6);
  },
  "an uncaught exception while decoding": async () => {
    await startMuch();
    setImmediate(() => {
      throw new Error("nobody catches this");
    });
  },
  "an unhandled rejection while decoding": async () => {
    await startMuch();
    void Promise.reject(new Error("nobody catches this"));
  },
  "the end of the program with an idle engine": async () => {
    const engine = await load();
    for await (const chunk of engine.generate({ prompt: [3] })) {
      if (chunk.finish !== null) say(chunk.finish);
    }
  },
  "the end of the program while nobody reads": async () => {
    const engine = await load();
    const generation = engine.generate({ prompt: [3], sampling: LONG });
    void generation;
    say("started");
  },
  "SIGTERM while decoding": async () => {
    process.once("SIGTERM", () => process.exit(5));
    await startMuch();
    process.kill(process.pid, "SIGTERM");
    setInterval(() => {}, 1000);
  },
  "a worker ended while decoding": async () => {
    const worker = await startWorker("decode in a worker");
    say(String(await worker.terminate()));
  },
  "a worker ended while loading": async () => {
    const worker = await startWorker("load in a worker");
    say(String(await worker.terminate()));
  },
  "a worker that exits while decoding": async () => {
    const worker = new Worker(import.meta.filename, { workerData: "exit in a worker" });
    const [code] = (await once(worker, "exit")) as [number];
    say(String(code));
  },
  "process.exit while a worker decodes": async () => {
    await startWorker("decode in a worker");
    await startMuch();
    process.exit(5);
  },
  "engines in workers, one after another and at once": async () => {
    for (let round = 0; round < 3; round++) {
      const workers = await Promise.all([1, 2].map(() => startWorker("decode in a worker")));
      const engine = await startMuch();
      await Promise.all([...workers.map((worker) => worker.terminate()), engine.unload()]);
    }
    say("all ended");
  },
  "decode in a worker": async () => {
    await startMuch();
    tell("under way");
  },
  "load in a worker": async () => {
    void load();
    tell("loading");
    await Promise.resolve();
  },
  "exit in a worker": async () => {
    await startMuch();
    process.exit(6);
  },
};

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** To the thread that started this one. */
function tell(line: string): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- no window, no origins
  parentPort?.postMessage(line);
}

const name = isMainThread ? process.argv[2] : (workerData as string);
const scenario = SCENARIOS[name ?? ""];
if (scenario === undefined) throw new Error(`no scenario is called ${name}`);
await scenario();
