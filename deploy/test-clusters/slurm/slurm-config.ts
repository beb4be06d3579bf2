// The files a private Slurm reads. Every line that is not plain has its reason beside it; the traps
// are told in README.md.

import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync, existsSync, chmodSync } from "node:fs";

export interface SlurmShape {
  readonly directory: string;
  readonly user: string;
  readonly host: string;
  readonly controllerPort: number;
  /** One per node. */
  readonly nodePorts: readonly number[];
  /** `null` without accounting. */
  readonly accountingPort: number | null;
  readonly cpusPerNode: number;
  readonly minJobAgeS: number;
  readonly messageTimeoutS: number;
  readonly slurmdTimeoutS: number;
  readonly killWaitS: number;
}

export function configPathOf(directory: string): string {
  return `${directory}/etc/slurm.conf`;
}

export function nodeNameOf(index: number): string {
  return `a${index + 1}`;
}

export function writeSlurmFiles(shape: SlurmShape): void {
  const d = shape.directory;
  for (const name of ["etc", "state", "log", "spool", "munge", "mysql"]) {
    mkdirSync(`${d}/${name}`, { recursive: true });
  }
  shape.nodePorts.forEach((_, i) => mkdirSync(`${d}/spool/${nodeNameOf(i)}`, { recursive: true }));
  // munged insists that everybody may enter the folder of its socket.
  chmodSync(d, 0o755);
  chmodSync(`${d}/munge`, 0o755);
  if (!existsSync(`${d}/munge/key`)) {
    writeFileSync(`${d}/munge/key`, randomBytes(128), { mode: 0o600 });
  }
  writeFileSync(configPathOf(d), slurmConf(shape));
  writeFileSync(`${d}/etc/gres.conf`, gresConf(shape));
  if (shape.accountingPort !== null) {
    writeFileSync(`${d}/etc/slurmdbd.conf`, slurmdbdConf(shape, shape.accountingPort), {
      mode: 0o600,
    });
  }
}

function slurmConf(shape: SlurmShape): string {
  const d = shape.directory;
  const lines = [
    `ClusterName=${clusterNameOf(shape)}`,
    `SlurmctldHost=${shape.host}(127.0.0.1)`,
    `SlurmctldPort=${shape.controllerPort}`,
    `SlurmUser=${shape.user}`,
    `SlurmdUser=${shape.user}`,
    "AuthType=auth/munge",
    `AuthInfo=socket=${d}/munge/sock`,
    `StateSaveLocation=${d}/state`,
    `SlurmdSpoolDir=${d}/spool/%n`,
    `SlurmctldPidFile=${d}/slurmctld.pid`,
    `SlurmdPidFile=${d}/slurmd-%n.pid`,
    `SlurmctldLogFile=${d}/log/slurmctld.log`,
    `SlurmdLogFile=${d}/log/slurmd-%n.log`,
    // No cgroup, no systemd, no MPI: what an ordinary user can have.
    "ProctrackType=proctrack/linuxproc",
    "TaskPlugin=task/none",
    "MpiDefault=none",
    "MailProg=/bin/true",
    // Nodes may pretend to have more CPUs than the machine; they would drain otherwise.
    "SlurmdParameters=config_overrides",
    "ReturnToService=2",
    `SlurmdTimeout=${shape.slurmdTimeoutS}`,
    `KillWait=${shape.killWaitS}`,
    `MinJobAge=${shape.minJobAgeS}`,
    `MessageTimeout=${shape.messageTimeoutS}`,
    "EnforcePartLimits=ALL",
    // Without these a job waits up to 3 s before anybody looks at it.
    "SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1,bf_interval=1",
    "SelectType=select/cons_tres",
    "SelectTypeParameters=CR_Core_Memory",
    "DefMemPerCPU=100",
    "JobAcctGatherType=jobacct_gather/linux",
    "JobAcctGatherFrequency=task=1",
    // The controller's own record of every job that ended, which needs no database.
    "JobCompType=jobcomp/filetxt",
    `JobCompLoc=${d}/log/jobcomp.txt`,
    "GresTypes=gpu",
    ...shape.nodePorts.map(
      (port, i) =>
        `NodeName=${nodeNameOf(i)} NodeHostname=${shape.host} NodeAddr=127.0.0.1 Port=${port}` +
        ` CPUs=${shape.cpusPerNode} RealMemory=2000 Gres=gpu:2`,
    ),
    `PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP`,
    `PartitionName=short Nodes=ALL MaxTime=1 State=UP`,
  ];
  if (shape.accountingPort === null) lines.push("AccountingStorageType=accounting_storage/none");
  else {
    lines.push(
      "AccountingStorageType=accounting_storage/slurmdbd",
      "AccountingStorageHost=127.0.0.1",
      `AccountingStoragePort=${shape.accountingPort}`,
      // Without it the clients look for the system's munge socket.
      `AccountingStoragePass=${d}/munge/sock`,
      "AccountingStorageTRES=gres/gpu",
      "AccountingStorageEnforce=associations,limits,qos",
    );
  }
  return `${lines.join("\n")}\n`;
}

/** Two pretended GPUs a node: each needs a device file of its own. */
function gresConf(shape: SlurmShape): string {
  const lines = ["AutoDetect=off"];
  shape.nodePorts.forEach((_, i) => {
    for (const device of ["/dev/null", "/dev/zero"]) {
      lines.push(`NodeName=${nodeNameOf(i)} Name=gpu File=${device}`);
    }
  });
  return `${lines.join("\n")}\n`;
}

function slurmdbdConf(shape: SlurmShape, port: number): string {
  const d = shape.directory;
  return `${[
    "AuthType=auth/munge",
    `AuthInfo=socket=${d}/munge/sock`,
    "DbdAddr=127.0.0.1",
    "DbdHost=localhost",
    `DbdPort=${port}`,
    `SlurmUser=${shape.user}`,
    `LogFile=${d}/log/slurmdbd.log`,
    `PidFile=${d}/slurmdbd.pid`,
    "StorageType=accounting_storage/mysql",
    "StorageHost=localhost",
    "StorageUser=slurm",
    "StoragePass=pw",
    "StorageLoc=slurm_acct",
  ].join("\n")}\n`;
}

/** The same for a directory at every start: slurmctld refuses a state of another cluster's name. */
export function clusterNameOf(shape: SlurmShape): string {
  return `t${createHash("sha256").update(shape.directory).digest("hex").slice(0, 8)}`;
}
