// The clients that people have, unmodified, against a served model: Python's from PyPI into
// environments of their own, Go's built once, npm's as this package has them.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { K6_VERSION } from "../../loadtest/k6.ts";
import { bundledModel } from "../../services/cli/package-root.ts";
import { guideSnippets, type Snippet } from "../clients/guide-snippets.ts";
import { readRepositoryFile, ROOT } from "../repository.ts";
import { isProgram, onPath, type Desk } from "./desk.ts";
import { NotHad, type Group, type Part, type Provided } from "./part.ts";

const SCRIPTS = join(ROOT, "test/clients");
const CLIENT_MS_MAX = 300_000;
/** A large environment comes from a slow mirror; k6 is built on two processors. */
const GET_MS_MAX = 1_800_000;

interface Environment {
  /** Of the file that says what it needs. */
  readonly file: string;
  /** Below the cache. */
  readonly folder: string;
  readonly megabytes: number;
}

const PLAIN: Environment = { file: "requirements.txt", folder: "clients", megabytes: 600 };
const GO = {
  grpcurl: { from: "github.com/fullstorydev/grpcurl/cmd/grpcurl", version: "v1.9.4" },
  k6: { from: "go.k6.io/k6", version: K6_VERSION },
} as const;
const GO_MEGABYTES = 1_500; // Most of it Go's own cache of what it compiled.

export function clientParts(desk: Desk): Part[] {
  const python = (name: string, distribution: string, environment = PLAIN): Part =>
    part(name, environment === PLAIN ? "clients" : "load", async () => {
      const bin = await pythonWith(desk, environment);
      const version = versionIn(bin, distribution);
      return { version, run: () => runScript(desk, `${name}_client.py`, bin) };
    });
  return [
    python("openai", "openai"),
    python("litellm", "litellm"),
    python("langchain", "langchain-openai"),
    python("llm", "llm"),
    python("grpc", "grpcio"),
    python("grpc_router", "grpcio"),
    part("guide", "clients", () => guide(desk)),
    part("grpcurl", "clients", async () => {
      const program = await goProgram(desk, "grpcurl");
      const bin = await pythonWith(desk, PLAIN);
      const run = () => runScript(desk, "grpcurl_client.py", bin, { GRPCURL: program });
      return { version: goVersion(program, "-version", GO.grpcurl.version), run };
    }),
    python("aiperf", "aiperf", {
      ...{ file: "requirements-aiperf.txt", folder: "aiperf", megabytes: 1_500 },
    }),
    python("guidellm", "guidellm", {
      ...{ file: "requirements-guidellm.txt", folder: "guidellm", megabytes: 9_000 },
    }),
    part("k6", "load", async () => {
      const program = await goProgram(desk, "k6");
      const bench = ["loadtest/main.ts", "k6", "--k6", program, "--rate", "4", "--seconds", "8"];
      const run = async () => {
        await desk.engine();
        return desk.run("k6", [process.execPath, ...bench], { ...LIMITS, cwd: ROOT });
      };
      return { version: goVersion(program, "version", GO.k6.version), run };
    }),
  ];
}

const LIMITS = { msMax: CLIENT_MS_MAX } as const;

function part(name: string, group: Group, provide: () => Promise<Provided>): Part {
  return { name, group, isAskedFor: false, provide };
}

async function runScript(
  desk: Desk,
  script: string,
  bin: string,
  more: NodeJS.ProcessEnv = {},
): Promise<string | null> {
  const env = { ...(await clientEnv(desk, bin)), ...more };
  return desk.run(script, [join(bin, "python"), join(SCRIPTS, script)], { ...LIMITS, env });
}

async function clientEnv(desk: Desk, bin: string): Promise<NodeJS.ProcessEnv> {
  const serving = await desk.serving();
  return {
    ...process.env,
    PATH: [bin, process.env["PATH"]].join(delimiter),
    BASE_URL: serving.url,
    MODEL_FOLDER: bundledModel(),
    WORKERS_HTTP: serving.workers.map(({ ready }) => String(ready?.["http"])).join(" "),
    WORKER_GRPC: String(serving.workers[0]?.ready?.["grpc"]),
    ROUTER_GRPC: serving.grpc ?? "",
    PROTO: join(ROOT, "proto"),
    LLM_USER_PATH: join(desk.folder, "llm"),
  };
}

