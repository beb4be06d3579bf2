// What a connection is about to send: frames one behind the other in one buffer, handed to the
// socket once a turn.
//
// State: the buffer, and how far it is written.

import { HEAD_BYTES } from "./http2-frames.ts";

/** A turn's tokens of a hundred streams; larger turns take another. */
const SLAB_BYTES = 64 * 1024;
/** A slab with less left is not worth going on with. */
const SLAB_REST_MIN = 4 * 1024;

export class Http2Output {
  #slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** Of the slab: what was handed over ends here. */
  #from = 0;
  #at = 0;
  #full: Buffer[] = [];

  get isEmpty(): boolean {
    return this.#at === this.#from && this.#full.length === 0;
  }

  /** The head of a frame whose payload, of `length`, is written next. */
  head(length: number, type: number, flags: number, id: number): void {
    this.#reserve(HEAD_BYTES);
    const slab = this.#slab;
    let at = this.#at;
    slab[at++] = length >>> 16;
    slab[at++] = length >>> 8;
    slab[at++] = length;
    slab[at++] = type;
    slab[at++] = flags;
    slab[at++] = id >>> 24;
    slab[at++] = id >>> 16;
    slab[at++] = id >>> 8;
    slab[at++] = id;
    this.#at = at;
  }

  uint8(value: number): void {
    this.#reserve(1);
    this.#slab[this.#at++] = value;
  }

  uint16(value: number): void {
    this.#reserve(2);
    this.#at = this.#slab.writeUInt16BE(value, this.#at);
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#at = this.#slab.writeUInt32BE(value, this.#at);
  }

  bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length > SLAB_BYTES / 2) {
      this.#close();
      this.#full.push(Buffer.from(bytes));
      return;
    }
    this.#reserve(length);
    this.#slab.set(bytes, this.#at);
    this.#at += length;
  }

  /** All that was written since the last call; the socket owns it from now on. */
  take(): readonly Buffer[] {
    this.#close();
    const all = this.#full;
    this.#full = [];
    return all;
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#slab.length) return;
    this.#close();
    this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    this.#from = 0;
    this.#at = 0;
  }

  #close(): void {
    if (this.#at > this.#from) this.#full.push(this.#slab.subarray(this.#from, this.#at));
    this.#from = this.#at;
    if (this.#slab.length - this.#at >= SLAB_REST_MIN) return;
    this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    this.#from = 0;
    this.#at = 0;
  }
}
