// A stream that goes on at another router after any event.

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { MODEL, saying, startTestServer, type TestServer } from "./scripted-source.fixture.ts";
import { encodeResume, parseResume, RESUME_HEADER } from "./resume.ts";

const words = "A lantern 🏮 glows; 火は灯る. STO P, then STOP and on";
const body = {
  model: MODEL,
  messages: [{ role: "user", content: "hello" }],
  stream: true,
  stop: ["STOP"],
  stream_options: { include_usage: true },
};

let first: TestServer;
let second: TestServer;
beforeAll(async () => {
  first = await startTestServer({ script: saying(words) });
  second = await startTestServer({ script: saying(words, 3) });
});
afterAll(async () => {
  await first.close();
  await second.close();
});

interface Event {
  readonly id: string | null;
  readonly json: string;
}

async function eventsOf(
  server: TestServer,
  headers: Record<string, string>,
  change: object = {},
): Promise<{ token: string; events: Event[] }> {
  const answer = await fetch(`${server.base}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ ...body, ...change }),
    headers,
  });
  const blocks = (await answer.text()).split("\n\n").filter((block) => block !== "");
  const events = blocks.map((block) => ({
    id: /^id: (.*)$/m.exec(block)?.[1] ?? null,
    json: /^data: (.*)$/m.exec(block)?.[1] ?? "",
  }));
  return { token: answer.headers.get(RESUME_HEADER) ?? "", events };
}

function contentOf(events: readonly Event[], choice = 0): string {
  let content = "";
  for (const { json } of events) {
    if (json === "[DONE]") continue;
    const { choices } = JSON.parse(json) as {
      choices: { index: number; delta: { content?: string } }[];
    };
    for (const it of choices) if (it.index === choice) content += it.delta.content ?? "";
  }
  return content;
}

describe("after any event", () => {
  test("the rest comes from another router, in the same words", async () => {
    const whole = await eventsOf(first, { [RESUME_HEADER]: "new" });
    expect(contentOf(whole.events)).toBe("A lantern 🏮 glows; 火は灯る. STO P, then ");
    expect(whole.events[0]?.id).toBe("-1");
    const envelope = (event: Event): string => event.json.slice(0, event.json.indexOf("choices"));
    for (let had = 0; had < whole.events.length - 1; had++) {
      const id = whole.events[had]?.id ?? "";
      const headers = { [RESUME_HEADER]: whole.token, "last-event-id": id };
      const rest = await eventsOf(second, headers);
      const before = whole.events.slice(0, had + 1);
      const joined = contentOf(before) + contentOf(rest.events);
      expect(joined).toBe(contentOf(whole.events));
      expect(rest.events.at(-1)?.json).toBe("[DONE]");
      expect(rest.events.at(-2)?.json).toBe(whole.events.at(-2)?.json); // Usage.
      expect(envelope(rest.events[0]!)).toBe(envelope(whole.events[0]!));
      const seeds = [first, second].map((it) => it.source.requests.at(-1)?.sampling.seed);
      expect(seeds[0]).toBe(seeds[1]);
    }
  });

  test("each of several choices goes on where it was", async () => {
    const two = { n: 2 };
    const whole = await eventsOf(first, { [RESUME_HEADER]: "new" }, two);
    expect(whole.events[0]?.id).toBe("-1,-1");
    for (let had = 0; had < whole.events.length - 1; had++) {
      const id = whole.events[had]?.id ?? "";
      const headers = { [RESUME_HEADER]: whole.token, "last-event-id": id };
      const rest = await eventsOf(second, headers, two);
      const before = whole.events.slice(0, had + 1);
      for (const choice of [0, 1]) {
        const joined = contentOf(before, choice) + contentOf(rest.events, choice);
        expect(joined).toBe(contentOf(whole.events, choice));
      }
    }
  });
});

test("another body is refused, and so is what is no token", async () => {
  const { token } = await eventsOf(first, { [RESUME_HEADER]: "new" });
  const other = await eventsOf(second, { [RESUME_HEADER]: token }, { temperature: 1 });
  expect(other.events[0]?.json).toBe("");
  for (const bad of ["x", Buffer.from("null").toString("base64url"), `${token}x`.slice(2)]) {
    expect(() => parseResume(bad, "digest")).toThrow(/no token of this service/);
  }
});

test("a token comes back as it was", () => {
  const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(count, count, fc.stringMatching(/^[\w-]{1,40}$/), (seed, created, id) => {
      const identity = { id, created, seed };
      expect(parseResume(encodeResume(identity, "digest"), "digest")).toEqual(identity);
    }),
  );
});
