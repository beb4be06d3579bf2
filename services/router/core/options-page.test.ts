// docs/protocols/routing.md names every option of routing with its default.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ADMISSION_DEFAULTS } from "./admission.ts";
import { BREAKER_DEFAULTS, FLEET_DEFAULTS } from "./options.ts";
import { RETRY_BUDGET_DEFAULTS } from "./retry-budget.ts";

const page = readFileSync(new URL("../../../docs/protocols/routing.md", import.meta.url), "utf8");

test("the routing page has every option, with the default that it has here", () => {
  const options = [
    ...[FLEET_DEFAULTS, BREAKER_DEFAULTS, ADMISSION_DEFAULTS, RETRY_BUDGET_DEFAULTS],
  ].flatMap((table) => Object.entries(table));
  let checked = 0;
  for (const [name, value] of options) {
    if (typeof value === "object") continue;
    const shown = typeof value === "number" ? value.toLocaleString("en-US") : String(value);
    expect(page).toContain(`| \`${name}\` | ${shown} |`);
    checked += 1;
  }
  expect(checked).toBeGreaterThan(40);
});
