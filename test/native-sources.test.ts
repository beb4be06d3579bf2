// What CMake and the compiler do not look at in the engine's sources: who includes whom, names,
// sizes, heads, and that the package carries all that a build needs.

import { dirname, join, posix } from "node:path";
import { expect, test } from "vitest";

import { readRepositoryFile, repositoryFiles } from "./repository.ts";

const files = repositoryFiles().filter((path) => path.startsWith("native/"));
const sources = files.filter((path) => /\.(?:cpp|h|inl|cu|cuh)$/.test(path));
const scripts = files.filter((path) => path.endsWith(".py"));

const COLUMNS_MAX = 100;
const LINES_MAX = 600;
const BANNED = new Set([
  ...["manager", "helper", "helpers", "util", "utils", "data", "info", "common", "misc"],
]);

/** What a folder may include beside itself: native/README.md in code. */
const BELOW: { readonly [folder: string]: readonly string[] } = {
  core: [],
  device: ["core"],
  kernels_cpu: ["core"],
  comm: ["kernels_cpu", "core"],
  model: ["device", "comm", "kernels_cuda", "kernels_cpu", "core"],
  kv: ["core"],
  sample: ["core"],
  kernels_cuda: ["sample", "kernels_cpu", "core"],
  include: ["model", "kv", "sample", "comm", "core"],
  batch: ["include", "model", "kv", "sample", "comm", "core"],
  door: ["include", "core"],
  binding: ["door", "include", "kernels_cpu", "core"],
  bench: ["*"],
  test: ["*"],
};

interface Include {
  readonly from: string;
  readonly line: number;
  readonly name: string;
  /** The file it means; null: none of ours. */
  readonly to: string | null;
}

function includesOf(path: string, text: string, known: ReadonlySet<string>): Include[] {
  const found: Include[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const name = /^\s*#\s*include\s+"([^"]+)"/.exec(line)?.[1];
    if (name === undefined) continue;
    // The search order that CMakeLists.txt gives: beside, native/, native/include.
    const places = [posix.join(dirname(path), name), `native/${name}`, `native/include/${name}`];
    const to = places.find((place) => known.has(place)) ?? null;
    found.push({ from: path, line: index + 1, name, to });
  }
  return found;
}

const folderOf = (path: string): string => path.split("/")[1] ?? "";

/** Why the include is refused; null when it is not. */
function refusal({ from, line, name, to }: Include): string | null {
  if (to === null) return `${from}:${line}: ${name} is no file of ours`;
  const [inside, below] = [folderOf(from), BELOW[folderOf(from)]];
  if (below === undefined) return `${from}: native/${inside} has no place in BELOW`;
  const folder = folderOf(to);
  if (folder === inside || below.includes("*") || below.includes(folder)) return null;
  return `${from}:${line}: ${inside} does not stand on ${folder}`;
}

const known = new Set(files);
const includes = sources.flatMap((path) => includesOf(path, readRepositoryFile(path), known));

test("the checks saw the tree", () => {
  expect(sources.length).toBeGreaterThan(80);
  expect(includes.length).toBeGreaterThan(200);
});

test("a folder includes only what stands below it", () => {
  expect(includes.map(refusal).filter((why) => why !== null)).toEqual([]);
});

test("an include upwards, sideways or out of nowhere is refused", () => {
  const judge = (path: string, include: string): (string | null)[] =>
    includesOf(path, `#include "${include}"\n#include <vector>\n`, known).map(refusal);
  expect(judge("native/core/x.cpp", "kernels_cpu/kernels.h")).toHaveLength(1);
  expect(judge("native/core/x.cpp", "kernels_cpu/kernels.h")[0]).toMatch(/core does not stand on/);
  expect(judge("native/kv/x.h", "sample/sampler.h")[0]).toMatch(/kv does not stand on sample/);
  expect(judge("native/model/x.h", "engine/engine.h")[0]).toMatch(/does not stand on include/);
  expect(judge("native/core/x.h", "core/nowhere.h")[0]).toMatch(/no file of ours/);
  expect(judge("native/attic/x.h", "core/error.h")[0]).toMatch(/no place in BELOW/);
  expect(judge("native/binding/x.cpp", "engine/engine.h")).toEqual([null]);
  expect(judge("native/test/x_test.cpp", "binding/values.h")).toEqual([null]);
});

test("only the binding sees Node-API", () => {
  const seen = sources.filter((path) =>
    /#\s*include\s*<(?:node_api|js_native_api|napi)\.h>/.test(readRepositoryFile(path)),
  );
  expect(seen.length).toBeGreaterThan(2);
  expect(seen.filter((path) => folderOf(path) !== "binding")).toEqual([]);
});

test("names are snake_case, and no file is a drawer", () => {
  const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
  const odd = [...sources, ...scripts].filter(
    (path) => !/^[a-z][a-z0-9_]*\.[a-z]+$/.test(nameOf(path)),
  );
  expect(odd).toEqual([]);
  const drawers = sources.filter((path) =>
    nameOf(path)
      .split(/[_.]/)
      .some((word) => BANNED.has(word)),
  );
  expect(drawers).toEqual([]);
});

test(`no source is over ${LINES_MAX} lines, and lines end by column ${COLUMNS_MAX}`, () => {
  const long = sources.flatMap((path) => {
    const lines = readRepositoryFile(path).split("\n");
    const wide = lines.findIndex((line) => Array.from(line).length > COLUMNS_MAX);
    return [
      ...(lines.length - 1 > LINES_MAX ? [`${path}: ${lines.length - 1} lines`] : []),
      ...(wide >= 0 ? [`${path}:${wide + 1}: over ${COLUMNS_MAX} columns`] : []),
    ];
  });
  expect(long).toEqual([]);
});

test("a file says at its head what it is", () => {
  expect(sources.filter((path) => !readRepositoryFile(path).startsWith("//"))).toEqual([]);
});

test("the package carries every source that the addon is built from", () => {
  const { files: patterns } = JSON.parse(readRepositoryFile("package.json")) as { files: string[] };
  const folders = new Set(
    patterns.filter((it) => it.startsWith("native/")).map((it) => it.slice("native/".length)),
  );
  const lists = readRepositoryFile("native/CMakeLists.txt").matchAll(/^signalbox_library\((\w+)/gm);
  const built = [...lists].map((match) => match[1] ?? "");
  expect(built.length).toBeGreaterThan(5);
  const needed = ["CMakeLists.txt", "include", "binding", "install.mjs", ...built];
  expect(needed.filter((it) => !folders.has(it))).toEqual([]);
  const leaving = includes.filter(
    ({ from, to }) => to !== null && folders.has(folderOf(from)) && !folders.has(folderOf(to)),
  );
  expect(leaving.map(({ from, name }) => join(from, name))).toEqual([]);
});
