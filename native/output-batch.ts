// Reads what native/door/output_batch.h packs: the outputs of one or more steps in one buffer.

import type { TokenLogprob } from "./engine.ts";

/** One output; `index` and `tokenId` are -1 where there is none. */
export interface OutputRecord {
  readonly request: number;
  readonly index: number;
  readonly tokenId: number;
  readonly logprob: number;
  readonly alternatives: readonly TokenLogprob[];
  readonly cachedTokens: number;
  /** Places in the tables of names that the addon gives. */
  readonly finish: number;
  readonly error: number;
  readonly message: string;
}

const HEAD_WORDS = 10;
const NO_ALTERNATIVES: readonly TokenLogprob[] = [];

export function readOutputs(buffer: ArrayBuffer, onRecord: (record: OutputRecord) => void): void {
  const words = new Int32Array(buffer);
  const floats = new Float32Array(buffer);
  const word = (at: number): number => words[at] ?? 0;
  for (let at = 0; at < words.length;) {
    const alternatives = word(at + 8);
    const messageBytes = word(at + 9);
    const alternativesAt = at + HEAD_WORDS;
    const messageAt = alternativesAt + 2 * alternatives;
    onRecord({
      request: (word(at) >>> 0) + (word(at + 1) >>> 0) * 2 ** 32,
      index: word(at + 2),
      tokenId: word(at + 3),
      logprob: floats[at + 4] ?? NaN,
      cachedTokens: word(at + 5),
      finish: word(at + 6),
      error: word(at + 7),
      alternatives: readAlternatives(words, floats, alternativesAt, alternatives),
      message:
        messageBytes === 0 ? "" : Buffer.from(buffer, messageAt * 4, messageBytes).toString("utf8"),
    });
    at = messageAt + Math.ceil(messageBytes / 4);
  }
}

function readAlternatives(
  words: Int32Array,
  floats: Float32Array,
  at: number,
  count: number,
): readonly TokenLogprob[] {
  if (count === 0) return NO_ALTERNATIVES;
  return Array.from({ length: count }, (_, i) => ({
    tokenId: words[at + 2 * i] ?? 0,
    logprob: floats[at + 2 * i + 1] ?? NaN,
  }));
}
