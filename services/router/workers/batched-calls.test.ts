// Many requests over one call, against a worker's end that says and breaks as it likes.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { signalbox } from "#proto/signalbox.js";
import { TurnQueue } from "../wire/turn-queue.ts";
import { BatchedCalls } from "./batched-calls.ts";
import type { GrpcCall, GrpcListener } from "./grpc-call.ts";

type Batch = signalbox.inference.v1.IGenerateBatchedRequest;
type Answers = signalbox.inference.v1.IGenerateBatchedResponse;
const { FINISH_REASON_LENGTH } = signalbox.inference.v1.FinishReason;

/** The other end of calls: what came, and a way to answer on the newest. */
class WorkerEnd {
  readonly batches: Batch[] = [];
  calls = 0;
  isReachable = true;
  #listener: GrpcListener<Answers> | null = null;

  readonly open = (first: Batch, listener: GrpcListener<Answers>): GrpcCall<Batch> => {
    if (!this.isReachable) throw new Failure("UNAVAILABLE", "the connection is over");
    this.calls += 1;
    this.#listener = listener;
    this.batches.push(first);
    const write = (batch: Batch): void => void this.batches.push(batch);
    return { write, finish: () => {}, cancel: () => {} };
  };

  get begun(): number[] {
    return this.batches.flatMap(({ begun }) => (begun ?? []).map(({ serial }) => serial ?? 0));
  }

  get cancelled(): number[] {
    return this.batches.flatMap((batch) => batch.cancelled ?? []);
  }

  say(...responses: signalbox.inference.v1.IBatchedResponse[]): void {
    this.#listener?.onMessage({ responses });
  }

  end(failure: Failure | null): void {
    const listener = this.#listener;
    this.#listener = null;
    listener?.onEnd(failure);
  }
}

/** What one request was told; what comes behind its end is a fault. */
class Told {
  readonly ids: number[] = [];
  end: Failure | "well" | null = null;
  isCancelled = false;

  readonly listener = {
    onMessage: ({ tokenIds }: signalbox.inference.v1.IGenerateResponse): void => {
      expect([this.end, this.isCancelled]).toEqual([null, false]);
      this.ids.push(...(tokenIds ?? []));
    },
    onEnd: (failure: Failure | null): void => {
      expect([this.end, this.isCancelled]).toEqual([null, false]);
      this.end = failure ?? "well";
    },
  };
}

function startCalls(serial = 0) {
  const worker = new WorkerEnd();
  const sizes: [string, number][] = [];
  const onBatch = (of: string, size: number): void => void sizes.push([of, size]);
  const calls = new BatchedCalls(worker.open, new TurnQueue(), onBatch, serial);
  return { worker, calls, sizes };
}

