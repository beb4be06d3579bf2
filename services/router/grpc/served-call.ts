// One gRPC call as whoever answers it sees it, whatever carries it: the narrow waist between
// HTTP/2 and the methods.
//
//   C1. Nothing of the caller's is read before read(): a call that is refused costs no memory.
//   C2. After onGone() nothing is told; after end() nothing is sent.

import type { CallStatus } from "./call-status.ts";

export interface ServedCall {
  /** `/package.Service/Method`. */
  readonly path: string;
  header(name: string): string | null;
  /** Messages may come from now on. */
  read(listener: CallListener): void;
  /** For the first metadata, which goes out with the first message. */
  setHeader(name: string, value: string): void;
  /** False: the caller is behind; onWritable() follows. What was sent is sent in any case. */
  send(message: Uint8Array): boolean;
  /** Once. */
  end(status: CallStatus): void;
}

export interface CallListener {
  /** A view of what arrived: copied where it is kept. */
  onMessage(message: Buffer): void;
  /** The caller sends no more. */
  onHalfClosed(): void;
  /** What it sends is no gRPC, or too large. */
  onBroken(reason: unknown): void;
  onWritable(): void;
}

export interface CallServer {
  /** A call has come; `onGone` is told once when its caller has left before its end. */
  onCall(call: ServedCall): { onGone(): void };
}
