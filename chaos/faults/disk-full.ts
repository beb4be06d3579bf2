// Nothing can be written any more: neither the router's usage journal, nor any log. Streams must
// not notice, operators must be able to, and usage is written when there is room again.

import { chatOnce } from "../../services/cli/serving/chat-stream.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { usageWaiting, usedRequests } from "../metrics.ts";
import { whyNoSmallDisk } from "../small-disk.ts";
import type { Fault } from "./fault.ts";

/** Their records are more than what is left in a page that the journal has begun. */
const PASSERS_BY = 32;
const NOTICE_MS = 10_000;
const WRITTEN_MS = 30_000;

export const diskFull: Fault = {
  name: "disk-full",
  when: "idle",
  fleet: "small-disk",
  hits: "met",
  whyNot: whyNoSmallDisk,
  strike: ({ fleet }) => {
    const disk = fleet.disk!;
    const before = usedRequests(fleet);
    const filled = before.then(() => disk.fill());
    const passing = filled.then(() => Promise.all(Array.from({ length: PASSERS_BY }, passBy)));
    return {
      landed: filled,
      mend: async () => {
        const wrong: string[] = [];
        await passing.catch((reason: unknown) => wrong.push(`a request failed: ${String(reason)}`));
        const isTold = async (): Promise<boolean> => (await usageWaiting(fleet)) > 0;
        await waitFor(isTold, NOTICE_MS).catch(() => wrong.push("no metric says so"));
        const told = await usageWaiting(fleet);
        disk.free();
        const isWritten = async (): Promise<boolean> => (await usageWaiting(fleet)) === 0;
        await waitFor(isWritten, WRITTEN_MS).catch(() => wrong.push("usage is still not written"));
        const written = (await usedRequests(fleet)) - (await before);
        if (written < told) wrong.push(`usage of ${written} requests is written, ${told} waited`);
        return wrong;
      },
    };

    async function passBy(_: unknown, seed: number): Promise<void> {
      const body = { messages: [{ role: "user", content: "Hello." }], max_tokens: 2, seed };
      await chatOnce({ url: fleet.serving.url, model: fleet.model, body }, () => {});
    }
  },
};
