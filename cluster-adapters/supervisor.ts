// The job's first process: a POSIX sh script that claims the attempt, runs the program and writes
// down how it ended. It works with the agent, the scheduler and the network gone.
//
//   S1. The script's first act on anything outside of itself is the claim: `set -C` makes `>claim`
//       an O_EXCL create. Whoever finds it there adds a line to `claim.lost`, does nothing else and
//       exits 0.
//   S2. `claim` and `status` hold lines that count only with their newline; each is one write(2).
//       Their times are the files' mtimes, so no `date` is started.
//   S3. With heartbeatS = 0 the script forks once: the program. No other process is started, and
//       the only execve are the shell itself and the program (one more, env(1), for variables that
//       a shell may not set and for a program's name that starts with a dash). supervisor.test.ts
//       counts them with strace where there is one.
//   S4. Nothing of the attempt's own (argv, env, paths) reaches the shell unquoted.
//   S5. A heartbeat loop never outlives the script by more than one beat, and holds no open file.
//   S6. Started as `sh job.sh BOOT_ID HOST` (the local dialect, which knows both) it reads nothing
//       of /proc: dash reads byte by byte, and the process's own stat line cost 0.4 ms of 4. The
//       claim's START_TICKS is then `-`; pid, boot and the path in /proc/PID/cmdline identify the
//       process as well.
//
// Signals. TERM and INT end the program: where the script leads its process group (started by the
// local transport) it passes TERM to the whole group, once, so a sender tells the script alone;
// under a batch system, which signals every process itself, to the program alone. A shell starts
// background children with INT ignored (POSIX), so INT is passed on as TERM. USR1 and USR2 (the
// walltime warning) would kill a program that does not expect them: they are passed on only to a
// program that catches them, and recorded in any case.

import type { AttemptSpec } from "#shared/base/job.ts";
import { Failure } from "#shared/base/errors.ts";
import type { JobFiles } from "./adapter.ts";
import { shellQuote } from "./shell-quote.ts";

export interface SupervisorOptions {
  /** Lines for the head of the script, `#SBATCH …` for Slurm. Each must be one line. */
  readonly directives: readonly string[];
  /** Seconds between `beat` lines; 0 for none. */
  readonly heartbeatS: number;
}

/**
 * Exit code of a supervisor that could not do its work: no directory, a full disk (EX_CANTCREAT).
 */
export const SUPERVISOR_FAILED = 73;

/**
 * About 2 s of looking: an execve takes one look, but on a busy machine the child may have to wait
 * for its turn, and a signal sent before that is swallowed for good.
 */
const LOOKS_MAX = 60_000;

/**
 * The text of `job.sh`. Throws Failure INVALID for what no process can be given (a NUL, no argv).
 */
export function supervisorScript(
  spec: AttemptSpec,
  files: JobFiles,
  options: SupervisorOptions,
): string {
  for (const line of options.directives) {
    if (/[\r\n\0]/.test(line)) throw new Failure("INVALID", "a directive must be a single line");
  }
  return [
    "#!/bin/sh",
    ...options.directives,
    `cd ${shellQuote(files.directory)} || exit ${SUPERVISOR_FAILED}`,
    SIGNALS,
    CLAIM,
    programGroup(spec, files),
    options.heartbeatS > 0 ? heartbeat(options.heartbeatS) : "",
    FINISH,
  ].join("\n");
}

