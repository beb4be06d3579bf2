import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { openKey, readIdentity } from "./agent-identity.ts";

test("a damaged key or identity is refused by the name of its file", () => {
  const { path, remove } = tempDirectory("identity");
  onTestFinished(remove);
  const state = join(path, "state");
  const key = openKey(state);
  expect(readIdentity(state, key)).toBeNull();
  for (const damaged of ["", "{", "null", "[]", '{"agentId":7}']) {
    writeFileSync(join(state, "identity.json"), damaged);
    expect(() => readIdentity(state, key)).toThrow(`${state}/identity.json is no identity`);
  }
  writeFileSync(join(state, "agent.key"), "garbage");
  expect(() => openKey(state)).toThrow(`${state}/agent.key is no Ed25519 key`);
});
