// A worker ten times as slow as it was: stopped nine tenths of the time, in turns too short for
// anybody to take it for dead. Its streams go on, slowly; new ones must go elsewhere.

import { waitFor } from "#shared/testing/wait-for.ts";
import { chatOnce } from "../../services/cli/serving/chat-stream.ts";
import { workerRequests } from "../metrics.ts";
import { judgeNewcomers, type Took } from "../newcomers.ts";
import { possible, replace, type Fault, type Target } from "./fault.ts";

const RUNS_MS = 20;
const STANDS_MS = 180;
/** Until the router has seen a few of its tokens come late. */
const LEARN_MS = 1_000;
const NEWCOMERS = 24;
const LENGTH = { max_tokens: 16, ignore_eos: true };
/** A worker that is stopped most of the time takes a while to say what it has got. */
const COUNTED_MS = 20_000;

export const slow: Fault = {
  name: "slow",
  when: "streaming",
  fleet: "plain",
  hits: "met",
  whyNot: possible,
  strike: (target) => {
    const lifted = new AbortController();
    const turns = slowDown(target, lifted.signal);
    const sending = sendNewcomers(target).finally(() => lifted.abort());
    sending.catch(() => {}); // Told by mend().
    let took: Took = { there: [], elsewhere: [] };
    return {
      landed: turns.begun,
      mend: async () => {
        await turns.over;
        took = await sending;
        if (judgeNewcomers(took) !== "chosen") return [];
        return [`${took.there.length} of ${NEWCOMERS} new streams went to the slow worker`];
      },
      newcomers: () => ({ sent: NEWCOMERS, there: took.there.length }),
      // Routers take it for slow for a while longer, and the next round is to have one slow worker.
      leave: () => replace(target, "SIGKILL"),
      wasFelt: () => judgeNewcomers(took) !== "unslow",
    };
  },
};

/** One at a time, so that the workers' counts say where each went. */
async function sendNewcomers({ fleet, worker }: Target): Promise<Took> {
  await new Promise((resolve) => setTimeout(resolve, LEARN_MS));
  const took = { there: [] as number[], elsewhere: [] as number[] };
  const countThere = (): Promise<number> => workerRequests(fleet, (name) => name === worker);
  const countElsewhere = (): Promise<number> => workerRequests(fleet, (name) => name !== worker);
  let [there, elsewhere] = [await countThere(), await countElsewhere()];
  for (let i = 0; i < NEWCOMERS; i++) {
    const content = `Say the number ${i}.`;
    const body = { messages: [{ role: "user", content }], seed: i, ...LENGTH };
    const begunMs = performance.now();
    await chatOnce({ url: fleet.serving.url, model: fleet.model, body }, () => {});
    const tookMs = performance.now() - begunMs;
    // The others first: who waits for the slow one's answer is in step with its turns.
    const isCounted = async (): Promise<boolean> =>
      (await countElsewhere()) > elsewhere || (await countThere()) > there;
    await waitFor(isCounted, COUNTED_MS, "a worker counts the new stream");
    const others = await countElsewhere();
    if (others > elsewhere) took.elsewhere.push(tookMs);
    else {
      took.there.push(tookMs);
      there += 1;
    }
    elsewhere = others;
  }
  return took;
}

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
