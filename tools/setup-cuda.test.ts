// The CUDA toolkit from wheels, with a pip that brings what the test says.

import { createHash } from "node:crypto";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test, vi } from "vitest";

import { findCudaToolchain, pinnedToolkit, WHEEL_PINS, type WheelPins } from "./cuda-toolchain.ts";
import { setupCuda } from "./setup-cuda.ts";

const root = mkdtempSync(join(tmpdir(), "signalbox-setup-cuda-"));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

/**
 * A wheel's bytes are its name. NVCC_EXIT is what the compiler of the toolkit ends with; a wheel
 * named in FAIL does not come.
 */
const PIP = `#!/bin/sh
shift 2
echo "$*" >> "${root}/calls"
case "$1" in
  download)
    while [ "$1" != --dest ]; do shift; done
    name=\${3%%=*}
    [ "$name" = "$FAIL" ] && { echo "no route to $name" >&2; exit 1; }
    mkdir -p "$2" && printf %s "$name" > "$2/$name.whl" ;;
  install)
    while [ "$1" != --target ]; do shift; done
    mkdir -p "$2/nvidia/cu13/bin" "$2/nvidia/cu13/lib"
    printf '#!/bin/sh\\necho no g++ >&2\\nexit %s\\n' "$NVCC_EXIT" > "$2/nvidia/cu13/bin/nvcc"
    chmod 755 "$2/nvidia/cu13/bin/nvcc"
    : > "$2/nvidia/cu13/bin/cuobjdump"
    : > "$2/nvidia/cu13/lib/libcudart.so.13" ;;
esac
`;
const pins: WheelPins = {
  release: "13.0",
  wheels: ["one", "two"].map((name) => ({
    ...{ name, version: "1", megabytes: 1 },
    sha256: createHash("sha256").update(name).digest("hex"),
  })),
};
const calls = (): number => readFileSync(join(root, "calls"), "utf8").trim().split("\n").length;
const setup = (cache: string, of: WheelPins = pins): string => setupCuda(cache, () => {}, of);

beforeEach(() => {
  writeFileSync(join(root, "python3"), PIP, { mode: 0o755 });
  writeFileSync(join(root, "calls"), "");
  vi.stubEnv("PATH", `${root}:/usr/bin:/bin`);
  vi.stubEnv("FAIL", "");
  vi.stubEnv("NVCC_EXIT", "0");
});

test("the toolkit is put together from pinned wheels, and the second time is there", () => {
  const cache = join(root, "whole");
  const folder = setup(cache);
  expect(folder).toBe(pinnedToolkit(cache, pins));
  expect(readlinkSync(join(folder, "lib64"))).toBe("lib");
  expect(readlinkSync(join(folder, "lib", "libcudart.so"))).toBe("libcudart.so.13");
  expect(existsSync(join(cache, "cuda-13.0.wheels"))).toBe(false);
  expect(calls()).toBe(3);
  expect(setup(cache)).toBe(folder);
  expect(calls()).toBe(3);
});

test("a setup that was ended goes on with the wheels that have come", () => {
  const cache = join(root, "again");
  vi.stubEnv("FAIL", "two");
  expect(() => setup(cache)).toThrow(/could not fetch two 1 .*no route to two.*run this again/);
  expect(existsSync(pinnedToolkit(cache, pins))).toBe(false);
  vi.stubEnv("FAIL", "");
  writeFileSync(join(root, "calls"), "");
  setup(cache);
  expect(readFileSync(join(root, "calls"), "utf8")).toMatch(/^download .*two==1\ninstall .*\n$/);
});

test("a wheel with another hash than the pinned one is refused and not kept", () => {
  const cache = join(root, "other");
  const other = { ...pins, wheels: pins.wheels.map((it) => ({ ...it, sha256: "0".repeat(64) })) };
  const refusal = /SHA-256 of one 1 is [0-9a-f]{64}, pinned is 0{64}: not installed/;
  expect(() => setup(cache, other)).toThrow(refusal);
  expect(existsSync(join(cache, "cuda-13.0.wheels", "0".repeat(64)))).toBe(false);
  expect(existsSync(pinnedToolkit(cache, other))).toBe(false);
});

test("a toolkit that builds nothing does not appear", () => {
  const cache = join(root, "broken");
  vi.stubEnv("NVCC_EXIT", "1");
  expect(() => setup(cache)).toThrow(/does not build a program .*no g\+\+/);
  expect(existsSync(pinnedToolkit(cache, pins))).toBe(false);
});

test("a compiler is looked for where CUDACXX says, then in the cache, and else is asked for", () => {
  const cache = join(root, "empty");
  const env = { SIGNALBOX_CACHE: cache };
  expect(findCudaToolchain(env)).toMatch(/npm run setup -- cuda/);
  expect(findCudaToolchain({ ...env, CUDACXX: "/nowhere/nvcc" })).toMatch(
    /CUDACXX names \/nowhere/,
  );
  const whole = setup(join(root, "whole"));
  const named = { ...env, CUDACXX: join(whole, "bin", "nvcc") };
  expect(findCudaToolchain({ ...named, PATH: root })).toMatch(/gcc, which is not in PATH/);
  expect(findCudaToolchain({ ...named, NVCC_CCBIN: "clang++" })).toEqual({
    nvcc: join(whole, "bin", "nvcc"),
    cuobjdump: join(whole, "bin", "cuobjdump"),
  });
});

test("the pins are whole", () => {
  expect(WHEEL_PINS.wheels.length).toBeGreaterThan(5);
  for (const { version, sha256 } of WHEEL_PINS.wheels) {
    expect(version).toMatch(/^13\.\d+\.\d+$/);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  }
});
