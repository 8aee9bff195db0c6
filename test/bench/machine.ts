import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus, release, totalmem, type } from 'node:os';

const { version: sdk } = createRequire(import.meta.url)('@temporalio/worker/package.json') as { version: string };

export interface Machine {
  cpu: string;
  cores: number;
  memoryGB: number;
  system: string;
  node: string;
  sdk: string;
  temporal?: string;
  postgres?: string;
}

/** The machine and the versions of a measurement. */
export const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGB: Math.round(totalmem() / 2 ** 30),
  system: `${type()} ${release().split('-')[0]}`,
  node: process.version.slice(1),
  sdk,
});

export const machineText = ({ cpu, cores, memoryGB, system, node, sdk, temporal, postgres }: Machine): string =>
  [
    `${cpu}, ${cores} cores, ${memoryGB} GB, ${system}`,
    `Node ${node}, Temporal SDK ${sdk}`,
    temporal && `Temporal server ${temporal}`,
    postgres && `PostgreSQL ${postgres}, fsync on`,
  ]
    .filter(Boolean)
    .join('; ');

const TICK_MS = 10;

/** Processor time of another process since its start. Undefined if the system does not report it (only Linux does). */
export async function cpuMsOf(pid: number | undefined): Promise<number | undefined> {
  if (process.platform !== 'linux' || pid === undefined) return undefined;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
