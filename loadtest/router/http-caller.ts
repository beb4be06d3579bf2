// HTTP/1.1 with connections kept, written and read by hand on node:net: the generator shares the
// machine with what it measures, and node:http's client costs as much as the router does.

import { connect, type Socket } from "node:net";
import { Failure } from "#shared/base/errors.ts";
import { httpRequestOf } from "./requests.ts";
import type { StreamTiming } from "./latency-figures.ts";

const TOKENS = '"token_ids":[';
const END = "\r\n0\r\n\r\n";
const HEAD_OK = "HTTP/1.1 200 ";
const STREAM_MS_MAX = 20_000;

export class HttpCaller {
  readonly #host: string;
  readonly #port: number;
  readonly #idle: Line[] = [];
  #lines = 0;
  #serial = 0;

  constructor(address: string) {
    const colon = address.lastIndexOf(":");
    this.#host = address.slice(0, colon);
    this.#port = Number(address.slice(colon + 1));
  }

  /** Connections that were opened and stand. */
  get lines(): number {
    return this.#lines;
  }

  /** `dueMs`: since when the stream is timed. */
  async stream(tokens: number, dueMs = performance.now()): Promise<StreamTiming> {
    const line = this.#idle.pop() ?? this.#open();
    const timing = await line.ask(httpRequestOf((this.#serial += 1), tokens), tokens, dueMs);
    this.#idle.push(line);
    return timing;
  }

  close(): void {
    for (const line of this.#idle.splice(0)) line.close();
  }

  #open(): Line {
    this.#lines += 1;
    return new Line(connect(this.#port, this.#host), () => (this.#lines -= 1));
  }
}

interface Asked {
  readonly startedMs: number;
  readonly tokens: number;
  readonly messageMs: number[];
  readonly timer: NodeJS.Timeout;
  readonly resolve: (timing: StreamTiming) => void;
  readonly reject: (reason: Failure) => void;
  /** All that has come. */
  text: string;
}

class Line {
  readonly #socket: Socket;
  #asked: Asked | null = null;

  constructor(socket: Socket, onClosed: () => void) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.#onData(bytes.toString("latin1")));
    socket.on("error", (cause) => this.#fail(cause.message));
    socket.once("close", () => {
      this.#fail("the connection broke");
      onClosed();
    });
  }

  ask(request: Buffer, tokens: number, startedMs: number): Promise<StreamTiming> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(`no end in ${STREAM_MS_MAX} ms`), STREAM_MS_MAX);
      this.#asked = { startedMs, tokens, messageMs: [], timer, resolve, reject, text: "" };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #onData(piece: string): void {
    const asked = this.#asked;
    if (asked === null) return this.#fail("bytes that nobody asked for");
    const nowMs = performance.now();
    if (asked.text === "" && !piece.startsWith(HEAD_OK)) return this.#fail(piece.slice(0, 300));
    // Events that arrived together are one message.
    const from = Math.max(0, asked.text.length - TOKENS.length + 1);
    asked.text += piece;
    if (asked.text.includes(TOKENS, from)) asked.messageMs.push(nowMs);
    if (!asked.text.endsWith(END)) return;
    this.#asked = null;
    clearTimeout(asked.timer);
    const { startedMs, tokens, messageMs } = asked;
    const counted = /"completion_tokens":(\d+)/.exec(asked.text)?.[1];
    if (!asked.text.includes("data: [DONE]") || counted !== String(tokens)) {
      return asked.reject(new Failure("CORRUPT", `${counted} tokens of ${tokens}`));
    }
    return asked.resolve({ startedMs, messageMs, endedMs: nowMs, tokens });
  }

  #fail(why: string): void {
    const asked = this.#asked;
    this.#asked = null;
    this.#socket.destroy();
    if (asked === null) return;
    clearTimeout(asked.timer);
    asked.reject(new Failure("UNAVAILABLE", why));
  }
}
