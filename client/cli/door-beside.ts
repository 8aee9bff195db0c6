import type { ClientConfig } from '../config.ts';
import type { ServedDoor } from '../http/serving.ts';
import { say } from './output.ts';

/** The HTTP door beside a local stack. */
export interface DoorBeside {
  url: string;
  /** Signs its reader in to the page, once. */
  signInUrl: string | undefined;
  close(): Promise<void>;
}

/**
 * Opens the HTTP door beside the stack, which rereads the configuration file on SIGHUP as the worker does. Undefined: the stack
 * goes on without it, and says why.
 */
export async function doorBeside(config: ClientConfig): Promise<DoorBeside | undefined> {
  if (config.variables.GATEHOUSE_HTTP_PORT === 'off') return undefined;
  const { serveDoor } = await import('../http/serving.ts');
  const door = await serveDoor(config, { exact: false, local: true }).catch((failure: unknown) => {
    say(`There is no HTTP door: ${(failure as Error).message}`);
    return undefined;
  });
  if (!door) return undefined;
  const rereading = () => report(door);
  process.on('SIGHUP', rereading);
  return {
    url: door.url,
    signInUrl: await door.link().catch(() => undefined), // the database is away, and the door waits for it
    async close() {
      process.off('SIGHUP', rereading);
      await door.close();
    },
  };
}

const report = (door: ServedDoor): void => door.reload().forEach((line) => say(line));
