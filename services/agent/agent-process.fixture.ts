// An agent process of a test's own, with a scheduler for it to talk to.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { ENROLMENT_TOKEN, FakeScheduler } from "./fake-scheduler.fixture.ts";

const MAIN = join(import.meta.dirname, "main.ts");

export class AgentProcess {
  readonly directory: string;
  readonly root: string;
  readonly state: string;
  readonly #address: string;
  #child: ChildProcess | null = null;
  stderr = "";

  constructor(directory: string, address: string) {
    this.directory = directory;
    this.root = join(directory, "root");
    this.state = join(directory, "state");
    this.#address = address;
  }

  /** Resolves with the ready line. */
  async start(): Promise<{ ready: boolean; service: string; http: string; pid: number }> {
    writeFileSync(join(this.directory, "token"), ENROLMENT_TOKEN);
    writeFileSync(
      join(this.directory, "agent.toml"),
      `[agent]\nscheduler = "${this.#address}"\nkind = "local"\nroot = "root"\nstate = "state"\n` +
        `enrolment_token_file = "token"\nadopt_wait_s = 0.5\n`,
    );
    const child = spawn(process.execPath, [MAIN, "--config", join(this.directory, "agent.toml")], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    child.stderr.on("data", (text: Buffer) => (this.stderr += text.toString()));
    let line = "";
    for await (const text of child.stdout) {
      line += String(text);
      if (line.includes("\n")) return JSON.parse(line);
    }
    throw new Error(`the agent ended without a ready line: ${this.stderr}`);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Ends it and waits until it is gone. The exit code, `null` for a signal. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? null;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
    return child.exitCode;
  }
}

/** A scheduler and a running agent, both gone when the test is. */
export async function agentWorld(): Promise<{ scheduler: FakeScheduler; agent: AgentProcess }> {
  const directory = tempDirectory("agent");
  onTestFinished(directory.remove);
  const scheduler = new FakeScheduler();
  const address = await scheduler.start();
  onTestFinished(() => scheduler.stop());
  const agent = new AgentProcess(directory.path, address);
  onTestFinished(async () => void (await agent.end("SIGKILL")));
  await agent.start();
  return { scheduler, agent };
}
