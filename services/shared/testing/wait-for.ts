// Waiting for a condition instead of sleeping.

/**
 * Resolves with the first truthy answer of `condition`, asked every few milliseconds; rejects after
 * `deadlineMs`, naming `what` and the last error if the condition threw.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  deadlineMs = 5_000,
  what = String(condition),
): Promise<NonNullable<T>> {
  const endMs = performance.now() + deadlineMs;
  let pauseMs = 2;
  let error: unknown;
  for (;;) {
    try {
      const answer = await condition();
      if (answer) return answer;
      error = undefined;
    } catch (cause) {
      error = cause;
    }
    if (performance.now() >= endMs) {
      const why = error instanceof Error ? `: ${error.message}` : "";
      throw new Error(`not within ${deadlineMs} ms: ${what}${why}`, { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(pauseMs * 1.5, 50);
  }
}
