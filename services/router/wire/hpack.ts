// Header blocks of HTTP/2 (HPACK, RFC 7541), read whole and written plainly: what we write uses the
// static table and nothing else, so that a block can be made once and sent for ever.
//
// State of a reader: the sender's dynamic table, and blocks that were read before. A block that
// changes nothing in the table means what it meant the last time: gRPC's are few and come again.
//
//   H1. The table never holds more than we have allowed.
//   H2. A block that is no HPACK is refused: after it nothing of the connection can be read.

import { Failure } from "#shared/base/errors.ts";
import { HUFFMAN_BITS, HUFFMAN_END, STATIC_HEADERS, type Header } from "./hpack-tables.ts";

/** What the sender may keep with us: HTTP/2's own default, RFC 9113 §6.5.2. */
const TABLE_BYTES_MAX = 4_096;
/** Of one list as it counts, RFC 9113 §6.5.2: name and value and 32 each. */
const ENTRY_BYTES = 32;
const KNOWN_MAX = 256;
const KNOWN_BYTES_MAX = 512;

export interface HeaderBlock {
  readonly headers: readonly Header[];
  /** Above the limit: `headers` are the first of them. */
  readonly isTooLarge: boolean;
}

export class HpackReader {
  readonly #listBytesMax: number;
  /** The newest first. */
  #table: Header[] = [];
  #tableBytes = 0;
  #tableBytesMax = TABLE_BYTES_MAX;
  readonly #known = new Map<string, HeaderBlock>();
  #bytes: Buffer = EMPTY;
  #at = 0;

  constructor(listBytesMax: number) {
    this.#listBytesMax = listBytesMax;
  }

  /** CORRUPT for what is no header block. */
  read(block: Buffer): HeaderBlock {
    const key = block.length <= KNOWN_BYTES_MAX ? block.toString("latin1") : null;
    const known = key === null ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    this.#bytes = block;
    this.#at = 0;
    const headers: Header[] = [];
    let listBytes = 0;
    let changed = false;
    let mayResize = true;
    while (this.#at < block.length) {
      const first = block[this.#at] ?? 0;
      if ((first & 0xe0) === 0x20) {
        if (!mayResize) throw corrupt("the table is resized behind a header");
        this.#resize(this.#integer(5));
        changed = true;
        continue;
      }
      mayResize = false;
      let header: Header;
      if ((first & 0x80) !== 0) header = this.#entry(this.#integer(7));
      else {
        const isKept = (first & 0x40) !== 0;
        const name = this.#integer(isKept ? 6 : 4);
        header = [name === 0 ? this.#text() : this.#entry(name)[0], this.#text()];
        if (isKept) {
          this.#add(header);
          changed = true;
        }
      }
      listBytes += header[0].length + header[1].length + ENTRY_BYTES;
      if (listBytes <= this.#listBytesMax) headers.push(header);
    }
    this.#bytes = EMPTY;
    const read = { headers, isTooLarge: listBytes > this.#listBytesMax };
    if (changed) this.#known.clear();
    else if (key !== null && this.#known.size < KNOWN_MAX) this.#known.set(key, read);
    return read;
  }

  #entry(index: number): Header {
    const entry =
      index < STATIC_HEADERS.length
        ? STATIC_HEADERS[index]
        : this.#table[index - STATIC_HEADERS.length];
    if (index === 0 || entry === undefined) throw corrupt(`there is no header ${index}`);
    return entry;
  }

  #add(header: Header): void {
    this.#table.unshift(header);
    this.#tableBytes += sizeOf(header);
    this.#evict();
  }

  #resize(bytes: number): void {
    if (bytes > TABLE_BYTES_MAX) throw corrupt(`a table of ${bytes} bytes`);
    this.#tableBytesMax = bytes;
    this.#evict();
  }

  #evict(): void {
    while (this.#tableBytes > this.#tableBytesMax) {
      const oldest = this.#table.pop();
      if (oldest === undefined) break;
      this.#tableBytes -= sizeOf(oldest);
    }
  }

  /** With a prefix of so many bits, RFC 7541 §5.1. */
  #integer(bits: number): number {
    const most = (1 << bits) - 1;
    let value = this.#byte() & most;
    if (value < most) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
    throw corrupt("an integer over 28 bits");
  }

