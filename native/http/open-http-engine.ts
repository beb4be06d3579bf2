// From what is configured to an engine that serves: start the server or find it, wait until its
// health is good, and ask it what it is.

import { setTimeout } from "node:timers/promises";
import type { Clock, Timers } from "#shared/base/clock.ts";
import type { LoadProgress, ModelSummary } from "../engine.ts";
import { EngineFailure } from "../errors.ts";
import { ENGINE_DEFAULTS } from "../load-options.ts";
import type { Dialect, ServerFacts } from "./dialect.ts";
import { DIALECTS, type DialectName } from "./dialects.ts";
import { BLOCK_TOKENS, HttpEngine } from "./http-engine.ts";
import { readModelFolder, type FolderFacts } from "./model-folder.ts";
import { Samples } from "./samples.ts";
import { ServerClient } from "./server-client.ts";
import { freePort, ServerProcess } from "./server-process.ts";

export interface HttpEngineOptions {
  readonly dialect: DialectName;
  /** With config.json and the tokenizer; the server has the weights. */
  readonly folder: string;
  readonly server:
    | { readonly kind: "url"; readonly url: string }
    | {
        readonly kind: "command";
        readonly argv: readonly string[];
        /** Null: it listens at the free port that `{port}` in `argv` stands for. */
        readonly url: string | null;
        readonly logFile: string;
      };
  /** For `Authorization: Bearer`; null: none. */
  readonly key: string | null;
  /** How long the server may take until its health is good. */
  readonly startMs: number;
  /** Null: what the server says, else ENGINE_DEFAULTS. */
  readonly sequencesMax: number | null;
  readonly waitingMax: number | null;
  /** Null: the server's. */
  readonly contextMax: number | null;
  /** Without a sign of work while requests run; null: STALL_MS. */
  readonly stallMs: number | null;
  readonly clock: Clock;
  readonly timers: Timers;
}

export interface HttpWatch {
  /** Phases in order: `server`, `model`, `ready`; `server` again and again while it is awaited. */
  readonly onProgress?: (progress: LoadProgress & { readonly detail: string }) => void;
  /** Ends waiting, and the child: `unavailable`. */
  readonly signal?: AbortSignal;
}

/** A long prompt may take that long without a sign of it, where the server has no metrics. */
export const STALL_MS = 60_000;
const POLL_MS = 250;
const ASK_MS = 10_000;
const LOG_LINES = 10;

/**
 * Rejects with EngineFailure: `unavailable` where the server does not come up, with the end of its
 * log; `invalid_model` and `io` for the folder.
 */
export async function openHttpEngine(
  options: HttpEngineOptions,
  watch: HttpWatch = {},
): Promise<HttpEngine> {
  const folder = readModelFolder(options.folder);
  const startedMs = options.clock.monotonicMs();
  const tell = (phase: string, detail: string): void => {
    const seconds = (options.clock.monotonicMs() - startedMs) / 1000;
    watch.onProgress?.({ phase, detail, done: 0, total: 0, seconds });
  };
  const { child, url } = await placeOf(options);
  const client = new ServerClient({ url, key: options.key });
  try {
    const dialect = DIALECTS[options.dialect]();
    await untilHealthy({ options, client, child, url, dialect, tell, signal: watch.signal });
    tell("model", url);
    const ask = (path: string): Promise<unknown> => client.getJson(path, ASK_MS);
    const facts = await dialect.describe(ask, folder.eosIds);
    const cacheTokens = facts.cacheTokens ?? (await cacheTokensOf(client, dialect));
    const seconds = (options.clock.monotonicMs() - startedMs) / 1000;
    const sequencesMax = sequencesOf(options.sequencesMax, facts);
    const model = summaryOf({
      options,
      folder,
      facts,
      dialect,
      cacheTokens,
      sequencesMax,
      seconds,
    });
    tell("ready", facts.build);
    return new HttpEngine({
      ...{ dialect, client, child, model, sequencesMax },
      waitingMax: options.waitingMax ?? ENGINE_DEFAULTS.waitingMax,
      stallMs: options.stallMs ?? STALL_MS,
      ...{ clock: options.clock, timers: options.timers },
    });
  } catch (reason) {
    client.close();
    await child?.stop();
    throw EngineFailure.from(reason);
  }
}

