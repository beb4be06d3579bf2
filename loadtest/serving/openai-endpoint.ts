// An OpenAI endpoint that is asked for streamed answers, over connections that are kept.

import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { Failure } from "#shared/base/errors.ts";
import { AnswerReader } from "./answer-reader.ts";
import type { Outcome } from "./answer-quality.ts";

export interface EndpointOptions {
  /** Ends in /v1. */
  readonly url: string;
  readonly key: string | null;
  /** An answer that is not whole after so long has failed. */
  readonly timeoutMs: number;
}

export interface Asked {
  readonly path: "/chat/completions" | "/completions";
  readonly body: object;
  /** Requests of one conversation name the same; null: none. */
  readonly session: string | null;
}

export interface Heard {
  readonly outcome: Outcome;
  /** What was said, for the next turn. */
  readonly text: string;
  /** Ids that came, where they were asked for. */
  readonly tokenIds: number;
  /** Of a failure, more than its kind. */
  readonly detail: string;
}

const DETAIL_CHARS = 300;

export class OpenAiEndpoint {
  readonly #options: EndpointOptions;
  readonly #base: URL;
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: Infinity, noDelay: true });
  readonly #https = new HttpsAgent({ keepAlive: true, maxSockets: Infinity, noDelay: true });

  /** INVALID for what is no http(s) address. */
  constructor(options: EndpointOptions) {
    this.#options = options;
    const base = URL.parse(options.url);
    if (base === null || !/^https?:$/.test(base.protocol)) {
      throw new Failure("INVALID", `--url ${options.url} is no http or https address`, {
        hint: "Give the address that OpenAI's clients are given: http://HOST:PORT/v1",
      });
    }
    this.#base = base;
  }

  /** Names of the models it serves. UNAVAILABLE, with what was said, when it does not answer. */
  async models(): Promise<string[]> {
    const url = `${this.#options.url}/models`;
    const { key } = this.#options;
    const headers: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
    try {
      const response = await fetch(url, { headers });
      const text = await response.text();
      if (!response.ok)
        throw new Error(`status ${response.status}: ${text.slice(0, DETAIL_CHARS)}`);
      const { data } = JSON.parse(text) as { readonly data: readonly { readonly id: string }[] };
      return data.map(({ id }) => id);
    } catch (cause) {
      const why = cause instanceof Error ? (causeText(cause.cause) ?? cause.message) : "";
      throw new Failure("UNAVAILABLE", `${url} does not list its models: ${why}`, { cause });
    }
  }

  /** Timed from `dueMs`, which is now or was before. Never rejects. */
  ask(asked: Asked, dueMs: number): Promise<Heard> {
    const { key, timeoutMs } = this.#options;
    const body = Buffer.from(JSON.stringify(asked.body));
    const { promise, resolve } = Promise.withResolvers<Heard>();
    const reader = new AnswerReader();
    const sentMs = performance.now();
    const fail = (error: string, detail = ""): void => {
      clearTimeout(timer);
      const outcome = { kind: "failed", dueMs, error } as const;
      const said = detail.slice(0, DETAIL_CHARS);
      resolve({ outcome, text: reader.text, tokenIds: reader.tokenIds, detail: said });
    };
    const isSecure = this.#base.protocol === "https:";
    const path = `${this.#base.pathname.replace(/\/$/, "")}${asked.path}`;
    const request = (isSecure ? httpsRequest : httpRequest)({
      ...{ method: "POST", hostname: this.#base.hostname.replace(/^\[|\]$/g, ""), path },
      ...{ port: this.#base.port, agent: isSecure ? this.#https : this.#http },
      headers: {
        ...{ "content-type": "application/json", "content-length": body.length },
        ...{ accept: "text/event-stream" },
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(asked.session === null ? {} : { "x-session-affinity": asked.session }),
      },
    });
    const timer = setTimeout(() => {
      fail("too late");
      request.destroy();
    }, timeoutMs);
    request.on("error", (error) => {
      const isOpen = reader.chunkMs.length > 0;
      fail(isOpen ? "connection lost" : "not connected", causeText(error) ?? "");
    });
    request.on("response", (response) => {
      if (response.statusCode !== 200) return onRefused(response, fail);
      response.setEncoding("utf8");
      response.on("data", (piece: string) => reader.push(piece, performance.now()));
      response.on("error", (error) => fail("connection lost", causeText(error) ?? ""));
      response.on("end", () => {
        if (reader.error !== null) return fail(reader.error);
        clearTimeout(timer);
        const { chunkMs, text, tokenIds } = reader;
        const times = { kind: "answered", dueMs, sentMs, chunkMs } as const;
        resolve({ outcome: { ...times, ...reader.tokens() }, text, tokenIds, detail: "" });
      });
    });
    request.end(body);
    return promise;
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

function onRefused(response: IncomingMessage, fail: (error: string, detail: string) => void): void {
  let text = "";
  response.setEncoding("utf8");
  response.on("data", (piece: string) => (text += piece));
  response.on("error", () => fail(`status ${response.statusCode}`, text));
  response.on("end", () => fail(`status ${response.statusCode}`, text));
}

function causeText(cause: unknown): string | null {
  if (!(cause instanceof Error)) return null;
  return cause.message === "" ? String((cause as NodeJS.ErrnoException).code) : cause.message;
}
