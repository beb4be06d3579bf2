import { describe, expect, test } from "vitest";
import type { Change, Engine } from "../engine.ts";
import { WatchHub } from "./watch.ts";

/** Commits what the test says; nothing else of an engine is asked for here. */
function commits(): {
  engine: Engine;
  commit: (...actors: string[]) => void;
  listeners: () => number;
} {
  const listeners = new Set<(changes: readonly Change[]) => void>();
  const engine = {
    onCommitted: (listener: (changes: readonly Change[]) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as Partial<Engine> as Engine;
  const commit = (...actors: string[]): void => {
    for (const listener of listeners) listener(actors.map((actor) => ({ actor, events: [] })));
  };
  return { engine, commit, listeners: () => listeners.size };
}

describe("a watcher", () => {
  test("hears of its own run and jobs alone, each named once however often it changed", () => {
    const { engine, commit } = commits();
    const watcher = new WatchHub(engine).watch("lab", "r1");
    for (let i = 0; i < 10_000; i++)
      commit("job/lab/r1/relax", "job/lab/r2/relax", "job/other/r1/scf", "cluster/lab/r1");
    commit("run/lab/r1", "job/lab/r1/scf");
    expect(watcher.take()).toEqual({ run: true, jobs: new Set(["relax", "scf"]) });
    expect(watcher.dirty).toBe(false);
    expect(watcher.take()).toEqual({ run: false, jobs: new Set() });
  });

  test("is woken by a change, also by one that came before it waited, and by the end of its caller", async () => {
    const { engine, commit } = commits();
    const watcher = new WatchHub(engine).watch("lab", "r1");
    const stop = new AbortController();
    commit("run/lab/r1");
    await watcher.changed(stop.signal);
    watcher.take();
    const woken = watcher.changed(stop.signal);
    commit("job/lab/r1/a");
    await woken;
    watcher.take();
    const aborted = watcher.changed(stop.signal);
    stop.abort();
    await aborted;
    expect(watcher.dirty).toBe(false);
  });

  test("that is closed costs nothing any more; the hub stops listening when closed", () => {
    const { engine, commit, listeners } = commits();
    const hub = new WatchHub(engine);
    const watcher = hub.watch("lab", "r1");
    const other = hub.watch("lab", "r1");
    watcher.close();
    commit("run/lab/r1");
    expect([watcher.dirty, other.dirty]).toEqual([false, true]);
    hub.close();
    expect(listeners()).toBe(0);
  });
});
