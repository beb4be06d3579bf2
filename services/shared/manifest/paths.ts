// Paths a manifest may name: inside the work directory (or beside the manifest), the same for every
// reader, and nothing that climbs out.

/** Linux's PATH_MAX less room for the job directory. */
const PATH_BYTES_MAX = 1024;
/** Linux's NAME_MAX. */
const SEGMENT_BYTES_MAX = 255;

/**
 * Why `path` cannot be used, or undefined when it can. Leading dashes are fine: nothing parses it.
 */
export function pathProblem(path: string): string | undefined {
  if (path === "") return "an empty path";
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(path)) return "a control character in the path";
  if (!path.isWellFormed()) return "half a surrogate pair in the path";
  if (path.startsWith("/")) return "an absolute path";
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) return `longer than ${PATH_BYTES_MAX} bytes`;
  for (const segment of path.split("/")) {
    if (segment === "") return 'an empty segment ("//" or a "/" at the end)';
    if (segment === "..") return '".." in the path';
    if (segment === ".") return '"." in the path';
    if (Buffer.byteLength(segment) > SEGMENT_BYTES_MAX) {
      return `a segment longer than ${SEGMENT_BYTES_MAX} bytes`;
    }
  }
  return undefined;
}

export const PATH_HINT =
  'use a relative path without "..", for example "input/si.in"; the job sees it in its work ' +
  "directory";

/** Of paths in one directory: a pair where one would have to be both a file and a directory. */
export function pathClash(paths: readonly string[]): readonly [string, string] | undefined {
  const files = new Set(paths);
  for (const path of paths) {
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
      const parent = path.slice(0, at);
      if (files.has(parent)) return [parent, path];
    }
  }
  return undefined;
}
