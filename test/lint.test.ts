// The linter's own test: a small tree with one fault per file, so that a rule that went missing, or
// a pattern that matches nothing, shows.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

import { tempDirectory } from "../services/shared/testing/temp-directory.ts";
import { ROOT } from "./repository.ts";

const directory = tempDirectory("lint");
const tree = directory.path;

/** Path, text, the rule that must object (`null` for none). */
const cases: [string, string, string | null][] = [
  ["services/a/core/date.ts", "export const t = Date.now();", "no-restricted-properties"],
  ["services/a/core/chance.ts", "export const r = Math.random();", "no-restricted-properties"],
  ["services/a/core/env.ts", "export const e = process.env;", "no-restricted-globals"],
  ["services/a/core/timer.ts", "setTimeout(() => {}, 1);", "no-restricted-globals"],
  ["services/a/core/io.ts", 'export const f = () => fetch("http://x");', "no-restricted-globals"],
  ["services/shared/base/date.ts", "export const t = Date.now();", "no-restricted-properties"],
  ["services/a/shell.ts", "export const t = Date.now();", null],
  ["services/a/core/x.test.ts", "export const t = Date.now();", null],
  ["services/a/console.ts", 'console.log("x");', "no-console"],
  ["tools/console.ts", 'console.log("x");', null],
  ["services/a/equal.ts", 'export const e = (a: string) => a == "x";', "eqeqeq"],
  [
    "services/a/floating.ts",
    "async function f(): Promise<void> {}\nexport function g(): void {\n  f();\n}",
    "no-floating-promises",
  ],
  [
    "services/a/union.ts",
    'export function f(k: "a" | "b"): number {\n  switch (k) {\n    case "a":\n      return 1;\n  }\n' +
      "  return 0;\n}",
    "switch-exhaustiveness-check",
  ],
  ["services/a/thrown.ts", 'export function f(): never {\n  throw "x";\n}', "only-throw-error"],
  [
    "services/a/types.ts",
    'import { T } from "./t.ts";\nexport const t: T = 1;',
    "consistent-type-imports",
  ],
  ["services/a/t.ts", "export type T = number;", null],
  ["services/a/any.ts", "export const a = (x: any): unknown => x;", "no-explicit-any"],
  [
    "services/a/ring-a.ts",
    'import { b } from "./ring-b.ts";\nexport const a = () => b;',
    "no-cycle",
  ],
  [
    "services/a/ring-b.ts",
    'import { a } from "./ring-a.ts";\nexport const b = () => a;',
    "no-cycle",
  ],
];

interface Finding {
  readonly code?: string;
  readonly filename: string;
}
let findings: readonly Finding[] = [];

beforeAll(() => {
  for (const [path, text] of cases) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), `${text}\n`);
  }
  symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
  cpSync(join(ROOT, ".oxlintrc.json"), join(tree, ".oxlintrc.json"));
  cpSync(join(ROOT, "tsconfig.json"), join(tree, "tsconfig.json"));
  const oxlint = join(ROOT, "node_modules", ".bin", "oxlint");
  const linted = spawnSync(oxlint, ["-f", "json", "services", "tools"], {
    cwd: tree,
    encoding: "utf8",
  });
  if (linted.error) throw linted.error;
  const { stdout } = linted;
  findings = (JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics;
});

afterAll(directory.remove);

test.each(cases.map(([path, , rule]) => [path, rule ?? "nothing"]))("%s: %s", (path, rule) => {
  const codes = findings.filter((it) => it.filename.endsWith(path)).map((it) => it.code ?? "");
  if (rule === "nothing") expect(codes).toEqual([]);
  else expect(codes.filter((code) => code.includes(rule))).toHaveLength(1);
});
