// The addon against programs that use it wrongly or end in the middle, on every Node it is for.
// Each runs in a process of its own: a crash would take the tests along.

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";

import { ADDON_VARIABLE, findAddon, requireAddon, whyNoEngine } from "./binding.ts";
import { builtAddon, BUILD_MS_MAX, TEST_MODEL, WHY_NO_ADDON } from "./testing/built-addon.ts";
import { findNode, NODE_MAJORS } from "./testing/node-versions.ts";

const run = promisify(execFile);
const lacks = WHY_NO_ADDON === null ? "" : ` (${WHY_NO_ADDON})`;
const TESTING = join(import.meta.dirname, "testing");
const RUN_MS_MAX = 120_000;

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function runFixture(name: string, ...args: string[]): Promise<Ended> {
  const options = { encoding: "utf8", timeout: RUN_MS_MAX, killSignal: "SIGKILL" } as const;
  try {
    const ran = await run(process.execPath, [join(TESTING, name), ...args], options);
    return { code: 0, signal: null, ...ran };
  } catch (reason) {
    const { code, signal, stdout, stderr } = reason as Ended;
    return { code, signal, stdout, stderr };
  }
}

/** Scenario of misuse.fixture.ts, exit code, what it says. */
const SCENARIOS: readonly (readonly [string, number, string])[] = [
  ["double unload", 0, "unavailable\n"],
  ["unload while decoding", 0, "aborted\nunavailable\n"],
  ["cancelled in the turn that says it is ready", 0, "unavailable\n"],
  ["abort after end", 0, "length\nstill here\n"],
  ["process.exit while decoding", 5, ""],
  ["process.exit while loading", 5, ""],
  ["process.exit in a chunk's turn", 5, ""],
  ["an uncaught exception while decoding", 1, ""],
  ["an unhandled rejection while decoding", 1, ""],
  ["the end of the program with an idle engine", 0, "length\n"],
  ["the end of the program while nobody reads", 0, "started\n"],
  ["SIGTERM while decoding", 5, ""],
  ["a worker ended while decoding", 0, "1\n"],
  ["a worker ended while loading", 0, "1\n"],
  ["a worker that exits while decoding", 0, "6\n"],
  ["process.exit while a worker decodes", 5, ""],
  ["engines in workers, one after another and at once", 0, "all ended\n"],
];

describe.skipIf(WHY_NO_ADDON !== null)(`the addon${lacks}`, () => {
  beforeAll(builtAddon, BUILD_MS_MAX);

  test.each(SCENARIOS)(
    "survives: %s",
    async (scenario, code, said) => {
      const ended = await runFixture("misuse.fixture.ts", scenario);
      expect(ended, ended.stderr).toMatchObject({ code, signal: null, stdout: said });
      const caught = code === 1 ? "nobody catches this" : "";
      expect(ended.stderr).toContain(caught);
      if (code !== 1) expect(ended.stderr).toBe("");
    },
    RUN_MS_MAX + 10_000,
  );

  test("thirty thousand calls with every kind of wrong value crash nothing", async () => {
    const seed = String(Date.now() % 1_000_000);
    process.stdout.write(` fuzzing the addon with seed ${seed}\n`);
    const ended = await runFixture("fuzz-addon.fixture.ts", seed);
    expect(ended, ended.stderr).toMatchObject({ code: 0, signal: null });
    const counts = JSON.parse(ended.stdout) as { readonly [answer: string]: number };
    const sum = (pattern: RegExp): number =>
      Object.entries(counts).reduce((all, [name, n]) => all + (pattern.test(name) ? n : 0), 0);
    expect(sum(/./u)).toBeGreaterThan(20_000);
    // It saw the right, the wrong and the late of everything.
    for (const name of [
      "submit",
      "abort",
      "allowTokens",
      "stats",
      "kvEvents",
      "clearPrefixCache",
    ]) {
      for (const answer of ["ok", "invalid_request", "unavailable"]) {
        expect(sum(new RegExp(`^${name}: ${answer}$`, "u")), `${name}: ${answer}`).toBeGreaterThan(
          5,
        );
      }
    }
    expect(sum(/: internal$/u)).toBe(0);
  });

  const expected = { ids: expect.any(Array) as number[], ends: ["1 length", "2 aborted"] };
  const said: { readonly ids: readonly number[] }[] = [];
  for (const major of NODE_MAJORS) {
    const node = findNode(major);
    test.skipIf(node === null)(
      `loads and generates on Node ${major}${node === null ? " (npm run setup -- node)" : ""}`,
      async () => {
        const script = join(TESTING, "old-node.cjs");
        const ran = await run(node ?? "", [script, await builtAddon(), TEST_MODEL]);
        const answer = JSON.parse(ran.stdout) as { node: string; ids: number[] };
        expect(answer).toMatchObject({ ...expected, node: expect.stringMatching(`^${major}\\.`) });
        expect(answer.ids).toHaveLength(20);
        said.push(answer);
        expect(answer.ids).toEqual(said[0]?.ids);
      },
      RUN_MS_MAX,
    );
  }

  test("it says which paths it has, which it takes, and why not the others", () => {
    const { facts } = requireAddon();
    expect(facts.paths.map((it) => it.name)).toEqual(
      expect.arrayContaining(["scalar", "reference"]),
    );
    const taken = facts.paths.find((it) => it.name === facts.fastest);
    expect(taken?.whyNotHere).toBeNull();
    expect(facts.numerics).toBe("portable");
  });
});

describe("where there is no addon", () => {
  test("importing throws nothing, and the reason names the way out", async () => {
    const nowhere = { ...process.env, [ADDON_VARIABLE]: "/nowhere/signalbox_engine.node" };
    const front = JSON.stringify(join(import.meta.dirname, "index.ts"));
    const script = `const { whyNoEngine, loadEngine } = await import(${front});
      process.stdout.write(whyNoEngine() + "\\n");
      await loadEngine({ folder: "m" }).catch((it) => process.stdout.write(it.code + it.message));`;
    const args = ["--input-type=module", "--eval", script];
    const { stdout } = await run(process.execPath, args, { env: nowhere });
    const [why, thrown] = stdout.split("\n");
    expect(why).toMatch(/SIGNALBOX_ENGINE names .*which is not there; run `npm run build:native`/u);
    expect(thrown).toBe(`unavailable${why}`);
  });

  test("a file that is no addon is refused in the loader's words", () => {
    const directory = tempDirectory("no-addon");
    const broken = join(directory.path, "broken.node");
    writeFileSync(broken, "not a library");
    try {
      vi.stubEnv(ADDON_VARIABLE, broken);
      expect(whyNoEngine()).toMatch(/cannot be loaded: .*broken\.node.*npm run build:native/u);
      expect(findAddon().addon).toBeNull();
      vi.stubEnv(ADDON_VARIABLE, import.meta.filename);
      expect(whyNoEngine()).toMatch(/is no \.node file/u);
    } finally {
      vi.unstubAllEnvs();
      directory.remove();
    }
  });
});
