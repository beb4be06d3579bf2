// The server as bytes: events, errors, drains, and clients that are slow or gone.

import { connect, type Socket } from "node:net";

import { afterEach, describe, expect, test } from "vitest";

import { Failure } from "#shared/base/errors.ts";
import { ManualClock } from "#shared/testing/manual-clock.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import type { TokenChunk } from "../token-source.ts";
import type { RequestEnd } from "../requests/request-desk.ts";
import { PING_MS, READER_MS } from "./event-stream.ts";
import {
  catalogOf,
  chunk,
  HandTokens,
  MODEL,
  servedLantern,
  startTestServer,
  text,
  type TestServer,
  type TestServerOptions,
} from "./scripted-source.fixture.ts";

const servers: TestServer[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await server.close();
});

async function start(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await startTestServer(options);
  servers.push(server);
  return server;
}

const hello = { model: MODEL, messages: [{ role: "user", content: "hello" }] };

function post(server: TestServer, path: string, body: unknown, headers = {}): Promise<Response> {
  const written = typeof body === "string" ? body : JSON.stringify(body);
  return fetch(server.base + path, { method: "POST", body: written, headers });
}

const chat = "/v1/chat/completions";

describe("a stream", () => {
  test("is these bytes", async () => {
    const clock = new ManualClock(Date.UTC(2026, 10, 22));
    const server = await start({ time: clock });
    const body = { ...hello, stream: true, max_tokens: 2, stream_options: { include_usage: true } };
    const answer = await post(server, chat, body, { "x-request-id": "mine-1" });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(answer.headers.get("x-request-id")).toBe("mine-1");
    expect(answer.headers.get("x-signalbox-resume")).toBeNull();
    const bytes = await answer.text();
    const id = /chatcmpl-[0-9a-f]{24}/.exec(bytes)?.[0] ?? "";
    const head =
      `data: {"id":"${id}","object":"chat.completion.chunk","created":1795305600,` +
      `"model":"lantern","choices":[`;
    const [one = "", two = ""] = text
      .encode("Hello there, friend.", false)
      .slice(0, 2)
      .map((token) => JSON.stringify(text.decode([token])));
    const part = (delta: string, finish: string): string =>
      `${head}{"index":0,"delta":${delta},"logprobs":null,${finish}}],"usage":null}\n\n`;
    const open = `"finish_reason":null`;
    const prompt = server.source.requests[0]?.promptIds.length ?? 0;
    expect(bytes).toBe(
      part(`{"role":"assistant","content":""}`, open) +
        part(`{"content":${one}}`, open) +
        part(`{"content":${two}}`, open) +
        part(`{}`, `"finish_reason":"length","stop_reason":null`) +
        `${head}],"usage":{"prompt_tokens":${prompt},"completion_tokens":2,` +
        `"total_tokens":${prompt + 2},` +
        `"prompt_tokens_details":{"cached_tokens":2}}}\n\n` +
        `data: [DONE]\n\n`,
    );
  });

  test.each([
    ["1.1", /\r\ntransfer-encoding: chunked\r\n.*?[0-9a-f]+\r\ndata: .*\r\n0\r\n\r\n$/is],
    ["1.0", /\r\n\r\ndata: [^\r]*data: \[DONE\]\n\n$/s],
  ])("is framed as HTTP/%s has it", async (version, framed) => {
    const server = await start();
    const [host = "", port = ""] = server.address.split(":");
    const socket = connect(Number(port), host);
    sockets.push(socket);
    const written = JSON.stringify({ ...hello, stream: true, max_tokens: 3 });
    const head = `POST ${chat} HTTP/${version}\r\nhost: x\r\nconnection: close\r\n`;
    socket.write(`${head}content-length: ${written.length}\r\n\r\n${written}`);
    let got = "";
    socket.on("data", (bytes: Buffer) => (got += bytes.toString()));
    await new Promise((resolve) => socket.once("end", resolve));
    expect(got).toMatch(framed);
  });

  test("says that it lives while nothing comes", async () => {
    const clock = new ManualClock();
    const hand = new HandTokens();
    const server = await start({ time: clock, script: hand.script });
    const asked = post(server, chat, { ...hello, stream: true });
    await waitFor(() => server.source.requests.length === 1);
    clock.advance(PING_MS);
    const answer = await asked; // The head is there before any token.
    expect(answer.status).toBe(200);
    clock.advance(PING_MS);
    hand.say("Hi", "stop");
    const bytes = await answer.text();
    expect(server.source.aborted).toEqual([]);
    expect(bytes).toMatch(/^: ping\n\n: ping\n\ndata: \{/);
    expect(bytes).toMatch(/data: \[DONE\]\n\n$/);
  });

  test("may count as it goes and show its ids", async () => {
    const server = await start();
    const more = { stream_options: { continuous_usage_stats: true }, return_token_ids: true };
    const body = { ...hello, ...more, stream: true, max_tokens: 2 };
    const answer = await post(server, chat, body, { "x-session-affinity": "s1" });
    const parts = (await answer.text()).split("\n\n").filter((part) => part.includes("{"));
    const events = parts.map((part) => JSON.parse(part.slice(6)) as Record<string, unknown>);
    const [request] = server.source.requests;
    expect(request?.session).toBe("s1");
    expect(events[0]).toMatchObject({ prompt_token_ids: request?.promptIds });
    expect(events[1]).toMatchObject({ usage: { completion_tokens: 1 } });
    const ids = text.encode("Hello there, friend.", false);
    expect(events[2]).toMatchObject({ choices: [{ token_ids: [ids[1]] }] });
  });

  test("that breaks ends by an error and no [DONE]", async () => {
    const hand = new HandTokens();
    const server = await start({ script: hand.script });
    hand.say("Hello");
    const answer = await post(server, chat, { ...hello, stream: true });
    hand.fail(new Failure("UNAVAILABLE", "no worker can go on with it"));
    const bytes = await answer.text();
    expect(bytes).not.toContain("[DONE]");
    const broken = {
      message: "no worker can go on with it",
      ...{ type: "service_unavailable_error", param: null, code: "unavailable" },
    };
    expect(bytes.endsWith(`}\n\ndata: ${JSON.stringify({ error: broken })}\n\n`)).toBe(true);
  });

  test("that never began has the status of what stopped it", async () => {
    const hand = new HandTokens();
    hand.fail(new Failure("FULL", "every queue is full", { retryAfterMs: 2_500 }));
    const server = await start({ script: hand.script });
    const answer = await post(server, chat, { ...hello, stream: true });
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("3");
    expect(await answer.json()).toEqual({
      error: {
        message: "every queue is full",
        type: "service_unavailable_error",
        param: null,
        code: "overloaded",
      },
    });
  });
});

describe("a client", () => {
  function rawChat(server: TestServer, body: object): Socket {
    const [host = "", port = ""] = server.address.split(":");
    const socket = connect(Number(port), host);
    sockets.push(socket);
    socket.on("error", () => {});
    const written = JSON.stringify({ ...hello, ...body });
    socket.write(
      `POST ${chat} HTTP/1.1\r\nhost: x\r\ncontent-length: ${written.length}\r\n\r\n${written}`,
    );
    return socket;
  }

  test.each([{ stream: true }, { stream: false }])("that leaves aborts: %o", async (body) => {
    const ends: RequestEnd[] = [];
    const metrics = {
      onStart: () => {},
      onFirstToken: () => {},
      onEnd: (end: RequestEnd) => ends.push(end),
    };
    const hand = new HandTokens();
    const server = await start({ script: hand.script, metrics });
    const socket = rawChat(server, body);
    await waitFor(() => server.source.requests.length === 1);
    socket.destroy();
    await waitFor(() => server.source.aborted.length === 1);
    await waitFor(() => server.active() === 0);
    expect(ends).toMatchObject([{ route: chat, status: 499, model: MODEL }]);
  });

  test("that leaves in the middle of its body is no fault of ours", async () => {
    const server = await start();
    const [host = "", port = ""] = server.address.split(":");
    const socket = connect(Number(port), host);
    sockets.push(socket);
    socket.write(`POST ${chat} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"model"`);
    await waitFor(() => server.active() === 1);
    socket.destroy();
    await waitFor(() => server.log.length === 1);
    expect(server.log).toMatchObject([{ msg: "request ended", status: 499 }]);
  });

  test("that does not read holds the stream, and is cut after a while", async () => {
    const clock = new ManualClock();
    let drawn = 0;
    const server = await start({
      time: clock,
      script: async function* endless(): AsyncGenerator<TokenChunk> {
        const ids = text.encode("lantern ".repeat(2_000), false);
        for (; drawn < 10_000; drawn++) yield chunk(drawn * ids.length, ids);
      },
    });
    const socket = rawChat(server, { stream: true });
    socket.pause();
    await waitFor(() => clock.pending === 2); // One for comments, one for the client's minute.
    expect(drawn).toBeLessThan(10_000);
    clock.advance(READER_MS);
    await waitFor(() => server.source.aborted.length === 1);
    await waitFor(() => server.active() === 0);
    expect(server.log.at(-1)).toMatchObject({ status: 499 });
  });
});

describe("an error", () => {
  interface Wrong {
    readonly what: string;
    readonly path?: string;
    readonly body: unknown;
    readonly status: number;
    readonly code: string | null;
    readonly param?: string;
  }
  const wrong: Wrong[] = [
    { what: "no JSON", body: "{nope", status: 400, code: "invalid_json" },
    { what: "no object", body: [], status: 400, code: null },
    { what: "no model", body: {}, status: 400, code: null, param: "model" },
    {
      what: "another model",
      body: { ...hello, model: "x" },
      ...{ status: 404, code: "model_not_found", param: "model" },
    },
    {
      what: "no messages",
      body: { model: MODEL, messages: [] },
      ...{ status: 400, code: null, param: "messages" },
    },
    {
      what: "an image",
      body: {
        model: MODEL,
        messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }],
      },
      ...{ status: 400, code: "unsupported_parameter", param: "messages[0].content[0]" },
    },
    {
      what: "a heat",
      body: { ...hello, temperature: 3 },
      ...{ status: 400, code: null, param: "temperature" },
    },
    {
      what: "a schema",
      body: { ...hello, guided_json: { type: "object", properties: { a: { not: {} } } } },
      ...{ status: 400, code: null, param: "guided_json" },
    },
    {
      what: "a forced call of nothing",
      body: { ...hello, tool_choice: "required" },
      ...{ status: 400, code: null, param: "tool_choice" },
    },
    {
      what: "a long prompt",
      body: { model: MODEL, messages: [{ role: "user", content: "word ".repeat(3_000) }] },
      ...{ status: 400, code: "context_length_exceeded", param: "messages" },
    },
    {
      what: "a suffix",
      path: "/v1/completions",
      body: { model: MODEL, prompt: "x", suffix: "y" },
      ...{ status: 400, code: "unsupported_parameter", param: "suffix" },
    },
    {
      what: "a token from nowhere",
      path: "/v1/completions",
      body: { model: MODEL, prompt: [99_999] },
      ...{ status: 400, code: null, param: "prompt" },
    },
    {
      what: "an unknown path",
      path: "/v1/embeddings",
      body: {},
      ...{ status: 404, code: "unknown_url" },
    },
    { what: "a wrong method", path: "/v1/models", body: {}, status: 405, code: "wrong_method" },
  ];

  test.each(wrong)("for $what", async ({ path = chat, body, status, code, param = null }) => {
    const server = await start();
    const answer = await post(server, path, body);
    expect(answer.status).toBe(status);
    const { error } = (await answer.json()) as { readonly error: object };
    expect(error).toEqual({
      message: expect.stringMatching(/\w/),
      type: "invalid_request_error",
      param,
      code,
    });
    expect(server.source.requests).toHaveLength(0);
  });

  test.each([
    ["/chat/completions", " Did you mean /v1/chat/completions? Base URLs end in /v1."],
    ["/v1/v1/completions", " Did you mean /v1/completions? Base URLs end in /v1."],
    ["/v1/embeddings", ""],
  ])("of the path %s names the one that was meant, if any", async (path, more) => {
    const answer = await post(await start(), path, {});
    const { error } = (await answer.json()) as { readonly error: { readonly message: string } };
    expect(error.message).toBe(`Unknown path POST ${path}.${more}`);
  });

  test("says where the JSON breaks", async () => {
    const server = await start();
    const answer = await post(server, chat, '{"model": "lantern",}');
    expect(await answer.text()).toContain("position 20 (line 1 column 21)");
  });

  test("refuses a body that is too large before reading it", async () => {
    const server = await start();
    const [host = "", port = ""] = server.address.split(":");
    const socket = connect(Number(port), host);
    sockets.push(socket);
    socket.write(`POST ${chat} HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n{`);
    let got = "";
    socket.on("data", (bytes: Buffer) => (got += bytes.toString()));
    await waitFor(() => got.includes("request_too_large"));
    expect(got).toMatch(/^HTTP\/1.1 413 /);
    expect(got).toMatch(/connection: close/i);
  });

  test("is 503 and a time to come back while the model loads", async () => {
    const loading = catalogOf(servedLantern({ state: "loading" }));
    const server = await start({ catalog: loading });
    const answer = await post(server, chat, hello);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("5");
    expect(await answer.json()).toMatchObject({ error: { code: "model_loading" } });
    expect((await fetch(`${server.base}/health`)).status).toBe(503);
  });

  test("of ours says nothing of the inside, and the server goes on", async () => {
    const hand = new HandTokens();
    hand.fail(new Error("secret detail"));
    const server = await start({ script: hand.script });
    const answer = await post(server, chat, hello);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("secret detail");
    expect(server.log).toContainEqual(expect.objectContaining({ msg: "request failed" }));
    expect((await fetch(`${server.base}/health`)).status).toBe(200);
  });
});

