// What the core is told, from the agent's configuration and what its dialect is like.

import type { Dialect } from "#adapters/adapter.ts";
import type { AgentConfig } from "#shared/config/load-config.ts";
import type { CoreConfig } from "./core/core-state.ts";

/** DESIGN §5. */
const CALLS_PER_S = 5;
const CALLS_DEPTH = 20;
/** Submissions under way at once: a queueing system serves them one after the other anyway. */
const SUBMITS_QUEUE = 4;
/** Local starts take a process each; this many at once keep the event loop answering. */
const SUBMITS_LOCAL = 32;

export function coreConfigOf(config: AgentConfig, dialect: Dialect): CoreConfig {
  const { heartbeatS, pollsQueue } = dialect;
  if (pollsQueue) {
    return {
      adoptWaitMs: config.adoptWaitS * 1000,
      pollMinMs: config.pollMinS * 1000,
      pollMaxMs: config.pollMaxS * 1000,
      pollsQueue,
      heartbeatS,
      statusEveryMs: 1_000,
      witnessGraceMs: 10_000,
      callsPerS: CALLS_PER_S,
      callsDepth: CALLS_DEPTH,
      submitsInFlightMax: SUBMITS_QUEUE,
    };
  }
  // Nothing lies between the agent and a process of its own machine: what was started before a
  // crash has made its claim within moments, and looking for it costs nobody anything.
  return {
    adoptWaitMs: Math.min(config.adoptWaitS, 2) * 1000,
    pollMinMs: 500,
    pollMaxMs: 5_000,
    pollsQueue,
    heartbeatS,
    statusEveryMs: 50,
    witnessGraceMs: 200,
    callsPerS: 0,
    callsDepth: 0,
    submitsInFlightMax: SUBMITS_LOCAL,
  };
}
