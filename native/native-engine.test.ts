// The native engine from JavaScript: the suite of every engine, with a small committed model, then
// loading and the end, which are its own.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";

import { describeEngine } from "./conformance.ts";
import type { Engine, LoadProgress } from "./engine.ts";
import type { EngineFailure } from "./errors.ts";
import { checkDevice, checkModelFolder, kvBytesPerToken, loadEngine } from "./index.ts";
import { builtAddon, BUILD_MS_MAX, TEST_MODEL, WHY_NO_ADDON } from "./testing/built-addon.ts";

const lacks = WHY_NO_ADDON === null ? "" : ` (${WHY_NO_ADDON})`;
const directory = tempDirectory("native-engine");
afterAll(directory.remove);

const failureOf = (promise: Promise<unknown>): Promise<EngineFailure> =>
  promise.then(
    () => Promise.reject(new Error("it did not fail")),
    (reason: EngineFailure) => reason,
  );

describe.skipIf(WHY_NO_ADDON !== null)(`with the addon${lacks}`, () => {
  beforeAll(builtAddon, BUILD_MS_MAX);

  describeEngine("native", async (options) => ({
    engine: await loadEngine({ folder: TEST_MODEL, ...options }),
    drive: (promise) => promise,
  }));

  test("loading tells where it is, phase by phase, and how long each took", async () => {
    const seen: LoadProgress[] = [];
    const onProgress = (progress: LoadProgress): void => void seen.push(progress);
    const engine = await loadEngine({ folder: TEST_MODEL, threads: 1 }, { onProgress });
    try {
      const { model } = engine;
      expect(model).toMatchObject({ folder: TEST_MODEL, family: "llama", contextMax: 512 });
      expect(model.shape).toMatchObject({ vocab: 256, headDim: 16, heads: 4, kvHeads: 2 });
      expect(model.execution).toMatchObject({
        weights: "bf16",
        cache: "bf16",
        ranks: 1,
        threads: 1,
      });
      expect(model.execution.rankBytes).toHaveLength(1);
      expect(model.waterfall.map((it) => it.phase)).toEqual(
        expect.arrayContaining(["config", "weights", "cache"]),
      );
      expect(model.waterfall.every((it) => it.seconds >= 0)).toBe(true);
      const seconds = seen.map((it) => it.seconds);
      expect(seconds).toEqual(seconds.toSorted((a, b) => a - b));
      expect(seen.every((it) => it.done <= it.total)).toBe(true);
      expect(seen.length).toBeGreaterThan(0);
    } finally {
      await engine.unload();
    }
  });

  test("a token takes as many bytes of the cache as its shape says", async () => {
    for (const name of ["llama-gqa", "llama-mqa", "qwen3"]) {
      for (const cache of ["bf16", "fp8"] as const) {
        const folder = join(TEST_MODEL, "..", name);
        const engine = await loadEngine({ folder, cache, threads: 1, contextMax: 64 });
        const { shape, execution } = engine.model;
        await engine.unload();
        expect(kvBytesPerToken(shape, cache) * 32, `${name} ${cache}`).toBe(execution.blockBytes);
      }
    }
  });

  test("a folder that is no model is refused by file, and so is a path that is not there", async () => {
    const folder = join(directory.path, "damaged");
    mkdirSync(folder);
    writeFileSync(join(folder, "config.json"), '{"architectures": ["LlamaForCausalLM"]');
    for (const check of [checkModelFolder, (it: string) => loadEngine({ folder: it })]) {
      expect(await failureOf(check(folder))).toMatchObject({
        code: "invalid_model",
        message: expect.stringContaining("config.json") as string,
      });
      expect(await failureOf(check(join(directory.path, "nowhere")))).toMatchObject({
        code: "io",
        message: expect.stringContaining("nowhere") as string,
      });
    }
  });

  test("an option that this machine or model cannot serve fails loading with its name", async () => {
    expect(await failureOf(loadEngine({ folder: TEST_MODEL, isa: "abacus" }))).toMatchObject({
      code: "invalid_request",
      message: expect.stringContaining("abacus") as string,
    });
  });

  test("a device that is not here says what is missing, and an option of the CPU's is refused", async () => {
    const missing = { device: "cuda:999", kernels: "/nowhere" };
    const refused = {
      code: "unavailable",
      message: expect.stringMatching(/^no CUDA device: /u) as string,
    };
    expect(await failureOf(loadEngine({ folder: TEST_MODEL, ...missing }))).toMatchObject(refused);
    expect(await failureOf(checkDevice("cuda:999"))).toMatchObject(refused);
    await checkDevice("cpu");
    const both = { folder: TEST_MODEL, device: "cuda:0", isa: "avx2" };
    expect(await failureOf(loadEngine(both))).toMatchObject({
      code: "invalid_request",
      message: expect.stringContaining("avx2") as string,
    });
  });

  test("a load that is cancelled frees what it had", async () => {
    const abort = new AbortController();
    const loading = loadEngine({ folder: TEST_MODEL }, { signal: abort.signal });
    abort.abort();
    expect(await failureOf(loading)).toMatchObject({ code: "unavailable" });
    const before = AbortSignal.abort();
    const never = loadEngine({ folder: TEST_MODEL }, { signal: before });
    expect(await failureOf(never)).toMatchObject({ code: "unavailable" });
    const after = new AbortController();
    const engine = await loadEngine({ folder: TEST_MODEL }, { signal: after.signal });
    after.abort(); // Loaded: nobody listens any more.
    expect(engine.stats().failure).toBeNull();
    await engine.unload();
  });

  test("two engines live side by side, and each is unloaded by itself", async () => {
    const engines = await Promise.all(
      [1, 2].map(() => loadEngine({ folder: TEST_MODEL, threads: 1 })),
    );
    const idsOf = async (engine: Engine): Promise<number[]> => {
      const ids: number[] = [];
      const request = {
        prompt: [3, 4],
        sampling: { temperature: 0, maxTokens: 40 },
      };
      for await (const chunk of engine.generate(request)) ids.push(...chunk.tokenIds);
      return ids;
    };
    const [one, two] = engines as [Engine, Engine];
    const ids = await idsOf(one);
    await one.unload();
    expect(await idsOf(two)).toEqual(ids);
    await two.unload();
  });

  test("the engine goes on while JavaScript does not, and nothing of it is lost", async () => {
    const engine = await loadEngine({ folder: TEST_MODEL, threads: 1 });
    try {
      const request = {
        prompt: [5, 6, 7],
        sampling: { maxTokens: 400, ignoreEos: true },
      };
      const chunks = engine.generate(request)[Symbol.asyncIterator]();
      const first = await chunks.next();
      const from = engine.stats().step;
      // Not a promise is settled and not a callback runs meanwhile.
      while (engine.stats().running > 0) continue;
      expect(engine.stats().step).toBeGreaterThanOrEqual(from);
      const ids = [...(first.value?.tokenIds ?? [])];
      for (let it = await chunks.next(); it.done !== true; it = await chunks.next()) {
        expect(it.value.index).toBe(ids.length);
        ids.push(...it.value.tokenIds);
      }
      expect(ids).toHaveLength(400);
    } finally {
      await engine.unload();
    }
  });
});
