// Calls every function of the addon with every kind of wrong value, thousands of times, while an
// engine decodes. Ends 0 having said how often each answer came; a crash ends it by a signal.
//
//   node native/testing/fuzz-addon.fixture.ts SEED

import { randomInt, seededRandom } from "#shared/base/prng.ts";
import { requireAddon, type Addon, type AddonNews, type AddonOptions } from "../binding.ts";
import { TEST_MODEL } from "./built-addon.ts";

const CALLS = 30_000;
const random = seededRandom(Number(process.argv[2] ?? 1));
const pick = <T>(items: readonly T[]): T => items[randomInt(random, items.length)] as T;

const { addon } = requireAddon();

const OPTIONS: AddonOptions = {
  ...{
    folder: TEST_MODEL,
    device: "cpu",
    kernels: "",
    isa: "",
    weights: "bf16",
    cache: "bf16",
    ranks: 1,
    threads: 1,
    pin: false,
  },
  ...{ cacheBytes: 0, stepTokens: 64, sequencesMax: 4, waitingMax: 4, contextMax: 0 },
  ...{ prefixCache: true, spillFolder: "", spillBytes: 0, stallMs: 2000 },
};
const REQUEST: Record<string, unknown> = {
  ...{
    id: 1,
    prompt: Int32Array.of(3, 4, 5),
    resume: new Int32Array(0),
    cacheSalt: "",
    priority: 0,
  },
  ...{ masked: false, temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 },
  ...{ presencePenalty: 0, frequencyPenalty: 0, biasTokens: new Int32Array(0) },
  ...{ biases: new Float32Array(0), stopIds: new Int32Array(0), ignoreEos: true, minTokens: 0 },
  ...{ maxTokens: 8, seed: 1, logprobs: -1 },
};

let loaded = 0;
let closed = 0;
const handles: object[] = [];
const counts = new Map<string, number>();

const start = (): void => {
  handles.push(
    addon.load(OPTIONS, (news: AddonNews) => {
      if (news.loaded !== null) loaded += 1;
      if (news.closed) closed += 1;
    }),
  );
};
start();
start();

