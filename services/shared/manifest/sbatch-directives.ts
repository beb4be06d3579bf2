// The #SBATCH lines of a Slurm script, read as sbatch reads them (src/sbatch/opt.c): only lines
// that begin with it, only before the first command, words split by spaces with quotes, backslashes
// and comments, and options short or long, with "=", a space or nothing before their value.

import { nearest } from "./suggest.ts";

export interface SbatchOption {
  /** The long name, without dashes. */
  readonly name: string;
  /** Null when it takes none, or takes one by choice and has none. */
  readonly value: string | null;
  readonly line: number;
  readonly column: number;
}

export interface SbatchProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint: string;
}

export interface SbatchDirectives {
  readonly options: readonly SbatchOption[];
  readonly problems: readonly SbatchProblem[];
  /** Directive lines that sbatch does not read either: those after the first command. */
  readonly ignored: readonly SbatchProblem[];
}

/** Long name to how it takes a value, of sbatch 20.11 to 25.05 (man sbatch). */
const TAKES: { readonly [name: string]: "value" | "none" | "maybe" } = {
  ...names(
    "value",
    `account acctg-freq array batch bb bbf begin chdir cluster cluster-constraint clusters comment
    constraint container container-id core-spec cores-per-socket cpu-freq cpus-per-gpu cpus-per-task
    deadline delay-boot dependency distribution error exclude export export-file extra
    extra-node-info gid gpu-bind gpu-freq gpus gpus-per-node gpus-per-socket gpus-per-task gres
    gres-flags hint input job-name kill-on-invalid-dep licenses mail-type mail-user mcs-label mem
    mem-bind mem-per-cpu mem-per-gpu mincpus network nodefile nodelist nodes ntasks ntasks-per-core
    ntasks-per-gpu ntasks-per-node ntasks-per-socket open-mode output partition power prefer
    priority profile qos reservation segment signal sockets-per-node switches tasks-per-node
    thread-spec threads-per-core time time-min tmp tres-bind tres-per-task uid
    wait-all-nodes wckey wrap`,
  ),
  ...names("maybe", "exclusive get-user-env nice no-kill propagate oom-kill-step"),
  ...names(
    "none",
    `contiguous help hold ignore-pbs no-requeue overcommit oversubscribe parsable quiet reboot
    requeue resv-ports share spread-job stepmgr test-only usage use-min-nodes verbose version wait`,
  ),
};

const SHORT: { readonly [letter: string]: string } = {
  A: "account",
  a: "array",
  B: "extra-node-info",
  b: "begin",
  C: "constraint",
  c: "cpus-per-task",
  D: "chdir",
  d: "dependency",
  e: "error",
  F: "nodefile",
  G: "gpus",
  H: "hold",
  h: "help",
  I: "immediate",
  i: "input",
  J: "job-name",
  k: "no-kill",
  L: "licenses",
  M: "clusters",
  m: "distribution",
  N: "nodes",
  n: "ntasks",
  O: "overcommit",
  o: "output",
  p: "partition",
  Q: "quiet",
  q: "qos",
  S: "core-spec",
  s: "oversubscribe",
  t: "time",
  u: "usage",
  V: "version",
  v: "verbose",
  W: "wait",
  w: "nodelist",
  x: "exclude",
};

function names<T>(takes: T, list: string): { [name: string]: T } {
  return Object.fromEntries(list.split(/\s+/).map((name) => [name, takes]));
}

export function parseSbatchDirectives(script: string): SbatchDirectives {
  const options: SbatchOption[] = [];
  const problems: SbatchProblem[] = [];
  const ignored: SbatchProblem[] = [];
  let commands = false;
  for (const [index, text] of script.split("\n").entries()) {
    const line = index + 1;
    if (!text.startsWith("#SBATCH")) {
      if (/^\s*[^\s#]/.test(text)) commands = true;
      continue;
    }
    if (commands) {
      const message = "this #SBATCH line stands after the first command";
      ignored.push({ line, column: 1, message, hint: "sbatch ignores it too: move it up" });
      continue;
    }
    if (/^#SBATCH\S/.test(text)) {
      const hint = "write a space after #SBATCH";
      problems.push({ line, column: 8, message: "#SBATCH without a space after it", hint });
      continue;
    }
    readLine(text, line, options, problems);
  }
  return { options, problems, ignored };
}

function readLine(
  text: string,
  line: number,
  options: SbatchOption[],
  problems: SbatchProblem[],
): void {
  const words = wordsOf(text, "#SBATCH".length);
  if (words === undefined) {
    const hint = "close the quote on the same line";
    problems.push({ line, column: 1, message: "a quote that does not end", hint });
    return;
  }
  for (let at = 0; at < words.length; at++) {
    const { word, column } = words[at] as Word;
    const long = /^--([^=]*)(?:=(.*))?$/s.exec(word);
    const short = /^-([A-Za-z])(.*)$/s.exec(word);
    if (long === null && short === null) {
      const hint =
        word === "hetjob" || word === "packjob" || word === ":"
          ? "make each component a task of a workflow"
          : "an option begins with - or --; put a value with spaces in quotes";
      problems.push({ line, column, message: `${JSON.stringify(word)} is no option`, hint });
      continue;
    }
    const name = long === null ? SHORT[short?.[1] as string] : longName(long[1] as string);
    const takes = name === undefined ? undefined : TAKES[name];
    if (name === undefined || takes === undefined) {
      const near = long === null ? undefined : nearest(long[1] as string, Object.keys(TAKES));
      const hint = near === undefined ? "see man sbatch" : `did you mean --${near}?`;
      problems.push({ line, column, message: `sbatch has no option ${word.split("=")[0]}`, hint });
      continue;
    }
    let value = long === null ? (short?.[2] ?? "") || undefined : long[2];
    if (takes === "none" && value !== undefined) {
      const hint = `write --${name} alone`;
      problems.push({ line, column, message: `--${name} takes no value`, hint });
      continue;
    }
    if (takes === "value" && value === undefined) {
      value = words[(at += 1)]?.word;
      if (value === undefined) {
        const hint = `write --${name}=VALUE on one line`;
        problems.push({ line, column, message: `--${name} has no value`, hint });
        continue;
      }
    }
    options.push({ name, value: value ?? null, line, column });
  }
}

/** As getopt_long: the whole name, or the beginning of only one. */
function longName(written: string): string | undefined {
  if (Object.hasOwn(TAKES, written)) return written;
  const found = Object.keys(TAKES).filter((name) => written !== "" && name.startsWith(written));
  return found.length === 1 ? found[0] : undefined;
}

interface Word {
  readonly word: string;
  readonly column: number;
}

/** Undefined when a quote does not end. */
function wordsOf(text: string, from: number): Word[] | undefined {
  const words: Word[] = [];
  let at = from;
  for (;;) {
    while (at < text.length && /\s/.test(text.charAt(at))) at += 1;
    if (at >= text.length || text[at] === "#") return words;
    const column = at + 1;
    let word = "";
    let quote = "";
    for (; at < text.length; at++) {
      const letter = text.charAt(at);
      if (quote === "" && /\s/.test(letter)) break;
      if (quote === "" && letter === "#") return [...words, { word, column }];
      if (letter === "\\" && quote === "") word += text.charAt((at += 1));
      else if (quote === "" && (letter === '"' || letter === "'")) quote = letter;
      else if (letter === quote) quote = "";
      else word += letter;
    }
    if (quote !== "") return undefined;
    words.push({ word, column });
  }
}
