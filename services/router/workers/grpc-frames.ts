// gRPC's message framing (PROTOCOL-HTTP2: 1 byte compressed flag, 4 bytes big-endian length, then
// the message), written and read by hand: the router moves tokens, and this is its hottest path.

import { Failure } from "#shared/base/errors.ts";

const PREFIX_BYTES = 5;
/** A worker's message is a chunk of tokens or of a file: far below this. */
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

export function encodeGrpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** Cuts a byte stream, in whatever pieces it arrives, into messages. */
export class GrpcFrames {
  #held: Buffer = Buffer.alloc(0);

  /** Bytes of a message that has begun. */
  get partial(): boolean {
    return this.#held.length > 0;
  }

  /** The messages that are whole now; CORRUPT when the bytes are no gRPC. Views, not copies. */
  push(bytes: Buffer): Buffer[] {
    let rest = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const messages: Buffer[] = [];
    while (rest.length >= PREFIX_BYTES) {
      if (rest[0] !== 0) throw new Failure("CORRUPT", "a compressed gRPC message nobody asked for");
      const length = rest.readUInt32BE(1);
      if (length > MESSAGE_BYTES_MAX) {
        throw new Failure("CORRUPT", `a gRPC message of ${length} bytes`);
      }
      if (rest.length < PREFIX_BYTES + length) break;
      messages.push(rest.subarray(PREFIX_BYTES, PREFIX_BYTES + length));
      rest = rest.subarray(PREFIX_BYTES + length);
    }
    this.#held = rest;
    return messages;
  }
}
