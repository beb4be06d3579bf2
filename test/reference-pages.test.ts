// The pages that list what there is say exactly what the tables in the code say.

import { expect, test } from "vitest";

import { CONFIG_KEYS } from "../services/shared/config/config-keys.ts";
import { METRICS, type MetricSpec } from "../services/shared/telemetry/metric-names.ts";
import { readRepositoryFile } from "./repository.ts";

/** The first cells of a page's table rows, without back quotes. */
function rowsOf(page: string): string[][] {
  return page
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")));
}

test("docs/guides/configuration.md lists every key, section by section", () => {
  const page = readRepositoryFile("docs/guides/configuration.md");
  const sections = page.split(/^## `\[/m).slice(1);
  const listed = Object.fromEntries(
    sections.map((section) => [
      section.slice(0, section.indexOf("]")),
      rowsOf(section).map(([, key]) => key),
    ]),
  );
  const declared = Object.fromEntries(
    Object.entries(CONFIG_KEYS).map(([section, keys]) => [section, Object.keys(keys)]),
  );
  expect(listed).toEqual(declared);
});

test("docs/guides/metrics.md lists every metric with its type, labels and meaning", () => {
  const listed = rowsOf(readRepositoryFile("docs/guides/metrics.md"));
  const declared = Object.entries<MetricSpec>(METRICS).map(([name, spec]) => [
    ...["", name, spec.type, spec.labels.join(", "), spec.help, ""],
  ]);
  expect(listed).toEqual(declared);
});