// A signal may interrupt `wait`, which then says 128+n like a death by that signal would:
// `caught` and kill -0 tell the two apart. Bit n-1 of SigCgt is set when the program catches
// signal n. Between fork and execve the child is a copy of this shell and swallows what the shell
// traps (measured: a TERM in the first 0.7 ms got lost in dash), so its command line is looked at
// until it is another.
const SIGNALS = `set -fC
child= beat= caught= late= early=
until_executed() {
  looks=0
  read -r mine </proc/$$/cmdline
  [ -n "$mine" ] || return 0
  while [ "$looks" -lt ${LOOKS_MAX} ]; do
    now=
    read -r now <"/proc/$child/cmdline"
    [ "$now" = "$mine" ] || return 0
    looks=$((looks + 1))
  done
} 2>/dev/null
end_program() {
  caught=1
  if [ -z "$child" ]; then late=1; return 0; fi
  until_executed
  if [ -n "$group" ]; then trap caught=1 TERM INT; kill -s TERM 0
  else kill -s TERM "$child"
  fi 2>/dev/null
}
warn_program() {
  caught=1
  if [ -z "$child" ]; then early="$early $1 $2"; return 0; fi
  until_executed
  printf 'warned %s\\n' "$1" >>status
  mask=
  if [ -r "/proc/$child/status" ]; then
    while read -r key value; do [ "$key" != SigCgt: ] || mask=$value; done <"/proc/$child/status"
    [ -n "$mask" ] && [ $((0x$mask & $2)) -ne 0 ] || return 0
  fi
  kill -s "$1" "$child" 2>/dev/null
}
trap end_program TERM INT
trap 'warn_program USR1 0x200' USR1
trap 'warn_program USR2 0x800' USR2`;

// `true`, not `:`: a failed redirection of a special built-in would end the shell. After `set --`
// field n of stat(5) is argument n - 2: 22 is the start time. A process group of this pid exists
// only if this process leads it. Slurm's own SLURM_SUBMIT_DIR is where the agent was started: many
// scripts begin with a cd to it, and all of them would write there.
const CLAIM = `if true >claim; then won=1
elif [ -e claim ]; then won=
else exit ${SUPERVISOR_FAILED}
fi
boot=\${1:--} host=\${2:--} ticks=- group=
if [ "$boot" = - ] && [ -r /proc/$$/stat ]; then
  read -r boot </proc/sys/kernel/random/boot_id
  read -r host </proc/sys/kernel/hostname
  read -r stat </proc/$$/stat
  set -- \${stat##*) }
  ticks=\${20}
fi
native=\${boot%%-*}:$$:$ticks
if [ -n "\${SLURM_JOB_ID-}" ]; then
  native=$SLURM_JOB_ID
  export SLURM_EXPORT_ENV=ALL SLURM_SUBMIT_DIR="$PWD/work"
elif kill -s 0 -- -$$ 2>/dev/null; then group=1
fi
self="v1 $native $host $$ $boot $ticks \${SLURM_RESTART_COUNT:-0}"
if [ -z "$won" ]; then printf 'lost %s\\n' "$self" >>claim.lost; exit 0; fi
printf 'claim %s\\n' "$self" >>claim || exit ${SUPERVISOR_FAILED}
if [ -n "$late" ]; then printf 'exit 143 15 0\\n' >>status; exit 143; fi
printf 'start %s\\n' "$$" >>status || exit ${SUPERVISOR_FAILED}`;

// `times` writes two lines, the shell's and its children's: CPU time without a fork. The exit
// line's own CPU field is for writers that know it; `-` says that the lines before have it.
const FINISH = `[ -z "$late" ] || end_program
set -- $early
while [ $# -gt 1 ]; do warn_program "$1" "$2"; shift 2; done
while :; do
  caught=
  wait "$child"; code=$?
  [ -n "$caught" ] && [ "$code" -gt 128 ] || break
  kill -0 "$child" 2>/dev/null && continue
  wait "$child" 2>/dev/null; again=$?
  [ "$again" -eq 127 ] || code=$again
  break
done
trap '' TERM INT USR1 USR2
if [ -n "$beat" ]; then kill -s HUP "$beat"; wait "$beat"; fi 2>/dev/null
[ -z "$group" ] || kill -s TERM 0
signal=0
[ "$code" -le 128 ] || [ "$code" -gt 192 ] || signal=$((code - 128))
times >>status
printf 'exit %s %s -\\n' "$code" "$signal" >>status
exit "$code"
`;

