// Vercel's AI SDK against the server, as its users call it: text whole and streamed, parts, tools,
// objects, headers, errors.

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, jsonSchema, Output, streamText, type ToolSet } from "ai";
import { expect, onTestFinished, test } from "vitest";
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

const PROMPT = "Tell me a story.";

/** `bodies`: what the SDK sent. */
async function start(options: TestServerOptions = {}) {
  const server: TestServer = await startTestServer(options);
  onTestFinished(() => server.close());
  const bodies: Record<string, unknown>[] = [];
  const provider = createOpenAICompatible({
    ...{ name: "signalbox", baseURL: `${server.base}/v1`, apiKey: "none", includeUsage: true },
    supportsStructuredOutputs: true,
    fetch: (url, init) => {
      bodies.push(JSON.parse(init?.body as string) as Record<string, unknown>);
      return fetch(url, init);
    },
  });
  return { server, bodies, model: provider(MODEL) };
}

test("whole: text, finish, usage; a list of parts and a session reach the router", async () => {
  const { server, model, bodies } = await start();
  const { text, finishReason, usage } = await generateText({
    ...{ model, maxOutputTokens: 40, seed: 3, temperature: 0.5, maxRetries: 0 },
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "Tell me" },
          { type: "text", text: "a story." },
        ],
      },
    ],
    headers: { "x-session-affinity": "ada" },
  });
  expect(text).toBe("Hello there, friend.");
  expect(finishReason).toBe("stop");
  expect(usage.inputTokens).toBeGreaterThan(3);
  expect(usage.inputTokenDetails.cacheReadTokens).toBe(2);
  expect(usage.outputTokens).toBe((usage.totalTokens ?? 0) - (usage.inputTokens ?? 0));
  expect(bodies[0]).toMatchObject({
    messages: [{ content: [{ type: "text" }, { type: "text" }] }],
  });
  const [request] = server.source.requests;
  expect(request).toMatchObject({ session: "ada", sampling: { maxTokens: 40, seed: 3 } });
});

test("streamed: the same text, and usage because it asks for it", async () => {
  const { model, bodies } = await start();
  const { textStream, usage, finishReason } = streamText({ model, prompt: PROMPT, maxRetries: 0 });
  const pieces: string[] = [];
  for await (const piece of textStream) pieces.push(piece);
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.join("")).toBe("Hello there, friend.");
  expect(await finishReason).toBe("stop");
  expect((await usage).outputTokens).toBeGreaterThan(3);
  expect(bodies[0]).toMatchObject({ stream: true, stream_options: { include_usage: true } });
});

test("a length that is reached is a finish reason", async () => {
  const { model } = await start();
  const cut = await generateText({ model, prompt: PROMPT, maxOutputTokens: 2, maxRetries: 0 });
  expect(cut.finishReason).toBe("length");
});

const CITY = jsonSchema<{ city: string }>({
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
});
const TOOLS: ToolSet = { weather: { description: "The weather in a city", inputSchema: CITY } };
const CALL = '<tool_call>{"name": "weather", "arguments": {"city": "Bonn"}}</tool_call>';

test.each(["whole", "streamed"])("a tool call is the SDK's, %s", async (how) => {
  const { model } = await start({ script: saying(CALL) });
  const asked = { model, prompt: "Weather in Bonn?", tools: TOOLS, maxRetries: 0 };
  const { toolCalls, finishReason } =
    how === "whole" ? await generateText(asked) : streamText(asked);
  expect(await finishReason).toBe("tool-calls");
  expect(await toolCalls).toMatchObject([{ toolName: "weather", input: { city: "Bonn" } }]);
});

test("an object is asked for by its schema, and parsed", async () => {
  const { model, bodies } = await start({ script: saying('{"city":"Bonn"}') });
  const { output } = await generateText({
    ...{ model, prompt: "Which city?", maxRetries: 0 },
    output: Output.object({ schema: CITY }),
  });
  expect(output).toEqual({ city: "Bonn" });
  expect(bodies[0]).toMatchObject({ response_format: { type: "json_schema" } });
});

test("an error before the first token has its status and words", async () => {
  const { model } = await start({ catalog: { models: () => [], model: () => null } });
  const refused = generateText({ model, prompt: PROMPT, maxRetries: 0 });
  const error: unknown = await refused.catch((reason: unknown) => reason);
  expect(APICallError.isInstance(error)).toBe(true);
  expect(error).toMatchObject({ statusCode: 503, isRetryable: true });
  expect((error as Error).message).toContain("No worker has dialled");
});

test("a stream that breaks is no whole answer", async () => {
  const hand = new HandTokens();
  const { model } = await start({ script: hand.script });
  const errors: unknown[] = [];
  const { fullStream } = streamText({
    ...{ model, prompt: PROMPT, maxRetries: 0 },
    onError: ({ error }) => void errors.push(error),
  });
  hand.say("Once upon");
  const kinds: string[] = [];
  for await (const part of fullStream) {
    kinds.push(part.type);
    if (part.type === "text-delta") hand.fail(new Failure("UNAVAILABLE", "no worker is left"));
  }
  expect(kinds).toContain("error");
  expect(errors).toHaveLength(1);
  // As the server says it, not only that the end was missing.
  expect(String(errors[0])).toContain("no worker is left");
});

test("what its user aborts is aborted at the worker", async () => {
  const hand = new HandTokens();
  const { server, model } = await start({ script: hand.script });
  const abort = new AbortController();
  const { textStream } = streamText({
    ...{ model, prompt: PROMPT, maxRetries: 0, abortSignal: abort.signal },
  });
  hand.say("Once upon");
  const reading = (async () => {
    for await (const _ of textStream) abort.abort();
  })();
  await waitFor(() => server.source.aborted.length === 1);
  await reading.catch(() => {});
  expect(server.source.aborted).toHaveLength(1);
});
