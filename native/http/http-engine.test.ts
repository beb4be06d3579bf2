// Servers of others behind the port: the suite of every engine against the stand-in for each kind,
// then what is their own: load, ends, keys, and what is refused.

import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { waitFor } from "#shared/testing/wait-for.ts";
import { describeEngine, type SuiteScope } from "../conformance.ts";
import type { Chunk, Generation, PartialRequest } from "../engine.ts";
import type { EngineFailure } from "../errors.ts";
import { DIALECTS, type DialectName } from "./dialects.ts";
import { startFaithful, type FaithfulOptions } from "./faithful-server.fixture.ts";
import type { HttpEngine } from "./http-engine.ts";
import { open, type Some } from "./http-world.fixture.ts";

const NAMES = Object.keys(DIALECTS) as DialectName[];

for (const name of NAMES) {
  const scope: SuiteScope = {
    ...{ capabilities: DIALECTS[name]().capabilities, cache: "told", isSteady: true },
  };
  describeEngine(
    `${name} (a stand-in)`,
    async ({ sequencesMax, waitingMax, contextMax }) => {
      const server = await startFaithful(name);
      onTestFinished(() => server.close());
      const engine = await open(name, server.url, { sequencesMax, waitingMax, contextMax });
      return { engine, drive: (promise) => promise };
    },
    scope,
  );
}

async function world(name: DialectName, options: FaithfulOptions = {}, some: Some = {}) {
  const server = await startFaithful(name, options);
  onTestFinished(() => server.close());
  return { server, engine: await open(name, server.url, some) };
}

const LONG: PartialRequest = {
  prompt: [5, 6, 7],
  sampling: { ignoreEos: true, maxTokens: 4000 },
};

interface Ended {
  readonly ids: readonly number[];
  readonly chunks: readonly Chunk[];
  readonly failure: EngineFailure | null;
}

async function collect(generation: Generation): Promise<Ended> {
  const chunks: Chunk[] = [];
  let failure: EngineFailure | null = null;
  try {
    for await (const chunk of generation) chunks.push(chunk);
  } catch (reason) {
    failure = reason as EngineFailure;
  }
  return { ids: chunks.flatMap((it) => it.tokenIds), chunks, failure };
}

/** Its first tokens have come. */
async function underWay(engine: HttpEngine): Promise<{ readonly ended: Promise<Ended> }> {
  const ended = collect(engine.generate(LONG));
  await waitFor(() => engine.stats().tokensOut > 0);
  return { ended };
}

