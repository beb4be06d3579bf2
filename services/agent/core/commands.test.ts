// What the scheduler says and the core obeys, refuses or forgets; and how often it asks the
// cluster.

import { expect, test } from "vitest";
import { nextWakeMs, onEvents } from "./cluster-core.ts";
import { Desk, NO_STATUS, SPEC, entry, token } from "./desk.fixture.ts";
import type { QueueEntry } from "./observations.ts";
import { contentOf, specOf } from "./simulated-cluster.fixture.ts";
import type { Wish } from "./wishes.ts";

test("commands: twice is once, a lower epoch is refused, nothing is taken after a refusal", () => {
  const desk = new Desk();
  desk.submit();
  desk.wishes = [];
  desk.tell({ kind: "command", seq: 1, epoch: 1, command: { kind: "submit", spec: SPEC } });
  expect(desk.take("ack-commands")?.seq).toBe(1);
  desk.tell({
    kind: "command",
    seq: 2,
    epoch: 3,
    command: { kind: "cancel", token: specOf(9).token, reason: "" },
  });
  expect(desk.core.commandDurable).toBe(2);
  desk.tell({ kind: "command", seq: 3, epoch: 2, command: { kind: "submit", spec: specOf(1) } });
  expect(desk.take("refuse-commands")?.reason).toMatch(/epoch 2 is older than 3/);
  desk.tell({ kind: "command", seq: 4, epoch: 3, command: { kind: "submit", spec: specOf(2) } });
  expect(desk.core.attempts.size).toBe(1);
  desk.tell({ kind: "welcomed", epoch: 3, reportSeen: 0 });
  desk.tell({ kind: "command", seq: 3, epoch: 3, command: { kind: "submit", spec: specOf(1) } });
  expect(desk.core.attempts.size).toBe(2);
});

test("a full disk: new work is refused unacknowledged, what was taken in is written when there is room", () => {
  const desk = new Desk();
  const wish = { wish: (each: Wish) => desk.wishes.push(each) };
  const command = { kind: "submit", spec: SPEC } as const;
  onEvents(desk.core, wish, [{ kind: "command", seq: 1, epoch: 1, command }], desk.nowMs);
  const batch = desk.take("journal")?.batch ?? 0;
  desk.tell({ kind: "journal-failed", batch, reason: "no room" });
  expect(desk.kinds()).toEqual([]);
  desk.tell({ kind: "command", seq: 2, epoch: 1, command: { kind: "submit", spec: specOf(1) } });
  expect(desk.take("refuse-commands")?.reason).toBe("no room");
  expect(desk.take("ack-commands")).toBeNull();
  desk.wait(1_000);
  expect(desk.take("ack-commands")?.seq).toBe(1);
  expect(desk.take("prepare")?.token).toBe(token);
});

test("an end that is acknowledged is forgotten, and its directory put away only then", () => {
  const desk = new Desk();
  desk.submit();
  desk.tell({
    kind: "submitted",
    token,
    result: { kind: "refused", reason: "no" },
    watched: false,
  });
  desk.fence();
  expect(desk.take("retire")).toBeNull();
  const last = desk.core.reports.durableSeq;
  desk.tell({ kind: "reports-acked", seq: last });
  expect(desk.core.attempts.size).toBe(0);
  desk.wait(300);
  expect(desk.take("retire")?.token).toBe(token);
  const content = contentOf(desk.rows);
  expect([content.intents, content.reports, content.reportsAcked]).toEqual([[], [], last]);
  expect(nextWakeMs(desk.core, desk.nowMs)).toBeNull();
});

test("polls do not depend on how many jobs there are", () => {
  const polls = [1, 50, 300].map((jobs) => {
    const desk = new Desk();
    const entries: QueueEntry[] = [];
    for (let ordinal = 0; ordinal < jobs; ordinal++) {
      const spec = specOf(ordinal);
      desk.tell({ kind: "command", seq: ordinal + 1, epoch: 1, command: { kind: "submit", spec } });
      desk.tell({ kind: "prepared", token: spec.token, existed: false });
      entries.push({ ...entry(String(ordinal), "running"), queueName: `relax-${spec.token}` });
    }
    for (
      let turn = 0;
      turn < 3_000 && desk.core.toSubmit.size + desk.core.submitsInFlight > 0;
      turn++
    ) {
      const wish = desk.take("submit");
      if (wish === null) desk.wait(200);
      else {
        const nativeId = String(Number(wish.token.split("-")[1]));
        const result = { kind: "submitted", nativeId, raw: "" } as const;
        desk.tell({ kind: "submitted", token: wish.token, result, watched: false });
      }
    }
    desk.take("poll");
    desk.tell({
      kind: "polled",
      startedAtMs: desk.nowMs,
      answer: { kind: "answer", present: entries },
    });
    desk.wishes = [];
    let count = 0;
    const untilMs = desk.nowMs + 300_000;
    while (desk.nowMs < untilMs) {
      if (desk.take("poll") !== null) {
        count += 1;
        desk.tell({
          kind: "polled",
          startedAtMs: desk.nowMs,
          answer: { kind: "answer", present: entries },
        });
      }
      const read = desk.take("read-status");
      if (read !== null) {
        expect(read.tokens.length).toBeLessThanOrEqual(50);
        const statuses = read.tokens.map((each) => ({ ...NO_STATUS, token: each }));
        desk.tell({ kind: "statuses", statuses });
      }
      desk.wait(1_000);
    }
    return count;
  });
  expect(Math.max(...polls) - Math.min(...polls)).toBeLessThanOrEqual(1);
  expect(polls[0]).toBeLessThanOrEqual(13);
});

test("an attempt whose end is on its way is not begun anew when it is commanded again", () => {
  const desk = new Desk();
  desk.submit();
  const result = { kind: "refused", reason: "no" } as const;
  desk.tell({ kind: "submitted", token, result, watched: false });
  desk.fence();
  desk.tell({ kind: "command", seq: 2, epoch: 1, command: { kind: "forget", token } });
  expect(desk.core.attempts.size).toBe(0);
  desk.tell({ kind: "command", seq: 3, epoch: 1, command: { kind: "submit", spec: SPEC } });
  expect(desk.core.attempts.size).toBe(0);
  expect(desk.core.commandSeen).toBe(3);
});