  #text(): string {
    const isCoded = ((this.#bytes[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(7);
    const end = this.#at + length;
    if (end > this.#bytes.length) throw corrupt("a text beyond the block's end");
    const text = isCoded
      ? huffmanText(this.#bytes, this.#at, end)
      : this.#bytes.toString("latin1", this.#at, end);
    this.#at = end;
    return text;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw corrupt("the block ends too early");
    this.#at += 1;
    return byte;
  }
}

const INDEX_OF_HEADER = new Map(
  STATIC_HEADERS.map(([name, value], index) => [`${name}\0${value}`, index] as const),
);
/** The first of a name, which is the lowest. */
const INDEX_OF_NAME = new Map(
  STATIC_HEADERS.map(([name], index) => [name, index] as const).toReversed(),
);

/** A block that changes no table. Names are in lower case. */
export function encodeHeaders(headers: readonly Header[]): Buffer {
  const bytes: number[] = [];
  for (const [name, value] of headers) {
    const whole = value === "" ? undefined : INDEX_OF_HEADER.get(`${name}\0${value}`);
    if (whole !== undefined) {
      writeInteger(bytes, whole, 7, 0x80);
      continue;
    }
    const named = INDEX_OF_NAME.get(name);
    writeInteger(bytes, named ?? 0, 4, 0);
    if (named === undefined) writeText(bytes, name);
    writeText(bytes, value);
  }
  return Buffer.from(bytes);
}

function writeInteger(to: number[], value: number, bits: number, flags: number): void {
  const most = (1 << bits) - 1;
  if (value < most) {
    to.push(flags | value);
    return;
  }
  to.push(flags | most);
  let rest = value - most;
  for (; rest >= 0x80; rest >>>= 7) to.push((rest & 0x7f) | 0x80);
  to.push(rest);
}

function writeText(to: number[], text: string): void {
  const bytes = Buffer.from(text, "latin1");
  writeInteger(to, bytes.length, 7, 0);
  for (const byte of bytes) to.push(byte);
}

function sizeOf([name, value]: Header): number {
  return name.length + value.length + ENTRY_BYTES;
}

function corrupt(why: string): Failure {
  return new Failure("CORRUPT", `no HPACK: ${why}`);
}

const EMPTY = Buffer.alloc(0);

/** Two numbers a node: what follows a 0 and a 1; below 0 the complement of a byte. */
const HUFFMAN_TREE = huffmanTree();

function huffmanTree(): Int16Array {
  const order = HUFFMAN_BITS.map((_, symbol) => symbol).toSorted(
    (a, b) => (HUFFMAN_BITS[a] ?? 0) - (HUFFMAN_BITS[b] ?? 0) || a - b,
  );
  const tree = new Int16Array(2 * 2 * HUFFMAN_BITS.length);
  let nodes = 1;
  let code = 0;
  let length = HUFFMAN_BITS[order[0] ?? 0] ?? 0;
  for (const symbol of order) {
    const bits = HUFFMAN_BITS[symbol] ?? 0;
    code *= 2 ** (bits - length);
    length = bits;
    let node = 0;
    for (let bit = bits - 1; bit >= 0; bit--) {
      const at = 2 * node + ((code >>> bit) & 1);
      if (bit === 0) tree[at] = ~symbol;
      else {
        if (tree[at] === 0) tree[at] = nodes++;
        node = tree[at] ?? 0;
      }
    }
    code += 1;
  }
  return tree;
}

function huffmanText(bytes: Buffer, from: number, to: number): string {
  const out: number[] = [];
  let node = 0;
  let pending = 0;
  let areOnes = true;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    for (let bit = 7; bit >= 0; bit--) {
      const value = (byte >>> bit) & 1;
      const next = HUFFMAN_TREE[2 * node + value] ?? 0;
      pending += 1;
      areOnes &&= value === 1;
      if (next >= 0) {
        node = next;
        continue;
      }
      if (~next === HUFFMAN_END) throw corrupt("the code's end inside a text");
      out.push(~next);
      node = 0;
      pending = 0;
      areOnes = true;
    }
  }
  // RFC 7541 §5.2: padded with the first bits of the end, which are ones, and less than a byte.
  if (pending > 7 || !areOnes) throw corrupt("a text that is padded otherwise");
  return Buffer.from(out).toString("latin1");
}
