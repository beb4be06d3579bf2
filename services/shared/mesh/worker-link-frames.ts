// Frames on a connection between a worker and a router: a big-endian uint32 length, then so many
// bytes of protobuf. docs/protocols/worker-link.md.
//
//   W1. The reader holds at most one frame and one chunk of the transport's.
//   W2. A length above FRAME_BYTES_MAX is refused before a byte of it is kept.

import { Failure } from "#shared/base/errors.ts";

/** What travels is a handshake and figures: a few hundred bytes. */
export const FRAME_BYTES_MAX = 64 * 1024;
const HEAD_BYTES = 4;
const NOTHING: Buffer = Buffer.alloc(0);

export function encodeFrame(payload: Uint8Array): Buffer {
  if (payload.length > FRAME_BYTES_MAX) {
    throw new Failure("INVALID", `a frame of ${payload.length} bytes; ${FRAME_BYTES_MAX} at most`);
  }
  const frame = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  frame.writeUInt32BE(payload.length);
  frame.set(payload, HEAD_BYTES);
  return frame;
}

export class FrameReader {
  #held: Buffer = NOTHING;

  push(chunk: Uint8Array): void {
    this.#held = Buffer.concat([this.#held, chunk]);
  }

  /** The next frame's payload, null until all of it is there. Throws INVALID (W2). */
  take(): Buffer | null {
    if (this.#held.length < HEAD_BYTES) return null;
    const length = this.#held.readUInt32BE();
    if (length > FRAME_BYTES_MAX) {
      this.#held = NOTHING;
      throw new Failure("INVALID", `a frame of ${length} bytes; ${FRAME_BYTES_MAX} at most`);
    }
    const end = HEAD_BYTES + length;
    if (this.#held.length < end) return null;
    const payload = this.#held.subarray(HEAD_BYTES, end);
    this.#held = this.#held.subarray(end);
    return payload;
  }

  /** What was pushed and belongs to no frame taken so far; the reader is empty afterwards. */
  takeRest(): Buffer {
    const rest = this.#held;
    this.#held = NOTHING;
    return rest;
  }
}