/** Runs in the one fork: what is exported and where it is stays the program's own affair. */
function programGroup(spec: AttemptSpec, files: JobFiles): string {
  const argv =
    spec.program.kind === "exec"
      ? spec.program.argv
      : [...spec.program.interpreter, `${files.directory}/script`];
  const name = argv[0];
  if (name === undefined || name === "") throw new Failure("INVALID", "the program has no name");
  const exported: string[] = [];
  const byEnv: string[] = [];
  for (const [key, value] of Object.entries(spec.env)) {
    if (key === "" || key.includes("=")) {
      throw new Failure("INVALID", `${JSON.stringify(key)} cannot name an environment variable`);
    }
    if (canExport(key)) exported.push(`  export ${key}=${shellQuote(value)}`);
    else byEnv.push(shellQuote(`${key}=${value}`));
  }
  let command = argv.map(shellQuote).join(" ");
  if (byEnv.length > 0 || name.startsWith("-")) {
    if (name.includes("=")) {
      throw new Failure("INVALID", `env(1) would take ${JSON.stringify(name)} for a variable`);
    }
    command = ["/usr/bin/env --", ...byEnv, command].join(" ");
  }
  return [
    "{",
    "  cd work || exit 126",
    // bash says on stderr when it does not know a locale; that is not the program's stderr.
    ...(exported.length > 0 ? ["  {", ...exported, "  } 2>/dev/null"] : []),
    `  exec ${command}`,
    `} <${spec.stdin === null ? "/dev/null" : "stdin"} >|stdout 2>|stderr &`,
    "child=$!",
  ].join("\n");
}

// The nap is killed by the loop's own HUP trap, so that nothing is left sleeping when the program
// has ended; KILL, because a shell that has just forked may still swallow TERM. `$!` is set with
// the fork itself, and before the first nap it is the program's. When
// the script itself was killed the loop finds it gone at the next beat.
function heartbeat(everyS: number): string {
  return `{
  trap : TERM INT USR1 USR2
  trap '[ "$!" = "$child" ] || kill -s KILL "$!"; exit' HUP
  while :; do
    sleep ${everyS} &
    wait "$!"
    kill -0 $$ || exit
    printf 'beat\\n' >>status
  done
} </dev/null >/dev/null 2>&1 &
beat=$!`;
}

// Names with a meaning of their own to dash or bash: read-only (an export would end the shell),
// computed, or changing how the rest of the script is read.
const SHELL_NAMES = new Set(
  (
    "_ UID EUID PPID IFS PWD OLDPWD ENV OPTIND OPTARG OPTERR PS1 PS2 PS4 RANDOM SRANDOM" +
    " SECONDS LINENO EPOCHSECONDS EPOCHREALTIME GROUPS DIRSTACK FUNCNAME HISTCMD" +
    " SHELLOPTS POSIXLY_CORRECT"
  ).split(" "),
);

function canExport(name: string): boolean {
  return (
    /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !SHELL_NAMES.has(name) && !name.startsWith("BASH")
  );
}

/** Who claimed an attempt. `-` on the wire, where the system has no /proc, is `null` here. */
export interface Claim {
  /** Slurm's job id, or `BOOT8:PID:STARTTICKS`. */
  readonly nativeId: string;
  readonly host: string | null;
  readonly pid: number;
  readonly bootId: string | null;
  /** Field 22 of /proc/PID/stat. */
  readonly startTicks: string | null;
  /** Slurm's SLURM_RESTART_COUNT; 0 at the first start. */
  readonly restartCount: number;
}

export interface SupervisorExit {
  /** 0 to 255; 128 + n when a signal ended it. */
  readonly code: number;
  readonly signal: number | null;
  /** User and system time of the program and what it waited for; grains of 10 ms on Linux. */
  readonly cpuMs: number | null;
}

