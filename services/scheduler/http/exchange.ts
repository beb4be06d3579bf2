// One HTTP request and its answer, with the limits every route shares.

import type { IncomingMessage, ServerResponse } from "node:http";
import { Failure } from "#shared/base/errors.ts";
import { httpFailureOf } from "#shared/mesh/status-mapping.ts";

/**
 * A manifest and its envelope; see MANIFEST_BYTES_MAX. Artifacts stream and have the store's limit.
 */
export const BODY_BYTES_MAX = 6 * 1024 * 1024;

export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  /** Values of the `{names}` in the route's pattern. */
  readonly path: { readonly [name: string]: string };
  readonly #gone = new AbortController();

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
    path: { readonly [name: string]: string },
  ) {
    this.request = request;
    this.response = response;
    this.query = query;
    this.path = path;
    response.once("close", () => this.#gone.abort());
  }

  /** Aborted when the client has gone or the answer is complete. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  header(name: string): string {
    const value = this.request.headers[name];
    return (Array.isArray(value) ? value[0] : value) ?? "";
  }

  /** A part of the path. */
  part(name: string): string {
    return this.path[name] ?? "";
  }

  /** A non-negative integer of the query, 0 when it is not there. */
  number(name: string): number {
    const text = this.query.get(name);
    if (text === null || text === "") return 0;
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new Failure("INVALID", `${name}=${text} is no whole number from 0`);
    }
    return value;
  }

  flag(name: string): boolean {
    const text = this.query.get(name);
    if (text === null || text === "false" || text === "0") return false;
    if (text === "" || text === "true" || text === "1") return true;
    throw new Failure("INVALID", `${name}=${text} is neither true nor false`);
  }

  /** INVALID when it is longer than BODY_BYTES_MAX. */
  async body(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of this.request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX)
        throw new Failure("INVALID", `the body has more than ${BODY_BYTES_MAX} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  /** The body as a JSON object; an empty one is {}. Members that are not in `known` are refused. */
  async json(known: readonly string[]): Promise<{ readonly [member: string]: unknown }> {
    const text = (await this.body()).toString("utf8");
    let value: unknown = {};
    try {
      if (text.trim() !== "") value = JSON.parse(text);
    } catch (cause) {
      throw new Failure("INVALID", `the body is not JSON: ${(cause as Error).message}`, { cause });
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new Failure("INVALID", "the body is no JSON object");
    }
    const stranger = Object.keys(value).find((member) => !known.includes(member));
    if (stranger === undefined) return value as { readonly [member: string]: unknown };
    throw new Failure(
      "INVALID",
      `unknown member ${JSON.stringify(stranger)}; there are: ${known.join(", ")}`,
    );
  }

  answer(status: number, body: object): void {
    this.send(status, "application/json; charset=utf-8", `${JSON.stringify(body)}\n`);
  }

  send(
    status: number,
    type: string,
    body: string | Uint8Array,
    headers: { readonly [name: string]: string } = {},
  ): void {
    const length = typeof body === "string" ? Buffer.byteLength(body) : body.length;
    this.response.writeHead(status, { "content-type": type, "content-length": length, ...headers });
    this.response.end(body);
  }

  fail(reason: unknown): void {
    const { status, headers, body } = httpFailureOf(reason);
    if (this.response.headersSent) {
      this.response.destroy();
      return;
    }
    // A body that was not read to its end would be taken for the next request.
    const close = this.request.complete ? {} : { connection: "close" };
    this.send(status, "application/json; charset=utf-8", `${JSON.stringify(body)}\n`, {
      ...headers,
      ...close,
    });
  }

  /** Starts a body of unknown length. */
  begin(type: string): void {
    this.response.writeHead(200, { "content-type": type, "cache-control": "no-store" });
    this.response.flushHeaders();
  }

  /** False when the client has gone; waits while it is slow. */
  async write(chunk: string | Uint8Array): Promise<boolean> {
    if (this.signal.aborted) return false;
    if (this.response.write(chunk)) return true;
    await new Promise<void>((resolve) => {
      const resume = (): void => {
        this.response.off("drain", resume);
        this.signal.removeEventListener("abort", resume);
        resolve();
      };
      this.response.on("drain", resume);
      this.signal.addEventListener("abort", resume);
    });
    return !this.signal.aborted;
  }
}
