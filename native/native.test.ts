// The engine's C++ tests, one executable each, as they are and under sanitizers.

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import {
  buildNative,
  nativeTestNames,
  whyNoBuild,
  type Built,
  type Variant,
} from "../tools/native-build.ts";
import { BUILD_MS_MAX } from "./testing/built-addon.ts";
import { readNativeResult, runNativeTest } from "./testing/native-test.ts";

const RUN_MS_MAX = 180_000;
/** Sanitizers slow a test down by this much. */
const SANITIZED_MS_MAX = 400_000;

const ALL = nativeTestNames();
/**
 * What hostile files and requests reach. Left out: what counts bytes by hand, whole models, numbers
 * and threads alone (those are checked for races), and attention and products: minutes of work, of
 * which it would watch the scalar path alone (CMakeLists.txt). On every path their buffers end
 * where a page begins that nobody may touch (test/exact_bytes.h).
 */
const ADDRESS = ALL.filter((name) => {
  const whole = /^(?:attention|gemm|golden|perplexity|(?:engine_|device_)?model)_test$/u;
  const split = /^tensor_parallel_test$/u;
  const alone = /^(?:numeric|philox|detection|team|all_reduce|memory|sampler)_test$/u;
  return !whole.test(name) && !split.test(name) && !alone.test(name);
});
/**
 * What has more than one thread (all_reduce_test loads a model and runs it by several, too), and
 * the kernels for CUDA devices with the most barriers, which get a real thread for each of their
 * own. The others run as fibers alone, in a drawn order.
 */
const THREAD = ALL.filter((name) =>
  /^(?:team|all_reduce|door|engine|engine_end|cuda_(?:attention|product))_test$/u.test(name),
);

const PLAN: readonly (readonly [Variant, readonly string[]])[] = [
  ["release", ALL],
  ["address", ADDRESS],
  ["thread", THREAD],
];

const missing = whyNoBuild();
const lacks = missing === null ? "" : ` (${missing})`;

const builds = new Map<Variant, Promise<Built>>();

function build(variant: Variant, targets: readonly string[]): Promise<Built> {
  const known = builds.get(variant) ?? buildNative({ variant, targets, strict: true });
  known.catch(() => {}); // Whose tests need it hears of it.
  builds.set(variant, known);
  return known;
}

afterAll(() => Promise.allSettled(builds.values()), BUILD_MS_MAX);

function describeVariant(title: string, variant: Variant): void {
  const at = PLAN.findIndex(([it]) => it === variant);
  const names = PLAN[at]?.[1] ?? [];
  describe.skipIf(missing !== null)(`C++ tests${title}${lacks}`, () => {
    let folder = "";
    beforeAll(async () => {
      ({ folder } = await build(variant, names));
      // The compiler goes on while the tests run.
      const next = PLAN[at + 1];
      if (next !== undefined) void build(...next);
    }, BUILD_MS_MAX);

    const limitMs = variant === "release" ? RUN_MS_MAX : SANITIZED_MS_MAX;
    test.each(names)(
      "%s",
      async (name) => {
        const result = await runNativeTest(folder, name, limitMs, SANITIZER_ENV);
        expect(result.ok, result.output).toBe(true);
        // Where the sanitizer brings its own allocator, nothing can be counted: release does that.
        const counted = (it: string): boolean => !it.endsWith("allocations are the sanitizer's");
        const refused = variant === "release" ? result.refused : result.refused.filter(counted);
        expect(refused).toEqual([]);
        for (const skip of result.excused) {
          process.stdout.write(` skipped, hardware absent: ${name}: ${skip}\n`);
        }
      },
      limitMs + 10_000,
    );
  });
}

/** Every finding ends the run. */
const SANITIZER_ENV = {
  ASAN_OPTIONS: "abort_on_error=0:detect_leaks=1:strict_string_checks=1",
  UBSAN_OPTIONS: "halt_on_error=1:print_stacktrace=1",
  TSAN_OPTIONS: "halt_on_error=1:second_deadlock_stack=1",
};

describeVariant("", "release");
describeVariant(" with addresses and undefined behaviour checked", "address");
describeVariant(" with data races checked", "thread");

test("there are tests, and each kind of sanitizer has some", () => {
  expect(ALL.length).toBeGreaterThan(10);
  expect(ADDRESS.length).toBeGreaterThan(8);
  expect(THREAD.length).toBeGreaterThan(2);
});

test("an executable that fails, dies or skips for anything but hardware does not pass", () => {
  const ended = "ok    adds up\n1 cases, 0 failed, 0 skipped\n";
  expect(readNativeResult(0, ended)).toMatchObject({ ok: true, passed: ["adds up"] });
  expect(readNativeResult(1, ended).ok).toBe(false);
  expect(readNativeResult(null, ended).ok).toBe(false);
  expect(readNativeResult(0, "ok    adds up\n").ok).toBe(false);
  expect(readNativeResult(0, "FAIL  x\n1 cases, 1 failed, 0 skipped\n").ok).toBe(false);
  const skips = "skip  tiles: a processor with AMX\nskip  files: no disk\n2 cases, 0 failed";
  expect(readNativeResult(0, skips)).toMatchObject({
    excused: ["tiles: a processor with AMX"],
    refused: ["files: no disk"],
  });
});
