// Marks on a real disk: who has what, and what two namespaces have in common.

import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseNamespaceId } from "#shared/base/ids.ts";
import { ArtifactStore } from "#shared/state/artifact-store.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { OwnedArtifacts } from "./owned-artifacts.ts";

const OURS = parseNamespaceId("ours");
const THEIRS = parseNamespaceId("theirs");
const BODY = Buffer.from("a body");
const DIGEST = `sha256:${createHash("sha256").update(BODY).digest("hex")}`;

let directory: ReturnType<typeof tempDirectory>;
beforeEach(() => (directory = tempDirectory("owned")));
afterEach(() => directory.remove());

async function open(): Promise<OwnedArtifacts> {
  const store = new ArtifactStore({ root: join(directory.path, "artifacts") });
  await store.open();
  return new OwnedArtifacts(store, join(directory.path, "owners"));
}

describe("an artifact", () => {
  test("belongs to the namespaces that put it, also after a restart; its bytes lie once", async () => {
    const first = await open();
    await first.put(OURS, [BODY], DIGEST);
    expect(await first.sizeOf(OURS, DIGEST)).toBe(6);
    expect(await first.sizeOf(THEIRS, DIGEST)).toBeNull();
    const again = await open();
    expect(await again.sizeOf(OURS, DIGEST)).toBe(6);
    expect(await again.sizeOf(THEIRS, DIGEST)).toBeNull();
    await Promise.all([again.put(THEIRS, [BODY], DIGEST), again.put(THEIRS, [BODY])]);
    expect(await again.sizeOf(THEIRS, DIGEST)).toBe(6);
    const folder = join(directory.path, "artifacts", "sha256", DIGEST.slice(7, 9));
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test("of another namespace takes its whole body; a refused one leaves no mark", async () => {
    const artifacts = await open();
    await artifacts.put(OURS, [BODY], DIGEST);
    for (const body of [[], [BODY.subarray(1)]]) {
      await expect(artifacts.put(THEIRS, body, DIGEST)).rejects.toMatchObject({ code: "INVALID" });
    }
    expect(await artifacts.sizeOf(THEIRS, DIGEST)).toBeNull();
    expect(existsSync(join(directory.path, "owners", "theirs"))).toBe(false);
    await expect(artifacts.read(THEIRS, DIGEST).next()).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });

  test("that was removed from the store is missing for its owner, in the same words", async () => {
    const artifacts = await open();
    const nobodys = await artifacts.read(THEIRS, DIGEST).next().catch(String);
    await artifacts.put(OURS, [BODY], DIGEST);
    const gone = new ArtifactStore({ root: join(directory.path, "elsewhere") });
    await gone.open();
    const left = new OwnedArtifacts(gone, join(directory.path, "owners"));
    expect(await left.sizeOf(OURS, DIGEST)).toBeNull();
    expect(await left.read(OURS, DIGEST).next().catch(String)).toBe(nobodys);
  });

  test("is asked for by its digest and by nothing else", async () => {
    const artifacts = await open();
    const wrong = ["", "sha256:", "sha256:../../keys", `sha256:${"A".repeat(64)}`, `${DIGEST}/..`];
    for (const text of wrong)
      await expect(artifacts.sizeOf(OURS, text)).rejects.toMatchObject({ code: "INVALID" });
  });
});
