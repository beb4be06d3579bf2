// What every engine behind the port must do (E1 to E4 in engine.ts), as one suite: the native
// engine runs it with a committed model, the simulated one on a simulated clock, and servers of
// others within what they say they can do: what they cannot is refused by name.

import assert from "node:assert/strict";
import { afterEach, describe, expect, test } from "vitest";

import { ALL_CAPABILITIES } from "./capabilities.ts";
import type {
  Capabilities,
  Chunk,
  Engine,
  EngineOptions,
  FinishReason,
  Generation,
  PartialRequest,
  Sampling,
} from "./engine.ts";
import { EngineFailure, type EngineErrorCode } from "./errors.ts";

export interface EngineHarness {
  readonly engine: Engine;
  /** Lets time pass until the promise settles. */
  drive<T>(promise: Promise<T>): Promise<T>;
}

/** What the suite sets; the rest is the harness's. */
export type HarnessOptions = Partial<
  Pick<EngineOptions, "sequencesMax" | "waitingMax" | "contextMax" | "stepTokens">
>;

/** What is asked of an engine. */
export interface SuiteScope {
  /** That it must say of itself. */
  readonly capabilities: Capabilities;
  /** `blocks`: it tells of each block of its cache; `told`: how much of a prompt was in it. */
  readonly cache: "blocks" | "told";
  /** Its bits do not depend on what else it computes, or when. */
  readonly isSteady: boolean;
  /** With minTokens and stop ids it holds back ends of sequence that are to be ignored, too. */
  readonly holdsEnds?: boolean;
}

const OWN: SuiteScope = { capabilities: ALL_CAPABILITIES, cache: "blocks", isSteady: true };

interface Collected {
  readonly ids: number[];
  readonly chunks: readonly Chunk[];
  readonly finish: FinishReason | null;
  readonly cachedTokens: number | null;
}

const BLOCK_TOKENS = 32;

/** Not a skip: what is out of an engine's scope has a test of its own that it is refused. */
function testIf(isInScope: boolean, name: string, run: () => Promise<void>): void {
  if (isInScope) test(name, run);
}

