import { describe, expect, test } from "vitest";
import { compileSbatch } from "./sbatch-script.ts";
import type { SbatchInput } from "./sbatch-script.ts";

const script = (...lines: string[]) => ["#!/bin/bash", ...lines, "echo hello", ""].join("\n");

function taskOf(text: string, more: Partial<SbatchInput> = {}) {
  const result = compileSbatch({ text, fileName: "dir/job.sh", ...more });
  if (result.errors !== undefined) throw new Error(JSON.stringify(result.errors));
  return { task: result.plan.tasks[0]!, plan: result.plan, warnings: result.warnings };
}

function errorsOf(text: string, more: Partial<SbatchInput> = {}): string[] {
  const { errors = [] } = compileSbatch({ text, fileName: "job.sh", ...more });
  return errors.map((error) => `${error.line}:${error.column} ${error.message} | ${error.hint}`);
}

describe("a Slurm script", () => {
  test("runs unchanged, by its own interpreter, under its own name", () => {
    const text = script("#SBATCH -J 'my job'", "echo ${{ not.a.reference }}");
    const { task, plan } = taskOf(text);
    expect(task.program).toEqual({ kind: "script", text: [text], interpreter: ["/bin/bash"] });
    expect(task).toMatchObject({ id: "my-job", cluster: null, retry: { attemptsMax: 1 } });
    expect(plan.workflow).toBe("my-job");
    expect(taskOf(script()).task.id).toBe("job-sh");
    expect(taskOf("#!/usr/bin/env -S python3 -u\n").task.program).toMatchObject({
      interpreter: ["/usr/bin/env", "-S python3 -u"],
    });
  });

  test("with arguments is staged and run as a command", () => {
    const text = script();
    const { task } = taskOf(text, { args: ["a b", "$(x)", "-n"] });
    expect(task.program).toEqual({
      kind: "exec",
      argv: [["/bin/bash"], ["./job.sh"], ["a b"], ["$(x)"], ["-n"]],
    });
    expect(task.files).toEqual([
      { path: "job.sh", source: { kind: "template", text: [text] }, executable: true },
    ]);
  });

  const same = { cpus: 8, ranks: 4, memoryMb: 8192, gpus: 4, nodes: 2, walltimeS: 5400 };
  const forms: readonly (readonly string[])[] = [
    [
      "#SBATCH --nodes=2",
      "#SBATCH --ntasks=4 --cpus-per-task=2",
      "#SBATCH --mem=4G --gres=gpu:2 --time=01:30:00",
    ],
    ["#SBATCH -N 2 -n 4 -c 2", "#SBATCH --mem 4096", "#SBATCH --gpus-per-node 2 -t 90"],
    ["#SBATCH -N2 -n4 -c2 --mem-per-cpu=1G -G4 -t0-01:30"],
    [
      "#SBATCH\t-N 2 --ntasks-per-node=2 -c 2 # a comment",
      "#SBATCH --mem='4G' --gpus=4 --time \"90:00\"",
    ],
    [
      "#SBATCH --nodes=2 --ntasks=9",
      "#SBATCH --ntasks=4 --cpus-per-t=2 --mem=4096M --gpus=4 --time=0-1:30:00",
    ],
  ];
  for (const form of forms) {
    test(`asks for what ${form.join(" ").replaceAll("#SBATCH", "").trim()} asks for`, () => {
      expect(taskOf(script(...form)).task.resources).toMatchObject(same);
    });
  }

  test("asks for one task whatever its cores, and for partition, account, qos, constraint", () => {
    const { task } = taskOf(
      script("#SBATCH -c 4 -p short -A chem --qos=high -C 'a100&nvme' --clusters=hpc"),
    );
    expect(task.resources).toMatchObject({ cpus: 4, ranks: 1, memoryMb: null, nodes: null });
    expect(task.resources).toMatchObject({
      partition: "short",
      account: "chem",
      qos: "high",
      constraint: "a100&nvme",
    });
    expect(task.cluster).toBe("hpc");
  });

  test("understands every way to write a time", () => {
    const seconds = (time: string) =>
      taskOf(script(`#SBATCH --time=${time}`)).task.resources.walltimeS;
    expect(
      ["30", "30:15", "2:00:00", "1-0", "1-2:30", "1-2:30:15", "UNLIMITED", "0"].map(seconds),
    ).toEqual([...[1800, 1815, 7200, 86_400, 95_400, 95_415, null, null]]);
  });

  test("keeps --requeue as retries after what Slurm would requeue for", () => {
    expect(taskOf(script("#SBATCH --requeue")).task.retry).toMatchObject({
      attemptsMax: 6,
      on: ["node_fail", "preempted"],
    });
  });

  test("sets variables of --export, and says what it does not send", () => {
    const { task, warnings } = taskOf(script("#SBATCH --export=ALL,B=2,A=x=y"));
    expect(task.env).toEqual([
      { name: "A", value: ["x=y"] },
      { name: "B", value: ["2"] },
    ]);
    expect(warnings[0]?.message).toContain("environment of this machine");
  });

  test("says what is handled otherwise, once and with its line", () => {
    const { warnings } = taskOf(
      script("#SBATCH -o x.%j", "#SBATCH --mail-type=END --mail-user=me@x"),
    );
    expect(warnings.map(({ line, column, message }) => [line, column, message])).toEqual([
      [2, 9, "--output"],
      [3, 9, "--mail-type"],
    ]);
  });

  test("has no directives after its first command, as in sbatch", () => {
    const { task, warnings } = taskOf("#!/bin/sh\n\n# x\nmodule load x\n#SBATCH -c 9\n");
    expect(task.resources.cpus).toBe(1);
    expect(warnings[0]).toMatchObject({
      line: 5,
      message: expect.stringContaining("after the first command"),
    });
    expect(
      taskOf("#!/bin/sh\n  # x\n##SBATCH -c 9\n #SBATCH -c 9\n#SBATCH -c 2\n").task.resources.cpus,
    ).toBe(2);
  });
});

