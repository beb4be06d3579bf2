// The package as a stranger gets it: packed, installed in an empty folder, and run there.

import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { TEST_MODEL } from "../native/testing/built-addon.ts";
import { whyNoBuild } from "../tools/native-build.ts";
import { tempDirectory } from "../services/shared/testing/temp-directory.ts";
import { ROOT } from "./repository.ts";

const run = promisify(execFile);
const directory = tempDirectory("pack");
const project = join(directory.path, "project");
const home = join(directory.path, "home");

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}
let packed: Packed;

/** npm's own variables would lead the inner npm back to this repository. */
const env: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
  HOME: home,
  XDG_STATE_HOME: join(home, "state"),
  ...Object.fromEntries(["npm_config_userconfig", "npm_config_cache"].flatMap(inherited)),
};

function inherited(name: string): [string, string][] {
  const value = process.env[name];
  return value === undefined ? [] : [[name, value]];
}

async function npx(...args: string[]): Promise<string> {
  const options = { cwd: project, env, encoding: "utf8", timeout: 60_000 } as const;
  return (await run("npx", ["--no-install", "signalbox", ...args], options)).stdout;
}

beforeAll(async () => {
  mkdirSync(project);
  mkdirSync(home);
  const packing = await run("npm", ["pack", "--json", "--pack-destination", directory.path], {
    cwd: ROOT,
    maxBuffer: 64 << 20,
  });
  const listing = packing.stdout.slice(packing.stdout.indexOf("[\n"));
  const [first] = JSON.parse(listing) as Packed[];
  if (first === undefined) throw new Error(`npm pack said: ${packing.stdout}`);
  packed = first;
  writeFileSync(join(project, "package.json"), '{"private": true}\n');
  const tarball = join(directory.path, packed.filename);
  const quiet = ["--no-audit", "--no-fund", "--prefer-offline"];
  // The registry and cache of whoever runs this test, not of the empty home.
  await run("npm", ["install", ...quiet, tarball], { cwd: project, timeout: 240_000 });
  // The first pack of a fresh clone compiles the engine.
}, 1_200_000);

afterAll(() => rmSync(directory.path, { recursive: true, force: true, maxRetries: 3 }));

test("the tarball has what runs and none of what tests", () => {
  const paths = packed.files.map((file) => file.path);
  for (const path of ["package.json", "README.md", "LICENSE", "dist/signalbox.js"]) {
    expect(paths).toContain(path);
  }
  for (const path of ["dist/services/cli/main.js", "dist/proto/gen/signalbox.js"]) {
    expect(paths).toContain(path);
  }
  const odd = paths.filter((path) => /\.test\.|\/testing\/|\/fixtures\/|\.tmp\./.test(path));
  expect(odd).toEqual([]);
  expect(paths.filter((path) => /^dist\/.*(?<!\.d)\.ts$/.test(path))).toEqual([]);
});

test("npx signalbox --help and --version", async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    version: string;
  };
  expect(await npx("--help")).toMatch(/Usage: signalbox/);
  expect((await npx("--version")).trim()).toBe(version);
});

test("npx signalbox up starts the mesh from the package, down ends it", async () => {
  const lastOf = (output: string): unknown => JSON.parse(output.trim().split("\n").at(-1) ?? "");
  const up = lastOf(await npx("up", "--json"));
  try {
    const serving = whyNoBuild() === null ? ["router", "worker-1"] : [];
    const started = ["scheduler", "agent-local", ...serving];
    expect(up).toMatchObject({ log: "embedded", started });
    const { url } = (up as { serving: { url: string } | null }).serving ?? { url: null };
    expect(url === null).toBe(serving.length === 0);
    if (url !== null) expect(await chat(url)).not.toBe("");
    expect(up).toMatchObject({ clusters: [{ name: "local", agent: "connected" }] });
    const manifest = join(
      project,
      "node_modules",
      "signalbox",
      "examples",
      "demo",
      "workflow.yaml",
    );
    expect(lastOf(await npx("run", manifest, "--json"))).toMatchObject({
      run: { state: "succeeded" },
    });
  } finally {
    expect(lastOf(await npx("down", "--json"))).toMatchObject({ left: [] });
  }
}, 120_000);

