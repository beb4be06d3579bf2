// Bytes in, text out: never half a character, and a replacement character only where no later byte
// could change it.
//
// State: the bytes at the end that may still become a character, at most three.
//
//   U1. All that push() gave, then flush(), is what one decode of all the bytes gives.

const WHOLE = new TextDecoder("utf-8", { ignoreBOM: true });
const NOTHING = new Uint8Array(0);

export class Utf8Stream {
  #pending: Uint8Array = NOTHING;

  push(bytes: Uint8Array): string {
    const all = this.#pending.length === 0 ? bytes : joined(this.#pending, bytes);
    const end = all.length - openLength(all);
    this.#pending = end === all.length ? NOTHING : all.slice(end);
    return end === 0 ? "" : WHOLE.decode(all.subarray(0, end));
  }

  /** No byte comes after these: what is pending is a replacement character. */
  flush(): string {
    if (this.#pending.length === 0) return "";
    const text = WHOLE.decode(this.#pending);
    this.#pending = NOTHING;
    return text;
  }
}

/**
 * How many bytes at the end begin a character that is not whole. A lead byte always begins anew, so
 * cutting before it changes nothing in what stands before.
 */
function openLength(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const lead = bytes[bytes.length - back] ?? 0;
    if (lead >= 0x80 && lead < 0xc0) continue;
    const second = back >= 2 ? (bytes[bytes.length - back + 1] ?? 0) : null;
    return back < lengthFrom(lead) && (second === null || mayFollow(lead, second)) ? back : 0;
  }
  return 0;
}

function lengthFrom(lead: number): number {
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  return lead >= 0xf0 && lead < 0xf5 ? 4 : 1;
}

/** The Unicode Standard, table 3-7: after these four not every continuation is well-formed. */
function mayFollow(lead: number, second: number): boolean {
  if (lead === 0xe0) return second >= 0xa0;
  if (lead === 0xed) return second < 0xa0;
  if (lead === 0xf0) return second >= 0x90;
  if (lead === 0xf4) return second < 0x90;
  return true;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
