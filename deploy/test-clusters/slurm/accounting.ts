// slurmdbd on a private MariaDB, so that sacct answers.

import { existsSync } from "node:fs";
import { pathWithSbin, runCommand, startDaemon, until } from "./daemons.ts";
import type { Daemon, Env } from "./daemons.ts";
import { clusterNameOf } from "./slurm-config.ts";
import type { SlurmShape } from "./slurm-config.ts";

/** A fresh database's first start is slow on a busy machine. */
const READY_TIMEOUT_MS = 120_000;

const GRANTS =
  "create database if not exists slurm_acct;" +
  "create user if not exists slurm@localhost identified by 'pw';" +
  "grant all on slurm_acct.* to slurm@localhost";

/** Starts both and registers the cluster, an account and the user. Adds them to `daemons`. */
export async function startAccounting(
  shape: SlurmShape,
  env: Env,
  daemons: Daemon[],
): Promise<void> {
  const d = shape.directory;
  const socket = `${d}/mysql/sock`;
  const withPath: Env = { ...env, PATH: pathWithSbin() };
  if (!existsSync(`${d}/mysql/data`)) {
    const install = ["mariadb-install-db", "--no-defaults", `--datadir=${d}/mysql/data`];
    install.push("--auth-root-authentication-method=normal", "--skip-test-db");
    install.push(`--user=${shape.user}`);
    const made = await runCommand(install, withPath, READY_TIMEOUT_MS);
    if (made.exitCode !== 0) throw new Error(`mariadb-install-db: ${made.stderr}${made.stdout}`);
  }
  const mariadbd = ["mariadbd", "--no-defaults", `--datadir=${d}/mysql/data`, `--socket=${socket}`];
  mariadbd.push(`--pid-file=${d}/mysql/pid`, `--log-error=${d}/log/mariadb.log`);
  mariadbd.push("--skip-networking", "--innodb-buffer-pool-size=64M", `--user=${shape.user}`);
  mariadbd.push("--innodb-lock-wait-timeout=900", "--innodb-flush-log-at-trx-commit=2");
  daemons.push(startDaemon("mariadbd", mariadbd, withPath, `${d}/log/mariadbd.out`));
  const grant = ["mariadb", "--no-defaults", "-u", "root", "-S", socket, "-e", GRANTS];
  const granted = async (): Promise<boolean> => (await runCommand(grant, withPath)).exitCode === 0;
  await until(granted, READY_TIMEOUT_MS, "the database");
  // libmariadb takes the socket from this variable: slurmdbd.conf has no setting for it.
  const dbdEnv: Env = { ...withPath, MYSQL_UNIX_PORT: socket };
  daemons.push(startDaemon("slurmdbd", ["slurmdbd", "-D"], dbdEnv, `${d}/log/slurmdbd.out`));
  const listed = async (): Promise<boolean> =>
    (await runCommand(["sacctmgr", "-n", "list", "cluster"], withPath)).exitCode === 0;
  await until(listed, READY_TIMEOUT_MS, "slurmdbd");
  for (const what of [
    ["cluster", clusterNameOf(shape)],
    ["account", "acct1"],
    ["user", shape.user, "account=acct1"],
  ]) {
    // Fails when it is there from an earlier start, which is what is wanted.
    await runCommand(["sacctmgr", "-i", "add", ...what], withPath);
  }
}
