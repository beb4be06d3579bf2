// Answers held to a schema by the bundled model on real processes: they parse, they validate, and a
// worker that dies in the middle of one changes nothing of it.

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waitFor } from "#shared/testing/wait-for.ts";
import { builtAddon, BUILD_MS_MAX, WHY_NO_ADDON } from "#native/testing/built-addon.ts";

const MAIN = fileURLToPath(new URL("../cli/main.ts", import.meta.url));
const MODEL = fileURLToPath(new URL("../../native/models/lantern", import.meta.url));
const READY_MS = 60_000;
const DEADLINE_MS = 120_000;
const ROUNDS_MAX = 8;

const SCHEMA = {
  type: "object",
  properties: {
    hero: { type: "string", maxLength: 40 },
    age: { type: "integer", minimum: 1, maximum: 120 },
    mood: { enum: ["glad", "sad", "brave"] },
    friends: {
      type: "array",
      minItems: 8,
      maxItems: 10,
      items: {
        type: "object",
        properties: {
          name: { type: "string", minLength: 6, maxLength: 12 },
          kind: { type: ["string", "null"], maxLength: 8 },
        },
        required: ["name"],
        additionalProperties: false,
      },
    },
  },
  required: ["hero", "age", "mood", "friends"],
  additionalProperties: false,
};
const ASKED = {
  model: "lantern",
  messages: [{ role: "user" as const, content: "Tell me about a fox." }],
  response_format: {
    type: "json_schema" as const,
    json_schema: { name: "story", schema: SCHEMA, strict: true },
  },
  max_tokens: 800,
  temperature: 0.9,
  seed: 5,
};

const validate = new Ajv2020({ strict: false }).compile(SCHEMA);

const validateArguments = new Ajv2020({ strict: false }).compile(SCHEMA.properties.friends.items);

function expectValid(text: string | null | undefined): void {
  expect(validate(JSON.parse(text ?? "")), text ?? "nothing").toBe(true);
}

