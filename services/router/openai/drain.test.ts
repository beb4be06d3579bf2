// How the server stops.

import { afterEach, describe, expect, test } from "vitest";

import { ManualClock } from "#shared/testing/manual-clock.ts";
import {
  HandTokens,
  MODEL,
  startTestServer,
  type TestServer,
  type TestServerOptions,
} from "./scripted-source.fixture.ts";

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(options: TestServerOptions): Promise<TestServer> {
  const server = await startTestServer(options);
  servers.push(server);
  return server;
}

const hello = { model: MODEL, messages: [{ role: "user", content: "hello" }] };

function post(server: TestServer, path: string, body: object): Promise<Response> {
  return fetch(server.base + path, { method: "POST", body: JSON.stringify(body) });
}

const chat = "/v1/chat/completions";

describe("a drain", () => {
  test("refuses what is new and lets streams end", async () => {
    const hand = new HandTokens();
    const server = await start({ script: hand.script });
    hand.say("Hel");
    const answer = await post(server, chat, { ...hello, stream: true });
    const stopped = server.stop(60_000);
    const refused = await post(server, chat, hello);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect((await fetch(`${server.base}/health`)).status).toBe(503);
    hand.say("lo", "stop");
    expect(await answer.text()).toMatch(/\[DONE\]\n\n$/);
    await stopped;
    await expect(fetch(`${server.base}/health`)).rejects.toThrow();
  });

  test("ends what is left at its deadline by an error event", async () => {
    const clock = new ManualClock();
    const hand = new HandTokens();
    const server = await start({ script: hand.script, time: clock });
    hand.say("Hel");
    const answer = await post(server, chat, { ...hello, stream: true });
    const stopped = server.stop(5_000);
    clock.advance(5_000);
    expect(await answer.text()).toMatch(/"code":"unavailable"\}\}\n\n$/);
    await stopped;
    expect(server.source.aborted).toHaveLength(1);
  });
});
