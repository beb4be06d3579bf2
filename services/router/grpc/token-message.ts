// CompleteResponse where it has nothing but ids, which is what nearly all of them are: written by
// hand into one buffer, for the connection to copy.
//
// State: the buffer, good until the next call.

/** More ids than this are rare, and the general encoder's. */
const IDS_MAX = 64;
const VARINT_BYTES_MAX = 5;
const FIRST_INDEX = 0x10;
const TOKEN_IDS = 0x1a;

export class TokenMessageWriter {
  readonly #bytes = Buffer.allocUnsafeSlow(3 * VARINT_BYTES_MAX + IDS_MAX * VARINT_BYTES_MAX);
  #at = 0;

  /** The encoded message, to be copied at once; null: too many ids. */
  write(firstIndex: number, ids: readonly number[]): Buffer | null {
    if (ids.length > IDS_MAX) return null;
    this.#at = 0;
    if (firstIndex !== 0) {
      this.#bytes[this.#at++] = FIRST_INDEX;
      this.#varint(firstIndex);
    }
    if (ids.length > 0) {
      this.#bytes[this.#at++] = TOKEN_IDS;
      let length = 0;
      for (const id of ids) length += bytesOf(id);
      this.#varint(length);
      for (const id of ids) this.#varint(id);
    }
    return this.#bytes.subarray(0, this.#at);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#at++] = rest;
  }
}

/** Of an unsigned 32-bit number. */
function bytesOf(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}
