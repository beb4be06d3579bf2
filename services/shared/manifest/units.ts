// Memory and durations as people write them. A bare number is never accepted: "4" is bytes to one
// reader, megabytes to Slurm and gigabytes to the one who wrote it.

export type Parsed =
  | { readonly value: number }
  | { readonly problem: string; readonly hint: string };

/**
 * KiB in a unit. Decimal-looking units are powers of 1024, as in Slurm: 4GB and 4GiB are the same.
 */
const KIB: { readonly [unit: string]: number } = { k: 1, m: 1024, g: 1024 ** 2, t: 1024 ** 3 };

const MEMORY_HINT = 'write a number and its unit: "512MB", "4GB", "1.5TB"';
const DURATION_HINT = 'write "90s", "15m", "1h30m", "2d", "01:30:00" or "1-12:00:00"';

/** 1 PiB: more than any node has, little enough that no sum of ours overflows. */
const MEMORY_MIB_MAX = 1024 ** 3;
/** Ten years. */
const DURATION_MS_MAX = 10 * 366 * 86_400_000;

/** MiB, rounded up. */
export function parseMemoryMib(text: string): Parsed {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)\s*(?:([kmgt])(?:i?b)?)$/i.exec(text.trim());
  if (match === null) {
    const bare = /^\d+(\.\d+)?$/.test(text.trim());
    const problem = bare
      ? `${JSON.stringify(text)} has no unit`
      : `${JSON.stringify(text)} is no amount of memory`;
    return { problem, hint: MEMORY_HINT };
  }
  const kib = Number(match[1]) * (KIB[(match[2] as string).toLowerCase()] as number);
  const mib = Math.ceil(kib / 1024);
  if (mib < 1 || mib > MEMORY_MIB_MAX) {
    return { problem: `${JSON.stringify(text)} is not between 1MB and 1024TB`, hint: MEMORY_HINT };
  }
  return { value: mib };
}

const UNIT_MS: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds, above zero. "mm:ss" is refused: half of its readers take it for hh:mm. */
export function parseDurationMs(text: string): Parsed {
  const trimmed = text.trim();
  const clock = /^(?:(\d{1,5})-)?(\d{1,6}):([0-5]\d):([0-5]\d)$/.exec(trimmed);
  if (clock !== null) {
    const [, days = "0", hours, minutes, seconds] = clock;
    const totalS =
      ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
    return boundedDuration(totalS * 1000, text);
  }
  // Each unit at most once, from the largest down.
  const parts = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?$/.exec(
    trimmed,
  );
  if (parts !== null && trimmed.length > 0 && trimmed.length <= 40) {
    let totalMs = 0;
    for (const [index, unit] of ["d", "h", "m", "s", "ms"].entries()) {
      const count = parts[index + 1];
      if (count !== undefined) totalMs += Number(count) * (UNIT_MS[unit] as number);
    }
    return boundedDuration(Math.round(totalMs), text);
  }
  let problem = `${JSON.stringify(text)} is no duration`;
  if (/^\d+(\.\d+)?$/.test(trimmed)) problem = `${JSON.stringify(text)} has no unit`;
  if (/^\d+:\d\d$/.test(trimmed)) {
    problem = `${JSON.stringify(text)} may be minutes and seconds or hours and minutes`;
  }
  return { problem, hint: DURATION_HINT };
}

function boundedDuration(ms: number, text: string): Parsed {
  if (ms > 0 && ms <= DURATION_MS_MAX) return { value: ms };
  const problem = `${JSON.stringify(text)} is not between 1ms and ten years`;
  return { problem, hint: DURATION_HINT };
}
