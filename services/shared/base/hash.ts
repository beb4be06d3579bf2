// Small non-cryptographic helpers for names and placement. Digests that prove something are SHA-256
// and live where node:crypto may be used.

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567"; // RFC 4648 §6, lower case: safe in every queue.

/** FNV-1a, 32 bit, over UTF-16 code units. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/** RFC 4648 base32, lower case, without padding. */
export function base32(bytes: Uint8Array): string {
  let bits = 0;
  let value = 0;
  let text = "";
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32.charAt((value >>> bits) & 31);
    }
  }
  if (bits > 0) text += BASE32.charAt((value << (5 - bits)) & 31);
  return text;
}

/** Which partition owns an actor: all actors of one root (a run and its jobs) share it. */
export function partitionOf(namespace: string, rootId: string, partitions: number): number {
  return fnv1a(`${namespace}/${rootId}`) % partitions;
}
