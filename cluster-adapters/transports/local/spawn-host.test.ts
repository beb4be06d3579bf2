// The small process that starts others: what it promises about them and about itself.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { SpawnHost } from "./spawn-host.ts";

const ENV = { PATH: process.env["PATH"] ?? "" };

function start(): { host: SpawnHost; directory: string } {
  const { path, remove } = tempDirectory("spawn");
  const host = new SpawnHost((reason) => new Failure("NOT_FOUND", String(reason)));
  onTestFinished(() => {
    host.close();
    remove();
  });
  return { host, directory: path };
}

test("it starts a session of its own, with the environment and directory asked for", async () => {
  const { host, directory } = start();
  const ended = Promise.withResolvers<number | null>();
  const script = 'echo "$0 $$ $(cut -d" " -f6 /proc/$$/stat) $WHO $(pwd)" > said; exit 7';
  const pid = await host.spawn("/bin/sh", ["-c", script, "a b"], {
    ...{ cwd: directory, env: { ...ENV, WHO: "x\ny" } },
    onExit: (code) => ended.resolve(code),
  });
  expect(await ended.promise).toBe(7);
  const said = readFileSync(join(directory, "said"), "utf8");
  expect(said).toBe(`a b ${pid} ${pid} x\ny ${directory}\n`);
});

test("what cannot be started is refused with its reason, and the next one starts", async () => {
  const { host, directory } = start();
  const options = { cwd: directory, env: ENV };
  await expect(host.spawn("/no/such/program", [], options)).rejects.toThrow("ENOENT");
  const nowhere = { cwd: join(directory, "nowhere"), env: ENV };
  await expect(host.spawn("/bin/true", [], nowhere)).rejects.toThrow("ENOENT");
  expect(await host.spawn("/bin/true", [], options)).toBeGreaterThan(0);
});

test("many at once: each has its own pid and its own end", async () => {
  const { host, directory } = start();
  const ends: (number | null)[] = [];
  const pids = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      host.spawn("/bin/sh", ["-c", `exit ${i}`], {
        ...{ cwd: directory, env: ENV, onExit: (code: number | null) => void ends.push(code) },
      }),
    ),
  );
  expect(new Set(pids).size).toBe(50);
  await waitFor(() => ends.length === 50);
  expect(ends.toSorted((a, b) => Number(a) - Number(b))).toEqual(pids.map((_, i) => i));
});

test("killed, it takes nothing along: somebody is told to look, and the next start has a new one", async () => {
  const { host, directory } = start();
  const looked = Promise.withResolvers<number | null>();
  const pid = await host.spawn(
    "/bin/sh",
    ["-c", "until [ -e stop ]; do sleep 0.02; done; : > done"],
    {
      ...{ cwd: directory, env: ENV, onExit: (code: number | null) => looked.resolve(code) },
    },
  );
  const parent = Number(/PPid:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  process.kill(parent, "SIGKILL");
  expect(await looked.promise).toBe(null);
  process.kill(pid, 0); // It goes on.
  const touch = await host.spawn("/bin/sh", ["-c", ": > stop"], { cwd: directory, env: ENV });
  expect(touch).toBeGreaterThan(0);
  await waitFor(() => readFileSync(join(directory, "done")) !== null);
});

test("a request whose answer is lost with the host is neither done nor refused", async () => {
  const { host, directory } = start();
  const pid = await host.spawn("/bin/sleep", ["30"], { cwd: directory, env: ENV });
  const parent = Number(/PPid:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  process.kill(parent, "SIGSTOP");
  const lost = host.spawn("/bin/true", [], { cwd: directory, env: ENV });
  process.kill(parent, "SIGKILL");
  await expect(lost).rejects.toMatchObject({ code: "UNKNOWN_OUTCOME" });
  process.kill(pid, "SIGKILL");
});
