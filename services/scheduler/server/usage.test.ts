// Usage over real gRPC and REST, on a real engine and log.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Failure } from "#shared/base/errors.ts";
import { TestScheduler } from "../scheduler.fixture.ts";
import type { Clients } from "../scheduler.fixture.ts";

let scheduler: TestScheduler;
let api: Clients;
beforeAll(async () => {
  scheduler = await TestScheduler.start(60_000);
  api = scheduler.clients();
});
afterAll(() => scheduler.end());

const JOURNAL = "ab".repeat(16);
const CELL = {
  ...{ namespace: "lab", day: 20_574, key: "ada", model: "m", requests: 2, failed: 1 },
  ...{ promptTokens: 30, cachedTokens: 10, completionTokens: 50, workerMs: 1_250 },
};

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "OK",
    (reason: Failure) => reason.code,
  );
}

async function requestsOf(namespace: string): Promise<number> {
  const { cells } = await scheduler.clients().usage.getUsage({ namespace });
  return (cells ?? []).reduce((sum, { requests }) => sum + (requests ?? 0), 0);
}

test("a piece counts once, also when its answer was lost and the scheduler was restarted", async () => {
  const piece = { journal: JOURNAL, from: 0, to: 900, cells: [CELL, { ...CELL, day: 20_575 }] };
  expect(await api.usage.postUsage(piece)).toMatchObject({ refused: [] });
  await api.usage.postUsage(piece);
  expect(await requestsOf("lab")).toBe(4);
  await scheduler.close();
  await scheduler.open();
  const again = scheduler.clients();
  await again.usage.postUsage(piece);
  expect(await requestsOf("lab")).toBe(4);
  expect(await codeOf(again.usage.postUsage({ ...piece, from: 800, to: 1_000 }))).toBe("CONFLICT");
  await again.usage.postUsage({ ...piece, from: 900, to: 1_000, cells: [CELL] });
  expect(await requestsOf("lab")).toBe(6);
  const { cells } = await again.usage.getUsage({
    ...{ namespace: "lab", fromDay: 20_575, toDay: 20_575 },
  });
  expect(cells).toMatchObject([{ ...CELL, day: 20_575 }]);
});

test("REST tells it by day", async () => {
  const posted = { journal: "cd".repeat(16), from: 0, to: 1, cells: [{ ...CELL, namespace: "x" }] };
  await scheduler.clients().usage.postUsage(posted);
  const response = await scheduler.rest("GET", "/v1/usage?namespace=x&from=2026-05-01");
  expect(response.status).toBe(200);
  const { namespace, day: _, ...rest } = CELL;
  expect(await response.json()).toEqual({
    usage: [{ namespace: "x", day: "2026-05-01", ...rest }].map((each) => ({
      ...each,
      namespace: namespace === "lab" ? "x" : "",
    })),
  });
  const bad = await scheduler.rest("GET", "/v1/usage?from=May");
  expect(bad.status).toBe(400);
  expect(await bad.text()).toContain("from is no day such as 2026-05-01");
});

test("only administrators post, and only what is theirs", async () => {
  const admin = scheduler.clients();
  const tokenOf = async (namespace: string, role: string): Promise<Clients> => {
    const { secret } = await admin.namespaces.createToken({ namespace, role, name: "t" });
    return scheduler.clients(secret ?? "");
  };
  const piece = (namespace: string) => ({
    ...{ journal: "ef".repeat(16), from: 0, to: 1, cells: [{ ...CELL, namespace }] },
  });
  const submitter = await tokenOf("group", "submitter");
  expect(await codeOf(submitter.usage.postUsage(piece("group")))).toBe("FORBIDDEN");
  const owner = await tokenOf("group", "admin");
  expect(await codeOf(owner.usage.postUsage(piece("other")))).toBe("FORBIDDEN");
  const both = { ...piece("group"), cells: [CELL, { ...CELL, namespace: "group" }] };
  expect(await codeOf(owner.usage.postUsage(both))).toBe("FORBIDDEN");
  expect(await requestsOf("group")).toBe(0); // All or nothing.
  expect(await codeOf(owner.usage.postUsage(piece("group")))).toBe("OK");
  expect(await codeOf(submitter.usage.getUsage({}))).toBe("OK");
  expect(await codeOf(submitter.usage.getUsage({ namespace: "lab" }))).toBe("FORBIDDEN");
});

test("what is no usage is refused, and a namespace that cannot be is left out and named", async () => {
  const usage = scheduler.clients().usage;
  const piece = { journal: "0f".repeat(16), from: 0, to: 1, cells: [CELL] };
  for (const wrong of [
    { ...piece, journal: "mine" },
    { ...piece, to: 0 },
    { ...piece, cells: [{ ...CELL, model: "m".repeat(300) }] },
    { ...piece, cells: Array.from({ length: 2_001 }, () => CELL) },
  ]) {
    expect(await codeOf(usage.postUsage(wrong))).toBe("INVALID");
  }
  const before = await requestsOf("lab");
  const odd = { ...piece, cells: [CELL, { ...CELL, namespace: "No Name" }] };
  expect(await usage.postUsage(odd)).toMatchObject({ refused: ["No Name"] });
  expect(await requestsOf("lab")).toBe(before + 2);
});