interface Place {
  readonly child: ServerProcess | null;
  readonly url: string;
}

async function placeOf({ server }: HttpEngineOptions): Promise<Place> {
  if (server.kind === "url") return { child: null, url: server.url };
  const port = await freePort();
  const { argv, logFile } = server;
  const child = new ServerProcess({ argv, port, logFile });
  return { child, url: server.url ?? `http://127.0.0.1:${port}` };
}

interface Start extends Place {
  readonly options: HttpEngineOptions;
  readonly client: ServerClient;
  readonly dialect: Dialect;
  readonly tell: (phase: string, detail: string) => void;
  readonly signal: AbortSignal | undefined;
}

async function untilHealthy(start: Start): Promise<void> {
  const { options, client, child, url, dialect, tell, signal } = start;
  const endMs = options.clock.monotonicMs() + options.startMs;
  const end: { how: string | null } = { how: null };
  void child?.ended.then((how) => (end.how = how));
  for (;;) {
    const why = await client.get(dialect.healthPath, ASK_MS).then(
      ({ status }) => (status === 200 ? null : `its health is ${status}`),
      (reason: unknown) => EngineFailure.from(reason).message,
    );
    const log = child === null ? "" : child.logTail(LOG_LINES);
    if (end.how !== null) throw startFailure(`the server ${end.how}`, child, log);
    if (why === null) return;
    if (signal?.aborted === true) {
      throw new EngineFailure("unavailable", `waiting for the server at ${url} was cancelled`);
    }
    if (options.clock.monotonicMs() > endMs) {
      const seconds = Math.round(options.startMs / 1000);
      const what = `the server at ${url} was not ready within ${seconds} s: ${why}`;
      throw startFailure(what, child, log);
    }
    tell("server", log === "" ? why : (log.split("\n").at(-1) ?? why));
    await setTimeout(POLL_MS); // Not options.timers: those do not keep a starting process alive.
  }
}

function startFailure(what: string, child: ServerProcess | null, log: string): EngineFailure {
  const where = child === null ? "" : `; its log is ${child.logFile}`;
  const lines = log === "" ? "" : `, and the last lines are:\n${log}`;
  return new EngineFailure("unavailable", `${what}${where}${lines}`);
}

async function cacheTokensOf(client: ServerClient, dialect: Dialect): Promise<number | null> {
  const metrics = await client.get(dialect.metricsPath, ASK_MS).catch(() => null);
  return metrics?.status === 200 ? dialect.loadOf(new Samples(metrics.text)).cacheTokens : null;
}

/** More than the server decodes at once would wait there, where nobody sees them. */
function sequencesOf(asked: number | null, { sequencesMax }: ServerFacts): number {
  const most = sequencesMax ?? Infinity;
  return Math.min(most, asked ?? sequencesMax ?? ENGINE_DEFAULTS.sequencesMax);
}

function summaryOf(known: {
  readonly options: HttpEngineOptions;
  readonly folder: FolderFacts;
  readonly facts: ServerFacts;
  readonly dialect: Dialect;
  readonly cacheTokens: number | null;
  readonly sequencesMax: number;
  readonly seconds: number;
}): ModelSummary {
  const { options, folder, facts, dialect, cacheTokens, sequencesMax, seconds } = known;
  const { family, shape, eosIds, bosId, defaults } = folder;
  const trained = shape.contextMax > 0 ? shape.contextMax : Infinity;
  const contextMax = Math.min(facts.contextMax ?? trained, options.contextMax ?? Infinity);
  if (!Number.isFinite(contextMax)) {
    const wayOut = "say context_max";
    throw new EngineFailure("invalid_model", `nothing says how long a context may be: ${wayOut}`);
  }
  const blocks = Math.ceil((cacheTokens ?? contextMax * sequencesMax) / BLOCK_TOKENS);
  return {
    ...{ folder: options.folder, family, shape, contextMax, eosIds, bosId, defaults },
    parameters: facts.parameters ?? 0,
    execution: {
      ...{ isa: options.dialect, numerics: "outside", weights: "outside", cache: "outside" },
      ...{ build: facts.build, ranks: 1, threads: 0, rowsMax: 0, blocks, blockBytes: 0 },
      rankBytes: [],
    },
    capabilities: dialect.capabilities,
    waterfall: [{ phase: "server", seconds }],
  };
}