describe.skipIf(WHY_NO_ADDON !== null)(`structured output (${WHY_NO_ADDON ?? "built"})`, () => {
  let child: ChildProcess;
  let url: string;
  let client: OpenAI;

  beforeAll(async () => {
    const argv = [MAIN, "serve", MODEL, "--port", "0", "--json", "--workers", "2"];
    child = spawn(process.execPath, argv, {
      env: { ...process.env, SIGNALBOX_ENGINE: await builtAddon() },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const first = new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout! }).once("line", resolve);
      child.once("exit", (code) => reject(new Error(`serve ended with ${code}`)));
    });
    ({ url } = JSON.parse(await first) as { url: string });
    client = new OpenAI({ baseURL: url, apiKey: "none", maxRetries: 0 });
  }, BUILD_MS_MAX + READY_MS);

  afterAll(async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await new Promise((resolve) => child.once("exit", resolve));
  }, DEADLINE_MS);

  async function streamed(
    onToken: (count: number) => void = () => {},
  ): Promise<{ text: string; finish: string | null }> {
    const stream = await client.chat.completions.create({ ...ASKED, stream: true });
    let text = "";
    let count = 0;
    let finish: string | null = null;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      finish = chunk.choices[0]?.finish_reason ?? finish;
      count += 1;
      onToken(count);
    }
    return { text, finish };
  }

  test(
    "an answer parses and validates, streamed and whole, and ends by itself",
    async () => {
      const { text, finish } = await streamed();
      expectValid(text);
      expect(finish).toBe("stop");
      const whole = await client.chat.completions.create({ ...ASKED, n: 3 });
      expect(whole.choices[0]?.message.content).toBe(text);
      expect(new Set(whole.choices.map(({ message }) => message.content)).size).toBe(3);
      for (const choice of whole.choices) {
        expectValid(choice.message.content);
        expect(choice.finish_reason).toBe("stop");
      }
    },
    DEADLINE_MS,
  );

  test(
    "any object, one of some words, a regular expression",
    async () => {
      const ask = async (more: object): Promise<string> => {
        const { response_format: _, ...asked } = ASKED;
        const answer = await client.chat.completions.create({ ...asked, ...more });
        return answer.choices[0]?.message.content ?? "";
      };
      const object = await ask({ response_format: { type: "json_object" }, max_tokens: 900 });
      expect(object.startsWith("{")).toBe(true);
      expect(await ask({ guided_choice: ["fox", "foxglove"] })).toMatch(/^fox(glove)?$/);
      const date = { structured_outputs: { regex: "[12]\\d{3}-[01]\\d" }, min_tokens: 30 };
      expect(await ask(date)).toMatch(/^[12]\d{3}-[01]\d$/);
    },
    DEADLINE_MS,
  );

  test(
    "a call that must be made is made, with arguments that validate",
    async () => {
      const { response_format: _, ...asked } = ASKED;
      const tools = ["find", "tell"].map((name) => ({
        type: "function" as const,
        function: { name, parameters: { ...SCHEMA.properties.friends.items } },
      }));
      const named = { type: "function" as const, function: { name: "tell" } };
      for (const tool_choice of ["required" as const, named]) {
        const answer = await client.chat.completions.create({ ...asked, tools, tool_choice });
        const [choice] = answer.choices;
        expect(choice?.finish_reason).toBe("tool_calls");
        const calls = choice?.message.tool_calls ?? [];
        expect(calls.length).toBeGreaterThan(0);
        for (const call of calls) {
          if (call.type !== "function") throw new Error(`a call of ${call.type}`);
          if (tool_choice === named) expect(call.function.name).toBe("tell");
          expect(validateArguments(JSON.parse(call.function.arguments))).toBe(true);
        }
      }
    },
    DEADLINE_MS,
  );

  test("what is no schema is refused with its place", async () => {
    const schema = { type: "object", properties: { a: { not: {} } } };
    const json_schema = { name: "bad", schema };
    const bad = { ...ASKED, response_format: { type: "json_schema" as const, json_schema } };
    await expect(client.chat.completions.create(bad)).rejects.toMatchObject({
      status: 400,
      param: "response_format.json_schema.schema",
      message: expect.stringContaining("/properties/a/not"),
    });
  });

  test(
    "a worker killed in the middle changes not a character",
    async () => {
      const expected = (await streamed()).text;
      let hit = 0;
      for (let round = 0; round < ROUNDS_MAX && hit === 0; round++) {
        const pids = await waitFor(async () => {
          const found = await workerPids(child);
          return found.length === 2 && (await workersListed(url)) === 2 ? found : null;
        }, READY_MS);
        const before = await retries(url);
        // Which worker has the stream is the router's choice: until the one that dies had it.
        const told = await streamed((count) => {
          if (count === 20) process.kill(pids[round % 2]!, "SIGKILL");
        });
        expect(told.text).toBe(expected);
        expectValid(told.text);
        hit += (await retries(url)) - before;
      }
      expect(hit).toBeGreaterThan(0);
    },
    DEADLINE_MS,
  );
});

async function workerPids(child: ChildProcess): Promise<number[]> {
  const listed = await new Promise<string>((resolve) => {
    execFile("pgrep", ["-P", String(child.pid), "-f", "worker/main"], (_error, out) =>
      resolve(out),
    );
  });
  return listed.split("\n").filter(Boolean).map(Number);
}

/** How often an attempt ended before its stream, as the router counts. */
async function retries(url: string): Promise<number> {
  const text = await (await fetch(url.replace("/v1", "/metrics"))).text();
  const counts = text.matchAll(/^signalbox_router_retries_total\S* (\d+)$/gmu);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

async function workersListed(url: string): Promise<number> {
  const body = (await (await fetch(`${url}/models`)).json()) as {
    data: readonly { signalbox: { workers: number } }[];
  };
  return body.data[0]?.signalbox.workers ?? 0;
}
