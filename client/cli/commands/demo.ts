import { mustBeReady, presetOf } from '../../agents/naming.ts';
import { readConfig } from '../../config.ts';
import { connect } from '../../connection.ts';
import { playSample } from '../../local-stack/demo.ts';
import { startStack } from '../../local-stack/stack.ts';
import { Runs } from '../../runs.ts';
import type { Called } from '../called.ts';
import { doorBeside } from '../door-beside.ts';
import { EXIT } from '../exit-codes.ts';
import { say } from '../output.ts';
import { stopped, untilStopped } from '../stopping.ts';

/** The command of `npm start`: runs the local stack, and takes a change of the sample shop from start to merge. */
export async function demo({ options }: Called<[], { unattended?: boolean; agent?: string }>): Promise<number> {
  const unattended = options.unattended === true;
  const config = readConfig();
  const agent = options.agent === undefined ? undefined : presetOf('--agent', options.agent).preset;
  if (agent !== undefined) await mustBeReady('--agent', agent, config.environment); // before anything starts
  const up = await untilStopped((stop) => startStack(config, say, stop));
  if (!up) return EXIT.done;
  // A script reads no page.
  const door = unattended ? undefined : await doorBeside(config);
  if (door?.signInUrl) say(`The page, where you can answer too: ${door.signInUrl}`);
  let asExpected = true;
  let inOrder = true;
  try {
    const client = await connect(config);
    try {
      const runs = new Runs(client, config.variables.GATEHOUSE_TASK_QUEUE);
      const played = await playSample({ config, runs, stack: up.stack, signal: up.signal, unattended, agent });
      if (unattended) asExpected = played.ok;
      else {
        if (!up.signal.aborted) say('The stack keeps running. Press Ctrl-C once to stop it cleanly.');
        await up.interrupted;
      }
    } finally {
      await client.connection.close();
    }
  } finally {
    await door?.close();
    inOrder = await stopped(up.stack);
  }
  return asExpected && inOrder ? EXIT.done : EXIT.failed;
}
