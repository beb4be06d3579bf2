// The official client against the server: what a user of it sees.

import OpenAI, { APIError, AuthenticationError, BadRequestError, NotFoundError } from "openai";
import { afterEach, describe, expect, test } from "vitest";

import { Failure } from "#shared/base/errors.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import {
  HandTokens,
  MODEL,
  saying,
  startTestServer,
  type TestServer,
  type TestServerOptions,
} from "./scripted-source.fixture.ts";

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(
  options: TestServerOptions = {},
  apiKey = "none",
): Promise<{ server: TestServer; client: OpenAI }> {
  const server = await startTestServer(options);
  servers.push(server);
  return { server, client: new OpenAI({ apiKey, baseURL: `${server.base}/v1`, maxRetries: 0 }) };
}

const hello = [{ role: "user" as const, content: "hello" }];

describe("a chat", () => {
  test("streams role, text, finish and usage under one id", async () => {
    const { client } = await start();
    const stream = await client.chat.completions.create({
      model: MODEL,
      messages: hello,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: "assistant", content: "" });
    const words = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    expect(words).toBe("Hello there, friend.");
    expect(chunks.at(-2)?.choices[0]).toMatchObject({ delta: {}, finish_reason: "stop" });
    const prompt = chunks.at(-1)?.usage?.prompt_tokens ?? 0;
    expect(prompt).toBeGreaterThan(3);
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens_details: { cached_tokens: 2 } },
    });
    expect(new Set(chunks.map((chunk) => `${chunk.id} ${chunk.created} ${chunk.model}`)).size).toBe(
      1,
    );
    expect(chunks[0]?.id).toMatch(/^chatcmpl-[0-9a-f]{24}$/);
    expect(chunks[0]?.object).toBe("chat.completion.chunk");
  });

  test("answers whole", async () => {
    const { client, server } = await start();
    const answer = await client.chat.completions.create({
      model: MODEL,
      messages: hello,
      seed: 11,
      temperature: 0,
      user: "ada",
    });
    expect(answer.choices[0]?.message).toEqual({
      role: "assistant",
      content: "Hello there, friend.",
      refusal: null,
    });
    expect(answer.choices[0]?.finish_reason).toBe("stop");
    const { prompt_tokens: prompt = 0, completion_tokens: completion = 0 } = answer.usage ?? {};
    expect(answer.usage?.total_tokens).toBe(prompt + completion);
    const [request] = server.source.requests;
    expect(request?.promptIds.slice(0, 2)).toEqual([0, 2]);
    expect(request).toMatchObject({ session: "ada", priority: "normal", resumeIds: [] });
    expect(request?.sampling).toMatchObject({ seed: 11, temperature: 0, maxTokens: null });
  });

  test("gives n choices, each with a seed of its own", async () => {
    const { client, server } = await start();
    const answer = await client.chat.completions.create({
      model: MODEL,
      messages: hello,
      n: 3,
      seed: 5,
    });
    expect(answer.choices.map((choice) => choice.index)).toEqual([0, 1, 2]);
    expect(server.source.requests.map((request) => request.sampling.seed)).toEqual([5, 6, 7]);
  });

  test("ends at a stop string, and nothing more is drawn", async () => {
    const { client, server } = await start();
    const answer = await client.chat.completions.create({
      model: MODEL,
      messages: hello,
      stop: [", fr"],
    });
    expect(answer.choices[0]?.message.content).toBe("Hello there");
    expect(answer.choices[0]?.finish_reason).toBe("stop");
    expect(answer.choices[0]).toMatchObject({ stop_reason: ", fr" });
    expect(server.source.aborted).toHaveLength(1);
  });

  test("says when it was cut for length", async () => {
    const { client } = await start();
    const answer = await client.chat.completions.create({
      model: MODEL,
      messages: hello,
      max_completion_tokens: 2,
    });
    expect(answer.choices[0]?.finish_reason).toBe("length");
    expect(answer.usage?.completion_tokens).toBe(2);
  });

  test("carries log-probabilities", async () => {
    const { client } = await start();
    const answer = await client.chat.completions.create({
      model: MODEL,
      messages: hello,
      max_tokens: 1,
      logprobs: true,
      top_logprobs: 1,
    });
    const [first] = answer.choices[0]?.logprobs?.content ?? [];
    expect(first?.logprob).toBe(-0.5);
    expect(first?.token).toBe(answer.choices[0]?.message.content);
    expect(first?.bytes).toEqual([...new TextEncoder().encode(first?.token)]);
    expect(first?.top_logprobs).toHaveLength(1);
  });

  const weather = {
    type: "function" as const,
    function: { name: "weather", parameters: { type: "object" } },
  };

  test.each([
    ["Hermes", '<tool_call>\n{"name": "weather", "arguments": {"in": "Zug"}}\n</tool_call>'],
    ["Llama", '{"name": "weather", "parameters": {"in": "Zug"}}'],
  ])("finds %s tool calls, whole and streamed", async (_, words) => {
    const { client } = await start({ script: saying(words) });
    const body = { model: MODEL, messages: hello, tools: [weather] };
    const answer = await client.chat.completions.create(body);
    const [choice] = answer.choices;
    expect(choice?.finish_reason).toBe("tool_calls");
    expect(choice?.message.content).toBeNull();
    const called = { name: "weather", arguments: '{"in":"Zug"}' };
    expect(choice?.message.tool_calls).toMatchObject([{ type: "function", function: called }]);

    const stream = await client.chat.completions.create({ ...body, stream: true });
    const calls = [];
    let finish = null;
    for await (const chunk of stream) {
      calls.push(...(chunk.choices[0]?.delta.tool_calls ?? []));
      finish = chunk.choices[0]?.finish_reason ?? finish;
    }
    expect(calls).toMatchObject([{ index: 0, function: called }]);
    expect(finish).toBe("tool_calls");
  });
});

