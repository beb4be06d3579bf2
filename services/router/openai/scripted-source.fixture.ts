// A TokenSource that says what a test wrote, a catalog with one model, and a server on both.

import { Writable } from "node:stream";

import { Failure } from "#shared/base/errors.ts";
import type { Clock, Timers } from "#shared/base/clock.ts";
import { seededRandom } from "#shared/base/prng.ts";
import { systemClock, systemTimers } from "#shared/config/system.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { lanternFiles } from "../text/lantern-text.fixture.ts";
import { ModelText } from "../text/model-text.ts";
import { TextPool } from "../text/text-pool.ts";
import type {
  ModelCatalog,
  ServedModel,
  TokenChunk,
  TokenReader,
  TokenRequest,
  TokenSource,
} from "../token-source.ts";
import { startOpenAiServer, type OpenAiServer, type OpenAiServerOptions } from "./http-server.ts";

export const MODEL = "lantern";
const EOS = 1;
export const files = lanternFiles();
export const text = new ModelText(files);

export function servedLantern(change: Partial<ServedModel> = {}): ServedModel {
  return {
    name: MODEL,
    contextMax: 1024,
    vocab: 1280,
    eosIds: [EOS],
    created: 1_700_000_000,
    state: "ready",
    workers: 1,
    masks: true,
    tokenizer: files,
    ...change,
  };
}

export function catalogOf(...models: readonly ServedModel[]): ModelCatalog {
  return {
    models: () => models,
    model: (name) => models.find((model) => model.name === name) ?? null,
  };
}

export function chunk(index: number, ids: readonly number[], more: object = {}): TokenChunk {
  const nothing = { logprobs: null, cachedTokens: null, finish: null };
  return { index, tokenIds: ids, ...nothing, ...more };
}

type Script = (request: TokenRequest, signal: AbortSignal) => AsyncIterable<TokenChunk>;

/** Remembers what it was asked and which requests were aborted. */
export class ScriptedSource implements TokenSource {
  readonly requests: TokenRequest[] = [];
  readonly aborted: string[] = [];
  script: Script;

  constructor(script: Script) {
    this.script = script;
  }

  open(request: TokenRequest, signal: AbortSignal): AsyncIterable<TokenChunk> {
    this.requests.push(request);
    signal.addEventListener("abort", () => this.aborted.push(request.id), { once: true });
    return this.script(request, signal);
  }

  /** The script goes on when what it said was taken. */
  attach(request: TokenRequest, onNews: () => void): TokenReader {
    const gone = new AbortController();
    const chunks = this.open(request, gone.signal);
    let come: TokenChunk | Error | null = null;
    let onTaken: () => void = () => {};
    let over = false;
    const read = async (): Promise<void> => {
      try {
        for await (const next of chunks) {
          come = next;
          over = next.finish !== null;
          const taken = new Promise<void>((resolve) => (onTaken = resolve));
          onNews();
          await taken;
        }
      } catch (reason) {
        come = reason as Error;
        onNews();
      }
    };
    void read();
    return {
      take: () => {
        const next = come;
        come = null;
        onTaken();
        if (next instanceof Error) throw next;
        return next;
      },
      leave: () => {
        if (!over) gone.abort(new Failure("CANCELLED", "nobody reads"));
      },
    };
  }
}

/** The words as tokens, `per` in a chunk, then the end of text; length at the request's limit. */
export function saying(words: string, per = 1): Script {
  return async function* say(request) {
    const said = [...text.encode(words, false), EOS];
    const limit = request.sampling.maxTokens ?? said.length;
    const ids = said.slice(0, limit);
    for (let at = 0; at < ids.length; at += per) {
      const part = ids.slice(at, at + per);
      const last = at + per >= ids.length;
      const finish = !last ? null : ids.length < said.length ? "length" : "stop";
      const logprobs = request.sampling.logprobs === null ? null : part.map(logprobOf);
      yield chunk(at, part, { logprobs, finish, cachedTokens: at === 0 ? 2 : null });
    }
  };
}

function logprobOf(tokenId: number): object {
  return { logprob: -0.5, alternatives: [{ tokenId, logprob: -0.5 }] };
}

/** Tokens that come when the test says so. */
export class HandTokens {
  #chunks: (TokenChunk | Error)[] = [];
  #wake: (() => void) | null = null;
  #index = 0;

  readonly script: Script = (_, signal) => this.#run(signal);

  say(words: string, finish: "stop" | "length" | null = null): void {
    const ids = text.encode(words, false);
    this.#put(chunk(this.#index, ids, { finish }));
    this.#index += ids.length;
  }

  fail(error: Error): void {
    this.#put(error);
  }

  #put(it: TokenChunk | Error): void {
    this.#chunks.push(it);
    this.#wake?.();
  }

  async *#run(signal: AbortSignal): AsyncGenerator<TokenChunk> {
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
    for (;;) {
      const it = this.#chunks.shift();
      if (it instanceof Error) throw it;
      if (it !== undefined) yield it;
      else if (signal.aborted) throw signal.reason;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

export interface TestServer extends OpenAiServer {
  readonly base: string;
  readonly source: ScriptedSource;
  readonly log: readonly object[];
  close(): Promise<void>;
}

export type TestServerOptions = Partial<OpenAiServerOptions> & {
  readonly script?: Script;
  readonly time?: Clock & Timers;
};

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { script = saying("Hello there, friend."), time, ...rest } = options;
  const source = new ScriptedSource(script);
  const log: object[] = [];
  const destination = new Writable({
    write(line: Buffer, _encoding, done) {
      log.push(JSON.parse(line.toString()) as object);
      done();
    },
  });
  const textPool = new TextPool({ threads: 1 });
  const server = await startOpenAiServer({
    listen: "127.0.0.1:0",
    source,
    catalog: catalogOf(servedLantern()),
    textPool,
    logger: createLogger({ service: "router", destination }),
    clock: time ?? systemClock,
    timers: time ?? systemTimers,
    random: seededRandom(7),
    version: "0.0.0-test",
    ...rest,
  });
  const close = async (): Promise<void> => {
    await server.stop(0);
    await textPool.close();
  };
  return { ...server, base: `http://${server.address}`, source, log, close };
}
