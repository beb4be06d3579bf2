// Commands that follow: JSON lines, Ctrl-C, lost connections, output byte for byte.

import { expect, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import {
  cli,
  JobState,
  RUN,
  RunState,
  wireJob,
  wireRun,
  type WireJob,
} from "../testing/cli-run.ts";
import type { ControlHandlers } from "../testing/control-server.ts";

test("watch --json is one object per change, and ends with the run", async () => {
  const { code, terminal } = await cli(["watch", RUN, "--json"], {
    runs: {
      watchRun: async function* watchRun() {
        yield {
          run: wireRun(),
          jobs: [wireJob("one"), wireJob("two", { state: JobState.JOB_STATE_BLOCKED, ordinal: 1 })],
        };
        yield {
          run: wireRun({ state: RunState.RUN_STATE_SUCCEEDED, endedAtMs: 1 }),
          jobs: [wireJob("two", { state: JobState.JOB_STATE_SUCCEEDED })],
        };
      },
    },
  });
  expect(code).toBe(0);
  expect(terminal.records()).toMatchObject([
    { run: { state: "running" }, jobs: [{ task: "one" }, { task: "two", state: "blocked" }] },
    { run: { state: "succeeded" }, jobs: [{ task: "two", state: "succeeded" }] },
  ]);
});

test("Ctrl-C leaves the run going, says so, and ends 130", async () => {
  let cancelled = false;
  const handlers: ControlHandlers = {
    runs: {
      watchRun: async function* watchRun(_request, call) {
        yield { run: wireRun(), jobs: [wireJob("one")] };
        await new Promise((resume) => call.signal.addEventListener("abort", resume));
      },
      cancelRun: () => {
        cancelled = true;
        return Promise.resolve({ run: wireRun() });
      },
    },
  };
  const { code, terminal } = await cli(["watch", RUN], handlers, {
    during: async (it) => {
      await waitFor(() => it.out().includes("one: running"));
      it.interrupt();
    },
  });
  expect(code).toBe(130);
  expect(cancelled).toBe(false);
  expect(terminal.err()).toContain(`run ${RUN} goes on without being watched`);
  expect(terminal.err()).toContain(`signalbox cancel ${RUN}`);
  expect(terminal.listeners()).toBe(0);
});

test("a scheduler that goes away and comes back is waited for, on the same terminal", async () => {
  let calls = 0;
  const { code, terminal } = await cli(["watch", RUN], {
    runs: {
      watchRun: async function* watchRun() {
        calls += 1;
        yield { run: wireRun(), jobs: [wireJob("one")] };
        if (calls === 1) throw new Failure("UNAVAILABLE", "stopping");
        yield {
          run: wireRun({ state: RunState.RUN_STATE_SUCCEEDED, endedAtMs: 1 }),
          jobs: [wireJob("one", { state: JobState.JOB_STATE_SUCCEEDED })],
        };
      },
    },
  });
  expect(code).toBe(0);
  expect(calls).toBe(2);
  expect(terminal.out()).toContain("the scheduler does not answer, still trying: stopping");
});

test("on a terminal the picture is redrawn in place and left standing at the end", async () => {
  const { terminal } = await cli(
    ["watch", RUN],
    {
      runs: {
        watchRun: async function* watchRun() {
          yield { run: wireRun(), jobs: [wireJob("one")] };
          yield {
            run: wireRun({ state: RunState.RUN_STATE_SUCCEEDED, endedAtMs: Date.now() }),
            jobs: [wireJob("one", { state: JobState.JOB_STATE_SUCCEEDED })],
          };
        },
      },
    },
    { tty: true, env: { TERM: "xterm" } },
  );
  expect(terminal.out()).toContain("\u001b[?25l");
  expect(terminal.out()).toMatch(/\u001b\[\d+A\r/u);
  expect(terminal.out().endsWith("\u001b[?25h")).toBe(true);
});

test("logs keep the two streams apart, byte for byte, and go on after a broken connection", async () => {
  let calls = 0;
  const handlers: ControlHandlers = {
    jobs: {
      getJob: () => Promise.resolve({ job: wireJob("one") }),
      readLogs: async function* readLogs() {
        calls += 1;
        yield { stream: "stdout", data: Buffer.from("héllo ") };
        yield { stream: "stderr", data: Buffer.from([0xff, 0x0a]) };
        if (calls === 1) throw new Failure("UNAVAILABLE", "moved");
        yield { stream: "stdout", data: Buffer.from("world\n") };
      },
    },
  };
  const followed = await cli(["logs", "-f", `${RUN}/one`], handlers);
  expect(followed.code).toBe(0);
  expect(followed.terminal.out()).toBe("héllo world\n");
  expect(followed.terminal.err()).toBe("\ufffd\n");
  const json = await cli(["logs", `${RUN}/one`, "--json"], handlers);
  expect(json.terminal.records()).toEqual([
    { stream: "stdout", text: "héllo " },
    { stream: "stderr", base64: "/wo=" },
    { stream: "stdout", text: "world\n" },
  ]);
});

test("logs of a run with one task need no task's name; with several they ask which", async () => {
  const handlers = (jobs: WireJob[]): ControlHandlers => ({
    runs: { getRun: () => Promise.resolve({ run: wireRun(), jobs }) },
    jobs: {
      readLogs: async function* readLogs(request) {
        yield { stream: "stdout", data: Buffer.from(request.id ?? "") };
      },
    },
  });
  const one = await cli(["logs", RUN], handlers([wireJob("one")]));
  expect(one.terminal.out()).toBe(`${RUN}/one`);
  const two = await cli(["logs", RUN], handlers([wireJob("one"), wireJob("two")]));
  expect(two.code).toBe(2);
  expect(two.terminal.err()).toContain(`${RUN}/two`);
});
