// Servers of others behind a router: `signalbox worker --config` starts one each (a stand-in for
// vLLM), a chat is answered, and goes on at the other one when its server is killed.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { ServiceProcess } from "#shared/testing/service-process.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { serviceEnv, serviceMain } from "../mesh/start-service.ts";
import { bundledModel } from "../package-root.ts";
import { untilLinked } from "./linked-workers.ts";

const STAND_IN = join(import.meta.dirname, "../../../native/http/faithful-server.fixture.ts");
const CLI = join(import.meta.dirname, "../main.ts");
const TOKENS = 150;
const STEP_MS = 20;
const START_MS = 120_000;

interface Worker {
  readonly name: string;
  readonly process: ServiceProcess;
  readonly http: string;
  /** Of the worker itself, behind the command line. */
  readonly pid: number;
  readonly serverPid: number;
}

const temporary = tempDirectory("http-engine");
const logOf = (name: string): string => join(temporary.path, `${name}.log`);
const started: ServiceProcess[] = [];
const workers: Worker[] = [];
let url = "";

async function start(name: string, argv: readonly string[]) {
  const service = new ServiceProcess(name, argv, serviceEnv(process.env), logOf(name));
  started.push(service);
  return { process: service, ready: await service.start() };
}

async function startWorker(name: string, routers: string): Promise<Worker> {
  const model = bundledModel();
  const command = [process.execPath, STAND_IN, "vllm", "{port}", model, String(STEP_MS)];
  const config = join(temporary.path, `${name}.toml`);
  const serverLog = logOf(`${name}-server`);
  writeFileSync(
    config,
    [
      "[worker]",
      `name = "${name}"`,
      `model = ${JSON.stringify(model)}`,
      'model_name = "lantern"',
      'engine = "http"',
      'server = "vllm"',
      `server_command = ${JSON.stringify(command)}`,
      `server_log = ${JSON.stringify(serverLog)}`,
      `routers = "${routers}"`,
    ].join("\n"),
  );
  const argv = [process.execPath, CLI, "worker", "--config", config, "--json"];
  const { process: service, ready } = await start(name, argv);
  const serverPid = Number(/serving as (\d+)/u.exec(readFileSync(serverLog, "utf8"))?.[1]);
  return { name, process: service, http: ready.http ?? "", pid: ready.pid, serverPid };
}

async function runningAt({ http }: Worker): Promise<number> {
  const text = await (await fetch(`http://${http}/metrics`)).text();
  return Number(/^signalbox_worker_running\{[^}]*\} (\d+)/mu.exec(text)?.[1]);
}

interface Chat {
  text: string;
  finish: string | null;
  tokens: number | null;
  readonly errors: unknown[];
}

async function chat(onText: (so: Chat) => Promise<void>): Promise<Chat> {
  const seen: Chat = { text: "", finish: null, tokens: null, errors: [] };
  const response = await fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      ...{ model: "lantern", stream: true, temperature: 0, max_tokens: TOKENS, ignore_eos: true },
      stream_options: { include_usage: true },
      messages: [{ role: "user", content: "What does the lamp say?" }],
    }),
  });
  expect(response.status).toBe(200);
  let rest = "";
  for await (const part of response.body ?? []) {
    rest += Buffer.from(part).toString("utf8");
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (!line.startsWith("data: {")) continue;
      const event = JSON.parse(line.slice(6)) as {
        readonly error?: unknown;
        readonly usage?: { readonly completion_tokens: number } | null;
        readonly choices?: readonly {
          readonly delta?: { readonly content?: string };
          readonly finish_reason?: string | null;
        }[];
      };
      if (event.error !== undefined) seen.errors.push(event.error);
      seen.text += event.choices?.[0]?.delta?.content ?? "";
      seen.finish = event.choices?.[0]?.finish_reason ?? seen.finish;
      seen.tokens = event.usage?.completion_tokens ?? seen.tokens;
    }
    await onText(seen);
  }
  return seen;
}

beforeAll(async () => {
  const config = join(temporary.path, "router.toml");
  writeFileSync(config, '[router]\nhttp = "127.0.0.1:0"\nworkers = "127.0.0.1:0"\n');
  const argv = [process.execPath, serviceMain("router"), "--config", config];
  const { ready } = await start("router", argv);
  const { workers: address } = ready as unknown as { readonly workers: string };
  url = `http://${ready.http ?? ""}/v1`;
  for (const name of ["w1", "w2"]) workers.push(await startWorker(name, address));
  await untilLinked(url, "lantern", 2, START_MS, temporary.path);
}, START_MS);

afterAll(async () => {
  await Promise.all(started.map((it) => it.stop()));
  temporary.remove();
});

test(
  "a chat goes on at another worker when the server that computes it is killed",
  async () => {
    const whole = await chat(() => Promise.resolve());
    expect(whole).toMatchObject({ finish: "length", tokens: TOKENS, errors: [] });
    let hit: Worker | null = null;
    const cut = await chat(async ({ text }) => {
      if (hit !== null || text === "") return;
      for (const worker of workers) if ((await runningAt(worker)) > 0) hit = worker;
      if (hit !== null) process.kill(hit.serverPid, "SIGKILL");
    });
    // The likeliest token depends on the ones before alone: a lost or repeated one would show.
    expect(cut).toEqual(whole);
    const dead: Worker = hit ?? expect.fail("no worker was seen to run it");
    await waitFor(() => !isAliveNow(dead.pid), 30_000, "the worker to end");
    const log = readFileSync(logOf(dead.name), "utf8");
    expect(log).toContain("the server was ended by signal 9");
    expect(log).toContain("the engine failed");
    workers.splice(workers.indexOf(dead), 1);
  },
  START_MS,
);

test("what it is, and what it cannot do, is said and refused", async () => {
  const [{ http }] = workers as [Worker];
  const info = await (await fetch(`http://${http}/metrics`)).text();
  expect(info).toMatch(/^signalbox_worker_info\{.*build="[^"]*\+vllm 0\.11\.0"[^}]*\} 1$/mu);
  const of = async (path: string): Promise<unknown> =>
    await (await fetch(`http://${http}${path}`)).json();
  expect(await of("/v2/models/lantern")).toMatchObject({ platform: "signalbox_vllm" });
  expect(await of("/v2/models/lantern/ready")).toEqual({ name: "lantern", ready: true });
  const json_schema = { name: "answer", schema: { type: "object", properties: {} } };
  const asked = await fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      ...{ model: "lantern", messages: [{ role: "user", content: "Where is the lamp?" }] },
      response_format: { type: "json_schema", json_schema },
    }),
  });
  expect(asked.status).toBe(400);
  const { error } = (await asked.json()) as { readonly error: object };
  expect(error).toMatchObject({
    param: "response_format.json_schema.schema",
    message: expect.stringContaining("takes token masks") as string,
  });
});

test(
  "a worker that is killed takes its server along",
  async () => {
    const [worker] = workers as [Worker];
    expect(isAliveNow(worker.serverPid)).toBe(true);
    process.kill(worker.pid, "SIGKILL");
    await waitFor(() => !isAliveNow(worker.serverPid), 30_000, "the server to end");
  },
  START_MS,
);

/** A zombie has ended. */
function isAliveNow(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/u.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
