import { describe, expect, test } from "vitest";
import { LogBudget } from "./log-budget.ts";
import { LogFollow } from "./log-follow.ts";

const piece = (text: string) => ({ stream: "stdout" as const, data: Buffer.from(text) });
const KIB = 1024;
const never = new AbortController().signal;

async function textOf(follow: LogFollow, signal = never): Promise<string> {
  let text = "";
  for await (const { data } of follow.pieces(signal)) text += Buffer.from(data).toString();
  return text;
}

describe("a follow", () => {
  test("gives what it took in before it ends, and then says how", async () => {
    const follow = new LogFollow("1", new LogBudget(), () => {});
    follow.push(piece("a"));
    const reading = textOf(follow);
    follow.push(piece("b"));
    follow.end({ kind: "complete" });
    follow.push(piece("late"));
    expect(await reading).toBe("ab");
    expect(follow.outcome).toEqual({ kind: "complete" });
  });

  test("with a reader that is too slow stops at the agent, keeps what it has, and can be gone on from there", async () => {
    let stops = 0;
    const follow = new LogFollow("1", new LogBudget(), () => (stops += 1));
    const chunk = "x".repeat(64 * KIB);
    for (let i = 0; i < 40; i++) follow.push(piece(chunk));
    expect(stops).toBe(1);
    expect((await textOf(follow)).length).toBe(15 * 64 * KIB); // And what the pieces cost.
    expect(follow.outcome).toEqual({ kind: "overrun" });
  });

  test("takes a piece in whenever none waits, however little the others have left", async () => {
    const budget = new LogBudget();
    budget.take(1024 * 1024 * KIB, true);
    const follow = new LogFollow("1", budget, () => {});
    follow.push(piece("a"));
    follow.push(piece("b"));
    expect(await textOf(follow)).toBe("a");
    expect(follow.outcome).toEqual({ kind: "overrun" });
  });

  test("gives back what it took, read or not", async () => {
    let held = 0;
    const budget = new LogBudget();
    const take = budget.take.bind(budget);
    budget.take = (bytes, must) => ((held += bytes), take(bytes, must));
    budget.give = (bytes) => void (held -= bytes);
    const read = new LogFollow("1", budget, () => {});
    const left = new LogFollow("2", budget, () => {});
    for (const follow of [read, left]) for (const text of "abc") follow.push(piece(text));
    read.end({ kind: "complete" });
    expect(await textOf(read)).toBe("abc");
    const pieces = left.pieces(never);
    await pieces.next();
    expect(held).toBe(3 * (256 + 1));
    await pieces.return();
    left.close();
    expect(held).toBe(0);
  });

  test("stops at the agent when its reader goes", async () => {
    let stops = 0;
    const follow = new LogFollow("1", new LogBudget(), () => (stops += 1));
    const stop = new AbortController();
    const reading = textOf(follow, stop.signal);
    stop.abort();
    await reading;
    expect(stops).toBe(1);
  });
});
