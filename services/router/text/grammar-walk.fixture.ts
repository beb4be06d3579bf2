// Outputs that a mask source allows, drawn at random: what a model with no idea would answer.

import type { MaskSource } from "../token-source.ts";
import { lanternFiles } from "./lantern-text.fixture.ts";
import type { GrammarModel } from "./grammar-pool.ts";
import { ModelText } from "./model-text.ts";

export const LANTERN: GrammarModel = { tokenizer: lanternFiles(), vocab: 1280, eosIds: [1] };
export const lanternText = new ModelText(LANTERN.tokenizer);

const [EOS] = LANTERN.eosIds;
/** Tokens that bring an output to its end. */
const CLOSERS = [EOS, ...['"', "}", "]"].map((text) => lanternText.encode(text, false)[0])];
const TOKENS_MAX = 900;

export interface Walk {
  readonly ids: readonly number[];
  readonly masks: readonly (readonly number[] | null)[];
  /** Null: it had not ended after TOKENS_MAX. */
  readonly text: string | null;
}

/** `next` is uniform in [0, 1). */
export async function walk(source: MaskSource, next: () => number): Promise<Walk> {
  const ids: number[] = [];
  const masks: (number[] | null)[] = [];
  while (ids.length < TOKENS_MAX) {
    const words = await source.maskAfter(ids);
    masks.push(words === null ? null : [...words]);
    if (words === null) return { ids, masks, text: lanternText.decode(ids) };
    const allowed = allowedIds(words);
    const closers = CLOSERS.filter((id) => id !== undefined && allowed.includes(id));
    const hurry = ids.length > 60 || next() < 0.3;
    const from = hurry && closers.length > 0 ? closers : allowed;
    const id = from[Math.floor(next() * from.length)];
    if (id === undefined) throw new Error("a mask allows nothing");
    if (id === EOS) return { ids, masks, text: lanternText.decode(ids) };
    ids.push(id);
  }
  return { ids, masks, text: null };
}

export function allowedIds(words: Uint32Array | readonly number[]): number[] {
  const ids: number[] = [];
  for (let id = 0; id < words.length * 32; id++) {
    if (((words[id >>> 5] ?? 0) >>> (id & 31)) & 1) ids.push(id);
  }
  return ids;
}
