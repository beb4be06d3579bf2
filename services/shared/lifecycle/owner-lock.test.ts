import { expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { takeOwnerLock } from "./owner-lock.ts";

test("a directory has one owner at a time, who is named to the others", async () => {
  const { path, remove } = tempDirectory("lock");
  onTestFinished(remove);
  const first = await takeOwnerLock(path, "scheduler");
  await expect(takeOwnerLock(path, "scheduler")).rejects.toThrow(
    `another scheduler (process ${process.pid}) owns ${path}`,
  );
  await first.release();
  const second = await takeOwnerLock(path, "scheduler");
  await second.release();
});
