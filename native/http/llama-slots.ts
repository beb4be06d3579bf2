// The slots of a llama-server, handed out here: each request has one of its own while it runs, and
// the server reads what lies in it only where the salts agree.
//
//   S1. A slot is leased to one request at a time.
//   S2. Once a salt was used, a request reads from a slot only what one with its own salt left, and
//       only where half of that is used again and is more than a tenth of the new prompt: below
//       that the server looks for a better prefix elsewhere, among everybody's.

/** More than its --slot-prompt-similarity, 0.1, so that another rounding cannot decide. */
const SIMILAR_SHARE = 0.11;

export interface SlotLease {
  readonly id: number;
  /** Whether what lies in the slot may serve a prompt that is `tokens`. */
  mayRead(tokens: readonly number[]): boolean;
  /** What the last call has left there. */
  holds(tokens: readonly number[]): void;
  release(): void;
}

interface Slot {
  readonly id: number;
  leased: boolean;
  salt: string;
  tokens: readonly number[];
  lastUse: number;
}

export class LlamaSlots {
  readonly #slots: readonly Slot[];
  #uses = 0;
  #salted = false;

  constructor(count: number) {
    this.#slots = Array.from({ length: count }, (_, id) => {
      return { id, leased: false, salt: "", tokens: [], lastUse: 0 };
    });
  }

  /** Throws when all are leased: the engine runs no more requests than there are slots. */
  lease(request: { readonly prompt: ArrayLike<number>; readonly cacheSalt: string }): SlotLease {
    const { cacheSalt } = request;
    this.#salted ||= cacheSalt !== "";
    const slot = this.#best(request.prompt, cacheSalt);
    slot.leased = true;
    slot.lastUse = this.#uses += 1;
    let own = false;
    return {
      id: slot.id,
      mayRead: (tokens) => {
        const shared = sharedLength(slot.tokens, tokens);
        const stays = 2 * shared >= slot.tokens.length && shared > SIMILAR_SHARE * tokens.length;
        const fitting = slot.salt === cacheSalt && stays;
        const allowed = own || !this.#salted || fitting;
        slot.salt = cacheSalt;
        slot.tokens = tokens;
        own = true;
        return allowed;
      },
      holds: (tokens) => void (slot.tokens = tokens),
      release: () => void (slot.leased = false),
    };
  }

  /** The one that holds most of the prompt for this salt, else the one unused for longest. */
  #best(prompt: ArrayLike<number>, salt: string): Slot {
    const free = this.#slots.filter((it) => !it.leased);
    const valueOf = (slot: Slot): number =>
      slot.salt === salt ? sharedLength(slot.tokens, prompt) : 0;
    let best = free[0];
    for (const slot of free.slice(1)) {
      if (best === undefined) break;
      const more = valueOf(slot) - valueOf(best);
      if (more > 0 || (more === 0 && slot.lastUse < best.lastUse)) best = slot;
    }
    if (best === undefined) throw new Error("every slot is leased");
    return best;
  }
}

function sharedLength(one: ArrayLike<number>, other: ArrayLike<number>): number {
  const most = Math.min(one.length, other.length);
  let at = 0;
  while (at < most && one[at] === other[at]) at++;
  return at;
}
