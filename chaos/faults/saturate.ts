// Far more requests than all workers have places for. Nobody is ill: no stream moves, no worker is
// given up, and who comes too many waits or is refused with the time to come back.

import { waitFor } from "#shared/testing/wait-for.ts";
import { brokenAttempts, heldOut, queued } from "../metrics.ts";
import { possible, type Fault } from "./fault.ts";

/** Three workers of four places take eight each; these come at once. */
const CROWD = 90;
/** Enough that they wait for longer than it takes to look. */
const TOKENS = 96;
const FULL_MS = 10_000;

export const saturate: Fault = {
  name: "saturate",
  when: "streaming",
  fleet: "few-places",
  hits: "met",
  whyNot: possible,
  strike: ({ fleet }) => {
    const before = brokenAttempts(fleet);
    const outBefore = heldOut(fleet);
    const crowd = Array.from({ length: CROWD }, (_, i) => ask(i));
    const isFull = async (): Promise<boolean> => (await queued(fleet)) > 0;
    return {
      landed: waitFor(isFull, FULL_MS, "requests wait for places").then(() => {}),
      mend: async () => {
        const answers = await Promise.all(crowd);
        const wrong = answers.flatMap((answer) => answer ?? []);
        const out = (await heldOut(fleet)) - (await outBefore);
        if (out > 0) wrong.push(`${out} workers are held out for being full`);
        const broken = (await brokenAttempts(fleet)) - (await before);
        if (broken > 0) wrong.push(`${broken} streams were moved for being many`);
        return wrong;
      },
    };

    /** What is wrong with the answer; null: nothing. */
    async function ask(seed: number): Promise<string | null> {
      const messages = [{ role: "user", content: `Count to ${seed}.` }];
      const body = {
        ...{ model: fleet.model, messages, seed },
        max_tokens: TOKENS,
        ignore_eos: true,
      };
      const response = await fetch(`${fleet.serving.url}/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      const text = await response.text();
      if (response.status === 200) return null;
      if (response.status === 503 && response.headers.has("retry-after")) return null;
      return `one of the crowd was answered ${response.status}: ${text}`;
    }
  },
};
