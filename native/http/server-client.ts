// HTTP to a server of somebody else's: JSON out; JSON or server-sent events in.
//
//   C1. Who stops reading, or aborts, closes the connection: that is how such servers learn of it.
//   C2. What is read into memory is bounded; how long an answer may take is the caller's.

import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";

import { EngineFailure, type EngineErrorCode } from "../errors.ts";
import type { Call } from "./dialect.ts";
import { errorText } from "./json.ts";

/** A document with the log-probabilities of a few tokens has some KiB. */
const DOCUMENT_BYTES_MAX = 64 * 1024 * 1024;
const EVENT_BYTES_MAX = 64 * 1024 * 1024;
const DONE = "[DONE]";

export interface ClientOptions {
  /** `http://HOST:PORT`, and a path before its own where it has one. */
  readonly url: string;
  /** Sent as a bearer token; null: none. */
  readonly key: string | null;
}

export class ServerClient {
  readonly #url: URL;
  readonly #key: string | null;
  readonly #agent: Agent | TlsAgent;

  constructor({ url, key }: ClientOptions) {
    this.#url = new URL(url);
    this.#key = key;
    this.#agent =
      this.#url.protocol === "https:"
        ? new TlsAgent({ keepAlive: true })
        : new Agent({ keepAlive: true });
  }

  /** Rejects with EngineFailure: `unavailable` where it cannot be reached within `timeoutMs`. */
  async get(path: string, timeoutMs: number): Promise<{ status: number; text: string }> {
    const late = AbortSignal.timeout(timeoutMs);
    const response = await this.#send("GET", path, null, late);
    return { status: response.statusCode ?? 0, text: await textOf(response, path) };
  }

  async getJson(path: string, timeoutMs: number): Promise<unknown> {
    const { status, text } = await this.get(path, timeoutMs);
    if (status !== 200) throw this.#refusal(status, path, text);
    return parseJson(text, path);
  }

  /** What a call answers, event by event. Throws EngineFailure; after an abort it need not end. */
  async *events(call: Call, signal: AbortSignal): AsyncGenerator<unknown, void, void> {
    const response = await this.#send("POST", call.path, JSON.stringify(call.body), signal);
    const status = response.statusCode ?? 0;
    if (status !== 200) {
      throw this.#refusal(status, call.path, await textOf(response, call.path));
    }
    try {
      if (!call.streams) yield parseJson(await textOf(response, call.path), call.path);
      else for await (const data of eventsOf(response)) yield parseJson(data, call.path);
    } catch (reason) {
      throw EngineFailure.from(reason instanceof EngineFailure ? reason : broken(reason));
    } finally {
      if (!response.complete) response.destroy();
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(
    method: "GET" | "POST",
    path: string,
    body: string | null,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const prefix = this.#url.pathname.replace(/\/$/, "");
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const send = this.#url.protocol === "https:" ? httpsRequest : httpRequest;
    const request = send(new URL(prefix + path, this.#url), {
      ...{ method, agent: this.#agent },
      headers: {
        accept: "application/json, text/event-stream",
        ...(body === null
          ? {}
          : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
        ...(this.#key === null ? {} : { authorization: `Bearer ${this.#key}` }),
      },
    });
    // As the request's own option it would destroy with an error, and the connection of an answer
    // that is whole, but not read to its end, has nobody who listens for one: this process would
    // end.
    const onAbort = (): void => void request.destroy();
    signal.addEventListener("abort", onAbort, { once: true });
    request.once("close", () => signal.removeEventListener("abort", onAbort));
    request.once("response", resolve);
    request.once("error", (reason) => reject(broken(signal.aborted ? signal.reason : reason)));
    if (signal.aborted) onAbort();
    request.end(body);
    return promise;
  }

  #refusal(status: number, path: string, text: string): EngineFailure {
    const said = saidBy(text);
    const answered = `${this.#url.origin}${path} answered ${status}`;
    return new EngineFailure(codeOf(status), said === "" ? answered : `${answered}: ${said}`);
  }
}

/** 4xx is the request's fault, 429 and 503 are a full queue, and what is left is the server's. */
function codeOf(status: number): EngineErrorCode {
  if (status === 429 || status === 503) return "busy";
  if (status === 401 || status === 403 || status === 404) return "unavailable";
  return status >= 400 && status < 500 ? "invalid_request" : "internal";
}

function saidBy(text: string): string {
  try {
    return (errorText(JSON.parse(text)) ?? text).slice(0, 500);
  } catch {
    return text.slice(0, 500);
  }
}

function broken(reason: unknown): EngineFailure {
  const why = reason instanceof Error ? reason.message : String(reason);
  return new EngineFailure("unavailable", `the connection to the server broke: ${why}`, {
    cause: reason,
  });
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new EngineFailure("internal", `${path} answered no JSON: ${text.slice(0, 200)}`, {
      cause,
    });
  }
}

async function textOf(response: IncomingMessage, path: string): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > DOCUMENT_BYTES_MAX) throw tooLong(path);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** The data of each server-sent event, up to `[DONE]` and what comes before the end. */
async function* eventsOf(response: IncomingMessage): AsyncGenerator<string, void, void> {
  let text = "";
  let data: string[] = [];
  response.setEncoding("utf8");
  for await (const part of response as AsyncIterable<string>) {
    text += part;
    let from = 0;
    for (let end = text.indexOf("\n", from); end >= 0; end = text.indexOf("\n", from)) {
      const line = text.slice(from, text[end - 1] === "\r" ? end - 1 : end);
      from = end + 1;
      if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
      if (line !== "" || data.length === 0) continue;
      const whole = data.join("\n");
      data = [];
      if (whole !== DONE) yield whole;
    }
    text = text.slice(from);
    if (text.length > EVENT_BYTES_MAX) throw tooLong("an event");
  }
}

function tooLong(what: string): EngineFailure {
  return new EngineFailure("internal", `${what} is longer than ${DOCUMENT_BYTES_MAX} bytes`);
}