/** A buffer whose bytes are gone. */
function detached(): Int32Array {
  const array = new Int32Array(4);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

/** Getters that do what a caller may do at the worst moment. */
const hostile: (() => unknown)[] = [
  () => addon.unload(handles.at(-1) as never),
  () => {
    throw new RangeError("from a getter");
  },
  () => addon.submit(handles[0] as never, REQUEST as never),
  () => start(),
];
let hostilities = 10;

function garbage(depth = 0): unknown {
  const values: (() => unknown)[] = [
    () => undefined,
    () => null,
    () => pick([true, false]),
    () => pick([0, -0, 1, -1, 0.5, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308]),
    () => pick([0n, -1n, 2n ** 64n, 2n ** 200n]),
    () => pick(["", "\0", "bf16", "\ud800", "x".repeat(5000), TEST_MODEL, "toString"]),
    () => Symbol("s"),
    () => () => {},
    () => [],
    () => [1, 2, 3],
    () => Object.create(null) as object,
    () => ({ length: 2 ** 40 }),
    () => new Int32Array(randomInt(random, 40)).fill(randomInt(random, 400) - 50),
    () => new Uint32Array(pick([0, 1, 8, 9])).fill(pick([0, 1, 2 ** 32 - 1])),
    () => new Float32Array(pick([0, 1, 3])).fill(pick([NaN, 1, Infinity])),
    () => new Float64Array(2),
    () => new BigInt64Array(2),
    () => new DataView(new ArrayBuffer(8)),
    () => new ArrayBuffer(8),
    () => new Int32Array(new SharedArrayBuffer(16)),
    () => detached(),
    () => new Proxy({}, {}),
    () => new Proxy([], { get: () => garbage(depth + 1) }),
    () => new Error("x"),
    () => new Date(),
    () => new Map(),
    () => Promise.resolve(),
    () => addon,
    () => handles[0],
    () => Object.create(handles[0] ?? null) as object,
    () => new Proxy(handles[0] ?? {}, {}),
  ];
  return pick(values)();
}

/** A good value of the function with some of its fields spoilt. */
function spoilt(good: object): object {
  const value: Record<string, unknown> = { ...good };
  for (let i = randomInt(random, 3); i >= 0; i--) {
    const name = pick(Object.keys(good));
    const kind = randomInt(random, 8);
    const how = { enumerable: true, configurable: true };
    if (kind === 0) delete value[name];
    else if (kind === 1 && hostilities > 0) {
      hostilities -= 1;
      Object.defineProperty(value, name, { ...how, get: pick(hostile) });
    } else Object.defineProperty(value, name, { ...how, value: garbage() });
  }
  return value;
}

/** Mostly one of the newest, which decode. */
const handle = (): unknown => {
  const kind = randomInt(random, 8);
  return kind === 0 ? garbage() : kind === 1 ? pick(handles) : pick(handles.slice(-2));
};
const id = (): unknown => (randomInt(random, 8) === 0 ? garbage() : 1 + randomInt(random, 50));
/** Requests that are right keep the engine busy while everything else is wrong. */
const request = (): unknown => {
  const kind = randomInt(random, 8);
  if (kind === 0) return garbage();
  const good = { ...REQUEST, id: id(), masked: kind === 1, maxTokens: 1 + randomInt(random, 100) };
  return kind < 5 ? good : spoilt(good);
};

const FUNCTIONS: { readonly [name in keyof Addon]: () => unknown[] } = {
  describe: () => [garbage()],
  readDevices: () => [garbage()],
  devices: () => [garbage()],
  checkModel: () => [garbage()],
  checkDevice: () => [pick([garbage, () => "cuda:0"])(), pick([garbage, () => "/nowhere"])()],
  load: () => [pick([garbage, () => spoilt(OPTIONS)])(), pick([garbage, () => () => {}])()],
  submit: () => [handle(), request()],
  abort: () => [handle(), id()],
  allowTokens: () => [
    ...[handle(), id(), pick([garbage, () => randomInt(random, 9)])()],
    pick([garbage, () => new Uint32Array(8).fill(randomInt(random, 3))])(),
  ],
  stats: () => [handle()],
  kvEvents: () => [handle(), pick([garbage, () => randomInt(random, 100)])()],
  clearPrefixCache: () => [handle()],
  unload: () => [garbage()],
};

function count(answer: string): void {
  counts.set(answer, (counts.get(answer) ?? 0) + 1);
}

async function callOnce(): Promise<void> {
  const name = pick(Object.keys(FUNCTIONS)) as keyof Addon;
  // Loads start threads, and checks read files: a few are enough.
  if (/^(?:load|checkModel|checkDevice)$/u.test(name) && randomInt(random, 30) !== 0) return;
  const args = FUNCTIONS[name]().slice(0, randomInt(random, 12) === 0 ? 0 : 4);
  try {
    const call = addon[name] as (...args: unknown[]) => unknown;
    const value = Reflect.apply(call, randomInt(random, 9) === 0 ? garbage() : addon, args);
    if (value instanceof Promise) await value;
    count(`${name}: ok`);
  } catch (reason) {
    const { code, constructor } = reason as Error & { code?: string };
    count(`${name}: ${code ?? constructor.name}`);
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

while (loaded < 2) await pause();
for (let i = 0; i < CALLS; i++) {
  await callOnce();
  if (i % 50 === 0) await pause();
  if (i % 5000 === 0 && i > 0) {
    addon.unload(handles.at(-1) as never);
    start();
  }
}
for (const it of handles) addon.unload(it as never);
while (closed < handles.length) await pause();
process.stdout.write(`${JSON.stringify(Object.fromEntries([...counts].toSorted()))}\n`);
