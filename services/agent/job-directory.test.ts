import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { FENCE_NATIVE_ID } from "./core/observations.ts";
import { specOf } from "./core/simulated-cluster.fixture.ts";
import { JobDirectories } from "./job-directory.ts";
import type { JobNote } from "./job-directory.ts";

const SPEC = specOf(0, {
  files: [{ path: "in/a", source: { kind: "text", text: "A" }, executable: true }],
  stdin: "x",
});
const { token } = SPEC;
const NOTE: JobNote = {
  version: 1,
  token,
  state: "created",
  cluster: "here",
  intendedAtMs: 5,
  nativeId: null,
  outcome: null,
  spec: SPEC,
};

function rooms(): { root: string; open: () => JobDirectories } {
  const { path, remove } = tempDirectory("jobs");
  onTestFinished(remove);
  return {
    root: path,
    open: () => new JobDirectories({ root: path, heartbeatS: 0, directivesOf: () => [] }),
  };
}

test("a directory is published whole, once; a second one is refused and leaves nothing", () => {
  const { root, open } = rooms();
  const directories = open();
  const half = directories.begin(NOTE);
  expect(fs.readdirSync(join(root, "jobs"))).toEqual([]);
  expect(directories.publish(half, token)).toBe(true);
  expect(fs.readdirSync(join(root, "jobs", token)).toSorted()).toEqual([
    "job.sh",
    "job_info.json",
    "stdin",
    "work",
  ]);
  expect(fs.readFileSync(join(root, "jobs", token, "work/in/a"), "utf8")).toBe("A");
  expect(fs.statSync(join(root, "jobs", token)).mode & 0o777).toBe(0o700);
  expect(directories.publish(directories.begin(NOTE), token)).toBe(false);
  expect(fs.readdirSync(join(root, "tmp"))).toEqual([]);
  expect(directories.exists(token)).toBe(true);
});

test("what a crash left half made is cleared, what was published is found again", () => {
  const { root, open } = rooms();
  const before = open();
  before.begin(NOTE);
  before.publish(before.begin(NOTE), token);
  fs.mkdirSync(join(root, "jobs", "somebody-elses"));
  fs.writeFileSync(join(root, "jobs", token, "claim"), "claim v1 b:7:- host 7 boot - 0\n");
  fs.writeFileSync(
    join(root, "jobs", token, "status"),
    "start 7\n0m0.01s 0m0.02s\nexit 3 0 -\nexi",
  );
  const { found, unreadable } = open().scan(() => "b:7:123");
  expect(fs.readdirSync(join(root, "tmp"))).toEqual([]);
  expect(unreadable).toEqual(["somebody-elses"]);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({
    token,
    spec: SPEC,
    intendedAtMs: 5,
    // The claim lacks the start time that the agent knew: it is the same process.
    status: {
      claim: { nativeId: "b:7:123" },
      exit: { code: 3, signal: null, cpuMs: 30, raw: "exit 3 0" },
    },
  });
});

test("the agent's claim keeps jobs out, and a job's claim keeps the agent out", () => {
  const { root, open } = rooms();
  const directories = open();
  directories.publish(directories.begin(NOTE), token);
  expect(directories.takeClaim(token, 9).nativeId).toBe(FENCE_NATIVE_ID);
  expect(directories.takeClaim(token, 9).nativeId).toBe(FENCE_NATIVE_ID);
  expect(directories.status(token, null).claim?.nativeId).toBe(FENCE_NATIVE_ID);
  const claim = join(root, "jobs", token, "claim");
  fs.writeFileSync(claim, "claim v1 17 host 7 boot - 0\n");
  expect(directories.takeClaim(token, 9).nativeId).toBe("17");
  fs.writeFileSync(claim, "");
  expect(() => directories.takeClaim(token, Date.now())).toThrow(/just being written/);
  expect(directories.takeClaim(token, Date.now() + 61_000).nativeId).toBe(FENCE_NATIVE_ID);
  expect(
    fs.readdirSync(join(root, "jobs", token)).filter((name) => name.startsWith("claim")),
  ).toEqual(["claim"]);
});

test("a note follows its states; an ended directory is put away, and comes back when asked for", () => {
  const { root, open } = rooms();
  const directories = open();
  directories.publish(directories.begin(NOTE), token);
  directories.note({ ...NOTE, state: "submitted", nativeId: "17" });
  expect(directories.scan(() => null).found[0]?.nativeId).toBe("17");
  directories.retire(token);
  directories.retire(token);
  expect(directories.findPath(token)).toBe(join(root, "ended", token));
  expect(directories.status(token, null)).toMatchObject({ directoryExists: false, claim: null });
  expect(directories.exists(token)).toBe(true);
  expect(directories.findPath(token)).toBe(join(root, "jobs", token));
  expect(directories.findPath(specOf(1).token)).toBeNull();
  expect(directories.exists(specOf(1).token)).toBe(false);
});

test("a job that puts a pipe or a link in its status's place holds up nobody", () => {
  const { root, open } = rooms();
  const directories = open();
  directories.publish(directories.begin(NOTE), token);
  const directory = join(root, "jobs", token);
  fs.writeFileSync(join(directory, "claim"), "claim v1 b:7:- host 7 boot - 0\n");
  execFileSync("mkfifo", [join(directory, "status")]);
  expect(() => directories.status(token, null)).toThrow("is not a file");
  fs.rmSync(join(directory, "status"));
  fs.symlinkSync("/dev/zero", join(directory, "status"));
  expect(() => directories.status(token, null)).toThrow("ELOOP");
  fs.rmSync(join(directory, "job_info.json"));
  execFileSync("mkfifo", [join(directory, "job_info.json")]);
  expect(open().scan(() => null).unreadable).toEqual([token]);
});
