// The simulation tells policies apart, and the same seed tells the same story.

import { expect, test } from "vitest";
import { EventQueue } from "./event-queue.ts";
import { SCENARIOS } from "./scenarios.ts";
import type { Scenario } from "./scenarios.ts";
import { simulate } from "./simulation.ts";

const SECONDS = 6;

function scenarioOf(name: string): Scenario {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  return scenario;
}

test("events happen in order of time, then of arrival", () => {
  const events = new EventQueue();
  const seen: string[] = [];
  for (const [atMs, name] of [
    ...([
      [3, "c"],
      [1, "a"],
      [2, "b1"],
      [2, "b2"],
      [9, "late"],
    ] as const),
  ]) {
    events.at(atMs, () => seen.push(name));
  }
  events.run(5);
  expect(seen).toEqual(["a", "b1", "b2", "c"]);
  expect(events.nowMs).toBe(5);
});

test("the same seed gives the same figures", () => {
  const [one, other] = [1, 2].map(() => simulate(scenarioOf("steady"), "latency", 7, 3));
  expect(one).toEqual(other);
  expect(one?.unanswered).toBe(0);
  expect(one?.wronglyEjected).toBe(0);
});

test("with old figures, polled load alone herds, and in-flight correction does not", () => {
  const stale = scenarioOf("stale 2 s");
  const [polled, latency] = (["polled", "latency"] as const).map((policy) =>
    simulate(stale, policy, 7, SECONDS),
  );
  expect(latency?.ttftP99Ms).toBeLessThan((polled?.ttftP99Ms ?? 0) / 5);
  expect(latency?.maxOverMean).toBeLessThan((polled?.maxOverMean ?? 0) / 2);
});

test("a slow worker costs round robin its tail, and cost by time not", () => {
  const slow = scenarioOf("one 10x slow");
  const [robin, latency] = (["round_robin", "latency"] as const).map((policy) =>
    simulate(slow, policy, 7, SECONDS),
  );
  expect(latency?.ttftP99Ms).toBeLessThan((robin?.ttftP99Ms ?? 0) / 5);
});

test("tenants' prefixes are found again", () => {
  const tenants = scenarioOf("tenants");
  const [drawn, latency] = (["random", "latency"] as const).map((policy) =>
    simulate(tenants, policy, 7, SECONDS),
  );
  expect(latency?.hitShare).toBeGreaterThan(2 * (drawn?.hitShare ?? 1));
  expect(latency?.ttftP50Ms).toBeLessThan((drawn?.ttftP50Ms ?? 0) / 4);
});
