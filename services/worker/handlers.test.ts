// WorkerService over real gRPC, on an engine without a model.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { readTokenizer } from "./tokenizer-files.ts";
import { collect, idsOf, serveEngine, simulatedEngine } from "./worker-world.fixture.ts";

const LONG = { maxTokens: 5000, ignoreEos: true };
const request = (id: string, more: object = {}) => ({
  ...{ id, fence: 1, promptIds: [1, 2, 3], sampling: { maxTokens: 20, seed: 7 } },
  ...more,
});

/** The first response is there: the request is under way. */
async function begin<T>(stream: AsyncGenerator<T, void, void>): Promise<AsyncGenerator<T, void>> {
  await stream.next();
  return stream;
}

test("a request gets its tokens, in order, each response with its fence", async () => {
  const { client, outcomes, dispatches } = await serveEngine(simulatedEngine());
  const asked = request("a", { fence: 9, dispatch: 4 });
  const responses = await collect(client.generate(asked));
  expect(idsOf(responses)).toHaveLength(20);
  let next = 0;
  for (const it of responses) {
    expect(it).toMatchObject({ fence: 9, firstIndex: next });
    next += it.tokenIds?.length ?? 0;
  }
  expect(responses.filter((it) => it.cachedTokens !== null && it.cachedTokens !== 0)).toEqual([]);
  expect(responses.at(-1)?.finish).toBe(2);
  expect(outcomes).toEqual(["length"]);
  expect(dispatches).toEqual([4]);
});

test("a request that is resumed goes on as it would have", async () => {
  const { client } = await serveEngine(simulatedEngine());
  const whole = idsOf(await collect(client.generate(request("a"))));
  const rest = await collect(client.generate(request("b", { resumeIds: whole.slice(0, 8) })));
  expect(rest[0]?.firstIndex).toBe(8);
  expect([...whole.slice(0, 8), ...idsOf(rest)]).toEqual(whole);
});

test("max_tokens 0 is what the context leaves", async () => {
  const { client } = await serveEngine(simulatedEngine({ contextMax: 64, blocks: 8 }));
  const sampling = { ignoreEos: true };
  expect(idsOf(await collect(client.generate(request("a", { sampling }))))).toHaveLength(61);
});

test("log-probabilities come where they were asked for", async () => {
  const { client } = await serveEngine(simulatedEngine());
  const sampling = { maxTokens: 3, logprobs: 2 };
  const responses = await collect(client.generate(request("a", { sampling })));
  const logprobs = responses.flatMap((it) => it.logprobs ?? []);
  expect(logprobs).toHaveLength(3);
  for (const it of logprobs) expect(it.alternatives).toHaveLength(2);
});

test("a higher fence takes over, and the attempt before it ends FENCED", async () => {
  const { client, outcomes } = await serveEngine(simulatedEngine());
  const first = await begin(client.generate(request("a", { fence: 3, sampling: LONG })));
  await expect(collect(client.generate(request("a", { fence: 3 })))).rejects.toMatchObject({
    code: "CONFLICT",
  });
  const second = await collect(client.generate(request("a", { fence: 4 })));
  expect(second.at(-1)).toMatchObject({ fence: 4, finish: 2 });
  await expect(collect(first)).rejects.toMatchObject({ code: "FENCED" });
  expect(outcomes.toSorted()).toEqual(["fenced", "length", "refused"]);
});

test.each([
  ["no id", { id: "" }, "INVALID"],
  ["no prompt", { promptIds: [] }, "INVALID"],
  ["a token that is none", { promptIds: [4_000_000_000] }, "INVALID"],
  ["a temperature below 0", { sampling: { temperature: -1, maxTokens: 1 } }, "INVALID"],
  ["more than ever fits", { sampling: { maxTokens: 100_000 } }, "INVALID"],
  ["a prompt beyond the context", { promptIds: Array(9000).fill(1), sampling: {} }, "INVALID"],
])("%s is refused", async (_, more, code) => {
  const { client, sessions } = await serveEngine(simulatedEngine());
  await expect(collect(client.generate(request("a", more)))).rejects.toMatchObject({ code });
  expect(sessions.core.live.size).toBe(0);
});

