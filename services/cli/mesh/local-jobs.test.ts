import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { runningLocalJobs } from "./local-jobs.ts";
import { identityOf } from "./process-identity.ts";

const TOKEN = "abcdefgh23456722-0-1";

/** A job directory whose supervisor is a shell that waits, started with that directory's script. */
async function jobDirectory(): Promise<{
  root: string;
  directory: string;
  pid: number;
  boot: string;
  ticks: string;
}> {
  const temporary = tempDirectory("local-jobs");
  onTestFinished(temporary.remove);
  const directory = join(temporary.path, "jobs", TOKEN);
  mkdirSync(directory, { recursive: true });
  const script = join(directory, "job.sh");
  writeFileSync(script, "while :; do sleep 0.1; done\n");
  const child = spawn("sh", [script], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  const pid = child.pid!;
  const identity = await waitFor(() => identityOf(pid));
  const [boot = "", ticks = ""] = identity.startedAt.split(":");
  return { root: temporary.path, directory, pid, boot, ticks };
}

test("a job runs while the process of its claim lives and has written no exit line", async () => {
  const { root, directory, pid, boot, ticks } = await jobDirectory();
  expect(runningLocalJobs(root)).toEqual([]);
  writeFileSync(join(directory, "claim"), `claim v1 x host ${pid} ${boot} ${ticks} 0\n`);
  const spec = { run: "abcdefgh23456722", task: "one" };
  writeFileSync(join(directory, "job_info.json"), JSON.stringify({ spec }));
  expect(runningLocalJobs(root)).toMatchObject([
    { token: TOKEN, job: "abcdefgh23456722/one", pid },
  ]);
  writeFileSync(join(directory, "status"), "start 1\nexit 0 0 -\n");
  expect(runningLocalJobs(root)).toEqual([]);
});

test("a claim without a start time holds only for a process started with that directory's script", async () => {
  const { root, directory, pid, boot } = await jobDirectory();
  writeFileSync(join(directory, "claim"), `claim v1 x host ${pid} ${boot} - 0\n`);
  expect(runningLocalJobs(root)).toHaveLength(1);
  writeFileSync(join(directory, "claim"), `claim v1 x host ${process.pid} ${boot} - 0\n`);
  expect(runningLocalJobs(root)).toEqual([]);
});

test("a pid of another boot or another start is no job of ours", async () => {
  const { root, directory, pid, boot, ticks } = await jobDirectory();
  for (const claim of [
    `${pid} ${boot} 1`,
    `${pid} another-boot ${ticks}`,
    `${pid} another-boot -`,
  ]) {
    writeFileSync(join(directory, "claim"), `claim v1 x host ${claim} 0\n`);
    expect(runningLocalJobs(root), claim).toEqual([]);
  }
  for (const damaged of ["", "claim v2 x", "claim v1 x host NaN b t 0\n", "\u0000\n"]) {
    writeFileSync(join(directory, "claim"), damaged);
    expect(runningLocalJobs(root)).toEqual([]);
  }
});

test("a pipe or a device in the claim's place is no claim, and is not waited for", async () => {
  const { root, directory } = await jobDirectory();
  execFileSync("mkfifo", [join(directory, "claim")]);
  symlinkSync("/dev/zero", join(directory, "status"));
  expect(runningLocalJobs(root)).toEqual([]);
});
