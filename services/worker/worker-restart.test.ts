// What worker processes know of those before them: whom one that was killed had in hand, and which
// prefixes came often. And that a full disk is nobody's trouble.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WORKER_TABLES, type RequestRow } from "#shared/base/worker-state.ts";
import { openStore } from "#shared/state/store.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { builtAddon, BUILD_MS_MAX, WHY_NO_ADDON } from "#native/testing/built-addon.ts";
import {
  clientOfWorker,
  collect,
  type Response,
  type WorkerClient,
} from "./worker-world.fixture.ts";

const MAIN = join(import.meta.dirname, "main.ts");
const MODEL = join(import.meta.dirname, "../../native/models/lantern");
const WAIT_MS = 30_000;
const lacks = WHY_NO_ADDON === null ? "" : ` (${WHY_NO_ADDON})`;

interface Line {
  readonly msg: string;
  readonly count?: number;
  readonly requests?: readonly { readonly id: string; readonly tokens: number }[];
}

interface Started {
  readonly child: ChildProcess;
  readonly client: WorkerClient;
  readonly lines: () => Line[];
  readonly metric: (name: string) => Promise<number>;
}

/** `prefix` begins the command line. */
async function started(settings: object, prefix: readonly string[] = []): Promise<Started> {
  const own = Object.entries({ LISTEN: "127.0.0.1:0", CANARY_IDLE_S: "0", ...settings });
  const variables = own.map(([key, value]) => [`SIGNALBOX_WORKER_${key}`, String(value)]);
  const env = { ...process.env, ...Object.fromEntries(variables) };
  const [file, ...argv] = [...prefix, process.execPath, MAIN];
  const child = spawn(file, argv, { env, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const ended = once(child, "exit").then(() => Promise.reject(new Error(`it ended\n${log}`)));
  ended.catch(() => {});
  const [line] = await Promise.race([once(child.stdout, "data"), ended]);
  const ready = JSON.parse(String(line)) as { readonly grpc: string; readonly http: string };
  return {
    ...{ child, client: clientOfWorker(ready.grpc) },
    lines: () =>
      log
        .trim()
        .split("\n")
        .filter(Boolean)
        .map((it) => JSON.parse(it) as Line),
    metric: async (name) => {
      const text = await (await fetch(`http://${ready.http}/metrics`)).text();
      const found = text.split("\n").find((it) => it.startsWith(`${name}{`));
      return Number(found?.split(" ").at(-1) ?? Number.NaN);
    },
  };
}

async function end({ child }: Started, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  const exited = once(child, "exit");
  child.kill(signal);
  expect(await exited).toEqual(signal === "SIGTERM" ? [0, null] : [null, "SIGKILL"]);
}

function rowsIn(path: string, table: string): RequestRow[] {
  const store = openStore({ path });
  const rows = store.range<RequestRow>(table).map(({ value }) => value);
  void store.close();
  return rows;
}

function place(): string {
  const directory = tempDirectory("restart");
  onTestFinished(directory.remove);
  return join(directory.path, "state");
}

const SHORT = { maxTokens: 3, ignoreEos: true };
const LONG = { maxTokens: 1_000, ignoreEos: true };
/** Together they run for some seconds. */
const IN_HAND = Array.from({ length: 8 }, (_, at) => `in hand ${at}`);
const asked = (id: string, promptIds: readonly number[], more: object = {}) => {
  return { id, fence: 1, promptIds: [...promptIds], sampling: SHORT, ...more };
};
const cachedOf = (responses: readonly Response[]): number =>
  responses.reduce((most, it) => Math.max(most, it.cachedTokens ?? 0), 0);

describe.skipIf(WHY_NO_ADDON !== null)(`workers with the engine${lacks}`, () => {
  let addon = "";
  beforeAll(async () => {
    addon = await builtAddon();
  }, BUILD_MS_MAX);

  test("a worker after kill -9 names who was in hand, and its cache knows what came often", async () => {
    const state = place();
    process.env["SIGNALBOX_ENGINE"] = addon;
    onTestFinished(() => void delete process.env["SIGNALBOX_ENGINE"]);
    const settings = { MODEL, STATE: state, THREADS: "1" };
    const system = Array.from({ length: 200 }, (_, at) => (at * 7) % 500); // 6 blocks and a bit.
    const first = await started(settings);
    for (const [at, cacheSalt] of ["", "", "tenant", "tenant"].entries()) {
      const prompt = [...(cacheSalt === "" ? system : system.toReversed()), at];
      await collect(first.client.generate(asked(`q${at}`, prompt, { cacheSalt })));
    }
    await end(first, "SIGTERM");

    const second = await started(settings);
    expect(await second.metric("signalbox_worker_lost_requests_total")).toBe(0);
    const warmed = (): Promise<number> => second.metric("signalbox_worker_warmed_blocks_total");
    await waitFor(async () => (await warmed()) === 12, WAIT_MS, "12 warm blocks");
    const { client } = second;
    const ask = async (id: string, ids: readonly number[], cacheSalt: string): Promise<number> =>
      cachedOf(await collect(client.generate(asked(id, [...ids, 499], { cacheSalt }))));
    expect(await ask("w1", system, "")).toBe(192);
    expect(await ask("w2", system.toReversed(), "tenant")).toBe(192);
    // Who could not have shared it before cannot now.
    expect(await ask("w3", system.toReversed(), "")).toBe(0);
    expect(await ask("w4", system, "tenant")).toBe(0);

    const streams = IN_HAND.map((id) => client.generate(asked(id, [1, 2, 3], { sampling: LONG })));
    const read = Promise.allSettled(streams.map(collect));
    const running = (): string[] => rowsIn(state, WORKER_TABLES.running).map(({ id }) => id);
    await waitFor(() => running().length === IN_HAND.length, WAIT_MS, "a row of each");
    await end(second, "SIGKILL");
    expect((await read).map(({ status }) => status)).toEqual(IN_HAND.map(() => "rejected"));

    const third = await started(settings);
    const told = third.lines().filter(({ count }) => count !== undefined);
    expect(told.map(({ msg, count }) => [msg, count])).toEqual([
      ["the last worker here died with requests in hand", IN_HAND.length],
    ]);
    expect(told[0]?.requests?.map(({ id }) => id).toSorted()).toEqual(IN_HAND.toSorted());
    expect(await third.metric("signalbox_worker_lost_requests_total")).toBe(IN_HAND.length);
    await end(third, "SIGTERM");
    expect(rowsIn(state, WORKER_TABLES.running)).toEqual([]);
    const rows = rowsIn(state, WORKER_TABLES.ended);
    const ends = rows.map((row) => `${row.id} ${row.end}`);
    const whole = ["q0", "q1", "q2", "q3", "w1", "w2", "w3", "w4"];
    const all = [...whole.map((id) => `${id} length`), ...IN_HAND.map((id) => `${id} lost`)];
    expect(ends.toSorted()).toEqual(all.toSorted());
    const [q0] = rows;
    expect(q0).toMatchObject({ id: "q0", fence: 1, promptTokens: 201, tokens: 3 });
    expect(q0?.router).toMatch(/^127\.0\.0\.1:\d+$/u); // Who dialled it.
  }, 120_000);
});

test("a disk that is full costs the journal, and no request", async () => {
  // A limit on the size of files stands in for it, as in store.test.ts.
  const limited = ["bash", "-c", 'trap "" XFSZ; ulimit -S -f 24; exec "$0" "$@"'];
  const worker = await started({ ENGINE: "simulated", STATE: place() }, limited);
  expect(await collect(worker.client.generate(asked("a", [1, 2, 3])))).not.toEqual([]);
  await waitFor(async () => (await worker.metric("signalbox_worker_state_up")) === 0, WAIT_MS);
  const full = (): Line[] => worker.lines().filter(({ msg }) => msg === "the state is not written");
  for (const id of ["b", "c"]) {
    const responses = await collect(worker.client.generate(asked(id, [1, 2, 3])));
    expect(responses.at(-1)?.finish).toBe(2);
  }
  expect(full()).toHaveLength(1);
  expect(full()[0]).toMatchObject({ hint: expect.stringContaining("Free some space") });
  await end(worker, "SIGTERM");
}, 60_000);
