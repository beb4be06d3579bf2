// Real shells run generated scripts. Shown: a program sees exactly the arguments and variables it
// was given whatever is in them, nothing else is executed, the claim admits one start, signals
// arrive, and no process is started that the head of supervisor.ts does not name.

import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AttemptSpec } from "#shared/base/job.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { attemptSpec } from "./attempt.fixture.ts";
import { shellQuote } from "./shell-quote.ts";
import { parseSupervisorStatus, SUPERVISOR_FAILED, supervisorScript } from "./supervisor.ts";
import type { SupervisorStatus } from "./supervisor.ts";

const root = tempDirectory("supervisor");
afterAll(() => root.remove());

function installed(name: string): boolean {
  return spawnSync("/bin/sh", ["-c", 'command -v "$0"', name]).status === 0;
}

const SHELLS: readonly (readonly string[])[] = [
  ["dash"],
  ["bash", "--posix"],
  ["busybox", "sh"],
].filter(([name]) => installed(name ?? ""));

let jobs = 0;

interface Job {
  readonly directory: string;
  readonly script: string;
}

function makeJob(changed: Partial<AttemptSpec>, heartbeatS = 0, folder = "job"): Job {
  const spec = attemptSpec(changed);
  const directory = `${root.path}/${jobs++}/${folder}`;
  fs.mkdirSync(`${directory}/work`, { recursive: true });
  const files = { directory, queueName: "unused" };
  const script = `${directory}/job.sh`;
  fs.writeFileSync(script, supervisorScript(spec, files, { directives: [], heartbeatS }));
  if (spec.stdin !== null) fs.writeFileSync(`${directory}/stdin`, spec.stdin);
  if (spec.program.kind === "script") fs.writeFileSync(`${directory}/script`, spec.program.text);
  return { directory, script };
}

const ENV = { PATH: process.env["PATH"] ?? "/usr/bin:/bin" };

function run(job: Job, shell: readonly string[] = ["sh"], env: object = ENV): number | null {
  const [file = "sh", ...args] = shell;
  return spawnSync(file, [...args, job.script], { env: { ...env }, cwd: "/" }).status;
}

function read(job: Job, name: string): string | null {
  try {
    return fs.readFileSync(`${job.directory}/${name}`, "utf8");
  } catch {
    return null;
  }
}

function statusOf(job: Job): SupervisorStatus {
  return parseSupervisorStatus({
    claim: read(job, "claim"),
    claimMtimeMs: fs.statSync(`${job.directory}/claim`, { throwIfNoEntry: false })?.mtimeMs ?? null,
    status: read(job, "status"),
    statusMtimeMs:
      fs.statSync(`${job.directory}/status`, { throwIfNoEntry: false })?.mtimeMs ?? null,
  });
}

// Pieces that mean something to some shell, some parser or some file system.
const NASTY = [
  "'",
  '"',
  "\\",
  "`",
  "$",
  "$(touch pwned)",
  "`touch pwned`",
  "${IFS}",
  "$HOME",
  ";",
  "; touch pwned #",
  "&",
  "&& touch pwned",
  "|",
  ">",
  ">>pwned",
  "<",
  "*",
  "?",
  "[a]",
  "~",
  "!",
  "#",
  "\n",
  "\r\n",
  "\r",
  "\t",
  " ",
  "  ",
  "-",
  "--",
  "-n",
  "-e",
  "=",
  "%s",
  "%",
  "{a,b}",
  "(",
  ")",
  "é",
  "漢",
  "🧪",
  "\u0301",
  "\u202e",
  "\x01",
  "\x7f",
  "\x1b[31m",
  "'\"'\"'",
  "EOF",
  "\n#SBATCH --time=1\n",
  "exit 0",
  "'$(touch pwned)'",
  "a",
];
const hits = new Map<string, number>();

