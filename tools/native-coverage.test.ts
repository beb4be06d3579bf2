import { expect, test } from "vitest";

import { byFolder, ranges, type GcovRecord } from "./native-coverage.ts";

function record(file: string, counts: Readonly<Record<number, number>>): GcovRecord {
  const lines = Object.entries(counts).map(([line, count]) => ({
    line_number: Number(line),
    count,
  }));
  return { files: [{ file, lines }] };
}

test("a line counts once, and was run when any object ran it", () => {
  const header = "/engine/comm/team.h";
  const records = [
    record("/engine/comm/team.cpp", { 3: 1, 4: 0, 5: 0, 9: 0, 10: 7 }),
    record(header, { 20: 0, 21: 2 }),
    record(header, { 20: 5, 21: 0, 22: 0 }),
    record("/engine/batch/engine.cpp", { 1: 1 }),
  ];
  const folders = byFolder(records, "/engine");
  expect(folders.map(({ name, lines, run }) => ({ name, lines, run }))).toEqual([
    { name: "batch", lines: 1, run: 1 },
    { name: "comm", lines: 8, run: 4 },
  ]);
  expect(folders[1]?.missed).toEqual(
    new Map([
      ["comm/team.cpp", [4, 5, 9]],
      [header.slice("/engine/".length), [22]],
    ]),
  );
});

test("a template's line that gcov lists once for each instance is one line", () => {
  const { files } = record("/engine/kv/pool.h", { 7: 0 });
  const twice = [...(files[0]?.lines ?? []), { line_number: 7, count: 3 }];
  const [kv] = byFolder([{ files: [{ file: "/engine/kv/pool.h", lines: twice }] }], "/engine");
  expect(kv).toMatchObject({ lines: 1, run: 1 });
});

test("what lies outside of the folders is left out", () => {
  const outside = ["/usr/include/c++/12/vector", "/engine/alone.h", "/engines/comm/team.cpp"];
  expect(
    byFolder(
      outside.map((file) => record(file, { 1: 0 })),
      "/engine",
    ),
  ).toEqual([]);
});

test("missed lines are named by their ranges", () => {
  expect(ranges([3, 4, 5, 9, 11, 12])).toBe("3-5, 9, 11-12");
  expect(ranges([])).toBe("");
});
