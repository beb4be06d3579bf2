// Keys over HTTP: who comes in, what they may use, and what a changed file changes.

import { createHash } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { ManualClock } from "#shared/testing/manual-clock.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { spanText } from "../openai/limit-headers.ts";
import {
  HandTokens,
  MODEL,
  startTestServer,
  type TestServer,
  type TestServerOptions,
} from "../openai/scripted-source.fixture.ts";
import { FileKeys } from "./file-keys.ts";
import { KeyRing } from "./key-ring.ts";
import { parseKeysFile } from "./keys-file.ts";

const KEY = "sk-sb-one";

function entry(key: string, name: string, rest = ""): string {
  const sha256 = createHash("sha256").update(key).digest("hex");
  return `[[key]]\nname = "${name}"\nsha256 = "${sha256}"\nnamespace = "lab"\n${rest}\n`;
}

interface Site {
  readonly server: TestServer;
  readonly ring: KeyRing;
  readonly clock: ManualClock;
  readonly log: string[];
  write(text: string): void;
  remove(): void;
  ask(key: string | null, body?: object): Promise<Response>;
}

async function site(text: string, options: TestServerOptions = {}): Promise<Site> {
  const directory = tempDirectory("keys");
  onTestFinished(directory.remove);
  const file = join(directory.path, "keys.toml");
  const write = (keys: string): void => {
    writeFileSync(`${file}.new`, keys);
    renameSync(`${file}.new`, file);
  };
  write(text);
  const clock = new ManualClock();
  const log: string[] = [];
  const destination = new Writable({
    write: (line: Buffer, _encoding, done) => {
      log.push(line.toString());
      done();
    },
  });
  const logger = createLogger({ service: "router", destination });
  const ring = new KeyRing(clock);
  const watched = new FileKeys({ file, ring, timers: clock, logger });
  onTestFinished(() => watched.close());
  const authorise = (bearer: string | null) => ring.grantOf(bearer);
  const server = await startTestServer({ ...options, authorise, time: clock });
  onTestFinished(() => server.close());
  return {
    ...{ server, ring, clock, log, write, remove: () => rmSync(file) },
    ask: (key, body = {}) =>
      fetch(`${server.base}/v1/completions`, {
        method: "POST",
        headers: key === null ? {} : { authorization: `Bearer ${key}` },
        body: JSON.stringify({ model: MODEL, prompt: "hello", ...body }),
      }),
  };
}

async function statusOf(asked: Promise<Response>): Promise<number> {
  const response = await asked;
  await response.text();
  return response.status;
}

describe("a key", () => {
  test("that is not there is refused, and a model that is not its is not known", async () => {
    const { ask } = await site(entry(KEY, "ada", 'models = ["other"]') + entry("two", "bob"));
    expect(await statusOf(ask(null))).toBe(401);
    expect(await statusOf(ask("sk-sb-other"))).toBe(401);
    expect(await statusOf(ask("two"))).toBe(200);
    const refused = await ask(KEY);
    expect(refused.status).toBe(404);
    expect(await refused.json()).toMatchObject({ error: { code: "model_not_found" } });
  });

  test("over its requests is told when to come back, to the millisecond", async () => {
    const { ask, clock } = await site(entry(KEY, "ada", "requests_per_minute = 2"));
    const first = await ask(KEY);
    expect(first.headers.get("x-ratelimit-limit-requests")).toBe("2");
    expect(first.headers.get("x-ratelimit-remaining-requests")).toBe("1");
    expect(first.headers.get("x-ratelimit-reset-requests")).toBe("30s");
    expect(first.headers.get("x-ratelimit-limit-tokens")).toBeNull();
    await first.text();
    expect(await statusOf(ask(KEY))).toBe(200);
    const refused = await ask(KEY);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after-ms")).toBe("30000");
    expect(refused.headers.get("retry-after")).toBe("30");
    expect(refused.headers.get("x-ratelimit-remaining-requests")).toBe("0");
    expect(await refused.json()).toMatchObject({
      error: { code: "rate_limit_exceeded", type: "rate_limit_error" },
    });
    clock.advance(29_999);
    expect(await statusOf(ask(KEY))).toBe(429);
    clock.advance(1);
    expect(await statusOf(ask(KEY))).toBe(200);
  });

  test("pays for the tokens it asks for, and gets back what it did not use", async () => {
    const { ask, ring } = await site(entry(KEY, "ada", "tokens_per_minute = 500"));
    const answer = await ask(KEY, { max_tokens: 400 });
    const left = Number(answer.headers.get("x-ratelimit-remaining-tokens"));
    expect(left).toBeLessThan(100);
    const { usage } = (await answer.json()) as { usage: { total_tokens: number } };
    const use = ring.grantOf(KEY)?.key?.use;
    await waitFor(() => use?.running === 0);
    expect(use?.tokens?.level).toBe((500 - usage.total_tokens) * 60_000);
    expect(await statusOf(ask(KEY, { max_tokens: 450 }))).toBe(200);
  });

  test("has so many requests at once, and its place back however they end", async () => {
    const hand = new HandTokens();
    const { ask, ring, server } = await site(
      entry(KEY, "ada", "concurrent = 2\ntokens_per_minute = 10000"),
      { script: hand.script },
    );
    const abort = new AbortController();
    hand.say("Hel");
    const asked = { method: "POST", headers: { authorization: `Bearer ${KEY}` } };
    const body = JSON.stringify({ model: MODEL, prompt: "hello", stream: true, max_tokens: 9 });
    await fetch(`${server.base}/v1/completions`, { ...asked, body, signal: abort.signal });
    const second = ask(KEY);
    await waitFor(() => server.active() === 2 && server.source.requests.length === 2);
    expect(await statusOf(ask(KEY))).toBe(429);
    abort.abort();
    await waitFor(() => server.active() === 1);
    server.source.script = () => {
      throw new Failure("FULL", "busy", { retryAfterMs: 5 });
    };
    expect(await statusOf(ask(KEY))).toBe(503);
    hand.fail(new Error("it broke"));
    expect(await statusOf(second)).toBe(500);
    await waitFor(() => server.active() === 0);
    const use = ring.grantOf(KEY)?.key?.use;
    expect(use?.running).toBe(0);
  });
});

