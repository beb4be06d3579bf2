import { describe, expect, test } from "vitest";

import type { Json } from "#shared/base/canonical-json.ts";
import { ApiError } from "./api-error.ts";
import { parseChatRequest, type ChatRequest } from "./chat-request.ts";
import { parseCompletionRequest, type CompletionRequest } from "./completion-request.ts";

const SEED = 77;
const messages = [{ role: "user", content: "hello" }];

function chat(more: { readonly [name: string]: Json } = {}): ChatRequest {
  return parseChatRequest({ model: "m", messages, ...more }, SEED);
}

function completion(more: { readonly [name: string]: Json } = {}): CompletionRequest {
  return parseCompletionRequest({ model: "m", prompt: "x", ...more }, SEED);
}

function refusal(parse: () => unknown): { param: string | null; code: string | null } {
  try {
    parse();
  } catch (reason) {
    if (reason instanceof ApiError) return { param: reason.param, code: reason.code };
    throw reason;
  }
  throw new Error("it was taken");
}

describe("a chat's body", () => {
  test("with nothing but messages leaves everything to the model", () => {
    expect(chat()).toEqual({
      model: "m",
      choices: 1,
      format: null,
      sampling: {
        ...{ temperature: null, topK: null, topP: null, minP: null, repetitionPenalty: null },
        ...{ presencePenalty: null, frequencyPenalty: null, logitBias: [], stopIds: [] },
        ...{ ignoreEos: false, minTokens: 0, maxTokens: null, seed: SEED, logprobs: null },
      },
      ...{ stops: [], includeStop: false, skipSpecial: true, stream: null },
      ...{ returnTokenIds: false, cacheSalt: "", priority: null, user: null },
      ...{ messages, tools: null, toolNames: new Set(), templateValues: {}, unknown: [] },
      ...{ addGenerationPrompt: true, continueFinalMessage: false },
    });
  });

  test("may say everything that clients of vLLM say", () => {
    const said = chat({
      ...{ temperature: 0.5, top_p: 0.9, top_k: -1, min_p: 0.1, repetition_penalty: 1.1 },
      ...{ presence_penalty: -1, frequency_penalty: 1, logit_bias: { "5": -100 } },
      ...{ stop: ["a", "b"], stop_token_ids: [7], ignore_eos: true, min_tokens: 2 },
      ...{ max_tokens: 9, seed: 3, logprobs: true, top_logprobs: 4, stream: true },
      stream_options: { include_usage: true, continuous_usage_stats: true },
      ...{ priority: -1, wobble: true },
    });
    expect(said.sampling).toEqual({
      ...{ temperature: 0.5, topK: 0, topP: 0.9, minP: 0.1, repetitionPenalty: 1.1 },
      ...{ presencePenalty: -1, frequencyPenalty: 1, logitBias: [{ tokenId: 5, bias: -100 }] },
      ...{ stopIds: [7], ignoreEos: true, minTokens: 2, maxTokens: 9, seed: 3, logprobs: 4 },
    });
    expect(said.stops).toEqual(["a", "b"]);
    expect(said.stream).toEqual({ includeUsage: true, continuousUsage: true });
    expect(said.priority).toBe("high");
    expect(said.unknown).toEqual(["wobble"]);
  });

  test("takes null for absent, as clients write every field they know", () => {
    const nulls = [
      "temperature",
      "stop",
      "tools",
      "response_format",
      "seed",
      "n",
      "stream",
      "user",
    ];
    expect(chat(Object.fromEntries(nulls.map((name) => [name, null])))).toEqual(chat());
  });

  test("prefers max_completion_tokens", () => {
    const both = chat({ max_tokens: 5, max_completion_tokens: 3 });
    expect(both.sampling.maxTokens).toBe(3);
  });

  test("joins text parts and reads a call's arguments for the template", () => {
    const called = { name: "add", arguments: '{"a":1}' };
    const said = chat({
      messages: [
        { role: "user", content: [{ type: "text", text: "one" }, "two"] },
        { role: "assistant", tool_calls: [{ id: "c", type: "function", function: called }] },
        { role: "tool", tool_call_id: "c", content: "2" },
      ],
    });
    expect(said.messages).toEqual([
      { role: "user", content: "one\ntwo" },
      {
        role: "assistant",
        content: "",
        tool_calls: [{ id: "c", type: "function", function: { name: "add", arguments: { a: 1 } } }],
      },
      { role: "tool", tool_call_id: "c", content: "2" },
    ]);
  });

  test("with tools that may not be called has none", () => {
    const tools = [{ type: "function", function: { name: "add" } }];
    expect(chat({ tools }).toolNames).toEqual(new Set(["add"]));
    expect(chat({ tools, tool_choice: "none" })).toMatchObject({ tools: null });
  });

  test.each<readonly [string, { readonly [name: string]: Json }, string]>([
    ["a hot temperature", { temperature: 2.1 }, "temperature"],
    ["no top_p", { top_p: 0 }, "top_p"],
    ["a seed in words", { seed: "1" }, "seed"],
    ["an empty stop", { stop: [""] }, "stop"],
    ["half a character as stop", { stop: "\ud800" }, "stop"],
    ["a bias on no token", { logit_bias: { x: 1 } }, "logit_bias"],
    ["many choices", { n: 129 }, "n"],
    ["more tokens at least than at most", { min_tokens: 5, max_tokens: 4 }, "min_tokens"],
    ["alternatives without log-probabilities", { top_logprobs: 2 }, "top_logprobs"],
    ["stream options without a stream", { stream_options: {} }, "stream_options"],
    ["a class nobody knows", { priority: "urgent" }, "priority"],
    ["a tool without a name", { tools: [{ type: "function" }] }, "tools"],
    [
      "both ends",
      { add_generation_prompt: true, continue_final_message: true },
      "continue_final_message",
    ],
    [
      "a forced tool that is not there",
      { tool_choice: { type: "function", function: { name: "add" } } },
      "tool_choice",
    ],
    ["a message without a role", { messages: [{ content: "x" }] }, "messages[0].role"],
    ["a user who says nothing", { messages: [{ role: "user" }] }, "messages[0].content"],
  ])("is refused for %s", (_, more, param) => {
    expect(refusal(() => chat(more))).toEqual({ param, code: null });
  });

  test.each<readonly [string, Json]>([
    ["best_of", 3],
    ["prompt_logprobs", 1],
    ["guided_grammar", 'root ::= "a"'],
    ["tool_choice", { type: "allowed_tools" }],
    ["functions", [{}]],
    ["chat_template", "x"],
    ["modalities", ["text", "audio"]],
  ])("is refused for %s, which is not served", (name, value) => {
    const refused = { param: name, code: "unsupported_parameter" };
    expect(refusal(() => chat({ [name]: value }))).toEqual(refused);
  });
});

