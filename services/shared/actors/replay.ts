// Records back into a state. A batch that took several records counts only as a whole: a turn and
// the turns it causes in its partition are in one batch, and half of them would leave an actor that
// waits for a message nobody sends again.
//
//   Y1. Each record of such a batch begins with a `$part` mark: the batch's first place in the log,
//       which part this is, and how many there are.
//   Y2. Parts that are not followed by the next one of their batch are passed over, by every reader
//       and for ever: the writer died or the log was full, and nobody was told that they counted.

import type { LogEntry, LogRecord } from "#shared/state/log.ts";
import { PARTITION_ACTOR } from "./partition-state.ts";
import type { PartitionState, SystemEvent } from "./partition-state.ts";

type Part = Extract<SystemEvent, { type: "$part" }>;

export class Replay {
  readonly #state: PartitionState;
  #waiting: LogEntry[] = [];
  #last: Part | null = null;

  constructor(state: PartitionState) {
    this.#state = state;
  }

  /** Records in the order of the log. */
  apply({ entries }: Pick<LogRecord, "entries">): void {
    const part = partOf(entries);
    if (part === null) {
      this.#forget();
      this.#applyAll(entries);
      return;
    }
    if (part.at === 1) this.#forget();
    else if (this.#last?.first !== part.first || this.#last.at !== part.at - 1)
      return this.#forget();
    this.#last = part;
    this.#waiting.push(...entries);
    if (part.at < part.of) return;
    this.#applyAll(this.#waiting);
    this.#forget();
  }

  #applyAll(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.#state.applyEntry(entry);
  }

  #forget(): void {
    this.#waiting = [];
    this.#last = null;
  }
}

/** What to append for one batch, marked when it is more than one record. */
export function marked(records: readonly LogEntry[][], first: number): readonly LogEntry[][] {
  const full = records.filter((entries) => entries.length > 0);
  if (full.length === 1) return full;
  return full.map((entries, index) => {
    const part: Part = { type: "$part", first, at: index + 1, of: full.length };
    return [{ actor: PARTITION_ACTOR, events: [part] }, ...entries];
  });
}

function partOf(entries: readonly LogEntry[]): Part | null {
  const first = entries[0];
  const event = first?.actor === PARTITION_ACTOR ? first.events[0] : undefined;
  return event?.type === "$part" ? (event as unknown as Part) : null;
}