/** What the bundled model answers. Long enough a prompt to be tokenised in a thread. */
async function chat(url: string): Promise<string> {
  const content = "Tell me a story. ".repeat(160);
  const response = await fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      ...{ model: "lantern", max_tokens: 8 },
      messages: [{ role: "user", content }],
    }),
  });
  const body = (await response.json()) as { choices: readonly { message: { content: string } }[] };
  return body.choices[0]?.message.content ?? "";
}

test("below Node 22 it says so instead of failing on syntax", async () => {
  const old =
    'Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.9.0"}})';
  const launcher = join(project, "node_modules", "signalbox", "dist", "signalbox.js");
  const started = run(process.execPath, ["--import", `data:text/javascript,${old}`, launcher]);
  await expect(started).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("signalbox needs Node 22 or newer; this is 20.9.0") as string,
  });
});

test("the tarball has the engine's sources and one model, and nothing of its tests and benchmarks", () => {
  const native = packed.files.map((file) => file.path).filter((path) => path.startsWith("native/"));
  for (const path of [
    "CMakeLists.txt",
    "install.mjs",
    "include/engine/engine.h",
    "binding/addon.cpp",
  ]) {
    expect(native).toContain(`native/${path}`);
  }
  expect(native.filter((path) => /^native\/(?:test|bench|testing)\//.test(path))).toEqual([]);
  const models = native.filter((path) => path.startsWith("native/models/"));
  expect(models.map((path) => path.slice("native/models/lantern/".length)).toSorted()).toEqual([
    ...["config.json", "generation_config.json", "model.safetensors"],
    ...["tokenizer.json", "tokenizer_config.json"],
  ]);
});

const installed = join(project, "node_modules", "signalbox");

/** `signalbox/engine` as a program imports it. */
async function importEngine(script: string, env_: NodeJS.ProcessEnv = env): Promise<unknown> {
  const text = `import * as engine from "signalbox/engine";\n${script}`;
  const args = ["--input-type=module", "--eval", text];
  const { stdout } = await run(process.execPath, args, {
    cwd: project,
    env: env_,
    timeout: 60_000,
  });
  return JSON.parse(stdout) as unknown;
}

test("programs import the engine with its types", async () => {
  const program = `import { loadEngine, type Chunk, type EngineFailure } from "signalbox/engine";
    const engine = await loadEngine({ folder: "m" });
    for await (const chunk of engine.generate({ prompt: [1] })) {
      const { index }: Chunk = chunk;
      const retry: EngineFailure["retry"] = index > 0 ? "never" : "later";
      process.stdout.write(retry);
    }
    // @ts-expect-error: no such field
    engine.generate({ prompt: [1], salt: "x" });`;
  writeFileSync(join(project, "program.mts"), program);
  const types = join(ROOT, "node_modules", "@types");
  const options = ["--strict", "--module", "nodenext", "--target", "esnext", "--types", "node"];
  const args = ["--noEmit", ...options, "--typeRoots", types, "program.mts"];
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const checked = run(process.execPath, [tsc, ...args], { cwd: project, encoding: "utf8" });
  await expect(checked).resolves.toMatchObject({ stdout: "" });
});

const WHY_NO_ENGINE = "process.stdout.write(JSON.stringify(engine.engineHere()));";
const addonName = join(`${process.platform}-${process.arch}`, "signalbox_engine.node");
const missing = whyNoBuild();

describe.skipIf(missing !== null)(
  `the packed engine${missing === null ? "" : ` (${missing})`}`,
  () => {
    test("it is prebuilt, checks models and generates", async () => {
      expect(packed.files.map((file) => file.path)).toContain(join("prebuilt", addonName));
      const checked = JSON.parse(await npx("model", "check", TEST_MODEL, "--json")) as unknown;
      expect(checked).toMatchObject({ ok: true, model: { family: "llama" } });
      const ids = await importEngine(`
      const loaded = await engine.loadEngine({ folder: ${JSON.stringify(TEST_MODEL)}, threads: 1 });
      const ids = [];
      const sampling = { temperature: 0, maxTokens: 5, ignoreEos: true };
      const request = { prompt: [1, 17], sampling };
      for await (const chunk of loaded.generate(request)) ids.push(...chunk.tokenIds);
      await loaded.unload();
      process.stdout.write(JSON.stringify(ids));`);
      expect(ids).toHaveLength(5);
    });

    test("where the prebuilt one does not fit, installing builds another", async () => {
      const prebuilt = join(installed, "prebuilt", addonName);
      const kept = join(directory.path, "kept.node");
      const bin = join(directory.path, "bin");
      renameSync(prebuilt, kept);
      writeFileSync(prebuilt, "made for another C library");
      mkdirSync(bin);
      // What compiles is native.test.ts's to show; here it is who is called, and where it goes.
      const cmake = `#!/bin/sh
      case "$1" in
        --version) echo cmake version 3.25.1;;
        -S) test -f "$2/CMakeLists.txt" && echo "$@" > ${join(directory.path, "configured")};;
        --build) cp ${kept} "$2/signalbox_engine.node";;
      esac`;
      writeFileSync(join(bin, "cmake"), cmake, { mode: 0o755 });
      const PATH = `${bin}${delimiter}${env["PATH"] ?? ""}`;
      try {
        const install = join(installed, "native", "install.mjs");
        const { stdout } = await run(process.execPath, [install], { env: { ...env, PATH } });
        expect(stdout).toMatch(/building the engine/);
        const built = join(installed, "build", "native", "signalbox_engine.node");
        expect(readFileSync(built).equals(readFileSync(kept))).toBe(true);
        expect(await importEngine(WHY_NO_ENGINE)).toMatchObject({ path: built, why: null });
        const configured = readFileSync(join(directory.path, "configured"), "utf8");
        expect(configured).toContain("-DSIGNALBOX_STRICT=OFF");
        expect(configured).toMatch(/-DNODE_API_INCLUDE=\S+node-api-headers\/include/);
      } finally {
        rmSync(join(installed, "build"), { recursive: true, force: true });
        renameSync(kept, prebuilt);
      }
    });
  },
);

test("without a compiler and a prebuilt engine installing succeeds, and all but serving works", async () => {
  const prebuilt = join(installed, "prebuilt");
  const aside = join(directory.path, "aside");
  const bin = join(directory.path, "bare");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  if (existsSync(prebuilt)) renameSync(prebuilt, aside);
  const bare = { ...env, PATH: bin };
  try {
    const install = join(installed, "native", "install.mjs");
    const said = await run(process.execPath, [install], { env: bare, encoding: "utf8" });
    expect(said.stdout).toMatch(/not built, so this installation serves no language models/);
    expect(said.stderr).toMatch(/no C\+\+ compiler is in PATH/);
    expect(await importEngine(WHY_NO_ENGINE, bare)).toEqual({
      why: "the engine is not built here",
      wayOut: expect.stringContaining("npm rebuild signalbox") as string,
    });
    expect(await npx("--version")).toMatch(/^\d/);
    const refused = run("npx", ["--no-install", "signalbox", "model", "check", TEST_MODEL], {
      ...{ cwd: project, env, encoding: "utf8" },
    });
    await expect(refused).rejects.toMatchObject({
      code: 3,
      stderr: expect.stringContaining("npm rebuild signalbox") as string,
    });
  } finally {
    if (existsSync(aside)) renameSync(aside, prebuilt);
  }
});

test("in a clone the install script does nothing", async () => {
  const said = await run(process.execPath, [join(ROOT, "native", "install.mjs")]);
  expect(said).toMatchObject({ stdout: "", stderr: "" });
});
