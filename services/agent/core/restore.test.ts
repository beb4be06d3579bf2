// What a core knows again after a crash, and what it writes down for the next one.

import { expect, test } from "vitest";
import { onEvents } from "./cluster-core.ts";
import { SPEC, token } from "./desk.fixture.ts";
import { EMPTY_JOURNAL, restoreCore } from "./restore.ts";
import type { FoundDirectory, JournalContent } from "./restore.ts";
import { SIM_CONFIG } from "./simulated-cluster.fixture.ts";
import type { JournalRow } from "./wishes.ts";

const CLAIM = { nativeId: "17", raw: "claim v1 17", atMs: 5 };
const DIRECTORY: FoundDirectory = {
  ...{ token, spec: SPEC, intendedAtMs: 5, nativeId: null },
  status: {
    ...{ token, directoryExists: true, claim: CLAIM, startedAtMs: 5, statusBytes: 10, exit: null },
  },
};
const INTENT: JournalContent = {
  ...EMPTY_JOURNAL,
  commandSeen: 1,
  intents: [{ token, spec: SPEC, atMs: 5 }],
};

/** The rows its first turn writes. */
function firstRows(content: JournalContent, found: readonly FoundDirectory[]): JournalRow[] {
  const rows: JournalRow[] = [];
  const core = restoreCore(SIM_CONFIG, content, found, 1_000);
  const wish = (each: { readonly kind: string; readonly rows?: readonly JournalRow[] }): void => {
    if (each.kind === "journal") rows.push(...(each.rows ?? []));
  };
  onEvents(core, { wish }, [{ kind: "tick" }], 1_000);
  return rows;
}

test("a job known by its claim alone is bound in the journal, so that losing its directory starts nothing", () => {
  const rows = firstRows(INTENT, [DIRECTORY]);
  expect(rows).toContainEqual(expect.objectContaining({ table: "binding", token, nativeId: "17" }));
  const bindings = new Map([[token, { nativeId: "17", atMs: 1_000 }]]);
  const again = restoreCore(SIM_CONFIG, { ...INTENT, bindings }, [], 2_000);
  expect(again.attempts.get(token)?.nativeId).toBe("17");
  expect(again.attempts.get(token)?.state.kind).toBe("bound");
});

test("a job the journal knows as bound is not written down again", () => {
  const bindings = new Map([[token, { nativeId: "17", atMs: 5 }]]);
  const rows = firstRows({ ...INTENT, bindings }, [DIRECTORY]);
  expect(rows.filter(({ table }) => table === "binding")).toEqual([]);
});
