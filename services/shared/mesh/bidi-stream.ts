// The server's end of a bidirectional call: write, listen, pause, and one end.

import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { Failure } from "#shared/base/errors.ts";
import { grpcStatusOf } from "./status-mapping.ts";

export class BidiStream<Req, Res> {
  readonly #grpc: ServerDuplexStream<Req, Res>;
  readonly #onOver: (failure: Failure | null) => void;
  #onEnd: (() => void) | null = null;
  #over = false;

  constructor(grpc: ServerDuplexStream<Req, Res>, onOver: (failure: Failure | null) => void) {
    this.#grpc = grpc;
    this.#onOver = onOver;
    grpc.once("cancelled", () => this.#finish(null));
    grpc.once("end", () => this.end());
    grpc.on("error", () => {}); // How grpc-js is told a status; see end().
  }

  get over(): boolean {
    return this.#over;
  }

  /** False when the transport's buffer is over its mark; what was given is sent all the same. */
  write(message: Res): boolean {
    return this.#over ? true : this.#grpc.write(message);
  }

  /** Bytes the transport has not taken yet are counted in messages. */
  get unsent(): number {
    return this.#grpc.writableLength;
  }

  /** Told once when the transport's buffer is empty again; not at all when the call ends first. */
  onDrained(drained: () => void): void {
    this.#grpc.once("drain", drained);
  }

  /** Ends the call, well or with a failure. Later ends do nothing. */
  end(failure: Failure | null = null): void {
    if (this.#over) return;
    if (failure === null) this.#grpc.end();
    else this.#grpc.emit("error", grpcStatusOf(failure));
    this.#finish(failure);
  }

  /** `onEnd` is called once, whoever ended the call. */
  listen(listeners: {
    readonly onMessage: (message: Req) => void;
    readonly onEnd: () => void;
  }): void {
    this.#onEnd = listeners.onEnd;
    if (this.#over) {
      listeners.onEnd();
      return;
    }
    this.#grpc.on("data", (message: Req) => {
      if (!this.#over) listeners.onMessage(message);
    });
  }

  /** Stops taking messages in, so that HTTP/2 flow control holds the sender back. */
  pause(): void {
    this.#grpc.pause();
  }

  resume(): void {
    if (!this.#over) this.#grpc.resume();
  }

  #finish(failure: Failure | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#onOver(failure);
    this.#onEnd?.();
  }
}
