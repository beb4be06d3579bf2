// Usage over HTTP: every ended request is written down, and a key sees its namespace's sums.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { systemTimers } from "#shared/config/system.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { newKeyUse } from "../core/key-limits.ts";
import { UsageJournal } from "../usage/usage-journal.ts";
import type { Grant } from "../requests/grant.ts";
import { MODEL, saying, startTestServer, type TestServer } from "./scripted-source.fixture.ts";

const NO_LIMITS = { requestsPerMinute: null, tokensPerMinute: null, concurrent: null };

function grantOf(namespace: string): Grant {
  const key = { name: `${namespace}-key`, use: newKeyUse(NO_LIMITS, 0) };
  return { namespace, models: null, priority: "normal", priorityMax: "normal", key };
}

async function start(): Promise<{ server: TestServer; path: string }> {
  const directory = tempDirectory("usage");
  const { path } = directory;
  const logger = createLogger({ service: "test", level: "silent" });
  const onDropped = (): void => {};
  const usage = await UsageJournal.open({ path, timers: systemTimers, logger, onDropped });
  const authorise = (bearer: string | null) => (bearer === null ? null : grantOf(bearer));
  const server = await startTestServer({ usage, authorise });
  onTestFinished(async () => {
    await server.close();
    await usage.close();
    directory.remove();
  });
  return { server, path };
}

function ask(server: TestServer, key: string, path: string, body?: object): Promise<Response> {
  return fetch(server.base + path, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

test("a namespace's requests are summed, and nobody sees another's", async () => {
  const { server, path } = await start();
  const say = saying("Hello there, friend.");
  server.source.script = (request, signal) => {
    request.onWorked?.(250);
    request.onWorked?.(1_000);
    return say(request, signal);
  };
  const body = { model: MODEL, prompt: "hello" };
  const answers = [];
  for (const stream of [false, true]) {
    const answer = await ask(server, "lab", "/v1/completions", { ...body, stream });
    answers.push(await answer.text());
  }
  const { usage } = JSON.parse(answers[0] ?? "") as {
    usage: { prompt_tokens: number; completion_tokens: number };
  };
  const ends = (): readonly object[] => server.log.filter((line) => "attempts" in line);
  await waitFor(() => ends().length === 2);
  expect(ends()).toMatchObject([{ attempts: 2 }, { attempts: 2 }]);
  server.source.script = () => {
    throw new Failure("FULL", "busy", { retryAfterMs: 5 });
  };
  expect((await ask(server, "lab", "/v1/completions", body)).status).toBe(503);
  expect((await ask(server, "other", "/v1/completions", body)).status).toBe(503);
  await waitFor(() => server.active() === 0);
  const hour = Math.floor(Date.now() / 3_600_000) * 3_600;
  const asked = await ask(server, "lab", `/v1/usage?namespace=lab&from=${hour - 3_600}`);
  expect(await asked.json()).toMatchObject({
    ...{ object: "usage", namespace: "lab", from: hour - 3_600, to: null },
    ...{ requests: 3, failed: 1, cached_tokens: 4, worker_seconds: 2.5 },
    prompt_tokens: 2 * usage.prompt_tokens,
    completion_tokens: 2 * usage.completion_tokens,
    data: [{ key: "lab-key", model: MODEL, requests: 3 }],
  });
  const before = await ask(server, "lab", `/v1/usage?to=${new Date(0).toISOString()}`);
  expect(await before.json()).toMatchObject({ requests: 0, data: [] });
  expect((await ask(server, "lab", "/v1/usage?namespace=other")).status).toBe(403);
  expect((await ask(server, "lab", "/v1/usage?from=soon")).status).toBe(400);
  const text = readFileSync(join(path, readdirSync(path)[0] ?? ""), "utf8");
  const records = text.split("\n").filter((line) => line !== "");
  expect(records.map((line) => JSON.parse(line) as object)).toMatchObject([
    { namespace: "lab", status: 200, finish: "stop", worker_seconds: 1.25 },
    { namespace: "lab", status: 200, finish: "stop", worker_seconds: 1.25 },
    { namespace: "lab", status: 503, finish: null, completion_tokens: 0 },
    { namespace: "other", status: 503 },
  ]);
});

test("a router without a directory for it keeps none, and says so", async () => {
  const server = await startTestServer();
  onTestFinished(() => server.close());
  const asked = await ask(server, "any", "/v1/usage");
  expect(asked.status).toBe(404);
  expect(await asked.json()).toMatchObject({ error: { code: "usage_not_kept" } });
});
