// The gRPC door as grpc-js's client meets it.

import { connect as connectHttp2, constants, type ClientHttp2Session } from "node:http2";
import { readFileSync } from "node:fs";
import { Client, credentials, Metadata, status as Status } from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { describe, expect, onTestFinished, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { ManualClock } from "#shared/testing/manual-clock.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { writeCertificate } from "#shared/mesh/certificate.fixture.ts";
import { HealthService } from "#shared/mesh/grpc-health.ts";
import { clientOf, openChannel } from "#shared/mesh/grpc-client.ts";
import { InferenceService } from "#proto/services.ts";
import { signalbox } from "#proto/signalbox.js";
import { newKeyUse } from "../core/key-limits.ts";
import { READER_MS } from "../openai/event-stream.ts";
import {
  catalogOf,
  chunk,
  files,
  HandTokens,
  MODEL,
  saying,
  servedLantern,
  text,
} from "../openai/scripted-source.fixture.ts";
import type { Authoriser, Grant } from "../requests/grant.ts";
import type { TokenChunk } from "../token-source.ts";
import { encodeGrpcFrame } from "../wire/grpc-frames.ts";
import { complete, idsOf, openDoor, textOf } from "./inference-server.fixture.ts";

const { FinishReason, RequestClass, ServedModelState } = signalbox.inference.v1;
const BAD = Status.INVALID_ARGUMENT;
const SAID = "Hello there, friend.";
const sampling = { temperature: 0, maxTokens: 100 };
const hello = { model: MODEL, text: "hello", sampling };

function textIds(words: string): number[] {
  return text.encode(words, false);
}

/** google.rpc.Status, as clients read it from the trailer. */
function detailsOf(metadata: Metadata): Record<string, object> {
  const proto = `syntax = "proto3";
    message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
    message Any { string type_url = 1; bytes value = 2; }
    message ErrorInfo { string reason = 1; string domain = 2; }
    message BadRequest { repeated Violation field_violations = 1; }
    message Violation { string field = 1; string description = 2; }
    message RetryInfo { Duration retry_delay = 1; }
    message Duration { int64 seconds = 1; int32 nanos = 2; }`;
  const { root } = protobuf.parse(proto, { keepCase: true });
  const [bytes] = metadata.get("grpc-status-details-bin");
  const status = root.lookupType("Status").decode(bytes as Buffer) as unknown as {
    readonly code: number;
    readonly details: readonly { readonly type_url: string; readonly value: Uint8Array }[];
  };
  const found = status.details.map(({ type_url: url, value }) => {
    const name = url.replace("type.googleapis.com/google.rpc.", "");
    const type = root.lookupType(name);
    return [name, type.toObject(type.decode(value), { longs: Number })] as const;
  });
  return Object.fromEntries([["code", { code: status.code }], ...found]);
}

describe("a completion", () => {
  test("comes as ids and text, begins by saying what it is and ends by what it came to", async () => {
    const { client, source, usage } = await openDoor();
    const got = await complete(client, hello);
    expect(got.error).toBeNull();
    const ids = [...textIds(SAID), 1];
    expect([idsOf(got), textOf(got)]).toEqual([ids, SAID]);
    const [request] = source.requests;
    const promptTokens = text.encode("hello").length;
    expect(request?.promptIds).toEqual(text.encode("hello"));
    expect(got.messages[0]?.started).toEqual({
      ...{ id: expect.stringMatching(/^req-[0-9a-f]{16}$/), promptTokens },
      seed: request?.sampling.seed,
    });
    expect(got.headers?.get("x-request-id")).toEqual([got.messages[0]?.started?.id]);
    expect(got.messages.at(-1)).toMatchObject({
      finish: FinishReason.FINISH_REASON_STOP,
      usage: { promptTokens, cachedTokens: 2, completionTokens: ids.length },
    });
    let at = 0;
    for (const { firstIndex, tokenIds } of got.messages) {
      expect(firstIndex).toBe(at);
      at += tokenIds?.length ?? 0;
    }
    expect(usage).toMatchObject([
      {
        ...{ route: InferenceService.complete.path, model: MODEL, status: 200, finish: "stop" },
        ...{ prompt_tokens: promptTokens, cached_tokens: 2, completion_tokens: ids.length },
      },
    ]);
  });

  test("of ids has no text unless it is asked for", async () => {
    const { client, source } = await openDoor();
    const asked = { model: MODEL, ids: { ids: [5, 6, 7] }, sampling };
    const plain = await complete(client, asked);
    expect([source.requests[0]?.promptIds, textOf(plain)]).toEqual([[5, 6, 7], ""]);
    expect(textOf(await complete(client, { ...asked, withText: true }))).toBe(SAID);
  });

  test("of a chat is written by the model's template", async () => {
    const { client, source } = await openDoor();
    const messages = [{ role: "user", content: "hello" }];
    await complete(client, { model: MODEL, chat: { messages }, sampling });
    const chat = { messages, tools: null, addGenerationPrompt: true, continueFinalMessage: false };
    expect(source.requests[0]?.promptIds).toEqual(
      text.encodeChat({ ...chat, extra: {}, nowMs: 0 }),
    );
  });

  test("ends before a stop text, and says which", async () => {
    const { client, source } = await openDoor();
    const got = await complete(client, { ...hello, stop: ["friend"] });
    expect(textOf(got)).toBe("Hello there, ");
    expect(got.messages.at(-1)).toMatchObject({
      finish: FinishReason.FINISH_REASON_STOP,
      stoppedBy: "friend",
    });
    await waitFor(() => source.aborted.length === 1);
  });

  test("goes on after what its caller has had, ids and text alike", async () => {
    const { client, source } = await openDoor({
      script: async function* rest(request) {
        const said = [...textIds(SAID), 1];
        const from = request.resumeIds.length;
        for (let at = from; at < said.length; at++) {
          const finish = at === said.length - 1 ? "stop" : null;
          yield chunk(at, said.slice(at, at + 1), { finish });
        }
      },
    });
    const whole = await complete(client, { ...hello, sampling: { ...sampling, seed: 9 } });
    for (let cut = 0; cut <= idsOf(whole).length; cut++) {
      const had = idsOf(whole).slice(0, cut);
      const more = { sampling: { ...sampling, seed: 9 }, resumeIds: had };
      const rest = await complete(client, { ...hello, ...more });
      expect(rest.error).toBeNull();
      expect([...had, ...idsOf(rest)], `ids after ${cut}`).toEqual(idsOf(whole));
      const before = text.detokeniser().pushAll(had.filter((id) => id !== 1));
      expect(before + textOf(rest), `text after ${cut}`).toBe(SAID);
      expect(rest.messages.at(-1)).toMatchObject({
        finish: FinishReason.FINISH_REASON_STOP,
        usage: { completionTokens: idsOf(whole).length - cut },
      });
    }
    // What was whole before asked nobody.
    expect(source.requests.every(({ sampling: { seed } }) => seed === 9)).toBe(true);
    expect(source.requests).toHaveLength(idsOf(whole).length + 1);
  });

  test("finds a stop text that began in what its caller has had", async () => {
    const { client } = await openDoor({
      script: async function* rest({ resumeIds }) {
        const said = [...textIds(SAID), 1];
        yield chunk(resumeIds.length, said.slice(resumeIds.length), { finish: "stop" });
      },
    });
    const stop = ["there, friend"];
    const from = textIds("Hello there").length;
    const resumeIds = textIds(SAID).slice(0, from);
    const got = await complete(client, { ...hello, stop, resumeIds });
    expect([textOf(got), got.messages.at(-1)?.stoppedBy]).toEqual(["", stop[0]]);
  });

  test("carries class, session, salt and what HTTP calls sampling", async () => {
    const { client, source } = await openDoor();
    await complete(client, {
      ...hello,
      ...{ class: RequestClass.REQUEST_CLASS_BULK, session: "s1" },
      cacheSalt: "pepper",
      sampling: { temperature: 0.5, topK: 40, stopIds: [7], logprobs: 1, maxTokens: 3, seed: 4 },
    });
    expect(source.requests[0]).toMatchObject({
      ...{ priority: "bulk", session: "s1", cacheSalt: ":pepper" },
      sampling: {
        ...{ temperature: 0.5, topK: 40, topP: null, stopIds: [7], logprobs: 1, maxTokens: 3 },
        ...{ seed: 4, ignoreEos: false },
      },
    });
  });

  test("has log-probabilities, one per token, where they were asked for", async () => {
    const { client } = await openDoor();
    for (const withText of [true, false]) {
      const asked = { ...hello, withText, sampling: { ...sampling, logprobs: 1 } };
      const got = await complete(client, asked);
      const probs = got.messages.flatMap(({ logprobs }) => logprobs ?? []);
      expect(probs).toHaveLength(idsOf(got).length);
      expect(probs[0]).toMatchObject({ logprob: -0.5, alternatives: [{ logprob: -0.5 }] });
    }
  });

  test("is held to a form by the same masks as over HTTP", async () => {
    const { client, source } = await openDoor();
    await complete(client, { ...hello, form: { choice: { texts: ["yes", "no"] } } });
    const mask = await source.requests[0]?.mask?.maskAfter([]).catch(() => null);
    expect(source.requests[0]?.mask).not.toBeNull();
    expect(mask === undefined).toBe(false);
    const bad = await complete(client, { ...hello, form: { jsonSchema: '{"not": {}}' } });
    expect(bad.error?.code).toBe(BAD);
  });
});

describe("a caller", () => {
  /** Nobody reads its answer. */
  function unreadCall(
    address: string,
    request: signalbox.inference.v1.ICompleteRequest,
  ): ClientHttp2Session {
    const session = connectHttp2(`http://${address}`);
    onTestFinished(() => session.destroy());
    session.on("error", () => {});
    const { path, requestSerialize } = InferenceService.complete;
    const stream = session.request({
      ...{ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" },
    });
    stream.on("error", () => {});
    stream.end(encodeGrpcFrame(requestSerialize(request)));
    return session;
  }

  test("that cancels aborts its request, and is counted as gone", async () => {
    const hand = new HandTokens();
    const { client, source, usage, server } = await openDoor({ script: hand.script });
    const asked = complete(client, hello, { cancelAfter: 1 });
    await waitFor(() => source.requests.length === 1);
    hand.say("Hello");
    expect((await asked).error?.code).toBe(Status.CANCELLED);
    await waitFor(() => source.aborted.length === 1);
    await waitFor(() => server.active() === 0);
    expect(usage).toMatchObject([{ status: 499, completion_tokens: textIds("Hello").length }]);
  });

  test("whose deadline passes is told so, and its request aborted", async () => {
    const clock = new ManualClock();
    const { client, source, server } = await openDoor({
      ...{ script: new HandTokens().script, time: clock },
    });
    const asked = complete(client, hello, { deadlineMs: 60_000 });
    await waitFor(() => source.requests.length === 1);
    clock.advance(60_000);
    const { error } = await asked;
    expect([error?.code, error?.details]).toEqual([
      ...[Status.DEADLINE_EXCEEDED, "the caller's deadline has passed"],
    ]);
    await waitFor(() => source.aborted.length === 1 && server.active() === 0);
  });

  test("whose connection breaks aborts its request", async () => {
    const { source, server } = await openDoor({ script: new HandTokens().script });
    const session = unreadCall(server.address, hello);
    await waitFor(() => source.requests.length === 1);
    session.destroy();
    await waitFor(() => source.aborted.length === 1);
  });

  test("that does not read holds the stream up, not the others, and is cut after a while", async () => {
    const clock = new ManualClock();
    let drawn = 0;
    const ids = textIds("lantern ".repeat(2_000));
    const { source, server, client } = await openDoor({
      time: clock,
      script: async function* endless(request): AsyncGenerator<TokenChunk> {
        if (request.promptIds.length === 1) {
          yield* saying(SAID)(request, new AbortController().signal);
          return;
        }
        for (; drawn < 10_000; drawn++) {
          yield chunk(drawn * ids.length, ids);
          if (drawn % 64 === 63) await new Promise((resolve) => setImmediate(resolve));
        }
        yield chunk(0, [], { finish: "length" });
      },
    });
    unreadCall(server.address, { model: MODEL, ids: { ids: [5, 6] }, sampling });
    await waitFor(() => source.requests.length === 1 && clock.pending === 1);
    const other = await complete(client, { model: MODEL, ids: { ids: [5] }, sampling });
    expect(other.error).toBeNull();
    clock.advance(READER_MS);
    await waitFor(() => source.aborted.length > 0 && server.active() === 0);
  });
});

describe("an error", () => {
  const wrong: [string, object, Status, string][] = [
    ["another model", { ...hello, model: "x" }, Status.NOT_FOUND, "model"],
    ["no prompt", { model: MODEL }, BAD, "prompt"],
    ["a heat", { ...hello, sampling: { temperature: 3 } }, BAD, "temperature"],
    ["an id from nowhere", { model: MODEL, ids: { ids: [99_999] } }, BAD, "prompt"],
    ["resumed ids from nowhere", { ...hello, resumeIds: [99_999] }, BAD, "resume_ids"],
    ["a long prompt", { ...hello, text: "word ".repeat(3_000) }, BAD, "prompt"],
    [
      "a message of nobody",
      { model: MODEL, chat: { messages: [{}] } },
      BAD,
      "chat.messages[0].role",
    ],
  ];
  test.each(wrong)("for %s has a status and names the field", async (_, request, code, field) => {
    const { client, source } = await openDoor();
    const { error } = await complete(client, request);
    expect(error?.code).toBe(code);
    const details = detailsOf(error?.metadata ?? new Metadata());
    expect(details["code"]).toEqual({ code });
    expect(details["BadRequest"]).toEqual({
      field_violations: [{ field, description: error?.details }],
    });
    expect(details["ErrorInfo"]).toMatchObject({ domain: "signalbox" });
    expect(source.requests).toHaveLength(0);
  });

  test("says when to come back", async () => {
    const hand = new HandTokens();
    hand.fail(new Failure("FULL", "every queue is full", { retryAfterMs: 2_500 }));
    const { client, usage } = await openDoor({ script: hand.script });
    const { error } = await complete(client, hello);
    expect(error?.code).toBe(Status.RESOURCE_EXHAUSTED);
    expect(error?.metadata.get("grpc-retry-pushback-ms")).toEqual(["2500"]);
    expect(detailsOf(error!.metadata)).toMatchObject({
      ErrorInfo: { reason: "OVERLOADED" },
      RetryInfo: { retry_delay: { seconds: 2, nanos: 500_000_000 } },
    });
    expect(usage).toMatchObject([{ status: 503, prompt_tokens: 0 }]);
  });

  test("in the middle comes behind what was sent, and never as a bare end", async () => {
    const hand = new HandTokens();
    const { client } = await openDoor({ script: hand.script });
    hand.say("Hello");
    const asked = complete(client, hello);
    hand.fail(new Failure("UNAVAILABLE", "no worker can go on with it: ü"));
    const { error, messages } = await asked;
    expect(messages.flatMap(({ tokenIds }) => tokenIds ?? [])).toEqual(textIds("Hello"));
    expect([error?.code, error?.details]).toEqual([
      ...[Status.UNAVAILABLE, "no worker can go on with it: ü"],
    ]);
  });

  test("of ours says nothing of the inside", async () => {
    const hand = new HandTokens();
    hand.fail(new Error("secret detail"));
    const { client } = await openDoor({ script: hand.script });
    const { error } = await complete(client, hello);
    expect(error?.code).toBe(Status.INTERNAL);
    expect(error?.details).not.toContain("secret");
  });

  test("for a method, an encoding or a model that is not there yet", async () => {
    const loading = catalogOf(servedLantern({ state: "loading" }));
    const { client } = await openDoor({ catalog: loading });
    const { error } = await complete(client, hello);
    expect([error?.code, detailsOf(error!.metadata)["RetryInfo"]]).toEqual([
      ...[Status.UNAVAILABLE, { retry_delay: { seconds: 5 } }],
    ]);
    const { requestSerialize, responseDeserialize } = InferenceService.complete;
    const codec = [requestSerialize, responseDeserialize, hello] as const;
    const call = client.makeServerStreamRequest("/signalbox.inference.v1.Nothing/At", ...codec);
    const ended = Promise.withResolvers<number>();
    call.on("error", (reason) => ended.resolve((reason as { code?: number }).code ?? 0));
    call.on("data", () => {});
    expect(await ended.promise).toBe(Status.UNIMPLEMENTED);
  });
});

describe("a key", () => {
  const clock = new ManualClock();
  const limits = { requestsPerMinute: 2, tokensPerMinute: null, concurrent: null };
  const ada = (): Authoriser => {
    const grant: Grant = {
      ...{ namespace: "lab", models: [MODEL], priority: "normal", priorityMax: "high" },
      key: { name: "ada", use: newKeyUse(limits, clock.monotonicMs()) },
    };
    return (bearer) => (bearer === "good" ? grant : null);
  };

  test("is asked for, and what it may not is not there", async () => {
    const { client, source, usage } = await openDoor({ authorise: ada(), time: clock });
    for (const settings of [{}, { key: "bad" }]) {
      const { error } = await complete(client, hello, settings);
      expect(error?.code).toBe(Status.UNAUTHENTICATED);
    }
    const other = await complete(client, { ...hello, model: "x" }, { key: "good" });
    expect(other.error?.code).toBe(Status.NOT_FOUND);
    const good = await complete(
      client,
      { ...hello, class: RequestClass.REQUEST_CLASS_CRITICAL, cacheSalt: "s" },
      { key: "good" },
    );
    expect(good.error).toBeNull();
    expect(source.requests).toMatchObject([
      { namespace: "lab", priority: "high", cacheSalt: "lab:s" },
    ]);
    expect(usage.at(-1)).toMatchObject({ namespace: "lab", key: "ada", status: 200 });
  });

  test("over its limit is told when to come back, and what is left before", async () => {
    const { client } = await openDoor({ authorise: ada(), time: clock });
    const first = await complete(client, hello, { key: "good" });
    expect(first.headers?.get("x-ratelimit-remaining-requests")).toEqual(["1"]);
    await complete(client, hello, { key: "good" });
    const { error } = await complete(client, hello, { key: "good" });
    expect(error?.code).toBe(Status.RESOURCE_EXHAUSTED);
    expect(detailsOf(error!.metadata)).toMatchObject({
      ErrorInfo: { reason: "RATE_LIMIT_EXCEEDED" },
      RetryInfo: { retry_delay: { seconds: 30 } },
    });
  });
});

describe("the other methods", () => {
  test("list models, and are each other's way back", async () => {
    const { server } = await openDoor();
    const channel = openChannel({ address: server.address });
    onTestFinished(() => channel.close());
    const client = clientOf(InferenceService, channel);
    const { models } = await client.listModels({});
    expect(models).toMatchObject([
      { name: MODEL, contextMax: 1024, vocab: 1280, eosIds: [1], workers: 1, hasTokenizer: true },
    ]);
    expect(models?.[0]?.state).toBe(ServedModelState.SERVED_MODEL_STATE_READY);
    const { ids } = await client.tokenize({ model: MODEL, text: "a lantern" });
    expect(ids).toEqual(text.encode("a lantern"));
    expect(await client.detokenize({ model: MODEL, ids: ids ?? [] })).toEqual({
      text: "a lantern",
    });
    const bare = await client.tokenize({ model: MODEL, text: "a lantern", withoutSpecial: true });
    expect(bare.ids).toEqual(text.encode("a lantern", false));
  });

  test("say whether anything is served, to who asks and to who watches", async () => {
    const models = [servedLantern({ state: "loading" })];
    const catalog = { models: () => models, model: () => models[0] ?? null };
    const { server } = await openDoor({ catalog });
    const channel = openChannel({ address: server.address });
    onTestFinished(() => channel.close());
    const client = clientOf(HealthService, channel);
    const seen: string[] = [];
    const over = new AbortController();
    const watch = (async () => {
      const { signal } = over;
      for await (const { status } of client.watch({ service: "" }, { signal })) seen.push(status);
    })().catch(() => {});
    expect(await client.check({ service: "" })).toEqual({ status: "NOT_SERVING" });
    await waitFor(() => seen.length === 1);
    models[0] = servedLantern();
    server.refresh();
    await waitFor(() => seen.length === 2);
    expect(seen).toEqual(["NOT_SERVING", "SERVING"]);
    const service = "signalbox.inference.v1.InferenceService";
    expect(await client.check({ service })).toEqual({ status: "SERVING" });
    await expect(client.check({ service: "x" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    over.abort();
    await watch;
  });
});

describe("a drain", () => {
  test("refuses what is new, lets streams end, and ends what is late with a status", async () => {
    const clock = new ManualClock();
    const hand = new HandTokens();
    const late = new HandTokens();
    const scripts = [hand.script, late.script];
    const { client, source, server } = await openDoor({
      ...{ time: clock, script: (request, signal) => scripts.shift()!(request, signal) },
    });
    const first = complete(client, hello);
    await waitFor(() => source.requests.length === 1);
    const second = complete(client, hello);
    await waitFor(() => source.requests.length === 2);
    const stopped = server.stop(5_000);
    hand.say(SAID, "stop");
    expect(textOf(await first)).toBe(SAID);
    expect((await complete(client, hello)).error?.code).toBe(Status.UNAVAILABLE);
    clock.advance(5_000);
    expect((await second).error).toMatchObject({
      ...{ code: Status.UNAVAILABLE, details: "the router stops; ask another one" },
    });
    clock.advance(1_000);
    await stopped;
  });
});

describe("what is no call", () => {
  function raw(address: string, headers: object, body: Buffer): Promise<Record<string, unknown>> {
    const session = connectHttp2(`http://${address}`);
    session.on("error", () => {});
    onTestFinished(() => session.destroy());
    const stream = session.request({
      ...{ ":method": "POST", ":path": InferenceService.complete.path },
      ...{ "content-type": "application/grpc", te: "trailers", ...headers },
    });
    return new Promise((resolve) => {
      let got = {};
      stream.on("response", (given) => (got = { ...got, ...given }));
      stream.on("trailers", (given) => (got = { ...got, ...given }));
      stream.on("error", () => {});
      stream.on("data", () => {});
      stream.once("close", () => resolve(got));
      stream.end(body);
    });
  }
  const frame = (flag: number, length: number, bytes: string): Buffer => {
    const prefix = Buffer.alloc(5);
    prefix[0] = flag;
    prefix.writeUInt32BE(length, 1);
    return Buffer.concat([prefix, Buffer.from(bytes, "latin1")]);
  };

  test.each([
    ["no message", {}, Buffer.alloc(0), BAD],
    ["half a message", {}, frame(0, 9, "abc"), BAD],
    ["bytes that are no such message", {}, frame(0, 3, "\xff\xff\xff"), BAD],
    ["two messages", {}, Buffer.concat([frame(0, 0, ""), frame(0, 0, "")]), BAD],
    ["a compressed message", {}, frame(1, 3, "abc"), BAD],
    ["a message over the limit", {}, frame(0, 0xffffffff, "a"), Status.RESOURCE_EXHAUSTED],
    ["an encoding", { "grpc-encoding": "gzip" }, frame(1, 1, "a"), Status.UNIMPLEMENTED],
    ["a deadline that is none", { "grpc-timeout": "5 s" }, frame(0, 0, ""), BAD],
  ])("%s has a status", async (_, headers, body, code) => {
    const { server, source } = await openDoor();
    const got = await raw(server.address, headers, body);
    expect([got[constants.HTTP2_HEADER_STATUS], got["grpc-status"]]).toEqual([200, String(code)]);
    expect(source.requests).toHaveLength(0);
    await waitFor(() => server.active() === 0);
  });

  test("another content type is another protocol", async () => {
    const { server } = await openDoor();
    const got = await raw(server.address, { "content-type": "text/plain" }, Buffer.from("x"));
    expect(got[constants.HTTP2_HEADER_STATUS]).toBe(415);
    const web = { "content-type": "application/grpc-web" };
    expect((await raw(server.address, web, Buffer.from("x")))[":status"]).toBe(415);
  });
});

test("with a certificate the address speaks TLS, and nothing else", async () => {
  const { path, remove } = tempDirectory("grpc-tls");
  onTestFinished(remove);
  const { certFile, keyFile } = writeCertificate(path, "router");
  const { server, client } = await openDoor({ tls: { caFile: null, certFile, keyFile } });
  const trusted = new Client(server.address, credentials.createSsl(readFileSync(certFile)));
  onTestFinished(() => trusted.close());
  expect(textOf(await complete(trusted, hello))).toBe(SAID);
  expect((await complete(client, hello)).error?.code).toBe(Status.UNAVAILABLE);
});

test("a model without a tokenizer takes and gives ids alone", async () => {
  const catalog = catalogOf(servedLantern({ tokenizer: null }));
  const { client } = await openDoor({ catalog });
  const ids = await complete(client, { model: MODEL, ids: { ids: [5] }, sampling });
  expect(idsOf(ids)).toEqual([...textIds(SAID), 1]);
  const { error } = await complete(client, hello);
  expect([error?.code, files.sha256.length > 0]).toEqual([BAD, true]);
});
