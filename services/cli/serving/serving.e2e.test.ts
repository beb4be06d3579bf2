// `signalbox serve` as its users meet it: the bundled model on real processes, read by the official
// client, while workers die.

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { builtAddon, BUILD_MS_MAX, WHY_NO_ADDON } from "#native/testing/built-addon.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const MODEL = fileURLToPath(new URL("../../../native/models/lantern", import.meta.url));
const READY_MS = 60_000;
const DEADLINE_MS = 120_000;

interface Ready {
  readonly url: string;
  readonly model: string;
  readonly workers: number;
}

async function serve(
  addon: string,
  ...args: string[]
): Promise<{ ready: Ready; child: ChildProcess }> {
  const argv = [MAIN, "serve", MODEL, "--port", "0", "--json", ...args];
  const child = spawn(process.execPath, argv, {
    env: { ...process.env, SIGNALBOX_ENGINE: addon },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const first = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`serve ended with ${code}: ${said}`)));
  });
  return { ready: JSON.parse(await first) as Ready, child };
}

/** Pids of the workers below a `serve`, whose names are in their environment. */
async function workerPids(child: ChildProcess): Promise<number[]> {
  const listed = await run("pgrep", ["-P", String(child.pid), "-f", "worker/main"]);
  return listed.split("\n").filter(Boolean).map(Number);
}

/** The name of a worker's state directory. */
function stateOf(pid: number): string {
  const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  return basename(variables.find((it) => it.startsWith("SIGNALBOX_WORKER_STATE=")) ?? "");
}

function run(file: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(file, args, (_error, out) => resolve(out));
  });
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null) await new Promise((resolve) => child.once("exit", resolve));
  return child.exitCode;
}

const KEY = "sk-of-ada";
const STORY = {
  model: "lantern",
  messages: [{ role: "user" as const, content: "Tell me a story about a lamp." }],
  max_tokens: 400,
  temperature: 0.8,
  seed: 11,
};
/** Fields that OpenAI's types do not have, and every server of its kind takes. */
const MORE = { ignore_eos: true };

