// The world: a separate process that is never killed. It contains the fakes behind the ports of workers under test.
import type { RunOwner } from '../../../workflows/contracts/activities.ts';
import type { WorldScript } from './script.ts';
import { nameOf, serve, type Call, type Reply } from './wire.ts';
import { World } from './world.ts';

const [ledgerFile = '', journalFile = ''] = process.argv.slice(2);
const world = new World(ledgerFile, journalFile);

class Asks extends Error {
  constructor(readonly holder: RunOwner) {
    super('The world needs to know whether the owner lives.');
  }
}

/** The workers under test. If the process that froze one is killed, the world kills the worker. */
const guarded = new Set<number>();
process.on('message', ({ guard, free }: { guard?: number; free?: number }) => {
  if (guard) guarded.add(guard);
  if (free) guarded.delete(free);
});
process.on('disconnect', () => {
  for (const pid of guarded) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It is gone.
    }
  }
  process.exit(0);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

/** The repository that a call to the forge is about. */
const repositoryOf = (args: unknown[]) => (args[0] as { repository: string }).repository;

function perform({ port, method, args, lives = {} }: Call): unknown {
  if (port === 'world') return world.open(...(args as [string, WorldScript]));
  const target = port === 'forge' ? world.forge(repositoryOf(args)) : world.ports[port];
  const isLive = async (holder: RunOwner) => {
    const known = lives[nameOf(holder)];
    if (known === undefined) throw new Asks(holder);
    return known;
  };
  // JSON knows no undefined.
  const said = args.map((arg) => arg ?? undefined);
  const given = port === 'forge' && method === 'claim' ? [said[0], said[1], isLive] : said;
  return (target as unknown as Record<string, (...given: unknown[]) => unknown>)[method]!(...given);
}

async function answer(call: Call): Promise<Reply> {
  try {
    return { value: await perform(call) };
  } catch (failure) {
    if (failure instanceof Asks) return { asks: failure.holder };
    const { name, message } = failure as Error;
    return { threw: { name, message } };
  }
}

const { port } = await serve(answer);
process.send?.({ is: 'ready', port });