test("a full engine is FULL, with a time to come again", async () => {
  const engine = simulatedEngine();
  engine.inject({ kind: "refuse" });
  const { client } = await serveEngine(engine);
  const refused = collect(client.generate(request("a")));
  await expect(refused).rejects.toMatchObject({ code: "FULL", retryAfterMs: 1000 });
});

test("a cancelled call ends its request in the engine", async () => {
  const engine = simulatedEngine();
  const { client, outcomes } = await serveEngine(engine);
  const cancelled = new AbortController();
  const options = { signal: cancelled.signal };
  const stream = await begin(client.generate(request("a", { sampling: LONG }), options));
  expect(engine.stats().running).toBe(1);
  cancelled.abort();
  await expect(collect(stream)).rejects.toMatchObject({ code: "CANCELLED" });
  await waitFor(() => engine.stats().running === 0);
  await waitFor(() => outcomes.length === 1);
  expect(outcomes).toEqual(["aborted"]);
});

test("a caller that does not read holds nobody up, and gets it all in fewer pieces", async () => {
  const engine = simulatedEngine({ latency: () => 0 });
  const { client } = await serveEngine(engine);
  const sampling = { maxTokens: 1500, ignoreEos: true, logprobs: 20 };
  const stream = client.generate(request("a", { sampling }));
  const { value: first } = await stream.next();
  expect(await collect(client.generate(request("b")))).not.toEqual([]);
  await waitFor(() => engine.stats().running === 0, 30_000);
  const rest = await collect(stream);
  expect((first?.tokenIds?.length ?? 0) + idsOf(rest).length).toBe(1500);
  expect(Math.max(...rest.map((it) => it.tokenIds?.length ?? 0))).toBeGreaterThan(50);
}, 60_000);

test("Abort ends live requests by id and ignores the rest", async () => {
  const { client } = await serveEngine(simulatedEngine());
  const stream = await begin(client.generate(request("a", { sampling: LONG })));
  expect(await client.abort({ ids: ["a", "a", "nobody"] })).toMatchObject({ aborted: 1 });
  expect((await collect(stream)).at(-1)?.finish).toBe(3);
});

test("an engine that fails ends its streams UNAVAILABLE, after what was drawn", async () => {
  const engine = simulatedEngine();
  const { client, outcomes } = await serveEngine(engine);
  engine.inject({ kind: "die", afterTokens: 5, code: "stalled" });
  const got: number[] = [];
  const reading = (async () => {
    for await (const it of client.generate(request("a"))) got.push(...(it.tokenIds ?? []));
  })();
  await expect(reading).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(got.length).toBeGreaterThan(0);
  expect(outcomes).toEqual(["failed"]);
});

test("while it drains, live requests go on, new ones are UNAVAILABLE, and the rest is handed back", async () => {
  const { client, sessions } = await serveEngine(simulatedEngine());
  const stream = await begin(client.generate(request("a", { sampling: LONG })));
  let drained = false;
  const draining = sessions.drain(1_000).then(() => (drained = true));
  await expect(collect(client.generate(request("b")))).rejects.toMatchObject({
    ...{ code: "UNAVAILABLE", retryAfterMs: 1000 },
  });
  await begin(stream);
  expect(await client.getLoad({})).toMatchObject({ progress: { state: 2, running: 1 } });
  sessions.onTime(999);
  expect(drained).toBe(false);
  sessions.onTime(1_000);
  await expect(collect(stream)).rejects.toMatchObject({
    ...{ code: "UNAVAILABLE", message: "handed back: the worker stops" },
  });
  await draining;
});