describe.skipIf(WHY_NO_ADDON !== null)(`one model served (${WHY_NO_ADDON ?? "built"})`, () => {
  let child: ChildProcess;
  let ready: Ready;
  let client: OpenAI;
  let removeKeys = (): void => {};

  beforeAll(async () => {
    const addon = await builtAddon();
    const directory = tempDirectory("serve-keys");
    removeKeys = directory.remove;
    const sha256 = createHash("sha256").update(KEY).digest("hex");
    const keys = join(directory.path, "keys.toml");
    writeFileSync(keys, `[[key]]\nname = "ada"\nnamespace = "lab"\nsha256 = "${sha256}"\n`);
    ({ child, ready } = await serve(addon, "--workers", "2", "--keys", keys));
    client = new OpenAI({ baseURL: ready.url, apiKey: KEY, maxRetries: 0 });
  }, BUILD_MS_MAX + READY_MS);

  afterAll(async () => {
    child.kill("SIGTERM");
    expect(await ended(child)).toBe(130);
    removeKeys();
  }, DEADLINE_MS);

  async function story(onToken: (count: number) => void = () => {}): Promise<{
    text: string;
    finish: string | null;
    ids: Set<string>;
  }> {
    const stream = await client.chat.completions.create({ ...STORY, ...MORE, stream: true });
    const ids = new Set<string>();
    let text = "";
    let count = 0;
    let finish: string | null = null;
    for await (const chunk of stream) {
      ids.add(chunk.id);
      finish = chunk.choices[0]?.finish_reason ?? finish;
      text += chunk.choices[0]?.delta.content ?? "";
      count += 1;
      onToken(count);
    }
    return { text, finish, ids };
  }

  test("the ready line says where, and the model is listed", async () => {
    expect(ready).toMatchObject({ model: "lantern", workers: 2 });
    const models = await client.models.list();
    expect(models.data.map(({ id }) => id)).toEqual(["lantern"]);
  });

  test("it answers, streamed and whole, with the same words", async () => {
    const streamed = await story();
    expect(streamed.finish).toBe("length");
    expect(streamed.ids.size).toBe(1);
    const whole = await client.chat.completions.create({ ...STORY, ...MORE });
    expect(whole.choices[0]?.message.content).toBe(streamed.text);
    expect(whole.usage).toMatchObject({ completion_tokens: 400 });
  });

  test(
    "kill -9 of every worker in turn changes not a word, and a new one takes its place",
    async () => {
      const expected = (await story()).text;
      let hit = 0;
      // On a busy machine a story comes in few pieces, or from the worker that is not killed.
      for (let round = 0; round < 4 || (hit === 0 && round < 20); round++) {
        const pids = await waitFor(async () => {
          const found = await workerPids(child);
          return found.length === 2 ? found : null;
        }, READY_MS);
        await waitFor(async () => (await workersListed(ready.url)) === 2, READY_MS);
        const killed = pids[round % 2]!;
        const before = await retries(ready.url);
        const told = await story((count) => {
          if (count === 3) process.kill(killed, "SIGKILL");
        });
        expect(told.text).toBe(expected);
        expect(told.ids.size).toBe(1);
        hit += (await retries(ready.url)) - before;
      }
      expect(hit).toBeGreaterThan(0);
      // Who takes the place of a worker that died goes on with what that one kept.
      const states = await waitFor(async () => {
        const found = (await workerPids(child)).map(stateOf);
        return found.length === 2 ? found : null;
      }, READY_MS);
      expect(states.toSorted()).toEqual(["worker-1", "worker-2"]);
    },
    DEADLINE_MS,
  );

  test("what is wrong is told in OpenAI's words", async () => {
    const create = client.chat.completions.create.bind(client.chat.completions);
    await expect(create({ ...STORY, model: "nobody" })).rejects.toMatchObject({
      status: 404,
      code: "model_not_found",
    });
    const long = { ...STORY, messages: [{ role: "user" as const, content: "a b c ".repeat(900) }] };
    await expect(create(long)).rejects.toMatchObject({
      status: 400,
      code: "context_length_exceeded",
    });
    const stranger = new OpenAI({ baseURL: ready.url, apiKey: "sk-of-nobody", maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toMatchObject({
      ...{ status: 401, code: "invalid_api_key" },
    });
  });

  test("its router lists its workers, also by the command", async () => {
    // A worker that was killed has a successor, by and by.
    await waitFor(async () => (await workersListed(ready.url)) === ready.workers, READY_MS);
    const out = await run(process.execPath, [MAIN, "router", "workers", ready.url, "--json"]);
    const { workers } = JSON.parse(out) as { workers: readonly object[] };
    expect(workers).toHaveLength(ready.workers);
    const row = { model: "lantern", state: "ready", held_out: false, streams: 0, running: 0 };
    const worker = expect.stringMatching(/^worker-\d+\//u) as string;
    expect(workers).toMatchObject(workers.map(() => ({ ...row, worker })));
  });

  test("another one at its port is refused before it loads a model", async () => {
    const { port } = new URL(ready.url);
    const second = spawn(process.execPath, [MAIN, "serve", MODEL, "--port", port], {
      env: { ...process.env, SIGNALBOX_ENGINE: await builtAddon() },
      stdio: ["ignore", "ignore", "pipe"],
    });
    onTestFinished(() => void second.kill("SIGKILL"));
    let said = "";
    second.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
    expect(await ended(second)).toBe(3);
    expect(said).toContain(`cannot listen on 127.0.0.1:${port}: another program listens there`);
    expect(said).not.toContain("router");
  });
});

test(
  "a folder that is no model is refused with the file's name",
  async () => {
    const addon = WHY_NO_ADDON === null ? await builtAddon() : "";
    const child = spawn(process.execPath, [MAIN, "serve", "/nowhere", "--port", "0"], {
      env: { ...process.env, SIGNALBOX_ENGINE: addon },
      stdio: ["ignore", "ignore", "pipe"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    let said = "";
    child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
    expect(await ended(child)).toBe(3);
    expect(said).toContain(WHY_NO_ADDON === null ? "/nowhere" : "engine");
  },
  BUILD_MS_MAX,
);

/** How often an attempt ended before its stream, as the router counts. */
async function retries(url: string): Promise<number> {
  const text = await (await fetch(url.replace("/v1", "/metrics"))).text();
  const counts = text.matchAll(/^signalbox_router_retries_total\S* (\d+)$/gmu);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

async function workersListed(url: string): Promise<number> {
  const body = (await (await fetch(url.replace("/v1", "/workers"))).json()) as {
    workers: readonly object[];
  };
  return body.workers.length;
}
