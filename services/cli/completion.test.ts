// The completion scripts in the shells they are for.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { runCli } from "./run-cli.ts";
import { testTerminal } from "./testing/test-terminal.ts";

async function scriptFile(shell: "bash" | "zsh"): Promise<string> {
  const terminal = testTerminal();
  expect(await runCli(["completion", shell], terminal)).toBe(0);
  const directory = tempDirectory("completion");
  onTestFinished(directory.remove);
  const path = join(directory.path, `_signalbox.${shell}`);
  writeFileSync(path, terminal.out());
  return path;
}

/** What bash offers for the last of `words`. */
function completed(script: string, words: readonly string[], cwd = "/"): string[] {
  const line = words.map((word) => `'${word}'`).join(" ");
  const code = `source '${script}'; COMP_WORDS=(signalbox ${line}); COMP_CWORD=${words.length}; _signalbox; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const answer = execFileSync("bash", ["--norc", "-c", code], { encoding: "utf8", cwd });
  return answer.split("\n").filter((word) => word !== "");
}

test("bash loads the script and completes commands, options and their values", async () => {
  const script = await scriptFile("bash");
  expect(completed(script, ["li"])).toEqual(["list"]);
  expect(completed(script, ["cluster", ""])).toEqual(
    expect.arrayContaining(["add", "list", "show"]),
  );
  expect(completed(script, ["cluster", "add", "--sl"])).toEqual(["--slots"]);
  expect(completed(script, ["cluster", "add", "--kind", ""])).toEqual(["slurm", "local"]);
  expect(completed(script, ["list", "--st"])).toEqual(["--state"]);
  expect(completed(script, ["token", "create", "--role", "v"])).toEqual(["viewer"]);
  expect(completed(script, ["completion", ""])).toEqual(expect.arrayContaining(["bash", "zsh"]));
});

test("bash completes files where a command takes one, also those with spaces", async () => {
  const directory = tempDirectory("completion-files");
  onTestFinished(directory.remove);
  writeFileSync(join(directory.path, "work flow.yaml"), "");
  writeFileSync(join(directory.path, "job.sh"), "");
  const script = await scriptFile("bash");
  const files = completed(script, ["submit", ""], directory.path);
  expect(files.toSorted()).toEqual(["job.sh", "work flow.yaml"]);
  expect(completed(script, ["submit", "--params-file", "job"], directory.path)).toEqual(["job.sh"]);
});

test("bash finds no fault in the script under its strictest options", async () => {
  const script = await scriptFile("bash");
  execFileSync("bash", ["--norc", "-n", script]);
  execFileSync("bash", ["--norc", "-euo", "pipefail", "-c", `source '${script}'`]);
});

test("zsh loads the script, where there is a zsh", async () => {
  const script = await scriptFile("zsh");
  try {
    execFileSync("zsh", ["--version"], { stdio: "ignore" });
  } catch {
    return; // Not on this machine; bash above runs the same tree of commands.
  }
  execFileSync("zsh", ["-f", "-n", script]);
  const code = `autoload -Uz compinit && compinit -D -u && source '${script}' && whence -w _signalbox_cluster_add`;
  expect(execFileSync("zsh", ["-f", "-c", code], { encoding: "utf8" })).toContain("function");
});
