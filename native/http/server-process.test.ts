// A server as a child: awaited with progress, its log kept, gone with us, heard of when it ends.

import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import type { LoadProgress } from "../engine.ts";
import { modelFolder, open, SYSTEM } from "./http-world.fixture.ts";
import { openHttpEngine, type HttpEngineOptions } from "./open-http-engine.ts";
import { ServerProcess } from "./server-process.ts";

const STAND_IN = join(import.meta.dirname, "faithful-server.fixture.ts");
const START_MS = 60_000;

function optionsOf(folder: string, argv: readonly string[]): HttpEngineOptions {
  const directory = tempDirectory("server-log");
  onTestFinished(directory.remove);
  const logFile = join(directory.path, "logs", "server.log");
  return {
    ...{ dialect: "vllm", folder, server: { kind: "command", argv, url: null, logFile } },
    ...{ key: null, startMs: START_MS, sequencesMax: null, waitingMax: null, contextMax: null },
    ...{ stallMs: null, ...SYSTEM },
  };
}

function standIn(folder: string): HttpEngineOptions {
  const argv = [process.execPath, STAND_IN, "vllm", "{port}", folder, "5", "300"];
  return optionsOf(folder, argv);
}

/** What others may do with the log's folder, which the state folder may be made for. */
const othersMay = ({ server }: HttpEngineOptions): number =>
  server.kind === "command" ? statSync(dirname(server.logFile)).mode & 0o077 : -1;

const logOf = ({ server }: HttpEngineOptions): string =>
  server.kind === "command" ? readFileSync(server.logFile, "utf8") : "";

/** A zombie has ended. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !/^\d+ \(.*\) [ZX]/u.test(stat);
  } catch {
    return false;
  }
}

test("a child is awaited with progress, serves, and is gone after unload", async () => {
  const seen: (LoadProgress & { readonly detail: string })[] = [];
  const options = standIn(modelFolder());
  const engine = await openHttpEngine(options, { onProgress: (it) => void seen.push(it) });
  onTestFinished(() => engine.unload());
  expect([...new Set(seen.map((it) => it.phase))]).toEqual(["server", "model", "ready"]);
  expect(seen.some((it) => it.detail.startsWith("loading "))).toBe(true);
  const ids: number[] = [];
  for await (const it of engine.generate({ prompt: [5], sampling: { maxTokens: 3 } })) {
    ids.push(...it.tokenIds);
  }
  expect(ids).toHaveLength(3);
  expect(logOf(options)).toMatch(/^loading .*\nserving as \d+\n$/u);
  expect(othersMay(options)).toBe(0);
  await engine.unload();
  expect(await engine.ended).toEqual({ kind: "unloaded" });
});

test("a child that ends fails the engine, with how, and the end of its log", async () => {
  const options = standIn(modelFolder());
  const argv = [
    ...["/bin/sh", "-c", 'echo "to die" >&2; "$@" & echo "pid $!" >&2; wait; exit 7', "sh"],
    ...(options.server.kind === "command" ? options.server.argv : []),
  ];
  const command = { ...options.server, argv } as HttpEngineOptions["server"];
  const engine = await openHttpEngine({ ...options, server: command });
  onTestFinished(() => engine.unload());
  const generation = engine.generate({
    ...{ prompt: [5], sampling: { ignoreEos: true, maxTokens: 4000 } },
  });
  const ended = (async () => {
    for await (const it of generation) if (it.tokenIds.length === 0) break;
  })();
  ended.catch(() => {});
  await waitFor(() => engine.stats().tokensOut > 0);
  process.kill(Number(/pid (\d+)/u.exec(logOf(options))?.[1]), "SIGKILL");
  const end = await engine.ended;
  await expect(ended).rejects.toMatchObject({ retry: "elsewhere" });
  expect(end).toMatchObject({ kind: "failed", failure: { code: "internal" } });
  const why = end.kind === "failed" ? end.failure.message : "";
  expect(why).toMatch(/^the server ended with 7; its log is .*server\.log/u);
  expect(why).toContain("serving");
});

test("one that does not come up is named with its code and its last words", async () => {
  const options = optionsOf(modelFolder(), ["/bin/sh", "-c", "echo no such model >&2; exit 3"]);
  await expect(openHttpEngine(options)).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringMatching(
      /^the server ended with 3; its log is .*\nno such model$/u,
    ) as string,
  });
  const missing = optionsOf(modelFolder(), ["/no/such/server", "{port}"]);
  await expect(openHttpEngine(missing)).rejects.toMatchObject({
    message: expect.stringMatching(/^the server ended with 127; .*not found/su) as string,
  });
});

test("waiting ends when it takes too long, or when nobody waits any more", async () => {
  const options = optionsOf(modelFolder(), ["/bin/sleep", "600"]);
  await expect(openHttpEngine({ ...options, startMs: 100 })).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("was not ready within 0 s") as string,
  });
  const nobody = new AbortController();
  const opening = openHttpEngine(options, {
    signal: nobody.signal,
    onProgress: () => nobody.abort(),
  });
  await expect(opening).rejects.toMatchObject({
    message: expect.stringContaining("was cancelled") as string,
  });
});

test("who ignores to be asked to end is killed, with what it started", async () => {
  const directory = tempDirectory("server-group");
  onTestFinished(directory.remove);
  const logFile = join(directory.path, "log");
  // The one that was asked ends; what it started does not listen.
  const script = "(trap '' TERM; echo child $$ >&2; while :; do sleep 1; done) & echo $! >&2; wait";
  const server = new ServerProcess({ argv: ["/bin/sh", "-c", script], port: 1, logFile });
  const pid = await waitFor(() => Number(/^(\d+)$/mu.exec(readFileSync(logFile, "utf8"))?.[1]));
  expect(isAlive(pid)).toBe(true);
  await server.stop();
  await waitFor(() => !isAlive(pid), 10_000);
});

test("a folder without config.json is named", async () => {
  await expect(open("vllm", "http://127.0.0.1:1", { folder: "/nowhere" })).rejects.toMatchObject({
    code: "io",
    message: expect.stringMatching(/^\/nowhere\/config\.json is not there: /u) as string,
  });
});
