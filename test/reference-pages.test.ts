// The pages that list what there is say exactly what the tables in the code say.

import { expect, test } from "vitest";

import { completeRequest, ENGINE_DEFAULTS, ENGINE_ERROR_CODES } from "../native/index.ts";
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

/** The first three cells of the tables below a heading of docs/guides/engine.md. */
function engineRows(heading: string): string[][] {
  const page = readRepositoryFile("docs/guides/engine.md");
  const from = page.indexOf(`\n## ${heading}\n`);
  expect(from, heading).toBeGreaterThan(0);
  const section = page.slice(from + 1).split(/^## /m)[1] ?? "";
  return rowsOf(section).map((row) => row.slice(1, 4));
}

test("docs/guides/engine.md lists every option and field with its default, and every code", () => {
  const defaultsOf = (values: object, prefix = ""): string[][] =>
    Object.entries(values).map(([name, value]) => [prefix + name, JSON.stringify(value)]);
  const firstTwo = (heading: string): string[][] =>
    engineRows(heading).map(([name = "", value = ""]) => [name, value]);
  expect(firstTwo("Loading")).toEqual([["folder", "required"], ...defaultsOf(ENGINE_DEFAULTS)]);
  const { prompt: _, sampling, ...rest } = completeRequest({ prompt: [1] });
  expect(firstTwo("Generating")).toEqual([
    ["prompt", "required"],
    ...defaultsOf(rest),
    ...defaultsOf(sampling, "sampling."),
  ]);
  const codes = Object.entries(ENGINE_ERROR_CODES).map(([code, { retry }]) => [code, retry]);
  expect(firstTwo("Failures")).toEqual(codes);
});
