// Runs a command in this process against a control plane that answers as the test says.

import { onTestFinished } from "vitest";
import { signalbox } from "#proto/signalbox.js";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { runCli } from "../run-cli.ts";
import { controlServer, type ControlHandlers } from "./control-server.ts";
import { testTerminal, type TestTerminal, type TestTerminalOptions } from "./test-terminal.ts";

export type WireRun = signalbox.control.v1.IRun;
export type WireJob = signalbox.control.v1.IJob;

export const RUN = "abcdefgh23456722";
export const { RunState, JobState } = signalbox.control.v1;

export const wireRun = (over: WireRun = {}): WireRun => ({
  id: RUN,
  namespace: "default",
  workflow: "demo",
  digest: "sha256:00",
  state: RunState.RUN_STATE_RUNNING,
  submittedAtMs: Date.now() - 1000,
  submittedBy: "me",
  jobsTotal: 2,
  ...over,
});

export const wireJob = (task: string, over: WireJob = {}): WireJob => ({
  id: `${RUN}/${task}`,
  runId: RUN,
  task,
  state: JobState.JOB_STATE_RUNNING,
  cluster: "local",
  attempt: 1,
  schedulerJobId: "42",
  exitCode: -1,
  reachable: true,
  startedAtMs: Date.now() - 500,
  ...over,
});

/** An empty folder, gone when the test is. */
export function folder(): string {
  const directory = tempDirectory("commands");
  onTestFinished(directory.remove);
  return directory.path;
}

export async function cli(
  args: readonly string[],
  handlers: ControlHandlers | null,
  options: TestTerminalOptions & { during?: (terminal: TestTerminal) => Promise<void> } = {},
): Promise<{ code: number; terminal: TestTerminal }> {
  const env: { [name: string]: string } = { SIGNALBOX_HOME: folder() };
  if (handlers !== null) {
    const server = await controlServer(handlers);
    onTestFinished(server.stop);
    env["SIGNALBOX_SERVER"] = server.address;
    env["SIGNALBOX_TOKEN"] = "sbx_default_abcdefgh_secret";
  }
  const terminal = testTerminal({ ...options, env: { ...env, ...options.env } });
  const run = runCli(args, terminal);
  await options.during?.(terminal);
  return { code: await run, terminal };
}
