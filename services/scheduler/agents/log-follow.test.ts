import { describe, expect, test } from "vitest";
import { LogFollow } from "./log-follow.ts";

const piece = (text: string) => ({ stream: "stdout" as const, data: Buffer.from(text) });
const never = new AbortController().signal;

async function textOf(follow: LogFollow, signal = never): Promise<string> {
  let text = "";
  for await (const { data } of follow.pieces(signal)) text += Buffer.from(data).toString();
  return text;
}

describe("a follow", () => {
  test("gives what it took in before it ends, and then says how", async () => {
    const follow = new LogFollow("1", () => {});
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
    const follow = new LogFollow("1", () => (stops += 1));
    const chunk = "x".repeat(1024 * 1024);
    for (let i = 0; i < 10; i++) follow.push(piece(chunk));
    expect(stops).toBe(1);
    // The one that was too much counts too.
    expect((await textOf(follow)).length).toBe(5 * 1024 * 1024);
    expect(follow.outcome).toEqual({ kind: "overrun" });
  });

  test("stops at the agent when its reader goes", async () => {
    let stops = 0;
    const follow = new LogFollow("1", () => (stops += 1));
    const stop = new AbortController();
    const reading = textOf(follow, stop.signal);
    stop.abort();
    await reading;
    expect(stops).toBe(1);
  });
});
