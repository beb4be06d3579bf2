// What `npm run engines` makes of its parts: which are tried, what each came to, how it exits. The
// parts themselves are too heavy for every run.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import {
  choose,
  exitCodeOf,
  NotHad,
  summaryOf,
  tryPart,
  type Outcome,
  type Part,
  type Result,
} from "./part.ts";
import { runChild, tailOf } from "./run-child.ts";

const provided = { version: "1.2.3", run: () => Promise.resolve(null) };

function part(name: string, more: Partial<Part> = {}): Part {
  const provide = (): Promise<typeof provided> => Promise.resolve(provided);
  return { name, group: "clients", isAskedFor: false, provide, ...more };
}

const PARTS = [part("openai"), part("llm"), part("k6", { group: "load" })];

function result(name: string, outcome: Outcome): Result {
  return { part: part(name), seconds: 3, outcome };
}

const PASSED = result("openai", { kind: "passed", version: "2.54.0" });
const FAILED = result("llm", { kind: "failed", version: "0.3", reason: "llm ended with 1\nat\nX" });
const SKIPPED = result("k6", { kind: "skipped", reason: "no Go to build it: install one" });

test("a name, a group's name and no name choose, and another one is refused", () => {
  const names = (...asked: string[]): string[] => choose(PARTS, asked).map(({ name }) => name);
  expect(names()).toEqual(["openai", "llm", "k6"]);
  expect(names("clients")).toEqual(["openai", "llm"]);
  expect(names("load", "llm")).toEqual(["llm", "k6"]);
  expect(() => names("llm", "lm")).toThrow("lm: no such part or group");
});

test("a failure exits with 1; what was named and could not be had with 3", () => {
  expect(exitCodeOf([PASSED], [])).toBe(0);
  expect(exitCodeOf([PASSED, SKIPPED], [])).toBe(0);
  expect(exitCodeOf([PASSED, SKIPPED], ["k6"])).toBe(3);
  expect(exitCodeOf([SKIPPED], ["load"])).toBe(3);
  expect(exitCodeOf([SKIPPED, FAILED], ["k6"])).toBe(1);
});

test("the summary has a line for each, why not, and the counts", () => {
  expect(summaryOf([PASSED, FAILED, SKIPPED]).split("\n")).toEqual([
    "passed   openai           3 s  2.54.0",
    "failed   llm              3 s  0.3",
    "         llm ended with 1 … X",
    "skipped  k6               3 s",
    "         no Go to build it: install one",
    "1 passed, 1 failed, 1 skipped",
  ]);
});

test("whatever goes wrong is its outcome; what takes gigabytes is got only by its name", async () => {
  const asked: boolean[] = [];
  const provide = (mayGet: boolean): Promise<typeof provided> => {
    asked.push(mayGet);
    return mayGet ? Promise.resolve(provided) : Promise.reject(new NotHad("not here"));
  };
  const large = part("vllm", { isAskedFor: true, provide });
  expect(await tryPart(large, ["servers"])).toEqual({ kind: "skipped", reason: "not here" });
  expect(await tryPart(large, ["vllm"])).toEqual({ kind: "passed", version: "1.2.3" });
  expect(asked).toEqual([false, true]);
  const run = (): Promise<string> => Promise.resolve("it said no");
  const refused = part("x", { provide: () => Promise.resolve({ version: "2", run }) });
  expect(await tryPart(refused, [])).toEqual({
    ...{ kind: "failed", version: "2", reason: "it said no" },
  });
  const broken = part("x", { provide: () => Promise.reject(new Error("boom")) });
  expect(await tryPart(broken, [])).toMatchObject({ kind: "failed", reason: "boom" });
});

test("a program has its time, and ends with all that it started", async () => {
  const directory = tempDirectory("run-child");
  onTestFinished(directory.remove);
  const logFile = join(directory.path, "log");
  const run = (code: string, msMax = 20_000): Promise<string | null> =>
    runChild(["sh", "-c", code], { logFile, msMax });
  expect(await run("echo first; echo; echo second")).toBeNull();
  expect(tailOf(logFile, 2)).toBe("first\nsecond");
  expect(await run("exit 7")).toBe("ended with 7");
  expect(await runChild(["/no/such"], { logFile, msMax: 1 })).toMatch(
    /^could not be started: .*ENOENT/u,
  );
  expect(await run("sleep 600 & echo $!; wait", 500)).toBe("took more than 0.5 s");
  const child = Number(tailOf(logFile, 1));
  expect(child).toBeGreaterThan(1);
  await waitFor(() => !runs(child), 5_000, "what it started to end");
});

/** Zombies do not. */
function runs(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}
