// `npm run engines [-- NAME...] [--peers DIR]`: real servers of others behind the engine's port and
// behind a router. Too heavy for every test run, and each has to be got first.

import { spawnSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { REAL, type RealName } from "../../native/http/real-servers.fixture.ts";
import { ROOT } from "../repository.ts";

interface Source {
  /** Below the folder of peers. */
  readonly peer: string;
  /** On PATH; null: that says nothing, as with a Python that may not have it. */
  readonly program: string | null;
  readonly cost: string;
}

const SOURCES: { readonly [name in RealName]: Source } = {
  "llama-server": {
    ...{ peer: "llama-server/llama-server", program: "llama-server" },
    cost: "pip, a C++ compiler, CMake and an hour of processor time",
  },
  vllm: {
    ...{ peer: "vllm/venv/bin/python", program: null },
    cost: "Python 3.10 to 3.13 and 7 GB of disk",
  },
};
const NAMES = Object.keys(SOURCES) as RealName[];

const say = (line: string): void => void process.stderr.write(`${line}\n`);

try {
  const { values, positionals } = parseArgs({
    options: { peers: { type: "string" }, help: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const unknown = positionals.filter((it) => !(NAMES as string[]).includes(it));
  if (values.help) usage();
  else if (unknown.length > 0) throw new Error(`${unknown.join(", ")}: no such server`);
  else tryServers((positionals as RealName[]) ?? [], values.peers ?? null);
} catch (error) {
  say((error as Error).message);
  usage();
  process.exitCode = 2;
}

function usage(): void {
  say("usage: npm run engines [-- NAME...] [--peers DIR]");
  say(`  ${NAMES.join(", ")}: without a name each that is found: the program that LLAMA_SERVER`);
  say(
    "  names, the Python with vLLM that VLLM_PYTHON names, what loadtest/engine/peers.sh has put",
  );
  say("  into DIR, or a llama-server on PATH");
}

/** Exits with 1 where a test fails, and with 3 where a server that was asked for is not there. */
function tryServers(named: readonly RealName[], peers: string | null): void {
  const asked = named.length === 0 ? NAMES : named;
  const found = asked.map((name) => ({ name, file: programOf(name, peers) }));
  for (const { name, file } of found) {
    if (file !== null) say(`${name}: ${file}`);
    else sayHowToGet(name);
  }
  const there = found.filter(({ file }) => file !== null);
  if (there.length === 0 || (named.length > 0 && there.length < named.length)) {
    process.exitCode = 3;
    return;
  }
  // What was not asked for, or is not there, is not to be run because the environment names it.
  const chosen = NAMES.map((name) => {
    return [REAL[name].variable, found.find((it) => it.name === name)?.file ?? ""] as const;
  });
  const ran = spawnSync(
    process.execPath,
    [
      join(ROOT, "node_modules/vitest/vitest.mjs"),
      ...["run", "--config", join(import.meta.dirname, "vitest.config.ts")],
    ],
    { cwd: ROOT, stdio: "inherit", env: { ...process.env, ...Object.fromEntries(chosen) } },
  );
  process.exitCode = ran.status === 0 ? 0 : 1;
}

function sayHowToGet(name: RealName): void {
  const { cost, program } = SOURCES[name];
  const nor = program === null ? "" : `, and there is no ${program} on PATH`;
  say(`${name}: ${REAL[name].variable} names none${nor}. To get one, with ${cost}:`);
  say(`  loadtest/engine/peers.sh DIR ${name} && npm run engines -- ${name} --peers DIR`);
}

/** Null: it is nowhere. Throws where the environment names what cannot be run. */
function programOf(name: RealName, peers: string | null): string | null {
  const { variable } = REAL[name];
  const { peer, program } = SOURCES[name];
  const said = process.env[variable];
  if (said) {
    if (!isProgram(said)) throw new Error(`${variable}=${said} is no program`);
    return resolve(said);
  }
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const path = program === null ? [] : folders.map((folder) => join(folder, program));
  const places = [...(peers === null ? [] : [resolve(peers, peer)]), ...path];
  return places.find(isProgram) ?? null;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
