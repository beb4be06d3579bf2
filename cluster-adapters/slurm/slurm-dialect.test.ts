// The dialect against a transport that plays Slurm's commands: what is asked, and what each kind of
// answer is taken for. The real Slurm is in conformance.test.ts.

import { expect, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { DEFAULT_RESOURCES } from "#shared/base/job.ts";
import type { Dialect, LiveJob } from "../adapter.ts";
import { attemptSpec } from "../attempt.fixture.ts";
import type { CommandOptions, CommandResult, Transport } from "../transport.ts";
import { localTransport } from "../transports/local/local-transport.ts";
import { slurmDialect } from "./slurm-dialect.ts";
import { SEPARATOR } from "./slurm-parse.ts";

type Play = (argv: readonly string[], options: CommandOptions) => Partial<CommandResult> | Error;

interface Played {
  readonly dialect: Dialect;
  readonly commands: (readonly string[])[];
  readonly calls: { readonly argv: readonly string[]; readonly options: CommandOptions }[];
}

const CLEAN = {
  exitCode: 0,
  signal: null,
  stdout: "",
  stderr: "",
  timedOut: false,
  truncated: false,
};

function played(play: Play, options: { readonly [name: string]: string } = {}): Played {
  const calls: { argv: readonly string[]; options: CommandOptions }[] = [];
  const commands: (readonly string[])[] = [];
  const transport: Transport = {
    ...localTransport(),
    readFile: async () => Buffer.from("#!/bin/sh\n"),
    run: async (argv, given) => {
      calls.push({ argv, options: given });
      commands.push(argv);
      const answer = play(argv, given);
      if (answer instanceof Error) throw answer;
      return { ...CLEAN, ...answer };
    },
  };
  return { dialect: slurmDialect(transport, options), commands, calls };
}

const job = (n: number): LiveJob => ({
  directory: `/jobs/${n}`,
  queueName: `relax-aaaaaaaaaaaaaaaa-${n}-1`,
  nativeId: String(n),
});

const row = (id: string, state: string, name: string, directory = "/else"): string =>
  [id, state, "None", "100", "200", "300", directory, name].join(SEPARATOR);
const record = (id: string, state: string, exit: string, name: string): string =>
  [id, state, exit, "None", "100", "200", "300", "/else", name].join(SEPARATOR);

const CONFIG = (storage: string): string =>
  `AccountingStorageType   = ${storage}\nMessageTimeout          = 7 sec\nSLURM_VERSION = 23.11.4\n`;

/** Plays a controller with these queue rows, and accounting if there are records. */
function slurm(queue: readonly string[], records: readonly string[] | null): Play {
  return ([command, verb]) => {
    if (command === "squeue") return { stdout: `${queue.join("\n")}\n` };
    if (command === "sacct") return { stdout: `${(records ?? []).join("\n")}\n` };
    if (command === "scontrol" && verb === "show") {
      return {
        stdout: CONFIG(
          records === null ? "accounting_storage/none" : "accounting_storage/slurmdbd",
        ),
      };
    }
    if (command === "sinfo") return { stdout: `debug*${SEPARATOR}8\n` };
    if (command === "sbatch") return { stdout: "slurm 23.11.4\n" };
    return {};
  };
}

const submitWith = (play: Play) => played(play).dialect.submit(attemptSpec(), job(1), () => {});

test("sbatch is given name and directory as arguments and the script on its input", async () => {
  const it = played(() => ({ stdout: "42;east\n" }), {
    submit_timeout_s: "7",
    slurm_conf: "/s.conf",
  });
  const files = { directory: "/jobs/it's $(x)", queueName: "-a,b\n'c-aaaaaaaaaaaaaaaa-0-1" };
  expect(await it.dialect.submit(attemptSpec(), files, () => {})).toEqual({
    kind: "submitted",
    nativeId: "42",
    raw: "42;east",
  });
  expect(it.calls[0]?.argv).toEqual([
    "sbatch",
    "--parsable",
    "--job-name=_a_b__c-aaaaaaaaaaaaaaaa-0-1",
    "--chdir=/jobs/it's $(x)",
  ]);
  expect(it.calls[0]?.options).toMatchObject({ stdin: "#!/bin/sh\n", timeoutMs: 7000 });
  expect(it.calls[0]?.options.env).toMatchObject({ SLURM_CONF: "/s.conf", LC_ALL: "C", TZ: "UTC" });
});

test("no variable of Slurm's own comes in from the agent, nor goes out to a job", async () => {
  const foreign = {
    SBATCH_PARTITION: "x",
    SQUEUE_FORMAT: "%i",
    SLURM_JOB_ID: "1",
    SACCT_FORMAT: "x",
  };
  Object.assign(process.env, foreign);
  try {
    const it = played(slurm([], null));
    await it.dialect.probe();
    await it.dialect.submit(attemptSpec(), job(1), () => {});
    for (const call of it.calls) {
      for (const name of Object.keys(foreign)) expect(call.options.env).not.toHaveProperty(name);
    }
    // sbatch copies SLURM_* into the job: what is for queries stays with them.
    expect(it.calls.at(-1)?.options.env).not.toHaveProperty("SLURM_TIME_FORMAT");
    expect(it.calls[0]?.options.env).toMatchObject({ SLURM_TIME_FORMAT: "%s" });
  } finally {
    for (const name of Object.keys(foreign)) delete process.env[name];
  }
});

const failed = "sbatch: error: Batch job submission failed: ";
test.each([
  // Broken conversations: nobody knows.
  [{ exitCode: 1, stderr: `${failed}Socket timed out on send/recv operation\n` }, "ambiguous"],
  [
    { exitCode: 1, stderr: `${failed}Unable to contact slurm controller (connect failure)\n` },
    "ambiguous",
  ],
  [{ exitCode: 1, stderr: `${failed}Zero Bytes were transmitted or received\n` }, "ambiguous"],
  [{ exitCode: 1, stderr: `${failed}Protocol authentication error\n` }, "ambiguous"],
  [
    {
      exitCode: null,
      timedOut: true,
      stderr: "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying.\n",
    },
    "ambiguous",
  ],
  [{ exitCode: null, signal: "SIGKILL" }, "ambiguous"],
  [{ exitCode: 0, stdout: "" }, "ambiguous"],
  [{ exitCode: 1, stdout: "17\n" }, "ambiguous"],
  [{ exitCode: 1, stderr: "" }, "ambiguous"],
  [{ exitCode: 3, stderr: "a plugin died\n" }, "ambiguous"],
  // Refusals.
  [{ exitCode: 1, stderr: `${failed}Invalid partition name specified\n` }, "refused"],
  [
    {
      exitCode: 1,
      stderr: `${failed}Invalid account or account/partition combination specified\n`,
    },
    "refused",
  ],
  [{ exitCode: 1, stderr: `${failed}Some error of a later Slurm\n` }, "refused"],
  [{ exitCode: 255, stderr: "sbatch: unrecognized option '--bogus'\n" }, "refused"],
  [
    {
      exitCode: 1,
      stderr: `sbatch: error: QOSMaxWallDurationPerJobLimit\n${failed}Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)\n`,
    },
    "refused",
  ],
  // Not now.
  [
    {
      exitCode: 1,
      stderr: `sbatch: error: AssocMaxSubmitJobLimit\n${failed}Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)\n`,
    },
    "later",
  ],
  [
    { exitCode: 1, stderr: `${failed}Required partition not available (inactive or drain)\n` },
    "later",
  ],
  [{ exitCode: 1, stderr: `${failed}Slurm temporarily unable to accept job\n` }, "later"],
] as const)("sbatch: %j is %s", async (answer, kind) => {
  const result = await submitWith(() => answer);
  expect(result.kind).toBe(kind);
  if (result.kind !== "submitted") expect(result.reason).not.toBe("");
});

test("an sbatch that cannot be started took nothing", async () => {
  const result = await submitWith(() => new Failure("NOT_FOUND", "spawn sbatch ENOENT"));
  expect(result).toEqual({ kind: "later", reason: "cannot run sbatch: spawn sbatch ENOENT" });
});

test("a script larger than Slurm takes is refused before it is sent", async () => {
  const it = played(() => ({}));
  const transport: Transport = {
    ...localTransport(),
    readFile: async (_path, bytesMax) => Buffer.alloc(bytesMax),
  };
  const large = slurmDialect(transport, {});
  expect(await large.submit(attemptSpec(), job(1), () => {})).toMatchObject({ kind: "refused" });
  expect(it.commands).toEqual([]);
});

test("probe tells what the controller says, and fails when it does not answer", async () => {
  const it = played(slurm([], []));
  expect(await it.dialect.probe()).toMatchObject({
    dialect: "slurm",
    version: "23.11.4",
    messageTimeoutMs: 14_000,
    accounting: true,
  });
  const files = job(1);
  const spec = attemptSpec({ resources: { ...DEFAULT_RESOURCES, cpus: 17 } });
  expect(it.dialect.directives(spec, files)).toContain("#SBATCH --nodes=3");
  const silent = played(() => ({
    exitCode: 1,
    stderr: "slurm_load_ctl_conf error: Unable to contact",
  }));
  await expect(silent.dialect.probe()).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

const NO_ANSWERS: readonly (readonly [string, Partial<CommandResult> | Error])[] = [
  [
    "exit code",
    { exitCode: 1, stderr: "slurm_load_jobs error: Unable to contact slurm controller" },
  ],
  ["an error with exit code 0", { stderr: "slurm_load_jobs error: Socket timed out", stdout: "" }],
  [
    "an error with exit code 0 and rows",
    { stderr: "squeue: error: x", stdout: row("1", "COMPLETED", "x") },
  ],
  ["time", { exitCode: null, timedOut: true }],
  ["size", { truncated: true, exitCode: null, signal: "SIGKILL" }],
  ["no such command", new Failure("NOT_FOUND", "spawn squeue ENOENT")],
];

test.each(NO_ANSWERS)("a query that fails by %s is no answer", async (_, answer) => {
  const it = played((argv) => (argv[0] === "squeue" ? answer : {}));
  for (const said of [
    await it.dialect.poll([job(1)]),
    await it.dialect.find([job(1)]),
    await it.dialect.cancel([job(1)]),
  ]) {
    expect(said).toMatchObject({ kind: "no-answer" });
    expect(said.kind === "no-answer" && said.reason).toMatch(/^squeue: ./);
  }
  expect(it.commands.some(([command]) => command === "scancel")).toBe(false);
});

test("a message of the day on stderr spoils nothing", async () => {
  const queue = [row("1", "RUNNING", job(1).queueName)];
  const it = played((argv, options) => ({
    stderr: "Welcome! There were no errors: today.\n",
    ...(slurm(queue, null)(argv, options) as Partial<CommandResult>),
  }));
  expect(await it.dialect.poll([job(1)])).toMatchObject({ present: [{ phase: "running" }] });
});

test("a job is ours by name or by directory, never by id", async () => {
  const queue = [
    row("1", "RUNNING", "somebody-elses"),
    row("7", "PENDING", job(2).queueName),
    row("9", "RUNNING", "renamed by a plugin", "/jobs/3"),
  ];
  const it = played(slurm(queue, null));
  const answer = await it.dialect.poll([job(1), job(2), job(3)]);
  expect(answer).toMatchObject({
    kind: "answer",
    present: [
      { nativeId: "7", queueName: job(2).queueName, phase: "queued", startedAtMs: null },
      { nativeId: "9", queueName: job(3).queueName, phase: "running", startedAtMs: 200_000 },
    ],
  });
});

test("a job id that is somebody else's by now is not cancelled", async () => {
  const queue = [row("1", "RUNNING", "somebody-elses"), row("2", "RUNNING", job(2).queueName)];
  const it = played(slurm(queue, null));
  expect(await it.dialect.cancel([job(1), job(2)])).toEqual({ kind: "asked" });
  expect(it.commands.at(-1)).toEqual(["scancel", "2"]);
  const gone = played(slurm([], null));
  expect(await gone.dialect.cancel([job(1)])).toEqual({ kind: "asked" });
  expect(gone.commands.map(([command]) => command)).toEqual(["squeue"]);
});

test("a scancel that reaches nobody is no answer", async () => {
  const queue = slurm([row("1", "RUNNING", job(1).queueName)], null);
  const stderr = "scancel: error: Kill job error on job id 1: Unable to contact slurm controller";
  const it = played((argv, options) =>
    argv[0] === "scancel" ? { exitCode: 1, stderr } : queue(argv, options),
  );
  expect(await it.dialect.cancel([job(1)])).toMatchObject({ kind: "no-answer" });
  const late =
    "scancel: error: Kill job error on job id 1: Job/step already completing or completed";
  const ended = played((argv, options) =>
    argv[0] === "scancel" ? { exitCode: 1, stderr: late } : queue(argv, options),
  );
  expect(await ended.dialect.cancel([job(1)])).toEqual({ kind: "asked" });
});

test("find asks accounting after what the queue does not have, and needs an answer of both", async () => {
  const records = [record("2", "FAILED", "3:0", job(2).queueName)];
  const it = played(slurm([row("1", "RUNNING", job(1).queueName)], records));
  expect(await it.dialect.find([job(1), job(2), job(3)])).toMatchObject({
    kind: "answer",
    present: [{ nativeId: "1" }, { nativeId: "2", phase: "ended", cause: "failed", exitCode: 3 }],
  });
  const asked = it.commands.findLast(([command]) => command === "sacct");
  expect(asked?.at(-1)).toBe(`--name=${job(2).queueName},${job(3).queueName}`);
  const silent = played((argv, options) =>
    argv[0] === "sacct"
      ? { exitCode: 1, stderr: "sacct: error: slurmdbd: Connection refused" }
      : slurm([], [])(argv, options),
  );
  expect(await silent.dialect.find([job(1)])).toMatchObject({ kind: "no-answer" });
  const unknown = played(([command], options) =>
    command === "squeue" ? slurm([], [])([command], options) : { exitCode: 1, stderr: "no" },
  );
  expect(await unknown.dialect.find([job(1)])).toMatchObject({ kind: "no-answer" });
});

test("without accounting the queue's word is all there is", async () => {
  const it = played(slurm([], null));
  expect(await it.dialect.find([job(1)])).toEqual({ kind: "answer", present: [] });
  expect(it.commands.some(([command]) => command === "sacct")).toBe(false);
});

test("poll is one call, and one more for what is missing when there is accounting", async () => {
  const many = Array.from({ length: 2000 }, (_, n) => job(n + 1));
  const rows = many.map((it) => row(it.nativeId, "RUNNING", it.queueName));
  const it = played(slurm(rows, []));
  await it.dialect.probe();
  it.commands.length = 0;
  const all = await it.dialect.poll(many);
  expect(all.kind === "answer" && all.present.length).toBe(2000);
  expect(it.commands.map(([command]) => command)).toEqual(["squeue"]);
  await it.dialect.poll([...many, job(9998), job(9999)]);
  expect(it.commands.map(([command]) => command)).toEqual(["squeue", "squeue", "sacct"]);
  expect(it.commands.at(-1)?.at(-1)).toBe("--jobs=9998,9999");
  it.commands.length = 0;
  expect(await it.dialect.poll([])).toEqual({ kind: "answer", present: [] });
  expect(await it.dialect.find([])).toEqual({ kind: "answer", present: [] });
  expect(await it.dialect.history([])).toEqual({ kind: "answer", present: [] });
  expect(await it.dialect.cancel([])).toEqual({ kind: "asked" });
  expect(it.commands).toEqual([]);
});

test("accounting that fails leaves the queue's own answer standing", async () => {
  const good = slurm([row("1", "RUNNING", job(1).queueName)], []);
  let broken = false;
  const it = played((argv, options) =>
    broken && argv[0] === "sacct" ? { exitCode: 1 } : good(argv, options),
  );
  await it.dialect.probe();
  broken = true;
  expect(await it.dialect.poll([job(1), job(2)])).toMatchObject({ present: [{ nativeId: "1" }] });
  expect(await it.dialect.history([job(2)])).toMatchObject({ kind: "no-answer" });
});

test("history is accounting's, else the controller's for a few jobs", async () => {
  const records = [record("1", "OUT_OF_MEMORY", "0:125", job(1).queueName)];
  const kept = played(slurm([], records));
  expect(await kept.dialect.history([job(1)])).toMatchObject({
    present: [{ cause: "out_of_memory", signal: null, endedAtMs: 300_000 }],
  });
  const one = `JobId=1 JobName=${job(1).queueName} JobState=COMPLETED Reason=None ExitCode=0:0 EndTime=300`;
  const bare = played((argv, options) => {
    if (argv[0] !== "scontrol" || argv[2] !== "job") return slurm([], null)(argv, options);
    if (argv.at(-1) === "1") return { stdout: one };
    return { exitCode: 1, stderr: "slurm_load_jobs error: Invalid job id specified" };
  });
  const many = Array.from({ length: 30 }, (_, n) => job(n + 1));
  expect(await bare.dialect.history(many)).toMatchObject({
    present: [{ cause: "ok", exitCode: 0, endedAtMs: 300_000 }],
  });
  expect(bare.commands.filter((argv) => argv[2] === "job").length).toBe(8);
  const silent = played((argv, options) =>
    argv[2] === "job"
      ? { exitCode: 1, stderr: "slurm_load_jobs error: Socket timed out" }
      : slurm([], null)(argv, options),
  );
  expect(await silent.dialect.history([job(1)])).toMatchObject({ kind: "no-answer" });
  const unknown = played(() => ({ exitCode: 1, stderr: "no" }));
  expect(await unknown.dialect.history([job(1)])).toMatchObject({ kind: "no-answer" });
});

test("a word that nobody knows leaves a job where its times put it", async () => {
  const started = row("1", "WIBBLING", job(1).queueName);
  const waiting = row("2", "WOBBLING", job(2).queueName).replace(
    `${SEPARATOR}200`,
    `${SEPARATOR}N/A`,
  );
  const it = played(slurm([started, waiting], null));
  expect(await it.dialect.poll([job(1), job(2)])).toMatchObject({
    present: [
      { phase: "running", raw: "WIBBLING", cause: null, endedAtMs: null },
      { phase: "queued", raw: "WOBBLING", cause: null },
    ],
  });
});

test("options that are not known or make no sense are refused", () => {
  for (const options of [{ conf: "x" }, { submit_timeout_s: "soon" }, { heartbeat_s: "-1" }]) {
    expect(() => slurmDialect(localTransport(), options)).toThrow(
      expect.objectContaining({ code: "INVALID" }),
    );
  }
  const resources = { ...DEFAULT_RESOURCES, qos: "a b" };
  expect(slurmDialect(localTransport(), {}).unsupported(resources)).toHaveLength(1);
  const found = slurmDialect(localTransport(), { path: "/opt/slurm/bin", heartbeat_s: "5" });
  expect(found.heartbeatS).toBe(5);
});