describe.each(NAMES)("over %s", (name) => {
  test("an abort reaches the server, which computes no more of it", async () => {
    const { server, engine } = await world(name);
    const generation = engine.generate(LONG);
    const ended = collect(generation);
    await waitFor(() => engine.stats().tokensOut > 0);
    server.engine.inject({ kind: "stall", reportAfterMs: null });
    // Until nothing comes any more at which the connection could be closed. A server may have drawn
    // tokens of an answer that it has not sent.
    let before = -1;
    while (engine.stats().tokensOut !== before) {
      before = engine.stats().tokensOut;
      const { looks } = server;
      await waitFor(() => server.looks > looks + 1);
    }
    generation.abort();
    expect((await ended).chunks.at(-1)?.finish).toBe("aborted");
    await waitFor(() => engine.stats().running === 0);
    await waitFor(() => server.engine.stats().running === 0);
  });

  test("a server that goes away breaks the stream behind what it delivered", async () => {
    const { server, engine } = await world(name);
    const { ended } = await underWay(engine);
    await server.close();
    const { ids, failure } = await ended;
    expect(ids.length).toBeGreaterThan(0);
    expect(failure).toMatchObject({ code: "unavailable", retry: "elsewhere" });
    expect(failure?.message).toMatch(/^the connection to the server broke: /u);
    const end = await engine.ended;
    expect(end).toMatchObject({ kind: "failed", failure: { code: "internal" } });
    expect(() => engine.generate(LONG)).toThrow(/^the engine failed: the server does not answer/u);
  });

  test("one that hangs while its health is good has stalled", async () => {
    const { server, engine } = await world(name, {}, { stallMs: 600 });
    const { ended } = await underWay(engine);
    server.engine.inject({ kind: "stall", reportAfterMs: null });
    const { ids, failure } = await ended;
    expect(ids.length).toBeGreaterThan(0);
    expect(failure).toMatchObject({ code: "stalled" });
    expect(await engine.ended).toMatchObject({ kind: "failed", failure: { code: "stalled" } });
  });

  test("while tokens stand still so does its step, and a prompt under way moves it", async () => {
    const { server, engine } = await world(name, {});
    const { ended } = await underWay(engine);
    const lift = server.engine.inject({ kind: "stall", reportAfterMs: null });
    const stillOverThreeLooks = async (): Promise<number | null> => {
      const { step } = engine.stats();
      const { looks } = server;
      await waitFor(() => server.looks > looks + 3);
      return engine.stats().step === step ? step : null;
    };
    const before = await waitFor(stillOverThreeLooks, 20_000);
    const other = engine.generate(LONG);
    await waitFor(() => engine.stats().step > before);
    lift();
    other.abort();
    await engine.unload();
    expect((await ended).chunks.at(-1)?.finish).toBe("aborted");
  });

  test("what others have at the server counts as its load", async () => {
    const { server, engine } = await world(name);
    expect(engine.stats()).toMatchObject({ running: 0, waiting: 0 });
    const other = server.engine.generate({ ...LONG, sampling: { ...LONG.sampling, seed: 1 } });
    await waitFor(() => engine.stats().running === 1);
    other.abort();
    await waitFor(() => engine.stats().running === 0);
  });

  test("its key is sent, and one that is wrong is named", async () => {
    const { engine } = await world(name, { key: "sesame" }, { key: "sesame" });
    const request = { prompt: [5], sampling: { maxTokens: 3 } };
    expect((await collect(engine.generate(request))).ids.length).toBeGreaterThan(0);
    const wrong = world(name, { key: "sesame" }, { key: "open", startMs: 300 });
    await expect(wrong).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/was not ready within .* its health is 401$/u) as string,
    });
  });

  test("what it is comes from the server, the rest from the folder", async () => {
    const { engine } = await world(name, { engine: { contextMax: 512, sequencesMax: 3 } });
    const { model } = engine;
    expect(model.contextMax).toBe(512);
    expect(model).toMatchObject({ family: "llama", eosIds: [2], bosId: 1 });
    expect(model.shape.vocab).toBe(32_000);
    expect(model.execution).toMatchObject({
      ...{ isa: name, numerics: "outside", weights: "outside", cache: "outside" },
      build: expect.stringMatching(
        /^(?:vllm 0\.11\.0|sglang 0\.5\.5|llama\.cpp b7000-0)$/u,
      ) as string,
    });
    expect(engine.sequencesMax).toBe(name === "vllm" ? 64 : 3);
  });
});

test.each(["vllm", "sglang"] as const)(
  "%s would forget what penalties have counted: resumed with them, it is refused",
  async (name) => {
    const { engine } = await world(name);
    const resume = [9, 10];
    for (const sampling of [{ presencePenalty: 1 }, { frequencyPenalty: 1 }]) {
      expect(() => engine.generate({ prompt: [5], resume, sampling })).toThrow(
        /^resume with sampling\.presencePenalty/u,
      );
      const fresh = engine.generate({ prompt: [5], sampling: { ...sampling, maxTokens: 2 } });
      expect((await collect(fresh)).failure).toBeNull();
    }
  },
);

test("vLLM is asked for minTokens only where it holds back no ignored end", async () => {
  const { server, engine } = await world("vllm");
  const asked = async (sampling: object): Promise<unknown> => {
    await collect(engine.generate({ prompt: [5], sampling: { maxTokens: 9, ...sampling } }));
    return server.asked.at(-1)?.["min_tokens"];
  };
  expect(await asked({ minTokens: 4 })).toBe(4);
  expect(await asked({ minTokens: 4, ignoreEos: true })).toBe(0);
  expect(await asked({ minTokens: 4, ignoreEos: true, stopIds: [7] })).toBe(4);
});

