// What requests to models came to in one namespace: sums by day, key and model, of pieces of
// routers' journals.
//
// Invariants:
//
//   G1. A piece counts once, however often it is sent: of each journal the end of the last piece is
//       known, and what does not lie behind it is passed over.
//   G2. A piece that lies on both sides of that end is refused: half of it cannot be told apart.
//   G3. At most CELLS_MAX sums and JOURNALS_MAX journals are kept. The oldest days become one sum
//       for each key and model (day 0), then for each model: nothing that was counted is lost.

import { Failure, unreachable } from "#shared/base/errors.ts";
import type { UsageEvent } from "./events.ts";
import type { UsageMessage } from "./messages.ts";
import type { UsageCell, UsageState } from "./state.ts";
import type { Turn } from "./turn.ts";

/** About ten keys with two models each, every day for seven years. */
export const CELLS_MAX = 50_000;
/** Routers that ever were; the one that was silent longest goes first. */
export const JOURNALS_MAX = 1_000;

export function onUsageMessage(
  usage: UsageState | undefined,
  message: UsageMessage,
  turn: Turn<UsageEvent>,
): void {
  switch (message.kind) {
    case "post": {
      const { journal, from, to, cells } = message;
      const end = usage?.journals.get(journal) ?? 0;
      if (to <= end) return; // Sent again: its answer was lost.
      if (from < end) {
        const said = `usage from ${from} to ${to} of ${journal} overlaps what ends at ${end}`;
        throw new Failure("CONFLICT", said);
      }
      turn.emit({ type: "usage.posted", journal, to, cells });
      return;
    }
    default:
      unreachable(message.kind);
  }
}

export function applyUsage(
  state: UsageState | undefined,
  event: UsageEvent,
  namespace: string,
): UsageState {
  const usage: UsageState = state ?? { namespace, journals: new Map(), cells: new Map() };
  switch (event.type) {
    case "usage.posted":
      usage.journals.delete(event.journal); // The one that posted last stands last.
      usage.journals.set(event.journal, event.to);
      for (const cell of event.cells) addTo(usage.cells, cell);
      break;
    default:
      unreachable(event.type);
  }
  for (const journal of usage.journals.keys()) {
    if (usage.journals.size <= JOURNALS_MAX) break;
    usage.journals.delete(journal);
  }
  if (usage.cells.size > CELLS_MAX) fold(usage);
  return usage;
}

/** Sums of the days from `fromDay` to `toDay`, both included, in order. */
export function usageBetween(usage: UsageState, fromDay: number, toDay: number): UsageCell[] {
  const cells = [...usage.cells.values()].filter(({ day }) => day >= fromDay && day <= toDay);
  return cells.map((cell) => ({ ...cell })).toSorted(inOrder);
}

function addTo(cells: Map<string, UsageCell>, more: UsageCell): void {
  const { day, key, model } = more;
  const name = JSON.stringify([day, key, model]);
  const known = cells.get(name);
  if (known === undefined) {
    cells.set(name, { ...more });
    return;
  }
  known.requests += more.requests;
  known.failed += more.failed;
  known.promptTokens += more.promptTokens;
  known.cachedTokens += more.cachedTokens;
  known.completionTokens += more.completionTokens;
  known.workerMs += more.workerMs;
}

/** Half of the room is free again, so that it is not done for every piece. */
function fold(usage: UsageState): void {
  const inTurn = [...usage.cells.values()].toSorted(inOrder);
  const left = inTurn.slice(-Math.floor(CELLS_MAX / 2)).filter(({ day }) => day > 0);
  const gone = inTurn.slice(0, inTurn.length - left.length);
  const isMuch = new Set(gone.map(({ key, model }) => JSON.stringify([key, model]))).size;
  const byModel = isMuch > CELLS_MAX / 4;
  usage.cells = new Map();
  for (const cell of gone) addTo(usage.cells, { ...cell, day: 0, key: byModel ? "" : cell.key });
  for (const cell of left) addTo(usage.cells, cell);
}

function inOrder(a: UsageCell, b: UsageCell): number {
  return a.day - b.day || compared(a.key, b.key) || compared(a.model, b.model);
}

function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