/** All that was due in this turn has left. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a turn's requests leave as one message, those of 300 as three, and each is answered", async () => {
  const { worker, calls, sizes } = startCalls();
  const told = Array.from({ length: 300 }, () => new Told());
  for (const [at, { listener }] of told.entries()) calls.begin({ id: `r${at}` }, listener);
  expect(worker.batches).toEqual([]);
  await turn();
  expect(sizes).toEqual([
    ["requests", 128],
    ["requests", 128],
    ["requests", 44],
  ]);
  expect([worker.calls, worker.batches.length]).toEqual([1, 3]);
  const serials = worker.begun;
  expect(new Set(serials).size).toBe(300);
  worker.say(
    ...serials.map((serial, at) => ({ serial, response: { tokenIds: [at] } })),
    ...serials.map((serial) => ({ serial, response: { finish: FINISH_REASON_LENGTH } })),
  );
  expect(told.map(({ ids, end }) => [ids, end])).toEqual(told.map((_, at) => [[at], "well"]));
});

test("what is cancelled before it left is never sent, later it is, with others in one message", async () => {
  const { worker, calls } = startCalls();
  const [cancelA, cancelB, cancelC] = [0, 1, 2].map((at) => {
    return calls.begin({ id: `r${at}` }, new Told().listener);
  });
  cancelA?.();
  await turn();
  expect(worker.batches.map(({ begun }) => begun?.map(({ request }) => request?.id))).toEqual([
    ["r1", "r2"],
  ]);
  cancelB?.();
  cancelB?.();
  cancelC?.();
  await turn();
  expect(worker.batches.slice(1)).toEqual([{ cancelled: worker.begun }]);
});

test("a failure is one request's, by its code; an unknown code is INTERNAL", async () => {
  const { worker, calls } = startCalls();
  const told = [new Told(), new Told(), new Told()];
  for (const { listener } of told) calls.begin({}, listener);
  await turn();
  const [a = 0, b = 0, c = 0] = worker.begun;
  const full = { code: "FULL", message: "busy", hint: "later", retryAfterMs: 300 };
  worker.say({ serial: a, failure: full }, { serial: b, failure: { code: "NEW", message: "?" } });
  worker.say({ serial: c, response: { tokenIds: [5] } });
  expect(told[0]?.end).toMatchObject(full);
  expect(told[1]?.end).toMatchObject({ code: "INTERNAL", message: "?" });
  expect(told[2]).toMatchObject({ ids: [5], end: null });
});

test("a listener that throws loses its own request alone", async () => {
  const { worker, calls } = startCalls();
  let end: Failure | null = null;
  const onMessage = (): never => {
    throw new Error("a bug");
  };
  calls.begin({}, { onMessage, onEnd: (failure) => (end = failure) });
  const other = new Told();
  calls.begin({}, other.listener);
  await turn();
  const [a = 0, b = 0] = worker.begun;
  const response = { tokenIds: [1] };
  worker.say({ serial: a, response }, { serial: b, response });
  expect(end).toMatchObject({ code: "INTERNAL", message: "a bug" });
  expect(other).toMatchObject({ ids: [1], end: null });
  await turn();
  expect(worker.cancelled).toEqual([a]);
});

test("an end of the call breaks what was on it as UNAVAILABLE, and the next opens another", async () => {
  const { worker, calls } = startCalls();
  const first = new Told();
  calls.begin({}, first.listener);
  await turn();
  const waiting = new Told(); // Not sent yet: it goes over the next call.
  calls.begin({}, waiting.listener);
  worker.end(new Failure("INVALID", "no such field"));
  expect(first.end).toMatchObject({ code: "UNAVAILABLE" });
  expect(waiting.end).toBeNull();
  await turn();
  expect(worker.calls).toBe(2);
  worker.end(null);
  expect(waiting.end).toMatchObject({ code: "UNAVAILABLE" });
  worker.isReachable = false;
  const last = new Told();
  calls.begin({}, last.listener);
  await turn();
  expect(last.end).toMatchObject({ code: "UNAVAILABLE" });
});

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("begin" as const) }) },
    ...(["token", "finish", "fail", "cancel"] as const).map((kind) => ({
      weight: kind === "token" ? 8 : 2,
      arbitrary: fc.record({ kind: fc.constant(kind), which: fc.nat(1_000) }),
    })),
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("turn" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("break" as const) }) },
  ),
  { maxLength: 120 },
);

test("whatever comes in whatever order: each has its own in order, and ends once", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const { worker, calls } = startCalls();
      const told = new Map<string, Told & { cancel?: () => void }>();
      const expected = new Map<string, number[]>();
      const serialOf = new Map<string, number>();
      const learn = (): void => {
        for (const { begun } of worker.batches) {
          for (const it of begun ?? []) serialOf.set(it.request?.id ?? "", it.serial ?? 0);
        }
      };
      const live = (): string[] => [...serialOf.keys()].filter((id) => !isOver(told.get(id)));
      for (const step of all) {
        const pick = (ids: string[]): string | undefined =>
          "which" in step ? ids[step.which % Math.max(1, ids.length)] : undefined;
        if (step.kind === "begin") {
          const id = `r${told.size}`;
          const it: Told & { cancel?: () => void } = new Told();
          it.cancel = calls.begin({ id }, it.listener);
          told.set(id, it);
          expected.set(id, []);
        } else if (step.kind === "turn") {
          await turn();
          learn();
        } else if (step.kind === "break") {
          worker.end(new Failure("UNAVAILABLE", "cut"));
        } else if (step.kind === "cancel") {
          const it = told.get(pick([...told.keys()].filter((id) => !isOver(told.get(id)))) ?? "");
          it?.cancel?.();
          if (it !== undefined) it.isCancelled = true;
        } else {
          const id = pick(live());
          if (id === undefined) continue;
          const serial = serialOf.get(id) ?? 0;
          const token = step.which;
          if (step.kind === "fail") worker.say({ serial, failure: { code: "FULL", message: "" } });
          else {
            const finish = step.kind === "finish" ? { finish: FINISH_REASON_LENGTH } : {};
            worker.say({ serial, response: { tokenIds: [token], ...finish } });
            expected.get(id)?.push(token);
          }
        }
      }
      await turn();
      worker.end(null);
      for (const [id, it] of told) {
        expect(it.ids).toEqual(expected.get(id));
        expect(isOver(it)).toBe(true);
      }
      // Nothing is sent twice, and nothing is kept of anybody.
      expect(new Set(worker.begun).size).toBe(worker.begun.length);
      worker.say(...worker.begun.map((serial) => ({ serial, response: { tokenIds: [1] } })));
    }),
    { numRuns: 200 },
  );
});

function isOver(told: Told | undefined): boolean {
  return told === undefined || told.end !== null || told.isCancelled;
}

test("serials begin again after the last there is", async () => {
  const { worker, calls } = startCalls(2 ** 32 - 3);
  for (let i = 0; i < 3; i++) calls.begin({}, new Told().listener);
  await turn();
  expect(worker.begun).toEqual([2 ** 32 - 2, 2 ** 32 - 1, 1]);
});
