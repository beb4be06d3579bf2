// gRPC's message framing (PROTOCOL-HTTP2: 1 byte compressed flag, 4 bytes big-endian length, then
// the message), written and read by hand: the router moves tokens, and this is its hottest path.
//
// State of a reader: the bytes of a message that has begun, in the pieces they came in.

import { Failure } from "#shared/base/errors.ts";

export const PREFIX_BYTES = 5;
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
  readonly #bytesMax: number;
  readonly #tooLarge: (said: string) => Error;
  #pieces: Buffer[] = [];
  #held = 0;
  /** To be there before there is anything to do. */
  #needed = PREFIX_BYTES;

  constructor(bytesMax: number = MESSAGE_BYTES_MAX, tooLarge = corrupt) {
    this.#bytesMax = bytesMax;
    this.#tooLarge = tooLarge;
  }

  /** A message has begun and is not whole. */
  get partial(): boolean {
    return this.#held > 0;
  }

  /**
   * The messages that are whole now; views, not copies. CORRUPT when the bytes are no gRPC. A
   * message over the limit is refused before it is kept.
   */
  push(bytes: Buffer): readonly Buffer[] {
    this.#held += bytes.length;
    if (this.#held < this.#needed) {
      this.#pieces.push(bytes);
      return NONE;
    }
    let rest = bytes;
    if (this.#pieces.length > 0) {
      this.#pieces.push(bytes);
      rest = Buffer.concat(this.#pieces, this.#held);
      this.#pieces = [];
    }
    const messages: Buffer[] = [];
    this.#needed = PREFIX_BYTES;
    while (rest.length >= PREFIX_BYTES) {
      this.#needed = PREFIX_BYTES + this.#lengthOf(rest);
      if (rest.length < this.#needed) break;
      messages.push(rest.subarray(PREFIX_BYTES, this.#needed));
      rest = rest.subarray(this.#needed);
      this.#needed = PREFIX_BYTES;
    }
    this.#held = rest.length;
    if (rest.length > 0) this.#pieces.push(rest);
    return messages;
  }

  #lengthOf(prefix: Buffer): number {
    if (prefix[0] !== 0) throw corrupt("a compressed gRPC message nobody asked for");
    const length = prefix.readUInt32BE(1);
    if (length <= this.#bytesMax) return length;
    throw this.#tooLarge(`a gRPC message of ${length} bytes, over ${this.#bytesMax}`);
  }
}

function corrupt(said: string): Error {
  return new Failure("CORRUPT", said);
}

const NONE: readonly Buffer[] = [];