const nastyText = fc.array(fc.constantFrom(...NASTY), { maxLength: 6 }).map((pieces) => {
  for (const piece of pieces) hits.set(piece, (hits.get(piece) ?? 0) + 1);
  return pieces.join("");
});
const anyText = fc.oneof(
  { weight: 3, arbitrary: nastyText },
  {
    weight: 1,
    arbitrary: fc.string({ unit: "grapheme", maxLength: 20 }).filter((s) => !s.includes("\0")),
  },
);
const variableName = fc.constantFrom(
  ...[
    "A",
    "_x",

    "FOO_2",
    "CDPATH",
    "HOME",
    "ENV",
    "BASH_ENV",
    "PS4",
    "IFS",
    "PWD",
  ],
  ...["OLDPWD", "UID", "EUID", "PPID", "OPTIND", "SHELLOPTS", "BASHOPTS", "RANDOM", "TERM", "a-b"],
  ...["a.b", "2x", "BASH_FUNC_printf%%", "printf", "wait", "SLURM_JOB_ID", "é", "x y", "$(id)"],
);
const folderName = nastyText
  .map((text) => text.replaceAll("/", "_").slice(0, 60))
  .filter((text) => text.isWellFormed() && text !== "" && text !== "." && text !== "..");

describe.each(SHELLS.map((shell) => [shell.join(" "), shell] as const))("%s", (_, shell) => {
  // A program that writes down what it was given. No shell: that would mind OPTIND and others.
  const witness = `${root.path}/witness-${shell.join("")}.mjs`;
  beforeAll(() => {
    fs.writeFileSync(
      witness,
      `import fs from "node:fs";
      fs.writeFileSync("seen", JSON.stringify({ args: process.argv.slice(2), env: process.env }));
      process.stdout.write(fs.readFileSync(0));`,
    );
  });

  test("a program sees exactly what it was given, and nothing else is executed", () => {
    fc.assert(
      fc.property(
        fc.array(anyText, { maxLength: 5 }),
        fc.dictionary(variableName, anyText, { maxKeys: 6 }),
        folderName,
        fc.option(anyText, { nil: null }),
        (args, env, folder, stdin) => {
          const job = makeJob(
            { program: { kind: "exec", argv: [process.execPath, witness, ...args] }, env, stdin },
            0,
            folder,
          );
          expect(run(job, shell)).toBe(0);
          const seen = JSON.parse(fs.readFileSync(`${job.directory}/work/seen`, "utf8"));
          expect(seen.args).toEqual(args);
          expect(seen.env).toMatchObject(env);
          expect(read(job, "stdout")).toBe(stdin ?? "");
          // Nothing was made but what the supervisor and the witness make.
          const made = fs.readdirSync(job.directory).filter((name) => name !== "stdin");
          expect(made.sort()).toEqual(["claim", "job.sh", "status", "stderr", "stdout", "work"]);
          expect(fs.readdirSync(`${job.directory}/work`)).toEqual(["seen"]);
          expect(read(job, "stderr")).toBe("");
          expect(statusOf(job).exit).toMatchObject({ code: 0, signal: null });
          fs.rmSync(job.directory, { recursive: true });
        },
      ),
      { numRuns: 40 },
    );
  });

  // Node, the witness above, dies of such a locale; bash complains of it.
  test("a locale that nobody knows is the program's own affair", () => {
    const env = { LC_ALL: "$(touch pwned)", LANG: "'" };
    const job = makeJob({ program: { kind: "exec", argv: ["env", "-0"] }, env });
    expect(run(job, shell)).toBe(0);
    const seen = read(job, "stdout")?.split("\0");
    expect(seen).toContain("LC_ALL=$(touch pwned)");
    expect(seen).toContain("LANG='");
    expect(read(job, "stderr")).toBe("");
  });

  test("a script gets its path, stdin, and its own directory", () => {
    const text = `#!/bin/sh\necho "$0" >&2; pwd; cat\n`;
    const job = makeJob({
      program: { kind: "script", text, interpreter: ["/bin/sh"] },
      stdin: "the input",
    });
    expect(run(job, shell)).toBe(0);
    expect(read(job, "stderr")).toBe(`${job.directory}/script\n`);
    expect(read(job, "stdout")).toBe(`${fs.realpathSync(job.directory)}/work\nthe input`);
  });

  test.each([
    ["exit 0", 0, null],
    ["exit 3", 3, null],
    ["exit 127", 127, null],
    ["kill -9 $$", 137, 9],
    ["kill -TERM $$", 143, 15],
    ["kill -SEGV $$", 139, 11],
  ] as const)("%s is recorded as %i, signal %s", (line, code, signal) => {
    const job = makeJob({ program: { kind: "exec", argv: ["/bin/sh", "-c", line] } });
    expect(run(job, shell)).toBe(code);
    expect(statusOf(job).exit).toMatchObject({ code, signal });
  });

  test("a program that is not there ends with 127, one that is not executable with 126", () => {
    for (const name of ["no-such-program", "-no-such", "a=b", "./no", "cd"]) {
      const job = makeJob({ program: { kind: "exec", argv: [name] } });
      expect([name, run(job, shell)]).toEqual([name, 127]);
      expect(read(job, "stderr")).not.toBe("");
    }
    const job = makeJob({ program: { kind: "exec", argv: [root.path] } });
    expect(run(job, shell)).toBe(126);
  });

  test("a name is looked up in the PATH that the job was given", () => {
    const folder = `${root.path}/bin-${shell.join("")}`;
    fs.mkdirSync(folder);
    fs.writeFileSync(`${folder}/mine`, "#!/bin/sh\necho mine\n", { mode: 0o755 });
    const argv = ["mine"];
    const job = makeJob({
      program: { kind: "exec", argv },
      env: { PATH: `${folder}:/usr/bin:/bin` },
    });
    expect(run(job, shell)).toBe(0);
    expect(read(job, "stdout")).toBe("mine\n");
  });

  test("a second start does nothing, says so and exits 0", () => {
    const argv = ["/bin/sh", "-c", "echo ran >>ran; exit 5"];
    const job = makeJob({ program: { kind: "exec", argv } });
    expect(run(job, shell)).toBe(5);
    const [claim, status] = [read(job, "claim"), read(job, "status")];
    expect(run(job, shell, { ...ENV, SLURM_JOB_ID: "77", SLURM_RESTART_COUNT: "1" })).toBe(0);
    expect([read(job, "claim"), read(job, "status")]).toEqual([claim, status]);
    expect(fs.readFileSync(`${job.directory}/work/ran`, "utf8")).toBe("ran\n");
    expect(read(job, "claim.lost")).toMatch(/^lost v1 77 \S+ \d+ \S+ \S+ 1\n$/);
  });

  test("of many starts at once one runs", async () => {
    const job = makeJob({ program: { kind: "exec", argv: ["/bin/sh", "-c", "echo ran >>ran"] } });
    const [file = "sh", ...args] = shell;
    const ended = Array.from({ length: 16 }, () => {
      const child = spawn(file, [...args, job.script], { env: ENV, stdio: "ignore" });
      return new Promise((resolve) => child.on("exit", resolve));
    });
    expect(new Set(await Promise.all(ended))).toEqual(new Set([0]));
    expect(fs.readFileSync(`${job.directory}/work/ran`, "utf8")).toBe("ran\n");
    expect(read(job, "claim.lost")?.split("\n").length).toBe(16);
  });

  test("the claim names the process, and under Slurm the job and its restart", () => {
    const argv = ["/bin/sh", "-c", 'echo "$SLURM_EXPORT_ENV" "${SLURM_SUBMIT_DIR-}"'];
    const alone = makeJob({ program: { kind: "exec", argv } });
    run(alone, shell);
    const bootId = fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const claim = statusOf(alone).claim;
    expect(claim).toMatchObject({ bootId, restartCount: 0 });
    expect(claim?.nativeId).toBe(`${bootId.slice(0, 8)}:${claim?.pid}:${claim?.startTicks}`);
    expect(claim?.startTicks).toMatch(/^\d+$/);
    expect(read(alone, "stdout")).toBe(" \n");
    const slurm = makeJob({ program: { kind: "exec", argv } });
    const restarted = { SLURM_JOB_ID: "12", SLURM_RESTART_COUNT: "2", SLURM_SUBMIT_DIR: "/" };
    run(slurm, shell, { ...ENV, ...restarted });
    expect(statusOf(slurm).claim).toMatchObject({ nativeId: "12", restartCount: 2 });
    expect(read(slurm, "stdout")).toBe(`ALL ${slurm.directory}/work\n`);
  });

  /** Runs it in a session of its own, as the local transport does, until the program is there. */
  async function start(argv: string[], heartbeatS = 0, slurm = false) {
    const job = makeJob({ program: { kind: "exec", argv } }, heartbeatS);
    const [file = "sh", ...args] = shell;
    const env = slurm ? { ...ENV, SLURM_JOB_ID: "1" } : ENV;
    const child = spawn(file, [...args, job.script], { env, stdio: "ignore", detached: true });
    const exit = new Promise((resolve) => child.on("exit", (code) => resolve(code)));
    await waitFor(() => read(job, "stdout")?.includes("ready"));
    return { job, pid: child.pid ?? 0, exit };
  }

  const COUNTING = `n=0; trap 'n=$((n+1)); echo TERM' TERM; trap 'echo USR1' USR1; echo ready
    until [ -e stop ]; do sleep 0.05 & wait $!; done; echo "terms $n"; exit 4`;

  test.each([false, true])(
    "TERM reaches the program once and its own exit counts (Slurm: %s)",
    async (slurm) => {
      const { job, pid, exit } = await start(["/bin/sh", "-c", COUNTING], 0, slurm);
      process.kill(pid, "SIGTERM");
      await waitFor(() => read(job, "stdout")?.includes("TERM"));
      fs.writeFileSync(`${job.directory}/work/stop`, "");
      expect(await exit).toBe(4);
      expect(read(job, "stdout")).toContain("terms 1\n");
      expect(statusOf(job).exit).toMatchObject({ code: 4, signal: null });
    },
  );

  test("TERM ends a program that does not mind it, with everything in its group", async () => {
    const { job, pid, exit } = await start(["/bin/sh", "-c", "sleep 600 & echo $! ready; wait"]);
    const child = Number(read(job, "stdout")?.split(" ")[0]);
    process.kill(pid, "SIGINT"); // Passed on as TERM: background children ignore INT.
    expect(await exit).toBe(143);
    expect(statusOf(job).exit).toMatchObject({ code: 143, signal: 15 });
    await waitFor(() => !isRunning(child));
  });

  test("a TERM at any moment of the start ends it: unclaimed, or with its end written down", async () => {
    const tries = 60;
    let claimed = 0;
    for (let n = 0; n < tries; n++) {
      const job = makeJob({ program: { kind: "exec", argv: ["sleep", "600"] } });
      const [file = "sh", ...args] = shell;
      const child = spawn(file, [...args, job.script, "boot-id", "host"], {
        env: ENV,
        stdio: "ignore",
        detached: true,
      });
      const exit = new Promise((resolve) => child.on("exit", (code) => resolve(code)));
      const untilMs = performance.now() + (6 * n) / tries;
      while (performance.now() < untilMs); // Finer than any timer.
      process.kill(child.pid ?? 0, "SIGTERM");
      const code = await exit;
      expect(code).toBe(statusOf(job).claimed ? 143 : null);
      if (code === null) continue;
      claimed++;
      expect(statusOf(job).exit).toMatchObject({ code: 143, signal: 15 });
    }
    expect(claimed).toBeGreaterThan(0);
  });

  test("what a program leaves in its group ends with it", async () => {
    const { job, exit } = await start(["/bin/sh", "-c", "sleep 600 & echo $! ready"]);
    const left = Number(read(job, "stdout")?.split(" ")[0]);
    expect(await exit).toBe(0);
    await waitFor(() => !isRunning(left));
  });

  test("USR1 goes to a program that catches it and spares one that does not", async () => {
    const catching = await start(["/bin/sh", "-c", COUNTING]);
    process.kill(catching.pid, "SIGUSR1");
    await waitFor(() => read(catching.job, "stdout")?.includes("USR1"));
    fs.writeFileSync(`${catching.job.directory}/work/stop`, "");
    expect(await catching.exit).toBe(4);
    expect(statusOf(catching.job).warnings).toEqual(["USR1"]);
    const plain = "echo ready; until [ -e stop ]; do sleep 0.05; done";
    const sparing = await start(["/bin/sh", "-c", plain]);
    process.kill(sparing.pid, "SIGUSR2");
    await waitFor(() => statusOf(sparing.job).warnings.length > 0);
    fs.writeFileSync(`${sparing.job.directory}/work/stop`, "");
    expect(await sparing.exit).toBe(0);
  });

  test("beats come while it runs, and nothing beats or sleeps after", async () => {
    const plain = "echo ready; until [ -e stop ]; do sleep 0.05; done";
    const { job, pid, exit } = await start(["/bin/sh", "-c", plain], 1);
    await waitFor(() => statusOf(job).beats >= 2, 10_000);
    fs.writeFileSync(`${job.directory}/work/stop`, "");
    expect(await exit).toBe(0);
    expect(read(job, "status")).toMatch(/exit 0 0 -\n$/);
    await waitFor(() => membersOfGroup(pid).length === 0);
  });

  test.each([false, true])("a long beat's nap ends with the program (Slurm: %s)", async (slurm) => {
    const { job, pid, exit } = await start(["/bin/sh", "-c", "echo ready; exit 2"], 600, slurm);
    expect(await exit).toBe(2);
    await waitFor(() => membersOfGroup(pid).length === 0);
    expect(read(job, "status")).toMatch(/exit 2 0 -\n$/);
  });

  test("CPU time is the program's", () => {
    const argv = ["/bin/sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"];
    const job = makeJob({ program: { kind: "exec", argv } });
    expect(run(job, shell)).toBe(0);
    expect(statusOf(job).exit?.cpuMs).toBeGreaterThan(20);
  });

  test("no work directory ends with 126, no job directory with EX_CANTCREAT", () => {
    const job = makeJob({});
    fs.rmdirSync(`${job.directory}/work`);
    expect(run(job, shell)).toBe(126);
    const script = `${root.path}/moved.sh`;
    fs.copyFileSync(job.script, script);
    fs.rmSync(job.directory, { recursive: true });
    expect(run({ ...job, script }, shell)).toBe(SUPERVISOR_FAILED);
  });
});