test("llama-server's penalties count the output alone, also when resumed", async () => {
  const { server, engine } = await world("llama-server");
  const sampling = { frequencyPenalty: 0.5, presencePenalty: 0.25, maxTokens: 3, ignoreEos: true };
  await collect(engine.generate({ prompt: [5, 9], resume: [9, 9], sampling }));
  const [first] = server.asked;
  expect(first).toMatchObject({ n_predict: 1, presence_penalty: 0, frequency_penalty: 0 });
  expect(first?.["logit_bias"]).toEqual([[9, -1.25]]);
  expect(() =>
    engine.generate({ prompt: [5], sampling: { ...sampling, repetitionPenalty: 1.1 } }),
  ).toThrow(/^sampling\.repetitionPenalty with presencePenalty/u);
});

test("llama-server's documents grow, and stay short where it is slow", async () => {
  const { server, engine } = await world("llama-server");
  const sampling = { ignoreEos: true, maxTokens: 20 };
  const { ids } = await collect(engine.generate({ prompt: [5], sampling }));
  expect(ids).toHaveLength(20);
  expect(server.asked.map((it) => it["n_predict"])).toEqual([1, 2, 4, 8, 5]);
  const prompts = server.asked.map((it) => (it["prompt"] as number[]).length);
  expect(prompts).toEqual([1, 2, 4, 8, 16]);
  expect(new Set(server.asked.map((it) => it["seed"])).size).toBe(5);
});

test("llama-server goes on over its own ends where they are to be ignored", async () => {
  const { server, engine } = await world("llama-server");
  const logitBias = [{ tokenId: 2, bias: 200 }];
  const run = async (sampling: object): Promise<number[]> => {
    const request = { prompt: [5], sampling: { logitBias, maxTokens: 4, ...sampling } };
    return [...(await collect(engine.generate(request))).ids];
  };
  expect(await run({})).toEqual([2]);
  expect(await run({ ignoreEos: true })).toEqual([2, 2, 2, 2]);
  const held = await run({ minTokens: 2 });
  expect([held.indexOf(2), held.length]).toEqual([2, 3]);
  expect(await run({ ignoreEos: true, minTokens: 2 })).toEqual([2, 2, 2, 2]);
  expect(server.asked.every((it) => !("ignore_eos" in it))).toBe(true);
});

/** Answers everything as the stand-in does, but a generation with `events`. */
async function liar(name: DialectName, events: readonly object[]): Promise<HttpEngine> {
  const real = await startFaithful(name);
  onTestFinished(() => real.close());
  const server = createServer((request, response) => {
    if (request.method === "POST") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const event of events) response.write(`data: ${JSON.stringify(event)}\n\n`);
      return void response.end("data: [DONE]\n\n");
    }
    const answer = async (): Promise<void> => {
      const from = await fetch(real.url + request.url);
      response.writeHead(from.status).end(await from.text());
    };
    void answer();
  });
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return await open(name, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

const said: readonly (readonly [string, object, string])[] = [
  ["an id outside", { choices: [{ text: "", token_ids: [32_000], finish_reason: null }] }, "drew"],
  ["no id at all", { choices: [{ text: "hello", finish_reason: null }] }, "vLLM 0.10.2"],
  ["an error", { error: { message: "out of memory" } }, "out of memory"],
  ["no end", { choices: [{ text: "", token_ids: [5], finish_reason: null }] }, "without saying"],
  ["a strange end", { choices: [{ text: "", token_ids: [], finish_reason: "abort" }] }, "abort"],
];

test.each(said)("a server that says %s fails the request", async (_, event, why) => {
  const engine = await liar("vllm", [event]);
  const request = { prompt: [5], sampling: { maxTokens: 9 } };
  const { failure } = await collect(engine.generate(request));
  expect(failure?.code).toBe("internal");
  expect(failure?.message).toContain(why);
});

test("log-probabilities that were asked for and did not come fail the request", async () => {
  const choice = { text: "", token_ids: [5], finish_reason: "length", logprobs: null };
  const engine = await liar("vllm", [{ choices: [choice] }]);
  const request = { prompt: [5], sampling: { maxTokens: 9, logprobs: 2 } };
  expect((await collect(engine.generate(request))).failure?.message).toContain("log-prob");
});
