// `npm run engines [-- NAME...] [--peers DIR]`: what others made, unmodified, against ours: clients,
// load tools, and servers behind workers and a router. Too heavy for every test run. Each is got
// once, into the user's cache, bounded in time, and the last lines say what came of all.

import { parseArgs } from "node:util";
import { clientParts } from "./client-parts.ts";
import { Desk } from "./desk.ts";
import { choose, exitCodeOf, GROUPS, summaryOf, tryPart, type Part, type Result } from "./part.ts";
import { serverParts } from "./server-parts.ts";

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const stop = new AbortController();
const desk = new Desk(say, stop.signal);
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());

let isWell = true;
try {
  const { values, positionals } = parseArgs({
    options: { peers: { type: "string" }, help: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const parts = [...clientParts(desk), ...serverParts(desk, values.peers ?? null)];
  if (values.help) usage(parts);
  else isWell = await tryAll(choose(parts, positionals), positionals);
} catch (error) {
  say((error as Error).message);
  say("npm run engines -- --help lists them");
  process.exitCode = 2;
} finally {
  await desk.end(isWell);
}

function usage(parts: readonly Part[]): void {
  say("usage: npm run engines [-- NAME...] [--peers DIR]\n");
  for (const group of GROUPS) {
    const names = parts.filter((it) => it.group === group).map(({ name }) => name);
    say(`  ${group.padEnd(8)} ${names.join(", ")}`);
  }
  say(
    "\nWithout a NAME, or a group's: all; vllm is got only when it is named (7 GB). What is got is",
  );
  say(
    "kept in the user's cache. LLAMA_SERVER, VLLM_PYTHON, GRPCURL, K6 and PYTHON name programs of",
  );
  say(
    "your own, DIR is what loadtest/engine/peers.sh has filled. Exit codes: 1 something failed, 3",
  );
  say("what was named is not here and could not be had.");
}

async function tryAll(parts: readonly Part[], names: readonly string[]): Promise<boolean> {
  const results: Result[] = [];
  for (const [index, part] of parts.entries()) {
    if (stop.signal.aborted) break;
    say(`[${index + 1}/${parts.length}] ${part.name}`);
    const startedMs = performance.now();
    const outcome = await tryPart(part, names);
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    results.push({ part, seconds, outcome });
    const more = outcome.kind === "passed" ? "" : `: ${outcome.reason}`;
    say(`  ${outcome.kind} after ${seconds} s${more}`);
  }
  say(`\n${summaryOf(results)}`);
  const lines = results.map(({ part, seconds, outcome }) => ({
    ...{ name: part.name, seconds, ...outcome },
  }));
  process.stdout.write(`${JSON.stringify({ parts: lines })}\n`);
  process.exitCode = stop.signal.aborted ? 130 : exitCodeOf(results, names);
  return process.exitCode === 0;
}