describe("a completion's body", () => {
  test("has prompts in four ways", () => {
    const prompts = (prompt: Json): CompletionRequest["prompts"] => completion({ prompt }).prompts;
    expect(prompts("a")).toEqual([{ kind: "text", text: "a" }]);
    expect(prompts(["a", "b"])).toHaveLength(2);
    expect(prompts([1, 2])).toEqual([{ kind: "ids", ids: [1, 2] }]);
    expect(prompts([[1], [2, 3]])).toEqual([
      { kind: "ids", ids: [1] },
      { kind: "ids", ids: [2, 3] },
    ]);
  });

  test.each<readonly [string, { readonly [name: string]: Json }, string]>([
    ["no prompt", { prompt: null }, "prompt"],
    ["an empty list", { prompt: [] }, "prompt"],
    ["half a token", { prompt: [1.5] }, "prompt"],
    ["words and ids in one prompt", { prompt: [1, "a"] }, "prompt"],
    ["too many at once", { prompt: ["a", "b"], n: 65 }, "prompt"],
    ["a suffix", { suffix: "x" }, "suffix"],
    ["an echo with log-probabilities", { echo: true, logprobs: 1 }, "echo"],
  ])("is refused for %s", (_, more, param) => {
    expect(refusal(() => completion(more)).param).toBe(param);
  });
});