describe("a completion", () => {
  test("takes text and token ids, alone and in lists", async () => {
    const { client, server } = await start();
    const prompts = ["one", ["one"], ["one", "two"], [5, 6, 7], [[5, 6], [7]]];
    const counts = [];
    for (const prompt of prompts) {
      const answer = await client.completions.create({ model: MODEL, prompt, max_tokens: 3 });
      counts.push(answer.choices.length);
      expect(answer.object).toBe("text_completion");
    }
    expect(counts).toEqual([1, 1, 2, 1, 2]);
    expect(server.source.requests.at(-1)?.promptIds).toEqual([7]);
    expect(server.source.requests.at(-3)?.promptIds).toEqual([5, 6, 7]);
  });

  test("streams, echoes, and ends at sixteen tokens unless told otherwise", async () => {
    const { client, server } = await start();
    const body = { model: MODEL, prompt: "Say:", echo: true };
    const stream = await client.completions.create({ ...body, stream: true });
    let words = "";
    for await (const chunk of stream) words += chunk.choices[0]?.text ?? "";
    expect(words).toBe("Say:Hello there, friend.");
    expect(server.source.requests[0]?.sampling.maxTokens).toBe(16);
  });
});

describe("errors", () => {
  async function failureOf(promise: PromiseLike<unknown>): Promise<APIError> {
    const end = await Promise.resolve(promise).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(end).toBeInstanceOf(APIError);
    return end as APIError;
  }

  test("have the classes that users catch", async () => {
    const { client } = await start();
    const unknown = await failureOf(
      client.chat.completions.create({ model: "gpt-5", messages: hello }),
    );
    expect(unknown).toBeInstanceOf(NotFoundError);
    expect(unknown).toMatchObject({ code: "model_not_found", param: "model" });
    const long = await failureOf(
      client.completions.create({ model: MODEL, prompt: "x", max_tokens: 2000 }),
    );
    expect(long).toBeInstanceOf(BadRequestError);
    expect(long.code).toBe("context_length_exceeded");
  });

  test("a key that is not known is refused", async () => {
    const grant = {
      namespace: "lab",
      models: [MODEL],
      priority: "low",
      priorityMax: "normal",
      key: null,
    } as const;
    const authorise = (bearer: string | null) => (bearer === "right" ? grant : null);
    const { client, server } = await start({ authorise }, "wrong");
    const refused = await failureOf(client.models.list());
    expect(refused).toBeInstanceOf(AuthenticationError);
    expect(refused.code).toBe("invalid_api_key");
    const right = new OpenAI({ apiKey: "right", baseURL: `${server.base}/v1`, maxRetries: 0 });
    const urgent = { model: MODEL, messages: hello, priority: "critical", cache_salt: "s" };
    await right.chat.completions.create(urgent);
    expect(server.source.requests[0]).toMatchObject({ priority: "normal", cacheSalt: "lab:s" });
  });

  test("in the middle of a stream are thrown, not taken for the end", async () => {
    const hand = new HandTokens();
    const { client } = await start({ script: hand.script });
    hand.say("Hello");
    const stream = await client.chat.completions.create({
      model: MODEL,
      messages: hello,
      stream: true,
    });
    hand.fail(new Failure("UNAVAILABLE", "no worker can go on with it"));
    const read = (async () => {
      for await (const chunk of stream) void chunk;
    })();
    const failure = await failureOf(read);
    expect(failure.code).toBe("unavailable");
    expect(failure.message).toContain("no worker can go on");
  });

  test("an abort of the client reaches the source", async () => {
    const hand = new HandTokens();
    const { client, server } = await start({ script: hand.script });
    hand.say("Hello");
    const stream = await client.chat.completions.create({
      model: MODEL,
      messages: hello,
      stream: true,
    });
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content === "Hello") break;
    }
    await waitFor(() => server.source.aborted.length === 1);
    await waitFor(() => server.active() === 0);
    expect(server.log.at(-1)).toMatchObject({ msg: "request ended", status: 499 });
  });
});

test("models are listed and shown", async () => {
  const { client } = await start();
  const listed = [];
  for await (const model of client.models.list()) listed.push(model);
  expect(listed).toMatchObject([{ id: MODEL, object: "model", max_model_len: 1024 }]);
  expect(await client.models.retrieve(MODEL)).toMatchObject({ id: MODEL });
});