export interface SupervisorStatus {
  /** The claim file is there: somebody started, even if its line is not (yet) whole. */
  readonly claimed: boolean;
  readonly claim: Claim | null;
  /** The program was about to be started; when it was claimed, in ms since 1970. */
  readonly startedAtMs: number | null;
  /** The last sign of life: a beat or the start. */
  readonly aliveAtMs: number | null;
  readonly beats: number;
  /** `USR1` or `USR2`, for each warning that arrived. */
  readonly warnings: readonly string[];
  readonly exit: SupervisorExit | null;
  readonly endedAtMs: number | null;
  /** The last whole line of `status`, else of `claim`: what evidence quotes. */
  readonly lastLine: string | null;
}

export interface SupervisorFiles {
  /** Contents and mtimes of `claim` and `status`; `null` where there is no such file. */
  readonly claim: string | null;
  readonly claimMtimeMs: number | null;
  readonly status: string | null;
  readonly statusMtimeMs: number | null;
}

/** Reads what a supervisor wrote. Never throws: what cannot be read is not there. */
export function parseSupervisorStatus(files: SupervisorFiles): SupervisorStatus {
  const claimLine = wholeLines(files.claim)[0] ?? null;
  const lines = wholeLines(files.status);
  const started = lines.some((line) => line.startsWith("start "));
  let exit: SupervisorExit | null = null;
  let beats = 0;
  let timesMs: number | null = null;
  const warnings: string[] = [];
  for (const line of lines) {
    if (line === "beat") beats++;
    else if (line.startsWith("warned ")) warnings.push(line.slice(7));
    else if (line.startsWith("exit ")) exit ??= parseExit(line, timesMs);
    else timesMs = parseTimesMs(line) ?? timesMs;
  }
  return {
    claimed: files.claim !== null,
    claim: claimLine === null ? null : parseClaim(claimLine),
    startedAtMs: started ? (files.claimMtimeMs ?? files.statusMtimeMs) : null,
    aliveAtMs: started ? files.statusMtimeMs : files.claimMtimeMs,
    beats,
    warnings,
    exit,
    endedAtMs: exit === null ? null : files.statusMtimeMs,
    lastLine: lines.at(-1) ?? claimLine,
  };
}

function wholeLines(text: string | null): string[] {
  if (text === null) return [];
  const lines = text.split("\n");
  lines.pop(); // What follows the last newline is not a line yet.
  return lines;
}

function parseClaim(line: string): Claim | null {
  const match = /^claim v1 (\S+) (\S+) (\d+) (\S+) (\S+) (\d+)$/.exec(line);
  if (match === null) return null;
  const [, nativeId = "", host = "-", pid = "", bootId = "-", startTicks = "-", restarts = ""] =
    match;
  return {
    nativeId,
    host: host === "-" ? null : host,
    pid: Number(pid),
    bootId: bootId === "-" ? null : bootId,
    startTicks: startTicks === "-" ? null : startTicks,
    restartCount: Number(restarts),
  };
}

function parseExit(line: string, timesMs: number | null): SupervisorExit | null {
  const match = /^exit (\d{1,3}) (\d{1,2}) (\d+|-)$/.exec(line);
  if (match === null) return null;
  const [, code = "", signal = "", cpu = ""] = match;
  return {
    code: Number(code),
    signal: signal === "0" ? null : Number(signal),
    cpuMs: cpu === "-" ? timesMs : Number(cpu),
  };
}

/** `0m0.10s 0m0.02s`: user and system time. The last such line is the children's. */
function parseTimesMs(line: string): number | null {
  const match = /^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$/.exec(line);
  if (match === null) return null;
  const seconds =
    Number(match[1]) * 60 + Number(match[2]) + Number(match[3]) * 60 + Number(match[4]);
  return Number.isFinite(seconds) ? Math.round(seconds * 1000) : null;
}