test("every nasty piece was tried", () => {
  expect(NASTY.filter((piece) => !hits.has(piece))).toEqual([]);
  const total = [...hits.values()].reduce((sum, count) => sum + count, 0);
  expect(total).toBeGreaterThan(SHELLS.length * 200);
});

test.skipIf(!installed("strace") || !installed("dash"))(
  "without heartbeat it forks once and executes only the shell and the program",
  () => {
    const job = makeJob({ program: { kind: "exec", argv: ["/bin/true"] }, env: { A: "b" } });
    const trace = `${job.directory}/../trace`;
    const argv = ["-f", "-e", "trace=process", "-o", trace, "dash", job.script];
    spawnSync("strace", [...argv, "065a2f64-ae28-4a14-b0e8-874818d757b6", "host"], { env: ENV });
    const calls = fs.readFileSync(trace, "utf8").split("\n");
    expect(statusOf(job).exit?.code).toBe(0);
    expect(calls.filter((line) => /^\d+ +(?:v?fork|clone3?)\(/.test(line)).length).toBe(1);
    expect(calls.filter((line) => /^\d+ +execve\(.* = 0$/.test(line)).length).toBe(2);
  },
);

test("what no process can be given is refused", () => {
  const files = { directory: "/nowhere", queueName: "x" };
  const options = { directives: [], heartbeatS: 0 };
  for (const changed of [
    { program: { kind: "exec" as const, argv: [] } },
    { program: { kind: "exec" as const, argv: [""] } },
    { program: { kind: "exec" as const, argv: ["a\0b"] } },
    { env: { "": "x" } },
    { env: { "a=b": "x" } },
    { env: { A: "a\0b" } },
    { env: { UID: "1" }, program: { kind: "exec" as const, argv: ["a=b"] } },
  ]) {
    expect(() => supervisorScript(attemptSpec(changed), files, options)).toThrow(
      expect.objectContaining({ code: "INVALID" }),
    );
  }
  const twoLines = { directives: ["#SBATCH --x\nrm -rf /"], heartbeatS: 0 };
  expect(() => supervisorScript(attemptSpec(), files, twoLines)).toThrow(/single line/);
});

test("a script never holds a DOS line break: sbatch would refuse it", () => {
  expect(shellQuote("a\r\nb")).toBe("'a\r''\nb'");
  const env = { A: "\r\n", B: "x\r\n\r\n'" };
  const files = { directory: "/nowhere", queueName: "x" };
  const text = supervisorScript(attemptSpec({ env }), files, { directives: [], heartbeatS: 0 });
  expect(text).not.toContain("\r\n");
});

describe("what a supervisor wrote is read", () => {
  const times = { claimMtimeMs: 1000, statusMtimeMs: 2000 };
  const claim = "claim v1 12 node1 99 - 77 1\n";

  test("line by whole line", () => {
    expect(
      parseSupervisorStatus({ claim: null, status: null, claimMtimeMs: null, statusMtimeMs: null }),
    ).toMatchObject({ claimed: false, claim: null, startedAtMs: null, exit: null, lastLine: null });
    const torn = parseSupervisorStatus({ claim: claim.slice(0, -1), status: "start 9", ...times });
    expect(torn).toMatchObject({ claimed: true, claim: null, startedAtMs: null, exit: null });
    const whole = parseSupervisorStatus({ claim, status: "start 99\nbeat\nexit 0 0 5", ...times });
    expect(whole).toMatchObject({ startedAtMs: 1000, aliveAtMs: 2000, beats: 1, exit: null });
    expect(whole.claim).toEqual({
      nativeId: "12",
      host: "node1",
      pid: 99,
      bootId: null,
      startTicks: "77",
      restartCount: 1,
    });
  });

  test("with the CPU time of either form", () => {
    const status = "start 9\n0m0.00s 0m0.00s\n1m2.500s 0m0.25s\nexit 137 9 -\n";
    expect(parseSupervisorStatus({ claim, status, ...times })).toMatchObject({
      exit: { code: 137, signal: 9, cpuMs: 62_750 },
      endedAtMs: 2000,
      lastLine: "exit 137 9 -",
    });
    const plain = parseSupervisorStatus({
      claim,
      status: "start 9\nexit 0 0 120\nexit 1 0 1\n",
      ...times,
    });
    expect(plain.exit).toEqual({ code: 0, signal: null, cpuMs: 120 });
  });

  test("and never throws", () => {
    const text = fc.option(fc.string({ unit: "binary" }), { nil: null });
    fc.assert(
      fc.property(text, text, (first, second) => {
        parseSupervisorStatus({ claim: first, status: second, ...times });
      }),
    );
  });
});

function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function membersOfGroup(groupId: number): string[] {
  return fs.readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name) || !isRunning(Number(name))) return false;
    try {
      const stat = fs.readFileSync(`/proc/${name}/stat`, "utf8");
      return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]) === groupId;
    } catch {
      return false;
    }
  });
}
