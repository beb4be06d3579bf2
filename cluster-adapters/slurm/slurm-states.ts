// Slurm's words for where a job is. Complete for 20.11 to 25.11 (slurm_protocol_defs.c); a word
// that is not here is unknown, and unknown is never an end.

import type { EndCause } from "#shared/base/job.ts";

export type SlurmPhase =
  | { readonly phase: "queued" | "held" | "running" | "paused" | "unknown"; readonly cause: null }
  | { readonly phase: "ended"; readonly cause: EndCause };

const queued: SlurmPhase = { phase: "queued", cause: null };
const held: SlurmPhase = { phase: "held", cause: null };
const running: SlurmPhase = { phase: "running", cause: null };
const paused: SlurmPhase = { phase: "paused", cause: null };
const unknown: SlurmPhase = { phase: "unknown", cause: null };

function ended(cause: EndCause): SlurmPhase {
  return { phase: "ended", cause };
}

const WORDS: { readonly [word: string]: SlurmPhase } = {
  // Base states.
  PENDING: queued,
  RUNNING: running,
  SUSPENDED: paused,
  COMPLETED: ended("ok"),
  CANCELLED: ended("cancelled"),
  FAILED: ended("failed"),
  TIMEOUT: ended("timeout"),
  NODE_FAIL: ended("node_fail"),
  PREEMPTED: ended("preempted"),
  BOOT_FAIL: ended("node_fail"),
  DEADLINE: ended("timeout"),
  OUT_OF_MEMORY: ended("out_of_memory"),
  // Flags, which hide the base state in text. COMPLETING hides how it ended: wait for that.
  COMPLETING: running,
  CONFIGURING: queued,
  STAGE_OUT: running,
  EXPEDITING: queued,
  RESIZING: running,
  REQUEUED: queued,
  REQUEUE_FED: queued,
  REQUEUE_HOLD: held,
  SPECIAL_EXIT: held,
  STOPPED: paused,
  RESV_DEL_HOLD: held,
  SIGNALING: running,
  POWER_UP_NODE: queued,
  LAUNCH_FAILED: ended("node_fail"),
  UPDATE_DB: running,
  // A sibling cluster of a federation runs it; this one cannot know how it goes there.
  REVOKED: unknown,
  RECONFIG_FAIL: unknown,
  GETENV_FAILED: unknown,
};

/** The words of the table, for tests and documentation. */
export const SLURM_WORDS: readonly string[] = Object.keys(WORDS);

const HELD_REASONS = /^JobHeld|requeued held|^JobHoldMaxRequeue|held state/i;

/** `CANCELLED by 1001` and sacct's `OUT_OF_ME+` are understood too. Never throws. */
export function slurmPhaseOf(text: string, reason: string | null): SlurmPhase {
  const word = wordOf(text.trim());
  if (word === null) return unknown;
  const known = WORDS[word] ?? unknown;
  return word === "PENDING" && reason !== null && HELD_REASONS.test(reason) ? held : known;
}

function wordOf(text: string): string | null {
  const word = /^[A-Z_]+/.exec(text)?.[0];
  if (word === undefined) return null;
  const rest = text.slice(word.length);
  if (rest === "" || (word === "CANCELLED" && /^ by \d+$/.test(rest))) {
    return Object.hasOwn(WORDS, word) ? word : null;
  }
  if (rest !== "+" || word.length < 8) return null;
  const whole = SLURM_WORDS.filter((known) => known.startsWith(word));
  return whole.length === 1 ? (whole[0] ?? null) : null;
}
