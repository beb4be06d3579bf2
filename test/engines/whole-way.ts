// Real servers of others behind a router, as people run them: `signalbox worker --config` for each
// worker, and an OpenAI client's requests. A llama-server belongs to its worker, which starts it;
// one vLLM is asked by all workers, by its URL.
//
// `npm run engines` runs this file, for the servers whose programs the environment names.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ServiceProcess } from "#shared/testing/service-process.ts";
import { tempDirectory, type TempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { DIALECTS } from "../../native/http/dialects.ts";
import { LANTERN, programOf, REAL, type RealName } from "../../native/http/real-servers.fixture.ts";
import { Samples } from "../../native/http/samples.ts";
import { freePort, ServerProcess } from "../../native/http/server-process.ts";
import { serviceEnv, serviceMain } from "../../services/cli/mesh/start-service.ts";
import { chatOnce, type ChatOutcome } from "../../services/cli/serving/chat-stream.ts";
import { untilLinked } from "../../services/cli/serving/linked-workers.ts";

const CLI = join(import.meta.dirname, "../../services/cli/main.ts");
const WORKERS = ["w1", "w2", "w3"];
const TOKENS = 300;
const TOKENS_MAX = 900;
const QUESTION = [{ role: "user", content: "What does the lamp say to the sailor at night?" }];
const GREEDY = { messages: QUESTION, temperature: 0, max_tokens: TOKENS, ignore_eos: true };
const SAMPLED = { ...GREEDY, temperature: 1, seed: 7 };
/** Of a worker that is killed: what it started ends after it. */
const END_MS = 30_000;

interface Worker {
  readonly name: string;
  readonly process: ServiceProcess;
  readonly http: string;
  readonly pid: number;
  readonly serverUrl: string;
}

for (const name of Object.keys(REAL) as RealName[]) {
  const program = programOf(name);
  if (program !== null) describe(`${name} behind a router`, () => wholeWay(name, program));
}

function wholeWay(name: RealName, program: string): void {
  const isShared = name === "vllm";
  const { startMs, argv } = REAL[name];
  const started: ServiceProcess[] = [];
  const workers: Worker[] = [];
  let temporary: TempDirectory;
  let server: ServerProcess | null = null;
  let url = "";

  const logOf = (service: string): string => join(temporary.path, `${service}.log`);

  async function start(service: string, args: readonly string[]) {
    const command = [process.execPath, ...args];
    const it = new ServiceProcess(service, command, serviceEnv(process.env), logOf(service));
    started.push(it);
    return { process: it, ready: await it.start(startMs) };
  }

  async function startWorker(worker: string, routers: string, shared: string | null) {
    const port = await freePort();
    const serverUrl = shared ?? `http://127.0.0.1:${port}`;
    const folder = join(temporary.path, worker);
    mkdirSync(folder);
    const command = argv(program, folder).map((it) => it.replace("{port}", String(port)));
    const own = [`server_command = ${JSON.stringify(command)}`, `server_log = "${logOf(worker)}s"`];
    const config = [
      ...["[worker]", `name = "${worker}"`, `model = ${JSON.stringify(LANTERN)}`],
      ...['model_name = "lantern"', 'engine = "http"', `server = "${name}"`],
      ...[`server_url = "${serverUrl}"`, ...(shared === null ? own : [])],
      ...[`server_start_s = ${startMs / 1000}`, `routers = "${routers}"`],
    ];
    const file = join(temporary.path, `${worker}.toml`);
    writeFileSync(file, config.join("\n"));
    const { process: service, ready } = await start(worker, [
      CLI,
      "worker",
      "--config",
      file,
      "--json",
    ]);
    const http = ready.http ?? "";
    workers.push({ name: worker, process: service, http, pid: ready.pid, serverUrl });
  }

  async function startShared(): Promise<string> {
    const port = await freePort();
    const command = argv(program, temporary.path);
    server = new ServerProcess({ argv: command, port, logFile: logOf("server") });
    return `http://127.0.0.1:${port}`;
  }

  beforeAll(async () => {
    temporary = tempDirectory("real-engines");
    const shared = isShared ? await startShared() : null;
    const file = join(temporary.path, "router.toml");
    writeFileSync(file, '[router]\nhttp = "127.0.0.1:0"\nworkers = "127.0.0.1:0"\n');
    const { ready } = await start("router", [serviceMain("router"), "--config", file]);
    url = `http://${ready.http ?? ""}/v1`;
    const { workers: address } = ready as unknown as { readonly workers: string };
    for (const worker of WORKERS) await startWorker(worker, address, shared);
    await untilLinked(url, "lantern", WORKERS.length, startMs, temporary.path);
  }, 2 * startMs);

  afterAll(async () => {
    await Promise.all(started.map((it) => it.stop()));
    await server?.stop();
    temporary.remove();
  });

  const chat = (
    body: object,
    onText: (tokens: number, text: string) => void = () => {},
    signal?: AbortSignal,
  ): Promise<ChatOutcome> =>
    chatOnce({ url, model: "lantern", body, ...(signal && { signal }) }, onText);

  async function whole(body: object): Promise<{ status: number; body: WholeChat }> {
    const response = await fetch(`${url}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "lantern", ...body }),
    });
    return { status: response.status, body: (await response.json()) as WholeChat };
  }

  /** Of all servers together, by their own word. */
  async function atServers(): Promise<{ running: number; motion: number }> {
    const sum = { running: 0, motion: 0 };
    for (const at of new Set(workers.map((it) => it.serverUrl))) {
      const samples = new Samples(await (await fetch(`${at}/metrics`)).text());
      const { running, motion } = DIALECTS[name]().loadOf(samples);
      sum.running += running ?? expect.fail("it does not say what it runs");
      sum.motion += motion ?? expect.fail("it does not say how it moves");
    }
    return sum;
  }

  /** By the workers' word. */
  async function runningAt(): Promise<Worker[]> {
    const busy: Worker[] = [];
    for (const worker of workers) {
      const samples = new Samples(await (await fetch(`http://${worker.http}/metrics`)).text());
      if ((samples.sum("signalbox_worker_running") ?? 0) > 0) busy.push(worker);
    }
    return busy;
  }

  const untilIdle = (): Promise<unknown> =>
    waitFor(
      async () => (await runningAt()).length === 0 && (await atServers()).running === 0,
      END_MS,
      "workers and servers to be idle",
    );

  /** A chat whose worker is hit by `hit` as soon as it is known which it is. */
  async function chatWhile(body: object, hit: (worker: Worker) => void) {
    const seen = { text: "", before: "", worker: null as Worker | null };
    let looks: Promise<void> | null = null;
    const look = async (): Promise<void> => {
      const [worker] = await runningAt();
      looks = null;
      if (worker === undefined || seen.worker !== null) return;
      seen.worker = worker;
      seen.before = seen.text;
      hit(worker);
    };
    const outcome = await chat(body, (_, text) => {
      seen.text += text;
      if (seen.worker === null) looks ??= look();
    });
    const worker = seen.worker ?? expect.fail("no worker was seen to run it");
    workers.splice(workers.indexOf(worker), 1);
    return { outcome, worker, before: seen.before };
  }

  test("it says what it is", async () => {
    const [{ http } = expect.fail("no worker")] = workers;
    const info = await (await fetch(`http://${http}/metrics`)).text();
    const kind = name === "vllm" ? "vllm" : String.raw`llama\.cpp`;
    expect(info).toMatch(new RegExp(`^signalbox_worker_info\\{.*build="[^"]*\\+${kind} `, "mu"));
  });

  test("a chat comes whole, streamed or not, and again", async () => {
    const streamed = await chat(GREEDY);
    expect(streamed).toMatchObject({ finish: "length", tokens: TOKENS });
    const { status, body } = await whole(GREEDY);
    expect(status).toBe(200);
    expect(body.usage.completion_tokens).toBe(TOKENS);
    expect(body.choices[0]?.message.content).toBe(streamed.text);
  });

  test("a seed draws the same again, and another one something else", async () => {
    const text = async (seed: number): Promise<string> =>
      (await chat({ ...SAMPLED, max_tokens: 40, seed })).text;
    const first = await text(7);
    expect(await text(7)).toBe(first);
    expect(await text(8)).not.toBe(first);
  });

  test("a stop string ends it before that string, and the server computes no more", async () => {
    const { text } = await chat(GREEDY);
    const stop = text.slice(60, 66);
    const stopped = await chat({ ...GREEDY, stop: [stop] });
    expect([stopped.text, stopped.finish]).toEqual([text.slice(0, text.indexOf(stop)), "stop"]);
    await untilIdle();
  });

  test("log-probabilities come for every token", async () => {
    const asked = { ...GREEDY, max_tokens: 20, logprobs: true, top_logprobs: 3 };
    const { body } = await whole(asked);
    const tokens = body.choices[0]?.logprobs?.content ?? [];
    expect(tokens).toHaveLength(20);
    for (const { logprob, top_logprobs } of tokens) {
      expect(top_logprobs).toHaveLength(3);
      expect(top_logprobs[0]?.logprob).toBe(logprob);
      expect(logprob).toBeLessThanOrEqual(0);
    }
  });

  test("a prompt that was there before is counted as cached", async () => {
    const content = "The lamp on the sill is lit, and the sea is dark behind it. ".repeat(8);
    const asked = { messages: [{ role: "user", content }], max_tokens: 2 };
    // Once more than there are workers: one of them has it twice.
    const usages: WholeChat["usage"][] = [];
    for (let i = 0; i <= workers.length; i++) usages.push((await whole(asked)).body.usage);
    const cached = usages.map((it) => it.prompt_tokens_details?.cached_tokens ?? 0);
    expect(cached[0]).toBeLessThan(32);
    expect(Math.max(...cached)).toBeGreaterThanOrEqual(32);
    expect(Math.max(...cached)).toBeLessThan(usages[0]?.prompt_tokens ?? 0);
  });

  test("a schema, which needs token masks, is refused", async () => {
    const json_schema = { name: "answer", schema: { type: "object", properties: {} } };
    const response_format = { type: "json_schema", json_schema };
    const { status, body } = await whole({ ...GREEDY, response_format });
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: { param: "response_format.json_schema.schema" } });
    expect(JSON.stringify(body)).toContain("takes token masks");
  });

  test("a client that leaves ends it at the server", async () => {
    await untilIdle();
    const before = await atServers();
    const left = new AbortController();
    const leave = (tokens: number): void => {
      if (tokens >= 10) left.abort(new Error("gone"));
    };
    const gone = chat({ ...SAMPLED, max_tokens: TOKENS_MAX }, leave, left.signal);
    await expect(gone).rejects.toThrow("gone");
    await untilIdle();
    const { motion } = await atServers();
    expect(motion - before.motion).toBeGreaterThan(0);
    expect(motion - before.motion).toBeLessThan(TOKENS_MAX / 2);
  });

  test("a stream goes on when its worker is killed: nothing lost, nothing twice", async () => {
    const uncut = await chat(GREEDY);
    const { outcome, worker, before } = await chatWhile(GREEDY, ({ pid }) => {
      process.kill(pid, "SIGKILL");
    });
    expect(outcome).toMatchObject({ finish: "length", tokens: TOKENS });
    expect(before.length).toBeLessThan(uncut.text.length);
    // What comes behind is drawn anew; at temperature 0 it is most often the same.
    expect(outcome.text.startsWith(before)).toBe(true);
    expect(uncut.text.startsWith(before)).toBe(true);
    tell(`${name}: killed ${worker.name}, text equal: ${outcome.text === uncut.text}`);
    if (!isShared) {
      const server = serverAt(worker.serverUrl);
      await waitFor(() => server() === null, END_MS, "the server to end with its worker");
    }
  });

  if (isShared) return;
  test("a sampled stream goes on when the server of its worker is killed", async () => {
    const { outcome, worker, before } = await chatWhile(SAMPLED, ({ serverUrl }) => {
      process.kill(serverAt(serverUrl)() ?? expect.fail("no server"), "SIGKILL");
    });
    expect(outcome).toMatchObject({ finish: "length", tokens: TOKENS });
    expect(outcome.text.startsWith(before)).toBe(true);
    const log = await waitFor(() => {
      const text = readFileSync(logOf(worker.name), "utf8");
      return text.includes("the server was ended by signal 9") ? text : null;
    }, END_MS);
    expect(log).toContain("the engine failed");
  });
}

interface WholeChat {
  readonly usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly prompt_tokens_details?: { readonly cached_tokens: number };
  };
  readonly choices: readonly {
    readonly message: { readonly content: string };
    readonly logprobs?: { readonly content: readonly TokenLogprob[] };
  }[];
}

interface TokenLogprob {
  readonly logprob: number;
  readonly top_logprobs: readonly { readonly logprob: number }[];
}

/** Asked each time: the server that was told to listen at `url`'s port; null: there is none. */
function serverAt(url: string): () => number | null {
  const { port } = new URL(url);
  return () => {
    for (const pid of readdirSync("/proc").filter((it) => /^\d+$/u.test(it))) {
      const [file, ...args] = commandOf(pid);
      // The shell beside it, which watches over it, has the same words behind its own.
      if (file !== "/bin/sh" && args[args.indexOf("--port") + 1] === port) return Number(pid);
    }
    return null;
  };
}

function commandOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return []; // It ended meanwhile.
  }
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
