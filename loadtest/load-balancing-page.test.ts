// The guide to load balancing says what was measured: its table is the figures' own, cell by cell.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { SCENARIOS } from "./routing/scenarios.ts";

const GUIDE = readFileSync(new URL("../docs/guides/load-balancing.md", import.meta.url), "utf8");
const RESULTS = readFileSync(new URL(linkedResults(GUIDE), import.meta.url), "utf8");

/** As the guide calls scenarios and policies, and as the figures do. */
const SCENARIO_OF: { readonly [row: string]: string } = {
  steady: "steady",
  "reports every 2 s": "stale 2 s",
  "one worker ten times slower": "one 10x slow",
  "bursts of six times the rate": "bursts",
  "16 routers": "16 routers",
  "150 tenants with 6,016 common tokens each": "tenants",
};
const POLICY_OF: { readonly [head: string]: string } = {
  "`latency`": "latency",
  "`round_robin`": "round_robin",
  "`least_loaded`": "least_loaded",
  "least load last *reported*": "polled",
};

/** The page that the guide calls its figures. */
function linkedResults(page: string): string {
  const [, path = ""] =
    /\[the figures\]\(\.\.\/\.\.\/(loadtest\/results\/[^)#]+)/u.exec(page) ?? [];
  return `../${path}`;
}

/** Rows of the first table whose heading has `column`, by heading. */
function tableWith(page: string, column: string): readonly ReadonlyMap<string, string>[] {
  const lines = page.split("\n");
  const cellsOf = (line: string): string[] =>
    line
      .split("|")
      .slice(1, -1)
      .map((it) => it.trim());
  const isHead = (line: string, i: number): boolean =>
    lines[i + 1]?.startsWith("|---") === true && cellsOf(line).includes(column);
  const at = lines.findIndex(isHead);
  const heads = cellsOf(lines[at] ?? "");
  const rest = lines.slice(at + 2);
  const rows = rest.slice(
    0,
    rest.findIndex((line) => !line.startsWith("|")),
  );
  return rows.map((line) => new Map(cellsOf(line).map((cell, i) => [heads[i] ?? "", cell])));
}

const MEASURED = tableWith(RESULTS, "prefix hits");

function measured(scenario: string, policy: string, column: string): string | undefined {
  const row = MEASURED.find((it) => it.get("scenario") === scenario && it.get("policy") === policy);
  return row?.get(column);
}

test("every cell of its table is the figures' p99 of the first token", () => {
  const rows = tableWith(GUIDE, "`latency`");
  expect(rows.map((row) => row.get("scenario"))).toEqual(Object.keys(SCENARIO_OF));
  for (const row of rows) {
    const scenario = SCENARIO_OF[row.get("scenario") ?? ""] ?? "";
    expect(SCENARIOS.map(({ name }) => name)).toContain(scenario);
    for (const [head, policy] of Object.entries(POLICY_OF)) {
      const cell = measured(scenario, policy, "TTFT p99");
      expect(row.get(head), `${scenario}, ${policy}`).toBe(cell);
      expect(cell, `${scenario}, ${policy}`).toMatch(/^[\d,]+$/u);
    }
  }
});

test("so are the figures in its text", () => {
  const [shared, herding] = ["latency", "least_loaded"].map((policy) =>
    measured("16 routers, shared", policy, "TTFT p99"),
  );
  const text = GUIDE.replaceAll(/\s+/gu, " ");
  expect(text).toContain(`p99 goes to ${shared} with \`latency\` and to ${herding} with`);
  const hits = ["consistent_hash", "latency"].map((policy) =>
    measured("tenants", policy, "prefix hits"),
  );
  expect(text).toContain(`(${hits[0]?.replace(" %", "")} against ${hits[1]})`);
});