export function describeEngine(
  name: string,
  make: (options: HarnessOptions) => Promise<EngineHarness>,
  { capabilities: can, cache, isSteady, holdsEnds = false }: SuiteScope = OWN,
): void {
  const open: EngineHarness[] = [];

  async function start(options: HarnessOptions = {}): Promise<EngineHarness> {
    const harness = await make(options);
    open.push(harness);
    return harness;
  }

  afterEach(async () => {
    for (const { engine, drive } of open.splice(0)) await drive(engine.unload());
  });

  /** A prompt of `length` tokens; another `salt`, other tokens. */
  function promptOf({ engine }: EngineHarness, length: number, salt = 0): number[] {
    const { vocab } = engine.model.shape;
    return Array.from({ length }, (_, i) => (7 + 13 * i + 31 * salt + i * i * (salt + 1)) % vocab);
  }

  async function collect(generation: Generation): Promise<Collected> {
    const chunks: Chunk[] = [];
    for await (const chunk of generation) chunks.push(chunk);
    return {
      ids: chunks.flatMap((chunk) => chunk.tokenIds),
      chunks,
      finish: chunks.at(-1)?.finish ?? null,
      cachedTokens: chunks.find((chunk) => chunk.cachedTokens !== null)?.cachedTokens ?? null,
    };
  }

  async function run(harness: EngineHarness, request: PartialRequest): Promise<Collected> {
    return await harness.drive(collect(harness.engine.generate(request)));
  }

  /** Ends nowhere by itself. */
  const free = (over: Partial<Sampling> = {}): Partial<Sampling> => ({
    ignoreEos: true,
    maxTokens: 24,
    ...over,
  });

  /** As long as the model's context lets a short prompt's output be, within reason. */
  const longest = ({ engine }: EngineHarness): Partial<Sampling> =>
    free({ maxTokens: Math.min(2000, engine.model.contextMax - 20) });

  const refusal = (call: () => unknown): EngineErrorCode | null => {
    try {
      call();
      return null;
    } catch (reason) {
      expect(reason).toBeInstanceOf(EngineFailure);
      return (reason as EngineFailure).code;
    }
  };

  const maskOf = ({ engine }: EngineHarness, ids: readonly number[]): Uint32Array => {
    const mask = new Uint32Array(Math.ceil(engine.model.shape.vocab / 32));
    for (const id of ids) mask[id >>> 5] = (mask[id >>> 5] ?? 0) | (1 << (id & 31));
    return mask;
  };

  describe(`the ${name} engine`, () => {
    test("it says what it can do", async () => {
      expect((await start()).engine.model.capabilities).toEqual(can);
    });

    test("a request ends at maxTokens, and its chunks follow one another", async () => {
      const harness = await start();
      const { ids, chunks, finish } = await run(harness, {
        prompt: promptOf(harness, 40),
        sampling: free({ maxTokens: 50 }),
      });
      expect([ids.length, finish]).toEqual([50, "length"]);
      let next = 0;
      for (const chunk of chunks) {
        expect(chunk.index).toBe(next);
        expect(chunk.logprobs).toBeNull();
        next += chunk.tokenIds.length;
      }
      expect(chunks.slice(0, -1).every((it) => it.finish === null && it.tokenIds.length > 0)).toBe(
        true,
      );
    });

    test("temperature 0 repeats itself, and so do top-k 1, a tiny top-p and min-p 1", async () => {
      const harness = await start();
      const prompt = promptOf(harness, 20);
      const greedy = await run(harness, { prompt, sampling: free({ temperature: 0 }) });
      const same: Partial<Sampling>[] = [
        { temperature: 0, seed: 5 },
        { topK: 1, seed: 6 },
        { topP: 1e-6, seed: 7 },
        { minP: 1, seed: 8 },
      ];
      for (const sampling of same) {
        expect((await run(harness, { prompt, sampling: free(sampling) })).ids).toEqual(greedy.ids);
      }
    });

    testIf(can.seeds, "a seed repeats itself, another seed or prompt does not", async () => {
      const harness = await start();
      const ids = async (seed: number, salt = 0): Promise<number[]> => {
        const prompt = promptOf(harness, 20, salt);
        return (await run(harness, { prompt, sampling: free({ seed }) })).ids;
      };
      const first = await ids(1);
      expect(await ids(1)).toEqual(first);
      expect(await ids(2)).not.toEqual(first);
      expect(await ids(1, 1)).not.toEqual(first);
    });

    testIf(can.exactResume, "resumed from emitted ids, it goes on as it would have", async () => {
      const harness = await start();
      const prompt = promptOf(harness, 45);
      for (const temperature of [0, 1]) {
        const sampling = free({ temperature, seed: 9, maxTokens: 40 });
        const whole = await run(harness, { prompt, sampling });
        for (const cut of [1, 20, 39]) {
          const resume = whole.ids.slice(0, cut);
          const rest = await run(harness, { prompt, resume, sampling });
          expect(rest.chunks[0]?.index).toBe(cut);
          expect([...resume, ...rest.ids]).toEqual(whole.ids);
        }
      }
    });

    testIf(!can.exactResume, "resumed from emitted ids, it goes on behind them", async () => {
      const harness = await start();
      const prompt = promptOf(harness, 45);
      for (const temperature of [0, 1]) {
        const sampling = free({ temperature, seed: 9, maxTokens: 40 });
        const whole = await run(harness, { prompt, sampling });
        for (const cut of [1, 20, 39]) {
          const resume = whole.ids.slice(0, cut);
          const rest = await run(harness, { prompt, resume, sampling });
          expect(rest.chunks[0]?.index).toBe(cut);
          expect([cut + rest.ids.length, rest.finish]).toEqual([40, "length"]);
          // What is likeliest depends on the tokens before alone: none of them was lost.
          if (temperature === 0 && isSteady) expect([...resume, ...rest.ids]).toEqual(whole.ids);
        }
      }
    });

    test("resumed from output that has ended, a request ends at once in the same way", async () => {
      const harness = await start();
      const eos = harness.engine.model.eosIds[0] ?? assert.fail("the model has no end");
      const prompt = promptOf(harness, 20);
      const ends = async (resume: number[], sampling: Partial<Sampling>): Promise<unknown> => {
        const { chunks } = await run(harness, { prompt, resume, sampling });
        return chunks.map((it) => [it.index, it.tokenIds, it.finish]);
      };
      expect(await ends([5, 6, 7], { maxTokens: 3 })).toEqual([[3, [], "length"]]);
      expect(await ends([5, eos], { maxTokens: 30 })).toEqual([[2, [], "stop"]]);
      expect(await ends([5, 9], { maxTokens: 30, stopIds: [9] })).toEqual([[2, [], "stop"]]);
      expect((await run(harness, { prompt, resume: [eos], sampling: free() })).ids).toHaveLength(
        23,
      );
    });

    testIf(isSteady, "company changes nothing", async () => {
      const harness = await start();
      const request = (salt: number): PartialRequest => ({
        prompt: promptOf(harness, 15 + 9 * salt, salt),
        sampling: free({ seed: salt, temperature: can.seeds ? 1 : 0 }),
      });
      const salts = [0, 1, 2, 3, 4, 5];
      const together = await harness.drive(
        Promise.all(salts.map((it) => collect(harness.engine.generate(request(it))))),
      );
      for (const salt of salts) {
        expect((await run(harness, request(salt))).ids).toEqual(together[salt]?.ids);
      }
    });

    test("a prompt that was there before is read from the cache, but not by another tenant", async () => {
      const harness = await start();
      const prompt = promptOf(harness, 3 * BLOCK_TOKENS + 5);
      const sampling = free({ temperature: 0 });
      const first = await run(harness, { prompt, sampling });
      const again = await run(harness, { prompt, sampling });
      const other = await run(harness, { prompt, sampling, cacheSalt: "another" });
      const read = again.cachedTokens ?? 0;
      if (cache === "blocks") expect(read).toBe(3 * BLOCK_TOKENS);
      expect(read).toBeGreaterThanOrEqual(2 * BLOCK_TOKENS);
      expect(read).toBeLessThan(prompt.length);
      expect([first, other].map((it) => it.cachedTokens)).toEqual([0, 0]);
      if (isSteady) expect([again.ids, other.ids]).toEqual([first.ids, first.ids]);
      const stats = harness.engine.stats();
      expect(stats.cachedTokens).toBe(read);
      expect(stats.cacheQueries).toBe(3 * prompt.length);
    });

    test("a drawn stop id ends the request and is its last token, not before minTokens", async () => {
      const harness = await start();
      const prompt = promptOf(harness, 20);
      const whole = await run(harness, { prompt, sampling: free({ temperature: 0 }) });
      const stop = whole.ids[4] ?? assert.fail();
      const at = whole.ids.indexOf(stop);
      const sampling = free({ temperature: 0, stopIds: [stop] });
      const stopped = await run(harness, { prompt, sampling });
      expect([stopped.ids, stopped.finish]).toEqual([whole.ids.slice(0, at + 1), "stop"]);
      const held = await run(harness, { prompt, sampling: { ...sampling, minTokens: at + 2 } });
      if (!holdsEnds) expect(held.ids.slice(0, at)).toEqual(whole.ids.slice(0, at));
      expect(held.ids.slice(0, at + 2)).not.toContain(stop);
    });

    test("end-of-sequence ids end a request, unless ignored or too early; bias can force them", async () => {
      const harness = await start();
      const eos = harness.engine.model.eosIds[0] ?? assert.fail("the model has no end");
      const prompt = promptOf(harness, 20);
      const logitBias = [{ tokenId: eos, bias: 200 }];
      const at = async (over: Partial<Sampling>): Promise<unknown[]> => {
        const sampling = { logitBias, maxTokens: 6, ...over };
        const { ids, finish } = await run(harness, { prompt, sampling });
        return [ids.indexOf(eos), ids.length, finish];
      };
      expect(await at({})).toEqual([0, 1, "stop"]);
      expect(await at({ minTokens: 3 })).toEqual([3, 4, "stop"]);
      expect(await at({ ignoreEos: true })).toEqual([0, 6, "length"]);
    });

    test("bias bans a token, and a frequency penalty ends a repetition", async () => {
      const harness = await start();
      const prompt = promptOf(harness, 20);
      const greedy = await run(harness, { prompt, sampling: free({ temperature: 0 }) });
      const tokenId = greedy.ids[0] ?? assert.fail();
      const banned = free({ temperature: 0, logitBias: [{ tokenId, bias: -500 }] });
      expect((await run(harness, { prompt, sampling: banned })).ids).not.toContain(tokenId);
      const forced = { temperature: 0, logitBias: [{ tokenId, bias: 30 }], maxTokens: 60 };
      const stuck = await run(harness, { prompt, sampling: free(forced) });
      expect(new Set(stuck.ids)).toEqual(new Set([tokenId]));
      const punished = free({ ...forced, frequencyPenalty: 2 });
      const varied = await run(harness, { prompt, sampling: punished });
      expect(new Set(varied.ids).size).toBeGreaterThan(1);
    });

    test("log-probabilities: one for each token, with the alternatives asked for", async () => {
      const harness = await start();
      const { ids, chunks } = await run(harness, {
        prompt: promptOf(harness, 20),
        sampling: free({ temperature: 0, logprobs: 5 }),
      });
      const logprobs = chunks.flatMap((chunk) => chunk.logprobs ?? []);
      expect(logprobs).toHaveLength(ids.length);
      for (const [i, { logprob, alternatives }] of logprobs.entries()) {
        expect(alternatives).toHaveLength(5);
        expect(alternatives[0]).toEqual({ tokenId: ids[i], logprob });
        const values = alternatives.map((it) => it.logprob);
        expect(values).toEqual(values.toSorted((a, b) => b - a));
        expect(values.reduce((sum, it) => sum + Math.exp(it), 0)).toBeLessThanOrEqual(1.001);
      }
      const plain = {
        prompt: promptOf(harness, 20),
        sampling: free({ logprobs: 0, maxTokens: 2 }),
      };
      const none = (await run(harness, plain)).chunks.flatMap((chunk) => chunk.logprobs ?? []);
      expect(none.map((it) => it.alternatives)).toEqual([[], []]);
    });

    testIf(!can.masks, "a masked request is refused, and named", async () => {
      const { engine } = await start();
      const request = { prompt: [5, 6, 7], masked: true, sampling: free() };
      expect(refusal(() => engine.generate(request))).toBe("invalid_request");
      expect(() => engine.generate(request)).toThrow(/^masked: /u);
      expect(engine.stats()).toMatchObject({ running: 0, waiting: 0 });
    });

    testIf(can.masks, "a masked request draws what it is allowed, one for each mask", async () => {
      const harness = await start();
      const request = {
        prompt: promptOf(harness, 20),
        masked: true,
        sampling: free({ maxTokens: 3 }),
      };
      const generation = harness.engine.generate(request);
      const chunks = generation[Symbol.asyncIterator]();
      for (const [index, allowed] of [[11, 12], [13], [11, 17]].entries()) {
        generation.allowTokens(index + 5, maskOf(harness, [1])); // Not the next one: nothing.
        expect(refusal(() => generation.allowTokens(index, new Uint32Array(1)))).toBe(
          "invalid_request",
        );
        expect(refusal(() => generation.allowTokens(index, maskOf(harness, [])))).toBe(
          "invalid_request",
        );
        generation.allowTokens(index, maskOf(harness, allowed));
        const { value } = await harness.drive(chunks.next());
        expect(value?.index).toBe(index);
        expect(allowed).toContain(value?.tokenIds[0]);
      }
      generation.allowTokens(3, maskOf(harness, [1])); // Ended: nothing.
    });

    test("an aborted request ends as aborted, once, also while it waits for a mask", async () => {
      const harness = await start();
      for (const masked of can.masks ? [false, true] : [false]) {
        const sampling = longest(harness);
        const request = { prompt: promptOf(harness, 20), masked, sampling };
        const generation = harness.engine.generate(request);
        const ended = collect(generation);
        generation.abort();
        generation.abort();
        expect((await harness.drive(ended)).finish).toBe("aborted");
        generation.abort();
      }
      const after = await run(harness, { prompt: promptOf(harness, 20), sampling: free() });
      expect(after.finish).toBe("length");
    });

    test("whoever leaves the loop early aborts the request", async () => {
      const harness = await start();
      const sampling = longest(harness);
      const request = { prompt: promptOf(harness, 20), sampling };
      const leave = async (): Promise<number> => {
        for await (const chunk of harness.engine.generate(request)) return chunk.index;
        return -1;
      };
      expect(await harness.drive(leave())).toBe(0);
      await run(harness, { prompt: promptOf(harness, 20), sampling: free() });
      expect(harness.engine.stats()).toMatchObject({ running: 0, waiting: 0 });
    });

    test("what a slow consumer has not read is one chunk", async () => {
      const harness = await start();
      const request = {
        prompt: promptOf(harness, 20),
        sampling: free({ maxTokens: 30, logprobs: 1 }),
      };
      const slow = harness.engine.generate(request);
      // Longer than the slow one, and begun with it.
      await run(harness, { prompt: promptOf(harness, 20), sampling: free({ maxTokens: 60 }) });
      const { chunks, ids } = await harness.drive(collect(slow));
      expect([chunks.length, ids.length, chunks[0]?.logprobs?.length]).toEqual([1, 30, 30]);
    });

    test("lower priorities go first, equals by arrival", async () => {
      const harness = await start({ sequencesMax: 1 });
      const order: string[] = [];
      const generate = async (label: string, priority: number, maxTokens = 4): Promise<void> => {
        const prompt = promptOf(harness, 20);
        const request = { prompt, priority, sampling: free({ maxTokens }) };
        for await (const chunk of harness.engine.generate(request)) {
          if (chunk.finish !== null) order.push(label);
        }
      };
      // The first is running by the time the others arrive, or goes before them all. It is long:
      // when this thread is held up before the others it would be over, and the late one begun.
      const all = [
        generate("first", -9, 200),
        ...[generate("late", 5), generate("a", 1), generate("b", 1)],
      ];
      await harness.drive(Promise.all(all));
      expect(order).toEqual(["first", "a", "b", "late"]);
    });

    test("a full queue refuses as busy, and takes requests again when there is room", async () => {
      const harness = await start({ sequencesMax: 1, waitingMax: 2 });
      const request = (): Generation =>
        harness.engine.generate({ prompt: promptOf(harness, 20), sampling: free() });
      const taken: Promise<Collected>[] = [];
      const codes = new Set<EngineErrorCode | null>();
      for (let i = 0; i < 20; i++) codes.add(refusal(() => taken.push(collect(request()))));
      expect([...codes]).toEqual([null, "busy"]);
      const ends = await harness.drive(Promise.all(taken));
      expect(ends.map((it) => it.finish)).toEqual(ends.map(() => "length"));
      expect((await harness.drive(collect(request()))).finish).toBe("length");
    });

    test("what can never fit is refused, and what is wrong, each by its code", async () => {
      const harness = await start();
      const { engine } = harness;
      const { vocab } = engine.model.shape;
      const prompt = promptOf(harness, 20);
      const codeOf = (over: object, sampling: object = {}): EngineErrorCode | null =>
        refusal(() => engine.generate({ prompt, ...over, sampling }));
      expect(codeOf({}, { maxTokens: engine.model.contextMax + 1 })).toBe("never_fits");
      const wrong: [object, object][] = [
        [{ prompt: [] }, {}],
        [{ prompt: [vocab] }, {}],
        [{ prompt: [-1] }, {}],
        [{ prompt: [1.5] }, {}],
        [{ prompt: ["1"] }, {}],
        [{ prompt: "text" }, {}],
        [{ resume: [vocab] }, {}],
        [{ resume: prompt }, { maxTokens: prompt.length - 1 }],
        [{ cacheSalt: "s".repeat(1025) }, {}],
        [{ cacheSalt: 5 }, {}],
        [{ cacheSalt: "half of a pair \ud800" }, {}],
        [{ priority: 0.5 }, {}],
        [{ masked: 1 }, {}],
        [{}, { temperature: -1 }],
        [{}, { temperature: NaN }],
        [{}, { temperature: Infinity }],
        [{}, { topK: 0 }],
        [{}, { topP: 0 }],
        [{}, { topP: 1.1 }],
        [{}, { minP: -0.1 }],
        [{}, { repetitionPenalty: 0 }],
        [{}, { presencePenalty: 2.1 }],
        [{}, { frequencyPenalty: -2.1 }],
        [{}, { logitBias: [{ tokenId: vocab, bias: 1 }] }],
        [{}, { logitBias: [{ tokenId: 1, bias: NaN }] }],
        [{}, { logitBias: [null] }],
        [{}, { stopIds: [vocab] }],
        [{}, { minTokens: 17 }],
        [{}, { maxTokens: 0 }],
        [{}, { seed: -1 }],
        [{}, { seed: 2 ** 53 }],
        [{}, { logprobs: 21 }],
        [{}, { logprobs: -1 }],
      ];
      for (const [over, sampling] of wrong) {
        expect(codeOf(over, sampling), JSON.stringify([over, sampling])).toBe("invalid_request");
      }
      expect(engine.stats()).toMatchObject({ running: 0, waiting: 0, tokensOut: 0 });
    });

    test("its figures add up, and every block is free in the end", async () => {
      const harness = await start();
      const { engine } = harness;
      const prompt = promptOf(harness, 50);
      await run(harness, { prompt, sampling: free({ maxTokens: 10 }) });
      const stats = engine.stats();
      expect(stats).toMatchObject({ running: 0, waiting: 0, failure: null, preemptions: 0 });
      expect(stats).toMatchObject({ tokensOut: 10, promptTokens: 50, cachedTokens: 0 });
      // A server of somebody else's is heard of by what it sends.
      expect(stats.step).toBeGreaterThanOrEqual(cache === "blocks" ? 10 : 1);
      expect(stats.blocksFree).toBe(stats.blocks);
      expect(stats.blocks).toBe(engine.model.execution.blocks);
      if (cache === "blocks") expect(stats.blocksCached).toBe(Math.floor(59 / BLOCK_TOKENS));
    });

    testIf(!can.kvEvents, "asked of its cache it refuses, and names what", async () => {
      const { engine } = await start();
      for (const call of [() => engine.kvEvents(0), () => engine.clearPrefixCache()]) {
        expect(refusal(call)).toBe("invalid_request");
        expect(call).toThrow(/^(?:kvEvents|clearPrefixCache): /u);
      }
    });

    testIf(
      can.kvEvents,
      "it tells which blocks it stored, in chains, and that the cache was cleared",
      async () => {
        const harness = await start();
        const { engine } = harness;
        const from = engine.stats().kvEventNext;
        const prompt = promptOf(harness, 2 * BLOCK_TOKENS + 1);
        await run(harness, { prompt, sampling: free({ maxTokens: 1 }) });
        const stored = engine.kvEvents(from);
        expect(stored.map((it) => [it.kind, it.sequence])).toEqual([
          ["stored", from],
          ["stored", from + 1],
        ]);
        expect(stored.map((it) => it.parent)).toEqual([null, stored[0]?.hash]);
        expect(stored.flatMap((it) => it.tokenIds)).toEqual(prompt.slice(0, 2 * BLOCK_TOKENS));
        expect(engine.kvEvents(from + 2)).toEqual([]);
        engine.clearPrefixCache();
        const again = await run(harness, { prompt, sampling: free({ maxTokens: 1 }) });
        expect(again.cachedTokens).toBe(0);
        expect(engine.kvEvents(from + 2).map((it) => it.kind)).toEqual([
          "cleared",
          "stored",
          "stored",
        ]);
        expect(engine.kvEvents(0)[0]?.kind).toBe("cleared");
      },
    );

    test("unload ends what is live as aborted, and nothing can be asked after it", async () => {
      const harness = await start({ sequencesMax: 1 });
      const { engine } = harness;
      const request = {
        prompt: promptOf(harness, 20),
        sampling: longest(harness),
      };
      const generations = [engine.generate(request), engine.generate(request)];
      const ends = Promise.all(generations.map(collect));
      await harness.drive(Promise.all([engine.unload(), engine.unload()]));
      expect((await harness.drive(ends)).map((it) => it.finish)).toEqual(["aborted", "aborted"]);
      expect(await engine.ended).toEqual({ kind: "unloaded" });
      const calls = [
        () => engine.generate(request),
        () => engine.stats(),
        () => engine.kvEvents(0),
        () => engine.clearPrefixCache(),
      ];
      expect(calls.map(refusal)).toEqual(calls.map(() => "unavailable"));
      for (const generation of generations) generation.abort();
      await harness.drive(engine.unload());
    });
  });
}
