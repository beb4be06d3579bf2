// More clients than a fleet has places, over HTTP: who is let in first, who is told to come back,
// and that nothing of them is left.

import { expect, onTestFinished, test } from "vitest";
import { systemTimers } from "#shared/config/system.ts";
import { signalbox } from "#proto/signalbox.js";
import { waitFor } from "#shared/testing/wait-for.ts";
import { ADMISSION_DEFAULTS, type AdmissionOptions } from "../core/admission.ts";
import type { Placed, Wish } from "../streams/placement.ts";
import { ScriptedFleet } from "../streams/scripted-fleet.fixture.ts";
import { TokenRouter } from "../streams/token-router.ts";
import type { RequestClass } from "../core/request-class.ts";
import type { WorkerConnection } from "../workers/worker-connection.ts";
import { MODEL, startTestServer, type TestServer } from "./scripted-source.fixture.ts";

const { FinishReason } = signalbox.inference.v1;

/** One worker with so many places, whose streams end when the test says. */
class SmallFleet extends ScriptedFleet {
  readonly places: number;
  /** Classes in the order in which they were placed. */
  readonly order: RequestClass[] = [];
  readonly #ends: (() => void)[] = [];

  constructor(places: number) {
    super([]);
    this.places = places;
  }

  override nowMs(): number {
    return performance.now();
  }

  override room(_model: string, max: number): number {
    return Math.min(max, this.places - this.live.size);
  }

  override place(attemptId: string, wish: Wish): Placed {
    if (this.live.size >= this.places) {
      return { kind: "refused", reason: "saturated", retryAfterMs: 1_000 };
    }
    this.live.add(attemptId);
    this.order.push(wish.priority);
    const generate: WorkerConnection["generate"] = ({ fence }, { onMessage }) => {
      const finish = FinishReason.FINISH_REASON_STOP;
      const said = { fence: fence ?? 1, firstIndex: 0, tokenIds: [200] };
      this.#ends.push(() => onMessage({ ...said, finish }));
      return { allow: () => {}, cancel: () => {}, pause: () => {}, resume: () => {} };
    };
    const connection = { key: "w", generate } as unknown as WorkerConnection;
    return { kind: "worker", connection, classId: "c", dispatch: 1 };
  }

  /** The stream that has run longest ends; false when none runs. */
  end(): boolean {
    const end = this.#ends.shift();
    end?.();
    return end !== undefined;
  }
}

interface Site {
  readonly fleet: SmallFleet;
  readonly router: TokenRouter;
  readonly server: TestServer;
  ask(priority: RequestClass, signal?: AbortSignal): Promise<Response>;
}

async function site(places: number, over: Partial<AdmissionOptions> = {}): Promise<Site> {
  const fleet = new SmallFleet(places);
  const router = new TokenRouter({
    ...{ placement: fleet, meter: fleet.meter, freshWaitMs: 1_000, resumeWaitMs: 1_000 },
    admission: { ...ADMISSION_DEFAULTS, namespaceQueueShare: 1, ...over },
    timers: systemTimers,
  });
  const server = await startTestServer({ source: router });
  onTestFinished(() => server.close());
  return {
    ...{ fleet, router, server },
    ask: (priority, signal) =>
      fetch(`${server.base}/v1/completions`, {
        method: "POST",
        body: JSON.stringify({ model: MODEL, prompt: "hello", priority }),
        ...(signal === undefined ? {} : { signal }),
      }),
  };
}

function waiting(router: TokenRouter): number {
  return Object.values(router.queued()).reduce((sum, count) => sum + count, 0);
}

test("the urgent are let in first, the others by weight, and everyone in the end", async () => {
  const { fleet, router, server, ask } = await site(1);
  const first = ask("normal");
  await waitFor(() => fleet.live.size === 1);
  const answers = [first];
  for (let i = 0; i < 20; i++) answers.push(ask("bulk"), ask("critical"));
  await waitFor(() => waiting(router) === 40);
  expect(router.queued()).toMatchObject({ bulk: 20, critical: 20 });
  while (fleet.end());
  const statuses = await Promise.all(answers.map(async (answer) => (await answer).status));
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(fleet.order[1]).toBe("critical");
  const early = fleet.order.slice(1, 21).filter((each) => each === "bulk").length;
  expect(early).toBeGreaterThanOrEqual(1);
  expect(early).toBeLessThanOrEqual(2);
  await waitFor(() => server.active() === 0);
  expect([router.kept, router.live, fleet.live.size]).toEqual([0, 0, 0]);
});

test("a full queue and a long wait end in 503 with a time; who leaves makes room", async () => {
  const { fleet, router, server, ask } = await site(1, { queuedMax: 2, waitMaxMs: 600 });
  const first = ask("critical");
  await waitFor(() => fleet.live.size === 1);
  const abort = new AbortController();
  const gone = ask("critical", abort.signal).catch(() => null);
  await waitFor(() => waiting(router) === 1);
  const late = ask("critical");
  await waitFor(() => waiting(router) === 2);
  const refused = await ask("critical");
  expect(refused.status).toBe(503);
  // Nothing has ended yet: as if the one that runs and the two before this one took a second each.
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(3);
  expect(Number(refused.headers.get("retry-after"))).toBeLessThan(60);
  expect(await refused.json()).toMatchObject({ error: { code: "overloaded" } });
  abort.abort();
  await gone;
  await waitFor(() => waiting(router) === 1);
  const expired = await late;
  expect(expired.status).toBe(503);
  expect(await expired.text()).toContain("had room for 0.6 s");
  expect(fleet.refusals).toEqual(["overload", "late"]);
  expect(fleet.end()).toBe(true);
  expect((await first).status).toBe(200);
  await waitFor(() => server.active() === 0);
  expect([router.kept, router.live, fleet.live.size]).toEqual([0, 0, 0]);
});