test("while the control plane was never reached a stranger is told to come back", async () => {
  const { ask, ring } = await site(entry(KEY, "ada"));
  ring.set("scheduler", null);
  expect(await statusOf(ask(KEY))).toBe(200);
  expect(await statusOf(ask(null))).toBe(401);
  const refused = await ask("sk-sb-other");
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after-ms")).toBe("1000");
  expect(await refused.json()).toMatchObject({ error: { code: "unavailable" } });
  ring.set("scheduler", []);
  expect(await statusOf(ask("sk-sb-other"))).toBe(401);
});

describe("the file", () => {
  test("is read again when it changes; what a key used stays used", async () => {
    const { ask, write, clock } = await site(entry(KEY, "ada", "requests_per_minute = 1"));
    expect(await statusOf(ask(KEY))).toBe(200);
    write(entry(KEY, "ada", "requests_per_minute = 60") + entry("two", "bob"));
    expect(await statusOf(ask("two"))).toBe(401);
    clock.advance(999);
    expect(await statusOf(ask(KEY))).toBe(429);
    clock.advance(1);
    expect(await statusOf(ask("two"))).toBe(200);
    expect(await statusOf(ask(KEY))).toBe(429);
    clock.advance(1_000);
    expect(await statusOf(ask(KEY))).toBe(200);
    write(entry("two", "bob"));
    clock.advance(1_000);
    expect(await statusOf(ask(KEY))).toBe(401);
  });

  test("that is broken or gone is told once, and the keys before it stay", async () => {
    const { ask, write, remove, clock, log } = await site(entry(KEY, "ada"));
    const told = (): number => log.filter((line) => line.includes("keys before")).length;
    write(`${entry(KEY, "ada")}[[key]]\nname = 3`);
    for (let i = 0; i < 3; i++) clock.advance(1_000);
    expect(told()).toBe(1);
    expect(await statusOf(ask(KEY))).toBe(200);
    remove();
    for (let i = 0; i < 3; i++) clock.advance(1_000);
    expect(told()).toBe(2);
    expect(await statusOf(ask(KEY))).toBe(200);
    write(entry("two", "bob"));
    clock.advance(1_000);
    expect(await statusOf(ask(KEY))).toBe(401);
    expect(log.join("")).not.toContain(KEY);
  });

  test.each([
    ["a field nobody knows", entry(KEY, "ada", "request_per_minute = 3"), "request_per_minute"],
    ["a rate of nothing", entry(KEY, "ada", "concurrent = 0"), "concurrent"],
    ["a class nobody knows", entry(KEY, "ada", 'priority = "urgent"'), "priority"],
    ["a bound below the usual", entry(KEY, "ada", 'priority_max = "bulk"'), "priority_max"],
    ["a key in place of its hash", '[[key]]\nname = "a"\nsha256 = "sk-1"', "sha256"],
    ["one key twice", entry(KEY, "ada") + entry(KEY, "bob"), "sha256"],
    ["one name twice", entry(KEY, "ada") + entry("two", "ada"), "name"],
    ["models that are none", entry(KEY, "ada", "models = 3"), "models"],
    ["what is no TOML", "[[key", "keys.toml:1"],
    ["what is not about keys", "[router]\n", "router"],
  ])("is refused for %s", (_name, text, said) => {
    expect(() => parseKeysFile("keys.toml", text)).toThrow(said);
    expect(() => parseKeysFile("keys.toml", text)).toThrow(Failure);
  });
});

test("spans are written as OpenAI does", () => {
  expect([20, 1_500, 30_000, 59_999, 360_000].map(spanText)).toEqual([
    ...["20ms", "1.5s", "30s", "1m0s", "6m0s"],
  ]);
});
