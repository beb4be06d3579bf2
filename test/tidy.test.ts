// What neither the compiler, the linter nor the formatter looks at.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

import { readRepositoryFile, repositoryFiles, ROOT } from "./repository.ts";

const files = repositoryFiles();
const isGenerated = (path: string): boolean => path.startsWith("proto/gen/");
const sources = files.filter((path) => /\.(?:ts|mts|js|mjs)$/.test(path) && !isGenerated(path));
const texts = files.filter(
  (path) =>
    /\.(?:ts|mts|js|mjs|json|md|proto|sh|yaml|yml|toml|conf|txt)$|\/run$/.test(path) &&
    !isGenerated(path) &&
    path !== "package-lock.json",
);

const COLUMNS_MAX = 100;
const LINES_MAX = 600;

/** Files that may be longer than LINES_MAX, each with its reason. */
const LONG_FILES: ReadonlyMap<string, string> = new Map([
  ["services/scheduler/core/cores.test.ts", "four cores' stories, told with one set of builders"],
]);

const BANNED_WORDS: ReadonlyMap<string, string> = new Map([
  ["manager", "name what it manages by what it does"],
  ["helper", "name what it helps with"],
  ["helpers", "name what they help with"],
  ["util", "name the idea"],
  ["utils", "name the idea"],
  ["data", "name what it is"],
  ["info", "name what it says"],
  ["common", "name what is shared"],
  ["misc", "name the idea"],
]);

/** Wire names that were there before this rule: a file of a protocol is named by its package. */
const NAMED_BEFORE = new Set(["proto/signalbox/control/v1/common.proto"]);

/** Each line of `path` with its number, from 1. */
function linesOf(path: string): [number, string][] {
  return readRepositoryFile(path)
    .split("\n")
    .map((line, index) => [index + 1, line]);
}

/** `PATH:LINE: WHY` of every line `judge` objects to. */
function objections(
  paths: string[],
  judge: (line: string, path: string) => string | null,
): string[] {
  return paths.flatMap((path) =>
    linesOf(path).flatMap(([number, line]) => {
      const why = judge(line, path);
      return why === null ? [] : [`${path}:${number}: ${why}`];
    }),
  );
}

function overlong(line: string): string | null {
  if (Array.from(line).length <= COLUMNS_MAX) return null;
  // What the formatter cannot break: an address, or a literal that is most of the line.
  if (/https?:\/\//.test(line) || /(["'`/])(?:(?!\1).){40,}\1/.test(line)) return null;
  return `over ${COLUMNS_MAX} columns`;
}

test("the checks saw the tree", () => {
  expect(sources.length).toBeGreaterThan(100);
  expect(texts.length).toBeGreaterThan(sources.length);
});

test("lines end by column 100, also in comments", () => {
  const paths = [...sources, ...files.filter((path) => path.endsWith(".proto"))];
  expect(objections(paths, overlong)).toEqual([]);
});

test("no file is a drawer", () => {
  const bad = files.flatMap((path) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (!/\.(?:ts|mts|js|mjs|proto)$/.test(name) || isGenerated(path)) return [];
    if (NAMED_BEFORE.has(path)) return [];
    const word = name.split(/[-_.]/).find((part) => BANNED_WORDS.has(part));
    return word === undefined ? [] : [`${path}: ${word}: ${BANNED_WORDS.get(word)}`];
  });
  expect(bad).toEqual([]);
});

test("source files are kebab-case", () => {
  const bad = sources.filter(
    (path) => !/^[a-z0-9.-]+$/.test(path.slice(path.lastIndexOf("/") + 1)),
  );
  expect(bad).toEqual([]);
});

test(`no source is over ${LINES_MAX} lines but those with a reason`, () => {
  const long = sources.filter((path) => linesOf(path).length - 1 > LINES_MAX);
  expect(long.filter((path) => !LONG_FILES.has(path))).toEqual([]);
  expect([...LONG_FILES.keys()].filter((path) => !long.includes(path))).toEqual([]);
});

test("a file says at its head what it is", () => {
  const own = sources.filter((path) => !path.endsWith(".test.ts"));
  const bare = own.filter((path) => {
    const first = readRepositoryFile(path).replace(/^#!.*\n/, "");
    return !first.startsWith("//") && !first.startsWith("/*");
  });
  expect(bare).toEqual([]);
});

test("no test runs alone and none waits to be written; a skip is the reporter's to judge", () => {
  const tests = sources.filter((path) => path.endsWith(".test.ts"));
  const pattern = new RegExp(String.raw`\b(?:test|it|describe)\.(?:only|todo)\b`);
  expect(objections(tests, (line) => (pattern.test(line) ? "only or todo" : null))).toEqual([]);
});

test("services write to the log or to their output, never to a console", () => {
  const services = sources.filter((path) => /^(?:services|cluster-adapters)\//.test(path));
  const judge = (line: string, path: string): string | null =>
    /^\s*console\./.test(line) && !path.endsWith(".test.ts") ? "console" : null;
  expect(objections(services, judge)).toEqual([]);
});

test("no path of the machine it was written on", () => {
  const pattern = new RegExp(String.raw`(?<![\w.$}/-])/(?:work|root)/[\w.]`);
  const judge = (line: string): string | null => (pattern.test(line) ? "a machine's path" : null);
  expect(objections(texts, judge)).toEqual([]);
});

test("links in Markdown lead somewhere", () => {
  const broken = files
    .filter((path) => path.endsWith(".md"))
    .flatMap((path) => brokenLinks(path, readRepositoryFile(path)));
  expect(broken).toEqual([]);
});

test("a broken link is found", () => {
  const text = "# Here\n[a](#here) [b](#gone) [c](nowhere.md) [d](https://x.org) `[e](f.md)`\n";
  expect(brokenLinks("README.md", text)).toEqual(["README.md: #gone", "README.md: nowhere.md"]);
});

function brokenLinks(path: string, markdown: string): string[] {
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "");
  const targets = [...prose.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].map(
    (match) => match[1] ?? "",
  );
  return targets
    .filter((target) => !/^(?:[a-z]+:|\/\/)/.test(target))
    .filter((target) => !leadsSomewhere(path, markdown, target))
    .map((target) => `${path}: ${target}`);
}

function leadsSomewhere(path: string, markdown: string, target: string): boolean {
  const [to = "", anchor] = target.split("#");
  const file = to === "" ? path : join(dirname(path), decodeURIComponent(to));
  if (to !== "" && !existsSync(join(ROOT, file))) return false;
  if (anchor === undefined || !file.endsWith(".md")) return true;
  const text = to === "" ? markdown : readRepositoryFile(file);
  const headings = [...text.matchAll(/^#{1,6}\s+(.*)$/gm)].map((match) => anchorOf(match[1] ?? ""));
  return headings.includes(anchor);
}

/** The way GitHub makes them. */
function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");
}
