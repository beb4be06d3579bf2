// A worker ten times as slow as it was: stopped nine tenths of the time, in turns too short for
// anybody to take it for dead. Its streams go on, slowly; new ones must go elsewhere.

import { availableParallelism, loadavg } from "node:os";
import { chatOnce } from "../../services/cli/serving/chat-stream.ts";
import { workerRequests } from "../metrics.ts";
import { possible, type Fault, type Target } from "./fault.ts";

const RUNS_MS = 20;
const STANDS_MS = 180;
/** Until the router has seen a few of its tokens come late. */
const LEARN_MS = 1_000;
const NEWCOMERS = 16;
/** Of each CPU; the fleet itself keeps it at about 2. */
const LOAD_MAX = 4;
/** Of those: the first show how slow it is. Three workers in turn would have 5 or 6 each. */
const NEWCOMERS_THERE_MAX = 4;

export const slow: Fault = {
  name: "slow",
  when: "streaming",
  fleet: "plain",
  hits: "met",
  whyNot: possible,
  strike: (target) => {
    const lifted = new AbortController();
    const turns = slowDown(target, lifted.signal);
    const newcomers = sendNewcomers(target);
    return {
      landed: turns.begun,
      mend: async () => {
        const there = await newcomers;
        // Where others keep the machine busy everybody is slow, and nobody can tell who is slower.
        const isBusy = loadavg()[0]! > LOAD_MAX * availableParallelism();
        if (isBusy || there <= NEWCOMERS_THERE_MAX) return [];
        return [`${there} of ${NEWCOMERS} new streams went to the slow worker`];
      },
    };

    async function sendNewcomers({ fleet, worker }: Target): Promise<number> {
      try {
        await new Promise((resolve) => setTimeout(resolve, LEARN_MS));
        const before = await workerRequests(fleet, worker);
        for (let i = 0; i < NEWCOMERS; i++) {
          const content = `Say the number ${i}.`;
          const body = { messages: [{ role: "user", content }], max_tokens: 4, seed: i };
          await chatOnce({ url: fleet.serving.url, model: fleet.model, body }, () => {});
        }
        return (await workerRequests(fleet, worker)) - before;
      } finally {
        lifted.abort();
        await turns.over;
      }
    }
  },
};

interface Turns {
  readonly begun: Promise<void>;
  readonly over: Promise<void>;
}

function slowDown({ fleet: { serving }, worker }: Target, signal: AbortSignal): Turns {
  const begun = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const stand = (): void => {
    if (signal.aborted) return over.resolve();
    serving.signal(worker, "SIGSTOP");
    begun.resolve();
    setTimeout(run, STANDS_MS);
  };
  const run = (): void => {
    serving.signal(worker, "SIGCONT");
    setTimeout(stand, RUNS_MS);
  };
  stand();
  return { begun: begun.promise, over: over.promise };
}
