// NOT a vLLM, SGLang or llama-server: a stand-in that speaks their HTTP as far as the dialects use
// it, over the simulated engine, for tests. It is as strict as they are where that shows: draws
// begin anew with each call, penalties count what one call has drawn, and a client that hangs up
// aborts.
//
// As a program: `faithful-server.fixture.ts KIND PORT MODEL_FOLDER [STEP_MS [START_MS]]`.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { EngineFailure } from "../errors.ts";
import { SIMULATED_DEFAULTS, type SimulatedOptions } from "../simulated/simulated-options.ts";
import { SimulatedEngine } from "../simulated/simulated-engine.ts";
import type { DialectName } from "./dialects.ts";
import { json, type Body } from "./faithful-world.fixture.ts";
import { readModelFolder } from "./model-folder.ts";
import { faithfulLlamaServer } from "./faithful-llama-server.fixture.ts";
import { faithfulSglang } from "./faithful-sglang.fixture.ts";
import { faithfulVllm } from "./faithful-vllm.fixture.ts";

export interface FaithfulServer {
  readonly url: string;
  readonly engine: SimulatedEngine;
  readonly asked: Body[];
  /** How often its health was asked for. */
  readonly looks: number;
  /** Answers this to everything but a generation. */
  status: number;
  close(): Promise<void>;
}

const KINDS = {
  vllm: faithfulVllm,
  sglang: faithfulSglang,
  "llama-server": faithfulLlamaServer,
} as const;

export interface FaithfulOptions {
  readonly port?: number;
  readonly engine?: Partial<SimulatedOptions>;
  /** Requests must bring it as a bearer token. */
  readonly key?: string;
}

export async function startFaithful(
  kind: DialectName,
  { port = 0, engine: given = {}, key }: FaithfulOptions = {},
): Promise<FaithfulServer> {
  const options = { ...SIMULATED_DEFAULTS, latency: () => 1, meanTokens: null, ...given };
  const engine = new SimulatedEngine({
    clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
    timers: {
      after(delayMs, callback) {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      },
    },
    ...options,
  });
  const asked: Body[] = [];
  const { contextMax, sequencesMax } = options;
  const answer = KINDS[kind]({ engine, contextMax, sequencesMax, asked });
  const state = { status: 200, looks: 0 };
  const server = createServer((request, response) => {
    const handle = async (): Promise<void> => {
      const path = request.url ?? "/";
      if (key !== undefined && request.headers.authorization !== `Bearer ${key}`) {
        return json(response, 401, { error: "Unauthorized" });
      }
      if (path === "/health") state.looks += 1;
      if (request.method === "GET" && state.status !== 200) {
        return json(response, state.status, { error: { message: "told to" } });
      }
      const body = request.method === "POST" ? await bodyOf(request) : {};
      if (!(await answer(path, body, response))) json(response, 404, { error: `no ${path}` });
    };
    handle().catch((reason: unknown) => onFault(response, reason));
  });
  const url = await listen(server, port);
  return {
    ...{ url, engine, asked },
    get looks() {
      return state.looks;
    },
    get status() {
      return state.status;
    },
    set status(value) {
      state.status = value;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await engine.unload();
    },
  };
}

function onFault(response: ServerResponse, reason: unknown): void {
  const { code, message } = EngineFailure.from(reason);
  const status = code === "invalid_request" || code === "never_fits" ? 400 : 500;
  if (response.headersSent) response.destroy();
  else json(response, status, { error: { message, type: "BadRequestError", code: status } });
}

async function bodyOf(request: IncomingMessage): Promise<Body> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString("utf8")) as Body;
}

async function listen(server: Server, port: number): Promise<string> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function main(argv: readonly string[]): Promise<void> {
  const [kind = "", port = "0", folder = "", stepMs = "5", startMs = "0"] = argv;
  process.stderr.write(`loading ${folder}\n`);
  await pause(Number(startMs));
  const { shape, eosIds } = readModelFolder(folder);
  await startFaithful(kind as DialectName, {
    port: Number(port),
    engine: {
      ...{ vocab: shape.vocab, contextMax: shape.contextMax, eosIds },
      latency: () => Number(stepMs),
    },
  });
  process.stderr.write(`serving as ${process.pid}\n`);
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2));