describe("the other routes", () => {
  test("tokenize and detokenize are each other's way back", async () => {
    const server = await start();
    const there = await post(server, "/tokenize", { model: MODEL, prompt: "a lantern" });
    const {
      tokens,
      count,
      max_model_len: most,
    } = (await there.json()) as {
      readonly [field: string]: never;
    };
    expect([count, most]).toEqual([text.encode("a lantern").length, 1024]);
    const back = await post(server, "/detokenize", { model: MODEL, tokens });
    expect(await back.json()).toEqual({ prompt: "a lantern" });
    const asked = await post(server, "/tokenize", hello);
    expect(await asked.json()).toMatchObject({ tokens: expect.arrayContaining([0, 2, 3]) });
  });

  test("answer what probes ask", async () => {
    const server = await start({
      corsOrigin: "*",
      fallback: (request, response) => {
        if (request.url !== "/readyz") return false;
        response.end("from outside");
        return true;
      },
    });
    const get = (path: string): Promise<Response> => fetch(server.base + path);
    expect((await get("/ping")).status).toBe(200);
    expect(await (await get("/version")).json()).toEqual({ version: "0.0.0-test" });
    expect(await (await get("/load")).json()).toEqual({ server_load: 0 });
    expect(await (await get("/readyz")).text()).toBe("from outside");
    expect((await get("/v1/models/none%2Fthere")).status).toBe(404);
    const options = await fetch(server.base + chat, { method: "OPTIONS" });
    expect(options.status).toBe(204);
    expect(options.headers.get("allow")).toBe("POST, OPTIONS");
    expect(options.headers.get("access-control-allow-origin")).toBe("*");
  });

  test("a field that nobody knows is logged once", async () => {
    const server = await start();
    for (let i = 0; i < 2; i++) await post(server, chat, { ...hello, wobble: 1 });
    const lines = server.log.filter((line) => (line as { field?: string }).field === "wobble");
    expect(lines).toHaveLength(1);
  });
});
