// One answer as server-sent events.
//
// State: whether the head is sent, whether the client is behind, whether anything was written since
// the timer of comments last looked.
//
//   E1. Each event is `data: {json}` and, where reconnecting was asked for, `id:`; comments while
//       nothing comes.
//   E2. A whole answer ends by [DONE], a broken one by an error event; nothing ends without a word.
//   E3. A writer waits for a client that is behind; one that reads nothing for READER_MS is cut.
//
// Chunks (RFC 9112 §7.1) are framed here: one text and one write, where node:http writes four.

import type { ServerResponse } from "node:http";

import type { Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import type { ApiError } from "./api-error.ts";

/** A comment comes after one to two of these: proxies give a silent connection half a minute. */
export const PING_MS = 10_000;
/** Longer than a laptop's sleep costs a network, shorter than a worker's memory is idle. */
export const READER_MS = 60_000;

export class EventStream {
  readonly #response: ServerResponse;
  readonly #timers: Timers;
  readonly #headers: Readonly<Record<string, string>>;
  #cancelLook: () => void;
  #wrote = false;
  #ended = false;
  #behind = false;
  #isChunked = false;

  /** The head goes out with the first event, or with the first comment when that takes long. */
  constructor(
    response: ServerResponse,
    timers: Timers,
    headers: Readonly<Record<string, string>> = {},
  ) {
    this.#response = response;
    this.#timers = timers;
    this.#headers = headers;
    this.#cancelLook = timers.after(PING_MS, () => this.#look());
    response.once("close", () => this.abandon());
  }

  get started(): boolean {
    return this.#response.headersSent;
  }

  /**
   * `json` is one line. Null: the client can take more; otherwise to be waited for. Throws or
   * rejects CANCELLED when it is gone or was cut.
   */
  event(json: string, id: string | null): Promise<void> | null {
    const line = id === null ? "" : `id: ${id}\n`;
    return this.#write(`${line}data: ${json}\n\n`);
  }

  /** The answer is whole. */
  async done(): Promise<void> {
    await this.#write("data: [DONE]\n\n");
    this.#end();
  }

  /** The answer broke after its head was sent. */
  fail(error: ApiError): void {
    if (this.#ended || this.#response.writableEnded) return;
    this.#response.write(this.#framed(`data: ${JSON.stringify(error.body)}\n\n`));
    this.#end();
  }

  /** The answer will be given another way. */
  abandon(): void {
    this.#ended = true;
    this.#cancelLook();
  }

  #end(): void {
    this.abandon();
    this.#response.end(this.#isChunked ? "0\r\n\r\n" : undefined);
  }

  #write(text: string): Promise<void> | null {
    if (this.#ended) throw new Failure("CANCELLED", "the client has gone");
    this.#start();
    this.#wrote = true;
    return this.#response.write(this.#framed(text)) ? null : this.#drained();
  }

  #start(): void {
    if (this.#response.headersSent) return;
    this.#response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      // nginx would collect events otherwise.
      "x-accel-buffering": "no",
      ...this.#headers,
    });
    // False for a client of HTTP/1.0, which gets the bytes as they are, until the end.
    this.#isChunked = this.#response.chunkedEncoding;
    this.#response.chunkedEncoding = false;
  }

  #framed(text: string): string {
    if (!this.#isChunked) return text;
    return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
  }

  /** One timer for the whole stream: setting one per token would cost more than the token. */
  #look(): void {
    if (this.#ended) return;
    if (!this.#wrote && !this.#behind) this.#ping();
    this.#wrote = false;
    this.#cancelLook = this.#timers.after(PING_MS, () => this.#look());
  }

  #ping(): void {
    this.#start();
    this.#behind = !this.#response.write(this.#framed(": ping\n\n"));
    if (this.#behind) this.#response.once("drain", () => (this.#behind = false));
  }

  #drained(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#behind = true;
    const cancel = this.#timers.after(READER_MS, () => this.#response.destroy());
    const settle = (): void => {
      cancel();
      this.#behind = false;
      this.#response.off("drain", settle);
      this.#response.off("close", settle);
      if (this.#response.destroyed) reject(new Failure("CANCELLED", "the client has gone"));
      else resolve();
    };
    this.#response.on("drain", settle);
    this.#response.on("close", settle);
    return promise;
  }
}