describe("a refusal names the option, its place and what to do", () => {
  const cases: readonly (readonly [line: string, error: string])[] = [
    [
      "#SBATCH --array=0-9",
      "2:9 --array is not supported | write a workflow with one task per index",
    ],
    ["#SBATCH -n 1 -a0-9", "2:14 --array is not supported"],
    [
      "#SBATCH --dependency=afterok:1",
      "2:9 --dependency is not supported | write a workflow: its tasks have needs",
    ],
    ["#SBATCH -D /tmp", "2:9 --chdir is not supported"],
    ["#SBATCH --exclusive", "2:9 --exclusive is not supported"],
    ["#SBATCH --ntaks=2", "2:9 sbatch has no option --ntaks | did you mean --ntasks?"],
    ["#SBATCH -Z 2", "2:9 sbatch has no option -Z"],
    ["#SBATCH --n=2", "2:9 sbatch has no option --n"],
    ["#SBATCH --ntasks", "2:9 --ntasks has no value"],
    ["#SBATCH --requeue=1", "2:9 --requeue takes no value"],
    ["#SBATCH hetjob", '2:9 "hetjob" is no option | make each component a task'],
    ["#SBATCH --job-name='a", "2:1 a quote that does not end"],
    ["#SBATCH--mem=1G", "2:8 #SBATCH without a space"],
    ["#SBATCH --mem=1X", '2:9 --mem: "1X" is no amount of memory'],
    ["#SBATCH --mem=0", "2:9 --mem=0 asks for all of a node's memory"],
    ["#SBATCH --mem=1G --mem-per-cpu=1G", "2:18 --mem and --mem-per-cpu exclude each other"],
    ["#SBATCH -t abc", "2:9 --time=abc is no time"],
    ["#SBATCH -N 2-4", "2:9 --nodes=2-4 is a range"],
    ["#SBATCH -n x", "2:9 --ntasks=x is no count"],
    [
      "#SBATCH --gres=gpu:a100:2",
      "2:9 --gres=gpu:a100:2 is not supported | say how many only, and choose the type by " +
        "--constraint",
    ],
    ["#SBATCH --gres=craynetwork:1", "2:9 --gres=craynetwork:1 is not supported"],
    ["#SBATCH -p a,b", "2:9 --partition=a,b is no single name | name one of them"],
    ["#SBATCH --export=HOME", "2:9 --export=HOME has no value"],
  ];
  for (const [line, error] of cases) {
    test(line, () => expect(errorsOf(script(line))[0]).toContain(error));
  }

  test("what sbatch itself refuses", () => {
    expect(errorsOf("echo x\n")[0]).toContain("1:1 this does not look like a batch script");
    expect(errorsOf("#!/bin/sh\necho x\r\n")[0]).toContain("2:1 the script has DOS line ends");
    expect(errorsOf("#!/bin/sh\necho\0\n")[0]).toContain("2:1 a NUL in the script");
    expect(errorsOf(script(), { args: ["a\0b"] })[0]).toContain("a NUL in an argument");
  });

  test("all errors come at once, in the order of the script", () => {
    const errors = errorsOf(script("#SBATCH --array=1", "#SBATCH --foo", "#SBATCH -d 1"));
    expect(errors.map((error) => error.slice(0, 3))).toEqual(["2:9", "3:9", "4:9"]);
  });
});
