import path from 'node:path';
import type { Fault } from '../settings/yaml-file.ts';
import { noConfiguration, parseConfiguration, removeSecrets, type Configuration } from './configuration.ts';
import { readRegular } from './reading.ts';

/** The configuration file in the working folder, if no other is named. */
export const DEFAULT_FILE = 'gatehouse.yml';

/** The maximum size of the file, in bytes. The maximum in characters is lower. */
const MOST_BYTES = 1_000_000;

interface Options {
  /** The path that `GATEHOUSE_CONFIG` names. Undefined: the default file, which need not be there. */
  named?: string | undefined;
  /** The variables that hold secrets. */
  environment: NodeJS.ProcessEnv;
}

/** Reads the configuration file. */
export function readConfiguration({ named, environment }: Options): Loaded {
  const file = path.resolve(named ?? DEFAULT_FILE);
  const read = readRegular(file, MOST_BYTES);
  if ('text' in read) return { file, ...parseConfiguration(read.text, { file, environment }) };
  if (read.none && named === undefined) return { file, configuration: noConfiguration };
  return { file, faults: [{ path: '', expected: `expected a readable file, found that it is ${read.because}` }] };
}
/** The file that was read, with what it says, or what is wrong with it. */
export type Loaded = { file: string } & ({ configuration: Configuration } | { faults: Fault[] });

/** One line per fault: the file and the line, the path of the key, and what was expected there. */
export const faultLines = (file: string, faults: readonly Fault[]): string[] =>
  faults.map(({ path: key, line, expected }) =>
    [`${file}${line === undefined ? '' : `:${line}`}`, ...(key ? [key] : []), expected].join(': '),
  );

/** The configuration of a running worker. */
export interface LiveConfiguration {
  current(): Configuration;
  /** Reads the file again. If it has faults, the present configuration stays, and one line per fault is returned. */
  reload(): string[];
}

export class BadConfiguration extends Error {
  override readonly name = 'BadConfiguration';
}

/**
 * Opens the configuration file. Throws `BadConfiguration` with one line per fault. The variables that hold secrets are
 * removed from `exposed`, now and after each reload.
 */
export function openConfiguration(options: Options & { exposed: readonly NodeJS.ProcessEnv[] }): LiveConfiguration {
  const load = (wanted: Options): Configuration => {
    const loaded = readConfiguration(wanted);
    if ('faults' in loaded) throw new BadConfiguration(faultLines(loaded.file, loaded.faults).join('\n'));
    for (const environment of options.exposed) removeSecrets(loaded.configuration, environment);
    return loaded.configuration;
  };
  let current = load(options);
  return {
    current: () => current,
    reload() {
      try {
        // A file that was there before must still be there, because it may be in the middle of being replaced.
        current = load({ ...options, named: options.named ?? current.file });
        return [];
      } catch (failure) {
        if (failure instanceof BadConfiguration) return failure.message.split('\n');
        throw failure;
      }
    },
  };
}
