// One answer over a real socket: what counts as content, what is whole, and what failures are
// called.

import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { AnswerReader } from "./answer-reader.ts";
import { EventLines } from "./event-lines.ts";
import { OpenAiEndpoint, type Heard } from "./openai-endpoint.ts";

const ASKED = { path: "/chat/completions", body: {}, session: null } as const;

async function heardFrom(
  answer: (response: ServerResponse) => void,
  timeoutMs = 20_000,
): Promise<Heard> {
  const server = createServer((request, response) => {
    request.resume();
    answer(response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/v1`;
  const endpoint = new OpenAiEndpoint({ url, key: null, timeoutMs });
  onTestFinished(() => {
    endpoint.close();
    server.closeAllConnections();
    server.close();
  });
  return endpoint.ask(ASKED, performance.now());
}

function streamed(...payloads: string[]): (response: ServerResponse) => void {
  return (response) => {
    for (const payload of payloads) response.write(`data: ${payload}\n\n`);
    response.end();
  };
}

const ROLE = '{"choices":[{"delta":{"role":"assistant","content":""}}]}';
const HELLO = '{"choices":[{"delta":{"content":"hello"}}]}';
const USAGE =
  '{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,' +
  '"prompt_tokens_details":{"cached_tokens":2}}}';

test("content chunks are timed, the role alone and usage are not, and usage counts tokens", async () => {
  const { outcome, text } = await heardFrom(streamed(ROLE, HELLO, HELLO, USAGE, "[DONE]"));
  expect(outcome).toMatchObject({ kind: "answered", counted: "usage", outputTokens: 3 });
  expect(outcome).toMatchObject({ promptTokens: 7, cachedTokens: 2 });
  expect(outcome.kind === "answered" && outcome.chunkMs.length).toBe(2);
  expect(text).toBe("hellohello");
});

test("without usage chunks are counted, and it says so", async () => {
  const { outcome } = await heardFrom(streamed(HELLO, HELLO, "[DONE]"));
  expect(outcome).toMatchObject({ kind: "answered", counted: "chunks", outputTokens: 2 });
});

const ERROR = '{"error":{"message":"gone"}}';
test.each<[string, (response: ServerResponse) => void]>([
  ["status 503", (response) => void response.writeHead(503).end("busy")],
  ["error event", streamed(HELLO, ERROR)],
  ["error event", streamed(HELLO, ERROR, "[DONE]")],
  ["cut short", streamed(ROLE, HELLO)],
  ["empty answer", streamed(ROLE, "[DONE]")],
  ["not JSON", streamed("{", "[DONE]")],
  ["not connected", (response) => void response.destroy()],
])("a failure is called %s", async (error, answer) => {
  const { outcome } = await heardFrom(answer);
  expect(outcome).toMatchObject({ kind: "failed", error });
});

test("a connection that breaks in the middle is lost", async () => {
  const { outcome } = await heardFrom((response) => {
    response.write(`data: ${HELLO}\n\n`, () => setImmediate(() => response.destroy()));
  });
  expect(outcome).toMatchObject({ kind: "failed", error: "connection lost" });
});

test("one that never ends is too late", async () => {
  const { outcome } = await heardFrom((response) => void response.write(`data: ${HELLO}\n\n`), 50);
  expect(outcome).toMatchObject({ kind: "failed", error: "too late" });
});

test("what a refusal said is kept", async () => {
  const { detail } = await heardFrom((response) => void response.writeHead(400).end("too long"));
  expect(detail).toBe("too long");
});

test("events may come in pieces of any size, with comments, other fields and either line end", () => {
  const text = ": ping\n\nid: 3\ndata: one\r\n\r\ndata:two\ndata: lines\n\n\ndata: cut";
  for (const size of [1, 2, 7, text.length]) {
    const lines = new EventLines();
    const events: string[] = [];
    for (let at = 0; at < text.length; at += size) {
      events.push(...lines.push(text.slice(at, at + size)));
    }
    expect(events, `pieces of ${size}`).toEqual(["one", "two\nlines"]);
  }
});

test("reasoning, tool calls, completions' text and token ids are content, too", () => {
  const reader = new AnswerReader();
  const choices = [
    ...['{"delta":{"reasoning":"hm"}}', '{"delta":{"tool_calls":[{}]}}', '{"text":"a"}'],
    ...['{"text":"","token_ids":[5,6]}', '{"text":"","token_ids":[]}', '{"delta":{}}'],
  ];
  for (const [at, choice] of choices.entries())
    reader.push(`data: {"choices":[${choice}]}\n\n`, at);
  expect(reader.chunkMs).toEqual([0, 1, 2, 3]);
  expect(reader.tokenIds).toBe(2);
});

test("what is no address is refused", () => {
  for (const url of ["router:8000", "ftp://router/v1", ""]) {
    expect(() => new OpenAiEndpoint({ url, key: null, timeoutMs: 1 }), url).toThrow("--url");
  }
});
