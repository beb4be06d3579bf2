// Answers recorded from a real Slurm (recorded/VERSION/*.txt, made by the commands in README.md)
// against what we read in them (*.json beside them). Regenerate the latter with `vitest run -u`.

import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseSacct, parseSbatch, parseScontrolConfig, parseScontrolJob } from "./slurm-parse.ts";
import { parseScontrolPing, parseSeconds, parseSinfoCpus, parseSqueue } from "./slurm-parse.ts";
import { SEPARATOR } from "./slurm-parse.ts";
import { slurmPhaseOf } from "./slurm-states.ts";

const recorded = `${import.meta.dirname}/recorded`;

const PARSERS: readonly (readonly [RegExp, (text: string) => unknown])[] = [
  [/^squeue/, parseSqueue],
  [/^sacct/, parseSacct],
  [/^scontrol-job/, parseScontrolJob],
  [/^scontrol-config/, (text) => Object.fromEntries(parseScontrolConfig(text))],
  [/^scontrol-ping/, parseScontrolPing],
  [/^sinfo/, (text) => Object.fromEntries(parseSinfoCpus(text))],
];

describe.each(readdirSync(recorded))("Slurm %s", (version) => {
  const files = readdirSync(`${recorded}/${version}`).filter((name) => name.endsWith(".txt"));

  test.each(files)("%s is read", async (name) => {
    const parse = PARSERS.find(([pattern]) => pattern.test(name))?.[1];
    const text = readFileSync(`${recorded}/${version}/${name}`, "utf8");
    if (parse === undefined) return; // sbatch's refusals have a test of their own.
    const golden = `${JSON.stringify(parse(text), null, 2)}\n`;
    await expect(golden).toMatchFileSnapshot(
      `${recorded}/${version}/${name.replace(/txt$/, "json")}`,
    );
  });

  test.each(files.filter((name) => /^(?:squeue|sacct)/.test(name)))(
    "every word in %s is known",
    (name) => {
      const text = readFileSync(`${recorded}/${version}/${name}`, "utf8");
      const rows = name.startsWith("squeue") ? parseSqueue(text) : parseSacct(text);
      expect(rows.length).toBe(text.trim().split("\n").length);
      for (const row of rows) expect(slurmPhaseOf(row.state, row.reason).phase).not.toBe("unknown");
    },
  );
});

test("sbatch's id is found among what a plugin prints", () => {
  expect(parseSbatch("17\n")).toBe("17");
  expect(parseSbatch("17;cluster2\n")).toBe("17");
  expect(parseSbatch("Welcome to 2 clusters\n17\n")).toBe("17");
  expect(parseSbatch("Submitted batch job 17\n")).toBeNull();
  expect(parseSbatch("")).toBeNull();
});

test("a name that holds the separator stays whole, a line of another kind is left out", () => {
  const line = ["7", "RUNNING", "None", "10", "11", "N/A", "/d", `a${SEPARATOR}b`].join(SEPARATOR);
  expect(parseSqueue(`slurm: a banner\n${line}\n\nx${SEPARATOR}y\n`)).toMatchObject([
    { nativeId: "7", name: `a${SEPARATOR}b`, reason: null, startAtMs: 11_000, endAtMs: null },
  ]);
});

test("of a requeued job the last run counts, of a reused id each name", () => {
  const row = (id: string, state: string, submit: string, name: string): string =>
    [id, state, "0:0", "None", submit, "1", "2", "/d", name].join(SEPARATOR);
  const text = [
    row("5", "COMPLETED", "200", "a"),
    row("5", "PREEMPTED", "100", "a"),
    row("5", "FAILED", "300", "b"),
    row("5.batch", "FAILED", "300", "b"),
  ].join("\n");
  expect(parseSacct(text).map((it) => [it.name, it.state])).toEqual([
    ["a", "COMPLETED"],
    ["b", "FAILED"],
  ]);
});

test("sizes and times are numbers, or nothing", () => {
  expect(parseSeconds("10 sec")).toBe(10);
  expect(parseSeconds("UNLIMITED")).toBeNull();
  expect(parseSeconds(undefined)).toBeNull();
  const cpus = parseSinfoCpus(`a*${SEPARATOR}4\na*${SEPARATOR}16+\nb${SEPARATOR}x\n`);
  expect(Object.fromEntries(cpus)).toEqual({ a: 16, "": 16 });
});

test("a job's values may hold spaces, and a job that is none is none", () => {
  const text =
    "JobId=3 JobName=a b UserId=x(1) JobState=FAILED Reason=None ExitCode=0:9 WorkDir=/a b";
  expect(parseScontrolJob(text)).toMatchObject({ name: "a b", workDir: "/a b", signal: 9 });
  expect(parseScontrolJob("slurm_load_jobs error: Invalid job id specified")).toBeNull();
  expect(parseScontrolPing("Slurmctld(primary) at vm is DOWN\n")).toBe(false);
  expect(parseScontrolPing("Slurmctld(backup1) at b is UP\n")).toBe(true);
});

test("no parser throws on anything", () => {
  const piece = fc.constantFrom(SEPARATOR, "\n", "=", "1", "RUNNING", "JobId=", " ", ":", "*", "é");
  const text = fc.oneof(
    fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join("")),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(text, (answer) => {
      for (const [, parse] of PARSERS) parse(answer);
      parseSbatch(answer);
    }),
  );
});