test("every token of a masked request is one that its mask allows", async () => {
  const { client } = await serveEngine(simulatedEngine({ vocab: 64 }));
  const call = client.generateMasked();
  const allowed = [5, 40, 63, 17];
  const got: number[] = [];
  const ended = Promise.withResolvers<unknown>();
  const mask = (index: number): void => {
    const words = Buffer.alloc(8);
    const token = allowed[index] ?? 0;
    words[token >> 3] = 1 << (token & 7);
    call.write({ mask: { index, words } });
  };
  call.listen({
    onMessage: ({ response }) => {
      got.push(...(response?.tokenIds ?? []));
      if (!response?.finish) mask(got.length);
    },
    onEnd: ended.resolve,
  });
  call.write({ request: request("a", { sampling: { maxTokens: 4 } }) });
  mask(0);
  expect(await ended.promise).toBeNull();
  expect(got).toEqual(allowed);
});

test("a masked call must begin with its request, and its masks must fit", async () => {
  const { client, sessions } = await serveEngine(simulatedEngine({ vocab: 64 }));
  const send = async (...messages: object[]): Promise<unknown> => {
    const call = client.generateMasked();
    const ended = Promise.withResolvers<unknown>();
    call.listen({ onMessage: () => {}, onEnd: ended.resolve });
    for (const it of messages) call.write(it);
    return await ended.promise;
  };
  const first = { request: request("a", { sampling: LONG }) };
  const invalid = { code: "INVALID" };
  expect(await send({ mask: { index: 0, words: Buffer.alloc(8, 1) } })).toMatchObject(invalid);
  expect(await send(first, first)).toMatchObject(invalid);
  expect(await send(first, { mask: { words: Buffer.alloc(7, 1) } })).toMatchObject(invalid);
  expect(await send(first, { mask: { words: Buffer.alloc(12, 1) } })).toMatchObject(invalid);
  await waitFor(() => sessions.core.live.size === 0);
});

test("blocks that are kept and dropped are told, with what stood there before", async () => {
  const engine = simulatedEngine({ blocks: 16 });
  const { client } = await serveEngine(engine);
  const promptIds = Array.from({ length: 70 }, (_, i) => i + 1);
  await collect(client.generate(request("a", { promptIds })));
  const watch = client.watchKvEvents({ fromSequence: 1 });
  const { value } = await watch.next();
  const [first, second] = value?.events ?? [];
  expect(first?.stored?.tokenIds).toEqual(promptIds.slice(0, 32));
  expect(second?.stored).toMatchObject({ parent: first?.stored?.hash });
  engine.clearPrefixCache();
  const { value: next } = await watch.next();
  expect(next?.events?.at(-1)).toHaveProperty("cleared");
  await watch.return();
});

test("GetModel and GetTokenizer say what there is", async () => {
  const { path, remove } = tempDirectory("tokenizer");
  onTestFinished(remove);
  mkdirSync(join(path, "other"));
  const large = "x".repeat(300_000);
  writeFileSync(join(path, "tokenizer.json"), large);
  writeFileSync(join(path, "generation_config.json"), "");
  writeFileSync(join(path, "config.json"), "{}");
  const tokenizer = readTokenizer(path);
  const { client } = await serveEngine(simulatedEngine(), tokenizer);
  const files: { [name: string]: string } = {};
  let name = "";
  for await (const part of client.getTokenizer({})) {
    if (part.file) name = part.file;
    expect(part.data?.length).toBeLessThanOrEqual(262_144);
    files[name] = (files[name] ?? "") + Buffer.from(part.data ?? []).toString();
  }
  expect(files).toEqual({ "tokenizer.json": large, "generation_config.json": "" });
  const { model } = await client.getModel({});
  expect(model).toMatchObject({
    ...{ name: "m", family: "simulated", vocab: 32_000, blockTokens: 32, sequencesMax: 4 },
    ...{ tokenizerSha256: tokenizer.sha256, weightsFingerprint: "f" },
    numericsClass: { numerics: "simulated", backEnd: "test", build: "1" },
    capabilities: { resume: true, masks: true, logprobs: true, kvEvents: true },
  });
  expect(tokenizer.sha256).toMatch(/^[0-9a-f]{64}$/);
  writeFileSync(join(path, "generation_config.json"), "{}");
  expect(readTokenizer(path).sha256).not.toBe(tokenizer.sha256);
});
