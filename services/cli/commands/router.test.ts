// `signalbox router key new`: a key that hashes to what its lines say.

import { createHash } from "node:crypto";
import { parse } from "smol-toml";
import { expect, test } from "vitest";
import { cli } from "../testing/cli-run.ts";

const NEW = ["router", "key", "new", "--namespace", "lab"];

test("a new key is printed once, with the lines that let it in", async () => {
  const limits = ["--requests-per-minute", "60", "--models", "a, b", "--priority-max", "high"];
  const { code, terminal } = await cli([...NEW, "--name", "ada", ...limits], null);
  expect(code).toBe(0);
  const [key = "", ...toml] = terminal.out().split("\n");
  expect(key).toMatch(/^sk-sb-[\w-]{43}$/u);
  const sha256 = createHash("sha256").update(key).digest("hex");
  expect(parse(toml.join("\n"))).toEqual({
    key: [
      {
        ...{ name: "ada", sha256, namespace: "lab", models: ["a", "b"] },
        ...{ priority: "normal", priority_max: "high", requests_per_minute: 60 },
      },
    ],
  });
  expect(terminal.err()).not.toContain(key);
});

test("as JSON it is one document; what no router would take is refused", async () => {
  const { terminal } = await cli([...NEW, "--json"], null);
  const { key, sha256 } = JSON.parse(terminal.out()) as { key: string; sha256: string };
  expect(createHash("sha256").update(key).digest("hex")).toBe(sha256);
  expect((await cli([...NEW, "--priority-max", "bulk"], null)).code).toBe(2);
  expect((await cli([...NEW, "--name", "a b"], null)).code).toBe(2);
  expect((await cli([...NEW, "--concurrent", "0"], null)).code).toBe(2);
});