/** Every line to copy of the clients guide, in the order of the page. */
async function guide(desk: Desk): Promise<Provided> {
  const bin = await pythonWith(desk, PLAIN);
  const npm = ["openai", "ai"].map((name) => {
    const file = readRepositoryFile(`node_modules/${name}/package.json`);
    return `${name} ${(JSON.parse(file) as { version: string }).version}`;
  });
  const curl = spawnSync("curl", ["--version"], { encoding: "utf8" }).stdout?.split(" ")[1];
  if (curl === undefined) throw new NotHad("there is no curl on PATH: install it");
  const run = async (): Promise<string | null> => {
    const { url } = await desk.serving();
    const env = await clientEnv(desk, bin);
    for (const [index, snippet] of guideSnippets(["python", "js", "sh"], url).entries()) {
      const label = `guide ${index + 1} ${snippet.section} (${snippet.language})`;
      const argv = argvOf(snippet, bin, join(desk.folder, `guide-${index + 1}.out`));
      const failed = await desk.run(label, argv, { ...LIMITS, env, cwd: ROOT });
      if (failed !== null) return failed;
    }
    return null;
  };
  return { version: [...npm.map((it) => `npm ${it}`), `curl ${curl}`].join(", "), run };
}

/** It has to print something, and no error: curl ends well whatever the answer is. */
function argvOf({ language, code }: Snippet, bin: string, out: string): string[] {
  const program = {
    ...{ python: [join(bin, "python"), "-c", code] },
    ...{ js: [process.execPath, "--input-type=module", "-e", code], sh: ["sh", "-c", code] },
  }[language];
  const check = `out=$1; shift; "$@" >"$out" || exit; cat "$out"; test -s "$out" || exit 9
! grep -q '"error":' "$out"`;
  return ["sh", "-c", check, "guide", out, ...(program ?? [])];
}

/** The folder of the programs of an environment that has what its file lists. */
async function pythonWith(desk: Desk, environment: Environment): Promise<string> {
  const { file, folder, megabytes } = environment;
  const venv = join(desk.cache, folder);
  const bin = join(venv, "bin");
  const wanted = readFileSync(join(SCRIPTS, file), "utf8");
  const complete = join(venv, "complete");
  if (existsSync(complete) && readFileSync(complete, "utf8") === wanted) return bin;
  const hint = `what ${file} lists could not be had by pip; ${venv} may be deleted, to begin anew`;
  const options = { msMax: GET_MS_MAX, hint };
  if (!isProgram(join(bin, "python"))) {
    const python = process.env["PYTHON"] || "python3";
    await desk.get(`a Python environment (${folder})`, [python, "-m", "venv", venv], {
      ...{ ...options, megabytes: 50 },
      hint: `${python} makes no environments: PYTHON names another; Debian: python3-venv`,
    });
  }
  const pip = [
    join(bin, "python"),
    "-m",
    "pip",
    "install",
    "--no-color",
    "--progress-bar",
    "off",
    "-r",
    join(SCRIPTS, file),
  ];
  await desk.get(`what ${file} lists`, pip, { ...options, megabytes });
  writeFileSync(complete, wanted);
  return bin;
}

function versionIn(bin: string, distribution: string): string {
  const code = `import importlib.metadata as m; print(m.version("${distribution}"))`;
  const { stdout } = spawnSync(join(bin, "python"), ["-c", code], { encoding: "utf8" });
  return `${distribution} ${stdout.trim()}`;
}

/** The one that the environment names (GRPCURL, K6), on PATH, or built once by Go. */
async function goProgram(desk: Desk, name: keyof typeof GO): Promise<string> {
  const { from, version } = GO[name];
  const named = process.env[name.toUpperCase()];
  if (named) return named;
  const folder = join(desk.cache, `${name}-${version}`);
  const built = join(folder, name);
  const found = onPath(name) ?? (isProgram(built) ? built : null);
  if (found !== null) return found;
  if (onPath("go") === null) {
    const variable = name.toUpperCase();
    throw new NotHad(`no ${name} on PATH, and no Go to build it: install one, or set ${variable}`);
  }
  await desk.get(`${name} ${version}`, ["go", "install", `${from}@${version}`], {
    ...{ megabytes: GO_MEGABYTES, msMax: GET_MS_MAX, env: { ...process.env, GOBIN: folder } },
    hint: `Go could not build ${from}@${version} (it needs Go 1.24 or newer)`,
  });
  return built;
}

/** As it says; what Go built of a module may not know. */
function goVersion(program: string, flag: string, built: string): string {
  const { stdout, stderr } = spawnSync(program, [flag], { encoding: "utf8" });
  return /v\d+\.\d+\S*/u.exec(`${stdout}${stderr}`)?.[0] ?? built;
}
